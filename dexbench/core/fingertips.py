"""Where the fingertips are, for agents: from joint angles, hence the same on a simulated and on a real robot."""

import numpy as np

from dexbench.core.anatomy import Anatomy
from dexbench.core.embodiment import Embodiment
from dexbench.core.forward import Forward
from dexbench.core.roles import FINGERS, SIDES
from dexbench.core.schema import Array, Field, Observation

GROUP = "fingertips"
POSITION, PRESENT = "fingertip_position", "fingertip_present"


class Fingertips:
    """The observation group `fingertips` of one embodiment; a driver offers it through this class as well.

    Fingers are in the order of roles.FINGERS on every robot. Those that a robot lacks are at zero and not present.
    """

    def __init__(self, embodiment: Embodiment) -> None:
        """Find the fingertips."""
        anatomy, sides = Anatomy(embodiment), embodiment.sides
        mask = anatomy.fingers[[SIDES.index(s) for s in sides]]
        self._places = np.nonzero(mask)
        self._forward = Forward(
            embodiment, [anatomy.tip(sides[s], FINGERS[f]) for s, f in zip(*self._places, strict=True)]
        )
        self._present = mask.astype(np.float32)
        shape = (len(sides), len(FINGERS))
        self.fields = (
            Field(POSITION, (*shape, 3), "m", "cell", GROUP, labels=sides),
            Field(PRESENT, shape, "1", "", GROUP, 0.0, 1.0, labels=sides),
        )
        """What read() gives."""

    def read(self, joint_position: Array) -> Observation:
        """Return the fields for `joint_position` (n, J) [rad] as it is observed."""
        n = len(joint_position)
        found = np.zeros((n, *self.fields[0].shape), np.float32)
        found[:, self._places[0], self._places[1]] = self._forward(joint_position)[0]
        return {POSITION: found, PRESENT: np.tile(self._present, (n, 1, 1))}

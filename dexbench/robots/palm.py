"""Palm poses as part of an action: where palms are for given targets, and which arm targets bring them to a pose."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dexbench.core.action_face import Slot
from dexbench.core.embodiment import PALM_FRAME, Embodiment
from dexbench.core.forward import Forward
from dexbench.core.mechanism import Vector
from dexbench.core.rotations import matrix_quaternion
from dexbench.core.schema import Array
from dexbench.robots.rotation import ROTATIONS, Rotation

if TYPE_CHECKING:
    from dexbench.robots.kinematics import Reach

Floats = NDArray[np.float64]

STEPS = 25
"""Most iterations in a control period: about five are needed; what is not done goes on from there in the next one."""


def pose_slots(embodiment: Embodiment, side: str, rotation: Rotation) -> tuple[Slot, ...]:
    """Return the slots of a palm pose in the cell frame; positions are bounded by the stretched arm's length.

    Of a side that the robot lacks the bounds are zero.
    """
    base: Vector = (0.0, 0.0, 0.0)
    reach = bound = 0.0
    if side in embodiment.sides:
        part = embodiment.parts[side]
        reach = sum(float(np.linalg.norm(j.xyz)) for j in part.arm.joints) + float(np.linalg.norm(part.mount_position))
        reach += next(float(np.linalg.norm(f.xyz)) for f in part.arm.frames if f.name == part.mount_frame)
        reach += hand_reach(embodiment, side)
        base, bound = part.base_position, rotation.bound
    places = [
        Slot(f"{side}/palm/{axis}", "m", "cell", x - reach, x + reach) for axis, x in zip("xyz", base, strict=True)
    ]
    return (*places, *(Slot(f"{side}/palm/{n}", rotation.unit, "cell", -bound, bound) for n in rotation.names))


def hand_reach(embodiment: Embodiment, side: str) -> float:
    """Return a length that no frame of the hand exceeds, seen from its mount or its palm [m]."""
    hand = embodiment.parts[side].hand
    far = {hand.root: 0.0}
    for joint in hand.joints:
        far[joint.child] = far[joint.parent] + float(np.linalg.norm(joint.xyz))
    return 2 * max(far[f.link] + float(np.linalg.norm(f.xyz)) for f in hand.frames)


def angles_of(embodiment: Embodiment, target: Array) -> Floats:
    """Return joint angles (k, J) [rad] at targets (k, A) [rad]; each row by itself, so that its bits are its own."""
    rows: Floats = embodiment.joint_angles(np.asarray(target)[:, None])[:, 0]
    return rows


class Palms:
    """The palms of an embodiment."""

    def __init__(self, embodiment: Embodiment) -> None:
        self.embodiment = embodiment
        self._forward = Forward(embodiment, [f"{s}/{PALM_FRAME}" for s in embodiment.sides])
        self._reach: dict[str, Reach] = {}
        names = [j.name for j in embodiment.joints]
        self._arm = {s: embodiment.actuator_index(s, "arm") for s in embodiment.sides}
        self._joint = {n: i for i, n in enumerate(names)}
        places = {s: pose_slots(embodiment, s, ROTATIONS["vector"])[:3] for s in embodiment.sides}
        self._box = {s: ([p.lower for p in found], [p.upper for p in found]) for s, found in places.items()}

    def where(self, target: Array) -> tuple[Floats, Floats]:
        """Return positions (k, S, 3) [m] and rotations (k, S, 3, 3) of the palms at targets (k, A) [rad]."""
        return self._forward(angles_of(self.embodiment, target))

    def solve(self, side: str, pose: Floats, rotation: Rotation, target: Array) -> tuple[Floats, bool]:
        """Return the arm's targets [rad] that bring a palm to a pose, and whether they do; else the nearest.

        They are not finite where the pose is not.

        Args:
          side: whose palm.
          pose: position in the cell frame [m], then rotation, as slots have it.
          rotation: how that is written.
          target: (A,) targets [rad]: those of the hand (a wrist is part of the chain) stay, those of the arm are where
            the search starts.
        """
        arm = self._arm[side]
        with np.errstate(over="ignore", invalid="ignore"):  # numbers too large to be a rotation give none
            turn = rotation.read(pose[3:]) if np.isfinite(pose).all() else np.full((3, 3), np.nan)
        if not np.isfinite(turn).all():
            return np.full(len(arm), np.nan), True
        if side not in self._reach:
            self.prepare([side])
        reach = self._reach[side]
        angles = self.embodiment.joint_angles(target)
        seed = np.array([angles[self._joint[n]] for n in reach.joints])
        position = np.clip(pose[:3], *self._box[side])  # what lies outside is out of reach there as well
        found = reach.solve(position, matrix_quaternion(turn), seed, STEPS)
        by_name = dict(zip(reach.joints, found.q, strict=True))
        return np.array([by_name[self.embodiment.actuators[i].joints[0]] for i in arm]), found.found

    def prepare(self, sides: Sequence[str]) -> None:
        """Load the inverse kinematics of `sides`: the simulator's, so that declaring an action does not need them."""
        from dexbench.robots.kinematics import Reach

        for side in sides:
            if side not in self._reach:
                self._reach[side] = Reach(self.embodiment, side, PALM_FRAME, wrist=0.0)

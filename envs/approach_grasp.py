"""Approach, grasp and lift one object from a start that the trial gives: RealDex's motions, in closed loop."""

import numpy as np

from dexbench.core.schema import Array
from dexbench.core.task import versioned
from dexbench.core.trial import Trial
from dexbench.objects.catalogue import load_object
from dexbench.objects.collection import collection
from dexbench.objects.layout import upright

from ._lifting import Lifting

HANDS = 1
VERSION = 3
"""2: objects stand in 42 by 78 cm, not in 20 by 36: eight recorded successes played again passed 8 of 189. 3: the palm
begins no further to the left than every robot with two arms can bring it."""
SPLITS: tuple[str, ...] = ("train", "val", "test")
"""By object: 40, 6 and 6, as RealDex is split (arXiv 2402.13853)."""

REGION = ((0.42, 0.84), (-0.42, 0.36))
"""Where the object stands, x and y in the cell frame [m]."""
BEHIND, LEAST = (0.14, 0.24), 0.40
"""How far behind the object the palm begins, and its least x [m]."""
ASIDE, LEFTMOST, HIGH = (-0.12, 0.12), 0.32, (0.24, 0.36)
"""How far to the side of the object, its largest y, and how high over the table, the palm begins [m]."""
PITCH, ROLL, YAW = (0.1, 0.7), (0.0, 1.2), (-0.3, 0.3)
"""How the right hand begins [rad]: fingers ahead and so far down; palm down and turned so far to the left; turned so
far about the vertical."""

TEMPLATES = ("grasp the {0} and lift it", "pick up the {0}")


class ApproachGrasp(Lifting):
    """One object; the right palm begins somewhere behind and above it.

    Success is that of *grasp_object*: the centre of mass 10 cm above where it started for one second without
    interruption, and still one second later, touched by a hand and by nothing else; three attempts, 20 seconds. A robot
    that cannot begin at the given pose begins as near to it as it gets.
    """

    name = "approach_grasp"
    version = VERSION
    hands = HANDS
    slots = 1
    horizon = 20.0
    splits = SPLITS

    def pool(self) -> tuple[str, ...]:
        """Return the 52 objects."""
        return tuple(name for names in collection("realdex").splits.values() for name in names)

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw an object and where the palm begins."""
        return self.number(rng, split, int(rng.integers(len(collection("realdex").splits[split]))))

    def number(self, rng: np.random.Generator, split: str, number: int) -> Trial:
        """Draw the trial with object `number` of the split, beginning again after the last."""
        names = collection("realdex").splits[split]
        name = names[number % len(names)]
        x, y = (float(rng.uniform(*bounds)) for bounds in REGION)
        behind, beside = max(x - rng.uniform(*BEHIND), LEAST), min(y + rng.uniform(*ASIDE), LEFTMOST)
        palm = np.array([behind, beside, rng.uniform(*HIGH)])
        turn = facing(*(float(rng.uniform(*bounds)) for bounds in (PITCH, ROLL, YAW)))
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=str(rng.choice(TEMPLATES)).format(load_object(name).phrase),
            target=0,
            objects=(upright(name, x, y, float(rng.uniform(-np.pi, np.pi))),),
            start={"right": tuple(round(float(v), 6) for v in (*palm, *turn))},
        )


def facing(pitch: float, roll: float, yaw: float) -> Array:
    """Return (4,) wxyz of a palm frame (z out of the palm, y along the fingers), see PITCH, ROLL and YAW."""
    along = np.array([np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), -np.sin(pitch)])
    left = np.array([-np.sin(yaw), np.cos(yaw), 0.0])
    out = np.cos(roll) * np.cross(left, along) + np.sin(roll) * left
    x, y, z = np.cross(along, out), along, out
    w = 0.5 * np.sqrt(max(1e-12, 1 + x[0] + y[1] + z[2]))  # never near zero: the palm does not look up
    return np.array([w, (y[2] - z[1]) / (4 * w), (z[0] - x[2]) / (4 * w), (x[1] - y[0]) / (4 * w)])


def make() -> ApproachGrasp:
    """Return the task."""
    return ApproachGrasp()

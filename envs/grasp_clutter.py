"""Grasp the named object out of clutter, lift it 10 cm and hold it for 20 seconds: DexGraspVLA's evaluation."""

from functools import cache

import numpy as np

from dexbench.core.holding import Holding
from dexbench.core.task import versioned
from dexbench.core.trial import Trial
from dexbench.objects.catalogue import load_object
from dexbench.objects.collection import collection
from dexbench.objects.layout import scatter

from ._lifting import Lifting

HANDS = 1
VERSION = 1
SPLITS: tuple[str, ...] = ("seen", "unseen", "unseen_subset")
"""Objects to train on; the 360 others; and the 103 of them that are tried under other backgrounds and lights."""
SUBSET = 103

CLUTTER = 6
"""Objects on the table, "about six" (arXiv 2502.20900)."""
REGION = ((0.44, 0.76), (-0.30, 0.30))
"""Where objects stand, x and y in the cell frame [m]."""
GAP = 0.06
"""Least free space between the outlines of two objects [m]: cluttered, and yet a finger fits."""
FAR = 0.72
"""And no farther from (0.05, 0) than this [m]."""
HOLD = 20.0
"""Seconds that it must be held, as published; a trial that says `hold: 1` has the short hold."""

TEMPLATES = ("grasp the {0}", "pick up the {0}", "grab the {0} and hold it up", "take the {0} out of the others")


class GraspClutter(Lifting):
    """Language names one of six objects that stand close together.

    The named object's centre of mass must be at least 10 cm above where it started for twenty seconds without
    interruption (one second in trials that say so), while a hand touches it and nothing else does: not the table, not
    another object, not an arm. Regrasping is free as long as contact is not lost for half a second: that ends an
    attempt, and there are three. In a suite, each object of the split is the target once.
    """

    name = "grasp_clutter"
    version = VERSION
    hands = HANDS
    slots = CLUTTER
    horizon = 60.0
    splits = SPLITS
    holding = Holding(hold=HOLD, linger=0.5)

    def pool(self) -> tuple[str, ...]:
        """Return the 36 seen and 360 unseen objects."""
        return (*members("seen"), *members("unseen"))

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw a target, five others with other names, and where they stand."""
        return self.number(rng, split, int(rng.integers(len(members(split)))))

    def number(self, rng: np.random.Generator, split: str, number: int) -> Trial:
        """Draw the trial whose target is object `number` of the split, beginning again after the last."""
        names = members(split)
        chosen = [names[number % len(names)]]
        while len(chosen) < CLUTTER:
            name = str(rng.choice(names))
            if load_object(name).phrase not in {load_object(c).phrase for c in chosen}:
                chosen.append(name)
        order = rng.permutation(CLUTTER)
        objects = scatter(
            rng, [chosen[i] for i in order], REGION, GAP, lambda x, y, radius: float(np.hypot(x - 0.05, y)) <= FAR
        )
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=str(rng.choice(TEMPLATES)).format(load_object(chosen[0]).phrase),
            target=int(np.flatnonzero(order == 0)[0]),
            objects=objects,
        )


@cache
def members(split: str) -> tuple[str, ...]:
    """Return the objects of a split; the subset is spread evenly over the families of the unseen ones."""
    splits = collection("dexgraspvla").splits
    if split != "unseen_subset":
        return splits[split]
    unseen = splits["unseen"]
    return tuple(unseen[round(k)] for k in np.linspace(0, len(unseen) - 1, SUBSET))


def make() -> GraspClutter:
    """Return the task."""
    return GraspClutter()

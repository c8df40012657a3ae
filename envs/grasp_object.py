"""Grasp the object that the instruction names, lift it by 10 cm and hold it, with other objects around."""

from collections.abc import Sequence

import numpy as np

from dexbench.core.task import Region, versioned
from dexbench.core.trial import Trial
from dexbench.objects.catalogue import instances, load_object
from dexbench.objects.layout import REGION, stand
from dexbench.objects.substitution import substituted

from ._lifting import Lifting

HANDS = 1
VERSION = 1
SPLITS: tuple[str, ...] = ("seen", "unseen")

FAMILIES = ("ball", "bottle", "bowl", "box", "can", "jar", "mug")
"""Of the catalogue's families those that this task has had from the start: more would be another task."""

TEMPLATES = (
    "pick up the {0}",
    "grasp the {0} and lift it",
    "lift the {0} off the table",
    "take the {0}",
)


class GraspObject(Lifting):
    """Language names one of several objects on a table.

    The named object's centre of mass must be at least 10 cm above where it started for one second without
    interruption, and still be there one second later, while a hand touches it and nothing else does: not the table, not
    another object, not an arm. An object in flight, wedged or leaning does not count. Three attempts, 24 seconds.
    """

    name = "grasp_object"
    version = VERSION
    hands = HANDS
    slots = 3
    region: Region | None = (*REGION, (-np.pi, np.pi))
    horizon = 24.0
    splits = SPLITS

    def pool(self) -> tuple[str, ...]:
        """Return every instance of the families."""
        return tuple(i for f in FAMILIES for i in instances(f))

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw a target family, then an instance of it, two others with other names, and where they stand."""
        first = str(rng.choice(FAMILIES))
        chosen = [str(rng.choice(instances(first, split)))]
        others = [i for f in FAMILIES for i in instances(f, split)]
        while len(chosen) < self.slots:
            name = str(rng.choice(others))
            if load_object(name).phrase not in {load_object(c).phrase for c in chosen}:
                chosen.append(name)
        order = rng.permutation(self.slots)
        placed = stand(rng, [chosen[i] for i in order])
        target = int(np.flatnonzero(order == 0)[0])
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=str(rng.choice(TEMPLATES)).format(load_object(chosen[0]).phrase),
            target=target,
            objects=placed,
        )


def make(objects: Sequence[str] = ()) -> GraspObject:
    """Return the task, on request with other objects as its targets."""
    return substituted(GraspObject(), objects)

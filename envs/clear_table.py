"""Clear the table by prompt: DexGraspVLA's long-horizon study (everything, green objects, bottles, food)."""

from functools import cache

import numpy as np
from dm_control.utils.rewards import tolerance

from dexbench.core.holding import Holding, renew
from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.task import TaskBase, versioned
from dexbench.core.trial import Outcome, Trial
from dexbench.objects.collection import collection
from dexbench.objects.language import refers
from dexbench.objects.layout import scatter

from . import _basket

HANDS = 1
VERSION = 1
SPLITS: tuple[str, ...] = ("table", "green", "bottles", "food")
"""One for each prompt; objects are the unseen ones of suite `dexgraspvla`."""
PROMPTS = {
    "table": ("clear the table", "everything"),
    "green": ("clear all green objects from the table", "the green objects"),
    "bottles": ("clear all bottles from the table", "the bottles"),
    "food": ("clear all food from the table", "the food"),
}
"""The prompt, and what it refers to."""
COUNTS = {"table": (3, 3), "green": (3, 4), "bottles": (3, 4), "food": (3, 4)}
"""Objects on the table, least and most: as published."""
RELEVANT = 2
"""Of these, those that the narrower prompts refer to."""

GAP = 0.08
"""Free space between the outlines of two objects [m]."""

LIFT = 0.05
"""Rise of a centre of mass over its start, touched by hands alone, that counts as lifted [m]."""
MOVED = 0.10
"""How far an object that is not meant may have been shifted at the end [m]."""
HOLDING = Holding(hold=0.5, linger=0.5)
FAILURES = ("none", "none_lifted", "none_cleared", "some_left", "wrong_object", "not_released")
NONE, NONE_LIFTED, NONE_CLEARED, SOME_LEFT, WRONG_OBJECT, NOT_RELEASED = range(len(FAILURES))


class ClearTable(TaskBase):
    """A prompt that is given once says which of three or four objects are to go into the basket.

    Every object that it refers to must have been lifted by hands alone and lie in the basket, untouched by any hand,
    for half a second without interruption and still half a second later; no other object may be in the basket, or more
    than 10 cm from where it stood. Progress is the share of what is to be cleared; a scene counts if all of it is.
    """

    name = "clear_table"
    version = VERSION
    hands = HANDS
    slots = 4
    articulated: tuple[str, ...] = (_basket.NAME,)
    horizon = 90.0
    stages: tuple[str, ...] = ("lift", "first", "half", "all", "released")
    failures: tuple[str, ...] = FAILURES
    splits = SPLITS

    def pool(self) -> tuple[str, ...]:
        """Return the unseen objects of the suite."""
        return objects()

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw objects of which the prompt refers to some, and where they stand."""
        prompt, phrase = PROMPTS[split]
        low, high = COUNTS[split]
        count = int(rng.integers(low, high + 1))
        meant = meanings(split)
        chosen = [str(n) for n in rng.choice(meant, count if split == "table" else RELEVANT, replace=False)]
        others = [n for n in objects() if n not in set(meant)]
        chosen += [str(n) for n in rng.choice(others, count - len(chosen), replace=False)] if others else []
        chosen = [chosen[i] for i in rng.permutation(count)]
        wanted = refers(phrase, chosen)
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=prompt,
            target=wanted[0],
            objects=scatter(rng, chosen, _basket.REGION, GAP, _basket.allowed),
            extra={f"meant_{k}": float(k in wanted) for k in range(count)},
            articulated=(_basket.standing(),),
        )

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""
        return HOLDING.remember(n) | {
            "start": np.zeros((n, self.slots, 3)),  # where the centres start [m]
            "lifted": np.zeros((n, self.slots), bool),
            "meant": np.zeros((n, self.slots), bool),
            "there": np.zeros((n, self.slots), bool),
        }

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Note where the objects of `worlds` start, and which are meant."""
        renew(scene, worlds, self.remember(1))
        m = scene.memory
        m["start"][worlds] = scene.object_centre[worlds, : self.slots]
        for w in worlds:
            trial = scene.trials[int(w)]
            m["there"][w] = np.arange(self.slots) < len(trial.objects)
            m["meant"][w] = [bool(trial.extra.get(f"meant_{k}", 0.0)) for k in range(self.slots)]

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now, in every world."""
        m, k, basket = scene.memory, self.slots, scene.index("basket")
        centre, meant = scene.object_centre[:, :k], m["meant"]
        touched = np.logical_or.reduce(scene.hand_contacts[:, :, :k], axis=1)
        up = touched & (centre[:, :, 2] - m["start"][:, :, 2] >= LIFT) & (scene.other_contacts[:, :k] == 0)
        m["lifted"] = lifted = m["lifted"] | up
        inside = _basket.inside(scene, k)
        cleared = inside & lifted & meant
        shifted = np.linalg.norm((centre - m["start"])[:, :, :2], axis=2) > MOVED
        wrong = (m["there"] & ~meant & (inside | shifted)).any(axis=1)
        share = cleared.sum(axis=1) / meant.sum(axis=1).clip(1)
        every, free = share >= 1, ~(touched & meant).any(axis=1)
        held = HOLDING.judge(scene, every & free & ~wrong, touched.any(axis=1))
        ranks = [held.at_end, every, share >= 0.5, share > 0, (lifted & meant).any(axis=1)]
        stage = HOLDING.reach(scene, np.select(ranks, [5, 4, 3, 2, 1], 0))

        def failure() -> Array:
            left = np.array([NONE_LIFTED, NONE_CLEARED, SOME_LEFT, SOME_LEFT, SOME_LEFT, SOME_LEFT])[stage]
            return np.select([held.at_end, wrong, every & ~free], [NONE, WRONG_OBJECT, NOT_RELEASED], left)

        def reward() -> Array:
            away = np.linalg.norm((centre - scene.object_position[:, basket, None])[:, :, :2], axis=2)
            near = tolerance(away, bounds=(0.0, 0.1), margin=0.5, sigmoid="linear") * meant
            return np.asarray((near.sum(axis=1) / meant.sum(axis=1).clip(1) + 3 * share + held.at_end) / 5)

        return Outcome(held.once, held.at_end, stage, held.attempts, reward, failure, held.done)


@cache
def objects() -> tuple[str, ...]:
    """Return the names of all objects that may stand there."""
    return tuple(collection("dexgraspvla").splits["unseen"])


@cache
def meanings(split: str) -> tuple[str, ...]:
    """Return the objects that the prompt of a split refers to."""
    names = objects()
    return tuple(names[k] for k in refers(PROMPTS[split][1], names))


def make() -> ClearTable:
    """Return the task."""
    return ClearTable()

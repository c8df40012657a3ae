"""Put the object that the instruction names into the basket, out of five: GR-Dexter's pick-and-place by language."""

import numpy as np
from dm_control.utils.rewards import tolerance

from dexbench.core.holding import Holding, renew
from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.task import TaskBase, versioned
from dexbench.core.trial import Outcome, Trial
from dexbench.objects.catalogue import load_object
from dexbench.objects.collection import collection
from dexbench.objects.language import ways
from dexbench.objects.layout import scatter

from . import _basket

HANDS = 1
VERSION = 2
"""2: lifted for a second, not for a moment."""
SPLITS: tuple[str, ...] = ("seen", "unseen", "unseen_instructions")
"""As published: seen objects; unseen ones; instructions that no training instruction is like, over both kinds."""

OBJECTS = 5
"""On the table at once: a batch of GR-Dexter."""
GAP = 0.07
"""Free space between the outlines of two objects [m]: fingers must fit."""

LIFT = 0.05
"""Rise of the centre of mass over its start, touched by hands alone, that counts as lifted [m]."""
CARRIED = 1.0
"""Seconds without interruption for which it must be so: what a hand flings up has not been picked up."""
HOLDING = Holding(hold=0.5, linger=0.5)
REACH = 0.15
"""Palm to object centre [m]."""
STILL = 0.05
"""Largest speed of what lies in the basket [m/s]."""

TEMPLATES = (
    "put {0} into the basket",
    "pick up {0} and place it in the basket",
    "move {0} to the basket",
    "drop {0} in the basket",
)
POINTING = ("kind", "darkest", "brightest", "largest", "smallest")
"""Ways of pointing at an object in the third split, without its name: see dexbench.objects.language.ways."""
UNHEARD = ("bring {0} into the basket, please", "i would like {0} to be in the basket", "into the basket with {0}")

FAILURES = ("none", "never_reached", "never_touched", "never_lifted", "wrong_object", "missed", "not_released", "moved")
NONE, NEVER_REACHED, NEVER_TOUCHED, NEVER_LIFTED, WRONG, MISSED, NOT_RELEASED, MOVED = range(len(FAILURES))
UNLIFTED = np.array([NEVER_REACHED, NEVER_TOUCHED, NEVER_LIFTED, MISSED, NOT_RELEASED, NOT_RELEASED])
"""The failure by the stage that was reached."""


class PickPlace(TaskBase):
    """Language names one of five objects; a basket stands among them.

    The named object must have been lifted by hands alone, 5 cm over where its centre of mass started, for one second
    without interruption, and then lie inside the basket, slower than 5 cm/s and touched by no hand, for half a second
    without interruption, and still half a second later. No other object may be in the basket then.
    """

    name = "pick_place"
    version = VERSION
    hands = HANDS
    slots = OBJECTS
    articulated: tuple[str, ...] = (_basket.NAME,)
    horizon = 24.0
    stages: tuple[str, ...] = ("reach", "touch", "lift", "inside", "released", "still")
    failures: tuple[str, ...] = FAILURES
    splits = SPLITS

    def pool(self) -> tuple[str, ...]:
        """Return the twenty seen and 23 unseen objects of the published evaluation's size."""
        splits = collection("gr_dexter").splits
        return (*splits["seen"], *splits["unseen"])

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw a batch of five objects, which of them is named, and how."""
        return self._batch(rng, split, int(rng.integers(OBJECTS)), rng)

    def number(self, rng: np.random.Generator, split: str, number: int) -> Trial:
        """Draw trial `number`: of each batch of five objects, every one is named in turn, in the same layout."""
        batch = np.random.default_rng([29, SPLITS.index(split), number // OBJECTS])
        return self._batch(batch, split, number % OBJECTS, rng)

    def _batch(self, layout: np.random.Generator, split: str, turn: int, rng: np.random.Generator) -> Trial:
        """Draw what stands where from `layout`, and what is said from `rng`."""
        known = collection("gr_dexter").splits
        unheard = split == "unseen_instructions"
        names = (*known["seen"], *known["unseen"]) if unheard else known[split]
        said: dict[int, list[str]] = {}
        while not said:
            chosen = [str(n) for n in layout.choice(names, OBJECTS, replace=False)]
            for k in range(OBJECTS):
                phrases = [f"the {load_object(chosen[k]).phrase}"]
                if unheard:
                    found = ways(k, chosen)
                    phrases = [phrase for way in POINTING for phrase in found.get(way, ())]
                if phrases:
                    said[k] = phrases
        target = sorted(said)[turn % len(said)]
        phrase, template = str(rng.choice(said[target])), str(rng.choice(UNHEARD if unheard else TEMPLATES))
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=template.format(phrase),
            target=target,
            objects=scatter(layout, chosen, _basket.REGION, GAP, _basket.allowed),
            articulated=(_basket.standing(),),
        )

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""
        return HOLDING.remember(n) | {
            "start": np.zeros((n, self.slots)),  # heights of the centres at the start [m]
            "carried": np.zeros((n, self.slots)),  # for how long each object has been up [s]
            "lifted": np.zeros((n, self.slots), bool),  # each object, for long enough, at any time so far
        }

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Note the heights at which the objects of `worlds` start."""
        renew(scene, worlds, self.remember(1))
        scene.memory["start"][worlds] = scene.object_centre[worlds, : self.slots, 2]

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now, in every world."""
        m, rows, target, k = scene.memory, scene.rows, scene.target, self.slots
        centre, basket = scene.object_centre[:, :k], scene.index("basket")
        touched = np.logical_or.reduce(scene.hand_contacts[:, :, :k], axis=1)
        up = touched & (centre[:, :, 2] - m["start"] >= LIFT) & (scene.other_contacts[:, :k] == 0)
        m["carried"] = carried = (m["carried"] + scene.period) * up
        m["lifted"] = lifted = m["lifted"] | (carried >= CARRIED - 1e-9)
        inside = _basket.inside(scene, k)
        named = np.zeros_like(inside)
        named[rows, target] = True
        speed = np.linalg.norm(scene.object_velocity[rows, target, :3], axis=1)
        here, free = (inside & lifted & named).any(axis=1), ~touched[rows, target]
        alone = ~(inside & ~named).any(axis=1)
        goal = here & free & (speed <= STILL) & alone
        held = HOLDING.judge(scene, goal, touched[rows, target])

        palm = np.linalg.norm(scene.palm_position - centre[rows, target][:, None], axis=2).min(axis=1)
        was = lifted[rows, target]
        now = np.select(
            [held.at_end, here & free, here, was, touched[rows, target], palm < REACH], [6, 5, 4, 3, 2, 1], 0
        )
        stage = HOLDING.reach(scene, now)

        def failure() -> Array:
            wrong = (lifted & ~named).any(axis=1) | ~alone
            codes = UNLIFTED[np.minimum(stage, 5)]
            return np.select([held.at_end, wrong, held.once | ((stage >= 5) & ~here)], [NONE, WRONG, MOVED], codes)

        def reward() -> Array:
            away = np.linalg.norm((centre[rows, target] - scene.object_position[:, basket])[:, :2], axis=1)
            near = tolerance(palm, bounds=(0.0, REACH), margin=0.4, sigmoid="long_tail")
            come = tolerance(away, bounds=(0.0, 0.08), margin=0.4, sigmoid="long_tail")
            return np.asarray((near + was * (1 + come) + 2 * here + 3 * goal) / 8)

        return Outcome(held.once, held.at_end, stage, held.attempts, reward, failure, held.done)


def make() -> PickPlace:
    """Return the task."""
    return PickPlace()

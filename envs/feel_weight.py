"""Lift the full can out of three that look alike: which one it is can only be felt."""

import numpy as np
from dm_control.utils.rewards import tolerance

from dexbench.core.holding import Holding, renew
from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.task import TaskBase, versioned
from dexbench.core.trial import Outcome, Placement, Trial
from dexbench.objects.catalogue import instances, load_object
from dexbench.objects.layout import stand

HANDS = 1
VERSION = 3
"""2: weighing is no attempt; the decision is. 3: cans stay where they stand until they are lifted."""
SPLITS: tuple[str, ...] = ("seen", "unseen")

CANS = 3
EMPTY = (0.08, 0.12)
"""Mass of the empty ones [kg]."""
FULL = (0.35, 0.45)
"""Mass of the full one [kg]."""

WEIGHED = 0.05
"""Rise of the centre of mass up to which a can may be lifted to weigh it [m]: the first that rises further decides."""
ASTRAY = 0.05
"""How far a can may come from where it stood, ever, unless it is lifted, along the table [m]: who gropes and knocks
them over has not weighed them."""
LIFT = 0.10
"""Rise that counts as lifted [m]."""
HOLDING = Holding(hold=1.0, linger=0.5)
REACH = 0.15
"""Palm to the centre of a can [m]."""

TEMPLATES = {
    "seen": ("one {0} is full: lift that one", "lift the full {0}, not an empty one"),
    "unseen": ("hand me the {0} that is still full",),
}
FAILURES = (
    "none",
    "never_reached",
    "never_touched",
    "never_weighed",
    "empty_one",
    "pushed_away",
    "never_lifted",
    "dropped",
    "not_held",
)
NONE, NEVER_REACHED, NEVER_TOUCHED, NEVER_WEIGHED, EMPTY_ONE, PUSHED, NEVER_LIFTED, DROPPED, NOT_HELD = range(
    len(FAILURES)
)
UNLIFTED = np.array([NEVER_REACHED, NEVER_TOUCHED, NEVER_WEIGHED, NEVER_LIFTED])
"""The failure by the stage that was reached."""
FREE = 0.005
"""Rise at which a can has left the table [m]."""


class FeelWeight(TaskBase):
    """Three cans that look alike stand on a table; one is full, two are empty, and nobody is told which.

    The full one must be lifted by 10 cm, touched by a hand and nothing else, for one second without interruption, and
    still be there half a second later. Cans may be lifted by up to 5 cm to weigh them: the first that rises further
    decides, and if that is an empty one the episode is over; that is the one attempt there is. It is over, too, if one
    that is not lifted comes further than 5 cm from where it stood: cans are not knocked over. 60 seconds.
    """

    name = "feel_weight"
    version = VERSION
    hands = HANDS
    needs = (
        "touch: the cans differ in mass alone, which is not told, and the first that is really lifted decides, so that "
        "guessing is right in one of three; the lag of the arm's joints under the weight tells something of it too"
    )
    slots = CANS
    hidden_target = True
    horizon = 60.0
    stages: tuple[str, ...] = ("reach", "touch", "weigh", "lift", "hold")
    failures: tuple[str, ...] = FAILURES
    splits = SPLITS

    def pool(self) -> tuple[str, ...]:
        """Return the cans."""
        return instances("can")

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw which can it is, where its likes stand, and which of them is full."""
        name, full = str(rng.choice(instances("can", split))), int(rng.integers(CANS))
        cans = []
        for k, can in enumerate(stand(rng, [name] * CANS)):
            mass = round(float(rng.uniform(*(FULL if k == full else EMPTY))), 4)
            cans.append(Placement(name, can.position, can.quaternion, mass, can.friction))
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=str(rng.choice(TEMPLATES[split])).format(load_object(name).phrase),
            target=full,
            objects=tuple(cans),
        )

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""
        return HOLDING.remember(n) | {
            "start": np.zeros((n, CANS)),  # heights of the centres at the start [m]
            "stood": np.zeros((n, CANS, 2)),  # where they stood [m]
            "astray": np.zeros(n, bool),
            "first": np.full(n, -1),  # the can that decides, once there is one
        }

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Note where the cans of `worlds` start."""
        renew(scene, worlds, self.remember(1))
        scene.memory["start"][worlds] = scene.object_centre[worlds, :, 2]
        scene.memory["stood"][worlds] = scene.object_centre[worlds, :, :2]

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now, in every world."""
        m, rows, target = scene.memory, scene.rows, scene.target
        rise = scene.object_centre[:, :, 2] - m["start"]
        touched = np.logical_or.reduce(scene.hand_contacts > 0, axis=1)
        free = touched & (scene.other_contacts == 0)
        shift = scene.object_centre[:, :, :2] - m["stood"]
        pushed = (rise < FREE) & ((shift * shift).sum(axis=2) > ASTRAY * ASTRAY)
        m["astray"] = astray = m["astray"] | pushed.any(axis=1)
        highest = np.where(rise > WEIGHED, rise, -1.0)
        fresh = (m["first"] < 0) & (highest.max(axis=1) > 0)
        m["first"] = first = np.where(fresh, highest.argmax(axis=1), m["first"])
        right, wrong = (first == target) & ~astray, (first >= 0) & (first != target)
        lost = wrong | astray
        up = free[rows, target] & (rise[rows, target] >= LIFT)
        goal = up & right
        held = HOLDING.judge(scene, goal, touched.any(axis=1))
        m["once"] = once = held.once & ~astray
        at_end = once & goal

        away = np.linalg.norm(scene.palm_position[:, :, None] - scene.object_centre[:, None], axis=3).min(axis=(1, 2))
        weighed = (free & (rise >= FREE)).any(axis=1)
        now = np.maximum(away < REACH, 2 * touched.any(axis=1) + weighed + 0)
        now = np.where(goal, 4 + at_end, now)
        stage = HOLDING.reach(scene, np.where(lost, m["stage"], now))

        def failure() -> Array:
            return np.select(
                [at_end, wrong, astray, once | ((stage >= 4) & ~goal), goal],
                [NONE, EMPTY_ONE, PUSHED, DROPPED, NOT_HELD],
                UNLIFTED[np.minimum(stage, 3)],
            )

        def reward() -> Array:
            near = tolerance(away, (0.0, 0.10), margin=0.40)
            high = tolerance(rise[rows, target], (LIFT, np.inf), margin=LIFT, sigmoid="linear", value_at_margin=0.0)
            found = near + touched.any(axis=1) + 2 * high * right + 2 * np.minimum(held.seconds / HOLDING.hold, 1.0)
            return np.asarray(np.where(lost, 0.0, found / 6))

        attempts = (first >= 0).astype(np.int64)
        return Outcome(once, at_end, stage, attempts, reward, failure, held.done & once | lost)


def make() -> FeelWeight:
    """Return the task."""
    return FeelWeight()

"""Grasp the object that the instruction names, lift it by 10 cm and hold it, with other objects around."""

from collections.abc import Sequence

import numpy as np

from dexbench.core.holding import Holding, renew
from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.task import Region, TaskBase, versioned
from dexbench.core.trial import Outcome, Trial
from dexbench.objects.catalogue import instances, load_object
from dexbench.objects.layout import REGION, stand
from dexbench.objects.substitution import substituted

HANDS = 1
VERSION = 1
SPLITS: tuple[str, ...] = ("seen", "unseen")

FAMILIES = ("ball", "bottle", "bowl", "box", "can", "jar", "mug")
"""Of the catalogue's families those that this task has had from the start: more would be another task."""

LIFT = 0.10
"""Rise of the centre of mass over its start [m]: DexGraspVLA's criterion (arXiv 2502.20900)."""
HOLDING = Holding(hold=1.0, linger=1.0)
REACH = 0.15
"""Palm to object centre [m]."""
ATTEMPTS = 3
"""As in DexGraspVLA's Ours@1/2/3: attempts on the same, possibly disturbed, scene."""

TEMPLATES = (
    "pick up the {0}",
    "grasp the {0} and lift it",
    "lift the {0} off the table",
    "take the {0}",
)
FAILURES = (
    "none",
    "never_reached",
    "never_touched",
    "never_lifted",
    "wrong_object",
    "dropped",
    "not_held",
)
NONE, NEVER_REACHED, NEVER_TOUCHED, NEVER_LIFTED, WRONG_OBJECT, DROPPED, NOT_HELD = range(len(FAILURES))
UNLIFTED = np.array([NEVER_REACHED, NEVER_TOUCHED, NEVER_LIFTED])
"""The failure by the stage that was reached."""


class GraspObject(TaskBase):
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
    stages: tuple[str, ...] = ("reach", "touch", "lift", "hold")
    failures: tuple[str, ...] = FAILURES
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

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""
        return HOLDING.remember(n) | {
            "start": np.zeros((n, self.slots)),  # heights of the centres at the start [m]
            "wrong": np.zeros(n, bool),  # another object has been lifted
        }

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Note the heights at which the objects of `worlds` start."""
        renew(scene, worlds, self.remember(1))
        scene.memory["start"][worlds] = scene.object_centre[worlds, :, 2]

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now, in every world. Few calls on whole arrays: this runs in every control period."""
        m, rows, target = scene.memory, scene.rows, scene.target
        rise = scene.object_centre[:, :, 2] - m["start"]
        touched = np.logical_or.reduce(scene.hand_contacts, axis=1)  # (n, K)
        touching = touched[rows, target]
        goal = touching & (rise[rows, target] >= LIFT) & (scene.other_contacts[rows, target] == 0)

        held = HOLDING.judge(scene, goal, touching)
        up = touched & (rise >= LIFT / 2)
        if np.count_nonzero(up):
            up[rows, target] = False
            m["wrong"] = m["wrong"] | up.any(axis=1)

        stage, wrong, once, at_end = m["stage"], m["wrong"], held.once, held.at_end
        if np.count_nonzero(stage) < len(stage):
            away = scene.palm_position - scene.object_centre[rows, target][:, None]
            stage = np.maximum(stage, ((away * away).sum(axis=2) < REACH * REACH).any(axis=1))
        m["stage"] = stage = np.maximum(stage, 2 * touching + goal + at_end)  # each implies the one before
        done, spent = held.done, held.attempts >= ATTEMPTS
        if np.count_nonzero(spent):
            done |= spent & (held.idle >= HOLDING.lost) & ~once

        def failure() -> Array:
            return np.select(
                [at_end, once | ((stage >= 3) & ~goal), goal, wrong],
                [NONE, DROPPED, NOT_HELD, WRONG_OBJECT],
                UNLIFTED[np.minimum(stage, 2)],
            )

        reward = (stage + np.minimum(held.seconds, HOLDING.hold)) / (len(self.stages) + 1)
        return Outcome(once, at_end, stage, held.attempts, reward, failure, done)


def make(objects: Sequence[str] = ()) -> GraspObject:
    """Return the task, on request with other objects as its targets."""
    return substituted(GraspObject(), objects)

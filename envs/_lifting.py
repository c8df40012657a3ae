"""The rule that grasping tasks share: the named object is lifted and held by a hand, and by nothing else."""

import numpy as np
from dm_control.utils.rewards import tolerance

from dexbench.core.holding import Holding, renew
from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.task import TaskBase
from dexbench.core.trial import Outcome

LIFT = 0.10
"""Rise of the centre of mass over its start [m]: DexGraspVLA's criterion (arXiv 2502.20900)."""
REACH = 0.15
"""Palm to object centre [m]."""
ATTEMPTS = 3
"""As in DexGraspVLA's Ours@1/2/3: attempts on the same, possibly disturbed, scene."""

FAILURES: tuple[str, ...] = (
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


class Lifting(TaskBase):
    """A task that is done when the target is up; what stands where is its own."""

    slots = 1
    holding = Holding(hold=1.0, linger=1.0)
    """A trial's `hold` among its further parameters, where it has one, goes before this one's."""
    stages: tuple[str, ...] = ("reach", "touch", "lift", "hold")
    failures = FAILURES

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""
        return self.holding.remember(n) | {
            "start": np.zeros((n, self.slots)),  # heights of the centres at the start [m]
            "wrong": np.zeros(n, bool),  # another object has been lifted
            "hold": np.full(n, self.holding.hold),  # seconds that it must be held
        }

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Note the heights at which the objects of `worlds` start, and how long they must be held."""
        renew(scene, worlds, self.remember(1))
        scene.memory["start"][worlds] = scene.object_centre[worlds, : self.slots, 2]
        for world in np.asarray(worlds):
            scene.memory["hold"][world] = scene.trials[world].extra.get("hold", self.holding.hold)

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now, in every world. Few calls on whole arrays: this runs in every control period."""
        m, rows, target = scene.memory, scene.rows, scene.target
        rise = scene.object_centre[:, : self.slots, 2] - m["start"]
        touched = np.logical_or.reduce(scene.hand_contacts, axis=1)[:, : self.slots]  # (n, slots)
        touching = touched[rows, target]
        goal = touching & (rise[rows, target] >= LIFT) & (scene.other_contacts[rows, target] == 0)

        held = self.holding.judge(scene, goal, touching, m["hold"])
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
            done |= spent & (held.idle >= self.holding.lost) & ~once

        def failure() -> Array:
            return np.select(
                [at_end, once | ((stage >= 3) & ~goal), goal, wrong],
                [NONE, DROPPED, NOT_HELD, WRONG_OBJECT],
                UNLIFTED[np.minimum(stage, 2)],
            )

        def reward() -> Array:
            palm = np.linalg.norm(scene.palm_position - scene.object_centre[rows, target][:, None], axis=2).min(axis=1)
            near = tolerance(palm, bounds=(0.0, 0.10), margin=0.4, sigmoid="long_tail")
            high = tolerance(
                rise[rows, target], bounds=(LIFT, np.inf), margin=LIFT, sigmoid="linear", value_at_margin=0
            )
            kept = np.minimum(held.seconds / m["hold"], 1.0)
            return np.asarray((near + touching * (1 + 2 * high) + goal * (1 + kept)) / 6)

        return Outcome(once, at_end, stage, held.attempts, reward, failure, done)

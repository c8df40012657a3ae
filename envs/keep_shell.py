"""Lift an egg whose shell breaks under a firm grip, and hold it: its size, weight and slipperiness are not told."""

import numpy as np
from dm_control.utils.rewards import tolerance

from dexbench.core.holding import Holding, renew
from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.task import TaskBase, versioned
from dexbench.core.trial import Outcome, Placement, Trial
from dexbench.objects.catalogue import instances, load_object
from dexbench.objects.layout import REGION, upright

HANDS = 1
VERSION = 2
SPLITS: tuple[str, ...] = ("seen", "unseen")

STRENGTH = 3.0
"""Force of one contact, normal to the shell, at which it breaks [N]. Chosen (confidence: estimated): the grips of the
expert's library press 9 to 20 N, and 1 to 2 N are enough to lift it. A hen's egg bears over ten times that."""
SCALE = {"seen": (0.80, 1.20), "unseen": (0.80, 1.20)}
"""Size over that of the egg in the catalogue."""
FRICTION = (0.5, 0.9)
"""Of shell on skin; the catalogue's is 0.8."""
FILLED = (0.6, 1.8)
"""Weight over that of the egg in the catalogue."""

LIFT = 0.10
"""Rise of the centre of mass over its start [m]."""
HOLDING = Holding(hold=2.0, linger=1.0)
REACH = 0.15
"""Palm to the egg's centre [m]."""
ATTEMPTS = 3

TEMPLATES = {
    "seen": ("pick up the {0} without breaking it", "lift the {0}, its shell is thin"),
    "unseen": ("raise the {0} gently and keep it whole",),
}
FAILURES = ("none", "never_reached", "never_touched", "never_lifted", "broken", "dropped", "not_held")
NONE, NEVER_REACHED, NEVER_TOUCHED, NEVER_LIFTED, BROKEN, DROPPED, NOT_HELD = range(len(FAILURES))
UNLIFTED = np.array([NEVER_REACHED, NEVER_TOUCHED, NEVER_LIFTED])
"""The failure by the stage that was reached."""


class KeepShell(TaskBase):
    """An egg with a thin shell lies on the table.

    Its centre of mass must be at least 10 cm above where it started for two seconds without interruption, and still one
    second later, while a hand touches it and nothing else does. At no time may any single contact, with hand or table,
    press it with 3 N or more: then it is broken, and the episode over. Its size, weight and friction are drawn and not
    told. Three attempts, 20 seconds.
    """

    name = "keep_shell"
    version = VERSION
    hands = HANDS
    needs = (
        "touch: the egg's size, weight and friction are not told, and its shell bears little more than it takes to "
        "lift it, so that the grip must follow what is felt; where motors tell how far fingers lag behind their "
        "targets, without friction as they do here, that does nearly as well"
    )
    slots = 1
    senses_force = True
    horizon = 20.0
    stages: tuple[str, ...] = ("reach", "touch", "lift", "hold")
    failures: tuple[str, ...] = FAILURES
    splits = SPLITS

    def pool(self) -> tuple[str, ...]:
        """Return all eggs."""
        return instances("egg")

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw an egg, where it lies, and what nobody is told of it."""
        name = str(rng.choice(instances("egg", split)))
        x, y = (float(rng.uniform(*bounds)) for bounds in REGION)
        egg = upright(name, x, y, float(rng.uniform(-np.pi, np.pi)))
        scale = round(float(rng.uniform(*SCALE[split])), 4)
        hidden = {
            "mass": round(egg.mass * scale**3 * float(rng.uniform(*FILLED)), 5),
            "friction": round(float(rng.uniform(*FRICTION)), 4),
            "scale": scale,
        }
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=str(rng.choice(TEMPLATES[split])).format(load_object(name).phrase),
            target=0,
            objects=(Placement(egg.instance, egg.position, egg.quaternion, **hidden),),
        )

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""
        return HOLDING.remember(n) | {"start": np.zeros(n), "broken": np.zeros(n, bool)}

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Note the heights at which the eggs of `worlds` start."""
        renew(scene, worlds, self.remember(1))
        scene.memory["start"][worlds] = scene.object_centre[worlds, 0, 2]

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now, in every world."""
        m = scene.memory
        m["broken"] = broken = m["broken"] | (scene.peak_force[:, 0] >= STRENGTH)
        rise = scene.object_centre[:, 0, 2] - m["start"]
        touching = np.logical_or.reduce(scene.hand_contacts[:, :, 0] > 0, axis=1)
        goal = touching & (rise >= LIFT) & (scene.other_contacts[:, 0] == 0) & ~broken
        held = HOLDING.judge(scene, goal, touching)
        away = np.linalg.norm(scene.palm_position - scene.object_centre[:, :1], axis=2).min(axis=1)
        now = np.maximum(away < REACH, 2 * touching + goal + held.at_end)
        stage = HOLDING.reach(scene, np.where(broken, m["stage"], now))
        spent = (held.attempts >= ATTEMPTS) & (held.idle >= HOLDING.lost) & ~held.once

        def failure() -> Array:
            return np.select(
                [held.at_end, broken, held.once | ((stage >= 3) & ~goal), goal],
                [NONE, BROKEN, DROPPED, NOT_HELD],
                UNLIFTED[np.minimum(stage, 2)],
            )

        def reward() -> Array:
            near = tolerance(away, (0.0, 0.10), margin=0.40)
            gentle = tolerance(scene.peak_force[:, 0], (0.0, 0.6 * STRENGTH), margin=0.4 * STRENGTH, sigmoid="linear")
            up = touching * tolerance(rise, (LIFT, np.inf), margin=LIFT, sigmoid="linear", value_at_margin=0.0)
            found = near + touching * gentle + 2 * up + 2 * np.minimum(held.seconds / HOLDING.hold, 1.0)
            return np.asarray(np.where(broken, 0.0, found / 6))

        return Outcome(
            held.once & ~broken, held.at_end, stage, held.attempts, reward, failure, held.done | spent | broken
        )


def make() -> KeepShell:
    """Return the task."""
    return KeepShell()

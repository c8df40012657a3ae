"""Find a can that stands somewhere in a box covered with cloth, and lift it out: where it is can only be felt."""

import numpy as np
from dm_control.utils.rewards import tolerance

from dexbench.core.holding import Holding, renew
from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.task import TaskBase, versioned
from dexbench.core.trial import Outcome, Setting, Trial
from dexbench.objects.articulated import load_articulated
from dexbench.objects.catalogue import instances
from dexbench.objects.layout import upright

HANDS = 1
VERSION = 1
SPLITS: tuple[str, ...] = ("seen", "unseen")

BOX = "opaque_box"
AT = ((0.61, 0.65), (-0.03, 0.03))
"""Where the box stands, x and y in the cell frame [m]."""
TURN = 0.12
"""And by how much it is turned at most [rad]."""

LIFT = 0.10
"""Rise of the centre of mass over its start [m]."""
HOLDING = Holding(hold=1.0, linger=0.5)
UPSET = 0.5
"""Cosine of the can's slant below which it lies."""

TEMPLATES = {
    "seen": ("find the can in the covered box and lift it out", "feel for the can under the cloth and take it out"),
    "unseen": ("fetch me the can that stands hidden in the box",),
}
FAILURES = ("none", "never_reached", "never_touched", "upset", "never_lifted", "dropped", "not_held")
NONE, NEVER_REACHED, NEVER_TOUCHED, UPSET_IT, NEVER_LIFTED, DROPPED, NOT_HELD = range(len(FAILURES))
UNLIFTED = np.array([NEVER_REACHED, NEVER_TOUCHED, NEVER_LIFTED])
"""The failure by the stage that was reached."""


class FindByFeel(TaskBase):
    """A can stands in a box of 36 by 52 cm under loose cloth, anywhere in the middle 22 by 38 cm.

    Agents see the box and not the can, in poses and in pictures; which can it is, and so its height and width, is not
    told either. Its centre of mass must be lifted by 10 cm, touched by a hand and nothing else, for one second without
    interruption, and still be there half a second later. It may be knocked over and found again. Attempts are lifts: it
    may be touched as often as it takes. 75 seconds.
    """

    name = "find_by_feel"
    version = VERSION
    hands = HANDS
    needs = (
        "touch: the can's place is told by no pose and no picture, and a hand that closes at random places meets it in "
        "few of the tries that it has time for; the lag of an arm that presses on it tells something of it too"
    )
    slots = 1
    articulated: tuple[str, ...] = (BOX,)
    hidden_objects: tuple[int, ...] = (0,)
    horizon = 75.0
    stages: tuple[str, ...] = ("reach", "touch", "lift", "hold")
    failures: tuple[str, ...] = FAILURES
    splits = SPLITS

    def pool(self) -> tuple[str, ...]:
        """Return the cans."""
        return instances("can")

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw a can, where the box stands, and where in it the can does."""
        name = str(rng.choice(instances("can", split)))
        x, y = (round(float(rng.uniform(*bounds)), 4) for bounds in AT)
        yaw = float(rng.uniform(-TURN, TURN))
        half = load_articulated(BOX).region("standing").half
        u, v = (float(rng.uniform(-h, h)) for h in half[:2])
        can_x = round(x + u * float(np.cos(yaw)) - v * float(np.sin(yaw)), 6)
        can_y = round(y + u * float(np.sin(yaw)) + v * float(np.cos(yaw)), 6)
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=str(rng.choice(TEMPLATES[split])),
            target=0,
            objects=(upright(name, can_x, can_y, float(rng.uniform(-np.pi, np.pi))),),
            articulated=(Setting(BOX, (x, y, 0.0), (float(np.cos(yaw / 2)), 0.0, 0.0, float(np.sin(yaw / 2)))),),
        )

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""
        return HOLDING.remember(n) | {"start": np.zeros(n), "upset": np.zeros(n, bool)}

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Note the heights at which the cans of `worlds` start."""
        renew(scene, worlds, self.remember(1))
        scene.memory["start"][worlds] = scene.object_centre[worlds, 0, 2]

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now, in every world."""
        m, box = scene.memory, scene.index(BOX)
        rise = scene.object_centre[:, 0, 2] - m["start"]
        touching = np.logical_or.reduce(scene.hand_contacts[:, :, 0] > 0, axis=1)
        lifted = touching & (scene.other_contacts[:, 0] == 0)
        goal = lifted & (rise >= LIFT)
        held = HOLDING.judge(scene, goal, lifted)  # what is touched in the search is no attempt
        x, y = scene.object_quaternion[:, 0, 1], scene.object_quaternion[:, 0, 2]
        lies = (1 - 2 * (x * x + y * y) < UPSET) & ~touching
        m["upset"] = upset = m["upset"] | lies

        inside = load_articulated(BOX).region("inside")
        at, turn = scene.object_position[:, box, None], scene.object_quaternion[:, box, None]
        entered = inside.contains(scene.palm_position - (0, 0, inside.half[2]), at, turn).any(axis=1)
        stage = HOLDING.reach(scene, np.maximum(entered, 2 * touching + goal + held.at_end))

        def failure() -> Array:
            return np.select(
                [held.at_end, held.once | ((stage >= 3) & ~goal), goal, upset],
                [NONE, DROPPED, NOT_HELD, UPSET_IT],
                UNLIFTED[np.minimum(stage, 2)],
            )

        def reward() -> Array:
            away = np.linalg.norm(scene.palm_position - scene.object_centre[:, :1], axis=2).min(axis=1)
            near = tolerance(away, (0.0, 0.10), margin=0.40)
            up = touching * tolerance(rise, (LIFT, np.inf), margin=LIFT, sigmoid="linear", value_at_margin=0.0)
            found = near + touching + 2 * up + 2 * np.minimum(held.seconds / HOLDING.hold, 1.0)
            return np.asarray(found / 6)

        return Outcome(held.once, held.at_end, stage, held.attempts, reward, failure, held.done)


def make() -> FindByFeel:
    """Return the task."""
    return FindByFeel()

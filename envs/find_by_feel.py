"""Find a can that stands somewhere in a box covered with cloth, and lift it to a mark: it can only be felt."""

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

from ._mark import MARK, aside, marked

HANDS = 1
VERSION = 2
"""2: the can is brought over a mark: lifted only, where it stood, eight recorded successes passed 9 of 384 trials."""
SPLITS: tuple[str, ...] = ("seen", "unseen")

BOX = "opaque_box"
AT = ((0.61, 0.65), (-0.03, 0.03))
"""Where the box stands, x and y in the cell frame [m]."""
TURN = 0.12
"""And by how much it is turned at most [rad]."""

CLOTH = 0.149
"""Height of the cloth, on which the mark lies [m]."""

LIFT = 0.10
"""Rise of the centre of mass over its start [m]."""
OVER = 0.05
"""Horizontal distance of the centre of mass from the middle of the mark, at most: its radius [m]."""
HOLDING = Holding(hold=1.0, linger=0.5)
UPSET = 0.5
"""Cosine of the can's slant below which it lies."""

TEMPLATES = {
    "seen": (
        "find the can in the covered box and hold it over the mark",
        "feel for the can under the cloth, take it out and bring it over the red mark",
    ),
    "unseen": ("there is a can hidden in the box; hold it up over the red spot",),
}
FAILURES = (
    "none",
    "never_reached",
    "never_touched",
    "upset",
    "never_lifted",
    "dropped",
    "not_brought",
    "not_held",
)
NONE, NEVER_REACHED, NEVER_TOUCHED, UPSET_IT, NEVER_LIFTED, DROPPED, NOT_BROUGHT, NOT_HELD = range(len(FAILURES))
UNLIFTED = np.array([NEVER_REACHED, NEVER_TOUCHED, NEVER_LIFTED])
"""The failure by the stage that was reached."""


class FindByFeel(TaskBase):
    """A can stands in a box of 36 by 52 cm under loose cloth, anywhere in the middle 22 by 38 cm; so lies a mark on it.

    Agents see the box and the mark and not the can, in poses and in pictures; which can it is, and so its height and
    width, is not told either. Its centre of mass must be lifted by 10 cm and be over the mark, within its radius of 5
    cm, touched by a hand and nothing else, for one second without interruption, and still be there half a second later.
    It may be knocked over and found again. Attempts are lifts: it may be touched as often as it takes. 80 seconds.
    """

    name = "find_by_feel"
    version = VERSION
    hands = HANDS
    needs = (
        "touch: the can's place is told by no pose and no picture, and a hand that closes at random places meets it in "
        "few of the tries that it has time for; the lag of an arm that presses on it tells something of it too"
    )
    slots = 1
    articulated: tuple[str, ...] = (BOX, MARK)
    hidden_objects: tuple[int, ...] = (0,)
    horizon = 80.0
    stages: tuple[str, ...] = ("reach", "touch", "lift", "bring", "hold")
    failures: tuple[str, ...] = FAILURES
    splits = SPLITS

    def pool(self) -> tuple[str, ...]:
        """Return the cans."""
        return instances("can")

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw a can, where the box stands, where in it the can does, and where over it the mark lies."""
        name = str(rng.choice(instances("can", split)))
        x, y = (round(float(rng.uniform(*bounds)), 4) for bounds in AT)
        yaw = float(rng.uniform(-TURN, TURN))
        half = load_articulated(BOX).region("standing").half
        turn = (float(np.cos(yaw / 2)), 0.0, 0.0, float(np.sin(yaw / 2)))

        def somewhere() -> tuple[float, float]:
            u, v = (float(rng.uniform(-h, h)) for h in half[:2])
            c, s = float(np.cos(yaw)), float(np.sin(yaw))
            return round(x + u * c - v * s, 6), round(y + u * s + v * c, 6)

        can, mark = somewhere(), somewhere()
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=str(rng.choice(TEMPLATES[split])),
            target=0,
            objects=(upright(name, *can, float(rng.uniform(-np.pi, np.pi))),),
            articulated=(Setting(BOX, (x, y, 0.0), turn), marked(*mark, CLOTH)),
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
        up = lifted & (rise >= LIFT)
        off = aside(scene)
        goal = up & (off <= OVER)
        held = HOLDING.judge(scene, goal, lifted)  # what is touched in the search is no attempt
        x, y = scene.object_quaternion[:, 0, 1], scene.object_quaternion[:, 0, 2]
        lies = (1 - 2 * (x * x + y * y) < UPSET) & ~touching
        m["upset"] = upset = m["upset"] | lies

        inside = load_articulated(BOX).region("inside")
        at, turn = scene.object_position[:, box, None], scene.object_quaternion[:, box, None]
        entered = inside.contains(scene.palm_position - (0, 0, inside.half[2]), at, turn).any(axis=1)
        stage = HOLDING.reach(scene, np.maximum(entered, 2 * touching + up + goal + held.at_end))

        def failure() -> Array:
            return np.select(
                [held.at_end, held.once | ((stage >= 3) & ~up), goal, up, upset],
                [NONE, DROPPED, NOT_HELD, NOT_BROUGHT, UPSET_IT],
                UNLIFTED[np.minimum(stage, 2)],
            )

        def reward() -> Array:
            away = np.linalg.norm(scene.palm_position - scene.object_centre[:, :1], axis=2).min(axis=1)
            near = tolerance(away, (0.0, 0.10), margin=0.40)
            high = touching * tolerance(rise, (LIFT, np.inf), margin=LIFT, sigmoid="linear", value_at_margin=0.0)
            brought = up * tolerance(off, (0.0, OVER), margin=0.30)
            found = near + touching + 2 * high + 2 * brought + 2 * np.minimum(held.seconds / HOLDING.hold, 1.0)
            return np.asarray(found / 8)

        return Outcome(held.once, held.at_end, stage, held.attempts, reward, failure, held.done)


def make() -> FindByFeel:
    """Return the task."""
    return FindByFeel()

"""Pick up a die and turn it, in the air, until the face that the instruction names is on top."""

import numpy as np
from dm_control.utils.rewards import tolerance

from dexbench.core.holding import Holding, renew
from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.task import Region, TaskBase, versioned
from dexbench.core.trial import Outcome, Placement, Trial
from dexbench.objects.catalogue import instances, load_object
from dexbench.objects.layout import REGION

HANDS = 1
VERSION = 2
SPLITS: tuple[str, ...] = ("seen", "unseen")

FACES = {
    1: ("one", (0.0, 0.0, 1.0)),
    2: ("two", (1.0, 0.0, 0.0)),
    3: ("three", (0.0, 1.0, 0.0)),
    4: ("four", (0.0, -1.0, 0.0)),
    5: ("five", (-1.0, 0.0, 0.0)),
    6: ("six", (0.0, 0.0, -1.0)),
}
"""Pips, their word, and where the face points in the object frame; opposite faces add up to seven."""
NORMALS = np.array([normal for _, normal in FACES.values()])

LIFT = 0.08
"""Rise of the centre of mass over its start [m]."""
LEVEL = np.cos(np.deg2rad(20.0))
"""Least share of the face's normal that points up when it counts as on top."""
ASIDE = np.cos(np.deg2rad(45.0))
"""Beyond that it is another face that is on top: what was turned so far already when it was lifted does not count."""
HOLDING = Holding(hold=1.0, linger=1.0)
REACH = 0.15
"""Palm to the die's centre [m]."""

TEMPLATES = {
    "seen": (
        "pick up the {0} and turn it until the {1} is on top",
        "lift the {0} and turn it in your hand: {1} up",
        "show the {1} of the {0} upwards, off the table",
    ),
    "unseen": ("hold the {0} so that its {1} faces up", "the {1} of the {0} belongs on top; turn it in the air"),
}
FAILURES = (
    "none",
    "never_reached",
    "never_touched",
    "never_lifted",
    "not_turned",
    "turned_on_table",
    "dropped",
    "not_held",
)
NONE, NEVER_REACHED, NEVER_TOUCHED, NEVER_LIFTED, NOT_TURNED, ON_TABLE, DROPPED, NOT_HELD = range(len(FAILURES))
SHORT_OF = np.array([NEVER_REACHED, NEVER_TOUCHED, NEVER_LIFTED, NOT_TURNED])
"""The failure by the stage that was reached."""


class ReorientCube(TaskBase):
    """A die lies on the table, another face on top than the one that is asked for.

    The named face must point up within 20 degrees, with the centre of mass 8 cm or more above where it started, in a
    hand and touching nothing else, for one second without interruption and one second longer. It must have been turned
    in the air: counted from the last moment at which it touched anything but the hand or no hand at all, it must have
    been more than 45 degrees away. Toppling it on the table and lifting it then does not count, nor does throwing it.
    Whether fingers or wrist turn it is up to the agent.
    """

    name = "reorient_cube"
    version = VERSION
    hands = HANDS
    slots = 1
    region: Region | None = (*REGION, (-np.pi, np.pi))
    horizon = 40.0
    stages: tuple[str, ...] = ("reach", "touch", "lift", "turn", "hold")
    failures: tuple[str, ...] = FAILURES
    splits = SPLITS

    def pool(self) -> tuple[str, ...]:
        """Return the dice."""
        return tuple(instances("cube"))

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw a die, how it lies, and a face to turn up: beside the one on top, or unseen: also the opposite one."""
        name = str(rng.choice(instances("cube", split)))
        top = int(rng.integers(1, 7))
        faces = [f for f in FACES if f != top and (split == "unseen" or f != 7 - top)]
        face = int(rng.choice(faces))
        x, y = (round(float(rng.uniform(*bounds)), 6) for bounds in REGION)
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=str(rng.choice(TEMPLATES[split])).format(load_object(name).phrase, FACES[face][0]),
            target=0,
            objects=(_lying(name, top, x, y, float(rng.uniform(-np.pi, np.pi))),),
            extra={"face": float(face)},
        )

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""
        return HOLDING.remember(n) | {
            "start": np.zeros(n),  # height of the centre at the start [m]
            "normal": np.zeros((n, 3)),  # of the named face, in the object frame
            "air": np.zeros(n, bool),  # in a hand and free of all else
            "before": np.zeros(n, bool),  # the face was on top already when that began
        }

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Note which face is asked for, and the height at which the dice of `worlds` start."""
        renew(scene, worlds, self.remember(1))
        m = scene.memory
        m["start"][worlds] = scene.object_centre[worlds, 0, 2]
        m["normal"][worlds] = [NORMALS[int(scene.trials[world].extra.get("face", 1)) - 1] for world in worlds]

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now, in every world."""
        m = scene.memory
        rise = scene.object_centre[:, 0, 2] - m["start"]
        touching = np.logical_or.reduce(scene.hand_contacts[:, :, 0], axis=1)
        up = _height(scene.object_quaternion[:, 0], m["normal"])
        air = touching & (scene.other_contacts[:, 0] == 0)
        m["before"] = before = np.where(air & ~m["air"], up >= ASIDE, m["before"]) & air
        m["air"] = air
        lifted = air & (rise >= LIFT)
        top = lifted & (up >= LEVEL)
        goal = top & ~before
        held = HOLDING.judge(scene, goal, touching)

        away = scene.palm_position - scene.object_centre[:, :1]
        near = ((away * away).sum(axis=2) < REACH * REACH).any(axis=1)
        stage = HOLDING.reach(scene, np.maximum(near, 2 * touching + lifted + goal + held.at_end))

        def failure() -> Array:
            return np.select(
                [held.at_end, goal, top, (stage >= 3) & ~lifted],
                [NONE, NOT_HELD, ON_TABLE, DROPPED],
                SHORT_OF[np.minimum(stage, 3)],
            )

        def reward() -> Array:
            gaps = np.sqrt((away * away).sum(axis=2)).min(axis=1)
            close = tolerance(gaps, (0.0, 0.08), margin=0.40)
            high = tolerance(rise, (LIFT, np.inf), margin=LIFT)
            facing = tolerance(up, (LEVEL, 1.1), margin=2.0, sigmoid="linear", value_at_margin=0.0)
            turned = lifted & ~before
            found = close + touching * (1 + high) + 2 * turned * facing + 2 * np.minimum(held.seconds, HOLDING.hold)
            return np.asarray(found / 7)

        return Outcome(held.once, held.at_end, stage, held.attempts, reward, failure, held.done)


def _height(quaternion: Array, normal: Array) -> Array:
    """Return (n,) how far up a direction (n, 3) of frames (n, 4) wxyz points, -1 to 1."""
    w, x, y, z = quaternion.T
    third = np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], axis=1)
    return np.asarray((third * normal).sum(axis=1))


def _lying(name: str, top: int, x: float, y: float, yaw: float) -> Placement:
    """Return a die with the face `top` up, its centre above (x, y) [m]."""
    model, half = load_object(name), np.sqrt(0.5)
    laid = {
        1: (1.0, 0.0, 0.0, 0.0),
        2: (half, 0.0, -half, 0.0),
        3: (half, half, 0.0, 0.0),
        4: (half, -half, 0.0, 0.0),
        5: (half, 0.0, half, 0.0),
        6: (0.0, 1.0, 0.0, 0.0),
    }[top]
    c, s = float(np.cos(yaw / 2)), float(np.sin(yaw / 2))
    w, i, j, k = laid
    turn = (c * w - s * k, c * i - s * j, c * j + s * i, c * k + s * w)
    middle = model.height / 2
    w, i, j, k = turn
    own = np.array([2 * (i * k + w * j), 2 * (j * k - w * i), 1 - 2 * (i * i + j * j)]) * middle
    position = (round(x - float(own[0]), 6), round(y - float(own[1]), 6), round(middle - float(own[2]), 6))
    return Placement(name, position, turn, model.mass, float(model.friction[0]))


def make() -> ReorientCube:
    """Return the task."""
    return ReorientCube()

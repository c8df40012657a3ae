"""Switch a hand vacuum on with the thumb, once more for more suction, and sweep up confetti (GR-Dexter)."""

from dataclasses import replace

import numpy as np
from dm_control.utils.rewards import tolerance

from dexbench.core.holding import Holding, renew
from dexbench.core.rotations import quaternion_matrices
from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.task import TaskBase, versioned
from dexbench.core.trial import Outcome, Placement, Setting, Trial
from dexbench.objects.articulated import load_articulated
from dexbench.objects.catalogue import instances, load_object
from dexbench.objects.layout import scatter

HANDS = 1
VERSION = 2
SPLITS: tuple[str, ...] = ("seen", "unseen")

VACUUM = "vacuum"
BEADS = 5
"""Pieces of confetti on the table."""
PLACE = {"seen": ((0.49, 0.63), (-0.22, -0.06)), "unseen": ((0.48, 0.64), (-0.23, -0.05))}
"""Where the vacuum lies, x and y in the cell frame [m]."""
YAW = np.deg2rad(-50.0)
"""Way round of it: its nozzle to the left and to the robot, so that a right hand comes to its handle [rad]."""
TURN = {"seen": 0.55, "unseen": 0.60}
"""Largest turn from that [rad]."""
SPREAD = {"seen": ((0.36, 0.58), (0.0, 0.24)), "unseen": ((0.35, 0.59), (-0.01, 0.25))}
"""Where confetti lies, x and y in the cell frame [m]: no motion that is played again sweeps up all of it."""
FREE = 0.065
"""And no nearer to the vacuum's middle line than this [m]: it is 3.4 cm wide to either side of it."""
ENDS = (-0.142, 0.127)
"""Its tips along its own x [m]."""
GAP = 0.07
"""Free space between two pieces of it [m]."""

DOWN, BACK = 0.0022, 0.0012
"""Travel at which the button switches, and to which it must come back before it does so again [m]; it has 3 mm."""
OFF, LOW, HIGH = 0, 1, 2
"""Levels, one after the other with each press; after the last it is off again."""
WIDER = 0.025
"""How much further than the mouth's own region strong suction reaches, to all sides [m]; a choice (estimated): hand
vacuums pick up from a few centimetres at most."""
CLEAR = 0.002
"""Least height of the vacuum's lowest corner over the table while it is held up [m]."""
HOLDING = Holding(hold=0.5, linger=0.5)
REACH = 0.15
"""Palm to the vacuum's centre [m]."""

TEMPLATES = {
    "seen": (
        "take the vacuum, switch it on, press again for strong suction and sweep up the {0}s",
        "vacuum up all the {0}s at full power",
    ),
    "unseen": ("pick up the hand vacuum, press its button twice and clean the {0}s off the table",),
}
FAILURES = (
    "none",
    "never_reached",
    "never_touched",
    "never_held_up",
    "never_on",
    "never_strong",
    "little_swept",
    "left_some",
    "not_held",
)
NONE, NEVER_REACHED, NEVER_TOUCHED, NEVER_UP, NEVER_ON, NEVER_STRONG, LITTLE, SOME, NOT_HELD = range(len(FAILURES))
SHORT_OF = np.array([NEVER_REACHED, NEVER_TOUCHED, NEVER_UP, NEVER_ON, NEVER_STRONG, LITTLE, SOME, NOT_HELD])
"""The failure by the stage that was reached."""


class Vacuum(TaskBase):
    """A hand vacuum lies on the table, and five pieces of confetti.

    The button works as on the real thing: every press while the vacuum is held up, felt as travel of the button, goes
    from off to low to high and to off again. Held up means that a hand touches it and that all of it is at least 2 mm
    over the table, so that no forearm pushes it. A piece is taken in when it is in front of the mouth while the vacuum
    is on and held up; high suction reaches 25 mm further to all sides. Pieces that are taken in stay where they are in
    the simulation and count no more. All five must be taken in and the vacuum be held up, on high, for half a second
    without interruption and half a second more.
    """

    name = "vacuum"
    version = VERSION
    hands = HANDS
    slots = BEADS
    articulated: tuple[str, ...] = (VACUUM,)
    horizon = 40.0
    stages: tuple[str, ...] = ("reach", "touch", "up", "on", "strong", "half", "all", "hold")
    failures: tuple[str, ...] = FAILURES
    splits = SPLITS

    def pool(self) -> tuple[str, ...]:
        """Return confetti."""
        return instances("bead")

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw where the vacuum lies, and what confetti where."""
        name = str(rng.choice(instances("bead", split)))
        x, y = (round(float(rng.uniform(*bounds)), 6) for bounds in PLACE[split])
        yaw = float(YAW + rng.uniform(-TURN[split], TURN[split]))
        turn = (float(np.cos(yaw / 2)), 0.0, 0.0, float(np.sin(yaw / 2)))
        rest = tuple(j.rest for j in load_articulated(VACUUM).joints)
        ahead = np.array([np.cos(yaw), np.sin(yaw)])  # of its own x: from the nozzle to the back

        def beside(px: float, py: float, _radius: float) -> bool:
            there = np.array([px - x, py - y])
            along = np.clip(there @ ahead, *ENDS)
            return float(np.linalg.norm(there - along * ahead)) >= FREE

        pieces: tuple[Placement, ...] = scatter(rng, [name] * BEADS, SPREAD[split], GAP, beside)
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=str(rng.choice(TEMPLATES[split])).format(load_object(name).phrase),
            target=self.slots,  # the vacuum: it comes after the slots
            objects=pieces,
            articulated=(Setting(VACUUM, (x, y, 0.0), turn, rest),),
        )

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""
        return HOLDING.remember(n) | {
            "level": np.zeros(n, np.int64),
            "down": np.zeros(n, bool),  # the button, so that a press counts once
            "strong": np.zeros(n, bool),  # it has been on high
            "taken": np.zeros((n, BEADS), bool),
        }

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Begin with the vacuum off."""
        renew(scene, worlds, self.remember(1))

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now, in every world."""
        m, body = scene.memory, scene.index(VACUUM)
        position, turn = scene.object_position[:, body], scene.object_quaternion[:, body]
        hands = scene.hand_contacts[:, :, body] > 0
        touching = np.logical_or.reduce(hands, axis=1)
        model, matrix = load_articulated(VACUUM), quaternion_matrices(turn)
        lowest = position[:, 2] + np.minimum(matrix[:, 2] * model.lower, matrix[:, 2] * model.upper).sum(axis=1)
        up = touching & (lowest >= CLEAR)

        travel = scene.joint_position[:, scene.joint(f"{VACUUM}/button")]
        press = (travel >= DOWN) & ~m["down"]
        m["down"] = (travel >= DOWN) | (m["down"] & (travel > BACK))
        m["level"] = level = (m["level"] + (press & up)) % (HIGH + 1)
        m["strong"] = strong = m["strong"] | (level == HIGH)
        m["taken"] = taken = m["taken"] | (up[:, None] & _before_the_mouth(scene, level))
        count = taken.sum(axis=1)
        goal = (count == BEADS) & up & (level == HIGH)
        held = HOLDING.judge(scene, goal, touching)

        away = np.linalg.norm(scene.palm_position - scene.object_centre[:, body, None], axis=2).min(axis=1)
        begun = np.maximum(away < REACH, np.maximum(2 * touching, np.maximum(3 * up, 4 * (level > OFF))))
        swept = np.select([held.at_end, count == BEADS, 2 * count > BEADS], [8, 7, 6], 5) * strong
        stage = HOLDING.reach(scene, np.maximum(begun, swept))

        def failure() -> Array:
            return np.select([held.at_end], [NONE], SHORT_OF[np.minimum(stage, 7)])

        def reward() -> Array:
            near = tolerance(away, (0.0, 0.10), margin=0.40)
            powered = up * level / HIGH
            mouth = position + matrix @ model.region("mouth").position
            left = np.where(taken, np.inf, np.linalg.norm(scene.object_centre[:, :BEADS] - mouth[:, None], axis=2))
            nearest = np.where(count < BEADS, left.min(axis=1), 0.0)
            come = powered * tolerance(nearest, (0.0, 0.02), margin=0.20)
            return np.asarray((near + up + powered + come + 3 * count / BEADS + goal) / 8)

        return Outcome(held.once, held.at_end, stage, held.attempts, reward, failure, held.done)


def _before_the_mouth(scene: Scene, level: Array) -> Array:
    """Return (n, BEADS) bool: which pieces the mouth would take in at its level (n,) of suction."""
    mouth, body = load_articulated(VACUUM).region("mouth"), scene.index(VACUUM)
    place = scene.object_centre[:, :BEADS], scene.object_position[:, body, None], scene.object_quaternion[:, body, None]
    low, high = mouth.contains(*place), replace(mouth, half=mouth.half + WIDER).contains(*place)
    return np.asarray(np.where((level == HIGH)[:, None], high, low & (level == LOW)[:, None]))


def make() -> Vacuum:
    """Return the task."""
    return Vacuum()

"""Pick a croissant with tongs and put it on a plate that the other hand holds up: GR-Dexter's bread task."""

from dataclasses import replace

import numpy as np
from dm_control.utils.rewards import tolerance

from dexbench.core.holding import Holding, renew
from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.task import TaskBase, versioned
from dexbench.core.trial import Outcome, Setting, Trial
from dexbench.objects.articulated import load_articulated
from dexbench.objects.catalogue import instances, load_object
from dexbench.objects.layout import upright

HANDS = 2
VERSION = 3
"""3: tongs that a hand knocks up in the control period in which it meets them do not count as taken up."""
SPLITS: tuple[str, ...] = ("seen", "unseen")

TRAY, TONGS, PLATE = "bread_tray", "tongs", "cake_stand"
"""A plate on a stem stands for the plate: fingers do not get under one that lies flat."""
YAW = -np.pi / 6
"""Way round of tray and tongs: jaws ahead and to the right, handles to the right hand [rad]."""
PLACE = {TRAY: (0.60, -0.31), TONGS: (0.50, -0.03), PLATE: (0.53, 0.26)}
"""Where they stand, x and y in the cell frame [m]."""
ASIDE = {"seen": 0.04, "unseen": 0.05}
"""How far from there at most, along x and y, by split [m]: a recorded episode that is played again must miss."""
TURN = {"seen": 0.20, "unseen": 0.25}
"""And turned by how much at most [rad]."""
IN_TRAY = {"seen": 0.0075, "unseen": 0.015}
"""How far the croissant is from the middle of its tray at most, along x and y, by split [m]."""

PICKED = 0.03
"""Rise of the croissant's centre between the jaws, over its start, that counts as picked up [m]."""
CLOSED = 0.05
"""Least angle by which the tongs are closed then [rad]."""
UP = 0.03
"""Least height of the plate's foot over the table while it is held up [m]."""
LEAN = np.cos(np.deg2rad(20.0))
"""Cosine of how far the plate may lean."""
TONGS_UP = 0.02
"""Height of the tongs over the table at which they count as taken up [m]."""
STILL = 0.10
"""Largest speed of the croissant on the plate [m/s]: a hand is never quite still."""
HOLDING = Holding(hold=1.0, linger=1.0)
REACH = 0.15
"""Palm to the tongs' centre [m]."""

TEMPLATES = {
    "seen": (
        "pick the {0} with the tongs and put it on the plate in your other hand",
        "take the tongs, hold up the plate and serve the {0} on it",
    ),
    "unseen": ("serve the {0} with tongs; the other hand keeps the plate up",),
}
FAILURES = (
    "none",
    "never_reached",
    "never_touched",
    "tongs_not_lifted",
    "not_picked",
    "plate_not_held",
    "not_placed",
    "not_released",
    "not_held",
    "by_hand",
)
NONE, REACHED, TOUCHED, TONGS_LEFT, UNPICKED, UNHELD, UNPLACED, UNRELEASED, UNSTEADY, BY_HAND = range(len(FAILURES))
SHORT_OF = np.array([REACHED, TOUCHED, TONGS_LEFT, UNPICKED, UNHELD, UNPLACED, UNRELEASED, UNSTEADY])
"""The failure by the stage that was reached."""


class Bread(TaskBase):
    """A croissant lies in a tray; tongs and a plate on a stem stand beside it.

    The croissant must be picked up between the jaws of the tongs, a hand at the tongs, and come onto the plate while a
    hand holds the plate up, its foot 3 cm over the table or more and not leaning by more than 20 degrees. There it must
    lie, slower than 10 cm/s and no longer between the jaws, for one second without interruption and one second longer,
    the plate being held up all the time. One that comes onto a plate that stands does not count until it has been taken
    off again. No hand may touch the croissant, ever: then the episode is over.
    """

    name = "bread"
    version = VERSION
    hands = HANDS
    needs = "two hands: the croissant counts only if tongs put it on a plate that is held up meanwhile"
    slots = 1
    articulated: tuple[str, ...] = (TRAY, TONGS, PLATE)
    horizon = 48.0
    stages: tuple[str, ...] = ("reach", "touch", "tongs", "picked", "both", "placed", "released", "hold")
    failures: tuple[str, ...] = FAILURES
    splits = SPLITS

    def pool(self) -> tuple[str, ...]:
        """Return the croissants."""
        return instances("croissant")

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw which croissant, and where everything stands."""
        name = str(rng.choice(instances("croissant", split)))
        settings = tuple(_stand(item, rng, split) for item in self.articulated)
        tray = settings[0]
        aside = rng.uniform(-IN_TRAY[split], IN_TRAY[split], 2)
        yaw = 2 * float(np.arctan2(tray.quaternion[3], tray.quaternion[0]))
        floor = load_articulated(TRAY).region("inside")
        croissant = upright(name, tray.position[0] + aside[0], tray.position[1] + aside[1], yaw)
        height = round(float(floor.position[2] - floor.half[2]) + 0.001, 6)
        lying = replace(croissant, position=(*croissant.position[:2], height))
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=str(rng.choice(TEMPLATES[split])).format(load_object(name).phrase),
            target=0,
            objects=(lying,),
            articulated=settings,
        )

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""
        return HOLDING.remember(n) | {
            "start": np.zeros(n),  # height of the croissant's centre at the start [m]
            "met": np.zeros(n, bool),  # the tongs were touched one control period ago
            "picked": np.zeros(n, bool),
            "good": np.zeros(n, bool),  # on the plate, and came there while it was held up
            "spoilt": np.zeros(n, bool),  # came there while it was not
            "by_hand": np.zeros(n, bool),
        }

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Note the heights at which the croissants of `worlds` start."""
        renew(scene, worlds, self.remember(1))
        scene.memory["start"][worlds] = scene.object_centre[worlds, 0, 2]

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now, in every world."""
        m, croissant = scene.memory, scene.object_centre[:, 0]
        tongs, other, plate = (scene.index(b) for b in (TONGS, f"{TONGS}/other_arm", PLATE))
        touched = np.logical_or.reduce(scene.hand_contacts > 0, axis=1)  # (n, K)
        at_tongs, at_plate = touched[:, tongs] | touched[:, other], touched[:, plate]
        m["by_hand"] = by_hand = m["by_hand"] | (touched[:, 0] & ~m["once"])

        jaws, top = load_articulated(TONGS).region("between_jaws"), load_articulated(PLATE).region("on_plate")
        between = jaws.contains(croissant, scene.object_position[:, tongs], scene.object_quaternion[:, tongs])
        closed = scene.joint_position[:, scene.joint(f"{TONGS}/close")] >= CLOSED
        gripped = between & closed & at_tongs
        tongs_up = at_tongs & (scene.object_position[:, tongs, 2] >= TONGS_UP)
        up_now = gripped & tongs_up & (croissant[:, 2] - m["start"] >= PICKED)
        m["picked"] = picked = m["picked"] | up_now

        quaternion = scene.object_quaternion[:, plate]
        level = 1 - 2 * (quaternion[:, 1] ** 2 + quaternion[:, 2] ** 2) >= LEAN
        held_up = at_plate & level & (scene.object_position[:, plate, 2] >= UP)
        there = top.contains(croissant, scene.object_position[:, plate], quaternion)
        m["spoilt"] = spoilt = there & (m["spoilt"] | (~held_up & ~m["good"]))
        m["good"] = good = there & ~spoilt & picked & (held_up | m["good"])
        still = np.linalg.norm(scene.object_velocity[:, 0, :3], axis=1) <= STILL
        free = good & held_up & ~between
        goal = free & still & ~by_hand
        held = HOLDING.judge(scene, goal, at_tongs | at_plate)
        m["once"] = once = held.once & ~by_hand
        at_end = once & goal

        away = np.linalg.norm(scene.palm_position - scene.object_centre[:, tongs, None], axis=2).min(axis=1)
        raised = tongs_up & m["met"]  # what a hand has knocked up is not
        m["met"] = at_tongs
        early = np.maximum(away < REACH, np.maximum(2 * (at_tongs | at_plate), 3 * raised))
        late = np.select([at_end, free, good & held_up, up_now & held_up, picked], [8, 7, 6, 5, 4], 0)
        stage = HOLDING.reach(scene, np.where(by_hand, m["stage"], np.maximum(early, late)))

        def failure() -> Array:
            return np.select([at_end, by_hand], [NONE, BY_HAND], SHORT_OF[np.minimum(stage, 7)])

        def reward() -> Array:
            near = tolerance(away, (0.0, 0.12), margin=0.40)
            reach = np.linalg.norm(croissant - scene.object_centre[:, tongs], axis=1)
            come = tongs_up * tolerance(reach, (0.0, 0.13), margin=0.30)
            gap = np.linalg.norm(croissant - scene.object_position[:, plate] - top.position, axis=1)
            carried = up_now * (1 + tolerance(gap, (0.0, 0.05), margin=0.30))
            found = near + come + carried + held_up + 2 * free + np.minimum(held.seconds, HOLDING.hold)
            return np.asarray(np.where(by_hand, 0.0, found / 8))

        return Outcome(once, at_end, stage, held.attempts, reward, failure, (held.done & once) | by_hand)


def _stand(name: str, rng: np.random.Generator, split: str) -> Setting:
    """Return where one of the three things stands."""
    x, y = (round(at + float(rng.uniform(-ASIDE[split], ASIDE[split])), 6) for at in PLACE[name])
    yaw = YAW + float(rng.uniform(-TURN[split], TURN[split]))
    turn = (float(np.cos(yaw / 2)), 0.0, 0.0, float(np.sin(yaw / 2)))
    return Setting(name, (x, y, 0.0), turn, tuple(j.rest for j in load_articulated(name).joints))


def make() -> Bread:
    """Return the task."""
    return Bread()

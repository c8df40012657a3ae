"""The rules of the vacuum and of the bread, asked about scenes that are written down."""

from collections.abc import Iterator

import numpy as np
import pytest

from dexbench.core import shelf
from dexbench.objects.articulated import load_articulated
from dexbench.objects.catalogue import load_object
from tests.written_scene import PERIOD, play

# --- vacuum --------------------------------------------------------------------------------------------------------


class Cleaner:
    """A vacuum, a hand, and confetti that a test puts before its mouth."""

    def __init__(self) -> None:
        self.p = play("vacuum")
        self.scene = self.p.scene
        self.body, self.button = self.scene.index("vacuum"), self.scene.joint("vacuum/button")
        self.scene.object_quaternion[0, self.body] = [1.0, 0.0, 0.0, 0.0]
        self.scene.object_position[0, self.body] = [0.5, 0.0, 0.0]
        self.scene.object_centre[0, :5] = [0.0, 0.5, 0.008]

    def take(self, height: float = 0.01) -> None:
        self.p.held_by(self.body, "right")
        self.scene.object_position[0, self.body, 2] = height
        self.p.live()

    def press(self, times: int = 1, travel: float = 0.003) -> None:
        for _ in range(times):
            self.scene.joint_position[0, self.button] = travel
            self.p.live()
            self.scene.joint_position[0, self.button] = 0.0
            self.p.live()

    def sweep(self, pieces: Iterator[int] | range = range(5), ahead: float = 0.0) -> None:
        mouth = load_articulated("vacuum").region("mouth").position
        for k in pieces:
            self.scene.object_centre[0, k] = [0.5 + mouth[0] - ahead, 0.0, 0.008]
            self.p.live()
            self.scene.object_centre[0, k] = [0.0, 0.5, 0.008]


def test_switched_on_twice_and_swept_counts() -> None:
    c = Cleaner()
    c.take()
    assert c.p.live().stage[0] == 3
    c.press()
    assert c.p.code(c.p.live()) == "never_strong"
    c.press()
    assert c.p.code(c.p.live()) == "little_swept"
    c.sweep(range(3), ahead=0.03)
    some = c.p.live()
    assert (some.stage[0], c.p.code(some)) == (6, "left_some")
    c.sweep(range(3, 5))
    assert not c.p.live(0.2).success_once[0]
    done = c.p.live(1.2)
    assert done.success_at_end[0]
    assert done.done[0]
    assert c.p.code(done) == "none"


def test_low_suction_reaches_less_far_and_is_not_enough() -> None:
    c = Cleaner()
    c.take()
    c.press()
    c.sweep(ahead=0.03)
    assert not c.scene.memory["taken"].any()
    c.sweep()
    assert c.scene.memory["taken"].all()
    assert not c.p.live(2.0).success_once[0]
    c.press()
    assert c.p.live(1.2).success_at_end[0]


def test_a_third_press_switches_off() -> None:
    c = Cleaner()
    c.take()
    c.press(3)
    c.sweep()
    assert not c.scene.memory["taken"].any()


def test_a_button_that_is_held_down_or_hardly_moved_is_pressed_once_or_not_at_all() -> None:
    c = Cleaner()
    c.take()
    c.press(5, travel=0.0015)
    assert c.scene.memory["level"][0] == 0
    c.scene.joint_position[0, c.button] = 0.003
    c.p.live(1.0)
    c.scene.joint_position[0, c.button] = 0.0018  # has not come back
    c.p.live()
    c.scene.joint_position[0, c.button] = 0.003
    c.p.live(1.0)
    assert c.scene.memory["level"][0] == 1


@pytest.mark.parametrize("how", ["lying", "off", "no_hand", "nozzle_down"])
def test_pushing_confetti_about_does_not_count(how: str) -> None:
    c = Cleaner()
    c.take(0.0 if how == "lying" else 0.01)
    if how != "off":
        c.press(2)
    if how == "no_hand":
        c.scene.hand_contacts[:] = 0  # a forearm
    if how == "nozzle_down":
        c.scene.object_quaternion[0, c.body] = [np.cos(-0.1), 0.0, np.sin(-0.1), 0.0]
    c.sweep()
    assert not c.scene.memory["taken"].any()
    assert not c.p.live(2.0).success_once[0]


def test_what_is_dropped_after_sweeping_does_not_count() -> None:
    c = Cleaner()
    c.take()
    c.press(2)
    c.sweep()
    c.p.live(0.6)
    c.scene.hand_contacts[:] = 0
    out = c.p.live(1.0)
    assert out.success_once[0]
    assert not out.success_at_end[0]
    assert c.p.code(out) == "not_held"


# --- bread ---------------------------------------------------------------------------------------------------------


class Server:
    """Tongs, a croissant and a plate that a test moves about."""

    def __init__(self) -> None:
        self.p = play("bread")
        s = self.scene = self.p.scene
        self.tongs, self.plate = s.index("tongs"), s.index("cake_stand")
        s.object_quaternion[0, [self.tongs, self.plate]] = [1.0, 0.0, 0.0, 0.0]

    def pick(self, closed: float = 0.2) -> None:
        jaws = load_articulated("tongs").region("between_jaws").position
        self.p.held_by(self.tongs, "right")
        self.scene.joint_position[0, self.scene.joint("tongs/close")] = closed
        self.scene.object_position[0, self.tongs] = self.scene.object_centre[0, 0] - jaws + [0.0, 0.0, 0.1]
        self.scene.object_centre[0, 0, 2] += 0.1
        self.p.live()

    def hold(self, height: float = 0.05) -> None:
        self.p.held_by(self.plate, "left")
        self.scene.object_position[0, self.plate] = [0.5, 0.2, height]
        self.p.live()

    def serve(self) -> None:
        top = load_articulated("cake_stand").region("on_plate").position
        s = self.scene
        there = s.object_position[0, self.plate] + top
        s.object_position[0, self.tongs] += there - s.object_centre[0, 0]
        s.object_centre[0, 0] = there
        self.p.live()

    def open(self) -> None:
        self.scene.object_position[0, self.tongs, 0] -= 0.15
        self.scene.joint_position[0, self.scene.joint("tongs/close")] = 0.0
        self.p.live()


def test_bread_served_with_tongs_on_a_held_plate_counts() -> None:
    b = Server()
    b.pick()
    assert b.p.live().stage[0] == 4
    b.hold()
    assert b.p.live().stage[0] == 5
    b.serve()
    assert b.p.code(b.p.live(2.0)) == "not_released"
    b.open()
    assert not b.p.live(0.8).success_once[0]
    done = b.p.live(1.4)
    assert done.success_at_end[0]
    assert done.done[0]


def test_tongs_that_a_hand_knocks_up_are_not_taken_up() -> None:
    """A finger that comes fast meets them and has them 2 cm up within one control period."""
    b = Server()
    b.p.held_by(b.tongs, "right")
    b.scene.object_position[0, b.tongs, 2] = 0.03
    period = b.p.scene.period
    assert b.p.live(period).stage[0] == 2
    assert b.p.live(period).stage[0] == 3


@pytest.mark.parametrize("how", ["standing", "open", "flung", "leaning", "let_go"])
def test_bread_that_comes_otherwise_does_not_count(how: str) -> None:
    b = Server()
    b.pick(0.0 if how == "open" else 0.2)
    if how == "flung":
        b = Server()
    b.hold(0.0 if how == "standing" else 0.05)
    if how == "leaning":
        b.scene.object_quaternion[0, b.plate] = [np.cos(0.25), np.sin(0.25), 0.0, 0.0]
    if how == "let_go":
        b.scene.hand_contacts[:, :, b.plate] = 0
    b.serve()
    b.open()
    if how == "standing":
        b.scene.object_centre[0, 0, 2] += 0.05
        b.hold()  # one hand: first serve, then lift the plate
    assert not b.p.live(3.0).success_once[0]


def test_bread_taken_off_a_standing_plate_may_be_served_again() -> None:
    b = Server()
    b.pick()
    b.hold(0.0)
    b.serve()
    b.scene.object_centre[0, 0] += [0.0, 0.4, 0.1]
    b.p.live()
    b.hold()
    b.serve()
    b.open()
    assert b.p.live(2.2).success_at_end[0]


def test_a_hand_at_the_bread_ends_the_episode() -> None:
    b = Server()
    b.p.held_by(0, "left")
    out = b.p.live(2 * PERIOD)
    assert out.done[0]
    assert b.p.code(out) == "by_hand"
    assert out.reward[0] == 0


# --- makeup_table --------------------------------------------------------------------------------------------------


def test_what_has_been_put_away_is_in_its_place_and_fits_into_the_shut_drawer() -> None:
    """At the start of the last sub-task, and the items in the drawer are lower than what is over it."""
    task = shelf.load_task("makeup_table")
    trial = task.number(np.random.default_rng(0), "basic", 5)
    cabinet = load_articulated("cabinet")
    (link,) = (i for i in cabinet.links if i.name == "drawer_top")
    at, (c, s) = trial.articulated[0].position, (trial.articulated[0].quaternion[k] for k in (0, 3))
    yaw = 2 * float(np.arctan2(s, c))
    turn = np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
    for k, item in enumerate(trial.objects[:5]):
        there = turn.T @ (np.array(item.position) - at)
        region = cabinet.region("inside_top" if k < 3 else "on_top")
        away = there + np.array([0.0, 0.0, 0.01]) - region.position - (link.position if k < 3 else 0.0)
        assert (np.abs(away) <= region.half).all(), item.instance
        if k < 3:
            assert there[2] + load_object(item.instance).height < 0.26

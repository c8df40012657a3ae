"""The success rules, asked about scenes that are written down instead of simulated."""

import numpy as np
import pytest

from dexbench.core import shelf
from dexbench.core.scene import Scene
from dexbench.core.task import Task
from dexbench.core.trial import Outcome
from tests.written_scene import PERIOD, play

TASKS = ("grasp_object", "lift_tray")
"""The tasks of lifting and holding; the others' rules have files of their own."""


def scene_of(task: Task) -> Scene:
    """Return a scene in which nothing has happened yet: the first object is meant, the hands are far away."""
    scene = play(task.name, ("right", "left")[: task.hands]).scene
    scene.target[:] = 0
    return scene


def live(task: Task, scene: Scene, seconds: float) -> Outcome:
    """Let the present scene last."""
    for _ in range(round(seconds / PERIOD)):
        outcome = task.judge(scene)
    return outcome


def lifted(scene: Scene, height: float = 0.12) -> None:
    """Raise the first object in all present hands, to the mark where there is one."""
    scene.object_centre[:, 0, 2] += height
    if "mark" in scene.names:
        scene.object_centre[:, 0, :2] = scene.object_position[:, scene.index("mark"), :2]
    scene.hand_contacts[:, :, 0] = 2
    scene.other_contacts[:, 0] = 0
    scene.palm_position[:] = scene.object_centre[:, :1]


@pytest.fixture(params=TASKS)
def task(request: pytest.FixtureRequest) -> Task:
    return shelf.load_task(request.param)


def test_held_long_enough_succeeds(task: Task) -> None:
    scene = scene_of(task)
    assert not live(task, scene, 0.2).done[0]
    lifted(scene)
    early = live(task, scene, 0.9)
    assert not early.success_once[0]
    assert early.reward[0] < 1
    late = live(task, scene, 1.2)
    assert late.success_once[0]
    assert late.success_at_end[0]
    assert late.done[0]
    assert late.stage[0] == len(task.stages)
    assert task.failures[late.failure[0]] == "none"


def test_a_moment_is_not_enough(task: Task) -> None:
    """Thrown or bounced: high for half a second, again and again."""
    scene = scene_of(task)
    for _ in range(6):
        lifted(scene)
        live(task, scene, 0.8)
        scene.object_centre[:, 0, 2] -= 0.12
        outcome = live(task, scene, 0.1)
    assert not outcome.success_once[0]


def test_flight_without_a_hand_fails(task: Task) -> None:
    scene = scene_of(task)
    lifted(scene)
    scene.hand_contacts[:] = 0
    assert not live(task, scene, 5).success_once[0]


def test_anything_else_that_supports_fails(task: Task) -> None:
    """Wedged against another object, an arm or the table."""
    scene = scene_of(task)
    lifted(scene)
    scene.other_contacts[:, 0] = 1
    assert not live(task, scene, 5).success_once[0]


def test_too_low_fails(task: Task) -> None:
    scene = scene_of(task)
    lifted(scene, 0.09)
    assert not live(task, scene, 5).success_once[0]


def test_dropped_afterwards_is_no_success_at_the_end(task: Task) -> None:
    scene = scene_of(task)
    lifted(scene)
    live(task, scene, 1.2)
    scene.object_centre[:, 0, 2] -= 0.12
    scene.hand_contacts[:] = 0
    outcome = live(task, scene, 1.0)
    assert outcome.success_once[0]
    assert not outcome.success_at_end[0]
    assert task.failures[outcome.failure[0]] == "dropped"


def test_the_wrong_object_does_not_count() -> None:
    task = shelf.load_task("grasp_object")
    scene = scene_of(task)
    lifted(scene)
    scene.target[:] = 1
    outcome = live(task, scene, 3)
    assert not outcome.success_once[0]
    assert task.failures[outcome.failure[0]] == "wrong_object"


def test_attempts_end_when_the_object_is_left_alone() -> None:
    task = shelf.load_task("grasp_object")
    scene = scene_of(task)
    for expected in (1, 2, 3):
        scene.hand_contacts[:, :, 0] = 1
        outcome = live(task, scene, 0.2)
        assert outcome.attempts[0] == expected
        assert not outcome.done[0]
        scene.hand_contacts[:] = 0
        outcome = live(task, scene, 0.6)
    assert outcome.done[0]
    assert not outcome.success_at_end[0]


def test_a_tray_beside_the_mark_fails() -> None:
    task = shelf.load_task("lift_tray")
    scene = scene_of(task)
    lifted(scene)
    scene.object_centre[:, 0, 0] += 0.03
    outcome = live(task, scene, 3)
    assert outcome.stage[0] == 4
    assert not outcome.success_once[0]
    assert task.failures[outcome.failure[0]] == "not_brought"
    scene.object_centre[:, 0, 0] -= 0.01
    assert live(task, scene, 2.2).success_at_end[0]


def test_a_tilted_tray_fails() -> None:
    task = shelf.load_task("lift_tray")
    scene = scene_of(task)
    lifted(scene)
    angle = np.deg2rad(20)
    scene.object_quaternion[:, 0] = [np.cos(angle / 2), np.sin(angle / 2), 0, 0]
    outcome = live(task, scene, 3)
    assert not outcome.success_once[0]
    assert task.failures[outcome.failure[0]] == "tilted"

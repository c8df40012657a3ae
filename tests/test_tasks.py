"""The success rules, asked about scenes that are written down instead of simulated."""

import numpy as np
import pytest

from dexbench.core import shelf
from dexbench.core.scene import Scene
from dexbench.core.task import Task, versioned
from dexbench.core.trial import Outcome, Trial

PERIOD = 0.04
TASKS = ("grasp_object", "lift_tray")
"""The tasks of lifting and holding; the others' rules have files of their own."""


def scene_of(task: Task) -> Scene:
    """Return a scene in which nothing happens yet: the object stands, the hands are far away."""
    k, s = task.slots, task.hands
    return Scene(
        trials=[task.place(np.random.default_rng(0), task.splits[0])],
        rows=np.arange(1),
        sides=("right", "left")[:s],
        time=np.zeros(1),
        period=PERIOD,
        target=np.zeros(1, np.int64),
        object_position=np.zeros((1, k, 3)),
        object_quaternion=np.tile([1.0, 0, 0, 0], (1, k, 1)),
        object_velocity=np.zeros((1, k, 6)),
        object_centre=np.tile([0.6, 0.0, 0.05], (1, k, 1)) + np.arange(k)[None, :, None] * [0, 0.2, 0],
        palm_position=np.tile([0.3, 0.0, 0.6], (1, s, 1)),
        hand_contacts=np.zeros((1, s, k)),
        hand_force=np.zeros((1, s, k)),
        other_contacts=np.ones((1, k)),
        memory=task.remember(1),
    )


def live(task: Task, scene: Scene, seconds: float) -> Outcome:
    """Let the present scene last."""
    for _ in range(round(seconds / PERIOD)):
        outcome = task.judge(scene)
    return outcome


def lifted(scene: Scene, height: float = 0.12) -> None:
    """Raise the first object in all present hands."""
    scene.object_centre[:, 0, 2] += height
    scene.hand_contacts[:, :, 0] = 2
    scene.other_contacts[:, 0] = 0
    scene.palm_position[:] = scene.object_centre[:, :1]


@pytest.fixture(params=TASKS)
def task(request: pytest.FixtureRequest) -> Task:
    return shelf.load_task(request.param)


def test_held_long_enough_succeeds(task: Task) -> None:
    scene = scene_of(task)
    task.begin(scene, [0])
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
    task.begin(scene, [0])
    for _ in range(6):
        lifted(scene)
        live(task, scene, 0.8)
        scene.object_centre[:, 0, 2] -= 0.12
        outcome = live(task, scene, 0.1)
    assert not outcome.success_once[0]


def test_flight_without_a_hand_fails(task: Task) -> None:
    scene = scene_of(task)
    task.begin(scene, [0])
    lifted(scene)
    scene.hand_contacts[:] = 0
    assert not live(task, scene, 5).success_once[0]


def test_anything_else_that_supports_fails(task: Task) -> None:
    """Wedged against another object, an arm or the table."""
    scene = scene_of(task)
    task.begin(scene, [0])
    lifted(scene)
    scene.other_contacts[:, 0] = 1
    assert not live(task, scene, 5).success_once[0]


def test_too_low_fails(task: Task) -> None:
    scene = scene_of(task)
    task.begin(scene, [0])
    lifted(scene, 0.09)
    assert not live(task, scene, 5).success_once[0]


def test_dropped_afterwards_is_no_success_at_the_end(task: Task) -> None:
    scene = scene_of(task)
    task.begin(scene, [0])
    lifted(scene)
    live(task, scene, 1.2)
    scene.object_centre[:, 0, 2] -= 0.12
    scene.hand_contacts[:] = 0
    outcome = live(task, scene, 1.0)
    assert outcome.success_once[0]
    assert not outcome.success_at_end[0]
    assert task.failures[outcome.failure[0]] == "dropped"


def test_memory_of_one_world_can_be_begun_alone(task: Task) -> None:
    scene = scene_of(task)
    task.begin(scene, [0])
    lifted(scene)
    live(task, scene, 3)
    task.begin(scene, [0])
    assert all((scene.memory[n] == v).all() for n, v in task.remember(1).items() if n != "start")


def test_trials_are_data(task: Task) -> None:
    for split in task.splits:
        trial = task.place(np.random.default_rng(1), split)
        assert Trial.from_row(trial.row()) == trial
        assert trial.task == versioned(task)
        assert trial.split == split
        assert trial.digest() == task.place(np.random.default_rng(1), split).digest()
        assert trial.digest() != task.place(np.random.default_rng(2), split).digest()


def test_splits_have_no_object_in_common(task: Task) -> None:
    draws = {
        s: {o.instance for i in range(60) for o in task.place(np.random.default_rng(i), s).objects} for s in task.splits
    }
    assert not draws["seen"] & draws["unseen"]


def test_the_wrong_object_does_not_count() -> None:
    task = shelf.load_task("grasp_object")
    scene = scene_of(task)
    task.begin(scene, [0])
    lifted(scene)
    scene.target[:] = 1
    outcome = live(task, scene, 3)
    assert not outcome.success_once[0]
    assert task.failures[outcome.failure[0]] == "wrong_object"


def test_attempts_end_when_the_object_is_left_alone() -> None:
    task = shelf.load_task("grasp_object")
    scene = scene_of(task)
    task.begin(scene, [0])
    for expected in (1, 2, 3):
        scene.hand_contacts[:, :, 0] = 1
        outcome = live(task, scene, 0.2)
        assert outcome.attempts[0] == expected
        assert not outcome.done[0]
        scene.hand_contacts[:] = 0
        outcome = live(task, scene, 0.6)
    assert outcome.done[0]
    assert not outcome.success_at_end[0]


def test_a_tilted_tray_fails() -> None:
    task = shelf.load_task("lift_tray")
    scene = scene_of(task)
    task.begin(scene, [0])
    lifted(scene)
    angle = np.deg2rad(20)
    scene.object_quaternion[:, 0] = [np.cos(angle / 2), np.sin(angle / 2), 0, 0]
    outcome = live(task, scene, 3)
    assert not outcome.success_once[0]
    assert task.failures[outcome.failure[0]] == "tilted"

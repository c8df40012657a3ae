"""Cells with articulated objects: what a task sees of them, what agents are told, what disturbs."""

from dataclasses import replace

import numpy as np
import pytest

from dexbench.core.errors import DataError
from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.task import TaskBase
from dexbench.core.trial import Outcome, Setting, Trial
from dexbench.objects.articulated import load_articulated
from dexbench.objects.layout import upright
from dexbench.sensors.images import FIRST_OBJECT, ImageRequest
from dexbench.sim.world import SimWorld

ROBOT = "shadow_ur10e"
WEIGHT = 0.4 * 9.81
"""Of can_01 with the mass that the trials give it [N]."""


class Chores(TaskBase):
    """A cabinet, a basket, a free jar, and two cans; nothing to do."""

    name, version, slots, horizon = "chores", 1, 2, 4.0
    stages: tuple[str, ...] = ("start",)
    failures: tuple[str, ...] = ("none", "lazy")
    articulated = ("cabinet", "basket", "screw_jar")
    senses_force = True
    push = 0.0

    def pool(self) -> tuple[str, ...]:
        return ("can_01", "can_02")

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        spots = {"cabinet": (0.95, 0.3, 0.0), "basket": (0.55, -0.35, 0.0), "screw_jar": (0.6, 0.2, 0.0)}
        return Trial(
            "chores-v1", split, 3, "tidy up", 0,
            (replace(upright("can_01", 0.7, 0.0, 0.0), mass=0.4), upright("can_02", 0.5, 0.0, 0.0)),
            articulated=tuple(
                Setting(n, at, (1.0, 0.0, 0.0, 0.0), tuple(j.rest for j in load_articulated(n).joints))
                for n, at in spots.items()
            ),
        )  # fmt: skip

    def remember(self, n: int) -> dict[str, Array]:
        return {}

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        pass

    def disturb(self, scene: Scene) -> Array | None:
        if not self.push:
            return None
        force = np.zeros((len(scene.rows), len(scene.names), 6))
        force[:, 0, 0] = self.push * (scene.time > 0.5)
        return force

    def judge(self, scene: Scene) -> Outcome:
        none, zero = np.zeros(len(scene.rows), bool), np.zeros(len(scene.rows), np.int64)
        return Outcome(none, none, zero, zero, zero * 1.0, zero + 1, none)


def run(task: Chores, seconds: float, n: int = 1, trial: Trial | None = None) -> SimWorld:
    """Return a world in which nobody does anything for a while."""
    world = SimWorld(task, ROBOT, n, groups=("state", "objects", "kinds"))
    world.reset([trial or task.place(np.random.default_rng(0), "seen")] * n)
    home = np.tile(world.spec.embodiment.home, (n, 1))
    for _ in range(round(seconds / world.cell.period)):
        world.advance(home)
    return world


def test_everything_stands_where_the_trial_says() -> None:
    world = run(Chores(), 1.0, n=2)
    scene = world.scene
    assert scene.names[:3] == ("object_0", "object_1", "cabinet")
    assert "screw_jar/lid" in scene.names
    for setting in scene.trials[1].articulated:
        at = scene.object_position[1, scene.index(setting.name)]
        assert np.abs(at - setting.position).max() < 2e-3, setting.name
    assert np.abs(scene.object_velocity[..., :3]).max() < 1e-3
    assert (scene.object_position[0] == scene.object_position[1]).all()


def test_joints_begin_where_the_trial_says() -> None:
    task = Chores()
    trial = task.place(np.random.default_rng(0), "seen")
    cabinet = trial.articulated[0]
    opened = replace(cabinet, joints=(0.08, *cabinet.joints[1:]))
    world = run(task, 0.4, trial=replace(trial, articulated=(opened, *trial.articulated[1:])))
    name = world.scene.joint_names[0]
    drawer = world.scene.index(name)
    assert world.scene.joint_position[0, world.scene.joint(name)] == pytest.approx(0.08, abs=2e-3)
    moved = world.scene.object_position[0, drawer] - world.scene.object_position[0, world.scene.index("cabinet")]
    shut = run(task, 0.4).scene
    rest = shut.object_position[0, drawer] - shut.object_position[0, shut.index("cabinet")]
    assert np.linalg.norm(moved - rest) == pytest.approx(0.08, abs=3e-3)


def test_agents_see_objects_and_joints() -> None:
    world = run(Chores(), 0.2)
    seen = world.observe()
    fields = world.spec.observations
    assert fields["object_pose"].labels == world.scene.names
    assert fields["articulation"].labels == world.scene.joint_names
    assert seen["articulation"].shape == (1, len(world.scene.joint_names))
    assert [world.spec.pool[int(k)] for k in seen["object_kind"][0, :2]] == ["can_01", "can_02"]
    assert (seen["object_kind"][0, 2:] == -1).all()


def test_what_is_hidden_is_not_seen() -> None:
    class Secret(Chores):
        hidden_target = True
        hidden_objects = (1,)

    seen = run(Secret(), 0.2).observe()
    assert not seen["target"].any()
    assert not seen["object_pose"][0, 1].any()
    assert seen["object_pose"][0, 0].any()
    assert seen["object_kind"][0].tolist()[:2] == [0, -1]


def test_what_is_hidden_is_in_no_picture() -> None:
    class Secret(Chores):
        hidden_objects = (1,)

    labels = []
    for task in (Chores(), Secret()):
        world = SimWorld(task, ROBOT, 1, groups=("segmentation",), images=ImageRequest(("top",), 160, 120))
        seen = world.reset([task.place(np.random.default_rng(0), "seen")])["segmentation/top"]
        labels.append(set(np.unique(seen)))
    assert labels[0] - labels[1] == {FIRST_OBJECT + 1}


def test_largest_force_is_a_share_of_the_weight() -> None:
    """A can at rest is carried by several contacts: the largest is at most its weight and at least their mean."""
    scene = run(Chores(), 1.0).scene
    contacts = float(scene.other_contacts[0, 0])
    assert WEIGHT / contacts * 0.9 <= scene.peak_force[0, 0] <= WEIGHT * 1.05


def test_a_push_moves_by_newton() -> None:
    """2 N on 0.4 kg against dry friction 0.2 or more N: moves after 0.5 s, not before, and as the force says."""

    class Pushed(Chores):
        push = 12.0

    before, after, never = (run(t, s).scene for t, s in ((Pushed(), 0.5), (Pushed(), 0.7), (Chores(), 0.7)))
    start = never.object_position[0, 0, 0]
    assert abs(before.object_position[0, 0, 0] - start) < 1e-4
    free = 0.5 * 12.0 / 0.4 * 0.2**2
    assert 0.3 * free < after.object_position[0, 0, 0] - start < free


def test_a_push_that_ends_is_taken_away_in_whatever_company() -> None:
    """A world alone, and beside one that began later, is where it would be: forces do not outlive their time."""

    class Brief(Chores):
        def disturb(self, scene: Scene) -> Array | None:
            on = (scene.time > 0.1) & (scene.time < 0.2)
            if not on.any():
                return None
            force = np.zeros((len(scene.rows), len(scene.names), 6))
            force[on, 0, 0] = 5.0
            return force

    task = Brief()
    trial = task.place(np.random.default_rng(0), "seen")
    alone, pair = run(task, 0.8, trial=trial), SimWorld(task, ROBOT, 2, groups=("state", "objects", "kinds"))
    rest = run(Chores(), 0.8, trial=trial).scene.object_position[0, 0, 0]
    home, period = np.tile(pair.spec.embodiment.home, (2, 1)), pair.cell.period
    pair.reset([trial] * 2)
    for _ in range(round(0.15 / period)):
        pair.advance(home)
    pair.reset([trial], [0])  # in the middle of its push
    for _ in range(round(0.8 / period)):
        pair.advance(home)
    at = alone.scene.object_position[0, 0]
    assert at[0] > rest + 0.002
    assert np.abs(alone.scene.object_velocity[0, 0, :3]).max() < 1e-3
    np.testing.assert_array_equal(pair.scene.object_position[0, 0], at)


@pytest.mark.parametrize("spoil", ["missing", "joints", "order"])
def test_trials_that_do_not_fit_are_refused(spoil: str) -> None:
    task = Chores()
    trial = task.place(np.random.default_rng(0), "seen")
    cabinet, basket, jar = trial.articulated
    settings = {
        "missing": (cabinet, basket),
        "joints": (replace(cabinet, joints=()), basket, jar),
        "order": (basket, cabinet, jar),
    }[spoil]
    with pytest.raises(DataError, match="cabinet with"):
        run(task, 0.1, trial=replace(trial, articulated=settings))


def test_trials_survive_a_table() -> None:
    trial = Chores().place(np.random.default_rng(0), "seen")
    assert Trial.from_row(trial.row()) == trial
    assert "articulated" not in replace(trial, articulated=()).row()

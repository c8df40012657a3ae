"""What worlds do to perturbed trials: measurably what the table says, in that world alone, and bit for bit again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dexbench.cli.worlds import simulated
from dexbench.core.errors import DataError
from dexbench.core.perturbation import FACTORS, NOISE, WORLD
from dexbench.core.rotations import quaternion_matrix
from dexbench.core.schema import Array, Observation
from dexbench.core.shelf import load_task
from dexbench.core.task import Task
from dexbench.core.trial import Trial
from dexbench.evaluation.freezing import freeze
from dexbench.evaluation.robustness import falls, table
from dexbench.evaluation.rows import load_run
from dexbench.evaluation.runner import evaluate
from dexbench.evaluation.verification import verify
from dexbench.sim.disturbances import Disturbances
from dexbench.sim.imperfection import Imperfections
from dexbench.sim.world import SimWorld

DONE_BY_WORLDS = sorted(n for n, f in FACTORS.items() if f.acts == WORLD)
SENSED = ("sensor_noise", "dead_taxels", "latency", "camera")
"""Those of them that physics knows nothing of."""
GROUPS = ("state", "objects", "touch", "fingertips", "points")
STEPS = 30


@pytest.fixture(scope="module")
def world() -> SimWorld:
    return SimWorld("grasp_object", "shadow_ur10e", 2, groups=GROUPS)


@pytest.fixture(scope="module")
def trial(world: SimWorld) -> Trial:
    return world.task.place(np.random.default_rng(4), "seen")


Course = tuple[list[Observation], Array]
"""Observations, and the state at the end."""


def course(world: SimWorld, trial: Trial, *perturbations: dict[str, float], steps: int = STEPS) -> Course:
    """Run both worlds with a motion of arm and hand; the first stays plain unless two perturbations are given."""
    asked = ({}, *perturbations)[-2:]
    seen = [world.reset([replace(trial, perturbation=p) for p in asked])]
    goal = np.tile(world.spec.embodiment.home, (2, 1))
    goal[:, :2] += 0.2
    goal[:, 12:] += 0.3
    seen += [world.advance(goal) for _ in range(steps)]
    return seen, world.snapshot([0, 1])


@pytest.fixture(scope="module")
def plain(world: SimWorld, trial: Trial) -> Course:
    return course(world, trial, {})


def differing(first: Observation, second: Observation, row: int = 1) -> set[str]:
    return {name for name in first if not np.array_equal(first[name][row], second[name][row])}


@pytest.mark.parametrize("name", DONE_BY_WORLDS)
def test_neighbours_and_later_trials_stay_plain(world: SimWorld, trial: Trial, plain: Course, name: str) -> None:
    before, states = plain
    seen, after = course(world, trial, {name: FACTORS[name].levels[4]})
    assert not any(differing(a, b, row=0) for a, b in zip(before, seen, strict=True))
    assert np.array_equal(after[0], states[0])
    assert np.array_equal(after[1], states[1]) == (name in SENSED)
    again, calm = course(world, trial, {})
    assert np.array_equal(calm, states)
    assert not any(differing(a, b) for a, b in zip(before, again, strict=True))


@pytest.mark.parametrize("name", DONE_BY_WORLDS)
def test_a_perturbation_comes_again(world: SimWorld, trial: Trial, name: str) -> None:
    """In either world, in company or alone, and asking twice changes nothing."""
    asked = {name: FACTORS[name].levels[2]}
    seen, states = course(world, trial, asked, asked)
    assert np.array_equal(states[0], states[1])
    assert all(np.array_equal(o[f][0], o[f][1]) for o in seen for f in o)
    assert not differing(world.observe(), seen[-1])
    alone = world.reset([replace(trial, perturbation=asked)], [1])
    goal = np.tile(world.spec.embodiment.home, (1, 1))
    goal[:, :2] += 0.2
    goal[:, 12:] += 0.3
    for _ in range(STEPS):
        alone = world.advance(goal, [1])
    assert all(np.array_equal(alone[f][0], seen[-1][f][1]) for f in alone)


def test_plain_worlds_pay_nothing(world: SimWorld, trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    course(world, trial, {"sensor_noise": 1.0, "actuator_delay": 0.1}, steps=1)

    def called(*_: object) -> None:
        raise AssertionError("work for perturbations that nobody asked for")

    for kind, name in ((Disturbances, "control"), (Imperfections, "sense"), (Imperfections, "deliver")):
        monkeypatch.setattr(kind, name, called)
    course(world, trial, {name: FACTORS[name].none for name in DONE_BY_WORLDS}, steps=2)
    with pytest.raises(AssertionError, match="nobody asked"):
        course(world, trial, {"latency": 0.04}, steps=2)
    world._observer._imperfections.worlds.clear()


def test_a_delay_shifts_the_motion(world: SimWorld, trial: Trial, plain: Course) -> None:
    for periods in (1, 4):
        seen, _ = course(world, trial, {"actuator_delay": periods * world.cell.period})
        for step in range(STEPS + 1 - periods):
            early, late = plain[0][step], seen[step + periods]
            assert np.allclose(late["joint_position"][1], early["joint_position"][1], atol=3e-3)
        unshifted = [o["joint_position"][1] - p["joint_position"][1] for o, p in zip(seen, plain[0], strict=True)]
        assert np.abs(unshifted).max() > 3e-3 * 5 * periods
        moved = np.ptp([o["joint_position"][1] for o in seen], axis=0)
        assert moved.max() > 0.1, "nothing moved that could be late"
        assert all("setpoint" not in differing(a, b) for a, b in zip(seen, plain[0], strict=True))


def test_a_delay_is_as_fine_as_the_physics(world: SimWorld, trial: Trial) -> None:
    shifted = [course(world, trial, {"actuator_delay": d}, steps=12)[0][-1] for d in (0.0, 0.004, 0.008)]
    arm = [float(o["joint_position"][1, 0]) for o in shifted]
    assert arm[0] > arm[1] > arm[2]


def test_a_soft_servo_gives_less_force(world: SimWorld, trial: Trial) -> None:
    """Over the first instants, in which nothing has moved yet, the force of each motor is its gain times as large."""
    robot = world.spec.embodiment
    force = world.batch.bind("actuator_force")
    found = {}
    for gain in (1.0, 0.8, 0.25):
        world.reset([replace(trial, perturbation={"actuator_gain": gain} if gain != 1.0 else {})] * 2)
        world.drive(np.tile(robot.home, (2, 1)))
        rest = force[1].copy()
        control = world.batch.bind("ctrl")
        control[1] += 1e-3
        world.batch.forward(np.array([1]))
        found[gain] = force[1] - rest
    own = world.cell.actuators
    for gain in (0.8, 0.25):
        assert np.allclose(found[gain][own], gain * found[1.0][own], rtol=1e-6)
    assert np.abs(found[1.0][own]).min() > 0


def test_noise_has_its_size(world: SimWorld, trial: Trial) -> None:
    asked = {"sensor_noise": 5.0}
    world.reset([trial, replace(trial, perturbation=asked)])
    still = np.tile(world.spec.embodiment.home, (2, 1))
    seen = [world.advance(still) for _ in range(120)]
    error = {name: np.array([o[name][1] - o[name][0] for o in seen], float) for name in seen[0]}
    assert error["joint_position"].std() == pytest.approx(5 * NOISE["joint_position"], rel=0.05)
    assert error["joint_velocity"].std() == pytest.approx(5 * NOISE["joint_velocity"], rel=0.05)
    assert error["object_pose"][..., :3].std() == pytest.approx(5 * NOISE["object_position"], rel=0.08)
    dots = [(o["object_pose"][1, :, 3:] * o["object_pose"][0, :, 3:]).sum(axis=-1) for o in seen]
    angle = 2 * np.arccos(np.clip(np.abs(dots), 0, 1))
    assert np.sqrt((angle**2).mean() / 3) == pytest.approx(5 * NOISE["object_rotation"], rel=0.08)
    for name in error:
        assert abs(error[name].mean()) < 5 * error[name].std() / np.sqrt(len(seen)) + 1e-6, f"{name} is biased"
    for last in seen[-3:]:
        real, wrong = last["object_pose"][:, trial.target].astype(float)
        local = (last["target_points"][0] - real[:3]) @ quaternion_matrix(tuple(real[3:]))
        assert np.allclose(
            local @ quaternion_matrix(tuple(wrong[3:])).T + wrong[:3], last["target_points"][1], atol=1e-5
        )
    assert {n for n in error if not error[n].any()} == {"setpoint", "target", "touch", "touch_net", "fingertip_present"}
    assert np.abs(error["palm_pose"][..., :3]).max() < 0.1


def test_hidden_poses_stay_hidden(world: SimWorld, trial: Trial) -> None:
    seen = world.reset([replace(trial, perturbation={"sensor_noise": 1.0})] * 2)
    imperfections = world._observer._imperfections
    blind = {name: value.copy() for name, value in seen.items()}
    blind["object_pose"][:, 1] = 0.0
    imperfections.sense(blind, world.scene, None)
    assert not blind["object_pose"][:, 1].any()
    assert blind["object_pose"][:, 0].any()


def test_dead_taxels_are_dead(world: SimWorld, trial: Trial) -> None:
    imperfections, dead = world._observer._imperfections, []
    for share in (0.1, 0.4, 0.9, 1.0):
        seen = world.reset([trial, replace(trial, perturbation={"dead_taxels": share})])
        pressed = {**seen, "touch": np.ones_like(seen["touch"]), "touch_net": np.zeros_like(seen["touch_net"])}
        imperfections.sense(pressed, world.scene, None)
        taxels = pressed["touch"][1]
        assert (taxels == taxels[:1, ..., :1]).all(), "a taxel is dead in all samples and components, or in none"
        dead.append(taxels[0, ..., 0] == 0)
        assert dead[-1].mean() == pytest.approx(share, abs=0.1)
        assert np.array_equal(pressed["touch_net"][1], taxels[-1].sum(axis=(1, 2)))
        assert pressed["touch"][0].all()
    assert all((fewer <= more).all() for fewer, more in zip(dead, dead[1:], strict=False))


def test_a_wrong_zero_reads_and_goes_wrong(world: SimWorld, trial: Trial, plain: Course) -> None:
    robot, cell = world.spec.embodiment, world.cell
    seen, _ = course(world, trial, {"calibration": 0.02}, steps=60)
    truth = world.batch.bind("qpos")[1, cell.joint_qpos]
    error = seen[-1]["joint_position"][1] - truth
    assert 0.01 < np.abs(error).max() <= 0.02 + 1e-6
    arm = np.arange(6)
    sent = seen[-1]["setpoint"][1, arm]
    assert np.allclose(seen[-1]["joint_position"][1, arm], sent, atol=2e-3), "servos go by the same encoders"
    assert np.allclose(truth[arm], sent - error[arm], atol=2e-3)
    assert np.allclose(seen[0]["joint_position"][1, arm], robot.home[arm], atol=1e-6), "it rests where it reads home"
    real = world._sensors[1, -1, cell.palm_sensors][:3]
    sensed = seen[-1]["palm_pose"][1, 0, :3]
    assert 2e-3 < np.linalg.norm(real - sensed) < 0.06, "the palm is where the joints say, which is not where it is"


def test_latency_holds_back_what_is_sensed(world: SimWorld, trial: Trial, plain: Course) -> None:
    seen, _ = course(world, trial, {"latency": 0.12})
    late = 3
    for step, now in enumerate(seen):
        then = plain[0][max(0, step - late)]
        for name in now:
            same = plain[0][step] if name in ("setpoint", "target") else then
            assert np.array_equal(now[name][1], same[name][1]), (name, step)


def test_all_at_once_and_the_schema_stays(world: SimWorld, trial: Trial) -> None:
    everything = {name: FACTORS[name].levels[1] for name in DONE_BY_WORLDS}
    seen, _ = course(world, trial, everything, everything, steps=8)
    for observation in seen:
        assert {f.name for f in world.spec.observations.fields} == set(observation)
        for field in world.spec.observations.fields:
            assert observation[field.name].shape == (2, *field.shape)
            assert observation[field.name].dtype == field.dtype
            assert np.isfinite(observation[field.name]).all()


def test_worlds_refuse_what_is_no_perturbation(world: SimWorld, trial: Trial) -> None:
    with pytest.raises(DataError, match="'latency': an amount from 0 to 2"):
        world.reset([replace(trial, perturbation={"latency": 5.0})] * 2)


# A run


SUITE = """\
name: shaken
protocol: 1
description: plain and perturbed
entries:
  - {name: plain, task: grasp_object-v1, embodiment: shadow_ur10e, splits: {seen: 2}, seed: 5, attempts: 1, layouts: g}
  - {name: shaken, task: grasp_object-v1, embodiment: shadow_ur10e, splits: {seen: 2}, seed: 5, attempts: 1, layouts: g,
     perturbations: {LEVELS}}
"""


def short(name: str) -> Task:
    """Return a task whose episodes are over soon."""
    task = load_task(name)
    vars(task)["horizon"] = 1.2
    return task


def test_a_perturbed_run_is_verified(tmp_path: Path) -> None:
    path = tmp_path / "shaken.yaml"
    path.write_text(SUITE.replace("LEVELS", ", ".join(f"{name}: 2" for name in FACTORS)))
    suite = freeze(path)
    evaluate(suite, "random", tmp_path / "run", simulated, task_factory=short, jobs=0, batch=4)
    report = verify(tmp_path / "run", suite, simulated, task_factory=short, jobs=0, batch=2)
    assert report.text() == "verified: 4 of 4 rows hold"
    found = falls(load_run(tmp_path / "run"))
    assert [(f.entry, f.perturbed.trials, f.plain.trials, f.invariant) for f in found] == [("shaken", 2, 2, False)]
    assert "layout 2 (0.04 m) + object 2" in table(found)

"""Action faces at work: in Gymnasium, and in evaluations whose records need no face to be simulated again."""

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

from dexbench.core.action_face import SETPOINT
from dexbench.core.agent import Agent
from dexbench.core.errors import ContractError, DataError, UnknownName
from dexbench.core.world import WorldSpec
from dexbench.evaluation.freezing import freeze
from dexbench.evaluation.packing import unpack
from dexbench.evaluation.rows import load_run
from dexbench.evaluation.runner import evaluate
from dexbench.evaluation.suite import load_suite
from dexbench.evaluation.verification import verify
from dexbench.registration import register
from dexbench.robots.faces import FACES
from dexbench.sim.gym import DexEnv, make, make_vec
from dexbench.sim.world import SimWorld
from tests.scratch.scratch_poke import Poke
from tests.test_faces import Speaker

SPOKEN = ("joint_delta", "palm_pose", "gr_dexter")
TASK, ROBOT = "grasp_object", "shadow_ur10e"


@pytest.mark.parametrize("kind", FACES)
def test_gymnasium_checks_every_face(kind: str) -> None:
    register()
    env = gymnasium.make("dexbench/GraspObject-shadow_ur10e-v1", observations=("state",), action=kind)
    check_env(env.unwrapped, skip_render_check=True)
    assert env.spec is not None
    assert env.spec.kwargs["action"] == kind
    actions = env.unwrapped.actions  # type: ignore[attr-defined]
    assert env.action_space.shape == (len(actions.slots),)
    told = env.reset(seed=0)[1]["action"]
    assert told["kind"] == actions.spec.kind == kind
    assert told["names"] == actions.spec.actuators
    assert told["units"] == tuple(s.unit for s in actions.slots)
    assert told["frames"] == tuple(s.frame for s in actions.slots)


@pytest.mark.parametrize("kind", SPOKEN)
def test_the_vector_says_the_same_as_the_single_environment(kind: str) -> None:
    vector = make_vec(TASK, ROBOT, num_envs=3, threads=1, observations=("state",), action=kind)
    single = make(TASK, ROBOT, observations=("state",), action=kind)
    vector.world.task.horizon = single.world.task.horizon = 4 * single.world.cell.period
    vector.reset(seed=5)
    single.reset(seed=6)
    rng = np.random.default_rng(0)
    low, high = single.action_space.low, single.action_space.high
    for tick in range(9):  # over the end of an episode, and into the next
        actions = rng.uniform(low, high, (3, len(low))).astype(np.float32)
        seen, _, _, late, info = vector.step(actions)
        if tick == 4:
            alone, _ = single.reset()  # the vector spends a step on it
            assert info["unmet_actions"][1] in (0, 4), "of the episode that has ended"
        else:
            alone, *_, told = single.step(actions[1])
            assert info["unmet_actions"][1] == told["unmet_actions"]
        assert late[1] == (tick in (3, 8))
        for name, value in alone.items():
            np.testing.assert_array_equal(seen[name][1], value, err_msg=f"{name} at {tick}")


def test_only_some_cells_begin_again() -> None:
    env = make_vec(
        TASK, ROBOT, num_envs=2, observations=("state",), action="joint_delta", autoreset_mode=AutoresetMode.DISABLED
    )
    first, _ = env.reset(seed=0)
    up = np.tile(env.single_action_space.high, (2, 1))
    for _ in range(10):
        env.step(up)
    env.reset(options={"reset_mask": np.array([True, False])})
    seen, *_ = env.step(0 * up)
    np.testing.assert_allclose(seen[SETPOINT][0], first[SETPOINT][0], rtol=0, atol=1e-6)
    assert (np.abs(seen[SETPOINT][1] - first[SETPOINT][1]) > 1e-3).any()


def test_settings_of_a_face_reach_it_and_survive_pickling() -> None:
    chosen = {"kind": "palm_pose", "rotation": "columns"}
    env = make(TASK, ROBOT, observations=("state",), action=chosen)
    assert env.action_space.shape == (29,)
    again = pickle.loads(pickle.dumps(env))
    assert again.actions.spec == env.actions.spec
    vector = pickle.loads(pickle.dumps(make_vec(TASK, ROBOT, num_envs=2, observations=("state",), action=chosen)))
    assert vector.single_action_space.shape == (29,)
    assert vector.action_space.shape == (2, 29)


def test_joint_targets_are_taken_as_they_are() -> None:
    env = DexEnv(TASK, ROBOT, observations=("state",))
    limits = env.world.spec.embodiment.limits
    assert (env.action_space.low >= limits.lower).all()
    assert (env.action_space.high <= limits.upper).all()
    np.testing.assert_allclose(env.action_space.low, limits.lower, atol=1e-6)
    env.reset(seed=0)
    assert "unmet_actions" not in env.step(env.action_space.low)[4]


def test_what_is_not_finite_is_rejected_and_counted() -> None:
    env = make(TASK, ROBOT, observations=("state",), action="palm_pose")
    env.reset(seed=0)
    action = env.action_space.sample()
    action[0] = np.nan
    seen, *_, info = env.step(action)
    assert info["rejected_actions"] == 1
    assert all(np.isfinite(v).all() for v in seen.values())


def test_faces_that_do_not_exist_are_told() -> None:
    with pytest.raises(UnknownName, match=r"unknown action face 'joint_velocity'.*Known: gr_dexter, joint_delta"):
        make(TASK, ROBOT, action="joint_velocity")
    with pytest.raises(DataError, match=r"names no kind"):
        make(TASK, ROBOT, action={"rotation": "rpy"})
    with pytest.raises(DataError, match=r"action face 'joint_delta' has no setting 'rotation'"):
        make_vec(TASK, ROBOT, action={"kind": "joint_delta", "rotation": "rpy"})
    with pytest.raises(ContractError, match=r"shape \(3,\) and type bool was given to face 'gr_dexter'"):
        make(TASK, ROBOT, action={"kind": "gr_dexter", "mask": [True] * 3})


# ---- evaluation

SUITE = f"""\
name: words
protocol: 1
description: touch a ball in other words
entries:
- {{name: poke, task: poke-v2, embodiment: {ROBOT}, splits: {{seen: 5}}, seed: 3, attempts: 1}}
"""


def poke_world(task: str, embodiment: str, n: int, groups: tuple[str, ...]) -> SimWorld:
    return SimWorld(Poke(), embodiment, n, groups=groups)


def speaker(name: str, world: WorldSpec, settings: Mapping[str, Any]) -> Agent:
    return Speaker(world, name)


@pytest.mark.parametrize("kind", SPOKEN)
def test_a_run_is_simulated_again_without_the_face(kind: str, tmp_path: Path) -> None:
    (tmp_path / "words.yaml").write_text(SUITE, encoding="utf-8")
    freeze(tmp_path / "words.yaml", lambda name: Poke())
    suite = load_suite(tmp_path / "words.yaml")
    runs = []
    for batch in (1, 3):
        folder = tmp_path / f"run{batch}"
        given: dict[str, Any] = {"agent_factory": speaker, "task_factory": lambda name: Poke(), "jobs": 0}
        evaluate(suite, kind, folder, poke_world, groups=("state", "touch"), batch=batch, **given)
        runs.append((folder / "episodes.jsonl").read_bytes())
    assert runs[0] == runs[1], "rows do not depend on the batch"
    run = load_run(tmp_path / "run3", blobs=True)
    assert [row["failure"] for row in run.episodes] == ["untouched"] * 5
    (cell,) = run.info["cells"].values()
    assert cell["agent"]["action"]["kind"] == kind
    assert cell["actuators"][0] == "right/shoulder_pan_joint"
    for row in run.episodes:
        targets = unpack(row["actions"], "actions")
        assert targets.shape == (10, 26), "joint targets, whatever the agent speaks in"
        assert (np.abs(np.diff(targets, axis=0)).max(axis=0) > 0).sum() >= 20
    report = verify(tmp_path / "run3", suite, poke_world, task_factory=lambda name: Poke(), jobs=0, batch=2)
    assert [f for f in report.findings if not f.warning] == []
    assert sorted(report.held) == list(range(5))


def test_an_agent_whose_mask_does_not_fit_is_refused_before_step_0(tmp_path: Path) -> None:
    class Claims(Speaker):
        def __init__(self, world: WorldSpec) -> None:
            super().__init__(world, "gr_dexter")
            object.__setattr__(self.spec.action, "settings", (("mask", (True,) * 88),))

        def act(self, observation: Any, worlds: Sequence[int]) -> Any:
            raise AssertionError("asked")

    (tmp_path / "words.yaml").write_text(SUITE, encoding="utf-8")
    freeze(tmp_path / "words.yaml", lambda name: Poke())
    suite = load_suite(tmp_path / "words.yaml")
    given: dict[str, Any] = {"agent_factory": lambda *_: Claims(_[1]), "task_factory": lambda name: Poke(), "jobs": 0}
    with pytest.raises(ContractError, match=r"the mask of face 'gr_dexter' does not fit: it claims .*right/arm/7"):
        evaluate(suite, "claims", tmp_path / "run", poke_world, groups=("state", "touch"), **given)
    assert not (tmp_path / "run" / "episodes.jsonl").exists() or not (tmp_path / "run/episodes.jsonl").read_bytes()

"""Contracts of everything registered with Gymnasium."""

import os
import pickle
import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

from dexbench.core.shelf import EMBODIMENTS, entries
from dexbench.registration import register
from dexbench.sim.gym import DexEnv
from dexbench.sim.vector import DexVectorEnv

IDS = register()
OWN = [name for name in IDS if name.partition("-")[2].rpartition("-v")[0] in entries(EMBODIMENTS)]
"""Environments whose robot has a file of its own; the others are made of their parts."""
SINGLE = "dexbench/GraspObject-shadow_ur10e-v1"


def walk(env: gymnasium.Env, seed: int, steps: int) -> list[np.ndarray]:
    """Return joint positions, object poses and touch along a seeded random walk."""
    seen, _ = env.reset(seed=seed)
    rng = np.random.default_rng(seed)
    found = [np.concatenate([v.ravel() for v in seen.values()])]
    low, high = env.action_space.low, env.action_space.high
    for _ in range(steps):
        seen = env.step(rng.uniform(low, high).astype(np.float32))[0]
        found.append(np.concatenate([v.ravel() for v in seen.values()]))
    return found


def test_something_is_registered() -> None:
    assert SINGLE in IDS
    assert "dexbench/LiftTray-shadow_ur10e_bimanual-v3" in IDS
    assert "dexbench/LiftTray-shadow_ur10e-v3" not in IDS


@pytest.mark.parametrize("name", OWN)
def test_gymnasium_checker_passes(name: str) -> None:
    env = gymnasium.make(name)
    check_env(env.unwrapped, skip_render_check=True)


@pytest.mark.parametrize("name", OWN)
def test_observations_stay_in_their_space(name: str) -> None:
    env = gymnasium.make(name).unwrapped
    env.reset(seed=3)
    rng = np.random.default_rng(3)
    for _ in range(40):
        action = rng.uniform(env.action_space.low, env.action_space.high).astype(np.float32)
        seen, reward, *_ = env.step(action)
        assert env.observation_space.contains(seen)
        assert 0 <= reward <= 1


def test_points_of_the_target_are_on_request() -> None:
    check_env(gymnasium.make(SINGLE, observations=("state", "points")).unwrapped, skip_render_check=True)


def test_seed_means_something() -> None:
    env = gymnasium.make(SINGLE).unwrapped
    first, second, other = (walk(env, s, 5) for s in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


def test_observations_do_not_alias_the_simulation() -> None:
    env = gymnasium.make(SINGLE).unwrapped
    seen, _ = env.reset(seed=1)
    kept = {k: v.copy() for k, v in seen.items()}
    for _ in range(3):
        env.step(env.action_space.high)
    assert all((seen[k] == kept[k]).all() for k in kept)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_cell_of_a_vector_is_the_single_environment(threads: int) -> None:
    """Same seed, same episode, whatever the batch size and the thread count."""
    vector = DexVectorEnv(3, "grasp_object", "shadow_ur10e", threads=threads)
    single = DexEnv("grasp_object", "shadow_ur10e")
    seen, _ = vector.reset(seed=5)
    alone, _ = single.reset(seed=6)
    assert all((seen[k][1] == alone[k]).all() for k in alone)
    rng = np.random.default_rng(0)
    for _ in range(20):
        actions = rng.uniform(vector.action_space.low, vector.action_space.high).astype(np.float32)
        seen, reward, *_ = vector.step(actions)
        alone, reward_alone, *_ = single.step(actions[1])
        assert all((seen[k][1] == alone[k]).all() for k in alone)
        assert reward[1] == reward_alone
    assert (vector.world.snapshot([1])[0] == single.world.snapshot([0])[0]).all()


def test_another_process_gives_the_same_episode() -> None:
    code = (
        "import numpy as np, hashlib; from dexbench.sim.gym import DexEnv;"
        "e = DexEnv('grasp_object', 'shadow_ur10e'); e.reset(seed=4);"
        "[e.step(e.action_space.high * (i % 3) / 3) for i in range(15)];"
        "print(hashlib.sha256(e.world.snapshot([0]).tobytes()).hexdigest())"
    )
    runs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout for _ in "ab"
    }
    assert len(runs) == 1


def test_pickled_environments_are_fresh_and_alike() -> None:
    env = DexEnv("grasp_object", "shadow_ur10e", split="unseen", observations=("state",))
    copy = pickle.loads(pickle.dumps(env))
    assert all((a == b).all() for a, b in zip(walk(env, 7, 3), walk(copy, 7, 3), strict=True))


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_final_observations_are_kept(mode: AutoresetMode) -> None:
    env = DexVectorEnv(2, "grasp_object", "shadow_ur10e", observations=("state",), autoreset_mode=mode)
    env.world.task.horizon = 3 * env.world.cell.period
    first, info = env.reset(seed=0)
    assert len(info["instruction"]) == 2
    home = np.tile(env.world.spec.embodiment.home, (2, 1)).astype(np.float32)
    home[:, 0] += 0.3
    for _ in range(3):
        seen, _, done, late, info = env.step(home)
    assert late.all()
    assert not done.any()
    moved = info["final_obs"] if mode is AutoresetMode.SAME_STEP else seen
    assert (np.abs(moved["joint_position"][:, 0] - first["joint_position"][:, 0]) > 1e-4).all()
    told = info["final_info"] if mode is AutoresetMode.SAME_STEP else info
    assert list(told["failure"]) == ["never_reached"] * 2
    assert not told["success"].any()
    assert (told["is_success"] == told["success"]).all()
    if mode is AutoresetMode.DISABLED:
        seen, _ = env.reset(options={"reset_mask": np.array([True, False])})
        assert np.abs(seen["joint_position"][0, 0] - first["joint_position"][0, 0]) < 1e-6
        assert np.abs(seen["joint_position"][1, 0] - first["joint_position"][1, 0]) > 1e-4
        return
    if mode is AutoresetMode.NEXT_STEP:
        seen, reward, done, late, _ = env.step(home)
        assert not (done | late).any()
        assert (reward == 0).all()
    assert (np.abs(seen["joint_position"][:, 0] - first["joint_position"][:, 0]) < 1e-6).all()


def test_action_that_is_not_finite_is_rejected_and_counted() -> None:
    env = DexEnv("grasp_object", "shadow_ur10e", observations=("state",))
    env.reset(seed=0)
    action = env.action_space.low.copy()
    action[3] = np.nan
    _, _, _, _, info = env.step(action)
    assert info["rejected_actions"] == 1
    assert np.isfinite(env.world.snapshot([0])).all()


def test_trial_can_be_given() -> None:
    env = DexEnv("grasp_object", "shadow_ur10e", observations=("state", "objects"))
    seen, info = env.reset(seed=8)
    again, told = env.reset(options={"trial": info["trial"]})
    assert told == info
    assert all((seen[k] == again[k]).all() for k in seen)


def test_state_only_work_loads_no_opengl_and_no_torch() -> None:
    # `import mujoco` loads the Python module glfw where it is installed; that opens no OpenGL library
    code = (
        "import sys; from dexbench.sim.gym import DexEnv;"
        "e = DexEnv('grasp_object', 'shadow_ur10e'); e.reset(seed=0); e.step(e.action_space.low);"
        "bad = [m for m in sys.modules if m.split('.')[0] in ('OpenGL', 'torch', 'warp')];"
        "maps = open('/proc/self/maps').read() if sys.platform == 'linux' else '';"
        "print(bad, [x for x in ('libEGL', 'libOSMesa', 'libGL.') if x in maps])"
    )
    free = {k: v for k, v in os.environ.items() if k != "MUJOCO_GL"}  # where it is set, `import mujoco` obeys
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=free)
    assert done.stdout.strip() == "[] []"

"""What an environment costs beside the bare physics of the same motion, while a hand really holds an object.

The scripted expert lifts the object of a trial once; every measurement starts from states of that episode and applies
the same controls. What is compared runs in short bursts, in turn, in one process; ratios are medians over the bursts,
of processor time unless they say wall. Both sides must end in the same state, bit for bit, with the object still held.

WANTED is what the project aims at. ACCEPTED is what is asserted: where it is less, the aim is not reached, and it is
what was measured on two shared cores less a tenth for noise. What limits one environment is a fixed cost a call, which
sixteen share: the physics sweeps the caches, and the first use of every function of Python and numpy after it costs
10 to 20 microseconds there, five times what it takes in a loop of its own. Of 500 us over 1600 us of physics, 160 are
the task's judgement, 60 the safety filter, 70 observation and scene, 50 the Python side of batch.rollout and 160 what
remains with all of those taken out: the call itself, and physics that finds other things in its caches. A reward that
is shaped has come since then, 70 more: in turn on one machine, 0.76 and 0.71 have become 0.69 and 0.63. What is
asserted for one environment has stayed, and has no tenth for noise left.
"""

import time
from functools import partial
from typing import Any

import mujoco
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv
from pytest_benchmark.fixture import BenchmarkFixture

from dexbench.sim.gym import DexEnv
from dexbench.sim.vector import DexVectorEnv
from tests.benchmarks.motion import BURST, FULL, ONE, STATE, TOUCH, TWO, WINDOW, Motion, held, motion, report

WANTED = {"state": 0.95, "touch": 0.90, "vector": 0.88, "peer": 1.2}
ACCEPTED = {"state": 0.68, "touch": 0.63, "vector": 0.88, "peer": 1.2}


def against_raw(env: DexEnv | DexVectorEnv, move: Motion, rounds: int) -> tuple[float, float, float]:
    """Return (bare over ours per world and control period, bare [s], ours [s]), medians over bursts in turn."""
    world = env.unwrapped.world
    vector = isinstance(env, DexVectorEnv)
    env.reset(options={"trial": move.trial})
    actions = [np.tile(a, (world.n, 1)) if vector else a for a in move.actions]
    ours, bare = [], []

    def burst(first: int) -> None:
        move.moments[first].enter(world)
        started = time.process_time_ns()
        for action in actions[first : first + BURST]:
            env.step(action)
        ours.append((time.process_time_ns() - started) / (1e9 * BURST * world.n))

    for turn in range(rounds):
        for first in range(0, WINDOW, BURST):
            if turn % 2:
                burst(first)
            move.raw(first)
            bare.append(move.spent / (1e9 * BURST))
            if not turn % 2:
                burst(first)
    assert (move.data.qpos == move.end).all()
    assert (world.batch.bind("qpos") == move.end).all(), "not the same motion"
    assert held(world), "the object was lost"
    return float(np.median(np.divide(bare, ours))), float(np.median(bare)), float(np.median(ours))


@pytest.mark.parametrize(("what", "groups"), [("state", STATE), ("touch", TOUCH)])
def test_one_environment(what: str, groups: tuple[str, ...], benchmark: BenchmarkFixture) -> None:
    env, move = DexEnv(*ONE, observations=groups), motion(*ONE)
    ratio, bare, ours = against_raw(env, move, 12)
    report(
        benchmark, f"one environment, {what}", ratio=ratio, wanted=WANTED[what], bare_us=1e6 * bare, ours_us=1e6 * ours
    )
    benchmark.pedantic(env.step, (move.actions[-1],), rounds=20)
    assert ratio >= ACCEPTED[what]


@pytest.mark.parametrize("n", [16, 64])
def test_vector_environment(n: int, benchmark: BenchmarkFixture) -> None:
    env, move = DexVectorEnv(n, *ONE, observations=TOUCH, threads=1), motion(*ONE)
    ratio, bare, ours = against_raw(env, move, 4 if n == 16 else 1)
    report(
        benchmark, f"{n} environments, touch", ratio=ratio, wanted=WANTED["vector"], bare_us=1e6 * bare,
        ours_us=1e6 * ours,
    )  # fmt: skip
    benchmark.pedantic(env.step, (np.tile(move.actions[-1], (n, 1)),), rounds=2)
    assert ratio >= ACCEPTED["vector"]


def test_vector_environment_beats_processes(benchmark: BenchmarkFixture) -> None:
    """Wall time on all processors. The peers are the same environment in processes of their own, by fork."""
    vectors = pytest.importorskip("stable_baselines3.common.vec_env")
    n, move = 8, motion(*ONE)
    make = partial(DexEnv, *ONE, observations=TOUCH)
    asynchronous = AsyncVectorEnv([make] * n)
    processes = vectors.SubprocVecEnv([make] * n, start_method="fork")
    ours = DexVectorEnv(n, *ONE, observations=TOUCH, threads=0)

    def run(env: Any) -> float:
        if env is processes:
            env.set_options({"trial": move.trial})
            env.reset()
        else:
            env.reset(options={"trial": move.trial})
        tiled = [np.tile(a, (n, 1)) for a in move.approach]
        for action in tiled:
            env.step(action)
        tiled = [np.tile(a, (n, 1)) for a in move.actions]
        started = time.perf_counter()
        for action in tiled:
            last = env.step(action)
        spent = time.perf_counter() - started
        infos = last[-1]
        success = infos["success_at_end"] if isinstance(infos, dict) else [i["success_at_end"] for i in infos]
        assert np.all(success), "the object was lost"
        return spent

    ways = {"ours": ours, "AsyncVectorEnv": asynchronous, "SubprocVecEnv": processes}
    try:
        spent = np.array([[run(env) for env in ways.values()] for _ in range(5)])
    finally:
        asynchronous.close()
        processes.close()
    ratios = dict(zip(ways, np.median(spent / spent[:, :1], axis=0), strict=True))
    rate = n * WINDOW / np.median(spent, axis=0)
    for name, steps in zip(ways, rate, strict=True):
        report(benchmark, name, environments=n, steps_per_s=float(steps), ours_is_faster=float(ratios[name]))
    benchmark.pedantic(ours.step, (np.tile(move.actions[-1], (n, 1)),), rounds=3)
    assert min(ratios["AsyncVectorEnv"], ratios["SubprocVecEnv"]) >= ACCEPTED["peer"]


@pytest.mark.parametrize(("task", "embodiment", "aim"), [(*ONE, 1000.0), (*TWO, 500.0)])
def test_control_rate(task: str, embodiment: str, aim: float, benchmark: BenchmarkFixture) -> None:
    """Control periods per second and thread while the object is held, and what the physics spends its time on."""
    env, move = DexEnv(task, embodiment, observations=TOUCH), motion(task, embodiment)
    ratio, bare, ours = against_raw(env, move, 3)
    model, data = move.model, move.data
    report(
        benchmark, f"control rate, {task}", steps_per_s=1 / ours, aim=aim, bare_steps_per_s=1 / bare, ratio=ratio,
        nv=int(model.nv), geoms=int(model.ngeom), contacts=int(data.ncon), constraint_rows=int(data.nefc),
        **shares(move),
    )  # fmt: skip
    benchmark.pedantic(env.step, (move.actions[-1],), rounds=20)


def shares(move: Motion) -> dict[str, float]:
    """Return which part of a bare step's time goes to the stages that limit it, by MuJoCo's own timers."""
    timer, data = mujoco.mjtTimer, move.data
    stages = {
        "collision": timer.mjTIMER_POS_COLLISION,
        "rows": timer.mjTIMER_POS_MAKE,
        "solver": timer.mjTIMER_CONSTRAINT,
    }
    mujoco.set_mjcb_time(time.perf_counter)
    try:
        for first in range(0, WINDOW, BURST):
            mujoco.mj_setState(move.model, data, move.moments[first].state, FULL)
            for row in move.control[first : first + BURST].reshape(-1, move.model.nu):
                data.ctrl[:] = row
                mujoco.mj_step(move.model, data)
        # the timers add up until they are reset
        whole = float(data.timer[int(timer.mjTIMER_STEP)].duration)
        spent = {name: float(data.timer[int(stage)].duration) / whole for name, stage in stages.items()}
    finally:
        mujoco.set_mjcb_time(None)
    return spent

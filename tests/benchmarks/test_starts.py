"""What beginning costs: a reset beside a bare one, and making an environment beside compiling its model.

Processor time, in turn, medians; see test_worlds.py.
"""

import itertools
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import mujoco
import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from dexbench.sim.gym import DexEnv
from dexbench.sim.world import SimWorld
from tests.benchmarks.motion import ONE, TOUCH, TWO, motion, report, timed

WANTED = {"reset": 1.5, "redress ms": 1.5, "make": 1.3, "second s": 0.25}
ACCEPTED = {"reset": 3.5, "redress": 15.0, "make": 1.6, "second": 0.8}


def test_reset(benchmark: BenchmarkFixture) -> None:
    """The same trial again; and other objects of other sizes, masses and friction in other places."""
    move, rng = motion(*ONE), np.random.default_rng(0)
    world = SimWorld(*ONE, groups=TOUCH)
    env = DexEnv(*ONE, observations=TOUCH)
    others = []
    for _ in range(16):
        drawn = world.task.place(rng, "seen")
        objects = tuple(
            replace(o, mass=o.mass * rng.uniform(0.8, 1.2), friction=rng.uniform(0.6, 1), scale=rng.uniform(0.9, 1.1))
            for o in drawn.objects
        )
        others.append(replace(drawn, objects=objects))
    world.reset([move.trial])
    qpos, control = world.batch.bind("qpos")[0].copy(), world.batch.bind("ctrl")[0].copy()
    model, data = world.batch.get_model(0), world.batch.get_data(0)

    def bare() -> None:
        mujoco.mj_resetData(model, data)
        data.qpos[:], data.ctrl[:] = qpos, control
        mujoco.mj_forward(model, data)

    drawn = itertools.cycle(others)
    ways: dict[str, Callable[[], object]] = {
        "bare reset and forward": bare,
        "same trial": lambda: world.reset([move.trial]),
        "same trial, through Gymnasium": lambda: env.reset(options={"trial": move.trial}),
    }
    spent: dict[str, list[float]] = {name: [] for name in (*ways, "all new")}
    for _ in range(40):
        for name, way in ways.items():
            way()
            spent[name] += [timed(way) for _ in range(4)]
        spent["all new"] += [timed(partial(world.reset, [next(drawn)])) for _ in range(4)]
        ways["same trial"]()
    cost = {name: float(np.median(times)) for name, times in spent.items()}
    for name in spent:
        ratio = float(np.median(np.divide(spent[name], spent["bare reset and forward"])))
        report(benchmark, f"reset, {name}", ms=1e3 * cost[name], times_bare=ratio)
    benchmark.pedantic(world.reset, ([move.trial],), rounds=20)
    world.reset([move.trial])
    assert (world.batch.bind("qpos")[0] == qpos).all()
    assert cost["same trial"] <= ACCEPTED["reset"] * cost["bare reset and forward"]
    assert cost["all new"] <= ACCEPTED["redress"] * cost["bare reset and forward"]


_BARE = """
import sys, time
from dexbench.sim import cell
from dexbench.core.shelf import load_embodiment, load_task
started = time.process_time()
task, robot = load_task(sys.argv[1]), load_embodiment(sys.argv[2])
spec = cell.cell_spec(robot, task.pool(), task.slots)[0]
described = time.process_time()
spec.compile()
print(described - started, time.process_time() - described)
"""
_OURS = """
import sys, time
from dexbench.sim.gym import DexEnv
for _ in range(2):
    started = time.process_time()
    env = DexEnv(sys.argv[1], sys.argv[2])
    env.reset(seed=0)
    env.step(env.action_space.low)
    print(time.process_time() - started, end=" ")
"""


@pytest.mark.parametrize(("task", "embodiment"), [ONE, TWO])
def test_make(task: str, embodiment: str, benchmark: BenchmarkFixture) -> None:
    """From imported modules to the first step, in new processes; and once more in the same process."""

    def fresh(code: str) -> list[float]:
        done = subprocess.run(
            [sys.executable, "-c", code, task, embodiment], capture_output=True, text=True, check=True
        )
        return [float(word) for word in done.stdout.split()]

    found = np.array([fresh(_BARE) + fresh(_OURS) for _ in range(4)])
    spec, compiling, first, second = (float(v) for v in np.median(found, axis=0))
    ratio = float(np.median(found[:, 2] / found[:, :2].sum(axis=1)))
    report(
        benchmark, f"make {task}", spec_ms=1e3 * spec, compile_ms=1e3 * compiling, first_step_ms=1e3 * first,
        times_bare=ratio, wanted=WANTED["make"], second_ms=1e3 * second,
    )  # fmt: skip
    benchmark.pedantic(DexEnv, (task, embodiment), rounds=1)
    assert ratio <= ACCEPTED["make"]
    assert second <= ACCEPTED["second"] * (spec + compiling)

"""Control steps per second of every robot, in one world and in 32: hands closing on nothing, then opening.

The least processor time of some rounds, on one thread, so that other programs hardly count. The scene is that of
grasp_object, for two-handed robots too.
"""

from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from dexbench.core.assets import asset_path
from dexbench.core.shelf import load_embodiment, load_task
from dexbench.sim.world import SimWorld
from tests.benchmarks.motion import STATE, TOUCH, report, timed

ROBOTS = sorted(path.stem for path in Path(asset_path("embodiments")).glob("*.yaml"))
ROUNDS = 5
PERIODS = {1: 60, 32: 6}
"""Control periods of a round: half closing, half opening."""


@pytest.mark.parametrize("n", PERIODS)
@pytest.mark.parametrize("name", ROBOTS)
def test_control_steps(benchmark: BenchmarkFixture, name: str, n: int) -> None:
    task = load_task("grasp_object")
    found: dict[str, float] = {}
    for label, groups in (("state", STATE), ("touch", TOUCH)):
        if label == "touch" and not load_embodiment(name).pads:
            continue
        world = SimWorld(task, name, n, groups=groups)
        robot = world.cell.embodiment
        flexing = np.array([a.role.endswith(("/flexion", "/pip")) and "wrist" not in a.role for a in robot.actuators])
        shut = np.where(flexing, 0.5 * (robot.limits.lower + robot.limits.upper), robot.home)
        trials = [task.place(np.random.default_rng(k), "seen") for k in range(n)]
        actions = [np.tile(target, (n, 1)) for target in (shut, robot.home)]

        def closing_and_opening(world: SimWorld = world, actions: list[np.ndarray] = actions) -> None:
            for action in actions:
                for _ in range(PERIODS[n] // 2):
                    world.advance(action)
                    world.outcome()

        world.reset(trials)
        closing_and_opening()  # the first round pays for what is made once
        found[label] = n * PERIODS[n] / min(timed(closing_and_opening) for _ in range(ROUNDS))
    benchmark.pedantic(closing_and_opening, rounds=1)
    report(benchmark, f"{name}, n = {n}", **{f"{k} steps/s": v for k, v in found.items()})

"""What writing a dataset costs beside evaluating the same episodes: processor time, in turn, medians over pairs.

Two runs of the same episodes on a shared machine differ by a tenth, as much as the writing costs.
"""

import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from dexbench.cli.worlds import simulated
from dexbench.core.rollout import rollout
from dexbench.core.shelf import load_agent, load_embodiment, load_task
from dexbench.data.demonstrations import GROUPS, draw
from dexbench.evaluation.recorder import Recorder
from dexbench.evaluation.suite import Episode

pytest.importorskip("pyarrow", reason="pip install 'dexbench[data]'")
from dexbench.data.lerobot_collection import episodes_of, merge
from dexbench.data.lerobot_episode import Scribe
from dexbench.data.lerobot_reader import open_dataset
from dexbench.data.lerobot_writer import Writer
from tests.benchmarks.motion import report

EPISODES, PAIRS, ROBOT, TASK = 16, 9, "shadow_ur10e", "grasp_object"
OVERHEAD = 0.20
"""Most that a dataset without pictures may cost beyond evaluation."""


def test_a_dataset_costs_little_beside_evaluation(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    task, robot = load_task(TASK), load_embodiment(ROBOT)
    trials = list(draw(task, 7, "seen", EPISODES))
    world = simulated(TASK, ROBOT, 8, GROUPS)
    found = {}

    def evaluated() -> float:
        agent = load_agent("scripted", world.spec)
        begin = time.process_time()
        recorder = Recorder(world, task, [Episode(i, "e", ROBOT, t, 9) for i, t in enumerate(trials)], "scripted")
        for ended in rollout(agent, world, trials, task.horizon, [recorder]):
            recorder.finish(ended)
        return time.process_time() - begin

    def collected(folder: Path) -> float:
        agent = load_agent("scripted", world.spec)
        begin = time.process_time()
        kept = dict(episodes_of(agent, task, world, trials))
        columns = Scribe(agent, world, task).columns
        with Writer(folder / "share", robot, "grasp_object-v1", 25.0, columns) as writer:
            for _, episode in sorted(kept.items()):
                if episode is not None:
                    writer.add(episode)
        merge([open_dataset(folder / "share", robot)], folder / "set", robot)
        found["frames"] = sum(e.steps for e in kept.values() if e is not None)
        return time.process_time() - begin

    evaluated()  # everything is loaded
    ratios, whole = [], []
    for i in range(PAIRS):
        first = evaluated() if i % 2 else 0.0
        written = partial(collected, tmp_path / f"{i}")
        whole.append(benchmark.pedantic(written) if i == 0 else written())
        ratios.append(whole[-1] / (first or evaluated()))
    overhead = float(np.median(ratios)) - 1
    speed = found["frames"] / float(np.median(whole))
    report(benchmark, ROBOT, **{"overhead": overhead, "frames a second and core": speed})
    assert overhead < OVERHEAD

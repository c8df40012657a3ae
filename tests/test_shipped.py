"""Every demonstration that is shipped replays to success: datasets, and the episodes of the control agent `replay`."""

import json
from pathlib import Path

import numpy as np
import pytest

from dexbench import load_embodiment
from dexbench.cli.main import main
from dexbench.cli.worlds import simulated
from dexbench.core.shelf import load_task
from dexbench.data.dataset_replay import play
from dexbench.evaluation.suite import load_suite

pytest.importorskip("pyarrow", reason="pip install 'dexbench[data]'")
from dexbench.data.lerobot_reader import open_dataset

ROOT = Path(__file__).resolve().parents[1]
DATASETS = sorted(path.parents[1] for path in ROOT.glob("assets/demonstrations/*/meta/info.json"))
EPISODES = {
    "replay_grasp_object-v1_shadow_ur10e": 41,
    "replay_lift_tray-v3_shadow_ur10e_bimanual": 614,
}
"""Rows of suite `core` that the episodes of the agent `replay` were recorded in."""


def test_one_demonstration_is_there_for_every_hand() -> None:
    hands = {load_embodiment(open_dataset(d).embodiment).parts["right"].hand.name for d in DATASETS}
    assert hands == {"shadow", "bytedexter", "psibot"}
    trials = {open_dataset(d).rows[0]["dexbench/trial"] for d in DATASETS}
    assert len(trials) == 1


@pytest.mark.parametrize("folder", DATASETS, ids=lambda d: d.name)
def test_a_shipped_dataset_replays_to_success(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = open_dataset(folder)
    robot = load_embodiment(dataset.embodiment)
    assert dataset.info["dexbench"]["embodiment_digest"] == robot.digest, (
        "make it anew: assets/demonstrations/README.md"
    )
    assert all(json.loads(row["dexbench/outcome"])["success"] for row in dataset.rows)
    assert main(["dataset", "check", str(folder), "--jobs", "0"]) == 0
    count = len(dataset)
    assert f"{count} of {count} successes succeed again" in capsys.readouterr().out


@pytest.mark.parametrize("path", sorted(ROOT.glob("baselines/weights/replay_*.npz")), ids=lambda p: p.stem)
def test_an_episode_of_the_replay_agent_replays_to_success(path: Path) -> None:
    row = load_suite("core").episodes[EPISODES[path.stem]]
    assert path.stem == f"replay_{row.trial.task}_{row.embodiment}"
    with np.load(path, allow_pickle=False) as file:
        actions = file["actions"].astype(np.float64)
    world = simulated(row.trial.task, row.embodiment, 1, ("state", "objects"))
    ((_, again),) = play([actions], [row.trial], world, load_task(row.trial.task))
    assert again is not None
    assert again.outcome["success"]
    assert again.steps == len(actions)

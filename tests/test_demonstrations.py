"""Demonstrations: labels are what the expert meant, files hold what was recorded, a collection goes on."""

from pathlib import Path

import numpy as np
import pytest

from dexbench.cli.worlds import simulated
from dexbench.core.errors import DataError
from dexbench.core.shelf import load_agent, load_task
from dexbench.data.demonstrations import GROUPS, KEPT, Demonstration, Noise, collect, draw, load, record, write_shard

CELL = ("grasp_object", "shadow_ur10e")
TRIALS = list(draw(load_task("grasp_object"), 7, "seen", 2, ("can",)))


def recorded(noise: Noise) -> dict[int, Demonstration | None]:
    world = simulated(*CELL, 2, GROUPS)
    return dict(record(load_agent("scripted", world.spec), load_task(CELL[0]), world, TRIALS, noise))


def test_trials_are_of_the_family_and_repeat_themselves() -> None:
    assert all(t.objects[t.target].instance.startswith("can_") for t in TRIALS)
    assert list(draw(load_task("grasp_object"), 7, "seen", 2, ("can",))) == TRIALS


def test_labels_are_the_commands_without_noise(tmp_path: Path) -> None:
    clean, noisy = recorded(Noise()), recorded(Noise(arm=0.01, hand=0.02))
    kept = [d for d in (*clean.values(), *noisy.values()) if d is not None]
    assert len([d for d in clean.values() if d is not None]) == 2
    assert len(kept) >= 3
    for demonstration in kept:
        assert set(demonstration.seen) == set(KEPT)
        assert {len(v) for v in (*demonstration.seen.values(), demonstration.action)} == {len(demonstration.stage)}
        # a script moves smoothly; noise of these sizes would jump by more than this from tick to tick
        assert np.abs(np.diff(demonstration.action[:60, :6], axis=0)).max() < 0.06
    first = clean[0]
    assert first is not None
    # the joints follow the label after the filter's lag: the label of a step is not from another episode or joint
    lag = 12
    arm = first.seen["joint_position"][:, :6]
    assert np.abs(arm[lag:] - first.action[:-lag, :6]).mean() < np.abs(arm - first.action[:, :6]).mean()

    write_shard(tmp_path / "shard-000000.npz", kept)
    again = load(tmp_path)
    assert [d.trial for d in again] == [d.trial for d in kept]
    assert all((a.action == b.action).all() and (a.stage == b.stage).all() for a, b in zip(again, kept, strict=True))


def test_an_empty_folder_says_how_to_record(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="dexbench collect"):
        load(tmp_path)


def test_another_collection_is_not_mixed_in(tmp_path: Path) -> None:
    (tmp_path / "collection.json").write_text("{}")
    with pytest.raises(DataError, match="another collection"):
        collect(agent="scripted", task=CELL[0], embodiment=CELL[1], episodes=1, folder=tmp_path, worlds=simulated)


def test_a_hand_without_touch_can_be_recorded(tmp_path: Path) -> None:
    task = load_task("grasp_object")
    trial = task.place(np.random.default_rng(0), "seen")
    rng = np.random.default_rng(1)
    seen = {name: rng.normal(size=(4, 3)).astype(np.float32) for name in KEPT if name != "touch_net"}
    write_shard(tmp_path / "shard-000000.npz", [Demonstration(trial, seen, np.zeros((4, 2)), np.zeros(4))])
    (again,) = load(tmp_path)
    assert set(again.seen) == set(seen)
    task.horizon = 0.2
    world = simulated("grasp_object", "shadow_ur10e+none", 1, GROUPS)
    ended = list(record(load_agent("scripted", world.spec), task, world, [trial], Noise()))
    assert ended == [(0, None)]  # too short a time to lift anything, and nothing was missed


def test_a_family_that_a_task_never_names_is_refused() -> None:
    task = load_task("open_jar")
    with pytest.raises(DataError, match="'open_jar' names nothing of mug in 1000 trials of split 'seen'"):
        next(draw(task, 0, "seen", 1, ("mug",)))

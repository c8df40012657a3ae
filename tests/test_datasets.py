"""LeRobot datasets: what is written is read back and replays; what does not fit is refused with a reason."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dexbench.cli.main import main
from dexbench.cli.worlds import simulated
from dexbench.core.crew import Crew
from dexbench.core.errors import DataError, MissingExtra
from dexbench.core.fingertips import POSITION, Fingertips
from dexbench.core.player import Player
from dexbench.core.roles import SIDES
from dexbench.core.schema import Field, Schema
from dexbench.core.shelf import load_agent, load_embodiment, load_task
from dexbench.core.trial import Trial
from dexbench.data import lerobot_collection
from dexbench.data.demonstrations import GROUPS, Noise, draw
from dexbench.data.keypoints import POINTS, Keypoints
from dexbench.data.lerobot_collection import collect_dataset, episodes_of, merge
from dexbench.data.lerobot_episode import Episode, Points, Scribe
from dexbench.data.lerobot_layout import SENT, STAGE, columns_of
from dexbench.data.lerobot_reader import open_dataset
from dexbench.data.lerobot_writer import Writer

pa = pytest.importorskip("pyarrow", reason="pip install 'dexbench[data]'")
pq = pytest.importorskip("pyarrow.parquet")

ROBOT = load_embodiment("psibot_rm75")
J, A = len(ROBOT.joints), len(ROBOT.actuators)
COLUMNS = columns_of(ROBOT, Schema((Field("joint_position", (J,), "rad", "", "state"),)))
RNG = np.random.default_rng(0)


def episode(words: str, steps: int) -> Episode:
    angles = RNG.uniform(-0.3, 0.3, (steps, J)).astype(np.float32)
    sent = RNG.normal(size=(steps, A))
    columns = {
        "observation.state": angles,
        **Points(ROBOT)(angles),
        "action": sent.astype(np.float32),
        SENT: sent,
        STAGE: np.arange(steps)[:, None],
        "next.reward": np.linspace(0, 1, steps, dtype=np.float32)[:, None],
        "next.success": np.arange(steps)[:, None] >= steps - 2,
        "next.done": np.arange(steps)[:, None] == steps - 1,
    }
    return Episode(Trial("grasp_object-v1", "seen", 3, words, 0, ()), columns, {"success": True, "stage": 4})


EPISODES = [episode("take the can", 5), episode("take the cup", 3), episode("take the can", 4)]


def write(folder: Path, episodes: list[Episode] = EPISODES, **settings: Any) -> Path:
    with Writer(folder, ROBOT, "grasp_object-v1", 25.0, COLUMNS, {"agent": "x"}, **settings) as writer:
        for e in episodes:
            writer.add(e)
    return folder


def same(a: Episode, b: Episode) -> bool:
    equal = [(a.columns[c.key] == b.columns[c.key]).all() for c in COLUMNS]
    return all(equal) and (a.trial, a.outcome) == (b.trial, b.outcome)


@pytest.mark.parametrize("files", [1, 3])
def test_what_is_written_is_read_back_to_the_bit(tmp_path: Path, files: int) -> None:
    folder = write(tmp_path / "set", data_mb=100 if files == 1 else 0)
    assert len(list(folder.glob("data/chunk-000/file-*.parquet"))) == files
    dataset = open_dataset(folder, ROBOT, 25.0)
    assert len(dataset) == 3
    assert all(same(dataset.episode(i), e) for i, e in enumerate(EPISODES))
    assert dataset.columns == tuple(
        c if not c.field else type(c)(c.key, c.dtype, c.size, c.names, c.unit, c.frame) for c in COLUMNS
    )
    assert not list(tmp_path.glob("*.partial"))


def test_the_layout_is_the_formats(tmp_path: Path) -> None:
    folder = write(tmp_path / "set")
    info = json.loads((folder / "meta/info.json").read_text())
    assert info["codebase_version"] == "v3.0"
    assert (info["fps"], info["total_episodes"], info["total_frames"], info["total_tasks"]) == (25, 3, 12, 2)
    assert info["features"]["action"] == {"dtype": "float32", "shape": [A], "names": [a.name for a in ROBOT.actuators]}
    assert info["dexbench"]["embodiment_digest"] == ROBOT.digest
    assert (info["dexbench"]["units"]["action"], info["dexbench"]["frames"]["observation.keypoints"]) == ("rad", "cell")
    data = pq.read_table(folder / "data/chunk-000/file-000.parquet")
    assert data.column_names == list(info["features"])
    assert data["index"].to_pylist() == list(range(12))
    assert data["frame_index"].to_pylist() == [0, 1, 2, 3, 4, 0, 1, 2, 0, 1, 2, 3]
    assert data["episode_index"].to_pylist() == [0] * 5 + [1] * 3 + [2] * 4
    assert data["task_index"].to_pylist() == [0] * 5 + [1] * 3 + [0] * 4
    assert data["timestamp"].to_pylist()[4] == np.float32(0.16)
    assert set(json.loads(data.schema.metadata[b"huggingface"])["info"]["features"]) == set(info["features"])
    tasks = pq.read_table(folder / "meta/tasks.parquet")
    assert tasks.to_pydict() == {"task_index": [0, 1], "task": ["take the can", "take the cup"]}
    assert json.loads(tasks.schema.metadata[b"pandas"])["index_columns"] == ["task"]
    rows = pq.read_table(folder / "meta/episodes/chunk-000/file-000.parquet").to_pylist()
    assert [(r["tasks"], r["dataset_from_index"], r["dataset_to_index"]) for r in rows] == [
        (["take the can"], 0, 5),
        (["take the cup"], 5, 8),
        (["take the can"], 8, 12),
    ]
    stats = json.loads((folder / "meta/stats.json").read_text())["action"]
    everything = np.concatenate([e.columns["action"] for e in EPISODES]).astype(np.float64)
    for name, numbers in (("mean", everything.mean(0)), ("std", everything.std(0)), ("max", everything.max(0))):
        np.testing.assert_allclose(stats[name], numbers, atol=1e-6)
    assert stats["count"] == [12]
    np.testing.assert_allclose(rows[0]["stats/action/q10"], np.quantile(EPISODES[0].columns["action"], 0.1, axis=0))


@pytest.mark.parametrize("name", ["psibot_rm75", "shadow_ur10e_bimanual", "bytedexter_fr3"])
def test_key_points_are_where_the_fingers_are(name: str) -> None:
    robot = load_embodiment(name)
    keypoints = Keypoints(robot)
    angles = robot.joint_angles(RNG.uniform(robot.limits.lower, robot.limits.upper, (6, len(robot.actuators))))
    poses, points = keypoints(angles)
    tips = Fingertips(robot).read(angles)[POSITION]
    at = [POINTS.index(f"{finger}/3") for finger in ("thumb", "index", "middle", "ring", "little")]
    sides = [SIDES.index(s) for s in robot.sides]
    np.testing.assert_allclose(points[:, sides][:, :, at], tips, atol=1e-6)
    np.testing.assert_allclose(poses[:, sides, :3], points[:, sides, 0], atol=1e-7)
    np.testing.assert_allclose(np.linalg.norm(poses[:, sides, 3:], axis=2), 1, atol=1e-6)
    for side in range(2):
        missing = ~keypoints.present[side]
        assert (points[:, side, missing] == 0).all()
        assert missing.all() == (side not in sides)
    # neighbours on a finger keep their distance, whatever the joints do: they are ends of one rigid link
    for finger in ("thumb", "index", "little"):
        for i in range(3):
            a, b = POINTS.index(f"{finger}/{i}"), POINTS.index(f"{finger}/{i + 1}")
            if keypoints.present[sides[0], a] and keypoints.present[sides[0], b]:
                length = np.linalg.norm(points[:, sides[0], a] - points[:, sides[0], b], axis=1)
                assert np.ptp(length) < 1e-5
                assert 0.01 < length[0] < 0.12
    absent = {POINTS[i] for i in np.flatnonzero(~keypoints.present[sides[0]])}
    assert absent == ({f"{f}/1" for f in ("index", "middle", "ring", "little")} if name == "psibot_rm75" else set())


def test_every_episode_replays_to_what_was_recorded(tmp_path: Path) -> None:
    task = load_task("grasp_object")
    world = simulated("grasp_object", "shadow_ur10e", 2, GROUPS)
    trials = list(draw(task, 7, "seen", 2, ("can",)))
    agent = load_agent("scripted", world.spec)
    seen = world.reset(trials)
    poses = Keypoints(world.spec.embodiment)(seen["joint_position"])[0]
    np.testing.assert_allclose(poses[:, [0], :3], seen["palm_pose"][..., :3], atol=1e-4)
    turned = np.abs((poses[:, [0], 3:] * seen["palm_pose"][..., 3:]).sum(-1))  # both signs are the same turn
    np.testing.assert_allclose(turned, 1, atol=1e-5)
    found = dict(episodes_of(agent, task, world, trials, Noise(arm=0.005, hand=0.01)))
    columns = Scribe(agent, world, task).columns
    with Writer(tmp_path / "set", world.spec.embodiment, "grasp_object-v1", 25.0, columns) as writer:
        for i in sorted(found):
            recorded = found[i]
            assert recorded is not None
            assert np.abs(recorded.columns["action"] - recorded.sent).max() > 1e-4  # the label is not what was sent
            writer.add(recorded)
    dataset = open_dataset(tmp_path / "set", world.spec.embodiment, world.spec.action.rate_hz)
    shown = [dataset.episode(i) for i in range(len(dataset))]
    assert any(e.outcome["success"] for e in shown)
    player = Player(world.spec, [e.sent for e in shown])

    class Watched(Scribe):
        def began(self, index: int, world: int, trial: Trial) -> None:
            player.began(index, world, trial)
            super().began(index, world, trial)

        def stepped(self, worlds: Any, action: Any, observation: Any, outcome: Any) -> None:
            player.stepped(worlds, action, observation, outcome)
            super().stepped(worlds, action, observation, outcome)

    from dexbench.core.rollout import rollout

    scribe = Watched(player, world, task)
    for ended in rollout(scribe, world, [e.trial for e in shown], task.horizon, [scribe]):
        again, before = scribe.finish(ended), shown[ended.index]
        assert again is not None
        assert again.outcome == before.outcome
        for key, values in before.columns.items():
            assert key == "action" or (again.columns[key] == values).all(), key
    world.close()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def edit(path: Path, change: Callable[[Any], Any]) -> None:
    table = pq.read_table(path)
    pq.write_table(change(table).replace_schema_metadata(table.schema.metadata), path)


def put(table: Any, name: str, array: Any) -> Any:
    return table.set_column(table.column_names.index(name), name, array)


def holed(table: Any) -> Any:
    values = np.array(table["action"].combine_chunks().flatten())
    values[7] = np.nan
    return put(table, "action", pa.FixedSizeListArray.from_arrays(pa.array(values), A))


def note(folder: Path, **changes: Any) -> None:
    path = folder / "meta/info.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def rot(path: Path) -> None:
    """Flip one bit among the numbers of the actions."""
    foot = pq.ParquetFile(path)
    chunk = foot.metadata.row_group(1).column(foot.schema_arrow.names.index("action"))
    content = bytearray(path.read_bytes())
    content[chunk.data_page_offset + chunk.total_compressed_size - 9] ^= 4
    path.write_bytes(bytes(content))


def reshaped(folder: Path) -> None:
    path = folder / "meta/info.json"
    info = json.loads(path.read_text())
    info["features"]["action"]["shape"] = [A + 1]
    path.write_text(json.dumps(info))


DATA, TABLE = "data/chunk-000/file-000.parquet", "meta/episodes/chunk-000/file-000.parquet"
SPOILT: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no dataset": (lambda f: (f / "meta/info.json").unlink(), "no LeRobot dataset.*holds meta/ and data/"),
    "half a note": (lambda f: cut(f / "meta/info.json"), "no JSON"),
    "an old format": (lambda f: note(f, codebase_version="v2.1"), "v2.1.*converts"),
    "a stranger's": (lambda f: note(f, dexbench={}), "which robot"),
    "an edited path": (lambda f: note(f, data_path="../{chunk_index}"), "edited"),
    "frames cut off": (lambda f: cut(f / DATA), "no whole Parquet.*copy the file again"),
    "no frames": (lambda f: (f / DATA).unlink(), "is missing, it holds 12 frames"),
    "a table cut off": (lambda f: cut(f / TABLE), "no whole Parquet"),
    "no table": (lambda f: (f / TABLE).unlink(), "counts 3 episodes.*a file is missing"),
    "no tasks": (lambda f: (f / "meta/tasks.parquet").unlink(), "lacks meta/tasks.parquet"),
    "too few frames": (lambda f: edit(f / DATA, lambda t: t.slice(0, 11)), "has 11 frames, .* 12"),
    "another type": (
        lambda f: edit(f / DATA, lambda t: put(t, "next.reward", t["next.reward"].cast("double"))),
        "'next.reward' is double, expected float",
    ),
    "a column less": (lambda f: edit(f / DATA, lambda t: t.drop_columns(["action"])), "'action' is missing"),
    "not a number": (lambda f: edit(f / DATA, holed), "'action' is not finite in frame 0"),
    "a bit flipped": (lambda f: rot(f / DATA), "no whole Parquet"),
    "another rate": (lambda f: note(f, fps=50), "'timestamp' does not count on"),
    "another size": (reshaped, rf"'action' is .*\[{A}\], expected .*\[{A + 1}\]"),
    "too many episodes": (lambda f: note(f, total_episodes=4), "counts 4 episodes with 12 frames, the table"),
    "mixed up": (lambda f: edit(f / DATA, lambda t: t.take(list(range(11, -1, -1)))), "does not count on"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_what_is_spoilt_is_refused_with_the_mend(tmp_path: Path, what: str) -> None:
    spoil, said = SPOILT[what]
    folder = write(tmp_path / "set")
    spoil(folder)
    with pytest.raises(DataError, match=said):
        read_all(folder)


def read_all(folder: Path) -> list[Episode]:
    dataset = open_dataset(folder)
    return [dataset.episode(i) for i in range(len(dataset))]


def test_another_robot_or_rate_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "set")
    with pytest.raises(DataError, match=r"is of embodiment 'psibot_rm75', asked for 'shadow_ur10e'.*collect"):
        open_dataset(folder, load_embodiment("shadow_ur10e"))
    with pytest.raises(DataError, match="25 frames a second, asked for 50"):
        open_dataset(folder, ROBOT, 50.0)
    note(folder, dexbench={**json.loads((folder / "meta/info.json").read_text())["dexbench"], "embodiment_digest": "0"})
    with pytest.raises(DataError, match=r"digest differs.*collect it anew"):
        open_dataset(folder, ROBOT)
    with pytest.raises(DataError, match="no episode 3"):
        open_dataset(folder).episode(3)


def test_what_cannot_be_taught_is_not_written(tmp_path: Path) -> None:
    bad = episode("x", 4)
    bad.columns["observation.state"][2, 1] = np.nan
    with pytest.raises(DataError, match=r"'observation.state': frame 2 is not finite"):
        write(tmp_path / "set", [EPISODES[0], bad])
    assert list(tmp_path.iterdir()) == []  # nothing half-written
    short = Episode(bad.trial, {**EPISODES[0].columns, "action": np.zeros((5, 2), np.float32)}, {})
    with pytest.raises(DataError, match=r"'action': has shape \(5, 2\)"):
        write(tmp_path / "set", [short])
    with pytest.raises(DataError, match=r"whole frames a second.*12\.5"):
        Writer(tmp_path / "set", ROBOT, "t", 12.5, COLUMNS)
    with pytest.raises(DataError, match="exists already"):
        write(write(tmp_path / "set"))


def test_what_a_killed_process_left_is_no_dataset_and_in_nobodys_way(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "set", ROBOT, "t", 25.0, COLUMNS)
    writer.__enter__()
    writer.add(EPISODES[0])
    with pytest.raises(DataError, match="no LeRobot dataset"):
        open_dataset(tmp_path / "set.partial")
    assert len(open_dataset(write(tmp_path / "set"))) == 3
    writer._file.close()


def test_a_collection_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = f"collect --task grasp_object --embodiment shadow_ur10e --episodes 1 --families can --seed 7 --jobs 1 \
        --format lerobot --out {tmp_path / 'set'}".split()

    def killed(*_: Any, **__: Any) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(lerobot_collection, "merge", killed)
        assert main(words) != 0
    assert not (tmp_path / "set").exists()
    (share,) = (tmp_path / "set.shares").glob("share-*")
    part = open_dataset(share)
    assert len(part) == 1
    sent = part.episode(0).sent
    monkeypatch.setattr(Crew, "_send", killed)  # what is there is not recorded again
    assert main(words) == 0
    whole = open_dataset(tmp_path / "set", load_embodiment("shadow_ur10e"))
    assert (whole.task, len(whole)) == ("grasp_object-v1", 1)
    assert whole.info["dexbench"]["collection"]["agent"] == "scripted"
    assert (whole.episode(0).sent == sent).all()
    assert not (tmp_path / "set.shares").exists()
    with pytest.raises(DataError, match="exists already"):
        collect_dataset(
            agent="scripted", task="t", embodiment="e", episodes=1, folder=tmp_path / "set", worlds=simulated
        )


def test_without_pyarrow_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"pip install 'dexbench\[data\]'"):
        write(tmp_path / "set")


def test_datasets_of_two_kinds_are_not_merged(tmp_path: Path) -> None:
    parts = [open_dataset(write(tmp_path / "a")), open_dataset(write(tmp_path / "b"))]
    assert merge(parts, tmp_path / "both", ROBOT) == 6
    assert same(open_dataset(tmp_path / "both").episode(4), EPISODES[1])
    note(tmp_path / "b", fps=50)
    with pytest.raises(DataError, match="differ in rate_hz"):
        merge([parts[0], open_dataset(tmp_path / "b")], tmp_path / "wrong", ROBOT)


def filmed(steps: int) -> Episode:
    """Return an episode whose pictures grow brighter from the left to the right, and from frame to frame."""
    shades = np.linspace(0, 120, 32, dtype=np.uint8)[None, :, None]
    frames = [np.broadcast_to(shades + 20 * t, (24, 32, 3)).astype(np.uint8) for t in range(steps)]
    e = episode("look", steps)
    return Episode(e.trial, e.columns, e.outcome, {"observation.images.front": frames})


def test_pictures_are_films(tmp_path: Path) -> None:
    pytest.importorskip("imageio_ffmpeg", reason="pip install 'dexbench[video]'")
    key, shown = "observation.images.front", [filmed(5), filmed(3)]
    parts = [open_dataset(write(tmp_path / name, [e])) for name, e in zip("ab", shown, strict=True)]
    assert merge(parts, tmp_path / "set", ROBOT) == 2
    dataset = open_dataset(tmp_path / "set")
    for i, e in enumerate(shown):
        pictures = dataset.pictures(i, key)
        assert pictures.shape == (e.steps, 24, 32, 3)
        assert np.abs(pictures.astype(int) - np.stack(e.pictures[key])).mean() < 4
    stats = json.loads((tmp_path / "set/meta/stats.json").read_text())[key]
    everything = np.concatenate([np.stack(e.pictures[key]) for e in shown]) / 255
    assert np.array(stats["mean"]).shape == (3, 1, 1)
    np.testing.assert_allclose(np.ravel(stats["mean"]), everything.mean((0, 1, 2)), atol=1e-6)
    assert dataset.info["features"][key]["shape"] == [24, 32, 3]
    film = tmp_path / "set/videos" / key / "chunk-000/file-001.mp4"
    whole = film.read_bytes()
    for spoilt in (whole[:-40], whole[: len(whole) // 2], b""):
        film.write_bytes(spoilt)
        with pytest.raises(DataError, match=r"file-001\.mp4.*copy"):
            open_dataset(tmp_path / "set")
    film.unlink()
    with pytest.raises(DataError, match="missing: the pictures of episode 1"):
        open_dataset(tmp_path / "set")
    with pytest.raises(DataError, match="has films"):
        write(tmp_path / "mixed", [shown[0], EPISODES[0]])
    words = ["--task", "grasp_object", "--embodiment", "shadow_ur10e", "--episodes", "1", "--out", "x"]
    assert main(["collect", *words, "--cameras", "front"]) != 0  # shards hold no pictures

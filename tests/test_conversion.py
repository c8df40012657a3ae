"""Other projects' recordings: small files in their layouts, written here, and broken ones."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="pip install 'dexbench[data]'")

from dexbench import load_embodiment
from dexbench.cli.main import main
from dexbench.core.errors import DataError, UnknownName
from dexbench.data.conversion import convert
from dexbench.data.lerobot_reader import open_dataset
from dexbench.data.lerobot_writer import Writer

RNG = np.random.default_rng(4)


def sequence(steps: int) -> dict[str, Any]:
    """Return a sequence as RealDex prepares them; the hand turns about z, past half a turn."""
    angle = np.linspace(0, 1.5 * np.pi, steps)
    return {
        "qpos": RNG.uniform(0, 1, (steps, 22)).astype(np.float32),
        "hand_transl": RNG.uniform(0.5, 1, (steps, 3)),
        "hand_orient": angle[:, None] * [0, 0, 1.0],
        "object_transl": np.tile([0.9, 0.0, 1.0], (steps, 1)),
        "object_orient": np.zeros((steps, 3)),
        "object_points": RNG.uniform(-0.1, 0.1, (50, 3)),
        "object_colors": RNG.uniform(0, 1, (50, 3)),
    }


def realdex(folder: Path) -> tuple[Path, list[dict[str, Any]]]:
    made = [sequence(7), sequence(4)]
    for i, arrays in enumerate(made):
        (folder / f"chips_{i}").mkdir(parents=True)
        np.savez(folder / f"chips_{i}/sequence.npz", **arrays)
    return folder, made


def test_realdex_sequences_become_a_dataset_without_what_they_lack(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, made = realdex(tmp_path / "source")
    words = f"dataset convert {source} --layout realdex --rate 15 --out {tmp_path / 'set'}".split()
    assert main([*words, "--instruction", "grasp the chips"]) == 0
    said = capsys.readouterr().out
    assert "2 episodes" in said
    assert "no actions" in said
    assert "not published" in said
    dataset = open_dataset(tmp_path / "set", rate_hz=15)
    assert (dataset.converted, dataset.embodiment, len(dataset)) == (True, "realdex", 2)
    assert {c.key for c in dataset.columns} == {
        "observation.state",
        "observation.forearm_pose",
        "observation.environment_state",
    }
    for i, arrays in enumerate(made):
        episode = dataset.episode(i)
        assert episode.trial.instruction == "grasp the chips"
        assert (episode.columns["observation.state"] == arrays["qpos"]).all()
        pose = episode.columns["observation.forearm_pose"].astype(float)
        np.testing.assert_allclose(pose[:, :3], arrays["hand_transl"], atol=1e-6)
        angle = arrays["hand_orient"][:, 2]
        matrix_xx, matrix_yx = 1 - 2 * pose[:, 6] ** 2, 2 * pose[:, 3] * pose[:, 6]
        np.testing.assert_allclose([matrix_xx, matrix_yx], [np.cos(angle), np.sin(angle)], atol=1e-6)
        assert ((pose[1:, 3:] * pose[:-1, 3:]).sum(1) > 0).all()  # no jump of sign on the way past half a turn
    with pytest.raises(DataError, match=r"converted from realdex.*collect with --embodiment"):
        open_dataset(tmp_path / "set", load_embodiment("shadow_ur10e"))
    assert main(["dataset", "info", str(tmp_path / "set")]) == 0
    assert "forearm" in capsys.readouterr().out
    assert main(["dataset", "check", str(tmp_path / "set"), "--no-replay"]) == 0
    assert main(["dataset", "check", str(tmp_path / "set")]) == 2
    assert "no trial" in capsys.readouterr().err


SPOILT: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "less": (lambda a: a.pop("hand_orient"), r"lacks hand_orient; it has .*qpos"),
    "a pickle": (lambda a: a.update(qpos=np.array([{"a": 1}], object)), "qpos is a pickle"),
    "too many joints": (lambda a: a.update(qpos=np.zeros((7, 24))), r"shape \(7, 24\), expected \(T, 22\)"),
    "too few frames": (lambda a: a.update(object_transl=np.zeros((6, 3))), r"object_transl has shape \(6, 3\)"),
    "matrices": (lambda a: a.update(hand_orient=np.zeros((7, 3, 3))), r"hand_orient has shape \(7, 3, 3\)"),
    "no number": (lambda a: a["hand_transl"].__setitem__((2, 1), np.nan), "hand_transl is not finite"),
    "words": (lambda a: a.update(qpos=np.full((7, 22), "x")), "numbers are expected"),
    "flat points": (lambda a: a.update(object_points=np.zeros((5, 2))), "object_points has shape"),
    "nothing": (lambda a: a.update(qpos=np.zeros((0, 22))), "qpos has shape"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_spoilt_sequences_are_refused(tmp_path: Path, what: str) -> None:
    spoil, said = SPOILT[what]
    arrays = sequence(7)
    spoil(arrays)
    (tmp_path / "source").mkdir()
    np.savez(tmp_path / "source/a.npz", **arrays)
    with pytest.raises(DataError, match=said):
        convert(tmp_path / "source", "realdex", tmp_path / "set", 15.0)
    assert not (tmp_path / "set").exists()


def test_realdex_pickles_cut_files_and_missing_rates_are_refused(tmp_path: Path) -> None:
    source, _ = realdex(tmp_path / "source")
    with pytest.raises(DataError, match="--rate HZ"):
        convert(source, "realdex", tmp_path / "set")
    with pytest.raises(UnknownName, match="dexgraspvla, realdex"):
        convert(source, "lerobot", tmp_path / "set", 15.0)
    file = source / "chips_1/sequence.npz"
    file.write_bytes(file.read_bytes()[:-60])
    with pytest.raises(DataError, match=r"no whole \.npz"):
        convert(source, "realdex", tmp_path / "set", 15.0)
    raw = tmp_path / "raw"
    raw.mkdir()
    with pytest.raises(DataError, match=r"holds no \.npz"):
        convert(raw, "realdex", tmp_path / "set", 15.0)
    np.save(raw / "final_data.npy", np.array({"qpos": 1}, object), allow_pickle=True)
    with pytest.raises(DataError, match=r"is a pickle.*numpy\.savez"):
        convert(raw, "realdex", tmp_path / "set", 15.0)
    with pytest.raises(DataError, match="does not exist"):
        convert(tmp_path / "nowhere", "realdex", tmp_path / "set", 15.0)
    assert not list(tmp_path.glob("set*"))


ENDS = np.array([5, 9])


def store(folder: Path, **changes: Any) -> dict[str, Any]:
    """Write a store of two episodes as DexGraspVLA's loader reads them; return its arrays."""
    zarr = pytest.importorskip("zarr", reason="pip install 'dexbench[zarr]'")
    count = int(ENDS[-1])
    shade = np.linspace(0, 200, 32, dtype=np.uint8)[None, None, :]
    picture = np.stack([np.broadcast_to(shade + k, (count, 24, 32)) for k in (0, 20, 40)], 3)  # blue, green, red
    mask = np.zeros((count, 24, 32, 1), np.uint8)
    mask[:, 8:16, 8:24] = 1
    arrays = {
        "data/action": RNG.normal(size=(count, 13)).astype(np.float32),
        "data/right_state": RNG.normal(size=(count, 13)).astype(np.float32),
        "data/rgbm": np.concatenate([picture, mask], 3),
        "data/right_cam_img": picture,
        "meta/episode_ends": ENDS,
        **changes,
    }
    for name, values in arrays.items():
        made = zarr.create_array(
            str(folder / name), shape=values.shape, chunks=(4, *values.shape[1:]), dtype=values.dtype, zarr_format=2
        )
        made[:] = values
    return arrays


def test_a_dexgraspvla_store_becomes_a_dataset_with_films(tmp_path: Path) -> None:
    pytest.importorskip("imageio_ffmpeg", reason="pip install 'dexbench[video]'")
    arrays = store(tmp_path / "source")
    count, notes = convert(tmp_path / "source", "dexgraspvla", tmp_path / "set")
    assert count == 2
    assert any("as stored" in n for n in notes)
    assert any("no instruction" in n for n in notes)
    dataset = open_dataset(tmp_path / "set", rate_hz=20)
    assert dataset.rows[1]["length"] == 4
    for i, part in enumerate((slice(0, 5), slice(5, 9))):
        columns = dataset.episode(i).columns
        assert (columns["action"] == arrays["data/action"][part]).all()
        assert (columns["observation.state"] == arrays["data/right_state"][part]).all()
    red_first = arrays["data/right_cam_img"][5:, ..., ::-1].astype(int)
    for camera in ("head", "wrist"):
        shown = dataset.pictures(1, f"observation.images.{camera}").astype(int)
        assert np.abs(shown - red_first).mean() < 6
        assert (shown[..., 0].mean() - shown[..., 2].mean()) > 20  # red is brighter than blue, as it was
    mask = dataset.pictures(1, "observation.images.head_mask")[..., 0] > 127
    assert (mask == (arrays["data/rgbm"][5:, ..., 3] > 0)).mean() > 0.97


def test_spoilt_stores_are_refused(tmp_path: Path) -> None:
    source = tmp_path / "source"
    arrays = store(source)

    def refused(said: str, place: Path = source) -> None:
        with pytest.raises(DataError, match=said):
            convert(place, "dexgraspvla", tmp_path / "set")
        assert not list(tmp_path.glob("set*"))

    refused("has no array data/action", tmp_path)
    chunk = next(p for p in sorted((source / "data/action").iterdir()) if p.name[0].isdigit())
    whole = chunk.read_bytes()
    chunk.write_bytes(whole[: len(whole) // 2])
    refused("data/action is broken or cut off")
    chunk.unlink()
    refused(r"lacks chunk 0\.0")
    chunk.write_bytes(whole)
    note = source / "data/action/.zarray"
    text = note.read_text()
    note.write_text(json.dumps({**json.loads(text), "filters": [{"id": "pickle"}]}))
    refused("holds objects")
    note.write_text(text[:40])
    refused("cannot be read")
    for i, (name, values, said) in enumerate(
        (
            ("meta/episode_ends", np.array([5, 12]), "count up to the 9 frames"),
            ("meta/episode_ends", np.array([5, 5, 9]), "count up"),
            ("data/right_state", arrays["data/action"][:, :12], r"expected floating point numbers of shape \(9, 13\)"),
            ("data/rgbm", arrays["data/right_cam_img"], r"expected uint8 of shape \(9, H, W, 4\)"),
        )
    ):
        store(tmp_path / f"source{i}", **{name: values})
        refused(said, tmp_path / f"source{i}")


def test_a_set_of_a_robot_is_none_that_was_converted(tmp_path: Path) -> None:
    from dexbench.data.realdex_layout import COLUMNS

    with Writer(tmp_path / "set", "realdex", "realdex", 15.0, COLUMNS, said=("nothing is known",)):
        pass
    assert open_dataset(tmp_path / "set").info["dexbench"]["notes"] == ["nothing is known"]

"""Reads LeRobot datasets that DexBench wrote, and says what is wrong with one that does not fit."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import DataError
from dexbench.core.trial import Trial

from .lerobot_episode import Episode
from .lerobot_layout import (
    DATA_PATH,
    FORMAT,
    INDEX,
    INFO,
    QUANTILES,
    SENT,
    STATS,
    TASKS,
    VIDEO_PATH,
    Column,
    pyarrow,
)
from .lerobot_table import MEND, first_line, newest, read_table, values_of
from .lerobot_video import Film, check, decode

_STATS = ("min", "max", "mean", "std", "count", *QUANTILES)
_PLACED = ("episode_index", "length", "data/chunk_index", "data/file_index", "dataset_from_index", "dataset_to_index")


@dataclass(frozen=True)
class Dataset:
    """A dataset whose files are all there, with the columns that they should have."""

    folder: Path
    info: Mapping[str, Any]
    """info.json."""
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Any], ...]
    """Of the table of episodes, in their order; without statistics."""
    cameras: tuple[str, ...]
    """Feature names of the pictures."""

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def embodiment(self) -> str:
        """Name of the robot."""
        return str(self.info["dexbench"]["embodiment"])

    @property
    def converted(self) -> bool:
        """Whether it was converted from another project's files: of no robot, task and trial of ours."""
        return bool(self.info["dexbench"].get("converted", False))

    @property
    def task(self) -> str:
        """Name of the task, with its version."""
        return str(self.info["dexbench"]["task"])

    @property
    def rate_hz(self) -> int:
        """Frames a second."""
        return int(self.info["fps"])

    def episode(self, index: int) -> Episode:
        """Return an episode.

        Raises:
          DataError: there is none, or what lies there is not what was written.
        """
        if not 0 <= index < len(self):
            raise DataError(f"{self.folder} has no episode {index}; it has {len(self)}, numbered from 0")
        row = self.rows[index]
        path = self._data(row)
        same = [r for r in self.rows if self._data(r) == path]
        start = row["dataset_from_index"] - min(r["dataset_from_index"] for r in same)
        state = path.stat()
        table = newest(path, state.st_mtime_ns, state.st_size).slice(start, row["length"])
        where = f"{path}, episode {index}"
        if table.num_rows != row["length"]:
            raise DataError(f"{where}: has {table.num_rows} of {row['length']} frames; {MEND}")
        found = {c.key: values_of(table.column(c.key), c, where) for c in (*self.columns, *INDEX)}
        frame = np.arange(row["length"])
        for key, wanted in (
            ("episode_index", np.full(len(frame), index)),
            ("frame_index", frame),
            ("index", frame + row["dataset_from_index"]),
            ("timestamp", (frame / self.rate_hz).astype(np.float32)),
        ):
            if not np.allclose(found[key][:, 0], wanted, rtol=0, atol=1e-4):
                raise DataError(f"{where}: the column {key!r} does not count on as the format asks; {MEND}")
        columns = {c.key: found[c.key] for c in self.columns}
        return Episode(Trial.from_row(json.loads(row["dexbench/trial"])), columns, json.loads(row["dexbench/outcome"]))

    def film(self, index: int, camera: str) -> Film:
        """Return where an episode's pictures by a camera (a feature name) are, and what is known of them."""
        row = self.rows[index]
        at = {name: row[f"videos/{camera}/{name}"] for name in ("chunk_index", "file_index")}
        stats = {name: np.array(row[f"stats/{camera}/{name}"]).reshape(-1) for name in _STATS}
        path = self.folder / VIDEO_PATH.format(video_key=camera, **at)
        return Film(path, self.info["features"][camera], stats)

    def pictures(self, index: int, camera: str) -> NDArray[np.uint8]:
        """Return the pictures (T, H, W, 3) of an episode by a camera."""
        path = self.film(index, camera).path
        frames = decode(path)
        if len(frames) != (steps := self.rows[index]["length"]):
            raise DataError(f"{path}: has {len(frames)} pictures, the episode {steps} frames; {MEND}")
        return frames

    def _data(self, row: Mapping[str, Any]) -> Path:
        at = {name: row[f"data/{name}"] for name in ("chunk_index", "file_index")}
        return self.folder / DATA_PATH.format(**at)


def open_dataset(folder: Path, embodiment: Embodiment | None = None, rate_hz: float | None = None) -> Dataset:
    """Return the dataset in `folder`, after a look at all of its files; numbers are looked at episode by episode.

    Args:
      folder: that holds meta/ and data/.
      embodiment: if given, the robot that it must be of.
      rate_hz: if given, the control rate that it must have.

    Raises:
      DataError: a file is missing, cut off or of another kind; or it is of another robot or rate.
    """
    info = _info(folder)
    own = info["dexbench"]
    if embodiment is not None and own.get("converted"):
        raise DataError(
            f"{folder} was converted from {own['embodiment']}'s files: it is of no robot of ours, asked for "
            f"{embodiment.name!r}; collect with --embodiment {embodiment.name}"
        )
    if embodiment is not None and own["embodiment"] != embodiment.name:
        raise DataError(
            f"{folder} is of embodiment {own['embodiment']!r}, asked for {embodiment.name!r}: joints differ in number "
            f"and meaning; collect with --embodiment {embodiment.name}, or use its key points"
        )
    if embodiment is not None and own["embodiment_digest"] != embodiment.digest:
        raise DataError(
            f"{folder} was collected with other files of embodiment {embodiment.name!r} than are installed (its digest "
            "differs); collect it anew, or install the version that it was collected with"
        )
    if rate_hz is not None and abs(info["fps"] - rate_hz) > 1e-6:
        raise DataError(f"{folder} has {info['fps']} frames a second, asked for {rate_hz:g}; collect at that rate")
    columns, cameras = _features(folder, info)
    rows = _episodes(folder, info, cameras)
    dataset = Dataset(folder, info, columns, rows, cameras)
    for name in (TASKS, STATS):
        if not (folder / name).is_file():
            raise DataError(f"{folder} lacks {name}; {MEND}")
    read_table(folder / TASKS)
    _check_data(dataset)
    for index in range(len(dataset)):
        for camera in cameras:
            path = dataset.film(index, camera).path
            if not path.is_file():
                raise DataError(f"{path} is missing: the pictures of episode {index}; {MEND}")
            check(path)
    return dataset


def _info(folder: Path) -> dict[str, Any]:
    path = folder / INFO
    if not path.is_file():
        raise DataError(f"{folder} is no LeRobot dataset: it has no {INFO}; name the folder that holds meta/ and data/")
    try:
        info: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} is no JSON: {error}; {MEND}") from error
    version = str(info.get("codebase_version")) if isinstance(info, dict) else "unknown"
    if not version.startswith("v3."):
        raise DataError(f"{folder} has format {version}, v3 is read here; lerobot converts older ones")
    own = info.get("dexbench")
    needed = ("embodiment", "embodiment_digest", "task", "units", "frames")
    if not isinstance(own, dict) or own.get("format") != FORMAT or any(k not in own for k in needed):
        raise DataError(
            f"{path} does not say, under 'dexbench' in format {FORMAT}, which robot and task it is of; datasets of "
            "other programs are not read: record one with: dexbench collect --format lerobot"
        )
    for key, kind in (("fps", int), ("total_episodes", int), ("total_frames", int), ("features", dict)):
        if type(info.get(key)) is not kind:
            raise DataError(f"{path}: field {key!r} is missing or no {kind.__name__}; {MEND}")
    if info["fps"] < 1 or info.get("data_path") != DATA_PATH or info.get("video_path") not in (None, VIDEO_PATH):
        raise DataError(f"{path}: fps, data_path or video_path were edited; {MEND}")
    return dict(info)


def _features(folder: Path, info: Mapping[str, Any]) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    columns, cameras = [], []
    own = info["dexbench"]
    for key, f in info["features"].items():
        shape, kind = (f.get("shape"), f.get("dtype")) if isinstance(f, dict) else (None, None)
        if not re.fullmatch(r"\w[\w.\-]*", key) or not isinstance(shape, list) or not isinstance(kind, str):
            raise DataError(f"{folder / INFO}: feature {key!r} has no plain name, shape and dtype; {MEND}")
        if kind == "video":
            cameras.append(key)
        elif key not in {c.key for c in INDEX}:
            if len(shape) != 1 or type(shape[0]) is not int or kind not in ("float32", "float64", "int64", "bool"):
                raise DataError(f"{folder / INFO}: feature {key!r} is {kind} of shape {shape}, which is never written")
            names = tuple(str(n) for n in f.get("names") or ())
            unit, frame = str(own["units"].get(key, "1")), str(own["frames"].get(key, ""))
            columns.append(Column(key, kind, shape[0], names, unit, frame))
    wanted = {"observation.state"} if own.get("converted") else {"observation.state", "action", SENT}
    lacking = wanted - {c.key for c in columns}
    if lacking:
        raise DataError(f"{folder / INFO}: features {sorted(lacking)} are missing; {MEND}")
    return tuple(columns), tuple(cameras)


def _episodes(folder: Path, info: Mapping[str, Any], cameras: tuple[str, ...]) -> tuple[Mapping[str, Any], ...]:
    wanted = [*_PLACED, "dexbench/trial", "dexbench/outcome"]
    for camera in cameras:
        wanted += [f"videos/{camera}/{name}" for name in ("chunk_index", "file_index")]
        wanted += [f"stats/{camera}/{name}" for name in _STATS]
    rows: list[dict[str, Any]] = []
    for path in sorted(folder.glob("meta/episodes/*/*.parquet")):
        table = read_table(path)
        lacking = sorted(set(wanted) - set(table.column_names))
        if lacking:
            raise DataError(f"{path} lacks the columns {lacking}; {MEND}")
        rows += table.select(wanted).to_pylist()
    begin = 0
    for i, row in enumerate(rows):
        if any(type(row[k]) is not int for k in _PLACED):
            raise DataError(f"{folder}: row {i} of the table of episodes has a place that is no number; {MEND}")
        placed = row["episode_index"], row["dataset_from_index"], row["dataset_to_index"]
        if placed != (i, begin, begin + row["length"]) or row["length"] < 1:
            raise DataError(f"{folder}: row {i} of the table of episodes does not follow the one before it; {MEND}")
        begin += row["length"]
    if (len(rows), begin) != (info["total_episodes"], info["total_frames"]):
        raise DataError(
            f"{folder}: {INFO} counts {info['total_episodes']} episodes with {info['total_frames']} frames, the table "
            f"of episodes {len(rows)} with {begin}; a file is missing: {MEND}"
        )
    return tuple(rows)


def _check_data(dataset: Dataset) -> None:
    """Look at the feet of the data files: whether they are there and whole, with all columns and frames."""
    arrow, parquet = pyarrow()
    frames: dict[Path, int] = {}
    for row in dataset.rows:
        path = dataset._data(row)
        frames[path] = frames.get(path, 0) + row["length"]
    for path, count in frames.items():
        if not path.is_file():
            raise DataError(f"{path} is missing, it holds {count} frames; {MEND}")
        try:
            foot = parquet.ParquetFile(path)
        except (arrow.ArrowException, OSError) as error:
            raise DataError(f"{path} is no whole Parquet file ({first_line(error)}); {MEND}") from error
        for c in (*dataset.columns, *INDEX):
            given = str(foot.schema_arrow.field(c.key).type) if c.key in foot.schema_arrow.names else "missing"
            kind = {"float32": "float", "float64": "double"}.get(c.dtype, c.dtype)
            wanted = kind if c.size == 1 else f"fixed_size_list<element: {kind}>[{c.size}]"
            if given.replace("item:", "element:") != wanted:
                raise DataError(f"{path}: column {c.key!r} is {given}, expected {wanted}; {MEND}")
        if foot.metadata.num_rows != count:
            raise DataError(f"{path} has {foot.metadata.num_rows} frames, the episodes in it have {count}; {MEND}")

"""Writes LeRobot datasets, format v3. A dataset appears under its name when it is whole, and not before."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import DataError
from dexbench.core.roles import SIDES
from dexbench.core.schema import Array

from .keypoints import POINTS
from .lerobot_episode import Episode
from .lerobot_layout import (
    CHUNK,
    DATA_MB,
    DATA_PATH,
    EPISODES_PATH,
    FORMAT,
    INDEX,
    INFO,
    STATS,
    TASKS,
    VERSION,
    VIDEO_MB,
    VIDEO_PATH,
    Column,
    arrow_schema,
    place,
    pooled,
    pyarrow,
    statistics,
    whole_rate,
)
from .lerobot_video import Film, check, film


class Writer:
    """A dataset in the making, as a context: left in peace it is finished, left by an exception nothing stays.

    Until then it lies beside its place, under a name that ends in ".partial".

    Args:
      folder: of the dataset; must not exist.
      robot: whose joints the columns are; for a set that was converted, what it was converted from: a word.
      task: with its version.
      rate_hz: control rate; whole.
      columns: what an episode holds; see lerobot_layout.columns_of.
      note: plain data that is kept in info.json, under `dexbench`, `collection`.
      data_mb: data files grow to about this size.
      said: sentences on what is missing or not known, kept under `dexbench`, `notes`.
    """

    def __init__(
        self,
        folder: Path,
        robot: Embodiment | str,
        task: str,
        rate_hz: float,
        columns: Sequence[Column],
        note: Mapping[str, Any] | None = None,
        data_mb: float = DATA_MB,
        said: Sequence[str] = (),
    ) -> None:
        arrow, self._parquet = pyarrow()
        if folder.exists():
            raise DataError(f"{folder} exists already; choose another folder, or delete it")
        self._arrow = arrow
        self._rate = whole_rate(rate_hz)
        self._columns = tuple(columns)
        self._schema = arrow_schema((*self._columns, *INDEX))
        self._limit = data_mb * 2**20
        self._folder = folder
        self._partial = folder.with_name(f"{folder.name}.partial")
        self._tasks: dict[str, int] = {}
        self._rows: list[dict[str, Any]] = []
        self._stats: list[dict[str, dict[str, Array]]] = []
        self._videos: dict[str, dict[str, Any]] = {}
        self._file: Any = None
        self._number = -1
        self._frames = 0
        self._dexbench = {
            "format": FORMAT,
            "task": task,
            "embodiment": robot if isinstance(robot, str) else robot.name,
            "embodiment_digest": "" if isinstance(robot, str) else robot.digest,
            "converted": isinstance(robot, str),
            "notes": list(said),
            "rate_hz": self._rate,
            "sides": list(SIDES),
            "points": list(POINTS),
            "units": {c.key: c.unit for c in self._columns},
            "frames": {c.key: c.frame for c in self._columns if c.frame},
            "collection": dict(note or {}),
        }

    def __enter__(self) -> Self:
        if self._partial.exists():  # of a process that was killed
            shutil.rmtree(self._partial)
        (self._partial / "meta").mkdir(parents=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
        if kind is None:
            self._finish()
        else:
            shutil.rmtree(self._partial, ignore_errors=True)

    def add(self, episode: Episode, films: Mapping[str, Film] | None = None) -> None:
        """Add an episode.

        Args:
          episode: with exactly the columns that were declared; its pictures are encoded.
          films: pictures that are encoded already, by feature name; files are copied.

        Raises:
          DataError: a column is missing, of another size or type, or holds what is no number.
        """
        index, steps = len(self._rows), episode.steps
        for c in self._columns:
            _check(c, episode.columns.get(c.key), steps, index)
        words = episode.trial.instruction
        number = self._tasks.setdefault(words, len(self._tasks))
        frame = np.arange(steps)
        columns = {
            **{c.key: episode.columns[c.key] for c in self._columns},
            "timestamp": (frame / self._rate).astype(np.float32),
            "frame_index": frame,
            "episode_index": np.full(steps, index),
            "index": self._frames + frame,
            "task_index": np.full(steps, number),
        }
        self._write(columns)
        row: dict[str, Any] = {
            "episode_index": index,
            "tasks": [words],
            "length": steps,
            **{f"data/{name}": value for name, value in place(self._number).items()},
            "dataset_from_index": self._frames,
            "dataset_to_index": self._frames + steps,
            **{f"meta/episodes/{name}": 0 for name in place(0)},
        }
        shown = {**(films or {}), **self._encode(episode)}
        row |= self._film(shown, index, steps)
        stats = {key: statistics(np.reshape(value, (steps, -1))) for key, value in columns.items()}
        stats |= {key: dict(f.stats) for key, f in shown.items()}
        row |= {f"stats/{key}/{name}": v for key in shown for name, v in self._plain(key, stats[key]).items()}
        row["dexbench/trial"] = json.dumps(episode.trial.row(), allow_nan=False)
        row["dexbench/outcome"] = json.dumps(dict(episode.outcome), allow_nan=False)
        self._rows.append(row)
        self._stats.append(stats)
        self._frames += steps

    def _write(self, columns: Mapping[str, Array]) -> None:
        path = self._partial / DATA_PATH.format(**place(max(self._number, 0)))
        if self._file is not None and path.stat().st_size >= self._limit:
            self._file.close()
            self._file = None
        if self._file is None:
            self._number += 1
            path = self._partial / DATA_PATH.format(**place(self._number))
            path.parent.mkdir(parents=True, exist_ok=True)
            # measurements hardly repeat: a dictionary of them costs time and room
            settings = {"use_dictionary": False, "write_page_checksum": True}
            self._file = self._parquet.ParquetWriter(path, self._schema, **settings)
        arrays = []
        for entry in self._schema:
            flat = self._arrow.array(np.ascontiguousarray(columns[entry.name]).reshape(-1))
            listed = self._arrow.types.is_fixed_size_list(entry.type)
            arrays.append(
                self._arrow.FixedSizeListArray.from_arrays(flat, type=entry.type) if listed else flat.cast(entry.type)
            )
        self._file.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))

    def _encode(self, episode: Episode) -> dict[str, Film]:
        found = {}
        for key, frames in episode.pictures.items():
            if len(frames) != episode.steps:
                raise DataError(f"{key} has {len(frames)} pictures, the episode {episode.steps} frames")
            found[key] = film(self._partial / f"{key}.mp4", frames, self._rate)
        return found

    def _lists(self) -> dict[str, Any]:
        """Return the episodes' statistics of numbers, columns of lists: by rows it takes pyarrow ten times as long."""
        found = {}
        for key in (c.key for c in (*self._columns, *INDEX)):
            for name in self._stats[0][key]:
                parts = [s[key][name] for s in self._stats]
                ends = np.cumsum([0, *map(len, parts)], dtype=np.int32)
                flat = self._arrow.array(np.concatenate(parts))
                found[f"stats/{key}/{name}"] = self._arrow.ListArray.from_arrays(self._arrow.array(ends), flat)
        return found

    def _plain(self, key: str, stats: Mapping[str, Array]) -> dict[str, Any]:
        """Return statistics as lists; those of pictures have the axes of a picture, colours first."""
        colours = key in self._videos
        return {n: (v.reshape(3, 1, 1) if colours and n != "count" else v).tolist() for n, v in stats.items()}

    def _film(self, films: Mapping[str, Film], index: int, steps: int) -> dict[str, Any]:
        if index and set(films) != set(self._videos):
            raise DataError(f"episode {index} has films {sorted(films)}, those before it {sorted(self._videos)}")
        found: dict[str, Any] = {}
        for key, shown in films.items():
            if self._videos.setdefault(key, dict(shown.described)) != dict(shown.described):
                raise DataError(f"the pictures {key} of episode {index} are of another size or rate than those before")
            check(shown.path)
            path = self._partial / VIDEO_PATH.format(video_key=key, **place(index))
            path.parent.mkdir(parents=True, exist_ok=True)
            if shown.path.parent == self._partial:
                shown.path.rename(path)
            else:
                shutil.copyfile(shown.path, path)
            found |= {f"videos/{key}/{name}": value for name, value in place(index).items()}
            found |= {f"videos/{key}/from_timestamp": 0.0, f"videos/{key}/to_timestamp": steps / self._rate}
        return found

    def _finish(self) -> None:
        arrow, meta = self._arrow, self._partial / "meta"
        if self._rows:
            path = self._partial / EPISODES_PATH.format(**place(0))
            path.parent.mkdir(parents=True)
            rows = arrow.Table.from_pylist(self._rows)
            table = {**dict(zip(rows.column_names, rows.columns, strict=True)), **self._lists()}
            self._parquet.write_table(arrow.Table.from_pydict(table), path)
        _write_tasks(self._partial / TASKS, self._tasks)
        stats = {key: pooled([s[key] for s in self._stats]) for key in (self._stats[0] if self._stats else ())}
        plain = {key: self._plain(key, s) for key, s in stats.items()}
        (self._partial / STATS).write_text(json.dumps(plain, indent=1))
        info = {
            "codebase_version": VERSION,
            "robot_type": self._dexbench["embodiment"],
            "total_episodes": len(self._rows),
            "total_frames": self._frames,
            "total_tasks": len(self._tasks),
            "chunks_size": CHUNK,
            "data_files_size_in_mb": DATA_MB,
            "video_files_size_in_mb": VIDEO_MB,
            "fps": self._rate,
            "splits": {"train": f"0:{len(self._rows)}"},
            "data_path": DATA_PATH,
            "video_path": VIDEO_PATH if self._videos else None,
            "features": {**self._videos, **{c.key: c.describe() for c in (*self._columns, *INDEX)}},
            "dexbench": self._dexbench,
        }
        (meta / Path(INFO).name).write_text(json.dumps(info, indent=1))
        self._partial.rename(self._folder)


def _check(column: Column, values: Array | None, steps: int, index: int) -> None:
    where = f"episode {index}, column {column.key!r}"
    if values is None:
        raise DataError(f"{where}: is missing")
    if values.shape != (steps, column.size):
        raise DataError(f"{where}: has shape {values.shape}, expected {(steps, column.size)}")
    if values.dtype != np.dtype(column.dtype):
        raise DataError(f"{where}: is {values.dtype}, expected {column.dtype}")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        frame = int(np.flatnonzero(~np.isfinite(values).all(1))[0])
        raise DataError(f"{where}: frame {frame} is not finite; an episode like this teaches nothing, leave it out")


def _write_tasks(path: Path, tasks: Mapping[str, int]) -> None:
    """Write the table of tasks; the note in it tells pandas that the words are the table's index."""
    arrow, parquet = pyarrow()
    kinds = (("task_index", "int64", "int64"), ("task", "unicode", "object"))
    note = {
        "index_columns": ["task"],
        "column_indexes": [],
        "columns": [
            {"name": n, "field_name": n, "pandas_type": kind, "numpy_type": stored, "metadata": None}
            for n, kind, stored in kinds
        ],
        "creator": {"library": "pyarrow", "version": arrow.__version__},
        "pandas_version": "2.0.0",
    }
    schema = arrow.schema(
        [("task_index", arrow.int64()), ("task", arrow.string())], {"pandas": json.dumps(note).encode()}
    )
    rows = {"task_index": list(tasks.values()), "task": list(tasks)}
    parquet.write_table(arrow.Table.from_pydict(rows, schema=schema), path)

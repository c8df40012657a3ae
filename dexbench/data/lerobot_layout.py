"""LeRobot's dataset format v3: where files lie, what a column holds, and the numbers that describe it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import DataError, MissingExtra
from dexbench.core.roles import SIDES
from dexbench.core.schema import Array, Schema

from .keypoints import POINTS

VERSION = "v3.0"
INFO, STATS, TASKS = "meta/info.json", "meta/stats.json", "meta/tasks.parquet"
_FILE = "chunk-{chunk_index:03d}/file-{file_index:03d}"
EPISODES_PATH = f"meta/episodes/{_FILE}.parquet"
DATA_PATH = f"data/{_FILE}.parquet"
VIDEO_PATH = f"videos/{{video_key}}/{_FILE}.mp4"
CHUNK = 1000
"""Files a folder."""
DATA_MB, VIDEO_MB = 100, 200
"""Largest files."""
QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
FORMAT = 1
"""Of what we add under the key `dexbench`."""

SENT, STAGE = "dexbench.sent", "dexbench.stage"
"""Columns of ours: the joint targets that the world was given, to the bit; stages completed after the step."""
AXES = ("normal", "distal", "across")
"""Components of a force on a pad."""


@dataclass(frozen=True)
class Column:
    """A column of the data files: one vector, or one number, a frame."""

    key: str
    dtype: str
    size: int = 1
    names: tuple[str, ...] = ()
    unit: str = "1"
    frame: str = ""
    field: str = ""
    """The observation field that it is taken from, if it is."""
    newest: bool = False
    """Whether only the last entry of the field's first axis is kept: the newest of a window of samples."""

    def describe(self) -> dict[str, Any]:
        """Return the entry in info.json's `features`."""
        return {"dtype": self.dtype, "shape": [self.size], "names": list(self.names) or None}


INDEX = (
    Column("timestamp", "float32", unit="s"),
    Column("frame_index", "int64"),
    Column("episode_index", "int64"),
    Column("index", "int64"),
    Column("task_index", "int64"),
)
"""Columns that every dataset has."""


def columns_of(robot: Embodiment, fields: Schema) -> tuple[Column, ...]:
    """Return the columns of a dataset of `robot` in worlds that show `fields`, less those of INDEX."""
    names = {
        "joint_position": tuple(j.name for j in robot.joints),
        "joint_velocity": tuple(j.name for j in robot.joints),
        "setpoint": tuple(a.name for a in robot.actuators),
        "touch_net": tuple(f"{p.name}/{axis}" for p in robot.pads for axis in AXES),
        "touch": tuple(
            f"{p.name}/{row}/{column}/{axis}"
            for p in robot.pads
            for row in range(p.rows)
            for column in range(p.columns)
            for axis in AXES
        ),
    }
    columns = []
    for key, field, newest in (
        ("observation.state", "joint_position", False),
        ("observation.velocity", "joint_velocity", False),
        ("observation.setpoint", "setpoint", False),
        ("observation.touch", "touch_net", False),
        ("observation.taxels", "touch", True),
        ("observation.environment_state", "object_pose", False),
        ("observation.target", "target", False),
        ("observation.articulation", "articulation", False),
    ):
        if field in fields:
            seen = fields[field]
            size = int(np.prod(seen.shape[1:] if newest else seen.shape))
            labels = names.get(field, seen.labels if len(seen.labels) == size else ())
            columns.append(Column(key, "float32", size, labels, seen.unit, seen.frame, field, newest))
    motors = tuple(a.name for a in robot.actuators)
    poses = tuple(f"{side}/{n}" for side in SIDES for n in ("x", "y", "z", "qw", "qx", "qy", "qz"))
    marks = tuple(f"{side}/{point}" for side in SIDES for point in POINTS)
    points = tuple(f"{mark}/{axis}" for mark in marks for axis in "xyz")
    return (
        *columns,
        Column("observation.wrist_pose", "float32", len(poses), poses, "m, wxyz", "cell"),
        Column("observation.keypoints", "float32", len(points), points, "m", "cell"),
        Column("observation.keypoints_present", "float32", len(marks), marks),
        Column("action", "float32", len(motors), motors, "rad"),
        Column(SENT, "float64", len(motors), motors, "rad"),
        Column(STAGE, "int64"),
        Column("next.reward", "float32"),
        Column("next.success", "bool"),
        Column("next.done", "bool"),
    )


def whole_rate(rate_hz: float) -> int:
    """Return a rate as the format has it; raise DataError where it is no whole number of frames a second."""
    if round(rate_hz) < 1 or abs(rate_hz - round(rate_hz)) > 1e-6:
        raise DataError(f"LeRobot's format counts whole frames a second, and the control rate is {rate_hz:g} Hz")
    return round(rate_hz)


def place(number: int) -> dict[str, int]:
    """Return chunk and file index of the file with this number."""
    return {"chunk_index": number // CHUNK, "file_index": number % CHUNK}


def pyarrow() -> tuple[Any, Any]:
    """Return pyarrow and pyarrow.parquet; raise MissingExtra where they are not installed."""
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtra("pyarrow", "LeRobot datasets", "pip install 'dexbench[data]'") from error
    return arrow, parquet


def arrow_schema(columns: Sequence[Column]) -> Any:
    """Return the schema of data files, with the note by which Hugging Face's `datasets` knows its types."""
    arrow, _ = pyarrow()
    types = {"float32": arrow.float32(), "float64": arrow.float64(), "int64": arrow.int64(), "bool": arrow.bool_()}
    fields, notes = [], {}
    for c in columns:
        value = {"dtype": c.dtype, "_type": "Value"}
        single = c.size == 1
        fields.append(arrow.field(c.key, types[c.dtype] if single else arrow.list_(types[c.dtype], c.size)))
        notes[c.key] = value if single else {"feature": value, "length": c.size, "_type": "Sequence"}
    return arrow.schema(fields, {"huggingface": json.dumps({"info": {"features": notes}})})


def statistics(values: Array) -> dict[str, Array]:
    """Return min, max, mean, std, count and quantiles over the frames of `values` (T, N)."""
    numbers = np.sort(np.asarray(values, np.uint8 if values.dtype == bool else None), axis=0)
    found = {
        "min": numbers[0].astype(np.float64),
        "max": numbers[-1].astype(np.float64),
        "mean": numbers.mean(0, np.float64),
        "std": numbers.std(0, np.float64),
        "count": np.array([len(numbers)]),
    }
    for name, share in QUANTILES.items():
        at = share * (len(numbers) - 1)
        low, high = (numbers[int(end(at))].astype(np.float64) for end in (np.floor, np.ceil))
        found[name] = low + (high - low) * (at - np.floor(at))
    return found


def pooled(parts: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """Return the statistics of several episodes together; quantiles are means of the episodes' (as LeRobot's are)."""
    count = np.array([p["count"] for p in parts], np.float64)
    share = count / count.sum()
    mean = (share * np.stack([p["mean"] for p in parts])).sum(0)
    variance = (share * np.stack([p["std"] ** 2 + (p["mean"] - mean) ** 2 for p in parts])).sum(0)
    return {
        "min": np.min([p["min"] for p in parts], axis=0),
        "max": np.max([p["max"] for p in parts], axis=0),
        "mean": mean,
        "std": np.sqrt(variance),
        "count": np.array([int(count.sum())]),
        **{q: (share * np.stack([p[q] for p in parts])).sum(0) for q in QUANTILES},
    }

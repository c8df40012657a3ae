"""Reads RealDex's processed sequences: one .npz each, with arrays of numbers and nothing else.

    qpos (T, 22), hand_transl (T, 3), hand_orient (T, 3), object_transl (T, 3), object_orient (T, 3),
    object_points (P, 3), object_colors (P, 3)

as its repository (4DVLab/RealDex, read on 2025-02-11's state) prepares them. Its raw `final_data.npy` is a pickled
dictionary: reading one can run any code, so it is refused.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from dexbench.core.capped import read_capped
from dexbench.core.errors import DataError
from dexbench.core.schema import Array

from .foreign import Foreign, nowhere
from .lerobot_episode import Episode
from .lerobot_layout import Column

LAYOUT = "realdex"
LARGEST = 256 * 2**20
"""Largest file [bytes]; its 52 objects have sequences of some hundred frames."""
JOINTS = 22
MOVING = {"qpos": JOINTS, "hand_transl": 3, "hand_orient": 3, "object_transl": 3, "object_orient": 3}
"""Numbers a frame."""
_POSE = ("x", "y", "z", "qw", "qx", "qy", "qz")
COLUMNS = (
    Column("observation.state", "float32", JOINTS, tuple(f"qpos/{i}" for i in range(JOINTS)), "rad"),
    Column("observation.forearm_pose", "float32", 7, _POSE, "m, wxyz", "world"),
    Column("observation.environment_state", "float32", 7, _POSE, "m, wxyz", "world"),
)
NOTES = (
    "There are no actions: sequences hold where the hand was, not what it was told.",
    "The order of the 22 joints is not published; they are numbered as in the file.",
    "The hand's root is the forearm, and its two wrist joints are left out of the 22: palm poses and the 21 points of "
    "a hand are not known, nor are arm joints.",
    "Poses are in RealDex's world frame.",
    "Points and colours of objects do not change in a sequence and are no columns: see the original files.",
)


def read_realdex(source: Path, instruction: str) -> Foreign:
    """Return the sequences in a folder (at any depth, in the order of their paths) or in one file.

    Raises:
      DataError: there are none, or only pickles; or, when it is read, a sequence that does not fit.
    """
    paths = sorted(source.rglob("*.npz")) if source.is_dir() else [source]
    if source.suffix == ".npy" or (not paths and any(source.rglob("final_data.npy"))):
        raise DataError(
            f"{source} is RealDex's raw form, and final_data.npy is a pickle, which can run any code when it is read: "
            "it is not read here; where you trust it, save its arrays with numpy.savez under the names "
            f"{', '.join(MOVING)}, rotations as axis times angle"
        )
    if not paths:
        raise DataError(f"{source} holds no .npz files, which RealDex's processed sequences are")
    return Foreign(LAYOUT, COLUMNS, _episodes(paths, instruction), NOTES)


def _episodes(paths: list[Path], instruction: str) -> Iterator[Episode]:
    for index, path in enumerate(paths):
        arrays = load(path)
        columns = {
            "observation.state": arrays["qpos"],
            "observation.forearm_pose": _poses(arrays["hand_transl"], arrays["hand_orient"]),
            "observation.environment_state": _poses(arrays["object_transl"], arrays["object_orient"]),
        }
        plain = {key: np.asarray(value, np.float32) for key, value in columns.items()}
        yield Episode(nowhere(LAYOUT, index, instruction), plain, {"failure": "unknown", "source": path.name})


def load(path: Path) -> dict[str, NDArray[np.float64]]:
    """Return the arrays of one sequence.

    Raises:
      DataError: it is no .npz, one of its arrays is missing, a pickle, of another shape, or not finite.
    """
    read_capped(path, LARGEST, "sequence", "convert it in parts")
    found: dict[str, NDArray[np.float64]] = {}
    try:
        with np.load(path, allow_pickle=False) as file:
            lacking = sorted(set(MOVING) - set(file.files))
            if lacking:
                raise DataError(f"{path} lacks {', '.join(lacking)}; it has {', '.join(file.files) or 'nothing'}")
            for name in MOVING:
                found[name] = _numbers(path, name, file)
            for name in {"object_points", "object_colors"} & set(file.files):
                points = _numbers(path, name, file)
                if points.ndim != 2 or points.shape[1] != 3:
                    raise DataError(f"{path}: {name} has shape {points.shape}, expected (P, 3)")
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is no whole .npz file ({error}); copy it again") from error
    count = len(found["qpos"]) if found["qpos"].ndim else 0
    for name, size in MOVING.items():
        if found[name].shape != (count, size) or not count:
            raise DataError(f"{path}: {name} has shape {found[name].shape}, expected (T, {size}), the same T for all")
    return found


def _numbers(path: Path, name: str, file: "np.lib.npyio.NpzFile") -> NDArray[np.float64]:
    try:
        values: Array = file[name]
    except ValueError as error:  # an array of objects is a pickle
        raise DataError(f"{path}: {name} is a pickle or broken ({error}); save it as an array of numbers") from error
    if values.dtype.kind not in "fiu":
        raise DataError(f"{path}: {name} is of type {values.dtype}, numbers are expected")
    if not np.isfinite(values).all():
        raise DataError(f"{path}: {name} is not finite; leave this sequence out")
    return values.astype(np.float64)


def _poses(place: NDArray[np.float64], turn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (T, 7): position [m] and wxyz, whose sign does not jump, of positions and rotation vectors (T, 3)."""
    q = Rotation.from_rotvec(turn).as_quat(canonical=True)[:, [3, 0, 1, 2]]
    flips = np.where((q[1:] * q[:-1]).sum(1) < 0, -1.0, 1.0)
    signs = np.concatenate([[1.0], np.cumprod(flips)])
    return np.concatenate([place, q * signs[:, None]], 1)

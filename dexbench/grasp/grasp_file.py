"""Files of grasps from anywhere: our libraries, and DexGraspBench's layout without pickles."""

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array

SIZE_CAP = 64_000_000
"""Largest file, and largest array in one, that is read [bytes]."""
LIBRARY = ("position", "quaternion", "pregrasp", "squeeze", "score", "part")
POSES = ("pregrasp_qpos", "grasp_qpos", "squeeze_qpos")
"""DexGraspBench: palm position [m], quaternion wxyz, joints [rad]; one row a grasp."""
RESULTS = (
    *("ho_pene", "self_pene", "contact_num", "contact_dist", "contact_consis", "delta_pos", "delta_angle"),
    *("q1_metric", "qp_metric", "qp_dfc_metric", "dfc_metric", "tdg_metric"),
)
"""What its evaluation may have added for each grasp, besides succ_flag."""
CONVERT = (
    "If you trust where it comes from, write it anew in Python: "
    "numpy.savez('NEW.npz', **numpy.load('OLD.npy', allow_pickle=True).item())"
)


@dataclass(frozen=True)
class BenchGrasps:
    """G grasps in DexGraspBench's layout."""

    pose: Array
    """(G, 7) hand in the frame of the object at `thing`, position [m] and wxyz."""
    joints: Array
    """(G, J) at the grasp, in the file's order [rad]."""
    thing: tuple[str, ...]
    """(G,) path or name of the object."""
    success: Array | None
    """(G,) bool as recorded by an evaluation."""
    results: Mapping[str, Array]
    """(G,) what an evaluation recorded, by name."""


def read_arrays(path: Path) -> dict[str, Array]:
    """Return the arrays of an .npz file; nothing in it is ever unpickled.

    Raises:
      DataError: no such file, not a file of arrays, cut short, too large, or with objects in it.
    """
    if not path.is_file():
        raise DataError(f"there is no file {path}")
    if path.stat().st_size > SIZE_CAP:
        raise DataError(f"{path} has {path.stat().st_size} bytes, more than {SIZE_CAP}: split it")
    try:
        with zipfile.ZipFile(path) as packed:
            largest = max((entry.file_size for entry in packed.infolist()), default=0)
        if largest > SIZE_CAP:
            raise DataError(f"{path} unpacks to an array of {largest} bytes, more than {SIZE_CAP}: split it")
        with np.load(path, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except zipfile.BadZipFile as error:
        if path.suffix == ".npy":
            raise DataError(_plain(path)) from error
        raise DataError(f"{path} is no .npz file, or was cut short: {error}; copy or write it again") from error
    except ValueError as error:
        if "pickle" in str(error):
            raise DataError(f"{path} holds pickled objects, which could run any code: not read. {CONVERT}") from error
        raise DataError(f"{path} cannot be read: {error}; copy or write it again") from error
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(f"{path} was cut short or is damaged: {error}; copy or write it again") from error


def _plain(path: Path) -> str:
    """Return why a .npy file cannot be used."""
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        if "pickle" in str(error):
            return f"{path} is a pickled dictionary, which could run any code: not read. {CONVERT}"
        return f"{path} is no .npy file, or was cut short: {error}; copy or write it again"
    return f"{path} is one array {array.shape}; grasps need named arrays: numpy.savez('NEW.npz', grasp_qpos=...)"


def layout(arrays: Mapping[str, Array], path: Path) -> str:
    """Return "library", "bench", or "suite".

    Raises:
      DataError: neither; says what is there and what is missing.
    """
    if "grasp_qpos" in arrays:
        return "bench"
    if "instance" in arrays:
        return "suite"
    lacking = [name for name in LIBRARY if name not in arrays]
    if lacking:
        there = ", ".join(sorted(arrays)) or "nothing"
        raise DataError(
            f"{path} is in no known layout: it holds {there}. A library lacks {', '.join(lacking)}; "
            "DexGraspBench's layout has grasp_qpos, and object poses as obj_pose"
        )
    return "library"


def numbers(arrays: Mapping[str, Array], name: str, path: Path, columns: int | None = None) -> Array:
    """Return one array of a file as float64: (G, n) if `columns` is given, n of them unless that is 0; else (G,).

    Raises:
      DataError: no numbers, other shapes, or numbers that are not finite; says in which row.
    """
    found = arrays[name]
    if found.dtype.kind not in "fiub":
        raise DataError(f"{path}: {name} holds no numbers but {found.dtype}")
    values = found.astype(np.float64)
    axes = 1 if columns is None else 2
    if values.ndim != axes or (columns and values.shape[1] != columns):
        wanted = "(G,)" if columns is None else f"(G, {columns or 'n'})"
        raise DataError(f"{path}: {name} must have shape {wanted}, not {values.shape}")
    if not np.isfinite(values).all():
        row = int(np.argwhere(~np.isfinite(values))[0, 0])
        raise DataError(f"{path}: {name} has a number that is not finite, first in grasp {row}: take that grasp out")
    return values


def bench_grasps(arrays: Mapping[str, Array], path: Path) -> BenchGrasps:
    """Return the grasps of a file in DexGraspBench's layout; one grasp without an axis of its own is taken as G = 1.

    Raises:
      DataError: what does not fit.
    """
    single = arrays["grasp_qpos"].ndim == 1
    rows = {name: found[None] if single else found for name, found in arrays.items()}
    grasp = numbers(rows, "grasp_qpos", path, 0)
    count = len(grasp)
    if grasp.shape[1] < 8:
        raise DataError(f"{path}: grasp_qpos has {grasp.shape[1]} columns; it is 7 of the hand's pose and the joints")
    for name in POSES:
        if name in rows and numbers(rows, name, path, grasp.shape[1]).shape != grasp.shape:
            raise DataError(f"{path}: {name} has {len(rows[name])} grasps, grasp_qpos {count}")
    thing = numbers(rows, "obj_pose", path, 7) if "obj_pose" in rows else np.tile([0.0, 0, 0, 1, 0, 0, 0], (1, 1))
    if len(thing) not in (1, count):
        raise DataError(f"{path}: obj_pose has {len(thing)} rows, grasp_qpos {count}")
    for name, pose in (("grasp_qpos", grasp[:, 3:7]), ("obj_pose", thing[:, 3:7])):
        if (np.abs(np.linalg.norm(pose, axis=1) - 1) > 1e-2).any():
            raise DataError(f"{path}: {name}[:, 3:7] must be quaternions wxyz of length one; is another order meant?")
    results = {name: numbers(rows, name, path) for name in RESULTS if name in rows}
    success = numbers(rows, "succ_flag", path) if "succ_flag" in rows else None
    for name, values in {**results, **({} if success is None else {"succ_flag": success})}.items():
        if len(values) != count:
            raise DataError(f"{path}: {name} has {len(values)} rows, grasp_qpos {count}")
    named = np.ravel(rows["obj_path"]) if "obj_path" in rows else np.array([path.stem])
    if len(named) not in (1, count):
        raise DataError(f"{path}: obj_path has {len(named)} rows, grasp_qpos {count}")
    things = tuple(str(named[g if len(named) > 1 else 0]) for g in range(count))
    flags = None if success is None else success > 0.5
    return BenchGrasps(_relative(grasp[:, :7], thing), grasp[:, 7:], things, flags, results)


def _relative(pose: Array, thing: Array) -> Array:
    """Return poses (G, 7) in the frame of poses (G or 1, 7), all wxyz."""
    turn = thing[:, 3:] / np.linalg.norm(thing[:, 3:], axis=1, keepdims=True) * np.array([1.0, -1, -1, -1])
    away = pose[:, :3] - thing[:, :3]
    w, axis = turn[:, :1], np.broadcast_to(turn[:, 1:], away.shape)
    place = away + 2 * np.cross(axis, np.cross(axis, away) + w * away)
    v, own = pose[:, 3:4], pose[:, 4:]
    scalar = w * v - (axis * own).sum(axis=1, keepdims=True)
    return np.concatenate([place, scalar, w * own + v * axis + np.cross(axis, own)], axis=1)

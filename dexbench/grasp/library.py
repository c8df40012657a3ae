"""Grasps of one hand on one object, found by search and kept as data."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from dexbench.core.assets import asset_path
from dexbench.core.errors import DataError
from dexbench.core.schema import Array

SIZE_CAP = 4_000_000
"""Largest library file that is read [bytes]."""


@dataclass(frozen=True)
class Grasps:
    """G grasps of a right hand, best first. A left hand uses their mirror images.

    A grasp is not one joint vector: what is commanded while squeezing lies inside the object.
    """

    hand: str
    instance: str
    position: Array
    """(G, 3) palm frame in the object frame [m]."""
    quaternion: Array
    """(G, 4) palm frame in the object frame, wxyz."""
    pregrasp: Array
    """(G, H) hand actuator targets around the object [rad]; wrist at zero."""
    squeeze: Array
    """(G, H) hand actuator targets that press [rad]."""
    part: tuple[str, ...]
    """(G,) name of the part that is held."""
    score: Array
    """(G,) share of disturbed trials in which it held, less half the slip over 0.02 m; below zero where the object only
    hangs in the hand; see grasp.search."""

    def __len__(self) -> int:
        return len(self.score)

    def chosen(self, rows: Sequence[int] | Array) -> "Grasps":
        """Return the grasps of `rows`, in that order."""
        rows = np.asarray(rows, dtype=np.int64)
        return Grasps(
            self.hand,
            self.instance,
            self.position[rows],
            self.quaternion[rows],
            self.pregrasp[rows],
            self.squeeze[rows],
            tuple(self.part[int(r)] for r in rows),
            self.score[rows],
        )


def library_path(hand: str, instance: str) -> Path:
    """Return where the grasps of `hand` on `instance` are kept."""
    return asset_path(f"grasps/{hand}/{instance}.npz")


def has_grasps(hand: str) -> bool:
    """Return whether there is any grasp of `hand`."""
    return any(library_path(hand, "any").parent.glob("*.npz"))


def write(grasps: Grasps, path: Path) -> None:
    """Write `grasps`; single precision is a hundredth of a micrometre here."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {
        n: getattr(grasps, n).astype(np.float32) for n in ("position", "quaternion", "pregrasp", "squeeze", "score")
    }
    np.savez_compressed(path, part=np.array(grasps.part, dtype="U24"), **arrays)


@cache
def load_grasps(hand: str, instance: str) -> Grasps:
    """Return the grasps of `hand` on `instance`.

    Raises:
      DataError: there are none, or the file does not fit.
    """
    path = library_path(hand, instance)
    if not path.is_file():
        raise DataError(
            f"hand {hand!r} has no grasps of {instance!r}; search for some with: "
            f"dexbench train scripted --embodiment NAME --objects [{instance}]"
        )
    if path.stat().st_size > SIZE_CAP:
        raise DataError(f"{path.name} is larger than {SIZE_CAP} bytes")
    with np.load(path, allow_pickle=False) as found:
        try:
            position, quaternion, pregrasp, squeeze, score = (
                found[n].astype(np.float64) for n in ("position", "quaternion", "pregrasp", "squeeze", "score")
            )
            part = tuple(str(p) for p in found["part"])
        except KeyError as error:
            raise DataError(f"{path.name} lacks {error}") from error
    quaternion /= np.linalg.norm(quaternion, axis=1, keepdims=True)
    if not len(position) == len(quaternion) == len(pregrasp) == len(squeeze) == len(score) == len(part):
        raise DataError(f"{path.name} holds arrays of different lengths")
    return Grasps(hand, instance, position, quaternion, pregrasp, squeeze, part, score)

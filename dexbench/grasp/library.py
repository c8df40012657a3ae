"""Grasps of one hand on one object, found by search and kept as data."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from dexbench.core.assets import asset_path
from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.core.shelf import EMBODIMENTS, HANDS, home, load_embodiment, locate, names
from dexbench.objects.catalogue import members, own_objects

SIZE_CAP = 4_000_000
"""Largest library file that is read [bytes]."""
WRAP = "wrap"
"""What all fingers do together; the other mode is "pinch"."""


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
    mode: tuple[str, ...] = ()
    """(G,) "wrap" or "pinch"; a file that says nothing has wraps."""

    def __post_init__(self) -> None:
        if not self.mode:
            object.__setattr__(self, "mode", (WRAP,) * len(self.score))

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
            tuple(self.mode[int(r)] for r in rows),
        )


def _folder(hand: str, instance: str) -> Path:
    """Return the folder of the hand's grasps; of those on an object of one's own, one in one's own folder."""
    own = instance not in members() and instance in own_objects()
    return home() / "grasps" / hand if own else asset_path(f"grasps/{hand}")


def library_path(hand: str, instance: str) -> Path:
    """Return where the grasps of `hand` on `instance` are kept."""
    return _folder(hand, instance) / f"{instance}.npz"


def parts_path(hand: str, instance: str) -> Path:
    """Return where those are kept that a search by part and mode has found."""
    return _folder(hand, instance) / "parts" / f"{instance}.npz"


def known(hand: str) -> dict[str, Path]:
    """Return the objects of which there are grasps of `hand`, and the file that `load_grasps` reads of each."""
    folders = (asset_path(f"grasps/{hand}"), home() / "grasps" / hand)
    return {path.stem: path for f in folders for path in [*sorted(f.glob("parts/*.npz")), *sorted(f.glob("*.npz"))]}


def has_grasps(hand: str) -> bool:
    """Return whether there is any grasp of `hand`."""
    return bool(known(hand))


def embodiment_with(hand: str) -> str:
    """Return the name of an embodiment with `hand` on its right side, one with a single arm before others.

    Raises:
      UnknownName: no such hand.
      DataError: no embodiment has it on the right.
    """
    locate(HANDS, hand)
    found = [name for name in names(EMBODIMENTS) if name.startswith(f"{hand}_") and "+" not in name]
    for name in sorted(found, key=lambda n: ("bimanual" in n, n)):
        if "right" in load_embodiment(name).parts:
            return name
    raise DataError(f"no embodiment has hand {hand!r} on its right side")


def write(grasps: Grasps, path: Path) -> None:
    """Write `grasps`; single precision is a hundredth of a micrometre here."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {
        n: getattr(grasps, n).astype(np.float32) for n in ("position", "quaternion", "pregrasp", "squeeze", "score")
    }
    part, mode = (np.array(words, dtype="S") for words in (grasps.part, grasps.mode))
    new = path.with_suffix(".part.npz")
    np.savez_compressed(new, part=part, mode=mode, **arrays)
    new.replace(path)  # a search that is stopped leaves no half of a file


@cache
def load_grasps(hand: str, instance: str) -> Grasps:
    """Return the grasps of `hand` on `instance`.

    Raises:
      DataError: there are none, or the file does not fit.
    """
    path = library_path(hand, instance)
    path = path if path.is_file() else parts_path(hand, instance)
    if not path.is_file():
        raise DataError(
            f"hand {hand!r} has no grasps of {instance!r}; search for some with: "
            f"dexbench train scripted --embodiment NAME --objects [{instance}]"
        )
    return read_grasps(path, hand, instance)


@cache
def load_part_grasps(hand: str, instance: str, part: str, mode: str) -> Grasps:
    """Return the grasps of one part in one mode, best first.

    Raises:
      DataError: there are none; says of which parts and modes there are.
    """
    files = [path for path in (parts_path(hand, instance), library_path(hand, instance)) if path.is_file()]
    found = [read_grasps(path, hand, instance) for path in files]
    cells = {cell for grasps in found for cell in zip(grasps.part, grasps.mode, strict=True)}
    if (part, mode) not in cells:
        there = ", ".join(f"{p} ({m})" for p, m in sorted(cells)) or "none at all"
        raise DataError(
            f"hand {hand!r} has no {mode} of the {part} of {instance!r}, but of: {there}; search with: "
            f"dexbench grasp search --hand {hand} --objects {instance} --part {part} --mode {mode}"
        )
    first = next(g for g in found if (part, mode) in zip(g.part, g.mode, strict=True))  # the search by part, if any
    rows = [k for k in range(len(first)) if (first.part[k], first.mode[k]) == (part, mode)]
    return first.chosen(sorted(rows, key=lambda k: -first.score[k]))


def read_grasps(path: Path, hand: str, instance: str) -> Grasps:
    """Return the grasps in a file.

    Raises:
      DataError: the file is too large or does not fit.
    """
    if path.stat().st_size > SIZE_CAP:
        raise DataError(f"{path.name} is larger than {SIZE_CAP} bytes")
    with np.load(path, allow_pickle=False) as found:
        try:
            position, quaternion, pregrasp, squeeze, score = (
                found[n].astype(np.float64) for n in ("position", "quaternion", "pregrasp", "squeeze", "score")
            )
            part = _words(found["part"])
        except KeyError as error:
            raise DataError(f"{path.name} lacks {error}") from error
        mode = _words(found["mode"]) if "mode" in found else (WRAP,) * len(part)
    quaternion /= np.linalg.norm(quaternion, axis=1, keepdims=True)
    if len({len(rows) for rows in (position, quaternion, pregrasp, squeeze, score, part, mode)}) > 1:
        raise DataError(f"{path.name} holds arrays of different lengths")
    return Grasps(hand, instance, position, quaternion, pregrasp, squeeze, part, score, mode)


def _words(array: Array) -> tuple[str, ...]:
    """Return words of a file, which are bytes in newer files: a quarter of the size."""
    return tuple(w.decode() if isinstance(w, bytes) else str(w) for w in array.tolist())

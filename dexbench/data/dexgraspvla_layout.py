"""Reads DexGraspVLA's recordings: a Zarr store (format 2) of all episodes, one after the other.

    data/action (K, 13), data/right_state (K, 13), data/rgbm (K, H, W, 4), data/right_cam_img (K, H, W, 3),
    meta/episode_ends (J,)

as its repository (Psi-Robot/DexGraspVLA) reads them. `episode_ends` counts up; the last is K.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dexbench.core.errors import DataError, MissingExtra
from dexbench.core.schema import Array

from .foreign import Foreign, nowhere
from .lerobot_episode import Episode
from .lerobot_layout import Column
from .lerobot_video import PREFIX

LAYOUT = "dexgraspvla"
SIZE = 13
LONGEST = 100_000
"""Most frames of an episode: its own have 75."""
WIDEST = 4096
"""Largest side of a picture [pixels]: its own have 640."""
NAMES = (*(f"arm/{i}" for i in range(7)), *(f"hand/{i}" for i in range(6)))
COLUMNS = (
    Column("observation.state", "float32", SIZE, NAMES, "as stored"),
    Column("action", "float32", SIZE, NAMES, "as stored"),
)
PICTURES = {"data/rgbm": 4, "data/right_cam_img": 3}
"""Colours a picture."""
NOTES = (
    "Numbers are as stored: seven of the right arm, then six of the hand, in 0 to 1 with 1 for open; whether those of "
    "the arm are angles or were scaled to -1 to 1 by the joints' limits is not published.",
    "There are no joint speeds, touch, palm poses, points of the hand, or poses of objects.",
    "Pictures were stored blue first and are written red first. The fourth channel of the head's pictures, the mask of "
    "the object, is a film of its own in grey, which a film keeps to a few levels: white is above 127.",
    "All episodes are successes by the authors' word; nothing in the files says so.",
)


def read_dexgraspvla(source: Path, instruction: str) -> Foreign:
    """Return the episodes of a store.

    Raises:
      DataError: it is no such store, or its arrays do not fit each other; when it is read, chunks that are broken.
      MissingExtra: the library `zarr` is not installed.
    """
    try:
        import zarr
    except ImportError as error:
        raise MissingExtra("zarr", "DexGraspVLA's recordings", "pip install 'dexbench[zarr]'") from error
    arrays: dict[str, Any] = {}
    for name in ("data/action", "data/right_state", "meta/episode_ends", *PICTURES):
        note = source / name / ".zarray"
        if not note.is_file():
            raise DataError(f"{source} has no array {name} in Zarr's format 2 ({note.name} is missing): is it whole?")
        try:
            described = json.loads(note.read_text(encoding="utf-8"))
            if any(f.get("id") in ("pickle", "msgpack2", "json2") for f in described.get("filters") or ()):
                raise DataError(f"{source / name} holds objects, not numbers: reading them can run any code")
            _whole(source / name, described)
            arrays[name] = zarr.open_array(str(source / name), mode="r", zarr_format=2)
        except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
            raise DataError(f"{source / name} cannot be read ({_short(error)}); copy it again") from error
    frames = arrays["data/action"].shape[0]
    for name, shape in (("data/action", (frames, SIZE)), ("data/right_state", (frames, SIZE))):
        if arrays[name].shape != shape or arrays[name].dtype.kind != "f":
            found = f"{arrays[name].dtype} of shape {arrays[name].shape}"
            raise DataError(f"{source / name} is {found}, expected floating point numbers of shape {shape}")
    for name, colours in PICTURES.items():
        a = arrays[name]
        fits = len(a.shape) == 4 and a.shape[0] == frames and a.shape[3] == colours and max(a.shape[1:3]) <= WIDEST
        if not fits or a.dtype != np.uint8:
            expected = f"uint8 of shape ({frames}, H, W, {colours})"
            raise DataError(f"{source / name} is {a.dtype} of shape {a.shape}, expected {expected}")
    ends = _read(arrays["meta/episode_ends"], slice(None), source / "meta/episode_ends").astype(np.int64)
    if ends.ndim != 1 or not len(ends) or (np.diff([0, *ends]) <= 0).any() or ends[-1] != frames:
        raise DataError(f"{source / 'meta/episode_ends'}: ends must count up to the {frames} frames that there are")
    if np.diff([0, *ends]).max() > LONGEST:
        raise DataError(f"{source}: an episode has more than {LONGEST} frames: are its ends right?")
    return Foreign(LAYOUT, COLUMNS, _episodes(source, arrays, ends, instruction), NOTES)


def _episodes(source: Path, arrays: dict[str, Any], ends: NDArray[np.int64], instruction: str) -> Iterator[Episode]:
    for index, (begin, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        part = slice(int(begin), int(end))
        got = {name: _read(a, part, source / name) for name, a in arrays.items() if name != "meta/episode_ends"}
        head = got["data/rgbm"]
        mask = np.where(head[..., 3:] > 0, np.uint8(255), np.uint8(0))
        pictures = {
            f"{PREFIX}head": head[..., 2::-1],
            f"{PREFIX}head_mask": np.repeat(mask, 3, axis=3),
            f"{PREFIX}wrist": got["data/right_cam_img"][..., ::-1],
        }
        columns = {
            "observation.state": got["data/right_state"].astype(np.float32),
            "action": got["data/action"].astype(np.float32),
        }
        trial = nowhere(LAYOUT, index, instruction)
        shown = {key: list(np.ascontiguousarray(value)) for key, value in pictures.items()}
        yield Episode(trial, columns, {"failure": "unknown", "source": f"episode {index}"}, shown)


def _whole(folder: Path, described: Any) -> None:
    """Raise DataError unless all chunks are there: Zarr reads one that is missing as zeros."""
    grid = [-(-n // c) for n, c in zip(described["shape"], described["chunks"], strict=True)]
    mark = described.get("dimension_separator", ".")
    for at in np.ndindex(*grid):
        if not (folder / mark.join(map(str, at))).is_file():
            raise DataError(f"{folder} lacks chunk {mark.join(map(str, at))} of {math.prod(grid)}; copy it again")


def _read(array: Any, part: slice, path: Path) -> Array:
    """Return a part of an array."""
    try:
        return np.asarray(array[part])
    except Exception as error:  # the decoders raise what they like
        raise DataError(f"{path} is broken or cut off ({_short(error)}); copy it again") from error


def _short(error: BaseException) -> str:
    return (str(error).strip().split("\n")[0] or type(error).__name__)[:120]

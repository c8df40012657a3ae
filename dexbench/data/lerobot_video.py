"""Pictures of a dataset: one MP4 file an episode and camera."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dexbench.core.errors import DataError, MissingExtra
from dexbench.core.schema import Array

from .lerobot_layout import statistics

PREFIX = "observation.images."
"""Feature names of pictures begin with it, and end with the camera's name."""
SAMPLES = 32
"""Pictures of an episode whose colours are counted in its statistics, about."""
GROUP_OF_PICTURES = 2
"""A frame that stands for itself comes every so often, so that any frame is found quickly (as in LeRobot's own)."""
QUALITY = 23
"""Constant rate factor of H.264: smaller is better."""


@dataclass(frozen=True)
class Film:
    """The pictures of one episode by one camera."""

    path: Path
    described: Mapping[str, Any]
    """The feature in info.json."""
    stats: Mapping[str, Array]
    """Of the three colours, in [0, 1]: see lerobot_layout.statistics."""


def film(path: Path, frames: Sequence[NDArray[np.uint8]], rate: int) -> Film:
    """Write `frames` (T, H, W, 3) to `path` and return what there is to say of them."""
    encode(path, frames, rate)
    shown = np.stack(frames[:: max(1, len(frames) // SAMPLES)])
    stats = {**statistics(shown.reshape(-1, 3) / 255.0), "count": np.array([len(shown)])}
    return Film(path, feature(shown.shape[1], shown.shape[2], rate), stats)


def feature(height: int, width: int, rate: int) -> dict[str, Any]:
    """Return the entry in info.json's `features` of a camera with pictures of this size."""
    return {
        "dtype": "video",
        "shape": [height, width, 3],
        "names": ["height", "width", "channels"],
        "info": {
            "video.height": height,
            "video.width": width,
            "video.codec": "h264",
            "video.pix_fmt": "yuv420p",
            "video.is_depth_map": False,
            "video.fps": rate,
            "video.channels": 3,
            "has_audio": False,
        },
    }


def encode(path: Path, frames: Sequence[NDArray[np.uint8]], rate: int) -> None:
    """Write `frames` (T, H, W, 3) to a file; it is there whole, or not at all.

    Raises:
      DataError: the format cannot hold pictures of an odd height or width.
      MissingExtra: there is no encoder.
    """
    height, width = frames[0].shape[:2]
    if height % 2 or width % 2:
        raise DataError(f"pictures of {width} x {height} cannot be written as MP4: ask for an even width and height")
    partial = path.with_suffix(".partial.mp4")
    writer = _ffmpeg().write_frames(
        str(partial),
        (width, height),
        fps=rate,
        codec="libx264",
        macro_block_size=2,
        ffmpeg_log_level="error",
        output_params=["-crf", str(QUALITY), "-g", str(GROUP_OF_PICTURES), "-bf", "0", "-threads", "1"],
    )
    writer.send(None)
    try:
        for frame in frames:
            writer.send(np.ascontiguousarray(frame, np.uint8))
    finally:
        writer.close()
    check(partial)
    partial.rename(path)


def decode(path: Path) -> NDArray[np.uint8]:
    """Return the frames (T, H, W, 3) of a file."""
    reader = _ffmpeg().read_frames(str(path))
    width, height = next(reader)["source_size"]
    frames = [np.frombuffer(frame, np.uint8).reshape(height, width, 3) for frame in reader]
    return np.stack(frames) if frames else np.zeros((0, height, width, 3), np.uint8)


def check(path: Path) -> None:
    """Raise DataError unless `path` is a whole MP4 file; nothing is decoded."""
    try:
        boxes = list(_boxes(path))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {error}; copy the file again, or collect the dataset anew") from error
    missing = {"ftyp", "moov", "mdat"} - set(boxes)
    if missing:
        raise DataError(f"{path}: no whole MP4, it lacks {sorted(missing)}; copy it again, or collect the dataset anew")


def _boxes(path: Path) -> Iterator[str]:
    """Yield the kinds of a file's top boxes; raise ValueError where one does not end within the file."""
    size = path.stat().st_size
    at = 0
    with path.open("rb") as file:
        while at < size:
            file.seek(at)
            head = file.read(16)
            length = int.from_bytes(head[:4], "big")
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            elif length == 0:
                length = size - at
            if len(head) < 8 or length < 8 or at + length > size:
                raise ValueError(f"is cut off or damaged after {at} of {size} bytes")
            yield head[4:8].decode("latin-1")
            at += length


def _ffmpeg() -> Any:
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise MissingExtra("imageio with ffmpeg", "pictures in datasets", "pip install 'dexbench[video]'") from error
    return imageio_ffmpeg

"""Contact sheets: one world from several cameras in one picture."""

from collections.abc import Sequence

import mujoco
import mujoco.batch
import numpy as np

from dexbench.core.appearance import DEFAULT, Appearance
from dexbench.core.schema import Array

from .cameras import make_camera
from .eye import camera_id

GAP = 4
"""Between two pictures [pixels]."""
_PAPER = (24, 27, 31)


def cameras_of(model: mujoco.MjModel) -> tuple[str, ...]:
    """Return the names of all cameras, the cell's first."""
    return tuple(model.camera(i).name for i in range(model.ncam))


def contact_sheet(
    model: mujoco.MjModel,
    batch: mujoco.batch.Batch,
    cameras: Sequence[str],
    width: int,
    height: int,
    *,
    world: int = 0,
    columns: int = 3,
    backend: str = "auto",
    smooth: bool = True,
    appearance: Appearance = DEFAULT,
) -> Array:
    """Return one picture a camera, row by row, (h, w, 3) uint8 with GAP between; names are written where Pillow is.

    Args:
      model: as the batch was made with.
      batch: the worlds.
      cameras: names, at least one.
      width: of each picture [pixels].
      height: of each picture [pixels].
      world: which one is shown.
      columns: pictures in a row, at most.
      backend: see make_camera.
      smooth: whether the lamp casts shadows and edges are smoothed.
      appearance: how the cell looks.
    """
    for camera in cameras:
        camera_id(model, camera)
    eye = make_camera(model, width, height, backend, shadows=smooth, smooth=smooth)
    try:
        pictures = [labelled(eye.rgb(batch, world, camera, appearance), camera) for camera in cameras]
    finally:
        eye.close()
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    sheet = np.empty((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3), np.uint8)
    sheet[:] = _PAPER
    for k, picture in enumerate(pictures):
        row, column = divmod(k, columns)
        top, left = row * (height + GAP), column * (width + GAP)
        sheet[top : top + height, left : left + width] = picture
    return sheet


def labelled(picture: Array, text: str) -> Array:
    """Return the picture with `text` in its corner; as it is where there is no Pillow."""
    try:
        from PIL import Image, ImageDraw
    except ImportError:
        return picture
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 7 + draw.textlength(text), 13), fill=_PAPER)
    draw.text((4, 1), text, fill=(226, 230, 234))
    return np.asarray(image)

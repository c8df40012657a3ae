"""Films of recorded episodes: simulated again from their trial and actions, without the policy."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from dexbench.core.appearance import appearance
from dexbench.core.errors import DataError, MissingExtra
from dexbench.core.schema import Array
from dexbench.core.trial import Trial
from dexbench.core.world import World
from dexbench.evaluation.packing import unpack
from dexbench.sensors.cameras import make_camera
from dexbench.sensors.eye import Eye
from dexbench.sim.world import SimWorld

EVERY = 2
"""Control periods between two pictures: 12.5 pictures a second at 25 Hz."""
QUALITY = 27
"""H.264 constant rate factor: hands stay sharp at a quarter of a megabyte for a quarter of a minute."""
STRIP = 14
"""Height of the caption under the picture [pixels]."""
FULL_SCALE = 10.0
"""Force that fills the bar of the caption [N]."""


class Studio:
    """One world and one renderer that film any number of episodes, one after the other.

    Args:
      world: a simulated world (its first cell is filmed) of the records' task and embodiment; needs no more than the
        state group.
      camera: "front", "side", "top".
      width: of the film [pixels], even.
      height: of the film with its caption [pixels], even.
      every: control periods between two pictures; films play in real time whatever it is.
      shadows: whether the lamp casts shadows: they show what is lifted, for three times the work.
      smooth: whether edges are smoothed, for twice the work.
      caption: whether time, stage and the force of the hands on the named object stand under the picture.
      backend: see sensors.cameras.make_camera.
    """

    def __init__(
        self,
        world: World,
        camera: str = "front",
        width: int = 320,
        height: int = 254,
        *,
        every: int = EVERY,
        shadows: bool = True,
        smooth: bool = False,
        caption: bool = True,
        backend: str = "auto",
    ) -> None:
        if not isinstance(world, SimWorld):
            raise DataError("only a simulated world can be filmed from its records")
        if width < 2 or height <= STRIP or width % 2 or height % 2 or every < 1:
            raise DataError(f"a film of {width} x {height}, every {every} periods: sides must be even, both positive")
        self._world, self._camera, self._every, self._caption = world, camera, every, caption
        self._size = (width, height)
        self._eye: Eye = make_camera(
            world.cell.model, width, height - STRIP * caption, backend, shadows=shadows, smooth=smooth
        )

    def frames(self, row: Mapping[str, Any]) -> Iterator[Array]:
        """Yield the pictures of the episode in `row`, (height, width, 3) uint8, the first before anything moves.

        Raises:
          DataError: the record has no actions, or they are for another world.
        """
        world = self._world
        trial = Trial.from_row(row["trial"])
        if "actions" not in row:
            raise DataError("the record was read without its actions: load_run(folder, blobs=True)")
        actions = unpack(row["actions"], "actions")
        if actions.size and actions.shape[1:] != (len(world.spec.action.actuators),):
            raise DataError(f"the record's actions have shape {actions.shape}, for another robot than this world's")
        world.reset([trial], [0])
        yield self.picture()
        for step, action in enumerate(actions, 1):
            world.advance(action[None], [0])
            world.outcome()  # the task's memory goes with the episode
            if step % self._every == 0 or step == len(actions):
                yield self.picture()

    def film(self, row: Mapping[str, Any], path: Path) -> Path:
        """Write the episode in `row` as MP4 to `path` and its last picture as PNG beside it; return the PNG's path."""
        write_frames, write_picture = _encoders()
        path.parent.mkdir(parents=True, exist_ok=True)
        rate = 1.0 / (self._world.cell.period * self._every)
        video = write_frames(
            str(path),
            self._size,
            fps=rate,
            codec="libx264",
            pix_fmt_out="yuv420p",
            quality=None,
            macro_block_size=2,
            output_params=["-crf", str(QUALITY), "-preset", "veryfast", "-movflags", "+faststart", "-threads", "1"],
            ffmpeg_log_level="error",
        )
        video.send(None)
        frame = None
        try:
            for frame in self.frames(row):
                video.send(np.ascontiguousarray(frame))
        finally:
            video.close()
        poster = path.with_suffix(".png")
        write_picture(poster, frame)
        return poster

    def close(self) -> None:
        """Let go of the renderer."""
        self._eye.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def picture(self) -> Array:
        """Return the world as it is now, (height, width, 3) uint8, with its caption."""
        world = self._world
        picture = self._eye.rgb(world.batch, 0, self._camera, appearance(world.scene.trials[0].appearance))
        if not self._caption:
            return picture
        outcome, scene = world.outcome(), world.scene
        stages = world.task.stages
        done = int(outcome.stage[0])
        force = float(scene.hand_force[0, :, scene.target[0]].sum())
        text = f"{scene.time[0]:5.1f} s   {stages[done - 1] if done else 'start'} {done}/{len(stages)}   {force:4.1f} N"
        return np.concatenate([picture, caption(text, force / FULL_SCALE, self._size[0])])


def film(world: World, row: Mapping[str, Any], path: Path, **settings: Any) -> Path:
    """Film one episode; see Studio for the settings and Studio.film for what is written."""
    with Studio(world, **settings) as studio:
        return studio.film(row, path)


def caption(text: str, bar: float, width: int) -> Array:
    """Return a (STRIP, width, 3) uint8 strip with `text` and, at its right, a bar filled to the share `bar`."""
    from PIL import Image, ImageDraw  # comes with imageio

    strip = Image.new("RGB", (width, STRIP), (24, 27, 31))
    draw = ImageDraw.Draw(strip)
    draw.text((5, 1), text, fill=(226, 230, 234))
    left, length = int(width * 0.68), int(width * 0.30)
    draw.rectangle((left, 4, left + length, STRIP - 5), fill=(56, 61, 68))
    filled = int(length * min(max(bar, 0.0), 1.0))
    if filled:
        draw.rectangle((left, 4, left + filled, STRIP - 5), fill=(240, 160, 60))
    return np.asarray(strip)


def _encoders() -> Sequence[Any]:
    """Return imageio-ffmpeg's write_frames and imageio's imwrite."""
    try:
        from imageio.v3 import imwrite
        from imageio_ffmpeg import write_frames
    except ImportError as error:
        raise MissingExtra("imageio with ffmpeg", "films", "pip install 'dexbench[video]'") from error
    return write_frames, imwrite

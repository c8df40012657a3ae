"""What the Gymnasium faces of the simulated world share: spaces, drawn trials, outcomes as infos, pictures."""

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np

from dexbench.core.appearance import appearance
from dexbench.core.errors import DataError
from dexbench.core.schema import Array, Schema
from dexbench.core.shelf import load_embodiment
from dexbench.core.trial import Outcome, Trial
from dexbench.sensors.cameras import make_camera
from dexbench.sensors.images import image_request
from dexbench.sim.world import SimWorld

RENDER_MODES = {"render_modes": ["rgb_array"], "render_fps": 25}


def observation_space(schema: Schema) -> gymnasium.spaces.Dict:
    """Return the space of one world's observation."""
    return gymnasium.spaces.Dict(
        {f.name: gymnasium.spaces.Box(f.low, f.high, f.shape, np.dtype(f.dtype).type) for f in schema.fields}
    )


class Face:
    """What both faces share: trials drawn from a split, outcomes as infos."""

    def __init__(
        self,
        task: str,
        embodiment: str,
        n: int,
        split: str,
        observations: Sequence[str] | None,
        threads: int,
        size: int,
        images: Mapping[str, Any] | None,
        touch: str | None = None,
    ) -> None:
        robot = embodiment if touch is None else load_embodiment(embodiment, touch)
        request = image_request(images)
        self.world = SimWorld(task, robot, n, groups=observations, threads=threads, images=request)
        split = split or self.world.task.splits[0]
        if split not in self.world.task.splits:
            raise DataError(f"task {task!r} has splits {', '.join(self.world.task.splits)}; {split!r} was asked for")
        self.split = split
        self.size = size
        self._camera: Any = None

    def draw(self, rng: np.random.Generator, options: Mapping[str, Any] | None) -> Trial:
        given = (options or {}).get("trial")
        if given is not None:
            return given if isinstance(given, Trial) else Trial.from_row(given)
        return self.world.task.place(rng, (options or {}).get("split", self.split))

    def late(self) -> Array:
        return np.asarray(self.world.scene.time >= self.world.task.horizon - 1e-9)

    def picture(self, world: int, camera: str = "front") -> Array:
        """Return (size, size, 3) uint8; OpenGL is loaded here and not before."""
        if self._camera is None:
            self._camera = make_camera(self.world.cell.model, self.size, self.size)
        look = appearance(self.world.scene.trials[world].appearance)
        return np.asarray(self._camera.rgb(self.world.batch, world, camera, look))

    def close(self) -> None:
        if self._camera is not None:
            self._camera.close()
            self._camera = None
        self.world.close()


def describe(outcome: Outcome, world: SimWorld) -> dict[str, Array]:
    """Return what step() reports beside observation and reward; arrays (n,), which the next step may overwrite."""
    success = getattr(outcome, world.task.official)
    return {
        "success": success,
        "is_success": success,
        "success_once": outcome.success_once,
        "success_at_end": outcome.success_at_end,
        "stage": outcome.stage,
        "attempts": outcome.attempts,
        "rejected_actions": world.filter.rejected,
    }

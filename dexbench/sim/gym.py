"""Gymnasium face of the simulated world: one environment."""

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array, Observation
from dexbench.sim.actions import Actions
from dexbench.sim.face import RENDER_MODES, Face, describe, observation_space
from dexbench.sim.vector import DexVectorEnv
from dexbench.sim.world import SimWorld

_ONLY = np.zeros(1, np.int64)


class DexEnv(gymnasium.Env[Observation, Array]):
    """One cell. Success terminates an episode once it has been watched to last; the time limit truncates it."""

    metadata = RENDER_MODES

    def __init__(
        self,
        task: str,
        embodiment: str,
        split: str = "",
        observations: Sequence[str] | None = None,
        render_mode: str | None = None,
        size: int = 256,
        images: Mapping[str, Any] | None = None,
        touch: str | None = None,
        action: str | Mapping[str, Any] = "joint_target",
    ) -> None:
        """Make the environment.

        Args:
          task: task name.
          embodiment: embodiment name.
          split: which objects, default: the task's first; may be given to reset() as well, as options={"split": ...}.
          observations: observation groups; default: state, objects, and touch where it is fitted.
          render_mode: None or "rgb_array"; OpenGL is touched only by render().
          size: width and height of rendered pictures [pixels].
          images: fields of sensors.images.ImageRequest: cameras and size of pictures among the observations.
          touch: the touch sensor to fit, if not the embodiment's own; the same as "+touch" in its name.
          action: what actions say: an action face of robots.faces by name, or {"kind": name, **settings}. The attribute
            `actions` says what the numbers are, and so does the info of reset().
        """
        if render_mode not in (None, "rgb_array"):
            raise DataError(f"render_mode {render_mode!r} does not exist; there are None and 'rgb_array'")
        self._settings = (task, embodiment, split, observations, render_mode, size, images, touch, action)
        self._face = Face(task, embodiment, 1, split, observations, 1, size, images, touch)
        self.render_mode = render_mode
        self.observation_space = observation_space(self.world.spec.observations)  # type: ignore[assignment]
        self.actions = Actions(self.world, action)
        self.action_space = self.actions.space

    @property
    def world(self) -> SimWorld:
        """The world behind this face."""
        return self._face.world

    def __reduce__(self) -> Any:
        """Pickle as a fresh environment with the same settings: simulations themselves are not copied."""
        return (type(self), self._settings)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode; the same seed draws the same trial.

        Args:
          seed: of the draw.
          options: "trial" (a Trial or its row) fixes the episode, "split" chooses the objects.
        """
        super().reset(seed=seed)
        trial = self._face.draw(self.np_random, options)
        seen = self.world.reset([trial])
        self.actions.begin(_ONLY)
        info = {"instruction": trial.instruction, "trial": trial.row(), "action": self.actions.describe()}
        return {k: v[0] for k, v in seen.items()}, info

    def step(self, action: Array) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Advance by one control period."""
        seen = self.world.advance(self.actions.targets(np.asarray(action)[None]))
        outcome = self.world.outcome()
        broken = 0 in outcome.error
        done = bool(outcome.done[0]) or broken
        info: dict[str, Any] = {k: v[0] for k, v in {**describe(outcome, self.world), **self.actions.counts()}.items()}
        if broken:
            info["error"] = outcome.error[0]
        late = bool(self._face.late()[0])
        if done or late:
            info["failure"] = self.world.task.failures[int(outcome.failure[0])]
        return {k: v[0] for k, v in seen.items()}, float(outcome.reward[0]), done, late and not done, info

    def render(self) -> Any:
        """Return the picture of the front camera, (size, size, 3) uint8, or None without a render mode."""
        return None if self.render_mode is None else self._face.picture(0)

    def close(self) -> None:
        """Let go of the renderer."""
        self._face.close()


def make(task: str, embodiment: str = "shadow_ur10e", **settings: Any) -> DexEnv:
    """Return one environment by names."""
    return DexEnv(task, embodiment, **settings)


def make_vec(task: str, embodiment: str = "shadow_ur10e", num_envs: int = 2, **settings: Any) -> DexVectorEnv:
    """Return a vector of environments by names."""
    return DexVectorEnv(num_envs, task, embodiment, **settings)

"""Gymnasium faces of the simulated world: one environment, and a vector of them on one batch."""

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode

from dexbench.core.errors import DataError
from dexbench.core.schema import Array, Observation, Schema
from dexbench.core.trial import Outcome, Trial
from dexbench.sensors.cameras import make_camera
from dexbench.sensors.images import ImageRequest
from dexbench.sim.world import DEFAULT_GROUPS, SimWorld

_RENDER_MODES = {"render_modes": ["rgb_array"], "render_fps": 25}


def observation_space(schema: Schema) -> gymnasium.spaces.Dict:
    """Return the space of one world's observation."""
    return gymnasium.spaces.Dict(
        {f.name: gymnasium.spaces.Box(f.low, f.high, f.shape, np.dtype(f.dtype).type) for f in schema.fields}
    )


def action_space(world: SimWorld) -> gymnasium.spaces.Box:
    """Return the space of one world's action: absolute joint targets [rad]."""
    limits = world.spec.embodiment.limits
    # float32 bounds are rounded inwards, so that every action of the space is inside the true limits
    low = np.nextafter(limits.lower.astype(np.float32), np.float32(np.inf))
    high = np.nextafter(limits.upper.astype(np.float32), np.float32(-np.inf))
    return gymnasium.spaces.Box(low, high, dtype=np.float32)


class _Face:
    """What both faces share: trials drawn from a split, outcomes as infos."""

    def __init__(
        self,
        task: str,
        embodiment: str,
        n: int,
        split: str,
        observations: Sequence[str],
        threads: int,
        size: int,
        images: Mapping[str, Any] | None,
    ) -> None:
        request = ImageRequest(**(images or {}))
        self.world = SimWorld(task, embodiment, n, groups=observations, threads=threads, images=request)
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
        return np.asarray(self._camera.rgb(self.world.batch, world, camera))

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


class DexEnv(gymnasium.Env[Observation, Array]):
    """One cell. Success terminates an episode once it has been watched to last; the time limit truncates it."""

    metadata = _RENDER_MODES

    def __init__(
        self,
        task: str,
        embodiment: str,
        split: str = "seen",
        observations: Sequence[str] = DEFAULT_GROUPS,
        render_mode: str | None = None,
        size: int = 256,
        images: Mapping[str, Any] | None = None,
    ) -> None:
        """Make the environment.

        Args:
          task: task name.
          embodiment: embodiment name.
          split: which objects; may be given to reset() as well, as options={"split": ...}.
          observations: observation groups.
          render_mode: None or "rgb_array"; OpenGL is touched only by render().
          size: width and height of rendered pictures [pixels].
          images: fields of sensors.images.ImageRequest: cameras and size of pictures among the observations.
        """
        if render_mode not in (None, "rgb_array"):
            raise DataError(f"render_mode {render_mode!r} does not exist; there are None and 'rgb_array'")
        self._settings = (task, embodiment, split, tuple(observations), render_mode, size, images)
        self._face = _Face(task, embodiment, 1, split, observations, 1, size, images)
        self.render_mode = render_mode
        self.observation_space = observation_space(self.world.spec.observations)  # type: ignore[assignment]
        self.action_space = action_space(self.world)

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
        return {k: v[0] for k, v in seen.items()}, {"instruction": trial.instruction, "trial": trial.row()}

    def step(self, action: Array) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Advance by one control period."""
        seen = self.world.advance(np.asarray(action)[None])
        outcome = self.world.outcome()
        broken = 0 in outcome.error
        done = bool(outcome.done[0]) or broken
        info: dict[str, Any] = {k: v[0] for k, v in describe(outcome, self.world).items()}
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


class DexVectorEnv(gymnasium.vector.VectorEnv[Observation, Array, Array]):
    """n cells on one batch with native threads. Cell i with seed s behaves as DexEnv with seed s + i, bit for bit."""

    metadata = _RENDER_MODES

    def __init__(
        self,
        num_envs: int,
        task: str,
        embodiment: str,
        split: str = "seen",
        observations: Sequence[str] = DEFAULT_GROUPS,
        render_mode: str | None = None,
        size: int = 256,
        threads: int = 0,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        images: Mapping[str, Any] | None = None,
    ) -> None:
        """Make the environments; see DexEnv.

        Args:
          num_envs: number of cells.
          task: task name.
          embodiment: embodiment name.
          split: which objects.
          observations: observation groups.
          render_mode: None or "rgb_array".
          size: width and height of rendered pictures [pixels].
          threads: physics threads; 0 takes one per processor.
          autoreset_mode: NEXT_STEP (Gymnasium's default), SAME_STEP or DISABLED.
          images: see DexEnv.
        """
        import os

        self._settings = (num_envs, task, embodiment, split, tuple(observations), render_mode, size, threads)
        self._mode = AutoresetMode(autoreset_mode)
        self.metadata = {**_RENDER_MODES, "autoreset_mode": self._mode}
        workers = threads or os.cpu_count() or 1
        self._face = _Face(task, embodiment, num_envs, split, observations, workers, size, images)
        self._images = images
        self.num_envs = num_envs
        self.render_mode = render_mode
        self.single_observation_space = observation_space(self.world.spec.observations)
        self.single_action_space = action_space(self.world)
        self.observation_space = gymnasium.vector.utils.batch_space(self.single_observation_space, num_envs)
        self.action_space = gymnasium.vector.utils.batch_space(self.single_action_space, num_envs)
        self._rngs = [np.random.default_rng() for _ in range(num_envs)]
        self._over = np.zeros(num_envs, bool)  # ended, and to be reset by the next step

    @property
    def world(self) -> SimWorld:
        """The world behind this face."""
        return self._face.world

    def __reduce__(self) -> Any:
        """Pickle as fresh environments with the same settings."""
        return (type(self), (*self._settings, self._mode, self._images))

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start episodes, in all cells or in those of options["reset_mask"] (bool, (num_envs,))."""
        options = dict(options or {})
        mask = np.asarray(options.pop("reset_mask", np.ones(self.num_envs, bool)), bool)
        seeds = (
            [None if seed is None else seed + i for i in range(self.num_envs)]
            if not isinstance(seed, Sequence)
            else seed
        )
        for i, given in enumerate(seeds):
            if mask[i] and given is not None:
                self._rngs[i] = np.random.Generator(np.random.PCG64(given))
        started = np.flatnonzero(mask)
        info = self._begin(started, options)
        self._over[started] = False
        return self._all(), info

    def step(self, actions: Array) -> tuple[Observation, Array, Array, Array, dict[str, Any]]:
        """Advance every cell by one control period; resets follow the autoreset mode."""
        ready = np.flatnonzero(self._over) if self._mode is AutoresetMode.NEXT_STEP else np.zeros(0, np.int64)
        moving = None if not len(ready) else np.flatnonzero(~self._over)
        actions = np.asarray(actions)
        if moving is None:
            seen = self.world.advance(actions)
        elif len(moving):
            self.world.advance(actions[moving], moving)
        outcome = self.world.outcome()
        info: dict[str, Any] = {k: v.copy() for k, v in describe(outcome, self.world).items()}
        done = outcome.done.copy()
        done[list(outcome.error)] = True
        late = self._face.late() & ~done
        if done.any() or late.any():
            info["failure"] = np.array(self.world.task.failures)[outcome.failure]
        reward = outcome.reward.astype(np.float64)
        if len(ready):
            started = self._begin(ready, {})
            info.update(started)
            seen = self._all()
            reward[ready], done[ready], late[ready] = 0.0, False, False
        self._over = done | late
        ended = np.flatnonzero(self._over)
        if len(ended) and self._mode is AutoresetMode.SAME_STEP:
            last = {k: v.copy() for k, v in seen.items()}
            info = {
                "final_obs": last,
                "_final_obs": self._over.copy(),
                "final_info": info,
                "_final_info": self._over.copy(),
            }
            info.update(self._begin(ended, {}))
            seen = self._all()
            self._over = np.zeros(self.num_envs, bool)
        return seen, reward, done, late, info

    def render(self) -> tuple[Array, ...] | None:
        """Return one picture per cell, or None without a render mode."""
        if self.render_mode is None:
            return None
        return tuple(self._face.picture(i) for i in range(self.num_envs))

    def close_extras(self, **kwargs: Any) -> None:
        """Let go of the renderer."""
        self._face.close()

    def _begin(self, cells: Array, options: Mapping[str, Any]) -> dict[str, Any]:
        trials = [self._face.draw(self._rngs[i], options) for i in cells]
        if len(trials):
            self.world.reset(trials, cells)
        instructions = np.array([t.instruction for t in self.world.scene.trials], dtype=object)
        mask = np.zeros(self.num_envs, bool)
        mask[cells] = True
        return {"instruction": instructions, "_instruction": mask}

    def _all(self) -> Observation:
        return self.world.observe()


def make(task: str, embodiment: str = "shadow_ur10e", **settings: Any) -> DexEnv:
    """Return one environment by names."""
    return DexEnv(task, embodiment, **settings)


def make_vec(task: str, embodiment: str = "shadow_ur10e", num_envs: int = 2, **settings: Any) -> DexVectorEnv:
    """Return a vector of environments by names."""
    return DexVectorEnv(num_envs, task, embodiment, **settings)

"""Gymnasium face of the simulated world: a vector of environments on one batch."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode

from dexbench.core.schema import Array, Observation
from dexbench.sim.actions import Actions
from dexbench.sim.face import RENDER_MODES, Face, describe, observation_space
from dexbench.sim.world import SimWorld


class DexVectorEnv(gymnasium.vector.VectorEnv[Observation, Array, Array]):
    """n cells on one batch with native threads. Cell i with seed s behaves as DexEnv with seed s + i, bit for bit."""

    metadata = RENDER_MODES

    def __init__(
        self,
        num_envs: int,
        task: str,
        embodiment: str,
        split: str = "",
        observations: Sequence[str] | None = None,
        render_mode: str | None = None,
        size: int = 256,
        threads: int = 0,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        images: Mapping[str, Any] | None = None,
        touch: str | None = None,
        action: str | Mapping[str, Any] = "joint_target",
    ) -> None:
        """Make the environments; see DexEnv.

        Args:
          num_envs: number of cells.
          task: task name.
          embodiment: embodiment name.
          split: which objects; default: the task's first.
          observations: observation groups; default: state, objects, and touch where it is fitted.
          render_mode: None or "rgb_array".
          size: width and height of rendered pictures [pixels].
          threads: physics threads; 0 takes one per processor.
          autoreset_mode: NEXT_STEP (Gymnasium's default), SAME_STEP or DISABLED.
          images: see DexEnv.
          touch: see DexEnv.
          action: see DexEnv.
        """
        self._settings = (num_envs, task, embodiment, split, observations, render_mode, size, threads)
        self._mode = AutoresetMode(autoreset_mode)
        self.metadata = {**RENDER_MODES, "autoreset_mode": self._mode}
        workers = threads or os.cpu_count() or 1
        self._face = Face(task, embodiment, num_envs, split, observations, workers, size, images, touch)
        self._more = images, touch, action
        self.num_envs = num_envs
        self.render_mode = render_mode
        self.single_observation_space = observation_space(self.world.spec.observations)
        self.actions = Actions(self.world, action)
        self.single_action_space = self.actions.space
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
        return (type(self), (*self._settings, self._mode, *self._more))

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
            seen = self.world.advance(self.actions.targets(actions))
        elif len(moving):
            self.world.advance(self.actions.targets(actions[moving], moving), moving)
        outcome = self.world.outcome()
        info: dict[str, Any] = {
            k: v.copy() for k, v in {**describe(outcome, self.world), **self.actions.counts()}.items()
        }
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
            self.actions.begin(cells)
        instructions = np.array([t.instruction for t in self.world.scene.trials], dtype=object)
        mask = np.zeros(self.num_envs, bool)
        mask[cells] = True
        return {"instruction": instructions, "_instruction": mask}

    def _all(self) -> Observation:
        return self.world.observe()

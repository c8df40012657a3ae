"""What a declared touch sensor does to the forces on its taxels, sample by sample."""

from collections.abc import Sequence

import numpy as np

from dexbench.core.schema import Array
from dexbench.core.touch_model import TouchModel

STREAM = 0x70AD5
"""Second word of the seed of a world's flaws; the first is its trial's seed. No other draw uses it."""


class Flaws:
    """The flaws of the pads of n worlds, and their state.

    With x_k the force on one component of one taxel in sample k (saturated at `range` R already), a reading is

        p_k = min(max(p_{k-1}, x_k - w), x_k + w)   play: w = hysteresis, p = 0 before the first sample
        q_k = a p_k                                 a = 0 for a dead taxel, else 1
        r_k = q_k + a (d + noise n_k)               d: offset, grows by drift sqrt(T) n each control period T
        s_k = r_k if |r_k| >= threshold else 0
        y_k = clip(s_k, -R or 0, R), rounded to a multiple of the step; 0 is the lowest where shear is not measured

    with every n an independent standard normal number. All draws come from a generator of the world's own, seeded by
    its trial; all arithmetic is elementwise: a world's readings do not depend on which others there are.

    Args:
      model: the sensor.
      shape: (pads, rows, columns, 3).
      n: worlds.
      period: T [s].
      dtype: of the readings.
    """

    def __init__(
        self, model: TouchModel, shape: tuple[int, int, int, int], n: int, period: float, dtype: np.dtype
    ) -> None:
        self._model = model
        self._components = 1 if model.axes == "normal" else 3
        self._inner = (*shape[:3], self._components)
        state = (n, *self._inner)
        self._play = np.zeros(state, dtype) if model.hysteresis else None
        self._offset = np.zeros(state, dtype) if model.drift else None
        self._growth = dtype.type(model.drift * np.sqrt(period))
        self._alive = np.ones(state, dtype)
        self._fixed = np.ones(shape[:3], dtype)
        for row, column in (*model.absent, *model.broken):
            self._fixed[:, row, column] = 0
        self._masked = bool(model.dead or model.broken or (model.absent and (model.noise or model.drift)))
        low = 0.0 if model.axes == "normal" else -model.range
        self._step = dtype.type((model.range - low) / 2**model.bits)
        # a code of `bits` bits counts from 0 (or from minus the middle) to one short of the range
        self._limits = low, model.range - (float(self._step) if model.bits else 0.0)
        self._generators: list[np.random.Generator] = [np.random.default_rng(0)] * n
        self._normal = np.empty(0, np.float32)

    def begin(self, worlds: Sequence[int], seeds: Sequence[int]) -> None:
        """Start an episode in `worlds`: no play, no offset, other dead taxels."""
        for world, seed in zip(worlds, seeds, strict=True):
            generator = self._generators[world] = np.random.Generator(np.random.PCG64([abs(seed), STREAM]))
            if self._play is not None:
                self._play[world] = 0
            if self._offset is not None:
                self._offset[world] = 0
            alive = self._fixed
            if self._model.dead:
                alive = alive * (generator.random(alive.shape) >= self._model.dead)
            self._alive[world] = alive[..., None]

    def __call__(self, taxels: Array, worlds: Array, grow: bool = True) -> None:
        """Turn the forces of successive samples into readings, in place.

        Args:
          taxels: (len(worlds), K, pads, rows, columns, 3).
          worlds: whose they are.
          grow: let the offsets grow by a control period first.
        """
        model = self._model
        x = taxels if self._components == 3 else taxels[..., :1].copy()  # in one piece
        if self._play is not None:
            self._lag(x, worlds)
        drawn = self._draw(len(worlds), x.shape[1] if model.noise else 0, worlds, grow)
        if drawn is not None:
            first = 0
            if self._offset is not None:
                if grow:
                    self._offset[worlds] += self._growth * drawn[:, 0]
                    first = 1
                x += self._offset[worlds][:, None]
            if model.noise:
                noise = drawn[:, first:]
                noise *= model.noise
                x += noise
        elif self._offset is not None:
            x += self._offset[worlds][:, None]
        if self._masked:
            x *= self._alive[worlds][:, None]
        if model.threshold:
            x *= np.abs(x) >= model.threshold
        if model.bits:
            np.divide(x, self._step, out=x)
            np.rint(x, out=x)
            np.multiply(x, self._step, out=x)
        np.maximum(x, self._limits[0], out=x)
        np.minimum(x, self._limits[1], out=x)
        if x is not taxels:
            taxels[..., :1] = x

    def _lag(self, x: Array, worlds: Array) -> None:
        """Apply the play, sample after sample."""
        assert self._play is not None
        low, high = x - self._model.hysteresis, x + self._model.hysteresis
        last = self._play[worlds]
        for k in range(x.shape[1]):
            now = x[:, k]
            np.maximum(low[:, k], last, out=now)
            np.minimum(high[:, k], now, out=now)
            last = now
        self._play[worlds] = last

    def _draw(self, rows: int, samples: int, worlds: Array, grow: bool) -> Array | None:
        """Return (rows, grow + samples, *inner) standard normal numbers, each world's from its own generator."""
        count = samples + (self._offset is not None and grow)
        if not count:
            return None
        drawn = np.empty((rows, count, *self._inner), np.float32)
        for row, world in zip(drawn, worlds, strict=True):
            self._generators[world].standard_normal(dtype=np.float32, out=row)
        return drawn

"""Touch of worlds whose sensor has a rate of its own, or flaws: it has a state, which a world owns."""

from collections.abc import Sequence

import numpy as np

from dexbench.core.schema import Array
from dexbench.sensors.flaws import Flaws
from dexbench.sensors.sampling import Sampling
from dexbench.sensors.touch_reader import CHUNK, Touch, TouchReader


def stream_of(reader: TouchReader, n: int, step: float, window: int) -> "TouchStream | None":
    """Return the touch of n worlds, or None where the reader alone says all: no flaws, a sample at every substep.

    Args:
      reader: of the cell.
      n: worlds.
      step: of the physics [s].
      window: substeps of a control period.
    """
    model = reader.model
    sampling = Sampling(model.rate, 0.0 if model.ideal else model.delay, step, window)
    if sampling.trivial and not model.flawed:
        return None
    return TouchStream(reader, sampling, n, step * window)


class TouchStream:
    """Samples the pads of n worlds at the sensor's rate, and keeps what can be had of them.

    A world's readings depend on its trial's seed and on its physics since reset, on nothing else.

    Args:
      reader: of ideal pads.
      sampling: the sensor's clock.
      n: worlds.
      period: control period [s].
    """

    def __init__(self, reader: TouchReader, sampling: Sampling, n: int, period: float) -> None:
        self._reader = reader
        self._sampling = sampling
        self._flaws = Flaws(reader.model, reader.shape, n, period, reader.dtype) if reader.model.flawed else None
        # the newest sample last; nothing shown is older than the first
        self._kept = np.zeros((n, max(sampling.depth, sampling.most), *reader.shape), reader.dtype)
        self._periods = np.zeros(n, np.int64)

    def begin(self, worlds: Array, seeds: Sequence[int], sensordata: Array) -> None:
        """Start episodes: until the first sample after it, the one of the beginning can be had.

        Args:
          worlds: which.
          seeds: of their trials.
          sensordata: (n, window, nsensordata) of all worlds, any substep of which is the beginning.
        """
        if self._flaws is not None:
            self._flaws.begin(worlds.tolist(), seeds)
        self._periods[worlds] = 0
        for some in _parts(worlds):
            taxels = self._reader.read(sensordata[some, -1:]).taxels
            if self._flaws is not None:
                self._flaws(taxels, some, grow=False)
            self._kept[some] = taxels

    def advance(self, worlds: Array, sensordata: Array) -> None:
        """Take the samples of a control period.

        Args:
          worlds: which.
          sensordata: (n, window, nsensordata) of all worlds' substeps.
        """
        phases = (self._periods[worlds] % self._sampling.periods).tolist()
        for phase in sorted(set(phases)):
            taken = self._sampling.window(phase).taken
            same = worlds if phases.count(phase) == len(phases) else worlds[np.equal(phases, phase)]
            for some in _parts(same):
                self._take(some, sensordata, taken)
        self._periods[worlds] += 1

    def _take(self, worlds: Array, sensordata: Array, taken: Array) -> None:
        if not len(taken) and self._flaws is None:
            return
        taxels = self._reader.read(sensordata[worlds[:, None], taken]).taxels
        if self._flaws is not None:
            self._flaws(taxels, worlds)
        self._kept[worlds] = np.concatenate((self._kept[worlds, len(taken) :], taxels), axis=1)

    def read(self, worlds: Array) -> Touch:
        """Return what can be had of `worlds` now: new arrays, the same until they advance."""
        phases = (self._periods[worlds] - 1) % self._sampling.periods
        shown = np.array([self._sampling.window(phase).shown for phase in phases.tolist()])
        taxels = self._kept[worlds[:, None], self._kept.shape[1] - 1 - shown]
        return Touch(taxels, np.add.reduce(taxels[:, -1], axis=(2, 3)))


def _parts(worlds: Array) -> list[Array]:
    """Return the pieces in which so many worlds are read."""
    return [worlds[first : first + CHUNK] for first in range(0, len(worlds), CHUNK)]

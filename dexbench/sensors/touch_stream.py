"""Touch of worlds whose sensor has a rate of its own, or flaws: it has a state, which a world owns."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np

from dexbench.core.schema import Array
from dexbench.sensors.flaws import Flaws
from dexbench.sensors.sampling import Sampling, Window
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
    sampling = Sampling(model.rate, model.delay if model.flawed else 0.0, step, window)
    if model.flawed:
        return FlawedTouch(reader, sampling, n, step * window)
    return None if sampling.trivial else HeldTouch(reader, sampling, n)


class TouchStream(ABC):
    """Samples the pads of n worlds at the sensor's rate, and keeps what can be had of them.

    A world's readings depend on its trial's seed and on its physics since reset, on nothing else.

    Args:
      reader: of ideal pads.
      sampling: the sensor's clock.
      n: worlds.
    """

    def __init__(self, reader: TouchReader, sampling: Sampling, n: int) -> None:
        self._reader = reader
        self._sampling = sampling
        self._all = np.arange(n)
        self._periods = np.zeros(n, np.int64)

    def begin(self, worlds: Array, seeds: Sequence[int], sensordata: Array) -> None:
        """Start episodes: until the first sample after it, the one of the beginning can be had.

        Args:
          worlds: which.
          seeds: of their trials.
          sensordata: (n, window, nsensordata) of all worlds, whose last substep is the beginning.
        """
        self._periods[worlds] = 0
        self._begin(worlds, seeds, sensordata[worlds, -1:, self._reader.numbers])

    def advance(self, worlds: Array | None, sensordata: Array) -> None:
        """Take the samples of a control period.

        Args:
          worlds: which; None for all.
          sensordata: (n, window, nsensordata) of all worlds' substeps.
        """
        if self._sampling.periods == 1:
            self._take(slice(None) if worlds is None else worlds, sensordata, self._sampling.window(0))
            return
        for rows, window in self._phases(self._all if worlds is None else worlds):
            self._take(rows, sensordata, window)
        self._periods[slice(None) if worlds is None else worlds] += 1

    @abstractmethod
    def read(self, worlds: Array | None) -> Touch:
        """Return what can be had of `worlds` (None: all) now: new arrays, the same until they advance."""

    @abstractmethod
    def _begin(self, worlds: Array, seeds: Sequence[int], numbers: Array) -> None: ...

    @abstractmethod
    def _take(self, rows: slice | Array, sensordata: Array, window: Window) -> None: ...

    def _phases(self, worlds: Array) -> Iterator[tuple[Array, Window]]:
        """Yield the worlds whose pattern of samples is at the same place, and their window."""
        phases = (self._periods[worlds] % self._sampling.periods).tolist()
        for phase in sorted(set(phases)):
            yield worlds[np.equal(phases, phase)], self._sampling.window(phase)


class HeldTouch(TouchStream):
    """A flawless sensor slower than the physics: forces and places, which are few, are held, and shared out anew."""

    def __init__(self, reader: TouchReader, sampling: Sampling, n: int) -> None:
        super().__init__(reader, sampling, n)
        width = reader.numbers.stop - reader.numbers.start
        self._held = np.zeros((n, len(sampling.window(0).shown), width))

    def read(self, worlds: Array | None) -> Touch:
        """Return what can be had of `worlds` (None: all) now."""
        return self._reader.share(self._held if worlds is None else self._held[worlds])

    def _begin(self, worlds: Array, seeds: Sequence[int], numbers: Array) -> None:
        self._held[worlds] = numbers

    def _take(self, rows: slice | Array, sensordata: Array, window: Window) -> None:
        held, first = self._held, self._held.shape[1] - len(window.source)
        if isinstance(rows, slice):
            held[:, :first] = held[:, -1:]
            held[:, first:] = sensordata[:, window.source, self._reader.numbers]
        else:
            held[rows, :first] = held[rows, -1:]
            held[rows, first:] = sensordata[rows[:, None], window.source, self._reader.numbers]


class FlawedTouch(TouchStream):
    """A sensor with flaws, which are those of taxels and samples."""

    def __init__(self, reader: TouchReader, sampling: Sampling, n: int, period: float) -> None:
        super().__init__(reader, sampling, n)
        self._flaws = Flaws(reader.model, reader.shape, n, period, reader.dtype)
        # the newest sample last; nothing shown is older than the first
        self._kept = np.zeros((n, max(sampling.depth, sampling.most), *reader.shape), reader.dtype)

    def read(self, worlds: Array | None) -> Touch:
        """Return what can be had of `worlds` (None: all) now."""
        last = self._kept.shape[1] - 1
        if self._sampling.periods == 1:
            taxels = self._kept[slice(None) if worlds is None else worlds][:, last - self._sampling.window(0).shown]
        else:
            worlds = self._all if worlds is None else worlds
            phases = (self._periods[worlds] - 1) % self._sampling.periods
            shown = np.array([self._sampling.window(phase).shown for phase in phases.tolist()])
            taxels = self._kept[worlds[:, None], last - shown]
        # one axis after the other: both at once take twice as long
        return Touch(taxels, np.add.reduce(np.add.reduce(taxels[:, -1], axis=2), axis=2))

    def _begin(self, worlds: Array, seeds: Sequence[int], numbers: Array) -> None:
        self._flaws.begin(worlds.tolist(), seeds)
        taxels = self._reader.share(numbers).taxels
        self._flaws(taxels, worlds, grow=False)
        self._kept[worlds] = taxels

    def _take(self, rows: slice | Array, sensordata: Array, window: Window) -> None:
        worlds, fresh = self._all[rows], len(window.taken)
        taxels = self._reader.share(sensordata[rows][:, window.taken, self._reader.numbers]).taxels
        for first in range(0, len(worlds), CHUNK):
            self._flaws(taxels[first : first + CHUNK], worlds[first : first + CHUNK])
        if fresh:
            self._kept[rows] = np.concatenate((self._kept[rows][:, fresh:], taxels), axis=1)

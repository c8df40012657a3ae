"""When a sensor of its own rate takes its samples, and which of them can be had at a substep of the physics."""

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from dexbench.core.schema import Array

_FINEST = 10**6
"""Rates and time steps are taken as fractions with at most this denominator."""


class Window(NamedTuple):
    """The samples of one control period."""

    taken: Array
    """(K,) substeps of the period, from 0, whose state is sampled; there may be none."""
    shown: Array
    """(W,) for each substep, which sample can be had: 0 the newest one taken so far, 1 the one before it, and so on,
    counted at the end of the period."""
    source: Array
    """For each substep from the first in `taken` on, the substep of its newest sample, without delay."""


class Sampling:
    """The clock of a sensor, in whole substeps.

    Sample k is due at k / rate since the episode began, and is taken at the first substep that is not before it. It can
    be had `delay` later (rounded up to substeps), until then the one before it stands: sample and hold. At substep m
    the newest sample taken has number floor(m h rate), in exact fractions, so that no rate drifts. A sensor faster than
    the physics is sampled at every substep; what lies between two substeps does not exist here.

    Args:
      rate: [Hz].
      delay: [s].
      step: time step h of the physics [s].
      window: substeps of a control period.
    """

    def __init__(self, rate: float, delay: float, step: float, window: int) -> None:
        exact_step = _fraction(step)
        self._per_substep = min(_fraction(rate) * exact_step, Fraction(1))
        self.delay = math.ceil(_fraction(delay) / exact_step)
        """[substeps]"""
        self._window = window
        self.periods = (self._per_substep * window).denominator
        """After so many control periods the pattern of samples begins again."""
        self.most = math.ceil(self._per_substep * window)
        """Most samples in one control period."""
        oldest = self._per_substep * (window - 1 + self.delay)
        self.depth = math.ceil(oldest) + 1
        """How many samples must be kept to show every substep of a period."""
        self._windows: dict[int, Window] = {}

    @property
    def trivial(self) -> bool:
        """Whether every substep shows its own sample."""
        return self._per_substep == 1 and self.delay == 0

    def window(self, period: int) -> Window:
        """Return the samples of control period `period` of an episode, from 0."""
        phase = period % self.periods
        if phase not in self._windows:
            first = phase * self._window
            counts = [self._count(first + i) for i in range(self._window + 1)]
            taken = [i for i in range(self._window) if counts[i + 1] > counts[i]]
            shown = [counts[-1] - self._count(first + i + 1 - self.delay) for i in range(self._window)]
            source = [max(t for t in taken if t <= i) for i in range(min(taken, default=self._window), self._window)]
            self._windows[phase] = Window(*(np.array(found, np.intp) for found in (taken, shown, source)))
        return self._windows[phase]

    def _count(self, substep: int) -> int:
        """Return the number of the newest sample taken by `substep` of the episode (negative: before it began)."""
        return math.floor(substep * self._per_substep)


def _fraction(value: float) -> Fraction:
    return Fraction(str(value)).limit_denominator(_FINEST)

"""Rates over sets of grasps: success of grasps and objects, parts touched, what a metric foretells, raters' points."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.grasp.arrays import finite

POINTS = {1: 3, 2: 2, 3: 1}
"""RealDex's points for the ranks."""


class Rate(NamedTuple):
    """Successes of trials; higher is better."""

    successes: int
    trials: int

    @property
    def value(self) -> float:
        """Return the share; NaN of none."""
        return self.successes / self.trials if self.trials else float("nan")


class PartRates(NamedTuple):
    """DexVLG's three rates, by definitions of our own: the paper's are not published."""

    suc: Rate
    """Passed the force test."""
    pta: Rate
    """Part touched: a contact on the named part, and at least half of the contacts on it."""
    pga: Rate
    """Both."""


def _flags(name: str, values: Array) -> Array:
    flags = np.asarray(values)
    if flags.ndim != 1 or not np.isin(flags, (0, 1)).all():
        raise DataError(f"{name} must be a row of true and false, not {flags.dtype} of {flags.shape}")
    return flags.astype(bool)


def grasp_rate(success: Array) -> Rate:
    """Return GSR: successful of evaluated grasps (G,). One that could not be loaded is a failure."""
    flags = _flags("success", success)
    return Rate(int(flags.sum()), len(flags))


def object_rate(success: Array, objects: Sequence[str]) -> Rate:
    """Return OSR: objects with at least one success, of objects. It grows with the number of grasps each: state it.

    Args:
      success: (G,).
      objects: (G,) the name of each grasp's object.
    """
    flags = _flags("success", success)
    if len(objects) != len(flags):
        raise DataError(f"{len(flags)} grasps but {len(objects)} names of objects")
    return Rate(len({name for name, passed in zip(objects, flags, strict=True) if passed}), len(set(objects)))


def part_touched(on_part: Array, total: Array) -> Array:
    """Return (G,) bool: whether each grasp touches the part it was told to.

    Args:
      on_part: (G,) contacts (closer than 2 mm at the grasp pose) on the part.
      total: (G,) contacts in all.
    """
    there, whole = np.asarray(on_part), np.asarray(total)
    if there.shape != whole.shape or there.ndim != 1 or (there < 0).any() or (there > whole).any():
        raise DataError("contacts on the part and in all must be rows (G,) with 0 <= on the part <= all")
    return np.asarray((there >= 1) & (2 * there >= whole))


def part_rates(success: Array, on_part: Array, total: Array) -> PartRates:
    """Return Suc, PTA and PGA of G grasps: success (G,), contacts on the part (G,) and in all (G,)."""
    flags, touched = _flags("success", success), part_touched(on_part, total)
    if flags.shape != touched.shape:
        raise DataError(f"{len(flags)} successes but contacts of {len(touched)} grasps")
    return PartRates(grasp_rate(flags), grasp_rate(touched), grasp_rate(flags & touched))


def foretelling(metric: Array, success: Array) -> float:
    """Return the area under the ROC curve when a LOWER metric (G,) is taken to mean success (G,). Higher is better.

    The exact rank form: the chance that a success has the lower metric than a failure, ties half. NaN where all
    succeed or all fail.
    """
    flags, values = _flags("success", success), finite("metric", metric, axes=1)
    if flags.shape != values.shape:
        raise DataError(f"{len(values)} values but {len(flags)} successes")
    good, bad = int(flags.sum()), int((~flags).sum())
    if not good or not bad:
        return float("nan")
    above = float(rankdata(values)[~flags].sum()) - bad * (bad + 1) / 2
    return above / (good * bad)


def user_score(ranks: Array) -> float:
    """Return RealDex's user score: rank 1, 2, 3 of people gives 3, 2, 1 points, averaged. Higher; NaN of none.

    Only for ranks by people: what a program ranks must have another name.
    """
    rows = np.asarray(ranks).ravel()
    if not np.isin(rows, tuple(POINTS)).all():
        raise DataError(f"ranks must be among {sorted(POINTS)}")
    return float(np.mean([POINTS[int(rank)] for rank in rows])) if len(rows) else float("nan")

"""What two hands on one object add: how they share its load, and the target that squeezes it.

One hand inside the other counts as a hand inside itself: `depth.deepest` over their pairs (BiDexGrasp).
"""

import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.grasp.arrays import finite, same_shape


def load_sharing(left: Array, right: Array) -> Array:
    """Return (...) the smaller of the hands' shares of the vertical force, in 0..0.5. Higher is better: 0.5 is even.

    0 where one hand pushes down or carries nothing; NaN where both together carry nothing. A definition of our own.

    Args:
      left: (...) force on the object along world z [N], upward above zero; of a lift, its mean over time.
      right: the same.
    """
    one, other = finite("left", left), finite("right", right)
    same_shape(left=one, right=other)
    total = one + other
    share = np.divide(np.minimum(one, other), total, out=np.full_like(total, np.nan), where=total > 0)
    return np.asarray(np.maximum(share, 0.0))


def squeeze_target(pregrasp: Array, grasp: Array, lower: Array, upper: Array) -> Array:
    """Return joint targets (..., J) [rad] that squeeze: 2 grasp - pregrasp (BiDexGrasp), within limits (J,)."""
    before, at = finite("pregrasp", pregrasp, axes=1), finite("grasp", grasp, axes=1)
    same_shape(pregrasp=before, grasp=at)
    if np.shape(lower) != before.shape[-1:] or np.shape(upper) != before.shape[-1:]:
        raise DataError(f"limits must be of {before.shape[-1]} joints, not {np.shape(lower)} and {np.shape(upper)}")
    return np.asarray(np.clip(2 * at - before, lower, upper))

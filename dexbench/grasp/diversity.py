"""How different the grasps of a set are from each other."""

import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.grasp.arrays import finite

COMPONENTS = 5
"""DexGraspBench's largest number of components."""


def explained_variance(rows: Array, components: int = COMPONENTS) -> Array:
    """Return (components,) the share of the variance in the first 1, 2 ... principal components. LOWER is more diverse.

    DexGraspBench's rows (G, D) are a palm's place [m], its rotation vector [rad] and the joints [rad], all in the
    object's frame; the mixed units are left as they are. NaN where all rows are the same.
    """
    values = finite("rows", rows, axes=2)
    if values.ndim != 2 or len(values) < 2:
        raise DataError(f"diversity needs two grasps or more as rows (G, D), not {values.shape}")
    sizes = np.linalg.svd(values - values.mean(axis=0), compute_uv=False) ** 2
    sizes = np.concatenate([sizes, np.zeros(max(0, components - len(sizes)))])
    return np.asarray(np.cumsum(sizes)[:components] / sizes.sum() if sizes.sum() > 0 else np.full(components, np.nan))


def joint_spread(angles: Array, sample: bool = False) -> float:
    """Return DexH2R's diversity [rad]: the mean over joints of the standard deviation over grasps (G, J). Higher.

    Args:
      angles: of the successful grasps [rad].
      sample: divide by G - 1; else, the default, by G.
    """
    values = finite("angles", angles, axes=2)
    if values.ndim != 2 or len(values) < 1 + sample:
        raise DataError(f"a spread needs {1 + sample} grasps or more as rows (G, J), not {values.shape}")
    return float(values.std(axis=0, ddof=int(sample)).mean())


def rotation_vectors(quaternions: Array) -> Array:
    """Return (..., 3) axis times angle [rad], the angle in 0..pi, of (..., 4) wxyz of any length but zero."""
    turns = finite("quaternions", quaternions, (4,))
    turns = turns * np.where(turns[..., :1] < 0, -1.0, 1.0)
    sine = np.linalg.norm(turns[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, turns[..., :1])
    return np.asarray(turns[..., 1:] * np.divide(angle, sine, out=np.full_like(sine, 2.0), where=sine > 1e-12))

"""Rotation matrices of quaternions, and back."""

import numpy as np
from numpy.typing import ArrayLike

from dexbench.core.schema import Array


def quaternion_matrices(quaternions: ArrayLike) -> Array:
    """Return (N, 3, 3) of unit quaternions (N, 4) wxyz."""
    w, x, y, z = np.asarray(quaternions, float).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), -1, 0)


def quaternion_matrix(quaternion: ArrayLike) -> Array:
    """Return (3, 3) of a quaternion (4,) wxyz, which need not be normalised."""
    own = np.asarray(quaternion, float)
    return np.asarray(quaternion_matrices((own / np.linalg.norm(own))[None])[0])


def matrix_quaternion(matrix: ArrayLike) -> Array:
    """Return wxyz with w >= 0 of a rotation matrix, from its largest component: exact for half turns as well."""
    m = np.asarray(matrix, np.float64)
    t = np.array([np.trace(m), *np.diag(m)])
    k = int(np.argmax(t))
    q = np.empty(4)
    q[k] = 1 + (t[0] if k == 0 else 2 * t[k] - t[0])
    twist = np.array([m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]])
    if k == 0:
        q[1:] = twist
    else:
        i, a, b = k - 1, k % 3, (k + 1) % 3
        q[0] = twist[i]
        q[1 + a] = m[a, i] + m[i, a]
        q[1 + b] = m[b, i] + m[i, b]
    q /= np.sqrt(q @ q)
    return np.asarray(-q if q[0] < 0 else q)

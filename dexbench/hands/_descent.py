"""Least squares within limits: Levenberg-Marquardt with differences for the Jacobian."""

from collections.abc import Callable

import numpy as np

from dexbench.core.schema import Array


def descend(
    residuals: Callable[[Array], Array],
    start: Array,
    lower: Array,
    upper: Array,
    steps: int = 40,
    width: float = 1e-4,
    enough: float = 0.0,
) -> tuple[Array, float]:
    """Return a point near `start` where the sum of squares is small, and that sum.

    Args:
      residuals: (n,) -> (m,), of any m that does not change.
      start: (n,).
      lower: (n,) limits; they are kept exactly.
      upper: (n,).
      steps: most Jacobians.
      width: of the differences, in units of the variables.
      enough: a sum at which to stop.
    """
    at = np.clip(start, lower, upper)
    value = residuals(at)
    cost = float(value @ value)
    damping = 1e-2
    free_steps = np.where(at + width <= upper, width, -width)
    jacobian = np.empty((len(value), len(at)))
    for _ in range(steps):
        free_steps = np.where(at + width <= upper, width, -width)
        for k in range(len(at)):
            moved = at.copy()
            moved[k] += free_steps[k]
            jacobian[:, k] = (residuals(moved) - value) / free_steps[k]
        gradient = jacobian.T @ value
        stuck = ((at <= lower) & (gradient > 0)) | ((at >= upper) & (gradient < 0))
        jacobian[:, stuck] = 0
        gradient[stuck] = 0
        square = jacobian.T @ jacobian
        scale = np.diag(square) + 1e-9
        better = False
        for _ in range(6):
            move = np.linalg.solve(square + damping * np.diag(scale), -gradient)
            trial = np.clip(at + np.clip(move, -0.3, 0.3), lower, upper)
            found = residuals(trial)
            sum_ = float(found @ found)
            if sum_ < cost:
                better = True
                break
            damping *= 4
        if not better:
            break
        gain = cost - sum_
        at, value, cost = trial, found, sum_
        damping = max(damping / 5, 1e-7)
        if cost <= enough or gain < 1e-4 * cost:
            break
    return at, cost

"""Where objects stand on the table at the start of a trial."""

from collections.abc import Callable, Sequence

import numpy as np

from dexbench.core.trial import Placement

from .catalogue import load_object

REGION = ((0.50, 0.76), (-0.24, 0.24))
"""Where object origins stand, x and y in the cell frame [m]: what one hand of every robot reaches."""
GAP = 0.10
"""Free space between the outlines of two objects [m]: fingers must fit."""

Bounds = tuple[tuple[float, float], tuple[float, float]]


def stand(
    rng: np.random.Generator, names: Sequence[str], region: Bounds = REGION, gap: float = GAP
) -> tuple[Placement, ...]:
    """Draw where `names` stand upright in `region` at least `gap` apart [m], any way round.

    The caller sees to it that there is room: a draw of three in REGION succeeds in about every other try.
    """
    radii = [load_object(n).footprint_radius for n in names]
    while True:
        spots = np.column_stack([rng.uniform(*bounds, len(names)) for bounds in region])
        apart = np.linalg.norm(spots[:, None] - spots[None], axis=2)
        free = apart - np.add.outer(radii, radii) >= gap
        if free[~np.eye(len(names), dtype=bool)].all():
            break
    return tuple(
        upright(n, float(x), float(y), float(rng.uniform(-np.pi, np.pi)))
        for n, (x, y) in zip(names, spots, strict=True)
    )


def scatter(
    rng: np.random.Generator,
    names: Sequence[str],
    region: Bounds,
    gap: float,
    free: Callable[[float, float, float], bool] = lambda x, y, radius: True,
) -> tuple[Placement, ...]:
    """Draw where `names` stand upright in `region` at least `gap` apart [m], one after the other, any way round.

    For more objects than `stand` can fit, or where something stands there already: `free(x, y, radius)` says whether an
    object of that outline may stand at a spot. An object that finds no room in sixty draws has all of them drawn anew.
    """
    radii = np.array([load_object(n).footprint_radius for n in names])
    spots = np.zeros((0, 2))
    while len(spots) < len(names):
        spots = np.zeros((0, 2))
        for radius in radii:
            drawn = np.column_stack([rng.uniform(*bounds, 60) for bounds in region])
            apart = np.linalg.norm(drawn[:, None] - spots[None], axis=2) - radii[: len(spots)] - radius
            clear = drawn[(apart >= gap).all(axis=1)].tolist()
            good = next(([x, y] for x, y in clear if free(x, y, float(radius))), None)
            if good is None:
                break
            spots = np.vstack([spots, good])
    return tuple(
        upright(n, float(x), float(y), float(rng.uniform(-np.pi, np.pi)))
        for n, (x, y) in zip(names, spots, strict=True)
    )


def upright(name: str, x: float, y: float, yaw: float) -> Placement:
    """Return `name` standing at (x, y) [m], turned by `yaw` [rad], with its nominal mass and friction."""
    model = load_object(name)
    return Placement(
        instance=name,
        position=(round(x, 6), round(y, 6), 0.0),
        quaternion=(float(np.cos(yaw / 2)), 0.0, 0.0, float(np.sin(yaw / 2))),
        mass=model.mass,
        friction=float(model.friction[0]),
    )

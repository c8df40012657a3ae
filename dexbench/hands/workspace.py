"""Where the fingertips can be, and where the thumb can meet them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from dexbench.core.schema import Array

from ._descent import descend
from .body import Hand
from .kapandji import DEEP

SAMPLES = 4000
"""Postures of each finger, uniform in its commands."""
VOXEL = 0.005
"""Edge of the cubes in which volumes are counted [m]."""


@dataclass(frozen=True)
class Space:
    """Where one fingertip can be, the palm still, links passing through each other."""

    points: Array
    """(SAMPLES, 3) in the hand's frame [m]."""
    lower: Array
    """(3,) of the box around them."""
    upper: Array
    hull: float
    """Volume of their convex hull [m^3]; 0 where they lie in a plane."""
    cubes: frozenset[tuple[int, int, int]]
    """Cubes of edge VOXEL that hold a point, or of which a neighbour on each side does."""

    @property
    def volume(self) -> float:
        """Of those cubes [m^3]."""
        return len(self.cubes) * VOXEL**3


@dataclass(frozen=True)
class Opposition:
    """Thumb against one finger."""

    finger: str
    tips: float
    """Least distance of the two tip frames over the ranges, links passing through each other [m]."""
    pads: float
    """Least distance of the middles of both pads, no two links deeper than 2 mm in each other [m]."""
    facing: float
    """Angle by which the pads then fail to face each other [rad]."""
    shared: float
    """Volume that both tips can reach [m^3]."""


def workspaces(hand: Hand, seed: int = 0) -> dict[str, Space]:
    """Return the space of each fingertip."""
    found = {}
    for k, finger in enumerate(hand.fingers):
        rng = np.random.default_rng([seed, k])
        movers = hand.movers(finger)
        points = np.empty((SAMPLES, 3))
        command = hand.rest.copy()
        for i in range(SAMPLES):
            command[movers] = rng.uniform(hand.lower[movers], hand.upper[movers])
            hand.pose(command)
            points[i] = hand.place(hand.data.site_xpos[hand.tips[finger]])
        found[finger] = Space(points, points.min(axis=0), points.max(axis=0), _hull(points), _cubes(points))
    return found


def _hull(points: Array) -> float:
    try:
        return float(ConvexHull(points).volume)
    except QhullError:
        return 0.0


def _cubes(points: Array) -> frozenset[tuple[int, int, int]]:
    """Return the cubes with points, and the gaps of one cube between them along any axis."""
    taken = set(map(tuple, np.floor(points / VOXEL).astype(int).tolist()))
    filled = set(taken)
    for axis in range(3):
        step = tuple(int(axis == k) for k in range(3))
        for cube in taken:
            gap = tuple(c + s for c, s in zip(cube, step, strict=True))
            if tuple(c + 2 * s for c, s in zip(cube, step, strict=True)) in taken:
                filled.add(gap)
    return frozenset(filled)


def opposability(spaces: Mapping[str, Space]) -> float:
    """Return the volume in which the thumb's tip can meet at least one other [m^3]."""
    if "thumb" not in spaces:
        return 0.0
    others: frozenset[tuple[int, int, int]] = frozenset().union(*(s.cubes for f, s in spaces.items() if f != "thumb"))
    return len(spaces["thumb"].cubes & others) * VOXEL**3


def opposition(hand: Hand, spaces: Mapping[str, Space], seed: int = 0, starts: int = 14) -> list[Opposition]:
    """Return how near the thumb comes to each finger."""
    if "thumb" not in hand.fingers:
        return []
    found = []
    for k, finger in enumerate(f for f in hand.fingers if f != "thumb"):
        free = [*hand.movers("thumb"), *hand.movers(finger)]
        rng = np.random.default_rng([seed, 1, k])
        pair = [hand.pads.get(f, hand.tips[f]) for f in ("thumb", finger)]
        tips = _nearest(hand, free, [hand.tips["thumb"], hand.tips[finger]], rng, starts, False)[0]
        pads, facing = _nearest(hand, free, pair, rng, starts, True)
        shared = len(spaces["thumb"].cubes & spaces[finger].cubes) * VOXEL**3
        found.append(Opposition(finger, tips, pads, facing, shared))
    return found


def _nearest(
    hand: Hand, free: list[int], sites: list[int], rng: np.random.Generator, starts: int, solid: bool
) -> tuple[float, float]:
    """Return the least distance of two sites [m], and by what angle their z do not face each other there [rad]."""
    data = hand.data

    def residuals(x: Array) -> Array:
        command = hand.rest.copy()
        command[free] = x
        hand.pose(command)
        apart = (data.site_xpos[sites[0]] - data.site_xpos[sites[1]]) * 1000
        if not solid:
            return np.asarray(apart)
        over = np.maximum(hand.depths() - 0.5 * DEEP, 0)
        z = data.site_xmat[sites].reshape(-1, 3, 3)[:, :, 2]
        return np.array([*apart, 1000 * float(np.sqrt(over @ over)), 1.0 * (1 + float(z[0] @ z[1]))])

    lower, upper = hand.lower[free], hand.upper[free]
    drawn = rng.uniform(lower, upper, (400, len(free)))
    order = np.argsort([float(np.square(residuals(q)).sum()) for q in drawn])
    best = (np.inf, np.inf, 0.0)
    for q in drawn[order[:starts]]:
        at, _ = descend(residuals, q, lower, upper)
        apart = float(np.linalg.norm(residuals(at)[:3])) / 1000
        depth = float(hand.depths().max(initial=0.0)) if solid else 0.0
        z = data.site_xmat[sites].reshape(-1, 3, 3)[:, :, 2]
        angle = float(np.arccos(np.clip(-z[0] @ z[1], -1, 1)))
        best = min(best, (apart + 10 * max(depth - DEEP, 0), apart, angle))
    return best[1], best[2]

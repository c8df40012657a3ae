"""Recipes of food: fruit, bread, an egg. What is long lies along x."""

import numpy as np

from ._pieces import Parameters, Recipe, capsule, inscribed, piece, upright
from ._surface import join, turned
from ._sweep import spun, sweep
from .model import Array, Piece


def egg(p: Parameters) -> Recipe:
    """An egg on its side, blunt end at -x. Parts: shell."""
    half, radius = p["length"] / 2, p["width"] / 2
    u = np.cos(np.linspace(np.pi - 0.12, 0.12, 19))
    profile = np.column_stack([np.sqrt(1 - u * u) * (1 - 0.16 * u), half * u])
    profile[:, 0] *= radius / profile[:, 0].max()
    surface = spun(profile, (0, 0, radius), (1, 0, 0), sides=24)
    widest = float(profile[np.argmax(profile[:, 0]), 1])
    belly = [capsule((widest - 0.003, 0, radius), (widest + 0.003, 0, radius), radius)]
    ends = (-0.34 * half, 0.22 * half, 0.42 * half)
    spheres = [piece("sphere", (inscribed(profile, w) + 3e-4,), (w, 0, radius)) for w in ends]
    return Recipe(surface, belly + spheres)


def _ringed(ring: float, thick: float, dent: float) -> Array:
    """Return the profile of a torus without a hole, as high as `thick` is twice, with a dent at both ends."""
    turn = np.linspace(-np.pi / 2, np.pi / 2, 17)
    around = np.column_stack([ring + thick * np.cos(turn), thick + thick * np.sin(turn)])
    inner = np.array([0.25, 0.6]) * ring
    low = np.column_stack([inner, dent * np.array([0.9, 0.35])])
    high = np.column_stack([inner[::-1], 2 * thick - dent * np.array([0.35, 0.9])])
    return np.concatenate([low, around, high])


def _stem(low: float, high: float, radius: float) -> tuple[list[tuple[float, float]], Piece]:
    profile = [(radius, low), (radius * 0.9, 0.5 * (low + high)), (radius * 1.3, high - 0.001), (radius * 0.8, high)]
    return profile, capsule((0, 0, low + radius), (0, 0, high - radius), radius, 1)


def apple(p: Parameters) -> Recipe:
    """An apple. Parts: body, stem."""
    thick = p["height"] / 2
    ring = p["radius"] - thick
    top = 2 * thick
    stem, rod = _stem(0.7 * top, top + p["stem"], 0.002)
    surface = join([turned(_ringed(ring, thick, 0.004), sides=28), turned(stem, 1, sides=8)])
    around = np.arange(6) * np.pi / 3
    spheres = [piece("sphere", (thick,), (ring * np.cos(a), ring * np.sin(a), thick)) for a in around]
    return Recipe(surface, [*spheres, rod])


def banana(p: Parameters) -> Recipe:
    """A banana on its side, bent about +y, with its stem at +x. Parts: body, stem."""
    r, bend, length = p["radius"], p["bend"], p["length"]
    s = np.array([0.0, 0.015, *np.linspace(0.065, 1, 24)])
    angle = (s - 0.5) * bend
    path = np.column_stack([length / bend * np.sin(angle), length / bend * (1 - np.cos(angle)), 0 * s])
    body = r * (1 - 0.5 * np.abs(2 * s - 0.88) ** 4) * np.interp(s, [0, 0.015, 0.04, 0.09], [0.35, 0.65, 0.85, 1])
    stem = np.interp(s, [0, 0.86, 0.93, 1.0], [1, 1, 0, 0])
    neck = p["stem_radius"]
    size = np.maximum(np.where(s > 0.8, stem * body + (1 - stem) * neck, body), 0.3 * neck)
    path[:, 1] -= path[:, 1].mean()
    path[:, 2] = np.where(
        s > 0.8, np.interp(s, [0.8, 1.0], [size[s <= 0.8][-1], 0.75 * r]), size
    )  # lies flat, stem raised
    part = [0] * 23 + [1] * 4
    surface = sweep(path, size, part, sides=14)
    pieces = chain(path, size, [2, 6, 10, 14, 18, 21], 0, lying=True)
    return Recipe(surface, [*pieces, *chain(path, size, [22, 23, 24], 1)])


def chain(path: Array, size: Array, knots: list[int], part: int, lying: bool = False) -> list[Piece]:
    """Return capsules between knots of a path, each as thick as the sweep is on average there.

    Args:
      path: (points, 3) [m].
      size: (points,) radii of the sweep [m].
      knots: indices of points.
      part: of all of them.
      lying: whether each rests on the table with its whole length.
    """
    pieces = []
    for a, b in zip(knots[:-1], knots[1:], strict=True):
        radius = float(size[a : b + 1].mean()) - 4e-4
        ends = path[[a, b]].copy()
        if lying:
            ends[:, 2] = radius
        pieces.append(capsule(ends[0], ends[1], radius, part))
    return pieces


def croissant(p: Parameters) -> Recipe:
    """A croissant, open towards +y. Parts: body."""
    r, bend, length = p["radius"], p["bend"], p["length"]
    s = np.linspace(-1, 1, 37)
    angle = s * bend / 2
    size = r * (1 - 0.78 * np.abs(s) ** 1.7)
    folds = 1 + 0.03 * np.cos(7 * np.pi * s)
    path = np.column_stack([length / bend * np.sin(angle), length / bend * (1 - np.cos(angle)), size * folds])
    path[:, 1] -= 0.4 * path[:, 1].max()
    surface = sweep(path, np.column_stack([size * folds, size * folds]), sides=16)
    return Recipe(surface, chain(path, size, [2, 4, 8, 12, 16, 20, 24, 28, 32, 34], 0, lying=True))


def pear(p: Parameters) -> Recipe:
    """A pear. Parts: body, stem."""
    r, h, neck = p["radius"], p["height"], p["neck_radius"]
    ring, thick = 0.18 * r, 0.82 * r
    belly = _ringed(ring, thick, 0.003)[:14]
    # the outline between the belly's upper half and the neck's end leans in evenly
    turn = np.radians(np.linspace(28, 84, 7))
    top = np.column_stack([neck * np.cos(turn), h - neck + neck * np.sin(turn)])
    profile = np.concatenate([belly[belly[:, 1] < 1.35 * thick], top])
    stem, rod = _stem(h - 0.006, h + p["stem"], 0.002)
    surface = join([turned(profile, sides=26), turned(stem, 1, sides=8)])
    around = np.arange(5) * 2 * np.pi / 5
    spheres = [piece("sphere", (thick,), (ring * np.cos(a), ring * np.sin(a), thick)) for a in around]
    ways = thick + np.array([0.25, 0.5, 0.78]) * (h - neck - thick)
    middle = [piece("sphere", (inscribed(profile, w) + 3e-4,), (0, 0, w)) for w in ways]
    return Recipe(surface, [*spheres, *middle, piece("sphere", (neck,), (0, 0, h - neck)), rod])


def lemon(p: Parameters) -> Recipe:
    """A lemon on its side, with a nipple at both ends. Parts: body."""
    half, radius = p["length"] / 2, p["width"] / 2
    u = np.linspace(-0.985, 0.985, 25)
    body = radius * np.sqrt(np.clip(1 - (u / 0.9) ** 2, 0, 1))
    nipple = 0.24 * radius * np.sqrt(np.clip((1 - np.abs(u)) / 0.25, 0, 1))
    profile = np.column_stack([np.maximum(body, nipple), half * u])
    surface = spun(profile, (0, 0, radius), (1, 0, 0), sides=22)
    ends = (-0.42 * half, -0.2 * half, 0.2 * half, 0.42 * half)
    spheres = [piece("sphere", (inscribed(profile, w) + 3e-4,), (w, 0, radius)) for w in ends]
    tips = [capsule((-0.88 * half, 0, radius), (0.88 * half, 0, radius), 0.22 * radius)]
    return Recipe(surface, [capsule((-0.004, 0, radius), (0.004, 0, radius), radius - 3e-4), *spheres, *tips])


def bread_roll(p: Parameters) -> Recipe:
    """A round bread roll. Parts: body."""
    r, thick = p["radius"], p["height"] / 2
    ring = r - thick
    profile = _ringed(ring, thick, 0.0)[1:-1]
    top = profile[:, 1] > thick
    profile[top, 1] += 0.002 * (1 - (profile[top, 0] / r) ** 2)  # risen a little in the middle
    around = np.arange(7) * 2 * np.pi / 7
    spheres = [piece("sphere", (thick,), (ring * np.cos(a), ring * np.sin(a), thick)) for a in around]
    return Recipe(turned(profile, sides=30), [*spheres, upright(0.9 * ring, 0, 2 * thick + 0.002)])


def yogurt(p: Parameters) -> Recipe:
    """A cup of yogurt with a foil lid. Parts: cup, lid."""
    foot, r, low, lid = p["base_radius"], p["top_radius"], p["cup_height"], p["top_radius"] + 0.002
    top = low + 0.003
    cup = [(0.4 * foot, 0), (foot - 0.002, 0), (foot, 0.002), (r, low - 0.0005)]
    foil = [(lid, low), (lid, top - 0.001), (lid - 0.001, top), (0.4 * lid, top)]
    surface = turned([*cup, *foil], [0] * len(cup) + [1] * (len(foil) + 1), sides=36)
    edges = np.linspace(0, low, 5)
    walls = [upright(foot + (r - foot) * 0.5 * (a + b) / low, a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)]
    return Recipe(surface, [*walls, upright(lid, low, top, part=1)])

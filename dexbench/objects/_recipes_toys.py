"""Recipes of things that tasks are made of: a die, a peg, a bar, a bead, a toy duck."""

import numpy as np

from ._pieces import BEVEL, Parameters, Recipe, inscribed, piece, stand, upright
from ._surface import arc, join, turned
from ._sweep import moved, sweep, welded
from .model import Array

PIPS = {
    1: ((0, 0),),
    2: ((-1, -1), (1, 1)),
    3: ((-1, -1), (0, 0), (1, 1)),
    4: ((-1, -1), (-1, 1), (1, -1), (1, 1)),
    5: ((-1, -1), (-1, 1), (0, 0), (1, -1), (1, 1)),
    6: ((-1, -1), (-1, 0), (-1, 1), (1, -1), (1, 0), (1, 1)),
}
"""Where the pits of a die lie on a face, in thirds."""

DIE = {1: (2, 1), 6: (2, -1), 2: (0, 1), 5: (0, -1), 3: (1, 1), 4: (1, -1)}
"""Axis and sign of the face of each number: 1 up, 2 to +x, 3 to +y; opposite faces add up to seven."""


def _die_face(number: int, half: float) -> Array:
    """Return the triangles (faces, 3, 3) of one face of a die about the origin."""
    axis, sign = DIE[number]
    pitch, pit, depth, round_edge = 0.55 * half, 0.2 * half, 0.13 * half, 0.0015
    lines = np.array([-half, *(c * pitch + d * pit for c in (-1, 0, 1) for d in (-1, 0, 1)), half])
    u, v = np.meshgrid(lines, lines, indexing="ij")
    w = np.full_like(u, half)
    for row, column in PIPS[number]:
        w[2 + 3 * (row + 1), 2 + 3 * (column + 1)] -= depth
    edge = (np.abs(u) == half).astype(int) + (np.abs(v) == half)
    w -= round_edge * (edge > 0)
    u, v = (a - np.sign(a) * round_edge * (np.abs(a) == half) for a in (u, v))
    grid = np.empty((*u.shape, 3))
    others = [k for k in range(3) if k != axis]
    grid[..., axis], grid[..., others[0]], grid[..., others[1]] = sign * w, u, v
    a, b, c, d = grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]
    triangles = np.concatenate([np.stack(t, axis=2).reshape(-1, 3, 3) for t in ((a, b, c), (a, c, d))])
    # u, v and the axis are right-handed for x and z, left-handed for y
    outward = sign * (-1 if axis == 1 else 1) > 0
    return triangles if outward else triangles[:, ::-1]


def cube(p: Parameters) -> Recipe:
    """A die, whose pits tell its faces apart by eye and by touch. Parts: body."""
    half = p["side"] / 2
    triangles = np.concatenate([_die_face(number, half) for number in DIE]) + np.array([0, 0, half])
    return Recipe(welded(triangles), [piece("box", (half, half, half), (0, 0, half))])


def peg(p: Parameters) -> Recipe:
    """A peg that stands on its shaft. Parts: grip, shaft."""
    r, low, grip, top = p["shaft_radius"], p["shaft_length"], p["grip_radius"], p["shaft_length"] + p["grip_length"]
    tip = min(0.003, 0.3 * r)
    shaft = [(0.4 * r, 0), (r - tip, 0), (r - 0.4 * tip, 0.25 * tip), (r, tip), (r, low)]
    head = [(grip - BEVEL, low), (grip, low + BEVEL), (grip, top - BEVEL), (grip - 0.0006, top - 0.0006)]
    profile = [*shaft, *head, (grip - BEVEL, top), (0.4 * grip, top)]
    surface = turned(profile, [1] * len(shaft) + [0] * (len(head) + 3), sides=28)
    return Recipe(surface, [upright(grip, low, top), upright(r, 0, low, part=1)])


def bar(p: Parameters) -> Recipe:
    """A round bar that stands, with a groove in its middle. Parts: lower, upper."""
    r, h = p["radius"], p["height"]
    middle = h / 2
    low = [*stand(r), (r, middle - 0.004), (r - 0.002, middle - 0.003), (r - 0.002, middle)]
    high = [(r - 0.002, middle + 0.003), (r, middle + 0.004), (r, h - BEVEL), (r - 0.0006, h - 0.0006), (r - BEVEL, h)]
    surface = turned([*low, *high, (0.4 * r, h)], [0] * len(low) + [1] * (len(high) + 2), sides=24)
    return Recipe(surface, [upright(r, 0, middle), upright(r, middle, h, part=1)])


def bead(p: Parameters) -> Recipe:
    """A bead to be poured. Parts: body."""
    r = p["radius"]
    profile = arc((0, r), r, -80, 80, 10)
    tips = np.array([[0, 0, 0], [0, 0, 2 * r]])
    return Recipe(turned(profile, sides=18, tips=tips), [piece("sphere", (r,), (0, 0, r))])


def duck(p: Parameters) -> Recipe:
    """A rubber duck that looks towards +x. Parts: body, head."""
    r, half, head = p["radius"], p["length"] / 2, p["head_radius"]
    s = np.sin(np.linspace(-np.pi / 2 + 0.12, np.pi / 2 - 0.12, 17))
    size = r * np.sqrt(1 - s * s)
    path = np.column_stack([half * s, 0 * s, r + 0.28 * r * np.clip(-s, 0, 1) ** 3])  # the tail is up
    neck = np.array([0.4 * half, 0, 1.55 * r + 0.75 * head])
    tips = np.array([[0, 0, -head], [0, 0, head]])
    skull = moved(turned(arc((0, 0), head, -80, 80, 12), 1, sides=16, tips=tips), neck)
    along = neck + head * np.array([[0.7, 0, -0.1], [1.25, 0, -0.15], [1.4, 0, -0.12]])
    beak = sweep(along, head * np.array([[0.3, 0.5], [0.2, 0.42], [0.08, 0.25]]), 1, sides=12)
    profile = np.column_stack([size, half * s])
    ways = np.array([-0.87, -0.72, -0.5, -0.25, 0.05, 0.35, 0.6])
    spheres = [
        piece("sphere", (inscribed(profile, w * half) - 3e-4,), (w * half, 0, float(np.interp(w, s, path[:, 2]))))
        for w in ways
    ]
    bill = piece("box", head * np.array([0.28, 0.36, 0.17]), neck + head * np.array([1.05, 0, -0.13]), 1)
    pieces = [upright(0.42 * r, 0, 0.3 * r), *spheres, piece("sphere", (head,), neck, 1), bill]
    return Recipe(join([sweep(path, size, sides=18), skull, beak]), pieces)

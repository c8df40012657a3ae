"""Recipes of things that tasks are made of: a die, a peg, a bar, a bead, a toy duck."""

import numpy as np

from ._pieces import BEVEL, Parameters, Recipe, inscribed, piece, stand, upright
from ._surface import arc, join, slab, turned
from ._sweep import axes_towards, moved, spun, sweep

PIPS = {
    1: ((0, 0),),
    2: ((-1, -1), (1, 1)),
    3: ((-1, -1), (0, 0), (1, 1)),
    4: ((-1, -1), (-1, 1), (1, -1), (1, 1)),
    5: ((-1, -1), (-1, 1), (0, 0), (1, -1), (1, 1)),
    6: ((-1, -1), (-1, 0), (-1, 1), (1, -1), (1, 0), (1, 1)),
}
"""Where the pips of a die lie on a face, in thirds."""

DIE = {1: (0, 0, 1), 6: (0, 0, -1), 2: (1, 0, 0), 5: (-1, 0, 0), 3: (0, 1, 0), 4: (0, -1, 0)}
"""Which way the face of each number looks; opposite faces add up to seven."""


def cube(p: Parameters) -> Recipe:
    """A die with raised pips, which tell its faces apart by eye and by touch. Parts: body."""
    half = p["side"] / 2
    top = p["side"]
    edge = [(0.0025, 0), (0.0007, 0.0007), (0, 0.0025), (0, top - 0.0025), (0.0007, top - 0.0007), (0.0025, top)]
    surfaces = [slab((half, half), 0.003, edge, per_corner=5)]
    for number, way in DIE.items():
        out = np.array(way, float)
        across = axes_towards(out)[:, :2]
        for spot in PIPS[number]:
            foot = half * (out + 0.52 * across @ np.array(spot)) + np.array([0, 0, half])
            dot = [(0.17 * half, -0.0005), (0.17 * half, 0.0002), (0.12 * half, 0.0009)]
            surfaces.append(spun(dot, foot, out, sides=8, hidden=False))
    return Recipe(join(surfaces), [piece("box", (half, half, half), (0, 0, half))])


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

"""Recipes of kitchen things that hold or cover something."""

import numpy as np

from ._pieces import BEVEL, Parameters, Recipe, piece, stand, staves, upright
from ._surface import Surface, arc, join, turned
from ._sweep import brick, welded
from .model import Array


def canister(p: Parameters) -> Recipe:
    """A tea canister. Parts: body, lid."""
    r, low, lid = p["radius"], p["body_height"], p["radius"] + 0.0012
    top = low + p["lid_height"]
    body = [*stand(r), (r, low)]
    crown = [(lid, low + 1e-4), (lid, top - BEVEL), (lid - 0.0006, top - 0.0006), (lid - BEVEL, top)]
    crown += [(0.75 * lid, top), (0.74 * lid, top - 0.001), (0.35 * lid, top - 0.001)]
    surface = turned([*body, *crown], [0] * len(body) + [1] * (len(crown) + 1), sides=32)
    return Recipe(surface, [upright(r, 0, low), upright(lid, low, top, part=1)])


def tumbler(p: Parameters) -> Recipe:
    """A drinking cup, hollow to the touch as well. Parts: base, wall."""
    foot, top, h, wall, floor = p["base_radius"], p["top_radius"], p["height"], p["wall"], 0.006
    lean = (top - foot) / h
    lip = [(top - 0.0003, h - wall / 2), *arc((top - wall / 2, h - wall / 2), wall / 2, 30, 150, 4)]
    inner = foot - wall + lean * floor
    inside = [(top - wall, h - wall / 2), (inner + 0.001, floor + 0.004), (inner - 0.003, floor), (0.3 * foot, floor)]
    profile = [*stand(foot), *lip, *inside]
    surface = turned(profile, [0] * 4 + [1] * (len(lip) + 1) + [0] * 4, sides=36)
    return Recipe(surface, [upright(foot - 0.001, 0, floor), *staves(foot, top, 0.0005, h, wall, 11, 1)])


def plate(p: Parameters) -> Recipe:
    """A plate on a foot, so that fingers get under its rim. Parts: foot, rim."""
    r, foot, low, thick = p["radius"], p["foot_radius"], p["foot_height"], p["thickness"]
    top = low + thick
    under = [(0.4 * foot, 0), (foot - 0.001, 0), (foot, 0.001), (foot + 0.001, low)]
    edge = [(r - 0.002, low + 0.0005), (r - 0.0004, low + 0.0025), (r, top - 0.001), (r - 0.0015, top + 0.0008)]
    over = [(r - 0.006, top), (0.78 * r, top - 0.002), (0.3 * r, top - 0.002)]
    surface = turned([*under, *edge, *over], [0] * 4 + [1] * 8, sides=44)
    return Recipe(surface, [upright(foot, 0, low), upright(r, low, top - 0.001, part=1)])


def _gable(x: float, y: float, low: float, ridge: float, part: int) -> Surface:
    """A roof along y on a rectangle, closed below."""
    a, b, c, d = (np.array([sx * x, sy * y, low]) for sx, sy in ((1, -1), (1, 1), (-1, 1), (-1, -1)))
    e, f = np.array([0, -y, ridge]), np.array([0, y, ridge])
    sides = [(a, b, f), (a, f, e), (c, d, e), (c, e, f), (b, c, f), (d, a, e), (b, a, d), (b, d, c)]
    return welded(_split(np.array(sides), 2), part)


def _split(triangles: Array, times: int) -> Array:
    """Cut every triangle (faces, 3, 3) into four, `times` times."""
    for _ in range(times):
        a, b, c = triangles.transpose(1, 0, 2)
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        quarters = ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))
        triangles = np.concatenate([np.stack(q, axis=1) for q in quarters])
    return triangles


def carton(p: Parameters) -> Recipe:
    """A carton of a drink with a gable top, whose fin runs along y. Parts: body, top."""
    x, y, low, roof, fin = p["width"] / 2, p["depth"] / 2, p["body_height"], p["roof_height"], p["fin_height"]
    ridge = low + roof
    cuboid = brick((-x, -y, 0), (x, y, low))
    body = welded(_split(cuboid.vertices[cuboid.faces], 2))
    blade = brick((-0.003, -y, ridge - 0.004), (0.003, y, ridge + fin), 1)
    surface = join([body, _gable(x, y, low, ridge, 1), welded(_split(blade.vertices[blade.faces], 0), 1)])
    pieces = [piece("box", (x, y, low / 2), (0, 0, low / 2))]
    slope = float(np.arctan2(roof, x))
    half = float(np.hypot(x, roof)) / 2
    for side in (1.0, -1.0):
        turn = (np.cos(slope / 2), 0, side * np.sin(slope / 2), 0)
        inward = -0.003 * np.array([side * np.sin(slope), 0, np.cos(slope)])
        middle = np.array([side * x / 2, 0, low + roof / 2]) + inward
        pieces.append(piece("box", (half - 0.002, y - 0.001, 0.003), middle, 1, turn))
    pieces.append(piece("box", (0.55 * x, y, 0.2 * roof), (0, 0, low + 0.2 * roof), 1))
    pieces.append(piece("box", (0.003, y, fin / 2 + 0.002), (0, 0, ridge + fin / 2 - 0.002), 1))
    return Recipe(surface, pieces)


def coaster(p: Parameters) -> Recipe:
    """A thick round coaster. Parts: body."""
    r, h = p["radius"], p["height"]
    rim = [(r, h - BEVEL), (r - 0.0006, h - 0.0006), (r - BEVEL, h), (0.8 * r, h), (0.79 * r, h - 0.001)]
    return Recipe(turned([*stand(r), *rim, (0.3 * r, h - 0.001)], sides=36), [upright(r, 0, h)])

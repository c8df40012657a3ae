"""Recipes of the first eight families: what stands on a table and holds something, and a ball."""

import numpy as np
from numpy.typing import ArrayLike

from ._pieces import BEVEL, Parameters, Recipe, capsule, cylinder, piece, stand, upright
from ._surface import Surface, arc, join, rod, slab, turned


def box(p: Parameters) -> Recipe:
    """A carton. Parts: body."""
    x, y, z = p["width"] / 2, p["depth"] / 2, p["height"]
    edge = [(0.0006, 0.0006), (0.0, BEVEL)]
    profile = [(BEVEL, 0.0), *edge, (0.0, z - BEVEL), (0.0006, z - 0.0006), (BEVEL, z)]
    surface = slab((x, y), 0.003, profile, per_corner=6)
    return Recipe(surface, [piece("box", (x, y, z / 2), (0, 0, z / 2))])


def can(p: Parameters) -> Recipe:
    """A tin with a sunk lid. Parts: body."""
    r, h = p["radius"], p["height"]
    low = [(0.4 * r, 0), (r - BEVEL, 0), (r - 0.0006, 0.0006), (r, BEVEL)]
    seam = [(r, h - BEVEL), (r - 0.0006, h - 0.0006), (r - BEVEL, h), (r - 2 * BEVEL, h - 0.0003)]
    profile = [*low, *seam, (r - 2.4 * BEVEL, h - BEVEL), (0.4 * r, h - BEVEL)]
    return Recipe(turned(profile, sides=40), [upright(r, 0, h)])


def ball(p: Parameters) -> Recipe:
    """A ball. Parts: body."""
    r = p["radius"]
    profile = arc((0, r), r, -82, 82, 16)
    tips = np.array([[0, 0, 0], [0, 0, 2 * r]])
    return Recipe(turned(profile, sides=28, tips=tips), [piece("sphere", (r,), (0, 0, r))])


def bottle(p: Parameters) -> Recipe:
    """A filled bottle with a screw cap. Parts: body, neck, cap."""
    r, neck, cap = p["radius"], p["neck_radius"], p["cap_radius"]
    shoulder = p["body_height"]
    collar = shoulder + p["shoulder_height"]
    rim = collar + p["neck_height"]
    top = rim + p["cap_height"]
    slope = np.linspace(0, 1, 7)[1:]
    curve = [(neck + (r - neck) * 0.5 * (1 + np.cos(np.pi * s)), shoulder + (collar - shoulder) * s) for s in slope]
    body = [*stand(r), (r, shoulder), *curve]
    crown = [(cap, rim), (cap, top - BEVEL), (cap - 0.0006, top - 0.0006), (cap - BEVEL, top), (0.4 * cap, top)]
    part = [0] * len(body) + [1] * 1 + [2] * (len(crown) + 1)
    surface = turned([*body, (neck, rim - 1e-4), *crown], part, sides=30)
    middle = 0.5 * (shoulder + collar)
    pieces = [
        upright(r, 0, shoulder + 0.15 * (collar - shoulder)),
        upright(0.55 * r + 0.45 * neck, shoulder, middle),
        upright(neck, middle, rim, part=1),
        upright(cap, rim, top, part=2),
    ]
    return Recipe(surface, pieces)


def jar(p: Parameters) -> Recipe:
    """A filled jar with a screw lid. Parts: body, lid."""
    r, lid, low = p["radius"], p["lid_radius"], p["body_height"]
    top = low + p["lid_height"]
    shoulder = [(r, low - 0.012), (r - 0.001, low - 0.008), (lid - 0.003, low - 0.003), (lid - 0.003, low)]
    body = [*stand(r), *shoulder]
    crown = [(lid, low + 1e-4), (lid, top - BEVEL), (lid - 0.0006, top - 0.0006), (lid - BEVEL, top), (0.4 * lid, top)]
    surface = turned([*body, *crown], [0] * len(body) + [1] * (len(crown) + 1), sides=32)
    return Recipe(surface, [upright(r, 0, low - 0.008), upright(lid, low - 0.008, top, part=1)])


def mug(p: Parameters) -> Recipe:
    """A mug: hollow to the eye, solid to the touch (nothing is put into it). Parts: body, handle."""
    r, h, wall, grip = p["radius"], p["height"], p["wall"], p["handle_thickness"] / 2
    inner, floor = r - wall, 0.006
    lip = [(r, h - wall / 2), *arc((r - wall / 2, h - wall / 2), wall / 2, 30, 180, 5)]
    inside = [(inner, floor + 0.006), (inner - 0.002, floor + 0.002), (inner - 0.006, floor), (0.3 * r, floor)]
    profile = [*stand(r), *lip, *inside]
    reach = p["handle_reach"]
    turn = np.linspace(-np.pi / 2, np.pi / 2, 15)
    # a bow that leaves the wall square to it: a superellipse between the two roots
    out = reach * np.cos(turn) ** 0.7
    up = p["handle_height"] / 2 * np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** 0.8
    out[[0, -1]] = 0.0
    path = np.column_stack([r - 0.6 * wall + out, np.zeros(15), 0.52 * h + up])
    surface = join([turned(profile, sides=30), rod(path, grip, part=1)])
    knots = path[[1, 3, 5, 9, 11, 13]]
    bow = [capsule(a, b, grip, 1) for a, b in zip(knots[:-1], knots[1:], strict=True)]
    return Recipe(surface, [upright(r, 0, h), *bow])


def bowl(p: Parameters) -> Recipe:
    """A bowl: a base disc and ten flat staves for the wall. Parts: base, rim (the whole wall)."""
    foot, top, h, wall = p["base_radius"], p["top_radius"], p["height"], p["wall"]
    floor, staves = 0.007, 10
    tilt = float(np.arctan2(top - foot, h))
    lean = wall / np.cos(tilt)
    inner = foot - lean + floor * np.tan(tilt)
    stand = [(0.4 * foot, 0), (foot - BEVEL, 0), (foot - 0.3 * BEVEL, 0.4 * BEVEL), (foot + 0.0005, 1.5 * BEVEL)]
    lip = [(top - 0.0008, h - wall / 2), *arc((top - wall / 2, h - wall / 2), wall / 2, 20, 160, 5)]
    inside = [(inner + 0.002, floor + 0.006), (inner - 0.002, floor + 0.0015), (inner - 0.007, floor)]
    profile = [*stand, (0.5 * (foot + top), h / 2), *lip, *inside, (0.3 * foot, floor)]
    surface = turned(profile, [0] * len(stand) + [1] * (len(lip) + 2) + [0] * (len(inside) + 1), sides=40)
    # Flat staves stand in for a round wall: their middle lies half a sagitta inside it at the centre of a stave
    # and half outside at its edges. Their width fits the ring at 70 % of the height.
    half_angle = np.pi / staves
    middle_foot, middle_top = foot - lean / 2, top - lean / 2
    ring = middle_foot + 0.7 * (middle_top - middle_foot)
    width = ring * np.tan(half_angle)
    low = wall / 2 * np.sin(tilt) + 5e-4
    length = (h - 2 * low) / np.cos(tilt)
    distance = 0.5 * (middle_foot + middle_top) * 0.5 * (1 + np.cos(half_angle))
    pieces = [upright(foot, 0, floor)]
    for angle in 2 * half_angle * np.arange(staves):
        yaw = np.array([np.cos(angle / 2), 0, 0, np.sin(angle / 2)])
        c, s = np.cos(tilt / 2), np.sin(tilt / 2)
        quaternion = (yaw[0] * c, -yaw[3] * s, yaw[0] * s, yaw[3] * c)  # yaw, then lean outwards about the tangent
        position = (distance * np.cos(angle), distance * np.sin(angle), h / 2)
        pieces.append(piece("box", (wall / 2, width, length / 2), position, 1, quaternion))
    return Recipe(surface, pieces)


def tray(p: Parameters) -> Recipe:
    """A serving tray for two hands, long along y. Parts: plate, handle_left (at +y), handle_right (at -y)."""
    x, y, plate, rim = p["width"] / 2, p["length"] / 2, p["plate_height"], p["rim_height"]
    bar, post, half, clear = p["bar_radius"], p["post_radius"], p["bar_length"] / 2, p["clearance"]
    edge, axis = 0.008, plate + clear + bar
    wall = plate + rim
    outside = [(0.0035, 0), (0.001, 0.001), (0, 0.0035), (0, wall - 0.002), (0.001, wall - 0.0006)]
    inside = [(edge - 0.001, wall - 0.0006), (edge, wall - 0.002), (edge, plate + 0.002), (edge + 0.002, plate)]
    profile = [*outside, (edge / 2, wall), *inside]
    surfaces = [slab((x, y), 0.004, profile, per_corner=6)]
    pieces = [
        piece("box", (x, y, plate / 2), (0, 0, plate / 2)),
        *(piece("box", (edge / 2, y, rim / 2), (s * (x - edge / 2), 0, plate + rim / 2)) for s in (1, -1)),
        *(piece("box", (x - edge, edge / 2, rim / 2), (0, s * (y - edge / 2), plate + rim / 2)) for s in (1, -1)),
    ]
    for part, side in ((1, 1.0), (2, -1.0)):
        at = side * (y - bar - 0.002)
        ends = np.array([[-half, at, axis], [half, at, axis]])
        for sign in (-1.0, 1.0):
            foot, head = np.array([sign * half, at, plate - 0.002]), np.array([sign * half, at, axis])
            surfaces.append(rod(np.linspace(foot, head, 3), post, part, sides=12))
            pieces.append(cylinder(foot, head, post, part))
        surfaces.append(_bar(ends, bar, part))
        pieces.append(capsule(ends[0], ends[1], bar, part))
    return Recipe(join(surfaces), pieces)


def _bar(ends: ArrayLike, radius: float, part: int) -> Surface:
    """A round bar with round ends along x."""
    a, b = np.asarray(ends, float)
    half = (b[0] - a[0]) / 2
    profile = [*arc((0, -half), radius, -75, 0, 5), *arc((0, half), radius, 0, 75, 5)]
    tips = np.array([[0, 0, -half - radius], [0, 0, half + radius]])
    upright = turned(profile, part, sides=14, tips=tips)
    # (x, y, z) -> (z, x, y): the turned axis becomes x
    return Surface(upright.vertices[:, [2, 0, 1]] + (a + b) / 2, upright.faces, upright.part, upright.hidden)

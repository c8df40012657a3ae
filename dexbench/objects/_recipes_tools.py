"""Recipes of tools. What is long lies along x, handle at +x, and rests on its head and the end of its handle."""

import numpy as np

from ._pieces import BEVEL, Parameters, Recipe, capsule, cylinder, piece, stand, staves, upright
from ._surface import Surface, join, slab, turned
from ._sweep import hoop, moved, spun, sweep
from .model import Array, Piece


def _grip(start: Array, stop: Array, radius: float, part: int, sides: int = 14) -> tuple[Surface, Piece]:
    """A round handle with round ends between two points, thickest in its middle."""
    s = np.array([0.0, 0.01, 0.03, 0.07, 0.15, 0.3, 0.5, 0.7, 0.85, 0.93, 0.97, 0.99, 1.0])
    swell = radius * np.array([0.4, 0.7, 0.86, 0.95, 0.97, 0.99, 1.0, 0.99, 0.97, 0.95, 0.86, 0.7, 0.4])
    path = start + s[:, None] * (stop - start)
    along = (stop - start) / np.linalg.norm(stop - start)
    return sweep(path, swell, part, sides), capsule(
        start + 0.8 * radius * along, stop - 0.8 * radius * along, radius, part
    )


def hammer(p: Parameters) -> Recipe:
    """A hammer on its side, head along y. Parts: handle, head."""
    length, r, head, half = p["length"], p["handle_radius"], p["head_radius"], p["head_length"] / 2
    left = -length / 2
    start, stop = np.array([left, 0, head]), np.array([length / 2, 0, r])
    grip, bar = _grip(start, stop, r, 0)
    face = [(0.4 * head, 0), (head - 0.001, 0), (head, 0.001), (head, 0.35 * half), (0.8 * head, 0.5 * half)]
    tail = [(0.8 * head, 1.3 * half), (head, 1.45 * half), (head, 2 * half - 0.001), (head - 0.001, 2 * half)]
    block = spun([*face, *tail, (0.4 * head, 2 * half)], (left, -half, head), (0, 1, 0), 1, sides=20)
    spans = ((-1.0, -0.6, head), (-0.6, 0.4, 0.82 * head), (0.4, 1.0, head))
    blocks = [cylinder((left, a * half, head), (left, b * half, head), thick, 1) for a, b, thick in spans]
    return Recipe(join([block, grip]), [bar, *blocks])


def screwdriver(p: Parameters) -> Recipe:
    """A screwdriver on its side. Parts: handle, shaft."""
    grip, r, blade, shaft = p["handle_length"], p["handle_radius"], p["shaft_length"], p["shaft_radius"]
    left = -(grip + blade) / 2
    root = np.array([left + blade, 0, r])
    profile = [
        (0.45 * r, 0),
        (0.55 * r, 0.004),
        (0.92 * r, 0.016),
        (r, 0.03),
        (r, grip - 0.010),
        (0.85 * r, grip - 0.003),
    ]
    handle = spun([*profile, (0.5 * r, grip)], root, (1, 0, 0), 0, sides=20)
    line = np.array([left, left + 0.001, left + 0.012, left + 0.014, left + blade + 0.004])
    path = np.column_stack([line, 0 * line, np.full(5, r)])
    sections = np.array([[0.0012, 1.2 * shaft], [0.0014, 1.2 * shaft], [0.8 * shaft, shaft], [shaft] * 2, [shaft] * 2])
    rod = sweep(path, sections, 1, sides=12)
    x = left + blade
    pieces = [
        cylinder((x + 0.014, 0, r), (x + grip - 0.002, 0, r), r),
        cylinder((x + 0.002, 0, r), (x + 0.014, 0, r), 0.68 * r),
        capsule((left + shaft, 0, r), (x + 0.004, 0, r), shaft, 1),
    ]
    return Recipe(join([handle, rod]), pieces)


def hex_key(p: Parameters) -> Recipe:
    """A hex key on its side: the long arm along x, the short one towards +y at its -x end. Parts: arm, hook."""
    long, short, r = p["arm_length"], p["hook_length"], p["radius"]
    bend = 2.2 * r
    turn = np.linspace(0, np.pi / 2, 6)
    corner = np.column_stack([bend - bend * np.sin(turn), bend - bend * np.cos(turn)])  # from the arm to the hook
    line = np.concatenate([[[long, 0], [0.5 * long, 0]], corner, [[0, 0.6 * short], [0, short]]])
    path = np.column_stack([line[:, 0] - 0.5 * long, line[:, 1] - 0.25 * short, np.full(len(line), r)])
    surface = sweep(path[::-1], np.full(len(line), 1.03 * r), [1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0], sides=18)
    a, b, c, d = path[0], path[2], path[-3], path[-1]
    elbow = path[4]
    pieces = [
        capsule(a - np.array([r, 0, 0]), b, r, 0),
        capsule(b, elbow, r, 0),
        capsule(elbow, c, r, 1),
        capsule(c, d - np.array([0, r, 0]), r, 1),
    ]
    return Recipe(surface, pieces)


def drill(p: Parameters) -> Recipe:
    """A cordless drill that stands on its battery, chuck towards -x. Parts: battery, grip, barrel."""
    x, y, low = p["battery_length"] / 2, p["battery_width"] / 2, p["battery_height"]
    r, grip, reach = p["barrel_radius"], p["grip_radius"], p["barrel_length"]
    axis = low + p["grip_length"] + r
    edge = [(0.003, 0), (0.0008, 0.0008), (0, 0.003), (0, low - 0.003), (0.0008, low - 0.0008), (0.003, low)]
    battery = slab((x, y), 0.006, edge, per_corner=5)
    handle = turned([(grip, low - 0.003), (0.94 * grip, 0.5 * (low + axis)), (grip, axis - 0.5 * r)], 1, sides=18)
    handle.hidden[:18] = handle.hidden[-18:] = True
    back, chuck = 0.38 * reach, 0.024
    front = back - reach
    motor = [(0.6 * r, 0), (r - 0.002, 0.0005), (r, 0.003), (r, reach - chuck - 0.008), (0.72 * r, reach - chuck)]
    nose = [(0.62 * r, reach - chuck + 0.0005), (0.62 * r, reach - 0.004), (0.45 * r, reach), (0.15 * r, reach)]
    barrel = spun([*motor, *nose], (back, 0, axis), (-1, 0, 0), 2, sides=22)
    pieces = [
        piece("box", (x - 0.001, y - 0.001, low / 2), (0, 0, low / 2)),
        upright(0.97 * grip, low, axis - 0.5 * r, part=1),
        cylinder((front + chuck + 0.003, 0, axis), (back, 0, axis), r, 2),
        cylinder((front + 0.001, 0, axis), (front + chuck + 0.003, 0, axis), 0.65 * r, 2),
    ]
    return Recipe(join([battery, handle, barrel]), pieces)


def flashlight(p: Parameters) -> Recipe:
    """A flashlight that stands on its lens. Parts: handle, head."""
    head, low, r, top = p["head_radius"], p["head_height"], p["radius"], p["head_height"] + p["handle_length"]
    lens = [*stand(head), (head, low - 0.012), (0.5 * (head + r), low - 0.004), (r, low)]
    tail = [(r, top - BEVEL), (r - 0.0006, top - 0.0006), (r - BEVEL, top), (0.5 * r, top), (0.48 * r, top - 0.001)]
    surface = turned([*lens, *tail, (0.2 * r, top - 0.001)], [1] * len(lens) + [0] * (len(tail) + 2), sides=28)
    pieces = [upright(r, low - 0.004, top), upright(head, 0, low - 0.010, part=1)]
    return Recipe(surface, [*pieces, upright(0.5 * (head + r), low - 0.010, low - 0.004, part=1)])


def wooden_spoon(p: Parameters) -> Recipe:
    """A wooden spoon on its back. Parts: handle, head."""
    grip, head, half, wide, thick = (
        p["handle_length"],
        p["head_length"],
        p["head_length"] / 2,
        p["head_width"] / 2,
        0.014,
    )
    left, r = -(grip + head) / 2, p["handle_radius"]
    start, stop = np.array([left + head - 0.012, 0, r]), np.array([left + head + grip, 0, r])
    handle, bar = _grip(start, stop, r, 0)
    rim = [(0.003, 0), (0.0008, 0.0008), (0, 0.003), (0, thick - 0.002), (0.002, thick)]
    hollow = [(0.006, thick), (0.009, thick - 0.002), (0.012, thick - 0.0025)]
    ladle = moved(slab((half, wide), 0.98 * wide, [*rim, *hollow], 1, per_corner=7), (left + half, 0, 0))
    at, tall = left + half, thick / 2
    ends = [piece("cylinder", (wide, tall), (at + s * (half - wide), 0, tall), 1) for s in (1, -1)]
    return Recipe(join([ladle, handle]), [bar, *ends, piece("box", (half - wide, wide, tall), (at, 0, tall), 1)])


def spatula(p: Parameters) -> Recipe:
    """A turner on its back. Parts: handle, blade."""
    grip, half, wide, thick = p["handle_length"], p["blade_length"] / 2, p["blade_width"] / 2, 0.006
    left, r = -(grip + 2 * half) / 2, p["handle_radius"]
    start, stop = np.array([left + 2 * half - 0.010, 0, r]), np.array([left + 2 * half + grip, 0, r])
    handle, bar = _grip(start, stop, r, 0)
    edge = [(0.001, 0), (0.0003, 0.0003), (0, 0.001), (0, thick - 0.001), (0.0003, thick - 0.0003), (0.001, thick)]
    blade = moved(slab((half, wide), 0.006, edge, 1, per_corner=6), (left + half, 0, 0))
    size = (half - 0.0005, wide - 0.0005, thick / 2)
    return Recipe(join([blade, handle]), [bar, piece("box", size, (left + half, 0, thick / 2), 1)])


def tape_roll(p: Parameters) -> Recipe:
    """A roll of tape, lying. Parts: roll."""
    r, inner, h = p["radius"], p["radius"] - p["wall"], p["height"]
    b = 0.001
    section = [(r - b, 0), (r, b), (r, h - b), (r - b, h), (inner + b, h), (inner, h - b), (inner, b), (inner + b, 0)]
    return Recipe(hoop(section, sides=44), staves(r, r, 0.0, h, p["wall"], 12, 0))

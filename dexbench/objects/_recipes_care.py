"""Recipes of what stands or lies on a make-up table."""

import numpy as np

from ._pieces import BEVEL, Parameters, Recipe, capsule, piece, stand, upright
from ._surface import join, loft, slab, turned
from ._sweep import brick, dome, moved, sweep


def _crown(radius: float, low: float, top: float) -> list[tuple[float, float]]:
    """The profile of a cap with a rounded upper edge."""
    return [(radius, low), (radius, top - BEVEL), (radius - 0.0006, top - 0.0006), (radius - BEVEL, top)]


def lipstick(p: Parameters) -> Recipe:
    """A lipstick, closed. Parts: base, cap."""
    r, low, cap = p["radius"], p["base_height"], p["cap_radius"]
    top = low + p["cap_height"]
    base = [*stand(r), (r, low - 0.001), (r - 0.001, low)]
    crown = [*_crown(cap, low + 1e-4, top), (0.4 * cap, top)]
    surface = turned([*base, *crown], [0] * len(base) + [1] * (len(crown) + 1), sides=24)
    return Recipe(surface, [upright(r, 0, low), upright(cap, low, top, part=1)])


def cream_tube(p: Parameters) -> Recipe:
    """A tube that stands on its cap and ends in a flat seam along y. Parts: body, cap."""
    cap, low, r, top = p["cap_radius"], p["cap_height"], p["radius"], p["cap_height"] + p["body_height"]
    lid = turned([*stand(cap), (cap, low - 0.001), (cap - 0.001, low), (0.4 * cap, low)], 1, sides=24)
    angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    loops = []
    wide = 0.5 * np.pi * 0.92 * r  # a flattened ring of the same girth, less the rounding of its ends
    for way in (0.0, 0.03, 0.25, 0.5, 0.75, 0.95, 1.0):
        thick = (r - 0.0015) * (1 - way) + 0.0015
        width = r + (wide - r) * way
        shrink = 0.93 if way == 0 else 1.0
        x, y = shrink * thick * np.cos(angle), shrink * width * np.sin(angle)
        loops.append(np.column_stack([x, y, np.full(28, low + 2e-4 + (top - low) * way)]))
    pieces = [upright(cap, 0, low, part=1), upright(0.94 * r, low, low + 0.2 * (top - low))]
    steps = np.linspace(0.08, 1.0, 7)
    for a, b in zip(steps[:-1], steps[1:], strict=True):
        way = 0.5 * (a + b)
        thick, width = (r - 0.0015) * (1 - way) + 0.0015, r + (wide - r) * way
        height = (top - low) * (b - a) / 2
        at = low + (top - low) * way
        pieces.append(piece("box", ((0.71 + 0.09 * way) * thick, (0.895 + 0.04 * way) * width, height), (0, 0, at)))
        if way < 0.75:  # an ellipse that is nearly round is neither a box nor a cylinder
            pieces.append(piece("cylinder", (1.02 * thick, height), (0, 0, at)))
    return Recipe(join([loft(np.stack(loops)), lid]), pieces)


def perfume_bottle(p: Parameters) -> Recipe:
    """A flat bottle with a round cap. Parts: body, cap."""
    x, y, z, cap = p["thickness"] / 2, p["width"] / 2, p["body_height"], p["cap_radius"]
    profile = [(0.002, 0), (0.0006, 0.0006), (0, 0.002), (0, z - 0.0025), (0.0008, z - 0.0008), (0.0025, z)]
    top = z + 0.003 + p["cap_height"]
    collar = [(0.7 * cap, z - 0.001), (0.7 * cap, z + 0.003)]
    crown = turned([*collar, *_crown(cap, z + 0.003, top), (0.4 * cap, top)], 1, sides=24)
    crown.hidden[:24] = True
    pieces = [piece("box", (x, y, z / 2), (0, 0, z / 2)), upright(cap, z + 0.003, top, part=1)]
    pieces.append(upright(0.7 * cap, z, z + 0.003, part=1))
    return Recipe(join([slab((x, y), 0.004, profile, per_corner=6), crown]), pieces)


def compact(p: Parameters) -> Recipe:
    """A round compact, closed. Parts: base, lid."""
    r, low, top = p["radius"], 0.55 * p["height"], p["height"]
    base = [*stand(r), (r, low - 0.001), (r - 0.0012, low)]
    lid = [(r, low + 0.001), (r, top - 0.003), (r - 0.001, top - 0.001), (r - 0.003, top - 0.0003), (0.6 * r, top)]
    surface = turned([*base, *lid, (0.2 * r, top)], [0] * len(base) + [1] * (len(lid) + 2), sides=36)
    return Recipe(surface, [upright(r, 0, low), upright(r, low, top, part=1)])


def comb(p: Parameters) -> Recipe:
    """A comb on its side, teeth towards -y, handle at +x. Parts: handle, teeth."""
    half, t, spine, teeth = p["length"] / 2, p["thickness"], p["spine"], p["teeth"]
    row = 0.62 * 2 * half
    count = int(row / 0.0075)
    back = moved(
        slab((half, spine / 2), 0.3 * spine, [(0.001, 0), (0, 0.001), (0, t - 0.001), (0.001, t)], per_corner=5),
        (0, teeth / 2, 0),
    )
    low, high = teeth / 2 - spine / 2, -teeth / 2 - spine / 2
    edges = np.linspace(-half + 0.006, -half + row, count + 1)
    gaps = zip(edges[:-1] + 0.0012, edges[1:] - 0.0012, strict=True)
    prongs = [brick((a, high, 0.001), (b, low, t - 0.001), 1) for a, b in gaps]
    middle = -half + (row + 0.006) / 2
    pieces = [
        piece("box", (half - 0.001, spine / 2, t / 2), (0, teeth / 2, t / 2)),
        piece("box", ((row - 0.006) / 2, teeth / 2, t / 2 - 0.001), (middle, (low + high) / 2, t / 2), 1),
    ]
    return Recipe(join([back, *prongs]), pieces)


def brush(p: Parameters) -> Recipe:
    """A hair brush on its back, bristles up, handle at +x. Parts: handle, head."""
    length, r, head, wide = p["handle_length"], p["handle_radius"], p["head_length"], p["head_width"] / 2
    bristles, thick = p["bristles"], 2 * r
    s = np.linspace(0, 1, 15)
    swell = r * (0.82 + 0.18 * np.sin(np.pi * (0.15 + 0.75 * s)))
    swell[-1], swell[-2] = 0.35 * r, 0.75 * r
    left = -(head + length) / 2
    root = left + head
    path = np.column_stack([root - 0.004 + (length + 0.004) * s, 0 * s, np.full(15, r)])
    handle = sweep(path, swell, 0, sides=16)
    edge = [(0.002, 0), (0.0006, 0.0006), (0, 0.002), (0, thick - 0.002), (0.0006, thick - 0.0006), (0.002, thick)]
    plate = moved(slab((head / 2, wide), 0.6 * wide, edge, 1, per_corner=6), (left + head / 2, 0, 0))
    middle = (left + head / 2, 0, thick / 2)
    tufts = []
    for x in np.linspace(left + 0.02, root - 0.02, 7):
        for y in np.linspace(-0.58 * wide, 0.58 * wide, 4):
            low, high = (x - 0.0026, y - 0.0026, thick - 0.001), (x + 0.0026, y + 0.0026, thick + bristles)
            tufts.append(brick(low, high, 1))
    bend = 0.6 * wide
    corners = [
        piece("box", (head / 2 - bend * (1 - np.cos(a)), wide - bend * (1 - np.sin(a)), thick / 2 - 0.0005), middle, 1)
        for a in np.radians((19, 45, 71))
    ]
    reach, side = (head / 2 - 0.02 + 0.0026), 0.58 * wide + 0.0026
    pieces = [
        capsule(path[1], path[-1] - [r, 0, 0], float(swell[2:-2].mean()), 0),
        *corners,
        piece("box", (reach, side, bristles / 2), (left + head / 2, 0, thick + bristles / 2), 1),
    ]
    return Recipe(join([plate, *tufts, handle]), pieces)


def lotion(p: Parameters) -> Recipe:
    """A bottle with a pump whose spout points to +x. Parts: body, pump."""
    r, shoulder = p["radius"], p["body_height"]
    collar, neck = shoulder + 0.008, p["collar_radius"]
    head, spout = p["pump_height"], p["spout"]
    top = collar + 0.016 + head
    body = [*stand(r), (r, shoulder - 0.006), *dome(r, shoulder - 0.006, collar, 6)[1:-1]]
    flask = turned([*body, (0.5 * neck, collar)], sides=28)
    ring = [(neck, collar - 0.002), (neck, collar + 0.014), (neck - 0.002, collar + 0.016), (0.004, collar + 0.016)]
    press = [(0.004, top - 0.010), (0.75 * neck, top - 0.010), (0.75 * neck, top - 0.002), (0.6 * neck, top)]
    pump = turned([*ring, *press, (0.2 * neck, top)], 1, sides=20)
    path = np.array([[0, 0, top - 0.0055], [0.6 * spout, 0, top - 0.0055], [spout, 0, top - 0.0075]])
    pipe = sweep(path, [0.0042, 0.0042, 0.0038], 1, sides=10, normal=(0, 1, 0))
    pieces = [
        upright(r, 0, shoulder - 0.003),
        upright(0.88 * r, 0.5 * shoulder, shoulder + 0.0015),
        upright(0.62 * r, 0.5 * shoulder, shoulder + 0.0065),
        upright(neck, shoulder, collar + 0.016, part=1),
        upright(0.0045, collar + 0.016, top - 0.010, part=1),
        upright(0.75 * neck, top - 0.010, top, part=1),
        capsule(path[0], path[2] - [0.004, 0, 0], 0.0042, 1),
    ]
    return Recipe(join([flask, pump, pipe]), pieces)

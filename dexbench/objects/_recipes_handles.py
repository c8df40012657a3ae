"""Recipes of vessels that are poured from by a handle or held by a stem, and of what covers them."""

import numpy as np

from ._pieces import BEVEL, Parameters, Recipe, capsule, cylinder, piece, stand, upright
from ._surface import Surface, join, rod, turned
from ._sweep import dome, sweep
from .model import Array, Piece

KNOTS = (0, 1, 3, 6, 8, 11, 13, 14)
"""Points of a handle's path between which its pieces run."""


def _bow(root: float, reach: float, low: float, high: float) -> Array:
    """Return the path (15, 3) of a handle that leaves a wall at x = `root` and bows out by `reach` [m]."""
    turn = np.linspace(-np.pi / 2, np.pi / 2, 15)
    out = reach * np.cos(turn) ** 0.7
    up = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** 0.75
    out[[0, -1]] = 0.0
    return np.column_stack([root + out, 0 * turn, 0.5 * (low + high) + 0.5 * (high - low) * up])


def _handle(path: Array, radius: float, part: int, knots: tuple[int, ...]) -> tuple[Surface, list[Piece]]:
    """Return a handle's surface and capsules between knots of its path; its ends reach half-way to the wall."""
    points = path[[*knots]].copy()
    points[0] = 0.5 * (path[0] + path[1])
    points[-1] = 0.5 * (path[-1] + path[-2])
    bars = [capsule(a, b, radius, part) for a, b in zip(points[:-1], points[1:], strict=True)]
    return rod(path, radius, part), bars


def pitcher(p: Parameters) -> Recipe:
    """A pitcher, handle at +x, beak at -x; hollow to the eye, solid to the touch. Parts: body, handle."""
    r, rim, h, wall, grip = p["radius"], p["rim_radius"], p["height"], 0.004, p["handle_thickness"] / 2
    belly = [(r, 0.3 * h), (r, 0.4 * h), (0.5 * (r + rim), 0.72 * h), (rim, h - 0.001), (rim - 0.0015, h)]
    inside = [(rim - wall, h - 0.001), (0.5 * (r + rim) - wall, 0.72 * h), (r - wall, 0.35 * h), (r - wall, 0.012)]
    body = turned([*stand(r), *belly, *inside, (0.4 * r, 0.006)], sides=30)
    reach = 1 + 0.13 * np.clip((body.vertices[:, 2] / h - 0.88) / 0.12, 0, 1) ** 2 * _beak(body.vertices)
    body.vertices[:, :2] *= reach[:, None]
    path = _bow(r - 0.5 * wall, p["handle_reach"], 0.2 * h, 0.2 * h + p["handle_height"])
    path[:, 0] -= r - np.interp(path[:, 2], np.array([0.4, 0.72, 1.0]) * h, [r, 0.5 * (r + rim), rim])
    bow, bars = _handle(path, grip, 1, KNOTS)
    edges = np.array([0.4, 0.6, 0.8, 1.0]) * h
    shrink = [0.28, 0.66, 0.88]
    walls = [upright(r + (rim - r) * s, a, b) for a, b, s in zip(edges[:-1], edges[1:], shrink, strict=True)]
    beak = capsule((-0.97 * rim, -0.006, h - 0.0065), (-0.97 * rim, 0.006, h - 0.0065), 0.006)
    return Recipe(join([body, bow]), [upright(r, 0, 0.4 * h), *walls, beak, *bars])


def _beak(points: Array) -> Array:
    """Return how far each point (points, 3) takes part in a beak at -x, 0 to 1."""
    angle = np.arctan2(points[:, 1], -points[:, 0])
    return np.asarray(np.exp(-((angle / 0.3) ** 2)))


def teapot(p: Parameters) -> Recipe:
    """A teapot, handle at +x, spout at -x. Parts: body, handle, spout, lid."""
    r, thick, grip, knob = p["radius"], p["height"] / 2, p["handle_thickness"] / 2, p["knob_radius"]
    ring, top = r - thick, 2 * thick
    turn = np.radians(np.linspace(-90, 90, 13))
    shell = np.column_stack([ring + thick * np.cos(turn), thick + thick * np.sin(turn)])
    body = turned([(0.5 * ring, 0), *shell[:-1], (0.8 * ring, top), (0.4 * ring, top)], sides=22)
    cover = [(0.9 * ring, top - 0.001), (0.88 * ring, top + 0.002), (0.45 * knob, top + 0.003)]
    crown = dome(knob, top + 0.003 + knob, top + 0.003 + 2 * knob, 5)
    lid = turned([*cover, (0.8 * knob, top + 0.003 + 0.4 * knob), *crown], 3, sides=20)
    path = _bow(r - 0.004, p["handle_reach"], 0.42 * thick, 1.72 * thick)
    path[:, 0] -= 0.35 * thick * np.abs(path[:, 2] / thick - 1) ** 2
    bow, bars = _handle(path, grip, 1, (0, 2, 4, 7, 10, 12, 14))
    foot, tip = np.array([-r + 0.010, 0, 0.75 * thick]), np.array([-r - p["spout"], 0, 1.7 * thick])
    nose = foot + np.array([[0.0], [0.5], [1.0]]) * (tip - foot)
    spout = sweep(nose, [0.0105, 0.0085, 0.0065], 2, sides=14, normal=(0, 1, 0))
    around = np.pi / 4 + np.arange(4) * np.pi / 2
    out = 1.12 * ring  # four spheres stand in for a ring
    spheres = [piece("sphere", (thick,), (out * np.cos(a), out * np.sin(a), thick)) for a in around]
    pieces = [
        *spheres,
        *bars,
        capsule(foot + 0.08 * (tip - foot), foot + 0.86 * (tip - foot), 0.008, 2),
        piece("sphere", (knob,), (0, 0, top + 0.003 + knob), 3),
    ]
    return Recipe(join([body, lid, bow, spout]), pieces)


def watering_can(p: Parameters) -> Recipe:
    """A small watering can, handle at +x, spout at -x. Parts: body, handle, spout."""
    r, h, grip = p["radius"], p["height"], p["handle_thickness"] / 2
    edge = [(r, h - BEVEL), (r - 0.0006, h - 0.0006), (r - BEVEL, h), (0.7 * r, h), (0.68 * r, h - 0.003)]
    body = turned([*stand(r), *edge, (0.3 * r, h - 0.003)], sides=32)
    path = _bow(r - 0.002, p["handle_reach"], 0.14 * h, 0.9 * h)
    bow, bars = _handle(path, grip, 1, KNOTS)
    foot, tip = np.array([-r + 0.006, 0, 0.25 * h]), np.array([-r - p["spout"], 0, 1.1 * h])
    along = (tip - foot) / np.linalg.norm(tip - foot)
    line = np.array([foot, 0.5 * (foot + tip), tip - 0.010 * along, tip - 0.008 * along, tip])
    spout = sweep(line, [0.0095, 0.0085, 0.0075, 0.011, 0.013], 2, sides=16, normal=(0, 1, 0))
    nose = capsule(line[0] + 0.009 * along, line[2] - 0.002 * along, 0.0085, 2)
    pieces = [upright(r, 0, h), *bars, nose, cylinder(tip - 0.009 * along, tip, 0.0115, 2)]
    return Recipe(join([body, bow, spout]), pieces)


def wineglass(p: Parameters) -> Recipe:
    """A wineglass: hollow to the eye, solid to the touch. Parts: foot, stem, bowl."""
    foot, stem, r = p["foot_radius"], p["stem_radius"], p["bowl_radius"]
    low = 0.006 + p["stem_height"]
    top = low + p["bowl_height"]
    base = [(0.4 * foot, 0), (foot - 0.001, 0), (foot, 0.0015), (foot - 0.001, 0.004), (1.6 * stem, 0.0055)]
    turn = np.radians(np.linspace(12, 90, 7))
    swell = np.column_stack([r * np.sin(turn), low + 0.55 * (top - low) * (1 - np.cos(turn))])
    rim = [(0.94 * r, top - 0.001), (0.94 * r - 0.001, top), (0.94 * r - 0.003, top - 0.001)]
    inside = [(x - 0.003, z + 0.002) for x, z in swell[::-1][:6]]
    outer = [(stem, 0.008), (stem, low + 0.0005)]
    profile = [*base, *outer, *swell, *rim, *inside]
    part = [0] * len(base) + [1] * 2 + [2] * (len(swell) + len(rim) + len(inside) + 1)
    depth, edges = top - low, np.array([0.02, 0.06, 0.125, 0.21, 0.32, 0.5])
    wide = np.sin(np.arccos(1 - 0.5 * (edges[:-1] + edges[1:]) / 0.55))
    steps = [*zip(wide, edges[:-1], edges[1:], strict=True), (0.985, 0.5, 0.75), (0.955, 0.75, 1.0)]
    walls = [upright(f * r, low + a * depth, low + b * depth, part=2) for f, a, b in steps]
    pieces = [upright(foot, 0, 0.005), upright(stem, 0.005, low + 0.05 * depth, part=1), *walls]
    return Recipe(turned(profile, part, sides=28), pieces)


def pot_lid(p: Parameters) -> Recipe:
    """The lid of a pot with a knob, lying as on a pot. Parts: lid, knob."""
    r, rise, knob = p["radius"], p["rise"], p["knob_radius"]
    edge = 0.010
    top = edge + rise
    rim = [(0.5 * r, 0), (r - 0.001, 0), (r, 0.001), (r, edge - 0.001), (r - 0.001, edge)]
    turn = np.radians(np.linspace(20, 74, 5))
    arch = [(0.98 * r * np.cos(a), edge + rise * np.sin(a)) for a in turn]
    neck, high = 0.55 * knob, top + 0.010
    grip = [(neck, top - 0.001), (neck, high), (knob, high + 0.003), (knob, high + p["knob_height"] - 0.003)]
    end = high + p["knob_height"]
    profile = [*rim, *arch, *grip, (knob - 0.003, end), (0.3 * knob, end)]
    part = [0] * (len(rim) + len(arch)) + [1] * 7
    arches = ((0.965, 0.2), (0.9, 0.4), (0.8, 0.58), (0.66, 0.76), (0.4, 0.94))
    steps = [upright(f * r, edge, edge + a * rise) for f, a in arches]
    handle = [upright(neck, top - 0.002, high, part=1), upright(knob, high, end, part=1)]
    return Recipe(turned(profile, part, sides=36), [upright(r, 0, edge), *steps, *handle])


def tin(p: Parameters) -> Recipe:
    """A low tin with a lid. Parts: body, lid."""
    r, low, top, lid = p["radius"], p["body_height"], p["body_height"] + p["lid_height"], p["radius"] + 0.001
    body = [*stand(r), (r, low)]
    crown = [(lid, low + 1e-4), (lid, top - BEVEL), (lid - 0.0006, top - 0.0006), (lid - BEVEL, top), (0.4 * lid, top)]
    surface = turned([*body, *crown], [0] * len(body) + [1] * (len(crown) + 1), sides=36)
    return Recipe(surface, [upright(r, 0, low), upright(lid, low, top, part=1)])

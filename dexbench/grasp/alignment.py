"""How a palm is aligned to a part: one rule for each part class, from the part's oriented box.

DexVLG names four classes and says that each has its rule, not which (arXiv 2507.02747): these are our own.

- body: the line from thumb to fingers lies level across the narrower side; the palm comes from the side or from above.
- lid-like: the line lies across the lid; the palm comes down on it.
- disk-like: the line goes through the sheet, near its free edge; the palm comes from beyond the edge.
- L-shaped: the line goes across the plane of the bow; the palm comes from outside, square to the bow where it is held.
- shaft-like: the line and the palm's way are across the shaft, and the row of fingers lies along it.
"""

from dataclasses import dataclass

import numpy as np

from dexbench.core.schema import Array
from dexbench.grasp.part_shape import PartShape, part_shape
from dexbench.objects.model import ObjectModel

BAND = 0.010
"""Half width of what is taken as the part's width at a place [m]."""
SLIM = 1.5
"""How much longer than wide a part lies that is held like a shaft."""
TILT = np.deg2rad(12)
"""Standard deviation of a turn about the line, where the palm's way is given by the part."""
UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Alignment:
    """Where a hand's opposition goes, in the object frame."""

    line: Array
    """(3,) unit, from the thumb's pad to those of the fingers."""
    centre: Array
    """(3,) the middle between them [m]."""
    width: float
    """Of what is between them [m]."""
    coming: Array
    """(3,) unit, across the line: the way that the palm comes."""
    depth: float
    """How far the part reaches from the centre towards the palm [m]."""


def align(model: ObjectModel, part: str, rng: np.random.Generator) -> Alignment | None:
    """Draw one alignment to `part` by the rule of its class; None where the draw meets nothing.

    Args:
      model: the object.
      part: name of one of its parts.
      rng: what is free is drawn from it.
    """
    shape = part_shape(model.name, part)
    kind = next(p.part_class for p in model.parts if p.name == part)
    rule = {
        "body": _body,
        "lid-like": _lid,
        "disk-like": _disk,
        "L-shaped": _bow,
        "shaft-like": _shaft,
    }[kind]
    drawn = rule(model, shape, rng)
    if drawn is None:
        return None
    line, centre, coming = drawn
    line = line / np.linalg.norm(line) * rng.choice([-1.0, 1.0])  # the thumb on either side
    coming = coming - line * (coming @ line)
    coming = coming / max(float(np.linalg.norm(coming)), 1e-9)
    found = shape.width(centre, line, coming, BAND)
    if found is None:
        return None
    low, high = found
    depth = float(np.max((shape.points - centre) @ -coming, initial=0.0))
    return Alignment(line, centre + line * (low + high) / 2, high - low, coming, depth)


_Drawn = tuple[Array, Array, Array] | None
"""Line, centre and palm's way, not yet of length one."""


def _body(model: ObjectModel, shape: PartShape, rng: np.random.Generator) -> _Drawn:
    centre = shape.centre.copy()
    if shape.upright:
        angle = rng.uniform(0, 2 * np.pi)
        line = np.array([np.cos(angle), np.sin(angle), 0.0])
    elif abs(shape.axes[0] @ UP) < 0.5 and shape.extent[0] > SLIM * _second(shape):
        return _shaft(model, shape, rng)
    else:
        level = [k for k in range(3) if abs(shape.axes[k] @ UP) < 0.7]
        weights = 1 / shape.extent[level] ** 2  # the narrower side more often
        line = _level(shape.axes[int(rng.choice(level, p=weights / weights.sum()))])
        line = _spun(line, UP, rng.normal(0, 0.08))
    height = float(np.ptp(shape.points[:, 2]))
    middle = np.clip(model.center_of_mass[2], *(shape.centre[2] + np.array([-0.35, 0.35]) * height))
    centre[2] = middle + rng.uniform(-0.3, 0.3) * height
    return line, centre, _sloping(line, rng, 10, 90)


def _lid(model: ObjectModel, shape: PartShape, rng: np.random.Generator) -> _Drawn:
    if shape.upright or abs(shape.axes[2] @ UP) < 0.7:
        angle = rng.uniform(0, 2 * np.pi)
        line = np.array([np.cos(angle), np.sin(angle), 0.0])
    else:
        line = _level(shape.axes[int(rng.integers(2))])
    centre = shape.centre.copy()
    centre[2] += rng.uniform(-0.3, 0.3) * float(np.ptp(shape.points[:, 2]))
    return line, centre, _sloping(line, rng, 35, 90)


def _disk(model: ObjectModel, shape: PartShape, rng: np.random.Generator) -> _Drawn:
    seed = int(rng.integers(len(shape.points)))
    at, normal = shape.points[seed], shape.normals[seed]
    outward = (at - shape.centre) * [1, 1, 0]
    edge = UP if abs(normal[2]) < 0.8 else outward
    edge = edge - normal * (edge @ normal)
    if np.linalg.norm(edge) < 1e-6:
        return None
    edge = edge / np.linalg.norm(edge)
    beyond = (shape.points - at) @ edge
    beside = np.linalg.norm(shape.points - at - np.outer(beyond, edge), axis=1) < 0.015
    room = float(beyond[beside].max())
    if room > 0.035:  # pads reach so far over the edge
        return None
    near = shape.points[np.linalg.norm(shape.points - at, axis=1) < BAND]
    return normal, near.mean(axis=0), _spun(-edge, normal, rng.normal(0, 1.5 * TILT))


def _bow(model: ObjectModel, shape: PartShape, rng: np.random.Generator) -> _Drawn:
    line = shape.axes[2]
    outward = shape.centre - model.center_of_mass
    outward = outward - line * (outward @ line)
    outward = outward / max(float(np.linalg.norm(outward)), 1e-9)
    reach = (shape.points - shape.centre) @ outward
    hub = shape.centre + outward * reach.min()  # between the two feet of the bow
    far = np.flatnonzero(reach > np.quantile(reach, 0.12))
    at = shape.points[far[int(rng.integers(len(far)))]]
    centre = shape.points[np.linalg.norm(shape.points - at, axis=1) < BAND].mean(axis=0)
    away = centre - hub
    away = away - line * (away @ line)
    if np.linalg.norm(away) < 1e-6:
        return None
    coming = _spun(-away / np.linalg.norm(away), line, rng.normal(0, TILT))
    return line, centre, coming


def _shaft(model: ObjectModel, shape: PartShape, rng: np.random.Generator) -> _Drawn:
    along = shape.axes[0]
    if shape.upright or abs(along @ UP) > 0.8 or (shape.extent[0] < 1.2 * shape.extent[1]):
        angle = rng.uniform(0, 2 * np.pi)
        line = np.array([np.cos(angle), np.sin(angle), 0.0])
        if not shape.upright:
            line = _spun(_level(shape.axes[int(rng.integers(1, 3))]), UP, rng.normal(0, 0.1))
        centre = shape.centre.copy()
        centre[2] += rng.uniform(-0.3, 0.3) * float(np.ptp(shape.points[:, 2]))
        return line, centre, _sloping(line, rng, 0, 90)
    level = np.cross(along, UP)
    line = _spun(level / np.linalg.norm(level), along, rng.normal(0, np.deg2rad(15)))
    coming = np.cross(along, line)
    coming = coming * (-1.0 if coming[2] > 0 else 1.0)
    coming = _spun(coming, line, rng.normal(0, TILT))
    half = shape.extent[0] / 2
    towards = float(np.clip((model.center_of_mass - shape.centre) @ along, -0.7 * half, 0.7 * half))
    place = float(np.clip(towards + rng.normal(0, 0.15) * half, -0.85 * half, 0.85 * half))
    near = np.abs((shape.points - shape.centre) @ along - place) < BAND
    if not near.any():
        return None
    slab = shape.points[near]
    low, high = slab.min(axis=0), slab.max(axis=0)
    return line, (low + high) / 2, coming


def _second(shape: PartShape) -> float:
    """Return the extent across the longest axis that is level."""
    level = [k for k in (1, 2) if abs(shape.axes[k] @ UP) < 0.7]
    return float(shape.extent[level[0]]) if level else float(shape.extent[1])


def _level(axis: Array) -> Array:
    """Return `axis` without its part along the vertical."""
    return np.asarray(axis * [1, 1, 0])


def _sloping(line: Array, rng: np.random.Generator, low: float, high: float) -> Array:
    """Draw a way across a level `line` that comes down at `low` to `high` degrees."""
    slope = np.deg2rad(rng.uniform(low, high))
    level = np.cross(UP, line)
    level = level / np.linalg.norm(level) * rng.choice([-1.0, 1.0])
    return np.asarray(np.cos(slope) * level - np.sin(slope) * UP)


def _spun(vector: Array, axis: Array, angle: float) -> Array:
    """Return `vector` turned about a unit `axis` by `angle` [rad]."""
    across = np.cross(axis, vector)
    return np.asarray(
        vector * np.cos(angle) + across * np.sin(angle) + axis * float(axis @ vector) * (1 - np.cos(angle))
    )

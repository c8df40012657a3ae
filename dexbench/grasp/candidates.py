"""Grasp candidates: opposed hand shapes laid around the parts of an object.

The opposition line lies across the part, the midpoint between the pads on the part's middle, the opening leaves a
little room, and the palm comes from anywhere between the side and straight above.
"""

from dataclasses import dataclass

import numpy as np

from dexbench.core.schema import Array
from dexbench.grasp.opposition import Shapes
from dexbench.objects.model import ObjectModel

BAND = 0.012
"""Half height of the slice of an object that is taken as its width there [m]."""
ROOM = (0.010, 0.045)
"""Opening beyond the width of what is grasped [m]."""


@dataclass(frozen=True)
class Candidates:
    """C candidates in the object frame."""

    position: Array
    """(C, 3) of the palm frame [m]."""
    turn: Array
    """(C, 3, 3) palm to object."""
    shape: Array
    """(C,) index of the hand shape."""
    width: Array
    """(C,) of what is between the pads [m]."""
    part: tuple[str, ...]
    """(C,) name of the part."""

    def chosen(self, rows: Array) -> "Candidates":
        """Return the candidates of `rows`, in that order."""
        parts = tuple(self.part[int(i)] for i in rows)
        return Candidates(self.position[rows], self.turn[rows], self.shape[rows], self.width[rows], parts)


def sample_candidates(
    model: ObjectModel, shapes: Shapes, rng: np.random.Generator, count: int, part: str = ""
) -> Candidates:
    """Draw `count` candidates on `part` of `model` (empty: on any part that is wide enough to matter)."""
    names = [part] if part else [p.name for p in model.parts]
    found: list[tuple[Array, Array, int, float, str]] = []
    for _ in range(40 * count):
        if len(found) == count:
            break
        name = names[int(rng.integers(len(names)))]
        drawn = _draw(model, name, shapes, rng)
        if drawn is not None:
            found.append((*drawn, name))
    position, turn, shape, width, part_names = zip(*found, strict=True) if found else ((), (), (), (), ())
    return Candidates(
        np.array(position).reshape(-1, 3),
        np.array(turn).reshape(-1, 3, 3),
        np.array(shape, dtype=np.int64),
        np.array(width),
        tuple(part_names),
    )


def _draw(
    model: ObjectModel, part: str, shapes: Shapes, rng: np.random.Generator
) -> tuple[Array, Array, int, float] | None:
    """Draw one candidate: palm position, palm to object, shape, width; None where nothing fits."""
    side_on = np.abs(model.point_normals[:, 2]) < 0.6  # pads press from the side, not on lids and bottoms
    points = model.points[(model.point_part == model.part(part)) & (side_on | part.startswith("handle"))]
    if len(points) < 6:
        return None
    seed = points[int(rng.integers(len(points)))]
    across = _across(model, part, points, seed, rng)
    if across is None:
        return None
    line, centre, width = across
    fits = np.flatnonzero((shapes.opening > width + ROOM[0]) & (shapes.opening < width + ROOM[1]))
    if not len(fits):
        return None
    shape = int(fits[int(rng.integers(len(fits)))])
    elevation = np.deg2rad(rng.uniform(10, 90))
    level = np.cross([0.0, 0.0, 1.0], line)
    level /= np.linalg.norm(level)
    coming = np.cos(elevation) * level * rng.choice([-1.0, 1.0]) - np.sin(elevation) * np.array([0.0, 0.0, 1.0])
    coming -= line * (coming @ line)
    coming /= np.linalg.norm(coming)
    own = shapes.line[shape]
    normal = np.array([0.0, 0.0, 1.0]) - own * own[2]
    normal /= np.linalg.norm(normal)
    turn = np.column_stack([line, coming, np.cross(line, coming)]) @ np.stack([own, normal, np.cross(own, normal)])
    return centre - turn @ shapes.centre[shape], turn, shape, width


def _across(
    model: ObjectModel, part: str, points: Array, seed: Array, rng: np.random.Generator
) -> tuple[Array, Array, float] | None:
    """Return the opposition line, the midpoint and the width at `seed`: across a bar, a wall, or a whole body."""
    kind = next(p.part_class for p in model.parts if p.name == part)
    if part == "rim":  # a thin wall: from inside to outside
        line = np.array([seed[0], seed[1], 0.0])
        near = points[np.linalg.norm(points - seed, axis=1) < BAND]
    elif kind in ("shaft-like", "L-shaped") and part.startswith("handle"):
        axis = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2][0]
        line = np.cross(axis, [0.0, 0.0, 1.0])
        middle = points.mean(axis=0) + axis * rng.normal(0, 0.008)  # off the middle, a load would turn it in the hand
        near = points[np.abs((points - middle) @ axis) < 2 * BAND]
    else:
        angle = rng.uniform(0, 2 * np.pi)
        line = np.array([np.cos(angle), np.sin(angle), 0.0])
        if model.family == "box":  # across a pair of faces, give or take a little
            line = np.roll([1.0, 0.0, 0.0], int(rng.integers(2))) * rng.choice([-1.0, 1.0])
            line += np.array([*rng.normal(0, 0.05, 2), 0.0])
        near = points[np.abs(points[:, 2] - seed[2]) < BAND]
    if np.linalg.norm(line) < 1e-6 or len(near) < 3:
        return None
    line = line / np.linalg.norm(line) * rng.choice([-1.0, 1.0])  # the thumb on either side
    along = near @ line
    middle = near.mean(axis=0)
    if part != "rim" and not part.startswith("handle"):
        middle = np.array([0.0, 0.0, seed[2]])
    centre = middle + line * ((along.max() + along.min()) / 2 - middle @ line)
    return line, centre, float(along.max() - along.min())

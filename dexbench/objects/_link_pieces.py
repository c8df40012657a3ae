"""The pieces of a link, as the file of an articulated object writes them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from dexbench.core.document import Node
from dexbench.core.embodiment import rpy_to_quaternion
from dexbench.core.rotations import quaternion_matrix

from .articulated_model import LinkPiece
from .model import Array

_SIZES = {"sphere": 1, "capsule": 2, "cylinder": 2, "box": 3}
_LARGEST = 2.0
_SMALLEST = 2e-4
"""Of any half size [m]."""

_NONE = np.empty((0, 2))
_NONE.flags.writeable = False


@dataclass(frozen=True)
class Look:
    """What a piece takes from its document."""

    colors: Mapping[str, Array]
    friction: Array


def frozen(values: ArrayLike) -> Array:
    """Return a copy that cannot be written to."""
    copy = np.array(values, np.float64)
    copy.flags.writeable = False
    return copy


def place(row: Node) -> tuple[Array, Array]:
    """Return position `at` (3,) and orientation `rpy` as wxyz (4,); both may be left out."""
    at = frozen(row.vector("at", 3, (0.0, 0.0, 0.0)))
    if np.abs(at).max() > _LARGEST:
        raise row["at"].error(f"at most {_LARGEST} m is expected; is this in millimetres?")
    turn = row.vector("rpy", 3, (0.0, 0.0, 0.0))
    if np.abs(turn).max() > 2 * np.pi + 1e-6:
        raise row["rpy"].error("at most one turn is expected; is this in degrees?")
    return at, frozen(rpy_to_quaternion(turn))


def only(row: Node, known: str) -> None:
    """Refuse a field that is not among `known`, names with spaces between: a slip would pass for a default."""
    for key, node in row.mapping().items():
        if key not in known.split():
            raise node.error(f"there is no field of this name; there are {known.replace(' ', ', ')}")


def read_pieces(rows: Node, look: Look) -> tuple[LinkPiece, ...]:
    """Read the pieces of a link."""
    return tuple(
        piece for row in rows.items() for piece in (_bored(row, look) if row.has("bored") else [_piece(row, look)])
    )


def _bored(row: Node, look: Look) -> list[LinkPiece]:
    """Return a block with a hole along z, of eight boxes: an octagon around a round peg with some clearance."""
    only(row, "bored peg clearance at rpy color")
    half = np.array(row.vector("bored", 3))
    peg, clearance = row.number("peg"), row.number("clearance")
    if half.min() < _SMALLEST or half.max() > _LARGEST or peg < _SMALLEST or clearance < 0:
        raise row.error("half sizes and a peg radius above 0 and a clearance of at least 0 are expected, in metres")
    hole = peg + clearance / 2  # clearance is of diameters
    if half[:2].min() < 1.35 * hole:
        raise row["bored"].error(f"a hole of {hole:.4f} m in radius leaves no wall in a block of {half[:2].min()} m")
    color = look.colors[row.one_of("color", look.colors)]
    at, turn = place(row)
    matrix = quaternion_matrix(tuple(turn))
    x, y, z = half
    wide, thick = hole * np.tan(np.pi / 8), 0.21 * hole
    boxes = [((sign * (x + hole) / 2, 0.0), ((x - hole) / 2, y), 0.0) for sign in (1, -1)]
    boxes += [((0.0, sign * (y + hole) / 2), (hole, (y - hole) / 2), 0.0) for sign in (1, -1)]
    for angle in np.pi / 4 * np.array([1, 3, 5, 7]):
        reach = hole + thick
        boxes.append(((reach * np.cos(angle), reach * np.sin(angle)), (thick, wide), float(angle)))
    pieces = []
    for (u, v), (a, b), angle in boxes:
        quaternion = frozen(_product(turn, np.array([np.cos(angle / 2), 0.0, 0.0, np.sin(angle / 2)])))
        where = frozen(at + matrix @ np.array([u, v, 0.0]))
        size = frozen([a, b, z if angle == 0 else z - 2e-4])  # faces in one plane flicker
        pieces.append(LinkPiece("box", size, where, quaternion, color, look.friction, True, True, 0.0, _NONE))
    return pieces


def _product(a: Array, b: Array) -> Array:
    """Return the quaternion of the turn `b` followed by `a`."""
    w, v = a[0], a[1:]
    return np.array([w * b[0] - v @ b[1:], *(w * b[1:] + b[0] * v + np.cross(v, b[1:]))])


def _piece(row: Node, look: Look) -> LinkPiece:
    shape = _shape(row)
    color = row.one_of("color", look.colors)
    only(row, f"{shape} at rpy from to color bevel friction felt seen")
    if shape == "turned":
        return _turned(row, look.colors[color], look.friction)
    size = np.zeros(3)
    if row.has("to"):
        position, quaternion, half = _between(row)
        size[: _SIZES[shape]] = (*row.vector(shape, _SIZES[shape] - 1), half)
    else:
        position, quaternion = place(row)
        size[: _SIZES[shape]] = row.vector(shape, _SIZES[shape])
    used = size[: _SIZES[shape]]
    if used.min() < _SMALLEST or used.max() > _LARGEST:
        raise row[shape].error(f"half sizes from {_SMALLEST} to {_LARGEST} m are expected; is this in millimetres?")
    bevel = row.number("bevel", 0.0)
    if bevel and (shape not in ("box", "cylinder") or not 0 < bevel < used.min()):
        raise row["bevel"].error("boxes and cylinders have a bevel, smaller than their least half size")
    felt, seen = _flag(row, "felt"), _flag(row, "seen")
    if not felt and not seen:
        raise row.error("a piece is seen or felt")
    friction = frozen(row.vector("friction", 3)) if row.has("friction") else look.friction
    if friction.min() < 0 or friction[0] > 2:
        raise row["friction"].error("sliding friction from 0 to 2, torsional and rolling from 0 are expected")
    return LinkPiece(
        shape,
        frozen(size),
        position,
        quaternion,
        look.colors[color],
        friction,
        felt,
        seen,
        bevel,
        frozen(np.empty((0, 2))),
    )


def _shape(row: Node) -> str:
    known = (*_SIZES, "turned")
    found = [shape for shape in known if row.has(shape)]
    if len(found) != 1:
        raise row.error(f"one of {', '.join(known)} is expected, there is {' and '.join(found) or 'none'}")
    return found[0]


def _flag(row: Node, key: str) -> bool:
    if not row.has(key):
        return True
    value = row[key].value
    if not isinstance(value, bool):
        raise row[key].error("true or false is expected")
    return value


def _between(row: Node) -> tuple[Array, Array, float]:
    """Return middle, orientation and half length of a capsule or cylinder between points `from` and `to`."""
    shape = _shape(row)
    if shape not in ("capsule", "cylinder"):
        raise row["to"].error("capsules and cylinders can run from a point to a point")
    start, stop = np.array(row.vector("from", 3)), np.array(row.vector("to", 3))
    length = float(np.linalg.norm(stop - start))
    if not 2 * _SMALLEST <= length <= 2 * _LARGEST:
        raise row["to"].error(f"the points are {length:.4g} m apart")
    axis = (stop - start) / length
    # the shortest turn from z to the axis, half a turn about x where it points down
    turn = np.array([1 + axis[2], -axis[1], axis[0], 0.0]) if axis[2] > -0.999999 else np.array([0.0, 1.0, 0.0, 0.0])
    return frozen((start + stop) / 2), frozen(turn / np.linalg.norm(turn)), length / 2


def _turned(row: Node, rgba: Array, friction: Array) -> LinkPiece:
    """Read a surface of revolution, which is only seen."""
    loops = []
    for entry in row["turned"].items():
        radius, height = entry.numbers(2)
        if not _SMALLEST <= radius <= _LARGEST or abs(height) > _LARGEST:
            raise entry.error("[radius, height] in metres is expected, the radius above 0")
        loops.append((radius, height))
    if len(loops) < 2:
        raise row["turned"].error("at least two loops are expected")
    position, quaternion = place(row)
    return LinkPiece(
        "turned", frozen(np.zeros(3)), position, quaternion, rgba, friction, False, True, 0.0, frozen(loops)
    )

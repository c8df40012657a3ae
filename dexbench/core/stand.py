"""What holds the arms of a cell: columns and brackets, as an embodiment's file describes them."""

from dataclasses import dataclass

from dexbench.core.document import Node
from dexbench.core.mechanism import Vector

SIZES = {"box": 3, "cylinder": 2}
"""Kinds of shapes, and how many half lengths and radii each has."""


@dataclass(frozen=True)
class StandRow:
    """A rigid shape that stands in the cell; arms and hands can run into it."""

    kind: str
    """"box" or "cylinder"."""
    size: Vector
    """Half lengths, or radius and half length [m]."""
    xyz: Vector
    """Centre in the cell frame [m]."""
    rpy: Vector
    """Fixed-axis roll, pitch, yaw in the cell frame [rad]."""
    colour: Vector
    """Red, green, blue, alpha."""


def load_stand(document: Node) -> tuple[StandRow, ...]:
    """Return the stand of an embodiment's document; empty where the arms stand on the table by themselves.

    Raises:
      DataError: naming file, field and line.
    """
    if not document.has("stand"):
        return ()
    block = document["stand"]
    return tuple(_row(row, block.vector("colour", 4)) for row in block["items"].items())


def _row(row: Node, colour: Vector) -> StandRow:
    kind = row.one_of("kind", SIZES)
    size = row.vector("size", SIZES[kind])
    if min(size) <= 0:
        raise row["size"].error("positive half lengths and radii are expected")
    return StandRow(kind, size, row.vector("xyz", 3), row.vector("rpy", 3, (0.0, 0.0, 0.0)), colour)

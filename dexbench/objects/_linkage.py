"""Where the links of an articulated object are with its joints at rest."""

import math

import numpy as np

from dexbench.core.rotations import quaternion_matrix

from ._primitives import reach
from .articulated_model import Link, LinkPiece
from .model import Array


def link_frames(links: tuple[Link, ...]) -> dict[str, tuple[Array, Array]]:
    """Return position and rotation of each link in the root's frame, joints at rest."""
    frames: dict[str, tuple[Array, Array]] = {}
    for link in links:
        at, turn = link.position, quaternion_matrix(tuple(link.quaternion))
        if link.parent:
            above, frame = frames[link.parent]
            at, turn = above + frame @ at, frame @ turn
        for joint in link.joints:
            if joint.type == "slide":
                at = at + turn @ joint.axis * joint.rest
            else:
                spin = _spin(joint.axis, joint.rest)
                at = at + turn @ (joint.anchor - spin @ joint.anchor)
                turn = turn @ spin
        frames[link.name] = (at, turn)
    return frames


def _spin(axis: Array, angle: float) -> Array:
    half = angle / 2
    return quaternion_matrix((math.cos(half), *(math.sin(half) * axis)))


def solid_pieces(pieces: tuple[LinkPiece, ...]) -> tuple[LinkPiece, ...]:
    """Return those that can be touched; of a link that is only seen, those that have a volume."""
    return tuple(p for p in pieces if p.felt) or tuple(p for p in pieces if p.shape != "turned")


def extent(links: tuple[Link, ...]) -> tuple[Array, Array]:
    """Return the corners of what is solid, joints at rest, in the root's frame."""
    lows, highs = [], []
    for link in links:
        at, turn = link_frames(links)[link.name]
        for piece in solid_pieces(link.pieces):
            middle = at + turn @ piece.position
            whole = turn @ quaternion_matrix(tuple(piece.quaternion))
            half = reach(piece.shape, piece.size, whole)
            lows.append(middle - half)
            highs.append(middle + half)
    return np.min(lows, axis=0), np.max(highs, axis=0)

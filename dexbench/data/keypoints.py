"""Where a hand's 21 points are, in one order for every hand: what demonstrations of different hands have in common."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dexbench.core.anatomy import Anatomy
from dexbench.core.embodiment import Embodiment
from dexbench.core.equipment import Side
from dexbench.core.forward import Forward
from dexbench.core.mechanism import FrameRow
from dexbench.core.roles import FINGERS, SIDES
from dexbench.core.schema import Array

PALM = "palm"
KNUCKLES = ("metacarpal", "proximal", "distal")
"""Of a thumb: the phalanges at whose bases its first three points lie (CMC, MCP, IP); the fourth is the tip."""
POINTS = (PALM, *(f"{finger}/{i}" for finger in FINGERS for i in range(4)))
"""21 points a hand, from base to tip of each finger: "index/0" is the knuckle, "index/3" the tip."""

_PHALANGES = {finger: KNUCKLES if finger == "thumb" else ("proximal", "middle", "distal") for finger in FINGERS}
_MARK = "base of "


class Keypoints:
    """Palm poses and points of both sides of one embodiment, from joint angles.

    A point of a finger is the origin of a phalanx (where it turns on the one before) or the fingertip. A side, finger
    or phalanx that the robot lacks is at zero and not present: a finger of two phalanges has no point in the middle.
    """

    def __init__(self, embodiment: Embodiment) -> None:
        """Find the points."""
        anatomy = Anatomy(embodiment)
        names: list[str] = []
        places: list[tuple[int, int]] = []
        for side in embodiment.sides:
            wanted = {PALM: anatomy.find(f"{side} palm").name}
            for row in embodiment.parts[side].hand.fingers:
                for i, phalanx in enumerate(_PHALANGES[row.finger]):
                    if phalanx in row.links:
                        wanted[f"{row.finger}/{i}"] = f"{side}/{_MARK}{row.links[phalanx]}"
                wanted[f"{row.finger}/3"] = f"{side}/{row.tip}"
            names += wanted.values()
            places += [(SIDES.index(side), POINTS.index(point)) for point in wanted]
        marked = {side: _marked(part) for side, part in embodiment.parts.items()}
        self._forward = Forward(replace(embodiment, parts=MappingProxyType(marked)), names)
        self._at = tuple(np.array(places, np.int64).T)
        self.present: NDArray[np.bool_] = np.zeros((len(SIDES), len(POINTS)), np.bool_)
        """(2, 21) which points of SIDES x POINTS there are."""
        self.present[self._at] = True

    def __call__(self, angles: Array) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return palm poses (n, 2, 7) [m, wxyz] and points (n, 2, 21, 3) [m] in the cell frame.

        Args:
          angles: (n, J) joint angles [rad], in the embodiment's order.
        """
        positions, turns = self._forward(angles)
        points = np.zeros((len(positions), len(SIDES), len(POINTS), 3), np.float32)
        points[:, self._at[0], self._at[1]] = positions
        poses = np.zeros((len(positions), len(SIDES), 7), np.float32)
        for i in np.flatnonzero(self._at[1] == POINTS.index(PALM)):
            poses[:, self._at[0][i], :3] = positions[:, i]
            poses[:, self._at[0][i], 3:] = _quaternions(turns[:, i])
        return poses, points


def _marked(side: Side) -> Side:
    """Return `side` with a frame at the origin of every link of its hand."""
    zero = (0.0, 0.0, 0.0)
    bases = tuple(FrameRow(f"{_MARK}{link}", link, zero, zero, 0.0) for link in side.hand.links)
    return replace(side, hand=replace(side.hand, frames=(*side.hand.frames, *bases)))


def _quaternions(turns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return wxyz (n, 4) of rotations (n, 3, 3), without a jump of sign from one to the next."""
    t = turns
    square = np.stack(
        [
            1 + t[:, 0, 0] + t[:, 1, 1] + t[:, 2, 2],
            1 + t[:, 0, 0] - t[:, 1, 1] - t[:, 2, 2],
            1 - t[:, 0, 0] + t[:, 1, 1] - t[:, 2, 2],
            1 - t[:, 0, 0] - t[:, 1, 1] + t[:, 2, 2],
        ],
        1,
    )
    w = [t[:, 2, 1] - t[:, 1, 2], t[:, 0, 2] - t[:, 2, 0], t[:, 1, 0] - t[:, 0, 1]]
    xy, xz, yz = t[:, 0, 1] + t[:, 1, 0], t[:, 0, 2] + t[:, 2, 0], t[:, 1, 2] + t[:, 2, 1]
    rows = np.stack(
        [
            np.stack([square[:, 0], *w], 1),
            np.stack([w[0], square[:, 1], xy, xz], 1),
            np.stack([w[1], xy, square[:, 2], yz], 1),
            np.stack([w[2], xz, yz, square[:, 3]], 1),
        ],
        1,
    )  # 4 times the quaternion's outer product with itself: any row will do, the largest is the most exact
    best = rows[np.arange(len(t)), square.argmax(1)]
    found: NDArray[np.float64] = best / np.linalg.norm(best, axis=1, keepdims=True)
    flips = np.ones(len(found))
    if len(found):
        flips[0] = -1.0 if found[0, 0] < 0 else 1.0
        flips[1:] = np.where((found[1:] * found[:-1]).sum(1) < 0, -1.0, 1.0)
    return found * np.cumprod(flips)[:, None]

"""Where frames of a robot are, from its joint angles: arrays over many worlds, the same for simulated and real ones.

The simulator has its own; this one needs nothing but the data, so that what an agent sees of its fingertips is worked
out in one way wherever it runs.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dexbench.core.embodiment import Embodiment, rpy_to_quaternion
from dexbench.core.equipment import Side
from dexbench.core.errors import UnknownName
from dexbench.core.mechanism import Vector
from dexbench.core.schema import Array

Floats = NDArray[np.float64]
Place = tuple[int, Floats, Floats]
"""A rigid offset from a moving frame: its number, rotation (3, 3), shift (3,) [m]."""


class Forward:
    """Forward kinematics of some frames of an embodiment, in the cell frame.

    Joints are worked off generation by generation, so the cost hardly depends on how many fingers or worlds there are.
    Nothing is summed over worlds: a world's result has the same bits at any n.
    """

    def __init__(self, embodiment: Embodiment, frames: Sequence[str]) -> None:
        """Prepare the chains that end in `frames`.

        Args:
          embodiment: the robot.
          frames: names with their side: "right/palm_site".

        Raises:
          UnknownName: the robot has no such frame.
        """
        self.frames = tuple(frames)
        tree = _Tree(embodiment)
        for name in frames:
            if name not in tree.frames:
                raise UnknownName(f"frame of embodiment {embodiment.name!r}", name, tree.frames)
        kept = sorted(tree.ancestors([tree.frames[f][0] for f in frames]), key=lambda i: (tree.depth[i], i))
        at = {-1: 0, **{node: i + 1 for i, node in enumerate(kept)}}  # row 0 is the cell
        self._joints = np.array([tree.column[i] for i in kept], np.int64)
        turns = np.array([tree.turn[i] for i in kept]).reshape(-1, 3, 3)
        axes = np.array([tree.axis[i] for i in kept]).reshape(-1, 3)
        along = axes[:, :, None] * axes[:, None]
        # Rodrigues: R(q) = along + sin q cross + cos q (1 - along), behind the fixed turn of the joint
        self._constant = (turns @ along)[:, None]
        self._sine = (turns @ _cross(axes))[:, None]
        self._cosine = (turns @ (np.eye(3) - along))[:, None]
        self._shift = np.array([tree.shift[i] for i in kept]).reshape(-1, 1, 3, 1)
        depth = [tree.depth[i] for i in kept]
        bounds = [*(depth.index(d) for d in sorted(set(depth))), len(kept)]
        self._generations = [slice(a, b) for a, b in zip(bounds, bounds[1:], strict=False)]
        self._parents = np.array([at[tree.parent[i]] for i in kept], np.int64)
        self._ends = np.array([at[tree.frames[f][0]] for f in frames], np.int64)
        self._end_turn = np.array([tree.frames[f][1] for f in frames]).reshape(-1, 1, 3, 3)
        self._end_shift = np.array([tree.frames[f][2] for f in frames]).reshape(-1, 1, 3, 1)

    def __call__(self, angles: Array) -> tuple[Floats, Floats]:
        """Return where the frames are at `angles` (n, J) [rad]: positions (n, F, 3) [m] and rotations (n, F, 3, 3)."""
        q = np.asarray(angles, np.float64).T[self._joints][:, :, None, None]
        local = self._constant + np.sin(q) * self._sine + np.cos(q) * self._cosine
        n = q.shape[1]
        turn = np.empty((len(q) + 1, n, 3, 3))
        shift = np.zeros((len(q) + 1, n, 3, 1))
        turn[0] = np.eye(3)
        for rows in self._generations:
            above = self._parents[rows]
            parent = turn[above]
            into = slice(rows.start + 1, rows.stop + 1)
            np.matmul(parent, local[rows], out=turn[into])
            np.add(shift[above], parent @ self._shift[rows], out=shift[into])
        ends = turn[self._ends]
        positions = (shift[self._ends] + ends @ self._end_shift)[..., 0]
        return np.ascontiguousarray(positions.swapaxes(0, 1)), np.ascontiguousarray(
            (ends @ self._end_turn).swapaxes(0, 1)
        )


class _Tree:
    """All moving joints of a robot as rows that know their parents, and its frames as offsets from them."""

    def __init__(self, embodiment: Embodiment) -> None:
        self.parent: list[int] = []
        self.depth: list[int] = []
        self.column: list[int] = []
        """Place of the joint in the embodiment's order."""
        self.turn: list[Floats] = []
        self.shift: list[Floats] = []
        self.axis: list[Vector] = []
        self.frames: dict[str, Place] = {}
        """Place by name with side."""
        self._column = {j.name: i for i, j in enumerate(embodiment.joints)}
        for name in embodiment.sides:
            self._add(embodiment.parts[name])

    def ancestors(self, rows: Sequence[int]) -> set[int]:
        """Return `rows` and all rows between them and the cell."""
        found: set[int] = set()
        for row in rows:
            while row >= 0 and row not in found:
                found.add(row)
                row = self.parent[row]
        return found

    def _add(self, side: Side) -> None:
        links = {side.arm.root: _after((-1, np.eye(3), np.zeros(3)), side.base_position, side.base_rpy)}
        for part in (side.arm, side.hand):
            for joint in part.joints:
                place = _after(links[joint.parent], joint.xyz, joint.rpy)
                if joint.axis is not None:
                    place = self._turn(place, joint.axis, self._column[f"{side.name}/{joint.name}"])
                links[joint.child] = place
            for frame in part.frames:
                self.frames[f"{side.name}/{frame.name}"] = _after(links[frame.link], frame.xyz, frame.rpy)
            if part is side.arm:
                mounted = self.frames[f"{side.name}/{side.mount_frame}"]
                links[side.hand.root] = _after(mounted, side.mount_position, side.mount_rpy)

    def _turn(self, place: Place, axis: Vector, column: int) -> Place:
        row, turn, shift = place
        self.parent.append(row)
        self.depth.append(0 if row < 0 else self.depth[row] + 1)
        self.column.append(column)
        self.turn.append(turn)
        self.shift.append(shift)
        self.axis.append(axis)
        return len(self.parent) - 1, np.eye(3), np.zeros(3)


def _after(place: Place, xyz: Vector, rpy: Vector) -> Place:
    """Return the offset of a frame that sits at `xyz`, `rpy` in the frame of `place`."""
    row, turn, shift = place
    return row, turn @ rotation_of(rpy), shift + turn @ np.asarray(xyz, np.float64)


def rotation_of(rpy: Vector) -> Floats:
    """Return the matrix (3, 3) of fixed-axis roll, pitch, yaw [rad]."""
    w, x, y, z = rpy_to_quaternion(rpy)
    v = np.array([x, y, z])
    return np.asarray((w * w - v @ v) * np.eye(3) + 2 * np.outer(v, v) + 2 * w * _cross(v[None])[0])


def _cross(vectors: Floats) -> Floats:
    """Return matrices (m, 3, 3) whose product with u is the cross product of `vectors` (m, 3) and u."""
    found = np.zeros((len(vectors), 3, 3))
    for (i, j), (k, sign) in _CROSS.items():
        found[:, i, j] = sign * vectors[:, k]
    return found


_CROSS = {(0, 1): (2, -1), (0, 2): (1, 1), (1, 0): (2, 1), (1, 2): (0, -1), (2, 0): (1, -1), (2, 1): (0, 1)}

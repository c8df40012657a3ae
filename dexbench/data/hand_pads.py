"""Where the pads of a hand's fingers are, seen from its palm: the points by which one hand is matched with another."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dexbench.core.embodiment import PALM, PALM_FRAME, Embodiment
from dexbench.core.equipment import Side
from dexbench.core.errors import DataError
from dexbench.core.forward import Forward
from dexbench.core.mechanism import FrameRow
from dexbench.core.schema import Array

Floats = NDArray[np.float64]

_PAD, _JOINT = "pad of ", "joint of "


class HandPads:
    """The fingers of one side of a robot: where their pads are at which commands, and how they give way.

    A pad is the middle of the skin that meets an object, with its normal (out of the finger). Motors are those of the
    fingers, not of the wrist: the palm is held by arm and wrist, and everything here is seen from it.
    """

    def __init__(self, embodiment: Embodiment, side: str) -> None:
        """Find pads and motors.

        Raises:
          DataError: the robot has no such side, or the hand no pads.
        """
        if side not in embodiment.sides:
            raise DataError(f"embodiment {embodiment.name!r} has no {side} hand; it has {list(embodiment.sides)}")
        self.embodiment, self.side = embodiment, side
        part = embodiment.parts[side]
        self.fingers = tuple(p.finger for p in part.hand.pads)
        """Whose pads there are, in the hand's own order."""
        if "thumb" not in self.fingers:
            raise DataError(f"hand {part.hand.name!r} has no pad on its thumb, and grasps are matched by pads")
        turning = {j.child: j for j in part.hand.moving}
        above = {j.child: j.parent for j in part.hand.joints}
        chains = [_chain(p.link, above) for p in part.hand.pads]
        moved = [j for j in turning if any(j in chain for chain in chains)]
        self._moves = np.array([[j in chain for j in moved] for chain in chains])[..., None]
        self._axes = np.array([turning[j].axis for j in moved], np.float64)
        self._axes /= np.linalg.norm(self._axes, axis=1, keepdims=True)
        names = [_PAD + finger for finger in self.fingers] + [_JOINT + link for link in moved]
        marked = {**embodiment.parts, side: _marked(part, moved)}
        self._forward = Forward(
            replace(embodiment, parts=MappingProxyType(marked)), [f"{side}/{name}" for name in (PALM_FRAME, *names)]
        )
        chosen = [
            i for i in embodiment.actuator_index(side, "hand") if not embodiment.actuators[i].role.startswith("wrist")
        ]
        self.motors = np.array(chosen, np.int64)
        """(m,) places of the fingers' motors in the order of actions."""
        rows = {f"{side}/{row.name}": row for row in part.hand.motors}
        own = [rows[embodiment.actuators[i].name] for i in chosen]
        self.stiffness = np.array([row.kp for row in own])
        """(m,) of the servos [N m/rad]."""
        self.torque = np.array([row.force for row in own])
        """(m,) largest of the servos [N m]."""
        self.lower, self.upper = embodiment.limits.lower[chosen], embodiment.limits.upper[chosen]
        place = {j.name: i for i, j in enumerate(embodiment.joints)}
        self._shares = embodiment.linkage[0][np.ix_(chosen, [place[f"{side}/{turning[j].name}"] for j in moved])]
        self.roles = tuple(embodiment.actuators[i].role for i in chosen)

    def palm(self, angles: Array) -> tuple[Floats, Floats]:
        """Return positions (n, 3) [m] and rotations (n, 3, 3) of the palm in the cell at joint angles (n, J) [rad]."""
        positions, turns = self._forward(angles)
        return positions[:, 0], turns[:, 0]

    def at_angles(self, angles: Array) -> tuple[Floats, Floats]:
        """Return pads (n, F, 3) [m] and normals (n, F, 3) in the palm's frame at joint angles (n, J) [rad]."""
        positions, turns = self._frames(angles)
        count = len(self.fingers)
        return positions[:, :count], turns[:, :count, :, 2]

    def at_commands(self, commands: Array) -> tuple[Floats, Floats]:
        """Return the same for commands (n, m) [rad] of the fingers' motors, that have been reached."""
        return self.at_angles(self._angles(commands))

    def slopes(self, commands: Array) -> tuple[Floats, Floats]:
        """Return how pads (n, F, 3, m) [m/rad] and normals (n, F, 3, m) [1/rad] change with the commands (n, m)."""
        positions, turns = self._frames(self._angles(commands))
        count = len(self.fingers)
        axes = (turns[:, count:] @ self._axes[..., None])[:, None, ..., 0]
        arms = positions[:, :count, None] - positions[:, None, count:]
        moves = np.cross(axes, arms) * self._moves
        bends = np.cross(axes, turns[:, :count, None, :, 2]) * self._moves
        found = [(v.swapaxes(2, 3)) @ self._shares.T for v in (moves, bends)]
        return found[0], found[1]

    def _angles(self, commands: Array) -> Floats:
        whole = np.tile(self.embodiment.home, (len(commands), 1))
        whole[:, self.motors] = commands
        return self.embodiment.joint_angles(whole)

    def _frames(self, angles: Array) -> tuple[Floats, Floats]:
        """Return places (n, F + N, 3) and rotations (n, F + N, 3, 3) of pads and joints in the palm's frame."""
        positions, turns = self._forward(angles)
        back = turns[:, :1].swapaxes(2, 3)
        return (back @ (positions[:, 1:] - positions[:, :1])[..., None])[..., 0], back @ turns[:, 1:]


def _chain(link: str, above: Mapping[str, str]) -> set[str]:
    """Return `link` and those between it and the palm."""
    found = set()
    while link != PALM and link in above:
        found.add(link)
        link = above[link]
    return found


def _marked(side: Side, links: Sequence[str]) -> Side:
    """Return `side` with a frame in the middle of every pad of its hand, and at the joints of `links`."""
    zero = (0.0, 0.0, 0.0)
    marks = [FrameRow(_PAD + p.finger, p.link, p.xyz, p.rpy, 0.0) for p in side.hand.pads]
    marks += [FrameRow(_JOINT + link, link, zero, zero, 0.0) for link in links]
    return replace(side, hand=replace(side.hand, frames=(*side.hand.frames, *marks)))

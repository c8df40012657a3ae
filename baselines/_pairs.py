"""Grasps for two hands at once: where a hand can stand at an object, and which two of such stances go together.

All is checked in one picture of both arms: what one hand holds, and where the other one comes from.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dexbench.core.schema import Array
from dexbench.grasp.library import Grasps

from ._motions import Commands, Episode
from ._planner import JUMP
from ._poses import compose, quaternion_of
from ._skills import Skills
from ._ways import Ways

FINE = 24
"""Points of a way through free space that are looked at: a finger is thin."""
VIAS = ((0.40, 0.35, 0.40), (0.50, 0.45, 0.35), (0.40, 0.30, 0.55), (0.60, 0.40, 0.45))
"""Points over which a hand comes that finds no straight way: x, y to its own side, z [m]."""


@dataclass(frozen=True)
class Stance:
    """One hand at a grasp."""

    side: str
    row: int
    """Which grasp of those that were given."""
    palm: Array
    """(7,) in the cell frame."""
    standoff: Array
    """(C,) chain angles from which it comes straight [rad]."""
    approach: tuple[Array, ...]
    """Chain angles of that way; the last is the grasp."""
    pregrasp: Array
    """(H,) [rad]"""
    squeeze: Array
    """(H,) [rad]"""

    @property
    def chain(self) -> Array:
        """(C,) chain angles at the grasp [rad]."""
        return self.approach[-1]


def roles(instruction: str) -> tuple[str, str]:
    """Return (the hand that an instruction names first: the one that gives, or holds; the other one)."""
    first = re.findall(r"\b(left|right)\b", instruction)[0]
    return first, "right" if first == "left" else "left"


def about(axis: int, count: int) -> list[Array]:
    """Return `count` rotations (3, 3) about an axis of the frame, evenly spread."""
    found = []
    for angle in 2 * np.pi * np.arange(count) / count:
        turn = np.eye(3)
        i, j = [k for k in range(3) if k != axis]
        turn[[i, j], [i, j]] = np.cos(angle)
        sign = 1.0 if axis != 1 else -1.0
        turn[i, j], turn[j, i] = -sign * np.sin(angle), sign * np.sin(angle)
        found.append(turn)
    return found


def palms(pose: Array, spins: Sequence[Array], grasps: Grasps) -> Iterator[tuple[int, Array]]:
    """Yield (row, palm pose (7,)) of each grasp on an object at `pose`, turned by each of `spins` in its own frame."""
    for row in range(len(grasps)):
        own = np.concatenate([grasps.position[row], grasps.quaternion[row]])
        for spin in spins:
            yield row, compose(pose, compose(np.concatenate([np.zeros(3), quaternion_of(spin)]), own))


def stances(
    skills: Skills,
    ways: Ways,
    grasps: Grasps,
    base: Array,
    ignore: Collection[int] = (),
    most: int = 1000,
    by: str = "",
    tight: float = 1.0,
) -> Iterator[Stance]:
    """Yield how a hand gets to palm poses, those first that are easy for its arm; what is met on the way is left out.

    Args:
      skills: with the surroundings, which must have seen the episode.
      ways: of this hand, to grasps.
      grasps: that their rows are of, for this side.
      base: (A,) command with the other arm where it will be.
      ignore: objects that may be touched.
      most: stances at most.
      by: the side that may touch `ignore`; empty: either.
      tight: how far the fingers close beyond the open hand, as a share of what the library says.
    """
    planner, around, side = skills.planner, skills.around, ways.side
    hand, limits = planner.hand[side], skills.robot.limits
    found = 0
    for row, palm, first, way in ways:
        opened = grasps.pregrasp[row]
        if any(around.collides(planner.command(base, side, q, opened), ignore, by) for q in (first, *way[::-1])):
            continue
        squeeze = np.clip(opened + tight * (grasps.squeeze[row] - opened), limits.lower[hand], limits.upper[hand])
        yield Stance(side, row, palm, first, way, opened, squeeze)
        found += 1
        if found >= most:
            return


def arc(skills: Skills, side: str, poses: Sequence[Array], seed: Array) -> list[Array] | None:
    """Return chain angles through palm poses (7,) one after the other, or None where the reach ends or jumps."""
    found = []
    for pose in poses:
        solved = skills.planner.reach[side].solve(pose[:3], pose[3:], seed, steps=40)
        if not solved.found or np.abs(solved.q - seed).max() > JUMP:
            return None
        seed = solved.q
        found.append(seed)
    return found


def route(
    skills: Skills, base: Array, side: str, chain: Array, hand: Array, ignore: Collection[int] = (), by: str = ""
) -> list[Array] | None:
    """Return commands (A,) that bring a hand to `chain` (C,) through free space, perhaps over a point on its own side.

    Args:
      skills: with the surroundings, which must have seen the episode.
      base: (A,) command from which it comes.
      side: which hand.
      chain: where it goes [rad].
      hand: (H,) its shape there [rad].
      ignore: objects that may be touched.
      by: the side that may touch them; empty: either.
    """
    planner = skills.planner
    goal = planner.command(base, side, chain, hand)
    if not met(skills, base, goal, ignore, by):
        return [goal]
    reach = planner.reach[side]
    _, turn = reach.pose(chain)
    outward = 1.0 if side == "left" else -1.0
    for x, y, z in VIAS:
        for seed in (chain, base[planner.chain[side]]):
            over = reach.solve(np.array([x, outward * y, z]), turn, seed, steps=60)
            if not over.found:
                continue
            via = planner.command(base, side, over.q, hand)
            if not met(skills, base, via, ignore, by) and not met(skills, via, goal, ignore, by):
                return [via, goal]
    return None


def met(skills: Skills, start: Array, end: Array, ignore: Collection[int] = (), by: str = "") -> bool:
    """Return whether anything is met on the straight line of commands from `start` to `end`, looked at closely."""
    points = (start + t * (end - start) for t in np.linspace(0, 1, FINE + 1)[1:])
    return any(skills.around.collides(c, ignore, by) for c in points)


def follow(skills: Skills, e: Episode, way: Sequence[Array]) -> Commands:
    """Go through commands (A,) and stop at each: an arm that does not would cut the corner."""
    for command in way:
        yield from skills.move(e, [command], 0.6)
        yield from skills.settle(e)

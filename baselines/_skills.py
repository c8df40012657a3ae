"""What the scripted agent can do with objects: generators of commands, for scripts to put together.

A script is `def script(skills, episode) -> Iterator[Array]`: it yields commands for ever. Skills are run with `yield
from`; those that may fail return whether they succeeded.
"""

from collections.abc import Generator, Sequence
from dataclasses import replace

import numpy as np

from dexbench.core.schema import Array

from ._detour import detour
from ._grasping import Grasping
from ._motions import Attempt, Commands, Episode
from ._planner import SAME, TURN, Reached
from ._poses import compose, inverse, turned
from ._symmetry import rotation

RISEN = 0.05
"""Rise of the object after lifting that counts as held [m]."""
SLIP, FIRMER, FIRMEST = 0.003, 0.2, 4
"""Slip in a hand after which it squeezes more [m], how much more, as a share of the way from opening to squeeze, and
how many times at most."""
ABOVE = 0.10
"""How far above its goal a carried object comes in [m]."""
YAWS = (0.0, 0.5, -0.5, 1.0, -1.0, 1.6, -1.6, 2.4, -2.4, 3.1)
"""Turns tried where an object may be put down any way round [rad]."""
ROUND = 12
"""Ways over a goal to which a way round is looked for, where none is straight."""


class Skills(Grasping):
    """The expert's hands, with something in them too: everything that does not depend on the task."""

    across = 0.8
    """Least time in which something is carried over its goal [s]; a script may take more."""

    def holds(self, e: Episode, k: int, start: float) -> bool:
        """Return whether object k is well above the height at which it started [m]."""
        return bool(e.seen["object_pose"][k, 2] - start > RISEN)

    def keep(self, e: Episode, plan: Sequence[Reached], k: int, start: float) -> Commands:
        """Hold object k up for as long as it stays there; where it slips in a hand, squeeze more.

        Contacts creep in the simulation: what holds for a second may be gone after ten.
        """
        within = [compose(inverse(self.palm(e, p.side)), self.pose(e, k)) for p in plan]
        firmer = 0
        while self.holds(e, k, start):
            now = [compose(inverse(self.palm(e, p.side)), self.pose(e, k)) for p in plan]
            slipped = max(float(np.linalg.norm(a[:3] - b[:3])) for a, b in zip(now, within, strict=True))
            if slipped > SLIP * (1 + firmer) and firmer < FIRMEST:
                firmer += 1
                plan = yield from self.tighten(e, plan)
            yield e.command

    def tighten(self, e: Episode, plan: Sequence[Reached]) -> Generator[Array, None, list[Reached]]:
        """Squeeze what has been lifted more firmly; return the plan with that squeeze."""
        firm = [self.firmer(p) for p in plan]
        yield from self.move(e, self.points(e, firm, [[p.lift[-1]] for p in firm], closed=True), 0.3)
        return firm

    def firmer(self, found: Reached) -> Reached:
        """Return the plan with the squeeze FIRMER of the way from opening to squeeze further."""
        hand, limits = self.planner.hand[found.side], self.robot.limits
        squeeze = found.squeeze + FIRMER * (found.squeeze - found.pregrasp)
        return replace(found, squeeze=np.clip(squeeze, limits.lower[hand], limits.upper[hand]))

    def carry(
        self, e: Episode, side: str, k: int, goal: Array, any_way: bool = True, above: float = ABOVE, slow: float = 1.0
    ) -> Attempt:
        """Bring the held object k to `goal`: over it, then straight down; return whether there is a way.

        Args:
          e: the episode.
          side: the hand that holds it.
          k: which object.
          goal: (7,) of the object in the cell frame.
          any_way: whether it may stand there turned about the vertical.
          above: how far above the goal it comes in [m].
          slow: seconds for the way down.
        """
        within = compose(inverse(self.pose(e, k)), self.palm(e, side))
        way = self.bringing(e, side, k, goal, within, e.command, any_way, above)
        if way is None:
            return False
        over, down = way
        yield from self.move(e, over, self.across)
        yield from self.settle(e)
        yield from self.move(e, [self.planner.command(e.command, side, q) for q in down], slow)
        yield from self.settle(e)
        return True

    def bringing(
        self,
        e: Episode,
        side: str,
        k: int,
        goal: Array,
        within: Array,
        base: Array,
        any_way: bool = True,
        above: float = ABOVE,
    ) -> tuple[list[Array], tuple[Array, ...]] | None:
        """Return the way of the held object k to `goal`, as `carry` goes it; None if there is none.

        Args:
          e: the episode.
          side: the hand that holds it.
          k: which object.
          goal: (7,) of the object in the cell frame.
          within: (7,) of the palm in the object's frame.
          base: (A,) command at which it begins.
          any_way: whether it may stand there turned about the vertical.
          above: how far above the goal it comes in [m].

        Returns:
          The commands (A,) to the place over the goal, most often one, and chain angles (C,) from there straight down.
        """
        self.around.see(e.seen, (k,))
        planner = self.planner
        yaws = YAWS if any_way else YAWS[:1]
        there = [compose(np.concatenate([goal[:3], turned(goal[3:], yaw)]), within) for yaw in yaws]
        lines = []
        for low, high in self._over(side, there, above, base[planner.chain[side]]):
            down = planner.line(side, low[:3] + np.array([0, 0, above]), low[:3], low[3:], high, 6)
            if down is not None:
                lines.append((planner.command(base, side, high), down))
        lines.sort(key=lambda way: float(np.abs(way[0] - base).max()))  # another branch of the arm takes seconds
        for room in (True, False):
            self.around.keep(room)
            for top, down in lines:
                end = planner.command(base, side, down[-1])
                if not self.around.sweep(base, top, (k,)) and not self.around.collides(end, (k,)):
                    return [top], down
        for top, down in lines[:ROUND]:
            ends = (top, planner.command(base, side, down[-1]))
            if not any(self.around.collides(end, (k,)) for end in ends):
                found = detour(planner, side, base, top, (k,))
                if found is not None:
                    return [*found, top], down
        return None

    def from_above(
        self, e: Episode, side: str, palm: Array, above: float, hand: Array, ignored: Sequence[int]
    ) -> tuple[Array, tuple[Array, ...]] | None:
        """Return chain angles (C,) over `palm` and from there straight down to it; None if there is no way.

        Args:
          e: the episode.
          side: the hand that comes.
          palm: (7,) of the palm in the cell frame.
          above: how far above it the way down begins [m].
          hand: (H,) targets of the hand on the way [rad].
          ignored: objects that the hand may touch when it is there.
        """
        planner, top = self.planner, palm[:3] + np.array([0.0, 0.0, above])
        for high in planner.postures(side, top, palm[3:]):
            down = planner.line(side, top, palm[:3], palm[3:], high, 6)
            if down is None:
                continue
            first, last = (planner.command(e.command, side, q, hand) for q in (high, down[-1]))
            if not self.around.collides(last, ignored) and not self.around.sweep(e.command, first):
                return high, down
        return None

    def release(self, e: Episode, side: str, opened: Array, back: float = 0.08, up: float = 0.06) -> Commands:
        """Open the hand to `opened` (H,), go back along the palm's normal, up, and home [m]."""
        yield from self.fingers(e, side, opened, 0.5)
        yield from self.wait(e, 0.2)
        away = compose(self.palm(e, side), np.array([0.0, 0.0, -back, 1.0, 0.0, 0.0, 0.0]))
        if not (yield from self.straight(e, side, away)):
            away = self.palm(e, side)
        yield from self.straight(e, side, away + np.array([0.0, 0.0, up, 0.0, 0.0, 0.0, 0.0]))
        yield from self.home(e, side)

    def _over(self, side: str, palms: Sequence[Array], above: float, chain: Array) -> list[tuple[Array, Array]]:
        """Return, for each way in which the palm gets above one of `palms` (7,), that one and chain angles (C,)."""
        starts: list[Array] = []
        owner: list[Array] = []
        for palm in palms:
            seeds = (chain, *self.planner.seeds(side, palm[:3] + np.array([0, 0, above]), palm[3:]))
            starts += seeds
            owner += [palm] * len(seeds)
        places = np.array([p[:3] for p in owner]) + np.array([0, 0, above])
        turns = np.array([rotation(p[3:]) for p in owner])
        solved, good = self.planner.many[side].solve(places, turns, np.array(starts), steps=60)
        home = self.planner.reach[side].home
        found: list[tuple[Array, Array]] = []
        for palm, seed, q, fine in zip(owner, starts, solved, good, strict=True):
            if not fine or (seed is not chain and np.abs(q - home).max() > TURN):
                continue
            if not any(palm is other and np.abs(q - angles).max() < SAME for other, angles in found):
                found.append((palm, q))
        return found

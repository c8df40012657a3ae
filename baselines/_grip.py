"""Grips that follow what the fingertips feel: closed until they press as hard as is wanted, and kept so."""

from collections.abc import Iterable

import numpy as np

from dexbench.core.schema import Array

from ._grasping import PROMPT
from ._motions import Commands, Episode
from ._planner import Reached
from ._skills import Skills

FIRST, LAST = 0.1, 1.2
"""Shares of the way from open hand to the library's squeeze between which a hand closes."""
SPEED = 0.5
"""How fast it closes unless told otherwise, share a second."""
BAND = (0.92, 1.2)
"""Share of the wanted force within which a grip is left as it is."""
SPOTS = 0.05
"""A pad that presses with less than this is not touched [N]."""


class Grip:
    """One side's fingers between open and squeezing, for one grasp."""

    def __init__(self, skills: Skills, found: Reached, want: float, blind: float = LAST, speed: float = SPEED) -> None:
        """Prepare.

        Args:
          skills: what moves the hand.
          found: the grasp.
          want: force of the pad that presses most [N].
          blind: share at which to stop if nothing has ever been felt.
          speed: how fast the hand closes, share a second.
        """
        self.skills, self.found, self.want, self.blind, self.speed = skills, found, want, blind, speed
        self.share, self.touched = 0.0, False
        own = type(skills)
        self.theirs = any(getattr(own, name) is not getattr(Skills, name) for name in ("attempt", "close", "lift"))
        """Whether skills are another's, a cheat's: then it is they that close the hand, and the grip leaves it so."""
        labels = skills.world.observations["touch_net"].labels
        self._own = np.array([name.startswith(f"{found.side}/") for name in labels])

    def felt(self, e: Episode) -> Array:
        """Return (P,) how hard each pad of this hand is touched now [N]."""
        force: Array = np.linalg.norm(np.asarray(e.seen["touch_net"], float)[self._own], axis=1)
        self.touched |= bool(force.max() > SPOTS)
        return force

    def hand(self) -> Array:
        """Return (H,) what the hand is told at the present share [rad]."""
        found = self.found
        return np.asarray(found.pregrasp + self.share * (found.squeeze - found.pregrasp))

    def turn(self, e: Episode, command: Array) -> Array:
        """Return `command` (A,) with the fingers brought closer to the wanted force, by at most one tick's way."""
        pressed, step = float(self.felt(e).max()), self.speed * self.skills.period
        low, high = (share * self.want for share in BAND)
        if pressed < low and self.share < (LAST if self.touched else self.blind):
            self.share += step * min(1.0, (low - pressed) / low + 0.2)
        elif pressed > high:
            self.share -= step * min(2.0, (pressed - high) / high + 0.2)
        self.share = float(np.clip(self.share, 0.0, LAST))
        return self.command(command)

    def command(self, command: Array) -> Array:
        """Return `command` (A,) with the fingers at the present share; as it is where the hand is not the grip's."""
        if self.theirs:
            return command
        planner, side = self.skills.planner, self.found.side
        return planner.command(command, side, command[planner.chain[side]], self.hand())

    def come(self, e: Episode) -> Commands:
        """Bring the open hand around the object."""
        s, plan = self.skills, [self.found]
        yield from s.move(e, s.points(e, plan, [[*self.found.via, self.found.standoff]], closed=False))
        lags = (yield from s.settle(e)) > PROMPT
        points = s.points(e, [s.wider(self.found)], [self.found.approach], closed=False)
        for leg in [[p] for p in points] if lags else [points]:
            yield from s.move(e, leg, 0.8 * len(leg) / len(points))
            yield from s.settle(e)

    def close(self, e: Episode, seconds: float = 4.0, steady: float = 0.4) -> Commands:
        """Close until the wanted force has been kept for `steady` seconds, or `seconds` are over."""
        self.share, kept = FIRST, 0.0
        for _ in range(round(seconds / self.skills.period)):
            yield self.turn(e, e.command)
            good = self.felt(e).max() >= BAND[0] * self.want or (not self.touched and self.share >= self.blind)
            kept = kept + self.skills.period if good else 0.0
            if kept >= steady:
                break

    def take(self, e: Episode, seconds: float = 4.0, steady: float = 0.4) -> Commands:
        """Come and close; see `close`. Skills of another kind close in their own way."""
        if not self.theirs:
            yield from self.come(e)
            yield from self.close(e, seconds, steady)
        elif type(self.skills).attempt is not Skills.attempt:
            yield from self.skills.attempt(e, [self.found])
        else:
            yield from self.skills.close(e, [self.found])

    def attempt(self, e: Episode, closing: float = 4.0, lifting: float = 1.6) -> Commands:
        """Come, close and lift, in so many seconds; skills of another kind make their own attempt."""
        if self.theirs:
            yield from self.skills.attempt(e, [self.found])
            return
        yield from self.take(e, closing)
        yield from self.lift(e, lifting)

    def keeping(self, e: Episode, commands: Iterable[Array]) -> Commands:
        """Run a motion of the arm and keep the wanted force meanwhile."""
        for command in commands:
            yield self.turn(e, command)

    def lift(self, e: Episode, seconds: float = 1.6) -> Commands:
        """Lift what is held."""
        s = self.skills
        yield from self.keeping(e, s.move(e, s.points(e, [self.found], [self.found.lift], closed=True), seconds))
        yield from self.keeping(e, s.settle(e))

    def stay(self, e: Episode, seconds: float = 1e9) -> Commands:
        """Stay, with the wanted force."""
        for _ in range(round(min(seconds, 1e4) / self.skills.period)):
            yield self.turn(e, e.command)

"""What the scripted agent can do with objects: generators of commands, for scripts to put together.

A script is `def script(skills, episode) -> Iterator[Array]`: it yields commands for ever. Skills are run with `yield
from`; those that may fail return whether they succeeded.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dexbench.core.errors import ContractError
from dexbench.core.schema import Array
from dexbench.core.world import WorldSpec
from dexbench.grasp.library import Grasps, has_grasps, load_grasps

from ._detour import detour
from ._motions import Attempt, Commands, Episode, Motions
from ._planner import RISE, SAME, TURN, Reached
from ._poses import compose, inverse, turned
from ._symmetry import mirror, rotation, turnings

PROMPT = 8
"""Ticks of it that an arm needs at most which follows its commands closely."""
WIDER, WIDEST = 0.3, 0.15
"""How much further the hand on an arm that lags opens while it comes: share of the way from squeeze to opening, and at
most so much [rad]. Without it a thumb meets a tray's handle on the way and pushes the arm aside."""
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


class Skills(Motions):
    """The expert's hands: everything that does not depend on the task."""

    across = 0.8
    """Least time in which something is carried over its goal [s]; a script may take more."""

    def __init__(self, world: WorldSpec, **settings: Any) -> None:
        """Prepare for what `world` declares; `settings` are for scripts that have any.

        Raises:
          ContractError: there is no right hand, or no grasp of it is known.
        """
        super().__init__(world, **settings)
        self.hand = self.robot.parts["right"].hand.name if "right" in self.robot.sides else ""
        if not self.hand:
            raise ContractError("the scripted agent needs a right hand: its grasps are those of one")
        if not has_grasps(self.hand):
            raise ContractError(
                f"the scripted agent has no grasps for hand {self.hand!r}; search for some with: "
                f"dexbench train scripted --embodiment {self.robot.name}"
            )

    # --- Grasping --------------------------------------------------------------------------------------------------

    def grasps(self, side: str, name: str) -> Grasps:
        """Return the library's grasps of an object for one hand."""
        found = load_grasps(self.hand, name)
        return found if side == "right" else mirror(found, self.robot.parts[side].hand)

    def plan(
        self,
        e: Episode,
        k: int,
        sides: Sequence[str] = (),
        rise: float = RISE,
        grasps: Callable[[str, str], Grasps] | None = None,
    ) -> list[Reached]:
        """Return one side's grasp of slot k, or both sides' for an object with two handles; empty if none is reached.

        Args:
          e: the episode; it remembers which grasps were tried.
          k: slot.
          sides: hands that may be used, in this order; default: the nearer one first.
          rise: how far the palm will be lifted [m].
          grasps: of a side and an object, best first; default: the library's.
        """
        model, pose = self.model(e, k), self.pose(e, k)
        self.around.see(e.seen, (k,))
        two = {"handle_right", "handle_left"} <= {p.name for p in model.parts}
        order = sides or (self.sides if two else self.nearest(pose))
        plan: list[Reached] = []
        base = e.command
        for side in order:
            tried = e.tried.setdefault((side, k), set())
            known = (grasps or self.grasps)(side, model.name)
            around = {part: turnings(model, part) for part in set(known.part)}
            found = self.planner.grasp(side, k, pose, around, known, base, frozenset(tried), rise)
            if found is not None:
                plan.append(found)
                tried.add(found.row)
                base = self.planner.command(base, side, found.standoff, found.pregrasp)
                if not two:
                    break
        if not plan:
            e.tried.clear()
        return plan if not two or len(plan) == len(order) else []

    def attempt(self, e: Episode, plan: Sequence[Reached]) -> Commands:
        """Reach, approach, close, squeeze, lift: all sides of the plan together."""
        lags = yield from self.close(e, plan)
        yield from self.lift(e, plan, lags)

    def close(self, e: Episode, plan: Sequence[Reached]) -> Generator[Array, None, bool]:
        """Reach, approach, close and squeeze; return whether an arm lags: it goes step by step, to keep to its line."""
        waited = 0
        for found in plan:  # one arm after the other: so it was planned, and so they stay clear of each other
            yield from self.move(e, self.points(e, [found], [[*found.via, found.standoff]], closed=False))
            waited = max(waited, (yield from self.settle(e)))
        lags = waited > PROMPT
        coming = [self.wider(p) for p in plan] if lags else plan
        points = self.points(e, coming, [p.approach for p in coming], closed=False)
        for leg in [[p] for p in points] if lags else [points]:
            yield from self.move(e, leg, 0.6 * len(leg) / len(points))
            yield from self.settle(e)
        yield from self.move(e, self.points(e, plan, [[p.approach[-1]] for p in plan], closed=True), 0.5)
        yield from self.wait(e, 0.4)
        return lags

    def lift(self, e: Episode, plan: Sequence[Reached], lags: bool = False) -> Commands:
        """Lift what is held, slowly with an arm that lags."""
        yield from self.move(e, self.points(e, plan, [p.lift for p in plan], closed=True), 2.5 if lags else 1.0)
        yield from self.settle(e)

    def let_go(self, e: Episode, plan: Sequence[Reached]) -> Commands:
        """Open, back away upwards and go home."""
        yield from self.move(e, self.points(e, plan, [[p.lift[-1]] for p in plan], closed=False), 0.4)
        yield from self.wait(e, 0.3)
        yield from self.home(e)

    def put_back(self, e: Episode, found: Reached) -> Commands:
        """Put what is held down where it stood; the hand stays closed."""
        yield from self.move(e, self.points(e, [found], [[*found.lift[::-1], found.approach[-1]]], closed=True), 1.0)
        yield from self.settle(e)

    def wider(self, found: Reached) -> Reached:
        """Return the plan with the hand opened further, for an arm that strays from its line by some millimetres."""
        hand = self.planner.hand[found.side]
        further = np.clip(WIDER * (found.pregrasp - found.squeeze), -WIDEST, WIDEST)
        limits = self.robot.limits
        return replace(found, pregrasp=np.clip(found.pregrasp + further, limits.lower[hand], limits.upper[hand]))

    def points(
        self, e: Episode, plan: Sequence[Reached], chains: Sequence[Sequence[Array]], closed: bool
    ) -> list[Array]:
        """Return commands through `chains`, one list of chain angles for each side of the plan."""
        points = []
        for k in range(len(chains[0])):
            command = e.command
            for found, chain in zip(plan, chains, strict=True):
                hand = found.squeeze if closed else found.pregrasp
                command = self.planner.command(command, found.side, chain[k], hand)
            points.append(command)
        return points

    # --- With something in the hand --------------------------------------------------------------------------------

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
                plan = [self.firmer(p) for p in plan]
                yield from self.move(e, self.points(e, plan, [[p.lift[-1]] for p in plan], closed=True), 0.3)
            yield e.command

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

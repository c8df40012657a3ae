"""What the scripted agent does to get hold of an object: generators of commands, for scripts to put together."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dexbench.core.errors import ContractError
from dexbench.core.schema import Array
from dexbench.core.world import WorldSpec
from dexbench.grasp.library import Grasps, has_grasps, load_grasps

from ._motions import Commands, Episode, Motions
from ._planner import RISE, Reached
from ._symmetry import mirror, turnings

PROMPT = 8
"""Ticks of it that an arm needs at most which follows its commands closely."""
WIDER, WIDEST = 0.3, 0.15
"""How much further the hand on an arm that lags opens while it comes: share of the way from squeeze to opening, and at
most so much [rad]. Without it a thumb meets a tray's handle on the way and pushes the arm aside."""


class Grasping(Motions):
    """Grasps of the library: planned, reached, closed, lifted, let go."""

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

        What failed before in the same scene is not planned again.

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
        asked = (k, tuple(order), rise, grasps, tuple(frozenset(e.tried.get((side, k), ())) for side in order))
        scene = np.concatenate([np.ravel(e.seen.get(n, ())) for n in ("object_pose", "articulation")] + [e.command])
        if e.vain.has(asked, scene):
            e.tried.clear()
            return []
        plan: list[Reached] = []
        base = e.command
        for side in order:
            tried = e.tried.setdefault((side, k), set())
            known = (grasps or self.grasps)(side, model.name)
            around = {part: turnings(model, part) for part in set(known.part)}
            as_found = {part: ways[:1] for part, ways in around.items()}
            found = None
            for ways in (as_found, around) if two else (around,):  # a tray bends wrists: what was tried comes first
                found = found or self.planner.grasp(side, k, pose, ways, known, base, frozenset(tried), rise)
            if found is not None:
                plan.append(found)
                tried.add(found.row)
                base = self.planner.command(base, side, found.standoff, found.pregrasp)
                if not two:
                    break
        if not plan:
            e.tried.clear()
        if not plan or (two and len(plan) < len(order)):
            e.vain.note(asked, scene)
            return []
        return plan

    def planned(
        self, e: Episode, k: int, grasps: Callable[[str, str], Grasps] | None = None
    ) -> Generator[Array, None, list[Reached]]:
        """Return a plan for slot k, see `plan`; until there is one, stay at home and look again every second.

        What rolls may come to rest meanwhile, and planning at every tick is dear.
        """
        while not (plan := self.plan(e, k, grasps=grasps)):
            yield from self.home(e)
            yield from self.wait(e, 1.0)
        return plan

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

    def put_back(self, e: Episode, plan: Sequence[Reached]) -> Commands:
        """Put what is held down where it stood; hands stay closed."""
        down = [[*found.lift[::-1], found.approach[-1]] for found in plan]
        yield from self.move(e, self.points(e, plan, down, closed=True), 1.0)
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

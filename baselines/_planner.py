"""Plans of the scripted agent: a grasp from the library, reached without touching anything, as commands over time."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.schema import Array
from dexbench.core.world import WorldSpec
from dexbench.grasp.library import Grasps
from dexbench.robots.kinematics import Reach
from dexbench.robots.many_reach import ManyReach

from ._arm import arm_of, nearest, postures_of
from ._poses import between, quaternion_of
from ._surroundings import Surroundings
from ._symmetry import rotation

STANDOFF = 0.09
"""Straight approach along the palm's normal [m]."""
RISE = 0.16
"""How far the palm is lifted [m]: the task asks for 0.10, and fingers give way."""
SPEED = 0.8
"""Share of the speed limits that plans use."""
TURN = 3.4
"""Largest way of any joint from home [rad]: beyond it, another branch of the arm's solutions begins."""
ELBOW = 0.07
"""Least height of the end of the arm, 2 cm behind the hand [m]."""
TRIES = 90
"""Grasps tried in a plan."""
FEW, FAR = 6, 4
"""How many of them are solved for together at first, and how many times as many there are after each round."""
SAME = 1e-3
"""Chain angles that differ by less are one posture [rad]."""
OVER = (0.10, 0.20)
"""How much higher the way to a standoff may go [m]."""
JUMP = 0.5
"""Largest step of a joint between two points of a straight line [rad]: more is another branch."""


@dataclass(frozen=True)
class Reached:
    """How one side gets to a grasp: angles of arm and wrist (C,) [rad] and hand commands (H,) [rad]."""

    side: str
    standoff: Array
    approach: tuple[Array, ...]
    lift: tuple[Array, ...]
    pregrasp: Array
    squeeze: Array
    row: int
    """Which grasp of the library it is."""
    via: tuple[Array, ...] = ()
    """Where the way to the standoff goes, if not straight."""


class Planner:
    """Plans for one embodiment among the objects that an observation shows."""

    def __init__(self, world: WorldSpec) -> None:
        """Prepare for what `world` declares."""
        self.robot: Embodiment = world.embodiment
        self.around = Surroundings(world)
        robot, model = self.robot, self.around.model
        self.reach = {side: Reach(robot, side) for side in robot.sides}
        order = [a.name for a in robot.actuators]
        self.chain = {s: np.array([order.index(j) for j in r.joints]) for s, r in self.reach.items()}
        """Places of each side's arm and wrist in a command."""
        wrists = np.concatenate(list(self.chain.values()))
        self.fingers = np.setdiff1d(robot.actuator_index(part="hand"), wrists)
        """Places of the fingers' actuators in a command: all of the hands but the wrists."""
        self.hand = {s: robot.actuator_index(s, "hand") for s in robot.sides}
        """Places of each side's hand, wrist included, in a command."""
        self.many = {s: ManyReach(r) for s, r in self.reach.items()}
        self._arm = {s: arm_of(model, robot, s) for s in robot.sides}
        self._postures = {s: postures_of(r, len(robot.parts[s].arm.moving)) for s, r in self.reach.items()}

    def command(self, base: Array, side: str, chain: Array, hand: Array | None = None) -> Array:
        """Return `base` (A,) with one side's chain angles, and its hand shape if given, put in."""
        full = base.copy()
        if hand is not None:
            full[self.hand[side]] = hand
        full[self.chain[side]] = chain  # the wrist belongs to both: the chain's has the last word
        return full

    def grasp(
        self,
        side: str,
        target: int,
        pose: Array,
        turnings: Mapping[str, Sequence[tuple[Array, Array]]],
        grasps: Grasps,
        base: Array,
        tried: frozenset[int] = frozenset(),
        rise: float = RISE,
    ) -> Reached | None:
        """Return the first grasp of the library, in its order, that this side reaches; None if there is none.

        Args:
          side: which hand.
          target: which object, as an index into the observed ones.
          pose: (7,) of the object in the cell frame.
          turnings: for each part, motions in the object frame under which it looks the same: rotation (3, 3) and shift
            (3,) [m].
          grasps: for this side already.
          base: (A,) command from which the hand comes.
          tried: rows that are not to be used again.
          rise: how far the palm is lifted [m].
        """
        options = list(self._placed(side, pose, turnings, grasps, tried))
        standoffs: list[list[Array]] = []
        for room, brush in ((True, False), (False, False), (False, True)):
            self.around.keep(room)
            for k, (row, position, turn) in enumerate(options):
                if k >= len(standoffs):
                    standoffs += self._standoffs(side, options[k : max(FEW, FAR * k)])
                for first in standoffs[k]:
                    found = self._follow(side, target, position, turn, first, grasps, row, base, brush, rise)
                    if found is not None:
                        return found
        return None

    def _standoffs(self, side: str, options: Sequence[tuple[int, Array, Array]]) -> list[list[Array]]:
        """Return, for each of some grasps, the chain angles from which the hand goes straight to it."""
        reach, many = self.reach[side], self.many[side]
        starts, places, turns, owner = [], [], [], []
        for k, (_, position, turn) in enumerate(options):
            away = position - STANDOFF * turn[:, 2]
            for seed in self.seeds(side, away, quaternion_of(turn)):
                starts.append(seed)
                places.append(away)
                turns.append(turn)
                owner.append(k)
        solved, good = many.solve(np.array(places), np.array(turns), np.array(starts), steps=40)
        good &= np.abs(solved - reach.home).max(axis=1) <= TURN
        found: list[list[Array]] = [[] for _ in options]
        for k, q, fine in zip(owner, solved, good, strict=True):
            if fine and not any(np.abs(q - other).max() < SAME for other in found[k]):
                found[k].append(q)
        return found

    def postures(self, side: str, position: Array, quaternion: Array) -> Iterator[Array]:
        """Yield chain angles (C,) that bring the palm to a pose, from several starts."""
        reach = self.reach[side]
        for seed in self.seeds(side, position, quaternion):
            solved = reach.solve(position, quaternion, seed, steps=40)
            if solved.found and np.abs(solved.q - reach.home).max() <= TURN:
                yield solved.q

    def seeds(self, side: str, position: Array, quaternion: Array) -> tuple[Array, ...]:
        """Return chain angles (C,) from which to solve for a palm pose."""
        return (self.reach[side].home, *nearest(self._postures[side], position, quaternion))

    def beyond(self, side: str, position: Array, turn: Array) -> bool:
        """Return whether a palm at `position` (3,), turned by `turn` (3, 3), is out of the question: too far or low."""
        shoulder, far, behind = self._arm[side]
        elbow = position + turn @ behind
        return bool(elbow[2] < ELBOW or np.linalg.norm(elbow - shoulder) > far)

    def line(
        self, side: str, start: Array, end: Array, quaternion: Array, seed: Array, steps: int
    ) -> tuple[Array, ...] | None:
        """Return chain angles along a straight line of the palm, or None where it leaves the reach or jumps.

        Args:
          side: which hand.
          start: (3,) where the palm is [m]; the first point is one step further.
          end: (3,) where it goes [m].
          quaternion: (4,) wxyz of the palm, all the way; or (2, 4): at the start and at the end.
          seed: (C,) chain angles at the start [rad].
          steps: points.
        """
        turns = np.atleast_2d(quaternion)
        found = []
        for t in np.linspace(0, 1, steps + 1)[1:]:
            turn = between(turns[0], turns[-1], float(t))
            solution = self.reach[side].solve(start + t * (np.asarray(end) - start), turn, seed, steps=30)
            if not solution.found or np.abs(solution.q - seed).max() > JUMP:
                return None
            seed = solution.q
            found.append(seed)
        return tuple(found)

    def _placed(
        self,
        side: str,
        pose: Array,
        turnings: Mapping[str, Sequence[tuple[Array, Array]]],
        grasps: Grasps,
        tried: frozenset[int],
    ) -> Iterator[tuple[int, Array, Array]]:
        """Yield (row, palm position, palm rotation) in the cell frame, those worth an inverse kinematics first."""
        stand = rotation(pose[3:])
        ahead = pose[:2] - self._arm[side][0][:2]
        ahead /= np.linalg.norm(ahead)
        options = []
        for row in range(len(grasps)):
            if row in tried:
                continue
            own = rotation(grasps.quaternion[row])
            for spin, shift in turnings[grasps.part[row]]:
                turn = stand @ spin @ own
                position = pose[:3] + stand @ (spin @ grasps.position[row] + shift)
                if self.beyond(side, position, turn):
                    continue
                along = float(turn[:2, 1] @ ahead)  # fingers pointing away from the base are easy to reach
                options.append((row - 4.0 * along, row, position, turn))
        options.sort(key=lambda o: o[0])
        for _, row, position, turn in options[:TRIES]:
            yield row, position, turn

    def _follow(
        self,
        side: str,
        target: int,
        position: Array,
        turn: Array,
        first: Array,
        grasps: Grasps,
        row: int,
        base: Array,
        brush: bool,
        rise: float,
    ) -> Reached | None:
        """Return the way over the standoff at chain angles `first` to the grasp and up, or None if something is met.

        The search for grasps has tried the straight approach: with `brush`, fingers may touch the object on it.
        """
        around, open_hand, quaternion = self.around, grasps.pregrasp[row], quaternion_of(turn)
        standing = self.command(base, side, first, open_hand)
        if around.collides(standing):
            return None
        approach = self.line(side, position - STANDOFF * turn[:, 2], position, quaternion, first, 4)
        ignore: Collection[int] = (target,) if brush else ()
        if approach is None or any(
            around.collides(self.command(base, side, q, open_hand), ignore) for q in approach[::-1]
        ):
            return None
        via = self._way(side, base, standing, position - STANDOFF * turn[:, 2], quaternion, open_hand)
        if via is None:
            return None
        lift = self.line(side, position, np.add(position, (0, 0, rise)), quaternion, approach[-1], 6)
        if lift is None:
            return None
        if around.collides(self.command(base, side, lift[-1], grasps.squeeze[row]), (target,)):
            return None
        return Reached(side, first, approach, lift, open_hand, grasps.squeeze[row], row, via)

    def _way(
        self, side: str, base: Array, standing: Array, away: Array, quaternion: Array, hand: Array
    ) -> tuple[Array, ...] | None:
        """Return the chain angles between which a way from `base` to `standing` is free; None if none was found.

        Straight, or over a place higher up: objects stand on the table, and the way down to one is short.
        """
        if not self.around.sweep(base, standing):
            return ()
        seed = standing[self.chain[side]]
        for up in OVER:
            high = self.reach[side].solve(np.add(away, (0, 0, up)), quaternion, seed, steps=40)
            if high.found and np.abs(high.q - seed).max() <= 2 * JUMP:
                over = self.command(base, side, high.q, hand)
                if not self.around.sweep(base, over) and not self.around.sweep(over, standing):
                    return (high.q,)
        return None


def timed(limits_velocity: Array, period: float, points: Sequence[Array], least: float = 0.0) -> list[Array]:
    """Return one command per control tick through `points`, starting after the first, at rest at both ends.

    Args:
      limits_velocity: (A,) [rad/s].
      period: control period [s].
      points: (A,) commands.
      least: shortest duration [s].
    """
    times = [0.0]
    for a, b in zip(points, points[1:], strict=False):
        times.append(times[-1] + max(float((np.abs(b - a) / (SPEED * limits_velocity)).max()), 1e-3))
    # 1.5: the smooth start and stop below go faster than the mean in the middle
    total = max(times[-1] * 1.5, least)
    ticks = max(1, int(np.ceil(total / period)))
    s = np.arange(1, ticks + 1) / ticks
    progress = s * s * (3 - 2 * s) * times[-1]
    stacked = np.stack(points)
    k = np.clip(np.searchsorted(times, progress, side="right") - 1, 0, len(points) - 2)
    share = (progress - np.array(times)[k]) / np.diff(times)[k]
    return list(stacked[k] + share[:, None] * (stacked[k + 1] - stacked[k]))

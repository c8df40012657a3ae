"""Demonstrations of one robot as commands of another: pads where they were, forces as they were, arms that follow.

Three steps. Pads of the other hand are put where the first hand's were measured (fingertip_alignment.py). Then the hand
must squeeze: the first hand was commanded to a place inside of the object and held back by it. What its servos pulled
with becomes forces on the pads, and these become the other hand's torques, hence how far its own commands lead: for a
servo of stiffness k, u' = q' + J'^T F / k', where F solves J^T F = k (u - q) by damped least squares. In free motion
the same term is the lead of a command over a finger that lags. Last, inverse kinematics bring the palm to its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import DataError
from dexbench.core.rotations import matrix_quaternion
from dexbench.robots.kinematics import LEVER, Reach, Solution

from .fingertip_alignment import Aligned, Wanted, Weights, align
from .hand_pads import HandPads
from .lerobot_episode import Episode

Floats = NDArray[np.float64]

FULL = 1.0
"""Force from which a pad counts as in contact [N]."""
STILL = 0.04
"""Speed in the palm's frame at which a pad that is pulled at is hardly in contact [m/s]."""
NEAR = 1e-3
"""Miss of a palm that the fingers need not make up for [m]."""
RATE = 25.0
"""Frames a second, where nothing else is said."""
LEAST = 0.02
"""Damping of the search for forces, as a share of the largest entry."""
CALM = 0.8
"""Share of the speed limits on the way from home to where a demonstration begins."""
DRAWN, WAYS, THIN = 30, 6, 10
"""Postures drawn from which ways to hold the palm are looked for, ways that are tried, on every so manyth frame."""
FEEL = 3
"""Frames before and after, over which contact is spread: fingers are in place before they touch."""


@dataclass(frozen=True)
class Retargeted:
    """A demonstration for another robot."""

    commands: Floats
    """(T', A) joint targets [rad]; the first `joined` lead from home to where the demonstration begins."""
    joined: int
    hands: Mapping[str, Aligned]
    """By side."""
    contact: Mapping[str, Floats]
    """By side: (T, F) in [0, 1], of the same fingers as in `hands`."""
    reach: Floats
    """(T, S) by how much palms miss their place, out of reach or at a limit [m]; a radian counts as LEVER metres."""


class Retargeting:
    """From one robot to another; hands are mapped side by side.

    Args:
      source: whose demonstrations are given.
      target: who is to repeat them.
      squeeze: factor on the forces.
      weights: of the alignment.

    Raises:
      DataError: the other robot lacks a hand that the first one has.
    """

    def __init__(
        self, source: Embodiment, target: Embodiment, squeeze: float = 1.0, weights: Weights | None = None
    ) -> None:
        lacking = [s for s in source.sides if s not in target.sides]
        if lacking:
            raise DataError(
                f"embodiment {target.name!r} has no {' and no '.join(lacking)} hand, demonstrations of {source.name!r} "
                "need it; choose a robot with both hands"
            )
        self.source, self.target = source, target
        self._squeeze, self._weights = squeeze, weights or Weights()
        self._pads = {s: (HandPads(source, s), HandPads(target, s)) for s in source.sides}
        self._reach = {s: Reach(target, s) for s in source.sides}
        names = {a.joints[0]: i for i, a in enumerate(target.actuators) if len(a.joints) == 1}
        self._chain = {s: np.array([names[j] for j in r.joints]) for s, r in self._reach.items()}

    def __call__(self, episode: Episode) -> Retargeted:
        """Return the episode for the other robot."""
        angles = episode.columns["observation.state"].astype(np.float64)
        setpoint = episode.columns["observation.setpoint"].astype(np.float64)
        commands = np.tile(self.target.home, (len(angles), 1))
        hands, contact, misses = {}, {}, []
        for side, (first, second) in self._pads.items():
            pads, normals = first.at_angles(angles)
            measured = self.source.command(angles)[:, first.motors]
            force = forces(first, measured, setpoint[:, first.motors])
            touch = touching(pads, normals, force)
            wanted = Wanted(first.fingers, pads, normals, touch)
            where, facing = first.palm(angles)
            aligned = align(second, wanted, self._posture(side, measured), self._weights)
            commands[:, self._chain[side]], miss = self._follow(side, where, facing, aligned)
            if miss.max() > NEAR:  # where the arm does not bring the palm, fingers make up for what they can
                held = self._held(second, commands, where, facing)
                aligned = align(second, wanted, aligned.commands, self._weights, palm=held)
            theirs = [first.fingers.index(f) for f in aligned.fingers]
            lead = self._lead(second, aligned, theirs, force)
            commands[:, second.motors] = np.clip(aligned.commands + lead, second.lower, second.upper)
            hands[side], contact[side] = aligned, touch[:, theirs]
            misses.append(miss)
        way = join(self.target, commands[0])
        return Retargeted(np.concatenate([way, commands]), len(way), hands, contact, np.stack(misses, 1))

    def _posture(self, side: str, measured: Floats) -> Floats:
        """Return commands (T, m) of the other hand: motors are where those of the same role were in their ranges."""
        first, second = self._pads[side]
        home = self.target.home[second.motors]
        found = np.tile(home, (len(measured), 1))
        for i, role in enumerate(second.roles):
            if role in first.roles:
                j = first.roles.index(role)
                share = (measured[:, j] - first.lower[j]) / (first.upper[j] - first.lower[j])
                found[:, i] = second.lower[i] + share * (second.upper[i] - second.lower[i])
        return found

    def _lead(self, hand: HandPads, aligned: Aligned, theirs: list[int], force: Floats) -> Floats:
        """Return how far commands (T, m) [rad] lead, so that the servos press with `force` (T, F, 3) [N]."""
        ours = [hand.fingers.index(f) for f in aligned.fingers]
        slope = hand.slopes(aligned.commands)[0][:, ours]
        pressing = np.einsum("tji,tfj->tfi", aligned.turn, force[:, theirs])
        torque = self._squeeze * np.einsum("tfim,tfi->tm", slope, pressing)
        found: Floats = np.clip(torque, -hand.torque, hand.torque) / hand.stiffness
        return found

    def _held(self, hand: HandPads, commands: Floats, where: Floats, facing: Floats) -> tuple[Floats, Floats]:
        """Return shift (T, 3) [m] and turn (T, 3, 3) of the palm at `commands`, seen from `where` and `facing`."""
        place, turn = hand.palm(self.target.joint_angles(commands))
        back = facing.swapaxes(1, 2)
        return (back @ (place - where)[..., None])[..., 0], back @ turn

    def _follow(self, side: str, position: Floats, turn: Floats, aligned: Aligned) -> tuple[Floats, Floats]:
        """Return commands (T, chain) of arm and wrist that carry the palm, and by how much they miss (T,) [m].

        Arms have several ways to hold a palm, and from some of them the rest of the motion is out of reach: a few are
        tried on a thinned motion, and the one that misses least, then moves least, is taken.
        """
        where = position + (turn @ aligned.shift[..., None])[..., 0]
        poses = list(zip(where, (matrix_quaternion(t) for t in turn @ aligned.turn), strict=True))
        reach = self._reach[side]
        rng = np.random.default_rng(0)
        drawn = [reach.home, *rng.uniform(reach.lower, reach.upper, (DRAWN, len(reach.home)))]
        ways = sorted((reach.solve(*poses[-1], seed, 40) for seed in drawn), key=_miss)[:WAYS]
        begin, cost = reach.home, np.inf
        for way in ways:
            path, misses = _led(reach, poses[::-THIN], way.q)
            price = 100 * float(misses.mean()) + float(np.abs(np.diff(path, axis=0)).sum(0).max())
            price += float(np.abs(path[-1] - reach.home).max())
            if price < cost:
                begin, cost = path[-1], price
        return _led(reach, poses, begin)


def _led(reach: Reach, poses: Sequence[tuple[Floats, Floats]], seed: Floats) -> tuple[Floats, Floats]:
    """Return angles (T, chain) [rad] that lead through `poses`, each found near the one before, and misses (T,) [m]."""
    found, misses = [], []
    for position, quaternion in poses:
        solved = reach.solve(position, quaternion, seed, 20)
        seed = solved.q
        found.append(seed)
        misses.append(_miss(solved))
    return np.array(found), np.array(misses)


def _miss(solved: Solution) -> float:
    return solved.position_error + LEVER * solved.rotation_error


def forces(hand: HandPads, measured: Floats, setpoint: Floats) -> Floats:
    """Return the forces (T, F, 3) [N] on a hand's pads, in the palm's frame, that its servos account for.

    Args:
      hand: whose.
      measured: (T, m) where its motors were [rad].
      setpoint: (T, m) where they were led to [rad].
    """
    torque = np.clip(hand.stiffness * (setpoint - measured), -hand.torque, hand.torque)
    slope = hand.slopes(measured)[0]
    count, fingers, _, m = slope.shape
    flat: Floats = slope.reshape(count, fingers * 3, m)
    square = np.asarray(flat @ flat.swapaxes(1, 2))
    square = square + LEAST * square.max((1, 2), keepdims=True) * np.eye(fingers * 3)
    found: Floats = np.linalg.solve(square, flat @ torque[..., None]).reshape(count, fingers, 3)
    return found


def touching(pads: Floats, normals: Floats, force: Floats, rate_hz: float = RATE) -> Floats:
    """Return how surely pads touch (T, F) in [0, 1]: they press along their normals and stand still in the hand.

    A finger that is on its way is pulled at by its servos as well.
    """
    pressing = np.clip(np.einsum("tfi,tfi->tf", force, normals) / FULL, 0, 1)
    speed = np.linalg.norm(np.gradient(pads, axis=0), axis=2) * rate_hz
    return spread(pressing * np.exp(-((speed / STILL) ** 2)), FEEL)


def spread(values: Floats, reach: int) -> Floats:
    """Return the largest of the values (T, F) within `reach` frames before and after each."""
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    found: Floats = np.max([padded[i : i + len(values)] for i in range(2 * reach + 1)], axis=0)
    return found


def join(robot: Embodiment, begin: Floats, rate_hz: float = RATE) -> Floats:
    """Return targets (n, A) [rad] that lead a robot from home to `begin` with minimal jerk, slower than its limits."""
    far = np.abs(begin - robot.home)
    seconds = float((1.875 * far / (CALM * robot.limits.velocity)).max())  # its top speed is 15/8 of the mean
    steps = int(np.ceil(seconds * rate_hz)) + 1
    s = (np.arange(steps) / steps)[:, None]
    found: Floats = robot.home + (begin - robot.home) * s**3 * (10 - 15 * s + 6 * s * s)
    return found

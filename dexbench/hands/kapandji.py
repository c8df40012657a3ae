"""Kapandji's score: which of ten places on the fingers and the palm the thumb's tip can touch.

Inverse kinematics for the thumb and the touched finger together, within the makers' ranges, couplings kept; the other
fingers stay out of the way. The tip of the thumb is the palmar and distal half of the ball at the end of its last link:
its pulp touches, not its nail. A landmark is reached if the skin of the tip comes within 5 mm of it while no two links
are deeper than 2 mm in each other.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dexbench.core.schema import Array

from ._descent import descend
from .body import Hand
from .landmarks import NAMES, Landmark, landmarks, tip_ball

NEAR = 0.005
"""Largest distance of the thumb's tip from the landmark [m]."""
DEEP = 0.002
"""Largest depth of one link in another [m]."""
SAMPLES = 1500
"""Postures drawn for each landmark."""
STARTS = 10
"""The best of them are refined."""
AWAY = 0.05
"""Weight of a command's distance from its wish, over its range, against a millimetre."""


@dataclass(frozen=True)
class Touch:
    """What came of one landmark."""

    number: int
    name: str
    passed: bool
    distance: float | None
    """From the tip's skin to the landmark, at the best posture [m]; None: the hand has no such landmark."""
    depth: float
    """Of the deepest pair of links there [m]."""
    free: float | None
    """Distance that the joints alone allow, links passing through each other [m]."""
    command: Array
    """(H,) the best posture [rad]."""
    why: str
    """What is in the way; empty where it passed."""


@dataclass(frozen=True)
class Kapandji:
    """The ten results."""

    touches: tuple[Touch, ...]

    @property
    def strict(self) -> int:
        """Largest k such that 1 to k all passed."""
        return next((k for k, touch in enumerate(self.touches) if not touch.passed), len(self.touches))

    @property
    def loose(self) -> int:
        """How many passed."""
        return sum(touch.passed for touch in self.touches)


def kapandji(hand: Hand, seed: int = 0, each: Callable[[], None] = lambda: None) -> Kapandji:
    """Return the score of a hand that is alone in its model.

    Args:
      hand: what to test.
      seed: of the drawn postures.
      each: called after each landmark.
    """
    found = []
    for number, landmark in enumerate(landmarks(hand), start=1):
        if "thumb" not in hand.fingers:
            found.append(_absent(hand, number, "the hand has no thumb"))
        elif landmark is None:
            found.append(_absent(hand, number, _missing(hand, number)))
        else:
            found.append(_Search(hand, landmark, seed).run())
        each()
    return Kapandji(tuple(found))


def _missing(hand: Hand, number: int) -> str:
    finger = ("index", "index", "index", "middle", "ring", "little", "little", "little", "little", "little")[number - 1]
    if finger not in hand.fingers:
        return f"the hand has no {finger} finger"
    return f"the {finger} finger has no such phalanx: {', '.join(hand.fingers[finger].links)}"


def _absent(hand: Hand, number: int, why: str) -> Touch:
    return Touch(number, NAMES[number - 1], False, None, 0.0, None, hand.rest, why)


class _Search:
    """Looks for the posture in which the thumb touches one landmark."""

    def __init__(self, hand: Hand, landmark: Landmark, seed: int) -> None:
        self.hand, self.landmark = hand, landmark
        self.free = [*hand.movers("thumb"), *hand.movers(landmark.finger)]
        self.base = hand.rest.copy()
        self.rng = np.random.default_rng([seed, landmark.number])
        hand.pose(hand.rest)
        centre, self.radius = tip_ball(hand, "thumb")
        self.body = hand.bodies[list(hand.fingers["thumb"].links.values())[-1]]
        turn = hand.data.xmat[self.body].reshape(3, 3)
        self.centre = (centre - hand.data.xpos[self.body]) @ turn
        along = hand.data.site_xpos[hand.tips["thumb"]] - hand.data.xpos[self.body]
        out = along / np.linalg.norm(along)
        if "thumb" in hand.pads:
            out = out + hand.data.site_xmat[hand.pads["thumb"]].reshape(3, 3)[:, 2]
        self.front = out / np.linalg.norm(out) @ turn
        """Half way between the thumb's pad and its end, in the frame of its last link."""
        self.target_body = hand.bodies[landmark.link]
        self.wish = self.base[self.free]
        self.span = (hand.upper - hand.lower)[self.free]

    def look(self, free: Array) -> tuple[float, float, float]:
        """Return the distance [m], how far the landmark faces the pulp (1 in front, -1 behind), and the signed gap."""
        hand, data = self.hand, self.hand.data
        command = self.base.copy()
        command[self.free] = free
        hand.pose(command)
        turn = data.xmat[self.body].reshape(3, 3)
        centre = data.xpos[self.body] + turn @ self.centre
        at = data.xpos[self.target_body] + data.xmat[self.target_body].reshape(3, 3) @ self.landmark.at
        out = data.xmat[self.target_body].reshape(3, 3) @ self.landmark.out
        to = at - centre
        length = float(np.linalg.norm(to))
        facing = float(to @ (turn @ self.front)) / max(length, 1e-9)
        return length - self.radius, facing, float(-to @ out)

    def distance(self, free: Array) -> float:
        """Return from how far the pulp misses the landmark [m]."""
        gap, facing, _ = self.look(free)
        behind = self.radius * np.sqrt(2) if facing < 0 else 0.0  # the nail's side: to the rim of the pulp and beyond
        return abs(gap) if facing >= 0 else float(np.hypot(gap, behind))

    def residuals(self, free: Array, solid: bool) -> Array:
        gap, facing, _ = self.look(free)
        depth = 0.0
        if solid:
            over = np.maximum(self.hand.depths() - 0.5 * DEEP, 0)
            depth = float(np.sqrt(over @ over))
        pull = AWAY * (free - self.wish) / self.span
        return np.array([gap * 1000, 3 * max(0.0, 0.15 - facing), 1000 * depth, *pull])

    def run(self) -> Touch:
        hand = self.hand
        lower, upper = hand.lower[self.free], hand.upper[self.free]
        drawn = self.rng.uniform(lower, upper, (SAMPLES, len(self.free)))
        near = np.array([(lambda r: r @ r)(self.residuals(q, False)[:2]) for q in drawn])
        order = np.argsort(near)
        best: tuple[float, Array] = (np.inf, drawn[order[0]])
        free = np.inf
        for q in drawn[order[: STARTS // 2]]:
            through, _ = descend(lambda x: self.residuals(x, False), q, lower, upper)
            free = min(free, self.distance(through))
        for q in drawn[order[:STARTS]]:
            at, _ = descend(lambda x: self.residuals(x, True), q, lower, upper)
            distance = self.distance(at)
            depth = float(hand.depths().max(initial=0.0))
            score = max(distance - NEAR, 0) + 3 * max(depth - DEEP, 0) + 1e-3 * distance
            if score < best[0]:
                best = (score, at)
            if distance <= NEAR / 2 and depth <= DEEP:
                break
        return self._verdict(best[1], min(free, self.distance(best[1])))

    def _verdict(self, free: Array, through: float) -> Touch:
        hand = self.hand
        distance = self.distance(free)
        deep = hand.collisions(0.0)
        depth = deep[0][2] if deep else 0.0
        passed = distance <= NEAR and depth <= DEEP
        command = self.base.copy()
        command[self.free] = free
        why = ""
        if not passed:
            stops = [
                f"{hand.actuators[i].name.partition('/')[2]} at its {'lower' if v - lo < 1e-3 else 'upper'} end"
                for i, v, lo, hi in zip(self.free, free, hand.lower[self.free], hand.upper[self.free], strict=True)
                if (v - lo < 1e-3 or hi - v < 1e-3) and hand.roles[i].startswith("thumb")
            ]
            ends = ": " + ", ".join(stops) if stops else ""
            if through <= NEAR:
                pairs = [f"{a} meets {b}" for a, b, d in deep if d > 0.4 * DEEP][:2]
                why = "the joints reach it, but " + (" and ".join(pairs) or "a link is in the way") + ends
            else:
                why = "out of the joints' reach" + ends
        number = self.landmark.number
        return Touch(number, self.landmark.name, passed, distance, depth, through, command, why)

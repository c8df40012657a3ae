"""Coverage of a grasp taxonomy: each type is tried from its template until one attempt passes or all are spent."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dexbench.core.embodiment import Embodiment

from .fitting import Fitter
from .grip import Grip
from .hold import DEEP, DIRECTIONS, LOOSE, MOVED, Held, hold, squeeze
from .taxonomy import GROUPS, GraspType

ATTEMPTS = 30
"""Postures fitted for one type, at most."""
PRESSES = {
    "power": ((15.0, 0.6), (30.0, 2.0)),
    "intermediate": ((8.0, 0.6), (15.0, 2.0)),
    "precision": ((8.0, 0.6), (15.0, 2.0)),
}
"""Sum of the balanced contact forces, and what each place presses with besides, as tried in this order [N]."""
GOOD = 6.0
"""A fit whose cost is larger, but for the first, is not simulated: some place is over 2 mm away [mm^2]."""


@dataclass(frozen=True)
class Attempt:
    """What came of one type."""

    kind: GraspType
    passed: bool
    held: Held | None
    """The best attempt; None: none was possible."""
    why: str
    """Why it failed; empty where it passed."""
    tries: int
    """Grasps simulated."""


@dataclass(frozen=True)
class Coverage:
    """All types on one hand."""

    attempts: tuple[Attempt, ...]

    @property
    def score(self) -> int:
        """Types passed."""
        return sum(a.passed for a in self.attempts)

    @property
    def groups(self) -> dict[str, tuple[int, int]]:
        """Types passed and types there are, by group."""
        rows = {g: [a.passed for a in self.attempts if a.kind.group == g] for g in GROUPS}
        return {g: (sum(passed), len(passed)) for g, passed in rows.items()}


def attempt(embodiment: Embodiment, side: str, kind: GraspType, seed: int = 0) -> Attempt:
    """Return the best grasp of a type that the search finds; the same for the same seed."""
    grip = Grip(embodiment, side, kind)
    if grip.missing:
        fingers = " and ".join(f"{f} finger" if f != "thumb" else f for f in grip.missing)
        return Attempt(kind, False, None, f"not possible: the hand has no {fingers}", 0)
    fitter = Fitter(grip, np.random.default_rng([seed, kind.number]))
    best: Held | None = None
    tries = 0
    for k in range(ATTEMPTS):
        fit = fitter.fit(1 + 2 * k / ATTEMPTS)
        if fit.cost > GOOD and best is not None:
            continue
        for total, each in PRESSES[kind.group]:
            held = hold(grip, fit, squeeze(grip, fit, total, each))
            tries += 1
            if best is None or held.rank > best.rank:
                best = held
            if held.passed:
                return Attempt(kind, True, held, "", tries)
    assert best is not None
    return Attempt(kind, False, best, explain(best), tries)


def explain(held: Held) -> str:
    """Return in words why an attempt did not pass."""
    reasons = []
    if held.absent:
        reasons.append(f"does not touch with {_listed(held.absent)}")
    if held.depth > DEEP:
        reasons.append(f"a link is {1000 * held.depth:.1f} mm deep in the object")
    if not held.limits:
        reasons.append(f"a joint or coupling gives way by {held.excess:.2f} rad")
    if held.moved >= MOVED:
        reasons.append(f"closing pushes the object {1000 * held.moved:.0f} mm away")
    elif held.slips and not held.strict:
        worst = int(np.argmax(held.slips))
        turned = float(np.rad2deg(max(held.turns)))
        far = f"over {1000 * LOOSE:.0f}" if held.slips[worst] > LOOSE else f"{1000 * held.slips[worst]:.0f}"
        loose = " (loosely held)" if held.loose else ""
        reasons.append(f"moves {far} mm along {DIRECTIONS[worst]} and turns up to {turned:.0f} degrees{loose}")
    return "; ".join(reasons)


def _listed(words: Sequence[str], most: int = 4) -> str:
    shown = list(words[:most])
    return ", ".join(shown) + (f" and {len(words) - most} more" if len(words) > most else "")

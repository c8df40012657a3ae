"""Turning the hand over, so that what hung from its fingers lies in it."""

import numpy as np

from dexbench.core.schema import Array

from ._motions import Attempt, Episode
from ._planner import Reached
from ._poses import compose, inverse
from ._skills import Skills
from ._symmetry import rotation

ROLL, SLOW = 0.3, 0.9
"""How much higher the palm must face for rolling to be worth it, and for how long it rolls at least [s]."""
LOOSER = 0.35
"""By how much the grip loosens once the object lies in the hand, as a share of the way back to the open hand: fingers
that go on pressing squeeze it out upwards."""


def held_at(skills: Skills, e: Episode, side: str, k: int) -> Array:
    """Return (3,) where object k is in the palm's frame [m]."""
    return np.asarray(compose(inverse(skills.palm(e, side)), skills.pose(e, k))[:3])


def cradled(skills: Skills, e: Episode, found: Reached, k: int) -> Attempt:
    """Roll the hand over by the arm's last joint until what it holds lies in it; return whether it did.

    Contacts creep in the simulation: what hangs from fingertips has left them after twenty seconds, what lies in them
    has not. Where there is no room to roll, or no need to, nothing moves.
    """
    planner, limits = skills.planner, skills.robot.limits
    chain, arm = planner.chain[found.side], skills.robot.actuator_index(found.side, "arm")
    last = int(arm[-1])
    place = int(np.flatnonzero(chain == last)[0])
    now = e.command[chain]

    def facing(q: Array) -> float:
        """Return the height of the palm's normal: 1 faces up."""
        return float(rotation(planner.reach[found.side].pose(q)[1])[2, 2])

    best, height = now, facing(now) + ROLL
    skills.around.see(e.seen, (k,))
    skills.around.keep(False)
    for turn in np.linspace(-np.pi, np.pi, 17):
        q = now.copy()
        q[place] += turn
        if not limits.lower[last] <= q[place] <= limits.upper[last] or facing(q) - 0.1 * abs(turn) <= height:
            continue
        goal = planner.command(e.command, found.side, q)
        if not skills.around.sweep(e.command, goal, (k,)):
            best, height = q, facing(q) - 0.1 * abs(turn)
    if best is not now:
        yield from skills.move(e, [planner.command(e.command, found.side, best)], SLOW)
        yield from skills.settle(e)
        looser = found.squeeze - LOOSER * (found.squeeze - found.pregrasp)
        yield from skills.move(e, [planner.command(e.command, found.side, best, looser)], 0.5)
    return best is not now

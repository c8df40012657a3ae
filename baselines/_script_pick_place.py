"""Script of *pick_place*: pick up the named object, carry it over the basket and let it go."""

from collections.abc import Iterator

import numpy as np

from dexbench.core.schema import Array

from ._motions import Episode
from ._skills import Skills

BASKET = (0.11, 0.15)
"""Half its inside [m]."""
HIGH = 0.11
"""Above this height an object is not in the basket [m]."""
DROP = 0.02
"""Least free height under an object that is let go over the basket's floor [m]."""
PLACES = tuple(np.array([0.0, y, z]) for z in (DROP, 0.08) for y in (0.0, 0.06, -0.06))
"""Where in the basket an object is let go, from the middle of its floor, in this order [m]."""


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick, for ever: attempts until the object lies in the basket."""
    basket = skills.index("basket")
    k = skills.target(e)
    while True:
        plan = yield from skills.planned(e, k)
        found, start = plan[0], float(e.seen["object_pose"][k, 2])
        yield from skills.attempt(e, plan)
        if skills.holds(e, k, start):
            turn, at = skills.pose(e, k)[3:], skills.pose(e, basket)[:3]
            for place in PLACES:
                if (yield from skills.carry(e, found.side, k, np.concatenate([at + place, turn]))):
                    break
            else:  # another grasp may have a way
                yield from skills.put_back(e, [found])
            yield from skills.release(e, found.side, found.pregrasp)
            if inside(skills, e, k, basket):
                yield from skills.stay(e)
        else:
            yield from skills.let_go(e, plan)


def inside(skills: Skills, e: Episode, k: int, basket: int) -> bool:
    """Return whether object k is over the basket's floor."""
    away = np.abs(skills.pose(e, k)[:2] - skills.pose(e, basket)[:2])
    return bool((away < BASKET).all() and e.seen["object_pose"][k, 2] < HIGH)

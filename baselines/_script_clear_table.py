"""Script of *clear_table*: one after the other, everything that the prompt refers to goes into the basket."""

from collections.abc import Iterator

import numpy as np

from dexbench.core.schema import Array
from dexbench.objects.language import refers

from ._motions import Episode
from ._script_pick_place import DROP, inside
from ._skills import Skills


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick, for ever: objects in turn, those that failed come again after the others."""
    basket = skills.index("basket")
    present = [k for k in range(skills.around.slots) if e.seen["object_kind"][k] >= 0]
    phrase = e.instruction.removeprefix("clear ").removeprefix("all ").removesuffix(" from the table")
    meant = [
        present[i] for i in refers(f"the {phrase.removeprefix('the ')}", [skills.model(e, k).name for k in present])
    ]
    while True:
        left = [k for k in meant if not inside(skills, e, k, basket)]
        if not left:
            yield from skills.home(e)
            yield from skills.wait(e, 1.0)
        in_vain = True
        for k in left:
            plan = skills.plan(e, k)
            if not plan:
                yield from skills.wait(e, 0.2)
                continue
            in_vain = False
            start = float(e.seen["object_pose"][k, 2])
            yield from skills.attempt(e, plan)
            if not skills.holds(e, k, start):
                yield from skills.let_go(e, plan)
                continue
            goal = skills.pose(e, k)
            goal[:3] = skills.pose(e, basket)[:3] + np.array([0.0, 0.0, DROP])
            goal[1] += 0.08 * (meant.index(k) % 3 - 1)  # beside what lies there already
            yield from skills.carry(e, plan[0].side, k, goal)
            yield from skills.release(e, plan[0].side, plan[0].pregrasp)
        if left and in_vain:
            yield from skills.home(e)

"""The script of grasp_part: pick up the named object by the named part, wrapped or pinched, and hold it."""

import re
from collections.abc import Iterator

from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.grasp.library import Grasps, load_part_grasps

from ._motions import Episode
from ._skills import Skills
from ._symmetry import mirror


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick, for ever: attempts until the object is held, then hold."""
    mode = "pinch" if "pinch" in e.instruction else "wrap"

    def grasps(side: str, name: str) -> Grasps:
        found = _by_part(skills.hand, name, _part(skills, e), mode)
        return found if side == "right" else mirror(found, skills.robot.parts[side].hand)

    while True:
        k = skills.target(e)
        plan = yield from skills.planned(e, k, grasps)
        start = float(e.seen["object_pose"][k, 2])
        yield from skills.attempt(e, plan)
        while skills.holds(e, k, start):
            yield e.command
        yield from skills.let_go(e, plan)


def _part(skills: Skills, e: Episode) -> str:
    """Return the part of the target that the instruction names; the last one: a colour word or noun may be another."""
    model = skills.model(e, skills.target(e))
    rest = e.instruction.replace(model.phrase, " ")
    return next(p.name for p in model.parts if re.search(rf"\b{p.name}\b", rest))


def _by_part(hand: str, name: str, part: str, mode: str) -> Grasps:
    """Return the grasps of a part in a mode; in the other mode where there are none."""
    try:
        return load_part_grasps(hand, name, part, mode)
    except DataError:
        return load_part_grasps(hand, name, part, "wrap" if mode == "pinch" else "pinch")

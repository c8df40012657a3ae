"""Script of *grasp_clutter*: pick the named object out of the others, and hold it for as long as it takes."""

from collections.abc import Iterator

import numpy as np

from dexbench.core.schema import Array
from dexbench.grasp.library import Grasps
from dexbench.objects.catalogue import load_object
from dexbench.objects.model import ObjectModel

from ._cradle import cradled, held_at
from ._motions import Episode
from ._skills import Skills

BEHIND = {"body": 0.0, "shaft-like": 4.0, "disk-like": 4.0, "L-shaped": 10.0, "lid-like": 16.0}
"""How much later grasps of a part come, by its class, in rows of the library: what hangs by its lid or handle creeps
out of the hand in twenty seconds."""
LIGHT = 0.3
"""Mass below which an object is rolled over at all [kg]: heavier ones are lost on the way."""
CREPT = 0.002
"""How far an object may creep in the hand before it is rolled over [m]."""
LATER = 6.0
"""How much later wraps of bodies and pinches of anything else come, likewise."""


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick, for ever: attempts until the object is held, then hold."""

    def grasps(side: str, name: str) -> Grasps:
        return lasting(skills.grasps(side, name), load_object(name))

    while True:
        k = skills.target(e)
        plan = skills.plan(e, k, grasps=grasps)
        if not plan:
            yield from skills.home(e)
            continue
        start = float(e.seen["object_pose"][k, 2])
        yield from skills.attempt(e, plan)
        side, within = plan[0].side, held_at(skills, e, plan[0].side, k)
        light = skills.model(e, k).mass < LIGHT
        while light and skills.holds(e, k, start) and np.linalg.norm(held_at(skills, e, side, k) - within) < CREPT:
            yield e.command
        lies = light and skills.holds(e, k, start) and (yield from cradled(skills, e, plan[0], k))
        while lies and skills.holds(e, k, start):
            yield e.command
        yield from skills.keep(e, plan, k, start)
        yield from skills.let_go(e, plan)


def lasting(grasps: Grasps, model: ObjectModel) -> Grasps:
    """Return the grasps in another order: those first that hold longest."""
    kinds = {p.name: p.part_class for p in model.parts}

    def late(k: int) -> float:
        kind = kinds.get(grasps.part[k], "body")
        return BEHIND[kind] + LATER * ((grasps.mode[k] == "pinch") != (kind == "body"))

    return grasps.chosen(np.argsort([k + late(k) for k in range(len(grasps))], kind="stable"))

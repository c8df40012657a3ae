"""A hand without an arm, on a base that moves as it is told: for testing grasps."""

import mujoco

from dexbench.core.embodiment import Embodiment
from dexbench.robots.build import add_mechanism, add_pads
from dexbench.robots.physics import set_physics


def hand_spec(embodiment: Embodiment, side: str) -> mujoco.MjSpec:
    """Return a spec with the hand of `side` alone; its root is a mocap body at the origin."""
    spec = mujoco.MjSpec()
    spec.modelname = f"{embodiment.name}/{side} hand"
    spec.compiler.degree = False
    set_physics(spec)
    hand = embodiment.parts[side].hand
    bodies = add_mechanism(spec, spec.worldbody.add_frame(), hand, side, True)
    bodies[hand.root].mocap = True
    add_pads(bodies, [p for p in embodiment.pads if p.side == side])
    return spec

"""A hand without an arm, on a base that moves as it is told: for testing grasps."""

import mujoco

from dexbench.core.embodiment import Embodiment
from dexbench.robots.build import add_mechanism, add_pads
from dexbench.robots.physics import set_physics


def hand_spec(embodiment: Embodiment, side: str) -> mujoco.MjSpec:
    """Return a spec with the hand of `side` alone, its root welded to the mocap body "base".

    The root is not the mocap body itself: that would move without having a velocity, and friction would hold objects
    back against it.
    """
    spec = mujoco.MjSpec()
    spec.modelname = f"{embodiment.name}/{side} hand"
    spec.compiler.degree = False
    set_physics(spec)
    hand = embodiment.parts[side].hand
    bodies = add_mechanism(spec, spec.worldbody.add_frame(), hand, side, True)
    root = bodies[hand.root]
    root.add_freejoint(name="root")
    spec.worldbody.add_body(name="base", mocap=True)
    weld = spec.add_equality(
        type=mujoco.mjtEq.mjEQ_WELD, objtype=mujoco.mjtObj.mjOBJ_BODY, name1=root.name, name2="base", solref=[0.008, 1]
    )
    weld.data[:11] = [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]  # same pose, torques as they are
    add_pads(bodies, hand, side)
    return spec

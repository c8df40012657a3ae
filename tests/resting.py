"""A robot at its home, for tests."""

import mujoco

from dexbench.core.embodiment import Embodiment


def at_home(embodiment: Embodiment, model: mujoco.MjModel) -> mujoco.MjData:
    """Return a state of `model` at the robot's home, commanded to stay there."""
    data = mujoco.MjData(model)
    for joint, angle in zip(embodiment.joints, embodiment.joint_angles(embodiment.home), strict=True):
        data.joint(joint.name).qpos = angle
    for actuator, value in zip(embodiment.actuators, embodiment.home, strict=True):
        data.actuator(actuator.name).ctrl = value
    mujoco.mj_forward(model, data)
    return data

"""What the scripted agent knows of an arm before it plans: how far it gets, and postures to start from."""

import mujoco
import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.schema import Array
from dexbench.robots.kinematics import LEVER, Reach

SEEDS, NEAR, DRAWN = 2, 1.5, 3000
"""An arm with a joint to spare is solved from home, then from so many nearest postures, of those drawn so near home
[rad], so many in all."""


def arm_of(model: mujoco.MjModel, embodiment: Embodiment, side: str) -> tuple[Array, float, Array]:
    """Return shoulder, reach and elbow of an arm with its hand.

    That is: where its second joint is (3,) in the cell frame, how far from there the hand's root gets, and the point 2
    cm behind that root in the palm frame (3,) [m].
    """
    data = mujoco.MjData(model)
    arm = [model.joint(f"{side}/{j.name}") for j in embodiment.parts[side].arm.moving]
    root = model.body(f"{side}/{embodiment.parts[side].hand.root}").id
    palm = model.site(f"{side}/palm_site").id
    mujoco.mj_kinematics(model, data)
    behind = data.site_xmat[palm].reshape(3, 3).T @ (data.xpos[root] - data.site_xpos[palm])
    behind *= 1 + 0.02 / np.linalg.norm(behind)
    low, high = np.array([j.range for j in arm]).T
    rng, far = np.random.default_rng(0), 0.0
    for _ in range(400):
        for joint, angle in zip(arm, rng.uniform(low, high), strict=True):
            data.qpos[joint.qposadr] = angle
        mujoco.mj_kinematics(model, data)
        far = max(far, float(np.linalg.norm(data.xpos[root] - data.xanchor[arm[1].id])))
    return data.xanchor[arm[1].id].copy(), far, behind


def postures_of(reach: Reach, arm: int) -> tuple[Array, Array]:
    """Return chain angles (N, C) near home and the palm's pose (N, 7) there; none for an arm of six joints."""
    if arm <= 6:
        return np.zeros((0, len(reach.home))), np.zeros((0, 7))
    rng = np.random.default_rng(0)
    drawn = reach.home + rng.uniform(-NEAR, NEAR, (DRAWN, len(reach.home)))
    drawn = np.clip(drawn, reach.lower, reach.upper)
    return drawn, np.array([np.concatenate(reach.pose(q)) for q in drawn])


def nearest(postures: tuple[Array, Array], position: Array, quaternion: Array) -> Array:
    """Return the few of `postures` (chain angles) whose palm is nearest to a pose."""
    angles, places = postures
    if not len(angles):
        return angles
    turned = 2 * (1 - np.abs(places[:, 3:] @ quaternion))
    return np.asarray(angles[np.argsort(np.linalg.norm(places[:, :3] - position, axis=1) + LEVER * turned)[:SEEDS]])

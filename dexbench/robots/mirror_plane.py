"""Whether a hand's left side is mirrored about the right plane: the one between thumb side and little finger side."""

import mujoco
import numpy as np
from numpy.typing import NDArray

from dexbench.core.document import Node
from dexbench.core.forward import rotation_of
from dexbench.core.mechanism import Mechanism
from dexbench.robots.model_source import Source

Floats = NDArray[np.float64]

WIDEST = 45.0
"""Angle between a mirror's normal and the hand's radial direction beyond which another plane is meant [degrees]."""
SAME = 0.002
"""By how much the left model's links may be elsewhere than the mirror image's [m]."""
LIKE = 0.02
"""By how much they may be where no other plane does better [m]: makers' left and right hands do differ."""


def radial(mechanism: Mechanism) -> Floats:
    """Return the direction to the thumb's side in the root's frame, all joints at zero: x of the palm's frame."""
    frame = next(f for f in mechanism.frames if f.name == "palm_site")
    turn = rotation_of((frame.rpy[0], frame.rpy[1], frame.rpy[2]))
    link = frame.link
    while link != mechanism.root:
        row = next(j for j in mechanism.joints if j.child == link)
        turn = rotation_of((row.rpy[0], row.rpy[1], row.rpy[2])) @ turn
        link = row.parent
    return np.asarray(turn[:, 0])


def check_plane(mechanism: Mechanism, node: Node) -> None:
    """Raise DataError, at the mirror's line, if the plane would turn fingers or palm the wrong way round."""
    if mechanism.mirror is None:
        return
    direction = np.abs(radial(mechanism))
    off = float(np.degrees(np.arccos(min(1.0, direction[mechanism.mirror]))))
    best = int(np.argmax(direction))
    if off > WIDEST:
        raise node["plane"].error(
            f"the left hand mirrors wrongly: {'xyz'[mechanism.mirror]} = 0 is {off:.0f} degrees off the plane between "
            f"thumb side and little finger side, so fingers or palm would point the other way; say plane: {'xyz'[best]}"
        )


def check_left(right: Source, left: Source, roots: tuple[int, int], plane: int, node: Node) -> float:
    """Compare the mirror image of a right hand's model with a left hand's, link by link, in random poses.

    Args:
      right: the model that is imported.
      left: its maker's left hand; bodies and joints in the same order.
      roots: the body of each that is its root.
      plane: axis of the mirror's normal in the root's frame.
      node: the mirror's node, for the error.

    Returns:
      The largest distance of a link's origin from where the mirror image has it [m].

    Raises:
      DataError: naming the plane that fits, if one does.
    """
    models = right.model, left.model
    bodies = [_below(model, root) for model, root in zip(models, roots, strict=True)]
    joints = [[j for b in group for j in _joints(m, b)] for m, group in zip(models, bodies, strict=True)]
    if len(bodies[0]) != len(bodies[1]) or len(joints[0]) != len(joints[1]):
        raise node["left"].error(
            f"{left.path.name} has {len(bodies[1])} links and {len(joints[1])} joints, "
            f"{right.path.name} {len(bodies[0])} and {len(joints[0])}: they are not each other's mirror image"
        )
    errors = [_error(models, bodies, joints, roots, axis) for axis in range(3)]
    best = int(np.argmin(errors))
    if errors[plane] > SAME and (best != plane or errors[plane] > LIKE):
        fits = f"; about {'xyz'[best]} = 0 it has them within {1000 * errors[best]:.1f} mm, say plane: {'xyz'[best]}"
        none = "; no plane fits: are its links in another order? then leave `left` out"
        raise node["plane"].error(
            f"the left hand mirrors wrongly: the image about {'xyz'[plane]} = 0 has links up to "
            f"{1000 * errors[plane]:.1f} mm from where {left.path.name} has them"
            f"{fits if errors[best] <= LIKE else none}"
        )
    return errors[plane]


def _below(model: mujoco.MjModel, root: int) -> list[int]:
    found = {root}
    for body in range(root + 1, model.nbody):
        if int(model.body_parentid[body]) in found:
            found.add(body)
    return sorted(found)


def _joints(model: mujoco.MjModel, body: int) -> range:
    first = int(model.body_jntadr[body])
    return range(first, first + int(model.body_jntnum[body]))


def _error(
    models: tuple[mujoco.MjModel, mujoco.MjModel],
    bodies: list[list[int]],
    joints: list[list[int]],
    roots: tuple[int, int],
    axis: int,
) -> float:
    """Return the largest distance of a link from its mirror image, over random poses [m].

    A joint that the left model counts the other way is given the negative angle: the image moves as the hand does.
    """
    flip = np.ones(3)
    flip[axis] = -1
    signs = np.ones(len(joints[0]))
    for k, (a, b) in enumerate(zip(*joints, strict=True)):
        same = np.dot(models[0].jnt_range[a], models[1].jnt_range[b])
        signs[k] = -1 if same < 0 else 1
    rng = np.random.default_rng(0)
    low, high = models[0].jnt_range[joints[0]].T
    worst = 0.0
    for _ in range(8):
        q = rng.uniform(low, high)
        where = [
            _origins(m, group, own, root, angles)
            for m, group, own, root, angles in zip(models, bodies, joints, roots, (q, signs * q), strict=True)
        ]
        worst = max(worst, float(np.linalg.norm(where[0] * flip - where[1], axis=1).max()))
    return worst


def _origins(model: mujoco.MjModel, bodies: list[int], joints: list[int], root: int, q: Floats) -> Floats:
    data = mujoco.MjData(model)
    data.qpos[model.jnt_qposadr[joints]] = q
    mujoco.mj_kinematics(model, data)
    return np.asarray((data.xpos[bodies] - data.xpos[root]) @ data.xmat[root].reshape(3, 3))

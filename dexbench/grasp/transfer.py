"""Grasps of one object carried over to a sibling of other sizes.

What is between the pads is kept: it goes to the same share of the part's box, the palm keeps its place to it, and the
pads move apart or together by what the part is wider or narrower. Nothing is tested here.
"""

import mujoco
import numpy as np

from dexbench.core.schema import Array
from dexbench.grasp.candidates import kept, unit
from dexbench.grasp.library import Grasps
from dexbench.grasp.part_shape import part_shape
from dexbench.grasp.posture import Posture
from dexbench.grasp.rig import turns
from dexbench.objects.catalogue import family_of, load_object
from dexbench.objects.family import load_family

DAMPING = 3e-3
"""Of the least squares that turns pad movements into joint movements [m]."""
WAY = 0.5
"""Share of a part's growth towards the palm by which the palm gives way."""


def nearest(instance: str, known: list[str]) -> str | None:
    """Return which of `known` siblings is nearest in size to an object; None where there is no sibling."""
    family = load_family(family_of(instance))
    own = family.members[instance].parameters
    found: tuple[float, str] | None = None
    for name in sorted(set(known) & set(family.members) - {instance}):
        other = family.members[name].parameters
        far = sum(abs(np.log(own[key] / other[key])) for key in own if other[key] > 0 and own[key] > 0)
        if found is None or far < found[0]:
            found = (float(far), name)
    return found[1] if found else None


def carried_over(grasps: Grasps, instance: str, posture: Posture) -> Grasps:
    """Return grasps of one object as grasps of `instance`, in the same order; scores are those of the former.

    Args:
      grasps: of the right hand.
      instance: name of an object with the same parts.
      posture: of the hand.
    """
    data, turn = mujoco.MjData(posture.model), turns(grasps.quaternion)
    position, pregrasp, squeeze = grasps.position.copy(), grasps.pregrasp.copy(), grasps.squeeze.copy()
    for g in range(len(grasps)):
        before, after = (_box(name, grasps.part[g]) for name in (grasps.instance, instance))
        pads = posture.pose(data, grasps.pregrasp[g])[0]
        fingers = pads[1 : 3 if grasps.mode[g] == "pinch" else 4]
        line = fingers.mean(axis=0) - pads[0]
        line = line / np.linalg.norm(line)
        middle = grasps.position[g] + turn[g] @ (fingers.mean(axis=0) + pads[0]) / 2
        moved = after[0] + (middle - before[0]) * after[1] / before[1] - middle
        grown = np.abs(turn[g].T) @ (after[1] - before[1])  # of the half box along the palm's axes
        position[g] += moved - turn[g][:, 2] * WAY * max(0.0, grown[2])
        wider = float(np.abs(turn[g] @ line) @ (after[1] - before[1]))
        for commands in (pregrasp, squeeze):
            commands[g] = _opened(posture, data, commands[g], line, wider, len(fingers))
    return Grasps(
        grasps.hand,
        instance,
        kept(position),
        unit(grasps.quaternion),
        kept(pregrasp),
        kept(squeeze),
        grasps.part,
        grasps.score,
        grasps.mode,
    )


def _box(instance: str, part: str) -> tuple[Array, Array]:
    """Return middle and half extents of a part along the object's axes."""
    load_object(instance).part(part)  # an object without this part says so
    points = part_shape(instance, part).points
    low, high = points.min(axis=0), points.max(axis=0)
    return (low + high) / 2, np.maximum((high - low) / 2, 1e-4)


def _opened(posture: Posture, data: mujoco.MjData, command: Array, line: Array, wider: float, fingers: int) -> Array:
    """Return a command (H,) whose pads are apart by 2 `wider` [m] more along `line` (3,) of the palm frame."""
    goal = np.concatenate([-line * wider, np.tile(line * wider, fingers)])
    stacked = posture.jacobians(data, command)[: 1 + fingers].reshape(3 * fingers + 3, -1)
    step = stacked.T @ np.linalg.solve(stacked @ stacked.T + DAMPING**2 * np.eye(len(goal)), goal)
    return np.asarray(np.clip(command + step, posture.lower, posture.upper))

"""Hand shapes in which the thumb faces the fingers: where a search for grasps starts.

Random joint targets are kept if the thumb's pad and the mean of the other pads face each other; everything is in the
palm frame, so one set serves every object.
"""

from dataclasses import dataclass

import mujoco
import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array

FINGERS = ("thumb", "index", "middle", "ring", "little")
"""Pads that the search moves; the first is opposed to the others."""
FACING = 0.7
"""Least cosine between a pad's normal and the line to its counterpart."""


@dataclass(frozen=True)
class Shapes:
    """S hand shapes."""

    command: Array
    """(S, H) hand actuator targets [rad]."""
    centre: Array
    """(S, 3) midpoint between thumb pad and finger pads, in the palm frame [m]."""
    line: Array
    """(S, 3) unit vector from the thumb pad to the finger pads, in the palm frame."""
    opening: Array
    """(S,) distance between them [m]."""
    row: Array
    """(S, 3) unit vector along the row of fingers, in the palm frame, across `line`."""


def opposed_shapes(
    model: mujoco.MjModel,
    prefix: str,
    shares: Array,
    ranges: tuple[Array, Array],
    names: tuple[str, ...],
    rng: np.random.Generator,
    count: int,
) -> Shapes:
    """Sample hand shapes and keep the opposed ones.

    Args:
      model: a model with the hand; its palm site and pads carry `prefix`.
      prefix: for example "right/".
      shares: (H, nq) what each actuator's target contributes to qpos.
      ranges: (H,) lower and upper targets [rad].
      names: (H,) actuator names without prefix.
      rng: random numbers.
      count: samples to draw.

    Raises:
      DataError: the hand has other fingers.
    """
    missing = [f for f in FINGERS if mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_SITE, prefix + f) < 0]
    if missing:
        raise DataError(f"the search for grasps needs pads {', '.join(FINGERS)}; this hand lacks {', '.join(missing)}")
    data = mujoco.MjData(model)
    palm = model.site(prefix + "palm_site").id
    pads = [model.site(prefix + f).id for f in FINGERS]
    lower, upper = ranges
    command = _sample(names, rng, count)
    command = np.clip(command, lower, upper)
    kept: list[tuple[Array, ...]] = []
    base = model.qpos0.copy()
    for row in command:
        data.qpos[:] = base + row @ shares
        mujoco.mj_kinematics(model, data)
        turn = data.site_xmat[palm].reshape(3, 3)
        at = (data.site_xpos[pads] - data.site_xpos[palm]) @ turn
        normal = data.site_xmat[pads].reshape(-1, 3, 3)[:, :, 2] @ turn
        fingers = at[1:4].mean(axis=0)
        gap = fingers - at[0]
        opening = float(np.linalg.norm(gap))
        line = gap / opening
        if normal[0] @ line < FACING or (normal[1:4] @ line > -FACING).any():
            continue
        along = at[1] - at[3]
        along -= line * (along @ line)
        kept.append((row, (fingers + at[0]) / 2, line, np.array(opening), along / np.linalg.norm(along)))
    columns = [np.array(c) for c in zip(*kept, strict=True)]
    return Shapes(*columns)


def _sample(names: tuple[str, ...], rng: np.random.Generator, count: int) -> Array:
    """Draw targets: the fingers flex together with some scatter, the thumb anywhere in its opposing range [rad]."""
    flex, curl = rng.uniform(0.0, 1.3, count), rng.uniform(0.2, 2.2, count)
    drawn = np.zeros((count, len(names)))
    thumb = {"THJ5": (0.0, 1.04), "THJ4": (0.3, 1.2), "THJ3": (-0.2, 0.2), "THJ2": (-0.5, 0.69), "THJ1": (0.0, 1.0)}
    for column, name in enumerate(names):
        if name in thumb:
            drawn[:, column] = rng.uniform(*thumb[name], count)
        elif name.endswith("J3"):
            drawn[:, column] = flex + rng.normal(0, 0.08, count)
        elif name.endswith("J0"):
            drawn[:, column] = curl + rng.normal(0, 0.12, count)
        elif name.endswith("J4"):
            drawn[:, column] = rng.normal(0, 0.06, count)
        elif name == "LFJ5":
            drawn[:, column] = rng.uniform(0.0, 0.3, count)
    return drawn

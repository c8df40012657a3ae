"""Drawers: hook four fingers behind the bar, pull; push it shut with the same fingers closed."""

from collections.abc import Sequence

import numpy as np

from dexbench.core.schema import Array
from dexbench.objects.articulated_model import ArticulatedModel, Grip

from ._motions import Attempt, Episode
from ._poses import compose, quaternion_of
from ._skills import Skills
from ._symmetry import rotation

HOOK = {"fingers/flexion": 0.45, "fingers/pip": 0.5}
"""Fingers bent over the bar by a hand that lies flat; a hand that comes down bends them less."""
STRETCHED = {"fingers/abduction": 0.5, "thumb/rotation": 0.0, "thumb/flexion": 0.0}
"""The rest of the hand: the thumb out of the way."""
TILTS = (0.0, 0.4, 0.8, 1.2)
"""How far the fingers point down, tried in this order [rad]."""
YAWS = (0.0, 0.25, -0.25, 0.5, -0.5)
"""How far the hand is turned about the vertical, likewise [rad]."""
BEHIND, BELOW = 0.011, 0.008
"""Where the fingertips' pads go: behind the bar's axis, and below it [m]."""
AHEAD = 0.06
"""How far in front of the bar the same hand starts to push [m]."""
OVER = 0.07
"""How far above it the hand comes in, and leaves [m]."""
SHORT = 0.015
"""Less than the whole travel that is pulled, and less than shut that still is shut [m]."""
PIECES = 6
"""Pieces of a pull: an arm that does not get all the way still gets most of it."""
LONG = ("index", "middle", "ring", "little")


def grip_pose(skills: Skills, e: Episode, item: ArticulatedModel, grip: Grip) -> Array:
    """Return (7,) where a grip is now."""
    link = skills.pose(e, skills.index(item.body(grip.link)))
    return compose(link, np.concatenate([grip.position, grip.quaternion]))


def opening(e: Episode, skills: Skills, joint: str) -> float:
    """Return how far a joint, for example "cabinet/drawer_top", is out [m]."""
    fields = skills.world.observations["articulation"].labels
    return float(e.seen["articulation"][fields.index(joint)])


def pull(skills: Skills, e: Episode, side: str, item: ArticulatedModel, name: str, travel: float) -> Attempt:
    """Open the drawer `name`, whose handle is the grip "handle_...", by `travel` [m]; return whether it went."""
    grip = next(g for g in item.grips if g.link == name)
    bar = grip_pose(skills, e, item, grip)
    out, start = rotation(bar[3:])[:, 2], opening(e, skills, f"{item.name}/{name}")
    way = out * (travel - start + SHORT)
    hooks = [hooked(skills, e, side, bar, tilt, yaw) for tilt in TILTS for yaw in YAWS]
    whole = [_goes(skills, side, palm, way) for _, palm in hooks]
    for hook, palm in [h for whole_way in (True, False) for h, w in zip(hooks, whole, strict=True) if w is whole_way]:
        above = palm + np.array([0, 0, OVER, 0, 0, 0, 0])
        if (yield from skills.reach(e, side, above, hook)):
            break
    else:
        return False
    if not (yield from skills.straight(e, side, palm)):
        return False
    for part in np.linspace(0, 1, PIECES + 1)[1:]:  # the arm follows better, and stops where nothing moves
        away = palm.copy()
        away[:3] += way * part
        if not (yield from skills.straight(e, side, away, 1.5 / PIECES, 4)):
            break
    yield from skills.straight(e, side, skills.palm(e, side) + np.array([0, 0, OVER, 0, 0, 0, 0]))
    yield from skills.home(e, side)
    return opening(e, skills, f"{item.name}/{name}") > travel - 3 * SHORT


def _goes(skills: Skills, side: str, palm: Array, way: Array) -> bool:
    """Return whether the arm gets from `palm` (7,) all of `way` (3,) further [m]."""
    planner = skills.planner
    return any(
        planner.line(side, palm[:3], palm[:3] + way, palm[3:], chain, 6) is not None
        for chain in planner.postures(side, palm[:3], palm[3:])
    )


def push(skills: Skills, e: Episode, side: str, item: ArticulatedModel, name: str) -> Attempt:
    """Shut the drawer `name` with the backs of the fingers against its handle; return whether it is shut."""
    grip = next(g for g in item.grips if g.link == name)
    bar, joint = grip_pose(skills, e, item, grip), f"{item.name}/{name}"
    out, start = rotation(bar[3:])[:, 2], opening(e, skills, joint)
    for tilt, yaw in ((t, y) for t in TILTS for y in YAWS):
        hook, palm = hooked(skills, e, side, bar, tilt, yaw)
        palm[:3] += out * AHEAD
        if not (yield from skills.reach(e, side, palm, hook)):
            continue
        shut = palm.copy()
        shut[:3] -= out * (start + SHORT)
        yield from skills.straight(e, side, shut, 1.2)
        yield from skills.straight(e, side, palm)
        yield from skills.home(e, side)
        return opening(e, skills, joint) < SHORT
    return False


def hooked(skills: Skills, e: Episode, side: str, bar: Array, tilt: float, yaw: float) -> tuple[Array, Array]:
    """Return the hand's shape (H,) and the palm's pose (7,) with the long fingers' pads behind and below a bar."""
    bent = {role: share * (1 - tilt / 1.8) for role, share in HOOK.items()}
    hook = skills.shapes[side].shape(bent | STRETCHED, e.command[skills.planner.hand[side]])
    tips = skills.shapes[side].tips(
        skills.planner.command(e.command, side, e.command[skills.planner.chain[side]], hook)
    )
    pads = mean([tips[f] for f in LONG if f in tips])
    turn, out = _frame(bar, tilt, yaw), rotation(bar[3:])[:, 2]
    at = bar[:3] - out * BEHIND - np.array([0, 0, BELOW]) - turn @ pads
    return hook, np.concatenate([at, quaternion_of(turn)])


def mean(points: Sequence[Array]) -> Array:
    """Return (3,) the middle of points."""
    return np.asarray(np.mean(points, axis=0))


def _frame(bar: Array, tilt: float = 0.0, yaw: float = 0.0) -> Array:
    """Return (3, 3) of a palm that faces down, its fingers towards the drawer, then tilted and turned [rad]."""
    ahead = -rotation(bar[3:])[:, 2]
    c, s = np.cos(yaw), np.sin(yaw)
    ahead = np.array([c * ahead[0] - s * ahead[1], s * ahead[0] + c * ahead[1], 0.0])
    down = np.array([0.0, 0.0, -1.0])
    along = np.cos(tilt) * ahead + np.sin(tilt) * down
    out = np.cos(tilt) * down - np.sin(tilt) * ahead
    return np.stack([np.cross(along, out), along, out], axis=1)

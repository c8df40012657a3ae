"""Script of *bread*: the right hand takes the tongs, the left one lifts the plate, the croissant goes over."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from dexbench.core.schema import Array

from ._motions import Attempt, Commands, Episode
from ._pairs import Stance, met
from ._planner import Reached
from ._poses import compose, inverse
from ._serving import GRIPS, TONGS, WRAPS, Grip, Wrap, around, lean, level, palm_at, palm_beside
from ._skills import Skills
from ._symmetry import rotation
from ._ways import Ways

RIGHT, LEFT, CROISSANT = "right", "left", 0
PLATE, ARM = "cake_stand", "tongs/other_arm"
ABOVE = 0.08
"""How far above tongs and croissant the hand comes in, and how far it lifts them [m]."""
RISE = np.array([0.0, 0.0, ABOVE, 0.0, 0.0, 0.0, 0.0])
ASIDE = (0.0, 0.006, -0.006)
"""How far along the handles from the best place they are taken, one try after the other [m]."""
TAKEN = 0.04
"""Height of the tongs from which they hang in the hand [m]."""
HEADINGS = np.deg2rad([-100.0, -120.0, -80.0, -60.0, -40.0])
"""Ways in which the fingers of the left hand point [rad]: to the other side, so that its arm stays clear."""
BESIDE = ((0.12, 0.25), (0.16, 0.25), (0.09, 0.28), (0.12, 0.15))
"""How far back along the fingers, and above there, the left hand comes in, tried in this order [m]: no finger gets past
the plate's edge."""
PLACES = np.array([[0.50, 0.10], [0.52, 0.14], [0.53, 0.18]])
"""Where the plate is held, x and y, tried in this order [m]: between the arms, the right one must get over it."""
LIFT, UP = np.array([0.0, 0.0, 0.07]), 0.04
"""How far the left hand lifts, and height of the plate's foot from which it is up [m]: the task asks for 0.03."""
LEVELS, LEAN = 2, np.deg2rad(3.0)
"""How many times the hand is turned by as much as the plate leans, and when not."""
LOW = 0.031
"""Middle of the jaws over the croissant's lower side [m]: their edges are then 5 mm over the tray."""
BEYOND = 0.006
"""From a croissant's centre of mass to the middle of its thick part: 5 to 7 mm by its measures [m]."""
PICKS = 3
"""Tries to pick the croissant up."""
TOP, DROP = 0.162, 0.008
"""Upper side of the plate over its foot, and how far above it the croissant is let go [m]."""
OFF = np.array([0.0, 0.0, 0.09, 0.0, 0.0, 0.0, 0.0])
"""How the tongs come and go over the plate: 6 cm are between the jaws."""
YAWS = (0.3, 0.0, 0.6, -0.3, 0.9, 1.2, -0.6)
"""How far the tongs are turned on the way to the plate, tried in this order [rad]."""
RISES = (1.0, 0.5)
"""Share of the way up that goes before the way across, tried in this order: far out the arm gets no higher."""
LEGS = (1.2, 2.5)
"""Seconds up and across."""


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick, for ever."""
    grip, wrap = GRIPS.get(skills.hand), WRAPS.get(skills.hand)
    if grip is not None and (yield from _take(skills, e, grip)):
        yield from _go(skills, e, _at_croissant(skills, e) + RISE, 2.0)  # out of the other arm's way
        up = wrap is not None and (yield from _raise(skills, e, wrap))
        for _ in range(PICKS):
            if (yield from _pick(skills, e, grip)):
                if up:
                    yield from _serve(skills, e, grip)
                break
    yield from skills.stay(e)


def _hand(skills: Skills, e: Episode, side: str, roles: Mapping[str, float]) -> Array:
    return skills.shapes[side].shape(roles, e.command[skills.planner.hand[side]])


def _take(skills: Skills, e: Episode, grip: Grip) -> Attempt:
    """Take the tongs from above and lift them; return whether they hang in the hand."""
    ours = (skills.index(TONGS), skills.index(ARM))
    opened, held = (_hand(skills, e, RIGHT, s) for s in (grip.opened, grip.held))
    for aside in ASIDE:
        x, y, z = grip.middle
        palm = palm_at(skills.pose(e, ours[0]), replace(grip, middle=(x + aside, y, z)))
        skills.around.see(e.seen, ours)
        skills.around.keep(False)
        found = skills.from_above(e, RIGHT, palm, ABOVE, opened, ours)
        if found is None:
            continue
        high, down = found
        yield from skills.attempt(e, [Reached(RIGHT, high, down, (*down[::-1], high), opened, held, 0)])
        if skills.pose(e, ours[0])[2] > TAKEN:
            return True
        yield from skills.fingers(e, RIGHT, opened)
        yield from skills.home(e)
    return False


def _raise(skills: Skills, e: Episode, wrap: Wrap) -> Attempt:
    """Wrap the plate's stem with the left hand, lift it and bring it between the arms; return whether it is up."""
    found = next(_ways_up(skills, e, wrap), None)
    if found is None:
        return False
    grasp, way, carry = found
    planner = skills.planner
    yield from skills.move(e, way[:1], 0.6)
    yield from skills.move(e, way[1:], 1.2)
    yield from skills.settle(e)
    yield from skills.move(e, [planner.command(e.command, LEFT, q) for q in grasp.approach], 0.8)
    yield from skills.settle(e)
    yield from skills.fingers(e, LEFT, grasp.squeeze, 0.6)
    yield from skills.wait(e, 0.4)
    yield from skills.move(e, [planner.command(e.command, LEFT, q) for q in carry], 2.5)
    yield from skills.settle(e)
    for _ in range(LEVELS):
        plate = skills.pose(e, skills.index(PLATE))
        if lean(plate) < LEAN:
            break
        within = compose(inverse(plate), skills.palm(e, LEFT))
        yield from skills.straight(e, LEFT, compose(level(plate), within), 0.8)
    return bool(skills.pose(e, skills.index(PLATE))[2] > UP)


def _ways_up(skills: Skills, e: Episode, wrap: Wrap) -> Iterator[tuple[Stance, list[Array], tuple[Array, ...]]]:
    """Yield stances of the left hand at the stem, with commands (A,) to it and chain angles that bring the plate."""
    plate, planner, seen = skills.index(PLATE), skills.planner, skills.around
    pose = skills.pose(e, plate)
    opened, closed = (_hand(skills, e, LEFT, s) for s in (wrap.opened, wrap.closed))
    wanted = [(k, palm_beside(pose, wrap, float(h))) for k, h in enumerate(HEADINGS)]
    seen.see(_without(skills, e, TONGS), (plate,))
    seen.keep(False)
    for row, palm, first, come in Ways(skills, LEFT, wanted):
        if any(seen.collides(planner.command(e.command, LEFT, q, opened)) for q in (first, *come[::-1])):
            continue
        way = _beside(skills, e, palm, first, opened)
        top = palm[:3] + LIFT
        lift = planner.line(LEFT, palm[:3], top, palm[3:], come[-1], 4)
        if way is None or lift is None:
            continue
        for place in PLACES:
            carry = planner.line(LEFT, top, top + np.array([*(place - pose[:2]), 0.0]), palm[3:], lift[-1], 6)
            ends = [planner.command(e.command, LEFT, q, closed) for q in (*lift, *(carry or ()))]
            if carry is not None and not any(seen.collides(c, (plate,), LEFT) for c in ends):
                yield Stance(LEFT, row, palm, first, come, opened, closed), way, (*lift, *carry)
                break


def _beside(skills: Skills, e: Episode, palm: Array, first: Array, hand: Array) -> list[Array] | None:
    """Return commands (A,) down beside the plate and under it to chain angles `first` (C,), the left hand open."""
    planner = skills.planner
    low, _ = planner.reach[LEFT].pose(first)
    for back, up in BESIDE:
        out = low - back * rotation(palm[3:])[:, 1]
        under = planner.line(LEFT, low, out, palm[3:], first, 4)
        if under is None:
            continue
        down = planner.line(LEFT, out, out + np.array([0.0, 0.0, up]), palm[3:], under[-1], 4)
        if down is None:
            continue
        way = [planner.command(e.command, LEFT, q, hand) for q in (*down[::-1], *under[::-1], first)]
        if not met(skills, e.command, way[0]) and not any(skills.around.collides(c) for c in way):
            return way
    return None


def _without(skills: Skills, e: Episode, *names: str) -> dict[str, Array]:
    """Return what is seen, without some things: those that a hand holds are no obstacle to it."""
    poses = np.array(e.seen["object_pose"], float)
    poses[[skills.index(name) for name in names], 2] = -1.0
    return {**e.seen, "object_pose": poses}


def _go(skills: Skills, e: Episode, goal: Array, seconds: float, steps: int = 8) -> Attempt:
    """Bring the tongs to `goal` (7,), as they hang in the hand."""
    within = compose(inverse(skills.pose(e, skills.index(TONGS))), skills.palm(e, RIGHT))
    return (yield from skills.straight(e, RIGHT, compose(goal, within), seconds, steps))


def _at_croissant(skills: Skills, e: Episode) -> Array:
    """Return (7,) of tongs with their jaws at either side of the croissant's thick part."""
    lying = skills.pose(e, CROISSANT)
    x, y, _ = skills.model(e, CROISSANT).center_of_mass
    middle = compose(lying, np.array([x, y - BEYOND, LOW, 1.0, 0.0, 0.0, 0.0]))[:3]
    ahead = rotation(lying[3:])[:, 0]
    return around(middle, float(np.arctan2(ahead[1], ahead[0])))


def _pick(skills: Skills, e: Episode, grip: Grip) -> Attempt:
    """Close the jaws across the croissant and lift it; return whether it came along, else they are open again."""
    start, goal = skills.pose(e, CROISSANT), _at_croissant(skills, e)
    if (yield from _go(skills, e, goal + RISE, 0.8)) and (yield from _go(skills, e, goal, 1.2)):
        yield from skills.fingers(e, RIGHT, _hand(skills, e, RIGHT, grip.closed), 0.8)
        yield from skills.wait(e, 0.4)
        yield from skills.straight(e, RIGHT, skills.palm(e, RIGHT) + RISE, 1.2)
        if skills.pose(e, CROISSANT)[2] > start[2] + ABOVE / 2:
            return True
    yield from skills.fingers(e, RIGHT, _hand(skills, e, RIGHT, grip.held), 0.8)
    return False


def _serve(skills: Skills, e: Episode, grip: Grip) -> Commands:
    """Bring the croissant over the plate, lower it, open the tongs and take them away upwards."""
    legs = _way_over(skills, e)
    if not legs:
        return
    for chains, seconds in zip(legs[:2], LEGS, strict=True):
        yield from skills.move(e, [skills.planner.command(e.command, RIGHT, q) for q in chains], seconds)
        yield from skills.settle(e)
    for upright in (True, False):  # tongs lean in the hand, more and more: as much as the arm can it makes up for that
        low = _above_plate(skills, e, 0.0, upright)
        if (yield from skills.straight(e, RIGHT, low + OFF, 0.5)) and (yield from skills.straight(e, RIGHT, low, 1.5)):
            break
    yield from skills.fingers(e, RIGHT, _hand(skills, e, RIGHT, grip.held), 0.8)
    yield from skills.wait(e, 0.5)
    yield from skills.straight(e, RIGHT, skills.palm(e, RIGHT) + OFF, 1.5)


def _above_plate(skills: Skills, e: Episode, yaw: float, upright: bool = True) -> Array:
    """Return (7,) of the palm where the croissant in the jaws is DROP over the plate.

    Args:
      skills: what knows the arms.
      e: the episode.
      yaw: by how much it is turned [rad].
      upright: whether it is level then, or leans as it does now.
    """
    croissant, plate = skills.pose(e, CROISSANT), skills.pose(e, skills.index(PLATE))
    com = skills.model(e, CROISSANT).center_of_mass
    goal = level(croissant, yaw) if upright else croissant
    middle = compose(plate, np.array([0.0, 0.0, TOP, 1.0, 0.0, 0.0, 0.0]))[:3]
    middle[2] += DROP + com[2]
    goal = np.concatenate([middle - rotation(goal[3:]) @ com, goal[3:]])
    return compose(goal, compose(inverse(croissant), skills.palm(e, RIGHT)))


def _way_over(skills: Skills, e: Episode) -> list[tuple[Array, ...]]:
    """Return chain angles up, across and down to the plate, the croissant in the jaws; empty if there is no way."""
    planner, palm, plate = skills.planner, skills.palm(e, RIGHT), skills.index(PLATE)
    skills.around.see(_without(skills, e, TONGS))
    skills.around.keep(False)
    for share, yaw in ((s, y) for s in RISES for y in YAWS):
        low = _above_plate(skills, e, yaw)
        high = low + OFF
        over = np.array([*palm[:2], palm[2] + share * max(0.0, high[2] - palm[2]), *palm[3:]])
        chain, legs = e.command[planner.chain[RIGHT]], []
        for start, end in ((palm, over), (over, high), (high, low)):
            way = planner.line(RIGHT, start[:3], end[:3], np.stack([start[3:], end[3:]]), chain, 8)
            if way is None:
                break
            legs.append(way)
            chain = way[-1]
        commands = [planner.command(e.command, RIGHT, q) for way in legs for q in way]
        if len(legs) == 3 and not any(skills.around.collides(c, (plate,), LEFT) for c in commands):
            return legs
    return []

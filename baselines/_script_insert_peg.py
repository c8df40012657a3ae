"""The script of insert_peg: one hand holds the block by its post, the other one brings the peg, looks and pushes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dexbench.core.schema import Array
from dexbench.objects.articulated import load_articulated

from ._motions import Episode
from ._pairs import Stance, about, arc, follow, palms, route, stances
from ._poses import compose, inverse
from ._skills import Skills
from ._symmetry import rotation

BLOCK = "peg_block"
POSTS, PEGS = "two_hands/post", "two_hands/peg"
"""Grasps of the block's post, and of a peg, made on peg_01; the others are within 2 mm of it."""
LEVEL = np.array([np.sqrt(0.5), 0.0, -np.sqrt(0.5), 0.0])
"""Turns the peg's z axis to -x of the block: its tip goes in along +x."""
MOUTH = -0.042
"""Where the hole begins, along the block's x axis [m]."""
BEFORE, NEAR, DEEP = 0.070, 0.012, 0.045
"""How far before the mouth the peg is brought, and looked at again, and how far its tip goes into the hole [m]."""
HIGH = 0.12
"""How far the peg is lifted before it is turned [m]."""
HEADINGS = 12
KEEPERS, PUSHERS = 6, 14
"""Stances of the hand at the post and of the one at the peg that are looked at."""
ALONG = 0.75
"""How much of the row of fingers lies along the post: the push tilts the block, and one finger is no lever."""
TIGHT = 1.5
"""How much further the fingers close around the post than to carry the block."""
FURTHER, UNLOAD, PUSHES = 0.018, 0.005, 12
"""How far a push goes beyond where the tip is, how far back before it [m], and how many there are: the block yields."""
ALIGNED, LOOKS = 0.0010, 6
"""How near to the hole's axis the tip must be before it goes in [m], and looks at it at most."""
ENOUGH = 0.016
"""Where the cork is pushed far enough [m]."""


@dataclass(frozen=True)
class Plan:
    """Both hands' stances, and their ways there as commands (A,)."""

    keep: Stance
    keep_way: list[Array]
    push: Stance
    roll: Array
    """(4,) how the peg is turned about its own axis when it goes in."""


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick: hold the post, pick up the peg, turn it level, look, push, stay."""
    block = skills.index(BLOCK)
    pusher = "left" if skills.pose(e, 0)[1] > 0 else "right"
    keeper = next(s for s in skills.robot.sides if s != pusher)
    plan = _plan(skills, e, block, keeper, pusher)
    if plan is None:
        yield from skills.stay(e)
        return
    keep, push, planner = plan.keep, plan.push, skills.planner
    yield from follow(skills, e, plan.keep_way)
    yield from _close(skills, e, keep)
    skills.around.see(e.seen, (0, block))
    way = route(skills, e.command, pusher, push.standoff, push.pregrasp, (block,), keeper)
    yield from follow(skills, e, way or [planner.command(e.command, pusher, push.standoff, push.pregrasp)])
    yield from _close(skills, e, push)
    up = skills.palm(e, pusher) + np.array([0.0, 0.0, HIGH, 0.0, 0.0, 0.0, 0.0])
    yield from skills.straight(e, pusher, up, 1.2)
    for before in (BEFORE, BEFORE, NEAR):
        skills.around.see(e.seen, (0, block))
        first = _palm(skills, e, block, pusher, -before, plan.roll)
        if before == BEFORE and (turned := _swing(skills, e, pusher, first, (0, block))) is not None:
            yield from follow(skills, e, turned)
        elif not (yield from skills.straight(e, pusher, first, 1.2)):
            break
        yield from skills.settle(e)
        yield from skills.wait(e, 0.2)
    for _ in range(LOOKS):  # a peg that meets the rim is shoved back into the hand
        if _aside(skills, e, block) < ALIGNED:
            break
        yield from skills.straight(e, pusher, _palm(skills, e, block, pusher, -NEAR, plan.roll), 0.4)
        yield from skills.wait(e, 0.2)
    for _ in range(PUSHES):
        if float(e.seen["articulation"][0]) > ENOUGH:
            break
        for go, seconds in ((-UNLOAD, 0.5), (FURTHER, 0.7)):  # back a little and straight again: a peg that jams shoves
            depth = _depth(skills, e, block)
            points = [_palm(skills, e, block, pusher, d, plan.roll) for d in np.linspace(depth, depth + go, 4)[1:]]
            chains = arc(skills, pusher, points, e.command[planner.chain[pusher]])
            if chains is not None:
                yield from skills.move(e, [planner.command(e.command, pusher, q) for q in chains], seconds)
    yield from skills.stay(e)


def _close(skills: Skills, e: Episode, stance: Stance) -> Iterator[Array]:
    """Go straight from the standoff to the grasp, and close."""
    yield from skills.settle(e)
    yield from skills.move(e, [skills.planner.command(e.command, stance.side, q) for q in stance.approach], 0.8)
    yield from skills.settle(e)
    yield from skills.fingers(e, stance.side, stance.squeeze, 0.5)
    yield from skills.wait(e, 0.4)


def _plan(skills: Skills, e: Episode, block: int, keeper: str, pusher: str) -> Plan | None:
    """Return stances at post and peg such that the peg can be brought before the hole and pushed in; None: no such."""
    planner, around = skills.planner, skills.around
    around.see(e.seen, (0, block))
    around.keep(False)
    posts, pegs = skills.grasps(keeper, POSTS), skills.grasps(pusher, PEGS)
    along = [k for k in range(len(posts)) if abs(rotation(posts.quaternion[k])[2, 0]) > ALONG]
    posts = posts.chosen(along or range(len(posts)))
    wanted = list(palms(skills.pose(e, block), about(2, HEADINGS), posts))
    keepers = list(stances(skills, e, keeper, wanted, posts, e.command, (), KEEPERS, inward=0.5, tight=TIGHT))
    wanted = list(palms(skills.pose(e, 0), about(2, HEADINGS), pegs))
    pushers = list(stances(skills, e, pusher, wanted, pegs, e.command, (), PUSHERS, tries=100))
    gone = {**e.seen, "object_pose": np.array(e.seen["object_pose"], float)}
    gone["object_pose"][0, 2] = -1.0
    for keep in keepers:
        around.see(e.seen, (0, block))
        way = route(skills, e.command, keeper, keep.standoff, keep.pregrasp)
        if way is None:
            continue
        base = planner.command(e.command, keeper, keep.chain, keep.squeeze)
        around.see(gone, (block,))
        for push in pushers:
            within = compose(inverse(skills.pose(e, 0)), push.palm)
            for roll in _rolls():
                goals = [compose(_goal(skills.pose(e, block), d, roll), within) for d in (-BEFORE, 0.0, DEEP)]
                chains = _first(skills, pusher, goals)
                if chains is not None and not any(
                    around.collides(planner.command(base, pusher, q, push.squeeze), (block,), keeper) for q in chains
                ):
                    return Plan(keep, way, push, roll)
    return None


def _first(skills: Skills, side: str, goals: list[Array]) -> list[Array] | None:
    """Return chain angles through palm poses, from whatever posture reaches the first one."""
    for seed in skills.planner.postures(side, goals[0][:3], goals[0][3:]):
        found = arc(skills, side, goals, seed)
        if found is not None:
            return found
    return None


def _rolls() -> list[Array]:
    """Return (4,) turns about the peg's own axis."""
    angles = 2 * np.pi * np.arange(HEADINGS) / HEADINGS
    return [np.array([np.cos(a / 2), 0.0, 0.0, np.sin(a / 2)]) for a in angles]


def _goal(block: Array, depth: float, roll: Array) -> Array:
    """Return (7,) the peg's pose with its tip `depth` inside the hole of a block at `block` (7,) [m]."""
    height = load_articulated(BLOCK).region("hole").position[2]
    tip = compose(block, np.array([MOUTH + depth, 0.0, height, *LEVEL]))
    return compose(tip, np.concatenate([np.zeros(3), roll]))


def _depth(skills: Skills, e: Episode, block: int) -> float:
    """Return how far the peg's tip is inside the hole [m]."""
    return float(compose(inverse(skills.pose(e, block)), skills.pose(e, 0))[0]) - MOUTH


def _aside(skills: Skills, e: Episode, block: int) -> float:
    """Return how far the peg's tip is from the hole's axis [m]."""
    place = compose(inverse(skills.pose(e, block)), skills.pose(e, 0))[1:3]
    return float(np.linalg.norm(place - load_articulated(BLOCK).region("hole").position[1:]))


def _palm(skills: Skills, e: Episode, block: int, side: str, depth: float, roll: Array) -> Array:
    """Return (7,) where the palm must be sent for the peg, as it now lies in the hand, to be so deep in the hole.

    A wrist sags under a load: what is missing now is added to what was sent, not to where the palm is.
    """
    goal = _goal(skills.pose(e, block), depth, roll)
    missing = compose(goal, inverse(skills.pose(e, 0)))
    return compose(missing, np.concatenate(skills.planner.reach[side].pose(e.command[skills.planner.chain[side]])))


def _swing(skills: Skills, e: Episode, side: str, palm: Array, near: tuple[int, ...]) -> list[Array] | None:
    """Return commands to a palm pose through free space, by the posture that is nearest; None if there is none."""
    chain = e.command[skills.planner.chain[side]]
    reach = skills.planner.reach[side]
    seeds = [reach.solve(palm[:3], palm[3:], chain, steps=80)]
    options = [s.q for s in seeds if s.found] + list(skills.planner.postures(side, palm[:3], palm[3:]))
    hand = e.command[skills.planner.hand[side]]
    for q in sorted(options, key=lambda q: float(np.abs(q - chain).max())):
        way = route(skills, e.command, side, q, hand, near)
        if way is not None:
            return way
    return None

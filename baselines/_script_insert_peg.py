"""The script of insert_peg: one hand holds the block by its post, the other one brings the peg, looks and pushes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from dexbench.core.rotations import quaternion_matrices
from dexbench.core.schema import Array
from dexbench.objects.articulated import load_articulated

from ._motions import Episode
from ._pairs import Stance, about, arc, follow, palms, route, stances
from ._planner import TURN
from ._poses import compose, inverse
from ._skills import Skills
from ._symmetry import rotation
from ._ways import Ways, arcs

REVISION = 1
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
TIGHT = {"bytedexter": (2.5, 1.4)}
"""How much further the fingers close around the post than to carry the block, and around the peg, by hand: the fingers
of some yield more."""
ELSE = (1.5, 1.0)
"""The same for all other hands."""
ROOM = 0.012
"""How far up and down the peg can be moved before the hole at least [m]."""
SPARE = (0.3, 0.1, 0.0)
"""Room that the arm's joints should have left on the way in, the first of these that there is [rad]: the peg turns in
the hand by some 15 degrees, 0.3, and what turns it back is the arm."""
READY = 8
"""Ways in that are tried for one to which the hand gets round everything."""
LEVELS = 2
"""How often the held block is brought back to where it was."""
FURTHER, UNLOAD, PUSHES = 0.018, 0.005, 12
"""How far a push goes beyond where the tip is, how far back before it [m], and how many there are: the block yields."""
CORK, IN = 0.015, 0.030
"""How deep the tip is before it gets near the cork, and how far a push goes until then [m]."""
ALIGNED, LOOKS = 0.0010, 6
"""How near to the hole's axis the tip must be before it goes in [m], and looks at it at most."""
ENOUGH = 0.016
"""Where the cork is pushed far enough [m]."""


@dataclass(frozen=True)
class Push:
    """How one hand gets the peg, and with which side up it brings it."""

    grasp: Stance
    roll: Array
    """(4,) how the peg is turned about its own axis when it goes in."""
    ready: Array
    """(C,) chain angles before the hole, from which the arm gets through [rad]."""


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick: hold the post, pick up the peg, turn it level, look, push, stay."""
    block = skills.index(BLOCK)
    pusher = "left" if skills.pose(e, 0)[1] > 0 else "right"
    keeper = next(s for s in skills.robot.sides if s != pusher)
    plan = _plan(skills, e, block, keeper, pusher)
    if plan is None:
        yield from skills.stay(e)
        return
    keep, keep_way, push = plan
    planner, start = skills.planner, skills.pose(e, block)
    yield from follow(skills, e, keep_way)
    yield from _close(skills, e, keep)
    yield from _level(skills, e, keeper, block, start)
    push = next(_pushes(skills, e, block, pusher, keeper, _pushers(skills, e, pusher), e.command), push)
    grasp = push.grasp
    skills.around.see(e.seen, (0, block))
    way = route(skills, e.command, pusher, grasp.standoff, grasp.pregrasp, (block,), keeper)
    yield from follow(skills, e, way or [planner.command(e.command, pusher, grasp.standoff, grasp.pregrasp)])
    yield from _close(skills, e, grasp)
    up = skills.palm(e, pusher) + np.array([0.0, 0.0, HIGH, 0.0, 0.0, 0.0, 0.0])
    yield from skills.straight(e, pusher, up, 1.2)
    yield from _level(skills, e, keeper, block, start)  # it has been creeping in the hand
    shape = e.command[planner.hand[pusher]]
    for _ in range(LEVELS):  # the peg turns in the hand, on the way too
        held = np.concatenate(planner.reach[pusher].pose(e.command[planner.chain[pusher]]))
        for push in islice(_pushes(skills, e, block, pusher, keeper, [replace(grasp, palm=held)], e.command), READY):
            skills.around.see(e.seen, (0, block))
            way = route(skills, e.command, pusher, push.ready, shape, (0, block))
            if way is not None:
                yield from follow(skills, e, way)
                break
        roll = push.roll
        if (yield from skills.straight(e, pusher, _palm(skills, e, block, pusher, -BEFORE, roll), 1.2)):
            yield from skills.settle(e)
            yield from skills.wait(e, 0.2)
            yield from skills.straight(e, pusher, _palm(skills, e, block, pusher, -NEAR, roll), 1.2)
            yield from skills.settle(e)
            yield from skills.wait(e, 0.2)
            break
    for _ in range(LOOKS):  # a peg that meets the rim is shoved back into the hand
        if _aside(skills, e, block) < ALIGNED:
            break
        yield from skills.straight(e, pusher, _palm(skills, e, block, pusher, -NEAR, roll), 0.4)
        yield from skills.wait(e, 0.2)
    for _ in range(PUSHES):
        if float(e.seen["articulation"][0]) > ENOUGH:
            break
        for back, seconds in ((True, 0.5), (False, 0.7)):  # back a little and straight again: a peg that jams shoves
            depth = _depth(skills, e, block)
            if back and depth < 0.0:
                continue
            go = -UNLOAD if back else IN if depth < CORK else FURTHER
            points = [_palm(skills, e, block, pusher, d, roll) for d in np.linspace(depth, depth + go, 4)[1:]]
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


def _level(skills: Skills, e: Episode, keeper: str, block: int, start: Array) -> Iterator[Array]:
    """Bring the held block back to `start` (7,): a hand that closes around its post tilts it."""
    for _ in range(LEVELS):
        missing = compose(start, inverse(skills.pose(e, block)))
        chain = e.command[skills.planner.chain[keeper]]
        palm = compose(missing, np.concatenate(skills.planner.reach[keeper].pose(chain)))
        solved = skills.planner.reach[keeper].solve(palm[:3], palm[3:], chain, steps=60)
        if not solved.found:
            break
        yield from skills.move(e, [skills.planner.command(e.command, keeper, solved.q)], 0.6)
        yield from skills.settle(e)
        yield from skills.wait(e, 0.1)


def _plan(skills: Skills, e: Episode, block: int, keeper: str, pusher: str) -> tuple[Stance, list[Array], Push] | None:
    """Return a stance at the post, the way there as commands (A,), and a push after it; None if there are no such."""
    planner, around = skills.planner, skills.around
    around.see(e.seen, (0, block))
    around.keep(False)
    posts = skills.grasps(keeper, POSTS)
    along = [k for k in range(len(posts)) if abs(rotation(posts.quaternion[k])[2, 0]) > ALONG]
    posts = posts.chosen(along or range(len(posts)))
    wanted = list(palms(skills.pose(e, block), about(2, HEADINGS), posts))
    keepers = list(
        stances(skills, Ways(skills, keeper, wanted, 0.5), posts, e.command, (), KEEPERS, tight=_tight(skills)[0])
    )
    pushers = _pushers(skills, e, pusher)
    for keep in keepers:
        around.see(e.seen, (0, block))
        way = route(skills, e.command, keeper, keep.standoff, keep.pregrasp)
        if way is None:
            continue
        base = planner.command(e.command, keeper, keep.chain, keep.squeeze)
        push = next(_pushes(skills, e, block, pusher, keeper, pushers, base), None)
        if push is not None:
            return keep, way, push
    return None


def _pushers(skills: Skills, e: Episode, side: str) -> list[Stance]:
    """Return stances of a hand at the peg, the other arm being where it is."""
    skills.around.see(e.seen, (0, skills.index(BLOCK)))
    pegs = skills.grasps(side, PEGS)
    wanted = list(palms(skills.pose(e, 0), about(2, HEADINGS), pegs))
    ways, keeper = Ways(skills, side, wanted, tries=100), next(s for s in skills.robot.sides if s != side)
    return list(stances(skills, ways, pegs, e.command, (skills.index(BLOCK),), PUSHERS, keeper, _tight(skills)[1]))


def _pushes(
    skills: Skills, e: Episode, block: int, side: str, keeper: str, grasps: Sequence[Stance], base: Array
) -> Iterator[Push]:
    """Yield stances with which the peg can be brought before the hole and pushed in, first where joints have room.

    Args:
      skills: what knows the arms.
      e: the episode.
      block: which object the block is.
      side: the hand that pushes.
      keeper: the hand that holds the block.
      grasps: stances at the peg.
      base: (A,) command with the keeper where it will be.
    """
    planner, around = skills.planner, skills.around
    gone = {**e.seen, "object_pose": np.array(e.seen["object_pose"], float)}
    gone["object_pose"][0, 2] = -1.0
    found: list[list[tuple[float, Array, Array]]] = []
    for least, below in zip(SPARE, (np.inf, *SPARE), strict=False):
        for k, grasp in enumerate(grasps):
            if k == len(found):
                found.append(_brought(skills, e, block, side, keeper, grasp, base))
            for room, roll, chains in found[k]:
                if not least <= room < below:
                    continue
                commands = [planner.command(base, side, q, grasp.squeeze) for q in chains]
                around.see(gone, (block,))
                if not any(around.collides(c, (block,), keeper) for c in commands):
                    yield Push(grasp, roll, chains[0])


def _brought(
    skills: Skills, e: Episode, block: int, side: str, keeper: str, grasp: Stance, base: Array
) -> list[tuple[float, Array, Array]]:
    """Return the ways in which one grasp gets the peg through, those first that are far from the other hand.

    Each is the room that the arm's joints have left [rad], the peg's roll (4,) and chain angles (T, C) [rad].
    """
    planner, reach = skills.planner, skills.planner.reach[side]
    within = compose(inverse(skills.pose(e, 0)), grasp.palm)
    rolls, goals, seeds = [], [], []
    for roll in _rolls():
        points = [compose(_goal(skills.pose(e, block), d, roll), within) for d in (-BEFORE, 0.0, 0.0, 0.0, DEEP)]
        points[1][2] += ROOM  # an arm that just gets there has no room to look and to mend
        points[2][2] -= ROOM
        for seed in planner.seeds(side, points[0][:3], points[0][3:]):
            rolls.append(roll)
            goals.append(points)
            seeds.append(seed)
    ways: Array = np.array(goals)
    first, good = planner.many[side].solve(ways[:, 0, :3], quaternion_matrices(ways[:, 0, 3:]), np.array(seeds))
    good &= np.abs(first - reach.home).max(axis=1) <= TURN
    found, through = arcs(planner.many[side], ways[good], first[good])
    other, _ = planner.reach[keeper].pose(base[planner.chain[keeper]])
    options = list(zip(np.flatnonzero(good)[through], found[through], strict=True))
    options.sort(key=lambda o: -float(np.linalg.norm(ways[o[0], 3, :3] - other)))
    arm = len(skills.robot.parts[side].arm.moving)
    rooms = [np.minimum(q - reach.lower, reach.upper - q)[:, :arm].min() for _, q in options]
    return [(float(room), rolls[k], chains) for room, (k, chains) in zip(rooms, options, strict=True)]


def _rolls() -> list[Array]:
    """Return (4,) turns about the peg's own axis."""
    angles = 2 * np.pi * np.arange(HEADINGS) / HEADINGS
    return [np.array([np.cos(a / 2), 0.0, 0.0, np.sin(a / 2)]) for a in angles]


def _tight(skills: Skills) -> tuple[float, float]:
    """Return how much further a hand closes around the post, and around the peg."""
    return TIGHT.get(skills.hand, ELSE)


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

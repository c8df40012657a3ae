"""The script of open_jar: one hand wraps the jar, the other one turns the lid in strokes, as far as its arm gets."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

import numpy as np

from dexbench.core.schema import Array
from dexbench.grasp.library import Grasps
from dexbench.objects.articulated import load_articulated

from ._motions import Episode
from ._pairs import Stance, about, follow, palms, roles, route, stances
from ._planner import JUMP
from ._poses import compose, inverse
from ._skills import Skills
from ._ways import Ways

REVISION = 3
JAR, LID = "screw_jar", "screw_jar/lid"
GRASPS = "two_hands/jar"
"""Grasps of the jar's body and lid."""
ANGLES = {"tenth": np.pi / 5, "eighth": np.pi / 4, "sixth": np.pi / 3}
"""Words of the instruction, and what they mean [rad]."""
BEYOND = np.deg2rad(8.0)
"""How much further it turns: what the fingers give way is not the lid's [rad]."""
HEADINGS = 16
"""Ways round that either hand comes; the jar looks the same in all of them."""
PAIRS, MOST, TURNERS = 60, 200, 12
"""Pairs of stances that do not meet which are looked at, at most where none of them is good, and stances for a further
stroke."""
LITTLE = np.deg2rad(6.0)
"""What a stroke must bring at least to be followed by another one [rad]."""
TIGHT = {"bytedexter": (2.5, 2.0), "shadow": (0.9, 0.9)}
"""How much further the fingers close around jar and lid than to carry, by hand: the thread resists, fingers
that yield must press on, and stiff ones tip the jar."""
ELSE = (1.2, 1.2)
"""The same for all other hands."""
STEP = np.deg2rad(6.0)
"""Between two points of a stroke [rad]."""
LONG, SHORT = np.deg2rad(100.0), np.deg2rad(5.0)
"""A stroke that needs no better one, and one that is not worth it [rad]; a hand that turns back first has more."""
WOUND, EXTRA = np.deg2rad(25.0), 4
"""What the fingers give way before the lid turns [rad], and points by which a stroke may go beyond its plan."""
PACE, RETURN = 0.6, 1.2
"""Speed of a hand that turns the lid, and of an open one that turns back around it [rad/s]."""
BACK = 0.10
"""How far a hand goes back from the lid [m]."""


@dataclass(frozen=True)
class Stroke:
    """One turn of the lid, from a stance on."""

    grasp: Stance
    way: list[Array]
    """Commands (A,) to its standoff."""
    turn: list[Array]
    """Chain angles, STEP apart [rad]."""


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick: hold the jar, turn the lid until it is open far enough, let it go."""
    jar, lid = skills.index(JAR), skills.index(LID)
    wanted = next((a for word, a in ANGLES.items() if word in e.instruction), np.pi / 3) + BEYOND
    start = _open(skills, e)
    tried: set[int] = set()
    while wanted - (_open(skills, e) - start) > BEYOND / 2:
        skills.around.see(e.seen, (jar, lid))
        holder = _holder(skills, e, jar, lid, wanted, tried)
        if holder is None:
            if not tried:
                break
            tried.clear()
            continue
        held, way = holder
        tried.add(held.row)
        yield from _hold(skills, e, held, way)
        yield from _strokes(skills, e, held, jar, lid, start + wanted)
        if wanted - (_open(skills, e) - start) > BEYOND / 2:  # another way of holding it may leave more room
            yield from skills.fingers(e, held.side, held.pregrasp, 0.5)
            away = compose(skills.palm(e, held.side), np.array([0.0, 0.0, -BACK, 1.0, 0.0, 0.0, 0.0]))
            yield from skills.straight(e, held.side, away, 0.6)
            yield from skills.home(e)
    yield from skills.stay(e)


def _hold(skills: Skills, e: Episode, held: Stance, way: list[Array]) -> Iterator[Array]:
    """Come to the jar and close around it."""
    yield from follow(skills, e, way)
    yield from skills.move(e, [skills.planner.command(e.command, held.side, q) for q in held.approach], 0.8)
    yield from skills.settle(e)
    yield from skills.fingers(e, held.side, held.squeeze, 0.6)
    yield from skills.wait(e, 0.3)


def _strokes(skills: Skills, e: Episode, held: Stance, jar: int, lid: int, goal: float) -> Iterator[Array]:
    """Turn the lid to `goal` [rad] in strokes, while there are any."""
    other = next(s for s in skills.robot.sides if s != held.side)
    while (left := goal - _open(skills, e)) > BEYOND / 2:
        skills.around.see(e.seen, (jar, lid))
        before = _open(skills, e)
        stroke = _best(skills, e, other, held.side, jar, lid, e.command, left + WOUND)
        if stroke is None:
            return
        yield from _ratchet(skills, e, stroke, jar, lid, goal)
        if _open(skills, e) - before < LITTLE:
            return


def _ratchet(skills: Skills, e: Episode, stroke: Stroke, jar: int, lid: int, goal: float) -> Iterator[Array]:
    """Come to the lid, turn back around it, close and turn it; open and do so again while that helps; go away."""
    grasp, planner = stroke.grasp, skills.planner
    yield from follow(skills, e, stroke.way)
    yield from skills.move(e, [planner.command(e.command, grasp.side, q) for q in grasp.approach], 0.6)
    yield from skills.settle(e)
    end = len(stroke.turn)
    begin = end - int(np.ceil(LONG / STEP))
    at = lowest = 0  # steps from where the hand came
    while (left := goal - _open(skills, e)) > BEYOND / 2:
        if at > begin:
            at -= yield from _swing(skills, e, grasp.side, jar, lid, begin - at, at - lowest)
            lowest = min(lowest, at)
        yield from skills.fingers(e, grasp.side, grasp.squeeze, 0.5)
        yield from skills.wait(e, 0.2)
        steps = end + EXTRA - at
        at += yield from _swing(skills, e, grasp.side, jar, lid, steps, steps, goal)
        yield from skills.settle(e)
        yield from skills.fingers(e, grasp.side, grasp.pregrasp, 0.4)
        if left - (goal - _open(skills, e)) < LITTLE:
            break
    away = compose(skills.palm(e, grasp.side), np.array([0.0, 0.0, -BACK, 1.0, 0.0, 0.0, 0.0]))
    yield from skills.straight(e, grasp.side, away, 0.5)


def _tight(skills: Skills) -> tuple[float, float]:
    """Return how much further a hand closes around the jar, and around the lid."""
    return TIGHT.get(skills.hand, ELSE)


def _grasps_of(skills: Skills, side: str, part: str) -> Grasps:
    """Return the library's grasps of one part of the jar."""
    found = skills.grasps(side, GRASPS)
    return found.chosen([k for k, p in enumerate(found.part) if p == part])


def _open(skills: Skills, e: Episode) -> float:
    """Return how far the lid is turned [rad]."""
    joints = [j.name for j in load_articulated(JAR).joints]
    return float(e.seen["articulation"][joints.index("lid_turn")])


def _holder(
    skills: Skills, e: Episode, jar: int, lid: int, wanted: float, tried: set[int]
) -> tuple[Stance, list[Array]] | None:
    """Return how the hand that is to hold the jar gets there, such that the other one can turn the lid a long way.

    None if it does not; grasps in rows `tried` are left out.
    """
    best, found, enough = SHORT, None, min(wanted + WOUND, LONG) - STEP
    there, around = skills.pose(e, jar), skills.around
    around.keep(False)
    side, other = roles(e.instruction)
    body, cap = _grasps_of(skills, side, "body"), _grasps_of(skills, other, "lid")
    wraps = [w for w in palms(there, about(2, HEADINGS), body) if w[0] not in tried]
    holders = list(stances(skills, Ways(skills, side, wraps, 1.0), body, e.command, tight=_tight(skills)[0]))
    caps = Ways(skills, other, list(palms(there, about(2, HEADINGS), cap)), 0.5, tries=90)
    turners = list(stances(skills, caps, cap, e.command, (jar, lid), by=other, tight=_tight(skills)[1]))
    routes: dict[int, list[Array] | None] = {}
    for n, (a, b) in enumerate(islice(_free(skills, e, holders, turners, (jar, lid)), MOST)):
        if n >= PAIRS and found is not None:
            break
        held, turner = holders[a], turners[b]
        if a not in routes:
            routes[a] = route(skills, e.command, side, held.standoff, held.pregrasp)
        way = routes[a]
        base = skills.planner.command(e.command, side, held.chain, held.squeeze)
        if way is None or _come(skills, turner, base, (jar, lid), side) is None:
            continue
        length = STEP * len(_arc(skills, turner, there, base, (jar, lid), min(wanted + WOUND, LONG)))
        if length > best:
            best, found = length, (held, way)
        if best >= enough:
            break
    return found


def _free(
    skills: Skills, e: Episode, holders: Sequence[Stance], turners: Sequence[Stance], ignore: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Yield which holder and which turner do not meet when both are there, first those early in both lists."""
    planner, around = skills.planner, skills.around
    pairs = sorted(product(range(len(holders)), range(len(turners))), key=lambda ab: (sum(ab), ab))
    for a, b in pairs:
        held, turner = holders[a], turners[b]
        base = planner.command(e.command, held.side, held.chain, held.squeeze)
        if not around.collides(planner.command(base, turner.side, turner.chain, turner.pregrasp), ignore):
            yield a, b


def _come(skills: Skills, turner: Stance, base: Array, ignore: Sequence[int], by: str) -> list[Array] | None:
    """Return the way of the hand that turns to the lid, the other one being where `base` (A,) has it; None if none."""
    planner = skills.planner
    points = (turner.standoff, *turner.approach)
    if any(skills.around.collides(planner.command(base, turner.side, q, turner.pregrasp), ignore) for q in points):
        return None
    return route(skills, base, turner.side, turner.standoff, turner.pregrasp, ignore, by)


def _best(
    skills: Skills,
    e: Episode,
    side: str,
    holder: str,
    jar: int,
    lid: int,
    base: Array,
    wanted: float,
) -> Stroke | None:
    """Return the longest stroke of a hand at the lid, the other one being where `base` (A,) has it; None: all short.

    A stroke need not be longer than `wanted` [rad].
    """
    own = _grasps_of(skills, side, "lid")
    there = skills.pose(e, jar)
    ways = Ways(skills, side, list(palms(there, about(2, HEADINGS), own)), 0.5, tries=90)
    best, found = SHORT, None
    for stance in stances(skills, ways, own, base, (jar, lid), TURNERS, holder, _tight(skills)[1]):
        way = route(skills, base, side, stance.standoff, stance.pregrasp, (jar, lid), holder)
        if way is None:
            continue
        turn = _arc(skills, stance, there, base, (jar, lid), min(wanted, LONG))
        if STEP * len(turn) > best:
            best, found = STEP * len(turn), Stroke(stance, way, turn)
        if best >= min(wanted, LONG) - STEP:
            break
    return found


def _arc(
    skills: Skills, stance: Stance, there: Array, base: Array, ignore: Sequence[int], wanted: float
) -> list[Array]:
    """Return chain angles as far as the hand gets when it turns the lid about its axis and follows its thread."""
    planner, side = skills.planner, stance.side
    palm, seed, found = stance.palm, stance.chain, []
    for _ in range(int(np.ceil(wanted / STEP))):
        palm = _onwards(palm, there)
        solved = planner.reach[side].solve(palm[:3], palm[3:], seed, steps=40)
        if not solved.found or np.abs(solved.q - seed).max() > JUMP:
            break
        if skills.around.collides(planner.command(base, side, solved.q, stance.squeeze), ignore):
            break
        seed = solved.q
        found.append(seed)
    return found


def _onwards(palm: Array, jar: Array, step: float = STEP) -> Array:
    """Return a palm pose (7,) turned by `step` [rad] about the axis of a jar at `jar` (7,), raised by its thread."""
    thread = load_articulated(JAR).couplings[0]
    pitch = thread.multiplier if thread.follower == "lid_rise" else 1 / thread.multiplier
    turn = np.array([0.0, 0.0, pitch * step, np.cos(step / 2), 0.0, 0.0, np.sin(step / 2)])
    return compose(jar, compose(turn, compose(inverse(jar), palm)))


def _swing(
    skills: Skills, e: Episode, side: str, jar: int, lid: int, steps: int, free: int, goal: float = np.inf
) -> Generator[Array, None, int]:
    """Turn a hand about where the jar then is; return how many steps were made.

    Args:
      skills: what knows the arms.
      e: the episode.
      side: of the hand.
      jar: which object the jar is.
      lid: which object the lid is.
      steps: how many STEPs at most, below 0: back; as far as the arm gets.
      free: steps that are known to meet nothing.
      goal: turn of the lid at which it stops [rad].
    """
    planner, step, seconds = skills.planner, float(np.copysign(STEP, steps)), STEP / (PACE if steps > 0 else RETURN)
    skills.around.see(e.seen, (jar, lid))
    chain = e.command[planner.chain[side]]
    palm = np.concatenate(planner.reach[side].pose(chain))
    for made in range(abs(steps)):
        palm = _onwards(palm, skills.pose(e, jar), step)
        solved = planner.reach[side].solve(palm[:3], palm[3:], chain, steps=40)
        if not solved.found or np.abs(solved.q - chain).max() > JUMP or _open(skills, e) > goal:
            return made
        command = planner.command(e.command, side, solved.q)
        if made >= free and skills.around.collides(command, (jar, lid)):
            return made
        chain = solved.q
        yield from skills.move(e, [command], seconds)
    return abs(steps)

"""The script of hand_over: both grasps are planned together, the second one again from where the bar then is."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from dexbench.core.rotations import quaternion_matrices
from dexbench.core.schema import Array

from ._motions import Attempt, Episode
from ._pairs import Stance, about, arc, follow, met, palms, roles, route, stances
from ._planner import Reached
from ._poses import compose, inverse, turned, upright
from ._skills import Skills
from ._symmetry import rotation
from ._ways import Ways

GRASPS = "two_hands/bar"
"""Grasps of a bar, made on bar_01; the others are within 2 mm of it."""
MEETINGS = ((0.55, 0.0, 0.17), (0.50, -0.05, 0.20), (0.60, 0.0, 0.14), (0.50, 0.05, 0.14), (0.55, -0.12, 0.14))
"""Where the bar's lower end may be when both hands are at it: x, y towards the taker, and z [m]."""
LASTING = {"shadow": (5, 10, 14), "bytedexter": (0, 3, 4, 8, 11, 16, 17), "psibot": (0, 5, 8, 14, 16)}
"""Those of them, by hand, that either hand takes first: a bar was lifted out of its stand with them and held in the air
for 8 to 14 s in three tries of four or more. With others it creeps out of the fingers while the other hand comes. The
first one of shadow did so too, and let bars go on the way to the middle."""
HEADINGS = 12
"""Ways round that the bar is held; it looks the same in all of them."""
GIVERS, TAKERS = 20, 10
"""Stances of either hand that are looked at."""
INWARD = (1.0, 0.0)
"""How much either hand's fingers should point to the other side: first so, then otherwise."""
ATTEMPTS = 3
"""Plans and picks at most: planning is dear."""
BACK = 0.10
"""How far the giver goes back along its palm's normal [m]."""
RISE = 0.14
"""How far the bar is lifted before it is carried to the middle [m]."""
YAWS = 8
"""Ways round that the bar is brought to the other hand."""
FAR = 2.0
"""Furthest that a joint of the giver goes meanwhile [rad]."""
INWARDS = 0.5
"""What fingers that point to the other side are worth in radians of that."""
TURNING = 0.5
"""What a turn of the bar costs, in radians of that for each of its own: it swings in the fingers."""
SLOW = 1.6
"""Seconds for a radian of that."""
FLIP = np.array([0.0, 1.0, 0.0, 0.0])
"""The bar also looks the same upside down."""


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick: lift, carry to the middle, take with the other hand, let go."""
    giver, taker = roles(e.instruction)
    k = skills.target(e)
    stand = skills.index("bar_stand")
    start = float(e.seen["object_pose"][k, 2])
    for _ in range(ATTEMPTS):
        lifted = yield from _lift(skills, e, giver, taker, k, stand, start)
        if lifted is not None:
            yield from _pass(skills, e, taker, k, lifted)
            break
        yield from skills.home(e)
        yield from skills.wait(e, 0.5)
    yield from skills.stay(e)  # a bar that lies on the table is out of reach for either


@dataclass(frozen=True)
class Carry:
    """How the giver gets the bar to the middle, always with the same side up."""

    grasp: Reached
    across: Array
    """(C,) chain angles at the meeting [rad]."""


def _lift(
    skills: Skills, e: Episode, giver: str, taker: str, k: int, stand: int, start: float
) -> Generator[Array, None, Reached | None]:
    """Pick the bar up with a grasp after which the other hand finds one; return the plan, None if it did not work."""
    tried = e.tried.setdefault((giver, k), set())
    skills.around.see(e.seen, (k, stand))
    found = next(_carries(skills, e, giver, taker, k, tried), None)
    if found is None:
        tried.clear()
        return None
    tried.add(found.grasp.row)
    yield from skills.attempt(e, [found.grasp])
    if not skills.holds(e, k, start):
        yield from skills.let_go(e, [found.grasp])
        return None
    end = skills.planner.command(e.command, giver, found.across)
    yield from skills.move(e, [end], SLOW * max(1.0, float(np.abs(end - e.command).max())))
    yield from skills.settle(e)
    return found.grasp


def _carries(skills: Skills, e: Episode, giver: str, taker: str, k: int, tried: set[int]) -> Iterator[Carry]:
    """Yield ways to bring the bar to the middle, where the taker has a stance as well; not with rows `tried`."""
    planner, around, pose = skills.planner, skills.around, skills.pose(e, k)
    own = skills.grasps(giver, GRASPS)
    wanted = [w for w in palms(pose, about(2, HEADINGS), own) if w[0] not in tried]
    around.keep(False)
    out = RISE * rotation(pose[3:])[:, 2]  # along the stand, which leans
    known: dict[bytes, tuple[Ways, ...]] = {}
    ways = (
        stances(skills, Ways(skills, giver, some, inward), own, e.command, (), GIVERS)
        for some in _lasting_first(skills, wanted)
        for inward in INWARD
    )
    for first in chain.from_iterable(ways):
        top = first.palm + np.array([*out, 0.0, 0.0, 0.0, 0.0])
        lift = planner.line(giver, first.palm[:3], top[:3], first.palm[3:], first.chain, 5)
        ready = None if lift is None else route(skills, e.command, giver, first.standoff, first.pregrasp)
        if lift is None or ready is None:
            continue
        via = tuple(command[planner.chain[giver]] for command in ready[:-1])
        grasp = Reached(giver, first.standoff, first.approach, lift, first.pregrasp, first.squeeze, first.row, via)
        high = planner.command(e.command, giver, lift[-1], first.squeeze)
        for place, end in _meetings(skills, giver, pose, first.palm, lift[-1]):
            base = planner.command(e.command, giver, end, first.squeeze)
            there = np.concatenate([place, upright(pose[3:])])
            if around.collides(base, (k,), giver):
                continue
            taking = next(_takes(skills, e, taker, first, k, there, base, known), None)
            if taking is not None and not met(skills, high, base, (k,), giver):
                yield Carry(grasp, end)
                break


def _lasting_first(skills: Skills, wanted: Sequence[tuple[int, Array]]) -> tuple[list[tuple[int, Array]], ...]:
    """Return (row, palm pose (7,)) of the grasps that last, and of the others."""
    good = LASTING.get(skills.hand, ())
    return [w for w in wanted if w[0] in good], [w for w in wanted if w[0] not in good]


def _meetings(skills: Skills, giver: str, pose: Array, palm: Array, seed: Array) -> list[tuple[Array, Array]]:
    """Return where the bar may be handed over, and the giver's chain angles there, with easy postures first.

    Args:
      skills: what knows the arms.
      giver: which hand brings it.
      pose: (7,) of the bar in its stand.
      palm: (7,) at the bar there.
      seed: (C,) chain angles from which the hand comes [rad].
    """
    taker = "left" if giver == "right" else "right"
    within = compose(inverse(pose), palm)
    places = [place for place in _places(taker) for _ in range(YAWS)]
    yaws = 2 * np.pi * np.arange(len(places)) / YAWS
    bars = [np.concatenate([p, turned(upright(pose[3:]), float(y))]) for p, y in zip(places, yaws, strict=True)]
    goals = np.array([compose(bar, within) for bar in bars])
    turns = quaternion_matrices(goals[:, 3:])
    ends, good = skills.planner.many[giver].solve(goals[:, :3], turns, np.tile(seed, (len(goals), 1)), steps=40)
    far = np.abs(ends - seed).max(axis=1)
    inward = turns[:, 1, 1] * (1.0 if giver == "right" else -1.0)
    around = np.abs((yaws + np.pi) % (2 * np.pi) - np.pi)
    cost = np.where(around < 1e-6, -np.inf, far + TURNING * around - INWARDS * inward)
    order = np.argsort(cost, kind="stable")  # as it is, at the first place that can be; then otherwise
    return [(places[i], ends[i]) for i in order if good[i] and far[i] < FAR]


@dataclass(frozen=True)
class Take:
    """How the taker gets to the bar, and the giver away from it."""

    grasp: Stance
    way: list[Array]
    """Commands (A,) to its standoff."""
    away: list[Array]
    """The giver's chain angles on its way back [rad]."""


def _takes(
    skills: Skills,
    e: Episode,
    taker: str,
    given: Stance | Reached,
    k: int,
    there: Array,
    base: Array,
    known: dict[bytes, tuple[Ways, ...]],
) -> Iterator[Take]:
    """Yield how a bar at `there` can change hands, with the giver where `base` (A,) has it; fills `known`."""
    planner, around, giver = skills.planner, skills.around, given.side
    model = skills.model(e, k)
    own = skills.grasps(taker, GRASPS)
    if there.tobytes() not in known:
        flipped = compose(there, np.array([0.0, 0.0, model.height, *FLIP]))
        wanted = [w for pose in (there, flipped) for w in palms(pose, about(2, HEADINGS), own)]
        lists = _lasting_first(skills, wanted)
        known[there.tobytes()] = tuple(Ways(skills, taker, some, INWARD[0], tries=120) for some in lists)
    angles = base[planner.chain[giver]]
    palm = np.concatenate(planner.reach[giver].pose(angles))
    back = [compose(palm, np.array([0.0, 0.0, -BACK * t, 1.0, 0.0, 0.0, 0.0])) for t in np.linspace(0.2, 1, 5)]
    away = arc(skills, giver, back, angles)
    if away is None:
        return
    ways = (stances(skills, some, own, base, (k,), TAKERS, giver) for some in known[there.tobytes()])
    for stance in chain.from_iterable(ways):
        both = planner.command(base, taker, stance.chain, stance.squeeze)
        if any(around.collides(planner.command(both, giver, q, given.pregrasp), (k,)) for q in away):
            continue
        way = route(skills, base, taker, stance.standoff, stance.pregrasp, (k,), giver)
        if way is not None:
            yield Take(stance, way, away)


def _pass(skills: Skills, e: Episode, taker: str, k: int, held: Reached) -> Attempt:
    """Take the bar with the other hand from where it now is, and let go; return whether that was possible."""
    planner, giver = skills.planner, held.side
    skills.around.keep(False)
    for place in (None, *_places(taker)):
        if place is not None and not (yield from _shift(skills, e, giver, k, place)):
            continue
        skills.around.see(e.seen, (k,))
        found = next(_takes(skills, e, taker, held, k, skills.pose(e, k), e.command, {}), None)
        if found is None:
            continue
        taken = found.grasp
        yield from follow(skills, e, found.way)
        yield from skills.move(e, [planner.command(e.command, taker, q) for q in taken.approach], 1.0)
        yield from skills.settle(e)
        yield from skills.fingers(e, taker, taken.squeeze, 0.8)
        yield from skills.wait(e, 0.3)
        yield from skills.fingers(e, giver, held.pregrasp, 1.0)
        yield from skills.wait(e, 0.2)
        yield from skills.move(e, [planner.command(e.command, giver, q) for q in found.away], 1.0)
        yield from skills.settle(e)
        return True
    return False


def _places(taker: str) -> list[Array]:
    """Return the meetings, mirrored for the taker."""
    side = 1.0 if taker == "left" else -1.0
    return [np.array([x, side * y, z]) for x, y, z in MEETINGS]


def _shift(skills: Skills, e: Episode, giver: str, k: int, place: Array) -> Attempt:
    """Bring the held bar to `place` (3,) without turning it; return whether the arm can."""
    palm = np.concatenate(skills.planner.reach[giver].pose(e.command[skills.planner.chain[giver]]))
    palm[:3] += place - skills.pose(e, k)[:3]
    return (yield from skills.straight(e, giver, palm, 0.8))

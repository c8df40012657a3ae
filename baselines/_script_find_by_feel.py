"""Script of *find_by_feel*: feel with the fingertips where that tells most, grasp where the can must be, bring it."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from dexbench.core.rotations import quaternion_matrix
from dexbench.core.schema import Array
from dexbench.grasp.library import Grasps
from dexbench.objects.articulated import load_articulated

from ._belief import Belief
from ._motions import Commands, Episode
from ._planner import JUMP, TURN, Reached, timed
from ._poses import compose, inverse, quaternion_of, turned
from ._script_keep_shell import roomier
from ._skills import Skills

OBSERVES = ("touch_net",)
REVISION = 1
BOX, MARK = "opaque_box", "mark"
LIKE = "can_01"
"""Whose grasps are used for all cans, which differ by half a centimetre in radius."""
OVER = 0.16
"""Height of the fingertips between two places [m]: over the highest can."""
DOWN = (0.088, 0.045)
"""Heights to which they come down [m]: below the top of the lowest can that stands, then of one that lies."""
FELT = 0.15
"""Force of a pad that counts as felt [N]."""
SECONDS = 0.7
"""For the way down: a hard touch at its edge knocks a can over."""
LATE = 14
"""Ticks by which an arm is late at most."""
ARRIVED, ROOM = 0.004, 0.010
"""Height over the lowest at which the hand counts as there, and up to which a tip that meets nothing says so [m]: one
that was held up, by what no pad feels, says nothing."""
STRAY = 0.01
"""How far the palm may be from where it was sent when it begins to come down [m]."""
STALL, BEGUN = 0.001, 0.012
"""A hand that comes down by less in a tick has been stopped, once it is so far below where it began [m]."""
TILTS = np.radians([50.0, 60.0, 75.0, 90.0])
"""Slants of the fingers below the horizontal that are tried, in this order [rad]: pads face down in the first."""
HEADINGS = np.radians([0.0, 25.0, -25.0, 50.0, -50.0, 90.0, -90.0])
"""Ways round in which the fingers lean, from straight ahead [rad], in this order."""
FINGERS = {"fingers/flexion": 0.1, "fingers/mcp": 0.1, "fingers/pip": 0.05}
"""The hand with which it feels: almost straight."""
KNOWN = 0.0135
"""Spread of the belief at which it grasps [m]."""
STEP, BEYOND = 0.02, 0.02
"""Distance between the places that are considered, and how far beyond those where the can may be they go [m]."""
FAR = 0.025
"""How much more must be learned for a way that is longer [nats/m]."""
TRIES = 40
"""Places felt before it grasps all the same."""
YAWS = (0.0, 0.5, -0.5, 1.0, -1.0)
"""Turns of what is held, about the vertical, with which it is brought over the mark, in this order [rad]."""
BRINGING = 0.25
"""Speed at which it is brought there [m/s]."""


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick, for ever."""
    feeler, depth = Feeler(skills, e, skills.sides[0]), 0
    while True:
        yield from feeler.search(DOWN[depth])
        plan = feeler.plan()
        if plan:
            yield from skills.attempt(e, plan)
            yield from skills.wait(e, 0.3)
            if feeler.felt().any():
                yield from feeler.bring()
            while feeler.felt().any():
                yield e.command
            yield from skills.let_go(e, plan)
        else:
            yield from skills.home(e)
        feeler.belief.doubt(feeler.belief.mean)
        depth = 1 - depth


class Feeler:
    """One hand that feels for the can in the box, and what it believes."""

    def __init__(self, skills: Skills, e: Episode, side: str) -> None:
        """Prepare; nothing is known yet."""
        self.skills, self.e, self.side = skills, e, side
        places, shapes = skills.planner.hand[side], skills.shapes[side]
        self.hand = shapes.shape(FINGERS, skills.robot.home[places])
        command = skills.robot.home.copy()
        command[places] = self.hand
        fingers = [f for f in shapes.fingers if f != "thumb"]
        self.tips = np.array([shapes.tips(command)[f] for f in fingers])
        """(F, 3) where the fingertips but the thumb's are in the palm frame [m]."""
        pads = [p.name for p in skills.robot.pads]
        self.pads = [pads.index(f"{side}/{f}") for f in fingers]
        half = load_articulated(BOX).region("standing").half[:2]
        self.belief = Belief(half)
        axes = [np.arange(-h - BEYOND, h + BEYOND + 1e-9, STEP) for h in half]
        self.spots = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
        """(S, 2) where the hand may come down, in the box's frame [m]."""

    def felt(self) -> Array:
        """Return (F,) bool, which fingertips are touched."""
        return np.asarray(np.linalg.norm(np.asarray(self.e.seen["touch_net"], float)[self.pads], axis=1) > FELT)

    def search(self, low: float) -> Commands:
        """Feel for it, down to a height `low` [m], until it is known where it stands."""
        skills, e, belief = self.skills, self.e, self.belief
        across = self.tips[:, 0] - self.tips[:, 0].mean()
        row = np.stack([np.zeros(len(across)), -across], axis=1)
        left = np.ones(len(self.spots), bool)
        here = belief.mean
        for _ in range(TRIES):
            if belief.spread < KNOWN or not left.any():
                return
            worth = belief.news(self.spots[:, None] + row) - FAR * np.linalg.norm(self.spots - here, axis=1)
            k = int(np.argmax(np.where(left, worth, -np.inf)))
            left[k] = False
            way = self.way(self.spots[k], low)
            if way is not None:
                here = self.spots[k]
                yield from skills.move(e, [way[0]], 0.25)
                yield from self.arrive()
                yield from self.feel(way, low)

    def feel(self, way: list[Array], low: float) -> Commands:
        """Come down on a way until a fingertip meets something, take that in, and go up again."""
        skills, e, belief = self.skills, self.e, self.belief
        top, lowest = e.command, OVER
        for command in (*timed(skills.robot.limits.velocity, skills.period, way, SECONDS), *[way[-1]] * LATE):
            yield command
            palm = skills.palm(e, self.side)
            tips = palm[:3] + self.tips @ quaternion_matrix(palm[3:]).T
            met, before = self.felt(), lowest
            lowest = float(tips[:, 2].mean())
            stopped = before - lowest < STALL and lowest < OVER - BEGUN
            if met.any() or lowest < low + ARRIVED or stopped:
                break
        at, turn = self.box()
        belief.update(((tips - at) @ turn)[:, :2], met, tips[:, 2] < low + ROOM)
        yield from skills.move(e, [top], 0.25)
        yield from self.arrive()

    def arrive(self) -> Commands:
        """Wait until the palm is where it was sent: a hand that drifts while it comes down knocks a can over."""
        e, planner = self.e, self.skills.planner
        goal, _ = planner.reach[self.side].pose(e.command[planner.chain[self.side]])
        for _ in range(LATE):
            if np.linalg.norm(self.skills.palm(e, self.side)[:3] - goal) < STRAY:
                return
            yield e.command

    def way(self, spot: Array, low: float) -> list[Array] | None:
        """Return commands from over a spot (2,) of the box straight down to height `low` [m]; None if none is free."""
        planner, around, side = self.skills.planner, self.skills.around, self.side
        base, middle = self.e.command, self.tips.mean(axis=0)
        now = base[planner.chain[side]]
        at, turned = self.box()
        over = (at + turned @ [*spot, 0.0]) * (1, 1, 0) + (0, 0, OVER)
        around.see(self.e.seen)
        around.keep(False)
        for heading in HEADINGS:
            turns = np.array([hanging(float(tilt), float(heading)) for tilt in TILTS])
            palms = over - turns @ middle
            starts = [(now, *planner.seeds(side, p, quaternion_of(r))) for p, r in zip(palms, turns, strict=True)]
            owner = np.repeat(np.arange(len(starts)), [len(s) for s in starts])
            solved, good = planner.many[side].solve(palms[owner], turns[owner], np.concatenate(starts), steps=40)
            good &= np.abs(solved - planner.reach[side].home).max(axis=1) <= TURN
            far = np.abs(solved - now).max(axis=1)
            for k in np.lexsort((far, owner, ~good))[: int(good.sum())]:
                top = planner.command(base, side, solved[k], self.hand)
                if around.collides(top) or around.sweep(base, top):
                    continue
                palm, turn = palms[owner[k]], quaternion_of(turns[owner[k]])
                down = planner.line(side, palm, palm - [0, 0, OVER - low], turn, solved[k], 5)
                if down is None or np.abs(down[-1] - solved[k]).max() > 2 * JUMP:
                    continue
                way = [top, *(planner.command(top, side, q, self.hand) for q in down)]
                if not around.collides(way[-1]):
                    return way
        return None

    def plan(self) -> list[Reached]:
        """Return a plan of grasping a can where it is believed to stand; empty if there is none."""
        at, turn = self.box()
        seen = dict(self.e.seen)
        for name in ("object_pose", "object_kind"):
            seen[name] = np.array(seen[name])
        seen["object_pose"][0] = (*(at + turn @ [*self.belief.mean, 0.0]), 1.0, 0.0, 0.0, 0.0)
        seen["object_kind"][0] = self.skills.world.pool.index(LIKE)

        def grasps(side: str, name: str) -> Grasps:
            return roomier(self.skills, side, self.skills.grasps(side, name))

        return self.skills.plan(replace(self.e, seen=seen), 0, [self.side], grasps=grasps)

    def bring(self) -> Commands:
        """Bring what is held over the mark: it is taken to be where it was believed to stand."""
        skills, e, side = self.skills, self.e, self.side
        at, turn = self.box()
        palm, mark = skills.palm(e, side), skills.pose(e, skills.index(MARK))
        can = at + turn @ [*self.belief.mean, 0.0]
        upright = np.array([1.0, 0.0, 0.0, 0.0])
        within = compose(inverse(np.concatenate([can, upright])), palm)
        seconds = float(np.linalg.norm(mark[:2] - can[:2])) / BRINGING
        for go in (partial(skills.straight, seconds=max(seconds, 0.5)), skills.reach):
            for yaw in YAWS:
                there = np.concatenate([mark[:2], can[2:], turned(upright, yaw)])
                if (yield from go(e, side, compose(there, within))):
                    return

    def box(self) -> tuple[Array, Array]:
        """Return (3,) and (3, 3), where the box is in the cell frame [m]."""
        pose = self.skills.pose(self.e, self.skills.index(BOX))
        return pose[:3], quaternion_matrix(pose[3:])


def hanging(tilt: float, heading: float) -> Array:
    """Return (3, 3) of a palm whose fingers point `tilt` below the horizontal, leaning to `heading` [rad]."""
    ahead = np.array([np.cos(heading), np.sin(heading), 0.0])
    fingers = np.cos(tilt) * ahead - np.array([0.0, 0.0, np.sin(tilt)])
    normal = -np.sin(tilt) * ahead - np.array([0.0, 0.0, np.cos(tilt)])
    return np.stack([np.cross(fingers, normal), fingers, normal], axis=1)

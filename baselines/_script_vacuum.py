"""Script of *vacuum*: wrap the handle, lift, press the button with the thumb twice, and go over each piece."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np

from dexbench.core.schema import Array
from dexbench.objects.articulated import load_articulated

from ._drawers import opening
from ._motions import Commands, Episode
from ._planner import Reached
from ._poses import compose, inverse, turned
from ._skills import RISEN, Skills
from ._symmetry import rotation
from ._thumb import Thumb

SIDE, VACUUM, BUTTON = "right", "vacuum", "vacuum/button"
OPEN = {"fingers/flexion": 0.25, "fingers/pip": 0.2, "fingers/dip": 0.0, "fingers/abduction": 0.5}
WRAPPED = {"fingers/flexion": 0.95, "fingers/pip": 0.95, "fingers/dip": 0.65, "fingers/abduction": 0.5}
AT = {"shadow": (0.022, 0.035, 0.034), "bytedexter": (0.033, 0.035, 0.038), "psibot": (0.015, 0.035, 0.022)}
"""Where the palm is for the handle, by hand: behind the handle's middle, beside its axis, above it [m]; tried out."""
USUAL = (0.03, 0.036, 0.036)
"""Likewise, for other hands."""
TILTS = (0.0, 0.3, 0.6, -0.2)
"""How far the fingers point down, tried in this order [rad]."""
YAWS = (0.0, 0.15, -0.15)
"""How far the hand is turned across the handle [rad]."""
ABOVE = 0.08
"""How far above the hand comes in, and how far it lifts [m]."""
AWAY, CLEAR, INTO = 0.03, 0.04, 0.025
"""Where a press starts, how far the thumb goes off after it, and how deep a press ends, along the button [m]."""
OUT = 0.0008
"""Travel at which the button has come back for certain [m]."""
ASIDE = ((0.0, 0.0), (-0.012, 0.0), (0.012, 0.0), (0.0, -0.012), (0.0, 0.012))
"""Places on the button that are tried, beside its middle and above it [m]."""
DOWN, BACK = 0.0022, 0.0012
"""Travel at which the button switches, and to which it comes back before it does so again [m]."""
HIGH = 0.026
"""Height of the vacuum while it sweeps [m]: over the pieces."""
AFTER = 0.03
"""How far it is lifted when all is swept [m]."""
SWINGS = (0.0, 0.25, -0.25, 0.5, -0.5, 0.75, -0.75, 1.0, -1.0)
"""Ways round in which the mouth comes, one after the other where a piece is not reached [rad]."""
PACE = 0.2
"""Speed at which it sweeps, at most [m/s]: the vacuum must not swing."""
BEFORE_MOUTH = 0.020
"""How far around the mouth's region a piece is believed to be taken in [m]: less than is true."""
MIDDLE = np.array([0.0, 0.0, 0.008])
"""Of a piece, above its origin [m]."""
HANDLE = np.array([*load_articulated(VACUUM).grip("handle").position, 1.0, 0.0, 0.0, 0.0])
NEAR = 0.085
"""Palm to the handle's middle while it is held, at most [m]."""
LIFTED = 0.002
"""Height of its lowest corner from which the button counts [m]."""


class Button:
    """What the power button has done since the vacuum was taken up."""

    def __init__(self, skills: Skills) -> None:
        self._skills = skills
        self.down, self.presses = False, 0
        self.left = set(range(skills.around.slots))
        """Pieces that have not been before the mouth."""
        mouth = load_articulated(VACUUM).region("mouth")
        self._near = replace(mouth, half=mouth.half + BEFORE_MOUTH)

    @property
    def strong(self) -> bool:
        """Whether suction is high: each press goes on from off to low, to high, and to off again."""
        return self.presses % 3 == 2

    def watching(self, e: Episode, commands: Iterator[Array]) -> Commands:
        """Run a motion and count what the button does meanwhile."""
        for command in commands:
            yield command
            travel = opening(e, self._skills, BUTTON)
            if travel > DOWN and not self.down and self._up(e):
                self.presses += 1
            self.down = travel > DOWN or (self.down and travel > BACK)
            if self.strong and self._up(e):
                vacuum = self._skills.pose(e, self._skills.index(VACUUM))
                centres = {j: self._skills.pose(e, j)[:3] + MIDDLE for j in self.left}
                self.left -= {j for j, at in centres.items() if self._near.contains(at, vacuum[:3], vacuum[3:])}

    def _up(self, e: Episode) -> bool:
        """Return whether all of the vacuum is off the table."""
        pose, model = self._skills.pose(e, self._skills.index(VACUUM)), load_articulated(VACUUM)
        down = rotation(pose[3:])[2]
        return bool(pose[2] + np.minimum(down * model.lower, down * model.upper).sum() > LIFTED)


def script(skills: Skills, e: Episode) -> Iterator[Array]:
    """Yield one command a tick, for ever."""
    thumb = _thumb(skills)
    tried = 0
    while True:
        plan = _plan(skills, e, thumb, tried)
        if plan is None:
            tried = 0
            yield from skills.home(e)
            yield from skills.wait(e, 1.0)
            continue
        tried += 1
        button = Button(skills)
        yield from button.watching(e, skills.attempt(e, [plan]))
        while _held(skills, e):
            if not button.strong:
                before = button.presses
                yield from button.watching(e, _press(skills, e, thumb, button))
                if button.presses == before:
                    break
            elif button.left:
                yield from button.watching(e, _sweep(skills, e, button))
                if not button.left:
                    above = skills.palm(e, SIDE) + np.array([0.0, 0.0, AFTER, 0.0, 0.0, 0.0, 0.0])
                    yield from button.watching(e, skills.straight(e, SIDE, above, 0.4))
            else:
                yield from button.watching(e, skills.wait(e, skills.period))
        yield from skills.fingers(e, SIDE, plan.pregrasp)
        yield from skills.home(e)


@lru_cache(maxsize=4)
def _thumb(skills: Skills) -> Thumb:
    return Thumb(skills.robot, SIDE)


def _plan(skills: Skills, e: Episode, thumb: Thumb, skipped: int) -> Reached | None:
    """Return how to wrap the handle from above and lift; the first `skipped` ways are left out."""
    ignored, hand = (skills.index(VACUUM), skills.index(BUTTON)), skills.planner.hand[SIDE]
    skills.around.see(e.seen, ignored)
    skills.around.keep(False)
    for tilt, yaw in [(t, y) for t in TILTS for y in YAWS][skipped:]:
        palm = _palm(skills, e, tilt, yaw)
        face, way = _button_in_palm(skills, e, palm)
        waiting, _ = thumb.to(e.command, face - AWAY * way, way)
        opened = skills.shapes[SIDE].shape(OPEN, waiting[hand])
        found = skills.from_above(e, SIDE, palm, ABOVE, opened, ignored)
        if found is not None:
            high, down = found
            wrapped = skills.shapes[SIDE].shape(WRAPPED, waiting[hand])
            return Reached(SIDE, high, down, (*down[::-1], high), opened, wrapped, skipped)
    return None


def _palm(skills: Skills, e: Episode, tilt: float, yaw: float) -> Array:
    """Return (7,) of the palm at the handle, its fingers pointing down by `tilt`, turned by `yaw` [rad]."""
    behind, beside, over = AT.get(skills.hand, USUAL)
    handle = load_articulated(VACUUM).grip("handle").position[2]
    about = np.array([np.cos(tilt / 2), -np.sin(tilt / 2), 0.0, 0.0])
    bar = compose(skills.pose(e, skills.index(VACUUM)), np.array([0.0, 0.0, handle, *about]))
    bar[3:] = turned(bar[3:], yaw)
    return compose(bar, np.array([behind, -beside, over, 0.0, 0.0, 1.0, 0.0]))  # palm down, thumb to the nozzle


def _held(skills: Skills, e: Episode) -> bool:
    """Return whether the vacuum hangs in the hand."""
    body = skills.index(VACUUM)
    up = skills.holds(e, body, LIFTED - RISEN)
    handle = compose(skills.pose(e, body), HANDLE)
    return up and float(np.linalg.norm(handle[:3] - skills.palm(e, SIDE)[:3])) < NEAR


def _press(skills: Skills, e: Episode, thumb: Thumb, button: Button) -> Commands:
    """Press the button with the thumb, here or there, until it has gone down once and come back."""
    before_this = button.presses
    tried: set[tuple[float, float]] = set()
    while len(tried) < len(ASIDE):
        yield from _let_go(skills, e, thumb)
        if button.presses > before_this or not _held(skills, e):
            return
        point, way = _button_in_palm(skills, e, skills.palm(e, SIDE))
        across = np.cross(way, [0.0, 1.0, 0.0])
        found = {}
        for aside, up in (spot for spot in ASIDE if spot not in tried):
            there = point + aside * np.array([0.0, 1.0, 0.0]) + up * across / np.linalg.norm(across)
            found[aside, up] = (*thumb.to(e.command, there + INTO * way, way), there)
        spot = min(found, key=lambda k: found[k][1])  # where the thumb gets to best
        tried.add(spot)
        into, _, there = found[spot]
        before, _ = thumb.to(e.command, there - AWAY * way, way, into)
        yield from skills.move(e, [before], 0.3)
        yield from skills.move(e, [into], 0.4)
        yield from skills.wait(e, 0.3)
        if button.presses > before_this:
            yield from _let_go(skills, e, thumb)
            return


def _let_go(skills: Skills, e: Episode, thumb: Thumb) -> Commands:
    """Take the thumb off the button, one way or another, until the button is out."""
    point, way = _button_in_palm(skills, e, skills.palm(e, SIDE))
    off, _ = thumb.to(e.command, point - CLEAR * way + np.array([0.0, 0.0, CLEAR / 2]), way, facing=0.0)
    hand = skills.planner.hand[SIDE]
    for end in (0.0, 1.0):
        wide = skills.shapes[SIDE].shape({"thumb/flexion": 0.0, "thumb/mcp": 0.0, "thumb/rotation": end}, off[hand])
        for goal in (off, skills.planner.command(off, SIDE, off[skills.planner.chain[SIDE]], wide)):
            yield from skills.move(e, [goal], 0.25)
            yield from skills.wait(e, 0.15)
            if opening(e, skills, BUTTON) < OUT:
                return


def _sweep(skills: Skills, e: Episode, button: Button) -> Commands:
    """Bring the mouth over the nearest of the pieces that are left, some way round."""
    mouth = load_articulated(VACUUM).region("mouth")
    vacuum = skills.pose(e, skills.index(VACUUM))
    here = (vacuum[:3] + rotation(vacuum[3:]) @ mouth.position)[:2]
    k = min(button.left, key=lambda j: float(np.linalg.norm(skills.pose(e, j)[:2] - here)))
    within = compose(inverse(vacuum), skills.palm(e, SIDE))
    back = rotation(vacuum[3:])[:, 0]
    palms = []
    for way in SWINGS:
        turn = turned(np.array([1.0, 0.0, 0.0, 0.0]), float(np.arctan2(back[1], back[0])) + way)
        place = skills.pose(e, k)[:3] - rotation(turn) @ mouth.position
        palms.append(compose(np.array([place[0], place[1], HIGH, *turn]), within))
    skills.around.see(e.seen, range(len(skills.around.names)))
    skills.around.keep(False)
    for find in (_along, _over):
        for palm in palms:
            if found := find(skills, e, palm):
                far = float(np.linalg.norm(palm[:3] - skills.palm(e, SIDE)[:3]))
                yield from skills.move(e, found, max(0.8, far / PACE))
                yield from skills.settle(e)
                yield from skills.wait(e, skills.period)
                return
    yield from skills.wait(e, 1.0)


def _along(skills: Skills, e: Episode, palm: Array) -> list[Array]:
    """Return commands straight to `palm` (7,); none if the arm cannot, or gets in its own way."""
    planner, chain = skills.planner, e.command[skills.planner.chain[SIDE]]
    start, turn = planner.reach[SIDE].pose(chain)
    found = planner.line(SIDE, start, palm[:3], np.stack([turn, palm[3:]]), chain, 8)
    commands = [planner.command(e.command, SIDE, q) for q in found or ()]
    return [] if any(_meets(skills, c) for c in commands) else commands


def _over(skills: Skills, e: Episode, palm: Array) -> list[Array]:
    """Return commands to `palm` (7,) by way of a place above it, in whatever posture; none if there is no such."""
    planner, here = skills.planner, skills.palm(e, SIDE)
    rise = np.array([0.0, 0.0, ABOVE, 0.0, 0.0, 0.0, 0.0])
    chain = e.command[planner.chain[SIDE]]
    up = planner.line(SIDE, here[:3], here[:3] + rise[:3], here[3:], chain, 4)
    top = palm + rise
    for high in sorted(planner.postures(SIDE, top[:3], top[3:]), key=lambda q: float(np.abs(q - chain).max())):
        down = planner.line(SIDE, top[:3], palm[:3], palm[3:], high, 6)
        commands = [planner.command(e.command, SIDE, q) for q in (*(up or ()), high, *(down or ()))]
        if down is not None and not any(_meets(skills, c) for c in commands[-7:]):
            return commands
    return []


def _meets(skills: Skills, command: Array) -> bool:
    """Return whether the arm meets itself or the table at `command` (A,)."""
    return skills.around.collides(command, range(len(skills.around.names)))


def _button_in_palm(skills: Skills, e: Episode, palm: Array) -> tuple[Array, Array]:
    """Return (3,) the middle of the button's face and (3,) the way it goes when pressed, in the palm frame."""
    grip = load_articulated(VACUUM).grip("button")
    link = skills.pose(e, skills.index(BUTTON))
    face = compose(inverse(palm), compose(link, np.concatenate([grip.position, grip.quaternion])))
    return face[:3], -rotation(face[3:])[:, 2]

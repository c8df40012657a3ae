"""Script of *vacuum*: wrap the handle, lift, press the button with the thumb twice, and go over each piece."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from dexbench.core.schema import Array
from dexbench.objects.articulated import load_articulated

from ._drawers import opening
from ._motions import Commands, Episode
from ._poses import compose, inverse, turned
from ._skills import Skills
from ._symmetry import rotation
from ._thumb import Thumb

SIDE, VACUUM, BUTTON = "right", "vacuum", "vacuum/button"
OPEN = {"fingers/flexion": 0.25, "fingers/pip": 0.2, "fingers/dip": 0.0, "fingers/abduction": 0.5}
WRAPPED = {"fingers/flexion": 0.95, "fingers/pip": 0.95, "fingers/dip": 0.65, "fingers/abduction": 0.5}
AT = {"shadow": (0.022, 0.035, 0.034), "bytedexter": (0.033, 0.035, 0.038), "psibot": (0.012, 0.040, 0.036)}
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
HIGH = 0.020
"""Height of the vacuum while it sweeps [m]: over the pieces."""
AFTER = 0.03
"""How far it is lifted when all is swept [m]."""
SWINGS = (0.0, 0.25, -0.25, 0.5, -0.5)
"""Ways round in which the mouth comes, one after the other where a piece is not reached [rad]."""
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
    thumb = Thumb(skills.robot, SIDE)
    while True:
        button = Button(skills)
        yield from button.watching(e, _take(skills, e, thumb))
        while _held(skills, e):
            if not button.strong:
                yield from button.watching(e, _press(skills, e, thumb, button))
            elif button.left:
                yield from button.watching(e, _sweep(skills, e, button))
                if not button.left:
                    above = skills.palm(e, SIDE) + np.array([0.0, 0.0, AFTER, 0.0, 0.0, 0.0, 0.0])
                    yield from button.watching(e, skills.straight(e, SIDE, above, 0.4))
            else:
                yield from button.watching(e, skills.wait(e, skills.period))
        yield from _drop(skills, e)


def _take(skills: Skills, e: Episode, thumb: Thumb) -> Commands:
    """Wrap the handle and lift."""
    ignored, hand = (skills.index(VACUUM), skills.index(BUTTON)), skills.planner.hand[SIDE]
    skills.around.see(e.seen, ignored)
    skills.around.keep(False)
    for tilt, yaw in ((t, y) for t in TILTS for y in YAWS):
        palm = _palm(skills, e, tilt, yaw)
        face, way = _button_in_palm(skills, e, palm)
        waiting, _ = thumb.to(e.command, face - AWAY * way, way)
        opened = skills.shapes[SIDE].shape(OPEN, waiting[hand])
        found = _way(skills, e, palm, opened, ignored)
        if found is None:
            continue
        high, down = found
        wrapped = skills.shapes[SIDE].shape(WRAPPED, waiting[hand])
        yield from skills.move(e, [skills.planner.command(e.command, SIDE, high, opened)], 0.5)
        yield from skills.settle(e)
        yield from skills.move(e, [skills.planner.command(e.command, SIDE, q) for q in down], 0.8)
        yield from skills.settle(e)
        yield from skills.fingers(e, SIDE, wrapped, 0.8)
        yield from skills.wait(e, 0.2)
        up = [*down[::-1], high]
        yield from skills.move(e, [skills.planner.command(e.command, SIDE, q) for q in up], 1.0)
        yield from skills.settle(e)
        return
    yield from skills.home(e)
    yield from skills.wait(e, 1.0)


def _way(
    skills: Skills, e: Episode, palm: Array, opened: Array, ignored: tuple[int, ...]
) -> tuple[Array, tuple[Array, ...]] | None:
    """Return chain angles above `palm` (7,) and from there straight down to it; None if there is no way."""
    planner = skills.planner
    top = palm[:3] + np.array([0.0, 0.0, ABOVE])
    for high in planner.postures(SIDE, top, palm[3:]):
        down = planner.line(SIDE, top, palm[:3], palm[3:], high, 6)
        if down is None:
            continue
        first, last = (planner.command(e.command, SIDE, q, opened) for q in (high, down[-1]))
        if not skills.around.collides(last, ignored) and not skills.around.sweep(e.command, first):
            return high, down
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
    handle = compose(skills.pose(e, skills.index(VACUUM)), HANDLE)
    return float(np.linalg.norm(handle[:3] - skills.palm(e, SIDE)[:3])) < NEAR


def _drop(skills: Skills, e: Episode) -> Commands:
    hand = skills.planner.hand[SIDE]
    yield from skills.fingers(e, SIDE, skills.shapes[SIDE].shape(OPEN, e.command[hand]))
    yield from skills.home(e)


def _press(skills: Skills, e: Episode, thumb: Thumb, button: Button) -> Commands:
    """Press the button with the thumb, here or there, until it has gone down once and come back."""
    before_this = button.presses
    for aside, up in ASIDE:
        yield from _let_go(skills, e, thumb)
        if button.presses > before_this:
            return
        point, way = _button_in_palm(skills, e, skills.palm(e, SIDE))
        across = np.cross(way, [0.0, 1.0, 0.0])
        point = point + aside * np.array([0.0, 1.0, 0.0]) + up * across / np.linalg.norm(across)
        before, _ = thumb.to(e.command, point - AWAY * way, way)
        into, _ = thumb.to(e.command, point + INTO * way, way, before)
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
    body = skills.index(VACUUM)
    mouth = load_articulated(VACUUM).region("mouth")
    vacuum = skills.pose(e, body)
    here = (vacuum[:3] + rotation(vacuum[3:]) @ mouth.position)[:2]
    k = min(button.left, key=lambda j: float(np.linalg.norm(skills.pose(e, j)[:2] - here)))
    for way in SWINGS:
        vacuum = skills.pose(e, body)
        within = compose(inverse(vacuum), skills.palm(e, SIDE))
        back = rotation(vacuum[3:])[:, 0]
        turn = turned(np.array([1.0, 0.0, 0.0, 0.0]), float(np.arctan2(back[1], back[0])) + way)
        place = skills.pose(e, k)[:3] - rotation(turn) @ mouth.position
        goal = np.array([place[0], place[1], HIGH, *turn])
        yield from skills.straight(e, SIDE, compose(goal, within), 0.8)
        yield e.command
        if not button.strong or k not in button.left:
            return


def _button_in_palm(skills: Skills, e: Episode, palm: Array) -> tuple[Array, Array]:
    """Return (3,) the middle of the button's face and (3,) the way it goes when pressed, in the palm frame."""
    grip = load_articulated(VACUUM).grip("button")
    link = skills.pose(e, skills.index(BUTTON))
    face = compose(inverse(palm), compose(link, np.concatenate([grip.position, grip.quaternion])))
    return face[:3], -rotation(face[3:])[:, 2]

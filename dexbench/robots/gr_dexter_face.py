"""The 88 numbers of a GR-Dexter action, for any robot: with a mask that says which of them it has.

The technical report (arXiv 2512.24210v2, section 3) lists 14 arm joints, 12 numbers of end-effector poses, 32 active
hand joints and 30 fingertip coordinates. It leaves open which side comes first, how a pose is written, in which frames,
and whether numbers are absolute. Here they are absolute, blocks follow each other as listed, and the rest are settings.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dexbench.core.action_face import Slot
from dexbench.core.anatomy import Anatomy
from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import ContractError, DataError
from dexbench.core.forward import Forward
from dexbench.core.roles import FINGERS, SIDES
from dexbench.core.schema import Array
from dexbench.robots.palm import Palms, angles_of, hand_reach, pose_slots
from dexbench.robots.rotation import ROTATIONS

ARM = 7
"""Arm joints of a side."""

HAND = (
    *(f"{finger}/{motion}" for finger in FINGERS[1:] for motion in ("abduction", "flexion", "pip")),
    *(f"thumb/{motion}" for motion in ("rotation", "flexion", "roll", "mcp")),
)
"""Hand joints of a side by role, in the order of the ByteDexter's motors."""

_CHOICES = {"first": SIDES, "rotation": ("vector", "rpy"), "fingertips": ("palm", "cell")}
"""Of each setting, the default first."""


class GrDexter:
    """88 numbers: arm joints, palm poses, hand joints, fingertips; in each block one side after the other.

    What moves: the hands by their joints, each arm by its joints, or, where the mask leaves those out, by its palm's
    pose. Fingertips are told and never followed. Motors that have no slot (a wrist, the arch of a palm) are held at the
    embodiment's home.
    """

    kind = "gr_dexter"

    def __init__(
        self,
        embodiment: Embodiment,
        period: float,
        mask: Sequence[bool] | Array = (),
        first: str = "right",
        rotation: str = "vector",
        fingertips: str = "palm",
    ) -> None:
        """Make the face.

        Args:
          embodiment: the robot.
          period: control period [s].
          mask: (88,) bool, which numbers the actions give; default: all that this robot has.
          first: the side that comes first in each block.
          rotation: how palm poses are turned, in the cell frame: "vector" or "rpy".
          fingertips: their frame: "palm", of their side, or "cell".

        Raises:
          DataError: a choice that does not exist.
          ContractError: an arm of more than seven joints; a mask that does not fit, with the slots' names.
        """
        chosen = {"first": first, "rotation": rotation, "fingertips": fingertips}
        for name, value in chosen.items():
            if value not in _CHOICES[name]:
                known = " or ".join(_CHOICES[name])
                raise DataError(f"action face {self.kind!r}: {name} is {known}, not {value!r}")
        self.embodiment = embodiment
        self.sides: tuple[str, ...] = SIDES if first == SIDES[0] else SIDES[::-1]
        self._rotation = ROTATIONS[rotation]
        self._in_palm = fingertips == "palm"
        self._anatomy = Anatomy(embodiment)
        self._palms = Palms(embodiment)
        self._tips = [
            (s, f) for s in self.sides for f in FINGERS if self._anatomy.fingers[SIDES.index(s), FINGERS.index(f)]
        ]
        self._tip_frames = Forward(embodiment, [self._anatomy.tip(*tip) for tip in self._tips])
        self.slots, self._motors = self._lay_out()
        self._row = {s.name: i for i, s in enumerate(self.slots)}
        self.valid = self._find_valid()
        """(88,) bool: the numbers that this robot has."""
        moved = set(self._motors.values())
        self.held = tuple(a.name for i, a in enumerate(embodiment.actuators) if i not in moved)
        """Motors without a slot, held at the embodiment's home."""
        self.mask = self.valid if not len(mask) else self.check(mask)
        """(88,) bool: the numbers that actions give."""
        arm = {s: [n for n in self._motors if n.startswith(f"{s}/arm/")] for s in embodiment.sides}
        self._posed = [s for s, names in arm.items() if not all(self.mask[self._row[n]] for n in names)]
        """Sides whose arm is moved by its palm's pose."""
        differ: dict[str, Any] = {k: v for k, v in chosen.items() if v != _CHOICES[k][0]}
        if (self.mask != self.valid).any():
            differ["mask"] = tuple(self.mask.tolist())
        self.settings: tuple[tuple[str, Any], ...] = tuple(sorted(differ.items()))

    def check(self, mask: Sequence[bool] | Array) -> NDArray[np.bool_]:
        """Return `mask` as an array if this robot can act on it.

        Raises:
          ContractError: it has another shape or type, claims numbers that the robot lacks, or leaves out some without
            which it cannot move.
        """
        given = np.asarray(mask)
        if given.shape != (len(self.slots),) or given.dtype != np.bool_:
            raise ContractError(
                f"a mask of shape {given.shape} and type {given.dtype} was given to face {self.kind!r}; "
                f"({len(self.slots)},) and bool are expected"
            )
        robot = self.embodiment
        claimed = [s.name for s, wrong in zip(self.slots, given & ~self.valid, strict=True) if wrong]
        missing: list[str] = []
        for side in robot.sides:
            lacking = [n for n, m in self._motors.items() if n.startswith(f"{side}/") and not given[self._row[n]]]
            arm = [n for n in lacking if n.startswith(f"{side}/arm/")]
            missing += [n for n in lacking if n not in arm]
            pose = [n for n in self._pose(side) if not given[self._row[n]]]
            if arm and pose:
                missing += [*arm, *(f"(or instead {', '.join(pose)})",)]
        if claimed or missing:
            parts = [f"it claims what {robot.name!r} lacks: {', '.join(claimed)}"] if claimed else []
            parts += [f"it leaves out what {robot.name!r} needs: {', '.join(missing)}"] if missing else []
            raise ContractError(f"the mask of face {self.kind!r} does not fit: {'; '.join(parts)}")
        return given

    def prepare(self) -> None:
        self._palms.prepare(self._posed)

    def decode(self, action: Array, last: Array, setpoint: Array) -> tuple[Array, Array]:
        robot, row = self.embodiment, self._row
        target = np.tile(robot.home, (len(action), 1))
        for name, actuator in self._motors.items():
            target[:, actuator] = action[:, row[name]] if self.mask[row[name]] else last[:, actuator]
        met = np.ones(len(action), bool)
        for side in self._posed:
            arm = robot.actuator_index(side, "arm")
            poses = action[:, [row[n] for n in self._pose(side)]].astype(np.float64)
            for i, pose in enumerate(poses):
                start = np.clip(target[i], robot.limits.lower, robot.limits.upper)
                start[arm] = last[i, arm]
                start = np.where(np.isfinite(start), start, last[i])
                target[i, arm], found = self._palms.solve(side, pose, self._rotation, start)
                met[i] &= found
        return target, met

    def encode(self, target: Array, last: Array) -> Array:
        robot, row = self.embodiment, self._row
        action = np.zeros((len(target), len(self.slots)))
        for name, actuator in self._motors.items():
            action[:, row[name]] = target[:, actuator]
        positions, turns = self._palms.where(target)
        for k, side in enumerate(robot.sides):
            columns = [row[n] for n in self._pose(side)]
            for i in range(len(target)):
                action[i, columns] = [*positions[i, k], *self._rotation.write(turns[i, k])]
        tips = self._tip_frames(angles_of(robot, target))[0]
        for j, (side, finger) in enumerate(self._tips):
            place = tips[:, j]
            if self._in_palm:
                k = robot.sides.index(side)
                place = (turns[:, k].swapaxes(1, 2) @ (place - positions[:, k])[..., None])[..., 0]
            first = row[f"{side}/{finger}/tip/x"]
            action[:, first : first + 3] = place
        return action

    def _pose(self, side: str) -> list[str]:
        return [f"{side}/palm/{n}" for n in ("x", "y", "z", *self._rotation.names)]

    def _lay_out(self) -> tuple[tuple[Slot, ...], dict[str, int]]:
        """Return the 88 slots, and which actuator the joint slots that this robot has belong to."""
        robot = self.embodiment
        motors: dict[str, int] = {}
        for side in robot.sides:
            arm = robot.actuator_index(side, "arm")
            if len(arm) > ARM:
                raise ContractError(f"face {self.kind!r} has {ARM} joints an arm, {robot.name!r} has {len(arm)}")
            motors |= {f"{side}/arm/{i + 1}": int(a) for i, a in enumerate(arm)}
            known = {a.role: int(i) for i in robot.actuator_index(side, "hand") if (a := robot.actuators[i]).role}
            motors |= {f"{side}/{role}": known[role] for role in HAND if role in known}
        slots: list[Slot] = []
        low, high = robot.limits.lower, robot.limits.upper

        def joints(names: Sequence[str]) -> None:
            for name in names:
                bounds = (float(low[motors[name]]), float(high[motors[name]])) if name in motors else (0.0, 0.0)
                slots.append(Slot(name, "rad", "", *bounds))

        joints([f"{side}/arm/{i + 1}" for side in self.sides for i in range(ARM)])
        for side in self.sides:
            slots += pose_slots(robot, side, self._rotation)
        joints([f"{side}/{role}" for side in self.sides for role in HAND])
        for side in self.sides:
            for finger in FINGERS:
                slots += self._tip_slots(side, finger)
        return tuple(slots), motors

    def _tip_slots(self, side: str, finger: str) -> list[Slot]:
        names = [f"{side}/{finger}/tip/{axis}" for axis in "xyz"]
        if (side, finger) not in self._tips:
            return [Slot(n, "m", "palm" if self._in_palm else "cell", 0.0, 0.0) for n in names]
        reach = hand_reach(self.embodiment, side)
        if self._in_palm:
            return [Slot(n, "m", "palm", -reach, reach) for n in names]
        palm = pose_slots(self.embodiment, side, self._rotation)[:3]
        return [Slot(n, "m", "cell", p.lower - reach, p.upper + reach) for n, p in zip(names, palm, strict=True)]

    def _find_valid(self) -> NDArray[np.bool_]:
        have = {*self._motors, *(n for s in self.embodiment.sides for n in self._pose(s))}
        have |= {f"{s}/{f}/tip/{axis}" for s, f in self._tips for axis in "xyz"}
        found = np.array([s.name in have for s in self.slots])
        found.setflags(write=False)
        return found

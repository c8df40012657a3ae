"""The robot of a cell: which arms and hands, where they stand, what can be commanded and within which limits."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dexbench.core.assets import asset_path
from dexbench.core.camera import CameraRow
from dexbench.core.camera_file import load_cameras
from dexbench.core.document import Node, read_document
from dexbench.core.equipment import Actuator, Joint, Pad, Side
from dexbench.core.mechanism import Mechanism, Vector, mirrored
from dexbench.core.mechanism_file import load_mechanism
from dexbench.core.roles import SIDES
from dexbench.core.safety import Limits
from dexbench.core.stand import StandRow, load_stand

__all__ = ["Actuator", "Embodiment", "Joint", "Pad", "Side", "load_embodiment", "rpy_to_quaternion"]

PALM, PALM_FRAME = "palm", "palm_site"
"""Link and frame that every hand has: tasks and observations ask for them."""

Resolver = Callable[[str], Path]
"""Finds the file of a hand or an arm by name."""


@dataclass(frozen=True, eq=False)
class Embodiment:
    """A robot of one or two arms with hands. Two are equal when all the files they came from are."""

    name: str
    sides: tuple[str, ...]
    joints: tuple[Joint, ...]
    """Per side: arm joints, then hand joints."""
    actuators: tuple[Actuator, ...]
    """Per side: arm, then hand. This is the order of actions."""
    pads: tuple[Pad, ...]
    home: NDArray[np.float64]
    """(A,) resting command [rad]; read-only."""
    limits: Limits
    """For the safety filter: arrays (A,); read-only."""
    parts: Mapping[str, Side]
    """The mechanisms by side."""
    digest: str
    """SHA-256 over the files."""
    cameras: tuple[CameraRow, ...] = ()
    """The rig's own, beside those of every cell."""
    stand: tuple[StandRow, ...] = ()
    """What holds the arms."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Embodiment) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def joint_index(self, side: str | None = None, part: str | None = None) -> NDArray[np.int64]:
        """Return the places of the joints of `side` and `part` (None: of all)."""
        return _places(self.joints, side, part)

    def actuator_index(self, side: str | None = None, part: str | None = None) -> NDArray[np.int64]:
        """Return the places of the actuators of `side` and `part` (None: of all)."""
        return _places(self.actuators, side, part)

    @cached_property
    def transmission(self) -> NDArray[np.float64]:
        """(A, J) of 0 and 1: command = transmission @ joint angles."""
        matrix = np.zeros((len(self.actuators), len(self.joints)))
        place = {j.name: i for i, j in enumerate(self.joints)}
        for row, actuator in zip(matrix, self.actuators, strict=True):
            row[[place[j] for j in actuator.joints]] = 1
        return _frozen(matrix)

    @cached_property
    def linkage(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(A, J) and (J,) [rad]: joint angles = command @ first + second; see `joint_angles`."""
        shares = self.transmission / self.transmission.sum(axis=1, keepdims=True)
        offset = np.zeros(len(self.joints))
        place = {j.name: i for i, j in enumerate(self.joints)}
        for side in self.parts.values():
            for row in side.hand.followers:
                joint, master = (place[f"{side.name}/{name}"] for name in (row.joint, row.master))
                shares[:, joint] = row.multiplier * shares[:, master]
                offset[joint] = row.multiplier * offset[master] + row.offset
        return _frozen(shares), _frozen(offset)

    def joint_angles(self, command: NDArray[Any]) -> NDArray[np.float64]:
        """Return joint angles (..., J) [rad] for `command` (..., A).

        Joints with one motor share its command equally; joints on a linkage follow their masters.
        """
        shares, offset = self.linkage
        return np.asarray(command @ shares + offset)

    def command(self, angles: NDArray[Any]) -> NDArray[np.float64]:
        """Return the command (..., A) [rad] that joint angles (..., J) amount to."""
        return np.asarray(angles @ self.transmission.T)


def load_embodiment(
    source: str | Path | Mapping[str, Any],
    *,
    hand: Resolver | None = None,
    arm: Resolver | None = None,
) -> Embodiment:
    """Return the embodiment that a file or a mapping describes.

    Args:
      source: a path, the name of a built-in embodiment, or the document itself.
      hand: finds a hand's file by name; by default the built-in ones.
      arm: the same for arms.

    Raises:
      DataError: naming the file and the field that do not fit.
    """
    if isinstance(source, Mapping):
        document = Node(dict(source), "", "embodiment")
    else:
        named = isinstance(source, str) and re.fullmatch(r"\w+", source) is not None
        document = read_document(asset_path(f"embodiments/{source}.yaml") if named else Path(source))
    find = {
        "hand": hand or (lambda name: asset_path(f"hands/{name}/hand.yaml")),
        "arm": arm or (lambda name: asset_path(f"arms/{name}/arm.yaml")),
    }
    return _assemble(document, find)


def _assemble(document: Node, find: Mapping[str, Resolver]) -> Embodiment:
    described = document["sides"].mapping()
    sides = tuple(side for side in SIDES if side in described)
    if not sides or len(sides) != len(described):
        raise document["sides"].error(f"one or both of {', '.join(SIDES)} are expected, not {list(described)}")
    files: dict[str, Path] = {}
    parts = {side: _side(side, described[side], find, files) for side in sides}
    joints = tuple(joint for side in sides for joint in _joints(parts[side]))
    actuators = tuple(actuator for side in sides for actuator in _actuators(parts[side]))
    limits = _limits(document["limits"], joints, actuators)
    home = np.array([v for side in sides for v in _home(described[side]["home"], parts[side], actuators, limits)])
    cameras = load_cameras(document, parts, files)
    digest = hashlib.sha256(json.dumps(document.value, sort_keys=True, default=str).encode())
    for _, path in sorted(files.items()):
        digest.update(path.read_bytes())
    return Embodiment(
        name=document.text("name"),
        sides=sides,
        joints=joints,
        actuators=actuators,
        pads=tuple(pad for side in sides for pad in sensing_pads(parts[side])),
        home=_frozen(home),
        limits=limits,
        parts=MappingProxyType(parts),
        digest=digest.hexdigest(),
        cameras=cameras,
        stand=load_stand(document),
    )


def _side(side: str, row: Node, find: Mapping[str, Resolver], files: dict[str, Path]) -> Side:
    found: dict[str, Mechanism] = {}
    for part in ("arm", "hand"):
        name = row.text(part)
        if re.fullmatch(r"\w+", name) is None:  # a name, not a path: data must not reach other files
            raise row[part].error(f"a plain name is expected, not {name!r}")
        files[f"{part}/{name}"] = path = find[part](name)
        found[part] = load_mechanism(path)
    hand = found["hand"]
    frame = row["mount"].text("frame")
    if frame not in {f.name for f in found["arm"].frames}:
        raise row["mount"]["frame"].error(f"arm {found['arm'].name!r} has no frame {frame!r}")
    _check_hand(row["hand"], found["arm"], hand)
    return Side(
        name=side,
        arm=found["arm"],
        hand=mirrored(hand) if side == "left" and hand.handed else hand,
        base_position=row["base"].vector("xyz", 3),
        base_rpy=row["base"].vector("rpy", 3),
        mount_position=row["mount"].vector("xyz", 3, hand.mount[0]),
        mount_rpy=row["mount"].vector("rpy", 3, hand.mount[1]),
        mount_frame=frame,
    )


def _check_hand(row: Node, arm: Mechanism, hand: Mechanism) -> None:
    """Refuse a hand without what tasks and observations name, and names that stand for two things."""
    if PALM not in hand.links or PALM_FRAME not in {f.name for f in hand.frames}:
        raise row.error(f"hand {hand.name!r} needs a link {PALM!r} and a frame {PALM_FRAME!r} (z out of the palm)")
    both = (arm, hand)
    named = {
        "link": [n for m in both for n in m.links],
        "joint": [j.name for m in both for j in m.moving],
        "actuator": [r.name for m in both for r in m.motors],
        "frame or pad": [*(f.name for m in both for f in m.frames), *(p.finger for p in hand.pads)],
    }
    for what, names in named.items():
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise row.error(f"{what} {', '.join(twice)} is there twice in arm {arm.name!r} and hand {hand.name!r}")


def _joints(side: Side) -> list[Joint]:
    return [
        Joint(f"{side.name}/{j.name}", side.name, part, j.lower, j.upper, j.velocity, j.effort)
        for part, mechanism in (("arm", side.arm), ("hand", side.hand))
        for j in mechanism.moving
    ]


def _actuators(side: Side) -> list[Actuator]:
    s = side.name
    return [
        Actuator(f"{s}/{m.name}", s, part, tuple(f"{s}/{j}" for j in m.joints), m.role, m.lower, m.upper)
        for part, mechanism in (("arm", side.arm), ("hand", side.hand))
        for m in mechanism.motors
    ]


def _limits(row: Node, joints: tuple[Joint, ...], actuators: tuple[Actuator, ...]) -> Limits:
    """Return the maker's limits less margins, and our own bounds of acceleration and jerk."""
    of = {part: row[part] for part in ("arm", "hand")}
    speed = {j.name: j.velocity for j in joints}

    def each(key: str) -> NDArray[np.float64]:
        return np.array([of[a.part].number(key) for a in actuators])

    margin = each("margin")
    return Limits(
        lower=_frozen(np.array([a.lower for a in actuators]) + margin),
        upper=_frozen(np.array([a.upper for a in actuators]) - margin),
        velocity=_frozen(each("speed_share") * np.array([sum(speed[j] for j in a.joints) for a in actuators])),
        acceleration=_frozen(each("acceleration")),
        jerk=_frozen(each("jerk")),
    )


def _home(row: Node, side: Side, actuators: tuple[Actuator, ...], limits: Limits) -> list[float]:
    """Return resting commands: as the embodiment says, else as the hand's own `rest` does."""
    values = {}
    for actuator, lower, upper in zip(actuators, limits.lower, limits.upper, strict=True):
        if actuator.side == side.name:
            name = actuator.name.partition("/")[2]
            nearest = min(max(0.0, float(lower)), float(upper))
            rest = side.hand.rest.get(name, nearest) if actuator.part == "hand" else None
            values[name] = value = row.number(name) if rest is None else row.number(name, rest)
            if not lower <= value <= upper:
                raise row.error(f"{actuator.name}: {value} is outside its limits {lower:.4f} .. {upper:.4f}")
    unknown = [name for name in row.mapping() if name not in values]
    if unknown:
        raise row.error(f"{', '.join(unknown)}: no such actuator")
    return list(values.values())


def sensing_pads(side: Side) -> list[Pad]:
    """Return the pads with touch."""
    model = side.hand.touch.get(side.hand.fitted)
    if model is None:
        return []
    return [
        Pad(
            f"{side.name}/{p.finger}",
            side.name,
            p.finger,
            f"{side.name}/{p.link}",
            p.xyz,
            rpy_to_quaternion(p.rpy),
            model,
        )
        for p in side.hand.pads
    ]


def rpy_to_quaternion(rpy: Vector) -> Vector:
    """Return wxyz of fixed-axis roll, pitch, yaw [rad] (R = Rz Ry Rx)."""
    (cr, cp, cy), (sr, sp, sy) = np.cos(np.divide(rpy, 2)), np.sin(np.divide(rpy, 2))
    return (
        float(cr * cp * cy + sr * sp * sy),
        float(sr * cp * cy - cr * sp * sy),
        float(cr * sp * cy + sr * cp * sy),
        float(cr * cp * sy - sr * sp * cy),
    )


def _places(rows: Sequence[Joint | Actuator], side: str | None, part: str | None) -> NDArray[np.int64]:
    return np.array([i for i, r in enumerate(rows) if side in (None, r.side) and part in (None, r.part)], np.int64)


def _frozen(array: NDArray[np.float64]) -> NDArray[np.float64]:
    array.setflags(write=False)
    return array

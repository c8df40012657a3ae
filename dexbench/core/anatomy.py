"""Speaks of a robot's hands in words that mean the same on every robot: "right index tip", not "right/fftip"."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dexbench.core.embodiment import PALM, PALM_FRAME, Embodiment
from dexbench.core.errors import ContractError, UnknownName
from dexbench.core.roles import FINGERS, PHALANGES, ROLES, SIDES

TIP, PAD = "tip", "pad"
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Part:
    """What a phrase stands for on one robot."""

    kind: str
    """"frame", "link", "actuator" or "pad"."""
    name: str
    """The robot's own name, with its side."""
    place: int = -1
    """Of an actuator, in the order of actions; of a pad, in `Embodiment.pads`, or -1 where it does not feel."""


class Anatomy:
    """The words of `dexbench.core.roles` for one embodiment.

    A phrase is a side, a finger (or "wrist", or "palm") and a part: "tip", "pad", a phalanx, or a motion. "right palm"
    is the frame from which tasks see a hand; "right palm link" its body.
    """

    def __init__(self, embodiment: Embodiment) -> None:
        """Read the words of `embodiment`'s hands."""
        self.embodiment = embodiment
        parts: dict[str, Part] = {}
        for side in embodiment.sides:
            parts[f"{side} palm"] = Part("frame", f"{side}/{PALM_FRAME}")
            parts[f"{side} palm link"] = Part("link", f"{side}/{PALM}")
            for row in embodiment.parts[side].hand.fingers:
                parts[f"{side} {row.finger} {TIP}"] = Part("frame", f"{side}/{row.tip}")
                for phalanx, link in row.links.items():
                    parts[f"{side} {row.finger} {phalanx}"] = Part("link", f"{side}/{link}")
        sensing = {pad.name: i for i, pad in enumerate(embodiment.pads)}
        for side in embodiment.sides:
            for press in embodiment.parts[side].hand.pads:
                name = f"{side}/{press.finger}"
                parts[f"{side} {press.finger} {PAD}"] = Part("pad", name, sensing.get(name, -1))
        for i, actuator in enumerate(embodiment.actuators):
            if actuator.role:
                parts[f"{actuator.side} {' '.join(actuator.role.split('/'))}"] = Part("actuator", actuator.name, i)
        self.parts: Mapping[str, Part] = MappingProxyType(parts)
        """Every phrase that this robot understands."""

    def find(self, phrase: str) -> Part:
        """Return what `phrase` stands for.

        Args:
          phrase: words in the order side, finger, part; blanks, "/" and capitals do not matter.

        Raises:
          UnknownName: the robot has no such side, finger or part, or there is none; it says which do exist.
        """
        words = phrase.lower().replace("/", " ").split()
        part = self.parts.get(" ".join(words))
        if part is not None:
            return part
        name = self.embodiment.name
        for length, what in ((1, "side"), (2, "finger, wrist or palm"), (3, "part")):
            begun = " ".join(words[:length])
            if not any(p == begun or p.startswith(f"{begun} ") for p in self.parts) or len(words) < length:
                above = " ".join(words[: length - 1])
                known = {p.split()[length - 1] for p in self._under(above) if len(p.split()) >= length}
                asked = words[length - 1] if len(words) >= length else ""
                where = f" of the {above}" if above else ""
                raise UnknownName(f"{what}{where} of embodiment {name!r} in {phrase!r}:", asked, known)
        raise UnknownName(f"phrase for embodiment {name!r}", phrase, self._under(" ".join(words[:2])))

    def _under(self, begun: str) -> list[str]:
        return [p for p in self.parts if not begun or p == begun or p.startswith(f"{begun} ")]

    def tip(self, side: str, finger: str) -> str:
        """Return the frame at a fingertip, with its side."""
        return self.find(f"{side} {finger} {TIP}").name

    def link(self, side: str, finger: str, phalanx: str) -> str:
        """Return the link of a phalanx, with its side."""
        return self.find(f"{side} {finger} {phalanx}").name

    def pad(self, side: str, finger: str) -> int:
        """Return the place of a finger's pad in `Embodiment.pads`.

        Raises:
          UnknownName: there is no such pad.
          ContractError: there is, and no touch is fitted on it.
        """
        part = self.find(f"{side} {finger} {PAD}")
        if part.place < 0:
            raise ContractError(f"pad {part.name!r} of embodiment {self.embodiment.name!r} has no touch fitted")
        return part.place

    def actuator(self, side: str, role: str) -> int:
        """Return the place in actions of what moves `role`, for example "index/flexion"."""
        return self.find(f"{side} {role}").place

    @cached_property
    def fingers(self) -> Mask:
        """(2, 5) which fingers of SIDES x FINGERS there are."""
        return _mask([[f"{s} {f} {TIP}" in self.parts for f in FINGERS] for s in SIDES])

    @cached_property
    def pads(self) -> Mask:
        """(2, 5) which fingers of SIDES x FINGERS can feel."""
        pads = {phrase for phrase, part in self.parts.items() if part.kind == PAD and part.place >= 0}
        return _mask([[f"{s} {f} {PAD}" in pads for f in FINGERS] for s in SIDES])

    @cached_property
    def phalanges(self) -> Mask:
        """(2, 5, 4) which phalanges of SIDES x FINGERS x PHALANGES there are."""
        return _mask([[[f"{s} {f} {p}" in self.parts for p in PHALANGES] for f in FINGERS] for s in SIDES])

    @cached_property
    def motions(self) -> Mask:
        """(2, roles) which of SIDES x ROLES have a motor."""
        return _mask([[f"{s} {' '.join(r.split('/'))}" in self.parts for r in ROLES] for s in SIDES])


def _mask(rows: object) -> Mask:
    found: Mask = np.array(rows, np.bool_)
    found.setflags(write=False)
    return found

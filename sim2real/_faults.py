"""Faults that the loopback driver can be told to show, for tests and rehearsals."""

from collections.abc import Iterable
from dataclasses import dataclass

from dexbench.core.errors import DataError

KINDS = {
    "delay": "reading takes 0.12 s",
    "stale": "the last reading is repeated, stamp and all",
    "frozen_joint": "a joint keeps its setpoint whatever is sent: needs its name",
    "dropped": "a field is missing from the reading",
    "nan": "a joint position is not a number",
    "link": "reading and writing raise an error",
}


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong for a while."""

    kind: str
    """One of KINDS."""
    begin: float
    """Since the stream started [s]."""
    end: float
    """[s]"""
    joint: str = ""
    """Actuator that a "frozen_joint" names."""


def parse(texts: Iterable[str], actuators: Iterable[str]) -> tuple[Fault, ...]:
    """Return the faults that `texts` describe, for example "stale:1.0:1.3" or "frozen_joint:1:2:right/elbow_joint".

    Raises:
      DataError: naming the text that does not fit.
    """
    known = set(actuators)
    found = []
    for text in texts:
        kind, *rest = text.split(":")
        try:
            fault = Fault(kind, float(rest[0]), float(rest[1]), *rest[2:])
        except (IndexError, TypeError, ValueError) as error:
            raise DataError(f"fault {text!r}: KIND:BEGIN:END or frozen_joint:BEGIN:END:JOINT is expected") from error
        if kind not in KINDS:
            raise DataError(f"fault {text!r}: the kinds are {', '.join(KINDS)}")
        if (kind == "frozen_joint") != (fault.joint in known) or (fault.joint and fault.joint not in known):
            raise DataError(f"fault {text!r}: a frozen_joint, and only that, names an actuator of the robot")
        found.append(fault)
    return tuple(found)

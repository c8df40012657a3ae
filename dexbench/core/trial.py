"""Trials and outcomes: what is set up, and what came of it."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from dexbench.core.errors import DataError
from dexbench.core.schema import Array


@dataclass(frozen=True)
class Placement:
    """One object of a trial. An empty `instance` leaves its slot empty."""

    instance: str
    """Name in the object catalogue."""
    position: tuple[float, float, float]
    """Origin of the object in the cell frame [m]."""
    quaternion: tuple[float, float, float, float]
    """Orientation, wxyz."""
    mass: float
    """[kg]"""
    friction: float
    """Sliding friction coefficient."""
    scale: float = 1.0
    """Uniform scale of the object's shape."""


@dataclass(frozen=True)
class Trial:
    """Everything that distinguishes one episode from another. Data: it can be frozen in a table and hashed."""

    task: str
    """Task name with its version, for example "grasp_object-v1"."""
    split: str
    """"seen" or "unseen", or a name that the task defines."""
    seed: int
    """Seed of the agent's random numbers in this episode; also names the draw that made the layout."""
    instruction: str
    target: int
    """Slot of the object that the instruction names."""
    objects: tuple[Placement, ...]
    extra: dict[str, float] = field(default_factory=dict)
    """Further parameters of the task."""
    appearance: str | dict[str, Any] = ""
    """How the cell looks: the name of an appearance, or its values (core.appearance); empty: as it was built."""

    def row(self) -> dict[str, Any]:
        """Return the trial as plain data for JSON; without an appearance of its own it has no such field."""
        row = asdict(self)
        if not self.appearance:
            del row["appearance"]
        return row

    def digest(self) -> str:
        """Return a SHA-256 of the trial's content, as 16 hex digits."""
        text = json.dumps(self.row(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @staticmethod
    def from_row(row: Mapping[str, Any]) -> "Trial":
        """Return the trial that `row` describes; raise DataError where a field is missing or of the wrong kind."""
        try:
            return Trial(
                task=str(row["task"]),
                split=str(row["split"]),
                seed=int(row["seed"]),
                instruction=str(row["instruction"]),
                target=int(row["target"]),
                objects=tuple(_placement(o) for o in row["objects"]),
                extra={str(k): float(v) for k, v in row.get("extra", {}).items()},
                appearance=_plain(row.get("appearance", "")),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"trial row does not fit: {type(error).__name__} {error}") from error


def _plain(appearance: Any) -> str | dict[str, Any]:
    if isinstance(appearance, Mapping):
        return {str(k): list(v) if isinstance(v, tuple) else v for k, v in appearance.items()}
    if isinstance(appearance, str):
        return appearance
    raise TypeError(f"appearance is {type(appearance).__name__}, expected a name or a mapping")


def _placement(row: Mapping[str, Any]) -> Placement:
    x, y, z = (float(v) for v in row["position"])
    qw, qx, qy, qz = (float(v) for v in row["quaternion"])
    return Placement(
        instance=str(row["instance"]),
        position=(x, y, z),
        quaternion=(qw, qx, qy, qz),
        mass=float(row["mass"]),
        friction=float(row["friction"]),
        scale=float(row.get("scale", 1.0)),
    )


class Outcome:
    """What a task says of n worlds after a control period. All arrays are (n,)."""

    def __init__(
        self,
        success_once: Array,
        success_at_end: Array,
        stage: Array,
        attempts: Array,
        reward: Array,
        failure: Array | Callable[[], Array],
        done: Array,
        error: dict[int, str] | None = None,
    ) -> None:
        """Keep the arrays; `failure` may be a function, since codes are asked for only when an episode ends."""
        self.success_once = success_once
        """bool: the goal has been held long enough at some time."""
        self.success_at_end = success_at_end
        """bool: the goal holds now, after having been held long enough. Which one counts is the task's `official`."""
        self.stage = stage
        """int: stages completed so far, in the task's order."""
        self.attempts = attempts
        """int: attempts begun so far."""
        self.reward = reward
        """float in [0, 1]: for learning."""
        self._failure = failure
        self.done = done
        """bool: the task has nothing more to see (terminated)."""
        self.error = error or {}
        """World to message, where a world itself broke down (an unstable simulation, a fault of a device)."""

    @property
    def failure(self) -> Array:
        """int: index into the task's failure codes, as reported if the episode ended now; 0 is "none"."""
        if callable(self._failure):
            self._failure = self._failure()
        return self._failure

"""Trials and outcomes: what is set up, and what came of it."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from dexbench.core.errors import DataError, UnknownName
from dexbench.core.perturbation import checked
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
class Setting:
    """How one articulated object of a trial stands."""

    name: str
    """Of the articulated object, as in the task's `articulated`."""
    position: tuple[float, float, float]
    """Origin of its root in the cell frame [m]."""
    quaternion: tuple[float, float, float, float]
    """Orientation of its root, wxyz."""
    joints: tuple[float, ...] = ()
    """Where its joints start [rad or m], in the order of its file."""


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
    """Which object the instruction names: a slot or, from their number on, a body of an articulated object."""
    objects: tuple[Placement, ...]
    extra: dict[str, float] = field(default_factory=dict)
    """Further parameters of the task."""
    appearance: str | dict[str, Any] = ""
    """How the cell looks: the name of an appearance, or its values (core.appearance); empty: as it was built."""
    articulated: tuple[Setting, ...] = ()
    """One for each articulated object of the task, in its order."""
    start: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """Where palms are at the start, by side: position [m] and orientation wxyz in the cell frame; empty: at home."""
    perturbation: dict[str, float] = field(default_factory=dict)
    """Factor to amount of what makes this trial harder than it was drawn (core.perturbation)."""

    @property
    def named(self) -> Placement | None:
        """What the instruction names, where that stands in a slot; None for an articulated object, or an empty slot."""
        placed = self.objects[self.target] if self.target < len(self.objects) else None
        return placed if placed is not None and placed.instance else None

    def row(self) -> dict[str, Any]:
        """Return the trial as plain data for JSON; what came later than the first tables is left out where empty."""
        row = asdict(self)
        for name in ("appearance", "articulated", "perturbation", "start"):
            if not row[name]:
                del row[name]
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
                articulated=tuple(_setting(s) for s in row.get("articulated", ())),
                perturbation=checked(row.get("perturbation", {})),
                start={str(side): _seven(pose) for side, pose in row.get("start", {}).items()},
            )
        except UnknownName as error:
            raise DataError(f"trial row does not fit: {error}") from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"trial row does not fit: {type(error).__name__} {error}") from error


def _plain(appearance: Any) -> str | dict[str, Any]:
    if isinstance(appearance, Mapping):
        return {str(k): list(v) if isinstance(v, tuple) else v for k, v in appearance.items()}
    if isinstance(appearance, str):
        return appearance
    raise TypeError(f"appearance is {type(appearance).__name__}, expected a name or a mapping")


def _pose(row: Mapping[str, Any]) -> tuple[tuple[float, float, float], tuple[float, float, float, float]]:
    x, y, z = (float(v) for v in row["position"])
    qw, qx, qy, qz = (float(v) for v in row["quaternion"])
    return (x, y, z), (qw, qx, qy, qz)


def _seven(pose: Any) -> tuple[float, ...]:
    values = tuple(float(v) for v in pose)
    if len(values) != 7:
        raise ValueError(f"a pose has {len(values)} numbers, expected 7")
    return values


def _setting(row: Mapping[str, Any]) -> Setting:
    position, quaternion = _pose(row)
    return Setting(str(row["name"]), position, quaternion, tuple(float(v) for v in row.get("joints", ())))


def _placement(row: Mapping[str, Any]) -> Placement:
    position, quaternion = _pose(row)
    return Placement(
        instance=str(row["instance"]),
        position=position,
        quaternion=quaternion,
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
        reward: Array | Callable[[], Array],
        failure: Array | Callable[[], Array],
        done: Array,
        error: dict[int, str] | None = None,
    ) -> None:
        """Keep the arrays; `reward` and `failure` may be functions, worked out when somebody asks.

        Rewards are asked for by learners only, codes when an episode ends. They are asked for at once or not at all.
        """
        self.success_once = success_once
        """bool: the goal has been held long enough at some time."""
        self.success_at_end = success_at_end
        """bool: the goal holds now, after having been held long enough. Which one counts is the task's `official`."""
        self.stage = stage
        """int: stages completed so far, in the task's order."""
        self.attempts = attempts
        """int: attempts begun so far."""
        self._reward = reward
        self._failure = failure
        self.done = done
        """bool: the task has nothing more to see (terminated)."""
        self.error = error or {}
        """World to message, where a world itself broke down (an unstable simulation, a fault of a device)."""

    @property
    def reward(self) -> Array:
        """Float in [0, 1]: for learning."""
        if callable(self._reward):
            self._reward = self._reward()
        return self._reward

    @property
    def failure(self) -> Array:
        """int: index into the task's failure codes, as reported if the episode ended now; 0 is "none"."""
        if callable(self._failure):
            self._failure = self._failure()
        return self._failure

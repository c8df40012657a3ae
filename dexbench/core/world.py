"""The world's contract: n copies of one cell that own their time, simulated or real."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from dexbench.core.agent import ActionSpec
from dexbench.core.embodiment import Embodiment
from dexbench.core.scene import WorldIds
from dexbench.core.schema import Array, Observation, Schema
from dexbench.core.trial import Outcome, Trial


@dataclass(frozen=True)
class WorldSpec:
    """What a world declares."""

    task: str
    """Task name with version."""
    embodiment: Embodiment
    observations: Schema
    action: ActionSpec
    pool: tuple[str, ...] = ()
    """Names of objects that can stand in a slot; field `object_kind` counts in it."""


class World(Protocol):
    """The hinge between agents and what moves. Nothing above it knows whether it is simulated."""

    @property
    def spec(self) -> WorldSpec:
        """What this world declares."""

    @property
    def n(self) -> int:
        """Number of worlds."""

    def reset(self, trials: Sequence[Trial], worlds: WorldIds | None = None) -> Observation:
        """Set up `trials` in `worlds` (default: all) and return their first observation, rows as in `worlds`."""

    def advance(self, action: Array, worlds: WorldIds | None = None) -> Observation:
        """Apply one action row to each of `worlds` and return the observation one control period later.

        Args:
          action: (len(worlds), actuators) joint targets [rad].
          worlds: the worlds to advance, sorted; default: all.

        Returns:
          Observation rows for exactly `worlds`.
        """

    def outcome(self) -> Outcome:
        """Return what the task says of all n worlds now."""

    def elapsed(self) -> Array:
        """Return (n,) time since each episode began [s]."""

    def snapshot(self, worlds: WorldIds) -> Array | None:
        """Return (len(worlds), numbers) whole state, or None where the world has none to give (hardware)."""

    def close(self) -> None:
        """Let go of threads, devices and windows."""


@runtime_checkable
class Measured(Protocol):
    """A world that also reports what agents do not see, for the record."""

    def measures(self) -> dict[str, Array]:
        """Return (n,) arrays of the running episodes.

        "rejected" and "clamped": targets so far that were not finite, or outside the position limits; "hand_force":
        largest net force of a hand on the target, newest sample [N]. A world leaves out what it does not know.
        """

"""The agent's contract: what a policy declares and the two methods it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dexbench.core.schema import Array, Observation


@dataclass(frozen=True)
class ActionSpec:
    """What one row of an action means."""

    actuators: tuple[str, ...]
    """Commanded joints in order, for example "right/FFJ3"; of other kinds than the world's, the slots of the row."""
    rate_hz: float
    """Rows a second."""
    kind: str = "joint_target"
    """Absolute joint position targets; or an action face that is converted to them (dexbench.robots.faces)."""
    unit: str = "rad"
    frame: str = ""
    """Frames that numbers are expressed in, where any are."""
    settings: tuple[tuple[str, Any], ...] = ()
    """Of the action face, where they differ from its defaults."""


@dataclass(frozen=True)
class AgentSpec:
    """What an agent declares; compared with the world's declaration before step 0."""

    name: str
    version: str
    observations: tuple[str, ...]
    """Observation fields that it reads."""
    action: ActionSpec
    horizon: int = 1
    """Rows in the chunk that act() returns."""
    execute: int = 1
    """Rows that are used before act() is called again; at most `horizon`."""
    embodiment: str = ""
    """The embodiment it was made for; empty if it adapts to any."""
    deterministic: bool = True
    """Whether the same observations and seed give the same actions, bit for bit."""


class Agent(Protocol):
    """A policy over many worlds at once; hardware is one world.

    An agent keeps its memory per world and must not let one world's action depend on which others are present:
    results would then depend on how episodes were batched.
    """

    @property
    def spec(self) -> AgentSpec:
        """What this agent declares."""

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        """Forget `worlds` and start an episode in each, with its instruction and its own seed."""

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Return a chunk of actions for `worlds`.

        Args:
          observation: rows for exactly `worlds`, in that order.
          worlds: identifiers of the rows; stable within an episode.

        Returns:
          (len(worlds), horizon, actuators) joint targets [rad] (or what `spec.action` declares), the first row due at
          the next control tick.
        """

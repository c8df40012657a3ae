"""An agent around another one: it sees what that one sees, or less, and does what that one does, or less."""

from collections.abc import Sequence
from dataclasses import replace

from dexbench.core.agent import Agent, AgentSpec
from dexbench.core.schema import Array, Observation
from dexbench.core.shelf import load_agent
from dexbench.core.world import WorldSpec


class Within:
    """Hands everything on to the agent inside."""

    name = "within"

    def __init__(self, world: WorldSpec, agent: str) -> None:
        """Load the agent inside by its name on the shelf; what it refuses, this one refuses too."""
        self.inner: Agent = load_agent(agent, world)
        self.robot = world.embodiment
        self.period = 1.0 / world.action.rate_hz

    @property
    def spec(self) -> AgentSpec:
        """What the agent inside declares, under this one's name."""
        return replace(self.inner.spec, name=self.name)

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        """Start episodes."""
        self.inner.reset(worlds, instructions, seeds)

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Return what the agent inside does."""
        return self.inner.act(observation, worlds)

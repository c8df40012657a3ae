"""Learned policy on state, touch and object points: flow matching on chunks of commands, shown by the scripted expert.

How its weights were made, and what they score, is in weights/flow.md.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from dexbench.core.agent import ActionSpec, AgentSpec
from dexbench.core.errors import ContractError
from dexbench.core.schema import Array, Observation
from dexbench.core.world import WorldSpec

from ._flow_network import FlowNetwork, load

OBSERVES = ("state", "objects", "touch", "points")
CONTROL = False
VERSION = "1"

READS = ("joint_position", "joint_velocity", "palm_pose", "object_pose", "target", "touch_net", "target_points")
"""Observation fields."""
WEIGHTS = Path(__file__).parent / "weights" / "flow.safetensors"
STEPS = 5
"""Euler steps from noise to a chunk."""


class Flow:
    """Draws chunks of commands from a network, each world with its own noise."""

    def __init__(self, world: WorldSpec, network: FlowNetwork, steps: int, temperature: float, execute: int) -> None:
        """Fit `network` to `world`.

        Raises:
          ContractError: it was made for another robot or another number of objects.
        """
        plan, robot = network.plan, world.embodiment
        joints = tuple(j.name for j in robot.joints)
        differ = [
            f"{what} {mine!r}, the world has {theirs!r}"
            for what, mine, theirs in (
                ("embodiment", plan.embodiment, robot.name),
                ("joints", plan.joints, joints),
                ("number of pads", plan.pads, len(robot.pads)),
                ("number of objects", plan.slots, world.observations["target"].shape[0]),
            )
            if mine != theirs
        ]
        if differ:
            raise ContractError("the weights were made for " + "; ".join(differ))
        if steps < 1 or temperature < 0:
            raise ContractError("steps is at least 1 and temperature at least 0")
        torch.set_num_threads(1)  # sums in another order give other bits
        self._network = network
        self._steps = steps
        self._temperature = temperature
        self._rng: dict[int, np.random.Generator] = {}
        self.spec = AgentSpec(
            name="flow",
            version=VERSION,
            observations=tuple(f for f in READS if plan.velocity or f != "joint_velocity"),
            action=ActionSpec(plan.actuators, plan.rate_hz),
            horizon=plan.horizon,
            execute=execute or plan.execute,
            embodiment=plan.embodiment,
        )

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        """Start episodes; the instruction has been grounded by the world, in `target`."""
        for world, seed in zip(worlds, seeds, strict=True):
            self._rng[world] = np.random.default_rng([seed, 1])

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Return a chunk of commands (n, horizon, actuators) [rad], world by world: sums depend on the batch."""
        shape = (1, self.spec.horizon, len(self.spec.action.actuators))
        found = np.empty((len(worlds), *shape[1:]))
        with torch.inference_mode():
            for i, world in enumerate(worlds):
                seen = {f: torch.from_numpy(observation[f][i : i + 1].copy()) for f in self.spec.observations}
                noise = self._rng[world].normal(size=shape).astype(np.float32) * np.float32(self._temperature)
                found[i] = self._network.draw(seen, torch.from_numpy(noise), self._steps)[0].numpy()
        return found


def make(
    world: WorldSpec, *, weights: str = "", steps: int = STEPS, temperature: float = 1.0, execute: int = 0
) -> Flow:
    """Return the policy.

    Args:
      world: where it will act.
      weights: a file of `dexbench train flow`; the shipped ones where empty.
      steps: Euler steps from noise to a chunk.
      temperature: scale of the noise; 0 draws the same chunk every time.
      execute: rows of a chunk that are used; 0: as trained.
    """
    return Flow(world, load(Path(weights) if weights else WEIGHTS), int(steps), float(temperature), int(execute))

"""Learned policy on state, touch and object points: flow matching on chunks of commands, shown by the scripted expert.

How its weights were made, and what they score, is in weights/flow.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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
PATIENCE = 6.4
"""Seconds of an attempt after which the object is off the table, or the attempt has failed; shown ones take 5 to 6."""
RETREAT = 2.0
"""Seconds that going home takes at most."""
OFF = 0.03
"""Rise of the object's middle that counts as off the table [m]."""


@dataclass
class _Episode:
    """What is remembered of one world."""

    rng: np.random.Generator
    tick: int = 0
    """Of the present attempt; negative on the way home."""
    height: float = 0.0
    """Of the object's middle when the attempt began [m]."""


class Flow:
    """Draws chunks of commands from a network, each world with its own noise.

    One thing is not learned, because demonstrations hold hardly any failures: an attempt that has not lifted the
    object in PATIENCE seconds is given up, the hand goes home, and the next one begins.
    """

    def __init__(
        self,
        world: WorldSpec,
        network: FlowNetwork,
        steps: int = STEPS,
        temperature: float = 1.0,
        execute: int = 0,
        patience: float = PATIENCE,
    ) -> None:
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
                ("number of joints", len(plan.joints), len(joints)),
                ("order of joints", *_first_difference(plan.joints, joints)),
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
        self._episodes: dict[int, _Episode] = {}
        self._home = robot.home
        self._patience = round(patience * plan.rate_hz)
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
            self._episodes[world] = _Episode(np.random.default_rng([seed, 1]))

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Return a chunk of commands (n, horizon, actuators) [rad], world by world: sums depend on the batch."""
        rows = [{f: observation[f][i : i + 1] for f in self.spec.observations} for i in range(len(worlds))]
        return np.stack([self._one(self._episodes[w], seen) for w, seen in zip(worlds, rows, strict=True)])

    def _one(self, episode: _Episode, seen: Observation) -> Array:
        """Return the chunk of one world (horizon, actuators)."""
        shape = (self.spec.horizon, len(self.spec.action.actuators))
        height = float(seen["target_points"][0, :, 2].mean())
        if episode.tick == 0:
            episode.height = height
        if self._patience and episode.tick >= self._patience and height < episode.height + OFF:
            episode.tick = -round(RETREAT * self.spec.action.rate_hz / self.spec.execute) * self.spec.execute
        episode.tick += self.spec.execute
        if episode.tick <= 0:
            return np.tile(self._home, (shape[0], 1))
        noise = episode.rng.normal(size=(1, *shape)).astype(np.float32) * np.float32(self._temperature)
        with torch.inference_mode():
            tensors = {f: torch.from_numpy(values.copy()) for f, values in seen.items()}
            chunk = self._network.draw(tensors, torch.from_numpy(noise), self._steps)[0]
        found: Array = chunk.numpy().astype(np.float64)
        return found


def _first_difference(mine: Sequence[str], theirs: Sequence[str]) -> tuple[str, str]:
    """Return the first pair of names that differ, each with its place; two empty ones if none do."""
    found = next(((i, a, b) for i, (a, b) in enumerate(zip(mine, theirs, strict=False)) if a != b), None)
    return ("", "") if found is None else (f"{found[1]} at {found[0]}", f"{found[2]} at {found[0]}")


def make(
    world: WorldSpec,
    *,
    weights: str = "",
    steps: int = STEPS,
    temperature: float = 1.0,
    execute: int = 0,
    patience: float = PATIENCE,
) -> Flow:
    """Return the policy.

    Args:
      world: where it will act.
      weights: a file of `dexbench train flow`; the shipped ones where empty.
      steps: Euler steps from noise to a chunk.
      temperature: scale of the noise; 0 draws the same chunk every time.
      execute: rows of a chunk that are used; 0: as trained.
      patience: seconds after which an attempt is given up; 0: never.
    """
    network = load(Path(weights) if weights else WEIGHTS)
    return Flow(world, network, int(steps), float(temperature), int(execute), float(patience))

"""Declares or does what does not fit, as the setting `wrong` says."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dexbench.core.agent import AgentSpec
from dexbench.core.schema import Array, Observation
from dexbench.core.world import WorldSpec

OBSERVES = ("state",)


class Odd:
    """Holds still, but for what is wrong with it."""

    def __init__(self, world: WorldSpec, wrong: str = "") -> None:
        action, names = world.action, world.action.actuators
        actions = {
            "length": replace(action, actuators=names[:-1]),
            "order": replace(action, actuators=(*names[:6], names[7], names[6], *names[8:])),
            "unit": replace(action, unit="deg"),
            "kind": replace(action, kind="joint_velocity"),
            "rate": replace(action, rate_hz=50.0),
        }
        reads = ("palm_temperature",) if wrong == "field" else ()
        robot = "claw_ur10e" if wrong == "robot" else ""
        self.spec = AgentSpec("odd", "1", reads, actions.get(wrong, action), embodiment=robot)
        self.home, self.bad = world.embodiment.home, {"nan": np.nan, "inf": np.inf}.get(wrong)

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        pass

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        rows = np.tile(self.home, (len(worlds), 1, 1))
        if self.bad is not None:
            rows[:, :, 3] = self.bad
        return rows


def make(world: WorldSpec, wrong: str = "") -> Odd:
    return Odd(world, wrong)

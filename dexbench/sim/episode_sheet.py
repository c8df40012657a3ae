"""One episode on one sheet: the start, the moment when half of the stages were done, the end."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dexbench.core.agent import Agent
from dexbench.core.errors import DataError
from dexbench.core.rollout import Ended, rollout
from dexbench.core.schema import Array, Observation
from dexbench.core.trial import Outcome, Trial
from dexbench.robots.faces import face_for
from dexbench.sensors.sheet import GAP
from dexbench.sim.film import Studio
from dexbench.sim.world import SimWorld

EVERY = 25
"""Control periods between two pictures of which one becomes the middle: a second at 25 Hz."""
_PAPER = (24, 27, 31)


@dataclass(frozen=True)
class Shown:
    """A sheet, and what came of the episode on it."""

    sheet: Array
    """(height, width, 3) uint8."""
    success: bool
    failure: str
    """The task's code; "none" for a success."""
    stage: int
    """Stages completed."""
    seconds: float


class _Witness:
    """Takes pictures while an episode runs: a watcher of the loop."""

    def __init__(self, studio: Studio, stages: int) -> None:
        self._studio, self._half = studio, (stages + 1) // 2
        self.start: Array | None = None
        self.between: list[Array] = []
        self.middle: Array | None = None
        self._step = 0

    def began(self, index: int, world: int, trial: Trial) -> None:
        self.start = self._studio.picture()

    def stepped(self, worlds: Sequence[int], action: Array, observation: Observation, outcome: Outcome) -> None:
        self._step += 1
        if self.middle is None and int(outcome.stage[0]) >= self._half:
            self.middle = self._studio.picture()
        elif self.middle is None and self._step % EVERY == 0:
            self.between.append(self._studio.picture())


def episode_sheet(
    world: SimWorld,
    agent: Agent,
    trial: Trial,
    *,
    camera: str = "front",
    width: int = 480,
    height: int = 374,
    backend: str = "auto",
) -> Shown:
    """Run `agent` through `trial` and return three captioned pictures side by side.

    Args:
      world: one world of the trial's task.
      agent: any.
      trial: what is set up.
      camera: "front", "side", "top" or one of the rig's.
      width: of each picture [pixels], even.
      height: of each picture with its caption [pixels], even.
      backend: see sensors.cameras.make_camera.

    Raises:
      DataError: the world is not a single one.
      ContractError: agent and world do not fit.
    """
    if world.n != 1:
        raise DataError(f"a sheet shows one world, not {world.n}")
    face = face_for(agent.spec, world.spec)
    with Studio(world, camera, width, height, smooth=True, backend=backend) as studio:
        witness = _Witness(studio, len(world.task.stages))
        (ended,) = rollout(agent, world, [trial], world.task.horizon, [witness], face)
        pictures = [witness.start, _middle(witness), studio.picture()]
    sheet = np.empty((height, 3 * (width + GAP) - GAP, 3), np.uint8)
    sheet[:] = _PAPER
    for k, picture in enumerate(pictures):
        assert picture is not None
        sheet[:, k * (width + GAP) : k * (width + GAP) + width] = picture
    return _shown(world, ended, sheet)


def _middle(witness: _Witness) -> Array | None:
    """Return the picture at half of the stages; of an episode that did not get there, the one at half of its time."""
    if witness.middle is not None or not witness.between:
        return witness.middle if witness.middle is not None else witness.start
    return witness.between[len(witness.between) // 2]


def _shown(world: SimWorld, ended: Ended, sheet: Array) -> Shown:
    outcome, task = ended.outcome, world.task
    good = bool(getattr(outcome, task.official)[0]) and not ended.agent_error and not ended.world_error
    failure = ended.agent_error or ended.world_error or task.failures[int(outcome.failure[0])]
    seconds = ended.steps * world.cell.period
    return Shown(sheet, good, "none" if good else failure, int(outcome.stage[0]), seconds)

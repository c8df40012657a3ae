"""An episode of the scripted expert, and how to run pieces of it again: what benchmarks of environments stand on."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import mujoco
import numpy as np
from pytest_benchmark.fixture import BenchmarkFixture

from dexbench.core.shelf import AGENTS, constants, load_agent
from dexbench.core.trial import Trial
from dexbench.sim.world import SimWorld

ONE, TWO = ("grasp_object", "shadow_ur10e"), ("lift_tray", "shadow_ur10e_bimanual")
STATE, TOUCH = ("state", "objects"), ("state", "objects", "touch")
BURST = 6
"""Control periods of a burst."""
WINDOW = 42
"""Control periods measured, from when the object has been lifted: less than it takes to end the episode."""
FULL = int(mujoco.mjtState.mjSTATE_INTEGRATION)


@dataclass
class Moment:
    """One world in the middle of an episode, to go on from in any number of worlds."""

    state: np.ndarray
    filter: dict[str, np.ndarray]
    memory: dict[str, np.ndarray]
    steps: int

    @staticmethod
    def of(world: SimWorld) -> "Moment":
        kept = {k: v.copy() for k, v in vars(world.filter).items() if k in ("_target", "_newest", "_moves")}
        return Moment(world.batch.state[0].copy(), kept, copy.deepcopy(world.scene.memory), int(world._steps[0]))

    def enter(self, world: SimWorld) -> None:
        world.batch.state[:] = self.state
        for name, value in self.filter.items():
            getattr(world.filter, name)[:] = value
        for name, value in self.memory.items():
            world.scene.memory[name] = np.repeat(value, world.n, axis=0)
        world._steps[:] = self.steps


@dataclass
class Motion:
    """An episode of the expert, and its window in which the object is in the air."""

    trial: Trial
    approach: np.ndarray
    """(steps, actuators) until the object has been lifted [rad]."""
    actions: np.ndarray
    """(WINDOW, actuators) from then on [rad]."""
    moments: list[Moment]
    """Before each action of the window."""
    control: np.ndarray
    """(WINDOW, SUBSTEPS, nu) what the actuators were given [rad]."""
    end: np.ndarray
    """qpos after the window."""
    model: mujoco.MjModel
    data: mujoco.MjData

    def raw(self, first: int) -> None:
        """Run one burst in bare MuJoCo."""
        mujoco.mj_setState(self.model, self.data, self.moments[first].state, FULL)
        model, data, control = self.model, self.data, self.data.ctrl
        started = time.process_time_ns()
        for period in self.control[first : first + BURST]:
            for row in period:
                control[:] = row
                mujoco.mj_step(model, data)
        self.spent = time.process_time_ns() - started


def held(world: SimWorld) -> bool:
    """Say whether in every world the named object is in the air, in hands and nowhere else."""
    scene = world.scene
    rows, target = scene.rows, scene.target
    rise = (scene.object_centre[:, :, 2] - scene.memory["start"].reshape(world.n, -1))[rows, target]
    by_hand = scene.hand_contacts[rows, :, target].max(axis=1)
    return bool((rise > 0.08).all() and (by_hand > 0).all() and (scene.other_contacts[rows, target] == 0).all())


@lru_cache
def motion(task: str, embodiment: str) -> Motion:
    """Return the first draw that the expert lifts."""
    world = SimWorld(task, embodiment, groups=constants(AGENTS, "scripted")["OBSERVES"])
    agent = load_agent("scripted", world.spec)
    aloft = world.task.stages.index("lift") + 1
    for draw in range(20):
        trial = world.task.place(np.random.default_rng(draw), "seen")
        seen = world.reset([trial])
        agent.reset([0], [trial.instruction], [trial.seed])
        approach: list[np.ndarray] = []
        actions: list[np.ndarray] = []
        control: list[np.ndarray] = []
        moments: list[Moment] = []
        while world.elapsed()[0] < world.task.horizon and len(actions) < WINDOW:
            lifted = bool(actions) or world.outcome().stage[0] >= aloft
            action = agent.act(seen, [0])[:, 0]
            (actions if lifted else approach).append(action[0].copy())
            if lifted:
                moments.append(Moment.of(world))
            seen = world.advance(action)
            world.outcome()
            if lifted:
                control.append(world._control[0].copy())
        if len(actions) == WINDOW and held(world):
            model, data = world.batch.get_model(0), world.batch.get_data(0)
            end = world.batch.bind("qpos")[0].copy()
            return Motion(trial, np.array(approach), np.array(actions), moments, np.array(control), end, model, data)
    raise AssertionError(f"the expert lifts nothing in {task}")


def timed(call: Callable[[], object], clock: Callable[[], int] = time.process_time_ns) -> float:
    """Return what `call` took [s]."""
    started = clock()
    call()
    return 1e-9 * (clock() - started)


def report(benchmark: BenchmarkFixture, name: str, **found: Any) -> None:
    """Print and keep what was found."""
    text = {k: f"{v:.3g}" if isinstance(v, float) else str(v) for k, v in found.items()}
    benchmark.extra_info.update({f"{name}: {k}": v for k, v in text.items()})
    print(f"\n{name}: " + ", ".join(f"{k} {v}" for k, v in text.items()))

"""A world without physics for tests of the evaluation: a point on a plane that must be brought to a goal and held.

Only sums and products of float64: equal bits everywhere. Trials and agents misbehave on request.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from dexbench.core.agent import ActionSpec, Agent, AgentSpec
from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import UnknownName
from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array, Field, Observation, Schema
from dexbench.core.task import Task, TaskBase
from dexbench.core.trial import Outcome, Placement, Trial
from dexbench.core.world import World, WorldSpec
from dexbench.evaluation.freezing import freeze
from dexbench.evaluation.runner import evaluate
from dexbench.evaluation.suite import Suite, load_suite

PERIOD = 0.04
ACTUATORS = ("right/x", "right/y")
DELAY = "TOY_DELAY"
"""Environment variable: seconds that a control period takes, so that a test can kill it in the middle."""


@dataclass(frozen=True)
class Robot:
    name: str


class Toy(TaskBase):
    """Bring the point within 5 cm of the goal ("near"), hold it for 0.2 s ("held")."""

    name = "toy"
    version = 1
    hands = 1
    slots = 1
    horizon = 2.0
    stages = ("near", "held")
    failures = ("none", "never_near", "not_held")
    official = "success_at_end"
    splits = ("seen", "unseen")

    def pool(self) -> tuple[str, ...]:
        return ("goal",)

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        x, y = rng.uniform(-1, 1, 2)
        goal = Placement("goal", (float(x), float(y), 0.0), (1.0, 0.0, 0.0, 0.0), 1.0, 1.0)
        return Trial("toy-v1", split, int(rng.integers(2**31)), "go to the goal", 0, (goal,))

    def remember(self, n: int) -> dict[str, Array]:
        return {}

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        pass

    def judge(self, scene: Scene) -> Outcome:
        raise NotImplementedError  # the toy world judges by itself


class Fragile(Toy):
    """The same, and in every third trial the simulation breaks, in one of three ways."""

    name = "fragile"

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        trial = super().place(rng, split)
        fault = float(rng.integers(9))
        return Trial("fragile-v1", split, trial.seed, trial.instruction, 0, trial.objects, {"fault": fault})


UNSTABLE, RAISES, RESET_RAISES = 1.0, 2.0, 3.0


class ToyWorld:
    """n points. The state of each: position, velocity, goal, steps held, steps."""

    def __init__(self, task: str, n: int, groups: Sequence[str]) -> None:
        fields = [Field("joint_position", (2,), "rad", "", "state"), Field("goal", (2,), "m", "cell", "objects")]
        if "touch" in groups:
            fields.append(Field("touch_net", (1, 3), "N", "pad", "touch", labels=("right/tip",)))
        robot = cast(Embodiment, Robot("toy"))
        self.spec = WorldSpec(task, robot, Schema(tuple(fields)), ActionSpec(ACTUATORS, 1 / PERIOD))
        self.n = n
        self._state = np.zeros((n, 8))
        self._once = np.zeros(n, bool)
        self._stage = np.zeros(n, np.int64)
        self._rejected = np.zeros(n, np.int64)
        self._faults = np.zeros(n)
        self._delay = float(os.environ.get(DELAY, "0"))

    def reset(self, trials: Sequence[Trial], worlds: WorldIds | None = None) -> Observation:
        ids = np.arange(self.n) if worlds is None else np.asarray(worlds)
        for i, trial in zip(ids, trials, strict=True):
            self._faults[i] = trial.extra.get("fault", 0.0)
            if self._faults[i] == RESET_RAISES:
                raise ArithmeticError("cannot be set up")
            self._state[i] = [0, 0, 0, 0, *trial.objects[0].position[:2], 0, 0]
        for kept in (self._once, self._stage, self._rejected):
            kept[ids] = 0
        return self._observe(ids)

    def advance(self, action: Array, worlds: WorldIds | None = None) -> Observation:
        ids = np.arange(self.n) if worlds is None else np.asarray(worlds)
        time.sleep(self._delay)
        if (self._faults[ids] == RAISES).any() and (self._state[ids, 7] == 5).any():
            for i in ids:
                if self._faults[i] == RAISES and self._state[i, 7] == 5:
                    raise ArithmeticError(f"broke down at {hex(id(self))}")
        good = np.isfinite(action).all(axis=1)
        self._rejected[ids] += ~good
        s = self._state[ids]
        force = np.where(good[:, None], np.clip(np.nan_to_num(action), -2, 2) - s[:, :2], 0.0)
        s[:, 2:4] = 0.7 * s[:, 2:4] + 3.0 * PERIOD * force
        s[:, :2] += PERIOD * 5.0 * s[:, 2:4]
        away = s[:, :2] - s[:, 4:6]
        near = (away * away).sum(axis=1) < 0.05**2
        s[:, 6] = np.where(near, s[:, 6] + 1, 0)
        s[:, 7] += 1
        self._state[ids] = s
        self._once[ids] |= s[:, 6] >= 5
        self._stage[ids] = np.maximum(self._stage[ids], np.where(self._once[ids], 2, near))
        return self._observe(ids)

    def outcome(self) -> Outcome:
        holds = self._once & (self._state[:, 6] > 0)
        broken = np.flatnonzero((self._faults == UNSTABLE) & (self._state[:, 7] >= 8))
        return Outcome(
            success_once=self._once.copy(),
            success_at_end=holds,
            stage=self._stage.copy(),
            attempts=(self._stage > 0).astype(np.int64),
            reward=self._stage / 2,
            failure=np.where(holds, 0, np.where(self._stage > 0, 2, 1)),
            done=self._state[:, 6] >= 8,
            error={int(i): "became unstable" for i in broken},
        )

    def elapsed(self) -> Array:
        return self._state[:, 7] * PERIOD

    def snapshot(self, worlds: WorldIds) -> Array:
        return self._state[np.asarray(worlds)].copy()

    def measures(self) -> dict[str, Array]:
        return {"rejected": self._rejected, "clamped": np.zeros(self.n, np.int64), "hand_force": self._state[:, 7] / 3}

    def close(self) -> None:
        pass

    def _observe(self, ids: Array) -> Observation:
        s = self._state[ids]
        found = {"joint_position": s[:, :2].astype(np.float32), "goal": s[:, 4:6].astype(np.float32)}
        if "touch_net" in self.spec.observations:
            found["touch_net"] = np.stack([s[:, 2:3], s[:, 3:4], s[:, :1]], axis=2).astype(np.float32)
        return found


class Driver:
    """Goes to the goal with noise of its own in each world; `fault` says how it misbehaves in some episodes."""

    def __init__(self, fault: str, rate: float) -> None:
        self.fault = fault
        self.spec = AgentSpec(f"toy_{fault}", "1", ("goal",), ActionSpec(ACTUATORS, rate))
        self._rng: dict[int, np.random.Generator] = {}
        self._seed: dict[int, int] = {}
        self._asked: dict[int, int] = {}

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        for world, seed in zip(worlds, seeds, strict=True):
            if self.fault == "reset" and seed % 5 == 0:
                raise ValueError(f"cannot begin {object()}")
            self._rng[world], self._seed[world], self._asked[world] = np.random.default_rng(seed), seed, 0

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        rows = []
        for i, world in enumerate(worlds):
            row = observation["goal"][i] + self._rng[world].normal(0, 0.02, 2)
            self._asked[world] += 1
            late = self._asked[world] == 7 and self._seed[world] % 5 == 0
            if self.fault == "crash" and late:
                raise RuntimeError(f"lost its head, {object()}\nand more")
            if self.fault == "nan" and self._asked[world] % 3 == 0:
                row[0] = np.nan
            if self.fault == "wrong" or (self.fault == "shape" and late):
                row = row[:1]
            rows.append(row)
        return np.zeros((len(worlds), 1, 1)) if {len(r) for r in rows} != {2} else np.stack(rows)[:, None]


def make_world(task: str, embodiment: str, n: int, groups: tuple[str, ...]) -> World:
    return ToyWorld(task, n, groups)


def make_agent(name: str, world: WorldSpec, settings: Mapping[str, Any]) -> Agent:
    return Driver(name, settings.get("rate", 1 / PERIOD))


def make_task(name: str) -> Task:
    tasks = {"toy-v1": Toy, "fragile-v1": Fragile}
    if name not in tasks:
        raise UnknownName("task", name, tasks)
    return tasks[name]()


SUITE = """\
# A comment that freezing must leave.
name: tiny
protocol: 1
description: points that must go somewhere
entries:
- name: plain
  task: toy-v1
  embodiment: toy
  splits: {seen: 7, unseen: 4}
  seed: 3
  attempts: 1
- name: other
  task: fragile-v1
  embodiment: toy
  splits: {seen: 9}
  seed: 3
  attempts: 2
"""


def make_suite(folder: Path, text: str = SUITE) -> Suite:
    """Write and freeze a suite of 20 episodes."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tiny.yaml"
    path.write_text(text, encoding="utf-8")
    freeze(path, make_task)
    return load_suite(path)


def run(suite: Suite, folder: Path, agent: str = "good", **options: Any) -> bytes:
    """Evaluate and return the rows' bytes."""
    given: dict[str, Any] = {"agent_factory": make_agent, "task_factory": make_task, "groups": ("state", "touch")}
    evaluate(suite, agent, folder, make_world, **{**given, "jobs": 0, "batch": 3, "command": "toy", **options})
    return (folder / "episodes.jsonl").read_bytes()


def main(suite: str, folder: str, jobs: int) -> None:
    """Evaluate, as a process of its own."""
    run(load_suite(suite), Path(folder), jobs=jobs)

"""One episode of a dataset, and who writes it down while it runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dexbench.core.agent import Agent, AgentSpec
from dexbench.core.embodiment import Embodiment
from dexbench.core.rollout import Ended
from dexbench.core.schema import Array, Observation
from dexbench.core.task import Task
from dexbench.core.trial import Outcome, Trial
from dexbench.core.world import World

from .demonstrations import Disturbed
from .keypoints import Keypoints
from .lerobot_layout import SENT, STAGE, Column, columns_of
from .lerobot_video import PREFIX


@dataclass(frozen=True)
class Episode:
    """T frames: what was seen before each action, the action, and what came of it."""

    trial: Trial
    columns: Mapping[str, Array]
    """(T, N) of each column by key, less those that number frames."""
    outcome: Mapping[str, Any]
    """"success", "success_once", "success_at_end", "stage", "failure" (a code) and "truncated"."""
    pictures: Mapping[str, Sequence[Array]] = field(default_factory=dict)
    """T pictures (H, W, 3) uint8 of each camera, by feature name; empty in what was read: see Dataset.pictures."""

    @property
    def steps(self) -> int:
        """Control periods."""
        return len(next(iter(self.columns.values())))

    @property
    def sent(self) -> Array:
        """(T, A) joint targets [rad] that the world was given: played again, they lead to the same outcome."""
        return self.columns[SENT]


_Part = tuple[Mapping[str, Array], int]
"""Numbers of several worlds at one moment, by column, and whose row it is."""


@dataclass
class _Course:
    trial: Trial
    seen: list[_Part] = field(default_factory=list)
    """Before each step."""
    done: list[_Part] = field(default_factory=list)
    """In each step, and what came of it."""
    pictures: dict[str, list[Array]] = field(default_factory=dict)


class Scribe:
    """Agent and watcher at once: it hands on what an agent does, and writes episodes down.

    A watcher is not shown the observation that an episode begins with; the agent is. Put it in an agent's place, and
    among the watchers.
    """

    def __init__(self, agent: Agent, world: World, task: Task) -> None:
        """Write down what `agent` does in `world`.

        Args:
          agent: any agent that gives joint targets; of a Disturbed one, what it meant is the label.
          world: the world that it acts in.
          task: what is judged there.
        """
        self._agent = agent
        self._task = task
        robot = world.spec.embodiment
        self.columns = columns_of(robot, world.spec.observations)
        """Of its episodes."""
        self._seen = [c for c in self.columns if c.field]
        rgb = [f.name for f in world.spec.observations.fields if f.group == "rgb"]
        self._eyes = {PREFIX + name.partition("/")[2].replace("/", "_"): name for name in rgb}
        self._points = Points(robot)
        self._before: dict[int, _Part] = {}
        self._shown: dict[int, dict[str, Array]] = {}
        self._courses: dict[int, _Course] = {}

    @property
    def spec(self) -> AgentSpec:
        """As the agent's own."""
        return self._agent.spec

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        """Start episodes."""
        for world in worlds:
            self._before.pop(world, None)
        self._agent.reset(worlds, instructions, seeds)

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Return what the agent does, and keep what an episode begins with."""
        self._look(observation, worlds, [i for i, world in enumerate(worlds) if world not in self._before])
        return self._agent.act(observation, worlds)

    def began(self, index: int, world: int, trial: Trial) -> None:
        """Open a page."""
        self._courses[world] = _Course(trial)

    def stepped(self, worlds: Sequence[int], action: Array, observation: Observation, outcome: Outcome) -> None:
        """Write down one frame of each of `worlds`."""
        rows, sent = list(worlds), np.array(action, np.float64)
        done = {
            "action": np.array([self._agent.meant[w] for w in rows]) if isinstance(self._agent, Disturbed) else sent,
            SENT: sent,
            STAGE: outcome.stage[rows],
            "next.reward": outcome.reward[rows],
            "next.success": getattr(outcome, self._task.official)[rows],
        }
        for i, world in enumerate(worlds):
            course = self._courses[world]
            course.seen.append(self._before[world])
            course.done.append((done, i))
            for key, picture in self._shown[world].items():
                course.pictures.setdefault(key, []).append(picture)
        self._look(observation, worlds, range(len(rows)))

    def finish(self, ended: Ended) -> Episode | None:
        """Return the episode that has just ended; None where the agent or the world broke down, or nothing was done."""
        course = self._courses.pop(ended.world)
        if ended.agent_error or ended.world_error or not course.done:
            return None
        at, last = ended.world, ended.outcome
        success = bool(getattr(last, self._task.official)[at])
        noted = {
            c.key: _table(parts, c)
            for parts in (course.seen, course.done)
            for c in self.columns
            if c.key in parts[0][0]
        }
        ends = np.arange(ended.steps)[:, None] == ended.steps - 1
        columns = {**noted, **self._points(noted["observation.state"]), "next.done": ends}
        outcome = {
            "success": success,
            "success_once": bool(last.success_once[at]),
            "success_at_end": bool(last.success_at_end[at]),
            "stage": int(last.stage[at]),
            "failure": "none" if success else self._task.failures[int(last.failure[at])],
            "truncated": ended.truncated,
        }
        return Episode(ended.trial, {c.key: columns[c.key] for c in self.columns}, outcome, course.pictures)

    def _look(self, observation: Observation, worlds: Sequence[int], at: Sequence[int]) -> None:
        """Keep what the worlds of rows `at` show before their next step: numbers of all at once, pictures of each."""
        if not at:
            return
        n, seen = len(worlds), {}
        for c in self._seen:
            value = observation[c.field]
            seen[c.key] = np.array(value[:, -1] if c.newest else value, np.float32).reshape(n, -1)
        for i in at:
            self._before[worlds[i]] = (seen, i)
            self._shown[worlds[i]] = {k: np.array(observation[name][i], np.uint8) for k, name in self._eyes.items()}


class Points:
    """The columns that are worked out from joint angles."""

    def __init__(self, robot: Embodiment) -> None:
        """Of this robot."""
        self._keypoints = Keypoints(robot)

    def __call__(self, angles: Array) -> dict[str, Array]:
        """Return the columns for joint angles (T, J) [rad]."""
        n = len(angles)
        poses, points = self._keypoints(angles)
        present = np.tile(self._keypoints.present.reshape(1, -1), (n, 1))
        return {
            "observation.wrist_pose": poses.reshape(n, -1),
            "observation.keypoints": points.reshape(n, -1),
            "observation.keypoints_present": present.astype(np.float32),
        }


def _table(parts: Sequence[_Part], c: Column) -> Array:
    """Return a column (T, N) of T moments."""
    return np.array([numbers[c.key][i] for numbers, i in parts], np.dtype(c.dtype)).reshape(len(parts), c.size)

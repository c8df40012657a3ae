"""Watches a rollout and turns each episode into a row. Recording and re-simulation use it alike."""

import hashlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dexbench.core.rollout import Ended
from dexbench.core.schema import Array, Observation
from dexbench.core.task import Task
from dexbench.core.trial import Outcome, Trial
from dexbench.core.world import Measured, World

from .packing import pack
from .record import Row
from .suite import Episode

HASH_EVERY = 10
"""Control periods between state hashes: the first bad one says where two simulations part, to 0.4 s at 25 Hz."""

AGENT_ERROR = "agent_error"
SIMULATION_ERROR = "simulation_error"
LATE = "attempts_exceeded"
"""The task was solved, in a later attempt than the suite counts."""
_DECIMALS = 4
"""Of forces in a record [0.1 mN]; no sensor is better."""
_MESSAGE = 300


@dataclass
class _Course:
    """What has been seen of a running episode."""

    episode: Episode
    initial: Array | None
    touch: Array
    """(pads,) peaks [N]."""
    begun: float
    """Wall clock [s]."""
    steps: int = 0
    actions: list[Array] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    stage: int = 0
    stage_steps: list[int] = field(default_factory=list)
    attempts: int = 0
    once: bool = False
    success_attempt: int | None = None
    hand: float = 0.0
    """Peak [N]."""


class Recorder:
    """A watcher of `core.rollout` that makes rows.

    Args:
      world: the world that is watched; its snapshots are taken.
      task: what is judged in it.
      episodes: those of the rollout, in its order.
      agent: name of the agent.
    """

    def __init__(self, world: World, task: Task, episodes: Sequence[Episode], agent: str) -> None:
        self._world = world
        self._task = task
        self._episodes = episodes
        self._agent = agent
        self._courses: dict[int, _Course] = {}
        touch = next((f for f in world.spec.observations.fields if f.name == "touch_net"), None)
        self._measured = world if isinstance(world, Measured) else None
        self._pads = () if touch is None else touch.labels or tuple(str(i) for i in range(touch.shape[0]))

    def began(self, index: int, world: int, trial: Trial) -> None:
        """Keep the state that the episode starts from."""
        snapshot = self._world.snapshot([world])
        self._courses[world] = _Course(
            self._episodes[index],
            None if snapshot is None else np.array(snapshot[0], np.float64),
            np.zeros(len(self._pads)),
            time.perf_counter(),
        )

    def stepped(self, worlds: Sequence[int], action: Array, observation: Observation, outcome: Outcome) -> None:
        """Keep the action, peaks, stages, and every HASH_EVERY steps the state's hash."""
        measures = self._measures()
        touch = np.linalg.norm(observation["touch_net"], axis=2) if self._pads else np.zeros((len(worlds), 0))
        due = []
        for i, world in enumerate(worlds):
            course = self._courses[world]
            course.steps += 1
            course.actions.append(np.array(action[i], np.float64))
            np.fmax(course.touch, touch[i], out=course.touch)
            if "hand_force" in measures:
                course.hand = max(course.hand, float(measures["hand_force"][world]))
            _follow(course, outcome, world)
            if course.steps % HASH_EVERY == 0:
                due.append(world)
        self._hash(due)

    def steps(self, world: int) -> int:
        """Return the steps of the episode in `world` so far; 0 if none has begun."""
        return self._courses[world].steps if world in self._courses else 0

    def finish(self, ended: Ended) -> tuple[Row, float]:
        """Return the row of an episode that has just ended, and the seconds that it took."""
        course = self._courses[ended.world]
        outcome, world = ended.outcome, ended.world
        _follow(course, outcome, world)
        if course.steps % HASH_EVERY or not course.steps:
            self._hash([world])
        code, message = self._task.failures[int(outcome.failure[world])], ""
        if ended.agent_error:
            code, message = AGENT_ERROR, ended.agent_error
        elif ended.world_error:
            code, message = SIMULATION_ERROR, ended.world_error
        return self._row(course, world, bool(outcome.success_at_end[world]), ended.truncated, code, message)

    def broken(self, episode: Episode, code: str, message: str) -> tuple[Row, float]:
        """Return the row of an episode in world 0 that an exception ended."""
        known = 0 in self._courses
        if not known:  # the world's reset failed: what it holds belongs to an earlier episode
            self._courses[0] = _Course(episode, None, np.zeros(len(self._pads)), time.perf_counter())
        row, seconds = self._row(self._courses[0], 0, False, False, code, message)
        return (row if known else {**row, "rejected": None, "clamped": None, "hand_force_peak": None}), seconds

    def _row(
        self, course: _Course, world: int, at_end: bool, truncated: bool, code: str, message: str
    ) -> tuple[Row, float]:
        """Return the row; `code` is the failure code if it turns out to be a failure."""
        del self._courses[world]
        episode, spec, measures = course.episode, self._world.spec, self._measures()
        success = at_end if self._task.official == "success_at_end" else course.once
        late = course.success_attempt is not None and course.success_attempt > episode.attempts
        if code in (AGENT_ERROR, SIMULATION_ERROR):
            success = False
        elif success and late:
            success, code = False, LATE
        elif success:
            code = "none"
        actions = np.array(course.actions).reshape(course.steps, len(spec.action.actuators))
        row: Row = {
            "index": episode.index,
            "previous": "",
            "entry": episode.entry,
            "embodiment": episode.embodiment,
            "trial": episode.trial.row(),
            "trial_digest": episode.trial.digest(),
            "agent": self._agent,
            "steps": course.steps,
            "rate_hz": float(spec.action.rate_hz),
            "truncated": truncated,
            "success": success,
            "success_once": course.once,
            "success_at_end": at_end,
            "stage": course.stage,
            "stages": list(self._task.stages),
            "stage_steps": course.stage_steps + [None] * (len(self._task.stages) - course.stage),
            "attempts": course.attempts,
            "success_attempt": course.success_attempt,
            "failure": code,
            "error": _plain(message),
            "rejected": int(measures["rejected"][world]) if "rejected" in measures else None,
            "clamped": int(measures["clamped"][world]) if "clamped" in measures else None,
            "touch_peaks": {p: _force(f) for p, f in zip(self._pads, course.touch, strict=True)},
            "hand_force_peak": _force(course.hand) if "hand_force" in measures else None,
            "hash_every": HASH_EVERY,
            "hashes": course.hashes,
            "initial": None if course.initial is None else pack(course.initial),
            "actions": pack(actions),
        }
        return row, time.perf_counter() - course.begun

    def _measures(self) -> dict[str, Array]:
        return {} if self._measured is None else self._measured.measures()

    def _hash(self, worlds: Sequence[int]) -> None:
        snapshot = self._world.snapshot(worlds) if worlds else None
        if snapshot is None:
            return
        for world, state in zip(worlds, snapshot, strict=True):
            content = np.ascontiguousarray(state, "<f8").tobytes()
            self._courses[world].hashes.append(hashlib.sha256(content).hexdigest()[:16])


def _follow(course: _Course, outcome: Outcome, world: int) -> None:
    """Note which stages and attempts have come since the last step."""
    reached = int(outcome.stage[world])
    while course.stage < reached:
        course.stage_steps.append(course.steps)
        course.stage += 1
    course.attempts = int(outcome.attempts[world])
    if outcome.success_once[world] and not course.once:
        course.once = True
        course.success_attempt = max(1, course.attempts)


def _force(newton: float) -> float | None:
    return round(float(newton), _DECIMALS) if np.isfinite(newton) else None


def _plain(message: str) -> str:
    """Return the first line of a message without addresses in memory, which differ from run to run."""
    first = message.strip().split("\n")[0]
    return re.sub(r"0x[0-9a-fA-F]{6,}", "0x...", first)[:_MESSAGE]

"""The one loop. It drives agents through worlds, simulated or real, one or many, and knows neither."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from dexbench.core.action_face import ActionFace, Conversion
from dexbench.core.agent import Agent
from dexbench.core.contract import agree
from dexbench.core.errors import ActionError
from dexbench.core.schema import Array, Observation
from dexbench.core.trial import Outcome, Trial
from dexbench.core.world import World


@dataclass(frozen=True)
class Ended:
    """An episode that is over."""

    index: int
    """Place of its trial in the sequence that was given."""
    world: int
    trial: Trial
    steps: int
    """Control periods."""
    outcome: Outcome
    """Rows of all worlds; this episode's is `world`. A copy: it stays as it was."""
    truncated: bool
    """Whether time ran out."""
    agent_error: str = ""
    """What the agent raised, if it crashed: the episode is a failure, never a missing row."""
    world_error: str = ""
    """What broke in the world, if something did; likewise a failure."""


class Watcher(Protocol):
    """Sees everything that happens; may keep it, must not change it."""

    def began(self, index: int, world: int, trial: Trial) -> None:
        """An episode has been reset in `world`."""

    def stepped(self, worlds: Sequence[int], action: Array, observation: Observation, outcome: Outcome) -> None:
        """`worlds` have been advanced by `action` (rows as in `worlds`); observation rows likewise.

        The action is what the world was given: joint targets, whatever the agent speaks in.

        The outcome has a row for every world and is valid during the call: copy what is kept.
        """


class _Chunks:
    """Unpacks chunks, so that no policy has to: the next row for each world, asking the agent when one runs out."""

    def __init__(self, agent: Agent, n: int, actuators: int) -> None:
        self.agent = agent
        self.errors: dict[int, str] = {}
        """World to what the agent raised in its running episode."""
        self._rows = np.zeros((n, agent.spec.horizon, actuators))
        self._next = np.zeros(n, np.int64)

    def reset(self, worlds: Sequence[int], trials: Sequence[Trial]) -> None:
        for world in worlds:
            self.errors.pop(world, None)
        self._next[list(worlds)] = self.agent.spec.execute
        try:
            self.agent.reset(worlds, [t.instruction for t in trials], [t.seed for t in trials])
        except Exception as error:  # an agent is a stranger's code: its crash is a result
            if len(worlds) == 1:
                self._fail(worlds[0], error)
                return
            for world, trial in zip(worlds, trials, strict=True):  # find out whose episode it is
                self.reset([world], [trial])

    def action(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Return (len(worlds), actuators): the row due in each world; note in `errors` where the agent raised."""
        ids = np.asarray(worlds)
        due = self._next[ids] >= self.agent.spec.execute
        if due.all():
            self._ask(observation, ids)
        elif due.any():
            self._ask({k: v[due] for k, v in observation.items()}, ids[due])
        rows: Array = self._rows[ids, self._next[ids]]
        self._next[ids] += 1
        return rows

    def _ask(self, observation: Observation, ids: Array) -> None:
        shape = (len(ids), *self._rows.shape[1:])
        try:
            chunk = np.asarray(self.agent.act(observation, ids.tolist()), dtype=np.float64)
        except Exception as error:
            if len(ids) == 1:
                self._fail(int(ids[0]), error)
                return
            for i in range(len(ids)):
                self._ask({k: v[i : i + 1] for k, v in observation.items()}, ids[i : i + 1])
            return
        if chunk.shape != shape:
            raise ActionError(f"agent {self.agent.spec.name!r} returned shape {chunk.shape}, declared {shape}")
        self._rows[ids] = chunk
        self._next[ids] = 0

    def _fail(self, world: int, error: Exception) -> None:
        self.errors[world] = f"{type(error).__name__}: {error}"
        self._next[world] = 0  # not due: the agent is not asked again; whatever row lies there is not used


def rollout(
    agent: Agent,
    world: World,
    trials: Iterable[Trial],
    horizon: float,
    watchers: Sequence[Watcher] = (),
    face: ActionFace | None = None,
) -> Iterator[Ended]:
    """Run `agent` through `trials`, `world.n` at a time, and yield each episode when it ends.

    Args:
      agent: any agent; its declaration is compared with the world's before step 0.
      world: any world.
      trials: what to run; a world takes the next one as soon as its episode has ended.
      horizon: time limit of an episode [s].
      watchers: recorders, cameras and the like.
      face: turns the agent's actions into joint targets where it speaks of something else; see
        dexbench.robots.faces.face_for.

    Raises:
      ContractError: agent and world do not fit.
      ActionError: the agent returned a chunk of another shape than it declared.
    """
    agree(agent.spec, world.spec, face)
    queue = deque(enumerate(trials))
    chunks = _Chunks(agent, world.n, len(agent.spec.action.actuators))
    conversion = None if face is None else Conversion(face, world.n)
    running: dict[int, tuple[int, Trial]] = {}
    steps = np.zeros(world.n, np.int64)
    worlds: list[int] = []  # those that run, sorted
    seen: Observation = {}  # their newest observation, rows as in `worlds`

    def begin(free: Sequence[int]) -> tuple[list[int], Observation]:
        """Start the next trials in `free`; return which worlds run now, and what they see."""
        taken = [(w, *queue.popleft()) for w in free if queue]
        if not taken:
            return worlds, seen
        fresh = [w for w, _, _ in taken]
        observation = world.reset([t for _, _, t in taken], fresh)
        chunks.reset(fresh, [t for _, _, t in taken])
        if conversion is not None:
            conversion.reset(observation, fresh)
        for w, index, trial in taken:
            running[w] = (index, trial)
            steps[w] = 0
            for watcher in watchers:
                watcher.began(index, w, trial)
        if not worlds:
            return fresh, observation
        order = np.argsort(worlds + fresh)
        return sorted(worlds + fresh), {k: np.concatenate([seen[k], v])[order] for k, v in observation.items()}

    worlds, seen = begin(range(world.n))
    while running:
        action = chunks.action(seen, worlds)
        crashed = chunks.errors
        if crashed:
            going_on = [w not in crashed for w in worlds]
            action, seen = action[going_on], {k: v[going_on] for k, v in seen.items()}
        live = [w for w in worlds if w not in crashed]
        if live:
            if conversion is not None:
                action = conversion(action, seen, live)
            seen = world.advance(action, live)
            steps[live] += 1
        outcome = world.outcome()
        if live:
            for watcher in watchers:
                watcher.stepped(live, action, seen, outcome)
        late = world.elapsed() >= horizon - 1e-9
        free = [w for w in worlds if w in crashed or w in outcome.error or outcome.done[w] or late[w]]
        worlds = live
        if not free:
            continue
        kept = deepcopy(outcome)  # a reset writes into the task's memory, which outcomes may be views of
        for w in free:
            index, trial = running.pop(w)
            truncated = bool(late[w] and not kept.done[w])
            yield Ended(index, w, trial, int(steps[w]), kept, truncated, crashed.pop(w, ""), kept.error.get(w, ""))
        going = [i for i, w in enumerate(live) if w in running]
        seen = {k: v[going] for k, v in seen.items()} if going else {}
        worlds = [live[i] for i in going]
        worlds, seen = begin(free)

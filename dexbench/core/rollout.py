"""The one loop. It drives agents through worlds, simulated or real, one or many, and knows neither."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

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
    """Rows of all worlds; this episode's is `world`."""
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
        """`worlds` have been advanced by `action` (rows as in `worlds`); observation rows likewise."""


class _Chunks:
    """Unpacks chunks, so that no policy has to: the next row for each world, asking the agent when one runs out."""

    def __init__(self, agent: Agent, n: int, actuators: int) -> None:
        self.agent = agent
        self._rows = np.zeros((n, agent.spec.horizon, actuators))
        self._next = np.zeros(n, np.int64)
        self.errors: dict[int, str] = {}

    def reset(self, worlds: Sequence[int], trials: Sequence[Trial]) -> None:
        self._next[list(worlds)] = self.agent.spec.execute
        self.agent.reset(worlds, [t.instruction for t in trials], [t.seed for t in trials])

    def action(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Return (len(worlds), actuators): the row that is due in each world. Sets `errors` where the agent raised."""
        self.errors = {}
        ids = np.asarray(worlds)
        due = self._next[ids] >= self.agent.spec.execute
        if due.any():
            self._ask({k: v[due] for k, v in observation.items()}, ids[due])
        rows = self._rows[ids, self._next[ids]]
        self._next[ids] += 1
        return rows

    def _ask(self, observation: Observation, ids: Array) -> None:
        shape = (len(ids), *self._rows.shape[1:])
        try:
            chunk = np.asarray(self.agent.act(observation, ids.tolist()), dtype=np.float64)
        except Exception as error:  # an agent is a stranger's code: its crash is a result
            if len(ids) == 1:
                self.errors[int(ids[0])] = f"{type(error).__name__}: {error}"
                return
            for i, world in enumerate(ids):  # find out whose episode it is
                self._ask({k: v[i : i + 1] for k, v in observation.items()}, np.asarray([world]))
            return
        if chunk.shape != shape:
            raise ActionError(f"agent {self.agent.spec.name!r} returned shape {chunk.shape}, declared {shape}")
        self._rows[ids] = chunk
        self._next[ids] = 0


def rollout(
    agent: Agent, world: World, trials: Iterable[Trial], horizon: float, watchers: Sequence[Watcher] = ()
) -> Iterator[Ended]:
    """Run `agent` through `trials`, `world.n` at a time, and yield each episode when it ends.

    Args:
      agent: any agent; its declaration is compared with the world's before step 0.
      world: any world.
      trials: what to run; a world takes the next one as soon as its episode has ended.
      horizon: time limit of an episode [s].
      watchers: recorders, cameras and the like.

    Raises:
      ContractError: agent and world do not fit.
      ActionError: the agent returned a chunk of another shape than it declared.
    """
    agree(agent.spec, world.spec)
    queue = deque(enumerate(trials))
    chunks = _Chunks(agent, world.n, len(world.spec.action.actuators))
    running: dict[int, tuple[int, Trial]] = {}
    rows: dict[int, Observation] = {}  # newest observation of each running world
    steps = np.zeros(world.n, np.int64)

    def begin(free: Sequence[int]) -> None:
        taken = [(w, *queue.popleft()) for w in free if queue]
        if not taken:
            return
        worlds = [w for w, _, _ in taken]
        observation = world.reset([t for _, _, t in taken], worlds)
        chunks.reset(worlds, [t for _, _, t in taken])
        for i, (w, index, trial) in enumerate(taken):
            running[w] = (index, trial)
            rows[w] = {k: v[i] for k, v in observation.items()}
            steps[w] = 0
            for watcher in watchers:
                watcher.began(index, w, trial)

    begin(range(world.n))
    while running:
        worlds = sorted(running)
        action = chunks.action({k: np.stack([rows[w][k] for w in worlds]) for k in rows[worlds[0]]}, worlds)
        crashed = chunks.errors
        live = [w for w in worlds if w not in crashed]
        if live:
            action = action[[w in set(live) for w in worlds]]
            observation = world.advance(action, live)
            for i, w in enumerate(live):
                rows[w] = {k: v[i] for k, v in observation.items()}
            steps[live] += 1
        outcome = world.outcome()
        if live:
            for watcher in watchers:
                watcher.stepped(live, action, observation, outcome)
        late = world.elapsed() >= horizon - 1e-9
        free = [w for w in worlds if w in crashed or w in outcome.error or outcome.done[w] or late[w]]
        for w in free:
            index, trial = running.pop(w)
            truncated = bool(late[w] and not outcome.done[w])
            yield Ended(
                index, w, trial, int(steps[w]), outcome, truncated, crashed.get(w, ""), outcome.error.get(w, "")
            )
        if free:
            begin(free)

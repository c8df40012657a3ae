"""The worlds of one task on one embodiment in one process: runs episodes in them, whatever breaks, and gives rows.

Many episodes run at once. Where something breaks, the episodes that were running with it are run again one at a time:
then it is clear whose fault it was, and no row depends on which episodes ran together.
"""

from collections.abc import Callable, Iterator, Sequence

from dexbench.core.agent import Agent, AgentSpec
from dexbench.core.errors import ActionError, DexBenchError
from dexbench.core.rollout import Watcher, rollout
from dexbench.core.schema import Array, Observation
from dexbench.core.task import Task
from dexbench.core.world import World
from dexbench.robots.faces import face_for

from .record import Row
from .recorder import AGENT_ERROR, SIMULATION_ERROR, Recorder
from .suite import Episode

Cast = Callable[[Sequence[Episode]], tuple[Agent, Sequence[Watcher]]]
"""Gives who acts in these episodes, in their order, and who watches besides."""


class Guarded:
    """An agent that remembers whether it raised.

    The loop asks again, world by world, when an agent raises for several; but what it drew or kept for the others by
    then makes their episodes differ from undisturbed ones.
    """

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.stumbled = False

    @property
    def spec(self) -> AgentSpec:
        """What the agent declares."""
        return self._agent.spec

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        """Tell the agent that episodes begin."""
        try:
            self._agent.reset(worlds, instructions, seeds)
        except Exception:
            self.stumbled = True
            raise

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Ask the agent."""
        try:
            return self._agent.act(observation, worlds)
        except Exception:
            self.stumbled = True
            raise


class Cell:
    """Builds worlds when they are needed and runs episodes in them.

    Args:
      build: makes n worlds.
      task: what is judged in them.
      batch: episodes at once.
    """

    def __init__(self, build: Callable[[int], World], task: Task, batch: int) -> None:
        self.task = task
        self._build = build
        self._batch = batch
        self._worlds: dict[int, World] = {}

    def world(self, n: int | None = None) -> World:
        """Return the n worlds (default: as many as run at once), built the first time."""
        n = self._batch if n is None else n
        if n not in self._worlds:
            self._worlds[n] = self._build(n)
        return self._worlds[n]

    def rows(self, cast: Cast, agent: str, episodes: Sequence[Episode]) -> Iterator[tuple[Row, float]]:
        """Run `episodes` and yield their rows and seconds as they end.

        Raises:
          DexBenchError: what is asked for does not fit, in any episode; nothing that happens in one of them.
        """
        left = {e.index: e for e in episodes}
        for row, seconds in self._together(cast, agent, episodes):
            del left[row["index"]]
            yield row, seconds
        for episode in left.values():
            yield self._alone(cast, agent, episode)

    def _together(self, cast: Cast, agent: str, episodes: Sequence[Episode]) -> Iterator[tuple[Row, float]]:
        """Yield rows until something breaks."""
        world = self.world()
        actor, watchers = cast(episodes)
        recorder = Recorder(world, self.task, episodes, agent)
        trials = [e.trial for e in episodes]
        try:
            face = face_for(actor.spec, world.spec)
            for ended in rollout(actor, world, trials, self.task.horizon, [recorder, *watchers], face):
                if world.n > 1 and isinstance(actor, Guarded) and actor.stumbled:
                    return
                yield recorder.finish(ended)
        except ActionError:
            return
        except DexBenchError:
            raise
        except Exception:
            self._drop(world)

    def _alone(self, cast: Cast, agent: str, episode: Episode) -> tuple[Row, float]:
        world = self.world(1)
        actor, watchers = cast([episode])
        recorder = Recorder(world, self.task, [episode], agent)
        try:
            face = face_for(actor.spec, world.spec)
            ended = next(rollout(actor, world, [episode.trial], self.task.horizon, [recorder, *watchers], face))
        except ActionError as error:
            if not recorder.steps(0):
                raise  # an agent that does not do as it declares is refused before step 0
            return recorder.broken(episode, AGENT_ERROR, str(error))
        except DexBenchError:
            raise
        except Exception as error:
            row = recorder.broken(episode, SIMULATION_ERROR, f"{type(error).__name__}: {error}")
            self._drop(world)
            return row
        return recorder.finish(ended)

    def _drop(self, world: World) -> None:
        """Forget worlds that an exception left in an unknown state."""
        self._worlds = {n: w for n, w in self._worlds.items() if w is not world}
        world.close()

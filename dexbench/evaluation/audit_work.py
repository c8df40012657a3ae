"""The jobs of an audit: a contender runs a suite, or some rows of a run are re-simulated and watched."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dexbench.core.errors import ContractError, RunError
from dexbench.core.shelf import load_task

from .rows import load_run
from .runner import AgentFactory, TaskFactory, WorldFactory, evaluate, shelf_agent
from .suite import load_suite
from .witness import testify

Slot = tuple[int, str]
"""(number of the cell, label of the contender)."""


@dataclass(frozen=True)
class Ask:
    """A job: one contender runs one suite."""

    slot: Slot
    suite: Path
    folder: Path
    agent: str
    settings: Mapping[str, Any]
    command: str


@dataclass(frozen=True)
class Watch:
    """A job: some rows of a run are re-simulated and watched."""

    slot: Slot
    folder: Path
    cell: tuple[str, str]
    rows: tuple[int, ...]


@dataclass
class Work:
    """What a worker does."""

    world_factory: WorldFactory
    agent_factory: AgentFactory = shelf_agent
    task_factory: TaskFactory = load_task
    batch: int = 8
    groups: tuple[str, ...] | None = None
    """Observation groups; None: what each agent's module says."""

    def __call__(self, job: Ask | Watch) -> Iterator[tuple[Slot, Any]]:
        """Yield (slot, (why it does not apply, why it could not run)) or (slot, testimonies)."""
        if isinstance(job, Watch):
            rows = {r["index"]: r for r in load_run(job.folder, blobs=True).episodes}
            chosen = [rows[i] for i in job.rows]
            world = self.world_factory(*job.cell, min(len(chosen), self.batch), ("state",))
            try:
                yield job.slot, testify(world, self.task_factory(job.cell[0]), chosen)
            finally:
                world.close()
            return
        yield job.slot, self._asked(job)

    def _asked(self, job: Ask) -> tuple[str, str]:
        try:
            evaluate(
                load_suite(job.suite),
                job.agent,
                job.folder,
                self.world_factory,
                agent_factory=self.agent_factory,
                task_factory=self.task_factory,
                groups=self.groups,
                settings=job.settings,
                jobs=0,
                batch=self.batch,
                command=job.command,
            )
        except ContractError as error:
            return str(error), ""
        except RunError:
            raise
        except Exception as error:  # one broken contender must not end the audit of all others
            return "", f"{type(error).__name__}: {error}".split("\n")[0]
        return "", ""

"""The task's contract. A task knows no robot: it furnishes a table, draws trials and judges scenes."""

from typing import Protocol

import numpy as np

from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.trial import Outcome, Trial


class Task(Protocol):
    """One definition for every embodiment and any number of worlds."""

    name: str
    """Snake case, the file's name."""
    version: int
    """Raised whenever a measurement would change."""
    hands: int
    """Hands that it needs."""
    slots: int
    """Objects at most on the table."""
    horizon: float
    """Time limit [s]: reaching it truncates the episode."""
    stages: tuple[str, ...]
    """Names of the stages in order; a stage counts only after those before it."""
    failures: tuple[str, ...]
    """Failure codes; the first is "none"."""
    official: str
    """"success_once" or "success_at_end": what the leaderboard counts."""
    splits: tuple[str, ...]

    def pool(self) -> tuple[str, ...]:
        """Return the catalogue names of all objects that can stand in any slot."""

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw one trial."""

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Note where `worlds` start; called after their reset."""

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now; called once after each control period."""


def versioned(task: Task) -> str:
    """Return the name under which measurements are kept, for example "grasp_object-v1"."""
    return f"{task.name}-v{task.version}"

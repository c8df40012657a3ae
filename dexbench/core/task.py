"""The task's contract. A task knows no robot: it furnishes a table, draws trials and judges scenes."""

from abc import ABC, abstractmethod
from typing import Protocol

import numpy as np

from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.trial import Outcome, Trial

Interval = tuple[float, float]
Region = tuple[Interval, Interval, Interval]
"""x and y of object origins in the cell frame [m], and turns about the vertical from where they stood [rad]."""


class Task(Protocol):
    """One definition for every embodiment and any number of worlds."""

    name: str
    """Snake case, the file's name."""
    version: int
    """Raised whenever a measurement would change."""
    hands: int
    """Hands that it needs."""
    needs: str
    """What makes it need two hands, or touch, in a sentence; empty where it needs neither. The audit shows it."""
    slots: int
    """Objects at most on the table."""
    articulated: tuple[str, ...]
    """Names of the articulated objects that stand in every cell (dexbench.objects.articulated)."""
    hidden_target: bool
    """Whether agents are not told which object is the target: they must find out."""
    hidden_objects: tuple[int, ...]
    """Slots whose pose agents are not told, and whose objects no picture for agents shows; films do."""
    senses_force: bool
    """Whether `Scene.peak_force` is measured; costs a sensor an object."""
    senses_parts: bool
    """Whether `Scene.piece_contacts` is measured; costs a sensor for each collision piece and hand."""
    region: Region | None
    """Where a perturbation may move the objects to, and by how much it may turn them; None: they stay."""
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

    def number(self, rng: np.random.Generator, split: str, number: int) -> Trial:
        """Draw trial `number` of a split in a suite; where a suite goes through a list, the number says where in it."""

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Note where `worlds` start; called after their reset."""

    def disturb(self, scene: Scene) -> Array | None:
        """Return (n, K, 6) forces [N] and torques [N m], cell frame, on objects in the coming control period, or None.

        They must follow from `scene.trials` and `scene.time` alone: a replay of the actions gives the same.
        """

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now; called once after each control period."""


class TaskBase(ABC):
    """What most tasks have in common; a task may derive from it and say only what differs."""

    hands = 1
    needs = ""
    articulated: tuple[str, ...] = ()
    hidden_target = False
    hidden_objects: tuple[int, ...] = ()
    senses_force = False
    senses_parts = False
    region: Region | None = None
    official = "success_at_end"
    splits: tuple[str, ...] = ("seen", "unseen")

    @abstractmethod
    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw one trial."""

    def number(self, rng: np.random.Generator, split: str, number: int) -> Trial:
        """Most tasks draw anew whatever the number."""
        return self.place(rng, split)

    def disturb(self, scene: Scene) -> Array | None:
        """Nothing disturbs."""
        return None


def versioned(task: Task) -> str:
    """Return the name under which measurements are kept, for example "grasp_object-v1"."""
    return f"{task.name}-v{task.version}"

"""Suites of one's own in one call: so many episodes of each task on each robot, spread over all splits."""

from collections.abc import Sequence
from pathlib import Path

from dexbench.core.errors import DataError
from dexbench.core.task import Task, versioned

ATTEMPTS = 99
"""As good as no limit: tasks have their own."""


def draft(path: Path, cells: Sequence[tuple[Task, str]], episodes: int, seed: int) -> str:
    """Return the YAML of a suite, to be written to `path` and frozen.

    Args:
      path: where it will lie; its stem is the suite's name.
      cells: tasks with the embodiments that they run on; the same task has the same layouts on all.
      episodes: of each cell, at least one a split.
      seed: of the draw.

    Raises:
      DataError: a name or number that does not fit.
    """
    if not cells:
        raise DataError("no task fits any of these embodiments: name tasks, and robots with as many hands as they need")
    if episodes < 1:
        raise DataError(f"{episodes} episodes were asked for; at least 1")
    if path.suffix not in (".yaml", ".yml"):
        raise DataError(f"{path}: a suite is a YAML file: call it {path.with_suffix('.yaml').name}")
    lines = [
        f"name: {path.stem}",
        "protocol: 1",
        f"description: {episodes} episodes of each task and robot",
        "entries:",
    ]
    for task, embodiment in cells:
        count, left = divmod(max(episodes, len(task.splits)), len(task.splits))
        splits = ", ".join(f"{split}: {count + (i < left)}" for i, split in enumerate(task.splits))
        lines += [
            f"  - name: {task.name}_{embodiment}",
            f"    task: {versioned(task)}",
            f"    embodiment: {embodiment}",
            f"    splits: {{{splits}}}",
            f"    seed: {seed}",
            f"    attempts: {ATTEMPTS}",
            f"    layouts: {task.name}",
        ]
    return "\n".join(lines) + "\n"

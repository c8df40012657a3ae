"""Draws a suite's table of episodes, once, and writes its hash into the suite."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from dexbench.core.appearance import appearance, draw
from dexbench.core.errors import DataError
from dexbench.core.shelf import load_task
from dexbench.core.task import Task
from dexbench.core.trial import Trial

from .perturbing import perturbed
from .suite import Entry, Episode, Suite, find_suite, load_suite, read_plan

DRAWN = "drawn"
"""Among an entry's appearances: one drawn from ranges, whose values the table then holds."""


def freeze(name: str | Path, load_task: Callable[[str], Task] = load_task, *, replace: bool = False) -> Suite:
    """Draw all trials of a suite, write the table and its SHA-256, and return the suite.

    Each trial has random numbers of its own, from (entry seed, entry name or layouts, split, number): another entry or
    a longer split leaves the others as they are.

    Args:
      name: of a suite, or the path of its YAML.
      load_task: gives a task by its name with version.
      replace: put another table in the place of the frozen one, which nobody can compare with afterwards.

    Raises:
      DataError: the suite does not fit, or is frozen with other episodes.
    """
    suite = read_plan(find_suite(name))
    lines = [episode.line() for episode in _draw(suite, load_task)]
    content = "".join(lines).encode()
    found = hashlib.sha256(content).hexdigest()
    if suite.table and suite.table != found and not replace:
        raise DataError(
            f"{suite.path}: the suite is frozen, and drawing it now gives other episodes: nothing that was measured "
            f"on it could be compared any more. If that is meant, raise `protocol` and freeze with the order to replace"
        )
    _write(suite.table_path, content)
    text = suite.path.read_text(encoding="utf-8")
    line = f"table: {found}"
    text, known = re.subn(r"(?m)^table:.*$", line, text)
    _write(suite.path, (text if known else f"{text.rstrip()}\n{line}\n").encode())
    return load_suite(suite.path)


def _draw(suite: Suite, load_task: Callable[[str], Task]) -> Iterator[Episode]:
    index = 0
    for entry in suite.entries:
        task = load_task(entry.task)
        for split, count in entry.splits.items():
            if split not in task.splits:
                raise DataError(
                    f"{suite.path.name}: entries[{entry.name}].splits: task {entry.task!r} has no split {split!r}, "
                    f"it has {', '.join(task.splits)}"
                )
            for i in range(count):
                trial = _dressed(task.number(_generator(entry, split, i), split, i), entry)
                try:
                    trial = perturbed(trial, task, entry.perturbations)
                except DataError as error:
                    raise DataError(f"{suite.path.name}: entries[{entry.name}].perturbations: {error}") from error
                if Trial.from_row(json.loads(json.dumps(trial.row()))) != trial or trial.task != entry.task:
                    raise DataError(f"task {entry.task!r} drew a trial that is not plain data of this task: {trial}")
                yield Episode(index, entry.name, entry.embodiment, trial, entry.attempts)
                index += 1


def _dressed(trial: Trial, entry: Entry) -> Trial:
    """Return the trial with one of its entry's appearances; where things stand does not depend on it."""
    if not entry.appearances:
        return trial
    rng = np.random.default_rng(trial.seed)
    looks = [name if name == DRAWN else appearance(name).name for name in entry.appearances]
    name = str(rng.choice(looks))
    return dataclasses.replace(trial, appearance=draw(rng).row() if name == DRAWN else name)


def _generator(entry: Entry, split: str, i: int) -> np.random.Generator:
    names = (
        int.from_bytes(hashlib.sha256(word.encode()).digest()[:8]) for word in (entry.layouts or entry.name, split)
    )
    return np.random.default_rng(np.random.SeedSequence([entry.seed, *names, i]))


def _write(path: Path, content: bytes) -> None:
    """Put `content` at `path` whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)

"""Suites: what is measured, as data. A YAML file, and beside it a frozen table with one trial a row.

The table is drawn once by `freeze`, hashed, and read ever after: an episode set is data, not seeds picked at run time.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from dexbench.core.document import Node, read_document
from dexbench.core.errors import DataError, UnknownName
from dexbench.core.perturbation import FACTORS, LEVELS
from dexbench.core.shelf import SUITES, locate
from dexbench.core.trial import Trial

TABLE_BYTES = 64 * 2**20
"""Largest table that is read."""
_LARGEST = 2**31 - 1
_SUITE_FIELDS = ("name", "protocol", "description", "entries", "table")
_ENTRY_FIELDS = ("name", "task", "embodiment", "splits", "seed", "attempts", "layouts", "appearances", "perturbations")


@dataclass(frozen=True)
class Entry:
    """One task on one embodiment."""

    name: str
    task: str
    """With its version: another version is another measurement."""
    embodiment: str
    splits: Mapping[str, int]
    """Episodes of each split."""
    seed: int
    attempts: int
    """A success in a later attempt than this does not count."""
    layouts: str = ""
    """Entries of one task with the same seed and the same word here have the same layouts; empty: of its own."""
    appearances: tuple[str, ...] = ()
    """How cells look, one of these for each episode, by lot; "drawn": drawn from ranges. Empty: as the task says."""
    perturbations: Mapping[str, int] = field(default_factory=dict)
    """Factor to level (core.perturbation), in every episode."""


@dataclass(frozen=True)
class Episode:
    """One row of the table."""

    index: int
    entry: str
    embodiment: str
    trial: Trial
    attempts: int
    """Of its entry."""

    @property
    def cell(self) -> str:
        """What must be built to run it, for example "grasp_object-v1/shadow_ur10e"."""
        return f"{self.trial.task}/{self.embodiment}"

    def line(self) -> str:
        """Return the row as it stands in the table."""
        row = {
            "index": self.index,
            "entry": self.entry,
            "embodiment": self.embodiment,
            "digest": self.trial.digest(),
            "trial": self.trial.row(),
        }
        return json.dumps(row, separators=(",", ":"), allow_nan=False) + "\n"


@dataclass(frozen=True)
class Suite:
    """What is measured. Made by `load_suite`."""

    name: str
    protocol: int
    """Raised whenever numbers before and after cannot be compared."""
    description: str
    entries: tuple[Entry, ...]
    table: str
    """SHA-256 of the table's bytes; empty before the first freeze."""
    path: Path
    episodes: tuple[Episode, ...] = ()

    @property
    def table_path(self) -> Path:
        """Where the table lies: beside the YAML."""
        return self.path.with_name(f"{self.path.stem}.table.jsonl")

    def plan(self) -> list[dict[str, Any]]:
        """Return the entries as plain data."""
        plain = ({**asdict(entry), "appearances": list(entry.appearances)} for entry in self.entries)
        return [{k: v for k, v in row.items() if v not in ("", [], {})} for row in plain]


def find_suite(name: str | Path) -> Path:
    """Return the YAML behind a suite's name or path; raise UnknownName with the nearest names."""
    looks_like_path = isinstance(name, Path) or name.endswith((".yaml", ".yml")) or "/" in name
    return Path(name) if looks_like_path else locate(SUITES, str(name))


def load_suite(name: str | Path) -> Suite:
    """Return the suite with its frozen episodes.

    Raises:
      UnknownName: no such suite.
      DataError: a file does not fit (the message names file, line and field), or the table is not the frozen one.
    """
    suite = read_plan(find_suite(name))
    if not suite.table:
        raise DataError(f"{suite.path}: the suite has no table yet. Draw it with: dexbench suite freeze {name}")
    path = suite.table_path
    try:
        with path.open("rb") as file:
            content = file.read(TABLE_BYTES + 1)
    except OSError as error:
        raise DataError(f"{path}: the suite's table cannot be read: {error.strerror or error}") from error
    if len(content) > TABLE_BYTES:
        raise DataError(f"{path}: larger than the {TABLE_BYTES // 2**20} MB that a table may have")
    found = hashlib.sha256(content).hexdigest()
    if found != suite.table:
        raise DataError(
            f"{path}: the table was edited: SHA-256 {found[:12]}..., {suite.path.name} has {suite.table[:12]}... "
            f"Bring the published file back; or, to measure something else, raise `protocol` and draw anew with: "
            f"dexbench suite freeze {name}"
        )
    episodes = tuple(_episodes(suite, content))
    wanted = Counter({(e.name, split): n for e in suite.entries for split, n in e.splits.items()})
    given = Counter((e.entry, e.trial.split) for e in episodes)
    if wanted != given:
        entry, split = next(iter((wanted - given) + (given - wanted)))
        raise DataError(
            f"{path}: {given[entry, split]} episodes of entry {entry!r}, split {split!r}; {suite.path.name} says "
            f"{wanted[entry, split]}. Draw the table anew with: dexbench suite freeze {name}"
        )
    return Suite(suite.name, suite.protocol, suite.description, suite.entries, suite.table, suite.path, episodes)


def read_plan(path: Path) -> Suite:
    """Return the suite at `path` without its table."""
    document = read_document(path)
    _only(document, _SUITE_FIELDS)
    suite = Suite(
        name=document.text("name"),
        protocol=_whole(document, "protocol", 1),
        description=document.text("description"),
        entries=tuple(_entry(node) for node in document["entries"].items()),
        table=document.text("table", ""),
        path=path,
    )
    if suite.table and not re.fullmatch(r"[0-9a-f]{64}", suite.table):
        raise document["table"].error("is not a SHA-256 (64 hexadecimal digits)")
    if suite.name != path.stem:
        raise document["name"].error(f"is {suite.name!r}, the file is called {path.name!r}: make them equal")
    if not suite.entries:
        raise document["entries"].error("is empty")
    twice = [n for n, count in Counter(e.name for e in suite.entries).items() if count > 1]
    if twice:
        raise document["entries"].error(f"has {twice[0]!r} twice")
    return suite


def _entry(node: Node) -> Entry:
    _only(node, _ENTRY_FIELDS)
    task = node.text("task")
    if not re.fullmatch(r"[a-z][a-z0-9_]*-v[0-9]+", task):
        raise node["task"].error(f"is {task[:40]!r}; a task is named with its version, as in 'grasp_object-v1'")
    splits = node["splits"]
    return Entry(
        name=node.text("name"),
        task=task,
        embodiment=node.text("embodiment"),
        splits={split: _whole(splits, split, 1) for split in splits.mapping()},
        seed=_whole(node, "seed", 0),
        attempts=_whole(node, "attempts", 1),
        layouts=node.text("layouts", ""),
        appearances=node.names("appearances", ()),
        perturbations=_levels(node["perturbations"]) if node.has("perturbations") else {},
    )


def _levels(node: Node) -> dict[str, int]:
    _only(node, tuple(FACTORS), "perturbation")
    return {name: _whole(node, name, 0, LEVELS) for name in node.mapping()}


def _only(node: Node, known: tuple[str, ...], kind: str = "field") -> None:
    """Refuse fields that nobody reads: they are spelling mistakes."""
    for name in node.mapping():
        if name not in known:
            raise node.error(str(UnknownName(kind, name, known)))


def _whole(node: Node, key: str, least: int, most: int = _LARGEST) -> int:
    value = node[key].value
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise node[key].error(f"a whole number from {least} to {most} is expected")
    return value


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _episodes(suite: Suite, content: bytes) -> Iterator[Episode]:
    """Yield the rows of the table; raise DataError with the line that does not fit."""
    entries = {e.name: e for e in suite.entries}
    for index, line in enumerate(content.splitlines()):
        where = f"{suite.table_path}, line {index + 1}"
        try:
            row = json.loads(line, parse_constant=_refuse)
            trial = Trial.from_row(row["trial"])
            entry = entries[row["entry"]]
            fits = row["index"] == index and row["embodiment"] == entry.embodiment and row["digest"] == trial.digest()
        except DataError as error:
            raise DataError(f"{where}: {error}") from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DataError(f"{where}: is no row of this suite: {type(error).__name__} {error}") from error
        if not fits:
            raise DataError(f"{where}: index, embodiment or digest do not belong to its trial")
        if trial.task != entry.task:
            raise DataError(f"{where}: trial.task is {trial.task!r}, entry {entry.name!r} has {entry.task!r}")
        yield Episode(index, entry.name, entry.embodiment, trial, entry.attempts)

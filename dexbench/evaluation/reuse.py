"""Rows of an earlier run that stand for episodes of another suite: same trial, same agent, same versions of all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dexbench.core.errors import DataError, RunError
from dexbench.core.trial import Trial

from .journal import EPISODES, RUN, origin, read_info
from .record import Row, lines, parse, read_rows
from .suite import Episode

_SAME = ("agent", "settings", "versions", "machine")
"""Fields of run.json on which results hang, whatever the suite."""


@dataclass(frozen=True)
class Place:
    """Where a row stands."""

    folder: Path
    start: int
    """Of its line in the file [bytes]."""
    size: int


def reusable(folder: Path, asked: Mapping[str, Any], episodes: Sequence[Episode]) -> dict[int, Place]:
    """Return {index in `episodes`: where its row stands} for the episodes that a run has measured already.

    A row is taken if its trial is the same to the last digit, as are the number of attempts, and all that agent, task
    and body declare in its cell. It is not simulated again here: `verification` does that with it as with any other.

    Args:
      folder: of the earlier run.
      asked: run.json of the new one, with "cells", "versions" and "machine".
      episodes: that are to be run.

    Raises:
      RunError: there is no run, or one of another agent, with other settings, packages, or on another kind of machine.
      DataError: the run is damaged.
    """
    info = read_info(folder)
    for field in _SAME:
        if info.get(field) != asked[field]:
            raise RunError(
                f"{folder}: its rows cannot be taken over: {field} is {info.get(field)} there, {asked[field]} here"
            )
    attempts = _attempts(info, folder)
    same = {name for name, cell in asked["cells"].items() if info["cells"].get(name) == cell}
    wanted: dict[tuple[str, str, int], list[int]] = {}
    for e in episodes:
        if e.cell in same:
            wanted.setdefault((e.cell, e.trial.digest(), e.attempts), []).append(e.index)
    path, found, start = folder / EPISODES, {}, 0
    if path.exists():
        for line, row in zip(lines(path), read_rows(path, origin(info)), strict=False):
            trial = Trial.from_row(row["trial"])
            if trial.digest() != row["trial_digest"] or row["entry"] not in attempts:
                raise DataError(f"{path}, row {row['index']}: denies itself; `dexbench verify {folder}` says more")
            key = (f"{trial.task}/{row['embodiment']}", row["trial_digest"], attempts[row["entry"]])
            found.update(dict.fromkeys(wanted.get(key, ()), Place(folder, start, len(line))))
            start += len(line)
    return found


def _attempts(info: Mapping[str, Any], folder: Path) -> dict[str, int]:
    """Return {entry: how many attempts an episode of it has}."""
    entries = info.get("entries")
    if not isinstance(entries, list):
        raise DataError(f"{folder / RUN}: field 'entries' is missing or no list")
    for entry in entries:
        if not isinstance(entry, dict) or type(entry.get("name")) is not str or type(entry.get("attempts")) is not int:
            raise DataError(f"{folder / RUN}: an entry lacks its name or attempts")
    return {entry["name"]: entry["attempts"] for entry in entries}


def taken(place: Place, episode: Episode) -> Row:
    """Return the row at `place` as that of `episode`."""
    with (place.folder / EPISODES).open("rb") as file:
        file.seek(place.start)
        row = parse(file.read(place.size))
    return {**row, "index": episode.index, "entry": episode.entry}

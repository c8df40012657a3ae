"""Checks a run folder's files against each other and against the suite, without simulating anything."""

import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dexbench.core.errors import DataError

from .findings import Finding, shown
from .journal import origin
from .record import Row, intact, lines, parse
from .suite import Episode, Suite


def inspect_run(info: Mapping[str, Any], suite: Suite, here: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is wrong with run.json, seen from the suite and from the versions that are installed here."""
    for name, found, wanted in (
        ("suite", info["suite"], suite.name),
        ("protocol", info["protocol"], suite.protocol),
        ("episodes", info["episodes"], len(suite.episodes)),
        ("entries", info.get("entries"), suite.plan()),
    ):
        if found != wanted:
            yield Finding(None, "suite", f"{name} is {shown(found)}, the suite has {shown(wanted)}")
    if info["table"] != suite.table:
        yield Finding(
            None,
            "table",
            f"was measured on a table with SHA-256 {info['table'][:12]}..., suite {suite.name!r} has "
            f"{suite.table[:12]}...: another version of the suite, or an edited run.json",
        )
    here = {**here, "machine": platform.machine()}
    there = {**info["versions"], "machine": info.get("machine")}
    for name in ("mujoco", "numpy", "dexbench", "machine"):
        if here.get(name) != there.get(name):
            yield Finding(
                None,
                "version",
                f"was made with {name} {there.get(name)}, here is {here.get(name)}: bits need not be equal",
                warning=True,
            )


def inspect_rows(
    path: Path, info: Mapping[str, Any], suite: Suite, findings: list[Finding]
) -> Iterator[tuple[int, Row]]:
    """Yield (index, row) of each row that can be re-simulated; note what is wrong with lines and their order."""
    previous: str | None = origin(info)
    seen: dict[int, int] = {}  # row to line
    highest = -1
    cut = False
    for number, line in enumerate(lines(path) if path.exists() else (), 1):
        if not line.endswith(b"\n"):
            cut = True
            findings.append(Finding(None, "truncated", f"line {number} of {path.name} is cut off"))
            break
        try:
            row = parse(line)
        except DataError as error:
            expected = highest + 1
            findings.append(Finding(expected, "unreadable", f"line {number}, where it should stand, {error}"))
            seen.setdefault(expected, number)
            highest, previous = expected, None
            continue
        index = row["index"]
        if not 0 <= index < len(suite.episodes):
            findings.append(Finding(index, "order", f"line {number} holds it, the suite has no such row"))
            previous = row.get("digest")
            continue
        if not intact(row, line):
            findings.append(Finding(index, "edited", f"line {number} was edited: its digest does not hold"))
        if index in seen:
            findings.append(Finding(index, "repeated", f"stands in line {seen[index]} and again in line {number}"))
        elif index < highest:
            findings.append(Finding(index, "order", f"stands in line {number}, after row {highest}"))
        elif previous is not None and row["previous"] != previous:
            what = "run.json" if number == 1 else f"line {number - 1}"
            findings.append(
                Finding(index, "chain", f"was not written after what stands in {what}: rows or run.json were changed")
            )
        previous = row.get("digest")
        highest = max(highest, index)
        if index not in seen:
            seen[index] = number
            findings.extend(_of_trial(row, suite.episodes[index]))
            yield index, row
    missing = [i for i in range(len(suite.episodes)) if i not in seen]
    findings += [Finding(i, "missing", "has been dropped: later rows are there") for i in missing if i < highest]
    tail = [i for i in missing if i > highest]
    if tail:
        why = "the last line is cut off" if cut else "the run was stopped, or its end was cut off"
        which = f"row {tail[0]} is" if len(tail) == 1 else f"rows {tail[0]} to {tail[-1]} are"
        findings.append(Finding(None, "incomplete", f"{which} not there: {why}. Running the same command goes on"))


def _of_trial(row: Row, episode: Episode) -> Iterator[Finding]:
    """Yield how a row's trial differs from the frozen table."""
    wanted = {"entry": episode.entry, "embodiment": episode.embodiment, "trial_digest": episode.trial.digest()}
    for name, value in wanted.items():
        if row[name] != value:
            yield Finding(episode.index, "trial", f"{name} is {shown(row[name])}, the table has {shown(value)}")
    frozen = episode.trial.row()
    for name in {**frozen, **row["trial"]}:
        if _plain(row["trial"].get(name)) != _plain(frozen.get(name)):
            found, there = shown(row["trial"].get(name)), shown(frozen.get(name))
            yield Finding(episode.index, "trial", f"trial.{name} is {found}, the table has {there}")


def _plain(value: Any) -> Any:
    """Return data as JSON gives them back."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value

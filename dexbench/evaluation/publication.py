"""What goes out: leaderboard documents checked against their schema, files written whole or not at all."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dexbench.core.errors import DataError

from .schema_rules import complaints
from .statistics import wilson


def check(document: Any) -> None:
    """Raise DataError unless `document` fits the schema and its numbers fit each other; it names the first field."""
    for complaint in complaints(document, "leaderboard"):
        raise DataError(complaint)
    for board in document["boards"]:
        for complaint in _contradictions(board):
            raise DataError(complaint)


def _contradictions(board: Mapping[str, Any]) -> Iterator[str]:
    """Yield where numbers of a board deny each other, as after an edit by hand."""
    for row in board["rows"]:
        here = f"row {row['name']!r} of {board['id']}"
        if (row["status"] == "ranked") != (row["rank"] is not None):
            yield f"{here}: rank {row['rank']} with status {row['status']!r}"
        if row["status"] != "incomplete" and row["episodes"] != row["expected"]:
            yield f"{here}: {row['status']} with {row['episodes']} of {row['expected']} episodes"
        if row["expected"] != board["episodes"] or row["success"]["trials"] != row["episodes"]:
            yield f"{here}: counts of episodes differ"
        rates = [row["success"], *(r["success"] for r in row["results"]), *(r["success"] for r in row["families"])]
        for rate in rates + [o["success"] for d in row["details"] for o in d["ours_at"]]:
            if not _honest(rate):
                yield f"{here}: {rate['successes']} of {rate['trials']} is not {rate['rate']} with its Wilson interval"
        for part in ("results", "families"):
            for what in ("successes", "trials"):
                if sum(r["success"][what] for r in row[part]) != row["success"][what]:
                    yield f"{here}: the {what} of its {part} do not add up"
    ranks = [row["rank"] for row in board["rows"] if row["rank"] is not None]
    rates = [row["success"]["rate"] or 0.0 for row in board["rows"] if row["rank"] is not None]
    if ranks != sorted(ranks) or rates != sorted(rates, reverse=True):
        yield f"{board['id']}: rows are not in the order of their rank"


def _honest(rate: Mapping[str, Any]) -> bool:
    successes, trials = rate["successes"], rate["trials"]
    if successes > trials:
        return False
    lower, upper = wilson(successes, trials)
    expected = (successes / trials if trials else None, lower, upper)
    given = (rate["rate"], rate["lower"], rate["upper"])
    return all(
        a is b is None or (a is not None and b is not None and abs(a - b) < 1e-5)
        for a, b in zip(expected, given, strict=True)
    )


def to_json(document: Mapping[str, Any]) -> str:
    """Return `document` as JSON, checked; equal documents give equal bytes."""
    check(document)
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` whole or not at all: a reader never sees half a file, a full disk leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)  # mkstemp gives 0600, which a web server could not read
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

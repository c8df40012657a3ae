"""The audit as a document: made from cells, merged with what is there, checked against its schema and itself."""

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from dexbench.core.errors import DataError

from .audit import LIMIT, Document, judge_task, needed, rate_in, rate_row
from .schema_rules import complaints

SCHEMA = "dexbench-audit/1"
PROTOCOL = 1
BYTES = 16 * 2**20
"""Largest document that is read."""
_TASK = ("task", "hands", "needs", "stages", "official", "horizon_s")


def document_of(tasks: Sequence[Mapping[str, Any]]) -> Document:
    """Return the document of these tasks, judged anew; each has the facts of a task and its "cells"."""
    judged = [
        {**{k: task[k] for k in _TASK}, **judge_task(task["cells"]), "cells": list(task["cells"])}
        for task in sorted(tasks, key=lambda t: str(t["task"]))
    ]
    return {
        "schema": SCHEMA,
        "name": "DexBench",
        "protocol": PROTOCOL,
        "limit": LIMIT,
        "needed": needed(),
        "tasks": judged,
    }


def merge(old: Mapping[str, Any] | None, new: Sequence[Mapping[str, Any]]) -> Document:
    """Return `old` with the cells of `new` in the place of its own; versions of a task that have gone are left out."""
    tasks: dict[str, Document] = {}
    for task in [*(old["tasks"] if old else ()), *new]:
        plain = str(task["task"]).partition("-v")[0]
        if plain not in tasks or tasks[plain]["task"] != task["task"]:
            tasks[plain] = {**task, "cells": list(task["cells"])}
            continue
        cells = {c["embodiment"]: c for c in [*tasks[plain]["cells"], *task["cells"]]}
        tasks[plain] = {**task, "cells": [cells[e] for e in sorted(cells)]}
    return document_of(list(tasks.values()))


def check_audit(document: Any) -> None:
    """Raise DataError unless the document fits its schema, and its verdicts and rates are those of its counts."""
    for complaint in complaints(document, "audit"):
        raise DataError(complaint)
    for complaint in _contradictions(document):
        raise DataError(complaint)


def _contradictions(document: Mapping[str, Any]) -> Iterator[str]:
    for task in document["tasks"]:
        for cell in task["cells"]:
            for row in cell["rows"]:
                counts = row["success"]
                here = f"{task['task']} on {cell['embodiment']}: {row['name']}"
                if counts["successes"] > counts["trials"] or rate_row(rate_in(row)) != counts:
                    yield f"{here}: the rate is not that of its counts"
                    return
                if len(row["reached"]) != len(task["stages"]) or max([*row["reached"], 0]) > counts["trials"]:
                    yield f"{here}: the stages that it reached do not fit"
    again = document_of(document["tasks"])
    for was, now in zip(document["tasks"], again["tasks"], strict=True):
        for name in now:
            if was[name] != now[name]:
                yield f"{was['task']}: {name} is not what its cells give"
    if (document["limit"], document["needed"]) != (again["limit"], again["needed"]):
        yield "limit and needed are not this audit's"


def read_audit(path: Path) -> Document | None:
    """Return the document at `path`, checked; None if there is no file."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        content = file.read(BYTES + 1)
    try:
        document: Document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: is no JSON: {error}") from error
    try:
        check_audit(document)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    return document


def audit_json(document: Mapping[str, Any]) -> str:
    """Return the document as JSON, checked; equal documents give equal bytes."""
    check_audit(document)
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def published() -> Document | None:
    """Return the audit that the package ships; None if it ships none."""
    return read_audit(Path(str(files("dexbench.leaderboards").joinpath("audit.json"))))


def audit_of(task: str) -> Document | None:
    """Return what the shipped audit says of a task by its name with version; None if it was not audited."""
    document = published()
    return next((t for t in document["tasks"] if t["task"] == task), None) if document else None

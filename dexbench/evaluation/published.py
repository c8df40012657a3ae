"""The rates and failures that the package's own leaderboards publish."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from .leaderboard import SCHEMA
from .statistics import Rate


@dataclass(frozen=True)
class Measured:
    """A published rate."""

    suite: str
    protocol: str
    table: str
    """SHA-256 of the suite's table that it was measured on."""
    task: str
    """With its version."""
    embodiment: str
    split: str
    entry: str
    version: str
    """Of the agent."""
    successes: int
    trials: int


@dataclass(frozen=True)
class Failed:
    """A published count of failures."""

    suite: str
    entry: str
    code: str
    """The task's word for it."""
    count: int
    episode: int
    """The first of them: its row in the suite's table."""


def measured(agent: str) -> list[Measured]:
    """Return the published rates of an agent, from all leaderboards of the package; incomplete rows have none."""
    return [
        Measured(
            board["suite"],
            str(board["protocol"]),
            board["table"],
            entry["task"],
            entry["embodiment"],
            result["split"],
            entry["name"],
            str(row["version"]),
            int(result["success"]["successes"]),
            int(result["success"]["trials"]),
        )
        for board, row in _rows(agent)
        for result in row["results"]
        for entry in board["entries"]
        if entry["name"] == result["entry"]
    ]


def failed(agent: str) -> list[Failed]:
    """Return how often an agent failed in which way, from all leaderboards of the package."""
    return [
        Failed(board["suite"], detail["entry"], failure["code"], int(failure["count"]), int(failure["episode"]))
        for board, row in _rows(agent)
        for detail in row["details"]
        for failure in detail["failures"]
    ]


def _rows(agent: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return an agent's complete rows, each with its board."""
    return [
        (board, row)
        for board in _boards()
        for row in board["rows"]
        if row["agent"] == agent and row["status"] != "incomplete"
    ]


@cache
def _boards() -> list[dict[str, Any]]:
    """Return the boards of all leaderboards of the package; they are read once."""
    paths = sorted(files("dexbench.leaderboards").iterdir(), key=lambda p: p.name)
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.name.endswith(".json")]
    return [board for document in documents if document.get("schema") == SCHEMA for board in document["boards"]]


def pooled(rows: Sequence[Measured]) -> str:
    """Return the rate over all episodes of these rows with its interval, in percent; "" where there are none."""
    rate = Rate(sum(r.successes for r in rows), sum(r.trials for r in rows))
    if rate.value is None:
        return ""
    low, high = (100 * bound for bound in rate.interval)
    return f"{100 * rate.value:.1f} % ({rate.successes}/{rate.trials}), {low:.1f} to {high:.1f}"

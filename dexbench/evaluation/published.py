"""The rates that the package's own leaderboards publish."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

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


def measured(agent: str) -> list[Measured]:
    """Return the published rates of an agent, from all leaderboards of the package; incomplete rows have none."""
    found = []
    for path in sorted(files("dexbench.leaderboards").iterdir(), key=lambda p: p.name):
        document = json.loads(path.read_text(encoding="utf-8")) if path.name.endswith(".json") else {}
        if document.get("schema") != SCHEMA:
            continue
        for board in document["boards"]:
            entries = {entry["name"]: entry for entry in board["entries"]}
            found += [
                Measured(
                    board["suite"],
                    str(board["protocol"]),
                    board["table"],
                    entries[result["entry"]]["task"],
                    entries[result["entry"]]["embodiment"],
                    result["split"],
                    result["entry"],
                    str(row["version"]),
                    int(result["success"]["successes"]),
                    int(result["success"]["trials"]),
                )
                for row in board["rows"]
                if row["agent"] == agent and row["status"] != "incomplete"
                for result in row["results"]
            ]
    return found


def pooled(rows: Sequence[Measured]) -> str:
    """Return the rate over all episodes of these rows with its interval, in percent; "" where there are none."""
    rate = Rate(sum(r.successes for r in rows), sum(r.trials for r in rows))
    if rate.value is None:
        return ""
    low, high = (100 * bound for bound in rate.interval)
    return f"{100 * rate.value:.1f} % ({rate.successes}/{rate.trials}), {low:.1f} to {high:.1f}"

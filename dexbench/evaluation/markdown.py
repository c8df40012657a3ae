"""The leaderboard as Markdown, for a README or a pull request."""

from collections.abc import Mapping, Sequence
from typing import Any

from .markdown_table import table

MARKS = str.maketrans({c: f"\\{c}" for c in "\\`*_[]<>|#"} | {"\n": " ", "\r": " "})


def render_markdown(document: Mapping[str, Any]) -> str:
    """Return `document` as Markdown tables."""
    parts = ["# DexBench: policies for bimanual dexterous hands with touch\n"]
    if not document["boards"]:
        parts.append("No runs yet.\n")
    for board in document["boards"]:
        parts.append(_board(board))
    parts.append(f"## How to read this\n\n{document['rule']}\n")
    parts.append("Numbers published in papers do not appear here: they never share a column with ours.\n")
    if document["command"]:
        parts.append(f"Made with:\n\n{_code([document['command']])}")
    return "\n".join(parts)


def _board(board: Mapping[str, Any]) -> str:
    columns = [(r["entry"], r["split"]) for r in max((row["results"] for row in board["rows"]), key=len)]
    head = ["rank", "agent", "success", "95 % Wilson", *(f"{_plain(e)}, {_plain(s)}" for e, s in columns)]
    rules: dict[str, list[str]] = {}
    for entry in board["entries"]:
        rules.setdefault(_plain(entry["success"] or entry["task"]), []).append(_plain(entry["name"]))
    lines = [[_rank(row), _plain(row["name"]), *_cells(row, columns)] for row in board["rows"]]
    done = [row for row in board["rows"] if row["status"] != "incomplete"]
    commands = [c for row in done for c in (row["command"], row["verify"]) if c]
    return "\n".join(
        [
            f"## Suite {_plain(board['suite'])}, protocol {_plain(board['protocol'])}\n",
            f"{board['episodes']} episodes an agent, table `{_plain(board['table'][:12])}`.\n",
            table(head, lines) + "\n",
            *(f"- **{', '.join(names)}**: {rule}" for rule, names in rules.items()),
            f"\nReproduce and check:\n\n{_code(commands)}",
        ]
    )


def _rank(row: Mapping[str, Any]) -> str:
    return str(row["rank"]) if row["rank"] is not None else str(row["status"])


def _cells(row: Mapping[str, Any], columns: Sequence[tuple[str, str]]) -> list[str]:
    rate = row["success"]
    by_column = {(r["entry"], r["split"]): r["success"] for r in row["results"]}
    # Half a run is no measurement: its rate would be read as one.
    if row["status"] == "incomplete":
        return [f"{row['episodes']} of {row['expected']} episodes", "", *("" for _ in columns)]
    return [
        _percent(rate),
        f"{100 * rate['lower']:.1f} to {100 * rate['upper']:.1f}",
        *(_percent(by_column[c]) if c in by_column else "" for c in columns),
    ]


def _percent(rate: Mapping[str, Any]) -> str:
    if rate["rate"] is None:
        return "undefined (0/0)"
    return f"{100 * rate['rate']:.1f} % ({rate['successes']}/{rate['trials']})"


def _plain(text: str) -> str:
    """Return `text` with what Markdown or HTML would read as a mark made harmless."""
    return str(text).translate(MARKS)


def _code(lines: Sequence[str]) -> str:
    """Return a code block; its fence is longer than any run of backticks inside."""
    text = "\n".join(line.replace("\n", " ") for line in dict.fromkeys(lines))
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}bash\n{text}\n{fence}\n"

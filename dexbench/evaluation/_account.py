"""Words around the numbers: what was found, what was measured, how to do it again, how to read it."""

from collections.abc import Mapping
from typing import Any

from ._charts import percent
from ._results import Board
from .markup import Content, Markup, element, fragment

TITLE = "policies for bimanual dexterous hands with touch"
RANKS = (
    "“2=” is a rank that several agents share. Groups compare with their leader only: two neighbours of different "
    "groups need not differ from each other; the paired comparisons say whether they do."
)
INTERVALS = (
    "95 % Wilson score intervals of one rate each. Overlapping intervals do not mean that two agents are equal: on the "
    "same episodes the paired test sees more. Rates are pooled: successes over episodes."
)
PUBLISHED = (
    "Numbers that papers report were measured on other robots, objects and success rules. They never share a column "
    "with ours, and there are none on this page."
)


def masthead(document: Mapping[str, Any]) -> Markup:
    """Return the name of the page and what was found, in a sentence a board."""
    return element(
        "header",
        element("button", "Dark", type="button", id="theme", hidden=True, aria_label="Switch between dark and light"),
        element("h1", "DexBench"),
        element("p", f"A leaderboard of {TITLE}", class_="subtitle"),
        *(element("p", _finding(board), class_="lede") for board in document["boards"]),
    )


def _finding(board: Board) -> Markup:
    """Return the result in a sentence or two."""
    ranked = [row for row in board["rows"] if row["rank"] is not None]
    controls = [row for row in board["rows"] if row["status"] == "control"]
    parts: list[Content] = [f"On suite {board['suite']}, "]
    if not ranked:
        parts.append("no agent has a complete run yet.")
    else:
        best = [row["name"] for row in ranked if row["rank"] == 1]
        rate = ranked[0]["success"]
        parts += [
            element("strong", ranked[0]["name"]),
            f" solves {percent(rate)} of {rate['trials']} episodes "
            f"({100 * rate['lower']:.1f} – {100 * rate['upper']:.1f} at 95 %)",
            f"; {len(best) - 1} other{'s' if len(best) > 2 else ''} cannot be told apart from it."
            if len(best) > 1
            else ".",
        ]
    if controls:
        rates = [row["success"]["rate"] or 0.0 for row in controls]
        names = ", ".join(row["name"] for row in controls)
        parts.append(f" Controls ({names}) reach at most {100 * max(rates):.1f} %.")
    return fragment(*parts)


def facts(board: Board) -> Markup:
    """Return what identifies the measurement."""
    known: dict[str, Content] = {
        "Suite": board["suite"],
        "Protocol": board["protocol"],
        "Episodes an agent": board["episodes"],
        "Episode table": element("code", board["table"][:12], title=board["table"]),
        "Measured with": _physics(board),
    }
    return element(
        "dl", *(element("div", element("dt", k), element("dd", v)) for k, v in known.items()), class_="facts"
    )


def _physics(board: Board) -> str:
    """Return the version of MuJoCo of all runs, each one where they differ."""
    found = sorted({row["versions"].get("mujoco", "") for row in board["rows"]} - {""})
    return "MuJoCo " + ", ".join(found) if found else "not recorded"


def meaning(board: Board) -> Markup:
    """Return what success means, task by task."""
    counts = {
        "success_once": "as soon as it has been reached",
        "success_at_end": "if it still holds when the episode ends",
    }
    entries = [
        element(
            "div",
            element("dt", entry["name"], element("span", f" {entry['task']} on {entry['embodiment']}", class_="of")),
            element(
                "dd",
                element("p", entry["success"] or "The task does not say."),
                element(
                    "p",
                    f"Success counts {counts[entry['official']]}. {entry['episodes']} episodes of at most "
                    f"{entry['horizon_s']:g} s and {entry['attempts']} attempt{'s'[: entry['attempts'] > 1]}; "
                    f"stages: {', '.join(entry['stages'])}.",
                    class_="small",
                ),
            ),
        )
        for entry in board["entries"]
    ]
    return element("section", element("h3", "What success means"), element("dl", *entries, class_="meaning"))


def commands(board: Board) -> Markup:
    """Return how each run was made and how it is verified."""
    blocks = []
    for row in board["rows"]:
        versions = ", ".join(f"{k} {v}" for k, v in row["versions"].items())
        settings = ", ".join(f"{k}={v}" for k, v in row["settings"].items())
        about = (
            f"version {row['version']}" + (f"; {settings}" if settings else "") + (f"; {versions}" if versions else "")
        )
        lines = "\n".join(line for line in (row["command"], row["verify"]) if line)
        blocks.append(
            element(
                "div",
                element("h4", row["name"]),
                element("p", about, class_="small"),
                _code(lines),
            )
        )
    return element("div", *blocks, class_="commands")


def reading(document: Mapping[str, Any]) -> Markup:
    """Return how the page is to be read, and the command that made it."""
    parts: list[Content] = [
        element("h2", "How to read this page"),
        element("h3", "Ranks"),
        element("p", document["rule"]),
        element("p", RANKS),
        element("h3", "Intervals"),
        element("p", INTERVALS),
        element("h3", "Published numbers"),
        element("p", PUBLISHED),
    ]
    if document["command"]:
        parts += [element("h3", "This page"), _code(document["command"])]
    return element("section", *parts)


def _code(lines: str) -> Markup:
    return element("div", element("pre", element("code", lines), tabindex=0), class_="code")

"""The page about suites in Markdown: every line follows from the shipped suites and published results."""

from collections.abc import Iterable, Sequence

from .markdown_table import table
from .published import Measured, measured, pooled
from .suite import Entry, Suite

MADE = "<!-- written by `dexbench suite page`: edit the suites, not this page -->"
RULE = """\
A suite is a YAML file and a frozen table of episodes, known by its hash: every agent gets the same ones, and nobody can
change one unseen. `protocol` is raised whenever numbers before and after cannot be compared.

```bash
dexbench eval --agent NAME --suite SUITE     # can be stopped and goes on; records go to runs/SUITE/NAME
dexbench verify runs/SUITE/NAME              # simulates every row again, without the agent
dexbench suite draft mine.yaml --task lift_tray --embodiment shadow_ur10e_bimanual
```
"""


def suites_page(suites: Sequence[Suite], agent: str) -> str:
    """Return the page; `agent` is the expert, whose published rates are a ceiling for policies that see less."""
    rates = measured(agent)
    rows = [
        [
            f"[{suite.name}](#{suite.name})",
            suite.description,
            str(len(suite.episodes)),
            pooled(_of(suite, suite.entries, rates)),
        ]
        for suite in suites
    ]
    versions = ", ".join(sorted({m.version for suite in suites for m in _of(suite, suite.entries, rates)}))
    parts = [
        f"# Suites\n\n{MADE}\n\n{RULE.strip()}",
        table(["suite", "what it measures", "episodes", f"`{agent}`"], rows),
        f"Rates are those of agent `{agent}`, version {versions}, as [published](../leaderboards/README.md), with 95 % "
        "Wilson intervals, over all episodes of a suite or a line; what is empty is not published yet. "
        "Intervals take episodes for independent. Where the same layouts come again under another background or light, "
        "an agent that gets no pictures repeats itself, and the interval is narrower than what is known.",
        *(_section(suite, agent, rates) for suite in suites),
    ]
    return "\n\n".join(parts) + "\n"


def _section(suite: Suite, agent: str, rates: Sequence[Measured]) -> str:
    head = ["entries", "task", "body", "episodes of each", "attempts", "perturbed by", f"`{agent}`"]
    rows = []
    for (task, body, splits, attempts, perturbed), entries in _groups(suite.entries).items():
        name = task.partition("-v")[0]
        said = pooled(_of(suite, entries, rates))
        same = len(entries) > 1 and len({entry.layouts or entry.name for entry in entries}) == 1
        splits += ", the same in each" if same else ""
        rows.append([_names(entries), f"[{task}](tasks/{name}.md)", body, splits, attempts, perturbed, said])
    if not any(row[5] for row in rows):
        head, *rows = (row[:5] + row[6:] for row in (head, *rows))
    return (
        f"## {suite.name}\n\n{suite.description}\n\n"
        f"Protocol {suite.protocol}, {len(suite.episodes)} episodes, table `{suite.table[:16]}`.\n\n{table(head, rows)}"
    )


def _groups(entries: Iterable[Entry]) -> dict[tuple[str, str, str, str, str], list[Entry]]:
    """Return entries that differ in nothing but their name, their draw and how cells look, together."""
    found: dict[tuple[str, str, str, str, str], list[Entry]] = {}
    for entry in entries:
        splits = ", ".join(f"{split} {count}" for split, count in entry.splits.items())
        factors = ", ".join(entry.perturbations)
        found.setdefault((entry.task, entry.embodiment, splits, str(entry.attempts), factors), []).append(entry)
    return found


def _names(entries: Sequence[Entry]) -> str:
    return ", ".join(entry.name for entry in entries)


def _of(suite: Suite, entries: Iterable[Entry], rates: Iterable[Measured]) -> list[Measured]:
    """Return the rates of some entries, measured on the suite's present table."""
    names = {entry.name for entry in entries}
    return [m for m in rates if (m.suite, m.table) == (suite.name, suite.table) and m.entry in names]

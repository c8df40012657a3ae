"""A page about a task in Markdown: every line follows from its code, the shipped suites and published results."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from dexbench.core.agent import ActionSpec
from dexbench.core.perturbation import FACTORS
from dexbench.core.schema import Schema
from dexbench.core.task import Task, versioned
from dexbench.core.world import WorldSpec

from .audit_document import audit_of
from .audit_page import WORDS, table_of
from .markdown_table import table
from .published import Failed, Measured, pooled
from .suite import Entry
from .task_facts import (
    Drawn,
    drawn,
    entries_of,
    families,
    paragraphs,
    published,
    published_failures,
    thresholds,
)

MOST_FORMS = 6
"""Instructions shown of each split."""
FILMS = "failures"
"""Folder of films beside the pages."""
OFFICIAL = {
    "success_once": "the goal has been held at some time (`success_once`)",
    "success_at_end": "it still holds when the episode ends (`success_at_end`)",
}


def task_page(task: Task, spec: WorldSpec, title: str, agent: str, films: Collection[str] = ()) -> str:
    """Return the page.

    Args:
      task: as it was loaded.
      spec: of a world of it, with all observation groups that need no camera.
      title: the first line of its module.
      agent: the expert.
      films: names of the films that are there, as `film_name` gives them.
    """
    what, *rule = paragraphs(task) or [title]
    splits = [drawn(task, split) for split in task.splits]
    numbers = [[f"`{t.name}`", t.value, t.meaning] for t in thresholds(task)]
    parts = [
        f"# {task.name}",
        f"<!-- written by `dexbench task page`: edit the code, not this page -->\n\n{title}",
        f"![start, middle and end of an episode]({task.name}.png)",
        what,
        "\n".join(_facts(task)),
        "## Success\n\n" + "\n\n".join([*rule, f"What counts on leaderboards: {OFFICIAL[task.official]}."]),
        "## Stages\n\n"
        + "\n".join(f"{i}. {_words(stage)}" for i, stage in enumerate(task.stages, 1))
        + "\n\nA stage counts only after those before it.",
        "## How it fails\n\n" + ", ".join(f"`{code}`" for code in task.failures[1:]) + "; `none` is a success.",
        "## Numbers\n\n" + table(["name", "value", "meaning"], numbers) if numbers else "",
        "## Instructions and splits\n\n" + "\n\n".join(_split(d) for d in splits) + "\n\n" + _difference(splits),
        "## What an agent sees and does\n\n" + "\n\n".join(_spaces(task, spec)),
        "## Suites\n\n" + _suites(task),
        "## Perturbations\n\n" + _perturbations(task),
        f"## How well the expert does\n\n{_rates(task, agent, films)}",
        f"## Audit\n\n{_audit(task)}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def film_name(failure: Failed) -> str:
    """Return the name of the film of a kind of failure."""
    return f"{failure.suite}-{failure.episode}-{failure.code}.mp4"


def index_page(rows: Sequence[tuple[Task, str]]) -> str:
    """Return the page that names all tasks; each with the first line of its module."""
    lines = [
        [
            f"[{task.name}]({task.name}.md)",
            "two" if task.hands == 2 else "one",
            f"{task.horizon:g} s",
            title,
            task.needs,
        ]
        for task, title in rows
    ]
    head = "# Tasks\n\n<!-- written by `dexbench task page`: edit the code, not this page -->\n\n"
    return head + table(["task", "hands", "time", "what", "what it needs two hands or touch for"], lines) + "\n"


def _words(code: str) -> str:
    return code.replace("_", " ")


def _facts(task: Task) -> Iterator[str]:
    of = ", ".join(f"{count} {family}" for family, count in families(task.pool()).items())
    yield f"- **Version**: `{versioned(task)}`"
    yield f"- **Hands**: {'two' if task.hands == 2 else 'one'}"
    if task.needs:
        yield f"- **Needs** {task.needs}"
    yield f"- **Time**: {task.horizon:g} s at most"
    yield f"- **Objects**: at most {task.slots} at once, from a pool of {len(task.pool())}: {of}"
    if task.articulated:
        yield f"- **Furniture and tools**: {', '.join(task.articulated)}"
    if task.hidden_target:
        yield "- **Not told**: which object is the target"
    if task.hidden_objects:
        yield f"- **Not seen**, as pose or picture: what is in slots {', '.join(map(str, task.hidden_objects))}"
    if task.senses_force:
        yield "- **Measured**: the largest contact force on each object"


def _split(found: Drawn) -> str:
    lines = [f"**{found.split}**, for example: *{found.example}*", ""]
    lines += [f"- {form}" for form in found.forms[:MOST_FORMS]]
    if len(found.forms) > MOST_FORMS:
        lines.append(f"- and {len(found.forms) - MOST_FORMS} more")
    if found.targets:
        kinds = ", ".join(f"{count} {family}" for family, count in families(found.targets).items())
        lines += ["", f"Targets in {found.trials} draws: {len(found.targets)} objects ({kinds})."]
    if found.spread:
        x, more_x, y, more_y = found.spread
        lines += ["", f"Objects stand at x {x:g} to {more_x:g} m, y {y:g} to {more_y:g} m there."]
    return "\n".join(lines)


def _difference(splits: Sequence[Drawn]) -> str:
    """Say what the second split and later ones change, as far as draws show it."""
    if len(splits) < 2:
        return ""
    first, said = splits[0], []
    for other in splits[1:]:
        new = sorted(set(other.targets) - set(first.targets))
        words = sorted(set(other.forms) - set(first.forms))
        changes = [f"{len(new)} of {len(other.targets)} targets"] if other.targets else []
        changes.append(f"{len(words)} of {len(other.forms)} instructions")
        said.append(f"In `{other.split}`, {' and '.join(changes)} are none of those of `{first.split}`.")
    return " ".join(said)


def _spaces(task: Task, spec: WorldSpec) -> Iterator[str]:
    yield f"On `{spec.embodiment.name}`; other bodies have other numbers of joints, and the same fields."
    yield _observations(spec.observations)
    yield "Pictures, depth, segmentation and point clouds come from cameras, on request ([cameras](../cameras.md))."
    yield _action(spec.action)


def _observations(schema: Schema) -> str:
    rows = [
        [f.group, f"`{f.name}`", " x ".join(map(str, f.shape)) or "1", f.unit if f.unit != "1" else "", f.frame]
        for f in sorted(schema.fields, key=lambda f: f.group)
    ]
    return table(["group", "field", "shape", "unit", "frame"], rows)


def _action(action: ActionSpec) -> str:
    parts: dict[str, int] = {}
    for name in action.actuators:
        side = name.partition("/")[0]
        parts[side] = parts.get(side, 0) + 1
    many = ", ".join(f"{count} on the {side} side" for side, count in parts.items())
    return (
        f"An action is {len(action.actuators)} joint targets [{action.unit}], {action.rate_hz:g} a second: {many}. "
        "Other ways to speak (palm poses, fingertips, chunks) are converted ([robots](../robots.md))."
    )


def _suites(task: Task) -> str:
    found = entries_of(task)
    if not found:
        return "No shipped suite measures it."
    groups: dict[tuple[str, ...], list[Entry]] = {}
    for suite, protocol, entry in found:
        episodes = ", ".join(f"{split} {count}" for split, count in entry.splits.items())
        perturbed = "perturbed" if entry.perturbations else ""
        key = (f"`{suite}` ({protocol})", entry.embodiment, episodes, str(entry.attempts), perturbed)
        groups.setdefault(key, []).append(entry)
    rows = [[key[0], _entries(entries), *key[1:4], _levels(entries)] for key, entries in groups.items()]
    return table(["suite (protocol)", "entries", "body", "episodes of each", "attempts", "perturbed by"], rows)


def _entries(entries: Sequence[Entry]) -> str:
    return entries[0].name if len(entries) == 1 else f"{len(entries)}, from {entries[0].name} to {entries[-1].name}"


def _levels(entries: Sequence[Entry]) -> str:
    """Return the levels of each factor that these entries are perturbed by."""
    levels: dict[str, set[int]] = {}
    for entry in entries:
        for factor, level in entry.perturbations.items():
            levels.setdefault(factor, set()).add(level)
    return "; ".join(f"{factor} {', '.join(map(str, sorted(found)))}" for factor, found in levels.items())


def _perturbations(task: Task) -> str:
    factors = [f for name, f in FACTORS.items() if task.region is not None or name != "layout"]
    same = ", ".join(f"`{f.name}`" for f in factors if f.invariant)
    other = ", ".join(f"`{f.name}`" for f in factors if not f.invariant)
    where = "its objects stay where they are drawn (`layout` does not apply)"
    if task.region is not None:
        x, y, turn = task.region
        where = (
            f"its objects may be moved within {x[0]:g} to {x[1]:g} m (x) and {y[0]:g} to {y[1]:g} m (y), "
            f"and turned by {math.degrees(turn[0]):.3g} to {math.degrees(turn[1]):.3g} degrees"
        )
    return (
        f"Each in five levels ([perturbations](../perturbations.md)); {where}.\n\n"
        f"- the right action stays the same: {same}\n- the right action changes: {other}"
    )


def _rates(task: Task, agent: str, films: Collection[str]) -> str:
    rows = published(task, agent)
    if not rows:
        return f"No board that is published has agent `{agent}` on `{versioned(task)}` yet."
    splits = list(dict.fromkeys(r.split for r in rows))
    lines = []
    for body in dict.fromkeys(r.embodiment for r in rows):
        here = [r for r in rows if r.embodiment == body]
        suites = list(dict.fromkeys((r.suite, r.protocol) for r in here))
        for suite, protocol in suites:
            mine = [r for r in here if (r.suite, r.protocol) == (suite, protocol)]
            lines.append([f"`{suite}` ({protocol})", body, *_by_split(mine, splits)])
        if len(suites) > 1:
            lines.append(["together", body, *_by_split(here, splits)])
    versions = ", ".join(sorted({r.version for r in rows}))
    return (
        f"Agent `{agent}`, version {versions}, as published in [leaderboards](../../leaderboards/README.md): successes "
        "in episodes without perturbations, with 95 % Wilson intervals.\n\n"
        + table(["suite (protocol)", "body", "all", *splits], lines)
        + _failures(published_failures(task, agent), films)
    )


def _by_split(rows: Sequence[Measured], splits: Sequence[str]) -> list[str]:
    """Return the rate over all rows, and those of each split."""
    return [pooled(rows), *(pooled([r for r in rows if r.split == split]) for split in splits)]


def _failures(found: Mapping[str, Sequence[Failed]], films: Collection[str]) -> str:
    if not found:
        return ""
    lines = [[body, ", ".join(_failure(f, films) for f in kinds)] for body, kinds in found.items()]
    linked = any(film_name(f) in films for kinds in found.values() for f in kinds)
    link = "; a link is a film of the first of its kind (`dexbench task films`)" if linked else ""
    return f"\n\nIts failures, of all suites above{link}.\n\n" + table(["body", "failures"], lines)


def _failure(failure: Failed, films: Collection[str]) -> str:
    name = film_name(failure)
    code = f"`{failure.code}`"
    return f"{f'[{code}]({FILMS}/{name})' if name in films else code} {failure.count}"


def _audit(task: Task) -> str:
    found = audit_of(versioned(task))
    if found is None:
        return "Not audited yet (`dexbench audit`)."
    return f"Verdict: **{WORDS[found['verdict']]}**.\n\n" + table(*table_of(found))

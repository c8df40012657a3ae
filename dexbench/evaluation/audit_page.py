"""The audit as text: a table a task for the terminal and for docs/audit.md."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .audit import CHEAT, EXPERT, FAULT, NUMB, OPEN, PASS
from .markdown_table import table

BEGIN, END = "<!-- audit: begin (written by `dexbench audit --page`) -->", "<!-- audit: end -->"
WORDS = {PASS: "pass", OPEN: "open", FAULT: "FAULT"}
ROLES = {EXPERT: "expert", CHEAT: "", NUMB: "without touch"}

Row = Mapping[str, Any]


def audit_markdown(document: Mapping[str, Any]) -> str:
    """Return the audit as Markdown: a summary, then a table a task, robots side by side."""
    head = ["task", "bodies", "verdict", "expert", "cheats together", "least known cheat"]
    lines = []
    for task in document["tasks"]:
        experts = [r for cell in task["cells"] for r in cell["rows"] if r["role"] == EXPERT and not r["why_not"]]
        together, worst = task["together"], task["worst"]
        lines.append(
            [
                task["task"],
                str(len(task["cells"])),
                f"**{WORDS[task['verdict']]}**",
                _said(sum(r["success"]["successes"] for r in experts), sum(r["success"]["trials"] for r in experts)),
                f"{_said(together['successes'], together['trials'])}, at most {_percent(together['upper'])}",
                f"{worst['name'] or 'none'}: at most {_percent(worst['upper'])}",
            ]
        )
    return "\n\n".join([table(head, lines), *(_task(t, document) for t in document["tasks"])]) + "\n"


def _task(task: Row, document: Mapping[str, Any]) -> str:
    parts = [f"### {task['task']}: {WORDS[task['verdict']]}"]
    if task["needs"]:
        parts.append(str(task["needs"]))
    parts.append(table(*table_of(task)))
    points = [f"- FAULT: {_plain(f)}" for f in task["faults"]] + [f"- open: {_plain(o)}" for o in task["open"]]
    points += [f"- {line}" for line in (*_margins(task), *_gifts(task), *_absent(task), _proof(task, document))]
    parts.append("\n".join(points))
    return "\n\n".join(parts)


def table_of(task: Row) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of a task's table: who, then for each body successes of episodes, bound, furthest stage."""
    cells = task["cells"]
    head = ["", *(cell["embodiment"] for cell in cells)]
    lines = []
    names = dict.fromkeys((r["name"], r["role"]) for cell in cells for r in cell["rows"] if not _off(r))
    for name, role in sorted(names, key=lambda n: (n[1] != EXPERT, n[1] == NUMB)):
        found = [next((r for r in cell["rows"] if r["name"] == name), None) for cell in cells]
        label = f"{name} ({ROLES[role]})" if ROLES[role] else name
        lines.append([label, *(_entry(row, task["stages"]) for row in found)])
    return head, lines


def _entry(row: Row | None, stages: Sequence[str]) -> str:
    if row is None or not row["success"]["trials"]:
        return "could not be asked" if row is not None and row["error"] else "does not apply"
    rate = row["success"]
    furthest = max((i for i, n in enumerate(row["reached"]) if n), default=None)
    stage = "nothing" if furthest is None else f"{stages[furthest]} {row['reached'][furthest]}"
    low = f"at least {_percent(rate['lower'])}" if row["role"] == EXPERT else f"at most {_percent(rate['upper'])}"
    return f"{rate['successes']}/{rate['trials']}, {low}; {stage}"


def _off(row: Row) -> bool:
    """Return whether a contender has nothing to do here."""
    return bool(row["why_not"]) and row["role"] != EXPERT


def _margins(task: Row) -> Iterator[str]:
    for cell in task["cells"]:
        margins, order = cell["margins"], cell["order"]
        if not margins["successes"]:
            continue
        stages = ", ".join(
            f"{name} {seconds:g} s"
            for name, seconds in zip(cell["stages"], margins["stage_s"], strict=True)
            if seconds is not None
        )
        rise = ""
        if margins["rise_m"] is not None and margins["needed_m"] is not None:
            rise = f"; rises {margins['rise_m']:.3f} m at least, {margins['needed_m']:g} are asked for"
        yield (
            f"{cell['embodiment']}: the expert's stages {stages} (medians); slowest success {margins['slowest_s']:g} "
            f"of {task['horizon_s']:g} s{rise}. Order of stages: {order['episodes']} records read, "
            f"{order['watched']} watched, {len(order['faults'])} faults"
        )


def _gifts(task: Row) -> Iterator[str]:
    """Yield stages that are complete although nothing was done."""
    idle = [(cell, row) for cell in task["cells"] for row in cell["rows"] if row["agent"] == "zero"]
    for i, stage in enumerate(task["stages"]):
        given = [_said(row["reached"][i], row["success"]["trials"]) for _, row in idle if row["reached"][i]]
        if given:
            yield f"stage {stage!r} is given away: zero, who stays at home, completes it in {', '.join(given)}"


def _absent(task: Row) -> Iterator[str]:
    """Yield who does not apply on any body, or on some, and why."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for cell in task["cells"]:
        for row in cell["rows"]:
            if row["why_not"]:
                reasons.setdefault((row["name"], row["why_not"].split("\n")[0]), []).append(cell["embodiment"])
    for (name, why), where in reasons.items():
        on = "" if len(where) == len(task["cells"]) else f" on {', '.join(where)}"
        yield f"{name} does not apply{on}: {_plain(why)}"


def _proof(task: Row, document: Mapping[str, Any]) -> str:
    worst, limit = task["worst"], _percent(document["limit"])
    if worst["proven"]:
        return f"no cheat is above {limit}: the upper end of every one over all bodies is at most that"
    return (
        f"{worst['name'] or 'no cheat'} is known to {_percent(worst['upper'])} only: {document['needed']} episodes "
        f"without a success would show {limit}"
    )


def _said(successes: int, trials: int) -> str:
    return f"{successes}/{trials}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "\\<")


def audit_text(document: Mapping[str, Any]) -> str:
    """Return the audit for a terminal."""
    parts = []
    for task in document["tasks"]:
        head, found = table_of(task)
        rows = [head, *found]
        widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
        lines = ["  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows]
        title = f"{task['task']}: {WORDS[task['verdict']]}"
        notes = [f"  FAULT: {f}" for f in task["faults"]] + [f"  open: {o}" for o in task["open"]]
        notes += [f"  {line}" for line in (*_margins(task), *_gifts(task), *_absent(task), _proof(task, document))]
        parts.append("\n".join([title, *lines, *notes]))
    return "\n\n".join(parts)


def with_table(text: str, document: Mapping[str, Any]) -> str:
    """Return a page with what stands between BEGIN and END replaced by the audit; at its end, if they are not there."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        before, after = text.rstrip() + "\n\n", "\n"
    return f"{before}{BEGIN}\n\n{audit_markdown(document)}\n{END}{after}"

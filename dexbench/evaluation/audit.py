"""The audit of a success rule: who is asked, what came of it, and the verdict. Plain data in, plain data out.

A rule is sound if what should fail fails (cheats), what should succeed can (an expert), and stages come in order.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .record import Row
from .recorder import AGENT_ERROR, SIMULATION_ERROR
from .statistics import Rate, Z, weighted

LIMIT = 0.02
"""Largest share of episodes in which a cheat may succeed."""
COUNTED = 4
"""Times `needed()` after which a share above LIMIT counts even where its interval does not lie above it: after 189, a
cheat of 1.6 % would be called one above 2 % in every third audit."""
TOO_FEW = ", which are too few to say that it is above the limit"
JUMP = 3
"""Stages completed within one control period from which on nobody can have gone through them."""

PASS, OPEN, FAULT = "pass", "open", "fault"
EXPERT, CHEAT, NUMB = "expert", "cheat", "touch_free"
"""Roles: what should succeed, what must not, and the expert without touch, which must stay below the expert."""

Document = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """Who is asked: an agent with its settings, in a role."""

    agent: str
    role: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    takes: tuple[str, ...] = ()
    """Further settings that come from the expert's run in the same cell: "run", its folder."""

    @property
    def label(self) -> str:
        """The agent with its own settings, for example "one_hand side=right"."""
        return " ".join([self.agent, *(f"{k}={v}" for k, v in sorted(self.settings.items()))])


def needed(limit: float = LIMIT) -> int:
    """Return how many episodes without a success put the upper end of the Wilson interval at `limit`: 189 for 2 %."""
    return math.ceil(Z * Z * (1 - limit) / limit - 1e-9)


def rate_row(rate: Rate) -> Document:
    """Return a rate as the document has it."""
    lower, upper = rate.interval
    value = None if rate.value is None else round(rate.value, 6)
    return {
        "successes": rate.successes,
        "trials": rate.trials,
        "rate": value,
        "lower": round(lower, 6),
        "upper": round(upper, 6),
    }


def rate_in(row: Mapping[str, Any]) -> Rate:
    """Return the rate of a row of the document."""
    return Rate(row["success"]["successes"], row["success"]["trials"])


def share(rows: Sequence[Row]) -> Rate:
    """Return how many of the episodes are successes."""
    return Rate(sum(r["success"] for r in rows), len(rows))


def result(asked: Asked, rows: Sequence[Row], stages: int, why_not: str = "", error: str = "") -> Document:
    """Return what came of one contender in one cell.

    Args:
      asked: who.
      rows: its episodes; none where it does not apply.
      stages: that the task has.
      why_not: why it does not apply.
      error: why it could not run.
    """
    broken = [r for r in rows if r["failure"] in (AGENT_ERROR, SIMULATION_ERROR)]
    failures = Counter(r["failure"] for r in rows if not r["success"])
    return {
        "name": asked.label,
        "agent": asked.agent,
        "settings": dict(sorted(asked.settings.items())),
        "role": asked.role,
        "why_not": why_not,
        "success": rate_row(share(rows)),
        "reached": [sum(r["stage"] > i for r in rows) for i in range(stages)],
        "failures": [{"code": c, "count": n} for c, n in sorted(failures.items(), key=lambda x: (-x[1], x[0]))],
        "errors": len(broken),
        "error": broken[0]["error"] if broken else error,
    }


def disorder(rows: Sequence[Row]) -> list[str]:
    """Return what is wrong with the order of stages in recorded episodes, a sentence for each kind of fault."""
    found: dict[str, list[int]] = {}
    for row in rows:
        for fault in _disorder(row):
            found.setdefault(fault, []).append(row["index"])
    return [f"{fault} ({len(where)} episodes, the first is {min(where)})" for fault, where in sorted(found.items())]


def _disorder(row: Row) -> Iterator[str]:
    names, steps = row["stages"], row["stage_steps"]
    times = [s for s in steps if s is not None]
    if row["success_once"] and row["stage"] < len(names):
        yield f"success without the last stage {names[-1]!r}"
    if row["success_at_end"] and not row["success_once"]:
        yield "success at the end that was never a success"
    if (
        len(times) != row["stage"]
        or times != sorted(times)
        or steps[len(times) :] != [None] * (len(steps) - len(times))
    ):
        yield "a stage was counted before one that comes earlier"
    together = Counter(times).most_common(1)
    if together and together[0][1] >= min(JUMP, len(names)) and len(names) > 1:
        first = times.index(together[0][0])
        yield f"stages {', '.join(names[first : first + together[0][1]])} were counted within one control period"


def judge_cell(cell: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return (faults, open points) of one cell, as sentences."""
    faults = [f"order of stages: {f}" for f in cell["order"]["faults"]]
    unclear: list[str] = []
    expert = next((r for r in cell["rows"] if r["role"] == EXPERT), None)
    for row in cell["rows"]:
        rate = rate_in(row)
        if row["error"]:
            where = (
                f"broke down in {row['errors']} of {rate.trials} episodes" if row["errors"] else "could not be asked"
            )
            unclear.append(f"{row['name']} {where}: {row['error']}")
        if row["role"] == CHEAT and (above := exceeds(rate)) is not False:
            (faults if above else unclear).append(f"{row['name']} succeeds in {said(rate)}{'' if above else TOO_FEW}")
        if row["role"] == NUMB and rate.value is not None and expert and not apart(rate_in(expert), rate):
            word = faults if rate.value >= rate_in(expert).interval[0] else unclear
            word.append(f"{row['name']} succeeds in {said(rate)}, the expert in {said(rate_in(expert))}: not apart")
    if expert is None or expert["why_not"]:
        unclear.append(f"no expert shows that it can be done{': ' + expert['why_not'] if expert else ''}")
    elif rate_in(expert).trials:
        missed = [s for s, n in zip(cell["stages"], expert["reached"], strict=True) if not n]
        if missed:
            faults.append(f"out of reach: the expert never completes {', '.join(missed)} in {rate_in(expert).trials}")
        elif not rate_in(expert).successes:
            faults.append(
                f"out of reach: the expert completes every stage and never succeeds in {rate_in(expert).trials}"
            )
    return faults, unclear


def exceeds(rate: Rate) -> bool | None:
    """Return whether a cheat is above LIMIT; None where its share is, and the episodes are too few to say so.

    It is said where the whole interval lies above LIMIT, or after COUNTED times as many episodes as would have cleared
    the cheat.
    """
    if rate.value is None or rate.value <= LIMIT:
        return False
    return True if rate.interval[0] > LIMIT or rate.trials >= COUNTED * needed() else None


def apart(better: Rate, worse: Rate) -> bool:
    """Return whether the interval of `better` lies above that of `worse`."""
    return better.interval[0] > worse.interval[1]


def said(rate: Rate) -> str:
    """Return "3 of 24"."""
    return f"{rate.successes} of {rate.trials}"


def judge_task(cells: Sequence[Mapping[str, Any]]) -> Document:
    """Return the verdict on a task from its cells, each with "stages", "rows" and "order".

    fault: a cheat above LIMIT (see exceeds()) in any cell or over all of them, stages out of order, a threshold that
    the expert never reaches, touch that is not needed. open: nothing of that, but something could not be asked, or not
    often enough. pass says no more than its bounds: `worst` is the cheat about which least is known, over all bodies.
    """
    faults: list[str] = []
    unclear: list[str] = []
    pooled: dict[str, list[Rate]] = {}
    for cell in cells:
        wrong, unknown = judge_cell(cell)
        faults += [f"{cell['embodiment']}: {f}" for f in wrong]
        unclear += [f"{cell['embodiment']}: {u}" for u in unknown]
        for row in cell["rows"]:
            if row["role"] == CHEAT and row["success"]["trials"]:
                pooled.setdefault(row["name"], []).append(rate_in(row))
    rates = {name: weighted(some) for name, some in pooled.items()}
    for name, rate in rates.items():
        above = exceeds(rate)
        if above is not False and not any(f": {name} succeeds" in f for f in [*faults, *unclear]):
            (faults if above else unclear).append(
                f"over all bodies {name} succeeds in {said(rate)}{'' if above else TOO_FEW}"
            )
    if not rates:
        unclear.append("no cheat applies")
    worst = max(rates, key=lambda name: rates[name].interval[1], default="")
    bound = rates[worst].interval[1] if worst else 1.0
    return {
        "verdict": FAULT if faults else OPEN if unclear else PASS,
        "faults": faults,
        "open": unclear,
        "cheats": [{"name": name, "success": rate_row(rate)} for name, rate in sorted(rates.items())],
        "together": rate_row(weighted(list(rates.values()))),
        "worst": {"name": worst, "upper": round(bound, 6), "proven": bound <= LIMIT},
    }

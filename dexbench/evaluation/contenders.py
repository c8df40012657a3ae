"""Who is asked in an audit, and where: read from the shelves without importing what stands on them.

An agent whose module says CONTROL = True is a cheat or a control. Further literal constants of its module: VARIANTS
(settings that it is run with, a row each), TAKES (what it gets of the expert's run), AGAINST ("hands" or "touch": only
asked where a task needs two hands, or touch).
"""

from collections.abc import Iterator

from dexbench.core.errors import DataError, DexBenchError
from dexbench.core.shelf import AGENTS, EMBODIMENTS, SUITES, TASKS, constants, entries, hands_of, names
from dexbench.core.task import Task

from .audit import CHEAT, EXPERT, NUMB, Asked
from .suite import find_suite, read_plan

HANDS, TOUCH = "hands", "touch"


def contenders(task: Task, expert: str) -> tuple[Asked, ...]:
    """Return who is asked about a task: the expert, then every control on the shelf that is meant for such a task.

    Raises:
      DataError: an agent's constants do not fit.
    """
    return (Asked(expert, EXPERT), *(a for name in names(AGENTS) if name != expert for a in _asked(name, task)))


def _asked(name: str, task: Task) -> Iterator[Asked]:
    try:
        known = constants(AGENTS, name)
    except (DexBenchError, SyntaxError):
        return  # a stranger's agent that does not even parse is no cheat of ours
    if known.get("CONTROL") is not True:
        return
    against, takes, variants = known.get("AGAINST", ""), known.get("TAKES", ()), known.get("VARIANTS", ({},))
    if against not in ("", HANDS, TOUCH) or not set(takes) <= {"run"} or not variants:
        raise DataError(f"agent {name!r}: AGAINST, TAKES or VARIANTS is none that an audit knows")
    if (against == HANDS and task.hands < 2) or (against == TOUCH and not feels(task)):
        return
    for settings in variants:
        yield Asked(name, NUMB if against == TOUCH else CHEAT, dict(settings), tuple(takes))


def feels(task: Task) -> bool:
    """Return whether a task says that it needs touch, as in "touch: ..." or "two hands and touch: ..."."""
    return TOUCH in getattr(task, "needs", "").partition(":")[0].lower()


def bodies_of(task: Task) -> tuple[str, ...]:
    """Return the bodies that the shipped suites measure a task on; without one, every body of ours with enough hands.

    A task for one hand is then audited on bodies of one: a second arm adds nothing to its rule.
    """
    found = {
        entry.embodiment
        for suite in names(SUITES)
        for entry in read_plan(find_suite(suite)).entries
        if entry.task.partition("-v")[0] == task.name
    }
    if not found:
        found = {e for e in entries(EMBODIMENTS) if hands_of(e) == min(2, task.hands)}
    return tuple(sorted(found))


def lift_of(task: str) -> float | None:
    """Return LIFT of a task's module, the rise that it asks for [m]; None where there is none."""
    lift = constants(TASKS, task).get("LIFT")
    return float(lift) if isinstance(lift, int | float) else None

"""How success falls under each perturbation: a run's perturbed entries beside its plain one on the same layouts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dexbench.core.errors import DataError
from dexbench.core.perturbation import FACTORS, Factor, checked

from .ranking import holm, mcnemar
from .rows import Run
from .statistics import Rate, rate_of

CHANGED, KEPT = "the right action changes", "the right action stays"
"""The two kinds of factors, as tables head them."""


@dataclass(frozen=True)
class Fall:
    """One perturbed entry beside its plain one."""

    entry: str
    levels: Mapping[str, int]
    """Factor to level."""
    amounts: Mapping[str, float]
    """Factor to amount, as it was measured: levels may have been graded anew since."""
    perturbed: Rate
    """Of the episodes that have a plain twin: another run of the same draw."""
    plain: Rate
    """Of those twins."""
    lost: int
    """Pairs of which only the plain one succeeded."""
    gained: int
    """Pairs of which only the perturbed one succeeded."""

    @property
    def invariant(self) -> bool:
        """Whether the right action is that of the plain twin, under all factors of the entry."""
        return all(FACTORS[name].invariant for name in self.levels)


def falls(run: Run) -> list[Fall]:
    """Return every perturbed entry of a run, in the suite's order.

    Twins are episodes with the same task, embodiment, split and seed of the trial: entries with the same `seed` and
    `layouts` have them.

    Raises:
      DataError: the suite perturbs nothing, or an entry has no plain twins.
    """
    entries = {entry["name"]: entry for entry in run.info["entries"]}
    plain: dict[tuple[Any, ...], bool] = {}
    perturbed: dict[str, list[tuple[tuple[Any, ...], bool]]] = {}
    amounts: dict[str, dict[str, float]] = {}
    for row in run.episodes:
        entry, success = entries[row["entry"]], row["success"] is True
        trial = row["trial"]
        key = (entry["task"], entry["embodiment"], trial["split"], trial["seed"])
        if any(_levels(entry).values()):
            perturbed.setdefault(row["entry"], []).append((key, success))
            amounts[row["entry"]] = checked(trial.get("perturbation", {}))
        else:
            plain[key] = success
    if not perturbed:
        raise DataError(f"{run.folder}: no entry of suite {run.info['suite']!r} is perturbed, or none has been run yet")
    found = []
    for name, pairs in perturbed.items():
        twins = [(plain[key], success) for key, success in pairs if key in plain]
        if not twins:
            raise DataError(
                f"{run.folder}: entry {name!r} has no plain twins: add an entry of the same task, embodiment, `seed` "
                f"and `layouts` without perturbations, and run it"
            )
        lost = sum(before and not after for before, after in twins)
        gained = sum(after and not before for before, after in twins)
        rates = rate_of([after for _, after in twins]), rate_of([before for before, _ in twins])
        found.append(Fall(name, _levels(entries[name]), amounts[name], *rates, lost, gained))
    return found


def table(found: Sequence[Fall]) -> str:
    """Return the falls as Markdown, those under which the right action stays apart from the others.

    p is McNemar's exact test on the pairs, corrected for the number of rows by Holm.
    """
    corrected = dict(zip([f.entry for f in found], holm([mcnemar(f.lost, f.gained) for f in found]), strict=True))
    parts = []
    for title, kind in ((CHANGED, False), (KEPT, True)):
        rows = [f for f in found if f.invariant == kind]
        if rows:
            lines = [f"| {title} | pairs | success | plain | lost | gained | p |", "|---|---|---|---|---|---|---|"]
            parts.append("\n".join(lines + [_line(f, corrected[f.entry]) for f in rows]))
    return "\n\n".join(parts)


def factors() -> str:
    """Return the table of factors as Markdown: what docs/perturbations.md shows."""
    head = ["| factor | levels 1 to 5 | acts in | what changes | amounts from |", "|---|---|---|---|---|"]
    parts = []
    for title, kind in ((CHANGED, False), (KEPT, True)):
        rows = [_factor(f) for f in FACTORS.values() if f.invariant == kind]
        parts.append(f"{title[0].upper()}{title[1:]}:\n\n" + "\n".join(head + rows))
    return "\n\n".join(parts)


def _factor(factor: Factor) -> str:
    amounts = ", ".join(f"{a:g}" for a in factor.levels)
    source = f"{factor.source} [{factor.confidence}]"
    return f"| `{factor.name}` | {amounts} {factor.unit} | {factor.acts} | {factor.changes} | {source} |"


def _levels(entry: Mapping[str, Any]) -> dict[str, int]:
    return {name: level for name, level in entry.get("perturbations", {}).items() if level}


def _line(fall: Fall, p: float) -> str:
    said = " + ".join(f"{n} {fall.levels[n]} ({a:g} {FACTORS[n].unit})" for n, a in fall.amounts.items())
    return (
        f"| {said} | {fall.perturbed.trials} | {_percent(fall.perturbed)} | {_percent(fall.plain)} | {fall.lost} | "
        f"{fall.gained} | {p:.2g} |"
    )


def _percent(rate: Rate) -> str:
    low, high = rate.interval
    return f"{100 * (rate.value or 0.0):.0f} % [{100 * low:.0f}, {100 * high:.0f}]"

"""A run in a few lines: success with its interval for each entry and split, and why the others failed."""

from collections import Counter

from dexbench.evaluation.rows import Run
from dexbench.evaluation.statistics import Rate, rate_of


def summary(run: Run) -> str:
    """Return success by entry and split, and the failure codes."""
    lines = [f"{run.info['agent']} on {run.info['suite']}: {len(run.episodes)} of {run.total} episodes, {run.folder}"]
    groups = dict.fromkeys((e["entry"], e["trial"]["split"]) for e in run.episodes)
    width = max((len(f"{entry} {split}") for entry, split in groups), default=0)
    for entry, split in groups:
        rows = [e for e in run.episodes if (e["entry"], e["trial"]["split"]) == (entry, split)]
        failures = Counter(e["failure"] for e in rows if not e["success"])
        why = ", ".join(f"{code} {count}" for code, count in failures.most_common())
        label = f"{entry} {split}"
        lines.append(f"  {label:<{width}}  {percent(rate_of([e['success'] for e in rows]))}  {why}".rstrip())
    return "\n".join(lines)


def percent(rate: Rate) -> str:
    """Return for example " 85 % [72, 93] of 40" (95 % Wilson interval)."""
    if rate.value is None:
        return "no episodes"
    low, high = rate.interval
    return f"{100 * rate.value:3.0f} % [{100 * low:.0f}, {100 * high:.0f}] of {rate.trials}"

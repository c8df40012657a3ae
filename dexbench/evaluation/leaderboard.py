"""The leaderboard as a document: runs of one suite side by side, ranked where they may be."""

import math
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from statistics import median
from typing import Any, NamedTuple

from dexbench.core.errors import RunError

from .measurement import Entry, Episode, Measurement
from .ranking import Comparison, compare, rank_groups
from .statistics import (
    Rate,
    cumulative_success,
    mean_time,
    ours_at_k,
    rate_of,
    restricted_mean_time,
    weighted,
)

SCHEMA = "dexbench-leaderboard/1"
"""Raised whenever a reader of the document would have to change."""
CURVE = 25
"""Points of a curve of success over time."""
KINDS = ("worst", "median", "best")
RULE = (
    "Agents are sorted by official success pooled over all episodes of the suite. An agent shares the rank of the best "
    "agent of the group above it unless the two are told apart: on shared episodes by McNemar's exact test, corrected "
    "for all pairs by Holm's method, at 5 %; without shared episodes by a 95 % Newcombe interval that excludes 0. "
    "Equal rates always share a rank. Only complete runs of the same suite, protocol and episode table are ranked "
    "together; controls and incomplete runs are shown and not ranked."
)

Document = dict[str, Any]


def exemplars(run: Measurement, entry: str) -> dict[str, int]:
    """Return which episodes of `entry` to show: {"worst" | "median" | "best": row in the suite's table}.

    Best is the fastest success; median the success with the median time (the faster of two); worst the failure that
    completed the fewest stages, or the slowest success where nothing failed. Ties go to the lowest row. A kind that
    does not exist (no success, no episode) is left out.
    """
    episodes = run.of(entry)
    solved = sorted((e for e in episodes if e.success), key=lambda e: (_time(e), e.index))
    failed = [e for e in episodes if not e.success]
    found: dict[str, int] = {}
    if failed:
        found["worst"] = min(failed, key=lambda e: (e.stages, e.index)).index
    elif solved:
        found["worst"] = max(solved, key=lambda e: (_time(e), -e.index)).index
    if solved:
        found["median"] = solved[(len(solved) - 1) // 2].index
        found["best"] = solved[0].index
    return found


class Clip(NamedTuple):
    """Which film: names the place on the page that it belongs to."""

    board: str
    """`id` of the board."""
    agent: str
    """`name` of the row."""
    entry: str
    kind: str
    """One of KINDS, or the code of a failure."""


def clips(document: Mapping[str, Any], failures: bool = False) -> dict[Clip, tuple[str, int]]:
    """Return {clip: (run folder, row in the table)}: the episodes that a page of `document` wants to show.

    Controls are not filmed: they fail for the whole time limit, and films are what a page costs most.

    Args:
      document: of a leaderboard.
      failures: whether to show the first failure of each kind too.
    """
    return {
        Clip(board["id"], row["name"], detail["entry"], kind): (row["run"], episode)
        for board in document["boards"]
        for row in board["rows"]
        if row["status"] != "control"
        for detail in row["details"]
        for kind, episode in _shown(detail, failures)
    }


def _shown(detail: Mapping[str, Any], failures: bool) -> list[tuple[str, int]]:
    """Return (kind, episode) of an entry's films; no episode twice."""
    shown = [(e["kind"], e["episode"]) for e in detail["exemplars"]]
    known = {episode for _, episode in shown}
    first = [(f["code"], f["episode"]) for f in detail["failures"] if f["episode"] not in known]
    return shown + first * failures


def _time(episode: Episode) -> float:
    return float("inf") if episode.time is None else episode.time


def build(runs: Iterable[Measurement], command: str = "", meanings: Mapping[str, str] | None = None) -> Document:
    """Return the leaderboard document of `runs`; it depends on nothing else, so equal runs give equal bytes.

    Args:
      runs: in any order; each pair of agent and version once per suite, protocol and table.
      command: the exact command that makes this document.
      meanings: {task with version: what its success means, in a sentence}.

    Raises:
      RunError: two runs claim the same row.
    """

    def comparable(run: Measurement) -> tuple[str, str, str]:
        return run.suite, run.protocol, run.table

    ordered = sorted(runs, key=lambda r: (*comparable(r), r.agent, r.version, str(r.settings), r.folder))
    boards = [_board(list(some), meanings or {}) for _, some in groupby(ordered, key=comparable)]
    return {"schema": SCHEMA, "name": "DexBench", "command": command, "rule": RULE, "boards": boards}


def _board(runs: Sequence[Measurement], meanings: Mapping[str, str]) -> Document:
    first = runs[0]
    labels = _labels(runs)
    ranked = {label: run for label, run in labels.items() if run.complete and not run.control}
    # Holm's correction counts the pairs that decide ranks: controls are no candidates.
    pairs = compare({label: {f"{e.index}/{e.trial}": e.success for e in run.episodes} for label, run in ranked.items()})
    told_apart = {frozenset((p.first, p.second)): p.differs for p in pairs}
    rates = {label: _pooled(run.episodes) for label, run in labels.items()}
    groups = rank_groups({k: rates[k] for k in ranked}, lambda a, b: told_apart[frozenset((a, b))])
    ranks = {label: rank for rank, members in groups for label in members}
    places = [label for _, members in groups for label in members]
    rest = sorted((k for k in labels if k not in ranks), key=lambda k: (not labels[k].complete, -_value(rates[k]), k))
    return {
        "id": f"{first.suite}/{first.protocol}/{first.table[:12]}",
        "suite": first.suite,
        "protocol": first.protocol,
        "table": first.table,
        "episodes": first.expected,
        "entries": [_entry(entry, first, meanings) for entry in first.entries],
        "rows": [_row(label, labels[label], ranks.get(label)) for label in places + rest],
        "comparisons": [_comparison(p) for p in pairs],
    }


def _labels(runs: Sequence[Measurement]) -> dict[str, Measurement]:
    """Return {name of the row: run}: the agent, with version and settings where it was measured in several ways."""
    times = Counter(run.agent for run in runs)
    found: dict[str, Measurement] = {}
    for run in runs:
        settings = ", ".join(f"{k}={v}" for k, v in sorted(run.settings.items()))
        label = run.agent if times[run.agent] == 1 else f"{run.agent} {run.version} {settings}".rstrip()
        if label in found:
            raise RunError(
                f"{found[label].folder} and {run.folder} both hold agent {run.agent!r} with the same version and "
                f"settings on suite {run.suite!r}: leave one of them out"
            )
        found[label] = run
    return found


def _entry(entry: Entry, run: Measurement, meanings: Mapping[str, str]) -> Document:
    return {
        "name": entry.name,
        "task": entry.task,
        "embodiment": entry.embodiment,
        "episodes": entry.episodes,
        "horizon_s": entry.horizon,
        "stages": list(entry.stages),
        "official": entry.official,
        "attempts": entry.attempts,
        "success": meanings.get(entry.task, ""),
    }


def _row(label: str, run: Measurement, rank: int | None) -> Document:
    status = "incomplete" if not run.complete else "control" if run.control else "ranked"
    per_entry = [(entry, run.of(entry.name)) for entry in run.entries]
    return {
        "name": label,
        "agent": run.agent,
        "version": run.version,
        "doc": run.doc,
        "status": status,
        "rank": rank,
        "episodes": len(run.episodes),
        "expected": run.expected,
        "success": _rate(_pooled(run.episodes)),
        "results": [
            {"entry": entry.name, "split": split, "success": _rate(_pooled(some))}
            for entry, episodes in per_entry
            for split, some in _by(episodes, "split")
        ],
        "families": [
            {"entry": entry.name, "family": family, "split": split, "success": _rate(_pooled(some))}
            for entry, episodes in per_entry
            for family, one in _by(episodes, "family")
            for split, some in _by(one, "split")
        ],
        "details": [_details(entry, episodes, run) for entry, episodes in per_entry],
        "settings": {k: run.settings[k] for k in sorted(run.settings)},
        "command": run.command,
        "run": run.folder,
        "verify": f"dexbench verify {shlex.quote(run.folder)}",
        "versions": dict(sorted(run.versions.items())),
    }


def _details(entry: Entry, episodes: Sequence[Episode], run: Measurement) -> Document:
    times = [e.time if e.success else None for e in episodes]
    attempts = [e.attempt if e.success else None for e in episodes]
    limits = [entry.horizon * i / (CURVE - 1) for i in range(CURVE)]
    codes = Counter(e.failure for e in episodes if not e.success)
    first = {e.failure: e.index for e in sorted(episodes, key=lambda e: -e.index) if not e.success}
    return {
        "entry": entry.name,
        "success": _rate(_pooled(episodes)),
        "reached": [sum(e.stages > i for e in episodes) for i in range(len(entry.stages))],
        "failures": [
            {"code": c, "count": n, "episode": first[c]} for c, n in sorted(codes.items(), key=lambda x: (-x[1], x[0]))
        ],
        "ours_at": [{"k": k, "success": _rate(ours_at_k(attempts, k))} for k in range(1, entry.attempts + 1)],
        "time_of_successes_s": _round(mean_time(times)),
        "restricted_time_s": _round(restricted_mean_time(times, [entry.horizon] * len(times))),
        "curve": [_round(v) for v in cumulative_success(times, limits)],
        "pad_force": _peaks([e.pad_force for e in episodes]),
        "hand_force": _peaks([e.hand_force for e in episodes]),
        "exemplars": [{"kind": k, "episode": i} for k, i in exemplars(run, entry.name).items()],
    }


def _peaks(values: Sequence[float | None]) -> Document:
    """Return how the episodes' largest forces [N] are spread; nulls where none was measured."""
    peaks = sorted(v for v in values if v is not None)
    return {
        "episodes": len(peaks),
        "median_n": _round(median(peaks)) if peaks else None,
        "p95_n": _round(_quantile(peaks, 0.95)) if peaks else None,
        "max_n": _round(peaks[-1]) if peaks else None,
    }


def _by(episodes: Sequence[Episode], what: str) -> list[tuple[str, list[Episode]]]:
    names = sorted({getattr(e, what) for e in episodes})
    return [(name, [e for e in episodes if getattr(e, what) == name]) for name in names]


def _pooled(episodes: Sequence[Episode]) -> Rate:
    return weighted([rate_of([e.success]) for e in episodes])


def _value(rate: Rate) -> float:
    return -1.0 if rate.value is None else rate.value


def _quantile(ordered: Sequence[float], q: float) -> float:
    """Return the smallest value that at least a share q of `ordered` does not exceed."""
    return ordered[max(0, math.ceil(q * len(ordered)) - 1)]


def _round(value: float | None) -> float | None:
    """Return `value` with six decimals: below what is measured, and the same text on every machine."""
    return None if value is None else round(value, 6)


def _rate(rate: Rate) -> Document:
    lower, upper = rate.interval
    return {
        "successes": rate.successes,
        "trials": rate.trials,
        "rate": _round(rate.value),
        "lower": _round(lower),
        "upper": _round(upper),
    }


def _comparison(pair: Comparison) -> Document:
    return {
        "first": pair.first,
        "second": pair.second,
        "shared": pair.shared,
        "only_first": pair.only_first,
        "only_second": pair.only_second,
        "difference": _round(pair.difference),
        "lower": _round(pair.interval[0]),
        "upper": _round(pair.interval[1]),
        "p": _round(pair.p_value),
        "p_corrected": _round(pair.corrected),
        "differs": pair.differs,
    }

"""A run as the statistics need it: no actions, no states, nothing of the machine's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from dexbench.core.errors import DataError


@dataclass(frozen=True)
class Entry:
    """One line of a suite: a task on an embodiment."""

    name: str
    task: str
    """Task name with its version."""
    embodiment: str
    stages: tuple[str, ...]
    """Names of the stages, in order."""
    horizon: float
    """Time limit of an episode [s]."""
    official: str
    """Which success counts: "success_once" or "success_at_end"."""
    episodes: int
    """Rows that the suite's table has for it."""
    attempts: int = 1
    """Attempts that an episode allows."""


@dataclass(frozen=True)
class Episode:
    """What came of one trial."""

    index: int
    """Row in the suite's table."""
    entry: str
    split: str
    family: str
    """Family of the object that the trial is about."""
    trial: str
    """Digest of the trial: equal digests are the same trial, and pair two agents' episodes."""
    success: bool
    """The official success."""
    attempt: int | None
    """Number of the attempt that succeeded, from 1; None for a failure."""
    time: float | None
    """Time at which the last stage was completed [s]; None for a failure."""
    stages: int
    """Stages completed."""
    failure: str
    """Failure code; "none" after a success."""
    pad_force: float | None = None
    """Largest net force on a touch pad, over pads and time [N]; None without touch."""
    hand_force: float | None = None
    """Largest net force of a hand on the target [N]; None where it is not measured."""


@dataclass(frozen=True)
class Measurement:
    """One agent on one suite."""

    agent: str
    version: str
    suite: str
    protocol: str
    """Only what shares suite, protocol and table is compared."""
    table: str
    """Hash of the suite's frozen episode table."""
    entries: tuple[Entry, ...]
    episodes: tuple[Episode, ...]
    command: str
    """The exact command that made the run."""
    folder: str
    """Run folder as the reader should name it, for `verify`."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings that the agent was made with."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """What decides a measurement besides the suite, for example {"mujoco": "4.0.0"}."""
    doc: str = ""
    """What the agent is, in a line."""
    control: bool = False
    """Whether it is a control: something that should fail, shown but not ranked."""

    @property
    def expected(self) -> int:
        """Episodes that a complete run has."""
        return sum(e.episodes for e in self.entries)

    @property
    def complete(self) -> bool:
        """Whether every episode of the table is there, once."""
        return len({e.index for e in self.episodes}) == len(self.episodes) == self.expected

    def of(self, entry: str) -> list[Episode]:
        """Return the episodes of `entry`, in the table's order."""
        return sorted((e for e in self.episodes if e.entry == entry), key=lambda e: e.index)


class Recorded(Protocol):
    """What is needed of a run that has been read from its folder."""

    @property
    def info(self) -> dict[str, Any]:
        """Content of run.json."""

    @property
    def episodes(self) -> list[dict[str, Any]]:
        """Lines of episodes.jsonl in the table's order."""


def measure(
    run: Recorded,
    folder: str,
    family: Callable[[str], str] | None = None,
    constants: Mapping[str, Any] | None = None,
) -> Measurement:
    """Return `run` as a measurement; raise DataError where it lacks something.

    Args:
      run: what `rows.load_run` returned.
      folder: the run folder as the reader should name it.
      family: {instance of the catalogue: family}; default: the instance's name without its number.
      constants: the agent's module constants (`core.shelf.constants`): CONTROL and "doc" are used. A run of an agent
        that is not installed here has none, and is no control.
    """
    info, known = run.info, constants or {}
    try:
        cells = info["cells"]
        entries = tuple(_entry(row, cells[f"{row['task']}/{row['embodiment']}"]) for row in info["entries"])
        # Where an agent does not fit a cell, its declaration there has no version.
        specs = [cell["agent"] for cell in cells.values()]
        return Measurement(
            agent=str(info["agent"]),
            version=", ".join(sorted({str(spec["version"]) for spec in specs} - {""})),
            suite=str(info["suite"]),
            protocol=str(info["protocol"]),
            table=str(info["table"]),
            entries=entries,
            episodes=tuple(_episode(row, family or _without_number) for row in run.episodes),
            command=str(info["command"]),
            folder=folder,
            settings=dict(info["settings"]),
            versions={str(k): str(v) for k, v in info["versions"].items()} | {"machine": str(info["machine"])},
            doc=str(known.get("doc", "")),
            control=known.get("CONTROL") is True,
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise DataError(f"{folder}: the run does not fit: {type(error).__name__} {error}") from error


def _entry(row: Mapping[str, Any], cell: Mapping[str, Any]) -> Entry:
    return Entry(
        name=str(row["name"]),
        task=str(row["task"]),
        embodiment=str(row["embodiment"]),
        stages=tuple(str(s) for s in cell["stages"]),
        horizon=float(cell["horizon"]),
        official=str(cell["official"]),
        episodes=sum(int(n) for n in row["splits"].values()),
        attempts=int(row.get("attempts", 1)),
    )


def _episode(row: Mapping[str, Any], family: Callable[[str], str]) -> Episode:
    success, steps, trial = row["success"] is True, row["stage_steps"], row["trial"]
    # A task whose last stage has no time of its own: the episode's end is the latest it can have been.
    last = row["steps"] if not steps or steps[-1] is None else steps[-1]
    pads: Sequence[float] = list(row["touch_peaks"].values())
    hand = row["hand_force_peak"]
    return Episode(
        index=int(row["index"]),
        entry=str(row["entry"]),
        split=str(trial["split"]),
        family=_family(trial, family),
        trial=str(row["trial_digest"]),
        success=success,
        attempt=int(row["success_attempt"]) if success and row["success_attempt"] is not None else None,
        time=float(last) / float(row["rate_hz"]) if success else None,
        stages=int(row["stage"]),
        failure=str(row["failure"]),
        pad_force=float(max(pads)) if pads else None,
        hand_force=None if hand is None else float(hand),
    )


def _family(trial: Mapping[str, Any], family: Callable[[str], str]) -> str:
    """Return the family of the object that a trial is about; for furniture and tools, what of them stands there."""
    placed = trial["objects"][trial["target"]] if trial["target"] < len(trial["objects"]) else {"instance": ""}
    if placed["instance"]:
        return family(str(placed["instance"]))
    return ", ".join(str(setting["name"]) for setting in trial.get("articulated", ())) or "none"


def _without_number(instance: str) -> str:
    return instance.rstrip("0123456789").rstrip("_-") or instance

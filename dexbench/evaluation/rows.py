"""Reads a run folder: what was asked, and what came of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .journal import EPISODES, origin, read_info
from .record import BLOBS, Row, read_rows


@dataclass(frozen=True)
class Run:
    """A run folder's content."""

    folder: Path
    info: dict[str, Any]
    """run.json."""
    episodes: list[Row]
    """In the order of the suite's table."""
    total: int
    """Rows of the suite's table."""

    @property
    def complete(self) -> bool:
        """Whether every episode of the suite has been run."""
        return len(self.episodes) == self.total


def load_run(folder: str | Path, *, blobs: bool = False) -> Run:
    """Return the run in a folder. A last line that was cut off by a killed process is left out.

    Args:
      folder: of the run.
      blobs: keep states, actions and hashes, which only re-simulation needs.

    Raises:
      RunError: there is no run.
      DataError: run.json or a row does not fit, or was edited; names file and line.
    """
    folder = Path(folder)
    info = read_info(folder)
    path = folder / EPISODES
    rows: list[Row] = []
    if path.exists():
        for row in read_rows(path, origin(info)):
            rows.append(row if blobs else {k: v for k, v in row.items() if k not in BLOBS})
    return Run(folder, info, rows, info["episodes"])

"""A progress bar that says how it goes: share of successes, episodes a second, time left."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Bar:
    """Counts episodes; writes to standard error, and nothing if not `shown`.

    Args:
      title: what is counted.
      total: how many there are.
      done: how many were there before.
      shown: whether it is drawn.
    """

    def __init__(self, title: str, total: int, done: int = 0, *, shown: bool) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not shown,
        )
        self._new = 0
        self._task = self._progress.add_task(title, total=total, completed=done, note="")

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def step(self, note: str = "") -> None:
        """One more; `note` stands beside the bar."""
        self._new += 1
        elapsed = self._progress.tasks[0].elapsed or 0.0
        rate = f"{self._new / elapsed:.2g}/s" if elapsed > 0 else ""
        self._progress.update(self._task, advance=1, note=f"{note} {rate}".strip())

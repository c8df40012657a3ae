"""What verification finds, and how it is said."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .statistics import overlooked


@dataclass(frozen=True)
class Finding:
    """Something that does not hold."""

    row: int | None
    """Index in the suite's table; None if it concerns the run as a whole."""
    kind: str
    """One word: "edited", "missing", "repeated", "order", "trial", "initial", "state", "outcome", ..."""
    text: str
    warning: bool = False
    """Whether the run may hold nevertheless."""


@dataclass
class Report:
    """What verification found."""

    folder: Path
    total: int
    """Rows of the suite's table."""
    findings: list[Finding] = field(default_factory=list)
    held: list[int] = field(default_factory=list)
    """Indices of the rows that hold in every respect."""
    drawn: int | None = None
    """How many rows were to be re-simulated; None is all of them."""

    @property
    def ok(self) -> bool:
        """Whether the run is whole and every row that was to be re-simulated holds."""
        asked = self.total if self.drawn is None else self.drawn
        return len(self.held) == asked and all(f.warning for f in self.findings)

    def text(self) -> str:
        """Return the findings as lines, bad rows by name."""
        said = [
            f"{'warning' if f.warning else 'BAD'}: {'the run' if f.row is None else f'row {f.row}'}: {f.kind}: {f.text}"
            for f in sorted(self.findings, key=lambda f: (f.row is not None, f.row or 0, f.warning))
        ]
        return "\n".join([*said, f"{'verified' if self.ok else 'NOT verified'}: {self._counted()}"])

    def _counted(self) -> str:
        if self.drawn is None:
            return f"{len(self.held)} of {self.total} rows hold"
        hold = f"{len(self.held)} of {self.drawn} rows drawn from {self.total} hold"
        if not self.ok:
            return hold
        unseen = overlooked(self.total, self.drawn)
        return f"{hold}; more than {unseen} bad rows would have been found out with 95 % certainty"


def shown(value: Any) -> str:
    """Return a value short enough for a sentence."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

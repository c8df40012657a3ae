"""Every error that DexBench raises on purpose.

DexBenchError
├── UnknownName      a task, agent, embodiment, suite ... that does not exist; says what does
├── DataError        a file or a value from outside that does not fit; names file and field
├── ContractError    agent and world disagree (units, order, rate, shapes); raised before step 0
├── ActionError      an action of the wrong shape or type
├── RunError         a run folder that is busy, truncated or of another evaluation
├── SafetyError      a driver or the safety filter stopped the motion
└── MissingExtra     a package or system library that is not installed; says what to install
"""

import difflib
from collections.abc import Iterable


class DexBenchError(Exception):
    """Base of all errors raised on purpose."""


class UnknownName(DexBenchError):
    """A name that is not on a shelf.

    Args:
      kind: what was looked up, for example "task".
      name: what was asked for.
      known: what exists.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        near = difflib.get_close_matches(str(name), self.known, n=3, cutoff=0.4)
        hint = f"; did you mean {' or '.join(repr(n) for n in near)}?" if near else "."
        shown = ", ".join(self.known) or "none"
        super().__init__(f"unknown {kind} {name!r}{hint} Known: {shown}.")


class DataError(DexBenchError):
    """Data from outside that does not fit its schema."""

    trail: tuple[str | int, ...] = ()
    """Keys and indices from a document's top to the field that does not fit, where it stands in one."""


class ContractError(DexBenchError):
    """Agent and world declare different things."""


class ActionError(DexBenchError):
    """An action with the wrong shape or type."""


class RunError(DexBenchError):
    """A run folder that cannot be used as asked."""


class SafetyError(DexBenchError):
    """Motion was stopped."""


class MissingExtra(DexBenchError):
    """Something optional is needed and not installed.

    Args:
      what: what is missing.
      purpose: what it is needed for.
      mend: the exact command that installs it.
    """

    def __init__(self, what: str, purpose: str, mend: str) -> None:
        super().__init__(f"{what} is needed for {purpose} and is not installed. Install it with: {mend}")

"""What a reader of another project's files found."""

from collections.abc import Iterator
from dataclasses import dataclass

from dexbench.core.trial import Trial

from .lerobot_episode import Episode
from .lerobot_layout import Column


@dataclass(frozen=True)
class Foreign:
    """What a reader found."""

    layout: str
    """Its name, for example "realdex"."""
    columns: tuple[Column, ...]
    episodes: Iterator[Episode]
    """Read one at a time."""
    notes: tuple[str, ...]
    """On what is missing, and what is not known."""


def nowhere(layout: str, index: int, instruction: str) -> Trial:
    """Return what stands in a trial's place: nothing that could be set up."""
    return Trial(layout, "unknown", index, instruction, 0, ())

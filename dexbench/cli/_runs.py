"""Where runs lie, and what the words of a command line mean for them."""

import os
from pathlib import Path
from typing import Any

import yaml

from dexbench.core.errors import DataError, RunError

MARK = "run.json"
"""The file that makes a folder a run."""


def find_runs(place: Path) -> list[Path]:
    """Return the run folders at or below `place`, sorted; raise RunError if there is none."""
    if not place.exists():
        raise RunError(
            f"{place} does not exist; `dexbench eval --agent scripted --suite quick` makes runs/quick/scripted"
        )
    found = sorted(p.parent for p in place.rglob(MARK)) if place.is_dir() else []
    if not found:
        raise RunError(f"{place} holds no run (a folder with {MARK})")
    return found


def parse_settings(pairs: list[str]) -> dict[str, Any]:
    """Return {"rate": 0.1} for ["rate=0.1"]; values are read as YAML, but only true and false are truth values."""
    settings: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise DataError(f"{pair!r} is no setting; write NAME=VALUE")
        try:
            read = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise DataError(f"setting {name}: {value!r} cannot be read") from error
        words = isinstance(read, bool) and value.strip().lower() not in ("true", "false")  # YAML: "off" is false
        settings[name] = value.strip() if words else read
    return settings


def cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0))

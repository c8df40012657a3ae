"""A hand's document as YAML text that people read: comments, blocks, one row a line."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

WIDTH = 118

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # four times as fast, where PyYAML was built with it


def hand_text(document: Mapping[str, Any], notes: Iterable[str], head: Iterable[str]) -> str:
    """Return the file's text.

    Args:
      document: the blocks in order; lists of rows become one line a row.
      notes: what the importer did that a reader should know.
      head: the first lines.
    """
    lines = [f"# {line}" for line in (*head, *notes)]
    for key, value in document.items():
        if isinstance(value, Mapping):
            lines += ["", f"{key}:"]
            for name, entry in value.items():
                lines += _entry(name, entry, "  ")
        else:
            lines += _entry(key, value, "")
    return "\n".join(lines) + "\n"


def _entry(name: str, value: Any, indent: str) -> list[str]:
    """Return a field's lines."""
    if isinstance(value, list) and value and isinstance(value[0], Mapping | list):
        return [f"{indent}{name}:", *(line for row in value for line in _row(row, indent))]
    first, *rest = _flow(value, indent).split("\n")
    return [f"{indent}{name}: {first}", *rest]


def _row(row: Any, indent: str) -> list[str]:
    return f"{indent}- {_flow(row, indent)}".split("\n")


def _flow(value: Any, indent: str) -> str:
    text: str = yaml.dump(
        value, Dumper=_DUMPER, default_flow_style=True, sort_keys=False, width=WIDTH - 8, allow_unicode=True
    )
    lines = text.removesuffix("...\n").strip().split("\n")
    return f"\n{indent}    ".join(line.strip() for line in lines)

"""A YAML document read field by field: every complaint names the file and the field."""

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from dexbench.core.errors import DataError

LARGEST = 1_000_000
"""Largest document read [bytes]; ours are below 60 kB, so more is a mistake or an attack."""

_REQUIRED: Any = object()

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # seven times as fast, where PyYAML was built with it


class Node:
    """A value in a document, and where it stands."""

    def __init__(self, value: Any, where: str, file: str, text: bytes = b"", trail: tuple[str | int, ...] = ()) -> None:
        """Hold a value.

        Args:
          value: what was read.
          where: the field's name, for people.
          file: the file's name, for people.
          text: the whole file, in which an error looks up its line; empty if there is none.
          trail: keys and indices from the document's top to this value.
        """
        self.value = value
        self.where = where
        self.file = file
        self._text = text
        self._trail = trail

    def error(self, problem: str) -> DataError:
        """Return the error that says what is wrong with this field, and in which line."""
        line = _line(self._text, self._trail)
        error = DataError(f"{self.file}{f':{line}' if line else ''}: {self.where or 'document'}: {problem}")
        error.trail = self._trail
        return error

    def mapping(self) -> dict[str, "Node"]:
        """Return the fields of a mapping by name."""
        if not isinstance(self.value, Mapping):
            raise self.error(f"a mapping is expected, not {_shown(self.value)}")
        prefix = f"{self.where}." if self.where else ""
        return {str(k): self._child(v, f"{prefix}{k}", str(k)) for k, v in self.value.items()}

    def _child(self, value: Any, where: str, key: str | int) -> "Node":
        return Node(value, where, self.file, self._text, (*self._trail, key))

    def has(self, key: str) -> bool:
        """Return whether this mapping has `key`."""
        return key in self.mapping()

    def __getitem__(self, key: str) -> "Node":
        fields = self.mapping()
        if key not in fields:
            raise self.error(f"field {key!r} is missing (present: {', '.join(fields) or 'none'})")
        return fields[key]

    def items(self) -> Iterator["Node"]:
        """Yield the entries of a list; an entry with a name is called by it."""
        if not isinstance(self.value, list):
            raise self.error(f"a list is expected, not {_shown(self.value)}")
        for i, entry in enumerate(self.value):
            name = next((entry[k] for k in ("name", "link") if k in entry), i) if isinstance(entry, Mapping) else i
            yield self._child(entry, f"{self.where}[{name}]", i)

    def text(self, key: str, default: str = _REQUIRED) -> str:
        """Return field `key`, a text."""
        if default is not _REQUIRED and not self.has(key):
            return default
        node = self[key]
        if not isinstance(node.value, str) or not node.value:
            raise node.error(f"a text is expected, not {_shown(node.value)}")
        return node.value

    def one_of(self, key: str, known: Iterable[str]) -> str:
        """Return field `key`, one of the texts `known`."""
        value, known = self.text(key), list(known)
        if value not in known:
            raise self[key].error(f"{value!r} is not known; known: {', '.join(known) or 'none'}")
        return value

    def number(self, key: str, default: float = _REQUIRED) -> float:
        """Return field `key`, a finite number."""
        if default is not _REQUIRED and not self.has(key):
            return default
        return self[key]._number()

    def count(self, key: str) -> int:
        """Return field `key`, a whole number of at least one."""
        node = self[key]
        if isinstance(node.value, bool) or not isinstance(node.value, int) or node.value < 1:
            raise node.error(f"a whole number of at least 1 is expected, not {_shown(node.value)}")
        return node.value

    def vector(self, key: str, size: int | None = None, default: tuple[float, ...] = _REQUIRED) -> tuple[float, ...]:
        """Return field `key`, a list of `size` finite numbers (of any length where `size` is None)."""
        if default is not _REQUIRED and not self.has(key):
            return default
        return self[key].numbers(size)

    def interval(self, key: str) -> tuple[float, float]:
        """Return field `key`, [lower, upper] with lower below upper."""
        lower, upper = self.vector(key, 2)
        if lower >= upper:
            raise self[key].error(f"the lower end {lower} is not below the upper end {upper}")
        return lower, upper

    def names(self, key: str, default: tuple[str, ...] = _REQUIRED) -> tuple[str, ...]:
        """Return field `key`, a list of texts."""
        if default is not _REQUIRED and not self.has(key):
            return default
        return self[key].texts()

    def numbers(self, size: int | None = None) -> tuple[float, ...]:
        """Return this list of `size` finite numbers (of any length where `size` is None)."""
        found = tuple(entry._number() for entry in self.items())
        if size is not None and len(found) != size:
            raise self.error(f"{size} numbers are expected, not {len(found)}")
        return found

    def texts(self) -> tuple[str, ...]:
        """Return this list of texts."""
        entries = list(self.items())
        for entry in entries:
            if not isinstance(entry.value, str):
                raise entry.error(f"a text is expected, not {_shown(entry.value)}")
        return tuple(entry.value for entry in entries)

    def _number(self) -> float:
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or not math.isfinite(self.value):
            raise self.error(f"a finite number is expected, not {_shown(self.value)}")
        return float(self.value)


def read_document(path: Path) -> Node:
    """Return the mapping in the YAML file at `path`.

    Raises:
      DataError: the file is missing, too large, no valid YAML or no mapping.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise DataError(f"{path.name}: cannot be read ({error.strerror}): {path}") from error
    if len(content) > LARGEST:
        raise DataError(f"{path.name}: larger than {LARGEST} bytes; no robot description is")
    try:
        value = yaml.load(content, _LOADER)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name}: no valid YAML: {error}") from error
    node = Node(value, "", f"{path.parent.name}/{path.name}", content)
    node.mapping()
    return node


def _line(text: bytes, trail: tuple[str | int, ...]) -> int:
    """Return the line of a value in YAML text, from 1; 0 where there is no text. Only errors pay for this."""
    if not text:
        return 0
    node = yaml.compose(text, _LOADER)
    for key in trail:
        if isinstance(node, yaml.MappingNode):
            node = next((v for k, v in node.value if str(k.value) == str(key)), node)
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
    return int(node.start_mark.line) + 1 if node is not None else 0


def _shown(value: Any) -> str:
    """Return `value` short enough for an error."""
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:37]}..."

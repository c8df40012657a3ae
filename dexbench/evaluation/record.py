"""One line of JSON an episode: sealed with its own digest, and with the digest of the line before it.

Digests show accidents and careless edits without a simulation. Who edits with care can seal anew: what proves a score
is re-simulation (`verification`).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from dexbench.core.errors import DataError

Row = dict[str, Any]
"""An episode as plain data; see `recorder` for its fields."""

LINE_BYTES = 64 * 2**20
"""Longest line that is read."""

BLOBS = ("initial", "actions", "hashes")
"""Fields that only re-simulation needs."""

_TYPES: Mapping[str, tuple[type, ...]] = {
    "index": (int,),
    "previous": (str,),
    "entry": (str,),
    "embodiment": (str,),
    "trial": (dict,),
    "trial_digest": (str,),
    "agent": (str,),
    "steps": (int,),
    "rate_hz": (float,),
    "truncated": (bool,),
    "success": (bool,),
    "success_once": (bool,),
    "success_at_end": (bool,),
    "stage": (int,),
    "stages": (list,),
    "stage_steps": (list,),
    "attempts": (int,),
    "success_attempt": (int, type(None)),
    "failure": (str,),
    "error": (str,),
    "rejected": (int, type(None)),
    "clamped": (int, type(None)),
    "touch_peaks": (dict,),
    "hand_force_peak": (float, type(None)),
    "hash_every": (int,),
    "hashes": (list,),
    "initial": (dict, type(None)),
    "actions": (dict,),
}


def digest_of(content: Mapping[str, Any]) -> str:
    """Return a SHA-256 of plain data in the order of its keys, as 16 hex digits."""
    return hashlib.sha256(_text(content).encode()).hexdigest()[:16]


def seal(row: Row, previous: str) -> tuple[bytes, str]:
    """Return the line for `row` after the line with digest `previous`, and its own digest."""
    linked = {"index": row["index"], "previous": previous, **row}
    linked["previous"] = previous
    linked.pop("digest", None)
    digest = digest_of(linked)
    return f"{_text({**linked, 'digest': digest})}\n".encode(), digest


def parse(line: bytes) -> Row:
    """Return the row in a line; raise DataError if it is none. Says nothing of digests: see `intact`."""
    try:
        row = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise DataError(f"is no JSON: {error}") from error
    if not isinstance(row, dict):
        raise DataError("is no record of an episode")
    for name, types in _TYPES.items():
        if name not in row:
            raise DataError(f"lacks the field {name!r}")
        if type(row[name]) not in types:
            raise DataError(f"field {name!r} is {type(row[name]).__name__}, expected {types[0].__name__}")
    return row


def intact(row: Row, line: bytes) -> bool:
    """Return whether the row's digest is that of its line, byte for byte."""
    content = dict(row)
    digest = content.pop("digest", None)
    return digest == digest_of(content) and line.rstrip(b"\n") == _text(row).encode()


def lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file with their ends; the last lacks its end if it was cut off."""
    with path.open("rb") as file:
        while line := file.readline(LINE_BYTES + 1):
            if len(line) > LINE_BYTES:
                raise DataError(f"{path}: a line is longer than {LINE_BYTES // 2**20} MB")
            yield line


def read_rows(path: Path, origin: str) -> Iterator[Row]:
    """Yield the rows of a file, strictly; a last line that was cut off by the end of a process is left out.

    Args:
      path: of the file.
      origin: what the first row's "previous" must be.

    Raises:
      DataError: a line that is no record, was edited, or is not in its place; names file and line.
    """
    previous = origin
    for number, line in enumerate(lines(path)):
        if not line.endswith(b"\n"):
            return
        where = f"{path}, line {number + 1}"
        try:
            row = parse(line)
        except DataError as error:
            raise DataError(f"{where}: {error}") from error
        if not intact(row, line):
            raise DataError(f"{where}: was edited or damaged after it was written (its digest does not hold)")
        if row["index"] != number or row["previous"] != previous:
            raise DataError(f"{where}: holds row {row['index']}, which does not follow the line before it")
        previous = row["digest"]
        yield row


def cut_line(file: BinaryIO) -> int:
    """Return how many bytes stand behind the last complete line of `file`."""
    size = end = file.seek(0, 2)
    while end:
        start = max(0, end - 65536)
        file.seek(start)
        at = file.read(end - start).rfind(b"\n")
        if at >= 0:
            return size - (start + at + 1)
        end = start
    return size


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, separators=(",", ":"), allow_nan=False)


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no number")

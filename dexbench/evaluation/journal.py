"""A run folder that is being written: one process at a time, row after row, nothing lost when it is killed.

run.json         what was asked: suite, table, agent, versions, command; written once, whole or not at all
episodes.jsonl   one row an episode, in the order of the suite's table; see `recorder`
machine.jsonl    what belongs to the machine and differs from run to run: timing, host
.lock            held while a process writes
"""

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from dexbench.core.errors import DataError, RunError

from .record import Row, cut_line, digest_of, read_rows, seal

RUN = "run.json"
EPISODES = "episodes.jsonl"
MACHINE = "machine.jsonl"
LOCK = ".lock"

FORMAT = 1
"""Of the folder; raised when old readers would misunderstand it."""
_RUN_BYTES = 4 * 2**20
_FREE = ("command",)
"""What two processes that write one run may differ in: the number of jobs changes no row."""


def read_info(folder: Path) -> dict[str, Any]:
    """Return run.json.

    Raises:
      RunError: there is no run in the folder.
      DataError: the file does not fit.
    """
    path = folder / RUN
    try:
        with path.open("rb") as file:
            content = file.read(_RUN_BYTES + 1)
    except OSError as error:
        raise RunError(f"{folder}: there is no run here ({RUN}: {error.strerror})") from error
    try:
        info = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: is no JSON: {error}") from error
    if not isinstance(info, dict) or len(content) > _RUN_BYTES:
        raise DataError(f"{path}: is no description of a run")
    if info.get("format") != FORMAT:
        raise DataError(f"{path}: field 'format' is {info.get('format')!r}, this version reads {FORMAT}")
    for field, kind in (("suite", str), ("protocol", int), ("table", str), ("episodes", int), ("agent", str)):
        if type(info.get(field)) is not kind:
            raise DataError(f"{path}: field {field!r} is missing or no {kind.__name__}")
    for field in ("cells", "versions", "settings"):
        if not isinstance(info.get(field), dict):
            raise DataError(f"{path}: field {field!r} is missing or no mapping")
    return info


def origin(info: Mapping[str, Any]) -> str:
    """Return what the first row's "previous" is: it ties the rows to their run.json."""
    return digest_of({k: info[k] for k in sorted(info) if k not in _FREE})


class Journal:
    """Writes a run folder; a context manager that holds its lock.

    Raises (on entering):
      RunError: another process writes here, or the rows there are damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.info: dict[str, Any] | None = None
        """run.json; None before `open_run`."""
        self.rows: list[Row] = []
        """Of earlier processes, without blobs."""
        self._previous = ""
        self._lock = self._episodes = self._machine = -1

    def __enter__(self) -> "Journal":
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pid = os.read(self._lock, 32).decode(errors="replace").strip() or "unknown"
                raise RunError(
                    f"{self.folder}: process {pid} is writing this run. Wait for it, or give another folder"
                ) from None
            with suppress(OSError):  # on a full disk the lock holds all the same, it only cannot say whose it is
                os.ftruncate(self._lock, 0)
                os.write(self._lock, f"{os.getpid()}\n".encode())
            if (self.folder / RUN).exists():
                self.info = read_info(self.folder)
                self._resume(self.info)
            elif (self.folder / EPISODES).exists():
                raise RunError(f"{self.folder}: has rows and no {RUN}, so nobody knows what they are. Move it away")
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def compare(self, asked: Mapping[str, Any]) -> None:
        """Raise RunError if this folder holds a run of something else; fields of `asked` may be left out."""
        if self.info is None:
            return
        found = [d for k in asked if k not in _FREE for d in _differences(k, self.info.get(k), asked[k])]
        if found:
            shown = "\n- ".join(found[:8])
            raise RunError(
                f"{self.folder}: holds another run, which cannot be continued as this one:\n- {shown}\n"
                f"Give another folder, or move this one away"
            )

    def open_run(self, info: dict[str, Any]) -> None:
        """Begin a run, or go on with it if it is the same."""
        if self.info is None:
            self._write_info(info)
            self.info = info
            self._previous = origin(info)
        else:
            self.compare(info)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._episodes = os.open(self.folder / EPISODES, flags, 0o644)
        self._machine = os.open(self.folder / MACHINE, flags, 0o644)
        directory = os.open(self.folder, os.O_RDONLY)  # the new names must outlive a loss of power, too
        os.fsync(directory)
        os.close(directory)

    def append(self, row: Row) -> None:
        """Write the next row, and have it on the disk before returning.

        Raises:
          RunError: the disk is full or fails; the rows before stay whole.
        """
        line, digest = seal(row, self._previous)
        size = os.fstat(self._episodes).st_size
        try:
            _write(self._episodes, line)
            os.fsync(self._episodes)
        except OSError as error:
            os.ftruncate(self._episodes, size)  # shrinking needs no space
            raise self._stopped(EPISODES, error) from error
        self._previous = digest

    def note(self, facts: Mapping[str, Any]) -> None:
        """Write a line about the machine."""
        try:
            _write(self._machine, f"{json.dumps(facts)}\n".encode())
        except OSError as error:
            raise self._stopped(MACHINE, error) from error

    def _stopped(self, name: str, error: OSError) -> RunError:
        return RunError(
            f"{self.folder / name}: cannot be written: {error.strerror or error}. The rows before are kept; "
            f"mend that (free some space) and run the same command again to go on"
        )

    def _resume(self, info: Mapping[str, Any]) -> None:
        """Cut off half-written lines and read the rows before them."""
        self._previous = origin(info)
        for name in (EPISODES, MACHINE):
            if (self.folder / name).exists():
                with (self.folder / name).open("r+b") as file:
                    if rest := cut_line(file):
                        file.truncate(file.seek(0, 2) - rest)
        path = self.folder / EPISODES
        if not path.exists():
            return
        try:
            for row in read_rows(path, self._previous):
                self._previous = row["digest"]
                self.rows.append({k: row[k] for k in ("index", "success", "digest")})
        except DataError as error:
            raise RunError(
                f"{error}. This run cannot be continued; see what happened with `dexbench verify {self.folder}`, "
                f"and move it away to begin again"
            ) from error

    def _write_info(self, info: Mapping[str, Any]) -> None:
        path, beside = self.folder / RUN, self.folder / f".{RUN}.new"
        try:
            with beside.open("wb") as file:
                file.write(f"{json.dumps(info, indent=1)}\n".encode())
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except OSError as error:
            raise self._stopped(RUN, error) from error

    def _close(self) -> None:
        for descriptor in (self._episodes, self._machine, self._lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._lock = self._episodes = self._machine = -1


def _write(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _differences(where: str, old: Any, new: Any) -> list[str]:
    """Return a sentence for each point on which plain data differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [d for k in {**old, **new} for d in _differences(f"{where}.{k}", old.get(k), new.get(k))]
    return [] if old == new else [f"{where}: the folder has {_shown(old)}, asked is {_shown(new)}"]


def _shown(value: Any) -> str:
    text = "nothing" if value is None else json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."

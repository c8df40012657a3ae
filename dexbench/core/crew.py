"""Worker processes that end whenever their parent does, however that happens."""

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any

from dexbench.core import errors
from dexbench.core.errors import DexBenchError, RunError

Work = Callable[[Any], Iterator[Any]]
"""What a worker does with a job: it yields results. It must pickle, and keeps what it builds."""

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Numerical libraries share work out by thread count, and then round differently: workers have one thread each."""


@dataclass
class _Worker:
    process: SpawnProcess
    pipe: Connection
    busy: bool = False


class Crew:
    """Runs jobs in worker processes; with none, in this process.

    Args:
      work: what is done with a job.
      workers: number of processes.
    """

    def __init__(self, work: Work, workers: int) -> None:
        self._work = work
        self._size = workers
        self._workers: list[_Worker] = []

    def __enter__(self) -> "Crew":
        context = multiprocessing.get_context("spawn")
        try:
            with _inherited():
                for _ in range(self._size):
                    ours, theirs = context.Pipe()
                    process = context.Process(target=_serve, args=(theirs, self._work))
                    process.start()
                    theirs.close()  # so that the pipe ends when the worker does
                    self._workers.append(_Worker(process, ours))
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def run(self, jobs: Iterable[Any]) -> Iterator[Any]:
        """Yield the results of all jobs, in the order in which they come.

        Raises:
          DexBenchError: what a worker raised; RunError if a worker died.
        """
        if not self._workers:
            for job in jobs:
                yield from self._work(job)
            return
        queue = iter(jobs)
        idle = [w for w in self._workers if not w.busy]
        while True:
            for worker, job in zip(list(idle), queue, strict=False):
                self._send(worker, job)
                idle.remove(worker)
            busy = {w.pipe: w for w in self._workers if w.busy}
            if not busy:
                return
            for ready in wait(list(busy)):
                worker = busy[ready]  # type: ignore[index]
                kind, content = self._receive(worker)
                if kind == "result":
                    yield content
                elif kind == "done":
                    worker.busy = False
                    idle.append(worker)
                else:
                    raise _rebuilt(*content)

    def _send(self, worker: _Worker, job: Any) -> None:
        try:
            worker.pipe.send(job)
        except OSError:
            raise self._died(worker) from None
        worker.busy = True

    def _receive(self, worker: _Worker) -> tuple[str, Any]:
        try:
            message: tuple[str, Any] = worker.pipe.recv()
        except (EOFError, OSError):
            raise self._died(worker) from None
        return message

    def _died(self, worker: _Worker) -> RunError:
        worker.process.join(5.0)
        code = worker.process.exitcode
        how = signal.Signals(-code).name if code is not None and code < 0 else f"exit status {code}"
        hint = " (often the system had no memory left: take fewer jobs or a smaller batch)" if how == "SIGKILL" else ""
        return RunError(f"worker process {worker.process.pid} died with {how}{hint}")

    def _end(self) -> None:
        for worker in self._workers:
            worker.pipe.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join(2.0)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self._workers = []


def _rebuilt(name: str, text: str) -> DexBenchError:
    """Return a worker's error. Only its text comes over: some kinds take more than that to make, and do not pickle."""
    kind: type[DexBenchError] = getattr(errors, name, DexBenchError)
    error = kind.__new__(kind)
    Exception.__init__(error, text)
    return error


@contextmanager
def _inherited() -> Iterator[None]:
    """Start processes with one thread for numerical libraries and deaf to Ctrl-C, which is the parent's to hear."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    main = threading.current_thread() is threading.main_thread()
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        if main:
            signal.signal(signal.SIGINT, heard)


def _serve(pipe: Connection, work: Work) -> None:
    """Do jobs until the pipe ends. Runs in the worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()
    while True:
        try:
            job = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            for result in work(job):
                pipe.send(("result", result))
            pipe.send(("done", None))
        except BrokenPipeError:
            return
        except DexBenchError as error:
            pipe.send(("error", (type(error).__name__, str(error))))
        except Exception:
            pipe.send(("error", ("RunError", f"a worker failed:\n{traceback.format_exc()}")))


def _follow_parent() -> None:
    """End this process as soon as its parent has ended, even by SIGKILL."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)

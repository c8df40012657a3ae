"""Problems of a file, gathered, so that all are said in one go."""

from collections.abc import Iterator
from contextlib import contextmanager

from dexbench.core.errors import DataError, DexBenchError


class Problems(list[str]):
    """What is wrong, one line each, in the order found; each once."""

    def add(self, problem: DexBenchError | str) -> None:
        """Note a problem."""
        if str(problem) not in self:
            self.append(str(problem))

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note an error raised within, and go on behind it."""
        try:
            yield
        except DexBenchError as error:
            self.add(error)

    def stop(self) -> None:
        """Raise DataError with all problems, if there are any."""
        if self:
            raise DataError(self[0] if len(self) == 1 else f"{len(self)} problems:\n" + "\n".join(self))

"""Files from outside, read whole and never beyond a size."""

from pathlib import Path

from dexbench.core.errors import DataError


def read_capped(path: Path, largest: int, what: str, mend: str = "") -> bytes:
    """Return the bytes of the file at `path`.

    Args:
      path: of the file.
      largest: size beyond which it is refused [bytes].
      what: what the file is, for errors: "mesh".
      mend: what to do about one that is too large.

    Raises:
      DataError: it is missing, cannot be read or is too large.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(largest + 1)
    except OSError as error:
        raise DataError(f"{what} {path.name!r} cannot be read ({error.strerror}): {path}") from error
    if len(content) > largest:
        raise DataError(f"{what} {path.name!r} is larger than {largest} bytes{f': {mend}' if mend else ''}")
    return content

"""Parquet files of a dataset: read whole, and told apart from broken ones."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array

from .lerobot_layout import Column, pyarrow

MEND = "copy the file again, or collect the dataset anew"


@lru_cache(maxsize=1)
def newest(path: Path, written: int, size: int) -> Any:
    """Return a table that is kept until another is asked for: a file holds many episodes.

    Args:
      path: of the file.
      written: when [ns], and
      size: how large: another file at the same path is read anew.
    """
    return read_table(path)


def read_table(path: Path) -> Any:
    """Return the table in a Parquet file; raise DataError where it is none, or not whole."""
    arrow, parquet = pyarrow()
    try:
        return parquet.read_table(path, page_checksum_verification=True)
    except (arrow.ArrowException, OSError) as error:
        raise DataError(f"{path} is no whole Parquet file ({first_line(error)}); {MEND}") from error


def values_of(column: Any, c: Column, where: str) -> Array:
    """Return a column as numbers (T, N); raise DataError, naming the place `where`, for gaps and what is no number."""
    whole = column.combine_chunks()
    flat = whole if c.size == 1 else whole.flatten()
    if whole.null_count or flat.null_count:
        raise DataError(f"{where}: column {c.key!r} has gaps; {MEND}")
    values: Array = flat.to_numpy(zero_copy_only=False).reshape(-1, c.size)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        frame = int(np.flatnonzero(~np.isfinite(values).all(1))[0])
        raise DataError(f"{where}: column {c.key!r} is not finite in frame {frame}; {MEND}")
    return values


def first_line(error: BaseException) -> str:
    """Return what an error says, cut to a line."""
    return str(error).strip().split("\n")[0][:120]

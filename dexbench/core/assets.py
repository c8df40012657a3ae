"""Where the installed data lies: robots, objects, embodiments."""

import importlib.util
from functools import cache
from pathlib import Path

from dexbench.core.errors import DexBenchError


@cache
def _root() -> Path:
    """Return the folder of the package `dexbench.assets`: site-packages of a wheel, or `assets/` of a checkout."""
    found = importlib.util.find_spec("dexbench.assets")
    if found is None or not found.submodule_search_locations:
        raise DexBenchError("the installed dexbench lacks its data (dexbench.assets): install it again")
    return Path(next(iter(found.submodule_search_locations)))


def asset_path(relative: str) -> Path:
    """Return the path of a data file.

    Args:
      relative: path below the data folder with forward slashes, for example "hands/shadow/hand.yaml".
    """
    return _root() / relative

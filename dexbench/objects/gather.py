"""Deal objects to the splits of a collection and freeze them as rows: `python -m dexbench.objects.gather NAME`.

The head of the collection's file says which families take part, how many objects each split has, and whether these are
seen or unseen ones. Families are dealt in turn, in an order and with members that depend on the collection's name only,
so that a split has as many families as it can. Rows that are there are kept: --again deals anew.
"""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dexbench.core.assets import asset_path
from dexbench.core.document import read_document
from dexbench.core.errors import DataError

from .catalogue import members

WIDTH = 118
"""Longest line of rows."""


def dealt(families: Sequence[str], count: int, split: str, taken: set[str], rng: np.random.Generator) -> list[str]:
    """Return `count` members of `families` with the catalogue's `split` that are not `taken`, family by turns."""
    stacks = [[name for name in members(family, split) if name not in taken] for family in families]
    stacks = [[stack[i] for i in rng.permutation(len(stack))] for stack in stacks]
    order = rng.permutation(len(stacks))
    chosen: list[str] = []
    while len(chosen) < count and any(stacks):
        chosen += [stacks[i].pop() for i in order if stacks[i]]
    if len(chosen) < count:
        raise DataError(f"{len(chosen)} {split} objects are left in these families; {count} are wanted")
    return sorted(chosen[:count])


def deal(path: Path) -> str:
    """Return the rows of the collection in the file at `path`, as YAML."""
    document = read_document(path)
    families, seed = document.names("families"), hashlib.sha256(path.stem.encode()).digest()
    rng = np.random.default_rng(int.from_bytes(seed[:8], "little"))
    taken: set[str] = set()
    lines = ["objects:"]
    for split in document["counts"].mapping():
        chosen = dealt(families, document["counts"].count(split), document["splits"].text(split), taken, rng)
        taken |= set(chosen)
        line = f"  {split}: ["
        for k, name in enumerate(chosen):
            word = name + ("]" if k == len(chosen) - 1 else ",")
            if len(line) + len(word) > WIDTH:
                lines.append(line.rstrip())
                line = "    "
            line += word + " "
        lines.append(line.rstrip())
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the rows of the collections that are named."""
    parser = argparse.ArgumentParser(prog="python -m dexbench.objects.gather", description=__doc__)
    parser.add_argument("name", nargs="+")
    parser.add_argument("--again", action="store_true", help="deal anew where there are rows")
    options = parser.parse_args(arguments)
    for name in options.name:
        path = asset_path(f"collections/{name}.yaml")
        head, found, _ = path.read_text(encoding="utf-8").partition("objects:\n")
        if found and not options.again:
            print(f"{path.name}: has its rows; --again deals anew, and then it is another collection")
            continue
        path.write_text(head + deal(path), encoding="utf-8")
        print(f"{path.name}: dealt")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

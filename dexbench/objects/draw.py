"""Draw instances of families and freeze them as rows: `python -m dexbench.objects.draw FAMILY --seen 4 --unseen 2`.

Rows are appended to the family's file; those that are there stay as they are. The k-th row of a family depends on the
family's name and k only. Sizes lie in the family's ranges and go together half-way: a wide mug is rather a tall one.
The mass goes with the size. Colours are dealt in the order of the family's `colors`; a colour that was dealt before
comes again with "small" (sizes from the lower third of their ranges), and then with "large" (the upper third).
"""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dexbench.core.assets import asset_path
from dexbench.core.document import Node, read_document
from dexbench.core.errors import DataError

LISTS = ("instances", "more")
"""`instances` is what a family offers to every task; `more` is for collections (docs/objects.md)."""
SIZES = {"": (0.0, 1.0), "small": (0.0, 0.33), "large": (0.67, 1.0)}
"""Part of the ranges that an adjective stands for, in the order in which they are dealt."""
SHADE = 0.03
"""Largest deviation of a channel from the colour word's [-]."""


def rng_of(family: str, number: int) -> np.random.Generator:
    """Return the generator of one row."""
    seed = int.from_bytes(hashlib.sha256(f"{family}_{number:02d}".encode()).digest()[:8], "little")
    return np.random.default_rng(seed)


def dealt(colors: Sequence[str], taken: set[tuple[str, str]]) -> tuple[str, str]:
    """Return the next (adjective, colour) that is not `taken`."""
    for adjective in SIZES:
        for color in colors:
            if (adjective, color) not in taken:
                return adjective, color
    raise DataError(f"all of {len(SIZES)} x {len(colors)} phrases are taken; give the family more colours")


def row(document: Node, family: str, number: int, split: str, taken: set[tuple[str, str]]) -> dict[str, Any]:
    """Draw one instance of a family's document; `taken` are the phrases that are used."""
    rng = rng_of(family, number)
    adjective, color = dealt(document.names("colors"), taken)
    low, high = SIZES[adjective]
    size = rng.uniform(low, high)
    drawn: dict[str, Any] = {}
    for key, described in document["parameters"].mapping().items():
        start, stop = described.interval("range")
        at = 0.5 * size + 0.5 * rng.uniform(low, high)
        drawn[key] = min(max(round(start + at * (stop - start), 4 if stop - start > 0.004 else 5), start), stop)
    start, stop = document["mass"].interval("range")
    mass = start + (stop - start) * (0.7 * size + 0.3 * rng.uniform())
    words = read_document(asset_path("language/colors.yaml"))
    rgb = np.clip(np.array(words[color].vector("rgb", 3)) + rng.uniform(-SHADE, SHADE, 3), 0.05, 0.97)
    return {
        "name": f"{family}_{number:02d}",
        "split": split,
        **({"adjective": adjective} if adjective else {}),
        "color": color,
        "rgb": [round(float(c), 2) for c in rgb],
        "mass": min(max(float(f"{mass:.2g}"), start), stop),
        **drawn,
    }


def fill(path: Path, which: str, wanted: dict[str, int]) -> int:
    """Append rows to a list of a family's file until it has as many of each split as wanted; return how many."""
    document, family = read_document(path), path.stem
    present = [entry for key in LISTS if document.has(key) for entry in document[key].items()]
    numbers = [int(entry.text("name").rpartition("_")[2]) for entry in present]
    taken = {(entry.text("adjective", ""), entry.text("color")) for entry in present}
    listed = list(document[which].items()) if document.has(which) else []
    lines = []
    for split, count in wanted.items():
        for _ in range(count - sum(entry.text("split") == split for entry in listed)):
            number = max(numbers, default=0) + 1
            drawn = row(document, family, number, split, taken)
            numbers.append(number)
            taken.add((drawn.get("adjective", ""), drawn["color"]))
            lines.append("  - {" + ", ".join(f"{k}: {v}" for k, v in drawn.items()) + "}\n")
    text = path.read_text(encoding="utf-8")
    head = "" if document.has(which) else f"{which}:\n"
    # `more` follows `instances`: new rows of the first list go before the second
    before, second, after = text.partition("more:\n") if which == "instances" else (text, "", "")
    path.write_text(before + (head if lines else "") + "".join(lines) + second + after, encoding="utf-8")
    return len(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Append rows to the files of the families that are named."""
    parser = argparse.ArgumentParser(prog="python -m dexbench.objects.draw", description=__doc__)
    parser.add_argument("family", nargs="+")
    parser.add_argument("--list", choices=LISTS, default="instances", dest="which")
    parser.add_argument("--seen", type=int, default=0, help="how many seen ones the list is to have")
    parser.add_argument("--unseen", type=int, default=0, help="how many unseen ones the list is to have")
    options = parser.parse_args(arguments)
    for family in options.family:
        path = asset_path(f"objects/{family}.yaml")
        count = fill(path, options.which, {"seen": options.seen, "unseen": options.unseen})
        print(f"{path.name}: {count} rows drawn")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

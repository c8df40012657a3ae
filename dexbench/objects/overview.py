"""The table of families in docs/objects.md, written from their files: `python -m dexbench.objects.overview FILE`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from .catalogue import members
from .family import Family, family_names, load_family

BEGIN, END = "<!-- families: written by dexbench.objects.overview -->", "<!-- end -->"


def _counts(family: Family) -> str:
    seen, unseen = (len(members(family.name, split)) for split in ("seen", "unseen"))
    return f"{seen} + {unseen}"


def table() -> str:
    """Return the table of all families as Markdown."""
    lines = [
        "| family | called | parts (class) | mass [kg] | seen + unseen | categories |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in family_names():
        family = load_family(name)
        parts = ", ".join(f"{part.name} ({part.part_class})" for part in family.parts)
        low, high = family.mass_range
        kinds = ", ".join(family.kinds)
        lines.append(
            f"| `{name}` | {', '.join(family.words)} | {parts} | {low:g} to {high:g} | {_counts(family)} | {kinds} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table between its marks in a document."""
    parser = argparse.ArgumentParser(prog="python -m dexbench.objects.overview", description=__doc__)
    parser.add_argument("document", type=Path)
    options = parser.parse_args(arguments)
    before, _, rest = options.document.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    options.document.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""`dexbench list`: what is on the shelves, without importing any of it."""

import argparse
import json
from typing import Any

import yaml

from dexbench.core.errors import DexBenchError, UnknownName
from dexbench.core.shelf import SHELVES, Shelf, constants, locate, names

DESCRIPTION = """\
List what can be plugged together. Nothing is imported, so this costs nothing.

  dexbench list                 everything
  dexbench list tasks agents    only these
  dexbench list agents --json   for scripts

Packages that are installed beside DexBench add entries through entry points (docs/agents.md)."""


def plural(shelf: Shelf) -> str:
    """Return the word for a whole shelf, for example "tasks"."""
    return f"{shelf.kind}s"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(plural(s) for s in SHELVES))
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the shelves that were asked for."""
    shelves = {plural(s): s for s in SHELVES}
    for kind in arguments.kinds:
        if kind not in shelves:
            raise UnknownName("kind", kind, shelves)
    chosen = {k: s for k, s in shelves.items() if not arguments.kinds or k in arguments.kinds}
    found = {kind: {name: describe(shelf, name) for name in names(shelf)} for kind, shelf in chosen.items()}
    if arguments.json:
        print(json.dumps(found, indent=2))
        return 0
    for i, (kind, entries) in enumerate(found.items()):
        print(("\n" if i else "") + kind)
        width = max((len(name) for name in entries), default=0)
        for name, doc in entries.items():
            print(f"  {name:<{width}}  {doc}".rstrip())
        if not entries:
            print("  (none)")
    return 0


def describe(shelf: Shelf, name: str) -> str:
    """Return one line about an entry: a module's docstring; a data file's description, or its first comment."""
    try:
        path = locate(shelf, name)
    except DexBenchError as error:  # one broken package must not hide the others
        return f"(broken) {error}"
    if path.suffix == ".py":
        return str(constants(shelf, name)["doc"])
    text = path.read_text(encoding="utf-8")
    for line in text.splitlines():  # reading all of a large file as YAML would make listing slow
        if line.startswith(("description:", "full_name:")):
            return _scalar(line)
    first = text.lstrip().split("\n", 1)[0]
    return first.lstrip("# ").rstrip() if first.startswith("#") else ""


def _scalar(line: str) -> str:
    """Return the value of a one-line YAML entry."""
    try:
        data: dict[str, Any] = yaml.safe_load(line)
    except yaml.YAMLError:
        return ""
    return str(next(iter(data.values())) or "")

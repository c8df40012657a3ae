"""`dexbench suite page`: the page about all suites, written from them and from published results."""

import argparse
from pathlib import Path

from dexbench.core.shelf import SUITES, names

from .task_sheet import EXPERT

PAGE = Path("docs/suites.md")

DESCRIPTION = """\
Write the page about all suites: what each measures, its entries, the expert's published rates.

  dexbench suite page
  dexbench suite page --check    is it the one that would be written? 1 if it is stale"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--out", type=Path, default=PAGE, metavar="FILE", help=f"default: {PAGE}")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if the page is stale")


def run(arguments: argparse.Namespace) -> int:
    """Write the page, or say whether it is stale."""
    from dexbench.evaluation.publication import write_text

    text = page()
    if not arguments.check:
        write_text(arguments.out, text)
        print(arguments.out)
        return 0
    if arguments.out.is_file() and arguments.out.read_text(encoding="utf-8") == text:
        return 0
    print(f"STALE: {arguments.out}: dexbench suite page --out {arguments.out}")
    return 1


def page() -> str:
    """Return the page about the shipped suites."""
    from dexbench.evaluation.suite import load_suite
    from dexbench.evaluation.suite_page import suites_page

    return suites_page([load_suite(name) for name in names(SUITES)], EXPERT)

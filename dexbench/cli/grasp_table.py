"""`dexbench grasp table`: what the grasp library holds, from the records of its searches."""

import argparse
from pathlib import Path

DESCRIPTION = """\
Print how many simulated candidates held, by part class, mode, hand and family, with 95 % intervals.

  dexbench grasp table
  dexbench grasp table --out docs/grasp_library.md
  dexbench grasp table --out docs/grasp_library.md --check     is the file what the records say?

Everything comes from the records that searches keep beside the grasps; nothing is simulated."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--hands", nargs="+", default=None, metavar="NAME", help="default: all that have records")
    parser.add_argument("--out", type=Path, default=None, metavar="FILE", help="write it there instead")
    parser.add_argument("--check", action="store_true", help="only compare with FILE; 1 if it differs")


def run(arguments: argparse.Namespace) -> int:
    """Print, write or compare; 0, or 1 if the file is another."""
    from dexbench.cli._grasp_page import page
    from dexbench.core.errors import DataError
    from dexbench.core.shelf import HANDS, locate, names
    from dexbench.evaluation.publication import write_text
    from dexbench.grasp.search_record import read_records, records_path

    hands = arguments.hands or names(HANDS)
    for hand in hands:
        locate(HANDS, hand)
    rows = [row for hand in hands for row in read_records(records_path(hand))]
    if not rows:
        raise DataError("there are no records of searches; make some: dexbench grasp search --hand NAME --objects NAME")
    text = page(rows)
    if arguments.check:
        if arguments.out is None:
            raise DataError("--check needs the file to compare with: --out FILE")
        same = arguments.out.is_file() and arguments.out.read_text(encoding="utf-8") == text
        print(f"{arguments.out} {'is' if same else 'is NOT'} what the records say")
        return int(not same)
    if arguments.out is None:
        print(text, end="")
    else:
        write_text(arguments.out, text)
        print(f"written: {arguments.out}")
    return 0

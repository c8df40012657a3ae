"""`dexbench hand check`: what is missing or wrong in a hand's file, all in one go."""

import argparse

DESCRIPTION = """\
Say what is missing or wrong in a hand's file: a short YAML beside a model, a whole
hand.yaml, or a hand on the shelf. All problems are said, each with its line; the exit
status is 1 if there is one.

  dexbench hand check my_hand.yaml
  dexbench hand check shadow"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("hand", metavar="PATH|NAME", help="a file, a folder with a hand.yaml, or a hand's name")


def run(arguments: argparse.Namespace) -> int:
    """Print the problems; 1 if there are any."""
    from dexbench.robots.hand_check import check_hand, find_hand  # compiles MuJoCo models: not for --help

    path = find_hand(arguments.hand)
    problems, well = check_hand(path)
    for problem in problems:
        print(f"[FAIL] {problem}")
    for line in well:
        print(f"[ ok ] {line}")
    count = len(problems)
    print(f"{path}: {'nothing is missing' if not count else f'{count} problem' + 's' * (count > 1)}")
    return 1 if problems else 0

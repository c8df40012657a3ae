"""`dexbench dataset convert`: other projects' recordings as a dataset in our layout."""

import argparse
from pathlib import Path

DESCRIPTION = """\
Read another project's recordings and write them as a LeRobot dataset in our layout, with the
columns that they give and no others. What is missing or not known is said.

  dexbench dataset convert sequences --layout realdex --rate 15 --out realdex_set
  dexbench dataset convert grasp.zarr --layout dexgraspvla --out dexgraspvla_set

  realdex        folders of processed sequences, .npz (final_data.npy is a pickle: refused)
  dexgraspvla    a Zarr store with data/ and meta/episode_ends; needs 'dexbench[zarr,video]'

The sets are of no robot and no task of ours: nothing can be played again."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("source", type=Path, metavar="SOURCE", help="folder or file")
    parser.add_argument("--layout", required=True, metavar="L", help="realdex or dexgraspvla")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="must not exist")
    parser.add_argument("--rate", type=float, default=0.0, metavar="HZ", help="where the layout does not fix it")
    parser.add_argument("--instruction", default="", metavar="TEXT", help="of all episodes; the layouts hold none")


def run(arguments: argparse.Namespace) -> int:
    """Convert; 0."""
    from dexbench.data.conversion import convert

    count, notes = convert(arguments.source, arguments.layout, arguments.out, arguments.rate, arguments.instruction)
    print(f"{count} episodes in {arguments.out}")
    for note in notes:
        print(f"note: {note}")
    return 0

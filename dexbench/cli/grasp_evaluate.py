"""`dexbench grasp evaluate`: a table of the metrics that a file of grasps allows."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dexbench.grasp.assessment import Assessment

DESCRIPTION = """\
Print a table of the metrics that a file of grasps allows; only a suite's grasps are simulated.

  dexbench grasp evaluate assets/grasps/shadow/can_01.npz
  dexbench grasp evaluate found.npz --hand shadow --object can_01 --json found.json
  dexbench grasp evaluate bench/*.npz

A library of ours (assets/grasps/README.md): the hand is the folder's name and the object the
file's, unless --hand and --object say otherwise. Force closure, depth and contact are worked
out at the grasp pose, where each finger has just touched on its way from the open hand to
the command that presses; diversity is that of the open hands. A finger that touches nothing
goes all the way, through other fingers if they are there: self_pene shows it.

A suite's grasps (dexbench grasp export): also Suc, the force test in DexGraspBench's setting, PTA
(the part touched) and PGA (both), for each split and mode, with 95 % intervals.

DexGraspBench's layout (grasp_qpos, obj_pose, obj_path, succ_flag ...) as .npz: diversity, and
rates and means of what its evaluation recorded; several files are one set. Its .npy files are
pickles, which can run any code: they are not read, and the error says how to convert them."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="an .npz file of grasps")
    parser.add_argument("--hand", default=None, metavar="NAME", help="of a library; default: its folder's name")
    parser.add_argument("--object", default=None, metavar="NAME", help="of a library; default: the file's name")
    parser.add_argument("--json", type=Path, default=None, metavar="OUT", help="write all values there too")


def run(arguments: argparse.Namespace) -> int:
    """Print the tables; 0."""
    from dexbench.evaluation.publication import write_text
    from dexbench.grasp.assessment_table import table
    from dexbench.grasp.assessor import assess

    sets = assess(arguments.files, arguments.hand, arguments.object)
    print("\n\n".join(table(one) + _rates(one) for one in sets))
    if arguments.json is not None:
        document = {"sets": [one.document() for one in sets]}
        write_text(arguments.json, json.dumps(document, indent=1, allow_nan=False) + "\n")
        print(f"\nAll values: {arguments.json}")
    return 0


def _rates(found: "Assessment") -> str:
    """Return Suc, PTA and PGA with their intervals; nothing for other sets."""
    from dexbench.evaluation.statistics import wilson

    if "suc" not in found.values:
        return ""
    shown = []
    for name, values in (("Suc", "suc"), ("PTA", "part_touched"), ("PGA", "pga")):
        count, of = int(found.values[values].sum()), len(found.values[values])
        low, high = wilson(count, of)
        shown.append(f"{name} {100 * count / of:.0f} % [{100 * low:.0f}, {100 * high:.0f}]")
    return f"\n  {', '.join(shown)}"

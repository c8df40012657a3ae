"""`dexbench audit`: ask what should fail, and who should succeed, about the success rule of every task."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dexbench.core.errors import DataError
from dexbench.core.shelf import AGENTS, EMBODIMENTS, TASKS, hands_of, load_task, locate, names
from dexbench.core.task import Task, versioned

from ._runs import cores
from .worlds import simulated

if TYPE_CHECKING:
    from dexbench.evaluation.auditor import Audited

DESCRIPTION = """\
Audit success rules: controls and cheats (agents whose module says CONTROL = True) must
fail, the expert must succeed, stages must come in order. Everybody runs the same frozen
trials; records go to RUNS and can be verified. Stop it and run it again to go on.

  dexbench audit                                    every task on the bodies of its suites
  dexbench audit lift_tray --episodes 48
  dexbench audit grasp_object --embodiment shadow_ur10e --out leaderboards/audit.json

A cheat that succeeds once gets 189 episodes, and up to --most while its share is above 2 %
and its interval is not. The exit status is 1 if a rule has a fault. docs/audit.md explains the table."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("task", nargs="*", metavar="TASK", help="default: every task")
    parser.add_argument("--embodiment", default="", metavar="E[,F]", help="default: those of the suites")
    parser.add_argument("--episodes", type=int, default=24, metavar="N", help="each contender's, a cell (default: 24)")
    parser.add_argument(
        "--most", type=int, default=756, metavar="N", help="a cheat's at most that succeeded in one (default: 756)"
    )
    parser.add_argument("--agent", default="", metavar="A[,B]", help="ask only these, and the expert")
    parser.add_argument("--expert", default="scripted", metavar="A", help="who should succeed (default: scripted)")
    parser.add_argument("--runs", type=Path, default=Path("runs/audit"), help="records (default: runs/audit)")
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="write the audit, beside what is there already")
    parser.add_argument("--page", type=Path, metavar="FILE.md", help="put its table into this page")
    parser.add_argument("--fresh", action="store_true", help="throw earlier records of these cells away")
    parser.add_argument("--jobs", type=int, default=cores(), metavar="N", help="processes (default: one a core)")
    parser.add_argument("--batch", type=int, default=8, metavar="N", help="worlds a process (default: 8)")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(arguments: argparse.Namespace) -> int:
    """Audit; 1 if a task has a fault."""
    from dexbench.evaluation.audit import FAULT
    from dexbench.evaluation.audit_document import audit_json, document_of, merge, read_audit
    from dexbench.evaluation.audit_page import audit_text, with_table
    from dexbench.evaluation.audit_work import Work
    from dexbench.evaluation.auditor import Auditor
    from dexbench.evaluation.publication import write_text

    for option in ("episodes", "most", "jobs", "batch"):
        if getattr(arguments, option) < 1:
            raise DataError(f"--{option} must be at least 1")
    old = read_audit(arguments.out) if arguments.out else None
    only = [a for a in arguments.agent.split(",") if a]
    for agent in (*only, arguments.expert):
        locate(AGENTS, agent)
    if only and arguments.out:
        raise DataError("--agent leaves contenders out: such an audit is not written with --out")
    tasks = [load_task(name) for name in arguments.task or names(TASKS)]
    cells = [
        cell
        for task in tasks
        for cell in _cells(task, [e for e in arguments.embodiment.split(",") if e], arguments.expert, only)
    ]
    auditor = Auditor(
        cells,
        arguments.runs,
        arguments.episodes,
        arguments.most,
        Work(simulated, batch=arguments.batch),
        arguments.jobs,
        progress=not arguments.quiet,
        fresh=arguments.fresh,
    )
    found = auditor.run()
    document = document_of(found)
    print(audit_text(document))
    if arguments.out:
        whole = merge(old, found)
        write_text(arguments.out, audit_json(whole))
        print(f"\naudit: {arguments.out}")
        if arguments.page:
            text = arguments.page.read_text(encoding="utf-8") if arguments.page.exists() else ""
            write_text(arguments.page, with_table(text, whole))
            print(f"page: {arguments.page}")
    return int(any(t["verdict"] == FAULT for t in document["tasks"]))


def _cells(task: Task, bodies: list[str], expert: str, only: list[str]) -> Iterator["Audited"]:
    """Yield the cells of a task; bodies with too few hands are left out."""
    from dexbench.evaluation.auditor import Audited
    from dexbench.evaluation.contenders import bodies_of, contenders, lift_of

    for body in bodies:
        locate(EMBODIMENTS, body)
    asked = tuple(a for a in contenders(task, expert) if not only or a.agent in (*only, expert))
    chosen = [b for b in bodies or bodies_of(task) if hands_of(b) >= task.hands]
    if not chosen:
        raise DataError(f"task {task.name!r} needs {task.hands} hands: none of {', '.join(bodies)} has them")
    for body in chosen:
        yield Audited(versioned(task), body, asked, lift_of(task.name))

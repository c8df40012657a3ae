"""`dexbench task list`: tasks and what they need."""

import argparse

from dexbench.core.shelf import TASKS, load_task, names

DESCRIPTION = """\
List the tasks: version, hands, time limit, stages, and what makes each need two hands, or
touch.

  dexbench task list"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare no arguments."""


def run(arguments: argparse.Namespace) -> int:
    """Print two lines a task."""
    for name in names(TASKS):
        task = load_task(name)
        hands = "two hands" if task.hands == 2 else "one hand"
        print(f"{task.name}-v{task.version}: {hands}, {task.horizon:g} s, {' > '.join(task.stages)}")
        if task.needs:
            print(f"    {task.needs}")
    return 0

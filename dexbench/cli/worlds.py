"""The world that evaluations run in: simulated, by name, so that a worker process can make its own."""

from dexbench.core.shelf import load_embodiment
from dexbench.core.world import World


def simulated(task: str, embodiment: str, n: int, groups: tuple[str, ...]) -> World:
    """Return `n` simulated worlds of `task` on `embodiment` with these observation groups.

    Touch is left out where none is fitted: records want it of every run. What an agent reads, its contract says.
    """
    from dexbench.sim.world import SimWorld  # loads MuJoCo: not for verbs that only read

    robot = load_embodiment(embodiment)
    return SimWorld(task, robot, n, groups=[g for g in groups if g != "touch" or robot.pads])

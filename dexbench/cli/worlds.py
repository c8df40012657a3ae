"""The world that evaluations run in: simulated, by name, so that a worker process can make its own."""

from dexbench.core.world import World


def simulated(task: str, embodiment: str, n: int, groups: tuple[str, ...]) -> World:
    """Return `n` simulated worlds of `task` on `embodiment` with these observation groups."""
    from dexbench.sim.world import SimWorld  # loads MuJoCo: not for verbs that only read

    return SimWorld(task, embodiment, n, groups=groups)

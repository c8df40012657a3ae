"""The world that evaluations run in: simulated, by name, so that a worker process can make its own."""

from collections.abc import Mapping
from typing import Any

from dexbench.core.shelf import load_embodiment
from dexbench.core.world import World


def simulated(
    task: str, embodiment: str, n: int, groups: tuple[str, ...], images: Mapping[str, Any] | None = None
) -> World:
    """Return `n` simulated worlds of `task` on `embodiment` with these observation groups.

    `images` are the fields of sensors.images.ImageRequest, where an agent reads pictures.

    Touch is left out where none is fitted: records want it of every run. What an agent reads, its contract says.
    """
    from dexbench.sensors.images import image_request
    from dexbench.sim.world import SimWorld  # loads MuJoCo: not for verbs that only read

    robot = load_embodiment(embodiment)
    wanted = [g for g in groups if g != "touch" or robot.pads]
    return SimWorld(task, robot, n, groups=wanted, images=image_request(images))

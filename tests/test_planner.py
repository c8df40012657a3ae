"""Plans depend on what stands on the table, not on what was planned before."""

import numpy as np

from dexbench.baselines._planner import Planner
from dexbench.core.shelf import load_embodiment
from dexbench.grasp.library import load_grasps
from dexbench.objects.catalogue import load_object

ROBOT = load_embodiment("shadow_ur10e")
POSE = np.array([0.62, 0.05, 0.0, 1.0, 0.0, 0.0, 0.0])
CROWDED = np.array([[0.62, 0.16, 0.0], [0.62, -0.06, 0.0]])
FREE = np.array([[0.52, -0.22, 0.0], [0.74, 0.22, 0.0]])


def plan(planner: Planner, others: np.ndarray) -> tuple[int, np.ndarray]:
    planner.set_scene("can_01", POSE, others)
    found = planner.grasp("right", load_object("can_01"), POSE, load_grasps("shadow", "can_01"), ROBOT.home)
    assert found is not None
    return found.row, found.standoff


def test_a_plan_does_not_depend_on_plans_before_it() -> None:
    """The second look with thinner obstacles must leave nothing behind."""
    used, fresh = Planner(ROBOT, ("can_01",), 3), Planner(ROBOT, ("can_01",), 3)
    planner_radius = used._model.geom_size[used._obstacle_geoms, 0].copy()
    used.set_scene("can_01", POSE, CROWDED)
    used.grasp("right", load_object("can_01"), POSE, load_grasps("shadow", "can_01"), ROBOT.home)
    used._model.geom_size[used._obstacle_geoms, 0] = 0.01  # as a look that ended with thin obstacles leaves them
    again, first = plan(used, FREE), plan(fresh, FREE)
    assert again[0] == first[0]
    assert (again[1] == first[1]).all()
    bounds = [p._model.geom_rbound[p._obstacle_geoms] for p in (used, fresh)]
    assert (bounds[0] == bounds[1]).all()
    assert (bounds[0] >= planner_radius).all()


def test_plans_stay_clear_of_what_stands_there() -> None:
    planner = Planner(ROBOT, ("can_01",), 3)
    planner.set_scene("can_01", POSE, FREE)
    found = planner.grasp("right", load_object("can_01"), POSE, load_grasps("shadow", "can_01"), ROBOT.home)
    assert found is not None
    for chain in (found.standoff, *found.approach):
        assert not planner.collides(planner.command(ROBOT.home, "right", chain, found.pregrasp))
    down = planner.command(ROBOT.home, "right", found.approach[-1] + [0, 0.3, 0, 0, 0, 0, 0, 0], found.pregrasp)
    assert planner.collides(down), "an arm pushed into the table collides"

"""Plans depend on what stands on the table, not on what was planned before."""

from functools import cache

import numpy as np

from dexbench.baselines._planner import Planner, Reached
from dexbench.baselines._poses import compose, inverse, turned
from dexbench.baselines._surroundings import CLEAR
from dexbench.core.schema import Observation
from dexbench.core.shelf import load_embodiment
from dexbench.core.world import WorldSpec
from dexbench.grasp.library import load_grasps
from dexbench.sim.world import SimWorld

ROBOT = load_embodiment("shadow_ur10e")
AS_IT_IS = {"body": [(np.eye(3), np.zeros(3))]}
POSE = np.array([0.62, 0.05, 0.0, 1.0, 0.0, 0.0, 0.0])
CROWDED = ((0.62, 0.17), (0.62, -0.07))
FREE = ((0.52, -0.22), (0.74, 0.22))


@cache
def world() -> WorldSpec:
    return SimWorld("grasp_object", ROBOT, 1, groups=("state", "objects", "kinds")).spec


def scene(others: tuple[tuple[float, float], ...]) -> Observation:
    """Return what is seen of a can at POSE and two more."""
    poses = np.tile(POSE, (3, 1))
    poses[1:, :2] = others
    return {"object_pose": poses, "object_kind": np.full(3, world().pool.index("can_01"))}


def plan(planner: Planner, others: tuple[tuple[float, float], ...]) -> Reached:
    planner.around.see(scene(others), (0,))
    found = planner.grasp("right", 0, POSE, AS_IT_IS, load_grasps("shadow", "can_01"), ROBOT.home)
    assert found is not None
    return found


def test_a_plan_does_not_depend_on_plans_before_it() -> None:
    """A crowded table, looked at with less and less room, must leave nothing behind."""
    used, fresh = Planner(world()), Planner(world())
    used.around.see(scene(CROWDED), (0,))
    used.grasp("right", 0, POSE, AS_IT_IS, load_grasps("shadow", "can_01"), ROBOT.home)
    again, first = plan(used, FREE), plan(fresh, FREE)
    assert again.row == first.row
    assert (again.standoff == first.standoff).all()


def test_plans_stay_clear_of_what_stands_there() -> None:
    planner = Planner(world())
    found = plan(planner, FREE)
    for chain in (found.standoff, *found.approach):
        assert not planner.around.collides(planner.command(ROBOT.home, "right", chain, found.pregrasp))
    down = planner.command(ROBOT.home, "right", found.approach[-1] + [0, 0.3, 0, 0, 0, 0, 0, 0], found.pregrasp)
    assert planner.around.collides(down), "an arm pushed into the table collides"


def test_room_is_kept_around_what_is_not_handled() -> None:
    """A can nearer to the hand than CLEAR, but not touched, is in the way only where room is asked for."""
    planner = Planner(world())
    chain = plan(planner, FREE).standoff
    at, (x, y, _) = planner.command(ROBOT.home, "right", chain), planner.reach["right"].pose(chain)[0]

    def met(gap: float, room: bool) -> bool:
        planner.around.see(scene(((x, y + gap), FREE[1])), (0,))
        planner.around.keep(room)
        return planner.around.collides(at)

    first = next(gap for gap in np.arange(0.25, 0.0, -0.001) if met(gap, False))  # a can comes nearer from the side
    assert not met(first + CLEAR / 2, False)
    assert met(first + CLEAR / 2, True)
    assert not met(first + 2 * CLEAR, True)


def test_poses_invert_and_compose() -> None:
    pose = np.concatenate([[0.1, -0.2, 0.3], turned(np.array([0.5, 0.5, -0.5, 0.5]), 0.7)])
    assert np.allclose(compose(inverse(pose), pose), [0, 0, 0, 1, 0, 0, 0])

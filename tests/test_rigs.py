"""Rigs beyond the first: RM75 arms on a column, RealDex face to face. Stands, places, reach, and both tasks run."""

import mujoco
import numpy as np
import pytest
import yaml

from dexbench.core.assets import asset_path
from dexbench.core.embodiment import Embodiment, load_embodiment
from dexbench.core.errors import DataError
from dexbench.core.shelf import EMBODIMENTS, load_task, names
from dexbench.core.shelf import load_embodiment as from_shelf
from dexbench.robots.build import COLLISION_GROUP, robot_model, robot_spec
from dexbench.robots.check import check_robot
from dexbench.robots.kinematics import Reach
from dexbench.robots.ordeal import run_ordeal
from dexbench.robots.visual import VISUAL_GROUP
from dexbench.sim.world import SimWorld

RM75 = ("psibot_rm75", "psibot_rm75_bimanual")
REALDEX = "shadow_ur10e_realdex"
REGION = ((0.50, 0.63, 0.76), (-0.24, 0.0, 0.24))
"""Where the tasks put objects: corners and middles, x and y in the cell frame [m]."""


@pytest.fixture(scope="module")
def realdex() -> Embodiment:
    return load_embodiment(REALDEX)


def document(name: str) -> dict:  # type: ignore[type-arg]
    loaded = yaml.safe_load(asset_path(f"embodiments/{name}.yaml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def test_rigs_are_on_the_shelf() -> None:
    assert {*RM75, REALDEX, "shadow_rm75_bimanual", "psibot_ur10e_realdex"} <= set(names(EMBODIMENTS))
    other = from_shelf("psibot_ur10e_realdex")
    assert other.parts["left"].hand.name == "psibot"
    assert other.stand == load_embodiment(REALDEX).stand  # a rig keeps its stand whatever hand it has


# stands


def test_stand_is_seen_and_touched() -> None:
    robot = load_embodiment("psibot_rm75")
    model = robot_model(robot)
    assert len(robot.stand) == 2
    for i, row in enumerate(robot.stand):
        touched, seen = model.geom(f"stand_{i}"), model.geom(f"stand_{i}/seen")
        assert (int(touched.group[0]), int(seen.group[0])) == (COLLISION_GROUP, VISUAL_GROUP)
        assert int(touched.contype[0]) == 1
        assert int(seen.contype[0]) == int(seen.conaffinity[0]) == 0
        np.testing.assert_allclose(touched.size, row.size)
        np.testing.assert_allclose(touched.pos, row.xyz)


def test_arm_cannot_pass_through_its_column() -> None:
    robot = load_embodiment("psibot_rm75")
    model = robot_model(robot)
    data = mujoco.MjData(model)
    command = dict(zip([a.name for a in robot.actuators], robot.home, strict=True))
    for q2 in np.linspace(0, -2.2, 45):  # the upper arm swings up and back, the forearm folded towards the column
        command |= {"right/joint_1": 0.0, "right/joint_2": q2, "right/joint_3": 0.0, "right/joint_4": -1.0}
        angles = robot.joint_angles(np.array(list(command.values())))
        for joint, angle in zip(robot.joints, angles, strict=True):
            data.joint(joint.name).qpos = angle
        mujoco.mj_fwdPosition(model, data)
        geoms = {model.geom(int(g)).name for g in data.contact.geom.ravel()}
        if any(g.startswith("stand_") for g in geoms):
            return
    pytest.fail("the arm swings through the column")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "ball"}, r"stand.items\[0\].kind.*box"),
        ({"size": [0.1, 0.1]}, r"stand.items\[0\].size.*3 numbers"),
        ({"size": [0.1, 0.1, 0.0]}, r"stand.items\[0\].size.*positive"),
        ({"xyz": [0, 0, float("nan")]}, r"stand.items\[0\].xyz"),
    ],
)
def test_bad_stands_are_refused(change: dict, message: str) -> None:  # type: ignore[type-arg]
    bad = document("psibot_rm75")
    bad["stand"]["items"][0] |= change
    with pytest.raises(DataError, match=message):
        load_embodiment(bad)


def test_stand_tells_robots_apart() -> None:
    other = document("psibot_rm75")
    other["stand"]["items"][0]["size"] = [0.05, 0.06, 0.36]
    assert load_embodiment(other) != load_embodiment(document("psibot_rm75"))


# RealDex


def test_realdex_arms_face_each_other(realdex: Embodiment) -> None:
    """The published scene: 1.5 m apart, and the forearm straight on the flange, turned by pi about it."""
    model = robot_model(realdex)
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    right, left = (data.body(f"{s}/base_link") for s in ("right", "left"))
    np.testing.assert_allclose(left.xpos - right.xpos, [1.5, 0, 0], atol=1e-9)
    np.testing.assert_allclose(right.xmat.reshape(3, 3)[:, 0], [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(left.xmat.reshape(3, 3)[:, 0], [-1, 0, 0], atol=1e-6)
    quarter = np.pi / 2  # flange in wrist_3, then the forearm in the flange, as the URDF has them
    expected = turn(0, -quarter, -quarter) @ turn(quarter, np.pi, quarter)
    for side in realdex.sides:
        tool, forearm = data.body(f"{side}/wrist_3_link"), data.body(f"{side}/forearm")
        found = tool.xmat.reshape(3, 3).T @ forearm.xmat.reshape(3, 3)
        np.testing.assert_allclose(forearm.xpos, tool.xpos, atol=1e-9)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def turn(roll: float, pitch: float, yaw: float) -> np.ndarray:
    quaternion, matrix = np.empty(4), np.empty(9)
    mujoco.mju_euler2Quat(quaternion, np.array([roll, pitch, yaw]), "XYZ")
    mujoco.mju_quat2Mat(matrix, quaternion)
    return matrix.reshape(3, 3)


def test_realdex_checks_and_home(realdex: Embodiment) -> None:
    assert [str(f) for f in check_robot(realdex) if not f.ok] == []
    spec = robot_spec(realdex)
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[2, 2, 0.1])
    model = spec.compile()
    data = mujoco.MjData(model)
    for joint, angle in zip(realdex.joints, realdex.joint_angles(realdex.home), strict=True):
        data.joint(joint.name).qpos = angle
    mujoco.mj_fwdPosition(model, data)
    assert data.ncon == 0
    right, left = (data.site(f"{s}/palm_site").xpos for s in ("right", "left"))
    np.testing.assert_allclose(right, [0.45, -0.15, 0.32], atol=1e-3)
    np.testing.assert_allclose(left, [1.05, 0.15, 0.32], atol=0.01)


# reach


def shares(robot: Embodiment, side: str, yaws: int) -> np.ndarray:
    """Return the share of palm poses reached at each place of REGION: palms level or steep, from all around."""
    reach = Reach(robot, side)
    rng = np.random.default_rng(0)
    seeds = [reach.home, *rng.uniform(0.75 * reach.lower, 0.75 * reach.upper, (2, len(reach.home)))]
    found = np.zeros((3, 3))
    poses = [(yaw, dip) for yaw in np.arange(yaws) * 2 * np.pi / yaws for dip in np.deg2rad([0, 60])]
    for yaw, dip in poses:
        ahead, up = np.array([np.cos(yaw), np.sin(yaw), 0]), np.array([0.0, 0, 1])
        normal = np.cos(dip) * ahead - np.sin(dip) * up
        fingers = np.sin(dip) * ahead - np.cos(dip) * up
        quaternion = np.empty(4)
        mujoco.mju_mat2Quat(quaternion, np.column_stack([np.cross(fingers, normal), fingers, normal]).ravel())
        for i, x in enumerate(REGION[0]):
            for j, y in enumerate(REGION[1]):
                palm = np.array([x, y, 0.10]) - 0.05 * normal - 0.045 * fingers
                found[i, j] += any(reach.solve(palm, quaternion, s, steps=40).found for s in seeds)
    return found / len(poses)


@pytest.mark.parametrize(
    ("name", "side", "mean", "least"),
    [("psibot_rm75", "right", 0.5, 0.3), (REALDEX, "right", 0.8, 0.6), (REALDEX, "left", 0.8, 0.6)],
)
def test_region_is_in_reach(name: str, side: str, mean: float, least: float) -> None:
    share = shares(load_embodiment(name), side, 3)
    assert share.mean() > mean
    assert share.min() > least


def test_hands_of_the_column_share_the_region() -> None:
    robot = load_embodiment("psibot_rm75_bimanual")
    right = shares(robot, "right", 3)
    assert right.mean() > 0.4
    assert np.maximum(right, right[:, ::-1]).min() > 0.3  # the left hand's is the mirror image


# physics


@pytest.mark.parametrize("name", RM75)
def test_random_actions_do_no_harm(name: str) -> None:
    robot = load_embodiment(name)
    assert [str(f) for f in run_ordeal(robot, 5.0, 1).findings(name) if not f.ok] == []


@pytest.mark.parametrize("task", ["grasp_object", "lift_tray"])
@pytest.mark.parametrize("name", [RM75[1], REALDEX])
def test_tasks_run_under_random_legal_actions(name: str, task: str) -> None:
    """Five seconds in the cell with its objects: no number is lost, hands and table overlap by less than 10 mm."""
    job = load_task(task)
    world = SimWorld(job, name, 1, groups=("state",))
    rng = np.random.default_rng(0)
    world.reset([job.place(rng, "seen")])
    limits = world.cell.embodiment.limits
    model = world.cell.model
    data = mujoco.MjData(model)
    deepest = 0.0
    for tick in range(125):
        if tick % 10 == 0:
            target = rng.uniform(limits.lower, limits.upper)[None]
        observation = world.advance(target)
        assert all(np.isfinite(value).all() for value in observation.values() if value.dtype.kind == "f")
        if tick % 5 == 0:
            state = world.snapshot([0])[0]
            mujoco.mj_setState(model, data, state, int(mujoco.mjtState.mjSTATE_INTEGRATION))
            mujoco.mj_fwdPosition(model, data)
            table = (data.contact.geom == model.geom("table").id).any(axis=1)
            deepest = min(deepest, float(data.contact.dist[table].min(initial=0.0)))
    assert world.outcome().error == {}
    assert deepest > -0.010

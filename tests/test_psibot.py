"""The PsiBot hand (a stand-in) on RealMan RM75 arms: as published, mirrored, linked, strong enough, able to grasp."""

from collections.abc import Sequence

import mujoco
import numpy as np
import pytest
import yaml

from dexbench.core.assets import asset_path
from dexbench.core.embodiment import Embodiment, load_embodiment
from dexbench.robots.build import robot_model, robot_spec
from dexbench.robots.check import check_robot
from dexbench.robots.floating import hand_spec
from dexbench.sim.world import SimWorld

RIGS = ("psibot_rm75", "psibot_rm75_bimanual")
OPEN, CLOSED = (0.0, 0.6416, 3.11, 3.07, 3.08, 3.05), (0.0, 0.04, 1.75, 1.71, 1.77, 1.73)
"""Commands of the hand at the ends of its range; fingers are open at the upper end."""
FRICTION = [0.8, 0.02, 0.0001]


@pytest.fixture(scope="module", params=RIGS)
def rig(request: pytest.FixtureRequest) -> Embodiment:
    return load_embodiment(request.param)


@pytest.fixture(scope="module")
def single() -> Embodiment:
    return load_embodiment("psibot_rm75")


@pytest.fixture(scope="module")
def both() -> Embodiment:
    return load_embodiment("psibot_rm75_bimanual")


@pytest.fixture(scope="module")
def model(both: Embodiment) -> mujoco.MjModel:
    return robot_model(both)


def pose(robot: Embodiment, model: mujoco.MjModel, side: str, hand: Sequence[float] | None = None) -> mujoco.MjData:
    """Return a state at home, with one hand at a command; in a model of a lone hand its joints only."""
    command = robot.home.copy()
    if hand is not None:
        command[robot.actuator_index(side, "hand")] = hand
    data = mujoco.MjData(model)
    for joint, angle in zip(robot.joints, robot.joint_angles(command), strict=True):
        if mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_JOINT, joint.name) >= 0:
            data.joint(joint.name).qpos = angle
    for actuator, value in zip(robot.actuators, command, strict=True):
        if mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_ACTUATOR, actuator.name) >= 0:
            data.actuator(actuator.name).ctrl = value
    mujoco.mj_forward(model, data)
    return data


def in_palm(data: mujoco.MjData, side: str, site: str) -> np.ndarray:
    palm = data.body(f"{side}/palm")
    return np.asarray(palm.xmat.reshape(3, 3).T @ (data.site(f"{side}/{site}").xpos - palm.xpos))


def test_compiled_model_agrees_with_the_data(rig: Embodiment) -> None:
    findings = check_robot(rig)
    subjects = " ".join(f.subject for f in findings)
    for part in ("rm75: forward kin", "psibot: forward kin", "workspace", "reach", "mass", "range", "linkage"):
        assert part in subjects
    assert [str(f) for f in findings if not f.ok] == []


def test_published_numbers(single: Embodiment) -> None:
    """Counts, weights, heights and speeds that the makers print."""
    side = single.parts["right"]
    assert [len(side.arm.moving), len(side.arm.motors)] == [7, 7]
    assert [len(side.hand.moving), len(side.hand.motors), len(side.hand.followers)] == [11, 6, 5]
    assert sum(link.mass for link in side.arm.links.values()) == pytest.approx(7.9, rel=0.01)
    assert sum(link.mass for link in side.hand.links.values()) == pytest.approx(0.545, abs=0.005)
    speeds = np.rad2deg([j.velocity for j in side.arm.moving])
    np.testing.assert_allclose(speeds, [180, 180, 225, 225, 225, 225, 225], atol=1e-3)
    np.testing.assert_allclose([j.effort for j in side.arm.moving], [60, 60, 30, 30, 10, 10, 10])
    data = pose(single, robot_model(single), "right", OPEN)
    middle = in_palm(data, "right", "link_3_3")
    assert middle[2] == pytest.approx(0.2019, abs=1e-4)
    assert middle[2] == pytest.approx(0.184 + 0.018, abs=5e-4)  # the manual's drawing


def test_rest_of_the_data_says_what_it_is() -> None:
    document = yaml.safe_load(asset_path("hands/psibot/hand.yaml").read_text(encoding="utf-8"))
    assert document["kinematic_tree"]["confidence"] == "derived"  # nothing of a G0-R is published
    assert document["touch"]["default"] == "none"
    assert "not the maker's" in document["touch"]["options"]["lattice"]["why"]


def test_touch_is_an_option(single: Embodiment) -> None:
    assert single.pads == ()
    spec = robot_spec(single)
    assert all(spec.site(f"right/{f}") is not None for f in ("thumb", "index", "middle", "ring", "little"))


def test_fingers_close_downwards(both: Embodiment, model: mujoco.MjModel) -> None:
    for side in both.sides:
        wide, fist = (pose(both, model, side, command) for command in (OPEN, CLOSED))
        for tip in ("link_2_3", "link_3_3", "link_4_3", "link_5_3"):
            here, there = in_palm(wide, side, tip), in_palm(fist, side, tip)
            assert here[2] - there[2] > 0.08  # from above the palm to in front of it
            assert there[0] > 0.025
        beside, before = (in_palm(pose(both, model, side, (turn, *OPEN[1:])), side, "link_1_4") for turn in (0.0, 1.57))
        assert abs(beside[1]) > 0.07
        assert before[0] > 0.09  # in front of the palm


def test_followers_follow_their_lines(single: Embodiment) -> None:
    """Ahead in the data, and in the simulation while every motor goes through its range and back."""
    hand = single.parts["right"].hand
    model = robot_model(single)
    data = pose(single, model, "right", OPEN)
    motors = [model.actuator(f"right/{m.name}").id for m in hand.motors]
    lower, upper = np.array([m.lower for m in hand.motors]), np.array([m.upper for m in hand.motors])
    worst = 0.0
    for phase in np.concatenate([np.linspace(1, 0, 300), np.linspace(0, 1, 300)]):
        data.ctrl[motors[1:]] = lower[1:] + phase * (upper - lower)[1:]
        mujoco.mj_step(model, data)
        for f in hand.followers:
            master, follower = (float(data.joint(f"right/{n}").qpos[0]) for n in (f.master, f.joint))
            worst = max(worst, abs(follower - f.multiplier * master - f.offset))
    assert worst < 0.01
    index = single.joint_index("right", "hand")
    command = single.home.copy()
    command[single.actuator_index("right", "hand")] = CLOSED
    angles = dict(zip([single.joints[i].name for i in index], single.joint_angles(command)[index], strict=True))
    assert angles["right/joint_link_2_2"] == pytest.approx(0.02944, abs=1e-5)
    assert angles["right/joint_link_1_3"] == pytest.approx(-0.5, abs=1e-5)
    np.testing.assert_allclose(single.command(single.joint_angles(command)), command, atol=1e-12)


def test_zero_is_no_posture_of_the_fingers_and_home_is(rig: Embodiment) -> None:
    """qpos0 lies outside of the fingers' ranges; a world must not start there."""
    world = SimWorld("grasp_object", rig, 1, groups=("state",))
    joints = world.cell.home[world.cell.joint_qpos]
    lower, upper = np.array([j.lower for j in rig.joints]), np.array([j.upper for j in rig.joints])
    assert ((joints >= lower) & (joints <= upper)).all()
    zero = world.cell.model.qpos0[world.cell.joint_qpos]
    assert (zero < lower).any()
    np.testing.assert_allclose(joints, rig.joint_angles(rig.home))


def test_home_is_free_and_held(rig: Embodiment) -> None:
    spec = robot_spec(rig)
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[2, 2, 0.1])
    model = spec.compile()
    data = pose(rig, model, "right")
    assert data.ncon == 0
    for side in rig.sides:
        sign = -1 if side == "right" else 1
        palm = data.site(f"{side}/palm_site")
        assert np.linalg.norm(palm.xpos - [0.45, sign * 0.18, 0.29]) < 0.06  # before the region, above the table
        assert palm.xmat.reshape(3, 3)[1, 2] * sign < -0.5  # palms inwards
    arm = rig.actuator_index(part="arm")
    assert np.minimum(rig.home - rig.limits.lower, rig.limits.upper - rig.home)[arm].min() > 0.35
    mujoco.mj_step(model, data, 250)
    found = rig.command(np.array([data.joint(j.name).qpos[0] for j in rig.joints]))
    np.testing.assert_allclose(found, rig.home, atol=1e-3)


def test_left_is_the_mirror_image_of_right(both: Embodiment, model: mujoco.MjModel) -> None:
    rng = np.random.default_rng(0)
    odd = np.array([-1, 1, -1, 1, -1, 1, -1])
    right, left = both.actuator_index("right"), both.actuator_index("left")
    np.testing.assert_allclose(both.home[left], np.concatenate([odd * both.home[right][:7], both.home[right][7:]]))
    data = mujoco.MjData(model)
    for _ in range(5):
        command = both.home.copy()
        command[right] = rng.uniform(both.limits.lower[right], both.limits.upper[right])
        command[left] = np.concatenate([odd * command[right][:7], command[right][7:]])
        for joint, angle in zip(both.joints, both.joint_angles(command), strict=True):
            data.joint(joint.name).qpos = angle
        mujoco.mj_kinematics(model, data)
        for site in ("flange", "palm_site", "link_1_4", "link_2_3", "link_5_3", "thumb", "little"):
            here, there = data.site(f"right/{site}").xpos, data.site(f"left/{site}").xpos
            np.testing.assert_allclose(here * [1, -1, 1], there, atol=1e-6)
        for site in ("palm_site", "index", "thumb"):  # z out of the skin and y to the tip, on both hands
            here, there = (data.site(f"{s}/{site}").xmat.reshape(3, 3) for s in ("right", "left"))
            np.testing.assert_allclose(here[:, 1:] * [[1], [-1], [1]], there[:, 1:], atol=1e-6)


@pytest.mark.parametrize("finger", ["thumb", "index", "middle", "ring", "little"])
def test_fingertips_press_as_hard_as_published(single: Embodiment, finger: str) -> None:
    """9.8 N at a bent fingertip: virtual work of the motor over the linkage, at the middle of the range."""
    hand = single.parts["right"].hand
    motor = next(m for m in hand.motors if m.role == f"{finger}/flexion")
    tip = next(f.tip for f in hand.fingers if f.finger == finger)
    model = robot_model(single)
    middle = np.mean([OPEN, CLOSED], axis=0)
    number = [m.name for m in hand.motors].index(motor.name)
    step = 1e-4 * np.eye(6)[number]
    here, there = (in_palm(pose(single, model, "right", middle + s * step), "right", tip) for s in (-1, 1))
    data = pose(single, model, "right", middle)
    palm = data.body("right/palm").xmat.reshape(3, 3)
    normal = palm.T @ data.site(f"right/{finger}").xmat.reshape(3, 3)[:, 2]
    assert motor.force / abs((there - here) @ normal / 2e-4) == pytest.approx(9.8, rel=0.02)


def thing(
    robot: Embodiment, kind: mujoco.mjtGeom, size: Sequence[float], at: Sequence[float], mass: float
) -> mujoco.MjModel:
    """Return the right hand alone, without gravity, and a free thing before its palm; a cylinder lies along y."""
    spec = hand_spec(robot, "right")
    spec.option.gravity = [0, 0, 0]
    body = spec.worldbody.add_body(name="thing", pos=at, quat=[np.sqrt(0.5), np.sqrt(0.5), 0, 0])
    body.add_freejoint()
    body.add_geom(type=kind, size=[*size, 0, 0, 0][:3], mass=mass, condim=4, friction=FRICTION, solref=[0.01, 1])
    return spec.compile()


@pytest.mark.parametrize(
    ("kind", "size", "at", "mass", "before", "after", "fingers"),
    [
        (mujoco.mjtGeom.mjGEOM_CYLINDER, [0.025, 0.06], [0.043, 0, 0.108], 0.2,
            (1.5, 0.62, 3.0, 2.95, 3.0, 2.95), (1.5, 0.06, 1.8, 1.8, 1.8, 1.8), "12345"),
        (mujoco.mjtGeom.mjGEOM_SPHERE, [0.014], [0.072, 0.021, 0.125], 0.05,
            (1.45, 0.5, 2.55, 2.5, 2.9, 2.9), (1.45, 0.1, 2.0, 2.0, 2.9, 2.9), "123"),
    ],
    ids=["power grasp", "pinch with two fingers"],
)  # fmt: skip
def test_hand_holds_against_its_weight_from_every_side(  # type: ignore[no-untyped-def]
    single: Embodiment, kind, size, at, mass, before, after, fingers: str
) -> None:
    model = thing(single, kind, size, at, mass)
    data = pose(single, model, "right", before)
    assert data.ncon == 0
    motors = [model.actuator(f"right/{m.name}").id for m in single.parts["right"].hand.motors]
    for share in np.minimum(np.arange(400) / 150, 1):
        data.ctrl[motors] = np.array(before) + share * np.subtract(after, before)
        mujoco.mj_step(model, data)
    names = {model.body(int(b)).name for b in model.geom_bodyid[data.contact.geom].ravel()} - {"thing"}
    assert {name[len("right/link_")] for name in names} == set(fingers)  # digits: 1 is the thumb
    place, body = data.body("thing").xpos.copy(), model.body("thing").id
    for axis in range(3):
        for sign in (-1, 1):
            pushed = mujoco.MjData(model)
            mujoco.mj_copyData(pushed, model, data)
            pushed.xfrc_applied[body, axis] = sign * mass * 9.81
            mujoco.mj_step(model, pushed, 200)
            assert np.linalg.norm(pushed.body("thing").xpos - place) < 0.005

"""Robots: the compiled model is what the data says, the left hand is the right one's image, couplings hold."""

import mujoco
import numpy as np
import pytest
import yaml

from dexbench.core.assets import asset_path
from dexbench.core.embodiment import Embodiment, load_embodiment
from dexbench.core.errors import DataError, DexBenchError
from dexbench.core.safety import SafetyFilter
from dexbench.robots.build import robot_model, robot_spec
from dexbench.robots.check import check_robot
from dexbench.robots.kinematics import Reach
from dexbench.robots.physics import TIMESTEP, assert_physics
from tests.resting import at_home

EMBODIMENTS = ("shadow_ur10e", "shadow_ur10e_bimanual")
FINGERS = ("FF", "MF", "RF", "LF")
PERIOD = 10

# Left hand as RealDex has it (bimanual_srhand_ur.urdf, lh_ rows): what differs from the right hand, but for the sign of
# x of every origin. It turns the thumb's middle frames by pi about z against a pure mirror image, the axes with them.
REALDEX_LEFT_AXES = {
    "WRJ2": (0, -1, 0), "FFJ4": (0, 1, 0), "MFJ4": (0, 1, 0), "RFJ4": (0, -1, 0), "LFJ4": (0, -1, 0),
    "LFJ5": (0.573576, 0, -0.819152), "THJ5": (0, 0, 1), "THJ4": (-1, 0, 0), "THJ3": (-1, 0, 0), "THJ2": (0, -1, 0),
}  # fmt: skip
REALDEX_LEFT_RPY = {"THJ5": (0, np.pi / 4, np.pi)}


@pytest.fixture(scope="module", params=EMBODIMENTS)
def embodiment(request: pytest.FixtureRequest) -> Embodiment:
    return load_embodiment(request.param)


@pytest.fixture(scope="module")
def single() -> Embodiment:
    return load_embodiment("shadow_ur10e")


@pytest.fixture(scope="module")
def both() -> Embodiment:
    return load_embodiment("shadow_ur10e_bimanual")


def test_compiled_model_agrees_with_the_data(embodiment: Embodiment) -> None:
    findings = check_robot(embodiment)
    subjects = " ".join(f.subject for f in findings)
    for part in ("kinematics", "workspace", "reach", "mass", "joints", "actuators", "range", "passes its neighbour"):
        assert part in subjects
    assert [str(f) for f in findings if not f.ok] == []


@pytest.mark.parametrize(
    ("edit", "subject"),
    [
        (lambda spec: setattr(spec.joint("right/FFJ3"), "range", [-0.5, 1.6]), "wider than the maker's"),
        (lambda spec: setattr(spec.body("right/forearm"), "mass", 3.0), "right/shadow: total mass"),
        (lambda spec: setattr(spec.body("right/mfmiddle"), "pos", [0, 0, 0.0451]), "right/shadow: forward kinematics"),
        (lambda spec: setattr(spec.body("right/forearm_link"), "pos", [-0.612, 0, 0]), "right/ur10e: forward kin"),
        (lambda spec: setattr(spec.actuator("right/THJ1"), "forcerange", [-9, 9]), "gains or force"),
        (lambda spec: setattr(spec.tendon("right/FFJ1-FFJ2"), "limited", 0), "passes its neighbour"),
        (lambda spec: spec.delete(spec.actuator("right/elbow_joint")) or None, None),
        (lambda spec: setattr(spec.site("right/thumb"), "pos", [0, -0.02, 0.02]), "pad"),
        (lambda spec: setattr(spec.body("right/palm"), "gravcomp", 0), "gravity"),
    ],
)
def test_check_notices_a_wrong_model(single: Embodiment, edit, subject: str | None) -> None:  # type: ignore[no-untyped-def]
    spec = robot_spec(single)
    edit(spec)
    model = spec.compile()
    if subject is None:
        with pytest.raises(KeyError):
            check_robot(single, model)
        return
    assert any(subject in f.subject for f in check_robot(single, model) if not f.ok)


def _chain(rows: list[dict], q: dict[str, float], tip: tuple[str, np.ndarray]) -> np.ndarray:  # type: ignore[type-arg]
    """Return a tip's place in the palm frame from URDF rows, in plain numpy."""

    def turn(axis: np.ndarray, angle: float) -> np.ndarray:
        K = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
        return np.eye(3) + np.sin(angle) * K + (1 - np.cos(angle)) * K @ K

    by_child = {row["child"]: row for row in rows}
    link, point = tip
    while link != "palm":
        row = by_child[link]
        roll, pitch, yaw = row["rpy"]
        R = turn(np.eye(3)[2], yaw) @ turn(np.eye(3)[1], pitch) @ turn(np.eye(3)[0], roll)
        point = np.array(row["xyz"]) + R @ turn(np.array(row["axis"], float), q[row["name"]]) @ point
        link = row["parent"]
    return point


def test_left_hand_is_realdex_left_hand(both: Embodiment) -> None:
    document = yaml.safe_load(asset_path("hands/shadow/hand.yaml").read_text(encoding="utf-8"))
    rows = []
    for row in document["kinematic_tree"]["joints"]:
        x, y, z = row["xyz"]
        rows.append(
            row
            | {"xyz": (-x, y, z), "axis": REALDEX_LEFT_AXES.get(row["name"], row["axis"])}
            | {"rpy": REALDEX_LEFT_RPY.get(row["name"], row["rpy"])}
        )
    model = robot_spec(both, shapes=False).compile()
    data = mujoco.MjData(model)
    rng = np.random.default_rng(3)
    for _ in range(20):
        q = {row["name"]: rng.uniform(*row["range"]) for row in rows}
        for name, angle in q.items():
            data.joint(f"left/{name}").qpos = angle
        mujoco.mj_kinematics(model, data)
        palm = data.body("left/palm")
        for digit, height in (*((f.lower(), 0.026) for f in FINGERS), ("th", 0.0275)):
            found = palm.xmat.reshape(3, 3).T @ (data.site(f"left/{digit}tip").xpos - palm.xpos)
            expected = _chain(rows, q, (f"{digit}distal", np.array([0, 0, height])))
            np.testing.assert_allclose(found, expected, atol=1e-5)


def test_left_is_the_mirror_image_of_right(both: Embodiment) -> None:
    """Home and every mirrored posture: sites mirrored in the plane y = 0 of the cell."""
    model = robot_model(both)
    data = mujoco.MjData(model)
    rng = np.random.default_rng(0)
    right, left = both.joint_index("right"), both.joint_index("left")
    home = both.joint_angles(both.home)
    np.testing.assert_allclose(_mirror(home[right]), home[left], atol=1e-4)
    for _ in range(5):
        angles = home.copy()
        angles[right] += rng.uniform(-0.5, 0.5, len(right))
        angles[left] = _mirror(angles[right])
        for joint, angle in zip(both.joints, angles, strict=True):
            data.joint(joint.name).qpos = angle
        mujoco.mj_kinematics(model, data)
        for site in ("tool0", "palm_site", "fftip", "lftip", "thtip", "thumb", "little"):
            here, there = data.site(f"right/{site}").xpos, data.site(f"left/{site}").xpos
            np.testing.assert_allclose(here * [1, -1, 1], there, atol=1e-6)
        for site in ("palm_site", "index"):  # normals and fingers mirror; x is the rest of a right-handed frame
            here, there = (data.site(f"{s}/{site}").xmat.reshape(3, 3) for s in ("right", "left"))
            np.testing.assert_allclose(here[:, 1:] * [[1], [-1], [1]], there[:, 1:], atol=1e-6)


def _mirror(q: np.ndarray) -> np.ndarray:
    """Return joint angles of the other side: the arm is no mirror image, but its base is turned by pi."""
    q = q.copy()
    q[:6] = [-q[0], -np.pi - q[1], -q[2], np.pi - q[3], -q[4], -q[5]]
    return q


def test_home_hovers_over_the_table(embodiment: Embodiment) -> None:
    model = robot_model(embodiment)
    data = at_home(embodiment, model)
    assert data.ncon == 0
    for side in embodiment.sides:
        sign = -1 if side == "right" else 1
        palm = data.site(f"{side}/palm_site")
        np.testing.assert_allclose(palm.xpos, [0.45, sign * 0.15, 0.32], atol=1e-3)
        normal = palm.xmat.reshape(3, 3)[:, 2]
        assert normal[1] * sign < -0.5  # inwards
        assert normal[2] < -0.2  # and down
        assert data.body(f"{side}/forearm_link").xpos[2] > 0.6  # elbow up
    limits = embodiment.limits
    arm = embodiment.actuator_index(part="arm")
    assert np.minimum(embodiment.home - limits.lower, limits.upper - embodiment.home)[arm].min() > 0.9
    mujoco.mj_step(model, data, 250)  # a second of holding still
    found = embodiment.command(np.array([data.joint(j.name).qpos[0] for j in embodiment.joints]))
    np.testing.assert_allclose(found, embodiment.home, atol=1e-4)


def test_tool_continues_into_the_forearm(single: Embodiment) -> None:
    data = at_home(single, robot_model(single))
    tool, forearm = data.site("right/tool0"), data.body("right/forearm")
    np.testing.assert_allclose(tool.xpos, forearm.xpos, atol=1e-9)
    np.testing.assert_allclose(tool.xmat.reshape(3, 3)[:, 2], forearm.xmat.reshape(3, 3)[:, 2], atol=1e-9)


def _drive(single: Embodiment, bar: tuple[float, float, float] | None, rate: float) -> tuple[float, float]:
    """Flex and extend all fingers at `rate` [rad/s]; return how far J1 passed J2, and the largest speed of a joint."""
    spec = robot_spec(single)
    if bar:  # radius, and place in the palm frame
        spec.body("right/palm").add_geom(
            type=mujoco.mjtGeom.mjGEOM_CAPSULE, size=[bar[0], 0.06, 0], pos=[0, *bar[1:]], quat=[1, 0, 1, 0], condim=4
        )
    model = spec.compile()
    data = at_home(single, model)
    motors = [model.actuator(f"right/{f}J0").id for f in FINGERS]
    first = [model.joint(f"right/{f}J1").qposadr[0] for f in FINGERS]
    second = [model.joint(f"right/{f}J2").qposadr[0] for f in FINGERS]
    for adr in (*first, *second):
        data.qpos[adr] = 0
    passed = fastest = -np.inf
    ramp = np.linspace(0, 3.1416, max(2, round(3.1416 / rate / TIMESTEP)))
    for command in np.concatenate([ramp, np.full(60, 3.1416), ramp[::-1], np.zeros(60)]):
        data.ctrl[motors] = command
        mujoco.mj_step(model, data)
        passed = max(passed, float((data.qpos[first] - data.qpos[second]).max()))
        fastest = max(fastest, float(np.abs(data.qvel).max()))
    return passed, fastest


@pytest.mark.parametrize("rate", [4.0, 400.0])
@pytest.mark.parametrize(
    "bar", [None, (0.006, -0.05, 0.115), (0.006, -0.035, 0.14), (0.012, -0.05, 0.115), (0.012, -0.035, 0.14)]
)
def test_distal_joint_never_passes_the_middle_one(
    single: Embodiment, bar: tuple[float, float, float] | None, rate: float
) -> None:
    passed, fastest = _drive(single, bar, rate)
    assert passed <= 0.01
    assert np.isfinite(fastest)


def test_free_finger_bends_both_joints_alike(single: Embodiment) -> None:
    model = robot_model(single)
    data = at_home(single, model)
    for command in (0.3, 1.0, 2.0, 2.8, 1.0):
        for finger in FINGERS:
            data.actuator(f"right/{finger}J0").ctrl = command
        mujoco.mj_step(model, data, 250)
        for finger in FINGERS:
            distal, middle = (float(data.joint(f"right/{finger}J{k}").qpos[0]) for k in (1, 2))
            assert abs(distal + middle - command) < 0.02
            assert abs(distal - middle) < 0.05


def test_stops_hold_under_load(single: Embodiment) -> None:
    model = robot_model(single)
    data = at_home(single, model)
    for joint in single.joints:
        data.joint(joint.name).qfrc_applied = 2.0 if joint.part == "hand" else 50.0
    mujoco.mj_step(model, data, 250)
    angles = np.array([data.joint(j.name).qpos[0] for j in single.joints])
    upper = np.array([j.upper for j in single.joints])
    assert (angles - upper).max() < 0.03


def test_random_legal_actions_do_not_explode(embodiment: Embodiment) -> None:
    spec = robot_spec(embodiment)
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[2, 2, 0.1], condim=4)
    model = spec.compile()
    data = at_home(embodiment, model)
    period = PERIOD * TIMESTEP
    safety = SafetyFilter(embodiment.limits, 1, period)
    safety.reset(embodiment.home[None], [0])
    actuators = [model.actuator(a.name).id for a in embodiment.actuators]
    rng = np.random.default_rng(1)
    for tick in range(round(2 / period)):
        if tick % 5 == 0:
            target = rng.uniform(embodiment.limits.lower, embodiment.limits.upper)
        data.ctrl[actuators] = safety(target[None])[0]
        mujoco.mj_step(model, data, PERIOD)
        assert np.isfinite(data.qpos).all()
        assert np.abs(data.qvel).max() < 60
    assert all(w.number == 0 for w in data.warning)


def test_servos_follow_the_safety_filter(single: Embodiment) -> None:
    """Arm joints at their filtered speed limit stay within it, and arrive."""
    model = robot_model(single)
    data = at_home(single, model)
    period = PERIOD * TIMESTEP
    safety = SafetyFilter(single.limits, 1, period)
    safety.reset(single.home[None], [0])
    arm = single.actuator_index(part="arm")
    target = single.home.copy()
    target[arm] += [0.5, 0.3, -0.4, 0.5, 0.5, 0.5]
    dofs = [int(model.joint(single.actuators[a].name).dofadr[0]) for a in arm]
    actuators = [model.actuator(a.name).id for a in single.actuators]
    setpoint = single.home
    for _ in range(100):
        last, setpoint = setpoint, safety(target[None])[0]
        for share in np.arange(1, PERIOD + 1) / PERIOD:
            data.ctrl[actuators] = last + share * (setpoint - last)
            mujoco.mj_step(model, data)
            assert (np.abs(data.qvel[dofs]) <= single.limits.velocity[arm] * 1.02).all()
    np.testing.assert_allclose(data.qpos[dofs], target[arm], atol=2e-3)


def test_physics_options_are_set_and_asserted(embodiment: Embodiment) -> None:
    model = robot_model(embodiment)
    assert model.opt.timestep == 0.004
    assert int(model.opt.integrator) == int(mujoco.mjtIntegrator.mjINT_IMPLICITFAST)
    assert int(model.opt.cone) == int(mujoco.mjtCone.mjCONE_ELLIPTIC)
    assert model.opt.impratio == 10
    assert int(model.opt.jacobian) == int(mujoco.mjtJacobian.mjJAC_DENSE)
    parent = mujoco.MjSpec()  # the trap: a child's options are lost when it is attached
    with pytest.warns(UserWarning, match="keeping parent value"):
        attached = _attached(parent, robot_spec(embodiment))
    with pytest.raises(DexBenchError, match="set_physics"):
        assert_physics(attached)


def _attached(parent: mujoco.MjSpec, child: mujoco.MjSpec) -> mujoco.MjModel:
    parent.attach(child, frame=parent.worldbody.add_frame(), prefix="cell/")
    return parent.compile()


def test_reach_finds_poses_it_was_shown(both: Embodiment) -> None:
    rng = np.random.default_rng(0)
    for side in both.sides:
        reach = Reach(both, side)
        assert len(reach.joints) == 8
        for _ in range(25):
            q = np.clip(reach.home + rng.normal(0, 0.3, 8), reach.lower, reach.upper)
            position, quaternion = reach.pose(q)
            solution = reach.solve(position, quaternion)
            assert solution.found
            assert (solution.q >= reach.lower).all()
            assert (solution.q <= reach.upper).all()
            found, turned = reach.pose(solution.q)
            np.testing.assert_allclose(found, position, atol=1e-4)
            assert abs(turned @ quaternion) > 1 - 1e-6


def test_reach_agrees_with_the_full_model(both: Embodiment) -> None:
    data = at_home(both, robot_model(both))
    for side in both.sides:
        reach = Reach(both, side)
        np.testing.assert_allclose(reach.pose(reach.home)[0], data.site(f"{side}/palm_site").xpos, atol=1e-9)
        tip = Reach(both, side, "fftip")
        assert len(tip.joints) == 12
        np.testing.assert_allclose(tip.pose(tip.home)[0], data.site(f"{side}/fftip").xpos, atol=1e-9)


def test_reach_says_when_it_fails(single: Embodiment) -> None:
    reach = Reach(single, "right")
    solution = reach.solve(np.array([3.0, 0, 0.3]), np.array([1.0, 0, 0, 0]))
    assert not solution.found
    assert solution.position_error > 1
    with pytest.raises(DataError, match="left"):
        Reach(single, "left")
    with pytest.raises(DataError, match="nose"):
        Reach(single, "right", "nose")

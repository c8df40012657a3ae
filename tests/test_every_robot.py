"""What holds for every robot that DexBench has: it is what its file says, it rests, and nothing explodes."""

from pathlib import Path

import mujoco
import numpy as np
import pytest

from dexbench.core.assets import asset_path
from dexbench.core.embodiment import Embodiment, load_embodiment
from dexbench.core.mechanism import mirrored
from dexbench.robots.build import COLLISION_GROUP, robot_model, robot_spec
from dexbench.robots.check import check_robot
from dexbench.robots.finding import confidence
from dexbench.robots.ordeal import run_ordeal
from dexbench.robots.physics import assert_physics
from dexbench.robots.visual import VISUAL_GROUP, loft_mesh
from tests.resting import at_home

ROBOTS = sorted(path.stem for path in Path(asset_path("embodiments")).glob("*.yaml"))
COUNTS = {
    "bytedexter_fr3": (28, 23), "bytedexter_fr3_bimanual": (56, 46), "psibot_rm75": (18, 13),
    "psibot_rm75_bimanual": (36, 26), "shadow_ur10e": (30, 26), "shadow_ur10e_bimanual": (60, 52),
}  # fmt: skip
"""Joints and actuators."""


@pytest.fixture(scope="module", params=ROBOTS)
def robot(request: pytest.FixtureRequest) -> Embodiment:
    return load_embodiment(request.param)


@pytest.fixture(scope="module")
def dexter() -> Embodiment:
    return load_embodiment("bytedexter_fr3")


@pytest.fixture(scope="module")
def both() -> Embodiment:
    return load_embodiment("bytedexter_fr3_bimanual")


def test_the_robots_of_the_mission_are_there() -> None:
    assert set(COUNTS) <= set(ROBOTS)
    for name, counts in COUNTS.items():
        found = load_embodiment(name)
        assert (len(found.joints), len(found.actuators)) == counts


def test_model_agrees_with_the_data(robot: Embodiment) -> None:
    findings = check_robot(robot)
    assert [str(f) for f in findings if not f.ok] == []
    subjects = " ".join(f.subject for f in findings)
    for part in ("joints", "actuators", "range or axis", "mass", "motor", "pad", "forward kinematics", "reach", "home"):
        assert part in subjects
    hands = [side.hand for side in robot.parts.values()]
    assert ("linkage is off its line under load" in subjects) == any(h.followers for h in hands)
    assert ("passes its neighbour" in subjects) == any(h.couplings for h in hands)
    assert ("position-dependent law" in subjects) == ("fr3" in robot.name)


def test_estimates_are_called_so(dexter: Embodiment) -> None:
    findings = check_robot(dexter)
    known = {f.subject.removeprefix("right/bytedexter: "): f.confidence for f in findings if "bytedexter:" in f.subject}
    assert known["forward kinematics, largest error"] == "estimated"
    assert known["total mass [kg]"] == "estimated"
    assert known["top [m]"] == "exact"
    assert known["thumb_tip to little_tip at the nearest [m]"] == "derived"
    assert "estimated" in next(str(f) for f in findings if "bytedexter: total mass" in f.subject)
    shadow = load_embodiment("shadow_ur10e").parts["right"].hand.checks
    assert confidence(shadow, "workspace") == "derived"
    assert confidence(shadow, "mass") == "exact"


@pytest.mark.parametrize(
    ("edit", "subject"),
    [
        (lambda s: s.delete(s.equality("right/index_DIP")), "a linkage is off its line in free motion"),
        (lambda s: setattr(s.equality("right/index_DIP"), "solref", [0.2, 1]), "a linkage is off its line under load"),
        (lambda s: setattr(s.body("right/thumb_distal"), "pos", [0, 0.02, 0.034]), "forward kinematics"),
        (lambda s: setattr(s.site("right/thumb_tip"), "pos", [0, 0.15, 0]), "thumb_tip to index_tip"),
        (lambda s: setattr(s.body("right/middle_knuckle"), "pos", [0, 0.011, 0.127]), "bytedexter: top"),
        (lambda s: setattr(s.body("right/little_knuckle"), "pos", [0, -0.066, 0.112]), "bytedexter: width"),
    ],
)
def test_check_notices_a_wrong_hand(dexter: Embodiment, edit, subject: str) -> None:  # type: ignore[no-untyped-def]
    spec = robot_spec(dexter)
    edit(spec)
    assert any(subject in f.subject for f in check_robot(dexter, spec.compile()) if not f.ok)


def test_home_is_free_and_held(robot: Embodiment) -> None:
    model = robot_model(robot)
    data = at_home(robot, model)
    assert data.ncon == 0
    for side in robot.sides:
        assert data.site(f"{side}/palm_site").xpos[2] > 0.15  # above what stands on the table
    mujoco.mj_step(model, data, 250)
    angles = np.array([data.joint(j.name).qpos[0] for j in robot.joints])
    np.testing.assert_allclose(robot.command(angles), robot.home, atol=2e-3)
    np.testing.assert_allclose(angles, robot.joint_angles(robot.home), atol=2e-3)


def test_geoms_are_either_seen_or_touched(robot: Embodiment) -> None:
    model = robot_model(robot)
    assert_physics(model)
    seen, touched = model.geom_group == VISUAL_GROUP, model.geom_group == COLLISION_GROUP
    assert (seen | touched).all()
    assert (model.geom_contype[seen] == 0).all()
    assert (model.geom_contype[touched] == 1).all()
    assert (model.geom_condim[touched] == 4).all()
    assert model.nmeshface / len(robot.sides) < 15_000  # software rendering pays for every triangle
    assert touched.sum() / len(robot.sides) <= 35  # and physics for every shape


def test_meshes_are_closed_and_point_outwards(robot: Embodiment) -> None:
    side = robot.parts["right"]
    for shape in (*side.arm.visual, *side.hand.visual):
        if shape.sections:
            vertices, faces = loft_mesh(shape.sections)
            edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
            forward = {tuple(e) for e in edges.tolist()}
            assert {(b, a) for a, b in forward} == forward
            a, b, c = (vertices[faces[:, k]] for k in range(3))
            assert np.einsum("ij,ij->", a, np.cross(b, c)) > 0


def test_nothing_explodes(robot: Embodiment) -> None:
    """Ten seconds here; ten minutes in tests/benchmarks/test_ordeal.py."""
    assert [str(f) for f in run_ordeal(robot, 10.0, 3).findings(robot.name) if not f.ok] == []


def test_the_ordeal_notices_what_it_is_for(dexter: Embodiment, monkeypatch: pytest.MonkeyPatch) -> None:
    def soft(embodiment: Embodiment) -> mujoco.MjSpec:
        spec = robot_spec(embodiment)
        for geom in spec.geoms:
            geom.solref = [0.5, 1]
        for equality in spec.equalities:
            equality.solref = [0.5, 1]
        return spec

    monkeypatch.setattr("dexbench.robots.ordeal.robot_spec", soft)
    wrong = [f.subject for f in run_ordeal(dexter, 4.0).findings("soft") if not f.ok]
    assert any("overlap of parts of a hand" in w for w in wrong)
    assert any("coupling" in w for w in wrong)


def test_hand_has_sixteen_motors_and_five_linkages(dexter: Embodiment) -> None:
    hand = dexter.parts["right"].hand
    assert len(hand.moving) == 21
    assert len(hand.motors) == 16
    assert {f.joint: f.master for f in hand.followers} == {
        **{f"{finger}_DIP": f"{finger}_PIP" for finger in ("index", "middle", "ring", "little")},
        "thumb_IP": "thumb_MCP",
    }
    roles = {m.role for m in hand.motors}
    assert roles >= {"thumb/rotation", "thumb/flexion", "thumb/roll", "thumb/mcp", "little/abduction", "index/pip"}
    assert {p.finger: (p.model.rows, p.model.columns, p.model.axes) for p in dexter.pads} == dict.fromkeys(
        ("thumb", "index", "middle", "ring", "little"), (8, 8, "normal")
    )
    assert mirrored(mirrored(hand)) == hand


def test_left_dexter_is_the_mirror_image(both: Embodiment) -> None:
    model = robot_spec(both, shapes=False).compile()
    data = mujoco.MjData(model)
    rng = np.random.default_rng(0)
    right, left = both.joint_index("right"), both.joint_index("left")
    flip = np.ones(len(right))
    flip[[0, 2, 4, 6]] = -1
    home = both.joint_angles(both.home)
    np.testing.assert_allclose(flip * home[right], home[left], atol=1e-9)
    for _ in range(4):
        angles = home.copy()
        angles[right] += rng.uniform(-0.4, 0.4, len(right))
        angles[left] = flip * angles[right]
        for joint, angle in zip(both.joints, angles, strict=True):
            data.joint(joint.name).qpos = angle
        mujoco.mj_kinematics(model, data)
        for site in ("palm_site", "thumb_tip", "little_tip", "thumb", "index"):
            here, there = data.site(f"right/{site}"), data.site(f"left/{site}")
            np.testing.assert_allclose(here.xpos * [1, -1, 1], there.xpos, atol=1e-9)
        for site in ("palm_site", "thumb", "index"):  # y along the finger and z out of the skin on either side
            turns = [data.site(f"{s}/{site}").xmat.reshape(3, 3)[:, 1:] for s in ("right", "left")]
            np.testing.assert_allclose(turns[0] * [[1], [-1], [1]], turns[1], atol=1e-9)


def test_speeds_keep_the_law_of_the_arm_everywhere(dexter: Embodiment) -> None:
    """The maker's law at 200 places of each joint, written down once more."""
    law = dexter.parts["right"].arm.checks["motion"]["speed_law"]
    vmax, c, k, upper, lower = (np.array(law.vector(n)) for n in ("vmax", "c", "k", "upper", "lower"))
    limits = dexter.limits
    q = np.linspace(limits.lower[:7], limits.upper[:7], 200)
    up = np.minimum(vmax, np.maximum(0, -c + np.sqrt(np.maximum(0, k * (upper - q)))))
    down = np.minimum(vmax, np.maximum(0, -c + np.sqrt(np.maximum(0, k * (q - lower)))))
    assert (limits.velocity[:7] <= up).all()
    assert (limits.velocity[:7] <= down).all()
    assert limits.velocity[:7].min() > 0.9

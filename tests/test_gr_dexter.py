"""The 88 numbers of a GR-Dexter action: an exact bijection on its own robot, a mask on any other."""

from functools import cache
from typing import Any

import mujoco
import numpy as np
import pytest

from dexbench.core.agent import AgentSpec
from dexbench.core.anatomy import Anatomy
from dexbench.core.errors import ContractError
from dexbench.core.roles import FINGERS
from dexbench.core.schema import Array
from dexbench.core.shelf import load_embodiment
from dexbench.core.world import WorldSpec
from dexbench.robots.build import robot_spec
from dexbench.robots.faces import declare, face_for
from dexbench.robots.gr_dexter_face import HAND, GrDexter
from tests.test_face_contracts import declared
from tests.test_faces import arms, steps
from tests.toy_robot import PERIOD

OWN = "bytedexter_fr3_bimanual"
robot = cache(load_embodiment)


def slots(face: GrDexter, action: Array) -> dict[str, float]:
    return {s.name: float(v) for s, v in zip(face.slots, action, strict=True)}


def masked(face: GrDexter, *parts: str) -> Array:
    """Return the face's mask without the slots whose name contains one of `parts`."""
    return np.array([v and not any(p in s.name for p in parts) for s, v in zip(face.slots, face.valid, strict=True)])


def test_its_own_robot_has_all_88_numbers() -> None:
    face = GrDexter(robot(OWN), PERIOD)
    assert len(face.slots) == 88
    assert face.valid.all()
    assert face.held == ()
    blocks = [(0, 14, "/arm/"), (14, 26, "/palm/"), (26, 58, ""), (58, 88, "/tip/")]
    for first, end, part in blocks:
        names = [s.name for s in face.slots[first:end]]
        assert all(part in n for n in names)
        half = len(names) // 2
        assert all(n.startswith("right/") for n in names[:half])
        assert [n.replace("right", "left") for n in names[:half]] == names[half:]
    hand = [a for a in robot(OWN).actuators if (a.side, a.part) == ("right", "hand")]
    assert [a.role for a in hand] == list(HAND), "the order of the ByteDexter's motors"
    assert [s.name for s in face.slots[26:42]] == [f"right/{a.role}" for a in hand]


@pytest.mark.parametrize("settings", [{}, {"first": "left"}, {"rotation": "rpy", "fingertips": "cell"}])
def test_joint_blocks_are_an_exact_bijection_with_the_46_commands(settings: dict[str, str]) -> None:
    face = GrDexter(robot(OWN), PERIOD, **settings)
    last, target = steps(robot(OWN), 6)
    action = face.encode(target, last)
    joints = np.r_[0:14, 26:58]
    assert len(joints) == target.shape[1] == 46
    np.testing.assert_array_equal(np.sort(action[:, joints]), np.sort(target))
    found, met = face.decode(action, last, last)
    np.testing.assert_array_equal(found, target)
    assert met.all()
    action[:, ~np.isin(np.arange(88), joints)] = 7.0  # poses and fingertips are told, not followed
    np.testing.assert_array_equal(face.decode(action, last, last)[0], target)
    assert face.sides[0] == settings.get("first", "right")


@pytest.mark.parametrize("name", [OWN, "shadow_ur10e_bimanual"])
@pytest.mark.parametrize("frame", ["palm", "cell"])
def test_poses_and_fingertips_are_where_the_simulator_has_them(name: str, frame: str) -> None:
    embodiment = robot(name)
    face = GrDexter(embodiment, PERIOD, fingertips=frame)
    last, target = steps(embodiment, 1)
    told = slots(face, face.encode(target, last)[0])
    model = robot_spec(embodiment, shapes=False).compile()
    data = mujoco.MjData(model)
    for joint, angle in zip(embodiment.joints, embodiment.joint_angles(target[0]), strict=True):
        data.joint(joint.name).qpos = angle
    mujoco.mj_kinematics(model, data)
    for side in embodiment.sides:
        palm = data.site(f"{side}/palm_site")
        np.testing.assert_allclose([told[f"{side}/palm/{a}"] for a in "xyz"], palm.xpos, rtol=0, atol=1e-9)
        vector = np.array([told[f"{side}/palm/r{a}"] for a in "xyz"])
        quaternion, turn = np.empty(4), np.empty(9)
        mujoco.mju_axisAngle2Quat(quaternion, vector / np.linalg.norm(vector), np.linalg.norm(vector))
        mujoco.mju_quat2Mat(turn, quaternion)
        np.testing.assert_allclose(turn, palm.xmat, rtol=0, atol=1e-9)
        for finger in FINGERS:
            place = data.site(Anatomy(embodiment).tip(side, finger)).xpos
            if frame == "palm":
                place = palm.xmat.reshape(3, 3).T @ (place - palm.xpos)
            given = [told[f"{side}/{finger}/tip/{a}"] for a in "xyz"]
            np.testing.assert_allclose(given, place, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "count", "held"),
    [
        ("shadow_ur10e", 6 + 6 + 15 + 15, {"WRJ2", "WRJ1", "THJ3", "THJ1", "LFJ5"}),
        ("psibot_rm75_bimanual", 2 * (7 + 6 + 6 + 15), set()),
    ],
)
def test_other_robots_have_some_of_them_and_hold_the_rest(name: str, count: int, held: set[str]) -> None:
    embodiment = robot(name)
    face = GrDexter(embodiment, PERIOD)
    assert face.valid.sum() == count
    assert {n.partition("/")[2] for n in face.held} == held
    last, target = steps(embodiment, 3)
    action = face.encode(target, last)
    assert (action[:, ~face.valid] == 0).all()
    action[:, ~face.valid] = 5.0
    found, _ = face.decode(action, last, last)
    for i, actuator in enumerate(embodiment.actuators):
        expected = np.full(3, embodiment.home[i]) if actuator.name in face.held else target[:, i]
        np.testing.assert_array_equal(found[:, i], expected)
    if "shadow" in name:
        told = dict(zip((s.name for s in face.slots), face.valid, strict=True))
        assert not told["right/arm/7"]
        assert not told["right/thumb/roll"]
        assert not told["left/index/flexion"]
        assert told["right/thumb/mcp"]


@pytest.mark.parametrize("name", [OWN, "psibot_rm75_bimanual"])
def test_without_arm_joints_the_palm_poses_move_the_arms(name: str) -> None:
    embodiment = robot(name)
    whole = GrDexter(embodiment, PERIOD)
    face = GrDexter(embodiment, PERIOD, mask=masked(whole, "/arm/"))
    last, target = steps(embodiment, 3, seed=2)
    action = whole.encode(target, last)
    action[:, :14] = np.nan  # not given
    found, met = face.decode(action, last, last)
    assert met.all()
    np.testing.assert_array_equal(found[:, ~arms(embodiment)], target[:, ~arms(embodiment)])
    again = whole.encode(found, last)
    places = [i for i, s in enumerate(face.slots) if "/palm/" in s.name and s.unit == "m"]
    np.testing.assert_allclose(again[:, places], action[:, places], rtol=0, atol=1e-4)
    one, _ = face.decode(action[1:2], last[1:2], last[1:2])
    np.testing.assert_array_equal(one[0], found[1])


def wrong_masks() -> dict[str, tuple[Any, str]]:
    face = GrDexter(robot("shadow_ur10e"), PERIOD)
    claims = face.valid.copy()
    claims[[s.name for s in face.slots].index("right/arm/7")] = True
    claims[[s.name for s in face.slots].index("left/thumb/roll")] = True
    return {
        "shape": (np.ones(87, bool), r"shape \(87,\) and type bool was given.*\(88,\) and bool are expected"),
        "type": (face.valid.astype(int), r"type int64 was given.*\(88,\) and bool"),
        "claims": (claims, "claims what 'shadow_ur10e' lacks: right/arm/7, left/thumb/roll$"),
        "hand": (masked(face, "index/flexion"), "leaves out what 'shadow_ur10e' needs: right/index/flexion$"),
        "arm": (masked(face, "arm/3", "palm/x"), r"needs: right/arm/3, \(or instead right/palm/x\)$"),
        "nothing": (np.zeros(88, bool), "needs: right/index/abduction, .*right/thumb/mcp, right/arm/1, "),
    }


@pytest.mark.parametrize("what", wrong_masks())
def test_a_wrong_mask_is_refused_with_the_slots_named(what: str) -> None:
    mask, said = wrong_masks()[what]
    with pytest.raises(ContractError, match=said):
        GrDexter(robot("shadow_ur10e"), PERIOD, mask=mask)
    with pytest.raises(ContractError, match=said):
        GrDexter(robot("shadow_ur10e"), PERIOD).check(mask)


def test_an_agent_declares_its_mask_and_is_refused_before_step_0() -> None:
    world: WorldSpec = declared()
    whole = GrDexter(world.embodiment, PERIOD)
    action = declare("gr_dexter", world, mask=masked(whole, "/tip/", "/arm/").tolist())
    spec = AgentSpec("vla", "1", (), action)
    found = face_for(spec, world)
    assert isinstance(found, GrDexter)
    assert found.mask.sum() == whole.valid.sum() - 15 - 6
    (said,) = [v for k, v in action.settings if k == "mask"]
    wrong = (("mask", (*said[:6], True, *said[7:])),)
    bad = AgentSpec("vla", "1", (), declare("gr_dexter", world))
    object.__setattr__(bad.action, "settings", wrong)
    with pytest.raises(ContractError, match=r"agent 'vla' does not fit this world: the mask.*lacks: right/arm/7$"):
        face_for(bad, world)

"""Variation in what nobody published: masses, lengths and ratios change as they say, and the robot stays consistent."""

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from dexbench.core.embodiment import Embodiment, load_embodiment
from dexbench.core.errors import DataError, UnknownName
from dexbench.core.forward import Forward
from dexbench.core.mechanism import Mechanism
from dexbench.core.variation import draw, varied, varied_robot
from dexbench.robots.build import robot_model, robot_spec
from dexbench.robots.check import check_robot

HANDS = ("bytedexter_fr3", "psibot_rm75")


@pytest.fixture(scope="module")
def robot() -> Embodiment:
    return load_embodiment("bytedexter_fr3_bimanual")


@pytest.fixture(scope="module")
def hand(robot: Embodiment) -> Mechanism:
    return robot.parts["right"].hand


def mass(robot: Embodiment) -> float:
    model = robot_spec(robot, shapes=False).compile()
    return sum(float(model.body(f"right/{link}").mass[0]) for link in robot.parts["right"].hand.links)


def tip(robot: Embodiment, finger: str, angles: np.ndarray) -> np.ndarray:
    """Return a fingertip's place in the hand's own root frame [m]."""
    model = robot_spec(robot, shapes=False).compile()
    data = mujoco.MjData(model)
    for joint, angle in zip(robot.joints, angles, strict=True):
        data.joint(joint.name).qpos = angle
    mujoco.mj_kinematics(model, data)
    palm = data.body("right/palm")
    return np.asarray(palm.xmat.reshape(3, 3).T @ (data.site(f"right/{finger}_tip").xpos - palm.xpos))


@pytest.mark.parametrize("name", HANDS)
def test_drawn_values_lie_in_their_ranges_about_the_prior(name: str) -> None:
    hand = load_embodiment(name).parts["right"].hand
    assert {row.scales for row in hand.parameters} >= {"coupling", "mass"}
    rng = np.random.default_rng(0)
    drawn = [draw(hand, rng) for _ in range(300)]
    for row in hand.parameters:
        assert row.lower < row.prior < row.upper
        values = np.array([d[row.name] for d in drawn])
        assert (values >= row.lower).all()
        assert (values <= row.upper).all()
        assert values.std() > 0.15 * (row.upper - row.lower)
        assert abs(np.mean(values) - row.prior) < 0.1 * (row.upper - row.lower)


def test_mass_of_the_hand_scales(robot: Embodiment) -> None:
    assert mass(robot) == pytest.approx(1.1)
    assert mass(varied_robot(robot, {"mass": 0.864})) == pytest.approx(0.95, abs=1e-3)
    assert mass(varied_robot(robot, {"mass": 1.136})) == pytest.approx(1.25, abs=1e-3)


def test_lengths_scale_what_they_name(robot: Embodiment) -> None:
    angles = np.zeros(len(robot.joints))
    before, after = (tip(r, "middle", angles) for r in (robot, varied_robot(robot, {"finger_length": 1.1})))
    knuckle = np.array([0, 0.011, 0.124])
    np.testing.assert_allclose(after - knuckle, 1.1 * (before - knuckle), atol=1e-9)
    shorter = tip(varied_robot(robot, {"palm_size": 0.95}), "middle", angles)
    np.testing.assert_allclose(shorter - before, -0.05 * knuckle, atol=1e-9)


def test_ratio_scales_and_the_range_grows_with_it(robot: Embodiment) -> None:
    more = varied_robot(robot, {"dip_ratio": 1.2})
    rows = {f.joint: f.multiplier for f in more.parts["left"].hand.followers}
    assert rows["index_DIP"] == pytest.approx(0.8, abs=1e-4)
    assert rows["thumb_IP"] == 0.9
    upper = {j.name: j.upper for j in more.joints}
    assert upper["left/index_DIP"] == pytest.approx(0.8 * 1.5708, abs=1e-3)
    closed = more.joint_angles(more.limits.upper)
    place = [j.name for j in more.joints].index("left/index_DIP")
    assert closed[place] > 1.2


def test_neutral_factors_change_nothing(hand: Mechanism) -> None:
    same = varied(hand, {row.name: 1.0 for row in hand.parameters})
    for a, b in zip(same.joints, hand.joints, strict=True):
        assert replace(a, upper=0.0) == replace(b, upper=0.0)
        assert a.upper == pytest.approx(b.upper, abs=1e-4)  # 0.6667 of 1.5708 is a little more than 1.0472
    assert same.collision == hand.collision
    assert dict(same.links) == dict(hand.links)


@pytest.mark.parametrize("name", HANDS)
def test_varied_robots_are_sound(name: str) -> None:
    """Whatever is drawn: pads on the surface, linkages on their lines, nothing touching at home."""
    robot = load_embodiment(name)
    rng = np.random.default_rng(1)
    for _ in range(2):
        other = varied_robot(robot, draw(robot.parts["right"].hand, rng))
        assert other.digest != robot.digest
        assert (other.home == robot.home).all()
        model = robot_model(other)
        estimated = ("total mass", "forward kinematics", "top [m]", "width [m]", "workspace")  # of the unvaried hand
        bad = [str(f) for f in check_robot(other, model) if not f.ok and not any(w in f.subject for w in estimated)]
        assert bad == []
        tips = [f"right/{row.tip}" for row in other.parts["right"].hand.fingers]
        angles = other.joint_angles(rng.uniform(other.limits.lower, other.limits.upper))
        data = mujoco.MjData(model)
        for joint, angle in zip(other.joints, angles, strict=True):
            data.joint(joint.name).qpos = angle
        mujoco.mj_kinematics(model, data)
        found = Forward(other, tips)(angles[None])[0]
        np.testing.assert_allclose(found[0], [data.site(t).xpos for t in tips], atol=1e-9)


def test_both_hands_vary_alike(robot: Embodiment) -> None:
    other = varied_robot(robot, {"thumb_length": 1.08, "ip_ratio": 0.85})
    right, left = (other.parts[s].hand for s in ("right", "left"))
    for a, b in zip(right.joints, left.joints, strict=True):
        np.testing.assert_allclose(np.multiply(a.xyz, (1, -1, 1)), b.xyz)
    assert replace(right.followers[-1], joint="") == replace(left.followers[-1], joint="")


def test_what_is_no_parameter_is_refused(hand: Mechanism) -> None:
    with pytest.raises(UnknownName, match="finger_length"):
        varied(hand, {"nail_length": 1.0})
    with pytest.raises(DataError, match=r"'mass' = 2 is outside 0.864 .. 1.136"):
        varied(hand, {"mass": 2.0})

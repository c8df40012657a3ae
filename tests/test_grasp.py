"""Grasps: the library, its search, the mirror law, and plans."""

import dataclasses

import mujoco
import numpy as np
import pytest

from dexbench.baselines._planner import timed
from dexbench.baselines._symmetry import mirror, palm_mirror
from dexbench.core.errors import DataError
from dexbench.core.shelf import load_embodiment
from dexbench.grasp.library import Grasps, known, library_path, load_grasps, read_grasps, write
from dexbench.grasp.opposition import FACING, opposed_shapes
from dexbench.grasp.posture import Posture
from dexbench.grasp.trial import GraspTest
from dexbench.objects.catalogue import instances, load_object
from dexbench.robots.floating import hand_spec

ROBOTS = {name.partition("_")[0]: load_embodiment(name) for name in ("shadow_ur10e", "bytedexter_fr3", "psibot_rm75")}
ROBOT = ROBOTS["shadow"]


def matrices(quaternions: np.ndarray) -> np.ndarray:
    found = np.zeros((len(quaternions), 9))
    for row, quaternion in zip(found, quaternions, strict=True):
        mujoco.mju_quat2Mat(row, quaternion)
    return found.reshape(-1, 3, 3)


FIRST = tuple(i for f in ("ball", "bottle", "bowl", "box", "can", "jar", "mug", "tray") for i in instances(f))
"""What grasp_object and lift_tray draw from: suites hang on these files."""


def test_what_suites_draw_has_grasps_and_all_files_can_be_read() -> None:
    for hand in ROBOTS:
        assert set(FIRST) <= set(known(hand))
        for path in known(hand).values():
            assert len(read_grasps(path, hand, path.stem)) >= 0


@pytest.mark.parametrize(
    ("hand", "name"), [(h, n) for h in ROBOTS for n in FIRST + tuple(sorted(set(known(h)) - set(FIRST)))]
)
def test_library_is_within_limits(name: str, hand: str) -> None:
    grasps, robot = load_grasps(hand, name), ROBOTS[hand]
    index = robot.actuator_index("right", "hand")
    assert len(grasps) >= (4 if name in FIRST else 1)
    assert (np.diff(grasps.score) <= 1e-6).all(), "best first"
    for targets in (grasps.pregrasp, grasps.squeeze):
        assert (targets >= robot.limits.lower[index] - 1e-6).all()
        assert (targets <= robot.limits.upper[index] + 1e-6).all()
    assert set(grasps.part) <= {p.name for p in load_object(name).parts}
    assert np.allclose(np.linalg.norm(grasps.quaternion, axis=1), 1)


def test_library_file_survives_a_round_trip(tmp_path) -> None:  # type: ignore[no-untyped-def]
    grasps = load_grasps("shadow", "can_01")
    write(grasps, tmp_path / "can_01.npz")
    with np.load(tmp_path / "can_01.npz", allow_pickle=False) as found:
        assert np.allclose(found["squeeze"], grasps.squeeze, atol=1e-6)


def test_unknown_grasps_say_how_to_get_some() -> None:
    with pytest.raises(DataError, match="dexbench train scripted"):
        load_grasps("shadow", "no_such_thing")
    assert not library_path("shadow", "no_such_thing").exists()


@pytest.mark.parametrize("hand", ROBOTS)
def test_shipped_grasps_hold_in_the_test_that_chose_them(hand: str) -> None:
    grasps = load_grasps(hand, "box_02").chosen(range(8))
    test = GraspTest(ROBOTS[hand], "right", "box_02", 8)
    verdict = test.run(grasps.position, matrices(grasps.quaternion), grasps.pregrasp, grasps.squeeze)
    assert verdict.held.sum() >= 7
    open_hand = test.run(grasps.position, matrices(grasps.quaternion), grasps.pregrasp, grasps.pregrasp)
    assert not open_hand.held.any(), "a hand that does not close holds nothing"


@pytest.mark.parametrize("hand", ROBOTS)
def test_opposed_shapes_face_each_other_whatever_the_hand(hand: str) -> None:
    robot = ROBOTS[hand]
    model = hand_spec(robot, "right").compile()
    posture, data = Posture(model, robot, "right"), mujoco.MjData(model)
    shapes = opposed_shapes(posture, np.random.default_rng(0), 4000)
    assert len(shapes.opening) >= 20
    for command, line, opening in zip(shapes.command[:20], shapes.line, shapes.opening, strict=False):
        at, normal = posture.pose(data, command)
        assert normal[0] @ line >= FACING
        assert (normal[1:4] @ line <= -FACING).all()
        assert np.isclose(np.linalg.norm(at[1:4].mean(axis=0) - at[0]), opening)


@pytest.mark.parametrize("hand", ROBOTS)
def test_pads_move_as_the_jacobian_says_followers_included(hand: str) -> None:
    robot = ROBOTS[hand]
    model = hand_spec(robot, "right").compile()
    posture, data = Posture(model, robot, "right"), mujoco.MjData(model)
    middle, step = (posture.lower + posture.upper) / 2, 1e-5
    jacobians = posture.jacobians(data, middle)
    for column in range(len(middle)):
        ahead, behind = (posture.pose(data, middle + s * step * np.eye(len(middle))[column])[0] for s in (1, -1))
        assert np.allclose((ahead - behind) / (2 * step), jacobians[:, :, column], atol=1e-6)


def test_a_hand_of_three_fingers_is_searched_too() -> None:
    spec = hand_spec(ROBOT, "right")
    for finger in ("ring", "little"):
        spec.delete(spec.site(f"right/{finger}"))
    model = spec.compile()
    posture = Posture(model, ROBOT, "right")
    assert posture.fingers == ("thumb", "index", "middle")
    shapes = opposed_shapes(posture, np.random.default_rng(0), 2000)
    assert len(shapes.opening) >= 20
    still = [a.role.startswith(("ring/", "little/", "wrist/")) for a in posture.actuators]
    assert np.allclose(shapes.command[:, still], posture.rest[still])


def test_a_hand_without_a_thumb_is_refused() -> None:
    spec = hand_spec(ROBOT, "right")
    spec.delete(spec.site("right/thumb"))
    with pytest.raises(DataError, match=r"thumb and on a finger; hand 'shadow' has them on index"):
        Posture(spec.compile(), ROBOT, "right")


@pytest.mark.parametrize("hand", ROBOTS)
def test_mirror_is_its_own_inverse_and_keeps_rotations_proper(hand: str) -> None:
    grasps, mechanism = load_grasps(hand, "mug_01"), ROBOTS[hand].parts["right"].hand
    there = mirror(grasps, mechanism)
    assert np.allclose(np.linalg.det(matrices(there.quaternion)), 1)
    back = mirror(there, mechanism)
    assert np.allclose(back.position, grasps.position)
    assert np.allclose(matrices(back.quaternion), matrices(grasps.quaternion), atol=1e-9)


@pytest.mark.parametrize("hand", ROBOTS)
def test_left_pads_are_the_mirror_image_in_the_palm_frame(hand: str) -> None:
    both = load_embodiment(f"{ROBOTS[hand].name}_bimanual")
    at = {}
    for side in both.sides:
        model = hand_spec(both, side).compile()
        posture = Posture(model, both, side)
        command = posture.lower + 0.3 * (posture.upper - posture.lower)
        at[side] = posture.pose(mujoco.MjData(model), command)
    flip = palm_mirror(both.parts["right"].hand)
    for right, left in zip(at["right"], at["left"], strict=True):
        assert np.allclose(right @ flip, left, atol=1e-9)


@pytest.mark.parametrize("hand", ROBOTS)
def test_mirrored_grasps_hold_with_the_left_hand(hand: str) -> None:
    both = load_embodiment(f"{ROBOTS[hand].name}_bimanual")
    grasps = mirror(load_grasps(hand, "can_02").chosen(range(6)), both.parts["left"].hand)
    verdict = GraspTest(both, "left", "can_02", 6).run(
        grasps.position, matrices(grasps.quaternion), grasps.pregrasp, grasps.squeeze
    )
    # shaken along the diagonals in turn, so in the other order than the right hand: fingers give way a little otherwise
    assert (verdict.slip < 0.03).all()
    assert (verdict.turn < np.deg2rad(15)).all()


@pytest.mark.parametrize("seed", range(5))
def test_timed_paths_keep_the_speed_limit_and_arrive(seed: int) -> None:
    rng = np.random.default_rng(seed)
    velocity = rng.uniform(0.5, 4, 7)
    points = list(rng.normal(size=(4, 7)))
    rows = np.array([points[0], *timed(velocity, 0.04, points)])
    assert (np.abs(np.diff(rows, axis=0)) <= velocity * 0.04 * (1 + 1e-9)).all()
    assert np.allclose(rows[-1], points[-1])


def test_chosen_keeps_rows_together() -> None:
    grasps = load_grasps("shadow", "can_01")
    some = grasps.chosen([2, 0])
    for field in dataclasses.fields(Grasps):
        value, whole = getattr(some, field.name), getattr(grasps, field.name)
        if field.name not in ("hand", "instance"):
            assert np.array_equal(np.asarray(value), np.asarray(whole)[[2, 0]])

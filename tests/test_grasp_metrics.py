"""Depths, volumes, errors, drops, maps, rates and diversity of grasps: worked numbers and laws."""

import numpy as np
import pytest

from dexbench.core.errors import DataError
from dexbench.grasp.closed_mesh import ClosedMesh
from dexbench.grasp.contact_map import contact_map, expected_value, likeliest_value
from dexbench.grasp.depth import (
    REJECTED,
    clipped_consistency,
    contact_consistency,
    contact_distance,
    contact_number,
    deepest,
    distance_energy,
    finger_distances,
    limit_energy,
    penetration_energy,
    self_energy,
)
from dexbench.grasp.diversity import explained_variance, joint_spread, rotation_vectors
from dexbench.grasp.drop import FAILED, displacement, free_fall, share_of_fall
from dexbench.grasp.intersection import mesh_volume, penetration_distance, shared_volume, voxel_centres
from dexbench.grasp.motion_error import (
    joint_position_error,
    rotation_error,
    smallest_distance,
    variance_errors,
    vertex_offset,
)
from dexbench.grasp.rates import foretelling, grasp_rate, object_rate, part_rates, user_score
from dexbench.grasp.two_hands import load_sharing, squeeze_target
from dexbench.objects.catalogue import load_object

CORNERS = np.array([[x, y, z] for x in (0.0, 1) for y in (0.0, 1) for z in (0.0, 1)])
SIDES = np.array(
    [int(corner) for corner in "013 032 467 475 045 051 237 276 026 064 157 173".replace(" ", "")]
).reshape(-1, 3)


def block(lower: tuple[float, ...], upper: tuple[float, ...]) -> ClosedMesh:
    return ClosedMesh(np.asarray(lower) + CORNERS * np.subtract(upper, lower), SIDES)


def about_z(degrees: float) -> np.ndarray:
    half = np.deg2rad(degrees) / 2
    return np.array([np.cos(half), 0, 0, np.sin(half)])


def test_energies_of_dexgraspnet() -> None:
    depths = np.array([0.002, 0.001, -0.003, 0.0])
    assert penetration_energy(depths) == pytest.approx(0.003, rel=1e-6)
    assert penetration_energy(depths) > REJECTED
    assert deepest(-depths) == pytest.approx(0.002, rel=1e-6)
    assert penetration_energy(depths, squared=True) == pytest.approx(5e-6, rel=1e-6)
    line = np.array([[0, 0, 0], [0.015, 0, 0], [0.03, 0, 0]])
    assert self_energy(line) == pytest.approx(0.02, rel=1e-6)
    assert limit_energy([1.7, -0.25], [-1.57, -0.1], [1.57, 1.57]) == pytest.approx(0.28, rel=1e-6)
    assert distance_energy([0.001, -0.002, 0.003]) == pytest.approx(0.006)
    batch = np.stack([line, 10 * line, line + 1])
    np.testing.assert_allclose(self_energy(batch), [0.02, 0, 0.02], atol=1e-12)


def test_contacts_of_fingers() -> None:
    fingers = np.array([-0.001, 0.0015, 0.003, 0.010])
    assert contact_distance(fingers) == pytest.approx(0.003625, rel=1e-6)
    assert contact_consistency(fingers) == pytest.approx(0.011, rel=1e-6)
    assert contact_number(fingers) == 2
    assert clipped_consistency(fingers) == pytest.approx(0.010, rel=1e-6)
    pairs = np.array([0.004, -0.001, 0.0015, 0.006, 0.003, -0.02])
    np.testing.assert_allclose(finger_distances(pairs, np.array([0, 0, 1, 2, 2, -1]), 4), fingers)
    assert deepest(pairs) == 0.02
    assert deepest(pairs, pairs > 0) == deepest(np.zeros(0)) == 0


def test_rotation_error_knows_that_a_quaternion_has_two_signs() -> None:
    still = about_z(0)
    assert np.rad2deg(rotation_error(still, about_z(10))) == pytest.approx(10, rel=1e-6)
    assert np.rad2deg(rotation_error(still, -about_z(10))) == pytest.approx(10, rel=1e-6)
    assert np.rad2deg(rotation_error(about_z(-60), about_z(120))) == pytest.approx(180)
    assert np.rad2deg(rotation_error(still, about_z(1e-7))) == pytest.approx(1e-7, rel=1e-6)
    assert rotation_error(np.stack([still, still]), np.stack([about_z(20), still])).shape == (2,)
    with pytest.raises(DataError, match="length one"):
        rotation_error(still, 2 * still)


def test_rates_of_grasps_objects_and_parts() -> None:
    success = [1, 1, 0, 1]
    rates = part_rates(success, [4, 1, 3, 2], [5, 4, 3, 4])
    assert (rates.suc.value, rates.pta.value, rates.pga.value) == (0.75, 0.75, 0.5)
    assert rates.pga.successes <= min(rates.suc.successes, rates.pta.successes)
    assert part_rates([1], [0], [0]).pta.value == 0, "no contact touches nothing"
    assert object_rate(success, ["mug", "can", "jar", "can"]) == (2, 3)
    assert grasp_rate(success) == (3, 4)
    assert np.isnan(grasp_rate(np.zeros(0)).value)
    with pytest.raises(DataError, match="on the part"):
        part_rates([1], [5], [4])
    with pytest.raises(DataError, match="names of objects"):
        object_rate(success, ["mug"])
    with pytest.raises(DataError, match="true and false"):
        grasp_rate([0.5])


def test_foretelling_is_the_exact_rank_form() -> None:
    metric, success = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), [1, 1, 0, 1, 0, 0]
    assert foretelling(metric, success) == pytest.approx(0.888889, abs=5e-7)
    assert foretelling(-metric, success) == pytest.approx(1 - 0.888889, abs=5e-7)
    assert foretelling(np.exp(metric), success) == foretelling(metric, success)
    assert foretelling(np.zeros(6), success) == 0.5
    assert np.isnan(foretelling(metric, np.ones(6)))


def test_diversity() -> None:
    points = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 0.5, 0], [0, -0.5, 0]])
    np.testing.assert_allclose(explained_variance(points)[:3], [0.8, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(explained_variance(points + 7), explained_variance(points))
    assert np.isnan(explained_variance(np.ones((3, 4)))).all()
    joints = np.array([[0.0, 1], [0.2, 1], [0.4, 1]])
    assert joint_spread(joints) == pytest.approx(0.081650, abs=5e-7)
    assert joint_spread(joints, sample=True) == pytest.approx(0.1, rel=1e-6)
    np.testing.assert_allclose(joint_spread(joints[:, :1]), 0.163299, atol=5e-7)
    with pytest.raises(DataError, match="two grasps"):
        explained_variance(points[:1])
    np.testing.assert_allclose(rotation_vectors(-about_z(10)), [0, 0, np.deg2rad(10)])
    np.testing.assert_allclose(rotation_vectors(about_z(0)), np.zeros(3))


def test_shared_volume_of_boxes_and_spheres() -> None:
    one, other = block((0, 0, 0), (0.04, 0.04, 0.04)), block((0.02, 0, 0), (0.06, 0.04, 0.04))
    assert mesh_volume(one, other) == pytest.approx(32e-6, rel=1e-9)
    assert len(voxel_centres(np.zeros(3), np.full(3, 0.04))) == 512

    def ball(x: float):  # type: ignore[no-untyped-def]
        return lambda points: ((points - [x, 0, 0]) ** 2).sum(axis=1) < 0.02**2

    def lens(pitch: float) -> float:
        return 1e6 * shared_volume(ball(0), ball(0.03), np.full(3, -0.02), np.full(3, 0.02), pitch)

    for pitch, volume in ((0.005, 3.0), (0.0025, 2.875), (0.001, 2.864)):
        assert lens(pitch) == pytest.approx(volume, rel=1e-6)
    assert lens(0.0005) == pytest.approx(2.879793, rel=5e-3)
    assert mesh_volume(one, block((0.05, 0, 0), (0.06, 0.04, 0.04))) == 0.0


def test_penetration_distance_is_the_largest_depth_of_a_vertex() -> None:
    box = block((0, 0, 0), (0.04, 0.04, 0.04))
    points = np.array([[0.01, 0.02, 0.02], [0.02, 0.02, 0.037], [0.05, 0, 0], [0.02, 0.05, 0.02]])
    np.testing.assert_allclose(box.depth(points), [0.01, 0.003, -0.01, -0.01], atol=1e-12)
    assert penetration_distance(points, box) == pytest.approx(0.01)
    assert penetration_distance(points[2:], box) == penetration_distance(np.zeros((0, 3)), box) == 0
    corner = np.array([[-0.03, -0.04, -0.12]])
    assert box.nearest(corner)[0][0] == pytest.approx(0.13), "an edge or a corner may be nearest"


def test_a_rigid_motion_changes_neither_depth_nor_what_is_inside() -> None:
    rng = np.random.default_rng(3)
    mug = load_object("mug_01")
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    shift = rng.normal(size=3)
    still, moved = ClosedMesh(mug.vertices, mug.faces), ClosedMesh(mug.vertices @ turn.T + shift, mug.faces)
    points = rng.uniform(mug.vertices.min(axis=0) - 0.01, mug.vertices.max(axis=0) + 0.01, (150, 3))
    depth = still.depth(points)
    assert 3 < (depth > 0).sum() < 100, "some are in its wall"
    np.testing.assert_allclose(moved.depth(points @ turn.T + shift), depth, atol=1e-12)
    assert penetration_distance(points, still) == pytest.approx(depth.max())
    np.testing.assert_allclose(still.nearest(mug.points)[0], 0, atol=1e-6)
    parts = mug.face_part[still.nearest(mug.points)[1]]
    assert (parts == mug.point_part).mean() > 0.95, "the nearest face knows the part"


def test_meshes_that_are_not_closed_are_refused() -> None:
    with pytest.raises(DataError, match="not closed: 3 edges"):
        ClosedMesh(CORNERS, SIDES[1:])
    with pytest.raises(DataError, match="vertices that are not there"):
        ClosedMesh(CORNERS[:7], SIDES)
    with pytest.raises(DataError, match="integers"):
        ClosedMesh(CORNERS, SIDES.astype(float))
    with pytest.raises(DataError, match="not finite"):
        ClosedMesh(CORNERS * np.nan, SIDES)


def test_an_untouched_object_falls_as_far_as_the_law_says() -> None:
    assert free_fall() == pytest.approx(0.1071875, rel=1e-6)
    assert free_fall(gravity=9.81) == pytest.approx(0.107296875, rel=1e-6)
    assert free_fall(35_000, 1 / 240_000) == pytest.approx(0.10421, abs=5e-6), "the closed form"
    height, speed = 0.0, 0.0
    for _ in range(35):
        speed -= 9.8 / 240
        height += speed / 240
    vertices = np.random.default_rng(0).normal(size=(9, 3))
    fallen = displacement(vertices, vertices + np.array([0, 0, height]))
    assert share_of_fall(fallen) == pytest.approx(1)
    assert displacement(vertices, vertices) == 0, "a welded object"
    np.testing.assert_allclose(100 * share_of_fall([0.0393, 0.0452]), [37, 42], atol=0.5)
    both = displacement(np.stack([vertices] * 2), np.stack([vertices, vertices * np.nan]))
    assert both.tolist() == [0, FAILED]


def test_errors_of_motions() -> None:
    def along(*rows: list[float]) -> np.ndarray:
        return np.array(rows).T[:, None, :]  # one joint

    zeros3, zeros4 = [0.0] * 3, [0.0] * 4
    one, other = along([0.0, 2, 4], zeros3, zeros3), along([0.0, 1, 2], zeros3, zeros3)
    assert joint_position_error(one, other) == pytest.approx(1)
    assert variance_errors(one, other) == pytest.approx(3)
    assert variance_errors(one, other, deviations=True) == pytest.approx(1)
    truth = np.concatenate([along([0.0, 1, 2, 3], zeros4, zeros4), along(zeros4, [0.0, 0, 1, 1], zeros4)], axis=1)
    found = np.concatenate([along([0.0, 1, 2, 4], zeros4, zeros4), along(zeros4, [0.0, 1, 1, 1], [0.3] * 4)], axis=1)
    assert joint_position_error(found, truth) == pytest.approx(0.368004, abs=5e-7)
    np.testing.assert_allclose(variance_errors(found, truth), [1.25, 0.083333], atol=5e-7)
    assert variance_errors(found, truth).mean() == pytest.approx(0.666667, abs=5e-7)
    np.testing.assert_allclose(variance_errors(found + np.array([1, 2, 3]), truth), variance_errors(found, truth))
    assert joint_position_error(found + 1, truth) > joint_position_error(found, truth)
    assert joint_position_error(np.stack([found, truth]), np.stack([truth, truth]))[1] == 0
    with pytest.raises(DataError, match="two frames"):
        variance_errors(found[:1], truth[:1])
    with pytest.raises(DataError, match="one shape"):
        joint_position_error(found, truth[:2])


def test_distances_of_final_poses() -> None:
    hand, thing = np.array([[0.0, 0, 0], [1, 0, 0]]), np.array([[0.0, 0, 0.3], [3, 0, 0]])
    assert smallest_distance(hand, thing) == pytest.approx(0.3)
    moved = hand + np.array([[0.1, 0, 0], [0, 0.2, 0]])
    assert vertex_offset(moved, hand) == pytest.approx(0.15)
    nearer = hand + np.array([0, 0, 0.1])
    assert smallest_distance(nearer, thing, truth=hand) == pytest.approx(0.1)
    with pytest.raises(DataError, match="points on both sides"):
        smallest_distance(hand[:0], thing)


def test_contact_map_and_its_bins() -> None:
    near = contact_map(np.array([0, 0.5, 1, 2, 3, 5]) / 100)
    np.testing.assert_allclose(near, [1, 0.851115, 0.708687, 0.462950, 0.283702, 0.094852], atol=5e-7)
    bins = np.zeros(10)
    bins[6:9] = 0.5, 0.3, 0.2
    assert expected_value(bins) == pytest.approx(0.72)
    assert likeliest_value(bins) == pytest.approx(0.65)
    with pytest.raises(DataError, match="unsigned"):
        contact_map([-0.1])
    with pytest.raises(DataError, match="sum to one"):
        expected_value(2 * bins)


def test_points_of_raters() -> None:
    assert user_score([1, 1, 2, 1, 3]) == pytest.approx(2.4)
    assert np.isnan(user_score([]))
    with pytest.raises(DataError, match="ranks"):
        user_score([0])


def test_two_hands() -> None:
    np.testing.assert_allclose(load_sharing([1, 3, 0, -1, 0], [1, 1, 2, 3, 0]), [0.5, 0.25, 0, 0, np.nan])
    left, right = np.random.default_rng(1).uniform(0, 5, (2, 20))
    np.testing.assert_allclose(load_sharing(left, right), load_sharing(7 * right, 7 * left))
    found = squeeze_target([0.2, 0.5], [0.4, 0.4], [0, 0.35], [1.0, 1.0])
    np.testing.assert_allclose(found, [0.6, 0.35])
    with pytest.raises(DataError, match="limits"):
        squeeze_target([0.2], [0.4], [0, 0], [1, 1])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: penetration_energy([np.inf]), "not finite"),
        (lambda: penetration_energy(0.1), "shape"),
        (lambda: self_energy([[0, 1]]), "shape"),
        (lambda: deepest(["deep"]), "must be numbers"),
        (lambda: finger_distances([0.1], [4], 4), "counted from 0"),
        (lambda: finger_distances([0.1], [4, 3], 4), "one shape"),
        (lambda: voxel_centres([0, 0, 0], [1, 1, 1], 0), "above zero"),
        (lambda: free_fall(-1), "steps"),
    ],
)
def test_wrong_arrays_are_refused(call, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DataError, match=words):
        call()

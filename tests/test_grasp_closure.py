"""Force closure and its relatives: worked numbers, and what must not change under a change of frame."""

import numpy as np
import pytest

from dexbench.core.errors import DataError
from dexbench.grasp.ball import q1, q1_bench, valid_q1
from dexbench.grasp.closure import closure_metric, force_closure_energy, weighted_closure
from dexbench.grasp.contacts import Contacts, averaged_by_link, cone_edges, contacts, nearest_by_link, tangents
from dexbench.grasp.resistance import LOADS, direction_metric, qp_closure, qp_metric, qp_residuals

AXES = np.concatenate([np.eye(3), -np.eye(3)])
TURNS = np.deg2rad([0, 120, 240])
TRIPOD_AT = np.stack([np.cos(TURNS), np.sin(TURNS), 0 * TURNS], axis=1)
SIX, TRIPOD, PAIR, SINGLE = (
    contacts(0.05 * at, -at) for at in (AXES, TRIPOD_AT, np.array([[-1.0, 0, 0], [1, 0, 0]]), AXES[:1])
)
CORNER = contacts([[-0.05, 0, 0], [0, -0.05, 0]], [[1.0, 0, 0], [0, 1, 0]])
NOBODY = contacts(np.zeros((0, 3)), np.zeros((0, 3)))


def thumb_against(*heights: float) -> Contacts:
    """A thumb at (-0.05, 0, 0) and fingers at (0.05, y, 0)."""
    points = [[-0.05, 0, 0], *([0.05, y, 0] for y in heights)]
    return contacts(np.array(points), np.array([[1.0, 0, 0], *([-1.0, 0, 0] for _ in heights)]))


def blob(count: int, seed: int) -> Contacts:
    """Contacts strewn over a bumpy body."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(count, 3))
    normals = -points + 0.3 * rng.normal(size=(count, 3))
    return contacts(0.04 * points, normals / np.linalg.norm(normals, axis=1, keepdims=True))


def rotation(seed: int) -> np.ndarray:
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    return turn * np.sign(np.linalg.det(turn))


def moved(found: Contacts, turn: np.ndarray, shift: tuple[float, float, float] = (0, 0, 0)) -> Contacts:
    return contacts(found.points @ turn.T + shift, found.normals @ turn.T, found.present)


EVERYTHING = {
    "E_fc": force_closure_energy,
    "LP-DFC": weighted_closure,
    "DFC": closure_metric,
    "Q1": q1,
    "Q1 bench": q1_bench,
    "qp": qp_metric,
    "qp_dfc": qp_closure,
    "TDG": direction_metric,
}


@pytest.mark.parametrize(
    ("found", "energy", "weighted"),
    [
        (thumb_against(0.03, -0.03), 1.0, 0.0),
        (thumb_against(0.03, -0.03, 0.0), 4.0, 0.0),
        (thumb_against(0.03, -0.06), 1.0009, 0.0),
        (CORNER, 2.0, 1.0),
        (PAIR, 0.0, 0.0),
        (SINGLE, 1.0, 1.0),
    ],
)
def test_closure_of_a_thumb_and_fingers(found: Contacts, energy: float, weighted: float) -> None:
    assert force_closure_energy(found) == pytest.approx(energy, rel=1e-6, abs=1e-12)
    assert weighted_closure(found) == pytest.approx(weighted, rel=1e-6, abs=1e-9)


def test_closure_metric_of_the_bench() -> None:
    assert closure_metric(thumb_against(0.03, -0.03)) == pytest.approx(1.0, rel=1e-6)
    assert closure_metric(PAIR) == pytest.approx(0.0, abs=1e-12)
    assert closure_metric(NOBODY) == 2.0


def test_ball_of_unidexgrasp() -> None:
    for radius, value in ((0.05, 0.408248), (0.02, 0.163299), (0.10, 0.816497)):
        assert q1(contacts(radius * AXES, -AXES)) == pytest.approx(value, abs=5e-7)
    assert q1(TRIPOD) == pytest.approx(0.316, abs=5e-4)
    assert q1(PAIR) == q1(NOBODY) == 0.0


def test_ball_depends_on_how_the_polygons_lie_and_no_more_than_that() -> None:
    values = [float(q1(moved(SIX, rotation(seed)))) for seed in range(12)]
    assert 0.385 < min(values) < max(values) < 0.415
    finer = [float(q1(moved(SIX, rotation(seed)), edges=24)) for seed in range(3)]
    assert np.ptp(finer) < np.ptp(values) / 3


def test_ball_of_the_bench() -> None:
    assert q1_bench(SIX) == pytest.approx(1.755051, abs=5e-7)
    assert 2 - q1_bench(SIX) == pytest.approx(0.6 / np.sqrt(6), rel=1e-6)
    assert 0.15 < 2 - q1_bench(TRIPOD) < 0.165
    assert q1_bench(NOBODY) == q1_bench(SINGLE) == 2.0


def test_valid_ball_needs_shallow_hands() -> None:
    found = valid_q1(np.full(3, 0.4), np.array([0.004, 0.006, 0.004]), np.array([0.0, 0.0, 0.011]))
    assert found.tolist() == [0.4, 0.0, 0.0]


def test_ball_scales_while_torque_binds_and_saturates_after() -> None:
    radii = (0.01, 0.02, 0.05, 0.5)
    values = [float(q1(contacts(r * AXES, -AXES))) for r in radii]
    assert values[1] / values[0] == pytest.approx(2, rel=1e-6)
    assert values[2] / values[0] == pytest.approx(5, rel=1e-6)
    assert values[3] < 50 * values[0] / 2
    # Of scale times radius only their product matters.
    assert q1(contacts(0.02 * AXES, -AXES), scale=25) == pytest.approx(values[2], rel=1e-9)


def test_ball_is_zero_where_the_object_can_escape() -> None:
    half = 0.05 * AXES[[0, 1, 2, 4]]  # nothing on -x, -z
    normals = np.array([[-1.0, 0, 0], [0, -0.1, -1], [0, 0, -1], [0, 0.1, -1]])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    normals[0] = normals[2]
    escaping = contacts(half, normals)
    assert (cone_edges(escaping.normals, 0.5)[..., 2] < 0).all(), "all edges lie in one half-space"
    assert q1(escaping, friction=0.5) == pytest.approx(0, abs=1e-9)


def test_residuals_of_the_bench() -> None:
    assert qp_metric(PAIR) == pytest.approx(0, abs=1e-4)
    assert qp_closure(PAIR) == pytest.approx(0, abs=1e-4)
    slippery = qp_residuals(PAIR.points, PAIR.normals, 0, 0, LOADS)
    np.testing.assert_allclose(slippery, [0, 0, 0.1, 0.1, 0.1, 0.1], atol=1e-6)
    assert qp_metric(PAIR, 0, 0) == pytest.approx(0.066667, abs=1e-6)
    assert qp_closure(PAIR, 0, 0) == pytest.approx(0, abs=1e-6)
    pushed = contacts([[-0.05, 0, 0]], [[1.0, 0, 0]])
    alone = qp_residuals(SINGLE.points, SINGLE.normals, 0.3, 0.01, LOADS)
    np.testing.assert_allclose(alone, [0.9, 1.1, 1, 1, 1, 1], atol=1e-6)
    other = qp_residuals(pushed.points, pushed.normals, 0.3, 0.01, LOADS)
    np.testing.assert_allclose(other, [1.1, 0.9, 1, 1, 1, 1], atol=1e-6)
    assert qp_metric(SINGLE) == pytest.approx(1, abs=1e-6)
    assert qp_closure(SINGLE) == pytest.approx(1, abs=1e-6)
    assert qp_metric(CORNER) == pytest.approx(0.498309, abs=1e-6)
    assert qp_closure(CORNER) == pytest.approx(0.494975, abs=1e-6)
    assert qp_metric(NOBODY) == qp_closure(NOBODY) == 2.0


@pytest.mark.parametrize("seed", range(4))
def test_residual_never_rises_with_friction(seed: int) -> None:
    found = blob(3, seed)
    residuals = [qp_residuals(found.points, found.normals, mu, mu / 30, LOADS) for mu in (0, 0.1, 0.3, 0.6, 1.0)]
    assert (np.diff(residuals, axis=0) < 1e-7).all()


@pytest.mark.parametrize("seed", range(3))
def test_residual_is_the_least_of_many_tries(seed: int) -> None:
    """No random choice of forces within the constraints does better."""
    found, rng = blob(4, seed), np.random.default_rng(seed)
    load = np.array([0.1, 0, 0, 0, 0, 0])
    least = qp_residuals(found.points, found.normals, 0.3, 0.01, load[None])[0]
    arms = found.points - found.points.mean(axis=0)
    first, second = tangents(found.normals)
    for _ in range(300):
        share = rng.dirichlet(np.ones(6), size=4) * rng.uniform(0.25, 1, (4, 1))
        force = found.normals * share.sum(axis=1)[:, None]
        force = force + 0.3 * ((share[:, :1] - share[:, 1:2]) * first + (share[:, 2:3] - share[:, 3:4]) * second)
        torque = np.cross(arms, force) + 0.01 * (share[:, 4:5] - share[:, 5:6]) * found.normals
        assert np.linalg.norm(np.concatenate([force, torque], axis=1).sum(axis=0) + load) > least - 1e-9


def test_directions_of_the_bench() -> None:
    for found, value in ((SIX, 0.0021), (PAIR, 0.0164), (TRIPOD, 0.033), (SINGLE, 0.774)):
        assert direction_metric(found, directions=20_000) == pytest.approx(value, abs=1e-3)
        assert direction_metric(found) == pytest.approx(value, abs=2e-3)
    assert direction_metric(SIX, directions=20_000) == pytest.approx(0.0021, abs=5e-5)
    assert direction_metric(PAIR, directions=20_000) == pytest.approx(0.0164, abs=5e-5)
    assert direction_metric(NOBODY) == 2.0


@pytest.mark.parametrize("seed", range(3))
def test_a_change_of_frame_changes_nothing_but_the_polygons(seed: int) -> None:
    found = blob(4, seed)
    turned = moved(found, rotation(seed))
    for name in ("E_fc", "LP-DFC", "DFC"):
        np.testing.assert_allclose(EVERYTHING[name](turned), EVERYTHING[name](found), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(direction_metric(turned), direction_metric(found), atol=5e-3)
    np.testing.assert_allclose(q1(turned), q1(found), rtol=0.15, atol=1e-9)
    # Those about the mean contact do not know where the origin is, nor do they know the object's size.
    shifted = moved(found, np.eye(3), (0.3, -0.2, 0.1))
    scaled = contacts(7 * found.points, found.normals)
    for name in ("DFC", "Q1 bench", "TDG"):
        np.testing.assert_allclose(EVERYTHING[name](shifted), EVERYTHING[name](found), rtol=1e-9)
        np.testing.assert_allclose(EVERYTHING[name](scaled), EVERYTHING[name](found), rtol=1e-9)
    for name in ("qp", "qp_dfc"):
        np.testing.assert_allclose(EVERYTHING[name](shifted), EVERYTHING[name](found), atol=1e-7)


@pytest.mark.parametrize("name", EVERYTHING)
def test_order_of_contacts_and_flipped_normals_change_nothing(name: str) -> None:
    found, measure = blob(5, 8), EVERYTHING[name]
    order = [3, 0, 4, 1, 2]
    permuted = contacts(found.points[order], found.normals[order])
    np.testing.assert_allclose(measure(permuted), measure(found), atol=1e-7)
    flipped = contacts(found.points, -found.normals)
    samples = 5e-3 if name == "TDG" else 1e-6  # its directions are not quite symmetric
    np.testing.assert_allclose(measure(flipped), measure(found), atol=samples)


@pytest.mark.parametrize("seed", range(6))
def test_weights_never_hurt_and_more_contacts_never_hurt(seed: int) -> None:
    found = blob(6, seed)
    values = [float(weighted_closure(contacts(found.points[:k], found.normals[:k]))) for k in range(1, 7)]
    assert (np.diff(values) < 1e-9).all()
    assert values[-1] <= np.sqrt(force_closure_energy(found)) + 1e-9
    assert values[0] > 0.99


def test_grasps_come_in_batches_with_any_number_of_contacts() -> None:
    points = np.full((2, 3, 6, 3), np.nan)
    normals, present = points.copy(), np.zeros((2, 3, 6), bool)
    several = [[SIX, TRIPOD, PAIR], [SINGLE, NOBODY, CORNER]]
    for i, row in enumerate(several):
        for j, one in enumerate(row):
            k = len(one.points)
            points[i, j, :k], normals[i, j, :k], present[i, j, :k] = one.points, one.normals, True
    batch = contacts(points, normals, present)
    for name, measure in EVERYTHING.items():
        alone = [[float(measure(one)) for one in row] for row in several]
        np.testing.assert_allclose(measure(batch), alone, atol=1e-9, err_msg=name)


def test_contacts_of_links() -> None:
    points = np.array([[0.0, 0, 0], [0.02, 0, 0], [0, 1, 0], [0, 2, 0]])
    normals = np.array([[0, 0, 1.0], [0, 1, 0], [1, 0, 0], [1, 0, 0]])
    found = averaged_by_link(points, normals, np.array([5, 5, 2, 7]), np.array([0.001, -0.004, 0.0049, 0.0051]))
    np.testing.assert_allclose(found.points, [[0, 1, 0], [0.01, 0, 0]])
    np.testing.assert_allclose(found.normals[1], [0, np.sqrt(0.5), np.sqrt(0.5)])
    far = averaged_by_link(points, normals, np.zeros(4, int), np.full(4, 0.1))
    assert far.points.shape == (0, 3)
    plane = np.stack(np.meshgrid(np.arange(5) * 0.01, np.arange(5) * 0.01, [0.0]), axis=-1).reshape(-1, 3)
    up = np.tile([0.0, 0, 1], (25, 1))
    links = [np.array([[0.021, 0.03, 0.005], [0.021, 0.03, 0.02]]), np.array([[0.0, 0.0, 0.011]])]
    near = nearest_by_link(links, plane, up)
    np.testing.assert_allclose(near.points, [[0.02, 0.03, 0]])
    np.testing.assert_allclose(near.normals, [[0, 0, -1]])


def test_wrong_contacts_are_refused() -> None:
    for points, normals, words in (
        (np.zeros((3, 2)), np.zeros((3, 2)), "shape"),
        (np.zeros((3, 3)), np.zeros((2, 3)), "shape"),
        (np.full((1, 3), np.nan), AXES[:1], "not finite"),
        (np.zeros((1, 3)), 2 * AXES[:1], "length one"),
    ):
        with pytest.raises(DataError, match=words):
            contacts(points, normals)
    with pytest.raises(DataError, match="bool"):
        contacts(np.zeros((1, 3)), AXES[:1], np.ones(1))
    with pytest.raises(DataError, match="friction"):
        q1(SIX, friction=-0.1)
    with pytest.raises(DataError, match="scale"):
        q1(SIX, scale=0)
    with pytest.raises(DataError, match="torsion"):
        qp_metric(SIX, torsion=-1)
    with pytest.raises(DataError, match="directions"):
        direction_metric(SIX, directions=2)

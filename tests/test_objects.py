"""The objects: closed surfaces, pieces that fit them, honest masses, and rest that is rest."""

from pathlib import Path

import mujoco
import numpy as np
import pytest
from scipy.spatial import ConvexHull

from dexbench.cli.main import main
from dexbench.core.errors import DataError, UnknownName
from dexbench.core.rotations import quaternion_matrix
from dexbench.objects.body import add_object
from dexbench.objects.bundle import pack, unpack
from dexbench.objects.catalogue import catalogue, families, family_of, instances, load_object, members, phrases
from dexbench.objects.family import load_family
from dexbench.objects.generate import build, differences, read
from dexbench.objects.model import ObjectModel, Piece
from dexbench.objects.overview import BEGIN, END, table
from dexbench.sensors import opengl
from dexbench.sensors.object_sheet import everything, object_sheet
from tests import bare_table

TOLERANCE = 0.003
"""How far pieces and picture may part [m]."""
UP = np.array([0.0, 0.0, 1.0])


def distance(piece: Piece, points: np.ndarray) -> np.ndarray:
    """Return signed distances of points (object frame) to a piece [m]."""
    local = (points - piece.position) @ quaternion_matrix(piece.quaternion)
    size = piece.size
    if piece.shape == "sphere":
        return np.linalg.norm(local, axis=1) - size[0]
    if piece.shape == "capsule":
        local[:, 2] -= np.clip(local[:, 2], -size[1], size[1])
        return np.linalg.norm(local, axis=1) - size[0]
    if piece.shape == "cylinder":
        over = np.stack([np.hypot(local[:, 0], local[:, 1]) - size[0], np.abs(local[:, 2]) - size[1]], axis=1)
    else:
        over = np.abs(local) - size
    return np.linalg.norm(np.maximum(over, 0), axis=1) + np.minimum(over.max(axis=1), 0)


def corners(piece: Piece) -> np.ndarray:
    """Return points that span a piece, in the object frame (points, 3) [m]."""
    size = piece.size
    if piece.shape == "box":
        local = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * size
    elif piece.shape == "cylinder":
        turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        ring = size[0] * np.stack([np.cos(turn), np.sin(turn), 0 * turn], axis=1)
        local = np.concatenate([ring + size[1] * UP, ring - size[1] * UP])
    else:
        ball = size[0] * np.concatenate([np.eye(3), -np.eye(3)])
        local = np.concatenate([ball + size[1] * UP, ball - size[1] * UP])
    return piece.position + local @ quaternion_matrix(piece.quaternion).T


def some(family: str) -> list[ObjectModel]:
    """Return the objects of a family on which slow laws are tried: its first and last ones, and its extremes."""
    everyone = members(family)
    described = load_family(family).members
    by_mass = sorted(everyone, key=lambda name: described[name].mass)
    return [load_object(name) for name in dict.fromkeys([everyone[0], everyone[-1], by_mass[0], by_mass[-1]])]


@pytest.mark.parametrize("family", families())
def test_surfaces_are_closed_and_face_outwards(family: str) -> None:
    for model in map(load_object, members(family)):
        edges = np.concatenate([model.faces[:, [0, 1]], model.faces[:, [1, 2]], model.faces[:, [2, 0]]]).astype(
            np.int64
        )
        count = len(model.vertices)
        forth, back = edges[:, 0] * count + edges[:, 1], edges[:, 1] * count + edges[:, 0]
        assert len(np.unique(forth)) == len(forth), (model.name, "an edge is used twice in one direction")
        assert (np.sort(forth) == np.sort(back)).all(), (model.name, "an edge has no neighbour")
        a, b, c = model.vertices[model.faces].transpose(1, 0, 2)
        assert np.einsum("ij,ij->", a, np.cross(b, c)) > 0, model.name
        assert np.linalg.norm(np.cross(b - a, c - a), axis=1).min() > 1e-10, (model.name, "a face without area")
        assert 280 <= len(model.faces) <= 1500, model.name


@pytest.mark.parametrize("family", families())
def test_pieces_lie_in_the_hulls_of_the_parts(family: str) -> None:
    for model in some(family):
        assert len(model.pieces) <= 12
        seen = [model.vertices[np.unique(model.faces[model.face_part == part])] for part in range(len(model.parts))]
        hulls = [ConvexHull(vertices).equations for vertices in seen]
        for piece in model.pieces:
            spanned = corners(piece)
            # a piece may be rooted in the next part, as a bottle's neck in its shoulder
            out = np.min([(spanned @ hull[:, :3].T + hull[:, 3]).max(axis=1) for hull in hulls], axis=0)
            assert out.max() < TOLERANCE, (model.name, model.parts[piece.part].name, piece.shape)
            own = hulls[piece.part]
            assert (own[:, :3] @ piece.position + own[:, 3]).max() < TOLERANCE, (
                model.name,
                "the middle is in its part",
            )


@pytest.mark.parametrize("family", families())
def test_surfaces_lie_on_the_pieces(family: str) -> None:
    worst = 0.006 if family == "bottle" else TOLERANCE  # a bottle's shoulder is two steps
    for model in map(load_object, members(family)):
        depth = np.min([distance(piece, model.points) for piece in model.pieces], axis=0)
        assert depth.max() < worst, model.name


@pytest.mark.parametrize("family", families())
def test_every_part_is_held_and_seen(family: str) -> None:
    for model in map(load_object, members(family)):
        everything = set(range(len(model.parts)))
        assert {piece.part for piece in model.pieces} == everything, model.name
        assert set(model.face_part.tolist()) == everything, model.name
        assert set(model.point_part.tolist()) == everything, model.name
        assert model.part(model.parts[-1].name) == len(model.parts) - 1


@pytest.mark.parametrize("family", families())
def test_points_lie_on_faces_of_their_part(family: str) -> None:
    for model in some(family):
        assert model.points.shape == (256, 3)
        assert np.allclose(np.linalg.norm(model.point_normals, axis=1), 1, atol=1e-5)
        a, b, c = model.vertices[model.faces].transpose(1, 0, 2)
        normal = np.cross(b - a, c - a)
        area = np.linalg.norm(normal, axis=1)
        few = slice(None, None, 16)  # a sixteenth of them: the check is slow
        for point, facing, part in zip(model.points[few], model.point_normals[few], model.point_part[few], strict=True):
            # barycentric weights of the point in every face; inside where all are positive and it is in the plane
            sides = ((a, b), (b, c), (c, a))
            parts = [np.einsum("ij,ij->i", np.cross(q - p, point - p), normal) / area**2 for p, q in sides]
            height = np.abs(np.einsum("ij,ij->i", point - a, normal) / area)
            on = (np.min(parts, axis=0) > -1e-3) & (height < 1e-6) & (model.face_part == part)
            assert ((normal[on] / area[on, None]) @ facing > 0.999).any(), model.name


@pytest.mark.parametrize("family", families())
def test_mass_is_physical(family: str) -> None:
    for model in map(load_object, members(family)):
        x, y, z = model.inertia
        assert min(x, y, z, x + y - z, y + z - x, z + x - y) > 0, model.name
        assert np.linalg.norm(model.inertia_quaternion) == pytest.approx(1)
        assert (model.center_of_mass >= model.vertices.min(axis=0)).all()
        assert (model.center_of_mass <= model.vertices.max(axis=0)).all()
        # no body of its size can have more: all mass at the farthest point
        reach = np.linalg.norm(model.vertices - model.center_of_mass, axis=1).max()
        assert max(x, y, z) < model.mass * reach**2, model.name


def test_mass_agrees_with_mujoco() -> None:
    model = load_object("mug_01")
    spec = mujoco.MjSpec()
    body = spec.worldbody.add_body()
    mesh = spec.add_mesh(name="cup", inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_EXACT)
    mesh.uservert, mesh.userface = model.vertices.ravel(), model.faces.ravel()
    body.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname="cup", mass=model.mass)
    compiled = spec.compile()
    assert np.allclose(compiled.body_ipos[1], model.center_of_mass, atol=1e-6)
    assert np.allclose(np.sort(compiled.body_inertia[1]), np.sort(model.inertia), rtol=1e-4)
    ours = (
        quaternion_matrix(model.inertia_quaternion)
        @ np.diag(model.inertia)
        @ quaternion_matrix(model.inertia_quaternion).T
    )
    theirs = (
        quaternion_matrix(compiled.body_iquat[1])
        @ np.diag(compiled.body_inertia[1])
        @ quaternion_matrix(compiled.body_iquat[1]).T
    )
    assert np.allclose(ours, theirs, atol=1e-4 * model.inertia.max())


def test_all_rest_still() -> None:
    spec = bare_table.table()
    poses = [(model, rest) for family in families() for model in some(family) for rest in model.rest]
    for k, (model, rest) in enumerate(poses):
        body = add_object(spec, model, name=f"{model.name}_{rest.name}")
        body.pos, body.quat = [0.6 * (k % 10), 0.6 * (k // 10), rest.height], rest.quaternion
    compiled = spec.compile()
    data = mujoco.MjData(compiled)
    start = data.qpos.reshape(-1, 7).copy()
    mujoco.mj_step(compiled, data, 250)
    end = data.qpos.reshape(-1, 7)
    moved = np.linalg.norm(end[:, :3] - start[:, :3], axis=1)
    turned = 2 * np.degrees(np.arccos(np.clip(np.abs(np.sum(end[:, 3:] * start[:, 3:], axis=1)), 0, 1)))
    still = (moved < 0.002) & (turned < 2)
    still &= np.abs(data.qvel.reshape(-1, 6)).max(axis=1) < 1e-4
    assert still.all(), [f"{model.name} {rest.name}" for (model, rest), ok in zip(poses, still, strict=True) if not ok]


@pytest.mark.parametrize("family", families())
def test_the_first_rest_is_how_objects_are_put_down(family: str) -> None:
    """Tasks put an object's origin on the table, turned about the vertical only."""
    for model in map(load_object, members(family)):
        assert model.rest[0].quaternion.tolist() == [1, 0, 0, 0], model.name
        assert abs(model.rest[0].height) < 4e-4, model.name
        assert model.vertices[:, 2].min() > -1e-3, model.name


def test_a_rolling_ball_stops() -> None:
    spec, model = bare_table.table(), load_object("ball_01")
    add_object(spec, model)
    compiled = spec.compile()
    data = mujoco.MjData(compiled)
    radius = model.height / 2
    data.qvel[4] = 0.1 / radius  # rolls without slip: the origin of the frame is the point that touches
    mujoco.mj_forward(compiled, data)
    before = data.xipos[1].copy()
    mujoco.mj_step(compiled, data, 500)
    rolled = data.xipos[1] - before
    expected = 0.1**2 / (2 * 5 / 7 * 9.81 * model.friction[2] / radius)
    assert rolled[0] == pytest.approx(expected, rel=0.1)
    assert np.abs(data.qvel).max() < 1e-3


def test_one_hand_cannot_hold_a_tray_level() -> None:
    for name in instances("tray"):
        model = load_object(name)
        bars = [piece for piece in model.pieces if piece.shape == "capsule"]
        assert len(bars) == 2
        assert model.mass * 9.81 * min(abs(bar.position[1]) for bar in bars) > 3.0  # [N m]
        plate = model.pieces[0]
        assert all(bar.position[2] - bar.size[0] - 2 * plate.size[2] >= 0.075 - 1e-9 for bar in bars)


def test_names_and_phrases_are_unique() -> None:
    names = members()
    assert len(set(names)) == len(names) == len(catalogue())
    assert set(instances()) <= set(names)
    assert len(phrases()) == len(names), "two objects share a phrase"
    for phrase, name in list(phrases().items())[::9]:
        assert load_object(name).phrase == phrase
        assert family_of(name) == load_object(name).family


@pytest.mark.parametrize("family", families())
def test_seen_and_unseen_differ(family: str) -> None:
    seen, unseen = members(family, "seen"), members(family, "unseen")
    described = load_family(family).members
    if seen:
        assert len(instances(family, "seen")) >= 3
        assert len(instances(family, "unseen")) == 2
    else:
        assert len(instances(family)) == 5, "a family of which nothing is seen in training"
    for strange in unseen:
        for known in seen:
            assert dict(described[strange].parameters) != dict(described[known].parameters)
            assert described[strange].rgb != described[known].rgb


@pytest.mark.parametrize("family", families())
def test_stored_geometry_is_what_the_generator_makes(family: str) -> None:
    described = load_family(family)
    instance = list(described.members.values())[-1]
    stored = read(described)
    assert set(stored) == set(described.members)
    built = build(described, instance)
    assert differences(built, stored[instance.name]) == []
    built["vertices"] = built["vertices"] * 1.001
    assert differences(built, stored[instance.name]) == ["vertices"]


def test_a_bundle_gives_back_what_was_packed() -> None:
    one = {"shared": np.arange(4), "own": np.zeros((2, 3)), "long": np.arange(5)}
    other = {"shared": np.arange(4), "own": np.ones((2, 3)), "long": np.arange(7)}
    packed = pack({"one": one, "other": other})
    assert len(packed["shared"]) == 4
    assert len(packed["long"]) == 12
    for name, arrays in (("one", one), ("other", other)):
        assert differences(arrays, unpack(packed, name)) == []
    assert unpack(packed, "third") == {}


def test_a_wrong_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="mug_03"):
        load_object("mug_3")
    with pytest.raises(UnknownName, match="seen"):
        instances(split="sen")


def test_arrays_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        load_object("box_01").points[0] = 0


def test_beads_stay_in_every_tumbler() -> None:
    """Hollow to the touch: eight beads that fall in from above the rim end on its floor, and none passes a wall."""
    bead = load_object("bead_01")
    for name in instances("tumbler"):
        spec, cup = bare_table.table(), load_object(name)
        add_object(spec, cup)
        for k in range(8):
            body = add_object(spec, bead, name=f"bead_{k}")
            angle = k * np.pi / 2
            body.pos = [0.015 * np.cos(angle), 0.015 * np.sin(angle), cup.height + 0.01 + 0.02 * (k // 4)]
        compiled = spec.compile()
        data = mujoco.MjData(compiled)
        mujoco.mj_step(compiled, data, 400)
        beads = data.xipos[2:]
        assert (np.hypot(beads[:, 0], beads[:, 1]) < cup.footprint_radius).all(), name
        assert ((beads[:, 2] > 0.006) & (beads[:, 2] < 0.6 * cup.height)).all(), name


def test_the_table_of_families_is_up_to_date() -> None:
    text = (Path(__file__).resolve().parents[1] / "docs" / "objects.md").read_text(encoding="utf-8")
    assert f"{BEGIN}\n{table()}\n{END}" in text, "run: python -m dexbench.objects.overview docs/objects.md"


def test_a_sheet_shows_every_object_in_its_colour(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not opengl.backends():
        pytest.skip(f"no OpenGL library here: {opengl.INSTALL}")
    names = ("apple_01", "cube_03", "duck_01")
    sheet = object_sheet(names, columns=2, size=64)
    assert sheet.shape == (2 * 64 + 3, 2 * 64 + 3, 3)
    for name, (row, column) in zip(names, ((0, 0), (0, 1), (1, 0)), strict=True):
        middle = sheet[67 * row + 28 : 67 * row + 44, 67 * column + 24 : 67 * column + 40].mean(axis=(0, 1))
        own = load_object(name).rgba[:3]
        assert np.corrcoef(middle, own)[0, 1] > 0.9, name
    parts = object_sheet(names[:1], size=64, parts=True)
    assert np.abs(parts.astype(int) - sheet[:64, :64]).mean() > 10
    assert main(["object", "sheet", str(tmp_path / "mugs.png"), "mug_01", "--size", "32"]) == 0
    assert "Sheet of 1 objects" in capsys.readouterr().out
    assert (tmp_path / "mugs.png").read_bytes().startswith(b"\x89PNG")


def test_a_sheet_takes_every_family_by_turns() -> None:
    names = everything(60)
    assert len(set(names)) == 60
    assert {name.rpartition("_")[0] for name in names} == set(families())
    with pytest.raises(DataError, match="at least one object"):
        object_sheet(())

"""Meshes of one's own: read, checked, mended, or refused with what to do about it."""

import re
from pathlib import Path

import mujoco
import numpy as np
import pytest

from dexbench.core.errors import DataError
from dexbench.objects._mass import mass_properties
from dexbench.objects.catalogue import load_object
from dexbench.objects.closed_mesh import Mesh, holes, merged, outwards, thinned, volume
from tests import own_home
from tests.own_home import add, ell, saved, trimesh

home, bench = own_home.home, own_home.bench


def bad_meshes() -> dict[str, tuple[object, list[str], str]]:
    """Return {case: (mesh, options, what is said)}."""
    holed = ell()
    holed.update_faces(np.arange(len(holed.faces)) != 5)
    large = ell()
    large.apply_scale(1000)
    small = ell()
    small.apply_scale(0.01)
    flat = trimesh.Trimesh(
        [[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0], [0.1, 0.1, 0]], [[0, 1, 2], [2, 1, 0], [1, 3, 2], [2, 3, 1]]
    )
    pole = trimesh.creation.cylinder(0.003, 0.2, sections=24)
    pole.apply_transform(trimesh.transformations.rotation_matrix(0.3, [1, 0, 0]))
    return {
        "holes": (holed, [], "3 open edges around 1 hole.*--close"),
        "millimetres": (large, [], "100000 x 100000 x 30000 mm.*--unit mm"),
        "small": (small, [], "too small.*--scale"),
        "flat": (flat, [], "it is flat"),
        "wide": (trimesh.creation.box((0.3, 0.3, 0.3)), [], "too large for a hand.*--large"),
        "heavy": (ell(), ["--mass", "9"], "nothing is denser"),
        "falls over": (pole, [], "tips by.*--lay"),
        "name": (ell(), ["--name", "Mine"], "small letters"),
        "taken": (ell(), ["--name", "mug_01"], "is not yours"),
        "phrase": (ell(), ["--noun", "mug", "--colour", "red"], "'red mug' already"),
        "colour": (ell(), ["--colour", "reddish"], "none of.*--rgb"),
        "mass": (ell(), ["--mass", "-1"], "mass: -1"),
        "nan": (ell(), ["--mass", "nan"], "mass: nan"),
        "up": (ell(), ["--up", "w"], "none of z"),
        "unit": (ell(), ["--unit", "feet"], "unknown unit"),
        "threshold": (ell(), ["--threshold", "0"], "threshold = 0"),
    }


@pytest.mark.parametrize("case", bad_meshes())
def test_what_does_not_fit_is_refused_with_its_mend(bench: Path, case: str, capsys: pytest.CaptureFixture[str]) -> None:
    mesh, more, said = bad_meshes()[case]
    assert add(saved(bench, mesh), "thing", *more) == 2
    lines = capsys.readouterr().err
    assert lines.startswith("dexbench: ")
    assert re.search(said, lines), lines
    assert not list(bench.glob("home/objects/*"))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.obj", b"", "holds no triangles"),
        ("a.stl", b"solid\x00\xff" * 40, "holds no triangles"),
        ("a.ply", b"ply\nformat ascii 1.0\nelement vertex 99999999999\nend_header\n", "no valid PLY|no triangles"),
        ("a.glb", b"glTF\x02\x00\x00\x00\x10\x00\x00\x00", "no valid GLB"),
        ("a.obj", b"v 0 0 nan\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 3\nf 1 2 4\nf 2 3 4\nf 1 3 4\n", "are no numbers"),
        ("a.step", b"ISO-10303-21;", "'step' is none of obj, stl"),
    ],
)
def test_files_that_are_no_meshes_are_refused(
    bench: Path, name: str, content: bytes, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (bench / name).write_bytes(content)
    assert add(str(bench / name), "thing") == 2
    assert re.search(said, capsys.readouterr().err)
    assert add(str(bench / "absent.obj"), "thing") == 2


def test_a_file_that_is_too_large_is_not_read(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dexbench.objects import mesh_file

    path = Path(saved(bench, ell()))
    monkeypatch.setattr(mesh_file, "LARGEST", 100)
    with pytest.raises(DataError, match="larger than 100 bytes: give it fewer"):
        mesh_file.read_mesh(path)
    monkeypatch.setattr(mesh_file, "LARGEST", 10_000)
    monkeypatch.setattr(mesh_file, "MOST_FACES", 19)
    with pytest.raises(DataError, match="20 triangles, more than 19"):
        mesh_file.read_mesh(path)


@pytest.mark.parametrize("suffix", ["obj", "stl", "ply", "glb"])
def test_every_format_gives_the_same_object(bench: Path, suffix: str) -> None:
    """A GLB has y up and its units are metres, by its standard."""
    cone = trimesh.creation.cone(0.03, 0.08, sections=16)
    if suffix == "glb":
        cone.apply_transform(trimesh.transformations.rotation_matrix(-np.pi / 2, [1, 0, 0]))
    assert add(saved(bench, cone, f"cone.{suffix}"), "cone") == 0
    model = load_object("cone")
    assert model.height == pytest.approx(0.08, abs=1e-6)
    assert model.center_of_mass == pytest.approx([0, 0, 0.02], abs=1e-6)
    assert len(model.pieces) == 1, "a convex mesh needs no cutting"


def test_holes_winding_and_triangles_are_mended(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mesh = trimesh.creation.icosphere(subdivisions=4, radius=0.03)
    faces = mesh.faces[1:].copy()
    faces[::3] = faces[::3, ::-1]
    broken = trimesh.Trimesh(mesh.vertices, faces, process=False)
    assert add(saved(bench, broken), "thing", "--close", "--lay") == 0
    said = capsys.readouterr().out
    assert "3 open edges around 1 hole were closed" in said
    assert "1707 of 5122 triangles looked inwards" in said or "looked inwards and were turned" in said
    assert "thinned to" in said
    model = load_object("thing")
    found = Mesh(model.vertices, model.faces)
    assert holes(found).edges == 0
    assert volume(found) == pytest.approx(mesh.volume, rel=0.02)
    assert outwards(found)[1] == 0


def test_closed_meshes_stay_closed_when_thinned() -> None:
    sphere = trimesh.creation.icosphere(subdivisions=4, radius=0.03)
    inner = trimesh.creation.icosphere(subdivisions=4, radius=0.02)
    inner.invert()
    hollow = trimesh.util.concatenate([sphere, inner])
    mesh = merged(hollow.vertices, hollow.faces)
    assert outwards(mesh)[1] == 0, "the inside of a shell stays an inside"
    for most in (4000, 1000, 200):
        thin = thinned(mesh, most)
        assert len(thin.faces) <= most
        assert holes(thin).edges == 0
        assert most < 1000 or volume(thin) == pytest.approx(hollow.volume, rel=0.1)


def test_mass_of_a_body_turned_by_45_degrees() -> None:
    """Principal axes midway between those of the frame: no two of them may be taken for the same."""
    mesh = ell()
    center, moments, (w, x, y, z) = mass_properties(mesh.vertices, mesh.faces.astype(np.int32), 0.12)
    turn = np.empty(9)
    mujoco.mju_quat2Mat(turn, np.array([w, x, y, z]))
    axes = turn.reshape(3, 3)
    mesh.density = 0.12 / mesh.volume
    assert axes @ np.diag(moments) @ axes.T == pytest.approx(mesh.moment_inertia, abs=1e-9)
    assert center == pytest.approx(mesh.center_mass, abs=1e-9)

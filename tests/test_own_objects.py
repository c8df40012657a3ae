"""An object of one's own: meshes made here are checked, cut, put on the shelf, and behave like every other object."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import mujoco
import numpy as np
import pytest
from mujoco.batch import Batch
from scipy.spatial import ConvexHull

from dexbench.cli.main import main
from dexbench.core.errors import DataError, UnknownName
from dexbench.core.shelf import load_task
from dexbench.objects import catalogue, decomposition
from dexbench.objects._mass import mass_properties
from dexbench.objects.body import add_object
from dexbench.objects.catalogue import families, load_object
from dexbench.objects.closed_mesh import Mesh, holes, merged, outwards, thinned, volume
from dexbench.objects.generate import lowest
from dexbench.objects.pool import FIELDS, PoolTables, add_slots, fields_of

WHY = "meshes of one's own are an extra: pip install 'dexbench[objects]'"
trimesh = pytest.importorskip("trimesh", reason=WHY)
pytest.importorskip("coacd", reason=WHY)

ELL = [[0, 0], [0.10, 0], [0.10, 0.03], [0.03, 0.03], [0.03, 0.10], [0, 0.10]]
"""Outline of an L [m]; 153 cm^3 with its thickness of 3 cm."""


def ell() -> "trimesh.Trimesh":
    """Return a thick L, lying: the smallest mesh that is not convex."""
    low = np.column_stack([ELL, np.zeros(6)])
    cap = [(0, 1, 2), (0, 2, 3), (0, 3, 4), (0, 4, 5)]
    faces = [(a, c, b) for a, b, c in cap] + [(a + 6, b + 6, c + 6) for a, b, c in cap]
    for i in range(6):
        j = (i + 1) % 6
        faces += [(i, j, j + 6), (i, j + 6, i + 6)]
    return trimesh.Trimesh(np.concatenate([low, low + np.array([0, 0, 0.03])]), faces, process=False)


def saved(folder: Path, mesh: "trimesh.Trimesh", name: str = "mesh.obj") -> str:
    mesh.export(folder / name)
    return str(folder / name)


def add(path: str, name: str, *more: str, mass: float = 0.12) -> int:
    return main(["object", "add", path, "--name", name, "--mass", str(mass), *more])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a user's folder with an L of two hulls and a ball of one in it."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEXBENCH_HOME", str(folder))
        catalogue.refresh()
        path = saved(folder, ell(), "ell.obj")
        assert add(path, "my_ell", "--threshold", "0.3", "--noun", "bracket", "--colour", "red") == 0
        ball = saved(folder, trimesh.creation.icosphere(subdivisions=3, radius=30), "ball.stl")
        assert add(ball, "my_ball", "--unit", "mm", "--lay", "--split", "seen") == 0
        yield folder
    catalogue.refresh()


@pytest.fixture
def bench(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return an empty folder of a user to spoil."""
    monkeypatch.setenv("DEXBENCH_HOME", str(tmp_path / "home"))
    catalogue.refresh()
    yield tmp_path
    monkeypatch.setenv("DEXBENCH_HOME", str(home))
    catalogue.refresh()


def test_it_is_an_object_like_every_other(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = load_object("my_ell")
    assert (model.family, model.split, model.phrase, model.mass) == ("my_ell", "unseen", "red bracket", 0.12)
    assert np.ptp(model.vertices, axis=0) == pytest.approx([0.10, 0.10, 0.03], abs=1e-6)
    assert model.vertices.min(axis=0)[2] == pytest.approx(0, abs=1e-6)
    assert [piece.shape for piece in model.pieces] == ["convex"] * 2
    truth = ell()
    assert sum(ConvexHull(piece.vertices).volume for piece in model.pieces) == pytest.approx(truth.volume, rel=0.01)
    depth = np.min([outside(piece, model.points) for piece in model.pieces], axis=0)
    assert np.abs(depth).max() < 3e-4, "the surface lies on the hulls"
    # mass, centre and inertia are the solid's
    truth.density = 0.12 / truth.volume
    middle = (truth.bounds[0] + truth.bounds[1]) / 2 * [1, 1, 0]
    assert model.center_of_mass == pytest.approx(truth.center_mass - middle, abs=1e-6)
    assert np.sort(model.inertia) == pytest.approx(np.linalg.eigvalsh(truth.moment_inertia), rel=1e-4)
    capsys.readouterr()
    assert main(["list", "objects"]) == main(["object", "list", "--own"]) == main(["object", "show", "my_ell"]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("mug", "red bracket", "2 convex", "100 x 100 x 30 mm"))


def test_it_is_in_no_task_before_it_is_asked_for(home: Path) -> None:
    assert "my_ell" not in catalogue.instances()
    assert "my_ell" not in catalogue.members()
    assert "my_ell" not in families()
    assert set(catalogue.own_objects()) == {"my_ell", "my_ball"}
    assert "my_ell" not in load_task("grasp_object").pool()


def outside(piece: object, points: np.ndarray) -> np.ndarray:
    """Return how far points lie outside a convex piece; negative within [m]."""
    hull = ConvexHull(piece.vertices + piece.position).equations
    return (points @ hull[:, :3].T + hull[:, 3]).max(axis=1)


def test_lowest_knows_hulls(home: Path) -> None:
    down = np.array([0.0, -1.0, 0.0])
    assert max(lowest(piece, down) for piece in load_object("my_ell").pieces) == pytest.approx(0.05, abs=1e-6)


def test_a_second_call_does_not_cut_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*of: object) -> list[np.ndarray]:
        raise AssertionError("it was cut again")

    before = [piece.vertices for piece in load_object("my_ell").pieces]
    monkeypatch.setattr(decomposition, "_searched", never)
    again = ["--threshold", "0.3", "--noun", "bracket", "--colour", "red", "--force"]
    assert add(str(home / "ell.obj"), "my_ell", *again) == 0
    after = [piece.vertices for piece in load_object("my_ell").pieces]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    with pytest.raises(AssertionError, match="cut again"):  # other parameters, other hulls
        add(str(home / "ell.obj"), "my_ell", *again, "--corners", "16")
    next((home / "cache" / "hulls").glob("*.npz")).write_bytes(b"spoilt")
    with pytest.raises(AssertionError, match="cut again"):
        add(str(home / "ell.obj"), "my_ell", *again)


def test_stopped_it_leaves_nothing_behind(home: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    mesh = trimesh.creation.torus(0.05, 0.02)
    mesh.vertices += 0.002 * rng.normal(size=mesh.vertices.shape)
    hours = ["--threshold", "0.01", "--hulls", "64"]
    command = [
        sys.executable,
        "-m",
        "dexbench",
        "object",
        "add",
        saved(tmp_path, mesh),
        "--name",
        "torus",
        "--mass",
        "1",
    ]
    environment = {**os.environ, "DEXBENCH_HOME": str(tmp_path / "home")}
    process = subprocess.Popen([*command, *hours], env=environment, stderr=subprocess.PIPE, text=True)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + 20
    while len(found := children.read_text().split()) < 2 and time.monotonic() < deadline:  # a tracker and the worker
        time.sleep(0.02)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    assert "nothing was written" in process.stderr.read()
    while (left := [pid for pid in found if running(pid)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not left, "the process that cuts has ended too"
    assert not [path for path in (tmp_path / "home").rglob("*") if path.is_file()]


def running(pid: str) -> bool:
    """Return whether a process is there and has not ended; one that has may wait to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


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


STEPS = 250


def table() -> mujoco.MjSpec:
    spec = mujoco.MjSpec()
    spec.option.timestep = 0.004
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[1, 1, 0.1])
    return spec


def pool(names: Sequence[str]) -> PoolTables:
    spec = table()
    return PoolTables(add_slots(spec, names, slots=2), spec.compile())


def flown(tables: PoolTables, name: str, before: str | None, pose: np.ndarray, speed: np.ndarray) -> np.ndarray:
    """Return (STEPS, 7) poses of an object that is thrown, from a slot that held another before."""
    batch = Batch(tables.model, 2, 1)
    fields = {field: batch.expand(field) for field in FIELDS}
    qpos, qvel = batch.bind("qpos"), batch.bind("qvel")
    for held in (before, name):
        tables.write(fields, 1, 0, held)
        batch.set_const([1])
    qpos[1, tables.qpos[0]], qvel[1, tables.dofs[0]] = pose, speed
    return batch.rollout(STEPS, record=["qpos"], ids=[1])["qpos"][0][:, tables.qpos[0]]


def thrown(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    turn = rng.normal(size=4)
    return np.concatenate([[0.1, 0.2, 0.15], turn / np.linalg.norm(turn)]), 0.5 * rng.normal(size=6)


@pytest.mark.parametrize("name", ["my_ell", "my_ball", "mug_03"])
def test_in_a_pool_it_moves_as_a_body_of_its_own(home: Path, name: str) -> None:
    tables = pool(["box_02", "my_ell", "mug_03", "my_ball"])
    pose, speed = thrown(4)
    spec = table()
    add_object(spec, load_object(name))
    model = spec.compile()
    data = mujoco.MjData(model)
    data.qpos, data.qvel = pose, speed
    own = np.empty((STEPS, 7))
    touched = 0
    for step in range(STEPS):
        mujoco.mj_step(model, data)
        own[step] = data.qpos
        touched = max(touched, data.ncon)
    assert touched > 0
    for before in (None, "mug_03", "my_ball", "box_02"):
        assert np.abs(flown(tables, name, before, pose, speed) - own).max() < 1e-9, before


def test_other_objects_do_not_notice(home: Path) -> None:
    """Slots of a pool without hulls are compiled as they were before there were hulls, to the bit."""
    without, beside = pool(["box_02", "mug_03"]), pool(["box_02", "mug_03", "my_ell"])
    kinds = without.model.geom_type[without.pieces]
    assert (kinds == mujoco.mjtGeom.mjGEOM_SPHERE).all()
    assert (without.model.geom_size[without.pieces] == [1e-3, 0, 0]).all()
    assert without.model.nmesh == 2 * 3
    assert (beside.model.geom_type[beside.pieces[:, :2]] == mujoco.mjtGeom.mjGEOM_MESH).all()
    pose, speed = thrown(5)
    for name in ("box_02", "mug_03"):
        assert np.array_equal(flown(without, name, None, pose, speed), flown(beside, name, "my_ell", pose, speed))


def test_a_slot_starts_with_the_largest_hull(home: Path) -> None:
    """In a batch a mesh keeps the bounding radius it was compiled with: a smaller one would miss contacts."""
    tables = pool(["my_ball", "my_ell"])
    for slot in range(2):
        first = tables.pieces[slot, 0]
        for name in ("my_ball", "my_ell"):
            corners = load_object(name).pieces[0].vertices
            assert tables.model.geom_rbound[first] >= np.linalg.norm(np.ptp(corners, axis=0)) / 2 - 1e-6


def test_a_plain_model_misses_no_contact_after_a_swap(home: Path) -> None:
    """As planners use the pool. MuJoCo's mj_setConst does not derive the bounding radius of a mesh."""
    tables = pool(["my_ell", "box_02"])
    model, data = tables.model, mujoco.MjData(tables.model)
    fields = fields_of(model)
    contacts = []
    for name in ("my_ell", None, "box_02", "my_ell"):
        tables.write(fields, 0, 0, name)
        mujoco.mj_setConst(model, data)
        data.qpos[tables.qpos[0]] = [0, 0, -0.001, 1, 0, 0, 0]
        mujoco.mj_forward(model, data)
        contacts.append(data.ncon)
    assert contacts[0] == contacts[3] > 0
    assert contacts[1] == 0


def test_hulls_are_not_scaled(home: Path) -> None:
    tables = pool(["my_ell"])
    batch = Batch(tables.model, 1, 1)
    with pytest.raises(DataError, match="cannot be scaled"):
        tables.write({field: batch.expand(field) for field in FIELDS}, 0, 0, "my_ell", scale=1.1)


def test_it_can_be_pinched_and_lifted(home: Path) -> None:
    """Two pads press an arm of the L from both sides and rise: it comes along, and stays between them."""
    spec = table()
    model = load_object("my_ell")
    add_object(spec, model)
    lift = spec.worldbody.add_body(name="lift", pos=[0, 0, 0.015])
    lift.add_joint(name="up", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=[0, 0, 1], armature=1.0)
    lift.add_geom(type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[0.001, 0, 0], mass=0.1, contype=0, conaffinity=0)
    for side in (-1, 1):
        pad = lift.add_body(name=f"pad{side}", pos=[0.02, -0.035 + 0.05 * side, 0])
        pad.add_joint(name=f"pad{side}", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=[0, -side, 0], damping=2)
        pad.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, size=[0.012, 0.01, 0.01], mass=0.05)
        spec.add_actuator(name=f"pad{side}", target=f"pad{side}", trntype=mujoco.mjtTrn.mjTRN_JOINT)
    rise = spec.add_actuator(name="up", target="up", trntype=mujoco.mjtTrn.mjTRN_JOINT)
    rise.set_to_position(kp=400, kv=60)
    compiled = spec.compile()
    data = mujoco.MjData(compiled)
    heights = []
    for step in range(900):
        data.ctrl[:] = (6.0, 6.0, 0.12 * np.clip((step - 200) / 300, 0, 1))
        mujoco.mj_step(compiled, data)
        heights.append(data.xipos[1, 2])
    assert heights[150] == pytest.approx(0.015, abs=0.002), "pressed, it lies still"
    assert heights[-1] > 0.10
    assert np.ptp(heights[-150:]) < 0.003, "it is held, not thrown"
    below = [c.geom for c in data.contact if 0 in c.geom]
    assert not below, "nothing but the pads touches it"


def test_a_task_takes_it_as_its_target(home: Path) -> None:
    task = load_task("grasp_object+my_ell-v1")
    plain = load_task("grasp_object")
    assert (task.name, type(task)) == ("grasp_object+my_ell", type(plain))
    assert task.pool() == (*plain.pool(), "my_ell")
    for seed in range(5):
        trial = task.place(np.random.default_rng(seed), "seen")
        target = trial.objects[trial.target]
        assert (trial.task, target.instance, target.mass) == ("grasp_object+my_ell-v1", "my_ell", 0.12)
        assert "red bracket" in trial.instruction
        for other in trial.objects:
            if other is not target:
                apart = np.linalg.norm(np.subtract(other.position, target.position)[:2])
                assert apart > load_object("my_ell").footprint_radius + load_object(other.instance).footprint_radius
    with pytest.raises(UnknownName, match="my_el"):
        load_task("grasp_object+my_el")
    with pytest.raises(DataError, match="no other objects"):
        load_task("lift_tray+my_ell")


def test_it_stands_in_the_cell_of_a_task(home: Path) -> None:
    from dexbench.sim.world import SimWorld

    task = load_task("grasp_object+my_ell")
    world = SimWorld(task, "shadow_ur10e", 1, groups=("state",))
    trial = task.place(np.random.default_rng(3), "seen")
    world.reset([trial])
    start = world.scene.object_position[0].copy()
    hold = world.cell.embodiment.home
    for _ in range(25):
        world.advance(np.asarray(hold)[None], [0])
    moved = np.linalg.norm(world.scene.object_position[0] - start, axis=1)
    assert moved.max() < 0.002
    assert world.scene.other_contacts[0, trial.target] > 0, "it stands on the table"


def test_what_was_edited_or_cut_short_is_said(bench: Path) -> None:
    path = Path(saved(bench, trimesh.creation.box((0.05, 0.05, 0.08))))
    assert add(str(path), "thing") == 0
    shelf = bench / "home" / "objects"
    text = (shelf / "thing.yaml").read_text()
    (shelf / "thing.yaml").write_text(text.replace("mass: 0.12}", "mass: 0.5}"))
    catalogue.refresh()
    with pytest.raises(DataError, match=r"thing.yaml:\d+: instances\[thing\].mass: 0.5 kg lies outside"):
        load_object("thing")
    assert load_object("mug_01").family == "mug", "what is ours does not care"
    (shelf / "thing.yaml").write_text(text)
    catalogue.refresh()
    content = (shelf / "thing.npz").read_bytes()
    for spoilt in (content[: len(content) // 2], b"", b"PK"):
        (shelf / "thing.npz").write_bytes(spoilt)
        with pytest.raises(DataError, match=r"thing.npz.*add it again"):
            load_object("thing")
    (shelf / "thing.npz").unlink()
    with pytest.raises(DataError, match="add it again"):
        load_object("thing")

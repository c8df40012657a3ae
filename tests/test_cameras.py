"""Cameras: each world's own objects in colour, depth and segmentation; OpenGL only when it is asked for."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mujoco
import numpy as np
import pytest
from mujoco.batch import Batch

from dexbench.core.errors import DataError, MissingExtra, UnknownName
from dexbench.objects.catalogue import load_object
from dexbench.objects.pool import FIELDS, PoolTables, add_slots
from dexbench.sensors import opengl
from dexbench.sensors.cameras import BACKENDS, Camera, make_camera
from dexbench.sensors.eye import FAR, KINDS, Eye
from dexbench.sensors.images import FIRST_OBJECT, FURNITURE, NOTHING, ROBOT, ImageRequest, Images
from dexbench.sim.furniture import CAMERAS, furnish

ROOT = Path(__file__).parents[1]
RAYS = importlib.util.find_spec("mujoco_warp") is not None
SIZE = 96
HEIGHT_OF_TOP = CAMERAS["top"][0][2]
PLACES = ((0.55, -0.15, 0.0), (0.62, 0.15, 0.0))


@pytest.fixture(scope="module")
def tables() -> PoolTables:
    spec = mujoco.MjSpec()
    furnish(spec)
    arm = spec.worldbody.add_body(name="arm", pos=[0.05, 0.0, 0.2])
    arm.add_joint(type=mujoco.mjtJoint.mjJNT_HINGE, axis=[0, 0, 1])
    arm.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, size=[0.05, 0.05, 0.2], rgba=[0.1, 0.1, 0.1, 1], group=2)
    arm.add_geom(type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[0.9, 0, 0], rgba=[0, 1, 0, 1], group=3)  # never to be seen
    layout = add_slots(spec, ("mug_01", "can_02", "ball_01"), slots=2, picture_scales=(1.0,))
    return PoolTables(layout, spec.compile())


@pytest.fixture(scope="module")
def batch(tables: PoolTables) -> Batch:
    """World 0: a mug and a can; world 1: a ball at the mug's place, and nothing else."""
    worlds = Batch(tables.model, 2, 1)
    fields = {name: worlds.expand(name) for name in FIELDS}
    qpos = worlds.bind("qpos")
    for world, names in enumerate((("mug_01", "can_02"), ("ball_01", None))):
        for slot, name in enumerate(names):
            tables.write(fields, world, slot, name)
            qpos[world, tables.qpos[slot]] = (*PLACES[slot], 1, 0, 0, 0) if name else tables.layout.parked(slot)
    worlds.set_const(np.arange(2))
    worlds.forward()
    return worlds


@pytest.fixture(scope="module", params=[b for b in BACKENDS if b != "auto"])
def eye(request: pytest.FixtureRequest, tables: PoolTables) -> Iterator[Eye]:
    if request.param == "gl" and not opengl.backends():
        pytest.skip(f"no OpenGL library here: {opengl.INSTALL}")
    if request.param == "rays" and not RAYS:
        pytest.skip("mujoco-warp is not installed: pip install 'dexbench[rays]'")
    made = make_camera(tables.model, SIZE, SIZE * 3 // 4, request.param)
    yield made
    made.close()


def pixels_of(tables: PoolTables, segmentation: np.ndarray, slot: int) -> np.ndarray:
    return segmentation == tables.visuals[slot]


def test_pictures_have_their_shapes(eye: Eye, batch: Batch) -> None:
    seen = eye.look(batch, 0, "front", KINDS)
    assert {k: (v.shape, v.dtype.name) for k, v in seen.items()} == {
        "rgb": ((72, 96, 3), "uint8"),
        "depth": ((72, 96), "float32"),
        "segmentation": ((72, 96), "int32"),
    }
    assert seen["rgb"].std() > 10
    for kind in KINDS:
        assert np.array_equal(getattr(eye, kind)(batch, 0, "front"), seen[kind])


def test_objects_show_their_colours_where_segmentation_says(eye: Eye, batch: Batch, tables: PoolTables) -> None:
    for world, slot, name in ((0, 0, "mug_01"), (0, 1, "can_02"), (1, 0, "ball_01")):
        seen = eye.look(batch, world, "top", KINDS)
        where = pixels_of(tables, seen["segmentation"], slot)
        assert where.sum() > 10
        rows, columns = np.nonzero(where)
        # seen from the top, +x is to the right and +y up
        assert np.sign(47.5 - columns.mean()) == np.sign(CAMERAS["top"][1][0] - PLACES[slot][0])
        assert np.sign(35.5 - rows.mean()) == np.sign(PLACES[slot][1])
        colour, own = seen["rgb"][where].mean(axis=0), np.array(load_object(name).rgba[:3])
        assert np.corrcoef(colour, own)[0, 1] > 0.9 or np.ptp(own) < 0.1


def test_worlds_show_their_own_objects(eye: Eye, batch: Batch, tables: PoolTables) -> None:
    first, second = (eye.look(batch, world, "front", KINDS) for world in (0, 1))
    mug, ball = (pixels_of(tables, seen["segmentation"], 0) for seen in (first, second))
    assert mug.any()
    assert ball.any()
    assert not np.array_equal(mug, ball)
    assert pixels_of(tables, first["segmentation"], 1).any()
    assert not pixels_of(tables, second["segmentation"], 1).any()
    alike = ~(mug | ball | pixels_of(tables, first["segmentation"], 1))
    assert np.array_equal(first["rgb"][alike], second["rgb"][alike])
    again = eye.look(batch, 0, "front", KINDS)
    assert all(np.array_equal(again[kind], first[kind]) for kind in KINDS)


def test_depth_is_measured_along_the_axis(eye: Eye, batch: Batch, tables: PoolTables) -> None:
    seen = eye.look(batch, 0, "top", ("depth", "segmentation"))
    table = seen["segmentation"] == tables.model.geom("table_top").id
    assert table.sum() > 1000
    assert np.abs(seen["depth"][table] - (HEIGHT_OF_TOP + 0.001)).max() < 2e-3  # its top is 1 mm below z = 0
    can = pixels_of(tables, seen["segmentation"], 1)
    assert abs(seen["depth"][can].min() - (HEIGHT_OF_TOP - load_object("can_02").height)) < 3e-3
    sky = eye.look(batch, 0, "front", ("depth", "segmentation"))
    nothing = sky["segmentation"] < 0
    assert nothing.any()
    assert (sky["depth"][nothing] == FAR).all()


def test_collision_shapes_are_not_seen(eye: Eye, batch: Batch, tables: PoolTables) -> None:
    for camera in CAMERAS:
        groups = tables.model.geom_group[np.unique(eye.segmentation(batch, 0, camera))[1:]]
        assert (groups < 3).all()


def test_motion_is_seen(eye: Eye, batch: Batch, tables: PoolTables) -> None:
    qpos = batch.bind("qpos")
    before = pixels_of(tables, eye.segmentation(batch, 0, "top"), 0)
    at = tables.qpos[0][1]
    qpos[0, at] += 0.1
    moved = pixels_of(tables, eye.segmentation(batch, 0, "top"), 0)
    qpos[0, at] -= 0.1
    assert np.nonzero(moved)[0].mean() < np.nonzero(before)[0].mean() - 4


def test_shadows_darken_the_table(eye: Eye, batch: Batch, tables: PoolTables) -> None:
    backend = "gl" if isinstance(eye, Camera) else "rays"
    shadowed = make_camera(tables.model, SIZE, SIZE * 3 // 4, backend, shadows=True, smooth=True)
    plain, dark = eye.rgb(batch, 0, "top"), shadowed.rgb(batch, 0, "top")
    shadowed.close()
    assert dark.shape == plain.shape
    assert 0.005 < (dark.mean(axis=2) < plain.mean(axis=2) - 15).mean() < 0.5


def test_backends_agree(batch: Batch, tables: PoolTables) -> None:
    if not RAYS or not opengl.backends():
        pytest.skip("needs OpenGL and mujoco-warp")
    seen = []
    for backend in ("gl", "rays"):
        eye = make_camera(tables.model, SIZE, SIZE, backend)
        seen.append(eye.look(batch, 0, "side", KINDS))
        eye.close()
    opened, cast = seen
    assert (opened["segmentation"] == cast["segmentation"]).mean() > 0.99
    assert np.median(np.abs(opened["depth"] - cast["depth"])) < 1e-4
    assert np.abs(opened["rgb"].astype(float) - cast["rgb"]).mean() < 8


def test_unknown_names_are_answered_with_known_ones(eye: Eye, batch: Batch, tables: PoolTables) -> None:
    with pytest.raises(UnknownName, match=r"did you mean 'front'"):
        eye.rgb(batch, 0, "frnt")
    with pytest.raises(UnknownName, match="auto, gl, rays"):
        make_camera(tables.model, 8, 8, "vulkan")
    with pytest.raises(UnknownName, match="front, side, top"):
        Images(tables.model, ImageRequest(cameras=("wrist",)), ("rgb",), tables.bodies)


def test_images_are_fields_with_labels(batch: Batch, tables: PoolTables) -> None:
    backend = "gl" if opengl.backends() else "rays"
    if backend == "rays" and not RAYS:
        pytest.skip("needs OpenGL or mujoco-warp")
    request = ImageRequest(cameras=("front", "top"), width=64, height=48, backend=backend)
    images = Images(tables.model, request, ("segmentation", "rgb", "depth"), tables.bodies)
    assert [f.name for f in images.fields] == [f"{kind}/{camera}" for camera in ("front", "top") for kind in KINDS]
    seen = images.read(batch, [1, 0])
    images.close()
    for field in images.fields:
        values = seen[field.name]
        assert (values.shape, values.dtype) == ((2, *field.shape), np.dtype(field.dtype))
        assert values.min() >= field.low
        assert values.max() <= field.high
    assert set(np.unique(seen["segmentation/front"][1])) == {
        NOTHING, FURNITURE, ROBOT, FIRST_OBJECT, FIRST_OBJECT + 1
    }  # fmt: skip
    assert FIRST_OBJECT + 1 not in seen["segmentation/front"][0]


def test_closed_cameras_say_so(batch: Batch, tables: PoolTables, eye: Eye) -> None:
    closed = make_camera(tables.model, 8, 8, "gl" if isinstance(eye, Camera) else "rays")
    closed.close()
    closed.close()
    with pytest.raises(DataError, match="closed"):
        closed.rgb(batch, 0, "front")


def test_without_a_library_pictures_name_the_command(tables: PoolTables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr(opengl, "_found", lambda backend: False)
    with pytest.raises(MissingExtra, match="apt-get install -y libegl1 libgl1-mesa-dri"):
        make_camera(tables.model, 8, 8, "gl")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"dexbench\[rays\]"):
        make_camera(tables.model, 8, 8, "auto")


def test_a_library_that_does_not_start_names_the_command(tables: PoolTables, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(backend: str) -> None:
        raise ImportError("Cannot initialize a EGL device display")

    monkeypatch.setattr(opengl, "backends", lambda: ("egl",))
    monkeypatch.setattr(opengl, "_context_class", broken)
    with pytest.raises(MissingExtra, match=r"EGL device display.*apt-get install"):
        Camera(tables.model, 8, 8)


def test_rays_without_warp_name_the_command(tables: PoolTables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "warp", None)
    with pytest.raises(MissingExtra, match=r"pip install 'dexbench\[rays\]'"):
        make_camera(tables.model, 8, 8, "rays")


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("off", ()), ("egl", ("egl",)), ("osmesa", ("osmesa",)), ("glfw", ()), ("", ("egl", "osmesa"))],
)
def test_mujoco_gl_is_obeyed(setting: str, expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJOCO_GL", setting)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr(opengl, "_found", lambda backend: True)
    assert opengl.backends() == expected


def loaded_libraries(code: str) -> str:
    """Run `code` in a fresh interpreter; return which OpenGL libraries and modules it holds afterwards."""
    report = (
        "import sys; maps = open('/proc/self/maps').read()\n"
        "print([n for n in ('libEGL', 'libOSMesa', 'libGLX', 'libGLdispatch', 'swrast', 'libgallium') if n in maps],"
        " [m for m in ('OpenGL', 'warp', 'mujoco.egl') if m in sys.modules])"
    )
    environment = {k: v for k, v in os.environ.items() if k not in ("MUJOCO_GL", "DISPLAY")}
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], cwd=ROOT, capture_output=True, text=True, env=environment,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


WORLD = """
from dexbench.sim.world import SimWorld
import numpy as np
world = SimWorld("grasp_object", "shadow_ur10e", 1, groups=("state", "objects"{}))
"""
EPISODE = """
seen = world.reset([world.task.place(np.random.default_rng(0), "seen")])
world.advance(np.array([world.spec.embodiment.home]))
"""


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="reads what Linux maps into a process")
def test_worlds_load_no_opengl() -> None:
    assert loaded_libraries("import dexbench") == "[] []"
    assert loaded_libraries(WORLD.format("") + EPISODE) == "[] []"
    assert loaded_libraries(WORLD.format(", 'rgb'")) == "[] []", "pictures are made where they are read"
    if opengl.backends():
        assert "OpenGL" in loaded_libraries(WORLD.format(", 'rgb'") + EPISODE), "this test must be able to fail"

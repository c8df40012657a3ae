"""A rig's cameras: devices and places as data, pictures with exact intrinsics, noise, clouds, calibration."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from dexbench.core.assets import asset_path
from dexbench.core.camera import CameraRow, Intrinsics, look_at, pinhole
from dexbench.core.camera_file import CELL_CAMERAS, find_device, load_device
from dexbench.core.document import read_document
from dexbench.core.embodiment import Embodiment, load_embodiment
from dexbench.core.errors import DataError, UnknownName
from dexbench.core.rotations import matrix_quaternion, quaternion_matrix
from dexbench.sensors import opengl
from dexbench.sensors.depth import UNMEASURED, measured, subsample
from dexbench.sensors.eye import FAR
from dexbench.sensors.images import ImageRequest
from dexbench.sim.furniture import CAMERAS
from dexbench.sim.gym import DexEnv
from dexbench.sim.world import SimWorld

DEVICES = sorted(p.stem for p in asset_path("cameras").glob("*.yaml"))
BACKENDS = [
    pytest.param("gl", marks=pytest.mark.skipif(not opengl.backends(), reason=opengl.INSTALL)),
    pytest.param(
        "rays",
        marks=pytest.mark.skipif(importlib.util.find_spec("mujoco_warp") is None, reason="needs mujoco-warp"),
    ),
]
RIG = yaml.safe_load(asset_path("embodiments/shadow_ur10e.yaml").read_text(encoding="utf-8"))
OVER = {
    "name": "over",
    "device": "realsense_d435",
    "mount": "cell",
    "xyz": [0.55, 0.1, 1.2],
    "quat": [0, 0.7071067811865476, 0.7071067811865476, 0],  # straight down, right of the picture = cell +y
    "resolution": [640, 480],
    "intrinsics": [500, 510, 400.25, 180.5],
    "confidence": "estimated",
}
WRIST = {
    "name": "wrist",
    "device": "realsense_d405",
    "mount": "right/palm_site",
    "xyz": [0.0, -0.1, 0.05],
    "look_at": [0.0, 0.1, 0.05],
    "up": [0, 0, 1],
    "confidence": "estimated",
}
BESIDE = {**OVER, "name": "beside", "mount": "over", "xyz": [0.1, 0, 0], "quat": [1, 0, 0, 0]}


def rig(*cameras: dict[str, Any], **changes: Any) -> Embodiment:
    return load_embodiment({**RIG, "cameras": [{**c, **changes} for c in cameras]})


@pytest.fixture(scope="module")
def robot() -> Embodiment:
    return rig(OVER, WRIST, BESIDE)


@pytest.mark.parametrize("name", DEVICES)
def test_devices_state_sources_and_err_as_their_data_says(name: str) -> None:
    document = read_document(find_device(name))
    device = load_device(find_device(name))
    assert device.name == name
    assert document.has("sources")
    depth = document["depth"]
    if not depth.has("checks"):
        return
    for z, rms in (row.numbers(2) for row in depth["checks"]["rms"].items()):
        assert device.depth.rms(np.array(z), 1280, 720) == pytest.approx(rms, rel=0.01)
        assert device.depth.rms(np.array(z), 3840, 2160) == pytest.approx(rms, rel=0.01), "no finer than the sensor"
        assert device.depth.rms(np.array(z), 640, 360) == pytest.approx(2 * rms, rel=0.01)


def test_nominal_fields_of_view() -> None:
    d435 = load_device(find_device("realsense_d435")).colour
    small = d435.resized(640, 480)
    assert np.degrees(2 * np.arctan(240 / small.fy)) == pytest.approx(42.5)
    assert np.degrees(2 * np.arctan(320 / small.fx)) == pytest.approx(54.8, abs=0.1)
    kinect = load_device(find_device("azure_kinect")).depth
    assert (kinect.near, kinect.far) == (0.5, 3.86)
    assert kinect.rms(np.array([0.6, 3.0]), 1920, 1080).tolist() == [0.002, 0.002]


def test_resized_pictures_show_the_middle() -> None:
    own = Intrinsics(640, 480, 600.0, 610.0, 330.0, 236.0)
    half = own.resized(320, 240)
    assert (half.fx, half.fy, half.cx, half.cy) == pytest.approx((300, 305, 164.75, 117.75))
    square = own.resized(48, 48)
    assert (square.fx, square.cx) == pytest.approx((60, (330.5 - 320) / 10 + 24 - 0.5))
    assert own.resized(640, 480) == own
    point = np.array([0.1, -0.2, 1.5])
    assert own.matrix @ point / 1.5 == pytest.approx([600 * 0.1 / 1.5 + 330, 236 - 610 * 0.2 / 1.5, 1])


def test_orientations_are_optical_frames() -> None:
    turn = quaternion_matrix(look_at((1.0, 0.0, 0.5), (0.0, 0.0, 0.5)))
    assert turn == pytest.approx(np.array([[0, 0, -1], [1, 0, 0], [0, -1, 0]]), abs=1e-12)
    rng = np.random.default_rng(0)
    for quaternion in rng.normal(size=(20, 4)):
        unit = quaternion / np.linalg.norm(quaternion) * np.sign(quaternion[0])
        assert matrix_quaternion(quaternion_matrix(tuple(quaternion))) == pytest.approx(tuple(unit))
    with pytest.raises(ValueError, match="straight up or down"):
        look_at((0.0, 0.0, 1.0), (0.0, 0.0, 0.0))


def test_mounts(robot: Embodiment) -> None:
    over, wrist, beside = robot.cameras
    assert wrist.body == "right/palm"
    assert beside.body == ""
    # over's x axis is the cell's +y
    assert np.subtract(beside.position, over.position) == pytest.approx([0, 0.1, 0])
    assert beside.quaternion == pytest.approx(over.quaternion)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"device": "d436"}, r"cameras\[over\].device.*unknown camera device 'd436'.*realsense_d435"),
        ({"mount": "right/wrst"}, r"mount: right has no link or frame 'wrst'; it has .*palm_site"),
        ({"mount": "left/palm"}, r"mount: 'left/palm' is no mount: cell, <side>/<link or frame> with side right"),
        ({"quat": [1, 1, 0, 0]}, "quat: has the length 1.414"),
        ({"look_at": [0, 0, 0]}, "one of quat and look_at"),
        ({"intrinsics": [500, 500, 700, 100]}, "cx, cy inside the picture"),
        ({"resolution": [640.5, 480]}, "whole pixels"),
        ({"name": "front"}, "'front' is there already"),
        ({"fov": 50}, "unknown field 'fov'"),
        ({"confidence": "sure"}, "confidence"),
    ],
)
def test_wrong_cameras_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        rig(OVER, **change)


def test_wrong_cameras_are_named_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"cameras:\n- {json.dumps({**OVER, 'mount': 'nowhere'})}\n{yaml.safe_dump(RIG)}", encoding="utf-8")
    with pytest.raises(DataError, match=r"mine.yaml:2: cameras\[over\].mount"):
        load_embodiment(path)


def test_cell_cameras_have_their_names() -> None:
    assert tuple(CAMERAS) == CELL_CAMERAS


def world_of(robot: Embodiment, groups: tuple[str, ...], **request: Any) -> tuple[SimWorld, dict[str, np.ndarray]]:
    world = SimWorld("grasp_object", robot, 1, groups=groups, images=ImageRequest(**request))
    return world, world.reset([world.task.place(np.random.default_rng(3), "seen")])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [(64, 48), (48, 48), (64, 24)])
def test_objects_are_seen_where_the_intrinsics_say(robot: Embodiment, backend: str, size: tuple[int, int]) -> None:
    groups = ("objects", "segmentation", "calibration")
    world, seen = world_of(robot, groups, cameras=("over",), width=size[0], height=size[1], backend=backend)
    world.close()
    fx, fy, cx, cy = seen["intrinsics/over"][0]
    pose = seen["camera_pose/over"][0]
    labels = seen["segmentation/over"][0]
    checked = 0
    for k, centre in enumerate(world.scene.object_centre[0]):
        x, y, z = quaternion_matrix(tuple(pose[3:])).T @ (centre - pose[:3])
        u, v = fx * x / z + cx, fy * y / z + cy
        rows, columns = np.nonzero(labels == 3 + k)
        if 4 < u < size[0] - 5 and 4 < v < size[1] - 5:
            assert (columns.mean(), rows.mean()) == pytest.approx((u, v), abs=1.5)
            checked += 1
    assert checked >= (1 if size[1] < 48 else 2)


def test_clouds_lie_on_what_they_show(robot: Embodiment) -> None:
    box = ((0.2, -0.5, 0.004), (1.0, 0.5, 0.4))
    asked: dict[str, Any] = {"cameras": ("over", "front"), "width": 64, "height": 48, "cloud": 200}
    world, seen = world_of(robot, ("points", "objects"), noise=False, within=box, **asked)
    assert [f for f in seen if "/" in f] == ["cloud/over", "cloud/front"]
    assert seen["target_points"].shape == (1, 64, 3)
    for camera in ("over", "front"):
        cloud = seen[f"cloud/{camera}"][0]
        assert cloud.shape == (200, 3)
        assert (cloud > np.array(box[0]) - 1e-6).all()
        assert (cloud < np.array(box[1]) + 1e-6).all()
        target = seen["target_points"][0].astype(float)
        nearest = np.linalg.norm(target[:, None] - cloud[None], axis=2).min(axis=1)
        assert np.quantile(nearest, 0.3) < 0.02, "the side that is seen"
    again = world.observe()
    assert np.array_equal(again["cloud/over"], seen["cloud/over"])
    world.close()


def test_clouds_of_nothing_are_the_camera() -> None:
    points = np.arange(24.0).reshape(2, 4, 3)
    valid = np.array([[True, False, True, True], [False] * 4])
    nothing = np.array([1.0, 2.0, 3.0])
    assert subsample(points, valid, 2, nothing).tolist() == [[0, 1, 2], [6, 7, 8]]
    assert subsample(points, valid, 6, nothing)[:, 0].tolist() == [0, 0, 6, 6, 9, 9]
    assert (subsample(points, ~valid & False, 2, nothing) == nothing).all()


def test_depth_errs_as_declared(robot: Embodiment) -> None:
    over = robot.cameras[0]
    seen = over.intrinsics.resized(160, 120)
    flat = np.full((120, 160), 1.5, np.float32)
    noisy = measured(flat, over, seen, seed=5, step=7)
    sigma = float(over.rms(np.array(1.5)))
    # 640 x 480: focal length 480/720 of the sensor's 674 pixels
    assert sigma == pytest.approx(1.5**2 * 0.08 / (674.4 * 480 / 720 * 0.05), rel=1e-3)
    upper = noisy[:100]  # below, the picture reaches farther down than the depth sensor sees
    assert upper.std() == pytest.approx(sigma, rel=0.03)
    assert abs(upper.mean(dtype=float) - 1.5) < 4 * sigma / 120
    assert (noisy[-1] == UNMEASURED).all()
    assert np.array_equal(noisy, measured(flat, over, seen, seed=5, step=7))
    for other in ((4, 7), (5, 8)):
        assert not np.array_equal(noisy, measured(flat, over, seen, *other))
    for outside in (0.29, 3.01, FAR):
        assert (measured(np.full_like(flat, outside), over, seen, 0, 0) == UNMEASURED).all()


def test_a_kinect_measures_no_farther_aside_than_its_depth_camera_sees() -> None:
    kinect = rig({**OVER, "device": "azure_kinect", "resolution": [1920, 1080], "intrinsics": [912, 912, 960, 540]})
    row: CameraRow = kinect.cameras[0]
    seen = row.intrinsics.resized(192, 108)
    depth = measured(np.ones((108, 192), np.float32), row, seen, 0, 0)
    inside = np.abs(seen.slopes()[0]) < np.tan(np.radians(37.5)) - 0.01
    assert (depth[:, inside] > 0).all()
    assert (depth[:, [0, -1]] == UNMEASURED).all()
    assert depth[depth > 0].std() == pytest.approx(0.002, rel=0.05)


@pytest.fixture(scope="module")
def env(robot: Embodiment) -> Iterator[DexEnv]:
    settings = {"cameras": ("wrist", "over", "front"), "width": 32, "height": 24}
    made = DexEnv("grasp_object", robot, observations=("state", "depth", "calibration"), images=settings)  # type: ignore[arg-type]
    yield made
    made.close()


def test_noise_is_the_episodes(env: DexEnv) -> None:
    first, _ = env.reset(seed=3)
    hold = env.world.spec.embodiment.home
    later = env.step(hold)[0]
    again, _ = env.reset(seed=3)
    assert env.observation_space.contains(again)
    assert all(np.array_equal(first[k], again[k]) for k in first)
    assert np.array_equal(env.step(hold)[0]["depth/over"], later["depth/over"])
    moved = {k: np.abs(later[f"depth/{k}"] - first[f"depth/{k}"]) > 1e-4 for k in ("over", "front")}
    assert moved["over"].mean() > 0.5, "next to nothing moved, but the noise is another"
    assert moved["front"].mean() < 0.1, "the cell's own cameras are exact"
    assert (first["depth/over"] == UNMEASURED).any() or first["depth/over"].max() < 3.0


def test_a_wrist_camera_moves_with_the_wrist(env: DexEnv) -> None:
    first, _ = env.reset(seed=3)
    target = np.array(env.world.spec.embodiment.home)
    target[env.world.spec.embodiment.actuator_index(part="arm")[1]] -= 0.1
    for _ in range(10):
        later = env.step(target)[0]
    assert np.linalg.norm(later["camera_pose/wrist"][:3] - first["camera_pose/wrist"][:3]) > 0.005
    assert np.array_equal(later["camera_pose/over"], first["camera_pose/over"])
    palm, wrist = later["palm_pose"][0], later["camera_pose/wrist"]
    assert quaternion_matrix(tuple(palm[3:])).T @ (wrist[:3] - palm[:3]) == pytest.approx([0, -0.1, 0.05], abs=2e-3)


def test_a_camera_that_the_rig_lacks_is_answered_with_those_it_has(robot: Embodiment) -> None:
    with pytest.raises(UnknownName, match=r"'wrst'; did you mean 'wrist'.*beside, front, over, side, top, wrist"):
        SimWorld("grasp_object", robot, groups=("rgb",), images=ImageRequest(cameras=("wrst",)))


def test_pinhole_sees_its_field_of_view() -> None:
    seen = pinhole(100, 50, (np.radians(90), np.radians(60)))
    assert seen.fx == pytest.approx(50)
    assert seen.slopes()[0][[0, -1]] == pytest.approx([-0.99, 0.99])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("law: stereo", "law: sonar", r"d.yaml:19: depth.law: 'sonar' is not known; known: none, stereo, constant"),
        ("range: [0.3, 3.0]", "range: [3.0, 0.3]", r"d.yaml:\d+: depth.range: the lower end 3.0"),
        ("baseline: 0.05", "baseline: 0", r"d.yaml:\d+: depth.noise.baseline: a number above zero"),
        ("subpixel: 0.08", "subpixels: 0.08", r"depth.noise: field 'subpixel' is missing"),
        ("fov_deg: [69.4, 42.5]", "fov_deg: [1.21, 242]", r"d.yaml:\d+: colour.fov_deg: .*between 0 and 180 degrees"),
        ("resolution: [1920, 1080]", "resolution: [0, 1080]", r"colour.resolution: .*whole pixels"),
    ],
)
def test_wrong_devices_are_named_with_their_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = find_device("realsense_d435").read_text(encoding="utf-8")
    assert text.count(old) == 1
    (tmp_path / "d.yaml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(DataError, match=message):
        load_device(tmp_path / "d.yaml")

"""The cameras that each rig has, and what agents and documents say of them."""

import importlib.util
import pickle
import re
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest
import yaml

from dexbench.cli import evaluate as verb
from dexbench.cli.main import main
from dexbench.core import shelf
from dexbench.core.appearance import appearances
from dexbench.core.assets import asset_path
from dexbench.core.embodiment import load_embodiment
from dexbench.core.errors import DataError, UnknownName
from dexbench.core.rotations import quaternion_matrix
from dexbench.robots.build import robot_spec
from dexbench.sensors.calibration import add_cameras, intrinsics_of, pose_of
from dexbench.sensors.images import FURNITURE, ROBOT, ImageRequest, image_request
from dexbench.sim.world import SimWorld

OWN = {
    "bytedexter_fr3": ["ego", "third_left", "third_right", "third_front"],
    "bytedexter_fr3_bimanual": ["ego", "third_left", "third_right", "third_front"],
    "psibot_rm75": ["head", "wrist"],
    "psibot_rm75_bimanual": ["head", "wrist_right", "wrist_left"],
    "shadow_ur10e": [],
    "shadow_ur10e_bimanual": [],
    "shadow_ur10e_realdex": ["cam0", "cam1", "cam2", "cam3"],
}


@pytest.mark.parametrize("name", OWN)
def test_rigs_have_the_cameras_of_their_sources(name: str) -> None:
    cameras = shelf.load_embodiment(name).cameras
    assert [row.name for row in cameras] == OWN[name]
    if name.startswith("psibot"):
        assert [row.device.name for row in cameras] == ["realsense_d435", *["realsense_d405"] * (len(cameras) - 1)]
        assert {(row.intrinsics.width, row.intrinsics.height) for row in cameras} == {(640, 480)}


@pytest.mark.parametrize("hand", ["shadow", "psibot", "bytedexter"])
@pytest.mark.parametrize("rig", ["rm75_bimanual", "fr3"])
def test_a_rigs_cameras_stay_when_its_hand_is_exchanged(hand: str, rig: str) -> None:
    robot = shelf.load_embodiment(f"{hand}_{rig}")
    assert len(robot.cameras) == (3 if rig == "rm75_bimanual" else 4)
    spec = robot_spec(robot, shapes=False)
    add_cameras(spec, robot.cameras)
    model = spec.compile()
    data = mujoco.MjData(model)
    for joint, angle in zip(robot.joints, robot.joint_angles(robot.home), strict=True):
        data.joint(joint.name).qpos[0] = angle
    mujoco.mj_forward(model, data)
    for row in robot.cameras:
        position, turn = pose_of(data, model.camera(row.name).id)
        seen = intrinsics_of(model, model.camera(row.name).id, row.intrinsics.width, row.intrinsics.height)
        assert np.array([seen.fx, seen.fy, seen.cx, seen.cy]) == pytest.approx(
            [row.intrinsics.fx, row.intrinsics.fy, row.intrinsics.cx, row.intrinsics.cy], abs=1e-3
        )
        if row.body:  # palm and fingertips lie in front of a wrist camera
            palm = data.site(f"{row.body.partition('/')[0]}/palm_site").xpos
            ahead = turn.T @ (palm - position)
            assert 0.05 < ahead[2] < 0.15
            assert np.linalg.norm(ahead) < 0.2


def test_realdex_cameras_are_calibrated_as_published() -> None:
    robot = shelf.load_embodiment("shadow_ur10e_realdex")
    origins = np.array([row.position for row in robot.cameras])
    axes = np.array([quaternion_matrix(row.quaternion)[:, 2] for row in robot.cameras])
    # the point nearest to all axes
    across = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    point = np.linalg.solve(across.sum(axis=0), (across @ origins[:, :, None]).sum(axis=0)[:, 0])
    ahead = ((point - origins) * axes).sum(axis=1)
    off = np.linalg.norm(point - origins - ahead[:, None] * axes, axis=1)
    assert off.max() < 0.14
    assert (ahead > 0.66).all()
    assert (ahead < 0.79).all()
    published = quaternion_matrix(robot.cameras[0].quaternion) @ [0.033, -0.087, 0.777] + origins[0]
    assert published == pytest.approx([0.70, 0.0, 0.08], abs=2e-4)
    assert np.linalg.norm(point - published) < 0.1
    assert (origins[:, 2] > 0.3).all(), "all stand above the table"
    assert robot.cameras[2].intrinsics.fx == 913.226


def test_rigs_name_their_cameras_when_asked_for_another() -> None:
    with pytest.raises(UnknownName, match=r"unknown camera 'hed'; did you mean 'head'.*front, head, side, top, wrist"):
        SimWorld("grasp_object", "psibot_rm75", groups=("rgb",), images=ImageRequest(cameras=("hed",)))


@pytest.mark.skipif(importlib.util.find_spec("mujoco_warp") is None, reason="needs mujoco-warp")
@pytest.mark.parametrize("name", [name for name in OWN if load_embodiment(name).sides == ("right", "left")])
def test_two_handed_rigs_are_seen_without_opengl(name: str) -> None:
    images = ImageRequest(cameras=("front",), width=32, height=24, backend="rays")
    world = SimWorld("grasp_object", name, groups=("segmentation",), images=images)
    trial = world.task.place(np.random.default_rng(0), "seen")
    labels = world.reset([trial])["segmentation/front"]
    assert {FURNITURE, ROBOT} < set(np.unique(labels).tolist())
    world.close()


def test_agents_say_which_pictures_they_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = {"OBSERVES": ("state", "depth"), "IMAGES": {"cameras": ["wrist"], "width": 16, "height": 12}}
    monkeypatch.setattr(verb, "constants", lambda shelf, name: asked)
    kept: list[Any] = []

    def caught(suite: object, agent: str, folder: Path, factory: Any, **rest: Any) -> None:
        kept.append(pickle.loads(pickle.dumps(factory))("grasp_object", "psibot_rm75", 1, ("state", "depth")))
        raise DataError("enough")

    monkeypatch.setattr(verb, "evaluate", caught)
    assert main(["eval", "--agent", "zero", "--suite", "quick", "--out", str(tmp_path)]) != 0
    assert kept[0].spec.observations["depth/wrist"].shape == (12, 16)
    with pytest.raises(UnknownName, match="unknown field of images 'camera'; did you mean 'cameras'"):
        image_request({"camera": "front"})
    with pytest.raises(DataError, match="names in a list or tuple are expected, not 'front'"):
        image_request({"cameras": "front"})


def test_the_document_shows_what_runs() -> None:
    text = (Path(__file__).parents[1] / "docs/cameras.md").read_text(encoding="utf-8")
    code, example = (re.search(rf"```{kind}\n(.*?)```", text, re.DOTALL) for kind in ("python", "yaml"))
    assert code
    assert example
    shown: dict[str, Any] = {}
    exec(compile(code[1], "docs/cameras.md", "exec"), shown)
    assert shown["seen"]["rgb/wrist"].shape == (72, 96, 3)
    assert shown["seen"]["cloud/head"].shape == (512, 3)
    assert shown["env"].observation_space.contains(shown["seen"])
    shown["env"].close()
    rig = yaml.safe_load(asset_path("embodiments/shadow_ur10e.yaml").read_text(encoding="utf-8"))
    assert load_embodiment({**rig, **yaml.safe_load(example[1])}).cameras[0].name == "overhead"
    for name, cameras in OWN.items():
        assert all(f"`{camera}`" in text for camera in cameras if camera not in ("cam1", "cam2")), name
    assert all(f"{name}" in text for name in appearances())

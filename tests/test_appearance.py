"""Appearance: lights, sky and surfaces as data of a trial; pictures change, physics does not."""

import importlib.util
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dexbench.cli.main import main
from dexbench.core.appearance import BRIGHTEST, DEFAULT, RANGES, appearance, appearances, draw
from dexbench.core.errors import DataError, UnknownName
from dexbench.core.trial import Trial
from dexbench.sensors import opengl
from dexbench.sensors.cameras import make_camera
from dexbench.sensors.eye import Eye
from dexbench.sensors.images import ImageRequest
from dexbench.sensors.sheet import GAP, contact_sheet
from dexbench.sim.world import SimWorld

NAMES = [n for n in appearances() if n != "default"]
RAYS = importlib.util.find_spec("mujoco_warp") is not None


@pytest.fixture(scope="module")
def world() -> Iterator[SimWorld]:
    made = SimWorld("grasp_object", "shadow_ur10e", 2, groups=("state",))
    made.reset([made.task.place(np.random.default_rng(s), "seen") for s in (3, 3)])
    yield made
    made.close()


@pytest.fixture(scope="module", params=["gl", "rays"])
def eye(request: pytest.FixtureRequest, world: SimWorld) -> Iterator[Eye]:
    if request.param == "gl" and not opengl.backends():
        pytest.skip(f"no OpenGL library here: {opengl.INSTALL}")
    if request.param == "rays" and not RAYS:
        pytest.skip("mujoco-warp is not installed: pip install 'dexbench[rays]'")
    made = make_camera(world.cell.model, 64, 48, request.param)
    yield made
    made.close()


def test_there_are_some() -> None:
    assert {"default", "dark", "bright", "warm", "cold", "colourful"} <= set(appearances())
    assert replace(appearance("default"), name="default") == DEFAULT == appearance("")
    for name in appearances():
        look = appearance(name)
        assert appearance(json.loads(json.dumps(look.row()))) == look


def test_pictures_change_and_change_back(world: SimWorld, eye: Eye) -> None:
    plain = eye.look(world.batch, 0, "front")
    seen = {name: eye.look(world.batch, 0, "front", appearance=appearance(name)) for name in NAMES}
    for name, pictures in seen.items():
        assert np.array_equal(pictures["depth"], plain["depth"])
        assert np.array_equal(pictures["segmentation"], plain["segmentation"])
        changed = np.abs(pictures["rgb"].astype(int) - plain["rgb"]).mean(axis=2) > 3
        sky = plain["segmentation"] < 0
        look = appearance(name)
        assert changed[sky].all() if look.zenith else not changed[sky].any(), name
        share = 0.8 if look.lamp else 0.2  # light falls on everything, a cloth lies on the table
        assert changed[~sky].mean() > share, name
    light = {name: pictures["rgb"].mean() for name, pictures in seen.items()}
    assert light["dark"] < 0.5 * plain["rgb"].mean()
    assert light["bright"] > plain["rgb"].mean()
    balance = {name: pictures["rgb"][..., 0].mean() / pictures["rgb"][..., 2].mean() for name, pictures in seen.items()}
    assert balance["warm"] > 1.5 > 1.0 > balance["cold"]
    again = eye.look(world.batch, 0, "front")
    assert all(np.array_equal(again[kind], plain[kind]) for kind in plain)


@pytest.mark.skipif(not (RAYS and opengl.backends()), reason="needs OpenGL and mujoco-warp")
def test_backends_agree(world: SimWorld) -> None:
    gl, rays = (make_camera(world.cell.model, 64, 48, backend) for backend in ("gl", "rays"))
    for look in (DEFAULT, *map(appearance, NAMES), draw(np.random.default_rng(1))):
        seen = [eye.rgb(world.batch, 0, "front", look).astype(float) for eye in (gl, rays)]
        assert np.abs(seen[0] - seen[1]).mean() < 4, look.name
    gl.close()
    rays.close()


def test_shades_dim_objects_and_nothing_else(world: SimWorld, eye: Eye) -> None:
    plain = eye.look(world.batch, 0, "top")
    half = eye.look(world.batch, 0, "top", appearance=appearance({"shade": [0.5, 0.5, 0.5]}))
    twice = eye.look(world.batch, 0, "top", appearance=appearance({"shade": [0.5, 0.5, 0.5]}))
    assert np.array_equal(half["rgb"], twice["rgb"])
    objects = np.isin(plain["segmentation"], world.cell.tables.visuals)
    assert objects.sum() > 10
    assert half["rgb"][objects].mean() < 0.75 * plain["rgb"][objects].mean()
    assert np.array_equal(half["rgb"][~objects], plain["rgb"][~objects])


def test_physics_is_the_same_bit_for_bit(world: SimWorld, eye: Eye) -> None:
    trial = world.task.place(np.random.default_rng(5), "seen")
    drawn = replace(trial, appearance=draw(np.random.default_rng(0)).row())
    world.reset([trial, drawn])
    home = np.array(world.spec.embodiment.home)
    for _ in range(4):
        world.advance(np.stack([home, home]) - 0.02)
        for i, look in enumerate((DEFAULT, appearance(drawn.appearance))):
            eye.rgb(world.batch, i, "side", look)
    assert np.array_equal(*world.snapshot([0, 1]))


@pytest.mark.skipif(not (RAYS or opengl.backends()), reason="needs OpenGL or mujoco-warp")
def test_worlds_are_seen_as_their_trials_say() -> None:
    images = ImageRequest(width=32, height=24)
    two = SimWorld("grasp_object", "shadow_ur10e", 2, groups=("state", "rgb"), images=images)
    trial = two.task.place(np.random.default_rng(3), "seen")
    seen = two.reset([trial, replace(trial, appearance="dark")])
    assert seen["rgb/front"][1].mean() < 0.6 * seen["rgb/front"][0].mean()
    same = two.reset([replace(trial, appearance="default")], [1])
    assert np.array_equal(same["rgb/front"][0], seen["rgb/front"][0])
    two.close()


def test_trials_without_an_appearance_are_written_as_before(world: SimWorld) -> None:
    trial = world.task.place(np.random.default_rng(5), "seen")
    assert "appearance" not in trial.row()
    assert Trial.from_row(trial.row()) == trial
    for look in ("dark", draw(np.random.default_rng(2)).row()):
        other = replace(trial, appearance=look)
        assert Trial.from_row(json.loads(json.dumps(other.row()))) == other
        assert other.digest() != trial.digest()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("drak", "unknown appearance 'drak'; did you mean 'dark'"),
        ("../default", "unknown appearance"),
        ({"tabel": [0, 0, 0]}, "unknown field 'tabel'; did you mean 'table'"),
        ({"table": [0, 0, 255]}, r"table: three numbers from 0 to 1 are expected"),
        ({"lamp": [9, 9, 9]}, f"lamp: three numbers from 0 to {BRIGHTEST:g}"),
        ({"floor": [0.5]}, "floor: 3 numbers are expected"),
        ({"lamp_direction": [0, 0, 1]}, "z below 0"),
        ({"zenith": [0, 0, 0]}, "zenith and nadir are given together"),
    ],
)
def test_wrong_appearances_are_named_before_anything_moves(
    world: SimWorld, given: str | dict[str, Any], message: str
) -> None:
    trial = world.task.place(np.random.default_rng(5), "seen")
    with pytest.raises((UnknownName, DataError), match=message):
        world.reset([replace(trial, appearance=given)], [0])
    with pytest.raises(DataError, match="appearance is int"):
        Trial.from_row({**trial.row(), "appearance": 7})


def test_draws_are_their_seeds_and_within_ranges() -> None:
    looks = [draw(np.random.default_rng(s)) for s in range(40)]
    assert looks[3] == draw(np.random.default_rng(3))
    assert len({json.dumps(look.row()) for look in looks}) == 40
    for look in looks:
        assert appearance(look.row()) == look, "what is drawn fits the schema"
        assert all(RANGES["shade"][0] <= v <= RANGES["shade"][1] for v in look.shade or ())
        assert look.lamp_direction is not None
        assert np.linalg.norm(look.lamp_direction) == pytest.approx(1, abs=1e-3)
    dim = draw(np.random.default_rng(0), {"lamp": (0.0, 0.0)})
    assert dim.lamp == (0.0, 0.0, 0.0)
    with pytest.raises(UnknownName, match="range of appearances 'lmp'; did you mean 'lamp'"):
        draw(np.random.default_rng(0), {"lmp": (0.0, 1.0)})


@pytest.mark.skipif(not (RAYS or opengl.backends()), reason="needs OpenGL or mujoco-warp")
def test_a_contact_sheet_has_a_picture_a_camera(world: SimWorld, tmp_path: Path) -> None:
    cameras = ("front", "side", "top", "front")
    sheet = contact_sheet(world.cell.model, world.batch, cameras, 32, 24, smooth=False)
    assert sheet.shape == (48 + GAP, 96 + 2 * GAP, 3)
    assert np.array_equal(sheet[24 + GAP :, :32], sheet[:24, :32]), "the same camera again"
    assert not np.array_equal(sheet[:24, :32], sheet[:24, 32 + GAP : 64 + GAP])
    path = tmp_path / "sheet.png"
    arguments = ["view", "grasp_object", "shadow_ur10e", "--sheet", str(path), "--size", "24", "--appearance", "cold"]
    assert main(arguments) == 0
    assert path.read_bytes()[:4] == b"\x89PNG"

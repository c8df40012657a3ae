"""What perturbed trials look like: displaced cameras, other surfaces and lights, late pictures; physics stays."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from dexbench.core.appearance import BUILT
from dexbench.core.perturbation import TURN_PER_METRE
from dexbench.core.shelf import load_task
from dexbench.core.trial import Trial
from dexbench.evaluation.perturbing import perturbed
from dexbench.sensors import opengl
from dexbench.sensors.images import ImageRequest
from dexbench.sensors.mirror import Mirror, Sky
from dexbench.sim.world import SimWorld


@pytest.fixture(scope="module")
def trial() -> Trial:
    return load_task("grasp_object").place(np.random.default_rng(4), "seen")


@pytest.fixture(scope="module")
def world() -> SimWorld:
    return SimWorld("grasp_object", "shadow_ur10e", 1, groups=("state",))


@pytest.fixture(scope="module")
def seeing() -> Iterator[SimWorld]:
    if not opengl.backends():
        pytest.skip(f"no OpenGL library here: {opengl.INSTALL}")
    request = ImageRequest(("front", "top"), 64, 64, backend="gl", cloud=200)
    groups = ("state", "rgb", "depth", "segmentation", "points", "calibration")
    made = SimWorld("grasp_object", "shadow_ur10e", 2, groups=groups, images=request)
    yield made
    made.close()


def test_a_displaced_camera_changes_pictures_and_nothing_else(seeing: SimWorld, trial: Trial) -> None:
    seen = seeing.reset([trial, replace(trial, perturbation={"camera": 0.04})])
    same = {n for n in seen if np.array_equal(seen[n][0], seen[n][1])}
    pictures = {f"{kind}/{camera}" for kind in ("rgb", "depth", "segmentation", "cloud") for camera in ("front", "top")}
    assert set(seen) - same == pictures
    states = seeing.snapshot([0, 1])
    assert np.array_equal(states[0], states[1])
    nudges = [seeing._observer._imperfections.nudges(1)[c] for c in ("front", "top")]
    for nudge in nudges:
        assert np.linalg.norm(nudge.shift) == pytest.approx(0.04)
        assert np.linalg.norm(nudge.turn) == pytest.approx(0.04 * TURN_PER_METRE)
    assert not np.allclose(nudges[0].shift, nudges[1].shift)
    mirror = Mirror(seeing.cell.model)
    mirror.show(seeing.batch, 1)
    camera = seeing.cell.model.camera("front").id
    before = mirror.data.cam_xpos[camera].copy()
    mirror.nudge(camera, nudges[0])
    assert np.linalg.norm(mirror.data.cam_xpos[camera] - before) == pytest.approx(0.04)


@pytest.mark.parametrize("name", ["background", "light"])
def test_looks_change_colours_and_nothing_else(seeing: SimWorld, trial: Trial, name: str) -> None:
    far = []
    for level in (1, 3, 5):
        seen = seeing.reset([trial, perturbed(trial, seeing.task, {name: level})])
        assert {n for n in seen if not np.array_equal(seen[n][0], seen[n][1])} == {"rgb/front", "rgb/top"}
        states = seeing.snapshot([0, 1])
        assert np.array_equal(states[0], states[1])
        far.append(float(np.abs(seen["rgb/front"][1].astype(float) - seen["rgb/front"][0]).mean()))
    assert 0.5 < far[0] < far[1] < far[2]


def test_pictures_are_late_too(seeing: SimWorld, trial: Trial) -> None:
    asked = replace(trial, perturbation={"latency": 0.08})
    goal = np.tile(seeing.spec.embodiment.home, (2, 1))
    goal[:, 0] += 0.3
    seen = [seeing.reset([trial, asked]), *(seeing.advance(goal) for _ in range(6))]
    assert not np.array_equal(seen[6]["rgb/front"][0], seen[4]["rgb/front"][0])
    assert np.array_equal(seen[6]["rgb/front"][1], seen[4]["rgb/front"][0])


def test_built_is_what_is_built(world: SimWorld) -> None:
    model, sky = world.cell.model, Sky(world.cell.model)
    assert BUILT.lamp is not None
    assert BUILT.lamp_direction is not None
    assert BUILT.floor is not None
    assert np.allclose(model.light("lamp").diffuse, BUILT.lamp)
    assert np.allclose(model.light("lamp").dir, BUILT.lamp_direction / np.linalg.norm(BUILT.lamp_direction))
    assert np.allclose(model.light("window").diffuse, BUILT.window)
    assert np.allclose(model.vis.headlight.ambient, BUILT.ambient)
    assert np.allclose(model.vis.headlight.diffuse, BUILT.head)
    for name in ("table", "edge"):
        assert np.allclose(model.material(name).rgba[:3], getattr(BUILT, name))
    for mine, theirs in ((BUILT.zenith, sky._zenith), (BUILT.nadir, sky._nadir)):
        assert np.allclose(np.multiply(mine, 255), theirs, atol=1)
    tiles = model.texture("tiles").id
    first = int(model.tex_adr[tiles])
    size = int(model.tex_width[tiles] * model.tex_height[tiles] * 3)
    mean = model.tex_data[first : first + size].reshape(-1, 3).mean(axis=0)
    assert np.allclose(np.multiply(BUILT.floor, 255), mean, atol=2)

"""Films: the recorded episode again, in real time, as a file that browsers play."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dexbench.core.errors import DataError, MissingExtra
from dexbench.evaluation.packing import pack
from dexbench.sensors import opengl
from dexbench.sim.film import STRIP, Studio, caption, film
from dexbench.sim.gym import DexEnv
from dexbench.sim.vector import DexVectorEnv
from dexbench.sim.world import SimWorld

STEPS = 7
drawn = pytest.mark.skipif(
    not opengl.backends() and importlib.util.find_spec("mujoco_warp") is None, reason="needs OpenGL or mujoco-warp"
)
encoded = pytest.mark.skipif(importlib.util.find_spec("imageio_ffmpeg") is None, reason="needs imageio-ffmpeg")


@pytest.fixture(scope="module")
def world() -> Iterator[SimWorld]:
    made = SimWorld("grasp_object", "shadow_ur10e", 1, groups=("state",))
    yield made
    made.close()


@pytest.fixture(scope="module")
def row(world: SimWorld) -> dict[str, Any]:
    """Return as much of a record as a film needs: the shoulder sinks a little."""
    trial = world.task.place(np.random.default_rng(4), "seen")
    home = np.array(world.spec.embodiment.home)
    moved = home + 0.05 * np.array(["shoulder_lift" in name for name in world.spec.action.actuators])
    return {"trial": trial.row(), "actions": pack(np.linspace(home, moved, STEPS))}


@drawn
@encoded
def test_a_film_is_an_mp4_with_a_poster(world: SimWorld, row: dict[str, Any], tmp_path: Path) -> None:
    import imageio_ffmpeg
    from imageio.v3 import imread

    path = tmp_path / "videos" / "one.mp4"
    poster = film(world, row, path, width=96, height=86)
    assert poster == path.with_suffix(".png")
    reader = imageio_ffmpeg.read_frames(str(path))
    about = next(reader)
    frames = [np.frombuffer(f, np.uint8).reshape(86, 96, 3) for f in reader]
    assert about["size"] == (96, 86)
    assert about["fps"] == pytest.approx(12.5)
    assert about["codec"] == "h264"
    assert about["pix_fmt"].startswith("yuv420p")
    assert len(frames) == 1 + STEPS // 2 + STEPS % 2
    still = imread(poster)
    assert still.shape == (86, 96, 3)
    assert np.abs(frames[-1].astype(float) - still).mean() < 8


@drawn
def test_frames_are_the_episode_whatever_was_filmed_before(world: SimWorld, row: dict[str, Any]) -> None:
    other = {**row, "trial": world.task.place(np.random.default_rng(5), "unseen").row()}
    with Studio(world, width=64, height=48, shadows=False) as studio:
        first = np.stack(list(studio.frames(row)))
        different = np.stack(list(studio.frames(other)))
        again = np.stack(list(studio.frames(row)))
    assert first.shape == (5, 48, 64, 3)
    assert np.array_equal(first, again)
    assert (first[:, :-STRIP] != different[:, :-STRIP]).any(axis=-1).mean() > 0.005
    assert (first[0] != first[-1]).any(), "something moves"


@drawn
@encoded
def test_an_episode_that_ended_before_it_began_has_a_film(world: SimWorld, row: dict[str, Any], tmp_path: Path) -> None:
    for empty in (np.zeros((0, 26)), np.zeros(0)):
        film(world, {**row, "actions": pack(empty)}, tmp_path / "none.mp4", width=64, height=48)
        assert (tmp_path / "none.mp4").stat().st_size > 500


def test_records_that_cannot_be_filmed_say_why(world: SimWorld, row: dict[str, Any]) -> None:
    class Blind:
        def close(self) -> None: ...

    studio = Studio.__new__(Studio)
    studio._world, studio._eye = world, Blind()  # type: ignore[assignment]
    with pytest.raises(DataError, match="blobs=True"):
        next(studio.frames({"trial": row["trial"]}))
    with pytest.raises(DataError, match="another robot"):
        next(studio.frames({**row, "actions": pack(np.zeros((3, 5)))}))
    with pytest.raises(DataError, match="even"):
        Studio(world, width=95)
    with pytest.raises(DataError, match="only a simulated world"):
        Studio(object())  # type: ignore[arg-type]


@drawn
def test_without_an_encoder_films_name_the_command(
    world: SimWorld, row: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with (
        Studio(world, width=64, height=48) as studio,
        pytest.raises(MissingExtra, match=r"pip install 'dexbench\[video\]'"),
    ):
        studio.film(row, tmp_path / "one.mp4")


@encoded
def test_the_bar_is_as_long_as_the_force() -> None:
    orange = [(caption("", share, 200)[STRIP // 2] == (240, 160, 60)).all(axis=1).sum() for share in (0, 0.5, 1, 9)]
    assert orange[0] == 0
    assert orange[1] == pytest.approx(30, abs=2)
    assert orange[2] == orange[3] == pytest.approx(60, abs=2)


@drawn
def test_environments_observe_pictures_of_their_own_cells() -> None:
    settings: dict[str, Any] = {
        "observations": ("state", "rgb", "depth", "segmentation"),
        "images": {"cameras": ("top",), "width": 40, "height": 32},
    }
    one = DexEnv("grasp_object", "shadow_ur10e", **settings)
    many = DexVectorEnv(2, "grasp_object", "shadow_ur10e", threads=1, **settings)
    seen, _ = many.reset(seed=3)
    assert many.observation_space.contains(seen)
    for cell in range(2):
        alone, _ = one.reset(seed=3 + cell)
        assert one.observation_space.contains(alone)
        for name in ("rgb/top", "depth/top", "segmentation/top"):
            assert np.array_equal(alone[name], seen[name][cell])
    assert not np.array_equal(seen["rgb/top"][0], seen["rgb/top"][1])
    kept = seen["rgb/top"].copy()
    many.step(many.action_space.sample())
    assert np.array_equal(seen["rgb/top"], kept), "observations do not alias what is drawn next"
    one.close()
    many.close()

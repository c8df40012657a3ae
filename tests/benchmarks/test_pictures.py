"""What pictures cost without a GPU: rays, which need no OpenGL library, against llvmpipe.

Rounds are taken in turn, and the best of each counts. MuJoCo's own renderer as a user gets it (4 samples a pixel, a
shadow map of 4096) is the one to be beaten by five; ours, plain, is reported beside it.
"""

import importlib.util
import time
from collections.abc import Callable

import mujoco
import numpy as np
import pytest
from mujoco.rendering.classic import gl_context
from pytest_benchmark.fixture import BenchmarkFixture

from dexbench.sensors import opengl
from dexbench.sensors.cameras import make_camera
from dexbench.sensors.eye import KINDS
from dexbench.sim.world import SimWorld

SIZE = 128
ROUNDS, FRAMES = 5, 4
WANTED = 5.0


def timed(draw: Callable[[], object]) -> tuple[float, float]:
    """Return (wall, processor) seconds of a frame."""
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(FRAMES):
        draw()
    return (time.perf_counter() - wall) / FRAMES, (time.process_time() - processor) / FRAMES


@pytest.mark.parametrize("camera", ["front", "top"])
@pytest.mark.parametrize(
    ("task", "embodiment"), [("grasp_object", "shadow_ur10e"), ("lift_tray", "shadow_ur10e_bimanual")]
)
def test_rays_beat_software_opengl(
    task: str, embodiment: str, camera: str, benchmark: BenchmarkFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "egl" not in opengl.backends() or importlib.util.find_spec("mujoco_warp") is None:
        pytest.skip("needs an EGL library and mujoco-warp")
    world = SimWorld(task, embodiment, 1, groups=("state",))
    world.reset([world.task.place(np.random.default_rng(0), "seen")])
    batch = world.batch
    model, data = batch.get_model(0), batch.get_data(0)
    mujoco.mj_forward(model, data)
    monkeypatch.setattr(gl_context, "GLContext", opengl._context_class("egl"))
    users = mujoco.Renderer(model, SIZE, SIZE)
    plain = make_camera(world.cell.model, SIZE, SIZE, "gl")
    rays = make_camera(world.cell.model, SIZE, SIZE, "rays")

    def draw_as_user() -> np.ndarray:
        users.update_scene(data, camera)
        return users.render()

    ways = {
        "rays: rgb, depth, segmentation": lambda: rays.look(batch, 0, camera, KINDS),
        "llvmpipe: rgb, default": draw_as_user,
        "llvmpipe: rgb, plain": lambda: plain.look(batch, 0, camera, ("rgb",)),
        "llvmpipe: rgb, depth, segmentation, plain": lambda: plain.look(batch, 0, camera, KINDS),
    }
    for draw in ways.values():
        draw()
    rounds = [[timed(draw) for draw in ways.values()] for _ in range(ROUNDS)]
    best = dict(zip(ways, np.min(rounds, axis=0), strict=True))
    ours = best["rays: rgb, depth, segmentation"]
    for name, cost in best.items():
        benchmark.extra_info[name] = (
            f"{1e3 * cost[0]:.1f} ms wall, {1e3 * cost[1]:.1f} ms processor; rays {cost[0] / ours[0]:.2f} and "
            f"{cost[1] / ours[1]:.2f} times as fast"
        )
        print(f"{embodiment}, {camera}: {name}: {benchmark.extra_info[name]}")
    benchmark.pedantic(ways["rays: rgb, depth, segmentation"], rounds=ROUNDS)
    seen = rays.look(batch, 0, camera, KINDS)
    assert (seen["segmentation"] == plain.segmentation(batch, 0, camera)).mean() > 0.98, "the same picture"
    for eye in (users, plain, rays):
        eye.close()
    ratio = (best["llvmpipe: rgb, default"] / ours).min()
    assert ratio >= WANTED, (
        f"rays are {ratio:.1f} times as fast as MuJoCo's renderer on llvmpipe, {WANTED:g} are wanted"
    )

"""Why two hands are needed: physics."""

import mujoco
import numpy as np
import pytest

from dexbench.envs.insert_peg import PUSHED
from dexbench.objects.articulated import load_articulated
from dexbench.objects.articulated_body import add_articulated
from tests.bare_table import table


def alone(name: str) -> tuple[mujoco.MjModel, mujoco.MjData]:
    """Return one articulated object on a table, at rest."""
    spec = table()
    add_articulated(spec, load_articulated(name))
    model = spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_step(model, data, 100)
    return model, data


def hold(model: mujoco.MjModel) -> None:
    """Let something stiff damp the motion of the object's root."""
    model.dof_damping[:6] = [2000, 2000, 2000, 50, 50, 50]


@pytest.mark.parametrize("pressed", [0.0, 20.0])
def test_the_jar_turns_before_its_thread_does(pressed: float) -> None:
    """A torque that the thread withstands spins the whole jar, also one that a hand presses down."""
    model, data = alone("screw_jar")
    data.xfrc_applied[model.body("screw_jar/lid").id] = [0, 0, -pressed, 0, 0, 0.2]
    mujoco.mj_step(model, data, 25)
    assert float(data.qvel[5]) > 2.0
    assert float(data.joint("screw_jar/lid_turn").qpos[0]) < 0.02


def test_the_thread_turns_if_the_jar_is_held() -> None:
    model, data = alone("screw_jar")
    hold(model)
    data.xfrc_applied[model.body("screw_jar/lid").id, 5] = 0.4
    mujoco.mj_step(model, data, 50)
    assert float(data.joint("screw_jar/lid_turn").qpos[0]) > 1.0


def test_the_block_slides_before_its_cork_does() -> None:
    model, data = alone("peg_block")
    start = data.qpos[:3].copy()
    data.xfrc_applied[model.body("peg_block/plug").id, 0] = 1.0
    mujoco.mj_step(model, data, 50)
    assert float(np.linalg.norm(data.qpos[:3] - start)) > 0.02
    assert float(data.joint("peg_block/plug").qpos[0]) < PUSHED / 4


def test_the_cork_moves_if_the_block_is_held() -> None:
    model, data = alone("peg_block")
    hold(model)
    data.xfrc_applied[model.body("peg_block/plug").id, 0] = 6.0
    mujoco.mj_step(model, data, 50)
    assert float(data.joint("peg_block/plug").qpos[0]) > PUSHED


def test_the_table_carries_the_jar_however_little_it_leans() -> None:
    """MuJoCo 4.0.0 finds no contact of a plane with a cylinder that leans by 1e-15 to 1e-13: the foot is none."""
    model, data = alone("screw_jar")
    rng = np.random.default_rng(0)
    for _ in range(400):
        yaw, lean = rng.uniform(-np.pi, np.pi), rng.standard_normal(2) * 10 ** rng.uniform(-17, -9)
        data.qpos[3:7] = np.cos(yaw / 2), *lean, np.sin(yaw / 2)
        mujoco.mj_fwdPosition(model, data)
        assert data.ncon >= 3

"""What the rules of the tasks for two hands and of the cube have in common, and why two hands are needed."""

import mujoco
import numpy as np
import pytest

from dexbench.core import shelf
from dexbench.core.task import versioned
from dexbench.core.trial import Trial
from dexbench.envs.insert_peg import PUSHED
from dexbench.objects.articulated import load_articulated
from dexbench.objects.articulated_body import add_articulated
from tests.written_scene import play

NAMES = ("hand_over", "open_jar", "pour_beads", "insert_peg", "reorient_cube")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_happens_by_itself(name: str) -> None:
    p = play(name)
    outcome = p.live(3.0)
    assert not outcome.success_once[0]
    assert outcome.stage[0] == 0
    assert not outcome.done[0]
    assert p.code(outcome) == "never_reached"
    assert 0 <= outcome.reward[0] < 0.5


@pytest.mark.parametrize("name", NAMES)
def test_splits_differ_in_what_is_seen_and_said(name: str) -> None:
    """No object and no sentence of the seen split comes in the unseen one."""
    task = shelf.load_task(name)
    drawn = {s: [task.place(np.random.default_rng(i), s) for i in range(40)] for s in task.splits}
    for of in (lambda t: {o.instance for o in t.objects}, lambda t: {t.instruction}):
        seen, unseen = (set().union(*(of(t) for t in drawn[s])) for s in ("seen", "unseen"))
        assert seen
        assert not seen & unseen
    assert len({t.instruction for t in drawn["seen"]}) > 2
    assert all(t.task == versioned(task) for ts in drawn.values() for t in ts)


def test_the_same_draw_gives_the_same_trial() -> None:
    for name in NAMES:
        task = shelf.load_task(name)
        one, other = (task.place(np.random.default_rng(7), "unseen") for _ in range(2))
        assert one.digest() == other.digest()
        assert Trial.from_row(one.row()).digest() == one.digest()


# --- Why two hands: physics ----------------------------------------------------------------------------------------


def alone(name: str) -> tuple[mujoco.MjModel, mujoco.MjData]:
    """Return one articulated object on a table, at rest."""
    spec = mujoco.MjSpec()
    spec.option.timestep, spec.option.integrator = 0.004, mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone, spec.option.impratio = mujoco.mjtCone.mjCONE_ELLIPTIC, 10
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[1, 1, 0.05], friction=[0.8, 0.02, 0.0001], condim=4)
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

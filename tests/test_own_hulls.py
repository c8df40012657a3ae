"""Objects of hulls in motion: in slots of a pool, on a table, between two fingers."""

from collections.abc import Sequence
from pathlib import Path

import mujoco
import numpy as np
import pytest
from mujoco.batch import Batch

from dexbench.core.errors import DataError
from dexbench.objects.body import add_object
from dexbench.objects.catalogue import load_object
from dexbench.objects.pool import FIELDS, PoolTables, add_slots, fields_of
from tests import own_home
from tests.bare_table import STEPS, table

home = own_home.home


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

"""The pool: an object written into a slot behaves as if the model had been compiled with it."""

from collections.abc import Sequence

import mujoco
import numpy as np
import pytest
from mujoco.batch import Batch

from dexbench.core.errors import UnknownName
from dexbench.objects.body import add_object
from dexbench.objects.catalogue import load_object
from dexbench.objects.pool import FIELDS, PoolTables, add_slots, fields_of
from tests.bare_table import STEPS, table

NAMES = ("box_02", "mug_03", "bowl_01", "ball_02", "bottle_01", "tray_01")


@pytest.fixture(scope="module")
def tables() -> PoolTables:
    spec = table()
    layout = add_slots(spec, NAMES, slots=3)
    return PoolTables(layout, spec.compile())


class Worlds:
    """Three worlds with a pool, all slots empty."""

    def __init__(self, tables: PoolTables) -> None:
        self.tables = tables
        self.batch = Batch(tables.model, 3, 1)
        self.fields = {name: self.batch.expand(name) for name in FIELDS}
        self.qpos, self.qvel = self.batch.bind("qpos"), self.batch.bind("qvel")

    def put(
        self, world: int, slot: int, name: str | None, pose: Sequence[float], speed: object = 0.0, **change: float
    ) -> None:
        self.tables.write(self.fields, world, slot, name, **change)
        self.qpos[world, self.tables.qpos[slot]] = pose
        self.qvel[world, self.tables.dofs[slot]] = speed


@pytest.fixture
def worlds(tables: PoolTables) -> Worlds:
    return Worlds(tables)


def thrown(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a pose above the table and a velocity."""
    rng = np.random.default_rng(seed)
    turn = rng.normal(size=4)
    return np.concatenate([[0.1, 0.2, 0.15], turn / np.linalg.norm(turn)]), 0.5 * rng.normal(size=6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", [{}, {"mass": 0.21, "friction": 0.5, "scale": 1.07}], ids=["as it is", "changed"])
def test_a_swapped_object_moves_as_a_compiled_one(worlds: Worlds, name: str, change: dict[str, float]) -> None:
    pose, speed = thrown(0)
    # another object was in the slot before, of a family with more and other pieces
    worlds.put(1, 2, "bowl_01" if name != "bowl_01" else "tray_01", pose, mass=1.0, friction=0.1, scale=0.9)
    worlds.batch.set_const([1])
    worlds.put(1, 2, name, pose, speed, **change)
    worlds.batch.set_const([1])
    swapped = worlds.batch.rollout(STEPS, record=["qpos"], ids=[1])["qpos"][0][:, worlds.tables.qpos[2]]

    spec = table()
    body = add_object(spec, load_object(name), scale=change.get("scale", 1.0))
    if "mass" in change:
        body.inertia = np.array(body.inertia) * change["mass"] / body.mass
        body.mass = change["mass"]
    for geom in body.geoms:
        geom.friction[0] = change.get("friction", geom.friction[0])
    model = spec.compile()
    data = mujoco.MjData(model)
    data.qpos, data.qvel = pose, speed
    compiled = np.empty((STEPS, 7))
    touched = 0
    for step in range(STEPS):
        mujoco.mj_step(model, data)
        compiled[step] = data.qpos
        touched = max(touched, data.ncon)
    assert touched > 0
    assert np.abs(swapped - compiled).max() < 1e-9

    # and what set_const derives is what the compiler derives
    mine = worlds.batch.get_model(1)
    first, used = worlds.tables.pieces[2, 0], len(load_object(name).pieces)
    body_id = worlds.tables.bodies[2]
    for field in ("geom_rbound", "geom_aabb", "geom_contype", "geom_condim", "geom_sameframe"):
        here, there = getattr(mine, field)[first : first + used], getattr(model, field)[1 : 1 + used]
        assert np.allclose(here, there, atol=1e-12), field
    for field in ("body_subtreemass", "body_invweight0", "body_sameframe", "body_contype", "body_inertia"):
        assert np.allclose(getattr(mine, field)[body_id], getattr(model, field)[1], rtol=1e-9), field


def test_swapped_objects_touch_each_other(worlds: Worlds) -> None:
    spec = table()
    add_object(spec, load_object("bowl_01"))
    add_object(spec, load_object("mug_03"))
    model = spec.compile()
    data = mujoco.MjData(model)
    worlds.put(0, 0, "bowl_01", worlds.tables.layout.parked(0))
    worlds.put(0, 1, "mug_03", worlds.tables.layout.parked(1))
    worlds.batch.set_const([0])
    rng = np.random.default_rng(3)
    between = 0
    # single states, not a fall: one object tumbling in another doubles a difference of rounding with every touch
    for _ in range(40):
        turn = rng.normal(size=(2, 4))
        place = rng.uniform((-0.02, -0.02, 0.06), (0.02, 0.02, 0.14), size=(2, 3))
        poses = np.concatenate([place, turn / np.linalg.norm(turn, axis=1, keepdims=True)], axis=1)
        data.qpos = poses.ravel()
        mujoco.mj_forward(model, data)
        worlds.qpos[0, worlds.tables.qpos[:2]] = poses
        worlds.batch.forward([0])
        mine = worlds.batch.get_data(0)
        mujoco.mj_forward(worlds.batch.get_model(0), mine)
        assert mine.ncon == data.ncon
        assert np.allclose(mine.contact.dist, data.contact.dist, atol=1e-9)
        between += sum((model.geom_bodyid[contact.geom] > 0).all() for contact in data.contact)
        force = mine.qfrc_constraint[worlds.tables.dofs[:2].ravel()]
        assert np.allclose(force, data.qfrc_constraint, rtol=1e-4, atol=1e-4)
    assert between > 100


def test_worlds_keep_their_own_objects(worlds: Worlds) -> None:
    standing = [0.0, 0.0, 0.0, 1, 0, 0, 0]
    worlds.put(0, 0, "box_02", standing)
    worlds.put(2, 0, "ball_02", standing)
    worlds.batch.set_const()
    worlds.batch.step(nstep=50)
    mass = worlds.fields["body_mass"][:, worlds.tables.bodies[0]]
    assert mass[0] == load_object("box_02").mass
    assert mass[2] == load_object("ball_02").mass
    height = [worlds.qpos[world, worlds.tables.qpos[0][2]] for world in (0, 2)]
    assert np.allclose(height, 0, atol=1e-3)
    parked = [worlds.qpos[1, worlds.tables.qpos[slot]] for slot in range(3)]
    assert np.allclose(parked, [worlds.tables.layout.parked(slot) for slot in range(3)], atol=1e-12)


def test_an_emptied_slot_touches_nothing_and_stays(worlds: Worlds) -> None:
    standing = [0.0, 0.0, 0.0, 1, 0, 0, 0]
    worlds.put(0, 1, "bowl_01", standing)
    worlds.batch.set_const([0])
    worlds.batch.step([0], nstep=20)
    parked = worlds.tables.layout.parked(1)
    worlds.put(0, 1, None, parked)
    worlds.batch.set_const([0])
    ncon = worlds.batch.rollout(STEPS, record=["ncon"], ids=[0])["ncon"]
    assert not ncon.any()
    assert np.array_equal(worlds.qpos[0, worlds.tables.qpos[1]], parked)
    geom = worlds.tables.visuals[1]
    assert worlds.batch.get_model(0).geom_rgba[geom, 3] == 0
    # left inside another object, an empty slot still touches nothing
    worlds.put(0, 0, "box_02", standing)
    worlds.put(0, 1, None, standing)
    worlds.batch.set_const([0])
    worlds.batch.forward([0])
    owners = worlds.batch.get_data(0)
    model = worlds.batch.get_model(0)
    mujoco.mj_forward(model, owners)
    assert worlds.tables.bodies[1] not in model.geom_bodyid[[contact.geom for contact in owners.contact]]


def test_the_picture_follows_object_and_scale(worlds: Worlds) -> None:
    standing = [0.0, 0.0, 0.0, 1, 0, 0, 0]
    for name in NAMES:
        vertices = load_object(name).vertices
        for scale in (0.9, 1.0, 1.1):
            worlds.put(1, 0, name, standing, scale=scale)
            worlds.batch.set_const([1])
            model = worlds.batch.get_model(1)
            data = mujoco.MjData(model)
            data.qpos = worlds.qpos[1]
            mujoco.mj_kinematics(model, data)
            geom = worlds.tables.visuals[0]
            mesh = model.geom_dataid[geom]
            start, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
            shown = model.mesh_vert[start : start + count] @ data.geom_xmat[geom].reshape(3, 3).T + data.geom_xpos[geom]
            assert np.allclose(shown.min(axis=0), scale * vertices.min(axis=0), atol=1e-6)
            assert np.allclose(shown.max(axis=0), scale * vertices.max(axis=0), atol=1e-6)
            mesh_frame = model.mesh_vert[start : start + count]
            assert np.allclose(model.geom_aabb[geom, 3:], np.ptp(mesh_frame, axis=0) / 2, atol=1e-6)
            assert model.geom_rbound[geom] >= np.linalg.norm(mesh_frame, axis=1).max() - 1e-6
            assert np.allclose(model.geom_rgba[geom], load_object(name).rgba)


def test_an_object_of_another_pool_is_refused(worlds: Worlds) -> None:
    with pytest.raises(UnknownName, match="mug_03"):
        worlds.put(0, 0, "mug_04", worlds.tables.layout.parked(0))


def test_cost_of_a_swap(worlds: Worlds, benchmark) -> None:  # type: ignore[no-untyped-def]
    def swap() -> None:
        for slot, name in enumerate(("bowl_01", "mug_03", "box_02")):
            worlds.tables.write(worlds.fields, 1, slot, name, mass=0.2, friction=0.7, scale=1.05)
        worlds.batch.set_const([1])

    benchmark(swap)
    assert worlds.fields["body_mass"][1, worlds.tables.bodies[0]] == 0.2


def test_a_pool_without_pictures_collides_the_same() -> None:
    """What plans are made with needs no meshes: its slots hold the same pieces, and nothing else."""
    fields = {}
    for scales in ((1.0,), ()):
        spec = mujoco.MjSpec()
        layout = add_slots(spec, ("mug_01", "bowl_02"), 2, picture_scales=scales)
        model = spec.compile()
        tables, arrays = PoolTables(layout, model), fields_of(model)
        tables.write(arrays, 0, 1, "bowl_02", mass=0.3, scale=1.1)
        mujoco.mj_setConst(model, mujoco.MjData(model))
        pieces = tables.pieces[1]
        fields[scales] = [getattr(model, f)[pieces] for f in ("geom_type", "geom_size", "geom_pos", "geom_rbound")]
        fields[scales].append(model.body_inertia[tables.bodies[1]])
        assert model.nmesh == 2 * len(scales)
    assert all((a == b).all() for a, b in zip(fields[1.0,], fields[()], strict=True))

"""Laws of the touch sensor: forces add up, lie where they are pressed, and depend on nothing else."""

from collections.abc import Callable, Sequence
from typing import Any

import mujoco
import mujoco.batch
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from dexbench.core.embodiment import Pad, load_embodiment
from dexbench.core.errors import ContractError, DataError
from dexbench.core.schema import Schema
from dexbench.core.touch_model import TouchModel
from dexbench.grasp.library import load_grasps
from dexbench.objects.body import add_object
from dexbench.objects.catalogue import load_object
from dexbench.robots.floating import hand_spec
from dexbench.sensors.lattice import STEPS, Lattice
from dexbench.sensors.touch import TouchSensor
from dexbench.sensors.touch_reader import TouchReader

Array = NDArray[Any]
Furnish = Callable[[mujoco.MjSpec, mujoco.MjsBody], None]

ROWS, COLUMNS, PITCH, WINDOW = 6, 4, 0.003, 10
FINGERS = ("thumb", "index", "middle")
ABOUT_X = np.array([np.sqrt(0.5), np.sqrt(0.5), 0, 0])
TILT = np.array([0.888, -0.325, 0.325, 0.0]) / np.linalg.norm([0.888, -0.325, 0.325, 0.0])
"""Up becomes (1, 1, 1): the direction of pressing has three negative components, and with them zeros become -0."""


def pad(finger: str, **changes: Any) -> Pad:
    """A pad on the -y side of its finger, like the Shadow hand's: rows along the finger's z."""
    model = {
        "name": "lattice", "rows": ROWS, "columns": COLUMNS, "pitch": PITCH, "range": 20.0, "rate": 250.0,
        "noise": 0.05, "confidence": "estimated", "ideal": True,
    }  # fmt: skip
    return Pad(
        f"right/{finger}", "right", finger, f"right/{finger}_tip", (0.0, -0.008, 0.002), tuple(ABOUT_X),
        TouchModel(**{**model, **changes}),
    )  # fmt: skip


PADS = tuple(pad(finger) for finger in FINGERS)


def cell(furnish: Furnish, pads: tuple[Pad, ...] = PADS, turn: Array | None = None, flat: bool = False) -> Any:
    """Return (model, data, reader): three fingertips with their pads up, and what `furnish` adds to the cell."""
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    spec.option.timestep = 0.004
    spec.option.integrator = int(mujoco.mjtIntegrator.mjINT_IMPLICITFAST)
    spec.option.cone = int(mujoco.mjtCone.mjCONE_ELLIPTIC)
    turn = np.array([1.0, 0, 0, 0]) if turn is None else turn
    gravity = np.zeros(3)
    mujoco.mju_rotVecQuat(gravity, np.array([0, 0, -9.81]), turn)
    spec.option.gravity = gravity
    root = spec.worldbody.add_body(name="root", quat=turn)
    for i, finger in enumerate(FINGERS):
        pad_up = ABOUT_X * [1, -1, 1, 1]
        tip = root.add_body(name=f"right/{finger}_tip", pos=[0.03 * (i - 1), 0, 0], quat=pad_up)
        kind = mujoco.mjtGeom.mjGEOM_BOX if flat else mujoco.mjtGeom.mjGEOM_CAPSULE
        size = [0.012, 0.008, 0.02] if flat else [0.008, 0.008, 0]
        tip.add_geom(type=kind, size=size, condim=4, friction=[0.8, 0.02, 0.0001])
    furnish(spec, root)
    sensor = TouchSensor(pads, account=True)
    sensor.edit(spec)
    model = spec.compile()
    return model, mujoco.MjData(model), sensor.bind(model, np.float64)


def load(spec: mujoco.MjSpec, root: mujoco.MjsBody, size: Sequence[float], at: Sequence[float], mass: float) -> None:
    """Add a free box, or a ball if `size` is one number, in the frame of the cell that may be turned."""
    place, quat = np.zeros(3), np.array(root.quat)
    mujoco.mju_rotVecQuat(place, np.array(at, float), quat)
    body = spec.worldbody.add_body(pos=place, quat=quat)
    body.add_freejoint()
    kind = mujoco.mjtGeom.mjGEOM_BOX if len(size) > 1 else mujoco.mjtGeom.mjGEOM_SPHERE
    body.add_geom(type=kind, size=[*size, 0, 0][:3], mass=mass, condim=4, friction=[0.8, 0.02, 0.0001])


def read_now(reader: TouchReader, data: mujoco.MjData) -> tuple[Array, Array]:
    """Return taxels (P, R, C, 3) and net (P, 3) of the present sensordata."""
    touch = reader.read(data.sensordata[None, None].copy())
    return touch.taxels[0, 0], touch.net[0]


def link_force(model: mujoco.MjModel, data: mujoco.MjData, link: str, axes: Array) -> Array:
    """Return the force of all contacts on `link` along the rows of `axes`, from the engine's list of contacts."""
    body, total, wrench = model.body(link).id, np.zeros(3), np.zeros(6)
    for i, contact in enumerate(data.contact):
        bodies = model.geom_bodyid[contact.geom]
        if body in bodies:
            mujoco.mj_contactForce(model, data, i, wrench)
            on_second = contact.frame.reshape(3, 3).T @ wrench[:3]
            total += on_second if bodies[1] == body else -on_second
    return axes @ total


def reading_axes(model: mujoco.MjModel, data: mujoco.MjData, pad: Pad) -> Array:
    """Return the directions (against the normal, along rows, along columns) of `pad` in the cell, as rows."""
    link, local = data.body(pad.link).xmat.reshape(3, 3), np.zeros(9)
    mujoco.mju_quat2Mat(local, np.array(pad.quaternion))
    x, y, z = (link @ local.reshape(3, 3)).T
    return np.stack([-z, y, x])


def assert_accounted(model: mujoco.MjModel, data: mujoco.MjData, reader: TouchReader, pads: tuple[Pad, ...]) -> None:
    """Taxels and what falls beside the pad add up to the net contact force on every link."""
    taxels, net = read_now(reader, data)
    beside = reader.beside(data.sensordata[None, None])[0, 0]
    assert_allclose(taxels.sum(axis=(1, 2)), net, atol=1e-9)
    for i, p in enumerate(pads):
        assert_allclose(net[i] + beside[i], link_force(model, data, p.link, reading_axes(model, data, p)), atol=1e-9)


def squeezed(spec: mujoco.MjSpec, root: mujoco.MjsBody) -> None:
    """A box on the pads, one against a fingertip's end, one against a finger's back."""
    load(spec, root, (0.05, 0.02, 0.01), (0.004, 0.001, 0.0178), 0.3)
    load(spec, root, (0.01, 0.01, 0.01), (-0.03, 0.0258, 0.0), 0.2)
    load(spec, root, (0.01, 0.01, 0.01), (0.0, 0.0, -0.0178), 0.2)


def test_pads_and_beside_add_up_to_the_contact_forces() -> None:
    model, data, reader = cell(squeezed)
    for _ in range(5):
        mujoco.mj_step(model, data)
        mujoco.mj_forward(model, data)
        assert_accounted(model, data, reader, PADS)
    mujoco.mj_resetData(model, data)
    mujoco.mj_forward(model, data)
    beside = reader.beside(data.sensordata[None, None])[0, 0]
    assert np.abs(beside[:2]).max() > 0.1  # the end of the thumb, the back of the index finger
    assert read_now(reader, data)[1][:, 0].min() > 0.1


def test_resting_object_weighs_what_it_weighs() -> None:
    mass = 0.25
    model, data, reader = cell(lambda spec, root: load(spec, root, (0.05, 0.02, 0.01), (0, 0, 0.018), mass))
    mujoco.mj_step(model, data, 500)
    mujoco.mj_forward(model, data)
    taxels, _ = read_now(reader, data)
    up = sum(t.sum(axis=(0, 1)) @ reading_axes(model, data, p)[:, 2] for t, p in zip(taxels, PADS, strict=True))
    assert up == pytest.approx(-mass * 9.81, rel=0.01)


def test_without_contact_all_is_exactly_zero() -> None:
    model, data, reader = cell(lambda spec, root: load(spec, root, (0.01,), (0, 0, 0.1), 0.1))
    mujoco.mj_forward(model, data)
    taxels, net = read_now(reader, data)
    assert not np.frombuffer(taxels.tobytes() + net.tobytes(), np.uint8).any()


@pytest.mark.parametrize(("row", "column"), [(0.0, 0.0), (2.5, 1.5), (-2.5, -1.5), (1.0, 0.3), (-0.7, 1.1)])
def test_indenter_is_felt_where_it_is(row: float, column: float) -> None:
    at = (0.03 + column * PITCH, 0.002 + row * PITCH, 0.008 + 0.0199)
    model, data, reader = cell(lambda spec, root: load(spec, root, (0.02,), at, 0.05), flat=True)
    mujoco.mj_forward(model, data)
    pressing = read_now(reader, data)[0][2, :, :, 0]
    assert pressing.min() > 0
    along, across = (np.arange(count) - (count - 1) / 2 for count in (ROWS, COLUMNS))
    assert abs(pressing.sum(axis=1) @ along / pressing.sum() - row) < 0.5
    assert abs(pressing.sum(axis=0) @ across / pressing.sum() - column) < 0.5


def test_turning_the_whole_cell_changes_nothing() -> None:
    readings = []
    for turn in (None, TILT):
        model, data, reader = cell(squeezed, turn=turn)
        mujoco.mj_forward(model, data)
        readings.append(read_now(reader, data)[0])
    assert readings[0].max() > 0.1
    assert_allclose(readings[1], readings[0], atol=1e-9)


def test_shear_points_the_way_the_pad_is_pushed() -> None:
    def pushed(spec: mujoco.MjSpec, root: mujoco.MjsBody) -> None:
        load(spec, root, (0.05, 0.02, 0.01), (0, 0, 0.0179), 1.0)

    model, data, reader = cell(pushed)
    data.qvel[:3] = (0.1, 0.2, 0)  # across the pads and towards the tips
    mujoco.mj_forward(model, data)
    net = read_now(reader, data)[1]
    # the pads' x is the cell's x; their y is the fingers' z, which is the cell's y
    assert_allclose(net[:, 2] / net[:, 1], 0.5, rtol=0.05)
    assert (net > 0).all()


def test_taxels_saturate_within_the_declared_bounds() -> None:
    pads = tuple(pad(finger, range=0.5) for finger in FINGERS)
    model, data, reader = cell(lambda spec, root: load(spec, root, (0.05, 0.02, 0.01), (0, 0, 0.0175), 3.0), pads)
    mujoco.mj_forward(model, data)
    taxels, net = read_now(reader, data)
    touch, total = TouchSensor(pads).fields(WINDOW)
    assert taxels.max() == touch.high == 0.5
    assert taxels.min() >= touch.low
    assert_allclose(net, taxels.sum(axis=(1, 2)), atol=1e-12)
    assert np.abs(net).max() <= total.high


def recorded(n: int, seed: int, pads: tuple[Pad, ...] = PADS) -> tuple[TouchReader, Array]:
    """Return a float32 reader and the sensordata of one window of n boxes that fall from various heights."""
    model, _, _ = cell(lambda spec, root: load(spec, root, (0.05, 0.02, 0.01), (0, 0, 0.0185), 0.3), turn=TILT)
    batch = mujoco.batch.Batch(model, n, 1)
    rng = np.random.default_rng(seed)
    turn = np.zeros(9)
    mujoco.mju_quat2Mat(turn, TILT)
    moved = np.column_stack([rng.uniform(-0.002, 0.002, (n, 2)), rng.choice([0, -0.0004, 0.0005, 0.002, 0.2], n)])
    batch.bind("qpos")[:, :3] += moved @ turn.reshape(3, 3).T
    return TouchSensor(pads).bind(model), batch.rollout(WINDOW, record=("sensordata",))["sensordata"]


@pytest.mark.parametrize("limit", [20.0, 0.5])
def test_a_world_reads_the_same_bits_in_any_company(limit: float) -> None:
    reader, sensordata = recorded(19, 0, tuple(pad(finger, range=limit) for finger in FINGERS))
    together = reader.read(sensordata)
    reverse = reader.read(np.ascontiguousarray(sensordata[::-1]))
    seven = reader.read(sensordata[:7])
    touching = np.any(together.net, axis=(1, 2))
    assert touching.any()
    assert not touching.all()
    for i in range(19):
        alone = reader.read(sensordata[i : i + 1])
        for whole, j in ((together, i), (reverse, 18 - i), *([(seven, i)] if i < 7 else [])):
            assert whole.taxels[j].tobytes() == alone.taxels[0].tobytes()
            assert whole.net[j].tobytes() == alone.net[0].tobytes()


def test_the_window_samples_an_impact_substep_by_substep() -> None:
    model, data, reader = cell(lambda spec, root: load(spec, root, (0.05, 0.02, 0.01), (0, 0, 0.0179), 0.3))
    batch = mujoco.batch.Batch(model, 1, 1)
    sensordata = batch.rollout(WINDOW, record=("sensordata",))["sensordata"]
    touch = reader.read(sensordata)
    assert len({sample.tobytes() for sample in touch.taxels[0]}) == WINDOW
    for sample in touch.taxels[0]:
        mujoco.mj_step(model, data)
        assert_array_equal(read_now(reader, data)[0], sample)
    assert_allclose(touch.net[0], touch.taxels[0, -1].sum(axis=(1, 2)), atol=1e-9)


def test_fields_describe_what_is_read() -> None:
    reader, sensordata = recorded(2, 2)
    touch = reader.read(sensordata)
    fields = TouchSensor(PADS).fields(WINDOW)
    Schema(fields).check({"touch": touch.taxels, "touch_net": touch.net})
    assert {f.unit for f in fields} == {"N"}
    assert fields[1].labels == tuple(p.name for p in PADS)
    assert touch.taxels.dtype == touch.net.dtype == np.dtype(fields[0].dtype)


def test_the_shadow_hand_feels_what_it_holds() -> None:
    embodiment = load_embodiment("shadow_ur10e")
    grasps = load_grasps("shadow", "can_01")
    spec = hand_spec(embodiment, "right")
    spec.option.gravity = [0, 0, 0]
    sensor = TouchSensor(embodiment.pads, account=True)
    sensor.edit(spec)
    bare = spec.compile()
    data = mujoco.MjData(bare)
    mujoco.mj_kinematics(bare, data)
    palm = data.site("right/palm_site")
    # the object where the library says the palm is seen from it
    inverse, back, palm_quat = np.zeros(4), np.zeros(3), np.zeros(4)
    place, quat = np.zeros(3), np.zeros(4)
    mujoco.mju_mat2Quat(palm_quat, palm.xmat)
    mujoco.mju_negPose(back, inverse, grasps.position[0].astype(float), grasps.quaternion[0].astype(float))
    mujoco.mju_mulPose(place, quat, palm.xpos, palm_quat, back, inverse)
    body = add_object(spec, load_object("can_01"))
    body.pos, body.quat = place, quat
    model = spec.compile()
    data = mujoco.MjData(model)
    motors = [a for a in embodiment.actuators if a.part == "hand"]
    ids = [model.actuator(a.name).id for a in motors]
    for target, a in zip(grasps.pregrasp[0], motors, strict=True):
        for joint in a.joints:
            data.qpos[model.joint(joint).qposadr[0]] = target / len(a.joints)
    reader = sensor.bind(model, np.float64)
    for share in np.linspace(0, 1, 150):
        data.ctrl[ids] = grasps.pregrasp[0] + share * (grasps.squeeze[0] - grasps.pregrasp[0])
        mujoco.mj_step(model, data)
    mujoco.mj_forward(model, data)
    assert_accounted(model, data, reader, embodiment.pads)
    assert (read_now(reader, data)[1][:, 0] > 0.1).sum() >= 3


def test_shares_sum_to_one_on_and_beyond_the_lattice() -> None:
    lattice = Lattice(ROWS, COLUMNS, rim=2.0)
    for shares, count, middle in ((lattice.along, ROWS, 0), (lattice.across, COLUMNS, 1)):
        assert_allclose(shares.sum(axis=1), 1, atol=1e-15)
        assert (shares > 0).all()
        x = (np.arange(len(shares)) - lattice.middle[middle]) / STEPS
        assert x[0] <= -(count - 1) / 2 - 2
        assert_allclose(shares, shares[::-1, ::-1])
        centre = shares @ (np.arange(count) - (count - 1) / 2)
        inside = np.abs(x) <= (count - 1) / 2
        assert np.abs(centre - x)[inside].max() < 0.5


def test_what_does_not_fit_is_refused() -> None:
    spec = mujoco.MjSpec()
    with pytest.raises(DataError, match="right/thumb_tip"):
        TouchSensor(PADS).edit(spec)
    with pytest.raises(ContractError, match="at least one"):
        TouchSensor(())
    with pytest.raises(ContractError, match="right/index lattice 6x5"):
        TouchSensor((pad("thumb"), pad("index", columns=5)))
    with pytest.raises(ContractError, match="right/thumb/force"):
        TouchSensor(PADS).bind(mujoco.MjSpec().compile())

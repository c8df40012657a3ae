"""Articulated objects: their files, and what drawers, lids, springs and tongs do in physics at the cell's options."""

import mujoco
import numpy as np
import pytest

from dexbench.core.errors import UnknownName
from dexbench.objects._primitives import reach, together, volume
from dexbench.objects.articulated import articulated_names, load_articulated
from dexbench.objects.articulated_body import add_articulated
from dexbench.objects.body import GEOM_TYPES
from tests.workbench import STEP, Bench

NAMES = articulated_names()
MODELS = {name: load_articulated(name) for name in NAMES}
JOINTS = [
    (name, joint.name)
    for name, model in MODELS.items()
    for joint in model.joints
    if joint.name not in {c.master for c in model.couplings}
]
"""Every joint that moves by itself; the rise of a lid follows its turn."""


def outside(bench: Bench) -> float:
    """Return how far joints are beyond their stops, in parts of their ranges."""
    worst = 0.0
    for joint in bench.thing.joints:
        low, high = joint.range
        at = float(bench.data.qpos[bench.at(joint.name)])
        worst = max(worst, (low - at) / (high - low), (at - high) / (high - low))
    return worst


def test_what_exists() -> None:
    wanted = {"cabinet", "hinged_box", "screw_jar", "tongs", "vacuum", "spray_bottle", "basket", "opaque_box"}
    assert wanted | {"peg_block", "bar_stand"} <= set(NAMES)
    with pytest.raises(UnknownName, match="cabinet"):
        load_articulated("cabinett")


@pytest.mark.parametrize("name", NAMES)
def test_bodies_of_one_object_follow_one_another(name: str) -> None:
    """Whoever reads poses of an object takes a slice of bodies; names are unique, also beside another copy."""
    thing = MODELS[name]
    spec = mujoco.MjSpec()
    spec.worldbody.add_body(name="before").add_geom(size=[0.1, 0, 0])
    add_articulated(spec, thing)
    add_articulated(spec, thing, "other")
    model = spec.compile()
    first = model.body(thing.name).id
    assert [model.body(first + k).name for k in range(len(thing.links))] == list(thing.bodies)
    assert model.nexclude == 2 * len(thing.links) * (len(thing.links) - 1) // 2
    assert (model.body(thing.name).mocapid[0] >= 0) == (thing.base == "fixed")
    for link in thing.links:
        body = model.body(thing.body(link.name))
        assert body.mass[0] == pytest.approx(link.mass)
        assert (body.inertia > 0).all()
    for joint in thing.joints:
        compiled = model.joint(f"{name}/{joint.name}")
        assert compiled.range == pytest.approx(joint.range)
        assert joint.range[0] <= joint.rest <= joint.range[1]


@pytest.mark.parametrize("name", NAMES)
def test_the_box_around_it_is_true(name: str) -> None:
    """`lower` and `upper` are the extent of what collides, or else of what is seen; it stands at height 0."""
    thing = MODELS[name]
    bench = Bench(thing)
    bench.data.mocap_pos[:] = 0
    mujoco.mj_forward(bench.model, bench.data)
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    only_seen = not any(piece.felt for link in thing.links for piece in link.pieces)
    for geom in range(1, bench.model.ngeom):
        if bench.model.geom_contype[geom] or only_seen:
            kind = next(k for k, v in GEOM_TYPES.items() if int(v) == bench.model.geom_type[geom])
            half = reach(kind, bench.model.geom_size[geom], bench.data.geom_xmat[geom].reshape(3, 3))
            low = np.minimum(low, bench.data.geom_xpos[geom] - half)
            high = np.maximum(high, bench.data.geom_xpos[geom] + half)
    assert thing.lower == pytest.approx(low, abs=1e-9)
    assert thing.upper == pytest.approx(high, abs=1e-9)
    assert thing.lower[2] == pytest.approx(0, abs=2e-4)
    for region in thing.regions:
        body = bench.data.body(thing.body(region.link))
        centre = body.xpos + body.xmat.reshape(3, 3) @ region.position
        assert region.contains(centre, body.xpos, body.xquat)
        assert not region.contains(centre + 1.01 * 2 * region.half.max(), body.xpos, body.xquat)
        assert (centre > thing.lower - region.half).all()
        assert (centre < thing.upper + region.half).all()
    for grip in thing.grips:
        body = bench.data.body(thing.body(grip.link))
        centre = body.xpos + body.xmat.reshape(3, 3) @ grip.position
        assert (centre > thing.lower - 0.005).all()
        assert (centre < thing.upper + 0.005).all()


@pytest.mark.parametrize("name", [name for name, model in MODELS.items() if model.base == "free"])
def test_free_ones_lie_still(name: str) -> None:
    bench = Bench(MODELS[name])
    mujoco.mj_step(bench.model, bench.data, 25)  # it sinks into its contacts
    before = bench.data.qpos.copy()
    mujoco.mj_step(bench.model, bench.data, 500)
    assert np.abs(bench.data.qpos - before)[:3].max() < 1e-4
    assert np.abs(bench.data.qpos - before).max() < 1e-3
    assert np.linalg.norm(bench.data.qpos[:3]) < 1e-3
    assert np.abs(bench.data.qvel).max() < 1e-3


@pytest.mark.parametrize("name", [name for name, model in MODELS.items() if model.base == "free"])
def test_nothing_explodes_when_it_is_dropped(name: str) -> None:
    rng = np.random.default_rng(3)
    bench = Bench(MODELS[name])
    top = 0.0
    bench.data.qpos[2], bench.data.qvel[:6] = 0.3, rng.normal(size=6) * [0.3, 0.3, 0.3, 4, 4, 4]
    for _ in range(500):
        mujoco.mj_step(bench.model, bench.data)
        top = max(top, float(np.abs(bench.data.qvel[:3]).max()))
        assert outside(bench) < 0.3, "stops give a little while it hits the table"
    assert outside(bench) < 0.02
    assert top < 4.0, "0.5 m of fall are 3 m/s"
    assert not bench.data.warning.number.any()


@pytest.mark.parametrize(("name", "joint"), JOINTS)
def test_a_joint_moves_under_its_effort_and_stays_in_range(name: str, joint: str) -> None:
    """The stated force moves it through its range; three tenths of it do not where friction or weight hold it."""
    row = MODELS[name].joint(joint)
    low, high = row.range
    end = Bench(MODELS[name], fixed=True).push(joint, row.effort, 2.0)
    assert high - 0.03 * (high - low) < end < high + 0.03 * (high - low)
    little = Bench(MODELS[name], fixed=True).push(joint, 0.3 * row.effort, 2.0)
    if row.stiffness:
        held = (0.3 * row.effort + row.stiffness * row.spring) / row.stiffness
        assert little == pytest.approx(max(held, low), abs=0.03 * (high - low))
    else:
        assert little - row.rest < 0.01 * (high - low)


@pytest.mark.parametrize(("name", "joint"), [(n, j) for n, j in JOINTS if MODELS[n].joint(j).stiffness])
def test_springs_bring_it_back(name: str, joint: str) -> None:
    row = MODELS[name].joint(joint)
    bench = Bench(MODELS[name], fixed=True)
    bench.push(joint, row.effort, 1.0)
    assert bench.push(joint, 0.0, 0.5) == pytest.approx(row.range[0], abs=0.03 * (row.range[1] - row.range[0]))


def test_a_button_takes_a_newton_for_each_millimetre() -> None:
    for force in (1.5, 2.5, 3.5):
        travel = Bench(MODELS["vacuum"], fixed=True).push("button", force, 1.0)
        assert travel == pytest.approx((force - 1.0) / 1000, abs=5e-5)


@pytest.mark.parametrize("pull", [-20.0, 0.0, 20.0])
def test_the_thread_couples_turn_and_rise(pull: float) -> None:
    """One turn lifts the lid by the pitch, also while 20 N pull on it, and pulling alone opens nothing."""
    bench = Bench(MODELS["screw_jar"], fixed=True)
    turn, rise = bench.at("lid_turn"), bench.at("lid_rise")
    bench.data.qfrc_applied[bench.dof("lid_rise")] = pull
    mujoco.mj_step(bench.model, bench.data, 250)
    assert abs(bench.data.qpos[turn]) < 0.01
    bench.data.qfrc_applied[bench.dof("lid_turn")] = MODELS["screw_jar"].joint("lid_turn").effort
    worst = 0.0
    for _ in range(500):
        mujoco.mj_step(bench.model, bench.data)
        worst = max(worst, abs(bench.data.qpos[rise] - 0.00423 * bench.data.qpos[turn] / (2 * np.pi)))
    assert worst < 5e-5
    assert bench.data.qpos[turn] == pytest.approx(2 * np.pi, abs=0.01)


@pytest.mark.parametrize("press", [0.0, 30.0, 60.0])
def test_one_hand_alone_turns_the_whole_jar(press: float) -> None:
    """A hand that turns the lid and presses it down turns the jar with it: somebody must hold it."""
    bench = Bench(MODELS["screw_jar"])
    lid = bench.model.body("screw_jar/lid").id
    start, velocity, turned = bench.data.xpos[lid].copy(), np.zeros(6), 0.0
    for _ in range(500):
        mujoco.mj_objectVelocity(bench.model, bench.data, mujoco.mjtObj.mjOBJ_BODY, lid, velocity, 0)
        sideways = -100 * (bench.data.xpos[lid] - start)[:2] - 2 * velocity[3:5]
        twist = 0.02 * (20 - velocity[2])
        bench.data.xfrc_applied[lid] = [*sideways, -press, *(-0.002 * velocity[:2]), twist]
        turned += velocity[2] * STEP
        mujoco.mj_step(bench.model, bench.data)
    assert turned > 6.0
    assert bench.data.qpos[bench.at("lid_turn")] < 0.1


def test_the_plug_moves_only_in_a_block_that_is_held() -> None:
    row = MODELS["peg_block"].joint("plug")
    assert Bench(MODELS["peg_block"], fixed=True).push("plug", row.effort, 1.0) > 0.029
    bench = Bench(MODELS["peg_block"])
    plug = bench.model.body("peg_block/plug").id
    bench.data.xfrc_applied[plug, 0] = row.effort
    mujoco.mj_step(bench.model, bench.data, 25)
    assert bench.data.qpos[0] > 0.01, "the block goes away"
    assert bench.data.qpos[bench.at("plug")] < bench.data.qpos[0]


@pytest.mark.parametrize("shape", ["box", "sphere", "capsule", "cylinder"])
def test_inertia_is_that_of_mujoco(shape: str) -> None:
    size, turn = np.array([0.03, 0.05, 0.07]), np.array([0.8, 0.6, 0.0, 0.0])
    used = {"box": 3, "sphere": 1}.get(shape, 2)
    size[used:] = 0
    spec = mujoco.MjSpec()
    spec.compiler.inertiafromgeom = mujoco.mjtInertiaFromGeom.mjINERTIAFROMGEOM_TRUE
    spec.worldbody.add_body().add_geom(type=GEOM_TYPES[shape], size=size, pos=[0.1, 0.2, 0.3], quat=turn, density=1000)
    model = spec.compile()
    mass = 1000 * volume(shape, size)
    assert model.body_mass[1] == pytest.approx(mass)
    centre, inertia = together([(shape, size, np.array([0.1, 0.2, 0.3]), turn)], mass)
    assert centre == pytest.approx(model.body_ipos[1])
    assert np.sort(np.linalg.eigvalsh(inertia)) == pytest.approx(np.sort(model.body_inertia[1]))

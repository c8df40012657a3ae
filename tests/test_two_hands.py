"""The rules of the tasks for two hands and of the cube, asked about scenes that are written down."""

from dataclasses import dataclass, replace

import mujoco
import numpy as np
import pytest

from dexbench.core import shelf
from dexbench.core.scene import Scene
from dexbench.core.task import Task
from dexbench.core.trial import Outcome, Trial
from dexbench.envs.insert_peg import PUSHED
from dexbench.objects.articulated import load_articulated
from dexbench.objects.articulated_body import add_articulated

PERIOD = 0.04


@dataclass
class Played:
    """A task and a scene whose entries a test moves about."""

    task: Task
    scene: Scene

    def live(self, seconds: float = PERIOD) -> Outcome:
        """Let the present scene last."""
        for _ in range(round(seconds / PERIOD)):
            outcome = self.task.judge(self.scene)
        return outcome

    def code(self, outcome: Outcome) -> str:
        """Return the failure code."""
        return self.task.failures[int(outcome.failure[0])]

    def held_by(self, index: int, *sides: str) -> None:
        """Let these hands alone touch an object, with two contacts each and nothing else."""
        for s, side in enumerate(self.scene.sides):
            self.scene.hand_contacts[0, s, index] = 2 * (side in sides)
        self.scene.other_contacts[0, index] = 0


def play(name: str, **extra: float) -> Played:
    """Return a task at the start of a trial, the hands far away."""
    task = shelf.load_task(name)
    trial: Trial = task.place(np.random.default_rng(0), task.splits[0])
    trial = replace(trial, extra=trial.extra | extra)
    models = [load_articulated(s.name) for s in trial.articulated]
    names = [f"object_{k}" for k in range(task.slots)] + [b for m in models for b in m.bodies]
    joints = [f"{m.name}/{j.name}" for m in models for j in m.joints]
    places = [o.position for o in trial.objects] + [
        s.position for m, s in zip(models, trial.articulated, strict=True) for _ in m.bodies
    ]
    turns = [o.quaternion for o in trial.objects] + [
        s.quaternion for m, s in zip(models, trial.articulated, strict=True) for _ in m.bodies
    ]
    k = len(names)
    scene = Scene(
        trials=[trial],
        rows=np.arange(1),
        sides=("right", "left"),
        time=np.zeros(1),
        period=PERIOD,
        target=np.array([trial.target]),
        object_position=np.array([places]),
        object_quaternion=np.array([turns]),
        object_velocity=np.zeros((1, k, 6)),
        object_centre=np.array([places]) + np.array([0.0, 0.0, 0.03]),
        palm_position=np.tile([0.2, 0.0, 0.8], (1, 2, 1)),
        hand_contacts=np.zeros((1, 2, k)),
        hand_force=np.zeros((1, 2, k)),
        other_contacts=np.ones((1, k)),
        memory=task.remember(1),
        names=tuple(names),
        joint_names=tuple(joints),
        joint_position=np.array([[v for s in trial.articulated for v in s.joints]]),
        joint_velocity=np.zeros((1, len(joints))),
    )
    task.begin(scene, [0])
    return Played(task, scene)


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
    assert all(t.task == f"{name}-v1" for ts in drawn.values() for t in ts)


def test_the_same_draw_gives_the_same_trial() -> None:
    for name in NAMES:
        task = shelf.load_task(name)
        one, other = (task.place(np.random.default_rng(7), "unseen") for _ in range(2))
        assert one.digest() == other.digest()
        assert Trial.from_row(one.row()).digest() == one.digest()


# --- hand_over -----------------------------------------------------------------------------------------------------


def over(giver_left: float = 0.0) -> tuple[Played, str, str]:
    giver, taker = ("left", "right") if giver_left else ("right", "left")
    return play("hand_over", giver_left=giver_left), giver, taker


def rise(p: Played, height: float) -> None:
    p.scene.object_position[:, 0, 2] += height
    p.scene.object_centre[:, 0, 2] += height


@pytest.mark.parametrize("giver_left", [0.0, 1.0])
def test_a_bar_handed_over_in_the_air_counts(giver_left: float) -> None:
    p, giver, taker = over(giver_left)
    rise(p, 0.1)
    p.held_by(0, giver)
    assert p.live().stage[0] == 3
    p.held_by(0, giver, taker)
    met = p.live(2.0)
    assert met.stage[0] == 4
    assert p.code(met) == "not_let_go"
    p.held_by(0, taker)
    early = p.live(0.9)
    assert not early.success_once[0]
    late = p.live(1.2)
    assert late.success_at_end[0]
    assert late.done[0]
    assert late.stage[0] == len(p.task.stages)
    assert p.code(late) == "none"


def test_the_taker_alone_does_not_count() -> None:
    p, _, taker = over()
    rise(p, 0.2)
    p.held_by(0, taker)
    outcome = p.live(4.0)
    assert not outcome.success_once[0]
    assert outcome.stage[0] < 3


def test_the_giver_alone_does_not_count() -> None:
    p, giver, _ = over()
    rise(p, 0.2)
    p.held_by(0, giver)
    outcome = p.live(4.0)
    assert not outcome.success_once[0]
    assert p.code(outcome) == "not_met"


@pytest.mark.parametrize("how", ["put down", "thrown"])
def test_a_bar_that_was_put_down_or_thrown_does_not_count(how: str) -> None:
    p, giver, taker = over()
    rise(p, 0.1)
    p.held_by(0, giver)
    p.live(1.0)
    if how == "put down":
        p.scene.other_contacts[:, 0] = 1
    else:
        p.held_by(0)
    p.live()
    p.held_by(0, taker)
    outcome = p.live(4.0)
    assert not outcome.success_once[0]
    assert p.code(outcome) == "dropped"


def test_one_contact_is_a_bar_that_leans() -> None:
    p, giver, taker = over()
    rise(p, 0.1)
    p.held_by(0, giver)
    p.live()
    p.held_by(0, taker)
    p.scene.hand_contacts[0, p.scene.sides.index(taker), 0] = 1
    assert not p.live(4.0).success_once[0]


# --- open_jar ------------------------------------------------------------------------------------------------------


def turn_lid(p: Played, angle: float) -> None:
    p.scene.joint_position[0, p.scene.joint("screw_jar/lid_turn")] += angle


def test_a_lid_turned_far_enough_counts() -> None:
    p = play("open_jar", angle=1.0)
    p.held_by(p.scene.index("screw_jar"), "left")
    p.held_by(p.scene.index("screw_jar/lid"), "right")
    turn_lid(p, 0.9)
    short = p.live(3.0)
    assert short.stage[0] == 4
    assert p.code(short) == "not_far_enough"
    turn_lid(p, 0.15)
    assert not p.live(0.9).success_once[0]
    late = p.live(1.2)
    assert late.success_at_end[0]
    assert late.done[0]
    assert late.stage[0] == len(p.task.stages)


def test_a_jar_that_turns_with_its_lid_does_not_count() -> None:
    p = play("open_jar", angle=1.0)
    p.held_by(p.scene.index("screw_jar/lid"), "right")
    for body in (p.scene.index("screw_jar"), p.scene.index("screw_jar/lid")):
        p.scene.object_quaternion[0, body] = [np.cos(1.0), 0, 0, np.sin(1.0)]
    outcome = p.live(4.0)
    assert not outcome.success_once[0]
    assert p.code(outcome) == "one_handed"


def test_a_lid_that_still_turns_does_not_count() -> None:
    p = play("open_jar", angle=1.0)
    turn_lid(p, 2.0)
    p.scene.joint_velocity[:] = 3.0
    assert not p.live(3.0).success_once[0]


def test_a_jar_that_was_tipped_is_lost() -> None:
    p = play("open_jar", angle=1.0)
    body = p.scene.index("screw_jar")
    upright = p.scene.object_quaternion[0, body].copy()
    p.scene.object_quaternion[0, body] = [np.cos(0.4), np.sin(0.4), 0, 0]
    p.live()
    p.scene.object_quaternion[0, body] = upright
    turn_lid(p, 2.0)
    outcome = p.live(3.0)
    assert not outcome.success_once[0]
    assert outcome.done[0]
    assert p.code(outcome) == "tipped"


# --- pour_beads ----------------------------------------------------------------------------------------------------


def pour(p: Played, count: int) -> None:
    """Put `count` beads into the other cup."""
    p.scene.object_centre[0, 2 : 2 + count] = p.scene.object_position[0, 1] + [0.0, 0.0, 0.03]


def lift_cup(p: Played, cup: int, height: float) -> None:
    for where in (p.scene.object_position, p.scene.object_centre):
        inside = np.linalg.norm(where[0, 2:, :2] - p.scene.object_position[0, cup, :2], axis=1) < 0.03
        where[0, cup, 2] += height
        where[0, 2:, 2] += height * inside


def both_up(p: Played) -> None:
    lift_cup(p, 0, 0.2)
    lift_cup(p, 1, 0.1)
    p.held_by(0, "right")
    p.held_by(1, "left")


def test_beads_poured_in_the_air_count() -> None:
    p = play("pour_beads")
    both_up(p)
    assert p.live().stage[0] == 3
    pour(p, 5)
    few = p.live(3.0)
    assert few.stage[0] == 4
    assert not few.success_once[0]
    pour(p, 6)
    assert not p.live(0.9).success_once[0]
    late = p.live(1.2)
    assert late.success_at_end[0]
    assert late.done[0]
    assert late.stage[0] == len(p.task.stages)


def test_beads_poured_into_a_standing_cup_do_not_count_later() -> None:
    """One hand pours, puts its cup down, and lifts the other one."""
    p = play("pour_beads")
    p.held_by(0, "right")
    lift_cup(p, 0, 0.2)
    p.live()
    pour(p, 8)
    p.live()
    lift_cup(p, 0, -0.2)
    p.held_by(0)
    lift_cup(p, 1, 0.1)
    p.held_by(1, "right")
    assert not p.live(4.0).success_once[0]


def test_a_cup_inside_the_other_one_does_not_count() -> None:
    p = play("pour_beads")
    for where in (p.scene.object_position, p.scene.object_centre):
        move = p.scene.object_position[0, 1] + [0, 0, 0.01] - p.scene.object_position[0, 0]
        where[0, 2:] += move
        where[0, 0] += move
    p.live()
    for where in (p.scene.object_position, p.scene.object_centre):
        where[0, :, 2] += 0.1
    p.held_by(0, "right")
    p.held_by(1, "right")
    assert not p.live(4.0).success_once[0]


def test_spilt_beads_do_not_count() -> None:
    p = play("pour_beads")
    both_up(p)
    p.live()
    p.scene.object_centre[0, 2:] = [0.9, 0.3, 0.008]
    outcome = p.live(2.0)
    assert not outcome.success_once[0]
    assert p.code(outcome) == "spilt"


# --- insert_peg ----------------------------------------------------------------------------------------------------


def insert(p: Played, depth: float, cork: float) -> None:
    """Put the peg's tip so deep into the hole [m], the cork so far from its start [m]."""
    block = p.scene.index("peg_block")
    w, _, _, z = p.scene.object_quaternion[0, block]
    yaw = 2 * np.arctan2(z, w)
    way = np.array([np.cos(yaw), np.sin(yaw), 0.0])
    p.scene.object_position[0, 0] = p.scene.object_position[0, block] + [0, 0, 0.114] + way * (depth - 0.042)
    p.scene.joint_position[0, p.scene.joint("peg_block/plug")] = cork


def test_a_peg_that_pushes_the_cork_counts() -> None:
    p = play("insert_peg")
    p.held_by(0, "right")
    rise(p, 0.1)
    assert p.live().stage[0] == 3
    insert(p, 0.024, 0.0)
    slid = p.live(3.0)
    assert slid.stage[0] == 4
    assert p.code(slid) == "block_slid"
    insert(p, 0.040, 0.016)
    assert not p.live(0.9).success_once[0]
    late = p.live(1.2)
    assert late.success_at_end[0]
    assert late.done[0]
    assert late.stage[0] == len(p.task.stages)


def test_a_cork_pushed_by_something_else_does_not_count() -> None:
    p = play("insert_peg")
    p.scene.joint_position[0, p.scene.joint("peg_block/plug")] = 0.02
    assert not p.live(3.0).success_once[0]


def test_a_block_that_was_tipped_is_lost() -> None:
    """On its back the table holds it, and one hand would do."""
    p = play("insert_peg")
    block = p.scene.index("peg_block")
    upright = p.scene.object_quaternion[0, block].copy()
    p.scene.object_quaternion[0, block] = [np.cos(0.4), 0, np.sin(0.4), 0]
    p.live()
    p.scene.object_quaternion[0, block] = upright
    insert(p, 0.040, 0.016)
    outcome = p.live(3.0)
    assert not outcome.success_once[0]
    assert p.code(outcome) == "tipped"


def test_a_peg_that_moves_does_not_count() -> None:
    p = play("insert_peg")
    insert(p, 0.040, 0.016)
    p.scene.object_velocity[0, 0, 0] = 0.2
    assert not p.live(3.0).success_once[0]


# --- reorient_cube -------------------------------------------------------------------------------------------------

FACES = {1: (0, 0, 1), 2: (1, 0, 0), 3: (0, 1, 0), 4: (0, -1, 0), 5: (-1, 0, 0), 6: (0, 0, -1)}
HALF = np.sqrt(0.5)
UP = {
    1: [1, 0, 0, 0],
    2: [HALF, 0, -HALF, 0],
    3: [HALF, HALF, 0, 0],
    4: [HALF, -HALF, 0, 0],
    5: [HALF, 0, HALF, 0],
    6: [0, 1, 0, 0],
}
"""Orientations with each face up."""


def lift_die(p: Played) -> None:
    p.scene.object_centre[0, 0, 2] += 0.1
    p.held_by(0, "right")


@pytest.mark.parametrize("face", FACES)
def test_a_die_turned_in_the_air_counts(face: int) -> None:
    p = play("reorient_cube", face=float(face))
    p.scene.object_quaternion[0, 0] = UP[1 if face != 1 else 2]
    lift_die(p)
    lifted = p.live()
    assert lifted.stage[0] == 3
    assert p.code(lifted) == "not_turned"
    p.scene.object_quaternion[0, 0] = UP[face]
    assert not p.live(0.9).success_once[0]
    late = p.live(1.2)
    assert late.success_at_end[0]
    assert late.done[0]
    assert late.stage[0] == len(p.task.stages)


@pytest.mark.parametrize("how", ["toppled", "thrown"])
def test_a_die_turned_otherwise_does_not_count(how: str) -> None:
    p = play("reorient_cube", face=3.0)
    p.scene.object_quaternion[0, 0] = UP[1]
    if how == "thrown":
        lift_die(p)
        p.live()
        p.held_by(0)
        p.live()
        p.scene.object_quaternion[0, 0] = UP[3]
        p.held_by(0, "right")
    else:
        p.scene.object_quaternion[0, 0] = UP[3]
        p.live()
        lift_die(p)
    outcome = p.live(4.0)
    assert not outcome.success_once[0]
    assert p.code(outcome) == "turned_on_table"


@pytest.mark.parametrize("split", ["seen", "unseen"])
def test_dice_lie_flat_with_another_face_up(split: str) -> None:
    task = shelf.load_task("reorient_cube")
    opposite = 0
    for seed in range(40):
        trial = task.place(np.random.default_rng(seed), split)
        w, x, y, z = trial.objects[0].quaternion
        third = np.array([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)])
        up = max(FACES, key=lambda f: float(third @ FACES[f]))
        face = int(trial.extra["face"])
        assert third @ FACES[up] > 0.9999
        assert face != up
        opposite += face == 7 - up
    assert (opposite > 0) == (split == "unseen")


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

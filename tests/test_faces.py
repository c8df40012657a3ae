"""Action faces: what they say, that they say it exactly, and that every loop understands them."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from dexbench.core.action_face import SETPOINT, ActionFace, Conversion
from dexbench.core.agent import AgentSpec
from dexbench.core.clock import ManualClock
from dexbench.core.embodiment import Embodiment
from dexbench.core.rollout import rollout
from dexbench.core.rotations import matrix_quaternion
from dexbench.core.safety import SafetyFilter
from dexbench.core.schema import Array, Observation
from dexbench.core.shelf import load_embodiment, load_task
from dexbench.core.world import WorldSpec
from dexbench.robots.faces import FACES, declare, face_for, make_face
from dexbench.robots.kinematics import Reach
from dexbench.robots.rotation import ROTATIONS
from dexbench.sim.world import SimWorld
from dexbench.sim2real.guard import Guard
from dexbench.sim2real.loopback_driver import make
from dexbench.sim2real.world import RealWorld
from tests.toy_robot import PERIOD

ROBOTS = ("shadow_ur10e", "shadow_ur10e_bimanual", "bytedexter_fr3_bimanual", "psibot_ur10e")
EXACT = ("joint_target", "joint_delta")
robot = cache(load_embodiment)


@cache
def face(kind: str, name: str, **settings: Any) -> ActionFace:
    return make_face(kind, robot(name), PERIOD, **settings)


def steps(embodiment: Embodiment, n: int, seed: int = 0) -> tuple[Array, Array]:
    """Return (n, A) last targets near home and targets that follow within the speed limits [rad]."""
    rng, limits = np.random.default_rng(seed), embodiment.limits
    last = np.clip(embodiment.home + rng.normal(0, 0.05, (n, len(embodiment.actuators))), limits.lower, limits.upper)
    step = rng.uniform(-1, 1, last.shape) * limits.velocity * PERIOD
    return last, np.clip(last + step, limits.lower, limits.upper)


def arms(embodiment: Embodiment) -> Array:
    return np.array([a.part == "arm" for a in embodiment.actuators])


@pytest.mark.parametrize("kind", EXACT)
@pytest.mark.parametrize("name", ROBOTS)
def test_joint_faces_are_exact_both_ways(kind: str, name: str) -> None:
    last, target = steps(robot(name), 5)
    one = face(kind, name)
    action = one.encode(target, last)
    found, met = one.decode(action, last, last)
    np.testing.assert_allclose(found, target, rtol=0, atol=1e-9)
    np.testing.assert_allclose(one.encode(found, last), action, rtol=0, atol=1e-9)
    assert met.all()


@pytest.mark.parametrize("rotation", ROTATIONS)
@pytest.mark.parametrize("name", ROBOTS)
def test_palm_poses_are_reached_and_hands_exact(rotation: str, name: str) -> None:
    last, target = steps(robot(name), 4)
    one = face("palm_pose", name, rotation=rotation)
    action = one.encode(target, last)
    found, met = one.decode(action, last, last)
    assert met.all()
    hand = ~arms(robot(name))
    np.testing.assert_array_equal(found[:, hand], target[:, hand])
    for side in robot(name).sides:  # against the other kinematics, which are the simulator's
        reach = Reach(robot(name), side)
        names = [j.name for j in robot(name).joints]
        for got, want in zip(robot(name).joint_angles(found), robot(name).joint_angles(target), strict=True):
            (p, q), (p0, q0) = (reach.pose(np.array([a[names.index(n)] for n in reach.joints])) for a in (got, want))
            assert np.linalg.norm(p - p0) < 1e-4
            assert 2 * np.arccos(min(1.0, abs(float(q @ q0)))) < 1e-3


def test_a_palm_pose_says_where_the_palm_is() -> None:
    name = "shadow_ur10e_bimanual"
    last, target = steps(robot(name), 1)
    one = face("palm_pose", name)
    action = one.encode(target, last)[0]
    slots = {s.name: v for s, v in zip(one.slots, action, strict=True)}
    reach = Reach(robot(name), "left")
    angles = dict(zip([j.name for j in robot(name).joints], robot(name).joint_angles(target[0]), strict=True))
    position, quaternion = reach.pose(np.array([angles[n] for n in reach.joints]))
    np.testing.assert_allclose([slots[f"left/palm/{a}"] for a in "xyz"], position, rtol=0, atol=1e-9)
    turn = ROTATIONS["vector"].read(np.array([slots[f"left/palm/r{a}"] for a in "xyz"]))
    assert abs(matrix_quaternion(turn) @ quaternion) == pytest.approx(1, abs=1e-12)


def test_a_pose_out_of_reach_gives_the_nearest_and_is_counted() -> None:
    name = "shadow_ur10e"
    one = face("palm_pose", name)
    home = robot(name).home[None]
    action = one.encode(home, home)
    far = action.copy()
    far[0, 0] += 3.0
    conversion = Conversion(one, 1)
    seen = {SETPOINT: home.astype(np.float32)}
    conversion.reset(seen, [0])
    for _ in range(8):
        target = conversion(far, seen, [0])
    assert conversion.unmet[0] == 8
    limits = robot(name).limits
    assert ((target >= limits.lower) & (target <= limits.upper)).all()
    reached = one.encode(target, target)
    before, after = (float(np.linalg.norm(far[0, :3] - a[0, :3])) for a in (action, reached))
    assert after < before - 0.3, "the arm stretches towards it"
    conversion.reset(seen, [0])
    assert conversion.unmet[0] == 0
    conversion(action, seen, [0])
    assert conversion.unmet[0] == 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rotation", ROTATIONS)
def test_absurd_poses_do_no_harm(rotation: str) -> None:
    one, home = face("palm_pose", "shadow_ur10e", rotation=rotation), robot("shadow_ur10e").home[None]
    for slot in (0, 3):
        for size in (1e3, 1e150, 1e300):
            action = one.encode(home, home)
            action[0, slot] = size
            target, met = one.decode(action, home, home)
            assert np.isfinite(target).all() or np.isnan(target[0, :6]).all(), "the nearest, or refused"
            assert not (slot == 0 and met[0])
    np.testing.assert_allclose(one.decode(one.encode(home, home), home, home)[0], home, atol=1e-6)


@pytest.mark.parametrize("way", ROTATIONS)
def test_rotations_are_exact_both_ways(way: str) -> None:
    rng = np.random.default_rng(3)
    one = ROTATIONS[way]
    cases = [np.zeros(3), np.array([np.pi, 0, 0]), np.array([0, 0, np.pi]), np.array([0, np.pi / 2, 0])]
    cases += [np.array([1e-9, 0, 0]), np.array([0, np.pi - 1e-7, 0]), *(rng.normal(0, 1, 3) for _ in range(40))]
    for vector in cases:
        turn = ROTATIONS["vector"].read(vector)
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(turn) > 0
        written = one.write(turn)
        assert written.shape == (len(one.names),)
        assert np.abs(written).max() <= one.bound + 1e-12
        np.testing.assert_allclose(one.read(written), turn, rtol=0, atol=1e-9)


def test_columns_that_are_no_rotation_are_refused_or_mended() -> None:
    read = ROTATIONS["columns"].read
    assert not np.isfinite(read(np.array([1.0, 0, 0, 2.0, 0, 0]))).all()
    assert not np.isfinite(read(np.zeros(6))).all()
    np.testing.assert_allclose(read(np.array([3.0, 0, 0, 1.0, 2.0, 0])), np.eye(3), atol=1e-12)


@pytest.mark.parametrize("kind", FACES)
def test_no_world_influences_another(kind: str) -> None:
    name = "shadow_ur10e_bimanual"
    one = face(kind, name)
    last, target = steps(robot(name), 6)
    action = one.encode(target, last)
    found, _ = one.decode(action, last, last)
    for rows in (slice(0, 1), slice(2, 5), slice(5, 6)):
        np.testing.assert_array_equal(one.encode(target[rows], last[rows]), action[rows])
        np.testing.assert_array_equal(one.decode(action[rows], last[rows], last[rows])[0], found[rows])
    again = make_face(kind, robot(name), PERIOD)
    np.testing.assert_array_equal(again.decode(action[::-1], last[::-1], last[::-1])[0], found[::-1])


@pytest.mark.parametrize("kind", FACES)
@pytest.mark.parametrize("name", ROBOTS)
def test_actions_lie_within_the_declared_bounds(kind: str, name: str) -> None:
    one = face(kind, name)
    last, target = steps(robot(name), 20)
    action = one.encode(target, last)
    lower, upper = (np.array([getattr(s, b) for s in one.slots]) for b in ("lower", "upper"))
    assert (action >= lower - 1e-9).all()
    assert (action <= upper + 1e-9).all()
    assert len({s.name for s in one.slots}) == len(one.slots)


@pytest.mark.parametrize("kind", FACES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_left_for_the_filter_to_refuse(kind: str, bad: float) -> None:
    name = "shadow_ur10e"
    one = face(kind, name)
    last, target = steps(robot(name), 2)
    seen = {SETPOINT: last.astype(np.float32)}
    for slot in (0, len(robot(name).actuators) - 1):
        conversion = Conversion(one, 2)
        conversion.reset(seen, [0, 1])
        action = one.encode(target, last)
        action[0, slot] = bad
        if kind == "gr_dexter" and not one.valid[slot]:  # type: ignore[attr-defined]
            continue
        found = conversion(action, seen, [0, 1])
        assert not np.isfinite(found[0]).all()
        assert np.isfinite(found[1]).all()
        assert not conversion.unmet.any()
        assert np.isfinite(conversion(one.encode(target, last), seen, [0, 1])).all(), "and the next one counts again"


def test_steps_move_the_robot_by_what_they_say() -> None:
    """Through the safety filter, whose lag would swallow most of a step that began at the setpoint."""

    name = "shadow_ur10e"
    one, limits = face("joint_delta", name), robot(name).limits
    guard = SafetyFilter(limits, 1, PERIOD)
    guard.reset(robot(name).home, [0])
    conversion = Conversion(one, 1)
    conversion.reset({SETPOINT: guard.setpoint.astype(np.float32)}, [0])
    step = np.zeros((1, len(one.slots)))
    step[0, 0] = one.slots[0].upper / 2
    for ticks, action in ((20, step), (guard.memory, 0 * step)):
        for _ in range(ticks):
            guard(conversion(action, {SETPOINT: guard.setpoint.astype(np.float32)}, [0]))
    moved = guard.setpoint[0] - robot(name).home
    assert moved[0] == pytest.approx(20 * step[0, 0], abs=1e-6)
    np.testing.assert_allclose(moved[1:], 0, atol=1e-6)
    # a robot that stands still: the target does not run away from it
    still = {SETPOINT: guard.setpoint.astype(np.float32)}
    for _ in range(200):
        target = conversion(np.array([[s.upper for s in one.slots]]), still, [0])
    lead = limits.velocity * (guard.lag + 2 * PERIOD)
    assert (target[0] - guard.setpoint[0] <= lead + 1e-6).all()


class Speaker:
    """Wanders in the words of a face, with its own generator for each world."""

    def __init__(self, world: WorldSpec, kind: str, **settings: Any) -> None:
        action = declare(kind, world, **settings)
        self.spec = AgentSpec("speaker", "1", (SETPOINT,), action, horizon=2, execute=2)
        self._face = make_face(kind, world.embodiment, 1 / action.rate_hz, **settings)
        self._random: dict[int, np.random.Generator] = {}

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        self._random |= {w: np.random.default_rng(s) for w, s in zip(worlds, seeds, strict=True)}

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        last = observation[SETPOINT].astype(float)
        target = last + np.stack([self._random[w].normal(0, 0.05, last.shape[1]) for w in worlds])
        return np.repeat(self._face.encode(target, last)[:, None], 2, axis=1)


class Tape:
    """Keeps what the world was given and what was seen, by episode."""

    def __init__(self) -> None:
        self.kept: dict[int, list[tuple[bytes, bytes]]] = {}
        self._index: dict[int, int] = {}

    def began(self, index: int, world: int, trial: Any) -> None:
        self._index[world], self.kept[index] = index, []

    def stepped(self, worlds: Sequence[int], action: Array, observation: Observation, outcome: Any) -> None:
        for row, world in enumerate(worlds):
            seen = observation["joint_position"][row].tobytes()
            self.kept[self._index[world]].append((action[row].tobytes(), seen))


def taped(world: Any, kind: str, count: int, seconds: float = 0.6) -> Tape:
    """Run `count` wandering episodes."""
    rng, tape = np.random.default_rng(5), Tape()
    agent = Speaker(world.spec, kind)
    trials = [load_task("grasp_object").place(rng, "seen") for _ in range(count)]
    ended = list(rollout(agent, world, trials, seconds, [tape], face_for(agent.spec, world.spec)))
    assert [e.agent_error + e.world_error for e in ended] == [""] * count
    return tape


@pytest.mark.parametrize("kind", ["joint_delta", "palm_pose"])
def test_episodes_do_not_depend_on_the_batch_nor_on_what_stands_behind(kind: str) -> None:

    alone = taped(SimWorld("grasp_object", "shadow_ur10e", 1), kind, 3)
    assert taped(SimWorld("grasp_object", "shadow_ur10e", 3), kind, 3).kept == alone.kept
    assert all(len(steps) == 15 for steps in alone.kept.values())
    clock = ManualClock()
    driver = make("grasp_object", "shadow_ur10e", clock=clock)
    real = RealWorld(driver, load_task("grasp_object"), driver, clock=clock, guard=Guard(ramp=0.0))
    assert taped(real, kind, 2).kept == {i: alone.kept[i] for i in range(2)}

"""The loopback: an episode through the hardware face is the simulated one, bit for bit; faults show as they should."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from dexbench.core.agent import AgentSpec
from dexbench.core.clock import ManualClock
from dexbench.core.errors import DataError, SafetyError
from dexbench.core.rollout import Ended, rollout
from dexbench.core.schema import Array, Observation
from dexbench.core.shelf import DRIVERS, load_agent, load_driver, load_task, names
from dexbench.core.task import versioned
from dexbench.core.trial import Outcome, Trial
from dexbench.core.world import World, WorldSpec
from dexbench.objects.catalogue import load_object
from dexbench.objects.layout import upright
from dexbench.sim.world import SimWorld
from dexbench.sim2real.guard import Guard
from dexbench.sim2real.loopback_driver import LoopbackDriver, make
from dexbench.sim2real.world import RealWorld, State

TASK, ROBOT = "grasp_object", "shadow_ur10e"
GROUPS = ("state", "objects", "kinds", "touch")


class Wandering:
    """Chases random targets, with its own generator for each world; late by `thinking` seconds."""

    def __init__(self, spec: WorldSpec, clock: ManualClock | None = None, thinking: float = 0.0) -> None:
        self.spec = AgentSpec("wandering", "1", ("joint_position", "setpoint"), spec.action, horizon=3, execute=2)
        self._clock, self._thinking = clock, thinking
        self._random: dict[int, np.random.Generator] = {}

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        self._random |= {w: np.random.default_rng(s) for w, s in zip(worlds, seeds, strict=True)}

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        if self._clock is not None:
            self._clock.pass_time(self._thinking)
        chunk = np.repeat(observation["setpoint"][:, None].astype(float), 3, axis=1)
        for row, w in zip(chunk, worlds, strict=True):
            row += np.cumsum(self._random[w].normal(0, 0.3, row.shape), axis=0)
        return chunk


class Tape:
    """Keeps every observation and outcome of every episode."""

    def __init__(self) -> None:
        self.seen: list[dict[str, bytes]] = []
        self.judged: list[tuple[float, ...]] = []

    def began(self, index: int, world: int, trial: Trial) -> None:
        self.seen.append({"trial": trial.digest().encode()})

    def stepped(self, worlds: Sequence[int], action: Array, observation: Observation, outcome: Outcome) -> None:
        self.seen.append({k: v.dtype.str.encode() + v.tobytes() for k, v in observation.items()})
        self.judged.append(tuple(float(getattr(outcome, k)[0]) for k in ("stage", "reward", "failure", "success_once")))


@cache
def loopback(faults: tuple[str, ...] = ()) -> tuple[LoopbackDriver, ManualClock]:
    """Return one driver with its clock; the compiled cell is shared by all of them."""
    clock = ManualClock()
    return make(TASK, ROBOT, GROUPS, faults, clock), clock


def real_world(*faults: str, **settings: float) -> tuple[RealWorld, ManualClock]:
    driver, clock = loopback(faults)
    driver.disconnect()
    guard = Guard(**{"ramp": 0.0, **settings})
    return RealWorld(driver, load_task(TASK), driver, clock=clock, guard=guard), clock


def trials(count: int) -> list[Trial]:
    rng = np.random.default_rng(5)
    return [load_task(TASK).place(rng, "seen") for _ in range(count)]


def taped(agent_of: "type | str", world: World, count: int, seconds: float) -> tuple[Tape, list[Ended]]:
    tape = Tape()
    agent = load_agent(agent_of, world.spec) if isinstance(agent_of, str) else agent_of(world.spec)
    return tape, list(rollout(agent, world, trials(count), seconds, [tape]))


def test_it_is_on_the_shelf() -> None:
    assert "loopback" in names(DRIVERS)
    assert load_driver("loopback", task=TASK, embodiment=ROBOT, groups=("state",)).name == "loopback"


def test_both_worlds_declare_the_same() -> None:
    real, _ = real_world()
    simulated = SimWorld(TASK, ROBOT, groups=GROUPS)
    assert real.spec == simulated.spec
    assert [f.describe() for f in real.spec.observations.fields] == [
        f.describe() for f in simulated.spec.observations.fields
    ]


def test_an_episode_is_the_simulated_one_bit_for_bit() -> None:
    real, _ = real_world()
    tape, ended = taped(Wandering, real, 2, 1.6)
    expected, simulated = taped(Wandering, SimWorld(TASK, ROBOT, groups=GROUPS), 2, 1.6)
    assert [e.world_error for e in ended] == ["", ""]
    assert [e.steps for e in ended] == [e.steps for e in simulated] == [40, 40]
    assert [sorted(s) for s in tape.seen] == [sorted(s) for s in expected.seen]
    assert tape.seen == expected.seen
    assert tape.judged == expected.judged
    assert real.report.held == real.report.late == 0


def test_the_first_observation_is_the_simulated_one() -> None:
    real, _ = real_world()
    (trial,) = trials(1)
    one, other = real.reset([trial]), SimWorld(TASK, ROBOT, groups=GROUPS).reset([trial])
    assert list(one) == list(other)
    for name in one:
        assert one[name].dtype == other[name].dtype
        assert one[name].tobytes() == other[name].tobytes(), name


def test_the_zero_agent_does_the_same_through_it() -> None:
    real, _ = real_world()
    tape, ended = taped("zero", real, 1, 1.0)
    expected, _ = taped("zero", SimWorld(TASK, ROBOT, groups=GROUPS), 1, 1.0)
    assert (ended[0].steps, ended[0].agent_error) == (25, "")
    assert tape.seen == expected.seen
    assert tape.judged == expected.judged


def test_the_same_agent_object_scores_in_both_worlds() -> None:
    task = load_task(TASK)
    can = upright("can_01", 0.6, -0.1, 0.3)
    trial = Trial(versioned(task), "seen", 7, f"pick up the {load_object('can_01').phrase}", 0, (can,))
    real, _ = real_world()
    simulated = SimWorld(TASK, ROBOT, groups=GROUPS)
    agent = load_agent("scripted", simulated.spec)
    (in_simulation,) = rollout(agent, simulated, [trial], task.horizon)
    (through_the_driver,) = rollout(agent, real, [trial], task.horizon)
    for ended in (in_simulation, through_the_driver):
        assert (ended.agent_error, ended.world_error) == ("", "")
        assert bool(ended.outcome.success_at_end[0])
    assert through_the_driver.steps == in_simulation.steps


def test_a_slow_agent_leads_to_another_episode_and_is_reported() -> None:
    real, clock = real_world()
    agent = Wandering(real.spec, clock, thinking=0.05)
    (ended,) = rollout(agent, real, trials(1), 1.6)
    assert ended.world_error == ""
    # Every second action is the second row of a chunk and costs nothing.
    assert real.report.missed == real.report.late > 10
    assert ended.steps + real.report.missed == 40


def faulty(fault: str, seconds: float = 2.0) -> tuple[RealWorld, Ended]:
    real, _ = real_world(fault)
    (ended,) = rollout(Wandering(real.spec), real, trials(1), seconds)
    assert (real.state is State.FAULT) == (ended.world_error != "")
    return real, ended


def test_short_faults_are_survived() -> None:
    real, ended = faulty("stale:0.3:0.5", 0.8)
    assert (ended.world_error, real.report.stale) == ("", 5)
    assert real.report.held > 0
    real, ended = faulty("nan:0.3:0.37", 0.8)
    assert (ended.world_error, real.report.dropped) == ("", 2)
    real, ended = faulty("delay:0.3:0.33", 0.8)
    assert ended.world_error == ""
    assert real.report.overrun == pytest.approx(0.12, abs=1e-6)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("stale:0.5:9", "no good reading"),
        ("nan:0.5:9", "finite"),
        ("dropped:0.5:9", "without 'joint_position'"),
        ("link:0.5:9", "the link is gone"),
        ("delay:0.5:9", "held"),
    ],
)
def test_lasting_faults_end_the_episode_with_their_cause(fault: str, cause: str) -> None:
    real, ended = faulty(fault)
    assert cause in ended.world_error
    assert not ended.truncated
    assert 0.5 <= ended.steps * 0.04 + real.report.missed * 0.04 <= 1.9


def test_a_frozen_arm_joint_is_noticed() -> None:
    real, _ = real_world("frozen_joint:0.2:9:right/elbow_joint")
    real.reset(trials(1))
    target = np.array(real.spec.embodiment.home)[None]
    target[0, 2] -= 1.0
    for _ in range(50):
        real.advance(target)
    assert "right/elbow_joint does not follow" in real.outcome().error[0]


def test_a_fault_costs_one_episode_only() -> None:
    real, _ = real_world("nan:0.5:0.62")
    ended = list(rollout(Wandering(real.spec), real, trials(2), 0.8))
    assert [e.world_error != "" for e in ended] == [True, True]  # the fault comes again in every stream
    assert [e.steps for e in ended] == [15, 15]


@pytest.mark.parametrize(
    "text", ["stale", "stale:a:b", "melted:1:2", "frozen_joint:1:2", "frozen_joint:1:2:elbow", "nan:1:2:3:4"]
)
def test_unknown_faults_are_named(text: str) -> None:
    with pytest.raises(DataError, match="fault"):
        make(TASK, ROBOT, ("state",), [text])


def test_it_needs_an_observer_to_set_trials_out() -> None:
    driver = make(TASK, ROBOT, ("state",))
    with pytest.raises(SafetyError, match="no trial"):
        RealWorld(driver, load_task(TASK), clock=ManualClock()).reset(trials(1))

"""A toy robot whose own recorder sees every setpoint, and a cell around it on a manual clock; no test waits."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from dexbench.core.clock import ManualClock
from dexbench.core.driver import Reading
from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import SafetyError
from dexbench.core.scene import Scene
from dexbench.core.schema import Array, Field, Observation, Schema
from dexbench.core.shelf import load_embodiment
from dexbench.core.trial import Outcome, Trial
from dexbench.sim2real.guard import Guard
from dexbench.sim2real.world import RealWorld
from tests.hostile import assert_lawful

PERIOD = 0.04
NO_RAMP = Guard(ramp=0.0)
TRIAL = Trial("wait-v1", "seen", 0, "wait", 0, ())
ROBOT: Embodiment = load_embodiment("shadow_ur10e")
LIMITS = ROBOT.limits
HOME = np.array(ROBOT.home)
A = len(HOME)
ELBOW = [a.name for a in ROBOT.actuators].index("right/elbow_joint")
FINGER = int(ROBOT.actuator_index(part="hand")[3])
FAR = np.where((LIMITS.lower + LIMITS.upper) / 2 > HOME, LIMITS.upper, LIMITS.lower)


class ToyDriver:
    """A robot that is at once where it is told to be, and goes on alone with what it was given ahead."""

    name = "toy"
    embodiment = ROBOT
    observations = Schema((Field("pose", (A,), "rad", "", "state"), Field("setpoint", (A,), "rad", "", "state")))
    period = PERIOD

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.pose = HOME.copy()
        self.streams: list[list[Array]] = []
        self.read_at: list[float] = []
        self.calls: list[str] = []
        self.spoil: Callable[[Reading, int], Reading] = lambda reading, tick: reading
        self.stuck: list[int] = []
        self.slow: dict[int, float] = {}
        self.fail: dict[str, int] = {}
        self._plan = HOME[None]
        self._tick = -1
        self._last: Reading | None = None

    def connect(self) -> None:
        self.calls.append("connect")

    def disconnect(self) -> None:
        self.calls.append("disconnect")

    def start(self) -> Array:
        self.calls.append("start")
        self.streams.append([self.pose.copy()])
        self._plan, self._tick, self.read_at = self.pose[None], -1, []
        return self.pose.copy()

    def write(self, setpoints: Array, tick: int) -> Array:
        if self.fail.get("write", tick + 1) <= tick:
            raise OSError("cable pulled")
        assert np.isfinite(setpoints).all()
        assert tick > self._tick
        self._play(tick)
        self._plan, self._tick = setpoints, tick
        return setpoints[0]

    def read(self) -> Reading:
        if self._tick >= 0 and len(self.streams[-1]) - 1 == self._tick:
            self._play(self._tick + 1)
        if self.fail.get("read", self._tick + 1) <= self._tick:
            raise OSError("cable pulled")
        self.clock.pass_time(self.slow.get(self._tick, 0.0))
        self.read_at.append(self.clock.now())
        pose = self.pose.copy()
        fresh = Reading(self.clock.now(), pose, {"pose": pose[None].astype(np.float32)})
        self._last = self.spoil(fresh, self._tick)
        return self._last

    def stop(self) -> None:
        self.calls.append("stop")
        if self.streams and self._tick >= 0:
            self._play(self._tick + 1)

    def repeat(self, first: int, last: int) -> None:
        """Freeze the stream of readings from tick `first` to before tick `last`."""
        assert self._last is not None
        kept = [self._last]

        def spoil(reading: Reading, tick: int) -> Reading:
            if not first <= tick < last:
                kept[:] = [reading]
            return kept[0]

        self.spoil = spoil

    def _play(self, until: int) -> None:
        """Follow the plan up to the beginning of control period `until`."""
        stream = self.streams[-1]
        while len(stream) - 1 < until:
            row = self._plan[min(max(len(stream) - 1 - self._tick, 0), len(self._plan) - 1)]
            stream.append(row.copy())
            moved = row.copy()
            moved[self.stuck] = self.pose[self.stuck]
            self.pose = moved

    def settle(self) -> None:
        """Let the robot go on alone for ten seconds."""
        self._play(len(self.streams[-1]) + 250)


class ToyTask:
    """Succeeds after `steps` judgements."""

    name, version, steps = "wait", 1, 10

    def pool(self) -> tuple[str, ...]:
        return ()

    def remember(self, n: int) -> dict[str, Array]:
        return {"count": np.zeros(n, np.int64)}

    def begin(self, scene: Scene, worlds: Sequence[int]) -> None:
        scene.memory["count"][worlds] = 0

    def judge(self, scene: Scene) -> Outcome:
        scene.memory["count"] = scene.memory["count"] + 1
        done = scene.memory["count"] >= self.steps
        zero = np.zeros(1, np.int64)
        return Outcome(done, done, zero, zero, zero * 1.0, zero, done)


class Person:
    """Sets trials out; may refuse."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refuses = False

    def prepare(self, trial: Trial, cause: str) -> None:
        self.asked.append(cause)
        if self.refuses:
            raise SafetyError("someone is in the cell")

    def fields(self) -> Observation:
        return {}

    def scene(self) -> Scene:
        blank: dict[str, Any] = {f.name: np.zeros((1, 1)) for f in fields(Scene)}
        return Scene(**blank | {"trials": [TRIAL], "sides": ("right",), "period": PERIOD, "memory": {}})


class Cell:
    """World, toy robot and clock, and shorthand for driving them."""

    def __init__(self, guard: Guard = NO_RAMP, observer: Any = None, **settings: Any) -> None:
        self.clock = ManualClock()
        self.clock.pass_time(123.4)  # the zero of a clock means nothing
        self.driver = ToyDriver(self.clock)
        task: Any = ToyTask()
        self.world = RealWorld(self.driver, task, observer, clock=self.clock, guard=guard, **settings)

    def reset(self) -> Observation:
        return self.world.reset([TRIAL])

    def run(self, periods: int, target: Array = FAR, thinking: float = 0.0) -> None:
        for _ in range(periods):
            self.clock.pass_time(thinking)
            self.world.advance(target[None])

    @property
    def path(self) -> Array:
        """Everything that the robot was told in the newest stream, (ticks, actuators)."""
        return np.array(self.driver.streams[-1])

    @property
    def error(self) -> str:
        return self.world.outcome().error.get(0, "")

    def assert_lawful(self) -> None:
        """V1 and V2: every stream keeps position, speed, acceleration and jerk, to its very end."""
        self.driver.settle()
        for stream in self.driver.streams:
            assert_lawful(np.array(stream), LIMITS, PERIOD)

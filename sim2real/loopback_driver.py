"""A driver without hardware: the simulation stands behind it, and sets trials out and tracks objects as well."""

from collections.abc import Sequence

import numpy as np

from dexbench.core.clock import Clock, WallClock
from dexbench.core.driver import Reading
from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import SafetyError
from dexbench.core.scene import Scene
from dexbench.core.schema import Array, Observation, Schema
from dexbench.core.task import Task
from dexbench.core.trial import Trial
from dexbench.sim.world import SimWorld

from ._faults import Fault, parse

DELAY = 0.12
"""How long a read takes under fault "delay" [s]: three control periods."""


class LoopbackDriver:
    """Driver and Observer over one simulated world.

    Setpoints go straight to the simulated servos; there is no second safety filter. Simulated time passes in whole
    control periods, one for each that the world counts, so it keeps up with any clock; it stands still before the
    first setpoint of a stream.
    """

    name = "loopback"

    def __init__(self, world: SimWorld, clock: Clock, faults: Sequence[Fault] = ()) -> None:
        self._world = world
        self._clock = clock
        self._faults = faults
        self._names = [a.name for a in world.spec.embodiment.actuators]
        self._connected = self._streaming = False
        self._sent: Array = np.array(world.spec.embodiment.home)
        self._seen: Observation = {}
        self._plan: Array = self._sent[None]
        self._plan_tick = 0
        self._done = 0  # control periods simulated since start()
        self._reads = 0
        self._last: Reading | None = None

    @property
    def embodiment(self) -> Embodiment:
        return self._world.spec.embodiment

    @property
    def observations(self) -> Schema:
        return self._world.spec.observations

    @property
    def period(self) -> float:
        return self._world.cell.period

    def connect(self) -> None:
        self._connected = True

    def disconnect(self) -> None:
        self._connected = self._streaming = False

    def start(self) -> Array:
        if not self._connected:
            raise SafetyError("loopback is not connected")
        if not self._seen:
            raise SafetyError("loopback has no trial: make it the world's observer too")
        self._streaming, self._done, self._plan_tick = True, 0, -1
        self._plan = self._sent[None]
        return self._sent.copy()

    def write(self, setpoints: Array, tick: int) -> Array:
        if not self._streaming:
            raise SafetyError("loopback takes no setpoints before start()")
        self._break_link()
        if self._plan_tick < 0:
            self._done = tick  # nothing has passed before the first setpoint
        while self._done < tick:
            self._simulate()
        self._plan, self._plan_tick = setpoints, tick
        first: Array = setpoints[0]
        return first

    def read(self) -> Reading:
        if not self._connected:
            raise SafetyError("loopback is not connected")
        self._break_link()
        if self._streaming and self._done == self._plan_tick:
            self._simulate()
        self._reads += 1
        if self._shows("delay"):
            self._clock.sleep_until(self._clock.now() + DELAY)
        if self._shows("stale") and self._last is not None:
            return self._last
        fields = {name: value.copy() for name, value in self._seen.items()}
        if self._shows("dropped"):
            fields.pop("joint_position")
        pose = self.embodiment.command(self._seen["joint_position"][0].astype(float))
        if self._shows("nan"):
            pose[0] = fields["joint_position"][0, 0] = np.nan
        self._last = Reading(self._reads * self.period, pose, fields)
        return self._last

    def stop(self) -> None:
        self._streaming = False

    def prepare(self, trial: Trial, cause: str) -> None:
        self._seen = self._world.reset([trial])
        self._sent = self._world.filter.setpoint[0]

    def fields(self) -> Observation:
        return {}

    def scene(self) -> Scene:
        return self._world.scene

    def _simulate(self) -> None:
        """Let one control period pass under the setpoint that is due."""
        row = self._plan[min(max(self._done - self._plan_tick, 0), len(self._plan) - 1)]
        self._sent = self._reached(row)
        self._seen = self._world.drive(self._sent[None])
        self._done += 1

    def _reached(self, row: Array) -> Array:
        """Return what the servos get of `row`: a frozen joint stays where it is."""
        kept = row.copy()
        for fault in self._faults:
            if fault.kind == "frozen_joint" and self._now(fault):
                i = self._names.index(fault.joint)
                kept[i] = self._sent[i]
        return kept

    def _break_link(self) -> None:
        if self._shows("link"):
            raise OSError("the link is gone")

    def _shows(self, kind: str) -> bool:
        return any(f.kind == kind and self._now(f) for f in self._faults)

    def _now(self, fault: Fault) -> bool:
        return self._streaming and fault.begin <= self._done * self.period < fault.end


def make(
    task: Task | str = "grasp_object",
    embodiment: Embodiment | str = "shadow_ur10e",
    groups: Sequence[str] | None = None,
    faults: Sequence[str] = (),
    clock: Clock | None = None,
) -> LoopbackDriver:
    """Return the driver.

    Args:
      task: what stands on the simulated table.
      embodiment: the simulated robot.
      groups: observation groups; default: those of SimWorld.
      faults: what goes wrong and when, as `sim2real/_faults.py` reads it.
      clock: the same as the world's.
    """
    world = SimWorld(task, embodiment, groups=groups)
    actuators = [a.name for a in world.spec.embodiment.actuators]
    return LoopbackDriver(world, clock or WallClock(), parse(faults, actuators))

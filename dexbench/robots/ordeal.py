"""Random legal actions on a robot: whether anything explodes, and how deep parts of hands get into one another."""

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from dexbench.core.embodiment import Embodiment
from dexbench.core.safety import SafetyFilter
from dexbench.robots.build import robot_spec
from dexbench.robots.finding import Finding, at_most, near
from dexbench.robots.physics import TIMESTEP, assert_physics

SUBSTEPS = 10
"""Physics steps per action, as in every cell."""
HOLD = (5, 26)
"""For how many actions a target stays, drawn anew with each: long enough to arrive, or not [actions]."""
EXTREME = 0.3
"""Share of motors whose target is an end of its range."""
PENETRATION = 0.005
"""What parts of a hand may overlap by, driven by its own motors [m]."""
CRASH = 0.015
"""What parts of hands may overlap by while an arm throws or presses a hand against a hand or an arm [m]: hands of the
fastest arms meet at 3 m/s, which is 12 mm in a step."""
COUPLING = 0.05
"""What a linkage may be off its line by when fingers run into each other, and an order rule be passed by [rad]."""
SPEED = 60.0
"""What no joint may reach [rad/s]: a fingertip of no weight that two motors pull at does 40."""
ENERGY = 25.0
"""What kinetic energy may come to, in shares of that at all the makers' speeds at once."""


@dataclass(frozen=True)
class Ordeal:
    """What happened at worst."""

    seconds: float
    """Simulated [s]."""
    finite: bool
    """Whether every position, speed and force was a number, without a warning of the simulator."""
    penetration: float
    """Between parts of a hand that nothing else touches [m]."""
    pair: str
    """Which parts."""
    crash: float
    """Between parts of hands one of which runs into the other, or into an arm [m]."""
    coupling: float
    """Distance of a linkage from its line, or of an order rule beyond its edge [rad]."""
    speed: float
    """Of a joint [rad/s]."""
    energy: float
    """Kinetic, in shares of that at all the makers' speeds at once, at home."""

    def findings(self, name: str) -> list[Finding]:
        """Return whether nothing exploded."""
        where = f"{name}: {self.seconds:g} s of random actions"
        return [
            near(f"{where}: numbers that are none, or warnings", 0 if self.finite else 1, 0, 0),
            at_most(f"{where}: overlap of parts of a hand, {self.pair} [m]", self.penetration, PENETRATION),
            at_most(f"{where}: overlap of parts of hands that arms throw together [m]", self.crash, CRASH),
            at_most(f"{where}: a coupling is off by [rad]", self.coupling, COUPLING),
            at_most(f"{where}: speed of a joint [rad/s]", self.speed, SPEED),
            at_most(f"{where}: kinetic energy in shares of that at the makers' speeds", self.energy, ENERGY),
        ]


def run_ordeal(embodiment: Embodiment, seconds: float, seed: int = 0, *, table: bool = False) -> Ordeal:
    """Return the worst of `seconds` of random actions behind the safety filter, on the robot alone.

    Args:
      embodiment: the robot.
      seconds: simulated time [s].
      seed: of the actions.
      table: whether a table stands below, into which the arms press the hands with all their force.
    """
    spec = robot_spec(embodiment)
    if table:
        spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[2, 2, 0.1], condim=4)
    spec.option.enableflags |= int(mujoco.mjtEnableBit.mjENBL_ENERGY)
    model = spec.compile()
    assert_physics(model)
    data = mujoco.MjData(model)
    watch = _Watch(embodiment, model)
    for joint, angle in zip(embodiment.joints, embodiment.joint_angles(embodiment.home), strict=True):
        data.joint(joint.name).qpos = angle
    actuators = np.array([model.actuator(a.name).id for a in embodiment.actuators])
    data.ctrl[actuators] = last = embodiment.home
    limits = embodiment.limits
    safety = SafetyFilter(limits, 1, SUBSTEPS * TIMESTEP)
    safety.reset(embodiment.home[None], [0])
    rng = np.random.default_rng(seed)
    ticks, change = round(seconds / (SUBSTEPS * TIMESTEP)), 0
    target = last
    for tick in range(ticks):
        if tick == change:
            target = rng.uniform(limits.lower, limits.upper)
            ends = np.where(rng.random(len(target)) < 0.5, limits.lower, limits.upper)
            target = np.where(rng.random(len(target)) < EXTREME, ends, target)
            change += int(rng.integers(*HOLD))
        setpoint = safety(target[None])[0].copy()
        for share in (np.arange(SUBSTEPS) + 1.0) / SUBSTEPS:
            data.ctrl[actuators] = last + share * (setpoint - last)
            mujoco.mj_step(model, data)
            if not watch.see(data):
                break
        if not watch.goes_on(data):
            return watch.ordeal((tick + 1) * SUBSTEPS * TIMESTEP)
        last = setpoint
    return watch.ordeal(ticks * SUBSTEPS * TIMESTEP)


class _Watch:
    """Keeps the worst of what it sees."""

    def __init__(self, embodiment: Embodiment, model: mujoco.MjModel) -> None:
        self._model = model
        hands = {f"{s}/{link}": i for i, s in enumerate(embodiment.sides, 1) for link in embodiment.parts[s].hand.links}
        self._hand = np.array([hands.get(model.body(b).name, 0) for b in range(model.nbody)])
        self._finite, self._speed, self._energy = True, 0.0, 0.0
        self._penetration, self._pair, self._crash, self._coupling = 0.0, "none", 0.0, 0.0
        rows = [(s.name, f) for s in embodiment.parts.values() for f in s.hand.followers]
        self._follower = self._places([f"{side}/{f.joint}" for side, f in rows])
        self._master = self._places([f"{side}/{f.master}" for side, f in rows])
        self._slope = np.array([f.multiplier for _, f in rows])
        self._offset = np.array([f.offset for _, f in rows])
        rules = [(s.name, c) for s in embodiment.parts.values() for c in s.hand.couplings]
        self._smaller = self._places([f"{side}/{c.smaller}" for side, c in rules])
        self._larger = self._places([f"{side}/{c.larger}" for side, c in rules])
        self._whole = self._energy_at_speed(embodiment)

    def _places(self, names: list[str]) -> NDArray[np.int64]:
        return np.array([int(self._model.joint(name).qposadr[0]) for name in names], np.int64)

    def _energy_at_speed(self, embodiment: Embodiment) -> float:
        """Return the kinetic energy at home with every joint at its maker's speed [J]."""
        data = mujoco.MjData(self._model)
        for joint, angle in zip(embodiment.joints, embodiment.joint_angles(embodiment.home), strict=True):
            data.joint(joint.name).qpos = angle
            data.joint(joint.name).qvel = joint.velocity
        mujoco.mj_forward(self._model, data)
        return float(data.energy[1])

    def see(self, data: mujoco.MjData) -> bool:
        """Look at a state; return whether it is worth going on."""
        if not np.isfinite(data.qacc).all():
            self._finite = False
            return False
        self._speed = max(self._speed, float(np.abs(data.qvel).max()))
        self._energy = max(self._energy, float(data.energy[1]))
        q = data.qpos
        off = np.abs(q[self._follower] - self._slope * q[self._master] - self._offset).max(initial=0.0)
        self._coupling = max(self._coupling, float(off), float((q[self._smaller] - q[self._larger]).max(initial=0.0)))
        if data.ncon and data.contact.dist.min() < -min(self._penetration, self._crash):
            bodies = self._model.geom_bodyid[data.contact.geom]
            first, second = self._hand[bodies].T
            pressed = np.unique(np.concatenate([first[first != second], second[first != second]]))
            depth = np.where((first > 0) & (second > 0), -data.contact.dist, 0.0)
            own = (first == second) & ~np.isin(first, pressed)
            self._crash = max(self._crash, float(np.max(depth, where=~own, initial=0.0)))
            depth[~own] = 0.0
            worst = int(depth.argmax())
            if depth[worst] > self._penetration:
                self._penetration = float(depth[worst])
                self._pair = " and ".join(self._model.body(int(b)).name for b in bodies[worst])
        return True

    def goes_on(self, data: mujoco.MjData) -> bool:
        """Return whether the simulator has neither given up nor begun again."""
        self._finite = self._finite and not any(w.number for w in data.warning)
        return self._finite

    def ordeal(self, seconds: float) -> Ordeal:
        """Return the worst of all that was seen."""
        return Ordeal(
            seconds, self._finite, self._penetration, self._pair, self._crash, self._coupling, self._speed,
            self._energy / max(self._whole, 1e-9),
        )  # fmt: skip

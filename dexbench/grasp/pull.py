"""The force test of grasps: close around a free object without weight, then pull in six directions.

Each direction starts from the same settled state, and its force is the object's weight. What counts is how far the
object moves and turns from where it was when the hand had closed. Many grasps are tested at once in one batch.
"""

from dataclasses import dataclass, field

import mujoco
import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.schema import Array
from dexbench.grasp.rig import CONTROLS, Rig, turns
from dexbench.grasp.trial import LIGHT, shared_load

MOVED = 0.05
"""Largest movement of the object while the hand closes [m]."""
LOOSE = 0.05
"""Largest movement under a pull, loose [m]."""
STRICT, TURN = 0.02, np.deg2rad(15)
"""The same, strict, and the largest rotation [rad]."""
DIRECTIONS = np.repeat(np.eye(3), 2, axis=0) * np.tile([1.0, -1.0], 3)[:, None]
"""(6, 3): +x, -x, +y, -y, +z, -z of the object as it stands."""


@dataclass(frozen=True)
class Setting:
    """How the force test is made."""

    close: tuple[float, ...]
    """Durations [s]: from the open hand to the command that presses; with two, first to the touch."""
    settle: float
    """[s]"""
    pull: float
    """Duration of each direction [s]."""
    load: float
    """Force for each kilogram [N/kg]."""
    deep: float
    """Largest depth of hand and object, or of the hand in itself, before closing [m]."""
    mass: float | None = None
    """Of the object; None: its own [kg]."""
    friction: float | None = None
    """Sliding; None: the object's own."""
    stiffness: float | None = None
    """Of every finger motor; None: the hand's own [N m/rad]."""
    torque: float = 0.0
    """Limit of every finger motor, where the stiffness is given [N m]."""
    noslip: int = 0
    """Iterations of MuJoCo's solver against slip."""


OURS = Setting(close=(0.6,), settle=0.2, pull=0.6, load=9.81, deep=0.003)
"""physics of the cells, and the object's own mass and friction."""
BENCH = Setting((0.4, 0.4), 0.0, 2.0, 10.0, 0.01, mass=0.1, friction=0.6, stiffness=5.0, torque=3.0, noslip=2)
"""DexGraspBench as its code has it (github.com/JYChen18/DexGraspBench): passed within 5 cm and 15 degrees."""


@dataclass(frozen=True)
class Pulled:
    """What came of C force tests. Directions after the first that failed are not tried: infinite."""

    moved: Array
    """(C,) how far the object went while the hand closed [m]."""
    slips: Array
    """(C, 6) largest movement at the end of each pull [m]."""
    angles: Array
    """(C, 6) rotation there [rad]."""
    deep: Array = field(default_factory=lambda: np.zeros(0))
    """(C,) bool: the open hand was in the object, or in itself, from the start."""

    @property
    def loose(self) -> Array:
        """(C,) bool: within 50 mm in all directions."""
        return np.asarray((self.slips.max(axis=1) < LOOSE) & (self.moved < MOVED) & ~self.deep)

    @property
    def turned(self) -> Array:
        """(C,) bool: within 50 mm and 15 degrees, DexGraspBench's rule."""
        return np.asarray(self.loose & (self.angles.max(axis=1) < TURN))

    @property
    def strict(self) -> Array:
        """(C,) bool: within 20 mm and 15 degrees."""
        return np.asarray(self.turned & (self.slips.max(axis=1) < STRICT))


class ForceTest:
    """Force tests of one hand on one object."""

    def __init__(
        self,
        embodiment: Embodiment,
        side: str,
        instance: str,
        n: int,
        setting: Setting = OURS,
        threads: int = 1,
        carried: str = "",
    ) -> None:
        """Prepare n tests.

        Args:
          embodiment: has the hand.
          side: which hand.
          instance: name in the object catalogue.
          n: tests run at once.
          setting: how.
          threads: physics threads.
          carried: a part at which this hand has half of the object's weight, another hand having the other half.
        """
        held, mass = np.zeros(3), setting.mass
        if carried:
            held, mass = shared_load(instance, carried)[0], LIGHT
        self.setting, self.n, self._held = setting, n, held
        self.rig = rig = Rig(embodiment, side, instance, n, threads, False, mass, setting.friction)
        model, thing = rig.model, rig.thing
        self._weight = setting.load * float(rig.batch.get_model(0).body_mass[thing])
        self._arm = np.zeros(3)
        if carried:
            self._weight = float(abs(shared_load(instance, carried)[1][2]))
            self._arm = held - rig.batch.get_model(0).body_ipos[thing]
        if setting.stiffness is not None or setting.noslip:
            self._adjust(model)

    def _adjust(self, model: mujoco.MjModel) -> None:
        """Give every world the setting's motors and solver."""
        batch, setting, motors = self.rig.batch, self.setting, self.rig.actuators
        if setting.stiffness is not None:
            gain, bias, limit = (
                batch.expand(n) for n in ("actuator_gainprm", "actuator_biasprm", "actuator_forcerange")
            )
            gain[:, motors, 0] = setting.stiffness
            bias[:, motors, 1] = -setting.stiffness
            limit[:, motors] = (-setting.torque, setting.torque)
        batch.expand("opt.noslip_iterations")[:] = setting.noslip

    def run(self, position: Array, quaternion: Array, waypoints: tuple[Array, ...]) -> Pulled:
        """Test C <= n grasps at once.

        Args:
          position: (C, 3) palm frame in the object frame [m].
          quaternion: (C, 4) palm to object, wxyz.
          waypoints: (C, H) hand commands [rad]: the open hand, perhaps the touch, the command that presses.
        """
        rig, setting, count = self.rig, self.setting, len(position)
        ids, batch, dt = np.arange(count), self.rig.batch, self.rig.model.opt.timestep
        turn = turns(quaternion)
        roots = np.array([np.concatenate(rig.base(position[i], turn[i])) for i in range(count)]).reshape(-1, 7)
        rig.begin(ids, waypoints[0], roots, np.tile([0, 0, 0, 1.0, 0, 0, 0], (count, 1)))
        pull = batch.bind("xfrc_applied")
        pull[ids, rig.thing] = 0
        deep = self._deep(ids)
        start = rig.poses(ids)
        alive = ids[~deep]
        stages = [
            *zip(setting.close, waypoints, waypoints[1:], strict=False),
            (setting.settle, waypoints[-1], waypoints[-1]),
        ]
        for seconds, a, b in stages:
            steps = round(seconds / dt)
            if not steps or not len(alive):
                continue
            share = (np.arange(steps) + 1)[None, :, None] / steps
            self._go(alive, roots, a[alive, None] + share * (b - a)[alive, None])
        settled = rig.poses(ids)
        moved = np.linalg.norm(settled[:, :3] - start[:, :3], axis=1)
        alive = alive[moved[alive] < MOVED]
        names = ("qpos", "qvel", "qacc_warmstart")
        kept = {name: np.array(batch.bind(name)[alive]) for name in names}
        rows = {int(world): k for k, world in enumerate(alive)}
        slips, angles = np.full((2, count, len(DIRECTIONS)), np.inf)
        for k, direction in enumerate(DIRECTIONS):
            if not len(alive):
                break
            for name, values in kept.items():
                batch.bind(name)[alive] = values[[rows[int(world)] for world in alive]]
            force = direction * self._weight
            pull[alive, rig.thing] = [*force, *np.cross(self._arm, force)]
            steps = round(setting.pull / dt)
            self._go(alive, roots, np.repeat(waypoints[-1][alive, None], steps, axis=1))
            slips[alive, k], angles[alive, k] = self._away(rig.poses(alive), settled[alive])
            alive = alive[slips[alive, k] < LOOSE]
        return Pulled(moved, slips, angles, deep)

    def _go(self, ids: Array, roots: Array, commands: Array) -> None:
        """Roll worlds `ids` out under commands (len(ids), steps, H); the bases stand at roots (C, 7)."""
        rig, nu = self.rig, self.rig.model.nu
        control = np.zeros((len(ids), commands.shape[1], mujoco.mj_stateSize(rig.model, CONTROLS)))
        control[:, :, rig.actuators] = commands
        control[:, :, nu : nu + 7] = roots[ids, None]
        rig.batch.rollout(commands.shape[1], control, CONTROLS, record=(), ids=ids)

    def _away(self, now: Array, before: Array) -> tuple[Array, Array]:
        """Return how far (C,) and by which angle (C,) poses (C, 7) are from others."""
        turn, was = turns(now[:, 3:]), turns(before[:, 3:])
        away = now[:, :3] + turn @ self._held - before[:, :3] - was @ self._held
        cosine = np.abs((now[:, 3:] * before[:, 3:]).sum(axis=1))
        return np.linalg.norm(away, axis=1), 2 * np.arccos(np.clip(cosine, 0, 1))

    def _deep(self, ids: Array) -> Array:
        """Return (n,) bool: whether the hand is in the object or in itself already."""
        model, data = self.rig.batch.get_model(0), mujoco.MjData(self.rig.model)
        qpos, found = self.rig.batch.bind("qpos"), np.zeros(len(ids), bool)
        for i in ids:
            data.qpos[:] = qpos[i]
            mujoco.mj_fwdPosition(model, data)
            found[i] = bool((data.contact.dist < -self.setting.deep).any())
        return found

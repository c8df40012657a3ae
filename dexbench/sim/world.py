"""The simulated world: n copies of one cell on `mujoco.batch`; one is not a special case."""

from collections.abc import Sequence
from typing import Any

import mujoco
import mujoco.batch
import numpy as np

from dexbench.core.agent import ActionSpec
from dexbench.core.appearance import appearance
from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import ActionError, DataError
from dexbench.core.perturbation import checked
from dexbench.core.safety import SafetyFilter
from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array, Observation
from dexbench.core.shelf import load_embodiment, load_task
from dexbench.core.task import Task, versioned
from dexbench.core.trial import Outcome, Trial
from dexbench.core.world import WorldSpec
from dexbench.objects.pool import FIELDS
from dexbench.sensors.images import ImageRequest
from dexbench.sim.cell import SUBSTEPS, build_cell
from dexbench.sim.disturbances import Disturbances
from dexbench.sim.observation import Observer
from dexbench.sim.starting import Starting

DEFAULT_GROUPS = ("state", "objects", "touch")
_RECORD = ("sensordata",)


class SimWorld:
    """n simulated cells that run one task on one embodiment.

    Every world is bit-deterministic: its trial and actions give the same states at any n, thread count or process.
    """

    def __init__(
        self,
        task: Task | str,
        embodiment: Embodiment | str,
        n: int = 1,
        *,
        groups: Sequence[str] | None = None,
        threads: int = 1,
        images: ImageRequest | None = None,
    ) -> None:
        """Make the worlds; call reset() before anything else.

        Args:
          task: a task or its name.
          embodiment: an embodiment or its name.
          n: number of worlds.
          groups: observation groups (see core.schema.GROUPS); default: DEFAULT_GROUPS, touch only where it is fitted.
          threads: physics threads; results do not depend on it.
          images: cameras and size of pictures, if a group of pictures is among `groups`.

        Raises:
          UnknownName: no such task, embodiment or group.
          ContractError: the embodiment has too few hands for the task, or no touch and it is asked for.
        """
        self.task = load_task(task) if isinstance(task, str) else task
        robot = load_embodiment(embodiment) if isinstance(embodiment, str) else embodiment
        self.cell = build_cell(self.task, robot)
        self.batch = mujoco.batch.Batch(self.cell.model, n, min(threads, n))
        self._sensed = self.batch.bind("sensordata")  # outputs are copied from when they are bound
        self.filter = SafetyFilter(robot.limits, n, self.cell.period)
        self._sensors = np.zeros((n, SUBSTEPS, self.cell.model.nsensordata))
        if groups is None:
            groups = [g for g in DEFAULT_GROUPS if g != "touch" or robot.pads]
        self._observer = Observer(self.cell, self.batch, self._sensors, groups, images)
        self._spec = WorldSpec(
            task=versioned(self.task),
            embodiment=robot,
            observations=self._observer.schema,
            action=ActionSpec(tuple(a.name for a in robot.actuators), 1.0 / self.cell.period),
            pool=self.cell.tables.layout.names,
        )
        self._fields = {name: self.batch.expand(name) for name in FIELDS}
        self._placed: list[list[tuple[Any, ...]]] = [[(None,)] * self.cell.slots for _ in range(n)]
        self._steps = np.zeros(n, np.int64)
        self._control = np.empty((n, SUBSTEPS, self.cell.model.nu))
        self._ramp = ((np.arange(SUBSTEPS) + 1.0) / SUBSTEPS)[:, None]
        self._applied = self.batch.bind("ctrl")
        self.batch.bind("qpos")[0] = self.cell.home
        self._applied[0, self.cell.actuators] = robot.home
        self._start = self.batch.state[0].copy()  # an episode's, but for its objects
        self._starting = Starting(self.cell)
        self._moved = np.zeros(self._applied.shape)
        self._disturbances = Disturbances(self.cell, self.batch)
        first = int(self.cell.tables.bodies[0])
        self._pushed = self.batch.bind("xfrc_applied")[:, first : first + len(self.cell.names)]
        self._pushing = False
        self._record = {"sensordata": self._sensors}
        self._unstable = self.batch.warning[:, :, 1]
        self._errors: dict[int, str] = {}
        self._judged: Outcome | None = None
        empty = Trial(versioned(self.task), "", 0, "", 0, ())
        self.scene: Scene = self._observer.scene([empty] * n, self.task.remember(n))

    @property
    def spec(self) -> WorldSpec:
        """What this world declares."""
        return self._spec

    @property
    def n(self) -> int:
        """Number of worlds."""
        return len(self._steps)

    def reset(self, trials: Sequence[Trial], worlds: WorldIds | None = None) -> Observation:
        """Set up `trials` in `worlds` and return their first observation.

        Raises:
          DataError: a trial of another task, or one that the cell cannot hold.
        """
        ids = np.arange(self.n) if worlds is None else np.asarray(worlds)
        if len(trials) != len(ids):
            raise DataError(f"{len(trials)} trials were given for {len(ids)} worlds")
        for trial in trials:
            self._check(trial)
        every = len(ids) == self.n
        rows: slice | Array = slice(None) if every else ids
        changed = [i for i, trial in zip(ids.tolist(), trials, strict=True) if self._dress(i, trial)]
        if changed:
            self.batch.set_const(np.asarray(changed))
        self.batch.state[rows] = self._start
        self.batch.warning[rows] = 0
        setpoints = np.tile(self.cell.embodiment.home, (len(ids), 1))
        for i, row, trial in zip(ids.tolist(), setpoints, trials, strict=True):
            if trial.start:
                self._stand(i, row, trial)
        for i, trial in zip(ids.tolist(), trials, strict=True):
            self._observer.place(i, trial)
            self._errors.pop(i, None)
            self.scene.trials[i] = trial
            self.scene.target[i] = trial.target
            self._pushed[i] = 0.0
        self._disturbances.begin(ids.tolist(), trials)
        self.batch.forward(None if every else ids)
        self.filter.reset(setpoints, ids)
        self._sensors[rows] = self._sensed[rows, None]
        if self._observer.touch is not None:
            self._observer.touch.begin(ids, [trial.seed for trial in trials], self._sensors)
        self._steps[rows] = 0
        self.scene.time[rows] = 0.0
        self._observer.refresh(self.scene)
        self.task.begin(self.scene, ids)
        self._judged = None
        return self._observer.read(self.filter.setpoint[rows], self.scene, None if every else ids)

    def advance(self, action: Array, worlds: WorldIds | None = None) -> Observation:
        """Filter `action` (len(worlds), actuators) [rad], step one control period, return the observation.

        A row that is not finite is not used: the last good target stays in force, and `filter.rejected` counts it.
        """
        action = np.asarray(action)
        if action.dtype.kind not in "fiu":
            raise ActionError(f"an action of type {action.dtype} was given, floating point numbers are expected")
        if action.dtype != np.float64:  # the filter compares bytes
            action = action.astype(np.float64)
        return self.drive(self.filter(action, worlds), worlds)

    def drive(self, setpoint: Array, worlds: WorldIds | None = None) -> Observation:
        """Move the actuators to `setpoint` over one control period: advance() behind the safety filter."""
        batch, actuators = self.batch, self.cell.actuators
        ids = None if worlds is None or len(worlds) == self.n else np.asarray(worlds)
        rows: slice | Array = slice(None) if ids is None else ids
        last = self._applied[rows]
        control = self._control[: len(last)]
        moved = self._moved[: len(last)]  # zero but at our own actuators
        moved[:, actuators] = setpoint - last[:, actuators]
        np.multiply(moved[:, None], self._ramp, out=control)
        control += last[:, None]
        if self._disturbances.lines:
            self._disturbances.control(range(self.n) if ids is None else ids.tolist(), setpoint, control)
        push = self.task.disturb(self.scene)
        if push is not None or self._pushing:  # what was applied stays applied until it is taken back
            self._pushed[:] = 0.0 if push is None else push + 0.0  # no -0.0: states are compared bit by bit
            self._pushing = push is not None
        try:
            if ids is None:
                batch.rollout(SUBSTEPS, control, record=_RECORD, out=self._record)
            else:
                self._sensors[ids] = batch.rollout(SUBSTEPS, control, record=_RECORD, ids=ids)["sensordata"]
        except mujoco.batch.SimulationError as error:
            for i in error.ids:
                self._errors[int(i)] = self.batch.error(int(i))
        self._steps[rows] += 1
        np.multiply(self._steps, self.cell.period, out=self.scene.time)
        if np.count_nonzero(self._unstable):
            self._note_warnings()
        if self._observer.touch is not None:
            self._observer.touch.advance(ids, self._sensors)
        self._observer.refresh(self.scene)
        self._judged = None
        return self._observer.read(setpoint, self.scene, ids)

    def observe(self) -> Observation:
        """Return the present observation of all worlds again."""
        return self._observer.read(self.filter.setpoint, self.scene, None)

    def outcome(self) -> Outcome:
        """Return what the task says of all n worlds now; the task is asked once a control period."""
        if self._judged is None:
            self._judged = self.task.judge(self.scene)
            self._judged.error = dict(self._errors)
        return self._judged

    def elapsed(self) -> Array:
        """Return (n,) time since each episode began [s]."""
        return self.scene.time.copy()

    def measures(self) -> dict[str, Array]:
        """Return what only the record keeps: refused and clamped targets, and the force on the named object [N]."""
        force = self.scene.hand_force[np.arange(self.n), :, self.scene.target].max(axis=1)
        return {"rejected": self.filter.rejected, "clamped": self.filter.clamped, "hand_force": force}

    def snapshot(self, worlds: WorldIds) -> Array:
        """Return (len(worlds), nstate) integration states, warm start included: equal bits mean equal futures.

        Setpoints on their way to delayed motors (factor actuator_delay) are not among them.
        """
        return np.asarray(self.batch.state[np.asarray(worlds)])

    def close(self) -> None:
        """Let go of the renderer, if there was one; the batch ends with its last reference."""
        self._observer.close()

    def _stand(self, world: int, setpoint: Array, trial: Trial) -> None:
        """Let one world's robot begin where its trial says; `setpoint` (A,) is written."""
        setpoint[:] = self._starting.command(trial)
        qpos = self.batch.bind("qpos")[world]
        qpos[self.cell.joint_qpos] = self.cell.embodiment.joint_angles(setpoint)
        self._applied[world, self.cell.actuators] = setpoint

    def _check(self, trial: Trial) -> None:
        appearance(trial.appearance)  # raises if there is no such thing, whether or not anybody looks
        checked(trial.perturbation)
        if trial.task != versioned(self.task):
            raise DataError(f"a trial of {trial.task!r} was given to a world of {versioned(self.task)!r}")
        cell = self.cell
        named = range(max(1, len(trial.objects)))
        if len(trial.objects) > cell.slots or trial.target not in (*named, *range(cell.slots, len(cell.names))):
            raise DataError(
                f"a trial has {len(trial.objects)} objects and names number {trial.target}; this cell has "
                f"{cell.slots} slots{''.join(f', {n}' for n in cell.names[cell.slots :])}"
            )
        if cell.jointed is not None:
            cell.jointed.fit(trial.articulated)
        elif trial.articulated:
            raise DataError(f"a trial sets up {trial.articulated[0].name!r}; this cell has no articulated objects")

    def _dress(self, world: int, trial: Trial) -> bool:
        """Write the objects' model fields where they differ from what stands there; say whether anything did."""
        changed = False
        for slot in range(self.cell.slots):
            wanted: tuple[Any, ...] = (None,)
            if slot < len(trial.objects):
                p = trial.objects[slot]
                wanted = (p.instance, p.mass, p.friction, p.scale) if p.instance else (None,)
            if wanted != self._placed[world][slot]:
                self.cell.tables.write(self._fields, world, slot, *wanted)
                self._placed[world][slot] = wanted
                changed = True
        return changed

    def _note_warnings(self) -> None:
        """Keep which worlds became unstable: MuJoCo resets such a simulation by itself, which must not pass unseen."""
        for i, kind in zip(*np.nonzero(self._unstable), strict=True):
            name = mujoco.mjtWarning(int(kind)).name
            self._errors.setdefault(int(i), f"the simulation became unstable ({name})")

"""A task and a scene that is written down, for tests of rules: what holds, and what the rule says of it."""

from dataclasses import dataclass, replace

import numpy as np

from dexbench.core import shelf
from dexbench.core.scene import Scene
from dexbench.core.task import Task
from dexbench.core.trial import Outcome, Trial
from dexbench.objects.articulated import load_articulated

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
            self.scene.time += PERIOD
        return outcome

    def code(self, outcome: Outcome) -> str:
        """Return the failure code."""
        return self.task.failures[int(outcome.failure[0])]

    def held_by(self, index: int, *sides: str) -> None:
        """Let these hands alone touch an object, with two contacts each and nothing else."""
        for s, side in enumerate(self.scene.sides):
            self.scene.hand_contacts[0, s, index] = 2 * (side in sides)
        self.scene.other_contacts[0, index] = 0

    def raised(self, k: int, height: float) -> None:
        """Let the first hand alone hold an object so far above where it started [m]."""
        start = self.scene.memory["start"].reshape(1, -1)[0, k]
        self.scene.object_centre[0, k, 2] = start + height
        self.held_by(k, self.scene.sides[0])
        self.scene.palm_position[0, 0] = self.scene.object_centre[0, k] + (0, 0, 0.08)


def play(name: str, sides: tuple[str, ...] = ("right", "left"), **extra: float) -> Played:
    """Return a task at the start of a trial, the hands of these sides far away."""
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
        sides=sides,
        time=np.zeros(1),
        period=PERIOD,
        target=np.array([trial.target]),
        object_position=np.array([places]),
        object_quaternion=np.array([turns]),
        object_velocity=np.zeros((1, k, 6)),
        object_centre=np.array([places]) + np.array([0.0, 0.0, 0.03]),
        palm_position=np.tile([0.2, 0.0, 0.8], (1, len(sides), 1)),
        hand_contacts=np.zeros((1, len(sides), k)),
        hand_force=np.zeros((1, len(sides), k)),
        other_contacts=np.ones((1, k)),
        memory=task.remember(1),
        names=tuple(names),
        joint_names=tuple(joints),
        joint_position=np.array([[v for s in trial.articulated for v in s.joints]]),
        joint_velocity=np.zeros((1, len(joints))),
        peak_force=np.full((1, k), 0.5),
    )
    task.begin(scene, [0])
    return Played(task, scene)


def rise(p: Played, height: float) -> None:
    """Lift the first object [m]."""
    p.scene.object_position[:, 0, 2] += height
    p.scene.object_centre[:, 0, 2] += height

"""A task and a scene that is written down, for tests of rules: what holds, and what the rule says of it."""

from dataclasses import dataclass, replace

import numpy as np

from dexbench.core import shelf
from dexbench.core.rotations import matrix_quaternion, quaternion_matrix
from dexbench.core.scene import Scene
from dexbench.core.task import Task
from dexbench.core.trial import Outcome, Setting, Trial
from dexbench.objects._linkage import link_frames
from dexbench.objects.articulated import load_articulated
from dexbench.objects.articulated_model import ArticulatedModel
from dexbench.objects.catalogue import load_object

PERIOD = 0.04
PARKED = (0.0, 0.0, -1.0, 1.0, 0.0, 0.0, 0.0)
"""Where a slot is that a trial does not use."""


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

    def brought(self, k: int, off: float = 0.0) -> None:
        """Put an object over the mark, or so far beside the middle of it [m]."""
        mark = self.scene.object_position[0, self.scene.index("mark"), :2]
        self.scene.object_centre[0, k, :2] = mark + np.array([off, 0.0])


def play(name: str, sides: tuple[str, ...] = ("right", "left"), **extra: float) -> Played:
    """Return a task at the start of a trial, the hands of these sides far away."""
    task = shelf.load_task(name)
    trial: Trial = task.place(np.random.default_rng(0), task.splits[0])
    trial = replace(trial, extra=trial.extra | extra)
    models = [load_articulated(s.name) for s in trial.articulated]
    names = [f"object_{k}" for k in range(task.slots)] + [b for m in models for b in m.bodies]
    joints = [f"{m.name}/{j.name}" for m in models for j in m.joints]
    empty = [PARKED] * (task.slots - len(trial.objects))
    poses = [(*o.position, *o.quaternion) for o in trial.objects] + empty
    poses += [pose for m, s in zip(models, trial.articulated, strict=True) for pose in at_rest(m, s)]
    places, turns = np.array(poses)[:, :3], np.array(poses)[:, 3:]
    k = len(names)
    pieces = max((len(load_object(o.instance).pieces) for o in trial.objects), default=0)
    scene = Scene(
        trials=[trial],
        rows=np.arange(1),
        sides=sides,
        time=np.zeros(1),
        period=PERIOD,
        target=np.array([trial.target]),
        object_position=places[None].copy(),
        object_quaternion=turns[None].copy(),
        object_velocity=np.zeros((1, k, 6)),
        object_centre=places[None] + np.array([0.0, 0.0, 0.03]),
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
        piece_contacts=np.zeros((1, task.slots, pieces)),
    )
    task.begin(scene, [0])
    return Played(task, scene)


def at_rest(model: ArticulatedModel, setting: Setting) -> list[tuple[float, ...]]:
    """Return the pose (7,) of each body of an articulated object whose joints are at rest."""
    turn = quaternion_matrix(setting.quaternion)
    frames = link_frames(model.links).values()
    return [(*(setting.position + turn @ at), *matrix_quaternion(turn @ own)) for at, own in frames]


def rise(p: Played, height: float) -> None:
    """Lift the first object [m]."""
    p.scene.object_position[:, 0, 2] += height
    p.scene.object_centre[:, 0, 2] += height

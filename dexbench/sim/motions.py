"""Motions of recorded episodes, and how far those of one run are from those of another on the same trials."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import DataError
from dexbench.core.schema import Array, Observation
from dexbench.core.shelf import load_embodiment, load_task
from dexbench.core.trial import Outcome, Trial
from dexbench.core.world import World
from dexbench.data.keypoints import Keypoints
from dexbench.evaluation.playback import replay
from dexbench.evaluation.record import Row
from dexbench.grasp.motion_error import joint_position_error, smallest_distance, variance_errors, vertex_offset
from dexbench.objects.catalogue import load_object


@dataclass(frozen=True)
class Motion:
    """What the hands did in one episode."""

    points: Array
    """(T, P, 3) of the hands' points in the cell frame [m]: see data.keypoints; those that the robot has."""
    target: Array
    """(S, 3) surface points of the named object at the end [m]; (0, 3) where it is not one of the catalogue."""


@dataclass(frozen=True)
class Distance:
    """How far one motion is from another. Lower is better."""

    index: int
    """Row of the suite's table."""
    mpjpe: float
    """Mean distance of joints over frames [m]."""
    ave: float
    """Mean difference of the joints' variances over time [m^2]."""
    ave_deviation: float
    """The same of standard deviations [m]."""
    offset: float
    """verts.offset: mean distance of the hands' points at the end [m]."""
    min_dist: float
    """Difference of the least distances between hand and object at the end [m]."""


class _Tape:
    """Watches joint positions."""

    def __init__(self) -> None:
        self.frames: dict[int, list[Array]] = {}
        self.last: dict[int, Observation] = {}
        self._running: dict[int, int] = {}

    def began(self, index: int, world: int, trial: Trial) -> None:
        self._running[world] = index
        self.frames[index] = []

    def stepped(self, worlds: Sequence[int], action: Array, observation: Observation, outcome: Outcome) -> None:
        for row, world in enumerate(worlds):
            index = self._running[world]
            self.frames[index].append(observation["joint_position"][row].astype(np.float64))
            self.last[index] = {"object_pose": observation["object_pose"][row].astype(np.float64)}


def motions(
    rows: Sequence[Row], build: Callable[[str, str, int, tuple[str, ...]], World]
) -> Iterator[tuple[int, Motion]]:
    """Yield the place in `rows` and the motion of each record, simulated again, as they end.

    Args:
      rows: of one task and embodiment, with their actions.
      build: makes n worlds of a task and embodiment with observation groups.
    """
    if not rows:
        return
    task, embodiment = rows[0]["trial"]["task"], rows[0]["embodiment"]
    robot: Embodiment = load_embodiment(embodiment)
    keypoints = Keypoints(robot)
    world = build(task, embodiment, min(8, len(rows)), ("state", "objects"))
    tape = _Tape()
    for ended in replay(world, rows, load_task(task).horizon, [tape]):
        index = ended.index
        points = keypoints(np.stack(tape.frames.pop(index)))[1]
        pose = tape.last.pop(index)["object_pose"][ended.trial.target]
        yield index, Motion(points[:, keypoints.present].astype(np.float64), _surface(ended.trial, pose))


def distance(index: int, motion: Motion, truth: Motion) -> Distance:
    """Return how far `motion` is from `truth`, over as many frames as the truth has; a shorter one stays at its end."""
    count = len(truth.points)
    order = np.minimum(np.arange(count), len(motion.points) - 1)
    found = motion.points[order]
    surface = truth.target if len(truth.target) else np.zeros((1, 3))
    known = bool(len(truth.target))
    return Distance(
        index,
        float(joint_position_error(found, truth.points)),
        float(variance_errors(found, truth.points).mean()),
        float(variance_errors(found, truth.points, deviations=True).mean()),
        float(vertex_offset(found[-1], truth.points[-1])),
        smallest_distance(found[-1], surface, truth.points[-1]) if known else float("nan"),
    )


def paired(rows: Sequence[Row], truth: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Return the rows of two runs that ran the same trial on the same robot, the truth's only where it succeeded.

    Raises:
      DataError: there is no such pair.
    """
    known = {_key(r): r for r in truth if r["success"]}
    pairs = [(r, known[_key(r)]) for r in rows if _key(r) in known]
    if not pairs:
        raise DataError("the two runs share no trial in which the reference succeeded: give runs of the same suite")
    return pairs


def _key(row: Row) -> tuple[str, str]:
    return Trial.from_row(row["trial"]).digest(), str(row["embodiment"])


def _surface(trial: Trial, pose: Array) -> Array:
    placed = trial.named
    if placed is None:
        return np.zeros((0, 3))
    turn = np.empty(9)
    mujoco.mju_quat2Mat(turn, pose[3:])
    return load_object(placed.instance).points * placed.scale @ turn.reshape(3, 3).T + pose[:3]

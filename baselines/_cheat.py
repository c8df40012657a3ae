"""What cheats have in common: they know where objects are, and move palms along lines, minding nothing in the way."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import mujoco
import numpy as np

from dexbench.core.agent import AgentSpec
from dexbench.core.schema import Array, Observation
from dexbench.core.world import WorldSpec
from dexbench.objects.catalogue import load_object
from dexbench.robots.kinematics import LEVER, Reach, Solution

from ._hand_shapes import HandShapes
from ._poses import quaternion_of

STEP = 0.03
"""Between the points of a line [m]."""
FAR = 0.03
"""How far from where it should be a palm is taken to be stuck [m]."""
USUAL = 0.06
"""Extent of what a cheat knows nothing of [m]."""
BELOW = -0.5
"""Height below which an object is parked, not present [m]."""
UP = np.array([0.0, 0.0, 1.0])
MIDDLE = np.array([0.62, 0.0, 0.05])
"""Where a cheat goes that sees nothing: the middle of the table."""

Script = Iterator[Array]


@dataclass
class Course:
    """What goes on in one world."""

    instruction: str
    rng: np.random.Generator
    command: Array
    seen: dict[str, Array] = field(default_factory=dict)
    script: Script | None = None


class Cheat(ABC):
    """Plays `script` in every world: it yields one command a tick, for ever.

    Poses of palms are tried in several orientations, and what is nearest is taken: a cheat need not be exact.
    """

    name = "cheat"
    version = "1"

    def __init__(self, world: WorldSpec) -> None:
        self.world, self.robot = world, world.embodiment
        self.sides: tuple[str, ...] = tuple(self.robot.sides)
        self.reach = {side: Reach(self.robot, side) for side in self.sides}
        actuators = [a.name for a in self.robot.actuators]
        self._chain = {s: np.array([actuators.index(j) for j in r.joints]) for s, r in self.reach.items()}
        self._hand = {s: self.robot.actuator_index(s, "hand") for s in self.sides}
        self._shapes = {s: HandShapes(self.robot, s) for s in self.sides}
        self.period = 1.0 / world.action.rate_hz
        self.labels = tuple(world.observations["object_pose"].labels)
        """Names of what stands there, "object_0", "cabinet", "cabinet/drawer" ..., in the order of the poses."""
        self._courses: dict[int, Course] = {}
        self.spec = AgentSpec(
            self.name,
            self.version,
            ("object_pose", "target", "object_kind"),
            world.action,
            embodiment=self.robot.name,
        )

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        """Start episodes."""
        for world, instruction, seed in zip(worlds, instructions, seeds, strict=True):
            self._courses[world] = Course(instruction, np.random.default_rng(seed), self.robot.home.copy())

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Return the next row of each world's script, (n, 1, actuators)."""
        rows = np.empty((len(worlds), 1, len(self.robot.actuators)))
        for i, world in enumerate(worlds):
            course = self._courses[world]
            course.seen = {name: observation[name][i] for name in self.spec.observations}
            if course.script is None:
                course.script = self.script(course)
            course.command = next(course.script)
            rows[i, 0] = course.command
        return rows

    @abstractmethod
    def script(self, course: Course) -> Script:
        """Yield commands for ever."""

    # What there is.

    def present(self, course: Course) -> list[int]:
        """Return the places in `labels` of what stands there and is seen; links of articulated objects are left out."""
        poses = course.seen["object_pose"]
        return [
            k
            for k, name in enumerate(self.labels)
            if "/" not in name and poses[k, 2] > BELOW and np.abs(poses[k]).max() > 0
        ]

    def named(self, course: Course) -> int | None:
        """Return the place of the object that the task is about: the target, else the nearest that is seen; or None."""
        there = self.present(course)
        target = int(np.argmax(course.seen["target"]))
        if course.seen["target"][target] > 0 and target in there:
            return target
        return min(there, key=lambda k: float(np.linalg.norm(self.at(course, k) - MIDDLE)), default=None)

    def at(self, course: Course, k: int | None) -> Array:
        """Return the position (3,) of what stands in place `k` [m]; the middle of the table for None."""
        return MIDDLE.copy() if k is None else course.seen["object_pose"][k, :3].astype(np.float64)

    def extent(self, course: Course, k: int | None, direction: Array) -> float:
        """Return how far object `k` reaches from its origin along `direction` (3,) [m]; USUAL for what is not known."""
        kind = -1 if k is None else int(course.seen["object_kind"][k])
        if kind < 0:
            return USUAL
        turn = np.empty(9)
        mujoco.mju_quat2Mat(turn, course.seen["object_pose"][k, 3:].astype(np.float64))
        points = load_object(self.world.pool[kind]).points @ turn.reshape(3, 3).T
        return float((points @ direction).max())

    def nearest_side(self, point: Array) -> str:
        """Return the side whose base is nearest to a point (3,)."""
        return min(self.sides, key=lambda s: float(np.linalg.norm(self.base(s) - point[:2])))

    def base(self, side: str) -> Array:
        """Return where the arm of a side stands, (2,) [m]."""
        return np.array(self.robot.parts[side].base_position, np.float64)[:2]

    # How a hand is turned.

    def palm(self, ahead: Array, fingers: Array) -> Array:
        """Return the quaternion of a palm that faces `ahead` with its fingers towards `fingers`, (3,) each."""
        z = ahead / np.linalg.norm(ahead)
        if np.linalg.norm(np.cross(z, fingers)) < 1e-6:  # any way across will do
            fingers = np.roll(z, 1)
        y = fingers - (fingers @ z) * z
        y /= np.linalg.norm(y)
        return quaternion_of(np.column_stack([np.cross(y, z), y, z]))

    def facing(self, ahead: Array) -> list[Array]:
        """Return quaternions of a palm that faces `ahead` (3,) with its fingers down, aslant, or to either side."""
        across = np.cross(ahead, UP) if abs(ahead[2]) < 0.9 * np.linalg.norm(ahead) else np.array([1.0, 0, 0])
        return [self.palm(ahead, f) for f in (across, -across, -UP + 0.01 * ahead, across - UP, -across - UP)]

    def down(self, out: Array) -> list[Array]:
        """Return quaternions of a palm that faces the table with its fingers towards `out` (3,), or a little turned."""
        sideways = np.cross(UP, out)
        return [self.palm(-UP, out + turn * sideways) for turn in (0.0, 0.5, -0.5, 1.0, -1.0)]

    # How hands get there.

    def shaped(self, course: Course, command: Array, side: str, closed: float) -> Array:
        """Return `command` with the fingers of a side so far closed: 0 as at home, 1 a fist."""
        shapes, full, hand = self._shapes[side], command.copy(), self._hand[side]
        home = self.robot.home[hand]
        wrist = np.isin(hand, self._chain[side])
        full[hand] = np.where(wrist, full[hand], home + closed * (shapes.closed - home))
        return full

    def posed(self, command: Array, side: str, position: Array, turns: Sequence[Array], steps: int = 40) -> Array:
        """Return `command` with the palm of a side at `position` (3,), turned as is reached best."""
        chain, reach = self._chain[side], self.reach[side]
        solved = [reach.solve(position, turn, command[chain], steps) for turn in turns]
        best = min(solved, key=_missed)
        if best.position_error > FAR:  # stuck: from home instead
            best = min([best, *(reach.solve(position, turn, None, steps) for turn in turns[:1])], key=_missed)
        full = command.copy()
        full[chain] = best.q
        return full

    def go(
        self, course: Course, places: Mapping[str, tuple[Array, Sequence[Array]]], seconds: float, closed: float = 0.0
    ) -> Script:
        """Move palms to {side: (position, quaternions)} in so many seconds, joints together."""
        goal = course.command
        for side, (position, turns) in places.items():
            goal = self.shaped(course, self.posed(goal, side, position, turns), side, closed)
        yield from self.ramp(course, goal, seconds)

    def push(
        self, course: Course, ends: Mapping[str, Array], turn: Mapping[str, Array], seconds: float, closed: float = 0.0
    ) -> Script:
        """Move palms along straight lines to {side: end (3,)}, turned as {side: quaternion}, side by side."""
        starts = {side: self.reach[side].pose(course.command[self._chain[side]])[0] for side in ends}
        longest = max(float(np.linalg.norm(ends[s] - starts[s])) for s in ends)
        steps = max(1, round(longest / STEP))
        for t in np.linspace(0, 1, steps + 1)[1:]:
            goal = course.command
            for side, end in ends.items():
                goal = self.posed(goal, side, starts[side] + t * (end - starts[side]), [turn[side]], 15)
                goal = self.shaped(course, goal, side, closed)
            yield from self.ramp(course, goal, seconds / steps)

    def turned(self, course: Course, side: str) -> Array:
        """Return the quaternion that the palm of a side is sent to at present."""
        return self.reach[side].pose(course.command[self._chain[side]])[1]

    def ramp(self, course: Course, goal: Array, seconds: float) -> Script:
        """Go to a command evenly."""
        start, ticks = course.command, max(1, round(seconds / self.period))
        for t in np.arange(1, ticks + 1) / ticks:
            yield start + t * (goal - start)

    def stay(self, course: Course, seconds: float) -> Script:
        """Keep the command."""
        for _ in range(max(1, round(seconds / self.period))):
            yield course.command

    def home(self, course: Course) -> Generator[Array, None, None]:
        """Go home over the table: up first."""
        for side in self.sides:
            here = self.reach[side].pose(course.command[self._chain[side]])[0]
            if here[2] < 0.25:
                up = np.array([here[0], here[1], 0.28])
                yield from self.push(course, {side: up}, {side: self.turned(course, side)}, 0.5)
        yield from self.ramp(course, self.robot.home, 0.8)


def level(vector: Array) -> Array:
    """Return the direction of `vector` (3,) in the plane of the table, (3,) of length 1; forward for none."""
    flat = np.array([vector[0], vector[1], 0.0])
    size = float(np.linalg.norm(flat))
    return flat / size if size > 1e-6 else np.array([1.0, 0.0, 0.0])


def _missed(solution: Solution) -> float:
    return solution.position_error + 0.3 * LEVER * solution.rotation_error

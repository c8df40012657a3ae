"""What the scripted agent sees, and how it moves: generators that yield one command a control tick.

They are run with `yield from`; those that may fail return whether they succeeded.
"""

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dexbench.core.schema import Array, Observation
from dexbench.core.world import WorldSpec
from dexbench.objects.catalogue import load_object
from dexbench.objects.model import ObjectModel

from ._hand_shapes import HandShapes
from ._planner import Planner, timed
from ._vain import Vain

ARRIVED = 0.02
"""Largest difference between arm joints and their targets at which a motion counts as over [rad]."""
PATIENCE = 25
"""Ticks waited for that at most."""
Commands = Generator[Array, None, None]
Attempt = Generator[Array, None, bool]


@dataclass
class Episode:
    """What goes on in one world."""

    instruction: str
    command: Array
    """(A,) sent last [rad]."""
    seen: Observation = field(default_factory=dict)
    """The newest observation, this world's rows; replaced in place."""
    script: Iterator[Array] | None = None
    tried: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    """Grasps tried already, by side and object."""
    vain: Vain = field(default_factory=Vain)


class Motions:
    """Perception and motion, without grasping."""

    observes = ("joint_position", "palm_pose", "object_pose", "object_kind", "target")
    """Observation fields that it reads wherever it works."""

    def __init__(self, world: WorldSpec, **settings: Any) -> None:
        """Prepare for what `world` declares; `settings` are for scripts that have any."""
        self.world, self.robot, self.settings = world, world.embodiment, settings
        robot = self.robot
        self.rest = robot.home
        """(A,) where it goes home [rad]; a script may choose another place."""
        self.sides: Sequence[str] = robot.sides
        """Hands that it uses."""
        self.period = 1.0 / world.action.rate_hz
        self.planner = Planner(world)
        self.around = self.planner.around
        self.shapes = {side: HandShapes(robot, side) for side in robot.sides}
        """Shapes of each side's hand by the roles of its motors."""
        self._arm = robot.actuator_index(part="arm")
        self._arm_joints = robot.joint_index(part="arm")

    # --- What is seen ----------------------------------------------------------------------------------------------

    def target(self, e: Episode) -> int:
        """Return which object the instruction names, as an index into the observed ones."""
        return int(np.argmax(e.seen["target"]))

    def index(self, name: str) -> int:
        """Return which observed object has this name, for example "cabinet/drawer_top"."""
        return self.around.names.index(name)

    def pose(self, e: Episode, k: int) -> Array:
        """Return (7,) where object k is."""
        return np.asarray(e.seen["object_pose"][k], float)

    def palm(self, e: Episode, side: str) -> Array:
        """Return (7,) where a palm is."""
        return np.asarray(e.seen["palm_pose"][list(self.robot.sides).index(side)], float)

    def model(self, e: Episode, k: int) -> ObjectModel:
        """Return what stands in slot k."""
        return load_object(self.world.pool[int(e.seen["object_kind"][k])])

    def nearest(self, point: Array) -> list[str]:
        """Return the sides, the one whose arm stands nearer to `point` first."""
        bases = {s: np.array(self.robot.parts[s].base_position)[:2] for s in self.sides}
        return sorted(self.sides, key=lambda s: float(np.linalg.norm(bases[s] - point[:2])))

    # --- Motions ---------------------------------------------------------------------------------------------------

    def move(self, e: Episode, points: Sequence[Array], least: float = 0.2) -> Commands:
        """Go through commands (A,), smoothly, in `least` seconds or longer."""
        yield from timed(self.robot.limits.velocity, self.period, [e.command, *points], least)

    def settle(self, e: Episode) -> Generator[Array, None, int]:
        """Wait until the arms are where they were sent; return for how many ticks."""
        for tick in range(PATIENCE):
            off = e.seen["joint_position"][self._arm_joints] - e.command[self._arm]
            if np.abs(off).max() < ARRIVED:
                return tick
            yield e.command
        return PATIENCE

    def wait(self, e: Episode, seconds: float) -> Commands:
        """Stay."""
        for _ in range(round(seconds / self.period)):
            yield e.command

    def stay(self, e: Episode) -> Commands:
        """Stay for ever."""
        while True:
            yield e.command

    def home(self, e: Episode, side: str = "") -> Commands:
        """Go home, with everything or with one side."""
        goal = self.rest
        if side:
            own = np.union1d(self.planner.chain[side], self.planner.hand[side])
            goal = e.command.copy()
            goal[own] = self.rest[own]
        yield from self.move(e, [goal], 0.5)
        yield from self.settle(e)
        yield e.command

    def fingers(self, e: Episode, side: str, hand: Array, seconds: float = 0.4) -> Commands:
        """Bring one hand's motors to `hand` (H,) [rad]; the wrist stays."""
        chain = e.command[self.planner.chain[side]]
        yield from self.move(e, [self.planner.command(e.command, side, chain, hand)], seconds)

    def reach(
        self, e: Episode, side: str, pose: Array, hand: Array | None = None, ignore: Collection[int] = ()
    ) -> Attempt:
        """Bring a palm to `pose` (7,) through free space, objects `ignore` excepted; return whether there is a way."""
        self.around.see(e.seen, ignore)
        for room in (True, False):
            self.around.keep(room)
            for chain in self.planner.postures(side, pose[:3], pose[3:]):
                goal = self.planner.command(e.command, side, chain, hand)
                if self.around.collides(goal, ignore) or self.around.sweep(e.command, goal, ignore):
                    continue
                yield from self.move(e, [goal])
                yield from self.settle(e)
                return True
        return False

    def straight(
        self, e: Episode, side: str, pose: Array, seconds: float = 0.6, steps: int = 8, hand: Array | None = None
    ) -> Attempt:
        """Bring a palm to `pose` (7,) on a straight line, whatever is met; return whether the arm can."""
        chain = e.command[self.planner.chain[side]]
        start, turn = self.planner.reach[side].pose(chain)
        found = self.planner.line(side, start, pose[:3], np.stack([turn, pose[3:]]), chain, steps)
        if found is None:
            return False
        yield from self.move(e, [self.planner.command(e.command, side, q, hand) for q in found], seconds)
        yield from self.settle(e)
        return True

    def together(self, e: Episode, acts: Mapping[str, Callable[[Episode], Generator[Array, None, Any]]]) -> Commands:
        """Run one skill a side at the same time, until all are over.

        Args:
          e: the episode.
          acts: for each side, what to run with an episode of its own: `lambda b: skills.home(b, "left")`.
        """
        running = {}
        for side, act in acts.items():
            own = replace(e, command=e.command.copy())
            running[side] = (own, act(own), np.union1d(self.planner.chain[side], self.planner.hand[side]))
        while running:
            command = e.command.copy()
            for side, (own, steps, places) in list(running.items()):
                try:
                    own.command = next(steps)
                except StopIteration:
                    del running[side]
                else:
                    command[places] = own.command[places]
            if running:
                yield command

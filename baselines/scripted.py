"""Scripted expert: grasps from a library made by search, reached by inverse kinematics, retried if they fail."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dexbench.core.agent import AgentSpec
from dexbench.core.errors import ContractError, DexBenchError
from dexbench.core.schema import Array, Observation
from dexbench.core.world import WorldSpec
from dexbench.grasp.library import Grasps, has_grasps, load_grasps
from dexbench.objects.catalogue import instances, load_object
from dexbench.objects.model import ObjectModel

from ._planner import Planner, Reached, timed
from ._symmetry import mirror

OBSERVES = ("state", "objects")
CONTROL = False
VERSION = "3"

ARRIVED = 0.02
"""Largest difference between arm joints and their targets at which a motion counts as over [rad]."""
PATIENCE = 25
"""Ticks waited for that at most."""
PROMPT = 8
"""Ticks of it that an arm needs at most which follows its commands closely."""
WIDER, WIDEST = 0.3, 0.15
"""How much further the hand on an arm that lags opens while it comes: share of the way from squeeze to opening, and at
most so much [rad]. Without it a thumb meets a tray's handle on the way and pushes the arm aside."""
RISEN = 0.05
"""Rise of the object after lifting that counts as held [m]."""


@dataclass
class _Episode:
    """What goes on in one world."""

    instruction: str
    script: Iterator[Array] | None = None
    tried: dict[str, set[int]] = field(default_factory=dict)
    command: Array = field(default_factory=lambda: np.zeros(0))
    seen: dict[str, Array] = field(default_factory=dict)


class Scripted:
    """Picks up what the instruction names; with two hands where the object has a handle for each."""

    name = "scripted"

    def __init__(self, world: WorldSpec) -> None:
        self._world = world
        self._robot = world.embodiment
        self.hand = self._robot.parts["right"].hand.name if "right" in self._robot.sides else ""
        if not self.hand:
            raise ContractError("the scripted agent needs a right hand: its grasps are those of one")
        if not has_grasps(self.hand):
            raise ContractError(
                f"the {self.name} agent has no grasps for hand {self.hand!r}; search for some with: "
                f"dexbench train scripted --embodiment {self._robot.name}"
            )
        self.sides_used = self._robot.sides
        """Hands that it uses."""
        self._period = 1.0 / world.action.rate_hz
        slots = world.observations["object_pose"].shape[0]
        self._names = {load_object(i).phrase: i for i in instances()}
        self._planner = Planner(self._robot, tuple(self._names.values()), slots)
        self._arm = self._robot.actuator_index(part="arm")
        self._arm_joints = self._robot.joint_index(part="arm")
        self._episodes: dict[int, _Episode] = {}

    @property
    def spec(self) -> AgentSpec:
        """What this agent declares."""
        return AgentSpec(
            name=self.name,
            version=VERSION,
            observations=("joint_position", "object_pose", "target"),
            action=self._world.action,
            embodiment=self._robot.name,
        )

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        """Start episodes; nothing here is random."""
        for world, instruction in zip(worlds, instructions, strict=True):
            self._episodes[world] = _Episode(instruction, command=self._robot.home.copy())

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Return the next row of each world's script."""
        rows = np.empty((len(worlds), 1, len(self._robot.actuators)))
        for i, world in enumerate(worlds):
            episode = self._episodes[world]
            episode.seen = {name: observation[name][i] for name in self.spec.observations}
            if episode.script is None:
                episode.script = self._script(episode)
            episode.command = next(episode.script)
            rows[i, 0] = episode.command
        return rows

    def _script(self, episode: _Episode) -> Iterator[Array]:
        """Yield one command a tick, for ever: attempts until the object is held, then hold."""
        model = self._named(episode.instruction)
        while True:
            slot = int(np.argmax(episode.seen["target"]))
            plan = self._plan(episode, model, slot)
            if not plan:
                yield from self._home(episode)
                yield from self._wait(episode, 1.0)  # what rolls may come to rest; planning at every tick is dear
                continue
            start = float(episode.seen["object_pose"][slot, 2])
            yield from self._attempt(episode, plan)
            if episode.seen["object_pose"][slot, 2] - start > RISEN:
                while episode.seen["object_pose"][slot, 2] - start > RISEN:
                    yield episode.command
            yield from self._let_go(episode, plan)

    def _named(self, instruction: str) -> ObjectModel:
        found = [name for phrase, name in self._names.items() if phrase in instruction]
        if not found:
            raise DexBenchError(f"no object of the catalogue is named in {instruction!r}")
        return load_object(max(found, key=lambda n: len(load_object(n).phrase)))

    def _plan(self, episode: _Episode, model: ObjectModel, slot: int) -> list[Reached]:
        """Return one side's grasp, or both sides' for an object with two handles; empty if none is reached."""
        poses = episode.seen["object_pose"].astype(np.float64)
        present = [k for k in range(len(poses)) if k != slot and poses[k, 2] > -0.5]
        self._planner.set_scene(model.name, poses[slot], poses[present, :3])
        two = {"handle_right", "handle_left"} <= {p.name for p in model.parts}
        sides = self.sides_used if two else sorted(self.sides_used, key=lambda s: self._far(s, poses[slot]))
        plan: list[Reached] = []
        base = episode.command
        for side in sides:
            found = self._planner.grasp(
                side, model, poses[slot], self._grasps(side, model), base, frozenset(episode.tried.get(side, ()))
            )
            if found is not None:
                plan.append(found)
                episode.tried.setdefault(side, set()).add(found.row)
                base = self._planner.command(base, side, found.standoff, found.pregrasp)
                if not two:
                    break
        if not plan:
            episode.tried.clear()
        return plan if not two or len(plan) == len(sides) else []

    def _far(self, side: str, pose: Array) -> float:
        return float(np.linalg.norm(np.array(self._robot.parts[side].base_position)[:2] - pose[:2]))

    def _grasps(self, side: str, model: ObjectModel) -> Grasps:
        found = load_grasps(self.hand, model.name)
        return found if side == "right" else mirror(found, self._robot.parts[side].hand)

    def _attempt(self, episode: _Episode, plan: Sequence[Reached]) -> Iterator[Array]:
        """Reach, approach, close, squeeze, lift: all sides of the plan together."""
        lags = yield from self._close(episode, plan)
        lift = self._through(episode, plan, [p.lift for p in plan], closed=True)
        yield from self._move(episode, lift, 2.5 if lags else 1.0)
        yield from self._settle(episode)

    def _close(self, episode: _Episode, plan: Sequence[Reached]) -> Generator[Array, None, bool]:
        """Reach, approach, close and squeeze; return whether an arm lags: it goes step by step, to keep to its line."""
        waited = 0
        for found in plan:  # one arm after the other: so it was planned, and so they stay clear of each other
            yield from self._move(episode, self._through(episode, [found], [[found.standoff]], closed=False))
            waited = max(waited, (yield from self._settle(episode)))
        lags = waited > PROMPT
        coming = [self._wider(p) for p in plan] if lags else plan
        points = self._through(episode, coming, [p.approach for p in coming], closed=False)
        for leg in [[p] for p in points] if lags else [points]:
            yield from self._move(episode, leg, 0.6 * len(leg) / len(points))
            yield from self._settle(episode)
        yield from self._move(episode, self._through(episode, plan, [[p.approach[-1]] for p in plan], closed=True), 0.5)
        yield from self._wait(episode, 0.4)
        return lags

    def _wider(self, found: Reached) -> Reached:
        """Return the plan with the hand opened further, for an arm that strays from its line by some millimetres."""
        hand = self._robot.actuator_index(found.side, "hand")
        further = np.clip(WIDER * (found.pregrasp - found.squeeze), -WIDEST, WIDEST)
        limits = self._robot.limits
        return replace(found, pregrasp=np.clip(found.pregrasp + further, limits.lower[hand], limits.upper[hand]))

    def _through(
        self, episode: _Episode, plan: Sequence[Reached], chains: Sequence[Sequence[Array]], closed: bool
    ) -> list[Array]:
        """Return commands through `chains`, one list of chain angles for each side of the plan."""
        points = []
        for k in range(len(chains[0])):
            command = episode.command
            for found, chain in zip(plan, chains, strict=True):
                hand = found.squeeze if closed else found.pregrasp
                command = self._planner.command(command, found.side, chain[k], hand)
            points.append(command)
        return points

    def _let_go(self, episode: _Episode, plan: Sequence[Reached]) -> Iterator[Array]:
        """Open and back away, upwards."""
        yield from self._move(episode, self._through(episode, plan, [[p.lift[-1]] for p in plan], closed=False), 0.4)
        yield from self._wait(episode, 0.3)
        yield from self._home(episode)

    def _home(self, episode: _Episode) -> Iterator[Array]:
        yield from self._move(episode, [self._robot.home], 0.5)
        yield from self._settle(episode)
        yield episode.command

    def _move(self, episode: _Episode, points: Sequence[Array], least: float = 0.2) -> Iterator[Array]:
        yield from timed(self._robot.limits.velocity, self._period, [episode.command, *points], least)

    def _settle(self, episode: _Episode) -> Generator[Array, None, int]:
        """Wait until the arms are where they were sent; return for how many ticks."""
        for tick in range(PATIENCE):
            off = episode.seen["joint_position"][self._arm_joints] - episode.command[self._arm]
            if np.abs(off).max() < ARRIVED:
                return tick
            yield episode.command
        return PATIENCE

    def _wait(self, episode: _Episode, seconds: float) -> Iterator[Array]:
        for _ in range(round(seconds / self._period)):
            yield episode.command


def make(world: WorldSpec, **settings: Any) -> Scripted:
    """Return the expert for `world`; it has no settings."""
    if settings:
        raise ContractError(f"the scripted agent has no settings; {', '.join(settings)} was given")
    return Scripted(world)

"""Scripted expert: grasps from a library made by search, reached by inverse kinematics, retried if they fail.

What it does is written down for each task in `_script_<task>.py`; a task without such a file is one of picking up.
"""

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from dexbench.core.agent import AgentSpec
from dexbench.core.errors import ContractError
from dexbench.core.schema import Array, Observation
from dexbench.core.world import WorldSpec

from ._motions import Episode
from ._skills import Skills

OBSERVES = ("state", "objects", "kinds")
CONTROL = False
VERSION = "6"
"""Of what scripts share. A script that was changed since has a REVISION, so that only its tasks are measured again."""


class Scripted:
    """Runs the task's script in every world."""

    name = "scripted"
    skills: type[Skills] = Skills
    """What it can do; cheats can less, or other things."""

    def __init__(self, world: WorldSpec, **settings: Any) -> None:
        self._world = world
        script = _script_of(world.task)
        known = getattr(script, "SETTINGS", ())
        if unknown := sorted(set(settings) - set(known)):
            raise ContractError(
                f"the {self.name} agent has no setting {', '.join(unknown)} for {world.task}; it has "
                f"{', '.join(known) or 'none'}"
            )
        extra = tuple(getattr(script, "OBSERVES", ()))
        joints = ("articulation",) if any(f.name == "articulation" for f in world.observations.fields) else ()
        self._fields = (*self.skills.observes, *joints, *extra)
        revision = getattr(script, "REVISION", 0)
        self._version = f"{VERSION}.{revision}" if revision else VERSION
        self._script: Callable[[Skills, Episode], Iterator[Array]] = script.script
        self._skills = self.skills(world, **settings)
        self._episodes: dict[int, Episode] = {}
        self._due: dict[int, Array] = {}
        self._broken: dict[int, Exception] = {}

    @property
    def spec(self) -> AgentSpec:
        """What this agent declares."""
        return AgentSpec(
            name=self.name,
            version=self._version,
            observations=self._fields,
            action=self._world.action,
            embodiment=self._world.embodiment.name,
        )

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        """Start episodes; nothing here is random."""
        for world, instruction in zip(worlds, instructions, strict=True):
            self._episodes[world] = Episode(instruction, self._world.embodiment.home.copy())
            self._due.pop(world, None)
            self._broken.pop(world, None)

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        """Return the next row of each world's script.

        If one script breaks down, the others' rows are kept for when their worlds are asked again, one by one.
        """
        for i, world in enumerate(worlds):
            if world not in self._due:
                seen = {name: observation[name][i] for name in self._fields}
                self._due[world] = self._step(world, seen)
        return np.stack([self._due.pop(world) for world in worlds])[:, None]

    def _step(self, world: int, seen: Observation) -> Array:
        """Return the next command (A,) of one script; one that broke down says so again when asked again."""
        if world in self._broken:
            raise self._broken[world]
        episode = self._episodes[world]
        episode.seen.update(seen)
        if episode.script is None:
            episode.script = self._script(self._skills, episode)
        try:
            episode.command = next(episode.script)
        except Exception as error:
            self._broken[world] = error
            raise
        return episode.command


def _script_of(task: str) -> Any:
    """Return the module with the script of a task, named with or without its version."""
    own = f"{__package__}._script_{task.rpartition('-v')[0] or task}"
    return import_module(own if find_spec(own) else f"{__package__}._script_pick")


def make(world: WorldSpec, **settings: Any) -> Scripted:
    """Return the expert for `world`; some scripts have settings."""
    return Scripted(world, **settings)

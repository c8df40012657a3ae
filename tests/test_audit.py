"""Audit of the success rules with policies that should fail, and with the expert that should not."""

from collections.abc import Sequence

import numpy as np
import pytest

from dexbench.baselines.scripted import Scripted
from dexbench.core import shelf
from dexbench.core.agent import Agent
from dexbench.core.rollout import Ended, rollout
from dexbench.core.task import Task
from dexbench.core.world import WorldSpec
from dexbench.sim.world import SimWorld

CHEATS = [a for a in shelf.names(shelf.AGENTS) if shelf.constants(shelf.AGENTS, a).get("CONTROL")]
CELLS = [("grasp_object", "shadow_ur10e"), ("lift_tray", "shadow_ur10e_bimanual")]


class OneHanded(Scripted):
    """The expert with its left hand in its pocket."""

    def __init__(self, world: WorldSpec) -> None:
        super().__init__(world)
        self._skills.sides = ("right",)


def run(agent: str | type[Scripted], task_name: str, embodiment: str, seeds: Sequence[int]) -> tuple[Task, list[Ended]]:
    """Run an agent through freshly drawn seen trials."""
    task = shelf.load_task(task_name)
    world = SimWorld(task, embodiment, len(seeds), groups=("state", "objects", "kinds"))
    actor: Agent = shelf.load_agent(agent, world.spec) if isinstance(agent, str) else agent(world.spec)
    trials = [task.place(np.random.default_rng(s), "seen") for s in seeds]
    return task, list(rollout(actor, world, trials, task.horizon))


def test_there_are_cheats_to_ask() -> None:
    assert {"zero", "random", "replay", "hover", "slam", "throw"} <= set(CHEATS)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("cheat", CHEATS)
def test_cheats_fail(cheat: str, cell: tuple[str, str]) -> None:
    task, ends = run(cheat, *cell, seeds=(101, 102))
    assert [bool(getattr(e.outcome, task.official)[e.world]) for e in ends] == [False, False]
    assert not [e.agent_error or e.world_error for e in ends if e.agent_error or e.world_error]


@pytest.mark.parametrize("cell", CELLS)
def test_the_expert_does_not(cell: tuple[str, str]) -> None:
    task, ends = run("scripted", *cell, seeds=(101, 103, 104))
    assert sum(bool(getattr(e.outcome, task.official)[e.world]) for e in ends) >= 2


def test_one_hand_does_not_lift_the_tray() -> None:
    """By the expert's own grasp of one handle: the tray turns in the hand, its far end stays on the table."""
    task, ends = run(OneHanded, "lift_tray", "shadow_ur10e_bimanual", (101, 103))
    for end in ends:
        assert not end.outcome.success_once[end.world]
        assert task.failures[end.outcome.failure[end.world]] in ("one_handed", "tilted")

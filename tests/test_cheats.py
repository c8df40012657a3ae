"""Policies that should fail, and the expert that should not, asked about success rules."""

from collections.abc import Sequence
from itertools import islice
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dexbench.baselines import replay
from dexbench.baselines._motions import Episode
from dexbench.core import shelf
from dexbench.core.errors import ContractError, DataError
from dexbench.core.rollout import Ended, rollout
from dexbench.core.schema import Array, Observation
from dexbench.core.task import Task
from dexbench.core.world import WorldSpec
from dexbench.evaluation.packing import pack
from dexbench.sim.world import SimWorld

CHEATS = [a for a in shelf.names(shelf.AGENTS) if shelf.constants(shelf.AGENTS, a).get("CONTROL")]
GRASP, TRAY = ("grasp_object", "shadow_ur10e"), ("lift_tray", "shadow_ur10e_bimanual")
CELLS = [GRASP, TRAY]
ASKED = [(c, cell) for c in ("zero", "random", "replay", "hover", "slam", "throw") for cell in CELLS]


def run(agent: str, task_name: str, embodiment: str, seeds: Sequence[int], **settings: Any) -> tuple[Task, list[Ended]]:
    """Run an agent through freshly drawn seen trials."""
    task = shelf.load_task(task_name)
    world = SimWorld(task, embodiment, len(seeds), groups=("state", "objects", "kinds"))
    actor = shelf.load_agent(agent, world.spec, **settings)
    trials = [task.place(np.random.default_rng(s), "seen") for s in seeds]
    return task, list(rollout(actor, world, trials, task.horizon))


def test_there_are_cheats_to_ask() -> None:
    known = {"zero", "random", "replay", "hover", "slam", "throw", "wedge", "forearm", "shake", "shove", "close_empty"}
    assert known | {"half", "one_hand", "numb", "pretend"} <= set(CHEATS)


@pytest.mark.parametrize(("cheat", "cell"), [*ASKED, ("wedge", GRASP), ("shake", GRASP), ("forearm", TRAY)])
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
    task, ends = run("one_hand", *TRAY, (101, 103), side="right")
    for end in ends:
        assert not end.outcome.success_once[end.world]
        assert task.failures[end.outcome.failure[end.world]] in ("one_handed", "tilted")


def test_replay_plays_in_each_trial_what_was_recorded_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    world = SimWorld(*GRASP, 1, groups=("state",)).spec
    count, seeds = len(world.action.actuators), (20, 21, 22)
    rows = [
        {
            "index": i,
            "embodiment": GRASP[1],
            "success": True,
            "trial": {"task": world.task, "seed": seed},
            "actions": pack(np.full((2, count), float(seed))),
        }
        for i, seed in enumerate(seeds)
    ]
    monkeypatch.setattr(replay, "load_run", lambda *_, **__: SimpleNamespace(episodes=rows))
    agent = replay.make(world, run="runs/expert")
    agent.reset(range(60), [""] * 60, [*seeds * 10, *range(30, 60)])
    played = agent.act({}, range(60))[:, 0, 0]
    assert not (played[:30] == np.tile(seeds, 10)).any()
    assert set(played[30:].tolist()) == set(map(float, seeds)), "all of them are played"
    one = replay.make(world, run="runs/expert", episode=1)
    one.reset([0], [""], [21])
    assert one.act({}, [0])[0, 0, 0] == 21.0
    rows[1:] = []
    with pytest.raises(ContractError, match=r"holds 1 successes.*two are needed"):
        replay.make(world, run="runs/expert")
    with pytest.raises(DataError, match="no episode 7"):
        replay.make(world, run="runs/expert", episode=7)


@pytest.mark.parametrize("cheat", ["shove", "close_empty", "half"])
def test_a_cheat_with_nothing_to_do_says_so(cheat: str) -> None:
    world = SimWorld("grasp_object", "shadow_ur10e", 1, groups=("state", "objects", "kinds"))
    with pytest.raises(ContractError, match=r"nothing|half"):
        shelf.load_agent(cheat, world.spec)


def test_numb_gives_no_true_touch() -> None:
    """Off: zeros. Shuffled: numbers that were felt, but not when and where; what is inside sees nothing else change."""
    world = SimWorld("grasp_object", "shadow_ur10e", 1, groups=("state", "objects", "kinds", "touch"))
    fields = [f.name for f in world.spec.observations.fields if f.group == "touch"]
    rng = np.random.default_rng(0)
    frames = [
        {f.name: rng.normal(size=(1, *f.shape)).astype(np.float32) for f in world.spec.observations.fields}
        for _ in range(12)
    ]
    for setting in ("off", "shuffled"):
        agent = shelf.load_agent("numb", world.spec, touch=setting)
        heard: list[Observation] = []
        agent.inner = _Ear(world.spec, heard)  # type: ignore[attr-defined]
        agent.reset([0], [""], [7])
        for frame in frames:
            agent.act(frame, [0])
        for given, kept in zip(frames, heard, strict=True):
            assert all(np.array_equal(given[n], kept[n]) for n in given if n not in fields)
            if setting == "off":
                assert not any(kept[n].any() for n in fields)
        if setting == "shuffled":
            name = "touch_net"
            pads = {row.tobytes() for frame in frames for row in frame[name][0]}
            assert all(row.tobytes() in pads for kept in heard for row in kept[name][0])
            assert sum(np.array_equal(a[name], b[name]) for a, b in zip(frames, heard, strict=True)) == 0


class _Ear:
    def __init__(self, world: WorldSpec, heard: list[Observation]) -> None:
        self._heard, self._home = heard, world.embodiment.home

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        pass

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        self._heard.append(observation)
        return self._home[None, None]


@pytest.mark.parametrize("cheat", ["hover", "pretend", "slam", "throw"])
def test_cheats_change_how_a_hand_closes_in_every_script(cheat: str) -> None:
    """Scripts for two hands close them one by one, not around a planned grasp."""
    world = SimWorld(*TRAY, 1, groups=("state", "objects", "kinds")).spec
    robot = world.embodiment
    skills = vars(shelf.load_agent(cheat, world))["_skills"]
    side, home = "left", robot.home
    hand, chain, palm = skills.planner.hand[side], skills.planner.chain[side], skills.planner.reach[side]
    own = np.setdiff1d(hand, chain)  # a wrist goes with the arm
    e = Episode("", home.copy())
    closed = 0.5 * (home + robot.limits.upper)
    commands = []
    for command in islice(skills.fingers(e, side, closed[hand], 0.4), 200):
        e.command = command
        commands.append(command)
    hands = np.stack(commands)[:, own]
    high = max(palm.pose(c[chain])[0][2] for c in commands)
    if cheat in ("hover", "pretend"):
        assert (hands == home[own]).all(), "it stays open"
        assert len(commands) == (200 if cheat == "hover" else 10)
    if cheat == "slam":
        strikes = np.abs(np.diff(np.stack(commands), axis=0)).max(axis=1) > 0.1
        assert strikes.sum() == (len(commands) - 1) // 18, "it never goes on"
    if cheat == "throw":
        lift = high - palm.pose(home[chain])[0][2]
        assert lift > 0.2
        assert np.isclose(hands, closed[own]).all(axis=1).any()
        assert np.allclose(hands[-1], home[own])

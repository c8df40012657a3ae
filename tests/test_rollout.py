"""The one loop: chunks, worlds out of phase, crashes that stay where they happen, refusals before step 0."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dexbench.core.agent import ActionSpec, AgentSpec
from dexbench.core.contract import agree, differences
from dexbench.core.errors import ActionError, ContractError
from dexbench.core.rollout import Ended, rollout
from dexbench.core.schema import Array, Field, Observation, Schema
from dexbench.core.trial import Outcome, Trial
from dexbench.core.world import WorldSpec

PERIOD = 0.04
ACTUATORS = ("right/a", "right/b")


class Robot:
    """As much of an embodiment as the contract looks at."""

    name = "toy"


def trial(length: int, seed: int = 0) -> Trial:
    """Return a trial whose episode is done after `length` steps; 0: never."""
    return Trial("count-v1", "seen", seed, f"count to {length}", 0, (), {"length": float(length)})


class CountingWorld:
    """Counts steps. Observes (trial seed, steps so far); keeps every action it was given."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.spec: Any = WorldSpec(
            task="count-v1",
            embodiment=Robot(),  # type: ignore[arg-type]
            observations=Schema((Field("count", (2,), "1", "", "state"), Field("big", (3, 4), "1", "", "state"))),
            action=ActionSpec(ACTUATORS, 1 / PERIOD),
        )
        self.trials: list[Trial] = [trial(0)] * n
        self.steps = np.zeros(n, np.int64)
        self.given: dict[int, list[Array]] = {}
        self.breaks: dict[int, str] = {}
        self.success = np.zeros(n, bool)

    def _look(self, worlds: Sequence[int]) -> Observation:
        count = np.array([[self.trials[w].seed, self.steps[w]] for w in worlds], np.float32)
        return {"count": count, "big": np.broadcast_to(count[:, :1, None], (len(worlds), 3, 4)).copy()}

    def reset(self, trials: Sequence[Trial], worlds: Sequence[int] | None = None) -> Observation:
        worlds = range(self.n) if worlds is None else worlds
        for w, t in zip(worlds, trials, strict=True):
            self.trials[w], self.steps[w] = t, 0
            self.success[w] = False  # in place, as a task's memory is
            self.given[t.seed] = []
        return self._look(worlds)

    def advance(self, action: Array, worlds: Sequence[int] | None = None) -> Observation:
        worlds = range(self.n) if worlds is None else worlds
        assert list(worlds) == sorted(worlds)
        assert action.shape == (len(worlds), 2)
        for row, w in zip(action, worlds, strict=True):
            self.steps[w] += 1
            self.given[self.trials[w].seed].append(row.copy())
        return self._look(worlds)

    def outcome(self) -> Outcome:
        zero = np.zeros(self.n, np.int64)
        done = np.array([s > 0 and s == t.extra["length"] for s, t in zip(self.steps, self.trials, strict=True)])
        self.success[:] = done
        error = {w: self.breaks[t.seed] for w, t in enumerate(self.trials) if t.seed in self.breaks}
        return Outcome(self.success, self.success, zero, zero, zero * 0.0, zero, done, error)

    def elapsed(self) -> Array:
        return self.steps * PERIOD

    def snapshot(self, worlds: Sequence[int]) -> None:
        return None

    def close(self) -> None:
        """Nothing to close."""


class ChunkAgent:
    """Answers (count seen, row in the chunk); notes for whom it was asked; crashes on one seed if told to."""

    def __init__(self, horizon: int = 1, execute: int = 1, crash: int = -1, at: int = 0) -> None:
        self.spec = AgentSpec(
            "chunks", "1", ("count",), ActionSpec(ACTUATORS, 1 / PERIOD), horizon=horizon, execute=execute
        )
        self.crash, self.at = crash, at
        self.asked: list[list[int]] = []
        self.resets: list[tuple[list[int], list[str], list[int]]] = []

    def reset(self, worlds: Sequence[int], instructions: Sequence[str], seeds: Sequence[int]) -> None:
        self.resets.append((list(worlds), list(instructions), list(seeds)))
        if self.at < 0 and self.crash in seeds:
            raise KeyError("cannot start")

    def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
        self.asked.append(list(worlds))
        seen = observation["count"]
        assert len(seen) == len(worlds)
        if ((seen[:, 0] == self.crash) & (seen[:, 1] >= self.at)).any():
            raise ValueError("lost my way")
        rows = np.arange(self.spec.horizon)
        return np.stack([np.stack([np.full_like(rows, s, float), rows], axis=1) for s in seen[:, 1]])


class Witness:
    """Keeps what a watcher is shown."""

    def __init__(self) -> None:
        self.began_at: list[tuple[int, int, int]] = []
        self.steps: list[tuple[list[int], Array, Array]] = []

    def began(self, index: int, world: int, trial: Trial) -> None:
        self.began_at.append((index, world, trial.seed))

    def stepped(self, worlds: Sequence[int], action: Array, observation: Observation, outcome: Outcome) -> None:
        assert len(worlds) == len(action) == len(observation["count"])
        self.steps.append((list(worlds), action.copy(), observation["count"].copy()))


def by_index(ended: Sequence[Ended]) -> dict[int, Ended]:
    assert len({e.index for e in ended}) == len(ended)
    return {e.index: e for e in ended}


def test_chunks_are_unpacked_row_by_row() -> None:
    world = CountingWorld(1)
    agent = ChunkAgent(horizon=5, execute=3)
    (end,) = rollout(agent, world, [trial(7)], 1.0)
    # Asked at counts 0, 3 and 6; rows 0, 1, 2 of each chunk are used, rows 3 and 4 never.
    expected = [(0, 0), (0, 1), (0, 2), (3, 0), (3, 1), (3, 2), (6, 0)]
    assert [tuple(a) for a in world.given[0]] == expected
    assert len(agent.asked) == 3
    assert end.steps == 7
    assert not end.truncated


@pytest.mark.parametrize(("horizon", "execute"), [(1, 1), (4, 4), (6, 2)])
@pytest.mark.parametrize("n", [1, 3, 4, 9])
def test_batching_changes_no_episode(n: int, horizon: int, execute: int) -> None:
    lengths = [5, 2, 9, 1, 7, 3, 3, 8]
    trials = [trial(length, seed=i) for i, length in enumerate(lengths)]
    world = CountingWorld(n)
    ended = by_index(list(rollout(ChunkAgent(horizon, execute), world, trials, 10.0)))
    assert sorted(ended) == list(range(len(trials)))
    for i, length in enumerate(lengths):
        assert ended[i].steps == length
        assert ended[i].trial is trials[i]
        assert bool(ended[i].outcome.success_once[ended[i].world])
        expected = [(k - k % execute, k % execute) for k in range(length)]
        assert [tuple(a) for a in world.given[i]] == expected


def test_a_free_world_takes_the_next_trial_in_order() -> None:
    witness = Witness()
    trials = [trial(length, seed=i) for i, length in enumerate([4, 2, 2, 3, 1])]
    ended = list(rollout(ChunkAgent(), CountingWorld(2), trials, 10.0, [witness]))
    assert witness.began_at == [(0, 0, 0), (1, 1, 1), (2, 1, 2), (3, 0, 3), (4, 1, 4)]
    assert [e.index for e in ended] == [1, 0, 2, 4, 3]
    # World 0 steps 4 + 3 times, world 1 2 + 2 + 1, and rows always belong to the worlds they are shown with.
    assert [w for w, _, _ in witness.steps] == [[0, 1]] * 5 + [[0]] * 2
    for worlds, action, count in witness.steps:
        assert (count[:, 1] == action[:, 0] + 1).all(), worlds


def test_outcomes_stay_as_they_were_when_the_world_goes_on() -> None:
    # The world writes its outcome in place; an ended episode keeps its own.
    ended = list(rollout(ChunkAgent(), CountingWorld(1), [trial(2), trial(3), trial(1)], 10.0))
    assert [bool(e.outcome.success_at_end[0]) for e in ended] == [True, True, True]


def test_time_limit_truncates() -> None:
    ended = by_index(list(rollout(ChunkAgent(), CountingWorld(2), [trial(0), trial(5, seed=1), trial(6, seed=2)], 0.2)))
    assert [ended[i].steps for i in range(3)] == [5, 5, 5]
    # Done in the very last period counts as done.
    assert [ended[i].truncated for i in range(3)] == [True, False, True]


@pytest.mark.parametrize("at", [-1, 0, 3])
@pytest.mark.parametrize("n", [1, 3])
def test_a_crash_stays_in_its_episode(n: int, at: int) -> None:
    trials = [trial(5, seed=i) for i in range(6)]
    world = CountingWorld(n)
    agent = ChunkAgent(horizon=2, execute=2, crash=2, at=at)
    ended = by_index(list(rollout(agent, world, trials, 10.0)))
    assert sorted(ended) == list(range(6))
    for i, end in ended.items():
        if i == 2:
            assert end.agent_error == ("KeyError: 'cannot start'" if at < 0 else "ValueError: lost my way")
            assert end.steps == (0 if at <= 0 else 4)
        else:
            assert end.agent_error == ""
            assert end.steps == 5
            assert [tuple(a) for a in world.given[i]] == [(0, 0), (0, 1), (2, 0), (2, 1), (4, 0)]


def test_a_world_that_breaks_ends_its_episode_only() -> None:
    world = CountingWorld(2)
    world.breaks[1] = "a motor stopped"
    ended = by_index(list(rollout(ChunkAgent(), world, [trial(3, seed=i) for i in range(4)], 10.0)))
    assert [ended[i].world_error for i in range(4)] == ["", "a motor stopped", "", ""]
    assert [ended[i].steps for i in range(4)] == [3, 1, 3, 3]


def test_instruction_and_seed_reach_the_agent() -> None:
    agent = ChunkAgent()
    list(rollout(agent, CountingWorld(2), [trial(2, 11), trial(1, 12), trial(1, 13)], 1.0))
    assert agent.resets == [
        ([0, 1], ["count to 2", "count to 1"], [11, 12]),
        ([1], ["count to 1"], [13]),
    ]


def test_no_trials_no_episodes() -> None:
    world = CountingWorld(2)
    assert list(rollout(ChunkAgent(), world, [], 1.0)) == []
    assert world.given == {}


def test_a_chunk_of_another_shape_than_declared_is_refused() -> None:
    class Short(ChunkAgent):
        def act(self, observation: Observation, worlds: Sequence[int]) -> Array:
            return super().act(observation, worlds)[:, :1]

    world = CountingWorld(1)
    with pytest.raises(ActionError, match=r"returned shape \(1, 1, 2\), declared \(1, 2, 2\)"):
        list(rollout(Short(horizon=2), world, [trial(3)], 1.0))
    assert world.given[0] == []


ACTION = ActionSpec(ACTUATORS, 1 / PERIOD)
MISMATCHES = {
    "length": ({"action": replace(ACTION, actuators=ACTUATORS[:1])}, "has 1 numbers, the world takes 2"),
    "order": ({"action": replace(ACTION, actuators=ACTUATORS[::-1])}, "from place 0: agent 'right/b', world 'right/a'"),
    "unit": ({"action": replace(ACTION, unit="deg")}, "commands in 'deg', the world takes 'rad'"),
    "kind": ({"action": replace(ACTION, kind="torque")}, "gives 'torque', the world takes 'joint_target'"),
    "rate": ({"action": replace(ACTION, rate_hz=50.0)}, "runs at 50 Hz, the world at 25 Hz"),
    "field": ({"observations": ("count", "smell")}, "reads smell, which the world does not give"),
    "embodiment": ({"embodiment": "other"}, "made for embodiment 'other', the world has 'toy'"),
    "execute": ({"execute": 3, "horizon": 2}, "executes 3 rows of chunks of 2"),
}


@pytest.mark.parametrize("what", MISMATCHES)
def test_each_mismatch_is_named_before_step_0(what: str) -> None:
    change, said = MISMATCHES[what]
    agent, world = ChunkAgent(), CountingWorld(1)
    agree(agent.spec, world.spec)
    agent.spec = replace(agent.spec, **change)  # type: ignore[arg-type]
    with pytest.raises(ContractError) as caught:
        list(rollout(agent, world, [trial(2)], 1.0))
    assert said in str(caught.value)
    assert len(differences(agent.spec, world.spec)) == 1
    assert world.given == {}
    assert agent.resets == []


def test_all_mismatches_are_named_at_once() -> None:
    spec = ChunkAgent().spec
    wrong = replace(spec, embodiment="other", action=ActionSpec(ACTUATORS[::-1], 50.0, "torque", "deg"))
    assert len(differences(wrong, CountingWorld(1).spec)) == 5

"""What every registered task promises, asked without a simulator."""

from functools import cache
from itertools import combinations

import numpy as np
import pytest

from dexbench.core import shelf
from dexbench.core.task import versioned
from dexbench.core.trial import Trial
from tests.written_scene import play

NAMES = shelf.names(shelf.TASKS)
DRAWS = 24


@cache
def drawn(name: str, split: str) -> list[Trial]:
    """Return the first trials of a split."""
    task = shelf.load_task(name)
    return [task.place(np.random.default_rng(seed), split) for seed in range(DRAWS)]


def received(trial: Trial) -> tuple[object, ...]:
    """Return what of a trial reaches a policy."""
    return trial.objects, trial.articulated, trial.instruction


@pytest.mark.parametrize("name", NAMES)
def test_nothing_happens_by_itself(name: str) -> None:
    p = play(name, ("right", "left")[: shelf.load_task(name).hands])
    outcome = p.live(1.0)
    assert not outcome.success_once[0]
    assert not outcome.success_at_end[0]
    assert not outcome.done[0]
    assert outcome.stage[0] == 0
    assert p.code(outcome) != "none"
    assert 0 <= outcome.reward[0] < 0.5


@pytest.mark.parametrize("name", NAMES)
def test_a_trial_is_data_and_follows_from_its_seed(name: str) -> None:
    task = shelf.load_task(name)
    for split in task.splits:
        trials = drawn(name, split)
        again = task.place(np.random.default_rng(1), split)
        assert Trial.from_row(trials[1].row()) == trials[1]
        assert again.digest() == trials[1].digest() == Trial.from_row(again.row()).digest()
        assert len({t.digest() for t in trials}) == DRAWS
        assert {(t.task, t.split) for t in trials} == {(versioned(task), split)}


@pytest.mark.parametrize("name", NAMES)
def test_every_split_changes_what_the_policy_receives(name: str) -> None:
    """The same seeds give other trials, and of "seen" nothing, object or sentence, comes in "unseen"."""
    splits = shelf.load_task(name).splits
    for one, other in combinations(splits, 2):
        assert not {received(t) for t in drawn(name, one)} & {received(t) for t in drawn(name, other)}
    if {"seen", "unseen"} <= set(splits):
        for of in (lambda t: {o.instance for o in t.objects}, lambda t: {t.instruction}):
            seen, unseen = (set().union(*(of(t) for t in drawn(name, s))) for s in ("seen", "unseen"))
            assert seen
            assert unseen
            assert not seen & unseen


@pytest.mark.parametrize("name", NAMES)
def test_it_says_why_it_needs_two_hands_or_touch(name: str) -> None:
    task = shelf.load_task(name)
    kind, colon, why = task.needs.partition(": ")
    assert kind in ({"two hands"} if task.hands == 2 else {"", "touch"})
    assert bool(why) == bool(colon) == bool(kind)


@pytest.mark.parametrize("name", NAMES)
def test_memory_of_one_world_can_be_begun_alone(name: str) -> None:
    p = play(name, ("right", "left")[: shelf.load_task(name).hands])
    fresh = {n: v.copy() for n, v in p.scene.memory.items()}
    p.scene.hand_contacts[:] = 2
    p.live(1.0)
    p.task.begin(p.scene, [0])
    assert p.scene.memory.keys() == fresh.keys()
    for n, v in p.scene.memory.items():
        np.testing.assert_array_equal(v, fresh[n], err_msg=n)

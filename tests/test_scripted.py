"""The expert in several worlds: a script that breaks down takes nothing from the others."""

from collections.abc import Iterator

import numpy as np
import pytest

from dexbench.baselines import _script_pick, scripted
from dexbench.baselines._motions import Episode
from dexbench.baselines._skills import Skills
from dexbench.core import shelf
from dexbench.core.rollout import rollout
from dexbench.core.schema import Array
from dexbench.sim.world import SimWorld


def counting(skills: Skills, e: Episode) -> Iterator[Array]:
    """Raise the first joint a little each tick; break down at the third where the instruction says so."""
    for tick in range(100):
        if tick == 2 and e.instruction == "break":
            raise ValueError("it broke")
        command = skills.robot.home.copy()
        command[0] += 1e-3 * tick
        yield command


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_others_go_on_as_if_they_were_alone(broken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_script_pick, "script", counting)
    world = SimWorld("grasp_object", "shadow_ur10e", 3, groups=("state", "objects", "kinds"), threads=1)
    agent = shelf.load_agent("scripted", world.spec)
    seen = world.reset([world.task.place(np.random.default_rng(k), "seen") for k in range(3)])
    agent.reset([0, 1, 2], ["break" if k == broken else "go" for k in range(3)], [0, 1, 2])
    home = world.spec.embodiment.home[0]
    for tick in range(2):
        np.testing.assert_allclose(agent.act(seen, [0, 1, 2])[:, 0, 0], home + 1e-3 * tick, atol=1e-12)
    with pytest.raises(ValueError, match="it broke"):
        agent.act(seen, [0, 1, 2])
    for k in range(3):
        alone = {name: rows[k : k + 1] for name, rows in seen.items()}
        if k == broken:
            with pytest.raises(ValueError, match="it broke"):
                agent.act(alone, [k])
        else:
            assert agent.act(alone, [k])[0, 0, 0] == pytest.approx(home + 2e-3)


def test_a_record_says_what_broke(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_script_pick, "script", counting)
    world = SimWorld("grasp_object", "shadow_ur10e", 2, groups=("state", "objects", "kinds"), threads=1)
    agent = shelf.load_agent("scripted", world.spec)
    trials = [world.task.place(np.random.default_rng(k), "seen") for k in range(2)]
    broken = type(trials[0]).from_row(trials[0].row() | {"instruction": "break"})
    errors = {e.index: e.agent_error for e in rollout(agent, world, [broken, trials[1]], 0.4)}
    assert errors == {0: "ValueError: it broke", 1: ""}


def test_a_script_that_was_changed_has_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    world = SimWorld("grasp_object", "shadow_ur10e", 1, groups=("state", "objects", "kinds"), threads=1)
    assert shelf.load_agent("scripted", world.spec).spec.version == scripted.VERSION
    monkeypatch.setattr(_script_pick, "REVISION", 2, raising=False)
    assert shelf.load_agent("scripted", world.spec).spec.version == f"{scripted.VERSION}.2"

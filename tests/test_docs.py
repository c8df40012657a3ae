"""What the documents show must run."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dexbench.core.agent import ActionSpec
from dexbench.core.contract import agree
from dexbench.core.schema import Field, Schema
from dexbench.core.shelf import SHELVES, load_embodiment, locate, names
from dexbench.core.world import WorldSpec

ROOT = Path(__file__).resolve().parents[1]


def shown_agent(document: str) -> Any:
    """Return the agent that the first Python block with make() defines, made for a world."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), re.DOTALL)
    source = next(b for b in blocks if "def make(" in b)
    namespace: dict[str, Any] = {}
    exec(compile(source, document, "exec"), namespace)
    robot = load_embodiment("shadow_ur10e")
    fields = Schema((Field("setpoint", (len(robot.actuators),), "rad", "", "state"),))
    action = ActionSpec(tuple(a.name for a in robot.actuators), 25.0)
    world = WorldSpec("grasp_object-v1", robot, fields, action)
    agent = namespace["make"](world)
    agree(agent.spec, world)
    return agent


@pytest.mark.parametrize("document", ["README.md", "docs/agents.md"])
def test_shown_agents_act_as_they_declare(document: str) -> None:
    agent = shown_agent(document)
    actuators = len(agent.spec.action.actuators)
    seen = {"setpoint": np.random.default_rng(0).normal(size=(3, actuators)).astype(np.float32)}
    agent.reset([4, 7, 9], ["", "", ""], [1, 2, 3])
    chunk = agent.act(seen, [4, 7, 9])
    assert chunk.shape == (3, agent.spec.horizon, actuators)
    # One world's action does not depend on which others are present.
    agent.reset([7], [""], [2])
    alone = agent.act({"setpoint": seen["setpoint"][1:2]}, [7])
    np.testing.assert_array_equal(alone[0], chunk[1])


def test_documents_name_files_that_exist() -> None:
    for document in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        text = document.read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"
        for path in re.findall(r"`((?:dexbench|envs|assets|baselines|sim2real|tests|docs)/[\w./-]+\.\w+)`", text):
            assert "NAME" in path or (ROOT / path).is_file(), f"{document.name} names {path}"


def test_documents_name_entry_point_groups_that_exist() -> None:
    text = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(dexbench\.\w+s)`", text)) == {s.group for s in SHELVES}


def test_every_entry_can_be_located() -> None:
    assert all(locate(shelf, name).is_file() for shelf in SHELVES for name in names(shelf))

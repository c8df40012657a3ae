"""What agents declare that speak through a face, how it is compared, and what is refused."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dexbench.core.action_face import SETPOINT, Conversion, declaration
from dexbench.core.agent import ActionSpec, AgentSpec
from dexbench.core.contract import differences
from dexbench.core.errors import ActionError, ContractError, DataError, UnknownName
from dexbench.core.schema import Schema
from dexbench.core.world import WorldSpec
from dexbench.robots.faces import FACES, declare, face_for, make_face, settings_of
from tests.test_faces import face, robot
from tests.toy_robot import PERIOD, ToyDriver


def declared() -> WorldSpec:
    """Return a world's declaration without a world."""
    shadow = robot("shadow_ur10e")
    return WorldSpec("wait-v1", shadow, ToyDriver.observations, declaration(face("joint_target", "shadow_ur10e"), 25.0))


@pytest.mark.parametrize("kind", FACES)
def test_declared_agents_fit(kind: str) -> None:
    world = declared()
    spec = AgentSpec("one", "1", (), declare(kind, world))
    found = face_for(spec, world)
    assert (found is None) == (kind == "joint_target")
    assert differences(spec, world, found) == []
    if found is not None:
        assert any(f"gives {kind!r}, the world takes 'joint_target' (face_for()" in d for d in differences(spec, world))


CHANGES: dict[str, tuple[str, dict[str, Any], str]] = {
    "order": (
        "palm_pose",
        {"actuators": ("right/palm/y", "right/palm/x")},
        "the agent's action has 2 numbers, the wor",
    ),
    "frame": ("palm_pose", {"frame": "palm"}, "the agent's numbers are in the frame 'palm', the world takes 'cell'"),
    "unit": ("joint_delta", {"unit": "deg"}, "the agent commands in 'deg', the world takes 'rad'"),
    "rotation": ("palm_pose", {"settings": (("rotation", "columns"),)}, "has 26 numbers, the world takes 29"),
    "rate": ("joint_delta", {"rate_hz": 50.0}, "the agent runs at 50 Hz, the world at 25 Hz"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_each_mismatch_is_named(what: str) -> None:
    kind, change, said = CHANGES[what]
    world = declared()
    spec = AgentSpec("one", "1", (), replace(declare(kind, world), **change))
    assert any(said in d for d in differences(spec, world, face_for(spec, world)))


def test_kinds_and_settings_that_do_not_exist() -> None:
    world = declared()
    with pytest.raises(
        ContractError, match=r"gives 'joint_velocity', the world takes 'joint_target'.*joint_delta, palm"
    ):
        face_for(AgentSpec("one", "1", (), replace(world.action, kind="joint_velocity")), world)
    wrong = replace(declare("palm_pose", world), settings=(("rotation", "euler"),))
    with pytest.raises(ContractError, match=r"unknown way to write a rotation 'euler'.*columns, rpy, vector"):
        face_for(AgentSpec("one", "1", (), wrong), world)
    with pytest.raises(UnknownName, match="unknown action face 'joint_dleta'; did you mean 'joint_delta'"):
        make_face("joint_dleta", world.embodiment, PERIOD)
    with pytest.raises(DataError, match="action face 'joint_delta' has no setting 'rotation'"):
        make_face("joint_delta", world.embodiment, PERIOD, rotation="rpy")
    with pytest.raises(
        DataError, match=r"'gr_dexter' has no setting 'tips'; its settings: mask, first, rotation, fingertips$"
    ):
        make_face("gr_dexter", world.embodiment, PERIOD, tips="cell")
    with pytest.raises(DataError, match="action face 'gr_dexter': fingertips is palm or cell, not 'base'"):
        make_face("gr_dexter", world.embodiment, PERIOD, fingertips="base")


def test_a_world_without_the_setpoint_cannot_be_converted_for() -> None:
    world = replace(declared(), observations=Schema(()))
    spec = AgentSpec("one", "1", (), declare("joint_delta", world))
    (said,) = differences(spec, world, face_for(spec, world))
    assert said == "'joint_delta' is converted from the observation 'setpoint', which the world does not give"


def test_an_action_of_another_shape_or_type_is_refused() -> None:
    conversion = Conversion(face("joint_delta", "shadow_ur10e"), 1)
    seen = {SETPOINT: robot("shadow_ur10e").home[None]}
    for wrong in (np.zeros((1, 25)), np.zeros((2, 26)), np.zeros((1, 26), bool), np.full((1, 26), "a")):
        with pytest.raises(ActionError, match=r"given to face 'joint_delta'; \(1, 26\) and floating point"):
            conversion(wrong, seen, [0])


def table_row(kind: str) -> str:
    """Return the row of docs/agents.md about a face."""
    says = (FACES[kind].__doc__ or "").split("\n")[0].rstrip(".")
    sizes = [str(len(face(kind, name).slots)) for name in ("shadow_ur10e", "bytedexter_fr3_bimanual")]
    spec = declaration(face(kind, "shadow_ur10e"), 1 / PERIOD)
    defaults = {n: d or "all that the robot has" for n, d in settings_of(kind).items()}
    settings = ", ".join(f"{n} ({d})" for n, d in defaults.items())
    return f"| `{kind}` | {says} | {', '.join(sizes)} | {spec.unit} | {spec.frame or '-'} | {settings or '-'} |"


def test_the_document_has_the_table_of_faces() -> None:
    text = (Path(__file__).resolve().parents[1] / "docs" / "agents.md").read_text(encoding="utf-8")
    shown = [line for line in text.split("\n") if line.startswith(("| `joint_", "| `palm_", "| `gr_"))]
    assert shown == [table_row(kind) for kind in FACES]


def test_action_specs_are_plain() -> None:
    assert ActionSpec(("a",), 25.0) == ActionSpec(("a",), 25.0, "joint_target", "rad", "", ())


def test_declaring_an_action_loads_no_simulator() -> None:
    """A robot's computer may declare what its policy says without it; only decoding a pose needs it."""
    code = (
        "import sys; from dexbench.core.shelf import load_embodiment as e;"
        "from dexbench.robots.faces import FACES, make_face;"
        "[make_face(k, e('shadow_ur10e'), 0.04) for k in FACES]; print('mujoco' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"

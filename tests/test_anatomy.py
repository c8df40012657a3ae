"""Words for hands, and where the things are that they name."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest

from dexbench.core.anatomy import PAD, TIP, Anatomy
from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import ContractError, UnknownName
from dexbench.core.fingertips import POSITION, PRESENT, Fingertips
from dexbench.core.forward import Forward
from dexbench.core.roles import FINGERS, MOTIONS, PHALANGES, ROLES, SIDES
from dexbench.core.shelf import load_embodiment
from dexbench.robots.build import robot_spec
from dexbench.sim.world import SimWorld

ROBOTS = ("shadow_ur10e_bimanual", "bytedexter_ur10e", "psibot_rm75_bimanual")
robot = cache(load_embodiment)


def poses(embodiment: Embodiment, n: int) -> np.ndarray:
    """Return (n, J) joint angles within their ranges [rad]."""
    low, high = ([getattr(j, b) for j in embodiment.joints] for b in ("lower", "upper"))
    return np.random.default_rng(4).uniform(low, high, (n, len(embodiment.joints)))


def test_pads_without_touch_are_told_from_those_that_feel() -> None:
    embodiment = replace(robot("shadow_ur10e_bimanual"), pads=())
    anatomy = Anatomy(embodiment)
    assert anatomy.find("right index pad").name == "right/index"
    assert not anatomy.pads.any()
    with pytest.raises(ContractError, match=r"pad 'right/index' of .* has no touch fitted"):
        anatomy.pad("right", "index")


def test_a_phrase_means_one_thing() -> None:
    motions = {m for of in MOTIONS.values() for m in of}
    assert not {TIP, PAD, *PHALANGES} & motions


@pytest.mark.parametrize(
    ("name", "phrase", "kind", "own"),
    [
        ("shadow_ur10e_bimanual", "right index tip", "frame", "right/fftip"),
        ("shadow_ur10e_bimanual", "Left/thumb/rotation", "actuator", "left/THJ5"),
        ("shadow_ur10e_bimanual", "left middle middle", "link", "left/mfmiddle"),
        ("shadow_ur10e_bimanual", "right little arch", "actuator", "right/LFJ5"),
        ("shadow_ur10e_bimanual", "right wrist flexion", "actuator", "right/WRJ1"),
        ("shadow_ur10e_bimanual", "right little pad", "pad", "right/little"),
        ("shadow_ur10e_bimanual", "left palm", "frame", "left/palm_site"),
        ("bytedexter_ur10e", "right thumb roll", "actuator", "right/thumb_CMC_R"),
        ("psibot_rm75_bimanual", "left palm link", "link", "left/palm"),
    ],
)
def test_phrases(name: str, phrase: str, kind: str, own: str) -> None:
    found = Anatomy(robot(name)).find(phrase)
    assert (found.kind, found.name) == (kind, own)
    rows = {"actuator": robot(name).actuators, "pad": robot(name).pads}
    if kind in rows:
        assert rows[kind][found.place].name == own


def test_the_document_shows_what_works() -> None:
    text = (Path(__file__).resolve().parents[1] / "docs" / "agents.md").read_text(encoding="utf-8")
    block = next(b for b in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "Anatomy(" in b)
    found: dict[str, Any] = {}
    exec(compile(block, "docs/agents.md", "exec"), found)
    shown = re.findall(r'find\("(.*?)"\)\.name  # "(.*?)"', block)
    assert shown == [("right index tip", "right/fftip")]
    assert found["hands"].find(shown[0][0]).name == shown[0][1]


def test_places_by_role() -> None:
    anatomy = Anatomy(robot("shadow_ur10e_bimanual"))
    assert anatomy.embodiment.actuators[anatomy.actuator("left", "index/pip")].name == "left/FFJ0"
    assert anatomy.embodiment.pads[anatomy.pad("left", "ring")].name == "left/ring"
    assert anatomy.link("right", "thumb", "distal") == "right/thdistal"


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        ("up index tip", r"unknown side.*'up'.*Known: left, right"),
        ("right pinky tip", r"finger, wrist or palm of the right.*'pinky'.*Known: index, little"),
        ("right index toe", r"part of the right index.*'toe'.*abduction, distal"),
        ("right index", r"part of the right index of .*''.*Known: abduction"),
        ("", r"unknown side.*''.*Known: left, right"),
        ("right index tip frame", r"'right index tip frame'.*right index tip"),
        ("right index roll", r"part of the right index.*'roll'"),
    ],
)
def test_phrases_that_mean_nothing_are_told_what_exists(phrase: str, said: str) -> None:
    with pytest.raises(UnknownName, match=said):
        Anatomy(robot("shadow_ur10e_bimanual")).find(phrase)


def test_masks_say_what_a_robot_has() -> None:
    shadow, psi = Anatomy(robot("shadow_ur10e_bimanual")), Anatomy(robot("psibot_rm75_bimanual"))
    one = Anatomy(robot("bytedexter_ur10e"))
    assert shadow.fingers.all()
    assert one.fingers[0].all()
    assert not one.fingers[1].any()
    assert shadow.motions.sum() == 2 * 20
    assert one.motions.sum() == 16
    assert psi.motions.sum() == 2 * 6
    assert shadow.motions[0, ROLES.index("little/arch")]
    assert not one.motions[0, ROLES.index("little/arch")]
    assert one.phalanges.shape == (len(SIDES), len(FINGERS), len(PHALANGES))
    assert one.phalanges[0, :, PHALANGES.index("distal")].all()
    assert shadow.pads.all()
    with pytest.raises(ValueError, match="read-only"):
        shadow.fingers[0, 0] = False


@pytest.mark.parametrize("name", ROBOTS)
def test_forward_kinematics_are_those_of_the_simulator(name: str) -> None:
    embodiment = robot(name)
    frames = [f"{s}/{f.name}" for s, p in embodiment.parts.items() for m in (p.arm, p.hand) for f in m.frames]
    angles = poses(embodiment, 4)
    positions, turns = Forward(embodiment, frames)(angles)
    model = robot_spec(embodiment, shapes=False).compile()
    data = mujoco.MjData(model)
    for i, row in enumerate(angles):
        for joint, angle in zip(embodiment.joints, row, strict=True):
            data.joint(joint.name).qpos = angle
        mujoco.mj_kinematics(model, data)
        for k, frame in enumerate(frames):
            np.testing.assert_allclose(positions[i, k], data.site(frame).xpos, rtol=0, atol=1e-9)
            np.testing.assert_allclose(turns[i, k].ravel(), data.site(frame).xmat, rtol=0, atol=1e-9)


def test_forward_kinematics_of_a_world_do_not_depend_on_the_others() -> None:
    embodiment = robot("shadow_ur10e_bimanual")
    forward, angles = Forward(embodiment, ["left/fftip", "right/palm_site"]), poses(embodiment, 33)
    together = forward(angles)
    for rows in (slice(0, 1), slice(5, 8), slice(17, 33)):
        for part, whole in zip(forward(angles[rows]), together, strict=True):
            np.testing.assert_array_equal(part, whole[rows])


def test_a_frame_that_does_not_exist_is_told() -> None:
    with pytest.raises(UnknownName, match=r"unknown frame of embodiment 'bytedexter_ur10e' 'right/toe'"):
        Forward(robot("bytedexter_ur10e"), ["right/toe"])


def test_absent_fingers_are_zero_and_not_present() -> None:
    embodiment = load_embodiment("shadow_ur10e")
    full = Fingertips(embodiment)
    side = embodiment.parts["right"]
    hand = replace(side.hand, fingers=tuple(row for row in side.hand.fingers if row.finger != "ring"))
    maimed = replace(embodiment, parts={"right": replace(side, hand=hand)})
    angles = poses(embodiment, 3)
    seen, whole = Fingertips(maimed).read(angles), full.read(angles)
    ring = FINGERS.index("ring")
    assert (seen[POSITION][:, 0, ring] == 0).all()
    np.testing.assert_array_equal(seen[PRESENT], np.tile([[[1, 1, 1, 0, 1]]], (3, 1, 1)))
    others = [i for i in range(5) if i != ring]
    np.testing.assert_array_equal(seen[POSITION][:, :, others], whole[POSITION][:, :, others])
    assert (np.abs(whole[POSITION]).max(axis=3) > 0).all()


def test_a_hand_without_fingers_has_no_fingertips() -> None:
    embodiment = load_embodiment("shadow_ur10e")
    side = embodiment.parts["right"]
    claw = replace(embodiment, parts={"right": replace(side, hand=replace(side.hand, fingers=()))})
    assert not Anatomy(claw).fingers.any()
    seen = Fingertips(claw).read(poses(embodiment, 2))
    assert seen[POSITION].shape == (2, 1, 5, 3)
    assert not seen[POSITION].any()
    assert not seen[PRESENT].any()


def test_worlds_give_fingertips_when_asked() -> None:
    world = SimWorld("grasp_object", "shadow_ur10e", 2, groups=("state", "fingertips"))
    rng = np.random.default_rng(0)
    seen = world.reset([world.task.place(rng, "seen") for _ in range(2)])
    for _ in range(5):
        seen = world.advance(world.filter.setpoint + rng.normal(0, 0.1, world.filter.setpoint.shape))
    world.spec.observations.check(seen)
    model, data = world.cell.model, mujoco.MjData(world.cell.model)
    for i in range(2):
        data.qpos[:] = world.batch.bind("qpos")[i]
        mujoco.mj_kinematics(model, data)
        for k, tip in enumerate(("thtip", "fftip", "mftip", "rftip", "lftip")):
            np.testing.assert_allclose(seen[POSITION][i, 0, k], data.site(f"right/{tip}").xpos, rtol=0, atol=1e-6)
    assert POSITION not in SimWorld("grasp_object", "shadow_ur10e").spec.observations

"""Embodiments: order, limits and home come from data, and wrong data is refused by file and field."""

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from dexbench.core.assets import asset_path
from dexbench.core.composition import compose, compositions
from dexbench.core.document import Node
from dexbench.core.embodiment import Embodiment, load_embodiment
from dexbench.core.errors import DataError
from dexbench.core.mechanism import mirrored
from dexbench.core.mechanism_file import load_mechanism

ARM = ["shoulder_pan_joint", "shoulder_lift_joint", "elbow_joint", "wrist_1_joint", "wrist_2_joint", "wrist_3_joint"]
# The order matters: recordings and policies carry no names.
HAND_JOINTS = [
    "WRJ2", "WRJ1", "FFJ4", "FFJ3", "FFJ2", "FFJ1", "MFJ4", "MFJ3", "MFJ2", "MFJ1", "RFJ4", "RFJ3",
    "RFJ2", "RFJ1", "LFJ5", "LFJ4", "LFJ3", "LFJ2", "LFJ1", "THJ5", "THJ4", "THJ3", "THJ2", "THJ1",
]  # fmt: skip
HAND_ACTUATORS = [
    "WRJ2", "WRJ1", "THJ5", "THJ4", "THJ3", "THJ2", "THJ1", "FFJ4", "FFJ3", "FFJ0", "MFJ4", "MFJ3",
    "MFJ0", "RFJ4", "RFJ3", "RFJ0", "LFJ5", "LFJ4", "LFJ3", "LFJ0",
]  # fmt: skip
DIGITS = ["thumb", "index", "middle", "ring", "little"]


@pytest.fixture(scope="module")
def single() -> Embodiment:
    return load_embodiment("shadow_ur10e")


@pytest.fixture(scope="module")
def both() -> Embodiment:
    return load_embodiment("shadow_ur10e_bimanual")


@pytest.fixture
def document() -> dict[str, Any]:
    found = yaml.safe_load(asset_path("embodiments/shadow_ur10e.yaml").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def shadow() -> dict[str, Any]:
    """The hand's document, without what only the eye and the checker need."""
    found = yaml.safe_load(asset_path("hands/shadow/hand.yaml").read_text(encoding="utf-8"))
    found["visual"]["items"] = [row for row in found["visual"]["items"] if row["link"] == "palm"]
    found["checks"] = {}
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", ["single", "both"])
def test_order_of_joints_actuators_and_pads(name: str, request: pytest.FixtureRequest) -> None:
    embodiment: Embodiment = request.getfixturevalue(name)
    sides = ("right",) if name == "single" else ("right", "left")
    assert embodiment.sides == sides
    assert [j.name for j in embodiment.joints] == [f"{s}/{n}" for s in sides for n in (*ARM, *HAND_JOINTS)]
    assert [a.name for a in embodiment.actuators] == [f"{s}/{n}" for s in sides for n in (*ARM, *HAND_ACTUATORS)]
    assert [p.name for p in embodiment.pads] == [f"{s}/{d}" for s in sides for d in DIGITS]


def test_indices_select_side_and_part(both: Embodiment) -> None:
    assert both.actuator_index("left", "arm").tolist() == list(range(26, 32))
    assert both.joint_index("right", "hand").tolist() == list(range(6, 30))
    assert both.actuator_index().tolist() == list(range(52))
    assert both.joint_index("left").tolist() == list(range(30, 60))


def test_shared_motors_command_the_sum(single: Embodiment) -> None:
    shared = {a.name: a for a in single.actuators if len(a.joints) > 1}
    assert sorted(shared) == [f"right/{f}J0" for f in ("FF", "LF", "MF", "RF")]
    for name, actuator in shared.items():
        assert actuator.joints == (name[:-1] + "1", name[:-1] + "2")
        assert (actuator.lower, actuator.upper) == (0, 3.1416)
    rng = np.random.default_rng(0)
    command = rng.uniform(single.limits.lower, single.limits.upper, (4, 26))
    np.testing.assert_allclose(single.command(single.joint_angles(command)), command, atol=1e-12)
    assert single.joint_angles(command).shape == (4, 30)


def test_limits_are_the_makers_less_margins(single: Embodiment) -> None:
    limits, names = single.limits, [a.name.partition("/")[2] for a in single.actuators]
    at = names.index
    np.testing.assert_allclose(limits.upper[at("elbow_joint")], 3.141593 - 0.05)
    np.testing.assert_allclose(limits.lower[at("WRJ2")], -0.523599 + 0.02)
    np.testing.assert_allclose(limits.upper[at("FFJ0")], 3.1416 - 0.02)
    np.testing.assert_allclose(limits.velocity[:6], np.array([2.094395, 2.094395, *[3.141593] * 4]) / 2)
    speeds = {"WRJ1": 2, "FFJ3": 2, "MFJ0": 4, "THJ5": 4, "THJ2": 2}
    assert {n: limits.velocity[at(n)] for n in speeds} == speeds
    assert set(limits.acceleration[:6]) == {5}
    assert set(limits.jerk[:6]) == {50}
    assert set(limits.acceleration[6:]) == {50}
    assert set(limits.jerk[6:]) == {2000}
    assert (single.home > limits.lower).all()
    assert (single.home < limits.upper).all()


def test_arrays_cannot_be_written_to(single: Embodiment) -> None:
    for array in (single.home, single.limits.lower, single.limits.velocity, single.transmission):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_equal_files_make_equal_embodiments(single: Embodiment, both: Embodiment, document: dict[str, Any]) -> None:
    again = load_embodiment("shadow_ur10e")
    assert again == single
    assert hash(again) == hash(single)
    assert single != both
    document["limits"]["arm"]["jerk"] = 49
    assert load_embodiment(document) != single


def test_pads_say_what_they_are(both: Embodiment) -> None:
    for pad in both.pads:
        assert pad.link.startswith(f"{pad.side}/")
        assert pad.link.endswith("distal")
        assert pad.model.confidence == "estimated"
        assert abs(np.linalg.norm(pad.quaternion) - 1) < 1e-9
        assert pad.rows * pad.pitch <= 0.02
        assert pad.model.range > 0


def test_mirroring_twice_changes_nothing() -> None:
    hand = load_mechanism(asset_path("hands/shadow/hand.yaml"))
    assert mirrored(mirrored(hand)) == hand
    assert mirrored(hand) != hand


def test_resolvers_find_other_hands(
    single: Embodiment, document: dict[str, Any], shadow: dict[str, Any], tmp_path: Path
) -> None:
    hand = shadow | {"name": "mine"}
    (tmp_path / "hand.yaml").write_text(yaml.safe_dump(hand), encoding="utf-8")
    document["sides"]["right"]["hand"] = "mine"
    asked: list[str] = []

    def find(name: str) -> Path:
        asked.append(name)
        return tmp_path / "hand.yaml"

    loaded = load_embodiment(document, hand=find)
    assert asked == ["mine"]
    assert loaded.parts["right"].hand.name == "mine"
    assert loaded != single


def _without(*path: str) -> Callable[[dict[str, Any]], None]:
    def edit(document: dict[str, Any]) -> None:
        for key in path[:-1]:
            document = document[key]
        del document[path[-1]]

    return edit


def _with(value: Any, *path: str) -> Callable[[dict[str, Any]], None]:
    def edit(document: dict[str, Any]) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (_without("name"), "document: field 'name' is missing"),
        (_without("sides", "right", "home", "elbow_joint"), "sides.right.home: field 'elbow_joint' is missing"),
        (_with(0.1, "sides", "right", "home", "FFJ2"), "sides.right.home: FFJ2: no such actuator"),
        (_with(9.0, "sides", "right", "home", "THJ1"), "right/THJ1: 9.0 is outside its limits"),
        (_with(float("nan"), "sides", "right", "home", "THJ1"), r"home\.THJ1: a finite number is expected"),
        (_with(True, "limits", "arm", "margin"), r"limits\.arm\.margin: a finite number is expected, not True"),
        (_with([0, 0], "sides", "right", "base", "xyz"), r"sides\.right\.base\.xyz: 3 numbers are expected, not 2"),
        (_with("../../etc", "sides", "right", "hand"), r"sides\.right\.hand: a plain name is expected"),
        (_with("tool9", "sides", "right", "mount", "frame"), "arm 'ur10e' has no frame 'tool9'"),
        (_with({}, "sides"), "one or both of right, left"),
        (_with({"middle": {}}, "sides"), r"one or both of right, left are expected, not \['middle'\]"),
        (_with(3, "sides"), "sides: a mapping is expected, not 3"),
    ],
)
def test_wrong_embodiment_is_refused(
    document: dict[str, Any], edit: Callable[[dict[str, Any]], None], message: str
) -> None:
    edit(document)
    with pytest.raises(DataError, match=message):
        load_embodiment(document)


def _row(hand: dict[str, Any], block: str, key: str, value: str) -> dict[str, Any]:
    rows = hand[block]["joints" if block == "kinematic_tree" else "items"]
    return next(row for row in rows if row[key] == value)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda h: _row(h, "kinematic_tree", "name", "FFJ3").update(axis=[1, 1, 0]), r"joints\[FFJ3\].axis: a unit"),
        (lambda h: _row(h, "kinematic_tree", "name", "FFJ3").update(range=[1, 0]), r"\[FFJ3\].range: the lower end"),
        (lambda h: _row(h, "kinematic_tree", "name", "FFJ3").update(parent="nowhere"), "'FFJ3': its parent 'nowhere'"),
        (lambda h: _row(h, "kinematic_tree", "name", "FFJ3").pop("vel"), r"\[FFJ3\]: field 'vel' is missing"),
        (
            lambda h: _row(h, "kinematic_tree", "name", "FFJ3").update(type="ball"),
            r"\[FFJ3\].type: 'ball' is not known",
        ),
        (lambda h: _row(h, "links", "link", "palm").update(mass=-1), r"links\.items\[palm\]: a mass"),
        (lambda h: h["links"]["items"].pop(0), "link 'forearm' of the kinematic tree is missing"),
        (lambda h: _row(h, "actuators", "name", "FFJ0").update(joints=["FFJ9"]), "no moving joint 'FFJ9'"),
        (lambda h: _row(h, "collision", "link", "palm").update(kind="blob"), r"kind: 'blob' is not known"),
        (lambda h: _row(h, "visual", "link", "palm").update(material="gold"), "no material 'gold'"),
        (lambda h: h["collision"]["excludes"].append(["palm", "tail"]), "two links of this robot are expected"),
        (lambda h: h["touch"]["options"]["lattice"].update(rows=0), r"lattice\.rows: a whole number of at least 1"),
        (lambda h: h["couplings"]["items"][0].update(larger="FFJ7"), "larger: 'FFJ7' is not known; known: WRJ2"),
        (lambda h: h["kinematic_tree"]["joints"][0].update(range=[-30, 10]), "is this in degrees"),
        (
            lambda h: h["actuators"]["items"].append({"name": "extra", "joints": ["FFJ3"]}),
            "has a motor already: 'FFJ3'",
        ),
        (lambda h: h["actuators"]["items"][0].update(role="index/wave"), "'index/wave' is not known; known: wrist"),
        (lambda h: h["pads"]["items"][0].update(link="thhub"), "'thhub' has no collision shape"),
        (lambda h: h["fingers"]["items"][1].update(tip="ff"), "'ff' is not known; known: fftip"),
        (lambda h: h["mirror"].update(plane="w"), "'w' is not known; known: x, y, z"),
    ],
)
def test_wrong_hand_is_refused(
    tmp_path: Path, shadow: dict[str, Any], edit: Callable[[dict[str, Any]], None], message: str
) -> None:
    hand = copy.deepcopy(shadow)
    edit(hand)
    path = tmp_path / "hand.yaml"
    path.write_text(yaml.safe_dump(hand), encoding="utf-8")
    with pytest.raises(DataError, match=message) as raised:
        load_mechanism(path)
    assert "hand.yaml" in str(raised.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [1, 2", "no valid YAML"),
        (b"- 1\n", "a mapping is expected"),
        (b"a: !!python/object/apply:os.getcwd []\n", "no valid YAML"),
        (b"\xff\xfe\x00", "no valid YAML"),
        (b"a: 1 #" + b"x" * 1_000_001, "larger than 1000000 bytes"),
    ],
)
def test_wrong_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "robot.yaml"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        load_embodiment(path)
    with pytest.raises(DataError, match="cannot be read"):
        load_embodiment(tmp_path / "absent.yaml")


def test_loading_needs_no_simulator() -> None:
    script = (
        "import sys; from dexbench.core.embodiment import load_embodiment; load_embodiment('shadow_ur10e');"
        "assert not {'mujoco', 'torch', 'gymnasium'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[1], timeout=60)


def test_every_hand_stands_in_every_rig() -> None:
    found = compositions(["a_x", "a_x_bimanual", "b_y", "odd", "a_xylophone"], ["a", "b", "c"], ["x", "y"])
    assert found["c_x_bimanual"] == ("a_x_bimanual", "c")
    assert found["a_y"] == ("b_y", "a")
    assert found["b_y"] == ("b_y", "b")
    assert set(found) == {f"{h}_{rest}" for h in "abc" for rest in ("x", "x_bimanual", "y")}


def test_of_two_rigs_the_first_is_taken() -> None:
    assert compositions(["a_x", "b_x"], ["a", "b", "c"], ["x"])["c_x"] == ("a_x", "c")


def test_a_composition_keeps_the_rig_and_drops_the_hand(document: dict[str, Any]) -> None:
    """What a rig says of its own hand, its mount and posture, is nothing to another."""
    row = document["sides"]["right"]
    row["home"]["THJ1"] = 0.4
    row["mount"] |= {"xyz": [0, 0, 1], "rpy": [0, 0, 0]}
    made = compose(Node(document, "", "rig"), "mine", "claw", {"ur10e": frozenset(ARM)})
    assert made["name"] == "mine"
    assert made["limits"] == document["limits"]
    side = made["sides"]["right"]
    assert side["hand"] == "claw"
    assert (side["arm"], side["base"]) == (row["arm"], row["base"])
    assert side["mount"] == {"frame": "tool0"}
    assert list(side["home"]) == ARM
    assert row["hand"] == "shadow", "the rig itself is left alone"


def test_an_embodiment_may_overrule_its_hand(document: dict[str, Any], single: Embodiment) -> None:
    thumb = [a.name for a in single.actuators].index("right/THJ1")
    row = document["sides"]["right"]
    row["home"]["THJ1"] = 0.4
    row["mount"] |= {"xyz": [0, 0, 0.02]}
    other = load_embodiment(document)
    assert (single.home[thumb], other.home[thumb]) == (0.25, 0.4)
    assert (np.delete(other.home, thumb) == np.delete(single.home, thumb)).all()
    assert other.parts["right"].mount_position == (0, 0, 0.02)
    assert other.parts["right"].mount_rpy == single.parts["right"].mount_rpy


def test_an_error_names_the_line(tmp_path: Path) -> None:
    text = asset_path("hands/shadow/hand.yaml").read_text(encoding="utf-8").splitlines()
    line = next(i for i, row in enumerate(text) if "name: FFJ2, type" in row)
    text[line] = text[line].replace("revolute", "sliding")
    path = tmp_path / "hand.yaml"
    path.write_text("\n".join(text), encoding="utf-8")
    with pytest.raises(DataError, match=rf"hand\.yaml:{line + 1}: .*FFJ2.*'sliding' is not known"):
        load_mechanism(path)

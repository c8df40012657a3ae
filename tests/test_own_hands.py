"""A hand of one's own: small MJCF and URDF models through one short YAML onto every arm, and what is wrong said."""

import re
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import mujoco
import numpy as np
import pytest
import yaml

from dexbench.cli.main import main
from dexbench.core import shelf
from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import DataError, DexBenchError
from dexbench.core.mechanism import mirrored
from dexbench.core.mechanism_file import load_mechanism
from dexbench.core.shelf import EMBODIMENTS, load_embodiment
from dexbench.core.triangles import obj_text, read_obj, triangles
from dexbench.robots.build import robot_model
from dexbench.robots.check import check_robot
from dexbench.robots.hand_check import check_hand
from dexbench.robots.importing import import_hand
from dexbench.robots.lean_mesh import area, convex_hull, lean
from dexbench.robots.ordeal import run_ordeal
from dexbench.robots.problems import Problems
from dexbench.robots.short_file import OPTIONAL, REQUIRED, read_short

SCRATCH = Path(__file__).parent / "scratch"
FILES = ("pincer.xml", "pincer.yaml", "mitten.urdf", "mitten.obj", "mitten.yaml", "claw.yaml")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a user's folder with both hands in it."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEXBENCH_HOME", str(folder))
        shelf.refresh()
        for name in ("pincer", "mitten"):
            assert main(["hand", "add", str(SCRATCH / f"{name}.yaml")]) == 0
        yield folder
    shelf.refresh()


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    """Return a folder with copies of the files, to spoil."""
    for name in FILES:
        shutil.copy(SCRATCH / name, tmp_path)
    return tmp_path


def spoil(path: Path, *pairs: tuple[str, str]) -> None:
    """Replace texts that must be there."""
    text = path.read_text()
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text)


def line_of(path: Path, words: str) -> int:
    return next(i for i, line in enumerate(path.read_text().splitlines(), 1) if words in line)


ORIGINAL = {
    "pincer": ("pincer.xml", {"thumb": ("thumb_upper", (0, -0.035, 0)), "index": ("index_end", (0, 0, 0))}, "slab"),
    "mitten": ("mitten.urdf", {"thumb": ("thumb_2", (0, 0.05, 0)), "ring": ("ring_1", (0, 0, 0.075))}, "hand"),
}
"""Model, a place on each of two fingers, and the palm's body, as the models have them."""


def original(name: str, folder: Path) -> mujoco.MjModel:
    """Return the model as MuJoCo alone reads it, with no part of the importer."""
    text = (SCRATCH / ORIGINAL[name][0]).read_text()
    block = '<mujoco><compiler fusestatic="false" discardvisual="true" boundmass="1e-9" boundinertia="1e-12"/></mujoco>'
    text = text.replace('<robot name="mitten">', f'<robot name="mitten">{block}')
    text = re.sub(r"<visual><geometry><mesh.*?</visual>", "", text)
    (folder / "model.xml").write_text(text)
    return mujoco.MjModel.from_xml_path(str(folder / "model.xml"))


@pytest.mark.parametrize("name", ORIGINAL)
def test_the_written_hand_moves_as_the_model_does(home: Path, name: str, tmp_path: Path) -> None:
    model, robot = original(name, tmp_path), load_embodiment(f"{name}_ur10e")
    hand, ours = robot.parts["right"].hand, robot_model(robot)
    data, mine = mujoco.MjData(model), mujoco.MjData(ours)
    rng, _, places, palm = np.random.default_rng(3), *ORIGINAL[name]
    for _ in range(20):
        for row in hand.moving:
            q = rng.uniform(row.lower, row.upper)
            data.joint(row.name).qpos = mine.joint(f"right/{row.name}").qpos = q
        mujoco.mj_kinematics(model, data)
        mujoco.mj_kinematics(ours, mine)
        # Both in the frame of another finger's tip: no frame of ours is taken for granted.
        seen = {f: data.body(b).xpos + data.body(b).xmat.reshape(3, 3) @ p for f, (b, p) in places.items()}
        turn, at = data.body(palm).xmat.reshape(3, 3), data.body(palm).xpos
        base, there = mine.body("right/palm").xmat.reshape(3, 3), mine.body("right/palm").xpos
        tips = {f: base.T @ (mine.site(f"right/{f}_tip").xpos - there) for f in seen}
        shift = {"pincer": [0.005, 0, 0], "mitten": [0, 0, 0.02]}[name]  # the palm's body sits there in its root
        for finger, tip in tips.items():
            np.testing.assert_allclose(tip, turn.T @ (seen[finger] - at) + shift, atol=1e-6)
    for row in hand.moving:
        lower, upper = model.joint(row.name).range
        assert lower - 1e-6 <= row.lower < row.upper <= upper + 1e-6
    assert sum(link.mass for link in hand.links.values()) == pytest.approx(model.body_mass.sum(), abs=1e-7)


def test_it_stands_on_every_arm_and_agrees_with_its_data(home: Path) -> None:
    known = set(shelf.names(EMBODIMENTS))
    assert {f"{hand}_ur10e{more}" for hand in ORIGINAL for more in ("", "_bimanual")} <= known
    for name in ("pincer_ur10e_bimanual", "mitten_ur10e"):
        robot = load_embodiment(name)
        bad = [f for f in check_robot(robot) if not f.ok]
        assert not bad, bad
        worst = run_ordeal(robot, 2.0)
        assert worst.finite
        assert worst.penetration < 0.005


def test_what_the_models_say_arrives(home: Path) -> None:
    hand = load_embodiment("pincer_ur10e").parts["right"].hand
    motors = {m.role: m for m in hand.motors}
    assert motors["index/pip"].joints == ("index_curl", "index_tip"), "a fixed tendon is a shared motor"
    assert motors["index/pip"].upper == pytest.approx(2.7), "its control range ends before its joints do"
    assert motors["thumb/rotation"].upper == pytest.approx(1.2)
    assert (motors["thumb/rotation"].kp, motors["thumb/rotation"].force, motors["thumb/ip"].kp) == (2, 3, 1.5)
    assert [(f.joint, f.master, f.multiplier) for f in hand.followers] == [("middle_tip", "middle_bend", 0.8)]
    assert {j.damping for j in hand.moving} == {0.02}
    assert (hand.rest["turn"], hand.fitted) == (0.3, "skin")
    mitten = load_embodiment("mitten_ur10e").parts["right"].hand
    assert [(f.joint, f.multiplier, f.offset) for f in mitten.followers] == [("index_j2", 1.1, 0.15)]
    joints = {j.name: j for j in mitten.moving}
    assert joints["index_j1"].upper == pytest.approx((1.6 - 0.15) / 1.1), "the second joint stops the first"
    assert (joints["index_j1"].velocity, joints["index_j1"].effort) == (5, 2.5)
    assert next(s for s in mitten.visual if s.mesh).mesh is not None


def test_pads_lie_where_fingers_bend_to(home: Path) -> None:
    """Bending the fingers moves every pad of a finger along its normal; so does the thumb's."""
    robot = load_embodiment("pincer_ur10e")
    model = robot_model(robot)
    data = mujoco.MjData(model)
    assert {p.finger for p in robot.pads} == {"thumb", "index", "middle"}
    for pad, joint in (("thumb", "thumb_curl"), ("index", "index_tip"), ("middle", "middle_bend")):
        before = []
        for q in (0.0, 0.05):
            data.joint(f"right/{joint}").qpos = q
            mujoco.mj_kinematics(model, data)
            before.append(data.site(f"right/{pad}").xpos.copy())
        normal = data.site(f"right/{pad}").xmat.reshape(3, 3)[:, 2]
        moved = before[1] - before[0]
        assert moved @ normal > 0.9 * np.linalg.norm(moved) > 0


@pytest.mark.parametrize(
    ("old", "new", "words", "said"),
    [
        ("thumb/flexion: thumb_bend", "thumb/flexion: thumb_bnd", "thumb_bnd", "the model has no joint 'thumb_bnd'"),
        ("mirror: {", "ranges: {index_bend: [0, 90]}\nmirror: {", "ranges:", "is this in degrees?"),
        ("rest: {thumb/rotation: 0.3", "rest: {thumb/rotation: 30", "rest:", "30 rad is outside 0.0000 .. 1.2000; is"),
        ("plane: y", "plane: x", "plane: x", "the left hand mirrors wrongly: x = 0 is 90 degrees off"),
        ("middle/flexion: middle_bend", "middle/flexion: index_bend", "middle/flexion", "has a motor already"),
        ("index/abduction", "index/sideways", "index/sideways", "'index/sideways' is no role"),
        ("  thumb: {tip", "  forefinger: {tip", "forefinger", "'forefinger' is no finger"),
        ("palm: {link: slab", "palm: {link: hand", "palm:", "the model has no link 'hand'; it has mount, slab"),
        ("normal: [0, 0, 1], f", "normal: [0, 0, -1], f", "palm:", "the fingers bend towards [0.0, 0.0, 1.0]"),
        ("fingers: [1, 0, 0]", "fingers: [0, 1, 0]", "palm:", "at zero the fingers point along [1.0, 0.0, 0.0]"),
        ("xyz: [0.02, 0, 0.008]", "xyz: [0.02, 0, 0.02]", "  middle: {link", "the surface +12.0 mm below"),
        ("xyz: [0.02, 0, 0.008]", "xyz: [0.02, 0.05, 0.008]", "  middle: {link", "there is nothing under this place"),
        ("tip: thumb_end", "tip: thumb_ende", "thumb_ende", "sites: thumb_end, middle_end"),
        ("kp: 1.5", "kp: much", "kp: much", "a finite number is expected"),
        ("rest:", "rests:", "rests:", "no field of this file"),
        ("rows: 4", "rows: 0", "rows: 0", "a whole number of at least 1"),
    ],
)  # fmt: skip
def test_a_short_file_that_does_not_fit_is_named_with_its_line(
    bench: Path, old: str, new: str, words: str, said: str
) -> None:
    path = bench / "pincer.yaml"
    spoil(path, (old, new))
    problems, _ = check_hand(path)
    match = [p for p in problems if said in p]
    assert match, problems
    assert match[0].startswith(f"{bench.name}/pincer.yaml:{line_of(path, words)}: ")


def test_the_document_shows_a_short_file_that_fits(tmp_path: Path) -> None:
    document = Path(__file__).parents[1] / "docs" / "hands.md"
    shown = re.search(r"```yaml\n(.*?)```", document.read_text(), re.DOTALL)
    assert shown
    (tmp_path / "short.yaml").write_text(shown.group(1))
    problems = Problems()
    short = read_short(tmp_path / "short.yaml", problems)
    assert problems == []
    assert (len(short.digits), len(short.drives)) == (5, 12)
    rows = set(re.findall(r"^\| `(\w+)` \|", document.read_text(), re.MULTILINE))
    assert rows == {*REQUIRED, *OPTIONAL} - {"full_name", "source"}, "the table names every field"


def test_missing_palm_and_thumb_and_all_else_is_said_in_one_go(bench: Path) -> None:
    path = bench / "pincer.yaml"
    spoil(
        path,
        ("palm: {link: slab, normal: [0, 0, 1], fingers: [1, 0, 0]}\n", ""),
        ("  thumb: {tip: thumb_end, links: {proximal: thumb_lower, distal: thumb_upper}}\n", ""),
        ("index/flexion: index_bend", "index/flexion: index_bnd"),
        ("index/abduction", "index/sideways"),
        ("middle_lower", "middel_lower"),
    )
    problems, _ = check_hand(path)
    text = "\n".join(problems)
    for said in ("'palm' is missing", "the thumb is missing", "no joint 'index_bnd'", "is no role", "no link 'middel"):
        assert said in text
    with pytest.raises(DataError, match="problems:\n"):
        import_hand(path)
    assert main(["hand", "check", str(path)]) == 1


ROPE = '<spatial name="rope"><site site="thumb_end"/><site site="middle_end"/></spatial>'


@pytest.mark.parametrize(
    ("file", "old", "new", "words", "said"),
    [
        ("mitten.urdf", 'upper="1.4"', 'upper="80"', "thumb_j1", "is more than a turn either way; is this in degrees?"),
        ("mitten.urdf", 'name="thumb_j2" type="revolute"', 'name="thumb_j2" type="prismatic"', "thumb_j2", "a slide"),
        ("mitten.urdf", "mitten.obj", "shell.obj", '<link name="hand"', "no such file"),
        ("mitten.urdf", 'mimic joint="index_j1"', 'mimic joint="index_j9"', "index_j2", "mimics 'index_j9'"),
        ("pincer.xml", 'polycoef="0 0.8 0 0 0"', 'polycoef="0 0.8 0.1 0 0"', "middle_tip", "to another by a curve"),
        ("pincer.xml", 'range="-15 15"', 'limited="false"', "index_spread", "has no range"),
        ("pincer.xml", "<equality>", '<equality><weld body1="slab" body2="thumb_upper"/>', "", "equality 'weld' (slab"),
        ("pincer.xml", "<tendon>", f"<tendon>{ROPE}", "rope", "tendon 'rope' runs through sites"),
        ("pincer.xml", 'size=".008"', 'contype="0" conaffinity="0" size=".008"', "", "has no geom that touches"),
        ("pincer.xml", "<mujoco ", '<!DOCTYPE x [<!ENTITY y "z">]><mujoco ', "", "so they are refused"),
        ("pincer.xml", "</asset>", '<mesh name="lid" file="lid.stl"/></asset>', "lid", "there is no file 'lid.stl'"),
        ("pincer.xml", "<worldbody>", "<worldbody", "", "no valid XML"),
        ("pincer.xml", '<joint name="index_spread"', '<joint name="index_loose"', "", "has no joint 'index_spread'"),
    ],
)  # fmt: skip
def test_a_model_that_does_not_fit_is_named(bench: Path, file: str, old: str, new: str, words: str, said: str) -> None:
    path = bench / file
    spoil(path, (old, new))
    if "index_spread" in said:  # the short file asks for the joint itself
        spoil(path, ('joint="index_spread"', 'joint="index_loose"'))
        spoil(bench / "pincer.yaml", ("index/abduction: spread", "index/abduction: index_spread"))
    problems, _ = check_hand(bench / f"{path.stem}.yaml")
    match = [p for p in problems if said in p]
    assert match, problems
    if words:
        assert match[0].startswith(f"{file}:{line_of(path, words)}: ")


def test_joints_that_nothing_moves_are_named_or_held(bench: Path) -> None:
    path = bench / "pincer.yaml"
    spoil(path, ("  index/abduction: spread\n", ""))
    assert "index_spread: neither a motor nor a linkage moves" in check_hand(path)[0][0]
    spoil(path, ("mirror:", "fixed: {index_spread: 0.1}\nmirror:"))
    found = import_hand(path)
    assert found.error < 1e-6
    assert "index_spread" not in {j.name for j in found.mechanism.joints}


def mirror_urdf(path: Path, to: Path) -> None:
    """Write the mirror image of a URDF about y = 0."""
    tree = ElementTree.parse(path)
    for element in tree.iter():
        for key, signs in (("xyz", (1, -1, 1)), ("rpy", (-1, 1, -1))):
            if key in element.attrib:
                flip = (-1, 1, -1) if element.tag == "axis" else signs
                values = [s * float(v) for s, v in zip(flip, element.attrib[key].split(), strict=True)]
                element.set(key, " ".join(map(str, values)))
    tree.write(to)


def test_a_left_model_is_compared_with_the_mirror_image(bench: Path) -> None:
    mirror_urdf(bench / "mitten.urdf", bench / "left.urdf")
    path = bench / "mitten.yaml"
    spoil(path, ("mount:", "mirror: {plane: y, left: left.urdf}\nmount:"))
    assert any("the mirror image is within 0.000 mm of left.urdf" in note for note in import_hand(path).notes)
    spoil(path, ("plane: y", "plane: z"))
    problems, _ = check_hand(path)
    assert re.search(r"mitten.yaml:\d+: mirror.plane: the left hand mirrors wrongly: .* say plane: y", problems[0])


def test_hulls_touch_and_mirror_and_are_what_was_meant(bench: Path) -> None:
    path = bench / "pincer.yaml"
    spoil(path, ("mirror:", "collision: hull\nmirror:"))
    file = import_hand(path).write(bench / "hands" / "pincer")
    hand = load_mechanism(file)
    hull = next(s for s in hand.collision if s.mesh)
    left = next(s for s in mirrored(hand).collision if s.mesh)
    for mesh in (hull.mesh, left.mesh):
        assert mesh is not None
        a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
        volume = np.einsum("ij,ij->", a, np.cross(b, c)) / 6
        assert volume == pytest.approx(0.09 * 0.075 * 0.024, rel=1e-4), "outwards, and the slab's own"
    stored = next(file.parent.glob("*hull.obj"))
    stored.write_text(stored.read_text().replace("v ", "v 1", 1))
    with pytest.raises(DataError, match=r"hand.yaml:\d+: .*is not the file that was meant"):
        load_mechanism(file)


def test_lean_meshes_keep_their_size() -> None:
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    rings = np.concatenate([np.c_[np.cos(angle), np.sin(angle), np.full(200, z)] for z in np.linspace(0, 3, 40)])
    cell = np.arange(39 * 200)
    right = cell // 200 * 200 + (cell + 1) % 200
    tube = triangles(rings, np.concatenate([np.c_[cell, right, right + 200], np.c_[cell, right + 200, cell + 200]]))
    few = lean(tube, 600)
    assert 100 < len(few.faces) <= 600
    assert area(few) == pytest.approx(area(tube), rel=0.1)
    hull = convex_hull(rings)
    assert len(hull.vertices) <= 120
    assert np.ptp(hull.vertices, axis=0)[2] == pytest.approx(3)


def test_mesh_files_that_are_none(tmp_path: Path) -> None:
    import hashlib

    box = convex_hull(np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float))
    good = obj_text(box)
    for text, said in (
        (good + "f 1 2 99\n", "a triangle of vertices it does not have"),
        (good + "vt 0 0\n", r"m.obj:21: `v x y z` or `f a b c` is expected"),
        (good.replace("v 0", "v nan", 1), "a vertex that is no number"),
        ("v 0 0 0\n", "that is no body"),
    ):
        (tmp_path / "m.obj").write_text(text)
        with pytest.raises(DataError, match=said):
            read_obj(tmp_path / "m.obj", hashlib.sha256(text.encode()).hexdigest())


def test_a_whole_hand_file_is_checked_in_one_go(bench: Path) -> None:
    path = bench / "claw.yaml"
    assert check_hand(path)[0] == []
    spoil(
        path,
        ("range: [-0.3, 1.2], vel", "range: [-17, 69], vel"),
        ("{name: index_tip, role: index/pip}", "{name: index_tip, joints: [index_base], role: index/pip}"),
        ("role: middle/pip", "role: middle/curl"),
        ("finger: middle, link: middle_upper, xyz", "finger: middle, link: middle_end, xyz"),
        ("mount:", "mirror: {plane: z}\nmount:"),
    )
    problems, _ = check_hand(path)
    said = {
        "is this in degrees?": "[-17, 69]",
        "joint 'index_base' has a motor already": "joints: [index_base]",
        "'middle/curl' is not known": "middle/curl",
        "'middle_end' is not known": "link: middle_end",
        "the left hand mirrors wrongly: z = 0 is 90 degrees off": "mirror:",
        "the pad of the middle is missing": "pads:",
    }
    for text, words in said.items():
        match = [p for p in problems if text in p]
        assert match, (text, problems)
        line = line_of(path, words) + (words == "pads:")
        assert f"claw.yaml:{line}: " in match[0], match


def test_a_file_in_block_style_is_read_on_behind_a_problem(bench: Path) -> None:
    """Lines stay where they are, though entries are taken out."""
    document = yaml.safe_load((bench / "claw.yaml").read_text())
    document["kinematic_tree"]["joints"][1]["range"] = [5, 1]
    document["pads"]["items"][0]["link"] = "nowhere"
    document["pads"]["items"][2]["finger"] = "toe"
    path = bench / "claw.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    problems, _ = check_hand(path)
    for said, words in (
        ("lower end 5.0", "    - 5"),
        ("'nowhere' is not", "link: nowhere"),
        ("'toe' is not", "finger: toe"),
    ):
        match = [p for p in problems if said in p]
        assert match, problems
        assert f"claw.yaml:{line_of(path, words)}: " in match[0]


def test_names_that_clash_name_both(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hand", "add", str(SCRATCH / "mitten.yaml")]) == 2
    assert "--force replaces it" in capsys.readouterr().err
    assert main(["hand", "add", "--force", str(SCRATCH / "mitten.yaml")]) == 0
    folder = home / "hands" / "shadow"
    shutil.copytree(home / "hands" / "mitten", folder)
    shelf.refresh()
    try:
        with pytest.raises(DexBenchError, match=r"two hands 'shadow': .*assets.*hand.yaml and .*rename the second"):
            shelf.names(shelf.HANDS)
    finally:
        shutil.rmtree(folder)
        shelf.refresh()
    assert main(["hand", "check", "mitten"]) == 0
    assert main(["hand", "check", "miten"]) == 2
    assert "did you mean 'mitten'" in capsys.readouterr().err


def test_a_hand_is_part_of_an_embodiments_digest(home: Path) -> None:
    def digest() -> Embodiment:
        return load_embodiment("mitten_ur10e")

    before = digest()
    assert digest() == before
    path = home / "hands" / "mitten" / "hand.yaml"
    text = path.read_text()
    path.write_text(text.replace("vel: 5.0", "vel: 4.5", 1))
    try:
        assert digest() != before
    finally:
        path.write_text(text)

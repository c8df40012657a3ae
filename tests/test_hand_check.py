"""What is wrong with a hand of one's own, or its model, is said: all in one go, with file and line."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml

from dexbench.cli.main import main
from dexbench.core.errors import DataError
from dexbench.robots.hand_check import check_hand
from dexbench.robots.importing import import_hand
from dexbench.robots.problems import Problems
from dexbench.robots.short_file import OPTIONAL, REQUIRED, read_short
from tests.spoiling import copies, line_of, spoil


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    """Return a folder with copies of the files, to spoil."""
    return copies(tmp_path)


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

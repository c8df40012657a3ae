"""Files of articulated objects that do not fit: refused with file, line and field."""

import re
from pathlib import Path

import pytest

from dexbench.core.assets import asset_path
from dexbench.core.errors import DataError
from dexbench.objects.articulated import articulated_names, load_articulated, read_articulated

BROKEN = {
    "a field that does not exist": ("cabinet", "frictionloss: 2.0", "frictionlos: 2.0", "there is no field"),
    "no source": (
        "cabinet",
        ', source: "light drawers on wooden or ball-bearing runners take 2 to 10 N"',
        "",
        "source",
    ),
    "an unknown confidence": ("cabinet", "confidence: derived", "confidence: sure", "derived"),
    "a mass of nothing": ("cabinet", "{value: 3.2", "{value: 0", "above 0"),
    "a mass in grams": ("cabinet", "{value: 3.2", "{value: 3200", "50 kg"),
    "an axis of no unit": ("cabinet", "axis: [-1, 0, 0]", "axis: [-2, 0, 0]", "unit vector"),
    "a range in millimetres": ("cabinet", "range: [0, 0.15]", "range: [0, 150]", "millimetres"),
    "a range in degrees": ("hinged_box", "range: [0, 1.9]", "range: [0, 109]", "degrees"),
    "a range upside down": ("cabinet", "range: [0, 0.15]", "range: [0.15, 0]", "not below"),
    "an effort below the friction": ("cabinet", "effort: 5.0", "effort: 1.0", "dry friction"),
    "a size in millimetres": ("cabinet", "{box: [0.100, 0.150, 0.030]", "{box: [100, 150, 30]", "millimetres"),
    "no such color": ("cabinet", "color: dark", "color: drak", "drak"),
    "two shapes": ("cabinet", "{box: [0.100, 0.150, 0.030]", "{sphere: [0.1], box: [0.1, 0.1, 0.1]", "one of"),
    "a parent that does not exist": ("cabinet", "parent: body", "parent: bodie", "depth first"),
    "two links of one name": ("cabinet", "  - name: drawer_top", "  - name: drawer_bottom", "another"),
    "a region on no link": ("cabinet", "inside_bottom, link: drawer_bottom", "inside_bottom, link: shelf", "shelf"),
    "a region far away": (
        "cabinet",
        "link: body, at: [-0.004, 0, 0.330]",
        "link: body, at: [-0.004, 0, 1.3]",
        "outside",
    ),
    "a grip of no kind": ("cabinet", "kind: bar", "kind: rod", "rod"),
    "a coupling of nothing": ("screw_jar", "master: lid_rise", "master: lid_lift", "lid_lift"),
    "a coupling out of range": ("screw_jar", "multiplier: 1485.38", "multiplier: 2000", "outside"),
    "a base that is neither": ("screw_jar", "base: free", "base: loose", "loose"),
    "a hole without walls": ("peg_block", "peg: 0.0145", "peg: 0.040", "no wall"),
    "a number that is a text": ("tongs", "stiffness: 0.5", "stiffness: stiff", "number"),
    "a colour beyond 1": ("tongs", "grip: [0.80,", "grip: [80,", "0 to 1"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_is_named_with_its_line(what: str, tmp_path: Path) -> None:
    name, old, new, said = BROKEN[what]
    text = asset_path(f"articulated/{name}.yaml").read_text()
    assert old in text
    line = text[: text.index(old)].count("\n") + 1 + old.count("\n")
    path = tmp_path / f"{name}.yaml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(DataError, match=re.escape(said)) as caught:
        read_articulated(path)
    assert f"{name}.yaml:{line}:" in str(caught.value)


@pytest.mark.parametrize("content", ["", "- a\n", "noun: [\n", "noun: \x00\n", "noun: thing\n"])
def test_what_is_no_such_file_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(content)
    with pytest.raises(DataError, match=r"odd\.yaml"):
        read_articulated(path)


def test_the_page_shows_them_all(tmp_path: Path) -> None:
    """The file on the page is one, and its table has every object with its size and weight."""
    page = (Path(__file__).resolve().parents[1] / "docs" / "articulated.md").read_text(encoding="utf-8")
    shown = tmp_path / "lamp.yaml"
    shown.write_text(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[0])
    assert read_articulated(shown).bodies == ("lamp", "lamp/switch")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    for name in articulated_names():
        thing = load_articulated(name)
        row = next(line for line in rows if f"`{name}`" in line.split("|")[1])
        assert " x ".join(f"{100 * v:.0f}" for v in thing.upper - thing.lower) in row
        if "kg" in row:
            weight = sum(link.mass for link in thing.links)
            assert float(re.findall(r"([\d.]+) kg", row)[0]) == pytest.approx(weight, rel=0.03)
        assert f"| {thing.base} |" in row
        assert all(f"`{joint.name}`" in row for joint in thing.joints)

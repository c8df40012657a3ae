"""The search for grasps by part and mode: alignment, the force test, records, transfer, and that it repeats."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import mujoco
import numpy as np
import pytest

from dexbench.baselines._symmetry import spins
from dexbench.cli.main import main
from dexbench.core.errors import DataError, UnknownName
from dexbench.core.shelf import load_embodiment
from dexbench.grasp.alignment import align
from dexbench.grasp.campaign import Order, campaign
from dexbench.grasp.candidates import kept, unit
from dexbench.grasp.library import load_grasps, load_part_grasps, read_grasps, write
from dexbench.grasp.opposition import opposed_shapes
from dexbench.grasp.part_shape import part_shape
from dexbench.grasp.posture import Posture
from dexbench.grasp.pull import BENCH, DIRECTIONS, ForceTest, Pulled
from dexbench.grasp.search import Searcher, Settings, cells, merged
from dexbench.grasp.search_record import SearchRecord, read_records, write_records
from dexbench.grasp.transfer import carried_over, nearest
from dexbench.objects.catalogue import load_object
from dexbench.robots.floating import hand_spec

ROBOT = load_embodiment("psibot_rm75")
QUICK = Settings(samples=800, candidates=3, wanted=2, repeats=1)
RECORD = SearchRecord("psibot", "can_01", "body", "body", "wrap", 0, 80, 10, 9, 8, 4, 3, 7, 5, 2.0)


@pytest.mark.parametrize(
    ("instance", "part"),
    [
        *(("can_01", "body"), ("box_01", "body"), ("bottle_01", "cap")),
        *(("bowl_01", "rim"), ("mug_01", "handle"), ("bottle_01", "neck")),
    ],
)
def test_palms_come_from_outside_and_the_line_goes_through_the_part(instance: str, part: str) -> None:
    rng, model, found = np.random.default_rng(0), load_object(instance), []
    for _ in range(60):
        one = align(model, part, rng)
        if one is not None:
            found.append(one)
    assert len(found) > 20
    points = part_shape(instance, part).points
    for one in found:
        assert np.isclose(np.linalg.norm(one.line), 1)
        assert np.isclose(np.linalg.norm(one.coming), 1)
        assert abs(one.line @ one.coming) < 1e-9
        ends = one.centre + np.outer([-0.5, 0.5], one.line) * one.width
        assert np.linalg.norm(points[:, None] - ends, axis=2).min(axis=0).max() < 0.016
        assert 0 < one.width < 0.13


def test_each_class_has_its_rule() -> None:
    rng = np.random.default_rng(1)

    def drawn(instance: str, part: str) -> list[tuple[np.ndarray, np.ndarray]]:
        found = (align(load_object(instance), part, rng) for _ in range(80))
        return [(one.line, one.coming) for one in found if one is not None]

    assert all(abs(line[2]) < 1e-6 for line, _ in drawn("can_01", "body")), "level across a body"
    assert all(coming[2] < -0.5 for _, coming in drawn("bottle_01", "cap")), "down on a lid"
    assert all(abs(line[1]) > 0.99 for line, _ in drawn("mug_01", "handle")), "across the plane of a bow"
    assert all(coming[0] < 0.6 for _, coming in drawn("mug_01", "handle")), "never from inside the mug"
    assert np.mean([coming[2] < -0.6 for _, coming in drawn("bowl_01", "rim")]) > 0.9, "over the edge of a sheet"


def test_a_pinch_leaves_ring_and_little_finger_out() -> None:
    model = hand_spec(ROBOT, "right").compile()
    posture = Posture(model, ROBOT, "right")
    wrap, pinch = (opposed_shapes(posture, np.random.default_rng(0), 3000, mode) for mode in ("wrap", "pinch"))
    assert (wrap.fingers, pinch.fingers) == (len(posture.fingers) - 1, 2)
    with pytest.raises(UnknownName, match="did you mean 'pinch'"):
        opposed_shapes(posture, np.random.default_rng(0), 10, "pich")


def test_the_force_test_tells_a_hold_from_none() -> None:
    grasps = load_grasps("psibot", "can_01").chosen(range(4))
    test = ForceTest(ROBOT, "right", "can_01", 4)
    held = test.run(grasps.position, grasps.quaternion, (grasps.pregrasp, grasps.squeeze))
    assert held.loose.sum() >= 3
    open_hand = test.run(grasps.position, grasps.quaternion, (grasps.pregrasp, grasps.pregrasp))
    assert not open_hand.loose.any(), "a hand that does not close holds nothing"
    again = test.run(grasps.position, grasps.quaternion, (grasps.pregrasp, grasps.squeeze))
    assert (again.slips == held.slips).all(), "nothing is left behind from the tests before"
    weak = dataclasses.replace(BENCH, torque=1e-3, pull=0.3)
    assert (
        not ForceTest(ROBOT, "right", "can_01", 4, weak)
        .run(grasps.position, grasps.quaternion, (grasps.pregrasp, grasps.pregrasp, grasps.squeeze))
        .turned.any()
    )


def test_loose_strict_and_the_benchs_rule_by_hand() -> None:
    slips = np.zeros((5, len(DIRECTIONS)))
    angles, moved, deep = np.zeros_like(slips), np.zeros(5), np.zeros(5, bool)
    slips[1, 2], angles[2, 5], moved[3], deep[4] = 0.03, np.deg2rad(20), 0.06, True
    found = Pulled(moved, slips, angles, deep)
    assert found.loose.tolist() == [True, True, True, False, False]
    assert found.turned.tolist() == [True, True, False, False, False]
    assert found.strict.tolist() == [True, False, False, False, False]


def test_what_is_kept_is_what_was_tested(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    quaternions = unit(rng.normal(size=(50, 4)))
    grasps = dataclasses.replace(
        load_grasps("psibot", "can_01").chosen([0] * 50),
        quaternion=quaternions,
        position=kept(rng.normal(size=(50, 3))),
    )
    write(grasps, tmp_path / "can_01.npz")
    back = read_grasps(tmp_path / "can_01.npz", "psibot", "can_01")
    for name in ("position", "quaternion", "pregrasp", "squeeze"):
        assert (getattr(back, name) == getattr(grasps, name)).all(), name


def test_search_finds_grasps_and_repeats_to_the_bit_in_another_process(tmp_path: Path) -> None:
    grasps, record = Searcher(ROBOT, "psibot", 3, QUICK).part("can_01", "body", "wrap")
    assert len(grasps) >= 1
    assert record.tested >= record.loose >= record.strict
    assert set(grasps.mode) == {"wrap"}
    write(grasps, tmp_path / "here.npz")
    code = (
        "from dexbench.core.shelf import load_embodiment\n"
        "from dexbench.grasp.library import write\nfrom dexbench.grasp.search import Searcher, Settings\n"
        f"s = Searcher(load_embodiment('psibot_rm75'), 'psibot', 3, {QUICK!r})\n"
        "s.part('can_02', 'body', 'wrap')\n"  # another search before it changes nothing
        f"from pathlib import Path\nwrite(s.part('can_01', 'body', 'wrap')[0], Path({str(tmp_path)!r}) / 'there.npz')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (tmp_path / "here.npz").read_bytes() == (tmp_path / "there.npz").read_bytes()


def test_a_sibling_gets_its_grasps_by_transfer_and_a_campaign_goes_on(tmp_path: Path) -> None:
    first = load_grasps("psibot", "can_01").chosen(range(6))
    write(first, tmp_path / "can_01.npz")
    order = Order("psibot_rm75", ("can_02", "can_03"), settings=QUICK, out=str(tmp_path))
    found = list(campaign(order))
    assert [f.source for f in found] == ["can_01"] * 2 or found[1].source == "can_02"
    assert all(len(f.grasps) >= 4 and not f.records for f in found)
    assert list(campaign(order)) == [], "all is done"


def test_nearest_is_the_sibling_of_the_same_size() -> None:
    assert nearest("can_03", ["can_01", "can_03", "mug_01"]) == "can_01"
    assert nearest("can_03", ["mug_01"]) is None


def test_grasps_on_the_same_object_stay_what_they_are() -> None:
    model = hand_spec(ROBOT, "right").compile()
    grasps = load_grasps("psibot", "mug_01")
    there = carried_over(grasps, "mug_01", Posture(model, ROBOT, "right"))
    assert np.allclose(there.position, grasps.position, atol=1e-6)
    assert np.allclose(there.squeeze, grasps.squeeze, atol=1e-6)


def test_a_wider_sibling_opens_the_hand_wider() -> None:
    model = hand_spec(ROBOT, "right").compile()
    posture, data = Posture(model, ROBOT, "right"), mujoco.MjData(model)
    small, large = sorted(("can_01", "can_02", "can_03", "can_04"), key=lambda n: load_object(n).footprint_radius)[::3]
    grasps = load_grasps("psibot", small).chosen(range(4))
    there = carried_over(grasps, large, posture)
    grown = 2 * (load_object(large).footprint_radius - load_object(small).footprint_radius)
    for a, b in zip(grasps.pregrasp, there.pregrasp, strict=True):
        opening = [np.linalg.norm(p[1:4].mean(axis=0) - p[0]) for p in (posture.pose(data, c)[0] for c in (a, b))]
        assert 0.3 * grown < opening[1] - opening[0] < 1.5 * grown  # motors that fingers share do what they can


def test_cells_and_merging() -> None:
    assert cells("mug_01") == [("body", "wrap"), ("body", "pinch"), ("handle", "wrap"), ("handle", "pinch")]
    assert cells("mug_01", "handle", "pinch") == [("handle", "pinch")]
    some = load_grasps("psibot", "mug_01")
    whole = merged([some.chosen([3]), some.chosen([0, 1])], 2)
    assert whole.score.tolist() == some.score[:2].tolist()


def test_records_survive_and_impossible_ones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "search.jsonl"
    later = dataclasses.replace(RECORD, seconds=3.0)
    write_records([RECORD, dataclasses.replace(RECORD, mode="pinch"), later], path)
    assert read_records(path) == [dataclasses.replace(RECORD, mode="pinch"), later]
    assert read_records(tmp_path / "none.jsonl") == []
    path.write_text(path.read_text().replace('"loose": 9', '"loose": 90'))
    with pytest.raises(DataError, match=r"search.jsonl, line 1: counts that cannot be"):
        read_records(path)
    path.write_text("{")
    with pytest.raises(DataError, match=r"line 1: no JSON"):
        read_records(path)


def test_a_part_without_grasps_says_what_there_is() -> None:
    with pytest.raises(
        DataError, match=r"no pinch of the lid of 'can_01', but of: body \(wrap\); search with: dexbench"
    ):
        load_part_grasps("bytedexter", "can_01", "lid", "pinch")


def test_the_command_searches_and_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["grasp", "search", "--hand", "psibot", "--objects", "can_01", "--candidates", "3", "--wanted", "1"]
    words += ["--repeats", "1", "--part", "body", "--out", str(tmp_path)]
    assert main([*words, "--mode", "wrap"]) in (0, 1)
    assert "can_01 body wrap: 3 simulated" in capsys.readouterr().out
    assert main([*words, "--mode", "wrap"]) == 0, "done already"
    assert "0 objects searched, 1 had been" in capsys.readouterr().out
    assert main([*words, "--mode", "grab"]) == 2
    assert main([*words[:-4], "--part", "lid"]) == 2
    assert "unknown part of can_01 'lid'" in capsys.readouterr().err


def test_the_page_on_the_library_is_what_the_records_say(capsys: pytest.CaptureFixture[str]) -> None:
    page = Path(__file__).parents[1] / "docs" / "grasp_library.md"
    assert main(["grasp", "table", "--out", str(page), "--check"]) == 0, "write it anew: dexbench grasp table --out"
    other = page.with_name("performance.md")
    assert main(["grasp", "table", "--out", str(other), "--check"]) == 1
    assert main(["grasp", "table", "--check"]) == 2
    assert "--out FILE" in capsys.readouterr().err


def test_only_round_objects_look_the_same_all_around() -> None:
    assert {
        n: len(spins(load_object(n))) for n in ("can_01", "bowl_02", "peg_01", "box_01", "cube_01", "carton_01")
    } == {
        "can_01": 12,
        "bowl_02": 12,
        "peg_01": 12,
        "box_01": 2,
        "cube_01": 2,
        "carton_01": 2,
    }
    assert {len(spins(load_object(n))) for n in ("mug_01", "banana_01", "croissant_01", "teapot_01", "lotion_01")} == {
        1
    }
    assert len(spins(load_object("egg_01"))) <= 2

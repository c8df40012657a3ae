"""`dexbench grasp evaluate`: what it makes of libraries, of DexGraspBench's layout, and of files that do not fit."""

import json
from pathlib import Path

import numpy as np
import pytest

from dexbench.cli.main import main
from dexbench.core.errors import DataError
from dexbench.core.shelf import load_embodiment
from dexbench.grasp.assessor import assess
from dexbench.grasp.grasp_file import bench_grasps
from dexbench.grasp.library import library_path, load_grasps
from dexbench.grasp.measures import MEASURES
from dexbench.grasp.stance import Stance

CAN = library_path("shadow", "can_01")


def arrays(path: Path = CAN) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as found:
        return {name: found[name] for name in found.files}


def written(folder: Path, name: str = "can_01", **changed: object) -> Path:
    """A copy of the library with other arrays; None leaves one out."""
    path = folder / "shadow" / f"{name}.npz"
    path.parent.mkdir(exist_ok=True)
    np.savez(path, **{k: v for k, v in {**arrays(), **changed}.items() if v is not None})  # type: ignore[arg-type]
    return path


def bench(count: int = 6, **more: object) -> dict[str, object]:
    rng = np.random.default_rng(0)
    pose = np.concatenate([rng.normal(size=(count, 3)), np.tile([1.0, 0, 0, 0], (count, 1))], axis=1)
    qpos = np.concatenate([pose, rng.uniform(0, 1, (count, 22))], axis=1)
    names = ["mug", "mug", "can", "can", "jar", "jar"][:count]
    return {"grasp_qpos": qpos, "pregrasp_qpos": qpos, "squeeze_qpos": qpos, "obj_path": np.array(names), **more}


@pytest.mark.parametrize("hand", ["shadow", "bytedexter", "psibot"])
def test_fingers_of_a_library_touch_and_do_not_sink_in(hand: str) -> None:
    name = {"shadow": "shadow_ur10e", "bytedexter": "bytedexter_fr3", "psibot": "psibot_rm75"}[hand]
    grasps, stance = load_grasps(hand, "can_01"), Stance(load_embodiment(name), "right", "can_01")
    touched = 0
    for g in range(4):
        place = grasps.position[g], grasps.quaternion[g]
        grasp = stance.grasp(*place, grasps.pregrasp[g], grasps.squeeze[g])
        before, near = stance.pairs(*place, grasps.pregrasp[g]), stance.pairs(*place, grasp)
        pressed = stance.pairs(*place, grasps.squeeze[g])
        assert near.distance.min() > min(before.distance.min(initial=0), 0) - 3e-4, "just touching"
        assert pressed.distance.min() < -0.003, "the command that presses lies inside"
        touched += len({int(stance.finger[b]) for b in near.body[near.distance < 5e-4]} - {-1})
        inward = ((np.array([0, 0, near.point[:, 2].mean()]) - near.point) * near.normal).sum(axis=1)
        assert (inward[near.distance < 5e-4] > 0).all(), "normals point into the object"
    assert touched >= 8, "the thumb and a finger at least"


def test_a_library_is_judged_and_its_values_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out" / "values.json"
    small = written(tmp_path, **{name: found[:4] for name, found in arrays().items()})
    assert main(["grasp", "evaluate", str(small), "--json", str(out)]) == 0
    text = capsys.readouterr().out
    assert "shadow on can_01: 4 grasps" in text
    found = json.loads(out.read_text(encoding="utf-8"))["sets"][0]
    assert set(found["grasps"]) | set(found["set"]) <= set(MEASURES)
    for name, row in found["grasps"].items():
        assert f"  {name} " in text
        assert np.isfinite(row["values"]).all(), name
        assert len(row["values"]) == 4
    assert max(found["grasps"]["qp_dfc_metric"]["values"]) < 0.1, "grasps that held can close"
    assert np.mean(found["grasps"]["part_touched"]["values"]) > 0.7
    assert max(found["grasps"]["ho_pene"]["values"]) < 0.002
    np.testing.assert_allclose(found["grasps"]["score"]["values"], arrays()["score"][:4], rtol=1e-6)


def test_grasps_beside_the_object_are_the_worst(tmp_path: Path) -> None:
    few = {name: found[:2] for name, found in arrays().items()}
    away = few["position"] + np.array([1, 0, 0], np.float32)
    values = assess([written(tmp_path, **{**few, "position": away})])[0].values
    for name, worst in (("contact_num", 0), ("contact_dist", 0.01), ("part_touched", 0), ("q1", 0), ("qp_metric", 2)):
        np.testing.assert_allclose(values[name], worst)
    for name in ("q1_metric", "dfc_metric", "tdg_metric", "qp_dfc_metric"):
        assert (values[name] == 2).all()


def test_a_hand_deep_in_the_object_has_no_valid_ball(tmp_path: Path) -> None:
    few = {name: found[:2] for name, found in arrays().items()}
    values = assess([written(tmp_path, **{**few, "position": np.array([[0, 0, 0.05]] * 2)})])[0].values
    assert (values["ho_pene"] > 0.005).all()
    assert (values["q1_valid"] == 0).all()


def test_the_bench_layout_gives_rates_and_diversity(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    success = np.array([True, True, False, True, False, False])
    np.savez(tmp_path / "a.npz", **bench(succ_flag=success, qp_metric=np.arange(1, 7) / 10))  # type: ignore[arg-type]
    assert main(["grasp", "evaluate", str(tmp_path / "a.npz")]) == 0
    text = capsys.readouterr().out
    assert "6 grasps of 3 objects, 22 joints" in text
    found = assess([tmp_path / "a.npz"])[0]
    assert found.values["succ_flag"].mean() == 0.5
    assert found.whole["object_success"] == pytest.approx(2 / 3)
    assert found.foretold["qp_metric"] == pytest.approx(8 / 9)
    assert "qp_metric 0.889" in text
    assert 0 < found.whole["explained_1"] < found.whole["explained_5"] <= 1


def test_one_grasp_a_file_makes_one_set(tmp_path: Path) -> None:
    whole = bench()
    for g in range(6):
        one = {name: values[g] for name, values in whole.items()}  # type: ignore[index]
        np.savez(tmp_path / f"{g}.npz", **one, succ_flag=g < 2, obj_scale=0.1)
    np.savez(tmp_path / "all.npz", **whole, succ_flag=np.arange(6) < 2)  # type: ignore[arg-type]
    apart, together = assess([tmp_path / f"{g}.npz" for g in range(6)])[0], assess([tmp_path / "all.npz"])[0]
    assert apart.whole == together.whole
    assert apart.whole["object_success"] == pytest.approx(1 / 3)


def test_diversity_is_that_in_the_objects_frame(tmp_path: Path) -> None:
    """The same grasp on an object that stands somewhere else is the same grasp."""
    half = np.sqrt(0.5)
    qpos = np.array([[0.1, 0, 0, 1, 0, 0, 0, 0.5], [2, 3.1, 0, half, 0, 0, half, 0.5]])
    thing = np.array([[0, 0, 0, 1.0, 0, 0, 0], [2, 3, 0, half, 0, 0, half]])
    found = bench_grasps({"grasp_qpos": qpos, "obj_pose": thing}, tmp_path / "a.npz")
    np.testing.assert_allclose(found.pose[0], found.pose[1], atol=1e-12)


def test_pickles_are_not_read(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self):  # type: ignore[no-untyped-def]
            return (Path.touch, (tmp_path / "sprung",))

    np.save(tmp_path / "a.npy", np.array({"grasp_qpos": Trap()}, dtype=object), allow_pickle=True)
    np.savez(tmp_path / "b.npz", grasp_qpos=np.array([Trap()], dtype=object))
    (tmp_path / "sprung").unlink(missing_ok=True)
    for name in ("a.npy", "b.npz"):
        with pytest.raises(DataError, match=r"pickle.*not read.*numpy\.savez"):
            assess([tmp_path / name])
    assert not (tmp_path / "sprung").exists()


def test_the_way_to_convert_that_is_shown_works(tmp_path: Path) -> None:
    np.save(tmp_path / "OLD.npy", np.array(bench(), dtype=object), allow_pickle=True)
    with pytest.raises(DataError) as refused:
        assess([tmp_path / "OLD.npy"])
    shown = str(refused.value).partition("in Python: ")[2].replace("NEW", f"{tmp_path}/NEW")
    exec("import numpy; " + shown.replace("OLD", f"{tmp_path}/OLD"))
    assert assess([tmp_path / "NEW.npz"])[0].title.startswith("DexGraspBench's layout: 6 grasps")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"position": np.zeros((16, 2))}, r"position must have shape \(G, 3\), not \(16, 2\)"),
        ({"position": np.full((16, 3), np.nan)}, "position has a number that is not finite, first in grasp 0"),
        ({"squeeze": np.zeros((16, 6))}, r"squeeze must have shape \(G, 20\)"),
        ({"squeeze": np.full((16, 20), 9.0)}, "squeeze of grasp 0 is beyond the limits of right/"),
        ({"score": np.zeros(3)}, "every array must have a row a grasp"),
        ({"score": np.array(["good"] * 16)}, "score holds no numbers"),
        ({"quaternion": np.ones((16, 4))}, "quaternion must have length one"),
        ({"part": np.array(["spout"] * 16)}, "can_01 has no part 'spout'; it has"),
        ({"pregrasp": None}, "in no known layout.*A library lacks pregrasp"),
    ],
)
def test_libraries_that_do_not_fit_are_refused(tmp_path: Path, changed: dict[str, object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        assess([written(tmp_path, **changed)])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"grasp_qpos": np.zeros((6, 5))}, "it is 7 of the hand's pose and the joints"),
        ({"grasp_qpos": np.zeros((6, 29))}, "quaternions wxyz of length one"),
        ({"squeeze_qpos": np.zeros((6, 28))}, r"squeeze_qpos must have shape \(G, 29\)"),
        ({"squeeze_qpos": np.zeros((5, 29))}, "squeeze_qpos has 5 grasps, grasp_qpos 6"),
        ({"succ_flag": np.ones(5)}, "succ_flag has 5 rows"),
        ({"obj_pose": np.zeros((2, 7))}, "obj_pose has 2 rows"),
        ({"ho_pene": np.full(6, np.inf)}, "ho_pene has a number that is not finite"),
        ({"obj_path": np.array(["a", "b"])}, "obj_path has 2 rows"),
    ],
)
def test_bench_files_that_do_not_fit_are_refused(tmp_path: Path, changed: dict[str, object], words: str) -> None:
    np.savez(tmp_path / "a.npz", **{**bench(), **changed})  # type: ignore[arg-type]
    with pytest.raises(DataError, match=words):
        assess([tmp_path / "a.npz"])


def test_sets_of_different_hands_are_not_mixed(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **bench())  # type: ignore[arg-type]
    np.savez(tmp_path / "b.npz", grasp_qpos=np.array([[0, 0, 0, 1.0, 0, 0, 0, 0.2]]))
    np.savez(tmp_path / "c.npz", **bench(), succ_flag=np.ones(6))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="assess hands separately"):
        assess([tmp_path / "a.npz", tmp_path / "b.npz"])
    for pair in ("ac", "ca"):
        with pytest.raises(DataError, match="do not both have succ_flag"):
            assess([tmp_path / f"{name}.npz" for name in pair])


def test_unknown_names_and_broken_files_say_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cut = tmp_path / "cut.npz"
    cut.write_bytes(CAN.read_bytes()[:-300])
    bent = bytearray(CAN.read_bytes())
    bent[200:240] = bytes(40)
    (tmp_path / "bent.npz").write_bytes(bytes(bent))
    (tmp_path / "text.npz").write_text("no arrays", encoding="utf-8")
    np.save(tmp_path / "plain.npy", np.zeros((3, 29)))
    for words, shown in (
        ([str(cut)], "cut short"),
        ([str(tmp_path / "bent.npz")], "write it again"),
        ([str(tmp_path / "text.npz")], "no .npz file"),
        ([str(tmp_path / "plain.npy")], "is one array (3, 29)"),
        ([str(tmp_path / "none.npz")], "there is no file"),
        ([str(CAN), "--hand", "shadwo"], "did you mean 'shadow'"),
        ([str(CAN), "--object", "can_99"], "unknown object 'can_99'"),
        ([str(CAN), "--hand", "psibot"], "pregrasp must have shape (G, 6)"),
    ):
        assert main(["grasp", "evaluate", *words]) == 2
        assert shown in capsys.readouterr().err, words

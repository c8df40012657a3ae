"""A suite's grasps as a file: export, what it is worth, files that do not fit; and grasps of articulated grips."""

from pathlib import Path

import numpy as np
import pytest

from dexbench.cli.main import main
from dexbench.core.errors import DataError
from dexbench.core.shelf import load_embodiment
from dexbench.grasp.grips import grip_grasps
from dexbench.grasp.rig import turns
from dexbench.grasp.suite_grasps import Asked, best
from dexbench.objects.articulated import load_articulated

ASKED = [Asked("can_01", "body", "wrap", "seen"), Asked("mug_01", "body", "wrap", "other")]


def test_a_suites_grasps_are_judged_and_an_open_hand_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arrays, _ = best("psibot", ASKED)
    rows = {name: np.concatenate([array, array]) for name, array in arrays.items() if array.ndim}
    rows["squeeze"][2:] = rows["pregrasp"][2:]
    rows["split"] = np.array(["closed", "closed", "open", "open"])
    np.savez(tmp_path / "grasps.npz", hand=arrays["hand"], **rows)  # type: ignore[arg-type]
    assert main(["grasp", "evaluate", str(tmp_path / "grasps.npz")]) == 0
    text = capsys.readouterr().out
    closed, opened, whole = text.split("psibot, grasps.npz: ")[1:]
    assert closed.startswith("closed, wrap: 2 grasps")
    assert "Suc 100 %" in closed
    assert "PGA 100 %" in closed
    assert "Suc 0 %" in opened
    assert "PGA 0 %" in opened
    assert "Suc 50 % [15, 85]" in whole
    assert "q1" in whole


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"mode": None}, "lacks mode"),
        ({"part": np.array(["body", "spout"])}, "has no part 'spout'; it has body"),
        ({"mode": np.array(["wrap", "grab"])}, "mode 'grab' is none of wrap, pinch"),
        ({"split": np.array(["seen"])}, "a row a grasp"),
        ({"quaternion": np.ones((2, 4))}, "length one"),
        ({"squeeze": np.zeros((2, 3))}, r"squeeze must have shape"),
        ({"position": np.full((2, 3), np.nan)}, "not finite"),
    ],
)
def test_files_that_do_not_fit_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, object], said: str
) -> None:
    arrays, _ = best("psibot", ASKED)
    np.savez(tmp_path / "g.npz", **{k: v for k, v in {**arrays, **changed}.items() if v is not None})  # type: ignore[arg-type]
    assert main(["grasp", "evaluate", str(tmp_path / "g.npz")]) == 2
    error = capsys.readouterr().err
    assert said.replace("\\", "") in error
    assert "g.npz" in error


def test_export_writes_what_the_suite_asks_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "vlg.npz"
    status = main(["grasp", "export", "--suite", "dexvlg", "--hand", "shadow", "--out", str(path)])
    said = capsys.readouterr().out
    assert status == int("has none of" in said)
    with np.load(path, allow_pickle=False) as found:
        assert str(found["hand"]) == "shadow"
        assert set(found["split"].tolist()) == {"seen", "unseen", "other"}
        assert len(found["squeeze"]) == len(found["instance"]) > 80
    assert main(["grasp", "export", "--suite", "quick", "--hand", "shadow", "--out", str(path)]) == 2
    assert "asks for no parts" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "grip"), [("cabinet", "handle_top"), ("screw_jar", "lid"), ("vacuum", "handle")])
def test_grips_are_grasped_from_outside(name: str, grip: str) -> None:
    robot = load_embodiment("shadow_ur10e")
    found, place = grip_grasps(robot, name, grip, count=6), load_articulated(name).grip(grip)
    assert len(found) >= 4
    out = turns(np.asarray(place.quaternion)[None])[0][:, 2]
    assert (turns(found.quaternion)[:, :, 2] @ out < 0.1).all(), "the palm looks at the grip"
    assert ((found.position - place.position) @ out > 0).all(), "and is outside"
    assert (np.linalg.norm(found.position - place.position, axis=1) < 0.16).all()
    again = grip_grasps(robot, name, grip, count=6)
    assert (again.squeeze == found.squeeze).all()


def test_buttons_are_not_grasped() -> None:
    with pytest.raises(DataError, match=r"'button' of 'vacuum' is a button: press it"):
        grip_grasps(load_embodiment("shadow_ur10e"), "vacuum", "button")

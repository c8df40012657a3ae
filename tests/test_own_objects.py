"""An object of one's own: it is on the shelf, and behaves like every other object."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from dexbench.cli.main import main
from dexbench.core.errors import DataError, UnknownName
from dexbench.core.shelf import load_task
from dexbench.objects import catalogue, decomposition
from dexbench.objects.catalogue import families, load_object
from dexbench.objects.generate import lowest
from tests import own_home
from tests.interruptible import hear_ctrl_c
from tests.own_home import add, ell, saved, trimesh

home, bench = own_home.home, own_home.bench


def test_it_is_an_object_like_every_other(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = load_object("my_ell")
    assert (model.family, model.split, model.phrase, model.mass) == ("my_ell", "unseen", "red bracket", 0.12)
    assert np.ptp(model.vertices, axis=0) == pytest.approx([0.10, 0.10, 0.03], abs=1e-6)
    assert model.vertices.min(axis=0)[2] == pytest.approx(0, abs=1e-6)
    assert [piece.shape for piece in model.pieces] == ["convex"] * 2
    truth = ell()
    assert sum(ConvexHull(piece.vertices).volume for piece in model.pieces) == pytest.approx(truth.volume, rel=0.01)
    depth = np.min([outside(piece, model.points) for piece in model.pieces], axis=0)
    assert np.abs(depth).max() < 3e-4, "the surface lies on the hulls"
    # mass, centre and inertia are the solid's
    truth.density = 0.12 / truth.volume
    middle = (truth.bounds[0] + truth.bounds[1]) / 2 * [1, 1, 0]
    assert model.center_of_mass == pytest.approx(truth.center_mass - middle, abs=1e-6)
    assert np.sort(model.inertia) == pytest.approx(np.linalg.eigvalsh(truth.moment_inertia), rel=1e-4)
    capsys.readouterr()
    assert main(["list", "objects"]) == main(["object", "list", "--own"]) == main(["object", "show", "my_ell"]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("mug", "red bracket", "2 convex", "100 x 100 x 30 mm"))


def test_it_is_in_no_task_before_it_is_asked_for(home: Path) -> None:
    assert "my_ell" not in catalogue.instances()
    assert "my_ell" not in catalogue.members()
    assert "my_ell" not in families()
    assert set(catalogue.own_objects()) == {"my_ell", "my_ball"}
    assert "my_ell" not in load_task("grasp_object").pool()


def outside(piece: object, points: np.ndarray) -> np.ndarray:
    """Return how far points lie outside a convex piece; negative within [m]."""
    hull = ConvexHull(piece.vertices + piece.position).equations
    return (points @ hull[:, :3].T + hull[:, 3]).max(axis=1)


def test_lowest_knows_hulls(home: Path) -> None:
    down = np.array([0.0, -1.0, 0.0])
    assert max(lowest(piece, down) for piece in load_object("my_ell").pieces) == pytest.approx(0.05, abs=1e-6)


def test_a_second_call_does_not_cut_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*of: object) -> list[np.ndarray]:
        raise AssertionError("it was cut again")

    before = [piece.vertices for piece in load_object("my_ell").pieces]
    monkeypatch.setattr(decomposition, "_searched", never)
    again = ["--threshold", "0.3", "--noun", "bracket", "--colour", "red", "--force"]
    assert add(str(home / "ell.obj"), "my_ell", *again) == 0
    after = [piece.vertices for piece in load_object("my_ell").pieces]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    with pytest.raises(AssertionError, match="cut again"):  # other parameters, other hulls
        add(str(home / "ell.obj"), "my_ell", *again, "--corners", "16")
    next((home / "cache" / "hulls").glob("*.npz")).write_bytes(b"spoilt")
    with pytest.raises(AssertionError, match="cut again"):
        add(str(home / "ell.obj"), "my_ell", *again)


def test_stopped_it_leaves_nothing_behind(home: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    mesh = trimesh.creation.torus(0.05, 0.02)
    mesh.vertices += 0.002 * rng.normal(size=mesh.vertices.shape)
    hours = ["--threshold", "0.01", "--hulls", "64"]
    command = [
        sys.executable,
        "-m",
        "dexbench",
        "object",
        "add",
        saved(tmp_path, mesh),
        "--name",
        "torus",
        "--mass",
        "1",
    ]
    environment = {**os.environ, "DEXBENCH_HOME": str(tmp_path / "home")}
    process = subprocess.Popen(
        [*command, *hours],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_ctrl_c,
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + 20
    while len(found := children.read_text().split()) < 2 and time.monotonic() < deadline:  # a tracker and the worker
        time.sleep(0.02)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    assert "nothing was written" in process.stderr.read()
    while (left := [pid for pid in found if running(pid)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not left, "the process that cuts has ended too"
    assert not [path for path in (tmp_path / "home").rglob("*") if path.is_file()]


def running(pid: str) -> bool:
    """Return whether a process is there and has not ended; one that has may wait to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_task_takes_it_as_its_target(home: Path) -> None:
    task = load_task("grasp_object+my_ell-v1")
    plain = load_task("grasp_object")
    assert (task.name, type(task)) == ("grasp_object+my_ell", type(plain))
    assert task.pool() == (*plain.pool(), "my_ell")
    for seed in range(5):
        trial = task.place(np.random.default_rng(seed), "seen")
        target = trial.objects[trial.target]
        assert (trial.task, target.instance, target.mass) == ("grasp_object+my_ell-v1", "my_ell", 0.12)
        assert "red bracket" in trial.instruction
        for other in trial.objects:
            if other is not target:
                apart = np.linalg.norm(np.subtract(other.position, target.position)[:2])
                assert apart > load_object("my_ell").footprint_radius + load_object(other.instance).footprint_radius
    with pytest.raises(UnknownName, match="my_el"):
        load_task("grasp_object+my_el")
    with pytest.raises(DataError, match="no other objects"):
        load_task("lift_tray+my_ell")


def test_it_stands_in_the_cell_of_a_task(home: Path) -> None:
    from dexbench.sim.world import SimWorld

    task = load_task("grasp_object+my_ell")
    world = SimWorld(task, "shadow_ur10e", 1, groups=("state",))
    trial = task.place(np.random.default_rng(3), "seen")
    world.reset([trial])
    start = world.scene.object_position[0].copy()
    hold = world.cell.embodiment.home
    for _ in range(25):
        world.advance(np.asarray(hold)[None], [0])
    moved = np.linalg.norm(world.scene.object_position[0] - start, axis=1)
    assert moved.max() < 0.002
    assert world.scene.other_contacts[0, trial.target] > 0, "it stands on the table"


def test_what_was_edited_or_cut_short_is_said(bench: Path) -> None:
    path = Path(saved(bench, trimesh.creation.box((0.05, 0.05, 0.08))))
    assert add(str(path), "thing") == 0
    shelf = bench / "home" / "objects"
    text = (shelf / "thing.yaml").read_text()
    (shelf / "thing.yaml").write_text(text.replace("mass: 0.12}", "mass: 0.5}"))
    catalogue.refresh()
    with pytest.raises(DataError, match=r"thing.yaml:\d+: instances\[thing\].mass: 0.5 kg lies outside"):
        load_object("thing")
    assert load_object("mug_01").family == "mug", "what is ours does not care"
    (shelf / "thing.yaml").write_text(text)
    catalogue.refresh()
    content = (shelf / "thing.npz").read_bytes()
    for spoilt in (content[: len(content) // 2], b"", b"PK"):
        (shelf / "thing.npz").write_bytes(spoilt)
        with pytest.raises(DataError, match=r"thing.npz.*add it again"):
            load_object("thing")
    (shelf / "thing.npz").unlink()
    with pytest.raises(DataError, match="add it again"):
        load_object("thing")

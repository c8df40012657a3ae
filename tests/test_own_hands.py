"""A hand of one's own: small MJCF and URDF models through one short YAML onto every arm, and what is wrong said."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import mujoco
import numpy as np
import pytest

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
from dexbench.robots.importing import import_hand
from dexbench.robots.lean_mesh import area, convex_hull, lean
from dexbench.robots.ordeal import run_ordeal
from tests.spoiling import SCRATCH, copies, spoil


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
    return copies(tmp_path)


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

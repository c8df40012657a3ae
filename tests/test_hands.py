"""What a hand can do: laws that measurements keep, hands whose answers are known, the report and its page."""

import html
import io
import json
import shutil
import subprocess
from functools import cache

import mujoco
import numpy as np
import pytest

from dexbench.cli.main import main
from dexbench.core.assets import asset_path
from dexbench.core.composition import compose
from dexbench.core.document import Node, read_document
from dexbench.core.embodiment import load_embodiment as read_embodiment
from dexbench.core.errors import DataError
from dexbench.core.mechanism_file import load_mechanism
from dexbench.core.roles import FINGERS, ROLES
from dexbench.core.shelf import load_embodiment
from dexbench.hands import report as report_module
from dexbench.hands._descent import descend
from dexbench.hands.body import Hand
from dexbench.hands.coverage import attempt, explain
from dexbench.hands.document import assemble, without_pictures
from dexbench.hands.fitting import Fitter
from dexbench.hands.grip import Grip
from dexbench.hands.hold import hold, squeeze
from dexbench.hands.kapandji import DEEP, NEAR, kapandji
from dexbench.hands.landmarks import landmarks, tip_ball
from dexbench.hands.outlines import outlines
from dexbench.hands.page import render
from dexbench.hands.pictures import png
from dexbench.hands.report import Report
from dexbench.hands.source import find_hand
from dexbench.hands.strength import largest, needed, postures, pressed, speed
from dexbench.hands.taxonomy import _type, load_types
from dexbench.hands.workspace import opposition, workspaces
from tests.beside import SCRATCH

EVIL = "<script>document.title='stolen'</script>\"'&"


@cache
def shadow(side="right"):
    return Hand(load_embodiment("shadow_ur10e_bimanual"), side)


def claw(folder, **changes):
    """Return the made-up claw on an arm; `changes` replaces text of its file."""
    text = (SCRATCH / "claw.yaml").read_text(encoding="utf-8")
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    path = folder / "hand.yaml"
    path.write_text(text, encoding="utf-8")
    arm = asset_path("arms/ur10e/arm.yaml")
    motors = {"ur10e": frozenset(m.name for m in load_mechanism(arm).motors)}
    rig = read_document(asset_path("embodiments/shadow_ur10e.yaml"))
    return read_embodiment(compose(rig, "claw_ur10e", "claw", motors), hand=lambda _: path, arm=lambda _: arm)


def test_the_taxonomy_is_complete():
    types = load_types()
    groups = [t.group for t in types]
    assert len(types) == len({t.name for t in types}) == 33
    assert [groups.count(g) for g in ("power", "intermediate", "precision")] == [15, 6, 12]
    for kind in types:
        assert kind.contacts
        assert {t.finger for t in kind.contacts} <= {*FINGERS, "palm", "base"}
        assert set(kind.posture) <= set(ROLES)
        assert all(t.finger in ("palm", "base") or t.phalanges for t in kind.contacts)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("group", "strong", "power, intermediate, precision"),
        ("contacts", ["index tip"], "index tip"),
        ("contacts", ["toe distal"], "toe distal"),
        ("contacts", ["index distal inside"], "index distal inside"),
        ("posture", {"flexion": 20}, "fraction"),
        ("posture", {"index/curl": 0.5}, "index/curl"),
        ("object", {"kind": "cylinder", "size": [0.01], "axis": "pinch"}, "size"),
    ],
)
def test_a_wrong_type_is_refused_with_its_field(field, value, said):
    row = {
        "number": 1, "name": "one", "group": "power", "opposition": "pad", "thumb": "abducted", "fingers": ["thumb"],
        "object": {"kind": "sphere", "size": [0.01], "axis": "pinch"}, "contacts": ["thumb distal"],
        "posture": {"flexion": 0.5},
    }  # fmt: skip
    assert _type(Node(row, "types[0]", "x.yaml")).contacts[0].finger == "thumb"
    with pytest.raises(DataError, match=said) as caught:
        _type(Node(row | {field: value}, "types[0]", "x.yaml"))
    assert field in str(caught.value)


def test_descent_finds_the_least_squares_and_keeps_limits():
    wanted = np.array([0.3, -0.2, 2.0])
    at, cost = descend(lambda x: x - wanted, np.zeros(3), -np.ones(3), np.ones(3))
    assert np.allclose(at, [0.3, -0.2, 1.0], atol=1e-6)
    assert cost == pytest.approx(1.0)


def test_both_hands_have_the_same_landmarks():
    """In the hand's own frame, a mirror image on the left, the ten places are the same."""
    found = []
    for side in ("right", "left"):
        hand = shadow(side)
        places = landmarks(hand)
        hand.pose(hand.rest)
        bodies = [hand.bodies[p.link] for p in places]
        turns = hand.data.xmat[bodies].reshape(-1, 3, 3)
        at = np.einsum("kij,kj->ki", turns, [p.at for p in places])
        found.append(hand.place(hand.data.xpos[bodies] + at))
    assert np.allclose(*found, atol=1e-6)
    right = found[0]
    assert (np.diff(right[2:6, 0]) < 0).all()  # tips from index to little run away from the thumb's side
    assert (np.diff(right[5:, 1]) < 0).all()  # then down the little finger to the palm


def test_bending_goes_the_way_the_pad_faces():
    hand = shadow()
    straight = hand.place(hand.data.site_xpos[hand.tips["index"]])
    for role in ("index/flexion", "index/pip"):
        hand.pose(hand.command({role: 0.7}))
        assert hand.place(hand.data.site_xpos[hand.tips["index"]])[2] > straight[2] + 0.01
    psibot = Hand(load_embodiment("psibot_rm75"))  # open at the upper ends
    psibot.pose(psibot.rest)
    open_ = psibot.place(psibot.data.site_xpos[psibot.tips["middle"]])
    psibot.pose(psibot.command({"middle/flexion": 1.0}))
    assert psibot.place(psibot.data.site_xpos[psibot.tips["middle"]])[1] < open_[1] - 0.05


def test_a_ball_fits_the_end_of_a_finger():
    hand = shadow()
    hand.pose(hand.rest)
    centre, radius = tip_ball(hand, "index")
    assert radius == pytest.approx(0.0075)  # of the last link's capsule
    assert hand.place(centre)[1] == pytest.approx(0.04 + 0.045 + 0.025 + 0.016 + 0.0085, abs=1e-6)


def test_needed_effort_is_virtual_work():
    """The effort for a newton on the pad is how far the pad moves along its normal for each radian of the motor."""
    hand = shadow()
    command = postures(hand, "index")["bent"]
    effort = needed(hand, "index", command)
    pad = hand.pads["index"]
    normal = hand.data.site_xmat[pad].reshape(3, 3)[:, 2].copy()
    for i in hand.movers("index"):
        moved = []
        for step in (-1e-5, 1e-5):
            other = command.copy()
            other[i] += step
            hand.pose(other)
            moved.append(hand.data.site_xpos[pad].copy())
        assert effort[i] == pytest.approx((moved[1] - moved[0]) @ normal / 2e-5, abs=1e-6)


def test_force_limit_is_met_by_one_motor_and_found_in_simulation():
    hand = shadow()
    command = postures(hand, "middle")["half bent"]
    force, motor, limit, torque_only = largest(hand, "middle", command)
    efforts = zip(hand.mechanism.motors, needed(hand, "middle", command), strict=True)
    loads = {m.name: abs(e) * force / m.force for m, e in efforts}
    assert limit == "torque"
    assert loads[motor] == pytest.approx(1.0)
    assert max(loads.values()) == pytest.approx(1.0)
    assert force <= torque_only
    half = pressed(hand, "middle", command, force / 2)
    assert half == pytest.approx(force / 2, rel=0.15)
    assert half < pressed(hand, "middle", command, force) == pytest.approx(force, rel=0.15)


def test_no_motion_within_the_speed_limits_is_faster_than_the_speed():
    hand = shadow()
    command = postures(hand, "index")["half bent"]
    fastest = speed(hand, "index", command)
    rng = np.random.default_rng(0)
    limit = np.array(
        [sum(j.velocity for j in hand.mechanism.moving if j.name in m.joints) for m in hand.mechanism.motors]
    )
    hand.pose(command)
    start = hand.data.site_xpos[hand.tips["index"]].copy()
    seen = []
    for _ in range(60):
        other = command.copy()
        movers = hand.movers("index")
        other[movers] += 1e-4 * limit[movers] * rng.choice([-1, 1], len(movers))
        hand.pose(other)
        seen.append(np.linalg.norm(hand.data.site_xpos[hand.tips["index"]] - start) / 1e-4)
    assert fastest * 0.99 < max(seen) < fastest * 1.01


def test_workspace_of_planar_fingers(tmp_path):
    """The claw's fingers bend in planes: no volume, a box as long as the links, and tips that cannot meet sideways."""
    hand = Hand(claw(tmp_path))
    spaces = workspaces(hand)
    for space in spaces.values():
        assert space.hull < 1e-9
        assert space.upper[0] - space.lower[0] < 1e-9
        assert len(outlines(space.points)["front"]) == 2
    assert spaces["index"].upper[1] == pytest.approx(0.03 + 0.09, abs=1e-3)
    index, middle = opposition(hand, spaces)
    assert index.tips == pytest.approx(0.025, abs=1e-5)
    assert middle.tips == pytest.approx(0.025, abs=1e-5)
    assert index.pads >= 0.025 - 1e-6


def test_kapandji_of_a_claw_is_known(tmp_path):
    """Its thumb moves in a plane 25 mm beside the index finger: the ball of 10 mm stays 15 mm away."""
    apart = kapandji(Hand(claw(tmp_path)))
    assert (apart.strict, apart.loose) == (0, 0)
    assert apart.touches[2].free == pytest.approx(0.015, abs=1e-4)
    assert "reach" in apart.touches[2].why
    assert "no little finger" in apart.touches[5].why
    assert "no such phalanx" in apart.touches[1].why
    hand = Hand(
        claw(
            tmp_path,
            index=("xyz: [0.025, 0, 0.08]", "xyz: [0, 0, 0.08]"),
            middle=("[-0.025, 0, 0.08]", "[-0.06, 0, 0.08]"),
        )
    )
    found = kapandji(hand)
    assert [t.number for t in found.touches if t.passed] == [3]
    assert (found.strict, found.loose) == (0, 1)


def test_what_kapandji_passes_holds_when_it_is_looked_at_again():
    hand = shadow()
    found = kapandji(hand)
    assert found.loose >= found.strict >= 6
    passed = [t for t in found.touches if t.passed]
    places = landmarks(hand)
    for touch in passed:
        assert (touch.command >= hand.lower).all()
        assert (touch.command <= hand.upper).all()
        hand.pose(touch.command)
        assert hand.depths().max(initial=0.0) <= DEEP + 1e-9
        place = places[touch.number - 1]
        body = hand.bodies[place.link]
        at = hand.data.xpos[body] + hand.data.xmat[body].reshape(3, 3) @ place.at
        last = hand.bodies[hand.fingers["thumb"].links["distal"]]
        thumb = min(
            float(np.linalg.norm(at - (hand.data.xpos[last] + hand.data.xmat[last].reshape(3, 3) @ [0, 0, z])))
            for z in np.linspace(0.0125, 0.0255, 27)
        )
        assert thumb - 0.0095 <= NEAR + 1e-4  # independent of the ball: to the axis of the thumb's capsule


def test_a_ball_is_held_and_what_does_not_squeeze_does_not_hold():
    embodiment = load_embodiment("shadow_ur10e")
    kind = load_types()[12]
    found = attempt(embodiment, "right", kind)
    assert found.passed
    assert found.held is not None
    assert max(found.held.slips) < 0.02
    assert not found.held.absent
    again = attempt(embodiment, "right", kind)
    assert again.held is not None
    assert np.array_equal(again.held.angles, found.held.angles)
    grip = Grip(embodiment, "right", kind)
    fit = Fitter(grip, np.random.default_rng([0, kind.number])).fit()
    loose = hold(grip, fit, grip.hand.rest)  # the hand opens
    assert not loose.passed
    assert "does not touch" in explain(loose)
    target = squeeze(grip, fit, 8.0, 0.6)
    assert (target >= grip.hand.lower).all()
    assert (target <= grip.hand.upper).all()


def test_a_type_that_needs_an_absent_finger_is_not_possible(tmp_path):
    found = attempt(claw(tmp_path), "right", load_types()[5])
    assert not found.passed
    assert found.why == "not possible: the hand has no ring finger and little finger"


@pytest.fixture
def small(monkeypatch):
    """Two grasp types of the 33 only, and fast workspaces."""
    types = load_types()
    monkeypatch.setattr(report_module, "load_types", lambda: [types[12], types[22]])
    monkeypatch.setattr(report_module.workspace, "SAMPLES", 300)


def test_a_report_goes_on_where_it_stopped(small, tmp_path, monkeypatch):
    subject = find_hand("shadow")
    assert subject.embodiment.parts["right"].hand.name == "shadow"
    first = Report(subject, tmp_path, backend="none")
    seen = []
    for name, _ in first.run():
        seen.append(name)
        if name == "checks":
            break  # Ctrl-C
    rest = Report(subject, tmp_path, backend="none")
    monkeypatch.setattr(rest, "_identity", lambda: pytest.fail("measured again"))
    monkeypatch.setattr(rest, "_checks", lambda: pytest.fail("measured again"))
    monkeypatch.setattr(rest, "_kapandji", lambda: {"strict": 0, "loose": 0, "near_m": NEAR, "landmarks": []})
    monkeypatch.setattr(rest, "_touch", lambda: {"fitted": False, "options": ["skin"], "rows": [], "summary": {}})
    parts = dict(rest.run())
    assert list(parts)[:2] == seen
    document = assemble(parts)
    assert document["feix"]["of"] == 2
    assert document["checks"]["passed"] == document["checks"]["made"] > 10
    assert document["identity"]["active"] == 20
    json.dumps(without_pictures(document), allow_nan=False)
    assert Report(subject, tmp_path, seed=1, backend="none").key != rest.key
    page = render(document, "dexbench hand report shadow", rest.no_pictures)
    for words in ("Precision Sphere", "Adduction Grip", "of 10", "No pictures on this page", "estimated"):
        assert words in page
    document["identity"]["full_name"] = EVIL
    page = render(document, EVIL)
    assert EVIL not in page
    assert html.escape(EVIL) in page
    browser = next((b for b in ("chromium", "chromium-browser", "google-chrome") if shutil.which(b)), None)
    if browser is None:
        return
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", (tmp_path / "page.html").as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert "stolen" in done.stdout
    assert "<title>DexBench" in done.stdout


def test_pictures_without_pillow_are_png():
    picture = np.zeros((4, 6, 3), np.uint8)
    picture[1, 2] = (255, 0, 0)
    content = png(picture)
    image = pytest.importorskip("PIL.Image")
    assert np.array_equal(np.asarray(image.open(io.BytesIO(content))), picture)


def test_an_unknown_hand_is_named(capsys):
    assert main(["hand", "report", "shadwo"]) == 2
    assert "shadow" in capsys.readouterr().err


def test_the_model_alone_is_the_hand():
    hand = shadow()
    assert hand.model.nq == len(hand.mechanism.moving)
    assert mujoco.mj_name2id(hand.model, int(mujoco.mjtObj.mjOBJ_JOINT), "root") < 0

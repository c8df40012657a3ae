"""The task of named parts: its rule asked about scenes that are written down, and contacts by part in a simulation."""

import re

import numpy as np
import pytest

from dexbench.core import shelf
from dexbench.core.scene import Scene
from dexbench.core.trial import Outcome, Trial
from dexbench.objects.catalogue import family_of, instances, load_object
from dexbench.sim.world import SimWorld

TASK = shelf.load_task("grasp_part")
PERIOD = 0.04
BODY, HANDLE = 0, 1


def scene_of(part: int = HANDLE) -> Scene:
    """Return a mug in slot 0 and a can in slot 1, hands far away; the mug's `part` is named."""
    placed = (instances("mug")[0], instances("jar")[0])
    trial = TASK.place(np.random.default_rng(0), "seen")
    row = trial.row()
    for place, name in zip(row["objects"], placed, strict=True):
        place["instance"] = name
    trial = Trial.from_row({**row, "target": 0, "extra": {"part": float(part), "pinch": 0.0}})
    pieces = max(len(load_object(n).pieces) for n in placed)
    scene = Scene(
        trials=[trial],
        rows=np.arange(1),
        sides=("right",),
        time=np.zeros(1),
        period=PERIOD,
        target=np.zeros(1, np.int64),
        object_position=np.zeros((1, 2, 3)),
        object_quaternion=np.tile([1.0, 0, 0, 0], (1, 2, 1)),
        object_velocity=np.zeros((1, 2, 6)),
        object_centre=np.array([[[0.6, 0.0, 0.05], [0.6, 0.2, 0.05]]]),
        palm_position=np.array([[[0.3, 0.0, 0.6]]]),
        hand_contacts=np.zeros((1, 1, 2)),
        hand_force=np.zeros((1, 1, 2)),
        other_contacts=np.ones((1, 2)),
        piece_contacts=np.zeros((1, 2, pieces)),
        memory=TASK.remember(1),
    )
    TASK.begin(scene, [0])
    return scene


def lift(scene: Scene, handle: int, body: int, height: float = 0.12) -> None:
    """Raise the mug with so many contacts on its handle, which are the pieces after the first, and on its body."""
    scene.object_centre[:, 0, 2] = 0.05 + height
    scene.palm_position[:] = scene.object_centre[:, :1]
    scene.other_contacts[:, 0] = 0
    scene.hand_contacts[:, :, 0] = handle + body
    scene.piece_contacts[:, 0] = 0
    scene.piece_contacts[:, 0, 0], scene.piece_contacts[:, 0, 2] = body, handle


def live(scene: Scene, seconds: float) -> Outcome:
    for _ in range(round(seconds / PERIOD)):
        outcome = TASK.judge(scene)
    return outcome


def code(outcome: Outcome) -> str:
    return str(TASK.failures[int(outcome.failure[0])])


def test_held_by_the_named_part_succeeds() -> None:
    scene = scene_of()
    assert code(live(scene, 0.2)) == "never_reached"
    lift(scene, handle=3, body=2)
    assert not live(scene, 0.8).success_once[0]
    outcome = live(scene, 2.0)
    assert outcome.success_at_end[0]
    assert outcome.done[0]
    assert code(outcome) == "none"
    assert outcome.stage[0] == 4
    assert 0.9 < outcome.reward[0] <= 1


@pytest.mark.parametrize(("handle", "body"), [(0, 4), (1, 4)])
def test_held_by_another_part_fails(handle: int, body: int) -> None:
    scene = scene_of()
    lift(scene, handle, body)
    outcome = live(scene, 3.0)
    assert not outcome.success_once[0]
    assert code(outcome) == "wrong_part"
    assert outcome.stage[0] == (2 if handle else 1)
    other = scene_of(BODY)
    lift(other, handle, body)
    assert live(other, 3.0).success_at_end[0], "it is the instruction that decides"


def test_contacts_may_flicker_but_their_sum_decides() -> None:
    scene = scene_of()
    for tick in range(75):
        lift(scene, handle=4 if tick % 2 == 0 else 0, body=0 if tick % 2 == 0 else 3)
        outcome = TASK.judge(scene)
    assert outcome.success_at_end[0]


@pytest.mark.parametrize("broken", ["flight", "table", "low", "arm"])
def test_what_does_not_hold_fails(broken: str) -> None:
    scene = scene_of()
    lift(scene, 3, 0, 0.09 if broken == "low" else 0.12)
    if broken == "flight":
        scene.hand_contacts[:], scene.piece_contacts[:] = 0, 0
    if broken in ("table", "arm"):
        scene.other_contacts[:, 0] = 1
    assert not live(scene, 3.0).success_once[0]


def test_dropped_and_wrong_object_have_their_codes() -> None:
    scene = scene_of()
    lift(scene, 3, 0)
    live(scene, 1.2)
    scene.object_centre[:, 0, 2] = 0.05
    scene.hand_contacts[:], scene.piece_contacts[:], scene.other_contacts[:] = 0, 0, 1
    assert code(live(scene, 0.2)) == "dropped"
    scene = scene_of()
    scene.object_centre[:, 1, 2] += 0.12
    scene.hand_contacts[:, :, 1] = 2
    assert code(live(scene, 0.2)) == "wrong_object"


def test_language_names_object_part_and_manner_and_splits_differ() -> None:
    families = {}
    for split in TASK.splits:
        trials = [TASK.place(np.random.default_rng(i), split) for i in range(60)]
        for trial in trials:
            model = load_object(trial.objects[trial.target].instance)
            part = model.parts[int(trial.extra["part"])].name
            assert model.phrase in trial.instruction
            assert re.search(rf"\b{part}\b", trial.instruction.replace(model.phrase, ""))
            assert ("pinch" in trial.instruction) == (trial.extra["pinch"] == 1)
            assert len({load_object(o.instance).phrase for o in trial.objects}) == 2
        families[split] = {o.instance for t in trials for o in t.objects}
        assert len({t.extra["pinch"] for t in trials}) == 2
    assert not families["seen"] & families["unseen"]
    kinds = {split: {family_of(name) for name in names} for split, names in families.items()}
    assert kinds["seen"] == kinds["unseen"]
    assert not kinds["seen"] & kinds["other"]


def test_contacts_in_a_simulation_are_counted_by_piece() -> None:
    """A mug is put into the closed hand's palm from above: what touches there is the hand and the piece it hits."""
    world = SimWorld(TASK, shelf.load_embodiment("psibot_rm75"), 1, groups=("state",))
    trial = next(t for t in (TASK.place(np.random.default_rng(i), "seen") for i in range(99)) if "mug" in t.instruction)
    world.reset([trial])
    slot = trial.target
    assert not world.scene.piece_contacts.any()
    mug = load_object(trial.objects[slot].instance)
    palm = world.scene.palm_position[0, 0].copy()
    handle = next(p for p in mug.pieces if p.part == mug.part("handle"))
    world.batch.bind("qpos")[0, world.cell.tables.qpos[slot]] = [*(palm - handle.position), 1, 0, 0, 0]
    world.drive(world.cell.embodiment.home[None])
    counts = world.scene.piece_contacts[0, slot]
    named = np.array([p.part == mug.part("handle") for p in mug.pieces])
    assert counts[: len(named)][named].sum() > 0
    assert counts.sum() <= world.scene.hand_contacts[0, :, slot].sum()
    assert not world.scene.piece_contacts[0, 1 - slot].any()

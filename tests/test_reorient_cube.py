"""The rule of reorient_cube, asked about scenes that are written down."""

import numpy as np
import pytest

from dexbench.core import shelf
from tests.written_scene import Played, play

FACES = {1: (0, 0, 1), 2: (1, 0, 0), 3: (0, 1, 0), 4: (0, -1, 0), 5: (-1, 0, 0), 6: (0, 0, -1)}
HALF = np.sqrt(0.5)
UP = {
    1: [1, 0, 0, 0],
    2: [HALF, 0, -HALF, 0],
    3: [HALF, HALF, 0, 0],
    4: [HALF, -HALF, 0, 0],
    5: [HALF, 0, HALF, 0],
    6: [0, 1, 0, 0],
}
"""Orientations with each face up."""


def lift_die(p: Played) -> None:
    p.scene.object_centre[0, 0, 2] += 0.1
    p.held_by(0, "right")


@pytest.mark.parametrize("face", FACES)
def test_a_die_turned_in_the_air_counts(face: int) -> None:
    p = play("reorient_cube", face=float(face))
    p.scene.object_quaternion[0, 0] = UP[1 if face != 1 else 2]
    lift_die(p)
    lifted = p.live()
    assert lifted.stage[0] == 3
    assert p.code(lifted) == "not_turned"
    p.scene.object_quaternion[0, 0] = UP[face]
    assert not p.live(0.9).success_once[0]
    late = p.live(1.2)
    assert late.success_at_end[0]
    assert late.done[0]
    assert late.stage[0] == len(p.task.stages)


@pytest.mark.parametrize("how", ["toppled", "thrown"])
def test_a_die_turned_otherwise_does_not_count(how: str) -> None:
    p = play("reorient_cube", face=3.0)
    p.scene.object_quaternion[0, 0] = UP[1]
    if how == "thrown":
        lift_die(p)
        p.live()
        p.held_by(0)
        p.live()
        p.scene.object_quaternion[0, 0] = UP[3]
        p.held_by(0, "right")
    else:
        p.scene.object_quaternion[0, 0] = UP[3]
        p.live()
        lift_die(p)
    outcome = p.live(4.0)
    assert not outcome.success_once[0]
    assert p.code(outcome) == "turned_on_table"


@pytest.mark.parametrize("split", ["seen", "unseen"])
def test_dice_lie_flat_with_another_face_up(split: str) -> None:
    task = shelf.load_task("reorient_cube")
    opposite = 0
    for seed in range(40):
        trial = task.place(np.random.default_rng(seed), split)
        w, x, y, z = trial.objects[0].quaternion
        third = np.array([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)])
        up = max(FACES, key=lambda f: float(third @ FACES[f]))
        face = int(trial.extra["face"])
        assert third @ FACES[up] > 0.9999
        assert face != up
        opposite += face == 7 - up
    assert (opposite > 0) == (split == "unseen")

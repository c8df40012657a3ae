"""Where the hands and the tongs of the script of bread go: laws of its geometry."""

import numpy as np
import pytest

from dexbench.baselines._poses import compose, inverse
from dexbench.baselines._serving import GRIPS, JAWS, WRAPS, around, lean, level, palm_at, palm_beside
from dexbench.baselines._symmetry import rotation
from dexbench.objects.articulated import load_articulated

TONGS = np.array([0.5, -0.03, 0.0, np.cos(-0.3), 0.0, 0.0, np.sin(-0.3)])


@pytest.mark.parametrize("hand", GRIPS)
def test_the_handles_come_to_their_place_in_the_hand(hand: str) -> None:
    palm = palm_at(TONGS, GRIPS[hand])
    handles = load_articulated("tongs").grip("handles").position
    place = compose(inverse(palm), compose(TONGS, np.array([*handles, 1.0, 0.0, 0.0, 0.0])))
    assert place[:3] == pytest.approx(GRIPS[hand].middle)


@pytest.mark.parametrize("hand", GRIPS)
def test_the_hand_comes_from_above_with_its_fingers_across_the_handles(hand: str) -> None:
    palm = palm_at(TONGS, GRIPS[hand])
    fingers, facing = rotation(palm[3:])[:, 1], rotation(palm[3:])[:, 2]
    assert facing[2] < 0
    assert palm[2] > 0.082
    assert fingers @ rotation(TONGS[3:])[:, 1] > 0.5
    assert abs(fingers @ rotation(TONGS[3:])[:, 0]) < 1e-9


@pytest.mark.parametrize("pitch", [0.0, 0.3])
def test_jaws_are_around_the_point(pitch: float) -> None:
    point = np.array([0.6, -0.3, 0.04])
    tongs = around(point, -0.5, pitch)
    assert compose(tongs, np.array([*JAWS, 1.0, 0.0, 0.0, 0.0]))[:3] == pytest.approx(point)
    assert load_articulated("tongs").region("between_jaws").contains(point, tongs[:3], tongs[3:])
    assert rotation(tongs[3:])[2, 0] == pytest.approx(-np.sin(pitch))
    assert lean(tongs) == pytest.approx(pitch, abs=1e-6)


@pytest.mark.parametrize("hand", WRAPS)
@pytest.mark.parametrize("heading", [-2.0, 0.4])
def test_the_stem_comes_to_its_place_in_the_hand(hand: str, heading: float) -> None:
    plate = np.array([0.5, 0.2, 0.0, 1.0, 0.0, 0.0, 0.0])
    palm = palm_beside(plate, WRAPS[hand], heading)
    turn = rotation(palm[3:])
    assert np.linalg.det(turn) == pytest.approx(1.0)
    assert turn[:, 1] == pytest.approx([np.cos(heading), np.sin(heading), 0.0])
    stem = plate[:3] + np.array([0.0, 0.0, WRAPS[hand].height])
    assert turn.T @ (stem - palm[:3]) == pytest.approx([0.0, *WRAPS[hand].middle])


def test_what_is_made_level_keeps_its_place_and_heading() -> None:
    tilted = compose(TONGS, np.array([0.0, 0.0, 0.0, np.cos(0.1), np.sin(0.1), 0.0, 0.0]))
    assert lean(tilted) == pytest.approx(0.2)
    upright = level(tilted, 0.4)
    assert lean(upright) == pytest.approx(0.0, abs=1e-6)
    assert upright[:3] == pytest.approx(tilted[:3])
    ahead, before = rotation(upright[3:])[:, 0], rotation(TONGS[3:])[:, 0]
    assert np.arctan2(ahead[1], ahead[0]) - np.arctan2(before[1], before[0]) == pytest.approx(0.4)

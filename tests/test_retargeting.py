"""Retargeting: slopes are slopes, a hand is its own best copy, other hands come near, forces are kept, arms follow."""

from typing import Any

import numpy as np
import pytest

from dexbench import load_embodiment
from dexbench.core.errors import DataError
from dexbench.core.trial import Trial
from dexbench.data.fingertip_alignment import Wanted, align
from dexbench.data.hand_pads import HandPads
from dexbench.data.lerobot_episode import Episode
from dexbench.data.retargeting import Retargeting, forces, join, spread

SHADOW, PSIBOT, BYTEDEXTER = (load_embodiment(n) for n in ("shadow_ur10e", "psibot_rm75", "bytedexter_fr3"))
RNG = np.random.default_rng(3)


def closing(hand: HandPads, frames: int = 40) -> Any:
    """Return commands (T, m): the fingers bend from home by 0.7 rad, then rest."""
    home = hand.embodiment.home[hand.motors]
    bends = np.array([r.endswith(("/flexion", "/pip", "/mcp")) and not r.startswith("thumb") for r in hand.roles])
    share = np.minimum(np.linspace(0, 1.5, frames), 1.0)[:, None]
    thumb = np.array([0.35 if r == "thumb/flexion" else 0.0 for r in hand.roles])
    return np.clip(home + share * (0.7 * bends + thumb), hand.lower, hand.upper)


def seen(hand: HandPads, commands: Any, touch: float = 1.0) -> Wanted:
    pads, normals = hand.at_commands(commands)
    return Wanted(hand.fingers, pads, normals, np.full(pads.shape[:2], touch))


@pytest.mark.parametrize(
    ("robot", "side"), [(PSIBOT, "right"), (load_embodiment("shadow_ur10e_bimanual"), "left"), (BYTEDEXTER, "right")]
)
def test_slopes_are_what_differences_say(robot: Any, side: str) -> None:
    hand = HandPads(robot, side)
    commands = RNG.uniform(hand.lower, hand.upper, (3, len(hand.motors)))
    moves, bends = hand.slopes(commands)
    for i in range(len(hand.motors)):
        step = np.zeros(len(hand.motors))
        step[i] = 1e-6
        ahead, behind = hand.at_commands(commands + step), hand.at_commands(commands - step)
        np.testing.assert_allclose(moves[..., i], (ahead[0] - behind[0]) / 2e-6, atol=1e-8)
        np.testing.assert_allclose(bends[..., i], (ahead[1] - behind[1]) / 2e-6, atol=1e-8)
    assert np.abs(moves).max() > 0.03


def test_a_hand_is_its_own_best_copy() -> None:
    hand = HandPads(SHADOW, "right")
    commands = closing(hand)
    found = align(hand, seen(hand, commands), commands + RNG.uniform(-0.2, 0.2, commands.shape[1]))
    assert found.error.max() < 2e-3  # though it starts up to 0.2 rad away in every joint
    assert np.linalg.norm(found.shift, axis=1).max() < 2e-3
    assert np.abs(np.diff(found.commands, axis=0)).max() < 0.1


@pytest.mark.parametrize(("other", "most"), [(BYTEDEXTER, 2e-3), (PSIBOT, 12e-3)])
def test_other_hands_come_nearer_than_the_same_angles_do(other: Any, most: float) -> None:
    hand, second = HandPads(SHADOW, "right"), HandPads(other, "right")
    wanted = seen(hand, closing(hand))
    posture = closing(second)
    found = align(second, wanted, posture)
    naive = np.linalg.norm(
        second.at_commands(posture)[0][:, [second.fingers.index(f) for f in wanted.fingers]] - wanted.pads, axis=2
    )
    assert found.error.mean() < min(most, 0.5 * naive.mean())
    assert (found.commands >= second.lower).all()
    assert (found.commands <= second.upper).all()
    np.testing.assert_allclose(
        found.turn @ found.turn.swapaxes(1, 2), np.tile(np.eye(3), (len(posture), 1, 1)), atol=1e-9
    )
    # the vector from thumb to index, which holds an object, is kept better than a pad's place must be
    thumb, index = (wanted.fingers.index(f) for f in ("thumb", "index"))
    points = second.at_commands(found.commands)[0]
    ours = (
        found.turn @ (points[:, second.fingers.index("index")] - points[:, second.fingers.index("thumb")])[..., None]
    )[..., 0]
    assert np.linalg.norm(ours - (wanted.pads[:, index] - wanted.pads[:, thumb]), axis=1).mean() < most


def test_pads_that_touch_are_put_right_before_those_that_do_not() -> None:
    hand, second = HandPads(SHADOW, "right"), HandPads(PSIBOT, "right")
    wanted = seen(hand, closing(hand))
    touching = np.array([f in ("thumb", "index") for f in wanted.fingers])
    some = Wanted(wanted.fingers, wanted.pads, wanted.normals, np.tile(touching, (len(wanted.pads), 1)).astype(float))
    everywhere, there = (align(second, w, closing(second)).error.mean(0) for w in (wanted, some))
    assert there[touching].mean() < everywhere[touching].mean()
    assert there[~touching].mean() > everywhere[~touching].mean()


def test_forces_are_those_that_the_servos_pull_with() -> None:
    hand = HandPads(BYTEDEXTER, "right")
    commands = closing(hand, 5)
    pressing = RNG.normal(0, 2, (5, len(hand.fingers), 3))
    slope = hand.slopes(commands)[0]
    torque = np.einsum("tfim,tfi->tm", slope, pressing)
    assert np.abs(torque).max() < hand.torque.min()
    found = forces(hand, commands, commands + torque / hand.stiffness)
    again = np.einsum("tfim,tfi->tm", slope, found)
    assert np.abs(again - torque).max() < 0.15 * np.abs(torque).max()  # but for the damping
    assert (forces(hand, commands, commands) == 0).all()
    weak = forces(hand, commands, commands + 100.0)  # servos pull with no more than they have
    assert np.abs(np.einsum("tfim,tfi->tm", slope, weak)).max() < 1.2 * hand.torque.max()


def test_contact_is_spread_and_the_way_from_home_keeps_the_limits() -> None:
    touch = np.zeros((9, 1))
    touch[4] = 1.0
    assert spread(touch, 2)[:, 0].tolist() == [0, 0, 1, 1, 1, 1, 1, 0, 0]
    begin = SHADOW.home + np.where(np.arange(len(SHADOW.home)) == 2, 0.9, 0.1)
    way = join(SHADOW, begin)
    assert (way[0] == SHADOW.home).all()
    speed = np.abs(np.diff(np.vstack([way, begin]), axis=0)).max(0) * 25
    assert (speed < SHADOW.limits.velocity).all()
    assert len(join(SHADOW, SHADOW.home)) == 1


def demonstration(frames: int = 30) -> Episode:
    """Return an episode of the Shadow hand: it closes while the arm carries it up; joints lag behind the targets."""
    hand = HandPads(SHADOW, "right")
    targets = np.tile(SHADOW.home, (frames, 1))
    targets[:, hand.motors] = closing(hand, frames)
    targets[:, 1] -= np.linspace(0, 0.1, frames)
    behind = np.vstack([targets[:1], targets[:-1]])
    trial = Trial("grasp_object-v1", "seen", 1, "take it", 0, ())
    columns = {
        "observation.state": SHADOW.joint_angles(behind).astype(np.float32),
        "observation.setpoint": targets.astype(np.float32),
    }
    return Episode(trial, columns, {"success": True})


def test_palms_are_carried_where_they_were() -> None:
    episode = demonstration()
    found = Retargeting(SHADOW, BYTEDEXTER)(episode)
    hand = found.hands["right"]
    assert found.commands.shape == (found.joined + 30, len(BYTEDEXTER.actuators))
    assert np.isfinite(found.commands).all()
    assert (found.commands >= BYTEDEXTER.limits.lower - 1e-9).all()
    assert (found.commands <= BYTEDEXTER.limits.upper + 1e-9).all()
    first, second = HandPads(SHADOW, "right"), HandPads(BYTEDEXTER, "right")
    where, turn = first.palm(episode.columns["observation.state"].astype(float))
    there, turned = second.palm(BYTEDEXTER.joint_angles(found.commands[found.joined :]))
    reached = found.reach[:, 0] < 1e-3
    assert reached.mean() > 0.8
    wanted = where + (turn @ hand.shift[..., None])[..., 0]
    np.testing.assert_allclose(there[reached], wanted[reached], atol=2e-3)
    np.testing.assert_allclose(turned[reached], (turn @ hand.turn)[reached], atol=1e-2)
    more = Retargeting(SHADOW, BYTEDEXTER, squeeze=3.0)(episode)
    fingers = second.motors
    lead = [np.abs(f.commands[f.joined :, fingers] - f.hands["right"].commands).mean() for f in (found, more)]
    assert lead[1] > 1.5 * lead[0] > 0


def test_a_robot_without_the_hand_is_refused() -> None:
    with pytest.raises(DataError, match=r"'psibot_rm75' has no left hand.*choose a robot with both hands"):
        Retargeting(load_embodiment("shadow_ur10e_bimanual"), PSIBOT)
    with pytest.raises(DataError, match="has no left hand; it has"):
        HandPads(PSIBOT, "left")

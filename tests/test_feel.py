"""The rules of the tasks that need touch, asked about scenes that are written down; and what their trials keep back."""

from dataclasses import replace

import numpy as np
import pytest

from dexbench.core import shelf
from dexbench.core.rotations import quaternion_matrix
from dexbench.core.task import versioned
from dexbench.evaluation.runner import groups_of
from dexbench.evaluation.suite import load_suite
from dexbench.objects.articulated import load_articulated
from dexbench.sim.world import SimWorld
from tests import written_scene
from tests.written_scene import Played

TASKS = ("keep_shell", "hold_against_pull", "feel_weight", "find_by_feel")


def play(name: str) -> Played:
    """Return a task for one hand at the start of a trial."""
    return written_scene.play(name, ("right",))


def test_an_egg_is_kept_by_a_gentle_grip() -> None:
    played = play("keep_shell")
    played.raised(0, 0.12)
    played.scene.peak_force[:] = 2.9
    assert played.code(played.live(1.9)) == "not_held"
    outcome = played.live(1.2)
    assert outcome.success_at_end[0]
    assert outcome.done[0]
    assert outcome.stage[0] == 4
    assert outcome.reward[0] > 0.8


def test_an_egg_breaks_under_one_firm_contact() -> None:
    played = play("keep_shell")
    played.raised(0, 0.12)
    played.scene.peak_force[:] = 3.1
    outcome = played.live()
    assert played.code(outcome) == "broken"
    assert outcome.done[0]
    assert outcome.reward[0] == 0
    played.scene.peak_force[:] = 1.0
    assert not played.live(4.0).success_once[0]


def test_an_egg_on_the_table_is_not_lifted() -> None:
    played = play("keep_shell")
    played.raised(0, 0.12)
    played.scene.other_contacts[:] = 1
    assert not played.live(4.0).success_once[0]


def test_a_pull_is_borne_by_pressing_for_a_moment() -> None:
    played = play("hold_against_pull")
    played.raised(0, 0.12)
    begins = played.scene.trials[0].extra["pull_at"]
    played.live(begins)
    played.scene.peak_force[:] = 9.0
    played.live(1.6)
    played.scene.peak_force[:] = 3.0
    outcome = played.live(3.0)
    assert outcome.success_at_end[0]
    assert outcome.stage[0] == 5
    assert played.code(outcome) == "none"


def test_who_presses_all_the_time_dents_the_box() -> None:
    played = play("hold_against_pull")
    played.raised(0, 0.12)
    played.scene.peak_force[:] = 9.0
    outcome = played.live(4.0)
    assert played.code(outcome) == "dented"
    assert outcome.done[0]


@pytest.mark.parametrize(("late", "code"), [(True, "never_reached"), (False, "pulled_away")])
def test_what_is_not_held_when_the_pull_comes_is_lost(late: bool, code: str) -> None:
    played = play("hold_against_pull")
    begins = played.scene.trials[0].extra["pull_at"]
    played.raised(0, 0.12)
    if late:
        played.scene.hand_contacts[:] = 0
        played.scene.object_centre[0, 0, 2] = 0.03
    played.live(begins + 0.1)
    played.scene.hand_contacts[:] = 0
    outcome = played.live(0.2)
    assert played.code(outcome) == code
    assert outcome.done[0]


def test_a_pull_rises_stays_and_ends_and_is_the_trials_own() -> None:
    played = play("hold_against_pull")
    extra = played.scene.trials[0].extra
    size = np.linalg.norm([extra[f"pull_{a}"] for a in "xyz"])
    pulls = []
    for since in (-0.1, 0.04, 0.3, 1.0, 1.5):
        played.scene.time[:] = extra["pull_at"] + since
        push = played.task.disturb(played.scene)
        pulls.append(0.0 if push is None else float(np.linalg.norm(push[0, 0, :3])))
    assert pulls[0] == pulls[4] == 0
    assert 0 < pulls[1] < pulls[2] < pulls[3]
    assert pulls[3] == pytest.approx(size)
    assert 5 <= size <= 7.1


def test_a_pull_leaves_no_trace_in_worlds_beside_it() -> None:
    """Not even the sign of a zero: records are compared bit by bit, whatever ran beside them."""
    task = shelf.load_task("hold_against_pull")
    trials = [task.place(np.random.default_rng(seed), "seen") for seed in range(2)]
    early = replace(trials[0], extra={**trials[0].extra, "pull_at": 0.0})
    late = replace(trials[1], extra={"pull_at": 9.0, "pull_x": -1.0, "pull_y": -1.0, "pull_z": -1.0})
    states = []
    for given in ([early, late], [late]):
        world = SimWorld(task, "shadow_ur10e", len(given), groups=("state",), threads=1)
        world.reset(given)
        world.advance(np.tile(world.spec.embodiment.home, (len(given), 1)))
        states.append(world.snapshot([len(given) - 1]).tobytes())
    assert states[0] == states[1]


def test_the_first_can_that_is_really_lifted_decides() -> None:
    played = play("feel_weight")
    full = played.scene.trials[0].target
    other = (full + 1) % 3
    played.raised(other, 0.04)
    assert not played.live(0.4).done[0]
    played.raised(other, 0.06)
    outcome = played.live()
    assert played.code(outcome) == "empty_one"
    assert outcome.done[0]
    assert outcome.reward[0] == 0


def test_the_full_can_is_lifted_and_held() -> None:
    played = play("feel_weight")
    full = played.scene.trials[0].target
    played.raised((full + 1) % 3, 0.03)
    assert played.live().stage[0] == 3
    played.raised(full, 0.12)
    outcome = played.live(1.6)
    assert outcome.success_at_end[0]
    assert outcome.done[0]
    assert outcome.stage[0] == 5


@pytest.mark.parametrize("lifted", [False, True])
def test_a_can_that_is_pushed_away_ends_it_and_one_that_is_lifted_does_not(lifted: bool) -> None:
    played = play("feel_weight")
    full = played.scene.trials[0].target
    played.raised((full + 1) % 3, 0.03 if lifted else 0.0)
    played.scene.object_centre[0, (full + 1) % 3, :2] += [0.04, 0.04]
    outcome = played.live()
    assert outcome.done[0] != lifted
    played.raised((full + 1) % 3, 0.03)
    played.raised(full, 0.12)
    outcome = played.live(1.6)
    assert outcome.success_at_end[0] == lifted
    assert played.code(outcome) == ("none" if lifted else "pushed_away")


def test_cans_differ_in_mass_alone_and_agents_are_not_told() -> None:
    task = shelf.load_task("feel_weight")
    for seed in range(20):
        trial = task.place(np.random.default_rng(seed), "seen")
        assert len({o.instance for o in trial.objects}) == 1
        assert int(np.argmax([o.mass for o in trial.objects])) == trial.target
        assert trial.objects[trial.target].mass > 2.5 * sorted(o.mass for o in trial.objects)[1]
    targets = {task.place(np.random.default_rng(seed), "seen").target for seed in range(20)}
    assert targets == {0, 1, 2}
    world = SimWorld(task, "shadow_ur10e", 1, groups=("state", "objects", "kinds"), threads=1)
    seen = world.reset([trial])
    assert not seen["target"].any()
    assert len(set(seen["object_kind"][0].tolist())) == 1


def test_what_is_hidden_of_an_egg_is_in_the_trial_only() -> None:
    task = shelf.load_task("keep_shell")
    trial = task.place(np.random.default_rng(3), "seen")
    egg = trial.objects[0]
    other = replace(trial, objects=(replace(egg, mass=2 * egg.mass, friction=0.6, scale=0.9),))
    world = SimWorld(task, "shadow_ur10e", 2, groups=("state", "objects", "kinds"), threads=1)
    seen = world.reset([trial, other])
    for name, rows in seen.items():
        np.testing.assert_array_equal(rows[0], rows[1], err_msg=name)


def test_the_suite_has_the_same_layouts_on_three_robots() -> None:
    suite = load_suite("touch")
    rows: dict[str, dict[str, list[str]]] = {}
    for episode in suite.episodes:
        task, robot = episode.trial.task, episode.embodiment
        rows.setdefault(task, {}).setdefault(robot, []).append(episode.trial.digest())
    assert set(rows) == {versioned(shelf.load_task(name)) for name in TASKS}
    for robots in rows.values():
        assert len(robots) == 3
        assert len({tuple(digests) for digests in robots.values()}) == 1


def test_lagging_joints_are_taken_for_the_touch_of_their_own_finger() -> None:
    """The thumb lags: its pad is told to press, no other; what lags little is told to touch nothing."""
    task = shelf.load_task("keep_shell")
    world = SimWorld(task, "psibot_rm75+lattice", 1, groups=("state", "objects", "kinds", "touch"), threads=1)
    agent = shelf.load_agent("numb", world.spec, touch="lag")
    robot = world.spec.embodiment
    sent = robot.home.astype(float)
    seen = {"setpoint": sent[None], "joint_position": robot.joint_angles(sent)[None].copy()}
    assert not agent._guess(seen).any()
    thumb = agent._fingers[[pad.finger for pad in robot.pads].index("thumb")]
    seen["joint_position"][0, thumb[0]] -= 0.05
    guess = agent._guess(seen)[0]
    assert [pad.finger for pad, force in zip(robot.pads, guess, strict=True) if force] == ["thumb"]
    assert guess.max() == pytest.approx(1.5)
    seen["joint_position"][0, thumb[0]] += 0.045
    assert not agent._guess(seen).any()


def test_even_grasps_are_those_that_were_tried() -> None:
    """Rows of a library: where it was searched anew, those that hold eggs of all sizes must be found again."""
    from dexbench.baselines._script_keep_shell import EVEN, LIKE
    from dexbench.grasp.library import load_grasps

    first = {"bytedexter": (-0.009, 0.012, 0.108), "psibot": (0.006, -0.033, 0.103)}
    assert set(first) == {hand for hand, rows in EVEN.items() if rows}
    for hand, place in first.items():
        assert load_grasps(hand, LIKE).position[EVEN[hand][0]] == pytest.approx(place, abs=6e-4), hand


def test_cheats_close_the_hand_in_their_own_way() -> None:
    """A grip that feels leaves the hand to skills of another kind: one that never closes it lifts nothing."""
    task = shelf.load_task("keep_shell")
    world = SimWorld(task, "shadow_ur10e", 1, groups=("state", "objects", "kinds", "touch"), threads=1)
    trial = task.place(np.random.default_rng(0), "seen")
    worst: dict[str, int] = {}
    for name in ("scripted", "pretend"):
        seen, agent = world.reset([trial]), shelf.load_agent(name, world.spec)
        agent.reset([0], [trial.instruction], [trial.seed])
        while not (outcome := world.outcome()).done[0] and world.scene.time[0] < 20:
            seen = world.advance(agent.act(seen, [0])[:, 0])
        worst[name] = int(outcome.stage[0])
    assert worst["scripted"] == 4
    assert worst["pretend"] < 3


def test_the_runner_gives_the_expert_touch() -> None:
    assert "touch" in groups_of("scripted")


def test_a_hidden_can_is_lifted_and_held() -> None:
    played = play("find_by_feel")
    played.brought(0)
    played.raised(0, 0.09)
    assert played.live(1.6).stage[0] == 2
    played.raised(0, 0.11)
    outcome = played.live(1.6)
    assert outcome.success_at_end[0]
    assert outcome.done[0]
    assert outcome.stage[0] == 5


def test_a_hidden_can_that_is_lifted_beside_the_mark_is_not_brought() -> None:
    played = play("find_by_feel")
    played.brought(0, 0.06)
    played.raised(0, 0.11)
    outcome = played.live(4.0)
    assert outcome.stage[0] == 3
    assert played.code(outcome) == "not_brought"
    played.brought(0, 0.04)
    assert played.live(1.6).success_at_end[0]


def test_a_can_that_was_knocked_over_may_be_lifted_all_the_same() -> None:
    played = play("find_by_feel")
    played.scene.object_quaternion[0, 0] = (np.sqrt(0.5), np.sqrt(0.5), 0.0, 0.0)
    assert played.code(played.live(0.4)) == "upset"
    played.brought(0)
    played.raised(0, 0.11)
    assert played.live(1.6).success_at_end[0]


def test_touching_to_find_is_no_attempt_and_lifting_is() -> None:
    played = play("find_by_feel")
    for _ in range(3):
        played.scene.hand_contacts[0, 0, 0] = 1
        assert played.live(0.4).attempts[0] == 0
        played.scene.hand_contacts[0, 0, 0] = 0
        played.live(0.8)
    played.raised(0, 0.02)
    assert played.live(0.4).attempts[0] == 1


def test_a_hand_over_the_box_has_reached_it() -> None:
    played = play("find_by_feel")
    played.scene.palm_position[0, 0] = np.add(played.scene.object_position[0, 1], (0.1, -0.2, 0.2))
    assert played.live().stage[0] == 1


def test_cans_stand_free_of_the_box() -> None:
    """Wherever the can is drawn, a hand fits between it and the frame."""
    task = shelf.load_task("find_by_feel")
    model = load_articulated("opaque_box")
    inner = model.region("inside").half[:2]
    for k in range(200):
        trial = task.place(np.random.default_rng(k), "seen")
        box, can = trial.articulated[0], trial.objects[0]
        away = quaternion_matrix(box.quaternion).T @ np.subtract(can.position, box.position)
        assert (np.abs(away[:2]) <= inner - 0.06).all()

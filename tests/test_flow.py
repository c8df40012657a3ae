"""The learned policy: its arithmetic, its independence of the batch, and the weights that are shipped."""

import hashlib
import importlib
import re
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dexbench.core.embodiment import Embodiment, load_embodiment
from dexbench.core.errors import ContractError, DataError
from dexbench.core.schema import Array
from dexbench.core.trial import Placement, Trial
from dexbench.data.demonstrations import KEPT, Demonstration, write_shard

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")
flow_agent: Any = importlib.import_module("dexbench.baselines.flow")
networks: Any = importlib.import_module("dexbench.baselines._flow_network")
training: Any = importlib.import_module("dexbench.baselines._flow_training")

ROBOT = "shadow_ur10e"
SLOTS = 3


@cache
def robot_of_tests() -> Embodiment:
    """Return the robot, read once."""
    return load_embodiment(ROBOT)


def seen_at_random(rng: np.random.Generator, n: int) -> dict[str, Array]:
    """Return an observation of n worlds, with points."""
    robot = robot_of_tests()
    quaternion = rng.normal(size=(n, 1 + SLOTS, 4))
    quaternion /= np.linalg.norm(quaternion, axis=2, keepdims=True)
    position = rng.uniform([0.5, -0.2, 0.0], [0.8, 0.2, 0.2], (n, 1 + SLOTS, 3))
    pose = np.concatenate([position, quaternion], axis=2)
    found = {
        "joint_position": rng.normal(size=(n, len(robot.joints))),
        "joint_velocity": rng.normal(size=(n, len(robot.joints))),
        "setpoint": rng.normal(size=(n, len(robot.actuators))),
        "palm_pose": pose[:, :1],
        "object_pose": pose[:, 1:],
        "target": np.eye(SLOTS)[rng.integers(SLOTS, size=n)],
        "touch_net": rng.exponential(size=(n, len(robot.pads), 3)),
        "target_points": position[:, :1] + 0.05 * rng.normal(size=(n, 64, 3)),
    }
    return {name: values.astype(np.float32) for name, values in found.items()}


def demonstration(seed: int, steps: int = 20) -> Demonstration:
    """Return an episode that was never acted."""
    rng = np.random.default_rng(seed)
    drawn = seen_at_random(rng, steps)
    seen = {name: drawn[name] for name in KEPT}
    seen["target"][:] = np.eye(SLOTS)[1]
    placed = tuple(Placement(f"ball_0{k}", (0.5, 0.1 * k, 0.0), (1.0, 0.0, 0.0, 0.0), 0.1, 0.8) for k in (1, 2, 3))
    now = seen["joint_position"] @ robot_of_tests().transmission.T
    action = (now + 0.1 * rng.normal(size=now.shape)).astype(np.float32)
    trial = Trial("grasp_object-v1", "seen", seed, "take the ball", 1, placed)
    return Demonstration(trial, seen, action, np.minimum(np.arange(steps), 4))


def small_network(seed: int = 0, **choices: Any) -> Any:
    """Return a narrow network with random weights."""
    torch.manual_seed(seed)
    plan = training.plan_of([demonstration(0)], ROBOT, width=32, blocks=1, **choices)
    return networks.FlowNetwork(plan, torch.from_numpy(robot_of_tests().transmission.copy())).eval()


def world_spec(slots: int = SLOTS) -> Any:
    """Return as much of a world's declaration as the agent reads."""
    return SimpleNamespace(embodiment=robot_of_tests(), observations={"target": SimpleNamespace(shape=(slots,))})


def test_straight_paths_and_five_steps() -> None:
    noise, clean, t = torch.tensor([0.5]), torch.tensor([2.0]), torch.tensor([0.25])
    assert networks.mixed(noise, clean, t).item() == pytest.approx(0.875)
    assert (clean - noise).item() == pytest.approx(1.5)
    velocities = []

    def exact(x: Any, t: float) -> Any:
        velocities.append(((clean - x) / (1 - t)).item())
        return clean

    assert networks.transport(exact, noise, 5).item() == pytest.approx(2.0, abs=1e-6)
    assert velocities == pytest.approx([1.5] * 5, abs=1e-5), "the clean chunk implies the velocity"


def test_commands_survive_coding() -> None:
    network, rng = small_network(), np.random.default_rng(0)
    network.chunk_mean.copy_(torch.from_numpy(rng.normal(size=network.chunk_mean.shape)))
    network.chunk_scale.copy_(torch.from_numpy(rng.uniform(0.1, 2.0, network.chunk_scale.shape)))
    joints = torch.from_numpy(rng.normal(size=(6, 30)).astype(np.float32))
    command = torch.from_numpy(rng.normal(size=(6, 16, 26)).astype(np.float32))
    coded = network.encode(command, joints)
    assert torch.allclose(network.decode(coded, joints), command, atol=1e-5)
    moved = torch.zeros_like(joints)
    moved[:, 0] = 0.3  # the first joint of the arm: its targets are relative, and only its
    differ = (network.encode(command, joints + moved) != coded).any(dim=0).any(dim=0)
    assert differ.nonzero().flatten().tolist() == [0]


def test_arm_and_wrist_are_relative_and_fingers_are_not() -> None:
    plan = small_network().plan
    relative = {n for n, r in zip(plan.actuators, plan.relative, strict=True) if r}
    assert len(relative) == 8
    assert {"right/WRJ1", "right/WRJ2", "right/elbow_joint"} <= relative
    assert not any("FJ" in name or "THJ" in name for name in relative)


def test_scales_normalise() -> None:
    network = small_network()
    samples = training.Samples([demonstration(i) for i in range(8)], 16)
    training.fit_scales(network, samples, np.random.default_rng(0))
    seen, command = samples.take(torch.arange(len(samples)), np.random.default_rng(1), noise=0.0)
    coded = network.encode(command, seen["joint_position"])
    assert coded.mean(dim=0).abs().max() < 1e-4
    assert (coded.std(dim=0) - 1).abs().max() < 1e-3


def test_what_is_seen_moves_with_the_cell() -> None:
    """Points in the palm frame do not change when palm and object move together."""
    network, rng = small_network(), np.random.default_rng(3)
    seen = {k: torch.from_numpy(v) for k, v in seen_at_random(rng, 4).items()}
    before = network.inputs(seen)[1]
    shift = torch.tensor([0.1, -0.2, 0.0])
    seen["palm_pose"][:, :, :3] += shift
    seen["target_points"] += shift
    assert torch.allclose(network.inputs(seen)[1], before, atol=1e-5)
    seen["target_points"] += shift
    assert not torch.allclose(network.inputs(seen)[1], before, atol=1e-2)


def test_chunks_hold_what_comes_after_a_step_and_stop_at_its_episode() -> None:
    shown = [demonstration(1), demonstration(2)]
    samples = training.Samples(shown, 4)
    _, chunk = samples.take(torch.tensor([0, 3]), np.random.default_rng(0))
    assert np.array_equal(chunk[1].numpy(), shown[0].action[3:7])
    last = len(samples) // 2 - 1
    _, chunk = samples.take(torch.tensor([last - 1, last, last + 1]), np.random.default_rng(0))
    assert np.array_equal(chunk[0].numpy(), shown[0].action[[last - 1, last, last, last]])
    assert np.array_equal(chunk[2].numpy(), shown[1].action[:4])


def test_a_tiny_batch_is_overfitted() -> None:
    network = small_network()
    samples = training.Samples([demonstration(5, steps=8)], 16)
    training.fit_scales(network, samples, np.random.default_rng(0))
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    losses = []
    for i in range(150):
        loss = training.loss_of(network, samples, torch.arange(8), np.random.default_rng(i))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert np.mean(losses[-20:]) < 0.2 * np.mean(losses[:5])


def test_a_world_acts_as_if_it_were_alone() -> None:
    network = small_network()
    seen = seen_at_random(np.random.default_rng(7), 5)

    def acted(worlds: list[int], rows: list[int]) -> Array:
        agent = flow_agent.Flow(world_spec(), network, 5, 1.0, 0)
        agent.reset(worlds, [""] * len(worlds), [100 + row for row in rows])
        first = agent.act({k: v[rows] for k, v in seen.items()}, worlds)
        second = agent.act({k: v[rows] for k, v in seen.items()}, worlds)
        assert not np.array_equal(first, second), "every chunk has noise of its own"
        return np.concatenate([first, second], axis=1)

    together = acted([0, 1, 2, 3, 4], [0, 1, 2, 3, 4])
    assert np.array_equal(acted([0], [3])[0], together[3])
    assert np.array_equal(acted([6, 9], [4, 1]), together[[4, 1]])


def test_other_worlds_are_refused() -> None:
    with pytest.raises(ContractError, match="number of objects 3, the world has 5"):
        flow_agent.Flow(world_spec(slots=5), small_network(), 5, 1.0, 0)


def test_weights_keep_their_plan(tmp_path: Any) -> None:
    network = small_network(touch=False, velocity=True)
    networks.save(network, tmp_path / "w.safetensors")
    again = networks.load(tmp_path / "w.safetensors")
    assert again.plan == network.plan
    seen = {k: torch.from_numpy(v) for k, v in seen_at_random(np.random.default_rng(1), 3).items()}
    noise = torch.zeros(3, 16, 26)
    with torch.no_grad():
        assert torch.allclose(again.draw(seen, noise, 5), network.draw(seen, noise, 5), atol=2e-2)
    (tmp_path / "bad.safetensors").write_bytes(b"no weights")
    for name in ("bad", "none"):
        with pytest.raises(DataError):
            networks.load(tmp_path / f"{name}.safetensors")


def test_training_goes_on_as_if_it_had_not_stopped(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write_shard(tmp_path / "shard-000000.npz", [demonstration(i, steps=12) for i in range(3)])
    asked: dict[str, Any] = {"demonstrations": str(tmp_path), "iterations": 6, "batch": 8, "width": 32}
    asked |= {"blocks": 1, "every": 3}
    training.train(out=tmp_path / "one.safetensors", **asked)

    def stop(*arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        real, calls = training.loss_of, []
        patch.setattr(training, "loss_of", lambda *a: calls.append(0) or (stop() if len(calls) == 6 else real(*a)))
        assert "goes on from there" in training.train(out=tmp_path / "two.safetensors", **asked)
    assert "iterations on" in training.train(out=tmp_path / "two.safetensors", **asked)
    one, two = ((tmp_path / f"{n}.safetensors").read_bytes() for n in ("one", "two"))
    assert one == two
    assert (tmp_path / "one.svg").read_text().startswith("<svg")
    with pytest.raises(DataError, match="another training"):
        training.train(out=tmp_path / "two.safetensors", **{**asked, "seed": 1})


def test_shipped_weights_load_and_have_their_card() -> None:
    network = networks.load(flow_agent.WEIGHTS)
    assert network.plan.embodiment == ROBOT
    assert flow_agent.WEIGHTS.stat().st_size < 10e6
    card = flow_agent.WEIGHTS.with_suffix(".md").read_text(encoding="utf-8")
    stated = re.search(r"\b[0-9a-f]{64}\b", card)
    assert stated
    assert stated.group() == hashlib.sha256(flow_agent.WEIGHTS.read_bytes()).hexdigest()
    assert "dexbench train flow" in card
    assert flow_agent.Flow(world_spec(), network, 5, 1.0, 0).spec.action.rate_hz == 25.0


def test_turning_a_scene_turns_the_arm_alone() -> None:
    """What the policy does in the palm's frame stays; palm and first joint agree, as forward kinematics has them."""
    kinematics = importlib.import_module("dexbench.robots.kinematics")
    robot = robot_of_tests()
    reach = kinematics.Reach(robot, "right")
    network = small_network()
    samples = training.Samples([demonstration(9)], 16)
    seen, command = samples.take(torch.arange(4), np.random.default_rng(0))
    chain = [robot.joints.index(next(j for j in robot.joints if j.name == name)) for name in reach.joints]
    for i in range(4):
        position, quaternion = reach.pose(seen["joint_position"][i, chain].numpy().astype(float))
        seen["palm_pose"][i, 0] = torch.from_numpy(np.concatenate([position, quaternion]))
    before = network.inputs(seen)[1], network.encode(command, seen["joint_position"])
    training.turned(seen, command, torch.tensor([0.3, -0.3, 0.1, 0.2]))
    after = network.inputs(seen)[1], network.encode(command, seen["joint_position"])
    assert torch.allclose(before[0], after[0], atol=1e-4)
    assert torch.allclose(before[1], after[1], atol=1e-4)
    for i in range(4):
        position, quaternion = reach.pose(seen["joint_position"][i, chain].numpy().astype(float))
        assert np.allclose(seen["palm_pose"][i, 0, :3], position, atol=1e-5)
        assert abs(seen["palm_pose"][i, 0, 3:].numpy() @ quaternion) == pytest.approx(1, abs=1e-5)


def test_a_failed_attempt_is_given_up_and_begun_again() -> None:
    agent = flow_agent.Flow(world_spec(), small_network(), 5, 1.0, 0, patience=1.0)
    seen = seen_at_random(np.random.default_rng(4), 1)
    home = robot_of_tests().home

    def chunks(rise: float, count: int) -> list[bool]:
        agent.reset([0], [""], [1])
        agent.act(seen, [0])
        lifted = {**seen, "target_points": seen["target_points"] + np.float32(rise)}
        return [bool(np.array_equal(agent.act(lifted, [0])[0, 0], home)) for _ in range(count)]

    # 25 ticks are over at the fifth chunk of 8; home takes at most 50 ticks: six chunks; then it begins again
    assert chunks(0.0, 11) == [False] * 3 + [True] * 6 + [False] * 2
    assert not any(chunks(0.2, 11))

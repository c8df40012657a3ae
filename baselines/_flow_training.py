"""Trains the flow agent on demonstrations. Interrupt it at any time: the same command goes on where it stopped."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.core.shelf import load_embodiment
from dexbench.data.demonstrations import Demonstration, load
from dexbench.objects.catalogue import load_object

from ._flow_curve import draw_curve
from ._flow_network import FAR, FlowNetwork, Plan, mixed, rotation, save
from ._flow_network import load as load_network

POINTS = 64
"""Surface points a sample, as in the observation."""
POINT_NOISE = 0.002
"""Standard deviation on each of them [m]."""
TURN = 0.35
"""Scenes are turned about the axis of an arm's first joint by up to this [rad]: physics does not notice."""
ASTRAY = 0.02
"""Standard deviation on where other objects stand [m]: they matter little."""
HIDDEN = 0.2
"""Chance that they are not shown at all."""
HELD_OUT = 0.05
"""Share of episodes that is not trained on."""
AFTER = 10
"""Steps kept after the goal was reached: nothing more is to be learned from standing still."""
AVERAGE = 0.999
"""Decay of the running mean of the weights, which is what is shipped."""
WARM = 200
"""Iterations until the full learning rate."""
LEAST_SCALE = 0.02
"""Numbers that hardly vary are not blown up."""


class Samples:
    """Every step of every demonstration, as tensors: what was seen, and where in its episode it stands."""

    def __init__(self, demonstrations: Sequence[Demonstration], horizon: int) -> None:
        kept = [_length(d) for d in demonstrations]
        parts: dict[str, list[Array]] = {}
        local: list[Array] = []
        targets: list[Array] = []
        ends: list[Array] = []
        row = 0
        for d, length in zip(demonstrations, kept, strict=True):
            slot = d.trial.target
            for name in ("joint_position", "joint_velocity", "palm_pose", "object_pose", "target", "touch_net"):
                parts.setdefault(name, []).append(d.seen[name][:length])
            parts.setdefault("action", []).append(d.action[:length])
            row += length
            ends.append(np.full(length, row - 1))
            targets.append(np.full(length, len(local)))
            local.append(load_object(d.trial.objects[slot].instance).points * d.trial.objects[slot].scale)
        self.fields = {n: torch.from_numpy(np.concatenate(v).astype(np.float32)) for n, v in parts.items()}
        self.action = self.fields.pop("action")
        self.points = torch.from_numpy(np.stack(local).astype(np.float32))
        """(episodes, P, 3) surface of the named object in its own frame [m]."""
        self.episode = torch.from_numpy(np.concatenate(targets))
        self._end = torch.from_numpy(np.concatenate(ends))
        self._ahead = torch.arange(horizon)

    def __len__(self) -> int:
        return len(self.episode)

    def varied(self, rows: Tensor, rng: np.random.Generator, turn: float) -> tuple[dict[str, Tensor], Tensor]:
        """Return what take() does, with the scene turned and the other objects moved or hidden."""
        seen, command = self.take(rows, rng)
        if turn > 0:
            turned(seen, command, torch.from_numpy(rng.uniform(-turn, turn, len(rows)).astype(np.float32)))
        pose, other = seen["object_pose"].clone(), (seen["target"] < 0.5)[:, :, None]
        jitter = torch.from_numpy(rng.normal(size=(*pose.shape[:2], 2)).astype(np.float32)) * ASTRAY
        pose[:, :, :2] += jitter * other
        hidden = torch.from_numpy(rng.uniform(size=len(rows)) < HIDDEN)[:, None] & other[:, :, 0]
        pose[:, :, 2][hidden] = 2 * FAR
        return {**seen, "object_pose": pose}, command

    def take(
        self, rows: Tensor, rng: np.random.Generator, noise: float = POINT_NOISE
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Return what was seen at `rows` and the chunks of commands (n, horizon, A) from there.

        The last command of an episode is repeated.
        """
        seen = {name: values[rows] for name, values in self.fields.items()}
        pose = seen["object_pose"][seen["target"] > 0.5]
        picked = torch.from_numpy(rng.permutation(self.points.shape[1])[:POINTS])
        surface = self.points[:, picked][self.episode[rows]]
        points = surface @ rotation(pose[:, 3:]).transpose(1, 2) + pose[:, None, :3]
        seen["target_points"] = points + noise * torch.from_numpy(rng.normal(size=points.shape).astype(np.float32))
        ahead = torch.minimum(rows[:, None] + self._ahead, self._end[rows][:, None])
        return seen, self.action[ahead]


def turned(seen: dict[str, Tensor], command: Tensor, angle: Tensor) -> None:
    """Turn scenes, in place, by `angle` (n,) [rad] about the vertical through the base of their one arm.

    The arm's first joint, the first of all, turns with it, and so do its commands (n, rows, A).
    """
    half = angle / 2
    zero = torch.zeros_like(half)
    turn = torch.stack([half.cos(), zero, zero, half.sin()], 1)
    matrix = rotation(turn)
    for name in ("palm_pose", "object_pose"):
        w, x, y, z = seen[name][:, :, 3:].unbind(2)
        c, s = turn[:, :1], turn[:, 3:]
        quaternion = torch.stack([c * w - s * z, c * x - s * y, c * y + s * x, c * z + s * w], 2)
        seen[name] = torch.cat([seen[name][:, :, :3] @ matrix.transpose(1, 2), quaternion], 2)
    seen["target_points"] = seen["target_points"] @ matrix.transpose(1, 2)
    seen["joint_position"][:, 0] += angle
    command[:, :, 0] += angle[:, None]


def _length(demonstration: Demonstration) -> int:
    won = np.flatnonzero(demonstration.stage == demonstration.stage.max())[0]
    return min(len(demonstration.action), int(won) + AFTER)


def plan_of(demonstrations: Sequence[Demonstration], embodiment: str, **choices: Any) -> Plan:
    """Return what a network for these demonstrations is made for."""
    robot = load_embodiment(embodiment)
    # What carries the palm is commanded relative to where it is: arm and wrist. Fingers are told where to go.
    relative = tuple(a.part == "arm" or "/WR" in a.name for a in robot.actuators)
    return Plan(
        embodiment=robot.name,
        task=demonstrations[0].trial.task,
        rate_hz=25.0,
        joints=tuple(j.name for j in robot.joints),
        actuators=tuple(a.name for a in robot.actuators),
        relative=relative,
        slots=demonstrations[0].seen["target"].shape[1],
        sides=len(robot.sides),
        pads=len(robot.pads),
        **choices,
    )


def fit_scales(network: FlowNetwork, samples: Samples, rng: np.random.Generator) -> None:
    """Set the network's means and scales from a draw of the samples."""
    rows = torch.from_numpy(rng.permutation(len(samples))[:20000])
    seen, command = samples.take(rows, rng)
    state, _ = network.inputs(seen)
    chunk = network.encode(command, seen["joint_position"])  # its own scales are 0 and 1 as yet
    for name, values in (("state", state), ("chunk", chunk)):
        getattr(network, f"{name}_mean").copy_(values.mean(dim=0))
        getattr(network, f"{name}_scale").copy_(values.std(dim=0).clamp(min=LEAST_SCALE))


def loss_of(
    network: FlowNetwork, samples: Samples, rows: Tensor, rng: np.random.Generator, turn: float | None = None
) -> Tensor:
    """Return the mean square error of the clean chunk, at random times on the path from noise.

    Scenes are varied, and turned by up to `turn` [rad], unless it is None.
    """
    seen, command = samples.take(rows, rng) if turn is None else samples.varied(rows, rng, turn)
    clean = network.encode(command, seen["joint_position"])
    t = torch.from_numpy(rng.uniform(size=len(rows)).astype(np.float32))
    noise = torch.from_numpy(rng.normal(size=clean.shape).astype(np.float32))
    guess = network(mixed(noise, clean, t), t, network.look(seen))
    return (guess - clean).square().mean()


@torch.no_grad()
def missed(network: FlowNetwork, samples: Samples, rng: np.random.Generator, n: int = 512) -> dict[str, float]:
    """Return how far drawn chunks are from shown ones: mean error of relative and absolute targets [rad], and loss."""
    rows = torch.from_numpy(rng.permutation(len(samples))[:n])
    loss = float(loss_of(network, samples, rows, rng))
    seen, command = samples.take(rows, rng)
    noise = torch.from_numpy(rng.normal(size=command.shape).astype(np.float32))
    off = (network.draw(seen, noise, 5) - command)[:, : network.plan.execute].abs().mean(dim=(0, 1))
    arm = float(off[network.relative].mean())
    return {"held_out": loss, "arm_error": arm, "hand_error": float(off[~network.relative].mean())}


def train(
    *,
    demonstrations: str,
    out: Path = Path("flow.safetensors"),
    embodiment: str = "shadow_ur10e",
    iterations: int = 20000,
    seed: int = 0,
    batch: int = 256,
    rate: float = 1e-3,
    width: int = 384,
    blocks: int = 3,
    horizon: int = 16,
    execute: int = 8,
    touch: bool = True,
    velocity: bool = False,
    threads: int = 1,
    every: int = 500,
    start: str = "",
) -> str:
    """Train on demonstrations that `dexbench collect` recorded; run again, it goes on where it stopped.

    Beside the weights it leaves a log (.jsonl), a curve (.svg) and what it needs to go on (.checkpoint).

    Args:
      demonstrations: folders, separated by commas.
      out: file of the weights.
      embodiment: robot of the demonstrations.
      iterations: of the optimiser.
      seed: of weights, samples and noise.
      batch: samples an iteration.
      rate: largest learning rate; it falls to zero as a cosine.
      width: of the network.
      blocks: of the network.
      horizon: rows of a chunk.
      execute: rows of it that are used.
      touch: look at the forces on the pads.
      velocity: look at joint velocities.
      threads: of the arithmetic.
      every: iterations between entries of the log.
      start: weights to begin with; random ones where empty.

    Returns:
      A sentence that says what came of it.
    """
    from rich.progress import Progress

    torch.set_num_threads(threads)
    shown = [d for folder in demonstrations.split(",") for d in load(Path(folder))]
    order = np.random.default_rng([seed, 0]).permutation(len(shown))
    share = max(1, round(HELD_OUT * len(shown)))
    apart = Samples([shown[i] for i in order[:share]], horizon)
    samples = Samples([shown[i] for i in order[share:]] or shown, horizon)
    plan = plan_of(
        shown, embodiment, horizon=horizon, execute=execute, width=width, blocks=blocks, touch=touch, velocity=velocity
    )
    torch.manual_seed(seed)
    network = FlowNetwork(plan, torch.from_numpy(load_embodiment(embodiment).transmission.copy()))
    fit_scales(network, samples, np.random.default_rng([seed, 1]))
    if start:
        network.load_state_dict(load_network(Path(start)).state_dict())
    mean = FlowNetwork(plan, network.transmission)
    mean.load_state_dict(network.state_dict())
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-4, fused=True)
    asked = {
        "demonstrations": [d.trial.digest() for d in shown], "plan": repr(plan), "iterations": iterations,
        "seed": seed, "batch": batch, "rate": rate, "start": start,
    }  # fmt: skip
    base = load_embodiment(embodiment).parts[load_embodiment(embodiment).sides[0]].base_position
    turn = TURN if plan.sides == 1 and not any(base[:2]) else 0.0
    run = _Run(out, asked, network, mean, optimiser)
    begun, first, losses = time.monotonic(), run.done, []
    with Progress() as bar:
        task = bar.add_task("training", total=iterations, completed=run.done)
        try:
            while run.done < iterations:
                i = run.done
                rng = np.random.default_rng([seed, 2, i])
                scale = min((i + 1) / WARM, 0.5 + 0.5 * float(np.cos(np.pi * i / iterations)))
                optimiser.param_groups[0]["lr"] = rate * scale
                loss = loss_of(network, samples, torch.from_numpy(rng.integers(len(samples), size=batch)), rng, turn)
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimiser.step()
                _follow(mean, network, min(AVERAGE, (i + 1) / (i + 10)))
                losses.append(loss.detach())
                run.done = i + 1
                if run.done % every == 0 or run.done == iterations:
                    found = missed(mean, apart, np.random.default_rng([seed, 3]))
                    found["seconds"] = round(time.monotonic() - begun, 1)
                    run.note({"iteration": run.done, "loss": float(torch.stack(losses).mean()), **found})
                    losses = []
                    text = f"training: loss {run.log[-1]['loss']:.4f}, apart {found['held_out']:.4f}"
                    bar.update(task, description=text)
                bar.update(task, completed=run.done)
        except KeyboardInterrupt:
            run.keep()
            return f"stopped after {run.done} of {iterations} iterations; the same command goes on from there"
    took = time.monotonic() - begun
    return f"{run.done - first} iterations on {len(samples)} steps of {len(shown)} episodes in {took:.0f} s: {out}"


@torch.no_grad()
def _follow(mean: FlowNetwork, network: FlowNetwork, decay: float) -> None:
    """Move the running mean of the weights."""
    torch._foreach_lerp_(list(mean.parameters()), list(network.parameters()), 1 - decay)


class _Run:
    """A training that can be taken up again: its files and how far it is."""

    def __init__(
        self,
        out: Path,
        asked: dict[str, Any],
        network: FlowNetwork,
        mean: FlowNetwork,
        optimiser: torch.optim.Optimizer,
    ) -> None:
        self.done = 0
        self.log: list[dict[str, float]] = []
        self._out, self._asked = out, asked
        self._parts = {"network": network, "mean": mean, "optimiser": optimiser}
        self._mean = mean
        out.parent.mkdir(parents=True, exist_ok=True)
        path = out.with_suffix(".checkpoint")
        if path.is_file():
            stored = torch.load(path, weights_only=True)
            if stored["asked"] != asked:
                raise DataError(f"{path} belongs to another training; choose another --out, or delete it")
            for name, part in self._parts.items():
                part.load_state_dict(stored[name])
            self.done, self.log = stored["done"], stored["log"]

    def note(self, row: dict[str, float]) -> None:
        """Add a row to the log and write everything."""
        self.log.append(row)
        self._out.with_suffix(".jsonl").write_text("".join(json.dumps(r) + "\n" for r in self.log))
        self._out.with_suffix(".svg").write_text(draw_curve(self.log))
        save(self._mean, self._out)
        self.keep()

    def keep(self) -> None:
        """Write what is needed to go on, whole or not at all."""
        path = self._out.with_suffix(".checkpoint")
        partial = path.with_suffix(".partial")
        state = {name: part.state_dict() for name, part in self._parts.items()}
        torch.save({"asked": self._asked, "done": self.done, "log": self.log, **state}, partial)
        partial.rename(path)

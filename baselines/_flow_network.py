"""The network of the flow agent: what it is told, what it predicts, and how a chunk of commands is drawn from it.

Flow matching with rectified paths: x_t = (1 - t) noise + t x_1, velocity x_1 - noise. The network predicts the clean
chunk x_1 and the velocity follows from it, (x_1 - x_t) / (1 - t): a network that predicts the velocity has to carry
the noise of all steps and joints through its middle. Flow matching: Lipman et al., arXiv 2210.02747; the clean
parametrisation and relative targets were found by experiment.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from dexbench.core.errors import DataError

NEAR = 0.05
"""Relative targets are compressed beyond this [rad], so that precision counts most where the hand is near."""
FAR = -0.5
"""An object below this height is not there [m]."""


@dataclass(frozen=True)
class Plan:
    """What a network was made for. It travels with the weights."""

    embodiment: str
    task: str
    rate_hz: float
    joints: tuple[str, ...]
    actuators: tuple[str, ...]
    relative: tuple[bool, ...]
    """(A,) whether the targets of an actuator are relative to where it is."""
    slots: int
    """Objects in the observation."""
    sides: int
    pads: int
    horizon: int = 16
    """Rows in a chunk."""
    execute: int = 8
    """Rows that are used."""
    width: int = 384
    blocks: int = 3
    touch: bool = True
    """Whether the forces on the pads are looked at."""
    velocity: bool = False
    """Whether joint velocities are looked at."""

    @staticmethod
    def from_json(text: str) -> "Plan":
        """Return the plan that asdict() and JSON made text of."""
        row: dict[str, Any] = json.loads(text)
        plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
        return Plan(**plain)


class _Residual(nn.Module):
    """x + f(norm(x)): two layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class FlowNetwork(nn.Module):
    """Predicts the clean chunk from a noisy one. Everything it needs to know of units is in its buffers."""

    def __init__(self, plan: Plan, transmission: Tensor) -> None:
        """Make a network with random weights.

        Args:
          plan: what it is made for.
          transmission: (A, J) command = transmission @ joint angles.
        """
        super().__init__()
        self.plan = plan
        rows, actuators = plan.horizon, len(plan.actuators)
        seen = self.state_size(plan)
        self.register_buffer("transmission", transmission.float())
        self.register_buffer("relative", torch.tensor(plan.relative))
        self.register_buffer("state_mean", torch.zeros(seen))
        self.register_buffer("state_scale", torch.ones(seen))
        self.register_buffer("chunk_mean", torch.zeros(rows, actuators))
        self.register_buffer("chunk_scale", torch.ones(rows, actuators))
        features = 96
        self.point = nn.Sequential(nn.Linear(6 * plan.sides + 1, 32), nn.ReLU(), nn.Linear(32, features))
        self.condition = nn.Sequential(nn.Linear(seen + features, plan.width), nn.SiLU(), _Residual(plan.width))
        self.noisy = nn.Linear(rows * actuators + 33, plan.width)
        self.blocks = nn.ModuleList(_Residual(plan.width) for _ in range(plan.blocks))
        self.clean = nn.Sequential(nn.LayerNorm(plan.width), nn.Linear(plan.width, rows * actuators))

    @staticmethod
    def state_size(plan: Plan) -> int:
        """Return how many numbers describe the state."""
        touch, velocity = 3 * plan.pads * plan.touch, len(plan.joints) * plan.velocity
        return len(plan.joints) + velocity + touch + 18 * plan.sides + 4 + 3 * (plan.slots - 1)

    def inputs(self, seen: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return state (n, state_size) and points (n, P, 6 S + 1) as the network wants them, before scaling.

        Args:
          seen: fields of an observation by name, float32: joint_position, joint_velocity, palm_pose, object_pose,
            target, target_points and touch_net.
        """
        plan, points = self.plan, seen["target_points"]
        centre = points.mean(dim=1)
        n = len(points)
        state = [seen["joint_position"]]
        if plan.velocity:
            state.append(seen["joint_velocity"])
        if plan.touch:
            force = seen["touch_net"].reshape(n, -1)
            state.append(torch.sign(force) * torch.log1p(force.abs()))
        shapes = [points[:, :, 2:] * 10]
        for side in range(plan.sides):
            palm = seen["palm_pose"][:, side]
            turn = rotation(palm[:, 3:])
            near = (points - palm[:, None, :3]) @ turn  # into the palm frame
            middle = near.mean(dim=1, keepdim=True)
            shapes += [near * 10, (near - middle) * 20]
            low, high = near.amin(dim=1), near.amax(dim=1)
            state += [palm[:, :3], turn[:, :, 0], turn[:, :, 2], middle[:, 0], low, high]
        state += [centre, points[:, :, 2].amax(dim=1, keepdim=True), self._others(seen, centre)]
        return torch.cat(state, dim=1), torch.cat(shapes, dim=2)

    def _others(self, seen: Mapping[str, Tensor], centre: Tensor) -> Tensor:
        """Return (n, 3 (K - 1)): where the other objects stand from the named one, nearest first, and if they do."""
        pose, n = seen["object_pose"], len(centre)
        other = seen["target"] < 0.5
        position = pose[other].reshape(n, -1, 7)[:, :, :3]
        here = (position[:, :, 2] > FAR).float()
        away = (position - centre[:, None])[:, :, :2] * here[:, :, None]
        order = torch.where(here > 0, away.norm(dim=2), torch.full_like(here, 9.0)).argsort(dim=1, stable=True)
        row = torch.cat([away, here[:, :, None]], dim=2)
        return torch.gather(row, 1, order[:, :, None].expand(-1, -1, 3)).reshape(n, -1)

    def look(self, seen: Mapping[str, Tensor]) -> Tensor:
        """Return (n, width): everything that the chunk depends on but noise and time."""
        state, points = self.inputs(seen)
        state = ((state - self.state_mean) / self.state_scale).clamp(-5, 5)
        shape = self.point(points).max(dim=1).values
        return self.condition(torch.cat([state, shape], dim=1))

    def forward(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """Return the clean chunk (n, rows, A) guessed from `x` (n, rows, A) at times `t` (n,) in [0, 1)."""
        angle = t[:, None] * torch.pi * torch.arange(1, 17, dtype=x.dtype)
        hidden = self.noisy(torch.cat([x.flatten(1), t[:, None], angle.sin(), angle.cos()], dim=1)) + condition
        for block in self.blocks:
            hidden = block(hidden) + condition
        return self.clean(hidden).reshape(x.shape)

    def encode(self, command: Tensor, joint_position: Tensor) -> Tensor:
        """Return chunks of commands (n, rows, A) [rad] as numbers of order one, seen from joint angles (n, J)."""
        now = (joint_position @ self.transmission.T)[:, None]
        local = torch.where(self.relative, torch.asinh((command - now) / NEAR), command)
        return (local - self.chunk_mean) / self.chunk_scale

    def decode(self, x: Tensor, joint_position: Tensor) -> Tensor:
        """Return the commands [rad] that encode() makes `x` of."""
        now = (joint_position @ self.transmission.T)[:, None]
        local = x * self.chunk_scale + self.chunk_mean
        return torch.where(self.relative, torch.sinh(local) * NEAR + now, local)

    def draw(self, seen: Mapping[str, Tensor], noise: Tensor, steps: int) -> Tensor:
        """Return chunks of commands (n, rows, A) [rad], transported from `noise` of that shape in `steps` steps."""
        condition = self.look(seen)
        x = transport(lambda x, t: self(x, torch.full((len(x),), t), condition), noise, steps)
        return self.decode(x, seen["joint_position"])


def mixed(noise: Tensor, clean: Tensor, t: Tensor) -> Tensor:
    """Return the point at times `t` (n,) on the straight path from `noise` to `clean` (n, ...)."""
    t = t.reshape(-1, *[1] * (clean.dim() - 1))
    return (1 - t) * noise + t * clean


def transport(clean_at: Any, noise: Tensor, steps: int) -> Tensor:
    """Return where Euler's method takes `noise`: x <- x + (clean - x) dt / (1 - t).

    Args:
      clean_at: function of x and t that guesses the end of the path.
      noise: start.
      steps: how many; the last lands on the guess.
    """
    x = noise
    for i in range(steps):
        t = i / steps
        x = x + (clean_at(x, t) - x) / (steps * (1 - t))
    return x


def rotation(quaternion: Tensor) -> Tensor:
    """Return (n, 3, 3) rotations of wxyz quaternions (n, 4)."""
    w, x, y, z = (quaternion / quaternion.norm(dim=1, keepdim=True)).unbind(1)
    rows = [
        torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)], 1),
        torch.stack([2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)], 1),
        torch.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], 1),
    ]
    return torch.stack(rows, 1)


def save(network: FlowNetwork, path: Path) -> None:
    """Write weights and plan, in half the size of training: 16 bits are more than the weights are worth."""
    tensors = {
        name: (value.half() if value.is_floating_point() and not _exact(name) else value).contiguous()
        for name, value in network.state_dict().items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, {"plan": json.dumps(asdict(network.plan))})
    partial.rename(path)


def _exact(name: str) -> bool:
    """Return whether a tensor is a scale, which keeps all its digits."""
    return name in ("transmission", "state_mean", "state_scale", "chunk_mean", "chunk_scale")


def load(path: Path) -> FlowNetwork:
    """Return the network that save() wrote.

    Raises:
      DataError: there is none, or it does not fit.
    """
    if not path.is_file():
        raise DataError(f"no weights at {path}; train some with: dexbench train flow --help")
    try:
        with safe_open(path, "pt") as file:
            plan = Plan.from_json(file.metadata()["plan"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        network = FlowNetwork(plan, tensors["transmission"])
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in tensors.items()})
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError, OSError) as error:
        raise DataError(f"{path} holds no weights of this agent: {error}") from error
    network.eval()
    return network

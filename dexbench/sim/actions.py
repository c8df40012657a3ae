"""What a user of a Gymnasium face says in an action: its space, its declaration, and its way to joint targets."""

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np

from dexbench.core.action_face import SETPOINT, Conversion, Slot, declaration
from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.robots.faces import make_face
from dexbench.sim.world import SimWorld


class Actions:
    """The actions of the environments on one world: joint targets, or any other action face."""

    def __init__(self, world: SimWorld, action: str | Mapping[str, Any]) -> None:
        """Make them.

        Args:
          world: n cells.
          action: name of an action face, or its settings with its name as "kind".

        Raises:
          UnknownName: there is no such face.
          DataError: settings without a kind, or one that the face does not have.
          ContractError: the settings do not fit the robot.
        """
        settings = {"kind": action} if isinstance(action, str) else dict(action)
        if "kind" not in settings:
            raise DataError(f"action={dict(settings)} names no kind; for example {{'kind': 'joint_delta'}}")
        takes = world.spec.action
        face = make_face(embodiment=world.spec.embodiment, period=1 / takes.rate_hz, **settings)
        self._world = world
        self._conversion = None if face.kind == takes.kind else Conversion(face, world.n)
        self.slots: tuple[Slot, ...] = face.slots
        """What the numbers of an action are, in order."""
        self.spec = declaration(face, takes.rate_hz)
        """What an agent declares that acts like this."""

    @property
    def space(self) -> gymnasium.spaces.Box:
        """The space of one world's action; bounds are rounded inwards to float32, so that all of it is inside."""
        lower, upper = (np.array([getattr(s, b) for s in self.slots]) for b in ("lower", "upper"))
        wide = lower < upper  # a number that the robot does not have is zero
        low = np.where(wide, np.nextafter(lower.astype(np.float32), np.float32(np.inf)), np.float32(0))
        high = np.where(wide, np.nextafter(upper.astype(np.float32), np.float32(-np.inf)), np.float32(0))
        return gymnasium.spaces.Box(low, high, dtype=np.float32)

    def describe(self) -> dict[str, Any]:
        """Return kind, rate, and name, unit and frame of each number as plain data."""
        names, units, frames = zip(*((s.name, s.unit, s.frame) for s in self.slots), strict=True)
        return {"kind": self.spec.kind, "rate_hz": self.spec.rate_hz, "names": names, "units": units, "frames": frames}

    def begin(self, cells: Array) -> None:
        """Note that episodes have begun in `cells`."""
        if self._conversion is not None:
            self._conversion.reset(self._sent(cells), cells)

    def targets(self, actions: Array, cells: Array | None = None) -> Array:
        """Return joint targets [rad] for actions whose rows are `cells` (default: all)."""
        if self._conversion is None:
            return actions
        ids = np.arange(self._world.n) if cells is None else cells
        return self._conversion(actions, self._sent(ids), ids)

    def counts(self) -> dict[str, Array]:
        """Return (n,) arrays for the infos: actions of the episode that could not be done exactly."""
        return {} if self._conversion is None else {"unmet_actions": self._conversion.unmet}

    def _sent(self, cells: Array) -> dict[str, Array]:
        """Return the setpoints as agents see them."""
        return {SETPOINT: self._world.filter.setpoint[cells].astype(np.float32)}

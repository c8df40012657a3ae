"""From recorded sensordata to taxel forces."""

import threading
from collections.abc import Sequence
from typing import NamedTuple

import mujoco
import numpy as np
from numpy.typing import DTypeLike

from dexbench.core.embodiment import Pad
from dexbench.core.errors import ContractError
from dexbench.core.schema import Array
from dexbench.sensors.lattice import STEPS, Lattice

from ._sharing import Sharing

ROW = (("force", 6), ("cell x", 3), ("cell y", 3), ("cell z", 3), ("cell origin", 3))
"""The sensors of one pad, in this order, and how many numbers each returns: the force on the pad and its centre of
pressure, in the cell frame; the axes of the cell and its origin, in the pad's reading frame."""

LINK = "link force"
"""The sensor of all force on a pad's link, where there is one."""

CHUNK = 8
"""Worlds read at once, so that their numbers stay in the second-level cache."""


class Touch(NamedTuple):
    """Forces that the outside exerts on the pads [N]: (pressing, shear along rows, shear along columns).

    Pressing is positive, against the pad's normal; the shears are along the pad's y (distal) and x (across).
    """

    taxels: Array
    """(n, window, pads, rows, columns, 3), oldest sample first. Rows run along y, columns along x."""
    net: Array
    """(n, pads, 3): sum over each pad in the newest sample."""


class TouchReader:
    """Reads the touch of any number of worlds of one model; what it returns for a world depends on that world alone.

    Args:
      pads: as the sensors were added; all with the same model.
      lattice: of every pad.
      model: compiled from the edited spec.
      dtype: of what `read` returns and of the sharing out; positions and rotations are always in double precision.
    """

    def __init__(self, pads: Sequence[Pad], lattice: Lattice, model: mujoco.MjModel, dtype: DTypeLike) -> None:
        names = [f"{pad.name}/{what}" for pad in pads for what, _ in ROW]
        self.numbers = _addresses(names, [width for _, width in ROW] * len(pads), model)
        self._compiled = model
        self._names = tuple(pad.name for pad in pads)
        self._shape: tuple[int, int, int, int] = (len(pads), lattice.rows, lattice.columns, 3)
        self._dtype = np.dtype(dtype)
        self._lattice = lattice
        self._scale = np.array([STEPS / pad.pitch for pad in pads])
        self._kept: dict[tuple[int, ...], Sharing] = {}
        self.model = pads[0].model
        self._range = self.model.range
        # No taxel saturates while no component of a force is larger than this.
        self._harmless = self._range / lattice.largest()

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(pads, rows, columns, 3)."""
        return self._shape

    @property
    def dtype(self) -> np.dtype:
        """Of what is read."""
        return self._dtype

    def read(self, sensordata: Array) -> Touch:
        """Return what ideal pads read, whatever their rate and flaws: see TouchStream.

        Args:
          sensordata: (n, window, nsensordata) of successive substeps, oldest first.
        """
        return self.share(sensordata[..., self.numbers])

    def share(self, numbers: Array) -> Touch:
        """Return what the pads read, from the part of the sensordata that is `numbers` of it."""
        n, window, _ = numbers.shape
        touch = Touch(np.empty((n, window, *self._shape), self._dtype), np.empty((n, self._shape[0], 3), self._dtype))
        if n <= CHUNK:
            self._share(numbers, *touch)
            return touch
        for first in range(0, n, CHUNK):
            part = slice(first, first + CHUNK)
            self._share(numbers[part], touch.taxels[part], touch.net[part])
        return touch

    def beside(self, sensordata: Array) -> Array:
        """Return the force on each pad's link that is not on the pad [N], (n, window, pads, 3), as `read` has it.

        Needs TouchSensor(account=True).
        """
        names = [f"{name}/{LINK}" for name in self._names]
        links = sensordata[..., _addresses(names, [3] * len(names), self._compiled)]
        rows = sensordata[..., self.numbers].reshape(*sensordata.shape[:2], len(names), Sharing.WIDTH // 3, 3)
        beside = -links.reshape(rows[..., 0, :].shape) - rows[..., 0, :]  # MuJoCo gives what the link exerts
        return np.asarray((beside[..., None, :] @ rows[..., 2:5, :])[..., 0, :])

    def _share(self, numbers: Array, taxels: Array, net: Array) -> None:
        """Write what the pads of a few worlds read."""
        n, window, _ = numbers.shape
        samples = (n, window, self._shape[0])
        rows = numbers.reshape(*samples, Sharing.WIDTH)
        for world in self._sharing(samples)(rows, taxels, net):
            self._saturate(taxels[world], net[world])

    def _sharing(self, samples: tuple[int, int, int]) -> Sharing:
        """Return this thread's arrays for so many samples."""
        key = (threading.get_ident(), *samples)
        sharing = self._kept.get(key)
        if sharing is None:
            sharing = self._kept[key] = Sharing(
                samples, self._lattice, self._scale, self._harmless, self._dtype, self.model.axes == "normal"
            )
        return sharing

    def _saturate(self, taxels: Array, net: Array) -> None:
        """Keep every taxel of one world within its range, and `net` their sum."""
        np.clip(taxels, -self._range, self._range, out=taxels)
        net[...] = taxels[-1].reshape(len(net), -1, 3).sum(axis=1)


def _addresses(names: Sequence[str], widths: Sequence[int], model: mujoco.MjModel) -> slice:
    """Return where the sensors `names` are in sensordata.

    Raises:
      ContractError: if one is missing or they are not in one piece.
    """
    numbers = [mujoco.mj_name2id(model, int(mujoco.mjtObj.mjOBJ_SENSOR), name) for name in names]
    for name, number in zip(names, numbers, strict=True):
        if number < 0:
            raise ContractError(f"the model has no sensor {name!r}: compile it from a spec edited by TouchSensor.edit")
    start = end = int(model.sensor_adr[numbers[0]])
    for name, number, width in zip(names, numbers, widths, strict=True):
        if int(model.sensor_adr[number]) != end or int(model.sensor_dim[number]) != width:
            raise ContractError(f"sensor {name!r} is not where TouchSensor.edit put it: leave its sensors in one piece")
        end += width
    return slice(start, end)

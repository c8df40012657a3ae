"""From recorded sensordata to taxel forces."""

from collections.abc import Sequence
from typing import NamedTuple

import mujoco
import numpy as np
from numpy.typing import DTypeLike

from dexbench.core.embodiment import Pad
from dexbench.core.errors import ContractError
from dexbench.core.schema import Array
from dexbench.sensors.lattice import STEPS, Lattice

ROW = (("force", 10), ("cell x", 3), ("cell y", 3), ("cell z", 3), ("cell origin", 3))
"""The sensors of one pad, in this order, and how many numbers each returns: the force on the pad, 0, its centre of
pressure, and (1, 0, 0), all in the cell frame (0 and 1 only where something touches: they are the distance and the
normal of a net contact); the axes of the cell and its origin in the pad's reading frame."""

LINK = "link force"
"""The sensor of all force on a pad's link, where there is one."""

_WIDTH = sum(width for _, width in ROW)

_CHUNK = 8
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

    It is called once per action with cold caches and has a few ten microseconds: what counts is to make few calls, on
    whole arrays. None of them may mix worlds: products are of one pad's own matrices, the rest is elementwise.

    Args:
      pads: as the sensors were added.
      lattice: of every pad.
      model: compiled from the edited spec.
      dtype: of what `read` returns and of the sharing out; positions and rotations are always in double precision.
    """

    def __init__(self, pads: Sequence[Pad], lattice: Lattice, model: mujoco.MjModel, dtype: DTypeLike) -> None:
        names = [f"{pad.name}/{what}" for pad in pads for what, _ in ROW]
        self._rows = _addresses(names, [width for _, width in ROW] * len(pads), model)
        self._model = model
        self._names = tuple(pad.name for pad in pads)
        self._shape = (len(pads), lattice.rows, lattice.columns, 3)
        self._dtype = np.dtype(dtype)
        self._table = lattice.table(dtype)
        self._scale = np.array([[STEPS / pad.pitch] * 2 for pad in pads])
        self._range = np.array([pad.range for pad in pads], dtype)[:, None, None, None]
        self._noise = np.array([pad.noise for pad in pads], dtype)[:, None, None, None]
        # No taxel saturates while no component of a force is larger than this.
        self._harmless = float(self._range.min()) / lattice.highest
        self._seen: Array | None = None
        self._views: tuple[Array, Array] = (np.empty(0), np.empty(0))

    def read(self, sensordata: Array, noise: Sequence[np.random.Generator] | None = None) -> Touch:
        """Return what the pads read.

        Args:
          sensordata: (n, window, nsensordata) of successive substeps, oldest first.
          noise: one generator per world, to add the pads' noise with; None for none.
        """
        if sensordata is not self._seen:  # a recording world fills the same array every time
            self._seen, self._views = sensordata, self._factors(sensordata)
        forces, frames = self._views
        n = len(forces)
        if n <= _CHUNK:
            touch = Touch(*self._share(forces, frames))
        else:
            touch = Touch(
                np.empty((*forces.shape[:2], *self._shape), self._dtype), np.empty((n, *self._shape[::3]), self._dtype)
            )
            for first in range(0, n, _CHUNK):
                part = slice(first, first + _CHUNK)
                touch.taxels[part], touch.net[part] = self._share(forces[part], frames[part])
        if noise is not None:
            for world, generator in zip(touch.taxels, noise, strict=True):
                world += self._noise * generator.standard_normal(world.shape).astype(self._dtype)
            self._saturate(*touch)
        return touch

    def beside(self, sensordata: Array) -> Array:
        """Return the force on each pad's link that is not on the pad [N], (n, window, pads, 3), as `read` has it.

        Needs TouchSensor(account=True).
        """
        names = [f"{name}/{LINK}" for name in self._names]
        links = sensordata[..., _addresses(names, [3] * len(names), self._model)]
        forces, frames = self._factors(sensordata)
        beside = -links.reshape(*forces.shape[:3], 1, 3) - forces[..., :1, :3]  # MuJoCo gives what the link exerts
        return np.asarray((beside @ frames[..., :3, :])[..., 0, :])

    def _factors(self, sensordata: Array) -> tuple[Array, Array]:
        """Return views (n, window, pads, 2, 4), force and place in the cell, and (n, window, pads, 4, 3), its frame."""
        rows = sensordata[..., self._rows].reshape(*sensordata.shape[:2], self._shape[0], _WIDTH)
        return rows[..., :8].reshape(*rows.shape[:3], 2, 4), rows[..., 10:].reshape(*rows.shape[:3], 4, 3)

    def _share(self, forces: Array, frames: Array) -> tuple[Array, Array]:
        """Return taxels and net forces, without noise."""
        pads, along, across, _ = self._shape
        local = np.matmul(forces, frames)  # (..., 2, 3): force, and place from the corner of the table [m]
        flat = local.reshape(-1)
        square = flat.dot(flat)
        batch = local.shape[:3]
        if square == 0:
            return np.zeros((*batch[:2], *self._shape), self._dtype), np.zeros((batch[0], pads, 3), self._dtype)
        entry = (local[..., 1, 1:] * self._scale).astype(np.intp)
        shares = self._table.take(entry, axis=0, mode="clip")
        local = local.astype(self._dtype)
        right = np.matmul(shares[..., 1, : 4 * across].reshape(*batch, 2 * across, 2), local)
        left = shares[..., 0, : 2 * along].reshape(*batch, along, 2)
        taxels = np.matmul(left, right.reshape(*batch, 2, 3 * across)).reshape(*batch, along, across, 3)
        net = local[:, -1, :, 0].copy()
        if square > self._harmless**2 and np.abs(local[..., 0, :]).max() > self._harmless:
            self._saturate(taxels, net)
        return taxels, net

    def _saturate(self, taxels: Array, net: Array) -> None:
        """Keep every taxel within its range, and `net` their sum."""
        np.clip(taxels, -self._range, self._range, out=taxels)
        net[...] = taxels[:, -1].reshape(*net.shape[:2], -1, 3).sum(axis=2)


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

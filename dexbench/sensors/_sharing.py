"""The arithmetic of touch, in arrays that are kept from call to call."""

import numpy as np

from dexbench.core.schema import Array
from dexbench.sensors.lattice import Lattice

_NOWHERE: Array = np.empty(0, np.intp)


class Sharing:
    """Shares out the forces on the pads of a fixed number of samples over the taxels.

    It runs once per action between two calls of the physics, with cold caches, and has a few ten microseconds. There,
    making an array or a view of one costs as much as the numbers in it, so all of them are made beforehand. The calls
    are few, numbers first and samples last, and elementwise, for two reasons: such calls cannot mix worlds; and
    products from BLAS (also max and any), being wide vector instructions, slow the physics that follows by 10 % for a
    millisecond.

    Args:
      samples: (worlds, window, pads).
      lattice: of every pad.
      scale: (pads,) positions of the lattice's tables in a metre.
      harmless: largest force with which no taxel saturates [N].
      dtype: of the taxels.
      normal: the taxels feel nothing but pressing.
    """

    WIDTH = 18
    """Numbers of a pad and sample: force and its place, in the cell; the three axes of the cell and its origin, in the
    pad's reading frame."""

    def __init__(
        self,
        samples: tuple[int, int, int],
        lattice: Lattice,
        scale: Array,
        harmless: float,
        dtype: np.dtype,
        normal: bool = False,
    ) -> None:
        total = int(np.prod(samples))
        rows, columns = lattice.rows, lattice.columns
        numbers = np.empty((self.WIDTH, total))
        self._numbers = numbers.reshape(self.WIDTH, *samples)
        self._forces, self._origin = numbers[:3], numbers[15:]
        self._vectors, self._axes = numbers[:6].reshape(2, 3, 1, total), numbers[6:15].reshape(3, 3, total)
        self._products = np.empty((2, 3, 3, total))  # (force and place, axis of the cell, axis of reading, sample)
        self._terms = tuple(self._products[:, i] for i in range(3))
        self._local = np.empty((2, 3, total))
        self._local_force, self._local_place = self._local
        self._pressing, self._shears = self._local_force[0], self._local_force[1:]
        self._normal = normal
        self._scale = np.empty((2, 3, total))
        self._scale[0] = 1 / harmless
        self._scale[1] = np.tile(scale, total // samples[2])
        self._scaled = np.empty((2, 3, total))
        self._entry = np.empty((2, 3, total), np.intp)
        self._excess = self._entry[0].reshape(3, samples[0], -1)
        self._along_at, self._across_at = self._entry[1, 1:]
        self._along = np.ascontiguousarray(lattice.along, dtype)
        self._across = np.ascontiguousarray(lattice.across.T, dtype)
        self._force = np.empty((3, total), dtype)
        self._newest = self._force.reshape(3, *samples)[:, :, -1].transpose(1, 2, 0)
        left, right = np.empty((total, rows), dtype), np.empty((columns, 3, total), dtype)
        self._left_shares, self._right_shares = left, np.empty((columns, total), dtype)
        self._right, self._right_factor = right, self._right_shares[:, None]
        self._right_numbers = right.reshape(3 * columns, total).T
        self._right_samples = np.empty((total, 3 * columns), dtype)
        self._product = (total, rows, 3 * columns)
        self._absent = lattice.absent
        self._present, self._gone = np.empty((2, total), dtype)

    def __call__(self, rows: Array, taxels: Array, net: Array) -> Array:
        """Work out taxels and the newest net forces, and return the worlds where a taxel may saturate.

        Args:
          rows: (worlds, window, pads, WIDTH).
          taxels: (worlds, window, pads, rows, columns, 3), in one piece, to be written.
          net: (worlds, pads, 3), to be written.
        """
        np.copyto(self._numbers, rows.transpose(3, 0, 1, 2))
        if not np.count_nonzero(self._forces):
            taxels.fill(0)
            net.fill(0)
            return _NOWHERE
        first, second, third = self._terms
        np.multiply(self._vectors, self._axes, out=self._products)
        np.add(first, second, out=self._local)
        np.add(self._local, third, out=self._local)
        np.add(self._local_place, self._origin, out=self._local_place)
        if self._normal:
            np.maximum(self._pressing, 0, out=self._pressing)
            self._shears.fill(0)
        np.multiply(self._local, self._scale, out=self._scaled)
        np.copyto(self._entry, self._scaled, casting="unsafe")
        np.add(self._local_force, 0, out=self._force, casting="same_kind")  # and -0, where nothing touches, becomes 0
        self._along.take(self._along_at, axis=0, out=self._left_shares, mode="clip")
        self._across.take(self._across_at, axis=1, out=self._right_shares, mode="clip")
        if self._absent:
            self._leave_to_others()
        np.multiply(self._right_factor, self._force, out=self._right)
        np.copyto(self._right_samples, self._right_numbers)
        # products alone, nothing is summed; einsum has half of multiply's overhead for so short rows
        np.einsum("sr,sk->srk", self._left_shares, self._right_samples, out=taxels.reshape(self._product))
        for row, column in self._absent:
            taxels[..., row, column, :] = 0
        np.copyto(net, self._newest)
        return np.unique(np.nonzero(self._excess)[1]) if np.count_nonzero(self._excess) else _NOWHERE

    def _leave_to_others(self) -> None:
        """Divide the shares by the sum of those of the taxels that are there."""
        self._present.fill(1)
        for row, column in self._absent:
            np.multiply(self._left_shares[:, row], self._right_shares[column], out=self._gone)
            np.subtract(self._present, self._gone, out=self._present)
        np.divide(self._right_shares, self._present, out=self._right_shares)

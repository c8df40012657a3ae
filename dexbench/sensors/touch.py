"""Touch: what the taxels of the fingertip pads read, sampled at every substep of the physics.

Three phases: `TouchSensor.edit` adds MuJoCo sensors to a spec, `TouchSensor.bind` finds them in the compiled model,
and the `TouchReader` it returns turns recorded sensordata into taxel forces, for any number of worlds.
"""

from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import DTypeLike

from dexbench.core.embodiment import Pad
from dexbench.core.errors import ContractError, DataError
from dexbench.core.schema import Field
from dexbench.sensors.lattice import STEPS, Lattice
from dexbench.sensors.touch_reader import LINK, TouchReader

_NETFORCE = 3
"""The contact sensor's reduction to one force, in the cell frame, at the centre of pressure."""

_FORCE, _POSITION = 2, 16
"""Bits of what the contact sensor returns."""

_READING_TO_PAD = (np.sqrt(0.5), 0.0, np.sqrt(0.5), 0.0)
"""wxyz. The reading frame: x into the pad, y distal, z across, so that a force on the pad has the components read."""


class TouchSensor:
    """The touch pads of an embodiment.

    Args:
      pads: in the order of the observation; all with the same sensor.
      account: also measure the force on the whole link, so that `TouchReader.beside` works. It is for tests: it doubles
        what the sensors cost, 1 % of a step.
    """

    def __init__(self, pads: Sequence[Pad], *, account: bool = False) -> None:
        if not pads:
            raise ContractError("a touch sensor needs at least one pad")
        if len({pad.model for pad in pads}) > 1:
            fitted = ", ".join(f"{pad.name} {pad.model.name} {pad.rows}x{pad.columns}" for pad in pads)
            raise ContractError(f"all pads must carry the same sensor, these carry {fitted}")
        self.pads = tuple(pads)
        self.model = model = pads[0].model
        self.lattice = Lattice(model.rows, model.columns, model.margin / model.pitch, model.spread, model.absent)
        self.account = account

    def edit(self, spec: mujoco.MjSpec) -> None:
        """Add to `spec`, before it is compiled, the sites and sensors that `bind` will look for."""
        for pad in self.pads:
            link = spec.body(pad.link)
            if link is None:
                raise DataError(f"pad {pad.name!r}: the model has no body {pad.link!r}")
            self._add_sites(link, pad)
        for pad in self.pads:
            _add_sensors(spec, pad)
        for pad in self.pads if self.account else ():
            spec.add_sensor(
                name=f"{pad.name}/{LINK}",
                type=mujoco.mjtSensor.mjSENS_CONTACT,
                objtype=mujoco.mjtObj.mjOBJ_BODY,
                objname=pad.link,
                intprm=[_FORCE, _NETFORCE, 1],
            )

    def _add_sites(self, link: mujoco.MjsBody, pad: Pad) -> None:
        """Add the box that holds the contacts on the pad, and the frame in which they are read.

        The box reaches over the lattice and a margin, and down to the middle of the finger: on a fingertip round about
        the axis of its link the contacts in it are those whose outward normals are on the pad's side.
        """
        matrix = np.zeros(9)
        mujoco.mju_quat2Mat(matrix, np.array(pad.quaternion))
        x, y, normal = matrix.reshape(3, 3).T
        half = np.array([pad.columns - 1, pad.rows - 1]) / 2 * pad.pitch + pad.model.margin
        link.add_site(
            name=f"{pad.name}/skin",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            pos=pad.position,
            quat=pad.quaternion,
            size=[*half, max(float(normal @ pad.position), pad.pitch)],
            group=5,
            rgba=[0.2, 0.6, 0.9, 0.15],
        )
        # Places are counted from the lattice's first position, and half a step more: they are cut off to integers.
        along, across = (np.array(self.lattice.middle) + 0.5) * pad.pitch / STEPS
        quaternion = np.zeros(4)
        mujoco.mju_mulQuat(quaternion, np.array(pad.quaternion), np.array(_READING_TO_PAD))
        link.add_site(
            name=f"{pad.name}/reading",
            pos=pad.position - along * y - across * x,
            quat=quaternion,
            size=[1e-3] * 3,
            group=5,
        )

    def bind(self, model: mujoco.MjModel, dtype: DTypeLike = np.float32) -> TouchReader:
        """Return what reads the sensordata of `model`, compiled from an edited spec."""
        return TouchReader(self.pads, self.lattice, model, dtype)

    def fields(self, window: int) -> tuple[Field, Field]:
        """Return the observation's fields for `window` samples per action."""
        names, model = tuple(p.name for p in self.pads), self.model
        total = model.range * (model.rows * model.columns - len(model.absent))
        low = 0 if model.axes == "normal" else -1
        taxels = (len(names), model.rows, model.columns, 3)
        return (
            Field("touch", (window, *taxels), "N", "pad", "touch", low * model.range, model.range),
            Field("touch_net", (len(names), 3), "N", "pad", "touch", low * total, total, labels=names),
        )


def _add_sensors(spec: mujoco.MjSpec, pad: Pad) -> None:
    """Add the sensors that make a pad's row, in the order of `touch_reader.ROW`."""
    spec.add_sensor(
        name=f"{pad.name}/force",
        type=mujoco.mjtSensor.mjSENS_CONTACT,
        objtype=mujoco.mjtObj.mjOBJ_SITE,
        objname=f"{pad.name}/skin",
        reftype=mujoco.mjtObj.mjOBJ_BODY,
        refname=pad.link,
        intprm=[_FORCE | _POSITION, _NETFORCE, 1],
    )
    frame = mujoco.mjtSensor
    for what, kind in (
        ("x", frame.mjSENS_FRAMEXAXIS),
        ("y", frame.mjSENS_FRAMEYAXIS),
        ("z", frame.mjSENS_FRAMEZAXIS),
        ("origin", frame.mjSENS_FRAMEPOS),
    ):
        spec.add_sensor(
            name=f"{pad.name}/cell {what}",
            type=kind,
            objtype=mujoco.mjtObj.mjOBJ_BODY,
            objname="world",
            reftype=mujoco.mjtObj.mjOBJ_SITE,
            refname=f"{pad.name}/reading",
        )

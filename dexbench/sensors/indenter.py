"""A test bench for touch: the links that carry pads, each alone and with its pad up, and an indenter over each.

The pad's frame is the bench's own, moved: x across, y distal, z out of the pad. Forces on a pad are given as touch
reads them: (pressing, shear along y, shear along x).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import mujoco
import numpy as np

from dexbench.core.embodiment import Embodiment, Pad
from dexbench.core.errors import ContractError
from dexbench.core.mechanism import Mechanism
from dexbench.core.schema import Array
from dexbench.robots.build import add_mechanism
from dexbench.robots.physics import set_physics
from dexbench.sensors.touch import TouchSensor

SPHERE, FLAT = "sphere", "flat"
KINDS = (SPHERE, FLAT)
RADIUS = {SPHERE: 0.005, FLAT: 0.003}
"""Of the ball, and of the disc that a flat indenter ends in [m]."""

_APART = 0.06
"""Between neighbouring pads [m]; indenters are narrower."""
_MASS = 0.05
"""Of an indenter, which has no weight [kg]."""
_FRICTION = 2.0
"""Of an indenter: rubber, so that it does not slide on a slope while it presses at 40 degrees."""
_GAP = 1e-5
_AWAY = 0.03
"""Distance from which an indenter comes, and at which it waits [m]."""
_RISE = 0.04
"""Time constant with which its force rises [s]."""
_SETTLE = 75
"""Steps until it is read."""


@dataclass(frozen=True)
class Press:
    """What one press did on each of P pads. Forces as touch reads them [N], places in the pad's frame [m]."""

    applied: Array
    """(P, 3)"""
    contact: Array
    """(P, 3) sum over the engine's contacts on the link."""
    centre: Array
    """(P, 2) centre of pressure: the contacts' mean place (x, y), weighted with their normal forces; nan without."""
    taxels: Array
    """(P, rows, columns, 3) what ideal taxels read."""
    beside: Array
    """(P, 3) what touched the link beside the pad."""
    slid: Array
    """(P,) bool: it found no hold, so that its force is not the one applied."""


class Bench:
    """The pads of one hand under indenters of one kind.

    Args:
      embodiment: has the hand.
      side: of the hand.
      kind: one of KINDS.
    """

    def __init__(self, embodiment: Embodiment, side: str, kind: str = SPHERE) -> None:
        spec, self.pads, sensor = bench_spec(embodiment, side)
        for i, pad in enumerate(self.pads):
            body = spec.worldbody.add_body(name=f"indenter {pad.finger}", pos=[_APART * i, 0, _AWAY], gravcomp=1)
            geoms, axes = mujoco.mjtGeom, ([1, 0, 0], [0, 1, 0], [0, 0, -1])
            body.add_geom(
                name=f"indenter {pad.finger}",
                type=geoms.mjGEOM_SPHERE if kind == SPHERE else geoms.mjGEOM_CYLINDER,
                size=[RADIUS[kind], RADIUS[kind], 0],
                mass=_MASS,
                condim=4,
                friction=[_FRICTION, 0.02, 0.0001],
            )
            for j, axis in enumerate(axes):
                body.add_joint(name=f"{pad.finger} {j}", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=axis)
            motor = spec.add_actuator(name=pad.finger, trntype=mujoco.mjtTrn.mjTRN_JOINT, target=f"{pad.finger} 2")
            motor.set_to_motor()
            motor.dyntype = mujoco.mjtDyn.mjDYN_FILTEREXACT
            motor.dynprm[0] = _RISE
        self._model = model = spec.compile()
        self._data = mujoco.MjData(model)
        self._reader = sensor.bind(model, np.float64)
        self._bodies = [model.body(f"indenter {p.finger}").id for p in self.pads]
        self._tools = [model.geom(f"indenter {p.finger}").id for p in self.pads]
        self._links = [model.body(p.link).id for p in self.pads]
        self._shapes = [np.flatnonzero(model.geom_bodyid == link) for link in self._links]
        self._origins = np.array([[_APART * i, 0, 0] for i in range(len(self.pads))])

    def press(self, place: Sequence[float], direction: Array, forces: Sequence[float]) -> list[Press]:
        """Set the indenters down and press harder and harder.

        Args:
          place: (x, y) on every pad that is aimed at [m].
          direction: unit vector in which the indenters move and press; z below 0.
          forces: one after the other, without lifting in between [N].
        """
        model, data = self._model, self._data
        mujoco.mj_resetData(model, data)
        turn = _turn_to(direction)
        for i, body in enumerate(self._bodies):
            model.body_quat[body] = turn
            model.body_pos[body] = self._origins[i] + (0, 0, 10)  # out of the ray's way
        mujoco.mj_forward(model, data)
        for i, body in enumerate(self._bodies):
            model.body_pos[body] = self._surface(i, place) - _AWAY * direction
        reached = self._approach()
        found = []
        for force in forces:
            data.ctrl[:] = np.where(reached, force, 0)
            mujoco.mj_step(model, data, _SETTLE)
            mujoco.mj_forward(model, data)
            found.append(self._read(force * direction))
        return found

    def untouched(self) -> Array:
        """Return (P, rows, columns, 3): what the pads read while the indenters hang over them."""
        mujoco.mj_resetData(self._model, self._data)
        for i, body in enumerate(self._bodies):
            self._model.body_pos[body] = self._origins[i] + (0, 0, _AWAY)
        mujoco.mj_forward(self._model, self._data)
        return np.asarray(self._reader.read(self._data.sensordata[None, None].copy()).taxels[0, 0])

    def _surface(self, pad: int, place: Sequence[float]) -> Array:
        """Return where a line down at `place` meets the link; the pad's plane where it does not."""
        hit = np.array([-1], np.int32)
        above = self._origins[pad] + (*place, _AWAY)
        distance = mujoco.mj_ray(self._model, self._data, above, np.array([0.0, 0, -1]), None, 1, -1, hit)
        return np.asarray(above - (0, 0, distance if 0 <= distance < 2 * _AWAY else _AWAY))

    def _approach(self) -> Array:
        """Move the indenters along their way until they nearly touch; say which of them do."""
        model, data = self._model, self._data
        travel = data.qpos.reshape(-1, 3)[:, 2]
        far = np.ones(len(self.pads), bool)
        for _ in range(60):
            mujoco.mj_kinematics(model, data)
            gap = np.array([
                min(mujoco.mj_geomDistance(model, data, tool, int(g), 1.0, None) for g in shapes)
                for tool, shapes in zip(self._tools, self._shapes, strict=True)
            ])  # fmt: skip
            far = gap > 2 * _GAP
            if not far.any():
                break
            travel += np.where(travel < 3 * _AWAY, np.maximum(gap - _GAP, 0), 0)
        return np.asarray(travel < 3 * _AWAY)

    def _read(self, applied: Array) -> Press:
        model, data = self._model, self._data
        total, centre, weight = np.zeros((len(self.pads), 3)), np.zeros((len(self.pads), 3)), np.zeros(len(self.pads))
        wrench = np.zeros(6)
        for i, contact in enumerate(data.contact):
            bodies = model.geom_bodyid[contact.geom]
            pad = next(k for k, link in enumerate(self._links) if link in bodies)
            mujoco.mj_contactForce(model, data, i, wrench)
            on_second = contact.frame.reshape(3, 3).T @ wrench[:3]
            total[pad] += on_second if bodies[1] == self._links[pad] else -on_second
            centre[pad] += wrench[0] * (contact.pos - self._origins[pad])
            weight[pad] += wrench[0]
        sensed = data.sensordata[None, None].copy()
        with np.errstate(invalid="ignore"):
            middle = (centre / weight[:, None])[:, :2]
        balance = np.linalg.norm(total - applied, axis=1)
        return Press(
            applied=np.tile(as_read(applied), (len(self.pads), 1)),
            contact=as_read(total),
            centre=middle,
            taxels=self._reader.read(sensed).taxels[0, 0],
            beside=self._reader.beside(sensed)[0, 0],
            slid=(weight == 0) | (balance > 0.01 * np.linalg.norm(applied)),
        )


def bench_spec(embodiment: Embodiment, side: str) -> tuple[mujoco.MjSpec, tuple[Pad, ...], TouchSensor]:
    """Return the links with touch of one hand, pads up and in a row along x, each pad's frame parallel to the bench's.

    Raises:
      ContractError: this hand has no touch.
    """
    pads = tuple(p for p in embodiment.pads if p.side == side)
    if not pads:
        raise ContractError(f"the {side} hand of {embodiment.name!r} carries no touch sensor: there is nothing to test")
    spec = mujoco.MjSpec()
    spec.modelname = f"{embodiment.name}/{side} bench"
    spec.compiler.degree = False
    set_physics(spec)
    for i, pad in enumerate(pads):
        turn, place = np.zeros(4), np.zeros(3)
        mujoco.mju_negPose(place, turn, np.array(pad.position), np.array(pad.quaternion))
        frame = spec.worldbody.add_frame(pos=np.add(place, [_APART * i, 0, 0]), quat=turn)
        link = pad.link.partition("/")[2]
        add_mechanism(spec, frame, _alone(embodiment.parts[side].hand, link), side, True)
    sensor = TouchSensor(pads, account=True)
    sensor.edit(spec)
    return spec, pads, sensor


def as_read(force: Array) -> Array:
    """Return forces (..., 3) on a pad, in its frame, as touch reads them: (pressing, shear along y, along x)."""
    return force[..., [2, 1, 0]] * (-1, 1, 1)


def _alone(hand: Mechanism, link: str) -> Mechanism:
    """Return one link of a hand as a mechanism."""
    return replace(
        hand,
        name=f"{hand.name} {link}",  # what it adds to the spec must have names of its own
        root=link,
        joints=(),
        links=MappingProxyType({link: hand.links[link]}),
        frames=(),
        collision=tuple(s for s in hand.collision if s.link == link),
        visual=(),
        excludes=(),
        motors=(),
        couplings=(),
        followers=(),
    )


def _turn_to(direction: Array) -> Array:
    """Return the shortest turn (wxyz) that takes -z to `direction`."""
    axis = np.cross((0, 0, -1), direction)
    turn = np.array([1 - direction[2], *axis])
    return np.asarray(turn / np.linalg.norm(turn))

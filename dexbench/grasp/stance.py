"""How a hand stands at an object: each finger closed until it touches, and all pairs of bodies that are near then.

Geometry only; nothing moves. A library keeps the open hand and the command that presses, but not the grasp between
them, so it is made here: each finger goes from the one towards the other until it first touches the object.
"""

from dataclasses import dataclass

import mujoco
import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.schema import Array
from dexbench.grasp.depth import MARGIN
from dexbench.grasp.posture import Posture
from dexbench.objects.body import add_pieces
from dexbench.objects.catalogue import load_object
from dexbench.robots.floating import hand_spec

SCAN, HALVINGS = 25, 10
"""Steps in which it is looked for where a finger touches, and halvings of the step in which it does."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of a hand's body and the object that are closer than the margin, and how deep the hand is in itself."""

    point: Array
    """(P, 3) in the object frame [m]."""
    normal: Array
    """(P, 3) unit, into the object."""
    distance: Array
    """(P,) between the surfaces, below zero where they overlap [m]."""
    body: Array
    """(P,) the hand's body."""
    inner: Array
    """(Q,) distances of pairs of the hand's own bodies that overlap, below zero [m]."""


class Stance:
    """A hand on a free base beside one object that does not move."""

    def __init__(self, embodiment: Embodiment, side: str, instance: str) -> None:
        """Compile hand and object.

        Args:
          embodiment: has the hand.
          side: which hand.
          instance: name in the object catalogue.
        """
        spec = hand_spec(embodiment, side)
        thing = load_object(instance)
        names = [f"object/{index}" for index in range(len(thing.pieces))]
        add_pieces(spec, spec.worldbody.add_body(name="object"), thing, names)
        self.model = model = spec.compile()
        self.data = mujoco.MjData(model)
        self.posture = Posture(model, embodiment, side)
        self._object = int(model.body("object").id)
        model.geom_margin[model.geom_bodyid == self._object] = MARGIN
        hand = embodiment.parts[side].hand
        self.fingers = tuple(row.finger for row in hand.fingers)
        """F of them."""
        tips = [int(model.body(f"{side}/{list(row.links.values())[-1]}").id) for row in hand.fingers]
        self.tips = frozenset(tips)
        """Bodies at the fingers' ends."""
        self.finger = self._owners(tips)
        """(bodies,) index of the finger that a body belongs to; -1: the palm or none."""
        motions = [a.role.partition("/")[0] for a in self.posture.actuators]
        self._drives = np.array([self.fingers.index(m) if m in self.fingers else -1 for m in motions])
        self._root = int(model.joint("root").qposadr[0]) + np.arange(7)
        mujoco.mj_kinematics(model, self.data)
        base, palm = int(model.joint("root").bodyid[0]), self.posture.palm
        turn = self.data.site_xmat[palm].reshape(3, 3).T
        self._base_in_palm = turn @ self.data.xmat[base].reshape(3, 3)
        self._base_at = turn @ (self.data.xpos[base] - self.data.site_xpos[palm])

    def pairs(self, position: Array, quaternion: Array, command: Array) -> Pairs:
        """Return what is near what.

        Args:
          position: (3,) palm frame in the object frame [m].
          quaternion: (4,) palm frame in the object frame, wxyz.
          command: (H,) of the hand's actuators [rad].
        """
        turn, base = np.empty(9), np.empty(4)
        mujoco.mju_quat2Mat(turn, quaternion)
        palm = turn.reshape(3, 3)
        mujoco.mju_mat2Quat(base, (palm @ self._base_in_palm).ravel())
        self.data.qpos[:] = self.posture.qpos(command)
        self.data.qpos[self._root] = (*(position + palm @ self._base_at), *base)
        mujoco.mj_fwdPosition(self.model, self.data)
        found = self.data.contact
        bodies = self.model.geom_bodyid[found.geom].reshape(-1, 2)
        with_object = (bodies == self._object).any(axis=1)
        second = bodies[with_object, 1] == self._object  # MuJoCo's normal points from the first body to the second
        own = ~with_object & (found.dist < 0)
        return Pairs(
            found.pos[with_object].copy(),
            found.frame.reshape(-1, 9)[with_object, :3] * np.where(second, 1.0, -1.0)[:, None],
            found.dist[with_object].copy(),
            np.where(second, bodies[with_object, 0], bodies[with_object, 1]),
            found.dist[own].copy(),
        )

    def grasp(self, position: Array, quaternion: Array, pregrasp: Array, squeeze: Array) -> Array:
        """Return the command (H,) at which each finger has just touched, on its way from `pregrasp` to `squeeze`.

        A finger that touches nothing goes all the way; one that touches from the start does not move.
        """
        count = len(self.fingers)
        free, met = np.zeros(count), np.ones(count)
        reached = np.zeros(count, bool)
        for share in np.linspace(0, 1, SCAN + 1):
            touching = self._touching(position, quaternion, self._between(pregrasp, squeeze, np.full(count, share)))
            met = np.where(touching & ~reached, share, met)
            reached |= touching
            free = np.where(reached, free, share)
        for _ in range(HALVINGS):
            middle = (free + met) / 2
            touching = self._touching(position, quaternion, self._between(pregrasp, squeeze, middle))
            met, free = np.where(touching, middle, met), np.where(touching, free, middle)
        return self._between(pregrasp, squeeze, met)

    def _between(self, pregrasp: Array, squeeze: Array, shares: Array) -> Array:
        """Return the command (H,) with each finger at its share (F,) of the way; the rest stays."""
        share = np.where(self._drives >= 0, shares[self._drives], 0.0)
        return np.asarray(pregrasp + share * (squeeze - pregrasp))

    def _touching(self, position: Array, quaternion: Array, command: Array) -> Array:
        near = self.pairs(position, quaternion, command)
        owners = self.finger[near.body[near.distance <= 0]]
        return np.isin(np.arange(len(self.fingers)), owners)

    def _owners(self, tips: list[int]) -> Array:
        chains: list[set[int]] = []
        for tip in tips:
            chain, body = {tip}, tip
            while body:
                body = int(self.model.body_parentid[body])
                chain.add(body)
            chains.append(chain)
        found = np.full(self.model.nbody, -1)
        for index, chain in enumerate(chains):
            others = set().union(*(c for k, c in enumerate(chains) if k != index))
            found[list(chain - others)] = index
        return found

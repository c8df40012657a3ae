"""Whether a hand around a part can press without pushing it away: where each finger touches first, and what balances.

Geometry and a small least-squares problem; nothing moves. Candidates in the better half by what is left over held about
twice as often on necks and rims as those in the worse half.
"""

from dataclasses import dataclass

import mujoco
import numpy as np
from scipy.optimize import nnls

from dexbench.core.schema import Array
from dexbench.grasp.rig import Rig

SCAN, HALVINGS, FURTHER = 12, 6, 1.7
"""Steps in which it is looked for where a finger touches, halvings of the step in which it does, and how far, as a
share of the way to where its pad ought to be."""
PYRAMID = 0.6
"""Friction that is counted on: less than there is."""
TORSION = 0.015
"""The same about the normal [m]."""
FORCE = 20.0
"""Of the thumb [N]."""
DIRECTIONS = np.repeat(np.eye(3), 2, axis=0) * np.tile([1.0, -1.0], 3)[:, None]
"""(6, 3) of the pulls."""
THUMB = 3.0
"""Weight of the thumb's force being one."""
LEVER = 0.03
"""Moment arm [m] at which a moment weighs as much as a force."""


@dataclass(frozen=True)
class Pressed:
    """How a hand meets a part."""

    touch: Array
    """(H,) command at which each finger just touches [rad]."""
    residual: float
    """Force and moment that stay unbalanced under the object's weight from six sides, as a share of the thumb's force.

    1 where thumb or fingers miss."""


class Press:
    """Works out commands for one hand and one object."""

    def __init__(self, rig: Rig) -> None:
        """Find the fingers' bodies."""
        self.rig = rig
        self.model, self.data = rig.batch.get_model(0), mujoco.MjData(rig.model)
        posture, model = rig.posture, rig.model
        self._fingers = len(posture.fingers)
        self._owner = np.full(model.nbody, -1)
        chains = []
        for pad in posture.pads:
            body, chain = int(model.site_bodyid[pad]), set()
            while body:
                chain.add(body)
                body = int(model.body_parentid[body])
            chains.append(chain)
        for k, chain in enumerate(chains):
            others = set().union(*(c for j, c in enumerate(chains) if j != k))
            self._owner[sorted(chain - others)] = k
        motions = [a.role.partition("/")[0] for a in posture.actuators]
        self._drives = np.array([posture.fingers.index(m) if m in posture.fingers else -1 for m in motions])

    def work_out(self, position: Array, turn: Array, pregrasp: Array, goal: Array, used: int) -> Pressed:
        """Return how a hand meets the object.

        Args:
          position: (3,) palm frame in the object frame [m].
          turn: (3, 3) palm to object.
          pregrasp: (H,) open hand [rad].
          goal: (H,) where pads would touch if the part were a slab [rad].
          used: fingers that press, the thumb included.
        """
        at, quaternion = self.rig.base(position, turn)
        self._root = np.concatenate([at, quaternion])
        met = np.full(self._fingers, np.inf)
        free = 0.0
        for share in np.linspace(0, FURTHER, SCAN + 1):
            touching = self._touching(pregrasp, goal, np.minimum(share, met), used)
            met = np.where(touching & ~np.isfinite(met), share, met)
            free = share
            if np.isfinite(met[:used]).all():
                break
        step = FURTHER / SCAN
        found = np.isfinite(met)
        inner, outer = (
            np.where(found, np.maximum(met - step, 0.0), min(free, 1.0)),
            np.where(found, met, min(free, 1.0)),
        )
        for _ in range(HALVINGS):
            middle = (inner + outer) / 2
            touching = self._touching(pregrasp, goal, middle, used)
            outer, inner = np.where(touching & found, middle, outer), np.where(touching | ~found, inner, middle)
        shares = outer
        touch = self._between(pregrasp, goal, shares, used)
        return Pressed(touch, self._residual(touch, used))

    def _between(self, pregrasp: Array, goal: Array, shares: Array, used: int) -> Array:
        posture = self.rig.posture
        share = np.where((self._drives >= 0) & (self._drives < used), shares[self._drives], 0.0)
        return np.asarray(np.clip(pregrasp + share * (goal - pregrasp), posture.lower, posture.upper))

    def _place(self, command: Array) -> None:
        self.data.qpos[:] = self.rig.posture.qpos(command)
        self.data.qpos[self.rig.place] = (0, 0, 0, 1, 0, 0, 0)
        self.data.qpos[self.rig.root] = self._root
        mujoco.mj_fwdPosition(self.model, self.data)

    def _contacts(self) -> tuple[Array, Array]:
        """Return the rows of contacts of hand and object, and the body of the hand in each."""
        bodies = self.model.geom_bodyid[self.data.contact.geom].reshape(-1, 2)
        rows = np.flatnonzero((bodies == self.rig.thing).any(axis=1) & (bodies > 0).all(axis=1))
        first = bodies[rows, 0] == self.rig.thing
        return rows, np.where(first, bodies[rows, 1], bodies[rows, 0])

    def _touching(self, pregrasp: Array, goal: Array, shares: Array, used: int) -> Array:
        self._place(self._between(pregrasp, goal, shares, used))
        rows, hand = self._contacts()
        deep = self.data.contact.dist[rows] <= 0
        return np.isin(np.arange(self._fingers), self._owner[hand[deep]])

    def _residual(self, touch: Array, used: int) -> float:
        """Return what the best forces at the contacts leave over, on average over no load and the six pulls."""
        self._place(touch)
        rows, hand = self._contacts()
        owner = self._owner[hand]
        own = (owner >= 0) & (owner < used)
        if not (owner == 0).any() or not (own & (owner > 0)).any():
            return 1.0
        data, columns = self.data, []
        centre = data.xipos[self.rig.thing]
        for row, finger in zip(rows, owner, strict=True):
            frame = data.contact.frame[row].reshape(3, 3)
            second = self.model.geom_bodyid[data.contact.geom[row][1]] == self.rig.thing
            into = frame[0] * (1.0 if second else -1.0)  # MuJoCo's normal points from the first body to the second
            arm = (data.contact.pos[row] - centre) / LEVER
            thumb = [THUMB * (finger == 0)]
            for along in (frame[1], -frame[1], frame[2], -frame[2]):
                edge = into + PYRAMID * along
                columns.append(np.concatenate([edge, np.cross(arm, edge), thumb]))
            for twist in (TORSION / LEVER, -TORSION / LEVER):
                columns.append(np.concatenate([into, np.cross(arm, into) + twist * into, thumb]))
        system, left = np.array(columns).T, []
        weight = 9.81 * float(self.model.body_mass[self.rig.thing]) / FORCE
        for load in np.vstack([np.zeros(3), DIRECTIONS * weight]):
            wanted = np.concatenate([-load, [0, 0, 0, THUMB]])
            shares, _ = nnls(system, wanted)
            left.append(min(1.0, float(np.linalg.norm((system @ shares - wanted)[:6]))))
        return float(np.mean(left))

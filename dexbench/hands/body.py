"""A hand alone, held still, in the words of roles: what measurements are made on.

Everything is computed on collision shapes. Positions are given in the hand's own frame: origin at the palm frame, x
towards the thumb's side (radial), y along the fingers, z out of the palm. On a left hand that frame is a mirror image.
"""

import mujoco
import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.equipment import Actuator
from dexbench.core.errors import DataError
from dexbench.core.roles import FINGERS
from dexbench.core.schema import Array
from dexbench.robots.floating import hand_spec

_NONE = np.zeros(0)


def still_spec(embodiment: Embodiment, side: str) -> mujoco.MjSpec:
    """Return a spec with the hand of `side` alone, its root fixed to the world."""
    spec = hand_spec(embodiment, side)
    for equality in list(spec.equalities):
        if equality.name2 == "base":
            spec.delete(equality)
    spec.delete(spec.joint("root"))
    spec.delete(spec.body("base"))
    root = embodiment.parts[side].hand.root
    for row in embodiment.parts[side].hand.joints:
        if row.parent == root:  # MuJoCo lets parent and child overlap, but not where the parent is fixed to the world
            spec.add_exclude(bodyname1=f"{side}/{root}", bodyname2=f"{side}/{row.child}")
    return spec


class Hand:
    """A hand's kinematics: commands (H,) in, places of links out. Couplings hold by construction."""

    def __init__(self, embodiment: Embodiment, side: str = "right", model: mujoco.MjModel | None = None) -> None:
        """Prepare the hand.

        Args:
          embodiment: has the hand.
          side: which one.
          model: a compiled model that has it with a fixed root; by default the hand alone.

        Raises:
          DataError: the hand does not say what its fingers are.
        """
        self.embodiment, self.side = embodiment, side
        self.mechanism = embodiment.parts[side].hand
        if not self.mechanism.fingers:
            raise DataError(f"hand {self.mechanism.name!r} has no block `fingers`: nothing can be said by roles")
        self.model = still_spec(embodiment, side).compile() if model is None else model
        self.data = mujoco.MjData(self.model)
        self.index = embodiment.actuator_index(side, "hand")
        self.actuators: tuple[Actuator, ...] = tuple(embodiment.actuators[i] for i in self.index)
        """In the order of actions; H of them."""
        self.roles = tuple(a.role for a in self.actuators)
        self.lower = np.array([a.lower for a in self.actuators])
        """(H,) maker's range [rad]."""
        self.upper = np.array([a.upper for a in self.actuators])
        self.fingers = {row.finger: row for row in self.mechanism.fingers}
        joints = embodiment.joint_index(side, "hand")
        rows = np.zeros((len(self.index) + 1, len(embodiment.actuators)))
        rows[np.arange(len(self.index)), self.index] = 1.0
        angles = embodiment.joint_angles(rows)[:, joints]
        names = [embodiment.joints[j].name for j in joints]
        self.places = np.array([int(self.model.joint(n).qposadr[0]) for n in names])
        """(J,) where the hand's joints stand in qpos; `dofs` in qvel."""
        self.dofs = np.array([int(self.model.joint(n).dofadr[0]) for n in names])
        self.offset, self.shares = angles[-1], angles[:-1] - angles[-1]
        """Joint angles (J,) = offset + command @ shares (H, J)."""
        self.bodies = {link: int(self.model.body(f"{side}/{link}").id) for link in self.mechanism.links}
        self.palm_site = int(self.model.site(f"{side}/palm_site").id)
        self.tips = {f: int(self.model.site(f"{side}/{row.tip}").id) for f, row in self.fingers.items()}
        self.pads = {p.finger: int(self.model.site(f"{side}/{p.finger}").id) for p in self.mechanism.pads}
        self.geoms = {
            link: [
                g for g in range(self.model.ngeom) if int(self.model.geom_bodyid[g]) == b and self.model.geom_contype[g]
            ]
            for link, b in self.bodies.items()
        }
        """Collision shapes by link."""
        self.bends = self._bends()
        """(H,) +1 where a larger command bends the finger towards its pad, else -1."""
        zero = (self.lower <= 0) & (self.upper >= 0)
        self.rest = np.where(zero, 0.0, np.where(self.bends > 0, self.lower, self.upper))
        """(H,) the straight hand [rad]: zero, or where that is out of range the end at which the finger is open."""
        self.pose(self.rest)
        self.radial = self._radial()
        """+1 or -1: whether the palm frame's x points to the thumb's side."""

    def pose(self, command: Array) -> None:
        """Bring the hand to a command; bodies, shapes and sites are placed."""
        self.data.qpos[self.places] = self.offset + command @ self.shares
        mujoco.mj_kinematics(self.model, self.data)

    def command(self, fractions: dict[str, float]) -> Array:
        """Return the straight hand with some roles at fractions of their range: 0 is the open end, 1 the bent one."""
        found = self.rest.copy()
        for i, role in enumerate(self.roles):
            if role in fractions:
                begin, end = (self.lower[i], self.upper[i])[:: int(self.bends[i])]
                found[i] = begin + fractions[role] * (end - begin)
        return found

    def movers(self, finger: str) -> list[int]:
        """Return which commands move a finger, its part of the palm included."""
        return [i for i, role in enumerate(self.roles) if role.partition("/")[0] == finger]

    def place(self, point: Array) -> Array:
        """Return points (..., 3) of the world in the hand's frame."""
        turn = self.data.site_xmat[self.palm_site].reshape(3, 3)
        found = (np.asarray(point) - self.data.site_xpos[self.palm_site]) @ turn
        return np.asarray(found * [self.radial, 1, 1])

    def point(self, place: Array) -> Array:
        """Return places (..., 3) of the hand's frame in the world."""
        return np.asarray(self.data.site_xpos[self.palm_site] + self.direction(place))

    def direction(self, place: Array) -> Array:
        """Return directions (..., 3) of the hand's frame in the world."""
        turn = self.data.site_xmat[self.palm_site].reshape(3, 3)
        return np.asarray((np.asarray(place) * [self.radial, 1, 1]) @ turn.T)

    def link(self, finger: str, phalanx: str) -> str | None:
        """Return the link of a phalanx. A finger without that one gives its neighbour towards the tip, else the other.

        None: the hand has no such finger. "palm": the palm.
        """
        if finger == "palm":
            return "palm"
        if finger not in self.fingers:
            return None
        links = self.fingers[finger].links
        order = {"proximal": ("proximal", "middle", "distal"), "middle": ("middle", "distal", "proximal")}
        return next((links[p] for p in order.get(phalanx, (phalanx, "distal")) if p in links), None)

    def depths(self) -> Array:
        """Return (C,) how deep links of the hand, alone in its model, are in each other [m]; excluded pairs are not."""
        mujoco.mj_collision(self.model, self.data)
        return np.asarray(-self.data.contact.dist) if self.data.ncon else _NONE

    def collisions(self, deeper: float) -> list[tuple[str, str, float]]:
        """Return (link, link, depth) of the hand's links deeper than `deeper` [m] in each other, worst first."""
        mujoco.mj_collision(self.model, self.data)
        names = {b: link for link, b in self.bodies.items()}
        found: dict[tuple[str, str], float] = {}
        for pair, distance in zip(self.data.contact.geom, self.data.contact.dist, strict=True):
            first, second = sorted(names.get(int(self.model.geom_bodyid[g]), "") for g in pair)
            if first and -distance > deeper:
                found[first, second] = max(found.get((first, second), 0.0), -float(distance))
        return sorted(((a, b, d) for (a, b), d in found.items()), key=lambda row: -row[2])

    def jacobian(self, site: int) -> Array:
        """Return (3, H): how a site moves with each command [m/rad], at the present pose, in the world."""
        mujoco.mj_comPos(self.model, self.data)
        whole = np.zeros((3, self.model.nv))
        mujoco.mj_jacSite(self.model, self.data, whole, None, site)
        return np.asarray(whole[:, self.dofs] @ self.shares.T)

    def _bends(self) -> Array:
        """Find, half way through the ranges, whether each command moves its finger's pad the way the pad faces."""
        found = np.ones(len(self.roles))
        self.pose((self.lower + self.upper) / 2)
        for finger in self.fingers:
            site = self.pads.get(finger, self.tips[finger])
            frame = site if finger in self.pads else self.palm_site
            out = self.data.site_xmat[frame].reshape(3, 3)[:, 2]
            along = self.jacobian(site).T @ out
            movers = self.movers(finger)
            found[movers] = np.where(along[movers] < 0, -1.0, 1.0)
        return found

    def _radial(self) -> float:
        """Find the thumb's side from where the fingers begin, or where the thumb does."""
        turn = self.data.site_xmat[self.palm_site].reshape(3, 3)
        begin = {f: self.data.xpos[self.bodies[next(iter(r.links.values()))]] for f, r in self.fingers.items()}
        order = [f for f in FINGERS[1:] if f in begin]
        across = begin[order[0]] - begin[order[-1]] if len(order) > 1 else np.zeros(3)
        if abs((across @ turn)[0]) < 1e-3 and "thumb" in begin:
            across = begin["thumb"] - self.data.site_xpos[self.palm_site]
        return 1.0 if (across @ turn)[0] >= 0 else -1.0

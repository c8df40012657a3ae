"""A hand and one thing to hold: which links should touch it, and how far they are from it."""

from dataclasses import dataclass

import mujoco
import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.roles import FINGERS
from dexbench.core.schema import Array

from .body import Hand, still_spec
from .landmarks import axes
from .taxonomy import GraspType, Touching

MASS = 0.1
"""Of the object [kg]."""
FAR = 0.2
"""Distances are measured up to here [m]."""
OBJECT = "object"

_GEOMS = {
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "box": mujoco.mjtGeom.mjGEOM_BOX,
}


@dataclass(frozen=True)
class Place:
    """One place that must touch, on this hand."""

    wanted: Touching
    links: tuple[str, ...]
    """Any of them will do."""
    faces: tuple[Array, ...]
    """(3,) out of the face that is to touch, in each link's frame; zero: any face."""


@dataclass(frozen=True)
class Gap:
    """How a place stands to the object."""

    distance: float
    """Signed [m]: negative is inside."""
    facing: float
    """Cosine between the face and the direction to the object; 1 where any face will do."""
    link: str
    at: Array
    """(3,) on the link's skin [m]."""
    into: Array
    """(3,) from there into the object."""


class Grip:
    """One type of grasp on one hand: geometry only."""

    def __init__(self, embodiment: Embodiment, side: str, kind: GraspType) -> None:
        """Compile the hand with the type's object."""
        self.kind = kind
        spec = still_spec(embodiment, side)
        spec.option.gravity = [0, 0, 0]
        body = spec.worldbody.add_body(name=OBJECT, pos=[0, 0, 2])
        body.add_freejoint(name=OBJECT)
        friction = embodiment.parts[side].hand.friction
        body.add_geom(
            name=OBJECT,
            type=_GEOMS[kind.kind],
            size=[*kind.size, 0, 0][:3],
            mass=MASS,
            condim=4,
            friction=friction,
            rgba=[0.85, 0.45, 0.2, 1],
        )
        self.model = spec.compile()
        self.hand = Hand(embodiment, side, self.model)
        self.data = self.hand.data
        self.geom = int(self.model.geom(OBJECT).id)
        self.root = int(self.model.joint(OBJECT).qposadr[0])
        self.places = [self._place(t) for t in kind.contacts]
        self.missing = sorted({f for t in kind.contacts if (f := self._absent(t))}, key=FINGERS.index)
        """Fingers that the type needs and the hand lacks."""
        touching = {link for place in self.places for link in place.links}
        self._touching = np.array([g for link in touching for g in self.hand.geoms[link]])

    def _absent(self, touching: Touching) -> str:
        known = touching.finger in ("palm", "base") or touching.finger in self.hand.fingers
        return "" if known else touching.finger

    def _place(self, touching: Touching) -> Place:
        hand = self.hand
        none = np.zeros(3)
        if touching.finger in ("palm", "base"):
            links = ["palm"]
            fingers = [row for row in hand.fingers.values() if row.finger != "thumb"]
            links += [row.links["metacarpal"] for row in fingers if "metacarpal" in row.links]
            if touching.finger == "base":
                links += [link for row in fingers if (link := hand.link(row.finger, "proximal"))]
            return Place(touching, tuple(links), (none,) * len(links))
        if touching.finger not in hand.fingers:
            return Place(touching, (), ())
        shape = axes(hand, touching.finger)
        radial = hand.direction(np.array([1.0, 0, 0]))
        found: dict[str, Array] = {}
        for phalanx in touching.phalanges:
            link = hand.link(touching.finger, phalanx)
            if link is None or link in found:
                continue
            k = shape.links.index(link) if link in shape.links else 0
            along = shape.joints[k + 1] - shape.joints[k]
            along = along / np.linalg.norm(along)
            across = radial - along * (along @ radial)
            across = across / np.linalg.norm(across)
            tip = (shape.palmar + along) / np.sqrt(2)
            out = {"palmar": shape.palmar, "radial": across, "ulnar": -across, "tip": tip}[touching.face]
            found[link] = out @ hand.data.xmat[hand.bodies[link]].reshape(3, 3)
        return Place(touching, tuple(found), tuple(found.values()))

    def set(self, pose: Array, command: Array) -> None:
        """Place the object, (7,) position [m] and wxyz, and the hand."""
        self.data.qpos[self.root : self.root + 7] = pose
        self.hand.pose(command)

    def gap(self, place: Place) -> Gap:
        """Return how the nearest of a place's links stands to the object."""
        model, data = self.model, self.data
        ends = np.empty(6)
        best: Gap | None = None
        for link, face in zip(place.links, place.faces, strict=True):
            for geom in self.hand.geoms[link]:
                distance = mujoco.mj_geomDistance(model, data, geom, self.geom, FAR, ends)
                if best is not None and distance >= best.distance:
                    continue
                into = ends[3:] - ends[:3]
                length = float(np.sqrt(into @ into))
                if length < 1e-9:
                    into = data.geom_xpos[self.geom] - ends[:3]
                    length = max(float(np.sqrt(into @ into)), 1e-9)
                else:
                    length = float(np.copysign(length, distance))
                into = into / length
                facing = float(into @ (data.xmat[self.hand.bodies[link]].reshape(3, 3) @ face)) if face.any() else 1.0
                best = Gap(float(distance), facing, link, ends[:3].copy(), into)
        assert best is not None
        return best

    def depths(self) -> tuple[Array, Array]:
        """Return (C,) depths [m] that should not be: of the hand in itself, and of other links in the object."""
        mujoco.mj_collision(self.model, self.data)
        if not self.data.ncon:
            return np.zeros(0), np.zeros(0)
        pairs, depth = self.data.contact.geom, -self.data.contact.dist
        other = (pairs == self.geom).any(axis=1)
        wanted = np.isin(pairs, self._touching).any(axis=1)
        return depth[~other], depth[other & ~wanted]

    def along(self) -> float:
        """Return the cosine between the thumb's last phalanx and the object's axis; 1 on a hand without a thumb."""
        if "thumb" not in self.hand.fingers:
            return 1.0
        last = self.hand.bodies[list(self.hand.fingers["thumb"].links.values())[-1]]
        thumb = self.data.site_xpos[self.hand.tips["thumb"]] - self.data.xpos[last]
        axis = self.data.geom_xmat[self.geom].reshape(3, 3)[:, 2]
        return float(abs(axis @ thumb) / np.linalg.norm(thumb))

    def deepest(self) -> tuple[float, str]:
        """Return how deep any link is in the object [m], and which."""
        mujoco.mj_collision(self.model, self.data)
        names = {b: link for link, b in self.hand.bodies.items()}
        worst = (0.0, "")
        for pair, distance in zip(self.data.contact.geom, self.data.contact.dist, strict=True):
            if self.geom in pair:
                other = int(pair[0] if pair[1] == self.geom else pair[1])
                worst = max(worst, (-float(distance), names.get(int(self.model.geom_bodyid[other]), "")))
        return worst

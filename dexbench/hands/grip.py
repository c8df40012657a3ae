"""A hand and one thing to hold: which links touch it, and the search for a posture in which the right ones do."""

from dataclasses import dataclass

import mujoco
import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.roles import FINGERS
from dexbench.core.schema import Array

from ._descent import descend
from .body import Hand, still_spec
from .landmarks import axes
from .taxonomy import GraspType, Touching

MASS = 0.1
"""Of the object [kg]."""
FAR = 0.2
"""Distances are measured up to here [m]."""
SLACK = 0.0005
"""Touching links may be so deep in the object while the posture is sought [m]."""
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


@dataclass(frozen=True)
class Fit:
    """A posture of hand and object."""

    pose: Array
    """(7,) of the object."""
    command: Array
    """(H,) [rad]."""
    cost: float


class Fitter:
    """Looks for postures of one type: from its template, with the thumb, the object and all else a little varied."""

    def __init__(self, grip: Grip, rng: np.random.Generator) -> None:
        self.grip, self.rng = grip, rng
        hand = grip.hand
        self.hand = hand
        self.template = hand.command(dict(grip.kind.posture))
        self.span = hand.upper - hand.lower
        self.thumb = hand.movers("thumb")
        self.free = [i for i, role in enumerate(hand.roles) if not role.startswith("wrist")]
        weight = np.full(len(hand.roles), 2.0)
        weight[self.thumb] = 0.3
        self.weight = weight
        hand.pose(hand.rest)
        fingers = [axes(hand, f) for f in hand.fingers if f != "thumb"]
        self.knuckles = hand.place(np.mean([a.joints[0] for a in fingers], axis=0)) * [1, 1, 0]
        self.length = float(np.mean([np.linalg.norm(a.joints[-1] - a.joints[0]) for a in fingers]))

    def fit(self, spread: float = 1.0) -> Fit:
        """Return one attempt; `spread` widens how far it begins from the template."""
        rng, hand = self.rng, self.hand
        command = self.template + rng.normal(0, 0.06 * spread, len(self.template)) * self.span
        command[self.thumb] = rng.uniform(hand.lower[self.thumb], hand.upper[self.thumb])
        command = np.clip(command, hand.lower, hand.upper)
        wish = np.where(np.isin(np.arange(len(command)), self.thumb), command, self.template)
        position, turn = self.begin(command)
        position = position + rng.normal(0, 0.06 * spread, 3) * self.length
        tilt = rng.normal(0, 0.15 * spread, 3)
        if self.thumb:  # bring the thumb first, to an object that waits
            start = command[self.thumb]

            def reach(x: Array) -> Array:
                full = command.copy()
                full[self.thumb] = x
                return self.residuals(position, tilt, turn, full, wish, position)

            near, _ = descend(reach, start, hand.lower[self.thumb], hand.upper[self.thumb], steps=12)
            command[self.thumb] = near
            wish[self.thumb] = near
        lower = np.concatenate([position - 0.1, tilt - 1.5, hand.lower[self.free]])
        upper = np.concatenate([position + 0.1, tilt + 1.5, hand.upper[self.free]])

        def all_of(x: Array) -> Array:
            full = self.template.copy()
            full[self.free] = x[6:]
            return self.residuals(x[:3], x[3:6], turn, full, wish, position)

        start = np.concatenate([position, tilt, command[self.free]])
        best, cost = descend(all_of, start, lower, upper, steps=25)
        full = self.template.copy()
        full[self.free] = best[6:]
        return Fit(self.pose(best[:3], best[3:6], turn), full, cost)

    def begin(self, command: Array) -> tuple[Array, Array]:
        """Return where the object's centre is looked for, (3,) in the world, and how it is turned, (4,) wxyz."""
        grip, hand = self.grip, self.hand
        hand.pose(command)
        skin, out = self._skin()
        axis = out if grip.kind.axis is None else hand.direction(np.array(grip.kind.axis))
        if grip.kind.at is not None:
            centre = hand.point(self.knuckles + np.array(grip.kind.at) * self.length)
        else:
            axis = axis / np.linalg.norm(axis)
            half = grip.kind.size[-1] if grip.kind.axis is None else grip.kind.size[0]
            centre = skin + out * half
        quaternion = np.empty(4)
        mujoco.mju_quatZ2Vec(quaternion, axis / np.linalg.norm(axis))
        return centre, quaternion

    def _skin(self) -> tuple[Array, Array]:
        """Return the mean place (3,) of the fingers' faces that are to touch, and the mean direction out of them."""
        hand, data = self.hand, self.hand.data
        points, outs = [], []
        for place in self.grip.places:
            if place.wanted.finger in FINGERS[1:] and place.links:
                geom = hand.geoms[place.links[-1]][0]
                out = data.xmat[hand.bodies[place.links[-1]]].reshape(3, 3) @ place.faces[-1]
                points.append(data.geom_xpos[geom] + out * hand.model.geom_size[geom, 0])
                outs.append(out)
        if not points:
            return hand.point(np.array([0, 0, 0.02])), hand.direction(np.array([0, 0, 1.0]))
        out = np.mean(outs, axis=0)
        return np.mean(points, axis=0), out / max(float(np.linalg.norm(out)), 1e-9)

    def pose(self, position: Array, tilt: Array, turn: Array) -> Array:
        """Return (7,) the object's pose: `turn`, then a rotation vector `tilt` in the world."""
        extra, found = np.empty(4), np.empty(4)
        angle = float(np.sqrt(tilt @ tilt))
        mujoco.mju_axisAngle2Quat(extra, tilt / angle if angle > 1e-9 else np.array([1.0, 0, 0]), angle)
        mujoco.mju_mulQuat(found, extra, turn)
        return np.concatenate([position, found])

    def residuals(self, position: Array, tilt: Array, turn: Array, command: Array, wish: Array, near: Array) -> Array:
        """Return what is wrong: millimetres of gaps and depths, and softer wishes."""
        grip = self.grip
        grip.set(self.pose(position, tilt, turn), command)
        values = []
        for place in grip.places:
            gap = grip.gap(place)
            values.append(1000 * (gap.distance + SLACK))
            values.append(4 * max(0.0, 0.6 - gap.facing))
        own, other = grip.depths()
        for depth in (own, other):
            over = np.maximum(depth - 0.0005, 0)
            values.append(1500 * float(np.sqrt(over @ over)))
        if grip.kind.along:
            values.append(12 * max(0.0, 0.95 - grip.along()))
        pull = self.weight * (command - wish) / self.span
        return np.concatenate([values, pull, 30 * (position - near), 3.0 * tilt])

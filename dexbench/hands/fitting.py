"""The search for a posture in which the right links touch an object: from a template, by least squares."""

from dataclasses import dataclass

import mujoco
import numpy as np

from dexbench.core.roles import FINGERS
from dexbench.core.schema import Array

from ._descent import descend
from .grip import Gap, Grip
from .landmarks import axes

SLACK = 0.0005
"""Touching links may be so deep in the object while the posture is sought [m]."""
THUMBS = 3
"""Beginnings of the thumb in each attempt."""
FOUR = FINGERS[1:]


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
        self.pairs: tuple[list[int], list[int]] | None = None
        """Places of the thumb and of fingers that press against each other; none where the palm does."""
        if grip.kind.opposition != "palm":
            owners = [p.wanted.finger for p in grip.places]
            pairs = [k for k, f in enumerate(owners) if f == "thumb"], [k for k, f in enumerate(owners) if f in FOUR]
            self.pairs = pairs if all(pairs) else None
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
        if self.thumb:
            command[self.thumb] = wish[self.thumb] = self._bring_thumb(position, tilt, turn, command, wish)
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

    @staticmethod
    def _opposed(thumb: list[Gap], fingers: list[Gap]) -> list[float]:
        """Return by how much the thumb does not press against the middle of what the fingers press."""
        press = np.mean([g.into for g in thumb], axis=0)
        against = np.mean([g.into for g in fingers], axis=0)
        length = max(float(np.sqrt(press @ press) * np.sqrt(against @ against)), 1e-9)
        across = np.mean([g.at for g in fingers], axis=0) - np.mean([g.at for g in thumb], axis=0)
        across = across - press * float(across @ press) / max(float(press @ press), 1e-9)
        off = float(np.sqrt(across @ across))
        return [4 * max(0.0, 0.8 + float(press @ against) / length), 150 * max(0.0, off - 0.003)]

    def _bring_thumb(self, position: Array, tilt: Array, turn: Array, command: Array, wish: Array) -> Array:
        """Return commands of the thumb alone that bring it to the waiting object: the best of a few beginnings."""
        lower, upper = self.hand.lower[self.thumb], self.hand.upper[self.thumb]

        def reach(x: Array) -> Array:
            full = command.copy()
            full[self.thumb] = x
            return self.residuals(position, tilt, turn, full, wish, position)

        starts = [command[self.thumb], *self.rng.uniform(lower, upper, (THUMBS - 1, len(self.thumb)))]
        return min((descend(reach, x, lower, upper, steps=10) for x in starts), key=lambda found: found[1])[0]

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
            if place.wanted.finger in FOUR and place.links:
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
        gaps = [grip.gap(place) for place in grip.places]
        for gap in gaps:
            values.append(1000 * (gap.distance + SLACK))
            values.append(4 * max(0.0, 0.6 - gap.facing))
        if self.pairs:
            values += self._opposed([gaps[k] for k in self.pairs[0]], [gaps[k] for k in self.pairs[1]])
        own, other = grip.depths()
        for depth in (own, other):
            over = np.maximum(depth - 0.0005, 0)
            values.append(1500 * float(np.sqrt(over @ over)))
        if grip.kind.along:
            values.append(12 * max(0.0, 0.95 - grip.along()))
        pull = self.weight * (command - wish) / self.span
        return np.concatenate([values, pull, 30 * (position - near), 3.0 * tilt])

"""The ten places that the thumb's tip touches in Kapandji's test, found on any hand from the roles of its links.

The clinical order: 1 and 2 the radial side of the index finger's proximal and middle phalanx, 3 to 6 the tips of index,
middle, ring and little finger, 7 to 9 the creases of the little finger over DIP, PIP and MCP, 10 the distal palmar
crease. A crease is the point over a joint's axis on the palmar skin, fixed to the link before the joint; the distal
palmar crease lies a third of the little finger's first phalanx nearer to the wrist than the knuckle.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from dexbench.core.schema import Array

from .body import Hand

NAMES = (
    "radial side of the index finger's proximal phalanx",
    "radial side of the index finger's middle phalanx",
    "tip of the index finger",
    "tip of the middle finger",
    "tip of the ring finger",
    "tip of the little finger",
    "DIP crease of the little finger",
    "PIP crease of the little finger",
    "MCP crease of the little finger",
    "distal palmar crease",
)
CREASE = 1 / 3
"""How far the distal palmar crease is from the little finger's knuckle, of its first phalanx."""
FAR = 0.1
"""Rays begin so far away from the skin [m]."""


@dataclass(frozen=True)
class Landmark:
    """A point on the skin."""

    number: int
    """1 to 10."""
    name: str
    finger: str
    link: str
    at: Array
    """(3,) in the link's frame [m]."""
    out: Array
    """(3,) out of the skin, in the link's frame."""


@dataclass(frozen=True)
class Axes:
    """A finger of the straight hand, in the world."""

    joints: Array
    """(P + 1, 3) where its phalanges begin, and its tip [m]."""
    links: tuple[str, ...]
    """(P) links of its phalanges, without the metacarpal."""
    palmar: Array
    """(3,) out of its palmar skin."""


def axes(hand: Hand, finger: str) -> Axes:
    """Return a finger's axes; the hand is left straight."""
    hand.pose(hand.rest)
    row = hand.fingers[finger]
    links = tuple(link for phalanx, link in row.links.items() if phalanx != "metacarpal")
    joints = np.array([*(hand.data.xpos[hand.bodies[link]] for link in links), hand.data.site_xpos[hand.tips[finger]]])
    along = joints[-1] - joints[0]
    if finger in hand.pads:
        out = hand.data.site_xmat[hand.pads[finger]].reshape(3, 3)[:, 2].copy()
    else:
        out = hand.data.site_xmat[hand.palm_site].reshape(3, 3)[:, 2].copy()
    out -= along * (along @ out) / (along @ along)
    return Axes(joints, links, out / np.linalg.norm(out))


def landmarks(hand: Hand) -> list[Landmark | None]:
    """Return the ten landmarks in order; None where the hand lacks the finger or the phalanx."""
    index = axes(hand, "index") if "index" in hand.fingers else None
    little = axes(hand, "little") if "little" in hand.fingers else None
    radial = hand.direction(np.array([1.0, 0, 0]))
    found: list[Landmark | None] = []
    for k, phalanx in enumerate(("proximal", "middle")):
        link = hand.fingers["index"].links.get(phalanx) if index else None
        found.append(_side(hand, index, link, radial, k + 1) if index and link else None)
    for k, finger in enumerate(("index", "middle", "ring", "little")):
        found.append(_tip(hand, finger, k + 3) if finger in hand.fingers else None)
    creases: dict[int, Landmark | None] = dict.fromkeys((7, 8, 9, 10))
    if little:
        body = hand.mechanism
        before = next(j.parent for j in body.joints if j.child == little.links[0])
        chain = [before, *little.links]
        while not hand.geoms[chain[0]]:  # knuckles may have no shape: the skin over them is their parent's
            chain[0] = next(j.parent for j in body.joints if j.child == chain[0])
        numbers = {9: 0, 8: 1, 7: 2} if len(little.links) > 2 else {9: 0, 8: 1}
        for number, k in numbers.items():
            creases[number] = _crease(hand, little, number, little.joints[k], chain[k], (chain[k], chain[k + 1]))
        shift = CREASE * (little.joints[1] - little.joints[0])
        palm = sorted({chain[0], "palm"})
        creases[10] = _crease(hand, little, 10, little.joints[0] - shift, chain[0], palm)
    return [*found, *(creases[n] for n in (7, 8, 9, 10))]


def _side(hand: Hand, finger: Axes, link: str, radial: Array, number: int) -> Landmark | None:
    k = finger.links.index(link)
    middle = (finger.joints[k] + finger.joints[k + 1]) / 2
    along = finger.joints[k + 1] - finger.joints[k]
    out = radial - along * (along @ radial) / (along @ along)
    return _on_skin(hand, number, "index", link, middle, out, (link,))


def _tip(hand: Hand, finger: str, number: int) -> Landmark | None:
    """Return the point of the tip half way between its end and its pad: where pulp meets pulp."""
    shape = axes(hand, finger)
    along = shape.joints[-1] - shape.joints[-2]
    out = shape.palmar + along / np.linalg.norm(along)
    centre, _ = tip_ball(hand, finger)
    return _on_skin(hand, number, finger, shape.links[-1], centre, out, (shape.links[-1],))


def _crease(hand: Hand, finger: Axes, number: int, at: Array, link: str, skin: Sequence[str]) -> Landmark | None:
    return _on_skin(hand, number, "little", link, at, finger.palmar, skin)


def _on_skin(
    hand: Hand, number: int, finger: str, link: str, inside: Array, out: Array, skin: Sequence[str]
) -> Landmark | None:
    """Return where a ray from `inside` leaves the shapes of the links `skin`, fixed to `link`."""
    out = out / np.linalg.norm(out)
    shapes = [g for name in skin for g in hand.geoms[name]]
    height = max((FAR - d for g in shapes if (d := _hit(hand, inside + FAR * out, -out, g)) >= 0), default=None)
    if height is None:
        return None
    body = hand.bodies[link]
    turn = hand.data.xmat[body].reshape(3, 3)
    at = (inside + height * out - hand.data.xpos[body]) @ turn
    return Landmark(number, NAMES[number - 1], finger, link, at, out @ turn)


def _hit(hand: Hand, origin: Array, direction: Array, geom: int) -> float:
    """Return the distance along a ray at which it meets a shape [m]; -1: never."""
    model, data = hand.model, hand.data
    if int(model.geom_type[geom]) == int(mujoco.mjtGeom.mjGEOM_MESH):
        return float(mujoco.mj_rayMesh(model, data, geom, origin, direction, None))
    return float(
        mujoco.mju_rayGeom(
            data.geom_xpos[geom],
            data.geom_xmat[geom],
            model.geom_size[geom],
            origin,
            direction,
            model.geom_type[geom],
            None,
        )
    )


def tip_ball(hand: Hand, finger: str) -> tuple[Array, float]:
    """Return centre (3,) in the world and radius [m] of the largest ball that fits the end of a finger.

    The ball that touches the end of the last link's furthest shape from inside: for a capsule its round end.
    """
    row = hand.fingers[finger]
    link = list(row.links.values())[-1]
    body = hand.bodies[link]
    along = hand.data.site_xpos[hand.tips[finger]] - hand.data.xpos[body]
    along = along / np.linalg.norm(along)
    best: tuple[float, Array, float] = (-np.inf, hand.data.site_xpos[hand.tips[finger]].copy(), 0.0)
    for geom in hand.geoms[link]:
        size, kind = hand.model.geom_size[geom], int(hand.model.geom_type[geom])
        turn, centre = hand.data.geom_xmat[geom].reshape(3, 3), hand.data.geom_xpos[geom]
        local = turn.T @ along
        if kind == int(mujoco.mjtGeom.mjGEOM_MESH):  # as the box around it
            size, centre = hand.model.geom_aabb[geom, 3:], centre + turn @ hand.model.geom_aabb[geom, :3]
        radius, reach = _support(kind, size, local)
        end = float((centre - hand.data.xpos[body]) @ along) + reach
        if end > best[0]:
            best = (end, centre + along * (reach - radius), radius)
    return best[1], best[2]


def _support(kind: int, size: Array, along: Array) -> tuple[float, float]:
    """Return the radius of the ball that fits a shape's end, and how far the shape reaches along a direction [m]."""
    kinds = mujoco.mjtGeom
    if kind == int(kinds.mjGEOM_SPHERE):
        return float(size[0]), float(size[0])
    if kind == int(kinds.mjGEOM_CAPSULE):
        return float(size[0]), float(size[0] + size[1] * abs(along[2]))
    if kind == int(kinds.mjGEOM_CYLINDER):
        reach = size[0] * np.hypot(along[0], along[1]) + size[1] * abs(along[2])
        return float(min(size[0], size[1])), float(reach)
    if kind == int(kinds.mjGEOM_ELLIPSOID):
        return float(min(size)), float(np.linalg.norm(size * along))
    return float(min(size)), float(np.abs(size * along).sum())

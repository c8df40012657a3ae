"""Where a stranger's hand has its palm, tips and pads; what the short file leaves out is derived from the shapes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from dexbench.core.document import Node
from dexbench.core.errors import DataError
from dexbench.core.mechanism import Mechanism
from dexbench.robots.build import COLLISION_GROUP, add_mechanism
from dexbench.robots.imported_tree import Floats, Place, Tree, matrix_of
from dexbench.robots.model_source import Source
from dexbench.robots.physics import set_physics
from dexbench.robots.short_file import Digit, Point, Press
from dexbench.robots.surface import REACH, ray_distance

OFF = 0.005
"""How far from the collision surface a given pad may lie [m]."""
_ALONG = (0.6, 0.7, 0.8, 0.5, 0.4, 0.9)
"""Where between the last joint and the tip a pad is looked for."""
SIDE = "right"
_BEND = 0.3
"""By how much the last joints are bent to see where fingers bend to [rad]."""


@dataclass(frozen=True)
class Finger:
    """A finger whose names are ours."""

    digit: Digit
    tip: Place
    links: Mapping[str, str]


class Probe:
    """The hand as written so far, compiled alone: to look where its surfaces are."""

    def __init__(self, mechanism: Mechanism) -> None:
        """Compile it."""
        self.mechanism = mechanism
        spec = mujoco.MjSpec()
        spec.compiler.degree = False
        set_physics(spec)
        add_mechanism(spec, spec.worldbody.add_frame(), mechanism, SIDE, True)
        self.model = spec.compile()
        self.data = mujoco.MjData(self.model)

    def surface(self, link: str, start: Floats, direction: Floats) -> float:
        """Return how far a ray in the link's frame goes before it meets the link's collision surface [m]."""
        body = int(self.model.body(f"{SIDE}/{link}").id)
        geoms = [
            g
            for g in range(self.model.ngeom)
            if int(self.model.geom_bodyid[g]) == body and int(self.model.geom_group[g]) == COLLISION_GROUP
        ]
        return min((ray_distance(self.model, g, start, direction) for g in geoms), default=np.inf)

    def pose(self, angles: Mapping[str, float]) -> None:
        """Bring the joints to `angles` [rad], all others as near to zero as they can be."""
        for row in self.mechanism.moving:
            angle = angles.get(row.name, min(max(0.0, row.lower), row.upper))
            self.data.joint(f"{SIDE}/{row.name}").qpos = angle
        mujoco.mj_kinematics(self.model, self.data)

    def link(self, name: str) -> tuple[Floats, Floats]:
        """Return the position and matrix of a link in the root's frame."""
        body = self.data.body(f"{SIDE}/{name}")
        return body.xpos.copy(), body.xmat.reshape(3, 3).copy()


def body_named(source: Source, tree: Tree, name: str, node: Node) -> int:
    """Return the model's body of that name; raise DataError with the names that there are."""
    found = int(mujoco.mj_name2id(source.model, int(mujoco.mjtObj.mjOBJ_BODY), name))
    if found not in tree.places:
        known = ", ".join(source.model.body(b).name for b in tree.places)
        raise node.error(f"the model has no link {name!r}; it has {known}")
    return found


def placed(source: Source, tree: Tree, point: Point) -> Place:
    """Return where a point of the model sits on one of our links."""
    model = source.model
    site = int(mujoco.mj_name2id(model, int(mujoco.mjtObj.mjOBJ_SITE), point.name))
    if point.xyz is None and site >= 0 and int(model.site_bodyid[site]) in tree.places:
        carrier = tree.places[int(model.site_bodyid[site])]
        return carrier.then(model.site_pos[site], matrix_of(model.site_quat[site]))
    if (
        point.xyz is None
        and int(mujoco.mj_name2id(model, int(mujoco.mjtObj.mjOBJ_BODY), point.name)) not in tree.places
    ):
        sites = ", ".join(model.site(s).name for s in range(model.nsite))
        raise point.node.error(
            f"the model has no site and no link {point.name!r}; give {{link, xyz}}; sites: {sites or 'none'}"
        )
    body = body_named(source, tree, point.name, point.node)
    return tree.places[body].then(np.array(point.xyz or (0.0, 0.0, 0.0)), np.eye(3))


def unit(node: Node, key: str) -> Floats:
    """Return a direction of unit length."""
    values = np.array(node.vector(key, 3))
    length = float(np.linalg.norm(values))
    if length < 1e-6:
        raise node[key].error("a direction is expected, not zero")
    return np.asarray(values / length)


def upright(normal: Floats, along: Floats) -> Floats:
    """Return the frame (3, 3) with z along `normal` and y as near to `along` as it can be."""
    y = along - normal * (normal @ along)
    y /= np.linalg.norm(y)
    return np.stack([np.cross(y, normal), y, normal], axis=1)


def read_palm(source: Source, tree: Tree, node: Node) -> Place:
    """Return the palm's frame: z out of the palm, y along the fingers; without a given centre, at the link's origin."""
    normal, fingers = unit(node, "normal"), unit(node, "fingers")
    if abs(normal @ fingers) > 0.5:
        raise node["fingers"].error(
            "`fingers` must be across `normal`: one points along the fingers, one out of the palm"
        )
    body = body_named(source, tree, node.text("link"), node["link"])
    centre = np.array(node.vector("xyz", 3, (0.0, 0.0, 0.0)))
    return tree.places[body].then(centre, upright(normal, fingers))


def palm_centre(probe: Probe, palm: Place, knuckles: Sequence[Floats]) -> Place:
    """Return the palm's frame in the middle between knuckles and wrist, on the surface; knuckles in the palm link."""
    y, z = palm.matrix[:, 1], palm.matrix[:, 2]
    middle = np.mean(knuckles, axis=0)
    for back in (0.04, 0.03, 0.02, 0.05, 0.01, 0.06, 0.0):
        high = middle - back * y + 3 * REACH * z
        distance = probe.surface(palm.link, high, -z)
        if np.isfinite(distance):
            return Place(palm.link, high - distance * z, palm.matrix)
    raise DataError("no collision surface lies between knuckles and wrist")


def read_finger(source: Source, tree: Tree, digit: Digit) -> Finger:
    """Return a finger; raise DataError for what the model lacks."""
    links = {}
    for phalanx, node in digit.links.items():
        links[phalanx] = tree.places[body_named(source, tree, node.value, node)].link
    tip = placed(source, tree, digit.tip)
    if tip.link not in {r.child for r in tree.chain(links["distal"])}:
        raise digit.tip.node.error(f"the tip sits on link {tip.link!r}, which is not on the finger")
    if not tree.chain(links["distal"]):
        raise digit.node["links"].error(f"no joint moves the distal link {links['distal']!r}")
    return Finger(digit, tip, links)


def derive_pad(probe: Probe, source: Source, tree: Tree, finger: Finger, given: Press | None) -> Place:
    """Return a pad on the collision surface: as given, else where the finger presses when it bends.

    Raises:
      DataError: there is no shape below it.
    """
    node = finger.digit.node if given is None else given.node
    link, carrier = finger.links["distal"], None
    if given is not None and given.link is not None:
        carrier = tree.places[body_named(source, tree, given.link, given.node["link"])]
        link = carrier.link
    if not any(shape.link == link for shape in probe.mechanism.collision):
        raise node.error(f"the pad of the {finger.digit.finger} is on link {link!r}, which has no geom that touches")
    row = tree.joint_at(link)
    tip = _in_link(probe, finger.tip, link)
    if row is None or row.axis is None:
        raise node.error(f"no joint moves link {link!r}, so it is no part of a finger")
    axis = np.array(row.axis)
    along = tip - axis * (axis @ tip)
    if np.linalg.norm(along) < 1e-3:
        raise finger.digit.tip.node.error(f"the tip lies on the axis of joint {row.name!r}")
    along /= np.linalg.norm(along)
    bend = 1.0 if row.lower + row.upper >= 0 else -1.0  # a finger bends further than it stretches
    normal = bend * np.cross(axis, along)
    if given is not None and given.normal is not None:
        normal = (np.eye(3) if carrier is None else carrier.matrix) @ unit(given.node, "normal")
    if given is not None and given.xyz is not None:
        offset, turn = (np.zeros(3), np.eye(3)) if carrier is None else (carrier.xyz, carrier.matrix)
        centre = offset + turn @ np.array(given.xyz)
        distance = probe.surface(link, centre + REACH * normal, -normal)
        if not abs(distance - REACH) <= OFF:
            off = "nothing" if not np.isfinite(distance) else f"the surface {1000 * (distance - REACH):+.1f} mm below"
            raise given.node["xyz"].error(f"there is {off} under this place; at most {1000 * OFF:.0f} mm are allowed")
        return Place(link, centre + (REACH - distance) * normal, upright(normal, along))
    for share in _ALONG:
        high = share * tip + REACH * normal
        distance = probe.surface(link, high, -normal)
        if np.isfinite(distance):
            return Place(link, high - distance * normal, upright(normal, along))
    raise node.error(
        f"no geom of link {link!r} lies where the {finger.digit.finger} bends to: give the pad's link, xyz and normal"
    )


def _in_link(probe: Probe, place: Place, link: str, angles: Mapping[str, float] | None = None) -> Floats:
    """Return a place's point in the frame of another link; joints without an angle are as near to zero as they can."""
    probe.pose(angles or {})
    here, turn = probe.link(place.link)
    there, frame = probe.link(link)
    return np.asarray(frame.T @ (here + turn @ place.xyz - there))


def knuckles(probe: Probe, tree: Tree, fingers: Sequence[Finger]) -> dict[str, Floats]:
    """Return where the first joint of each finger after the palm sits, in the palm's frame [m]."""
    found = {}
    for finger in fingers:
        chain = tree.chain(finger.links["distal"])
        first = next((r for r in chain if r.parent == "palm"), chain[0])
        found[finger.digit.finger] = np.array(first.xyz)
    return found


def check_directions(
    probe: Probe, source: Source, tree: Tree, palm: Place, fingers: Sequence[Finger], node: Node
) -> None:
    """Raise DataError if the fingers do not point where the palm says, or do not bend towards its normal."""
    digits = [f for f in fingers if f.digit.finger != "thumb"]
    carrier = tree.places[body_named(source, tree, node.text("link"), node["link"])]

    def said(direction: Floats) -> str:
        inside = carrier.matrix.T @ direction
        return str([round(float(v), 2) + 0.0 for v in inside / np.linalg.norm(inside)])

    straight = np.array([_in_link(probe, f.tip, "palm") for f in digits])
    base = knuckles(probe, tree, digits)
    along = np.mean(straight - list(base.values()), axis=0)
    if along @ palm.matrix[:, 1] < 0.5 * np.linalg.norm(along):
        raise node["fingers"].error(f"at zero the fingers point along {said(along)} of this link")
    bent = {}
    for finger in digits:
        last = tree.chain(finger.links["distal"])[-1]
        bent[last.name] = _BEND if last.lower + last.upper >= 0 else -_BEND
    moved = np.mean([_in_link(probe, f.tip, "palm", bent) for f in digits], axis=0) - straight.mean(axis=0)
    moved -= along * (along @ moved) / (along @ along)
    if moved @ palm.matrix[:, 2] < 0.3 * np.linalg.norm(moved):
        raise node["normal"].error(f"the fingers bend towards {said(moved)} of this link, and so does a palm face")

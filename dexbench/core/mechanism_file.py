"""The YAML file of an arm or a hand: read into rows, and checked that the rows know each other."""

import math
import re
from pathlib import Path
from types import MappingProxyType

from dexbench.core.document import Node, read_document
from dexbench.core.errors import DataError
from dexbench.core.hand_file import couplings, fingers, followers, mirror, mount, pads, parameters, rest
from dexbench.core.mechanism import (
    FrameRow,
    JointRow,
    LinkRow,
    Mechanism,
    MotorRow,
    ShapeRow,
    Vector,
)
from dexbench.core.roles import ROLES
from dexbench.core.touch_model import read_touch
from dexbench.core.triangles import Triangles, read_obj

_SIZES = {"box": 3, "capsule": 2, "cylinder": 2, "sphere": 1, "ellipsoid": 3, "loft": 0, "mesh": 0}
_ORIGIN = (0.0, 0.0, 0.0)
LARGEST_ANGLE = 4 * math.pi
"""Of a joint [rad]: beyond two turns either way a range is in degrees."""


def load_mechanism(path: Path) -> Mechanism:
    """Return the arm or hand that the YAML file at `path` describes.

    Raises:
      DataError: naming the file and the field.
    """
    return read_mechanism(read_document(path), path.parent)


def read_mechanism(document: Node, folder: Path) -> Mechanism:
    """Return the arm or hand that a document describes; its meshes lie in `folder`."""
    tree = document["kinematic_tree"]
    dynamics = document["dynamics"]
    joints = tuple(_joint(row, dynamics) for row in tree["joints"].items())
    root = tree.text("root")
    _check_tree(tree, root, joints)
    links = {link.name: link for link in map(_link, document["links"]["items"].items())}
    for name in (root, *(j.child for j in joints)):
        if name not in links:
            raise document["links"]["items"].error(f"link {name!r} of the kinematic tree is missing")
    colours = {name: colour.numbers(4) for name, colour in document["visual"]["materials"].mapping().items()}
    contact = document["contact"]
    moving = {j.name: j for j in joints if j.axis is not None}
    motors = _motors(document["actuators"], moving)
    collision = tuple(_shape(row, links, None, folder) for row in document["collision"]["items"].items())
    frames = tuple(_frame(row, links) for row in document["frames"]["items"].items())
    touch, fitted = read_touch(document["touch"]) if document.has("touch") else ({}, "")
    return Mechanism(
        name=document.text("name"),
        root=root,
        joints=joints,
        links=MappingProxyType(links),
        frames=frames,
        collision=collision,
        visual=tuple(_shape(row, links, colours, folder) for row in document["visual"]["items"].items()),
        materials=MappingProxyType(colours),
        excludes=tuple(_exclude(row, links) for row in document["collision"]["excludes"].items()),
        motors=motors,
        couplings=couplings(document, moving),
        followers=followers(document, moving, motors),
        fingers=fingers(document, links, frames),
        parameters=parameters(document, moving, links),
        pads=pads(document, links, collision),
        touch=MappingProxyType(touch),
        fitted=fitted,
        friction=contact.vector("friction", 3),
        solref=contact.vector("solref", 2),
        solimp=contact.vector("solimp", 5),
        mount=mount(document),
        rest=rest(document, motors),
        mirror=mirror(document),
        checks=document["checks"],
    )


def _joint(row: Node, dynamics: Node) -> JointRow:
    name = row.text("name")
    kind = row.text("type")
    place = row.vector("xyz", 3), row.vector("rpy", 3)
    if kind == "fixed":
        return JointRow(name, row.text("parent"), row.text("child"), *place, axis=None)
    if kind != "revolute":
        raise row["type"].error(f"{kind!r} is not known; known: revolute, fixed")
    axis = row.vector("axis", 3)
    length = math.hypot(*axis)
    if abs(length - 1) > 1e-4:
        raise row["axis"].error(f"a unit vector is expected, its length is {length:.4f}")
    lower, upper = row.interval("range")
    if max(abs(lower), abs(upper)) > LARGEST_ANGLE:
        raise row["range"].error(f"{lower} .. {upper} rad is more than two turns; is this in degrees?")
    own = dynamics["joints"][name] if dynamics.has("joints") and dynamics["joints"].has(name) else dynamics
    return JointRow(
        name,
        row.text("parent"),
        row.text("child"),
        *place,
        axis=tuple(a / length for a in axis),
        lower=lower,
        upper=upper,
        velocity=row.number("vel"),
        effort=row.number("eff"),
        armature=own.number("armature", dynamics.number("armature")),
        damping=own.number("damping", dynamics.number("damping")),
        friction=own.number("friction", dynamics.number("friction")),
    )


def _check_tree(tree: Node, root: str, joints: tuple[JointRow, ...]) -> None:
    """Refuse a tree whose parents do not come before their children."""
    known = {root}
    for joint in joints:
        if joint.parent not in known:
            raise tree["joints"].error(f"joint {joint.name!r}: its parent {joint.parent!r} does not come before it")
        if joint.child in known:
            raise tree["joints"].error(f"joint {joint.name!r}: its child {joint.child!r} has a parent already")
        known.add(joint.child)


def _link(row: Node) -> LinkRow:
    mass = row.number("mass")
    box = row.vector("box", 3)
    if mass < 0 or min(box) <= 0:
        raise row.error("a mass of at least 0 and a box of positive edges are expected")
    return LinkRow(row.text("link"), mass, row.vector("com", 3), box)


def _frame(row: Node, links: dict[str, LinkRow]) -> FrameRow:
    place = row.vector("xyz", 3), row.vector("rpy", 3, _ORIGIN)
    return FrameRow(row.text("name"), row.one_of("link", links), *place, mass=row.number("mass", 0.0))


def _shape(row: Node, links: dict[str, LinkRow], colours: dict[str, Vector] | None, folder: Path) -> ShapeRow:
    kind = row.text("kind")
    if kind not in _SIZES:
        raise row["kind"].error(f"{kind!r} is not known; known: {', '.join(_SIZES)}")
    material = row.text("material") if colours is not None else ""
    if colours is not None and material not in colours:
        raise row["material"].error(f"there is no material {material!r}")
    return ShapeRow(
        link=row.one_of("link", links),
        kind=kind,
        size=row.vector("size", _SIZES[kind]) if _SIZES[kind] else (),
        xyz=row.vector("xyz", 3, _ORIGIN),
        rpy=row.vector("rpy", 3, _ORIGIN),
        material=material,
        sections=_sections(row) if kind == "loft" else (),
        mesh=_mesh(row, folder) if kind == "mesh" else None,
    )


def _mesh(row: Node, folder: Path) -> Triangles:
    """Return the mesh in a file beside the document: a plain name, since data must not reach other files."""
    name = row.text("file")
    if re.fullmatch(r"[\w.-]+\.obj", name) is None:
        raise row["file"].error(f"the plain name of an OBJ file beside this one is expected, not {name!r}")
    try:
        return read_obj(folder / name, row.text("sha256"))
    except DataError as error:
        raise row["file"].error(str(error)) from error


def _sections(row: Node) -> tuple[Vector, ...]:
    """Return loft sections, with exponent 2 (an ellipse) and centre 0 where they are left out."""
    full: list[Vector] = []
    for entry in row["sections"].items():
        values = entry.numbers()
        if not 3 <= len(values) <= 6:
            raise entry.error("[z, half x, half y, exponent, centre x, centre y] is expected, the last three optional")
        if full and values[0] < full[-1][0]:
            raise entry.error("sections must rise in z")
        full.append((*values, *(2.0, 0.0, 0.0)[len(values) - 3 :]))
    if len(full) < 2:
        raise row["sections"].error("at least two sections are expected")
    return tuple(full)


def _exclude(row: Node, links: dict[str, LinkRow]) -> tuple[str, str]:
    pair = row.texts()
    if len(pair) != 2 or any(link not in links for link in pair):
        raise row.error(f"two links of this robot are expected, not {list(pair)}")
    return pair[0], pair[1]


def _motors(actuators: Node, moving: dict[str, JointRow]) -> tuple[MotorRow, ...]:
    motors: list[MotorRow] = []
    driven: dict[str, str] = {}
    for row in actuators["items"].items():
        motor = _motor(row, moving, actuators)
        for joint in motor.joints:
            if joint in driven:
                raise row.error(f"joint {joint!r} has a motor already: {driven[joint]!r}; a joint can have one")
            driven[joint] = motor.name
        if motor.role and motor.role in {m.role for m in motors}:
            raise row["role"].error(f"another actuator has the role {motor.role!r} already")
        motors.append(motor)
    return tuple(motors)


def _motor(row: Node, moving: dict[str, JointRow], defaults: Node) -> MotorRow:
    name = row.text("name")
    joints = row.names("joints", (name,))
    for joint in joints:
        if joint not in moving:
            raise row.error(f"there is no moving joint {joint!r}; there are {', '.join(moving)}")
    lower = sum(moving[j].lower for j in joints)
    upper = sum(moving[j].upper for j in joints)
    if row.has("range"):
        lower, upper = row.interval("range")
    return MotorRow(
        name,
        row.one_of("role", ROLES) if row.has("role") else "",
        joints,
        lower,
        upper,
        kp=row.number("kp", defaults.number("kp")),
        kv=row.number("kv", defaults.number("kv")),
        force=row.number("force", defaults.number("force")),
    )

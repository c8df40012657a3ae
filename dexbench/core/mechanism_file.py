"""The YAML file of an arm or a hand: read into rows, and checked that the rows know each other."""

import math
from pathlib import Path
from types import MappingProxyType

from dexbench.core.document import Node, read_document
from dexbench.core.mechanism import (
    CouplingRow,
    FrameRow,
    JointRow,
    LinkRow,
    Mechanism,
    MotorRow,
    PadRow,
    ShapeRow,
    Vector,
)

_SIZES = {"box": 3, "capsule": 2, "cylinder": 2, "sphere": 1, "ellipsoid": 3, "loft": 0}
_ORIGIN = (0.0, 0.0, 0.0)


def load_mechanism(path: Path) -> Mechanism:
    """Return the arm or hand that the YAML file at `path` describes.

    Raises:
      DataError: naming the file and the field.
    """
    document = read_document(path)
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
    motors = tuple(_motor(row, moving, document["actuators"]) for row in document["actuators"]["items"].items())
    return Mechanism(
        name=document.text("name"),
        root=root,
        joints=joints,
        links=MappingProxyType(links),
        frames=tuple(_frame(row, links) for row in document["frames"]["items"].items()),
        collision=tuple(_shape(row, links, None) for row in document["collision"]["items"].items()),
        visual=tuple(_shape(row, links, colours) for row in document["visual"]["items"].items()),
        materials=MappingProxyType(colours),
        excludes=tuple(_exclude(row, links) for row in document["collision"]["excludes"].items()),
        motors=motors,
        couplings=_couplings(document, moving),
        pads=_pads(document, links),
        friction=contact.vector("friction", 3),
        solref=contact.vector("solref", 2),
        solimp=contact.vector("solimp", 5),
        mount=_mount(document),
        rest=_rest(document, motors),
        handed=document.has("mirror"),
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


def _known(row: Node, key: str, links: dict[str, LinkRow]) -> str:
    link = row.text(key)
    if link not in links:
        raise row[key].error(f"there is no link {link!r}")
    return link


def _link(row: Node) -> LinkRow:
    mass = row.number("mass")
    box = row.vector("box", 3)
    if mass < 0 or min(box) <= 0:
        raise row.error("a mass of at least 0 and a box of positive edges are expected")
    return LinkRow(row.text("link"), mass, row.vector("com", 3), box)


def _frame(row: Node, links: dict[str, LinkRow]) -> FrameRow:
    place = row.vector("xyz", 3), row.vector("rpy", 3, _ORIGIN)
    return FrameRow(row.text("name"), _known(row, "link", links), *place, mass=row.number("mass", 0.0))


def _shape(row: Node, links: dict[str, LinkRow], colours: dict[str, Vector] | None) -> ShapeRow:
    kind = row.text("kind")
    if kind not in _SIZES:
        raise row["kind"].error(f"{kind!r} is not known; known: {', '.join(_SIZES)}")
    material = row.text("material") if colours is not None else ""
    if colours is not None and material not in colours:
        raise row["material"].error(f"there is no material {material!r}")
    return ShapeRow(
        link=_known(row, "link", links),
        kind=kind,
        size=row.vector("size", _SIZES[kind]) if kind != "loft" else (),
        xyz=row.vector("xyz", 3, _ORIGIN),
        rpy=row.vector("rpy", 3, _ORIGIN),
        material=material,
        sections=_sections(row) if kind == "loft" else (),
    )


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


def _motor(row: Node, moving: dict[str, JointRow], defaults: Node) -> MotorRow:
    name = row.text("name")
    joints = row.names("joints", (name,))
    for joint in joints:
        if joint not in moving:
            raise row.error(f"there is no moving joint {joint!r}")
    lower = sum(moving[j].lower for j in joints)
    upper = sum(moving[j].upper for j in joints)
    if row.has("range"):
        lower, upper = row.interval("range")
    return MotorRow(
        name,
        joints,
        lower,
        upper,
        kp=row.number("kp", defaults.number("kp")),
        kv=row.number("kv", defaults.number("kv")),
        force=row.number("force", defaults.number("force")),
    )


def _mount(document: Node) -> tuple[Vector, Vector]:
    if not document.has("mount"):
        return _ORIGIN, _ORIGIN
    return document["mount"].vector("xyz", 3), document["mount"].vector("rpy", 3)


def _rest(document: Node, motors: tuple[MotorRow, ...]) -> MappingProxyType[str, float]:
    if not document.has("rest"):
        return MappingProxyType({})
    row = document["rest"]["items"]
    unknown = set(row.mapping()) - {m.name for m in motors}
    if unknown:
        raise row.error(f"{', '.join(sorted(unknown))}: no such actuator")
    return MappingProxyType({name: row.number(name) for name in row.mapping()})


def _couplings(document: Node, moving: dict[str, JointRow]) -> tuple[CouplingRow, ...]:
    if not document.has("couplings"):
        return ()
    rows = []
    passive = document["couplings"]["passive"]
    values = [passive.number(key) for key in ("stiffness", "damping", "armature")]
    for row in document["couplings"]["items"].items():
        pair = row.text("smaller"), row.text("larger")
        if any(j not in moving for j in pair):
            raise row.error(f"two moving joints are expected, not {list(pair)}")
        rows.append(CouplingRow(*pair, *values))
    return tuple(rows)


def _pads(document: Node, links: dict[str, LinkRow]) -> tuple[PadRow, ...]:
    if not document.has("pads"):
        return ()
    shared = document["pads"]
    return tuple(
        PadRow(
            finger=row.text("finger"),
            link=_known(row, "link", links),
            xyz=row.vector("xyz", 3),
            rpy=row.vector("rpy", 3),
            rows=shared.count("rows"),
            columns=shared.count("columns"),
            pitch=shared.number("pitch"),
            range=shared.number("range"),
            rate=shared.number("rate"),
            noise=shared.number("noise"),
            confidence=shared.text("confidence"),
        )
        for row in shared["items"].items()
    )

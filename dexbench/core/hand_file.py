"""What the YAML file of a hand says beyond that of an arm: mount, rest, mirror, linkages, fingers, parameters, pads."""

from types import MappingProxyType

from dexbench.core.document import Node
from dexbench.core.mechanism import (
    CouplingRow,
    FingerRow,
    FollowerRow,
    FrameRow,
    JointRow,
    LinkRow,
    MotorRow,
    PadRow,
    ParameterRow,
    ShapeRow,
    Vector,
)
from dexbench.core.roles import FINGERS, PHALANGES

_ORIGIN = (0.0, 0.0, 0.0)


def mount(document: Node) -> tuple[Vector, Vector]:
    """Return where the hand sits in an arm's mounting frame: position [m] and roll, pitch, yaw [rad]."""
    if not document.has("mount"):
        return _ORIGIN, _ORIGIN
    return document["mount"].vector("xyz", 3), document["mount"].vector("rpy", 3)


def rest(document: Node, motors: tuple[MotorRow, ...]) -> MappingProxyType[str, float]:
    """Return resting commands by motor [rad]."""
    if not document.has("rest"):
        return MappingProxyType({})
    row = document["rest"]["items"]
    unknown = set(row.mapping()) - {m.name for m in motors}
    if unknown:
        raise row.error(
            f"{', '.join(sorted(unknown))}: no such actuator; there are {', '.join(m.name for m in motors)}"
        )
    return MappingProxyType({name: row.number(name) for name in row.mapping()})


def mirror(document: Node) -> int | None:
    """Return the axis normal to the plane of symmetry of both sides; None where they are the same."""
    if not document.has("mirror"):
        return None
    return "xyz".index(document["mirror"].one_of("plane", ("x", "y", "z")))


def couplings(document: Node, moving: dict[str, JointRow]) -> tuple[CouplingRow, ...]:
    """Return the rules of order."""
    rows = []
    for row in _coupled(document, "smaller"):
        passive = document["couplings"]["passive"]
        pair = row.one_of("smaller", moving), row.one_of("larger", moving)
        rows.append(CouplingRow(*pair, *(passive.number(key) for key in ("stiffness", "damping", "armature"))))
    return tuple(rows)


def followers(document: Node, moving: dict[str, JointRow], motors: tuple[MotorRow, ...]) -> tuple[FollowerRow, ...]:
    """Return the linkages."""
    rows: list[FollowerRow] = []
    driven = {joint for motor in motors for joint in motor.joints}
    for row in _coupled(document, "follower"):
        joint, master = row.one_of("follower", moving), row.one_of("master", moving)
        if joint in driven or joint in {r.joint for r in rows}:
            raise row["follower"].error(f"joint {joint!r} is moved by something else already")
        if master not in driven:
            raise row["master"].error(f"joint {master!r} has no motor; a linkage is driven by a joint that has one")
        rows.append(FollowerRow(joint, master, row.number("multiplier"), row.number("offset", 0.0)))
    return tuple(rows)


def _coupled(document: Node, key: str) -> list[Node]:
    if not document.has("couplings"):
        return []
    return [row for row in document["couplings"]["items"].items() if row.has(key)]


def fingers(document: Node, links: dict[str, LinkRow], frames: tuple[FrameRow, ...]) -> tuple[FingerRow, ...]:
    """Return the fingers, in the order of FINGERS."""
    if not document.has("fingers"):
        return ()
    rows: list[FingerRow] = []
    for row in document["fingers"]["items"].items():
        finger = row.one_of("finger", FINGERS)
        if finger in {r.finger for r in rows}:
            raise row["finger"].error(f"there are two fingers {finger!r}")
        tip = row.one_of("tip", [f.name for f in frames])
        unknown = set(row["links"].mapping()) - set(PHALANGES)
        if unknown:
            raise row["links"].error(f"{', '.join(sorted(unknown))}: no phalanx; known: {', '.join(PHALANGES)}")
        found = {p: row["links"].one_of(p, links) for p in PHALANGES if row["links"].has(p)}
        rows.append(FingerRow(finger, tip, MappingProxyType(found)))
    return tuple(sorted(rows, key=lambda r: FINGERS.index(r.finger)))


def parameters(document: Node, moving: dict[str, JointRow], links: dict[str, LinkRow]) -> tuple[ParameterRow, ...]:
    """Return the factors on numbers that nobody published."""
    if not document.has("parameters"):
        return ()
    rows = []
    for row in document["parameters"]["items"].items():
        scales = row.one_of("scales", ("length", "coupling", "mass"))
        known, what = (moving, "moving joint") if scales == "coupling" else (links, "link")
        of = row.names("of")
        for name in of:
            if name not in known:
                raise row["of"].error(f"there is no {what} {name!r}")
        lower, upper = row.interval("range")
        prior = row.number("prior")
        if not 0 < lower <= prior <= upper:
            raise row.error(f"a prior {prior} within a range of positive factors {lower} .. {upper} is expected")
        rows.append(ParameterRow(row.text("name"), scales, of, prior, lower, upper))
    return tuple(rows)


def pads(document: Node, links: dict[str, LinkRow], collision: tuple[ShapeRow, ...]) -> tuple[PadRow, ...]:
    """Return where fingers press."""
    if not document.has("pads"):
        return ()
    touchable = {shape.link for shape in collision}
    rows: list[PadRow] = []
    for row in document["pads"]["items"].items():
        pad = PadRow(
            row.one_of("finger", FINGERS), row.one_of("link", links), row.vector("xyz", 3), row.vector("rpy", 3)
        )
        if pad.link not in touchable:
            raise row["link"].error(f"link {pad.link!r} has no collision shape, so nothing can touch its pad")
        if pad.finger in {r.finger for r in rows}:
            raise row["finger"].error(f"finger {pad.finger!r} has a pad already")
        rows.append(pad)
    return tuple(rows)

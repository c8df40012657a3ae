"""The short YAML that says what a stranger's hand model means: palm, fingers, motors by role, pads."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dexbench.core.document import Node, read_document
from dexbench.core.mechanism import Vector
from dexbench.core.roles import FINGERS, PHALANGES, ROLES
from dexbench.core.touch_model import read_touch
from dexbench.robots.problems import Problems

REQUIRED = ("name", "model", "palm", "fingers", "motors")
OPTIONAL = (
    "full_name", "source", "root", "couplings", "fixed", "ranges", "pads", "touch", "mirror", "mount", "rest", "gains",
    "dynamics", "friction", "collision", "excludes",
)  # fmt: skip
GAINS = {"kp": 3.0, "kv": 0.1, "force": 2.0, "velocity": 4.0}
"""Of a motor where neither file says [N m/rad, N m s/rad, N m, rad/s]: what the other fingers here have."""
DYNAMICS = {"armature": 0.0005, "damping": 0.05, "friction": 0.01}
"""Of a joint where neither file says [kg m^2, N m s/rad, N m]."""
COLLISION = ("fit", "hull")
"""What becomes of collision meshes: a capsule or box around each, or its convex hull."""


@dataclass(frozen=True)
class Point:
    """A point of the model: a site or body by name, or a place on a link."""

    node: Node
    name: str
    xyz: Vector | None
    """In the link's frame [m]; None where `name` alone says it."""


@dataclass(frozen=True)
class Digit:
    """A finger."""

    node: Node
    finger: str
    tip: Point
    links: Mapping[str, Node]
    """Phalanx to a node whose value is a link's name."""


@dataclass(frozen=True)
class Drive:
    """A motor."""

    node: Node
    role: str
    names: tuple[str, ...]
    """A joint, or an actuator of the model; or the joints that one motor shares."""
    limits: tuple[float, float] | None
    """Commandable [rad]; None: the joints'."""
    gains: Mapping[str, float]


@dataclass(frozen=True)
class Press:
    """A pad; what is None is derived."""

    node: Node
    link: str | None
    xyz: Vector | None
    normal: Vector | None


@dataclass(frozen=True)
class Short:
    """The whole file. Blocks that name things of the model are kept as nodes: the importer knows what exists."""

    document: Node
    folder: Path
    name: str
    model: Path
    digits: tuple[Digit, ...]
    drives: tuple[Drive, ...]
    pads: Mapping[str, Press]
    gains: Mapping[str, float]
    dynamics: Mapping[str, float]
    """Only what the file gives; DYNAMICS fills in behind the model."""
    collision: str

    def block(self, key: str) -> Node | None:
        """Return a block that may be left out."""
        return self.document[key] if self.document.has(key) else None


def is_short(document: Node) -> bool:
    """Return whether a document is a short one, and not a whole hand.yaml."""
    return document.has("model") and not document.has("kinematic_tree")


def read_short(path: Path, problems: Problems) -> Short:
    """Return what a short file says; what does not fit is noted and left out.

    Raises:
      DataError: it cannot be read as YAML at all, or says neither name nor model.
    """
    document = read_document(path)
    known = (*REQUIRED, *OPTIONAL)
    for key, node in document.mapping().items():
        if key not in known:
            problems.add(node.error(f"no field of this file; known: {', '.join(known)}"))
    for key in REQUIRED:
        if not document.has(key):
            problems.add(document.error(f"field {key!r} is missing: {_WHY[key]}"))
    name = document.text("name")
    if re.fullmatch(r"[a-z]\w*", name) is None:
        problems.add(document["name"].error(f"a plain name in small letters is expected, not {name!r}"))
    collision = "fit"
    with problems.noting():
        collision = document.one_of("collision", COLLISION) if document.has("collision") else collision
    if document.has("touch"):
        with problems.noting():
            read_touch(document["touch"])
    return Short(
        document,
        path.parent,
        name,
        path.parent / Path(document.text("model")).expanduser(),
        _digits(document, problems),
        _drives(document, problems),
        _pads(document, problems),
        {**GAINS, **_numbers(document, "gains", GAINS, problems)},
        _numbers(document, "dynamics", DYNAMICS, problems),
        collision,
    )


_WHY = {
    "name": "what the hand is called here",
    "model": "path of the MJCF or URDF file, relative to this one",
    "palm": "{link, normal: out of the palm, fingers: along the fingers, xyz: its centre} in that link's frame",
    "fingers": "finger: {tip: site or {link, xyz}, links: {proximal: ..., distal: ...}} for thumb and fingers",
    "motors": f"role: joint or actuator; roles: {', '.join(ROLES)}",
}


def _digits(document: Node, problems: Problems) -> tuple[Digit, ...]:
    if not document.has("fingers"):
        return ()
    found = []
    with problems.noting():
        for finger, node in document["fingers"].mapping().items():
            with problems.noting():
                if finger not in FINGERS:
                    raise node.error(f"{finger!r} is no finger; fingers: {', '.join(FINGERS)}")
                links = node["links"].mapping()
                if unknown := [p for p in links if p not in PHALANGES]:
                    raise node["links"].error(f"{', '.join(unknown)}: no phalanx; known: {', '.join(PHALANGES)}")
                for phalanx in links:
                    node["links"].text(phalanx)
                if "distal" not in links:
                    raise node["links"].error("the distal phalanx is missing: it is what touches")
                found.append(Digit(node, finger, point(node["tip"]), links))
        if not any(d.finger == "thumb" for d in found) and "thumb" not in document["fingers"].mapping():
            problems.add(
                document["fingers"].error("the thumb is missing: a hand here has a thumb and a finger at least")
            )
        if not any(d.finger != "thumb" for d in found):
            problems.add(document["fingers"].error("no finger stands against the thumb; a hand here has at least one"))
    return tuple(sorted(found, key=lambda d: FINGERS.index(d.finger)))


def point(node: Node) -> Point:
    """Return a point: the name of a site or a body, or {link, xyz}."""
    if isinstance(node.value, str):
        return Point(node, node.value, None)
    return Point(node, node.text("link"), node.vector("xyz", 3))


def _drives(document: Node, problems: Problems) -> tuple[Drive, ...]:
    if not document.has("motors"):
        return ()
    found = []
    with problems.noting():
        for role, node in document["motors"].mapping().items():
            with problems.noting():
                if role not in ROLES:
                    raise node.error(f"{role!r} is no role; roles: {', '.join(ROLES)}")
                if isinstance(node.value, str):
                    found.append(Drive(node, role, (node.value,), None, {}))
                    continue
                names = node.names("joints") if node.has("joints") else (node.text("joint"),)
                gains = {key: node.number(key) for key in ("kp", "kv", "force") if node.has(key)}
                found.append(Drive(node, role, names, node.interval("range") if node.has("range") else None, gains))
    return tuple(sorted(found, key=lambda d: ROLES.index(d.role)))


def _pads(document: Node, problems: Problems) -> dict[str, Press]:
    found: dict[str, Press] = {}
    if not document.has("pads"):
        return found
    with problems.noting():
        for finger, node in document["pads"].mapping().items():
            with problems.noting():
                if not document.has("fingers") or finger not in document["fingers"].mapping():
                    raise node.error(f"there is no finger {finger!r} in `fingers`")
                found[finger] = Press(
                    node,
                    node.text("link") if node.has("link") else None,
                    node.vector("xyz", 3) if node.has("xyz") else None,
                    node.vector("normal", 3) if node.has("normal") else None,
                )
    return found


def _numbers(document: Node, key: str, known: Mapping[str, float], problems: Problems) -> dict[str, float]:
    """Return the numbers of a flat block: none below zero, none unknown."""
    found: dict[str, float] = {}
    if not document.has(key):
        return found
    with problems.noting():
        for name, node in document[key].mapping().items():
            with problems.noting():
                if name not in known:
                    raise node.error(f"no field of {key}; known: {', '.join(known)}")
                value = document[key].number(name)
                if value < 0:
                    raise node.error(f"a number of at least 0 is expected, not {value:g}")
                found[name] = value
    return found

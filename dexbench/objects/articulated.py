"""Articulated objects by name: their YAML files, read into arrays, and checked that their rows know each other."""

import math
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from dexbench.core.assets import asset_path
from dexbench.core.document import Node, read_document
from dexbench.core.errors import UnknownName

from ._link_pieces import Look, frozen, only, place, read_pieces
from ._linkage import extent, link_frames, solid_pieces
from ._primitives import together
from .articulated_model import BASES, GRIP_KINDS, JOINT_TYPES, ArticulatedModel, Coupling, Grip, Link, LinkJoint, Region
from .model import Array

CONFIDENCE = ("exact", "secondary", "derived", "estimated")
"""How good a number is: measured or published, from others who measured, worked out, or judged by eye."""
LARGEST = 2.0
"""Of any length [m]: more is in millimetres."""
_JOINT_FIELDS = (
    "name type axis anchor range rest damping armature frictionloss stiffness spring effort source confidence"
)
LARGEST_TURN = 4 * math.pi
"""Of a hinge [rad]: more is in degrees."""


def articulated_names() -> tuple[str, ...]:
    """Return the names of all articulated objects, sorted."""
    return tuple(sorted(path.stem for path in asset_path("articulated").glob("*.yaml")))


@cache
def load_articulated(name: str) -> ArticulatedModel:
    """Read and check the articulated object called `name`.

    Raises:
      UnknownName: there is none of that name.
      DataError: its file is broken; names file, line and field.
    """
    if name not in articulated_names():
        raise UnknownName("articulated object", name, articulated_names())
    return read_articulated(asset_path(f"articulated/{name}.yaml"))


def read_articulated(path: Path) -> ArticulatedModel:
    """Return the articulated object that the file at `path` describes; its name is the file's.

    Raises:
      DataError: naming file, line and field.
    """
    document = read_document(path)
    only(document, "noun words base sizes friction colors links couplings regions grips")
    _said(document["sizes"])
    friction = document["friction"]
    only(friction, "value condim source confidence")
    _said(friction)
    look = Look(
        {name: _colour(node) for name, node in document["colors"].mapping().items()}, _friction(friction, "value")
    )
    base = document.one_of("base", BASES)
    links = _links(document["links"], look, base)
    joints = {joint.name: joint for link in links for joint in link.joints}
    named = {link.name for link in links}
    lower, upper = extent(links)
    model = ArticulatedModel(
        name=path.stem,
        noun=document.text("noun"),
        words=document.names("words"),
        base=base,
        condim=_condim(friction),
        links=links,
        couplings=tuple(_coupling(row, joints) for row in _rows(document, "couplings")),
        regions=tuple(_region(row, named) for row in _unique(_rows(document, "regions"))),
        grips=tuple(_grip(row, named) for row in _unique(_rows(document, "grips"))),
        lower=frozen(lower),
        upper=frozen(upper),
    )
    _check_nested(document, model)
    return model


def _rows(document: Node, key: str) -> list[Node]:
    return list(document[key].items()) if document.has(key) else []


def _unique(rows: Iterable[Node]) -> Iterable[Node]:
    """Yield rows, each of which must have a name of its own."""
    seen: set[str] = set()
    for row in rows:
        name = row.text("name")
        if name in seen:
            raise row["name"].error(f"there is another {name!r} already")
        if "/" in name:
            raise row["name"].error(f"{name!r} has a slash, which names in a model use to separate")
        seen.add(name)
        yield row


def _said(row: Node) -> None:
    """Refuse a number that does not say where it comes from."""
    row.text("source")
    row.one_of("confidence", CONFIDENCE)


def _colour(node: Node) -> Array:
    values = np.array(node.numbers(4))
    if values.min() < 0 or values.max() > 1:
        raise node.error("colours run from 0 to 1")
    return frozen(values)


def _friction(row: Node, key: str) -> Array:
    values = row.vector(key, 3)
    if min(values) < 0 or values[0] > 2:
        raise row[key].error("sliding friction from 0 to 2, torsional and rolling from 0 are expected")
    return frozen(values)


def _condim(row: Node) -> int:
    condim = row.count("condim")
    if condim not in (3, 4, 6):
        raise row["condim"].error(f"3, 4 or 6 contact dimensions are expected, not {condim}")
    return condim


def _links(tree: Node, look: Look, base: str) -> tuple[Link, ...]:
    """Read the links and refuse an order in which the bodies of a model could not follow one another."""
    links: list[Link] = []
    path: list[str] = []
    taken: set[str] = set()
    for row in _unique(tree.items()):
        parent = row.text("parent", "")
        if not links and parent:
            raise row["parent"].error("the first link is the root and has no parent")
        if links and parent not in path:
            known = ", ".join(path)
            raise (row["parent"] if parent else row).error(
                f"the parent must be the link before or one above it ({known}), not {parent!r}: links stand depth first"
            )
        path = [*path[: path.index(parent) + 1], row.text("name")] if links else [row.text("name")]
        links.append(_link(row, parent, look, base, taken))
    if not links:
        raise tree.error("at least one link is expected")
    return tuple(links)


def _link(row: Node, parent: str, look: Look, base: str, taken: set[str]) -> Link:
    only(row, "name parent at rpy mass joints pieces")
    mass = row["mass"]
    only(mass, "value source confidence")
    _said(mass)
    weight = mass.number("value")
    if not 0 < weight <= 50:
        raise mass["value"].error(f"a mass above 0 and up to 50 kg is expected, not {weight}")
    pieces = read_pieces(row["pieces"], look)
    if not any(p.felt for p in pieces) and (parent or base != "fixed"):
        raise row["pieces"].error("at least one piece that can be touched is expected: only a fixed root does without")
    solid = [(p.shape, p.size, p.position, p.quaternion) for p in solid_pieces(pieces)]
    if not solid:
        raise row["pieces"].error("at least one piece that is not turned is expected: such a surface has no volume")
    center, inertia = together(solid, weight)
    joints = tuple(_joint(entry, taken) for entry in _rows(row, "joints"))
    if joints and not parent:
        raise row["joints"].error("the root has no joints; `base: free` lets it be carried about")
    position, quaternion = place(row)
    if not parent and (position.any() or row.has("rpy")):
        raise row.error("the root is where the trial puts it: it has no `at` and no `rpy`")
    return Link(row.text("name"), parent, position, quaternion, weight, frozen(center), frozen(inertia), joints, pieces)


def _joint(row: Node, taken: set[str]) -> LinkJoint:
    only(row, _JOINT_FIELDS)
    _said(row)
    name, kind = row.text("name"), row.one_of("type", JOINT_TYPES)
    if name in taken or "/" in name:
        raise row["name"].error(f"there is another joint {name!r} already, or it has a slash")
    taken.add(name)
    axis = np.array(row.vector("axis", 3))
    if abs(np.linalg.norm(axis) - 1) > 1e-4:
        raise row["axis"].error(f"a unit vector is expected, its length is {np.linalg.norm(axis):.4f}")
    lower, upper = row.interval("range")
    largest, unit, wrong = (LARGEST, "m", "millimetres") if kind == "slide" else (LARGEST_TURN, "rad", "degrees")
    if max(abs(lower), abs(upper)) > largest:
        raise row["range"].error(f"{lower} .. {upper} {unit} is more than {largest:.3g}; is this in {wrong}?")
    rest = row.number("rest", lower)
    if not lower <= rest <= upper:
        raise row["rest"].error(f"{rest} lies outside the range {lower} .. {upper}")
    for key in ("damping", "armature", "frictionloss", "stiffness"):
        if row.number(key, 0.0) < 0:
            raise row[key].error("at least 0 is expected")
    loss, effort = row.number("frictionloss", 0.0), row.number("effort")
    if effort <= loss:
        raise row["effort"].error(f"{effort} does not overcome the dry friction of {loss}")
    return LinkJoint(
        name,
        kind,
        frozen(axis / np.linalg.norm(axis)),
        frozen(row.vector("anchor", 3, (0.0, 0.0, 0.0))),
        (lower, upper),
        rest,
        row.number("damping", 0.0),
        row.number("armature", 0.0),
        loss,
        row.number("stiffness", 0.0),
        row.number("spring", 0.0),
        effort,
    )


def _coupling(row: Node, joints: dict[str, LinkJoint]) -> Coupling:
    only(row, "follower master multiplier offset")
    follower, master = row.one_of("follower", joints), row.one_of("master", joints)
    multiplier, offset = row.number("multiplier"), row.number("offset", 0.0)
    if follower == master or multiplier == 0:
        raise row.error("two joints and a multiplier other than 0 are expected")
    for end in joints[master].range:
        at, (lower, upper) = multiplier * end + offset, joints[follower].range
        if not lower - 1e-6 <= at <= upper + 1e-6:
            raise row.error(f"at {master} = {end} the follower would be at {at:.4g}, outside {lower} .. {upper}")
    return Coupling(follower, master, multiplier, offset)


def _region(row: Node, links: set[str]) -> Region:
    only(row, "name link at rpy half")
    half = row.vector("half", 3)
    if min(half) <= 0 or max(half) > LARGEST:
        raise row["half"].error(f"half sizes above 0 and up to {LARGEST} m are expected")
    return Region(row.text("name"), row.one_of("link", links), *place(row), frozen(half))


def _grip(row: Node, links: set[str]) -> Grip:
    only(row, "name link kind at rpy radius length clearance")
    for key in ("radius", "length"):
        if not 0 < row.number(key) <= LARGEST:
            raise row[key].error(f"more than 0 and up to {LARGEST} m is expected")
    return Grip(
        row.text("name"),
        row.one_of("link", links),
        row.one_of("kind", GRIP_KINDS),
        *place(row),
        row.number("radius"),
        row.number("length"),
        row.number("clearance", 0.0),
    )


def _check_nested(document: Node, model: ArticulatedModel) -> None:
    """Refuse a region or a grip whose centre is nowhere near the object: a slip of a digit or a unit."""
    frames = link_frames(model.links)
    places: dict[str, tuple[Region | Grip, ...]] = {"regions": model.regions, "grips": model.grips}
    for key, rows in places.items():
        for node, row in zip(_rows(document, key), rows, strict=True):
            at, turn = frames[row.link]
            middle = at + turn @ row.position
            if (middle < model.lower - 0.1).any() or (middle > model.upper + 0.1).any():
                raise node["at"].error(f"its centre lies {_shown(middle)} m from the root, outside the object")


def _shown(values: ArrayLike) -> str:
    return "[" + ", ".join(f"{v:.3f}" for v in np.asarray(values)) + "]"

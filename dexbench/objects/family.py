"""Families of objects as their files describe them: parts, ranges of parameters with sources, and fixed instances."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from dexbench.core.assets import asset_path
from dexbench.core.document import Node, read_document
from dexbench.core.errors import UnknownName
from dexbench.core.shelf import OBJECTS, locate, names

from .model import PART_CLASSES, Part

SPLITS = ("seen", "unseen")
INSTANCE_FIELDS = {"name", "split", "adjective", "color", "rgb", "mass"}
"""What an instance says beside the parameters of its family."""


@dataclass(frozen=True)
class Instance:
    """One fixed member of a family."""

    name: str
    split: str
    """One of SPLITS."""
    color: str
    """The colour word of its phrase."""
    rgb: tuple[float, float, float]
    mass: float
    """[kg]"""
    parameters: Mapping[str, float]
    """Sizes for the family's recipe [m]."""
    adjective: str = ""
    """Of its size among its family: "small", "large", or empty."""


@dataclass(frozen=True)
class Family:
    """A parametric kind of object. Ranges are (low, high)."""

    name: str
    noun: str
    words: tuple[str, ...]
    parts: tuple[Part, ...]
    ranges: Mapping[str, tuple[float, float]]
    """Of each parameter [m]."""
    mass_range: tuple[float, float]
    """[kg]"""
    friction: tuple[float, float, float]
    """Sliding [-], torsional [m], rolling [m]."""
    condim: int
    rest: Mapping[str, tuple[float, float, float, float]]
    """Stable orientations by name, wxyz; the first is upright."""
    instances: Mapping[str, Instance]
    """Those that the family offers to every task."""
    members: Mapping[str, Instance]
    """All, with those that only collections name."""
    kinds: tuple[str, ...]
    """Wider categories, for example "fruit" (assets/language/kinds.yaml)."""

    def phrase(self, instance: str) -> str:
        """Return how an instruction calls a member, for example "small red mug"."""
        member = self.members[instance]
        return " ".join(word for word in (member.adjective, member.color, self.noun) if word)


def _folder() -> Path:
    return asset_path("objects")


@cache
def family_names() -> tuple[str, ...]:
    """Return the names of all families of DexBench, sorted."""
    return tuple(sorted(path.stem for path in _folder().glob("*.yaml")))


def own_names() -> tuple[str, ...]:
    """Return the names of families in the user's own folder and of other packages, sorted."""
    return tuple(sorted(set(names(OBJECTS)) - set(family_names())))


def geometry_path(family: str, instance: str) -> Path:
    """Return where the geometry of an instance lies: beside its family's file."""
    return locate(OBJECTS, family).with_name(f"{instance}.npz")


def _instance(entry: Node, ranges: Mapping[str, tuple[float, float]], mass_range: tuple[float, float]) -> Instance:
    fields = entry.mapping()
    name, mass = entry.text("name"), entry.number("mass")
    if set(fields) - INSTANCE_FIELDS != set(ranges):
        odd = ", ".join(sorted((set(fields) - INSTANCE_FIELDS) ^ set(ranges)))
        raise entry.error(f"missing or undeclared parameters: {odd}")
    parameters = {key: entry.number(key) for key in ranges}
    for key, value in parameters.items():
        low, high = ranges[key]
        if not low <= value <= high:
            raise fields[key].error(f"{value} m lies outside [{low}, {high}]")
    if not mass_range[0] <= mass <= mass_range[1]:
        raise fields["mass"].error(f"{mass} kg lies outside [{mass_range[0]}, {mass_range[1]}]")
    red, green, blue = entry.vector("rgb", 3)
    split, color = entry.one_of("split", SPLITS), entry.text("color")
    adjective = entry.text("adjective", "")
    return Instance(name, split, color, (red, green, blue), mass, MappingProxyType(parameters), adjective)


def _range(node: Node) -> tuple[float, float]:
    low, high = node.vector("range", 2)
    return low, high


@cache
def load_family(name: str) -> Family:
    """Read and check the file of family `name`."""
    if name not in names(OBJECTS):
        raise UnknownName("object family", name, names(OBJECTS))
    data = read_document(locate(OBJECTS, name))
    ranges = {key: _range(node) for key, node in data["parameters"].mapping().items()}
    mass_range, friction = _range(data["mass"]), data["friction"]
    sliding, torsional, rolling = friction.vector("value", 3)
    rest = {}
    for key, node in data["rest"].mapping().items():
        w, x, y, z = node.numbers(4)
        rest[key] = (w, x, y, z)
    lists = [data[key].items() for key in ("instances", "more") if data.has(key)]
    listed, *others = [{e.text("name"): _instance(e, ranges, mass_range) for e in entries} for entries in lists]
    members = {**listed, **{key: value for more in others for key, value in more.items()}}
    return Family(
        name,
        data.text("noun"),
        data.names("words"),
        tuple(Part(part.text("name"), part.one_of("class", PART_CLASSES)) for part in data["parts"].items()),
        MappingProxyType(ranges),
        mass_range,
        (sliding, torsional, rolling),
        friction.count("condim"),
        MappingProxyType(rest),
        MappingProxyType(listed),
        MappingProxyType({key: members[key] for key in sorted(members)}),
        data.names("kinds", ()),
    )

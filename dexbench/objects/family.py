"""Families of objects as their files describe them: parts, ranges of parameters with sources, and fixed instances."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from dexbench.core.assets import asset_path
from dexbench.core.errors import DataError, UnknownName
from dexbench.core.shelf import OBJECTS, locate, names

from .model import PART_CLASSES, Part

SPLITS = ("seen", "unseen")


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


def _loader() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _folder() -> Path:
    return asset_path("objects")


def family_names() -> tuple[str, ...]:
    """Return the names of all families of DexBench, sorted."""
    return tuple(sorted(path.stem for path in _folder().glob("*.yaml")))


def own_names() -> tuple[str, ...]:
    """Return the names of families in the user's own folder and of other packages, sorted."""
    return tuple(sorted(set(names(OBJECTS)) - set(family_names())))


def geometry_path(family: str, instance: str) -> Path:
    """Return where the geometry of an instance lies: beside its family's file."""
    return locate(OBJECTS, family).with_name(f"{instance}.npz")


def _instance(entry: Mapping[str, Any], family: str, ranges: Mapping[str, tuple[float, float]]) -> Instance:
    known = {"name", "split", "color", "rgb", "mass"}
    parameters = {key: float(value) for key, value in entry.items() if key not in known}
    name = str(entry["name"])
    if set(parameters) != set(ranges):
        odd = ", ".join(sorted(set(parameters) ^ set(ranges)))
        raise DataError(f"objects/{family}.yaml: {name}: missing or undeclared parameters: {odd}")
    for key, value in parameters.items():
        low, high = ranges[key]
        if not low <= value <= high:
            raise DataError(f"objects/{family}.yaml: {name}: {key} = {value} m lies outside [{low}, {high}]")
    if entry["split"] not in SPLITS:
        raise DataError(f"objects/{family}.yaml: {name}: split {entry['split']!r} is none of {', '.join(SPLITS)}")
    red, green, blue = (float(c) for c in entry["rgb"])
    return Instance(
        name, entry["split"], entry["color"], (red, green, blue), float(entry["mass"]), MappingProxyType(parameters)
    )


@cache
def load_family(name: str) -> Family:
    """Read and check the file of family `name`."""
    if name not in names(OBJECTS):
        raise UnknownName("object family", name, names(OBJECTS))
    path = locate(OBJECTS, name)
    data = yaml.load(path.read_text(encoding="utf-8"), Loader=_loader())
    ranges = {key: (float(v["range"][0]), float(v["range"][1])) for key, v in data["parameters"].items()}
    low, high = (float(m) for m in data["mass"]["range"])
    parts = tuple(Part(part["name"], part["class"]) for part in data["parts"])
    for part in parts:
        if part.part_class not in PART_CLASSES:
            raise DataError(f"objects/{name}.yaml: part class {part.part_class!r} is none of {', '.join(PART_CLASSES)}")
    instances = {entry["name"]: _instance(entry, name, ranges) for entry in data["instances"]}
    for instance in instances.values():
        if not low <= instance.mass <= high:
            raise DataError(f"objects/{name}.yaml: {instance.name}: {instance.mass} kg lies outside [{low}, {high}]")
    sliding, torsional, rolling = (float(f) for f in data["friction"]["value"])
    rest = {key: (float(q[0]), float(q[1]), float(q[2]), float(q[3])) for key, q in data["rest"].items()}
    return Family(
        name,
        data["noun"],
        tuple(data["words"]),
        parts,
        MappingProxyType(ranges),
        (low, high),
        (sliding, torsional, rolling),
        int(data["friction"]["condim"]),
        MappingProxyType(rest),
        MappingProxyType(instances),
    )

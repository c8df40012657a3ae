"""How a cell looks, as data: lights, sky, table, floor, shades of objects. Physics knows nothing of it.

A trial names an appearance or carries its values; what it leaves out is as the cell was built.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import numpy as np

from dexbench.core.assets import asset_path
from dexbench.core.document import Node, read_document
from dexbench.core.errors import DataError, UnknownName

Colour = tuple[float, ...]
"""Red, green, blue."""

BRIGHTEST = 1.5
"""Most that a light gives in one colour."""


@dataclass(frozen=True)
class Appearance:
    """What differs from the cell as it was built; None: nothing does."""

    name: str = "default"
    lamp: Colour | None = None
    """Light of the lamp, which casts the shadows."""
    lamp_direction: tuple[float, ...] | None = None
    """Where its light goes, in the cell frame; downwards."""
    window: Colour | None = None
    """Light of the window, from the other side."""
    ambient: Colour | None = None
    """Light from everywhere."""
    head: Colour | None = None
    """Light from beside the camera."""
    zenith: Colour | None = None
    """Of what is behind everything, above; it runs into `nadir`."""
    nadir: Colour | None = None
    """The same below. One of the two alone is refused."""
    table: Colour | None = None
    edge: Colour | None = None
    """Of the table's edge."""
    floor: Colour | None = None
    """Plain, instead of tiles."""
    shade: Colour | None = None
    """Factors on the objects' own colours. Instructions name colours: far from 1 the words no longer fit."""

    def row(self) -> dict[str, Any]:
        """Return what is given as plain data."""
        given = ((f.name, getattr(self, f.name)) for f in fields(self))
        return {name: list(v) if isinstance(v, tuple) else v for name, v in given if v is not None}


DEFAULT = Appearance()
BUILT = Appearance(
    name="built",
    lamp=(0.52, 0.50, 0.47),
    lamp_direction=(-0.90, -0.85, -2.2),
    window=(0.16, 0.18, 0.22),
    ambient=(0.34, 0.34, 0.36),
    head=(0.20, 0.20, 0.20),
    zenith=(0.729, 0.788, 0.847),
    nadir=(0.486, 0.541, 0.608),
    table=(0.78, 0.73, 0.66),
    edge=(0.46, 0.40, 0.33),
    floor=(0.445, 0.475, 0.515),
)
"""The cell as it was built (sim/furniture.py), in numbers: the sky straight above and below, the mean of the tiles."""

_BOUNDS = {"lamp": BRIGHTEST, "window": BRIGHTEST, "ambient": BRIGHTEST, "head": BRIGHTEST, "shade": 2.0}
"""Largest values, where that is not 1."""

RANGES: Mapping[str, tuple[float, float]] = {
    "lamp": (0.20, 0.75),
    "window": (0.05, 0.35),
    "ambient": (0.18, 0.45),
    "head": (0.08, 0.25),
    "sky": (0.15, 0.90),
    "table": (0.15, 0.85),
    "floor": (0.15, 0.75),
    "shade": (0.85, 1.10),
    "tint": (0.85, 1.15),
    "tilt": (0.10, 0.75),
}
"""What draw() draws from: brightness of lights and surfaces, factors of each colour (`shade` and `tint`), and the angle
of the lamp from the vertical [rad]. Ours: wide enough that no two pictures look alike, and everything is to be seen."""


def appearance(source: str | Mapping[str, Any]) -> Appearance:
    """Return the appearance that a trial names or describes; an empty one is DEFAULT.

    Raises:
      UnknownName: no such appearance; says which there are.
      DataError: values that do not fit; names the field.
    """
    if isinstance(source, str):
        return _named(source) if source else DEFAULT
    return read_appearance(Node(dict(source), "", "appearance")) if source else DEFAULT


def appearances() -> list[str]:
    """Return the names of the built-in appearances."""
    return sorted(p.stem for p in asset_path("appearances").glob("*.yaml"))


def read_appearance(node: Node) -> Appearance:
    """Return the appearance in a document; raise DataError with field and line."""
    known = [f.name for f in fields(Appearance)]
    values: dict[str, Any] = {}
    for key in node.mapping():
        if key not in (*known, "description"):
            raise node.error(str(UnknownName("field", key, [*known, "description"])))
        if key not in ("name", "description"):
            values[key] = found = node.vector(key, 3)
            bound = _BOUNDS.get(key, 1.0)
            if key != "lamp_direction" and not all(0 <= v <= bound for v in found):
                raise node[key].error(f"three numbers from 0 to {bound:g} are expected (red, green, blue)")
    if "lamp_direction" in values and values["lamp_direction"][2] >= 0:
        raise node["lamp_direction"].error("light must go downwards: z below 0")
    if ("zenith" in values) != ("nadir" in values):
        raise node.error("zenith and nadir are given together or not at all")
    return Appearance(name=node.text("name", "unnamed"), **values)


def draw(rng: np.random.Generator, ranges: Mapping[str, tuple[float, float]] = RANGES) -> Appearance:
    """Return an appearance drawn from `ranges`; a trial carries its row().

    Args:
      rng: random numbers.
      ranges: as RANGES; what is left out is as there.

    Raises:
      UnknownName: a range of something that is not drawn.
    """
    for key in ranges:
        if key not in RANGES:
            raise UnknownName("range of appearances", key, RANGES)
    of = {**RANGES, **ranges}

    def tinted(key: str) -> Colour:
        colour = rng.uniform(*of[key]) * rng.uniform(*of["tint"], 3)
        return tuple(round(float(v), 4) for v in np.clip(colour, 0.0, _BOUNDS.get(key, 1.0)))

    tilt, around = rng.uniform(*of["tilt"]), rng.uniform(-np.pi, np.pi)
    direction = (np.sin(tilt) * np.cos(around), np.sin(tilt) * np.sin(around), -np.cos(tilt))
    table = tinted("table")
    return Appearance(
        name="drawn",
        lamp=tinted("lamp"),
        lamp_direction=tuple(round(float(v), 4) for v in direction),
        window=tinted("window"),
        ambient=tinted("ambient"),
        head=tinted("head"),
        zenith=tinted("sky"),
        nadir=tinted("sky"),
        table=table,
        edge=tuple(round(0.6 * v, 4) for v in table),
        floor=tinted("floor"),
        shade=tuple(round(float(v), 4) for v in rng.uniform(*of["shade"], 3)),
    )


@lru_cache(maxsize=64)
def _named(name: str) -> Appearance:
    path = asset_path(f"appearances/{name}.yaml")
    if re.fullmatch(r"\w+", name) is None or not path.is_file():
        raise UnknownName("appearance", name, appearances())
    found = read_appearance(read_document(path))
    if found.name != name:
        raise DataError(f"{path.name}: name: is {found.name!r}, the file is called {path.name!r}: make them equal")
    return found

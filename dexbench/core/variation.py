"""Variation of a mechanism, and of a robot with it, in the numbers that nobody published."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import DataError, UnknownName
from dexbench.core.mechanism import Mechanism, ParameterRow, ShapeRow, Vector


def varied(mechanism: Mechanism, factors: Mapping[str, float]) -> Mechanism:
    """Return `mechanism` with some of its parameters multiplied by factors; what is not named stays as the file says.

    A `length` scales its links as a whole: the places of the joints, frames and pads on them, and their shapes.

    Raises:
      UnknownName: there is no such parameter.
      DataError: a factor outside of its parameter's range.
    """
    rows = {row.name: row for row in mechanism.parameters}
    for name, factor in factors.items():
        if name not in rows:
            raise UnknownName(f"parameter of {mechanism.name!r}", name, rows)
        row = rows[name]
        if not row.lower <= factor <= row.upper:
            raise DataError(f"{mechanism.name}: parameter {name!r} = {factor:g} is outside {row.lower} .. {row.upper}")
        mechanism = _CHANGE[row.scales](mechanism, row, factor)
    return mechanism


def varied_robot(embodiment: Embodiment, factors: Mapping[str, float]) -> Embodiment:
    """Return `embodiment` with parameters of its hands multiplied by factors, the same on both sides.

    Commands, limits and home are what they were: a policy meets another hand under the same name.

    Raises:
      UnknownName: there is no such parameter.
      DataError: a factor outside of its parameter's range.
    """
    parts = {name: replace(side, hand=varied(side.hand, factors)) for name, side in embodiment.parts.items()}
    rows = {f"{s}/{row.name}": row for s, side in parts.items() for row in side.hand.moving}
    places = {f"{s}/{pad.finger}": pad.xyz for s, side in parts.items() for pad in side.hand.pads}
    written = json.dumps(dict(factors), sort_keys=True).encode()
    return replace(
        embodiment,
        joints=tuple(
            replace(j, lower=rows[j.name].lower, upper=rows[j.name].upper) if j.name in rows else j
            for j in embodiment.joints
        ),
        pads=tuple(replace(p, position=places[p.name]) for p in embodiment.pads),
        parts=MappingProxyType(parts),
        digest=hashlib.sha256(embodiment.digest.encode() + written).hexdigest(),
    )


def draw(mechanism: Mechanism, rng: np.random.Generator) -> dict[str, float]:
    """Return a factor for every parameter: triangular over its range, most likely at its prior."""
    return {
        row.name: float(rng.triangular(row.lower, row.prior, row.upper)) if row.lower < row.upper else row.prior
        for row in mechanism.parameters
    }


def _mass(mechanism: Mechanism, row: ParameterRow, factor: float) -> Mechanism:
    links = {n: replace(k, mass=k.mass * factor) if n in row.of else k for n, k in mechanism.links.items()}
    return replace(mechanism, links=MappingProxyType(links))


def _coupling(mechanism: Mechanism, row: ParameterRow, factor: float) -> Mechanism:
    """Scale how far followers go; where a range would end before, the master's does not change and the range grows."""
    followers = tuple(
        replace(f, multiplier=f.multiplier * factor) if f.joint in row.of else f for f in mechanism.followers
    )
    joints = {j.name: j for j in mechanism.joints}
    for follower in followers:
        if follower.joint in row.of:
            own, master = joints[follower.joint], joints[follower.master]
            ends = [follower.multiplier * q + follower.offset for q in (master.lower, master.upper)]
            joints[own.name] = replace(own, lower=min(own.lower, *ends), upper=max(own.upper, *ends))
    return replace(mechanism, followers=followers, joints=tuple(joints.values()))


def _length(mechanism: Mechanism, row: ParameterRow, factor: float) -> Mechanism:
    grown = set(row.of)

    def larger(values: Vector) -> Vector:
        return tuple(factor * x for x in values)

    def shape(row: ShapeRow) -> ShapeRow:
        if row.link not in grown:
            return row
        sections = tuple((*larger(s[:3]), s[3], *larger(s[4:])) for s in row.sections)  # s[3] is an exponent
        mesh = None if row.mesh is None else row.mesh.scaled(factor, factor, factor)
        return replace(row, xyz=larger(row.xyz), size=larger(row.size), sections=sections, mesh=mesh)

    links = {
        name: replace(link, com=larger(link.com), box=larger(link.box)) if name in grown else link
        for name, link in mechanism.links.items()
    }
    return replace(
        mechanism,
        joints=tuple(replace(j, xyz=larger(j.xyz)) if j.parent in grown else j for j in mechanism.joints),
        links=MappingProxyType(links),
        frames=tuple(replace(f, xyz=larger(f.xyz)) if f.link in grown else f for f in mechanism.frames),
        collision=tuple(map(shape, mechanism.collision)),
        visual=tuple(map(shape, mechanism.visual)),
        pads=tuple(replace(p, xyz=larger(p.xyz)) if p.link in grown else p for p in mechanism.pads),
    )


_CHANGE = {"mass": _mass, "coupling": _coupling, "length": _length}

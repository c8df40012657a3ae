"""How an imported hand rests, what may overlap then, and how it sits on an arm."""

from collections.abc import Mapping, Sequence

import mujoco
import numpy as np

from dexbench.core.mechanism import Mechanism, MotorRow, Vector
from dexbench.robots.build import COLLISION_GROUP
from dexbench.robots.imported_fingers import SIDE, Probe, body_named
from dexbench.robots.imported_tree import Floats, Place, Tree, matrix_of, rpy_of, vector
from dexbench.robots.model_source import Source
from dexbench.robots.problems import Problems
from dexbench.robots.short_file import Short

POSES = 60
"""Random poses in which it is seen which links always overlap."""
ALWAYS = 0.6
"""Share of them from which on two links are taken for neighbours that never collide."""


def read_rest(short: Short, motors: Sequence[MotorRow], problems: Problems) -> dict[str, float]:
    """Return resting commands by motor [rad]."""
    block, found = short.block("rest"), dict[str, float]()
    if block is None:
        return found
    known = {m.role: m for m in motors}
    with problems.noting():
        for role, node in block.mapping().items():
            with problems.noting():
                if role not in known:
                    raise node.error(f"no motor has the role {role!r}; there are {', '.join(known)}")
                value, motor = block.number(role), known[role]
                if not motor.lower <= value <= motor.upper:
                    hint = "; is this in degrees?" if abs(value) > 2 * np.pi else ""
                    raise node.error(f"{value:g} rad is outside {motor.lower:.4f} .. {motor.upper:.4f}{hint}")
                found[motor.name] = value
    return found


def angles(mechanism: Mechanism, commands: Mapping[str, float]) -> dict[str, float]:
    """Return joint angles for commands by motor; motors that are not named are as near to zero as they can be."""
    found: dict[str, float] = {}
    for motor in mechanism.motors:
        value = commands.get(motor.name, min(max(0.0, motor.lower), motor.upper))
        found.update(dict.fromkeys(motor.joints, value / len(motor.joints)))
    for row in mechanism.followers:
        found[row.joint] = row.multiplier * found[row.master] + row.offset
    return found


def excludes(
    short: Short, source: Source, tree: Tree, probe: Probe, rest: Mapping[str, float], problems: Problems
) -> list[list[str]]:
    """Return pairs of links that never collide: as both files say, and what overlaps at rest or nearly always."""
    pairs: dict[tuple[str, str], None] = {}

    def add(first: str, second: str) -> None:
        if first != second:
            pairs.setdefault((min(first, second), max(first, second)))

    for signature in source.model.exclude_signature:
        bodies = int(signature) >> 16, int(signature) & 0xFFFF
        if all(b in tree.places for b in bodies):
            add(tree.places[bodies[0]].link, tree.places[bodies[1]].link)
    if (block := short.block("excludes")) is not None:
        with problems.noting():
            for node in block.items():
                with problems.noting():
                    said = node.texts()
                    if len(said) != 2:
                        raise node.error("two links are expected")
                    add(*(tree.places[body_named(source, tree, name, node)].link for name in said))
    for pair in _touching(probe, angles(probe.mechanism, rest)):
        add(*pair)
    rng, counts = np.random.default_rng(0), dict[tuple[str, str], int]()
    for _ in range(POSES):
        drawn = {m.name: float(rng.uniform(m.lower, m.upper)) for m in probe.mechanism.motors}
        for pair in _touching(probe, angles(probe.mechanism, drawn)):
            counts[pair] = counts.get(pair, 0) + 1
    for pair, count in counts.items():
        if count >= ALWAYS * POSES:
            add(*pair)
    return [list(pair) for pair in sorted(pairs)]


def _touching(probe: Probe, pose: Mapping[str, float]) -> set[tuple[str, str]]:
    """Return pairs of links whose collision shapes overlap in a pose."""
    probe.pose(pose)
    mujoco.mj_fwdPosition(probe.model, probe.data)
    found = set()
    for contact in probe.data.contact:
        if contact.dist < 0:
            bodies = (probe.model.body(int(probe.model.geom_bodyid[g])) for g in contact.geom)
            one, two = (body.name.removeprefix(f"{SIDE}/") for body in bodies)
            found.add((min(one, two), max(one, two)))
    return found


def mount(short: Short, probe: Probe, palm: Place, rest: Mapping[str, float]) -> tuple[Vector, Vector]:
    """Return where the root sits in an arm's flange frame: as the short file says, else as other hands here do.

    Then the fingers are along the flange's z, the palm faces its y, and the hand's rearmost point is on the flange.
    """
    block = short.block("mount")
    if block is not None:
        return block.vector("xyz", 3), block.vector("rpy", 3, (0.0, 0.0, 0.0))
    probe.pose(angles(probe.mechanism, rest))
    turn = probe.link(palm.link)[1] @ palm.matrix
    flange = np.array([[-1.0, 0, 0], [0, 0, 1], [0, 1, 0]]) @ turn.T
    lowest = min((_lowest(probe, g, flange[2]) for g in range(probe.model.ngeom)), default=0.0)
    return vector(np.array([0.0, 0.0, -lowest])), rpy_of(flange)


def _lowest(probe: Probe, geom: int, direction: Floats) -> float:
    """Return the least height of a collision geom's box along a direction of the root's frame [m]."""
    model, data = probe.model, probe.data
    if int(model.geom_group[geom]) != COLLISION_GROUP:
        return np.inf
    body = int(model.geom_bodyid[geom])
    turn = data.xmat[body].reshape(3, 3) @ matrix_of(model.geom_quat[geom])
    centre = data.xpos[body] + data.xmat[body].reshape(3, 3) @ model.geom_pos[geom] + turn @ model.geom_aabb[geom, :3]
    return float(direction @ centre - np.abs(direction @ turn) @ model.geom_aabb[geom, 3:])

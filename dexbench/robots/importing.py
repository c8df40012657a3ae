"""A stranger's MJCF or URDF hand and one short YAML become a hand.yaml like every other, verified against the model."""

import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import mujoco

from dexbench.core.document import Node
from dexbench.core.errors import DataError
from dexbench.core.mechanism import FollowerRow, Mechanism, MotorRow
from dexbench.core.mechanism_file import load_mechanism
from dexbench.core.shelf import ARMS, locate, names
from dexbench.robots.hand_document import hand_text
from dexbench.robots.imported_check import fk_cases, largest_error
from dexbench.robots.imported_document import Parts, document
from dexbench.robots.imported_fingers import (
    Finger,
    Probe,
    body_named,
    check_directions,
    derive_pad,
    knuckles,
    palm_centre,
    read_finger,
    read_palm,
)
from dexbench.robots.imported_motors import check_tendons, joint_named, read_followers, read_motors, stop_masters
from dexbench.robots.imported_rest import excludes, mount, read_rest
from dexbench.robots.imported_shapes import read_shapes
from dexbench.robots.imported_tree import Place, Tree, read_tree
from dexbench.robots.mirror_plane import check_left, check_plane
from dexbench.robots.model_source import Source, read_source
from dexbench.robots.problems import Problems
from dexbench.robots.short_file import Short, read_short

CLOSE = 1e-6
"""By how much a frame of the written hand may be elsewhere than the model's [m]."""


@dataclass(frozen=True)
class Imported:
    """A hand in our format, not yet on a shelf."""

    name: str
    text: str
    """Of hand.yaml."""
    files: Mapping[str, str]
    """Meshes beside it, by name."""
    notes: tuple[str, ...]
    """What the importer did that a reader should know."""
    mechanism: Mechanism
    error: float
    """Largest distance of a link's origin from the model's, in random poses [m]."""

    def write(self, folder: Path) -> Path:
        """Write hand.yaml and its meshes into `folder`; return the file's path."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in self.files.items():
            (folder / name).write_text(text, encoding="utf-8")
        path = folder / "hand.yaml"
        path.write_text(self.text, encoding="utf-8")
        return path


def import_hand(path: Path) -> Imported:
    """Return the hand that the short YAML at `path` brings.

    Raises:
      DataError: naming everything that is missing or wrong, as far as it can be seen before the first is mended.
    """
    problems = Problems()
    try:
        short = read_short(path, problems)
        source = read_source(short.model)
    except DataError as error:
        problems.add(error)
        problems.stop()
        raise
    tree = _tree(short, source, problems)
    check_tendons(source, tree, problems)
    motors = read_motors(short, source, tree, problems)
    followers = read_followers(short, source, tree, motors, problems)
    palm, fingers = _places(short, source, tree, problems)
    with problems.noting():
        stop_masters(short, tree, followers)
        motors = _clipped(short, motors, tree)
    rest = read_rest(short, motors, problems)
    problems.stop()
    assert palm is not None
    return _written(short, source, tree, motors, followers, palm, fingers, rest, problems)


def _written(
    short: Short,
    source: Source,
    tree: Tree,
    motors: list[MotorRow],
    followers: list[FollowerRow],
    palm: Place,
    fingers: list[Finger],
    rest: Mapping[str, float],
    problems: Problems,
) -> Imported:
    """Write the hand twice: without pads, to look where its surfaces are, then whole, to verify it."""
    shapes = read_shapes(source, tree, short.collision)
    tree.notes += [*source.notes, *shapes.notes]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / short.name
        folder.mkdir()
        for name, text in shapes.files.items():
            (folder / name).write_text(text, encoding="utf-8")

        def load(parts: Parts) -> tuple[Mechanism, str]:
            text = hand_text(document(short, source, tree, parts), tree.notes, _head(short, source))
            (folder / "hand.yaml").write_text(text, encoding="utf-8")
            return load_mechanism(folder / "hand.yaml"), text

        parts = Parts(motors, followers, shapes, palm, fingers, rest)
        probe = Probe(load(parts)[0])
        if not short.document["palm"].has("xyz"):
            with problems.noting():
                digits = [f for f in fingers if f.digit.finger != "thumb"]
                parts.palm = palm_centre(probe, palm, list(knuckles(probe, tree, digits).values()))
        for finger in fingers:
            with problems.noting():
                given = short.pads.get(finger.digit.finger)
                parts.pads[finger.digit.finger] = derive_pad(probe, source, tree, finger, given)
        parts.excludes = excludes(short, source, tree, probe, rest, problems)
        parts.mount = mount(short, probe, parts.palm, rest)
        with problems.noting():
            check_directions(probe, source, tree, parts.palm, fingers, short.document["palm"])
            _check_side(short, parts.palm, tree, fingers, knuckles(probe, tree, fingers))
        mechanism, _ = load(parts)
        _check_mirror(short, source, tree, mechanism, problems)
        problems.stop()
        parts.cases = fk_cases(source, tree, fingers, mechanism)
        mechanism, text = load(parts)
    error = largest_error(source, tree, Probe(mechanism))
    if error > CLOSE:
        raise DataError(
            f"{short.name}: the written hand is up to {1000 * error:.4f} mm off the model: this is a fault of the "
            "importer; please report it with the model"
        )
    return Imported(short.name, text, shapes.files, tuple(tree.notes), mechanism, error)


def _head(short: Short, source: Source) -> list[str]:
    return [
        f"{short.document.text('full_name', short.name)}: imported by `dexbench hand add` from {source.path.name}.",
        "Units: m, rad, kg, N, N m, s. Lengths, masses and ranges are the model's; collision shapes, pads and whatever",
        "a note below names are derived or assumed. `confidence` speaks of the model, not of the real hand.",
    ]


def _tree(short: Short, source: Source, problems: Problems) -> Tree:
    model = source.model
    everything = Tree("", 0, names={j: model.joint(j).name for j in range(model.njnt)})
    everything.places = {b: Place("", model.body_pos[b], model.body_pos[b]) for b in range(1, model.nbody)}
    palm = 1
    if short.document.has("palm"):
        with problems.noting():
            node = short.document["palm"]
            palm = body_named(source, everything, node.text("link"), node["link"])
    root = palm
    while int(model.body_parentid[root]):
        root = int(model.body_parentid[root])
    if short.document.has("root"):
        with problems.noting():
            root = body_named(source, everything, short.document.text("root"), short.document["root"])
    fixed: dict[int, float] = {}
    ranges: dict[int, tuple[float, float]] = {}
    with problems.noting():
        for name, node in (short.block("fixed") or Node({}, "", "")).mapping().items():
            with problems.noting():
                fixed[joint_named(name, source, everything, node)] = short.document["fixed"].number(name)
    with problems.noting():
        for name, node in (short.block("ranges") or Node({}, "", "")).mapping().items():
            with problems.noting():
                limits = short.document["ranges"].interval(name)
                if max(map(abs, limits)) > 7:
                    raise node.error(f"{limits[0]:g} .. {limits[1]:g} rad is more than a turn; is this in degrees?")
                ranges[joint_named(name, source, everything, node)] = limits
    tree = read_tree(source, root, palm, fixed, ranges, _renamer(short.name), problems)
    if palm not in tree.places:
        problems.add(short.document["root"].error(f"the palm {model.body(palm).name!r} is not below this link"))
    widest = max((r.upper - r.lower for r in tree.joints), default=1.0)
    if widest < 0.1:
        problems.add(
            f"{source.path.name}: no joint turns by more than {widest:.3f} rad: its angles are in radians, but read as "
            'degrees; add <compiler angle="radian"/>'
        )
    return tree


@cache
def _arm_names() -> dict[str, frozenset[str]]:
    """Return the names that arms have taken, by kind: an arm and a hand share one model."""
    arms = [load_mechanism(locate(ARMS, name)) for name in names(ARMS)]
    return {
        "link": frozenset({"palm", *(link for arm in arms for link in arm.links)}),
        "joint": frozenset(j.name for arm in arms for j in arm.joints),
        "actuator": frozenset(m.name for arm in arms for m in arm.motors),
    }


def _renamer(hand: str) -> Callable[[str, str], str]:
    """Return a function that makes a name which neither this hand nor any arm has already."""
    taken = {kind: set(found) for kind, found in _arm_names().items()}

    def rename(kind: str, said: str) -> str:
        plain = re.sub(r"[^\w.-]", "_", said)
        name, count = plain, 1
        while name in taken[kind]:
            count += 1
            name = f"{hand}_{plain}" if count == 2 else f"{hand}_{plain}_{count}"
        taken[kind].add(name)
        return name

    return rename


def _places(short: Short, source: Source, tree: Tree, problems: Problems) -> tuple[Place | None, list[Finger]]:
    palm, fingers = None, []
    if short.document.has("palm"):
        with problems.noting():
            palm = read_palm(source, tree, short.document["palm"])
    for digit in short.digits:
        with problems.noting():
            fingers.append(read_finger(source, tree, digit))
    return palm, fingers


def _clipped(short: Short, motors: list[MotorRow], tree: Tree) -> list[MotorRow]:
    """Return the motors within the ranges of their joints, under names that no arm has."""
    ranges = {r.name: (r.lower, r.upper) for r in tree.joints}
    rename = _renamer(short.name)
    found = []
    for motor in motors:
        lower = max(motor.lower, sum(ranges[j][0] for j in motor.joints))
        upper = min(motor.upper, sum(ranges[j][1] for j in motor.joints))
        if lower >= upper:
            raise short.document["motors"][motor.role].error("its range lies outside its joints' ranges")
        found.append(replace(motor, name=rename("actuator", motor.name), lower=lower, upper=upper))
    return found


def _check_side(short: Short, palm: Place, tree: Tree, fingers: list[Finger], where: Mapping[str, Any]) -> None:
    """Raise DataError if this is a left hand, or the palm's normal points out of its back."""
    order = [f.digit.finger for f in fingers if f.digit.finger != "thumb"]
    chain = {f.digit.finger: tree.chain(f.links["distal"]) for f in fingers}
    if len(order) < 2 or any(not any(r.parent == "palm" for r in chain[f]) for f in (order[0], order[-1])):
        return  # one finger, or fingers that do not start at the palm, do not tell the sides apart
    across = float((where[order[0]] - where[order[-1]]) @ palm.matrix[:, 0])
    if across < 0:
        raise short.document["palm"].error(
            f"seen with these directions the {order[0]} finger is on the little finger's side: either `normal` points "
            "out of the back of the hand, or this is a left hand; give the right hand's model, `mirror` makes the left"
        )


def _check_mirror(short: Short, source: Source, tree: Tree, mechanism: Mechanism, problems: Problems) -> None:
    node = short.block("mirror")
    if node is None:
        return
    left: Source | None = None
    if node.has("left"):
        with problems.noting():
            left = read_source(short.folder / node.text("left"))
    if left is None:
        with problems.noting():
            check_plane(mechanism, node)
        return
    root = next((b for b in range(1, left.model.nbody) if int(left.model.body_parentid[b]) == 0), 1)
    said = node.text("left_root", "")
    if said:
        root = int(mujoco.mj_name2id(left.model, int(mujoco.mjtObj.mjOBJ_BODY), said))
        if root < 0:
            problems.add(node["left_root"].error(f"{left.path.name} has no link {said!r}"))
            return
    with problems.noting():
        off = check_left(source, left, (tree.body, root), "xyz".index(node.text("plane")), node)
        tree.notes.append(f"left hand: the mirror image is within {1000 * off:.3f} mm of {left.path.name}")

"""An object from a mesh of one's own: checked, scaled, cut into hulls, stood on a table, written beside its family."""

import io
import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.shelf import home

from ._mass import mass_properties
from ._surface import Surface
from .closed_mesh import Mesh, closed, holes, outwards, thinned, volume
from .decomposition import Effort, decompose
from .generate import Stored, stored
from .mesh_file import MeshFile
from .mesh_size import UPRIGHT, check_density, check_size, most_stable_side
from .model import Array, Piece
from .settling import SECONDS, settle

MOST_FACES = 4000
"""A picture with more triangles is thinned; the catalogue's have at most 1500."""
CUT_FACES = 1000
"""CoACD works on at most so many triangles: its time grows faster than their number."""
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
FRICTION = (0.8, 0.02, 0.0001)
"""Sliding [-], torsional [m], rolling [m]: as most objects of the catalogue (assets/objects/mug.yaml)."""
ROLLING = 0.001
"""Rolling friction of what would roll away [m] (assets/objects/ball.yaml)."""


@dataclass(frozen=True)
class Wish:
    """What an object shall be, beside its mesh."""

    name: str
    mass: float
    """[kg]"""
    noun: str
    color: str
    rgb: tuple[float, float, float]
    scale: float = 1.0
    """Metres for each unit of the file."""
    up: str = "z"
    """Axis of the file that points up: one of UPRIGHT."""
    lay: bool = False
    """Whether it lies on its most stable side instead."""
    friction: float = FRICTION[0]
    split: str = "unseen"
    close: bool = False
    """Whether holes are closed."""
    large: bool = False
    """Whether it may be too large for one hand."""
    effort: Effort = field(default_factory=Effort)


@dataclass(frozen=True)
class Made:
    """An object, not yet on the shelf."""

    name: str
    text: str
    """Of its family's file."""
    arrays: Stored
    notes: tuple[str, ...]
    """What was done that a reader should know."""
    hulls: int
    corners: int
    kept: bool
    """Whether the hulls had been found before."""
    seconds: float
    """That the search for them took."""
    extents: tuple[float, float, float]
    """[m]"""

    def write(self) -> Path:
        """Put it on the user's shelf and return its family's file. The file comes last: without it nothing is there."""
        folder = home() / "objects"
        folder.mkdir(parents=True, exist_ok=True)
        packed = io.BytesIO()
        np.savez_compressed(packed, allow_pickle=False, **self.arrays)
        with tempfile.TemporaryDirectory(dir=folder, prefix="_") as made:
            for suffix, content in ((".npz", packed.getvalue()), (".yaml", self.text.encode())):
                (Path(made) / f"{self.name}{suffix}").write_bytes(content)
            for suffix in (".npz", ".yaml"):
                (Path(made) / f"{self.name}{suffix}").replace(folder / f"{self.name}{suffix}")
        return folder / f"{self.name}.yaml"


def make(file: MeshFile, wish: Wish, shown: Callable[[float], None] = lambda seconds: None) -> Made:
    """Return the object that `wish` describes, of the mesh in `file`.

    Args:
      file: as it was read.
      wish: the rest.
      shown: called about twice a second while the mesh is cut, with the seconds since that began.

    Raises:
      DataError: the mesh or the wish does not fit; says why, and how to mend it.
    """
    check(wish)
    notes: list[str] = []
    mesh = _mended(file, wish.close, notes)
    notes += check_size(mesh, wish.scale, file.name, wish.large)
    mesh = Mesh(mesh.vertices @ UPRIGHT[wish.up].T * wish.scale, mesh.faces)
    notes += check_density(volume(mesh), wish.mass)
    picture = thinned(mesh, MOST_FACES)
    if len(picture.faces) < len(mesh.faces):
        notes.append(f"{len(mesh.faces)} triangles were thinned to {len(picture.faces)}")
    hulls = decompose(thinned(mesh, CUT_FACES), wish.effort, file.sha256, shown)
    corners = hulls.corners
    if wish.lay:
        turn = most_stable_side(np.concatenate(corners), mass_properties(mesh.vertices, mesh.faces, wish.mass)[0]).T
        mesh, picture = (Mesh(m.vertices @ turn, m.faces) for m in (mesh, picture))
        corners = tuple(hull @ turn for hull in corners)
    low = min(float(hull[:, 2].min()) for hull in corners)
    middle = (mesh.vertices.min(axis=0) + mesh.vertices.max(axis=0)) / 2
    origin = np.array([middle[0], middle[1], low])
    pieces = [_piece(hull - origin) for hull in corners]
    count = len(picture.faces)
    surface = Surface(picture.vertices - origin, picture.faces, np.zeros(count, np.int32), np.zeros(count, bool))
    arrays = stored(surface, pieces, wish.mass, [(1.0, 0.0, 0.0, 0.0)])
    rolls = _rolls(pieces, arrays, wish)
    if rolls:
        notes.append("it rolls, so it has rolling friction as the balls of DexBench have")
    x, y, z = np.ptp(mesh.vertices, axis=0).tolist()
    return Made(
        name=wish.name,
        text=_text(file, wish, rolls),
        arrays=arrays,
        notes=tuple(notes),
        hulls=len(pieces),
        corners=sum(len(hull) for hull in corners),
        kept=hulls.kept,
        seconds=hulls.seconds,
        extents=(x, y, z),
    )


def check(wish: Wish) -> None:
    """Raise DataError if a value of `wish` cannot be."""
    if not NAME.fullmatch(wish.name):
        raise DataError(f"name {wish.name!r}: small letters, digits and _, a letter first, at most 40 of them")
    if wish.up not in UPRIGHT:
        raise DataError(f"up: {wish.up!r} is none of {', '.join(UPRIGHT)}")
    for what, value, low, high, unit in (
        ("mass", wish.mass, 0.001, 20.0, " kg"),
        ("friction", wish.friction, 0.05, 3.0, ""),
        ("scale", wish.scale, 1e-6, 1e4, ""),
    ):
        if not low <= value <= high:
            raise DataError(f"{what}: {value:g}{unit} lies outside [{low:g}, {high:g}]")
    if not all(0 <= c <= 1 for c in wish.rgb):
        raise DataError(f"rgb: {wish.rgb} is not three numbers from 0 to 1")
    for what, said in (("noun", wish.noun), ("colour", wish.color)):
        if not re.fullmatch(r"[^\W_][\w' -]{0,59}", said):
            raise DataError(f"{what} {said!r}: words of at most 60 letters are expected: an instruction names it so")


def _mended(file: MeshFile, close: bool, notes: list[str]) -> Mesh:
    """Return the mesh closed and outwards; say in `notes` what was done."""
    mesh, found = file.mesh, holes(file.mesh)
    if found.edges and not close:
        raise DataError(
            f"mesh {file.name!r} is not watertight: {found.edges} open edges around "
            f"{_holes(len(found.rims) + found.tangled)}, "
            f"so it has no inside. Close them where it was made (Blender: Select > All by Trait > Non Manifold, then "
            f"Alt+F), or add --close: a flat fan across each hole"
        )
    if found.edges:
        if found.tangled:
            raise DataError(
                f"mesh {file.name!r}: {found.tangled} of its holes have rims that cross themselves, which --close "
                f"cannot mend; close them where it was made (Blender: 3D Print Toolbox > Make Manifold)"
            )
        mesh = closed(mesh, found.rims)
        notes.append(f"{found.edges} open edges around {_holes(len(found.rims))} were closed by flat fans")
    mesh, turned = outwards(mesh)
    if turned:
        notes.append(f"{turned} of {len(mesh.faces)} triangles looked inwards and were turned")
    return mesh


def _holes(count: int) -> str:
    return f"{count} hole{'s' * (count != 1)}"


def _rolls(pieces: list[Piece], arrays: Stored, wish: Wish) -> bool:
    """Return whether it stays where it is put only with rolling friction; raise DataError if not even so."""
    moved = settle(pieces, arrays, wish.mass, (wish.friction, *FRICTION[1:]), 4)
    if moved.still:
        return False
    if settle(pieces, arrays, wish.mass, (wish.friction, FRICTION[1], ROLLING), 6).still:
        return True
    mend = "" if wish.lay else "; turn it by --up, or add --lay: on the side from which it is hardest to tip over"
    raise DataError(
        f"it does not stay as it stands: within {SECONDS:g} s it tips by {np.rad2deg(moved.tilt):.0f} degrees and "
        f"moves by {1000 * moved.shift:.0f} mm{mend}"
    )


def _piece(corners: Array) -> Piece:
    low, high = corners.min(axis=0), corners.max(axis=0)
    middle = (low + high) / 2
    return Piece("convex", (high - low) / 2, middle, np.array([1.0, 0, 0, 0]), 0, corners - middle)


def _text(file: MeshFile, wish: Wish, rolls: bool) -> str:
    """Return the family's file; texts are quoted as in JSON, which YAML reads."""
    said = json.dumps
    friction = [wish.friction, FRICTION[1], ROLLING if rolls else FRICTION[2]]
    source = said(f"given when it was added from {file.name}")
    return f"""\
# {wish.noun}, from {file.name}. Made by `dexbench object add`; words, colour and friction may be edited,
# for another size or mass add it again with --force.
noun: {said(wish.noun)}
words: [{said(wish.noun)}]
parts:
  - {{name: body, class: body}}
parameters: {{}}
mass: {{range: [{wish.mass}, {wish.mass}], source: {source}, confidence: estimated}}
friction: {{value: {friction}, condim: {6 if rolls else 4}, source: {source}, confidence: estimated}}
rest:
  upright: [1, 0, 0, 0]
instances:
  - {{name: {wish.name}, split: {wish.split}, color: {said(wish.color)}, rgb: {list(wish.rgb)}, mass: {wish.mass}}}
mesh: {{file: {said(file.name)}, sha256: {file.sha256}, scale: {wish.scale}, up: {wish.up}, lay: {said(wish.lay)}}}
"""

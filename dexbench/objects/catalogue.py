"""The catalogue: every object by name, read from stored arrays when it is first asked for."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dexbench.core import shelf
from dexbench.core.capped import read_capped
from dexbench.core.errors import DataError, UnknownName

from .bundle import NAMES, unpack
from .family import SPLITS, family_names, geometry_path, load_family, own_names
from .model import SHAPES, ObjectModel, Piece, RestPose

LARGEST = 64_000_000
"""Files larger than this are refused, packed or not [bytes]; ours are below 300 kB."""
STORED = (
    "vertices", "faces", "face_part", "piece_shape", "piece_size", "piece_position", "piece_quaternion", "piece_part",
    "points", "point_normals", "point_part", "center_of_mass", "inertia", "inertia_quaternion", "rest_height",
)  # fmt: skip
"""Arrays of every object; one with hulls has also `piece_vertices` and, for each hull, how many in `piece_corners`."""
BUILD = "build it with: python -m dexbench.objects.generate"


def families() -> tuple[str, ...]:
    """Return the names of all families of DexBench, sorted; tasks draw from these."""
    return family_names()


def refresh() -> None:
    """Forget what was read: the user's own folder has changed."""
    shelf.refresh()
    _bundle.cache_clear()
    for kept in (family_names, phrases, nouns, _family_of, _own_family_of, load_family, load_object):
        kept.cache_clear()


def instances(family: str | None = None, split: str | None = None) -> tuple[str, ...]:
    """Return the names of instances, family by family.

    Args:
      family: only this family; all of DexBench where not given.
      split: only "seen" or "unseen" instances; both where not given.
    """
    if split is not None and split not in SPLITS:
        raise UnknownName("split", split, SPLITS)
    chosen = family_names() if family is None else (family,)
    return tuple(
        instance.name
        for name in chosen
        for instance in load_family(name).instances.values()
        if split is None or instance.split == split
    )


def members(family: str | None = None, split: str | None = None) -> tuple[str, ...]:
    """Return the names of all objects, those that only collections name included; arguments as for `instances`."""
    if split is not None and split not in SPLITS:
        raise UnknownName("split", split, SPLITS)
    chosen = family_names() if family is None else (family,)
    found = (member for name in chosen for member in load_family(name).members.values())
    return tuple(member.name for member in found if split is None or member.split == split)


@cache
def phrases() -> Mapping[str, str]:
    """Return the name of each object of DexBench by its phrase; no geometry is read."""
    return MappingProxyType({load_family(of).phrase(name): name for name, of in _family_of().items()})


@cache
def nouns() -> frozenset[str]:
    """Return all nouns of objects of DexBench and of own ones, such as "mug" and "cup"."""
    described = [load_family(name) for name in {*family_names(), *_own_family_of().values()}]
    return frozenset(word for family in described for word in (family.noun, *family.words))


@cache
def _family_of() -> dict[str, str]:
    return {member: name for name in family_names() for member in load_family(name).members}


def family_of(name: str) -> str:
    """Return the family of the object called `name`; of DexBench's own families, only that one is read."""
    guess = name.rpartition("_")[0]  # members of DexBench's families are called <family>_<nn>
    if guess in family_names() and name in load_family(guess).members:
        return guess
    of = _family_of().get(name) or _own_family_of().get(name)
    if of is None:
        raise UnknownName("object", name, [*_family_of(), *_own_family_of()])
    return of


@cache
def _own_family_of() -> dict[str, str]:
    """As _family_of, of families that are not DexBench's; apart, so that a broken one of these spoils nothing else."""
    found: dict[str, str] = {}
    for name in own_names():
        for instance in load_family(name).members:
            taken = _family_of().get(instance) or found.get(instance)
            if taken:
                raise DataError(f"object {instance!r} is both of family {taken!r} and of {name!r}; rename one")
            found[instance] = name
    return found


def own_objects() -> tuple[str, ...]:
    """Return the names of objects in the user's own folder and of other packages."""
    return tuple(_own_family_of())


def _frozen(array: Any, dtype: type[np.generic]) -> NDArray[Any]:
    copy = np.array(array, dtype)
    copy.flags.writeable = False
    return copy


def _hulls(data: Mapping[str, NDArray[Any]]) -> list[NDArray[Any] | None]:
    """Return the corners of each piece; None for primitives."""
    convex = data["piece_shape"] == SHAPES.index("convex")
    if not convex.any():
        return [None] * len(convex)
    hulls = iter(np.split(data["piece_vertices"], np.cumsum(data["piece_corners"])[:-1]))
    return [next(hulls) if is_hull else None for is_hull in convex]


def _read(path: Path, family: str) -> dict[str, NDArray[Any]]:
    """Return the arrays in the file of an instance."""
    mend = BUILD if family in family_names() else "add it again: dexbench object add --force"
    if not path.is_file():
        raise DataError(f"{path.stem} is described in {family}.yaml but not built; {mend}")
    content = read_capped(path, LARGEST, "object", mend)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > LARGEST:
                raise DataError(f"{path.name}: holds more than {LARGEST} bytes; {mend}")
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return {key: file[key] for key in file.files}
    except (zipfile.BadZipFile, ValueError, EOFError, KeyError, OSError) as error:
        raise DataError(f"{path.name}: no arrays of an object ({error}); {mend}") from error


@lru_cache(maxsize=4)
def _bundle(path: Path, family: str) -> dict[str, NDArray[Any]]:
    return _read(path, family)


def _stored(name: str, family: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of an object: from a file of its own, or else from its family's."""
    alone, together = geometry_path(family, name), geometry_path(family, family)
    if alone.is_file() or not together.is_file():
        return _read(alone, family)
    data = _bundle(together, family)
    return unpack(data, name) if NAMES in data else {}


@cache
def load_object(name: str) -> ObjectModel:
    """Read the object called `name`: of DexBench, or else of the user's own folder or another package."""
    of = family_of(name)
    family = load_family(of)
    instance = family.members[name]
    data = _stored(name, of)
    missing = [key for key in STORED if key not in data]
    if missing:
        raise DataError(f"{name}: its file lacks {', '.join(missing)}; build it again")
    pieces = tuple(
        Piece(
            SHAPES[shape],
            _frozen(size, np.float64),
            _frozen(at, np.float64),
            _frozen(turn, np.float64),
            int(part),
            None if hull is None else _frozen(hull, np.float64),
        )
        for shape, size, at, turn, part, hull in zip(
            data["piece_shape"],
            data["piece_size"],
            data["piece_position"],
            data["piece_quaternion"],
            data["piece_part"],
            _hulls(data),
            strict=True,
        )
    )
    rest = tuple(
        RestPose(key, _frozen(turn, np.float64), float(height))
        for (key, turn), height in zip(family.rest.items(), data["rest_height"], strict=True)
    )
    vertices = data["vertices"].astype(np.float64)
    return ObjectModel(
        name=name,
        family=family.name,
        split=instance.split,
        phrase=family.phrase(name),
        words=family.words,
        rgba=_frozen([*instance.rgb, 1.0], np.float64),
        mass=instance.mass,
        center_of_mass=_frozen(data["center_of_mass"], np.float64),
        inertia=_frozen(data["inertia"], np.float64),
        inertia_quaternion=_frozen(data["inertia_quaternion"], np.float64),
        friction=_frozen(family.friction, np.float64),
        condim=family.condim,
        parts=family.parts,
        pieces=pieces,
        vertices=_frozen(vertices, np.float64),
        faces=_frozen(data["faces"], np.int32),
        face_part=_frozen(data["face_part"], np.int32),
        points=_frozen(data["points"], np.float64),
        point_normals=_frozen(data["point_normals"], np.float64),
        point_part=_frozen(data["point_part"], np.int32),
        rest=rest,
        footprint_radius=float(np.linalg.norm(vertices[:, :2], axis=1).max()),
        height=float(vertices[:, 2].max()),
        color=instance.color,
        kinds=family.kinds,
    )


class _Catalogue(Mapping[str, ObjectModel]):
    """All objects of DexBench by name, and on request own ones; each is read when it is first used."""

    def __getitem__(self, name: str) -> ObjectModel:
        if name not in _family_of() and name not in _own_family_of():
            raise KeyError(name)
        return load_object(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_family_of())

    def __len__(self) -> int:
        return len(_family_of())


def catalogue() -> Mapping[str, ObjectModel]:
    """Return all objects by name; nothing is read before it is used."""
    return _Catalogue()

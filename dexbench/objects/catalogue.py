"""The catalogue: every object by name, read from stored arrays when it is first asked for."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dexbench.core.assets import asset_path
from dexbench.core.errors import DataError, UnknownName

from .family import SPLITS, family_names, load_family
from .model import SHAPES, ObjectModel, Piece, RestPose

BUILD = "build it with: python -m dexbench.objects.generate"


def families() -> tuple[str, ...]:
    """Return the names of all families, sorted."""
    return family_names()


def instances(family: str | None = None, split: str | None = None) -> tuple[str, ...]:
    """Return the names of instances, family by family.

    Args:
      family: only this family; all where not given.
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


@cache
def _family_of() -> dict[str, str]:
    return {instance: name for name in family_names() for instance in load_family(name).instances}


def _frozen(array: Any, dtype: type[np.generic]) -> NDArray[Any]:
    copy = np.array(array, dtype)
    copy.flags.writeable = False
    return copy


@cache
def load_object(name: str) -> ObjectModel:
    """Read the object called `name`."""
    if name not in _family_of():
        raise UnknownName("object", name, _family_of())
    family = load_family(_family_of()[name])
    instance = family.instances[name]
    path = asset_path(f"objects/{name}.npz")
    if not path.is_file():
        raise DataError(f"{name} is described in objects/{family.name}.yaml but not built; {BUILD}")
    with np.load(path, allow_pickle=False) as file:
        data = {key: file[key] for key in file.files}
    pieces = tuple(
        Piece(SHAPES[shape], _frozen(size, np.float64), _frozen(at, np.float64), _frozen(turn, np.float64), int(part))
        for shape, size, at, turn, part in zip(
            data["piece_shape"],
            data["piece_size"],
            data["piece_position"],
            data["piece_quaternion"],
            data["piece_part"],
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
        phrase=f"{instance.color} {family.noun}",
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
    )


class _Catalogue(Mapping[str, ObjectModel]):
    """All objects by name; each is read when it is first used."""

    def __getitem__(self, name: str) -> ObjectModel:
        if name not in _family_of():
            raise KeyError(name)
        return load_object(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_family_of())

    def __len__(self) -> int:
        return len(_family_of())


def catalogue() -> Mapping[str, ObjectModel]:
    """Return all objects by name; nothing is read before it is used."""
    return _Catalogue()

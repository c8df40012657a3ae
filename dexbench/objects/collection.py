"""Collections: named lists of objects for a suite, one for each of its splits (assets/collections/<name>.yaml)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from dexbench.core.assets import asset_path
from dexbench.core.document import Node, read_document
from dexbench.core.errors import UnknownName

from .catalogue import family_of
from .family import SPLITS, load_family


@dataclass(frozen=True)
class Collection:
    """Objects of a suite by split. No object is in two splits, and none is named twice."""

    name: str
    about: str
    source: str
    splits: Mapping[str, tuple[str, ...]]
    """Names of objects by split."""

    @property
    def objects(self) -> tuple[str, ...]:
        """All objects, split by split."""
        return tuple(name for names in self.splits.values() for name in names)


def collection_names() -> tuple[str, ...]:
    """Return the names of all collections, sorted."""
    return tuple(sorted(path.stem for path in asset_path("collections").glob("*.yaml")))


@cache
def collection(name: str) -> Collection:
    """Read the collection called `name`.

    Raises:
      UnknownName: there is none of that name.
      DataError: its file does not fit; names file, line and field.
    """
    if name not in collection_names():
        raise UnknownName("collection", name, collection_names())
    return read_collection(read_document(asset_path(f"collections/{name}.yaml")))


def read_collection(document: Node) -> Collection:
    """Return the collection that a document describes."""
    counts, needed = document["counts"].mapping(), document["splits"]
    rows = document["objects"].mapping()
    if set(counts) != set(rows) or set(counts) != set(needed.mapping()):
        raise document.error(f"counts, splits and objects name different splits: {', '.join(rows)}")
    placed: dict[str, str] = {}
    for split in counts:
        wanted = needed.one_of(split, SPLITS)
        listed = list(rows[split].items())
        if len(listed) != document["counts"].count(split):
            raise rows[split].error(f"{len(listed)} objects; {document['counts'].count(split)} were announced")
        for entry, name in zip(listed, rows[split].texts(), strict=True):
            try:
                member = load_family(family_of(name)).members[name]
            except UnknownName as unknown:
                raise entry.error(str(unknown)) from None
            if name in placed:
                raise entry.error(f"{name} is in split {placed[name]!r} already")
            if member.split != wanted:
                raise entry.error(f"{name} is {member.split}; objects of split {split!r} are {wanted}")
            placed[name] = split
    return Collection(
        document.text("name"),
        document.text("about"),
        document.text("source"),
        MappingProxyType({split: tuple(n for n, s in placed.items() if s == split) for split in counts}),
    )

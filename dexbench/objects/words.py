"""What words mean: colour words and their basic terms, categories of objects and their names, lightness."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from dexbench.core.assets import asset_path
from dexbench.core.document import read_document

from .catalogue import family_of
from .family import Instance, load_family


@dataclass(frozen=True)
class Kind:
    """A category of objects."""

    name: str
    names: tuple[str, ...]
    """Ways to say it, singular."""
    mass: bool
    """Whether it is a word without plural, such as food."""
    within: str
    """The wider category; empty where there is none."""


@cache
def kinds() -> Mapping[str, Kind]:
    """Return all categories by name."""
    document = read_document(asset_path("language/kinds.yaml"))
    known = document.mapping()
    found = {
        name: Kind(
            name,
            node.names("names"),
            bool(node.has("mass") and node["mass"].value),
            node.one_of("within", known) if node.has("within") else "",
        )
        for name, node in known.items()
    }
    return MappingProxyType(found)


@cache
def basic_colors() -> Mapping[str, str]:
    """Return the basic colour term of each colour word."""
    document = read_document(asset_path("language/colors.yaml"))
    return MappingProxyType({word: node.text("basic") for word, node in document.mapping().items()})


@dataclass(frozen=True)
class Described:
    """What can be said of an object without looking at its shape."""

    name: str
    phrase: str
    member: Instance
    noun: str
    """That of its phrase."""
    words: frozenset[str]
    """All its nouns."""
    kinds: frozenset[str]
    """Its categories, with the wider ones."""

    @property
    def basic_color(self) -> str:
        """The basic term of its colour; the word itself where it is not known, as of a user's own object."""
        return basic_colors().get(self.member.color, self.member.color)


def described(name: str) -> Described:
    """Return what can be said of the object called `name`."""
    family = load_family(family_of(name))
    wide = set(family.kinds)
    for kind in family.kinds:
        while kind in kinds() and (kind := kinds()[kind].within):
            wide.add(kind)
    member = family.members[name]
    words = frozenset([family.noun, *family.words])
    return Described(name, family.phrase(name), member, family.noun, words, frozenset(wide))


def luminance(rgb: Sequence[float]) -> float:
    """Return the relative luminance Y of an sRGB colour, 0 to 1 (IEC 61966-2-1, with the weights of ITU-R BT.709)."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def lightness(rgb: Sequence[float]) -> float:
    """Return the lightness L* of an sRGB colour, 0 to 100 (CIE 1976, ISO/CIE 11664-4): equal steps look equal."""
    y = luminance(rgb)
    return 116 * y ** (1 / 3) - 16 if y > (6 / 29) ** 3 else y * (29 / 3) ** 3

"""Which objects a phrase refers to, and which phrases refer to an object: worked out from data, never from pictures.

A phrase is an optional article, adjectives, a head and an optional place: "the darkest object", "the green objects",
"something drinkable", "a fruit", "the small red mug", "the bottle on the left". The head is "object", a noun of an
object, or a category (assets/language/kinds.yaml). A basic colour term covers its shades: what is lime is green. What
is said exactly goes before what it could mean besides: "the bottle" is a bottle rather than a perfume bottle.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array

from .catalogue import load_object, nouns
from .words import Described, basic_colors, described, kinds, lightness

SUPERLATIVES: dict[str, tuple[str, int]] = {
    "darkest": ("lightness", -1), "brightest": ("lightness", 1), "palest": ("lightness", 1),
    "largest": ("volume", 1), "biggest": ("volume", 1), "smallest": ("volume", -1),
    "tallest": ("height", 1), "lowest": ("height", -1), "heaviest": ("mass", 1),
}  # fmt: skip
"""What each compares, and whether most (1) or least (-1) of it is meant."""
PLACES: dict[str, tuple[int, int]] = {
    "on the left": (1, 1), "leftmost": (1, 1), "on the right": (1, -1), "rightmost": (1, -1),
    "in front": (0, -1), "nearest": (0, -1), "closest": (0, -1), "at the back": (0, 1), "farthest": (0, 1),
}  # fmt: skip
"""Axis of the cell and sign: the robot looks along +x, its left is +y."""
SIZES = ("small", "large")
DARKER = 5.0
"""Least difference of L* to the next [-]; people just notice 2.3 (Mahy, Van Eycken and Oosterlinck 1994)."""
LARGER = 1.15
"""Least ratio to the next of volumes, heights or masses (chosen)."""
APART = 0.03
"""Least distance to the next along the axis [m] (chosen)."""
ANYTHING = ("object", "thing", "item")
EVERYTHING = ("table", "whole table", "everything")
ARTICLES = {"the": "the", "a": "any", "an": "any", "any": "any", "all": "all", "every": "all", "each": "all"}
ONE, ANY, ALL = "one", "any", "all"


@dataclass(frozen=True)
class Reading:
    """A phrase taken apart."""

    phrase: str
    text: str
    """Without article and place."""
    head: str
    """Singular."""
    colors: tuple[str, ...]
    sizes: tuple[str, ...]
    superlatives: tuple[str, ...]
    places: tuple[str, ...]
    quantity: str
    """ONE, ANY (one of those that fit will do) or ALL (every one that fits)."""


def plural(noun: str) -> str:
    """Return the plural of a noun; of "roll of tape", the first word's."""
    first, of, rest = noun.partition(" of ")
    if re.search(r"(s|x|ch|sh)$", first):
        return f"{first}es{of}{rest}"
    return (f"{first[:-1]}ies" if re.search(r"[^aeiou]y$", first) else f"{first}s") + of + rest


@lru_cache(maxsize=2)
def _heads(known: frozenset[str]) -> dict[str, tuple[str, bool]]:
    """Return the noun of each head in small letters, and whether the head means all that fit."""
    names = [*ANYTHING, *sorted(known), *(name for kind in kinds().values() for name in kind.names)]
    mass = {name for kind in kinds().values() if kind.mass for name in kind.names if not name.startswith("something")}
    several = {plural(name).lower(): (name, True) for name in names}
    return several | {name.lower(): (name, name in mass) for name in names}


def read(phrase: str) -> Reading:
    """Take a phrase apart.

    Raises:
      DataError: it has words that mean nothing here; says which, and what is known.
    """
    text = " ".join(re.sub(r"[.,!?]", " ", phrase.lower()).split())
    places = tuple(place for place in PLACES if re.search(rf"\b{place}\b", text))
    for place in places:
        text = " ".join(re.sub(rf"\b{place}\b", " ", text).split())
    article = ""
    if text.startswith("one of "):
        article, text = "any", text[len("one of ") :]
    while (first := text.split(" ")[0]) in ARTICLES and " " in text:
        article, text = article or ARTICLES[first], text[len(first) + 1 :]
    if text in EVERYTHING:
        return Reading(phrase, text, ANYTHING[0], (), (), (), places, ALL)
    words = text.split()
    heads = _heads(nouns())
    start = next((k for k in range(len(words)) if " ".join(words[k:]) in heads), None)
    if start is None:
        raise DataError(f"instruction {phrase!r}: {text!r} names no known thing; for example: object, mug, fruit, food")
    head, several = heads[" ".join(words[start:])]
    before = words[:start]
    known = {*basic_colors(), *basic_colors().values(), *SIZES, *SUPERLATIVES}
    if odd := [word for word in before if word not in known]:
        raise DataError(f"instruction {phrase!r}: {odd[0]!r} is not understood; known: {', '.join(sorted(known))}")
    superlatives = tuple(word for word in before if word in SUPERLATIVES)
    if article == "any" or (head.startswith("something") and not article):
        quantity = ANY
    elif superlatives or places:
        quantity = ONE
    else:
        quantity = ALL if several or article == "all" else ONE
    colors = tuple(w for w in before if w in basic_colors() or w in basic_colors().values())
    sizes = tuple(word for word in before if word in SIZES)
    return Reading(phrase, text, head, colors, sizes, superlatives, places, quantity)


def _fits(thing: Described, reading: Reading, exactly: bool) -> bool:
    """Say whether an object has the head, colours and size of a reading; `exactly`: by its own noun and colour word."""
    if exactly:
        named = reading.head in (thing.noun, *ANYTHING)
    else:
        wide = {name for kind in thing.kinds if kind in kinds() for name in kinds()[kind].names}
        named = reading.head in thing.words or reading.head in wide or reading.head in ANYTHING
    own = {thing.member.color} if exactly else {thing.member.color, thing.basic_color}
    return named and all(c in own for c in reading.colors) and all(s == thing.member.adjective for s in reading.sizes)


def measure(what: str, name: str) -> float:
    """Return an object's lightness L*, volume of the box around it as it stands [m^3], height [m] or mass [kg]."""
    member = described(name).member
    if what == "lightness":
        return lightness(member.rgb)
    if what == "mass":
        return member.mass
    model = load_object(name)
    return model.height if what == "height" else float(np.prod(np.ptp(model.vertices, axis=0)))


def refers(phrase: str, candidates: Sequence[str], positions: Array | None = None) -> tuple[int, ...]:
    """Return the indices of the candidates that a phrase refers to, in their order.

    Args:
      phrase: for example "the darkest object"; `read(phrase).quantity` says whether all of what is returned is meant
        ("the bottles") or any one of it ("a fruit").
      candidates: names of the objects that are there.
      positions: (candidates, 2 or 3) in the cell frame [m], for phrases that speak of a place.

    Raises:
      DataError: it is not understood, refers to nothing that is there, or fits several where one is meant.
    """
    reading = read(phrase)
    things = [described(name) for name in candidates]
    there = ", ".join(thing.phrase for thing in things) or "nothing"

    def error(why: str) -> DataError:
        return DataError(f"instruction {phrase!r}: {why}; there stand: {there}")

    chosen = [k for k, thing in enumerate(things) if _fits(thing, reading, exactly=False)]
    for word in reading.superlatives:
        what, sign = SUPERLATIVES[word]
        values = {k: measure(what, candidates[k]) for k in chosen}
        order = sorted(chosen, key=lambda k: -sign * values[k])
        if len(order) > 1:
            a, b = values[order[0]], values[order[1]]
            if not (abs(a - b) >= DARKER if what == "lightness" else max(a, b) >= LARGER * min(a, b)):
                two = f"{things[order[0]].phrase} ({a:.3g}) and {things[order[1]].phrase} ({b:.3g})"
                raise error(f"{two} are too alike in {what}")
        chosen = order[:1]
    for place in reading.places:
        if positions is None:
            raise error("it speaks of a place, and no positions are given")
        axis, sign = PLACES[place]
        way = {k: sign * float(positions[k][axis]) for k in chosen}
        order = sorted(chosen, key=lambda k: -way[k])
        if len(order) > 1 and way[order[0]] - way[order[1]] < APART:
            raise error(f"{things[order[0]].phrase} and {things[order[1]].phrase} stand too close together for it")
        chosen = order[:1]
    if not chosen:
        raise error("nothing that is there fits")
    if reading.quantity == ONE and len(chosen) > 1:
        said = [k for k in chosen if things[k].phrase.lower() == reading.text]
        said = said or [k for k in chosen if _fits(things[k], reading, exactly=True)]
        if len(said) != 1:
            raise error(f"{len(said) or len(chosen)} objects fit, and one is meant")
        chosen = said
    return tuple(sorted(chosen))


WAYS = ("phrase", "noun", "color", "kind", "darkest", "brightest", "largest", "smallest", "tallest", *PLACES)
"""Ways to refer to an object; those after "noun" are never names."""


def ways(index: int, candidates: Sequence[str], positions: Array | None = None) -> dict[str, tuple[str, ...]]:
    """Return the phrases that refer to candidate `index` and to no other, by way of saying it (WAYS).

    Args:
      index: of the object that is meant.
      candidates: names of the objects that are there.
      positions: as in `refers`; no phrases of place without them.
    """
    thing = described(candidates[index])
    wide = [
        name if name.startswith("something") else f"the {name}" if kinds()[kind].mass else f"a {name}"
        for kind in sorted(thing.kinds & set(kinds()))
        for name in kinds()[kind].names
    ]
    tried = {
        "phrase": [f"the {thing.phrase}"],
        "noun": [f"the {word}" for word in sorted(thing.words)],
        "color": [f"the {color} object" for color in dict.fromkeys((thing.member.color, thing.basic_color))],
        "kind": wide,
        **{word: [f"the {word} object"] for word in SUPERLATIVES if word in WAYS},
        **({place: [f"the object {place}"] for place in PLACES if " " in place} if positions is not None else {}),
    }
    found: dict[str, tuple[str, ...]] = {}
    for way, phrases in tried.items():
        good = []
        for phrase in phrases:
            try:
                if refers(phrase, candidates, positions) == (index,):
                    good.append(re.sub(r"^a (?=[aeiou])", "an ", phrase))
            except DataError:
                continue
        if good:
            found[way] = tuple(good)
    return found

"""Language about objects: what a phrase refers to follows from data, stands out, or is refused with the reason."""

import numpy as np
import pytest

from dexbench.core.errors import DataError
from dexbench.objects.catalogue import families, instances, load_object, members, phrases
from dexbench.objects.collection import collection
from dexbench.objects.family import load_family
from dexbench.objects.language import APART, DARKER, LARGER, WAYS, measure, plural, read, refers, ways
from dexbench.objects.words import basic_colors, described, kinds, lightness, luminance

TABLE = ("mug_01", "apple_02", "carton_01", "bottle_02", "wooden_spoon_01", "can_06", "perfume_bottle_01", "cube_02")
"""Red mug, green apple, orange juice carton, green bottle, beige spoon, black can, pink perfume bottle, green cube."""


def scenes(count: int, size: int = 6) -> list[tuple[str, ...]]:
    rng = np.random.default_rng(5)
    pool = [*collection("dexgraspvla").objects, *collection("gr_dexter").objects]
    return [tuple(str(n) for n in rng.choice(pool, size, replace=False)) for _ in range(count)]


@pytest.mark.parametrize(
    ("phrase", "named", "quantity"),
    [
        ("the red mug", "mug_01", "one"),
        ("mug", "mug_01", "one"),
        ("the cup", "mug_01", "one"),
        ("something drinkable", "carton_01 bottle_02 can_06", "any"),
        ("the drinks", "carton_01 bottle_02 can_06", "all"),
        ("a fruit", "apple_02", "any"),
        ("the food", "apple_02", "all"),
        ("something to eat", "apple_02", "any"),
        ("a kitchen utensil", "wooden_spoon_01", "any"),
        ("the kitchenware", "mug_01 wooden_spoon_01", "all"),
        ("the green objects", "apple_02 bottle_02 cube_02", "all"),
        ("the green toy", "cube_02", "one"),
        ("the bottles", "bottle_02 perfume_bottle_01", "all"),
        ("One of the bottles.", "bottle_02 perfume_bottle_01", "any"),
        ("the bottle", "bottle_02", "one"),
        ("the darkest object", "can_06", "one"),
        ("the darkest green object", "bottle_02", "one"),
        ("the smallest drink", "can_06", "one"),
        ("table", " ".join(TABLE), "all"),
        ("all objects", " ".join(TABLE), "all"),
    ],
)
def test_a_phrase_refers(phrase: str, named: str, quantity: str) -> None:
    assert {TABLE[k] for k in refers(phrase, TABLE)} == set(named.split())
    assert read(phrase).quantity == quantity


@pytest.mark.parametrize(
    ("phrase", "why"),
    [
        ("the banana", "nothing that is there fits; there stand: red mug"),
        ("the unicorn", "names no known thing"),
        ("the shiny mug", "'shiny' is not understood; known: beige"),
        ("the container", "5 objects fit, and one is meant; there stand: red mug"),
        ("the green object", "3 objects fit"),
        ("the object on the left", "no positions are given"),
        ("", "names no known thing"),
    ],
)
def test_a_phrase_without_one_referent_is_refused(phrase: str, why: str) -> None:
    with pytest.raises(DataError, match=why):
        refers(phrase, TABLE)
    with pytest.raises(DataError, match="there stand: nothing"):
        refers("the mug", ())


def test_places_are_the_robots_own() -> None:
    spots = np.array([[0.6, 0.2], [0.7, 0.0], [0.5, -0.2]])
    three = TABLE[:3]
    for phrase, index in (("the object on the left", 0), ("the rightmost object", 2), ("the nearest object", 2)):
        assert refers(phrase, three, spots) == (index,)
    assert refers("the object at the back", three, spots) == (1,)
    assert refers("the leftmost object", three, spots * [1, -1]) == (2,)
    close = np.array([[0.6, 0.2], [0.6, 0.2 - APART / 2], [0.5, -0.2]])
    with pytest.raises(DataError, match="red mug and green apple stand too close together"):
        refers("the object on the left", three, close)


def test_luminance_has_the_values_of_its_standards() -> None:
    assert luminance((1, 1, 1)) == pytest.approx(1)
    assert luminance((0, 0, 0)) == 0
    assert luminance((0.5, 0.5, 0.5)) == pytest.approx(0.21404, abs=1e-5)
    assert [luminance(c) for c in np.eye(3)] == pytest.approx([0.2126, 0.7152, 0.0722])
    assert lightness((1, 1, 1)) == pytest.approx(100)
    assert lightness((0.5, 0.5, 0.5)) == pytest.approx(53.39, abs=0.01)
    grey = [lightness((v, v, v)) for v in np.linspace(0, 1, 50)]
    assert (np.diff(grey) > 0).all()


def test_superlatives_stand_out_or_are_refused() -> None:
    words = {"darkest": ("lightness", -1), "brightest": ("lightness", 1), "largest": ("volume", 1)}
    words |= {"smallest": ("volume", -1), "tallest": ("height", 1), "heaviest": ("mass", 1)}
    answered = 0
    for scene in scenes(20):
        for word, (what, sign) in words.items():
            values = np.array([measure(what, name) for name in scene])
            order = np.argsort(-sign * values)
            first, second = values[order[:2]]
            clear = (
                abs(first - second) >= DARKER if what == "lightness" else max(first / second, second / first) >= LARGER
            )
            if clear:
                assert refers(f"the {word} object", scene) == (order[0],)
                answered += 1
            else:
                with pytest.raises(DataError, match=f"too alike in {what}"):
                    refers(f"the {word} object", scene)
    assert 20 < answered < 100, "both cases must occur"


def test_the_order_of_candidates_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    for phrase in ("something drinkable", "the green objects", "the bottle", "the darkest object"):
        order = rng.permutation(len(TABLE))
        shuffled = [TABLE[k] for k in order]
        assert {shuffled[k] for k in refers(phrase, shuffled)} == {TABLE[k] for k in refers(phrase, TABLE)}


def test_every_object_answers_to_its_phrase_and_its_nouns() -> None:
    """Also among its own family and things of its colour."""
    by_color: dict[str, list[str]] = {}
    for name in members():
        by_color.setdefault(described(name).member.color, []).append(name)
    for phrase, name in phrases().items():
        family = name.rpartition("_")[0]
        beside = [n for n in (*members(family), *by_color[described(name).member.color][:12]) if n != name]
        assert refers(f"the {phrase}", [name, *beside]) == (0,)
    for family in families():
        for word in (load_family(family).noun, *load_family(family).words):
            name = instances(family)[0]
            strange = [n for n in TABLE if word not in described(n).words | described(n).kinds]
            strange = [n for n in strange if not any(word in kinds()[k].names for k in described(n).kinds)]
            assert refers(f"the {word}", [*strange, name]) == (len(strange),), word
            assert refers(f"the {plural(word)}", [*strange, name]) == (len(strange),), word


def test_shades_belong_to_their_basic_colour() -> None:
    for name in members()[::7]:
        assert refers(f"the {described(name).basic_color} object", [name]) == (0,)
    assert set(basic_colors().values()) <= set(basic_colors()), "a basic term is a word itself"
    assert {described(name).member.color for name in members()} <= set(basic_colors())


def test_kinds_are_known_and_wider_ones_come_along() -> None:
    assert {kind for family in families() for kind in load_family(family).kinds} <= set(kinds())
    assert {"fruit", "food"} <= described("pear_01").kinds
    assert {"kitchen utensil", "kitchenware"} <= described("spatula_01").kinds
    for kind in kinds():
        assert any(kind in described(instances(family)[0]).kinds for family in families()), f"nothing is a {kind}"


def test_ways_refer_to_what_is_meant() -> None:
    met: set[str] = set()
    for scene in scenes(10):
        spots = np.random.default_rng(2).uniform(-0.3, 0.3, (len(scene), 2))
        for index, name in enumerate(scene):
            found = ways(index, scene, spots)
            assert found["phrase"] == (f"the {load_object(name).phrase}",)
            met |= set(found)
            for said in found.values():
                for phrase in said:
                    assert refers(phrase, scene, spots) == (index,)
    assert {"noun", "color", "kind", "darkest", "largest", "on the left"} <= met <= set(WAYS)


def test_plurals() -> None:
    told = {plural(noun) for noun in ("box", "toy", "brush", "roll of tape", "tableware", "glass")}
    assert told == {"boxes", "toys", "brushes", "rolls of tape", "tablewares", "glasses"}
    assert plural("berry") == "berries"

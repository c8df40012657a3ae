"""How each family is built from its parameters: the recipes of all kinds, by the name of the family's file."""

from collections.abc import Callable, Mapping
from types import ModuleType

from . import (
    _recipes_care,
    _recipes_food,
    _recipes_handles,
    _recipes_kitchen,
    _recipes_tools,
    _recipes_toys,
    _recipes_vessels,
)
from ._pieces import Parameters, Recipe

KINDS = (
    _recipes_vessels,
    _recipes_kitchen,
    _recipes_handles,
    _recipes_food,
    _recipes_care,
    _recipes_tools,
    _recipes_toys,
)
"""Modules of recipes: every public function that they define is the recipe of the family of that name."""


def _defined(module: ModuleType) -> dict[str, Callable[[Parameters], Recipe]]:
    return {
        name: value
        for name, value in vars(module).items()
        if callable(value) and not name.startswith("_") and value.__module__ == module.__name__
    }


RECIPES: Mapping[str, Callable[[Parameters], Recipe]] = {
    name: recipe for module in KINDS for name, recipe in _defined(module).items()
}
"""Recipe of each family, by the name of its file."""

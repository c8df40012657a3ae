"""What leaderboards/*.schema.json say of a document: the part of JSON Schema that they use, and no more."""

import json
import math
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


@cache
def schema(name: str) -> dict[str, Any]:
    """Return the JSON schema `name` ("leaderboard", "audit")."""
    text = files("dexbench.leaderboards").joinpath(f"{name}.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def complaints(document: Any, name: str) -> Iterator[str]:
    """Yield what is wrong with `document` by the schema `name`; each sentence begins with the field."""
    yield from _complaints(document, schema(name), name, schema(name).get("$defs", {}))


def _complaints(value: Any, rule: Mapping[str, Any], where: str, known: Mapping[str, Any]) -> Iterator[str]:
    if "$ref" in rule:
        yield from _complaints(value, known[rule["$ref"].rpartition("/")[2]], where, known)
        return
    if "const" in rule and value != rule["const"]:
        yield f"{where} is {value!r}, not {rule['const']!r}"
    if "enum" in rule and value not in rule["enum"]:
        yield f"{where} is {value!r}, none of {', '.join(map(repr, rule['enum']))}"
    kinds = [rule["type"]] if isinstance(rule.get("type"), str) else rule.get("type", [])
    if kinds and not any(_is(value, kind) for kind in kinds):
        yield f"{where} is {type(value).__name__}, not {' or '.join(kinds)}"
        return
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not rule.get("minimum", -math.inf) <= value <= rule.get("maximum", math.inf):
            yield f"{where} is {value}, outside [{rule.get('minimum', '-inf')}, {rule.get('maximum', 'inf')}]"
    elif isinstance(value, list):
        if len(value) < rule.get("minItems", 0):
            yield f"{where} has {len(value)} items, needs {rule['minItems']}"
        for i, item in enumerate(value):
            yield from _complaints(item, rule.get("items", {}), f"{where}[{i}]", known)
    elif isinstance(value, dict):
        yield from _of_object(value, rule, where, known)


def _of_object(value: dict[str, Any], rule: Mapping[str, Any], where: str, known: Mapping[str, Any]) -> Iterator[str]:
    properties, others = rule.get("properties", {}), rule.get("additionalProperties", True)
    for name in rule.get("required", []):
        if name not in value:
            yield f"{where} lacks {name!r}"
    for name, item in value.items():
        if name in properties:
            yield from _complaints(item, properties[name], f"{where}.{name}", known)
        elif others is False:
            yield f"{where} has {name!r}, which the schema does not know"
        elif isinstance(others, dict):
            yield from _complaints(item, others, f"{where}.{name}", known)


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, TYPES[kind]) and not (isinstance(value, float) and not math.isfinite(value))

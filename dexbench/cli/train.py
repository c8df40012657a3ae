"""`dexbench train`: hand the command line's settings to an agent's own training function."""

import argparse
import importlib
import importlib.util
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from dexbench.core.errors import DataError, DexBenchError, UnknownName
from dexbench.core.shelf import AGENTS, entries, locate, names

DESCRIPTION = """\
Train an agent. What can be set is the agent's own affair:

  dexbench train flow --help
  dexbench train flow --demonstrations demonstrations --out flow.safetensors --seed 0

An agent can be trained if its module, or _NAME_training beside it, offers train(...)."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments; those after the agent belong to it."""
    parser.add_argument("agent", metavar="AGENT", help=", ".join(names(AGENTS)) or "none is installed")
    parser.add_argument("settings", nargs=argparse.REMAINDER, metavar="--SETTING VALUE", help="see AGENT --help")


def run(arguments: argparse.Namespace) -> int:
    """Train, or print what can be set."""
    train = training_of(arguments.agent)
    if set(arguments.settings) & {"-h", "--help"}:
        print(explain(arguments.agent, train))
        return 0
    result = train(**read_settings(arguments.settings, inspect.signature(train).parameters))
    if result is not None:
        print(result)
    return 0


def training_of(agent: str) -> Callable[..., Any]:
    """Return the training function of `agent`; what it needs is imported here."""
    path = locate(AGENTS, agent)
    where = entries(AGENTS)[agent]
    module = f"{AGENTS.package}.{path.stem}" if Path(where).is_absolute() else where.partition(":")[0]
    package, _, stem = module.rpartition(".")
    beside = f"{package}._{stem}_training" if package else f"_{stem}_training"
    for name in (beside, module):
        if importlib.util.find_spec(name) is not None:
            train = getattr(importlib.import_module(name), "train", None)
            if callable(train):
                return train  # type: ignore[no-any-return]
    raise DexBenchError(f"agent {agent!r} is not trained: neither {path.name} nor _{stem}_training.py offers train()")


def explain(agent: str, train: Callable[..., Any]) -> str:
    """Return the settings of `train` with their defaults, and its docstring."""
    lines = [f"usage: dexbench train {agent} [--SETTING VALUE ...]", "", inspect.getdoc(train) or "", "", "settings:"]
    for p in _named(inspect.signature(train).parameters).values():
        kind = inspect.formatannotation(p.annotation) if p.annotation is not p.empty else "any"
        default = "required" if p.default is p.empty else f"default {p.default}"
        lines.append(f"  --{p.name.replace('_', '-'):<22} {kind}, {default}")
    return "\n".join(lines)


def read_settings(words: list[str], parameters: Mapping[str, inspect.Parameter]) -> dict[str, Any]:
    """Return {"seed": 0} for ["--seed", "0"]; a setting that `train` does not have is refused with the nearest."""
    known = _named(parameters)
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    settings: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        option, equals, value = word.partition("=")
        name = option.removeprefix("--").replace("-", "_")
        if not option.startswith("--") or not name:
            raise DataError(f"{word!r} is no setting; write --NAME VALUE")
        if name not in known and not open_ended:
            raise UnknownName("setting", name, known)
        if not equals:
            value = rest.pop(0) if rest and not rest[0].startswith("--") else "true"
        settings[name] = _convert(name, value, known.get(name))
    missing = [f"--{n}" for n, p in known.items() if p.default is p.empty and n not in settings]
    if missing:
        raise DataError(f"{', '.join(missing)} must be given")
    return settings


def _named(parameters: Mapping[str, inspect.Parameter]) -> dict[str, inspect.Parameter]:
    return {n: p for n, p in parameters.items() if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)}


def _convert(name: str, text: str, parameter: inspect.Parameter | None) -> Any:
    """Return `text` as the parameter's type: paths and words stay what they are, all else is YAML."""
    annotation = "" if parameter is None else inspect.formatannotation(parameter.annotation)
    if "Path" in annotation:
        return Path(text)
    if annotation.startswith("str"):
        return text
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DataError(f"--{name} {text!r} cannot be read") from error
    if "Sequence[str]" in annotation:
        return [str(v) for v in value] if isinstance(value, list) else text.split(",")
    numeric = annotation in ("int", "float")
    if numeric and (isinstance(value, bool) or not isinstance(value, int | float)):
        # YAML reads 1e-3 as text: a number without a point.
        try:
            value = float(text)
        except ValueError as error:
            raise DataError(f"--{name} wants a number, not {text!r}") from error
    if annotation == "int" and value != int(value):
        raise DataError(f"--{name} wants a whole number, not {text!r}")
    return int(value) if annotation == "int" else float(value) if annotation == "float" else value

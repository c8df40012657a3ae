"""What can be known of a task without running it: its rule, its numbers with their meaning, what it draws."""

import ast
import inspect
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np

from dexbench.core.shelf import SUITES, names
from dexbench.core.task import Task, versioned
from dexbench.core.trial import Trial
from dexbench.objects.catalogue import load_object

from .published import Failed, Measured, failed, measured
from .suite import Entry, find_suite, read_plan

DRAWS = 24
"""Trials drawn of each split to see what a split changes."""
SILENT = ("VERSION", "HANDS", "SLOTS")
"""Constants that say what the table of a page says already."""


@dataclass(frozen=True)
class Threshold:
    """A number that the rule or the layout hangs on."""

    name: str
    value: str
    meaning: str


@dataclass(frozen=True)
class Drawn:
    """What a split draws."""

    split: str
    example: str
    """An instruction."""
    forms: tuple[str, ...]
    """Instructions with the names of objects left out, the frequent first."""
    targets: tuple[str, ...]
    """Objects that were the target."""
    spread: tuple[float, ...]
    """Least and largest x, least and largest y of object origins [m]; empty where there were none."""
    trials: int
    """Draws that this was seen in."""


def paragraphs(task: Task) -> list[str]:
    """Return the paragraphs of the docstring of a task's class, each in one line: what it is, what success is."""
    text = inspect.getdoc(type(task)) or ""
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]


def thresholds(task: Task) -> list[Threshold]:
    """Return the numbers among the constants of a task's module, with what is written under them."""
    module = sys.modules[type(task).__module__]
    said = described(module)
    found = []
    for name, meaning in said.items():
        value = getattr(module, name, None)
        if not name.isupper() or name in SILENT:
            continue
        if is_dataclass(value) and not isinstance(value, type):
            inner = described(sys.modules[type(value).__module__], type(value).__name__)
            for field in fields(value):
                text = shown(getattr(value, field.name), inner.get(field.name, ""))
                if text:
                    found.append(Threshold(f"{name}.{field.name}", text, inner.get(field.name, "")))
            continue
        text = shown(value, meaning)
        if text and meaning:
            found.append(Threshold(name, text, meaning))
    return found


def described(module: ModuleType, inside: str = "") -> dict[str, str]:
    """Return each name that a module (or a class in it) binds, with the docstring under it; "" where there is none."""
    body = ast.parse(inspect.getsource(module)).body
    if inside:
        body = next(node.body for node in body if isinstance(node, ast.ClassDef) and node.name == inside)
    found: dict[str, str] = {}
    for node, after in zip(body, [*body[1:], None], strict=True):
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name):
            text = after.value if isinstance(after, ast.Expr) else None
            meaning = text.value if isinstance(text, ast.Constant) and isinstance(text.value, str) else ""
            found[target.id] = " ".join(meaning.split())
    return found


def shown(value: Any, meaning: str) -> str:
    """Return a number, or numbers in tuples and mappings, as text; "" for anything else. Angles also in degrees."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | np.floating | np.integer):
        angle = f" ({np.rad2deg(value):.4g} degrees)" if "[rad]" in meaning else ""
        return f"{float(value):.4g}{angle}"
    if isinstance(value, Mapping):
        parts = [(key, shown(inner, meaning)) for key, inner in value.items()]
        return "; ".join(f"{key}: {text}" for key, text in parts) if parts and all(t for _, t in parts) else ""
    if isinstance(value, tuple | list) and value:
        items = [shown(inner, "") for inner in value]
        return f"({', '.join(items)})" if all(items) else ""
    return ""


def drawn(task: Task, split: str, count: int = DRAWS) -> Drawn:
    """Draw trials of a split, always the same ones, and return what they have in common."""
    trials = [task.place(np.random.default_rng([seed, 20]), split) for seed in range(count)]
    forms: dict[str, int] = {}
    for trial in trials:
        form = _form(trial)
        forms[form] = forms.get(form, 0) + 1
    targets = {t.named.instance for t in trials if t.named}
    spots = np.array([p.position[:2] for t in trials for p in t.objects if p.instance])
    spread = tuple(round(float(v), 2) for axis in spots.T for v in (axis.min(), axis.max())) if len(spots) else ()
    order = sorted(forms, key=lambda form: (-forms[form], form))
    return Drawn(split, trials[0].instruction, tuple(order), tuple(sorted(targets)), spread, count)


def _form(trial: Trial) -> str:
    """Return the instruction with a placeholder for each object that it names: its phrase, or its noun alone."""
    text = trial.instruction
    models = [load_object(placed.instance) for placed in trial.objects if placed.instance]
    for phrase in sorted({model.phrase for model in models}, key=len, reverse=True):
        text = re.sub(rf"\b{re.escape(phrase)}\b", "{object}", text)
    for word in {word for model in models for word in model.words}:  # "plug" is also what is done with one
        text = re.sub(rf"\b(the|a|an) {re.escape(word)}\b", r"\1 {object}", text)
    return text


def entries_of(task: Task) -> list[tuple[str, int, Entry]]:
    """Return (suite, protocol, entry) of every shipped suite that measures a task."""
    found = []
    for name in names(SUITES):
        suite = read_plan(find_suite(name))
        found += [(name, suite.protocol, e) for e in suite.entries if e.task.partition("-v")[0] == task.name]
    return found


def published(task: Task, agent: str) -> list[Measured]:
    """Return the published rates of an agent on this version of a task; entries whose trials are perturbed left out."""
    plain = {(suite, entry.name) for suite, _, entry in entries_of(task) if not entry.perturbations}
    return [m for m in measured(agent) if m.task == versioned(task) and (m.suite, m.entry) in plain]


def published_failures(task: Task, agent: str) -> dict[str, list[Failed]]:
    """Return how an agent failed on this version of a task, by embodiment: counts over all entries, commonest first.

    Suite, entry and episode are those of the first that failed in this way.
    """
    bodies = {(m.suite, m.entry): m.embodiment for m in published(task, agent)}
    found: dict[str, dict[str, Failed]] = {}
    for f in failed(agent):
        if (f.suite, f.entry) in bodies:
            kinds = found.setdefault(bodies[f.suite, f.entry], {})
            kinds[f.code] = replace(kinds[f.code], count=kinds[f.code].count + f.count) if f.code in kinds else f
    return {body: sorted(kinds.values(), key=lambda f: (-f.count, f.code)) for body, kinds in found.items()}


def families(instances: Sequence[str]) -> dict[str, int]:
    """Return how many of these objects are of each family."""
    found: dict[str, int] = {}
    for instance in instances:
        family = load_object(instance).family
        found[family] = found.get(family, 0) + 1
    return found

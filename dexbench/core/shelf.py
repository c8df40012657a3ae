"""Shelves: list what can be plugged in without importing it, load one by name.

A shelf is a folder of this project plus an entry point group, so built-ins and strangers use the same door; robots and
objects may also lie in the user's own folder. A code entry is one module that offers `make(...)`; a data entry is one
YAML file.
"""

import ast
import importlib
import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dexbench.core.composition import compose, compositions
from dexbench.core.document import read_document
from dexbench.core.errors import DataError, DexBenchError, UnknownName
from dexbench.core.touch_model import split_name

# Listing names must cost next to nothing: what brings NumPy is imported where a thing is loaded.
if TYPE_CHECKING:
    from dexbench.core.agent import Agent
    from dexbench.core.embodiment import Embodiment
    from dexbench.core.task import Task
    from dexbench.core.world import WorldSpec


@dataclass(frozen=True)
class Shelf:
    """One kind of plug-in."""

    kind: str
    """What an entry is called, for example "task"."""
    package: str
    """Import name of the folder that holds the built-in entries."""
    pattern: str
    """Which files of the folder are entries; the stem (or, for a data folder, its name) is the entry's name."""
    group: str
    """Entry point group of strangers."""


TASKS = Shelf("task", "dexbench.envs", "*.py", "dexbench.tasks")
AGENTS = Shelf("agent", "dexbench.baselines", "*.py", "dexbench.agents")
DRIVERS = Shelf("driver", "dexbench.sim2real", "*_driver.py", "dexbench.drivers")
SUITES = Shelf("suite", "dexbench.envs", "suites/*.yaml", "dexbench.suites")
EMBODIMENTS = Shelf("embodiment", "dexbench.assets", "embodiments/*.yaml", "dexbench.embodiments")
HANDS = Shelf("hand", "dexbench.assets", "hands/*/hand.yaml", "dexbench.hands")
ARMS = Shelf("arm", "dexbench.assets", "arms/*/arm.yaml", "dexbench.arms")
OBJECTS = Shelf("object", "dexbench.assets", "objects/*.yaml", "dexbench.objects")
"""Families of objects; the geometry of an instance lies beside its family as `<instance>.npz`."""
OWN = (EMBODIMENTS, HANDS, ARMS, OBJECTS)
"""Data alone, so the user's own folder may hold them too."""
SHELVES = (TASKS, AGENTS, SUITES, EMBODIMENTS, HANDS, ARMS, OBJECTS, DRIVERS)


@cache
def _points() -> Any:
    """Return the entry points of all installed packages: they are searched once, not once a shelf.

    Something with select(group=...): its type differs between Python 3.11 and 3.12.
    """
    return entry_points()


def home() -> Path:
    """Return the user's own folder, with `hands/`, `arms/`, `objects/` ... as in `assets/`; it need not exist."""
    return Path(os.environ.get("DEXBENCH_HOME") or Path.home() / ".dexbench").expanduser().absolute()


@cache
def _folder(package: str) -> Path:
    """Return the folder of `package` without running more than its parents."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise DexBenchError(f"the installed dexbench lacks its part {package!r}: install it again")
    return Path(next(iter(found.submodule_search_locations)))


def _entry_file(group: str, name: str, value: str) -> Path:
    """Return the file that an entry point names: `package.module` (code) or `package:file.yaml` (data)."""
    module, _, data = value.partition(":")
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError) as error:
        raise DexBenchError(f"entry point {name!r} of {group!r} names {module!r}, which does not import") from error
    if found is None or found.origin is None:
        raise DexBenchError(f"entry point {name!r} of {group!r} names {module!r}, which does not exist")
    return Path(found.origin).with_name(data) if data else Path(found.origin)


@cache
def entries(shelf: Shelf) -> dict[str, str]:
    """Return {name: where} of `shelf`: a path for built-ins and data, an import name for strangers' code.

    A stranger's entry may not take the name of a built-in one, nor may one in the user's own folder.
    """
    found: dict[str, str] = {}
    for folder in (_folder(shelf.package), *((home(),) if shelf in OWN else ())):
        for path in sorted(folder.glob(shelf.pattern)):
            name = path.parent.name if shelf.pattern.endswith(("/hand.yaml", "/arm.yaml")) else path.stem
            name = name.removesuffix("_driver")
            if name in found:
                raise DexBenchError(
                    f"there are two {shelf.kind}s {name!r}: {found[name]} and {path}; rename the second"
                )
            if not name.startswith("_"):
                found[name] = str(path)
    for point in _points().select(group=shelf.group):
        if point.name in found:
            raise DexBenchError(
                f"{point.value!r} offers the {shelf.kind} {point.name!r}, which exists already: {found[point.name]}"
            )
        found[point.name] = point.value
    return dict(sorted(found.items()))


@cache
def _composed() -> dict[str, tuple[str, str]]:
    """Return {name: (rig, hand)} of the embodiments that have no file of their own."""
    built_in = str(_folder(EMBODIMENTS.package))
    rigs = sorted(entries(EMBODIMENTS).items(), key=lambda e: not e[1].startswith(built_in))  # ours come first
    found = compositions((name for name, _ in rigs), entries(HANDS), entries(ARMS))
    return {name: of for name, of in found.items() if name not in entries(EMBODIMENTS)}


def refresh() -> None:
    """Forget what was listed: the user's own folder has changed."""
    entries.cache_clear()
    _composed.cache_clear()


def names(shelf: Shelf) -> list[str]:
    """Return the names on `shelf`, sorted, for embodiments also every hand in every rig; imports none of them."""
    return sorted({*entries(shelf), *(_composed() if shelf is EMBODIMENTS else ())})


def locate(shelf: Shelf, name: str) -> Path:
    """Return the file behind `name` (of a composed embodiment, its rig's); else raise UnknownName with near names."""
    known = entries(shelf)
    if shelf is EMBODIMENTS:
        name, _ = split_name(name)
    if name not in known:
        if shelf is not EMBODIMENTS or name not in _composed():
            raise UnknownName(shelf.kind, name, names(shelf))
        name = _composed()[name][0]
    where = known[name]
    return Path(where) if Path(where).is_absolute() else _entry_file(shelf.group, name, where)


def constants(shelf: Shelf, name: str) -> dict[str, Any]:
    """Return the literal module-level constants of a code entry, and its docstring's first line as "doc".

    The file is parsed, not run: listing costs no import of what an entry needs.
    """
    tree = ast.parse(locate(shelf, name).read_text(encoding="utf-8"))
    found: dict[str, Any] = {"doc": (ast.get_docstring(tree) or "").split("\n")[0]}
    for node in tree.body:
        target: ast.expr | None = node.target if isinstance(node, ast.AnnAssign) else None
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
        if isinstance(target, ast.Name) and isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            try:
                found[target.id] = ast.literal_eval(node.value)
            except ValueError:
                continue  # not a literal: not for listing
    return found


def _load(shelf: Shelf, name: str) -> Callable[..., Any]:
    """Import code entry `name` and return its `make`."""
    path = locate(shelf, name)
    where = entries(shelf)[name]
    built_in = Path(where).is_absolute()
    module = importlib.import_module(f"{shelf.package}.{path.stem}" if built_in else where.partition(":")[0])
    make = getattr(module, "make", None)
    if not callable(make):
        raise DexBenchError(f"{shelf.kind} {name!r} ({path.name}) has no function make()")
    return make  # type: ignore[no-any-return]


def load_task(name: str) -> "Task":
    """Return a fresh task by name; a version suffix, as in "grasp_object-v1", must match.

    Objects of one's own stand in the place of its target where the name goes on with them: "grasp_object+my_cup".
    """
    whole, _, version = name.partition("-v")
    plain, *objects = whole.split("+")
    try:
        task: Task = _load(TASKS, plain)(**({"objects": objects} if objects else {}))
    except TypeError as error:
        if "unexpected keyword argument 'objects'" not in str(error):
            raise
        raise DataError(f"task {plain!r} takes no other objects than its own; {name!r} was asked for") from error
    from dexbench.core import task as contract  # here: it loads numpy, which listing names does not need

    lacking = [name for name in contract.Task.__annotations__ if not hasattr(task, name)]
    if lacking:
        raise DataError(f"task {plain!r} lacks {', '.join(lacking)}: derive it from dexbench.core.task.TaskBase")
    if version and version != str(task.version):
        raise DataError(f"task {plain!r} is at version {task.version}; {name!r} was measured with another version")
    return task


def load_agent(name: str, world: "WorldSpec", **settings: Any) -> "Agent":
    """Return agent `name`, made for `world`'s declaration; raise DataError for a setting that it does not have."""
    try:
        agent: Agent = _load(AGENTS, name)(world, **settings)
    except TypeError as error:
        foreign = [s for s in settings if f"unexpected keyword argument {s!r}" in str(error)]
        if not foreign:
            raise
        raise DataError(f"agent {name!r} has no setting {foreign[0]!r}") from error
    return agent


def load_driver(name: str, **settings: Any) -> Any:
    """Return driver `name`."""
    return _load(DRIVERS, name)(**settings)


def load_embodiment(name: str, touch: str | None = None) -> "Embodiment":
    """Return embodiment `name`, its hand and arm found on their shelves; composed where it has no file of its own.

    Args:
      name: "shadow_ur10e", or with another touch sensor "shadow_ur10e+stf".
      touch: the sensor, where the name does not say it; "none" for no touch.

    Raises:
      UnknownName: there is no such embodiment, or its hand has no such sensor.
      DataError: name and `touch` ask for different sensors, or a file does not fit.
    """
    from dexbench.core.embodiment import load_embodiment as read_embodiment
    from dexbench.core.fitting import fitted_with
    from dexbench.core.mechanism_file import load_mechanism

    whole, (name, fitted) = name, split_name(name)
    if touch is not None and fitted not in ("", touch):
        raise DataError(f"embodiment {whole!r} names its touch sensor, and {touch!r} is asked for as well")
    source: Path | dict[str, Any] = locate(EMBODIMENTS, name)
    if name in _composed():
        rig = read_document(locate(EMBODIMENTS, name))
        arms = {row.text("arm") for row in rig["sides"].mapping().values()}
        motors = {arm: frozenset(m.name for m in load_mechanism(locate(ARMS, arm)).motors) for arm in arms}
        source = compose(rig, name, _composed()[name][1], motors)
    robot = read_embodiment(source, hand=lambda n: locate(HANDS, n), arm=lambda n: locate(ARMS, n))
    option = fitted or touch
    return fitted_with(robot, option) if option else robot


def hands_of(embodiment: str) -> int:
    """Return how many hands an embodiment has, reading only its own file."""
    return len(read_document(locate(EMBODIMENTS, embodiment))["sides"].mapping())

"""The rules of the house, read from the files: floors, borders, light imports, packaging."""

import ast
import re
import subprocess
import sys
import tomllib
import zlib
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

FLOORS = {
    "dexbench.core": 1,
    "dexbench.robots": 2,
    "dexbench.objects": 2,
    "dexbench.sensors": 3,
    "dexbench.grasp": 3,
    "dexbench.data": 3,
    "dexbench.evaluation": 3,
    "dexbench.sim": 4,
    "dexbench.hands": 4,
    "dexbench.baselines": 4,
    "dexbench.envs": 5,
    "dexbench.sim2real": 5,
    "dexbench.cli": 5,
    "dexbench.registration": 5,
    "dexbench._late_registration": 5,
}
"""A part imports from lower floors only. docs/architecture.md says why each stands where it stands."""

DATA_PARTS = ("dexbench.assets", "dexbench.leaderboards")
PLUGINS = ("dexbench.envs", "dexbench.baselines", "dexbench.sim2real")
"""Shelves: reached by name, never imported, except by tests."""
FOLDERS = {"assets", "baselines", "envs", "leaderboards", "sim2real"}
"""Top-level folders that are packages of dexbench."""

HEAVY = ("mujoco", "torch", "warp", "mujoco_warp", "OpenGL", "gymnasium", "scipy", "trimesh", "rich", "dm_control")
LEARNING = {"torch", "torchvision", "jax", "flax", "transformers", "safetensors", "stable_baselines3"}
VAGUE = {"utils", "util", "common", "helpers", "helper", "misc"}
LONGEST = 400
WHEEL = 20_000_000
"""Largest wheel [bytes]."""


def module_name(path: Path) -> str:
    """Return the import name of a source file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts if parts[0] == "dexbench" else ("dexbench", *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def sources() -> tuple[Path, ...]:
    """Return every source file of the package."""
    folders = ["dexbench", *sorted(FOLDERS)]
    return tuple(p for f in folders for p in sorted((ROOT / f).rglob("*.py")))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path: Path) -> Iterator[tuple[int, int, str]]:
    """Yield (line, level, name) of each import, wherever it stands; `from a import b` gives "a.b"."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, 0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = f"{node.module}." if node.module else ""
            yield from ((node.lineno, node.level, base + alias.name) for alias in node.names)


def part_of(name: str) -> str:
    """Return "dexbench.core" for "dexbench.core.agent"."""
    return ".".join(name.split(".")[:2])


def tracked() -> list[Path]:
    """Return the files that git knows, or skip where this is no clone."""
    found = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if found.returncode:
        pytest.skip("not a git clone")
    return [ROOT / name for name in found.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_there_is_a_house() -> None:
    assert len(sources()) > 30, "the other tests would pass over an empty tree"


def test_every_part_stands_on_a_floor() -> None:
    parts = {part_of(module_name(p)) for p in sources()} - {"dexbench", "dexbench.__main__", *DATA_PARTS}
    assert parts <= set(FLOORS)


def test_imports_go_down() -> None:
    wrong = []
    for path in sources():
        here = part_of(module_name(path))
        for line, level, name in imports(path):
            there = part_of(name)
            if level or there == here or there not in FLOORS or here not in FLOORS:
                continue
            if FLOORS[there] >= FLOORS[here]:
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {here} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_no_files_import_each_other_in_a_circle() -> None:
    """Not even within functions, or for types: what two files share stands in a third."""
    names = {module_name(path): path for path in sources()}
    graph: dict[str, set[str]] = {}
    for here, path in names.items():
        package = here if path.stem == "__init__" else here.rpartition(".")[0]
        found = (f"{package}.{name}" if level else name for _, level, name in imports(path))
        targets = {target for name in found for target in (name, name.rpartition(".")[0]) if target in names}
        graph[here] = {target for target in targets if target != here and not here.startswith(f"{target}.")}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_neighbours_are_imported_from_beside() -> None:
    """`from ._networks import X`: one level, and never past the own folder."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {'.' * level}{name}"
        for path in sources()
        for line, level, name in imports(path)
        if level > 1
    ]
    assert not wrong, "\n".join(wrong)


def test_folders_are_never_imported_by_their_bare_name() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in [*sources(), *sorted((ROOT / "tests").rglob("*.py"))]
        for line, level, name in imports(path)
        if not level and name.split(".")[0] in FOLDERS
    ]
    assert not wrong, "\n".join(wrong)


def test_plugins_are_reached_by_name_only() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sources()
        for line, level, name in imports(path)
        if not level and part_of(name) in PLUGINS
    ]
    assert not wrong, "\n".join(wrong)


def test_only_baselines_learn() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sources()
        for line, level, name in imports(path)
        if not level and name.split(".")[0] in LEARNING and part_of(module_name(path)) != "dexbench.baselines"
    ]
    assert not wrong, "\n".join(wrong)


def test_core_needs_numpy_and_yaml_only() -> None:
    allowed = {"numpy", "yaml", "dexbench", *sys.stdlib_module_names}
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in (ROOT / "dexbench" / "core").rglob("*.py")
        for line, level, name in imports(path)
        if not level and name.split(".")[0] not in allowed
    ]
    assert not wrong, "\n".join(wrong)


def test_the_top_of_the_package_is_not_a_back_door() -> None:
    """`from dexbench import load_task` inside the library would hide which floor is used."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sources()
        for line, level, name in imports(path)
        if not level
        and (name == "dexbench" or (name.count(".") == 1 and name.startswith("dexbench.")))
        and name != "dexbench.__version__"
        and not (ROOT / name.replace(".", "/")).is_dir()
        and not (ROOT / (name.replace(".", "/") + ".py")).is_file()
    ]
    assert not wrong, "\n".join(wrong)


def loaded_by(statement: str) -> list[str]:
    """Return which heavy packages a fresh interpreter holds after `statement`."""
    code = f"import sys; {statement}; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_import_is_light() -> None:
    assert loaded_by("import dexbench") == []
    assert loaded_by("import mujoco") != [], "this test must be able to fail"


def test_core_and_command_line_import_light() -> None:
    core = sorted(module_name(p) for p in (ROOT / "dexbench" / "core").glob("*.py"))
    assert loaded_by(f"import dexbench.cli.main, {', '.join(core)}") == []


def test_public_names_have_a_home() -> None:
    import dexbench

    missing = []
    for name, module in dexbench._PUBLIC.items():
        path = ROOT / (module.replace(".", "/") + ".py")
        bound = {n for node in parsed(path).body for n in _bound(node)} if path.is_file() else set()
        if name not in bound:
            missing.append(f"{module}.{name}")
    assert not missing, missing
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = dexbench.no_such_name


def _bound(node: ast.stmt) -> list[str]:
    """Return the names that a top-level statement binds."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.ImportFrom | ast.Import):
        return [alias.asname or alias.name for alias in node.names]
    if isinstance(node, ast.Assign):
        return [t.id for t in node.targets if isinstance(t, ast.Name)]
    return [node.target.id] if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else []


def test_packages_match_the_tree() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    tree = {module_name(p) for p in sources() if p.name == "__init__.py"}
    assert settings["packages"] == sorted(tree)
    assert set(settings["package-dir"].values()) == {"dexbench", *FOLDERS}


def test_the_package_is_small() -> None:
    """A wheel compresses each file by itself, as is done here; tables shrink to a tenth, arrays hardly."""
    shipped = [p for p in tracked() if p.relative_to(ROOT).parts[0] in {"dexbench", *FOLDERS}]
    assert 1_000_000 < sum(len(zlib.compress(p.read_bytes(), 1)) for p in shipped) < WHEEL


def test_files_are_short() -> None:
    lengths = {p.relative_to(ROOT): len(p.read_text(encoding="utf-8").splitlines()) for p in sources()}
    assert not {str(p): n for p, n in lengths.items() if n > LONGEST}


def test_modules_have_nouns_for_names() -> None:
    assert not [str(p.relative_to(ROOT)) for p in sources() if VAGUE & set(p.relative_to(ROOT).with_suffix("").parts)]


def test_everything_public_has_a_docstring() -> None:
    missing = [f"{p.relative_to(ROOT)}: the module" for p in sources() if not ast.get_docstring(parsed(p))]
    for path in sources():
        for node in parsed(path).body:
            named = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            if named and not ast.get_docstring(node):
                missing.append(f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}")
    assert not missing, "\n".join(missing)


def test_files_name_no_machine() -> None:
    """No absolute path of somebody's machine, no host of a package registry."""
    folders = "|".join(("work", "root", "tmp", r"home/\w+", "opt/wheels", "Users"))
    hosts = "|".join(("pypi", "pythonhosted", "npmjs", "debian", "ubuntu", "pytorch", "anaconda"))
    pattern = re.compile(rf"(?<![\w.$}}~])/(?:{folders})/|https?://[\w.-]*(?:{hosts})\.(?:org|com|net)")
    assert pattern.search("see " + "/" + "root/x")
    wrong = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a binary file
        wrong += [
            f"{path.relative_to(ROOT)}:{i}: {line.strip()[:100]}"
            for i, line in enumerate(text.splitlines(), 1)
            if pattern.search(line)
        ]
    assert not wrong, "\n".join(wrong)

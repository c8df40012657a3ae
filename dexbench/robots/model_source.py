"""A stranger's MJCF or URDF file, compiled: its meshes found, its URDF linkages and speeds read beside MuJoCo.

MuJoCo's reader of URDF passes over speeds (and, before 4.0, `mimic`) and finds no packages; so the XML is read here
too, as data: no document type, no entities, files of bounded size.
"""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import mujoco

from dexbench.core.capped import read_capped
from dexbench.core.errors import DataError
from dexbench.robots.problems import Problems

LARGEST_MODEL = 4_000_000
LARGEST_MESH = 64_000_000
"""Files larger than this are refused [bytes]."""
MESHES = (".obj", ".stl", ".msh")
"""Formats that MuJoCo reads."""


@dataclass(frozen=True)
class Linkage:
    """angle of `joint` = multiplier * angle of `master` + offset, as a model says."""

    joint: str
    master: str
    multiplier: float
    offset: float


@dataclass(frozen=True)
class Source:
    """A compiled model, and what MuJoCo does not keep of its file."""

    path: Path
    text: str
    model: mujoco.MjModel
    linkages: tuple[Linkage, ...] = ()
    """Of a URDF."""
    speeds: Mapping[str, float] = field(default_factory=dict)
    """Of a URDF [rad/s] by joint."""
    efforts: Mapping[str, float] = field(default_factory=dict)
    """[N m]"""
    notes: tuple[str, ...] = ()
    """What was left out."""

    def where(self, tag: str, name: str) -> str:
        """Return "file:line" of an element, or the file alone where it comes from an included one."""
        for i, line in enumerate(self.text.splitlines(), 1):
            if f"<{tag}" in line and re.search(rf"name\s*=\s*[\"']{re.escape(name)}[\"']", line):
                return f"{self.path.name}:{i}"
        return self.path.name


def read_source(path: Path) -> Source:
    """Return the model in an MJCF or URDF file.

    Raises:
      DataError: naming the file, and every mesh that is missing.
    """
    text = read_capped(path, LARGEST_MODEL, "model").decode("utf-8", "replace")
    if re.search(r"<!(DOCTYPE|ENTITY)", text):
        raise DataError(f"{path.name}: declares a document type or entities; no model needs them, so they are refused")
    try:
        root = ElementTree.fromstring(text.encode())
    except ElementTree.ParseError as error:
        raise DataError(f"{path.name}:{error.position[0]}: no valid XML: {error}") from error
    if root.tag == "mujoco":
        return _mjcf(path, text)
    if root.tag == "robot":
        return _urdf(path, text, root)
    raise DataError(f"{path.name}: neither MJCF (<mujoco>) nor URDF (<robot>): the first element is <{root.tag}>")


def _mjcf(path: Path, text: str) -> Source:
    try:
        spec = mujoco.MjSpec.from_file(str(path))
    except (ValueError, mujoco.FatalError) as error:
        raise DataError(f"{path.name}: MuJoCo cannot read it: {error}") from error
    problems = Problems()
    for mesh in spec.meshes:
        if mesh.file:
            file = Path(mesh.file).name if spec.strippath else mesh.file
            if not (path.parent / spec.meshdir / file).is_file():
                where = Source(path, text, None).where("mesh", mesh.name)
                problems.add(f"{where}: mesh {mesh.name!r}: there is no file {file!r} in {path.parent / spec.meshdir}")
    problems.stop()
    for material in spec.materials:  # pictures on surfaces are not imported, so they need not be there
        material.textures = [""] * len(material.textures)
    for texture in list(spec.textures):
        spec.delete(texture)
    return Source(path, text, _compiled(spec, path))


def _urdf(path: Path, text: str, root: ElementTree.Element) -> Source:
    problems, assets, names, notes = Problems(), dict[str, bytes](), dict[tuple[str, str], str](), list[str]()
    compiler = root.find("mujoco/compiler")
    folders = [path.parent, path.parent / (compiler.get("meshdir", "") if compiler is not None else "")]
    for block in root.findall("mujoco"):
        root.remove(block)
    for link in root.findall("link"):
        for kind in ("visual", "collision"):
            for shape in link.findall(kind):
                mesh = shape.find("geometry/mesh")
                if mesh is None:
                    continue
                said = mesh.get("filename", "")
                what = f"link {link.get('name')!r}: {kind} mesh {said!r}"
                where = Source(path, text, None).where("link", link.get("name", ""))
                if Path(said).suffix.lower() not in MESHES:
                    if kind == "collision":
                        problems.add(f"{where}: {what}: convert it to one of {', '.join(MESHES)}")
                    notes.append(f"{what} is left out: not one of {', '.join(MESHES)}")
                    link.remove(shape)
                    continue
                found = _find(said, folders)
                if found is None:
                    problems.add(f"{where}: {what}: no such file, looked for in {path.parent} and above it")
                    continue
                key = str(found), mesh.get("scale", "")
                if key not in names:
                    names[key] = f"mesh_{len(names)}{found.suffix.lower()}"
                    with problems.noting():
                        assets[names[key]] = read_capped(found, LARGEST_MESH, "mesh")
                mesh.set("filename", names[key])
    problems.stop()
    block = ElementTree.Element("mujoco")
    flags = {"fusestatic": "false", "discardvisual": "false", "strippath": "false", "balanceinertia": "true"}
    ElementTree.SubElement(block, "compiler", {**flags, "boundmass": "1e-9", "boundinertia": "1e-12"})
    root.insert(0, block)
    try:
        spec = mujoco.MjSpec.from_string(ElementTree.tostring(root, encoding="unicode"), assets=assets)
    except (ValueError, mujoco.FatalError) as error:
        raise DataError(f"{path.name}: MuJoCo cannot read it: {error}") from error
    joints = {j.get("name", ""): j for j in root.findall("joint")}
    return Source(
        path,
        text,
        _compiled(spec, path),
        tuple(_mimic(name, joint, path) for name, joint in joints.items() if joint.find("mimic") is not None),
        _limits(joints, "velocity", path),
        _limits(joints, "effort", path),
        tuple(notes),
    )


def _compiled(spec: mujoco.MjSpec, path: Path) -> mujoco.MjModel:
    try:
        return spec.compile()
    except (ValueError, mujoco.FatalError) as error:
        raise DataError(f"{path.name}: MuJoCo cannot compile it: {' '.join(str(error).split())}") from error


def _find(said: str, folders: list[Path]) -> Path | None:
    """Return the file behind a URDF's name of a mesh: relative, file:// or package://, the package beside or above."""
    if said.startswith("package://"):
        rest = said.removeprefix("package://")
        inside = rest.partition("/")[2]
        above = [*folders[0].absolute().parents]
        tries = [folder / part for folder in (folders[0].absolute(), *above) for part in (rest, inside)]
    else:
        tries = [folder / said.removeprefix("file://") for folder in folders]
    return next((path for path in tries if path.is_file()), None)


def _number(element: ElementTree.Element, key: str, default: float, where: str) -> float:
    try:
        return float(element.get(key, default))
    except ValueError:
        raise DataError(f"{where}: {key} = {element.get(key)!r} is no number") from None


def _mimic(name: str, joint: ElementTree.Element, path: Path) -> Linkage:
    mimic = joint.find("mimic")
    assert mimic is not None
    where = f"{path.name}: mimic of joint {name!r}"
    return Linkage(
        name, mimic.get("joint", ""), _number(mimic, "multiplier", 1.0, where), _number(mimic, "offset", 0.0, where)
    )


def _limits(joints: Mapping[str, ElementTree.Element], key: str, path: Path) -> dict[str, float]:
    """Return a positive limit by joint, where there is one."""
    found = {}
    for name, joint in joints.items():
        limit = joint.find("limit")
        value = 0.0 if limit is None else _number(limit, key, 0.0, f"{path.name}: limit of joint {name!r}")
        if value > 0:
            found[name] = value
    return found

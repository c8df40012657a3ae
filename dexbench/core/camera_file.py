"""Reads cameras: devices from assets/cameras, and an embodiment's list of where it has them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf, radians
from pathlib import Path

import numpy as np

from dexbench.core.assets import asset_path
from dexbench.core.camera import (
    CameraDevice,
    CameraRow,
    DepthModel,
    Floats,
    Intrinsics,
    look_at,
    pinhole,
)
from dexbench.core.document import Node, read_document
from dexbench.core.equipment import Side
from dexbench.core.errors import UnknownName
from dexbench.core.rotations import matrix_quaternion, quaternion_matrix

CELL = "cell"
"""The mount of a camera that stands in the cell."""
CELL_CAMERAS = ("front", "side", "top")
"""Every cell has these; no rig may call its own so. dexbench.sim.furniture says where they stand."""
_ROW_FIELDS = (
    "name", "device", "mount", "xyz", "quat", "look_at", "up", "resolution", "intrinsics", "confidence", "why", "note",
    "sources",
)  # fmt: skip
_CONFIDENCE = ("exact", "derived", "estimated")
_LAWS = ("none", "stereo", "constant")

Pose = tuple[str, Floats, Floats]
"""Body (empty: the cell), position (3,) and rotation (3, 3) in its frame."""


def find_device(name: str) -> Path:
    """Return the file of a built-in device; raise UnknownName with those there are."""
    path = asset_path(f"cameras/{name}.yaml")
    if re.fullmatch(r"\w+", name) is None or not path.is_file():
        raise UnknownName("camera device", name, (p.stem for p in asset_path("cameras").glob("*.yaml")))
    return path


def load_device(path: Path) -> CameraDevice:
    """Return the device that a file describes; raise DataError naming file, field and line."""
    document = read_document(path)
    colour, depth = document["colour"], document["depth"]
    return CameraDevice(
        name=document.text("name"),
        colour=_nominal(colour),
        depth=_depth(depth),
        confidence=colour.one_of("confidence", _CONFIDENCE),
    )


def load_cameras(
    document: Node, sides: Mapping[str, Side], files: dict[str, Path], find: Callable[[str], Path] = find_device
) -> tuple[CameraRow, ...]:
    """Return the cameras that an embodiment lists, in its order.

    Args:
      document: the embodiment's.
      sides: its arms with hands, whose links and frames can carry cameras.
      files: the files of the devices are added to it.
      find: finds a device's file by name.

    Raises:
      DataError: naming file, field and line.
    """
    if not document.has("cameras"):
        return ()
    rows: dict[str, CameraRow] = {}
    for node in document["cameras"].items():
        row = _row(node, sides, rows, files, find)
        if row.name in rows or row.name in CELL_CAMERAS:
            raise node["name"].error(f"a camera {row.name!r} is there already")
        rows[row.name] = row
    return tuple(rows.values())


def _row(
    node: Node,
    sides: Mapping[str, Side],
    before: Mapping[str, CameraRow],
    files: dict[str, Path],
    find: Callable[[str], Path],
) -> CameraRow:
    _only(node, _ROW_FIELDS)
    name, wanted = node.text("name"), node.text("device")
    if re.fullmatch(r"\w+", name) is None:
        raise node["name"].error(f"a plain name is expected, not {name!r}")
    try:
        files[f"camera/{wanted}"] = path = find(wanted)
    except UnknownName as error:
        raise node["device"].error(str(error)) from error
    device = load_device(path)
    body, origin, turn = _mount(node["mount"], sides, before)
    position = np.array(node.vector("xyz", 3))
    orientation = _orientation(node, tuple(position))
    return CameraRow(
        name=name,
        device=device,
        body=body,
        position=tuple(float(v) for v in origin + turn @ position),
        quaternion=tuple(matrix_quaternion(turn @ orientation).tolist()),
        intrinsics=_stream(node, device),
        confidence=node.one_of("confidence", _CONFIDENCE),
    )


def _mount(node: Node, sides: Mapping[str, Side], before: Mapping[str, CameraRow]) -> Pose:
    """Return what carries a camera: the cell, a link, a frame on a link, or what carries an earlier camera."""
    name = str(node.value)
    if name == CELL:
        return "", np.zeros(3), np.eye(3)
    if name in before:
        row = before[name]
        return row.body, np.array(row.position), quaternion_matrix(row.quaternion)
    side, _, place = name.partition("/")
    if side in sides:
        parts = (sides[side].arm, sides[side].hand)
        if any(place in part.links for part in parts):
            return name, np.zeros(3), np.eye(3)
        for frame in (f for part in parts for f in part.frames if f.name == place):
            return f"{side}/{frame.link}", np.array(frame.xyz), _rpy_matrix(frame.rpy)
        known = sorted({*(k for part in parts for k in part.links), *(f.name for part in parts for f in part.frames)})
        raise node.error(f"{side} has no link or frame {place!r}; it has {', '.join(known)}")
    raise node.error(
        f"{name!r} is no mount: {CELL}, <side>/<link or frame> with side {' or '.join(sides)}, or a camera listed "
        f"before ({', '.join(before) or 'none'})"
    )


def _orientation(node: Node, position: tuple[float, ...]) -> Floats:
    if node.has("quat") == node.has("look_at"):
        raise node.error("one of quat and look_at is expected")
    if node.has("look_at"):
        try:
            return quaternion_matrix(
                look_at(position, node.vector("look_at", 3), node.vector("up", 3, (0.0, 0.0, 1.0)))
            )
        except ValueError as error:
            raise node["look_at"].error(str(error)) from error
    quaternion = node.vector("quat", 4)
    if abs(np.linalg.norm(quaternion) - 1.0) > 1e-4:
        raise node["quat"].error(f"has the length {np.linalg.norm(quaternion):.6f}; 1 is expected (w, x, y, z)")
    return quaternion_matrix(quaternion)


def _stream(node: Node, device: CameraDevice) -> Intrinsics:
    nominal = device.colour.resized(*_size(node)) if node.has("resolution") else device.colour
    if not node.has("intrinsics"):
        return nominal
    fx, fy, cx, cy = node.vector("intrinsics", 4)
    if min(fx, fy) <= 0 or not (0 <= cx < nominal.width and 0 <= cy < nominal.height):
        raise node["intrinsics"].error("fx, fy above zero and cx, cy inside the picture are expected [pixels]")
    return replace(nominal, fx=fx, fy=fy, cx=cx, cy=cy)


def _size(node: Node) -> tuple[int, int]:
    width, height = node.vector("resolution", 2)
    if min(width, height) < 1 or width != int(width) or height != int(height):
        raise node["resolution"].error("[width, height] in whole pixels is expected")
    return int(width), int(height)


def _nominal(node: Node) -> Intrinsics:
    horizontal, vertical = node.vector("fov_deg", 2)
    if not (0 < horizontal < 180 and 0 < vertical < 180):
        raise node["fov_deg"].error("[horizontal, vertical] between 0 and 180 degrees is expected")
    return pinhole(*_size(node), (radians(horizontal), radians(vertical)))


def _depth(node: Node) -> DepthModel:
    law = node.one_of("law", _LAWS)
    if law == "none":
        return DepthModel(law)
    node.one_of("confidence", _CONFIDENCE)
    near, far = node.interval("range")
    model = DepthModel(law, near, far if far < inf else inf, _nominal(node))
    noise = node["noise"]
    if law == "constant":
        return replace(model, deviation=_positive(noise, "deviation"))
    return replace(model, subpixel=_positive(noise, "subpixel"), baseline=_positive(noise, "baseline"))


def _positive(node: Node, key: str) -> float:
    value = node.number(key)
    if value <= 0:
        raise node[key].error(f"a number above zero is expected, not {value}")
    return value


def _only(node: Node, fields: tuple[str, ...]) -> None:
    """Refuse fields that nobody reads: they are spelling mistakes."""
    for field in node.mapping():
        if field not in fields:
            raise node.error(str(UnknownName("field", field, fields)))


def _rpy_matrix(rpy: tuple[float, ...]) -> Floats:
    """Return the rotation of fixed-axis roll, pitch, yaw [rad]."""
    (cr, cp, cy), (sr, sp, sy) = np.cos(rpy), np.sin(rpy)
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )

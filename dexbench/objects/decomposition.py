"""Convex decomposition by CoACD: in a process of its own, so that it can be stopped, and kept by hash."""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import io
import json
import multiprocessing
import signal
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from dexbench.core.errors import DataError, MissingExtra
from dexbench.core.shelf import home

from .closed_mesh import Mesh, volume
from .model import Array

CONVEX = 0.98
"""A mesh that fills this share of its convex hull is taken as convex: one hull, and no search."""
ALONE = 4
"""A hull that is alone may have so many times the corners, so that what is round stays so."""
KEPT = 1
"""Raised when what is kept would be made differently."""
LARGEST_KEPT = 4_000_000
"""Kept files larger than this are not read [bytes]."""


@dataclass(frozen=True)
class Effort:
    """How finely a mesh is cut, and how long for. Words and ranges are CoACD's."""

    hulls: int = 12
    """At most so many: what is near an object costs time for each; the richest of DexBench has 12 pieces."""
    corners: int = 32
    """Of a hull, at most."""
    threshold: float = 0.08
    """Concavity that is left, as a share of the mesh's size (0.01 to 1); larger is coarser and faster."""
    iterations: int = 40
    """Of the tree search, for each cut."""
    resolution: int = 1000
    """Points on the surface that measure concavity."""

    def __post_init__(self) -> None:
        bounds = {"hulls": (1, 64), "corners": (8, 256), "threshold": (0.01, 1), "iterations": (10, 2000)}
        for name, (low, high) in {**bounds, "resolution": (100, 10000)}.items():
            if not low <= getattr(self, name) <= high:
                raise DataError(f"{name} = {getattr(self, name)} lies outside [{low}, {high}]")


@dataclass(frozen=True)
class Hulls:
    """Convex bodies that together stand for a mesh."""

    corners: tuple[Array, ...]
    """(n, 3) of each [m]."""
    kept: bool
    """Whether they had been found before."""
    seconds: float
    """That the search took."""


def decompose(mesh: Mesh, effort: Effort, source: str, shown: Callable[[float], None] = lambda seconds: None) -> Hulls:
    """Return convex hulls of a closed mesh; the same ones, at once, when asked again.

    Args:
      mesh: closed, outwards [m].
      effort: how finely.
      source: hash of the file that it comes from.
      shown: called with the seconds since the beginning, about twice a second, while CoACD works.

    Raises:
      MissingExtra: CoACD is not installed.
      DataError: CoACD gave up.
    """
    whole = hull_of(mesh.vertices)
    if volume(mesh) >= CONVEX * whole[1]:
        return Hulls((_cornered(whole[0], ALONE * effort.corners),), False, 0.0)
    if importlib.util.find_spec("coacd") is None:
        raise MissingExtra("coacd", "meshes that are not convex", "pip install 'dexbench[objects]'")
    path = _place(mesh, effort, source)
    found = _kept(path)
    if found is not None:
        return Hulls(found, True, 0.0)
    began = time.monotonic()
    hulls = _searched(mesh, effort, shown)
    corners = tuple(_cornered(hull, effort.corners) for hull in hulls)
    _keep(path, corners)
    return Hulls(corners, False, time.monotonic() - began)


def hull_of(points: Array) -> tuple[Array, float]:
    """Return the corners of the convex hull of points (n, 3) [m], and its volume [m^3]."""
    from scipy.spatial import ConvexHull, QhullError

    try:
        hull = ConvexHull(points)
    except (QhullError, ValueError) as error:
        raise DataError("the mesh is flat: it encloses nothing") from error
    return points[np.sort(hull.vertices)], float(hull.volume)


def _cornered(points: Array, most: int) -> Array:
    """Return at most `most` corners of the hull of points: those that stick out in directions spread over a sphere."""
    points = hull_of(points)[0]
    count = most
    while len(points) > most:
        step = np.arange(count) + 0.5
        polar, turn = np.arccos(1 - 2 * step / count), np.pi * (1 + 5**0.5) * step
        out = np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], axis=1)
        points = points[np.unique(np.argmax(points @ out.T, axis=0))]
    return points


def _place(mesh: Mesh, effort: Effort, source: str) -> Path:
    """Return where hulls are kept: under the hash of the file, what was done to it, the effort and CoACD's version."""
    said = {"source": source, "kept": KEPT, "coacd": importlib.metadata.version("coacd"), **asdict(effort)}
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    digest.update(np.round(mesh.vertices, 9).tobytes())
    digest.update(mesh.faces.tobytes())
    return home() / "cache" / "hulls" / f"{digest.hexdigest()[:32]}.npz"


def _kept(path: Path) -> tuple[Array, ...] | None:
    """Return what is kept at `path`; None if nothing is, or it cannot be read (it is then made again)."""
    with contextlib.suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        if path.stat().st_size <= LARGEST_KEPT:
            with np.load(path, allow_pickle=False) as file:
                corners, counts = file["corners"], file["counts"]
            if corners.shape == (counts.sum(), 3) and np.isfinite(corners).all():
                return tuple(np.split(corners, np.cumsum(counts)[:-1]))
    return None


def _keep(path: Path, corners: tuple[Array, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    np.savez_compressed(content, corners=np.concatenate(corners), counts=np.array([len(c) for c in corners]))
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix="_", delete=False) as half:
        half.write(content.getvalue())
    Path(half.name).replace(path)


def _searched(mesh: Mesh, effort: Effort, shown: Callable[[float], None]) -> list[Array]:
    """Run CoACD in a process of its own: in this one, Ctrl-C would be heard only when it has ended."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, mesh.vertices, mesh.faces, asdict(effort)), daemon=True)
    process.start()
    theirs.close()
    began = time.monotonic()
    try:
        while not ours.poll(0.5):
            shown(time.monotonic() - began)
        hulls: list[Array] = ours.recv()
    except EOFError:
        process.join()
        raise DataError(f"CoACD ended without a result (exit status {process.exitcode}): thin the mesh") from None
    finally:
        process.kill()
        process.join()
    if not hulls:
        raise DataError("CoACD found no hulls in this mesh: thin it")
    return hulls


def _work(answer: Connection, vertices: Array, faces: Any, effort: dict[str, Any]) -> None:
    """Send the corners of the hulls through `answer`; runs in the process of its own."""
    import coacd

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever waits for the answer ends this process
    coacd.set_log_level("error")
    found = coacd.run_coacd(
        coacd.Mesh(vertices, faces),
        threshold=effort["threshold"],
        max_convex_hull=effort["hulls"],
        resolution=effort["resolution"],
        mcts_iterations=effort["iterations"],
        mcts_nodes=10,
        decimate=True,
        max_ch_vertex=effort["corners"],
        seed=0,
    )
    answer.send([np.array(corners) for corners, _ in found])

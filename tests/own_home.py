"""A user's folder with two objects of his own in it: meshes made here."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dexbench.cli.main import main
from dexbench.objects import catalogue

WHY = "meshes of one's own are an extra: pip install 'dexbench[objects]'"
trimesh = pytest.importorskip("trimesh", reason=WHY)
pytest.importorskip("coacd", reason=WHY)

ELL = [[0, 0], [0.10, 0], [0.10, 0.03], [0.03, 0.03], [0.03, 0.10], [0, 0.10]]
"""Outline of an L [m]; 153 cm^3 with its thickness of 3 cm."""


def ell() -> "trimesh.Trimesh":
    """Return a thick L, lying: the smallest mesh that is not convex."""
    low = np.column_stack([ELL, np.zeros(6)])
    cap = [(0, 1, 2), (0, 2, 3), (0, 3, 4), (0, 4, 5)]
    faces = [(a, c, b) for a, b, c in cap] + [(a + 6, b + 6, c + 6) for a, b, c in cap]
    for i in range(6):
        j = (i + 1) % 6
        faces += [(i, j, j + 6), (i, j + 6, i + 6)]
    return trimesh.Trimesh(np.concatenate([low, low + np.array([0, 0, 0.03])]), faces, process=False)


def saved(folder: Path, mesh: "trimesh.Trimesh", name: str = "mesh.obj") -> str:
    mesh.export(folder / name)
    return str(folder / name)


def add(path: str, name: str, *more: str, mass: float = 0.12) -> int:
    return main(["object", "add", path, "--name", name, "--mass", str(mass), *more])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a user's folder with an L of two hulls and a ball of one in it."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEXBENCH_HOME", str(folder))
        catalogue.refresh()
        path = saved(folder, ell(), "ell.obj")
        assert add(path, "my_ell", "--threshold", "0.3", "--noun", "bracket", "--colour", "red") == 0
        ball = saved(folder, trimesh.creation.icosphere(subdivisions=3, radius=30), "ball.stl")
        assert add(ball, "my_ball", "--unit", "mm", "--lay", "--split", "seen") == 0
        yield folder
    catalogue.refresh()


@pytest.fixture
def bench(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return an empty folder of a user to spoil."""
    monkeypatch.setenv("DEXBENCH_HOME", str(tmp_path / "home"))
    catalogue.refresh()
    yield tmp_path
    monkeypatch.setenv("DEXBENCH_HOME", str(home))
    catalogue.refresh()

"""Whether a mesh has the size, the weight and the stand of something that a hand can take."""

import numpy as np

from dexbench.core.errors import DataError

from .closed_mesh import Mesh
from .model import Array

UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254}
"""Metres for each."""
UPRIGHT: dict[str, Array] = {
    "z": np.eye(3),
    "-z": np.diag([1.0, -1.0, -1.0]),
    "y": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "-y": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "x": np.array([[0, 0, -1.0], [0, 1, 0], [1, 0, 0]]),
    "-x": np.array([[0, 0, 1.0], [0, 1, 0], [-1, 0, 0]]),
}
"""Rotations that bring an axis of the file to +z."""

SMALLEST, LONGEST = 0.005, 1.0
"""Longest side of an object [m]: a grain below, furniture above."""
USUAL = (0.02, 0.4)
"""Longest side of what hands mostly take [m]; a unit that brings a mesh here is proposed."""
TOO_WIDE, WIDE = 0.165, 0.10
"""Narrowest width [m] beyond which no hand closes around it, and beyond which some do not. Measured as the widest
distance between the pads of thumb and opposed fingers, 10 mm of room off, in 4000 shapes of each hand: Shadow 0.167 m,
ByteDexter 0.112 m, Psibot 0.102 m."""
EMPTY = 1e-10
"""Volume below which a mesh is flat [m^3]: a tenth of a cubic millimetre."""
HEAVIEST, LIGHTEST = 23_000.0, 5.0
"""Densities [kg/m^3]: above that of osmium, 22 590, nothing is; foams weigh 10 and more."""


def check_size(mesh: Mesh, scale: float, name: str, large: bool) -> list[str]:
    """Return remarks on the size of a mesh in its file's unit, `scale` metres each.

    Raises:
      DataError: it cannot be what is meant; names the option that mends it.
    """
    longest = float(np.ptp(mesh.vertices, axis=0).max())
    size = " x ".join(
        f"{1000 * scale * side:.{0 if scale * longest > 0.01 else 3}f}" for side in np.ptp(mesh.vertices, axis=0)
    )
    if not SMALLEST <= scale * longest <= LONGEST:
        fit = [unit for unit, metres in UNITS.items() if USUAL[0] <= metres * longest <= USUAL[1]]
        # millimetres are what CAD writes; of several that fit they are the likeliest
        unit = "mm" if "mm" in fit else (fit or [""])[0]
        mend = (
            f"if it is in {unit}, say so with --unit {unit} in the same command"
            if unit
            else f"give --scale {0.1 / longest:.2g} for a length of 10 cm"
        )
        what = "large" if scale * longest > LONGEST else "small"
        raise DataError(f"mesh {name!r} would be {size} mm, too {what} for an object on a table: {mend}")
    width = scale * narrowest(mesh)
    if width > TOO_WIDE and not large:
        raise DataError(
            f"mesh {name!r} would be {size} mm, and nowhere narrower than {1000 * width:.0f} mm: too large for a hand "
            f"(at most {1000 * TOO_WIDE:.0f} mm). Make it smaller by --scale, or add --large to take it with two hands"
        )
    if width > WIDE:
        return [
            f"nowhere narrower than {1000 * width:.0f} mm: wider than {1000 * WIDE:.0f} mm, which not every hand takes"
        ]
    return []


def check_density(enclosed: float, mass: float) -> list[str]:
    """Return remarks on a mass [kg] in a volume [m^3]; raise DataError if nothing is so heavy."""
    if enclosed < EMPTY:
        raise DataError(f"the mesh encloses {1e9 * max(enclosed, 0):.3g} mm^3: it is flat, or its faces cancel")
    density = mass / enclosed
    if density > HEAVIEST:
        raise DataError(
            f"{mass:g} kg in {1e6 * enclosed:.3g} cm^3 make {density:.3g} kg/m^3, and nothing is denser than "
            f"{HEAVIEST:.0f}: mend --mass [kg], or the unit of the mesh (--unit, --scale)"
        )
    if density < LIGHTEST:
        return [f"{mass:g} kg in {1e6 * enclosed:.3g} cm^3 is lighter than foam: are mass and unit right?"]
    return []


def narrowest(mesh: Mesh) -> float:
    """Return the smallest distance between two parallel planes with the mesh between, one of them on a face."""
    from scipy.spatial import ConvexHull

    hull = ConvexHull(mesh.vertices, qhull_options="QJ")
    normals = np.unique(np.round(hull.equations[:, :3], 3), axis=0)
    corners = mesh.vertices[hull.vertices]
    return float(min(np.ptp(corners @ normal) for normal in normals))


def most_stable_side(corners: Array, center: Array) -> Array:
    """Return the rotation (3, 3) that lays a body on the side of its hull from which it is hardest to tip over.

    Args:
      corners: (n, 3) of what touches the table [m].
      center: (3,) of mass [m].
    """
    from scipy.spatial import ConvexHull

    hull = ConvexHull(corners)
    corners = corners[hull.vertices]
    best, down = -np.inf, np.array([0.0, 0.0, -1.0])
    for plane in np.unique(np.round(hull.equations, 4), axis=0):  # triangles of one flat side have one plane
        normal = plane[:3] / np.linalg.norm(plane[:3])
        height = -float(plane[3]) - float(center @ normal)
        ground = corners[corners @ normal > (corners @ normal).max() - 1e-4 * np.ptp(corners)]
        steady = _inside(ground, center, normal) / max(height, 1e-9)
        if steady > best:
            best, down = steady, normal
    return _downwards(down)


def _inside(ground: Array, center: Array, normal: Array) -> float:
    """Return how far the foot of `center` lies inside the polygon of points in the plane with that normal [m]."""
    from scipy.spatial import ConvexHull, QhullError

    along = np.linalg.svd(normal[None])[2][1:]
    try:
        rim = ConvexHull((ground - center) @ along.T)
    except (QhullError, ValueError):
        return -np.inf  # a corner or an edge
    return float(-rim.equations[:, 2].max())


def _downwards(normal: Array) -> Array:
    """Return the shortest rotation (3, 3) from a unit vector to -z."""
    down = np.array([0.0, 0.0, -1.0])
    cross, cosine = np.cross(normal, down), float(normal @ down)
    if cosine < -1 + 1e-9:
        return np.diag([1.0, -1.0, -1.0])
    skew = np.array([[0, -cross[2], cross[1]], [cross[2], 0, -cross[0]], [-cross[1], cross[0], 0]])
    return np.asarray(np.eye(3) + skew + skew @ skew / (1 + cosine))

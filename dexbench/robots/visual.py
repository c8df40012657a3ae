"""What a robot looks like: one mesh a link, coloured by a palette texture, so that looks cost little in every step."""

from collections.abc import Mapping, Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from dexbench.core.embodiment import rpy_to_quaternion
from dexbench.core.mechanism import Mechanism, ShapeRow, Vector

VISUAL_GROUP = 2

SEGMENTS = 20
"""Corners of a section. Software rendering pays for every triangle; 20 look round at 1.5 m."""

_SWATCH = 8
"""Edge of one colour in the palette [pixels]; neighbours must not bleed in when the texture is scaled down."""

Mesh = tuple[NDArray[np.float64], NDArray[np.int32]]


def add_visuals(spec: mujoco.MjSpec, bodies: Mapping[str, mujoco.MjsBody], mechanism: Mechanism, side: str) -> None:
    """Add to `bodies` (by link name) one textured mesh each, without collision and mass."""
    prefix = f"{side}/{mechanism.name}"
    _add_palette(spec, prefix, mechanism.materials)
    colours = list(mechanism.materials)
    for link, body in bodies.items():
        shapes = [s for s in mechanism.visual if s.link == link]
        if not shapes:
            continue
        vertices, faces, swatches = [], [], []
        count = 0
        for shape in shapes:
            points, triangles = shape_mesh(shape)
            vertices.append(points)
            faces.append(triangles + count)
            swatches.append(np.full(len(points), colours.index(shape.material)))
            count += len(points)
        u = (np.concatenate(swatches) + 0.5) / len(colours)
        triangles = np.concatenate(faces)
        mesh = spec.add_mesh(
            name=f"{prefix}/{link}",
            uservert=np.concatenate(vertices).ravel(),
            userface=triangles.ravel(),
            usertexcoord=np.column_stack([u, np.full(count, 0.5)]).ravel(),
            userfacetexcoord=triangles.ravel(),
        )
        if any(s.mesh for s in shapes):
            mesh.inertia = mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL  # a stranger's surface need not be closed
        body.add_geom(
            type=mujoco.mjtGeom.mjGEOM_MESH,
            meshname=mesh.name,
            material=f"{prefix}/palette",
            group=VISUAL_GROUP,
            contype=0,
            conaffinity=0,
            mass=0,
        )


def _add_palette(spec: mujoco.MjSpec, prefix: str, materials: Mapping[str, Vector]) -> None:
    colours = np.array([colour[:3] for colour in materials.values()])
    row = np.repeat((255 * colours).round().astype(np.uint8), _SWATCH, axis=0)
    texture = spec.add_texture(
        name=f"{prefix}/palette",
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        width=len(row),
        height=_SWATCH,
        nchannel=3,
        data=np.tile(row.ravel(), _SWATCH).tolist(),
    )
    material = spec.add_material(name=f"{prefix}/palette", specular=0.3, shininess=0.4)
    material.textures[int(mujoco.mjtTextureRole.mjTEXROLE_RGB)] = texture.name


def shape_mesh(shape: ShapeRow) -> Mesh:
    """Return the triangles of `shape` in its link's frame."""
    if shape.mesh is not None:
        vertices, faces = shape.mesh.vertices, shape.mesh.faces
    else:
        vertices, faces = loft_mesh(shape.sections or _sections(shape))
    rotation = np.empty(9)
    mujoco.mju_quat2Mat(rotation, np.array(rpy_to_quaternion(shape.rpy)))
    return vertices @ rotation.reshape(3, 3).T + shape.xyz, faces


def _sections(shape: ShapeRow) -> list[Vector]:
    """Return the loft sections of a cylinder, sphere, capsule, ellipsoid or box."""
    size = shape.size
    if shape.kind == "cylinder":
        return [(z, size[0], size[0], 2, 0, 0) for z in (-size[1], size[1])]
    if shape.kind == "box":
        return [(z, size[0], size[1], 30, 0, 0) for z in (-size[2], size[2])]
    radii = size if shape.kind == "ellipsoid" else (size[0],) * 3
    straight = size[1] if shape.kind == "capsule" else 0.0
    polar = np.radians([175, 150, 120, 90, 90, 60, 30, 5])
    ends = np.repeat([-straight, straight], 4)
    return [
        (float(end + radii[2] * np.cos(a)), float(radii[0] * np.sin(a)), float(radii[1] * np.sin(a)), 2, 0, 0)
        for a, end in zip(polar, ends, strict=True)
    ]


def loft_mesh(sections: Sequence[Vector]) -> Mesh:
    """Return vertices (n, 3) [m] and triangles (m, 3), counter-clockwise from outside, of a skin with flat ends.

    Args:
      sections: rising in z, each [z, half x, half y, exponent, centre x, centre y]; the outline of a section is
        |x / half x|^exponent + |y / half y|^exponent = 1, so 2 is an ellipse and 4 a rounded rectangle.
    """
    angle = np.linspace(0, 2 * np.pi, SEGMENTS, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    rings = []
    for z, half_x, half_y, exponent, centre_x, centre_y in sections:
        # Corners at even angles of the outline: the radius along each direction solves the equation above.
        radius = (np.abs(cos / half_x) ** exponent + np.abs(sin / half_y) ** exponent) ** (-1 / exponent)
        rings.append(np.column_stack([centre_x + radius * cos, centre_y + radius * sin, np.full(SEGMENTS, z)]))
    ends = [[s[4], s[5], s[0]] for s in (sections[0], sections[-1])]
    vertices = np.concatenate([*rings, ends])
    here = np.arange(SEGMENTS)
    following = np.roll(here, -1)
    faces = []
    for k in range(len(sections) - 1):
        low, high = k * SEGMENTS, (k + 1) * SEGMENTS
        faces.append(np.column_stack([low + here, low + following, high + following]))
        faces.append(np.column_stack([low + here, high + following, high + here]))
    bottom, top = len(vertices) - 2, len(vertices) - 1
    last = (len(sections) - 1) * SEGMENTS
    faces.append(np.column_stack([np.full(SEGMENTS, bottom), following, here]))
    faces.append(np.column_stack([np.full(SEGMENTS, top), last + here, last + following]))
    return vertices, np.concatenate(faces).astype(np.int32)

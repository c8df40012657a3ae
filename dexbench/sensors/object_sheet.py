"""A picture of many objects: each as it rests on a table, or as the pieces that it collides with, coloured by part."""

from collections.abc import Sequence

import mujoco
import mujoco.batch
import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.objects.body import GEOM_TYPES, VISUAL_GROUP, add_mesh, add_picture
from dexbench.objects.catalogue import families, instances, load_object
from dexbench.objects.model import ObjectModel

from .aim import aim
from .cameras import make_camera
from .sheet import labelled

SIZE = 176
"""Side of each picture [pixels]."""
GAP = 3
"""Between two pictures [pixels]."""
FOV = 26.0
"""Vertical field of view [deg]."""
VIEW = (0.72, 0.62, 0.72)
"""Where the camera stands, as a direction in the object's frame."""
PART_COLORS = ((0.87, 0.78, 0.60), (0.25, 0.47, 0.72), (0.80, 0.33, 0.24), (0.35, 0.62, 0.36))
"""Of the first, second, third and fourth part."""
_PAPER = (24, 27, 31)
_AWAY = (0.0, 0.0, -50.0)


def everything(count: int) -> tuple[str, ...]:
    """Return `count` names, sorted: the first of each family, then the second of some spread over all, and so on."""
    columns = [instances(family) for family in families()]
    names: list[str] = []
    for k in range(max(map(len, columns))):
        row = [column[k] for column in columns if k < len(column)]
        left = min(count - len(names), len(row))
        names += [row[i * len(row) // left] for i in range(left)]
    return tuple(sorted(names))


def object_sheet(
    names: Sequence[str],
    columns: int = 10,
    *,
    parts: bool = False,
    view: Sequence[float] = VIEW,
    size: int = SIZE,
    backend: str = "auto",
) -> Array:
    """Return one picture of each object, row by row, (h, w, 3) uint8.

    Args:
      names: of the objects, at least one.
      columns: pictures in a row, at most.
      parts: show the pieces that collide, each in the colour of its part, instead of the surface.
      view: direction from an object to the camera in its frame; how far it stands goes with the object's size.
      size: side of each picture [pixels].
      backend: see make_camera.
    """
    if not names:
        raise DataError("a sheet needs at least one object; names: dexbench object list")
    models = [load_object(name) for name in names]
    model = _studio(models, parts).compile()
    batch = mujoco.batch.Batch(model, 1, 1)
    places, turns = batch.bind("mocap_pos"), batch.bind("mocap_quat")
    slots = [int(model.body(f"object_{k}").mocapid[0]) for k in range(len(models))]
    eye_slot = int(model.body("eye").mocapid[0])
    columns = min(columns, len(models))
    rows = -(-len(models) // columns)
    sheet = np.empty((rows * (size + GAP) - GAP, columns * (size + GAP) - GAP, 3), np.uint8)
    sheet[:] = _PAPER
    eye = make_camera(model, size, size, backend, shadows=True, smooth=True)
    try:
        for k, thing in enumerate(models):
            places[0, slots[k]] = (0.0, 0.0, thing.rest[0].height)
            _aim(places[0], turns[0], eye_slot, thing, np.asarray(view, float))
            picture = labelled(eye.rgb(batch, 0, "eye"), thing.phrase)
            places[0, slots[k]] = _AWAY
            row, column = divmod(k, columns)
            top, left = row * (size + GAP), column * (size + GAP)
            sheet[top : top + size, left : left + size] = picture
    finally:
        eye.close()
    return sheet


def _studio(models: Sequence[ObjectModel], parts: bool) -> mujoco.MjSpec:
    """A table, a lamp, a camera, and every object far away."""
    spec = mujoco.MjSpec()
    spec.stat.extent = 0.4
    spec.stat.center = (0.0, 0.0, 0.05)
    spec.visual.map.znear, spec.visual.map.zfar = 0.02, 200.0
    spec.visual.headlight.ambient = [0.34, 0.34, 0.36]
    spec.visual.headlight.diffuse = [0.22, 0.22, 0.22]
    spec.visual.headlight.specular = [0.05, 0.05, 0.05]
    spec.add_texture(
        name="sky", type=mujoco.mjtTexture.mjTEXTURE_SKYBOX, builtin=mujoco.mjtBuiltin.mjBUILTIN_FLAT,
        rgb1=[0.86, 0.85, 0.82], rgb2=[0.86, 0.85, 0.82], width=16, height=96,
    )  # fmt: skip
    spec.worldbody.add_light(
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, pos=[0.3, 0.2, 1.0], dir=[-0.35, -0.25, -1.0],
        diffuse=[0.55, 0.54, 0.52], specular=[0.12, 0.12, 0.12], castshadow=True,
    )  # fmt: skip
    spec.worldbody.add_geom(
        type=mujoco.mjtGeom.mjGEOM_PLANE, size=[4, 4, 0.1], rgba=[0.80, 0.78, 0.74, 1], contype=0, conaffinity=0
    )
    eye = spec.worldbody.add_body(name="eye", mocap=True)
    eye.add_camera(name="eye", fovy=FOV)
    for k, thing in enumerate(models):
        body = spec.worldbody.add_body(name=f"object_{k}", mocap=True, pos=_AWAY, quat=thing.rest[0].quaternion)
        if not parts or any(piece.vertices is not None for piece in thing.pieces):
            add_mesh(spec, thing, f"mesh_{k}")
            add_picture(body, thing, f"mesh_{k}", f"picture_{k}")
            continue
        for piece in thing.pieces:
            body.add_geom(
                type=GEOM_TYPES[piece.shape], size=piece.size, pos=piece.position, quat=piece.quaternion,
                rgba=[*PART_COLORS[piece.part % len(PART_COLORS)], 1], contype=0, conaffinity=0, group=VISUAL_GROUP,
            )  # fmt: skip
    return spec


def _aim(places: Array, turns: Array, slot: int, thing: ObjectModel, view: Array) -> None:
    """Put the camera where the object's surface fills the picture."""
    turn = np.empty(9)
    mujoco.mju_quat2Mat(turn, np.asarray(thing.rest[0].quaternion, float))
    points = thing.vertices @ turn.reshape(3, 3).T + (0, 0, thing.rest[0].height)
    middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
    radius = float(np.linalg.norm(points - middle, axis=1).max())
    back = view / np.linalg.norm(view)
    places[slot] = middle + back * 1.15 * radius / np.sin(np.radians(FOV / 2))
    turns[slot] = aim(places[slot], middle)

"""The pool: one compiled model whose object slots take on any object, size, mass and friction without compiling.

A slot is a free body with as many general-purpose collision geoms as the richest object of the pool has pieces, and
one geom for its picture. What a slot must hold to be an object is read from a specimen model that MuJoCo compiled, and
is then written into the fields of one world of a batch. Unused geoms collide with nothing; an empty slot is parked.

After writing, call `batch.set_const(ids)`: it derives bounds, masks, bounding volumes and inverse weights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from dexbench.core.errors import DataError, UnknownName

from .body import COLLISION_GROUP, PRIORITY, SOLREF, add_hulls, add_mesh, add_picture, add_pieces
from .catalogue import load_object
from .model import ObjectModel
from .slots import PoolLayout as PoolLayout

PICTURE_SCALES = (0.9, 1.0, 1.1)
"""Sizes in which meshes are compiled in: meshes cannot be scaled afterwards, so a scaled object shows the nearest."""

GEOM_FIELDS = (
    "geom_type", "geom_dataid", "geom_contype", "geom_conaffinity", "geom_condim", "geom_size", "geom_aabb",
    "geom_pos", "geom_quat", "geom_friction", "geom_rgba",
)  # fmt: skip
BODY_FIELDS = ("body_mass", "body_inertia", "body_ipos", "body_iquat", "body_gravcomp")
FIELDS = GEOM_FIELDS + BODY_FIELDS
"""Model fields that a slot consists of. set_const derives everything else, but for the bounds of meshes (geom_aabb)."""

BOUND = "geom_rbound"
"""Bounding radii: a batch derives them, but a plain model keeps for a mesh that of what was in the slot before."""

_RESERVED = 1 << 30
_PICTURE_FIELDS = ("geom_size", "geom_aabb", "geom_pos", "geom_quat")
_LENGTHS = {"geom_size": 1, "geom_aabb": 1, "geom_pos": 1, "body_ipos": 1, "body_inertia": 2}
"""Fields that grow with the scale, and their power of it."""


def add_slots(
    spec: mujoco.MjSpec,
    names: Sequence[str],
    slots: int,
    prefix: str = "object",
    picture_scales: Sequence[float] = PICTURE_SCALES,
) -> PoolLayout:
    """Add empty, parked slots and the meshes of the pool to a model under construction.

    Args:
      spec: the model; bodies are added to its world.
      names: objects that a slot can take on.
      slots: how many objects can be present at once.
      prefix: of all names.
      picture_scales: sizes in which the meshes are compiled in; (1.0,) if no object is ever scaled, () if nothing is
        ever looked at: hundreds of meshes take seconds to compile.
    """
    models = {name: load_object(name) for name in names}
    layout = PoolLayout(prefix, tuple(names), slots, max(len(m.pieces) for m in models.values()), tuple(picture_scales))
    for name, model in models.items():
        for index, scale in enumerate(layout.picture_scales):
            add_mesh(spec, model, layout.mesh(name, index), scale)
    # In a batch, a mesh geom keeps the bounding radius that it was compiled with: begin with the largest picture.
    largest = max(models.values(), key=lambda model: float(np.linalg.norm(np.ptp(model.vertices, axis=0))))
    convex = {
        layout.hull(m.name, p): (p, q) for m in models.values() for p, q in enumerate(m.pieces) if q.shape == "convex"
    }
    # likewise the hulls: of each piece of a slot, the largest that any object has there
    hulls = {convex[hull][0]: hull for hull in add_hulls(spec, {hull: piece for hull, (_, piece) in convex.items()})}
    for slot in range(slots):
        parked = layout.parked(slot)
        body = spec.worldbody.add_body(name=layout.body(slot), pos=parked[:3], quat=parked[3:])
        body.add_freejoint(name=layout.body(slot))
        # compiled as the general case: an inertial frame of its own, weightless when empty
        body.simple = False
        body.gravcomp = 1.0
        body.explicitinertial = True
        body.mass, body.ipos, body.inertia = 0.1, (0.0, 0.0, 0.05), (1e-4, 1e-4, 1e-4)
        for piece in range(layout.pieces):
            # of a collision type that nothing else has: the compiler gives the body's bounding volumes a leaf for
            # each geom that may collide, and yet a slot that was never written touches nothing
            shape = {"type": mujoco.mjtGeom.mjGEOM_SPHERE, "size": (1e-3, 0, 0)}
            if piece in hulls:
                shape = {"type": mujoco.mjtGeom.mjGEOM_MESH, "meshname": hulls[piece]}
            body.add_geom(
                name=layout.piece(slot, piece),
                **shape,
                pos=(0.0, 0.0, 0.02 * piece),
                density=0.0,
                contype=_RESERVED,
                conaffinity=0,
                group=COLLISION_GROUP,
                solref=SOLREF,
                priority=PRIORITY,
                rgba=(0.0, 0.0, 0.0, 0.0),
            )
        if layout.picture_scales:
            mesh = layout.mesh(largest.name, int(np.argmax(layout.picture_scales)))
            picture = add_picture(body, largest, mesh, layout.visual(slot))
            picture.rgba = (0.0, 0.0, 0.0, 0.0)
    return layout


def fields_of(model: mujoco.MjModel) -> dict[str, NDArray[Any]]:
    """Return what `PoolTables.write` writes to, of a model by itself; call `mujoco.mj_setConst` afterwards."""
    return {name: getattr(model, name)[None] for name in (*FIELDS, BOUND)}


@dataclass(frozen=True)
class _Row:
    """What a slot holds to be one object at scale 1: each field's value for its geoms or its body."""

    values: Mapping[str, NDArray[Any]]
    pictures: Mapping[str, NDArray[Any]]
    """(picture scales, ...): mesh id, size, bounds, position and quaternion of the picture."""
    rigid: bool = False
    """Whether it has convex pieces: their meshes cannot be scaled."""


class PoolTables:
    """The values of all fields for each object of a pool, and where they go in one compiled model.

    Args:
      layout: as `add_slots` returned it.
      model: compiled from the spec that has the slots.
    """

    def __init__(self, layout: PoolLayout, model: mujoco.MjModel) -> None:
        self.layout = layout
        slots = range(layout.slots)
        self.bodies = np.array([model.body(layout.body(slot)).id for slot in slots])
        """(slots,) body ids."""
        self.pieces = np.array([[model.geom(layout.piece(slot, p)).id for p in range(layout.pieces)] for slot in slots])
        """(slots, pieces) geom ids."""
        self._shown = bool(layout.picture_scales)
        visuals = [model.geom(layout.visual(slot)).id for slot in slots] if self._shown else []
        self.visuals = np.array(visuals, np.int64)
        """(slots,) geom ids; none in a pool without pictures."""
        self.qpos = np.array([model.joint(layout.body(slot)).qposadr[0] for slot in slots])[:, None] + np.arange(7)
        """(slots, 7) indices of position and quaternion in qpos."""
        self.dofs = np.array([model.joint(layout.body(slot)).dofadr[0] for slot in slots])[:, None] + np.arange(6)
        """(slots, 6) indices of the velocities in qvel."""
        self._geoms = np.concatenate([self.pieces, self.visuals.reshape(-1, 1)], axis=1) if self._shown else self.pieces
        self._first = [int(ids[0]) for ids in self._geoms]
        if any((np.diff(ids) != 1).any() for ids in self._geoms):
            raise ValueError("the geoms of a slot must have consecutive ids; add nothing else to its body")
        self.model = model
        self._rows = self._specimen()

    def _specimen(self) -> dict[str | None, _Row]:
        """Compile every object once as a body of its own, and read off what a slot must hold."""
        spec = mujoco.MjSpec()
        layout = self.layout
        models = {name: load_object(name) for name in layout.names}
        scales = range(len(layout.picture_scales))
        for name, model in models.items():
            body = spec.worldbody.add_body(name=name)
            body.add_freejoint()
            add_pieces(spec, body, model, [f"{name}/{p}" for p in range(len(model.pieces))])
            for k in scales:
                add_mesh(spec, model, layout.mesh(name, k), layout.picture_scales[k])
                add_picture(body, model, layout.mesh(name, k), f"{name}/picture_{k}")
        specimen = spec.compile()
        return {
            None: self._empty(),
            **{name: self._row(specimen, name, model) for name, model in models.items()},
        }

    def _empty(self) -> _Row:
        """An empty slot: nothing collides, nothing is seen, nothing falls."""
        count = self.layout.pieces + self._shown
        values: dict[str, NDArray[Any]] = {
            "geom_type": np.full(count, int(mujoco.mjtGeom.mjGEOM_SPHERE), np.int32),
            "geom_dataid": np.full(count, -1, np.int32),
            "geom_contype": np.zeros(count, np.int32),
            "geom_conaffinity": np.zeros(count, np.int32),
            "geom_condim": np.full(count, 3, np.int32),
            "geom_size": np.tile([1e-3, 0.0, 0.0], (count, 1)),
            "geom_aabb": np.tile([0.0, 0.0, 0.0, 1e-3, 1e-3, 1e-3], (count, 1)),
            "geom_pos": np.tile([0.0, 0.0, 0.02], (count, 1)),
            "geom_quat": np.tile([1.0, 0.0, 0.0, 0.0], (count, 1)),
            "geom_friction": np.tile([1.0, 0.005, 0.0001], (count, 1)),
            "geom_rgba": np.zeros((count, 4), np.float32),
            BOUND: np.full(count, 1e-3),
            "body_mass": np.array(0.1),
            "body_inertia": np.full(3, 1e-4),
            "body_ipos": np.array([0.0, 0.0, 0.05]),
            "body_iquat": np.array([1.0, 0.0, 0.0, 0.0]),
            "body_gravcomp": np.array(1.0),
        }
        return _Row(values, {})

    def _row(self, specimen: mujoco.MjModel, name: str, model: ObjectModel) -> _Row:
        """Read one object from the specimen model; its unused geoms stay as in an empty slot."""
        used = len(model.pieces)
        convex = [p for p, piece in enumerate(model.pieces) if piece.shape == "convex"]
        values = {key: value.copy() for key, value in self._empty().values.items()}
        body = specimen.body(name).id
        first = int(specimen.body_geomadr[body])
        at = first + used + np.arange(len(self.layout.picture_scales))
        pictures = {key: getattr(specimen, key)[at].copy() for key in _PICTURE_FIELDS}
        # the specimen numbers its meshes in its own way
        pictures["geom_dataid"] = np.array(
            [self.model.mesh(self.layout.mesh(name, k)).id for k in range(len(at))], np.int32
        )
        for field in (*GEOM_FIELDS, BOUND):
            source = getattr(specimen, field)
            values[field][:used] = source[first : first + used]
            if self._shown:
                normal = self._nearest_picture(1.0)
                values[field][-1] = pictures[field][normal] if field in pictures else source[at[normal]]
        for piece in convex:
            values["geom_dataid"][piece] = self.model.mesh(self.layout.hull(name, piece)).id
        for field in BODY_FIELDS:
            values[field] = np.array(getattr(specimen, field)[body])
        return _Row(values, pictures, bool(convex))

    def _nearest_picture(self, scale: float) -> int:
        scales = self.layout.picture_scales
        return min(range(len(scales)), key=lambda k: abs(scales[k] - scale))

    def write(
        self,
        fields: Mapping[str, NDArray[Any]],
        world: int,
        slot: int,
        instance: str | None,
        mass: float | None = None,
        friction: float | None = None,
        scale: float = 1.0,
    ) -> None:
        """Make a slot of one world an object, or empty.

        Args:
          fields: each of FIELDS as `Batch.expand` returns it, (worlds, ...); or `fields_of` a model: one world.
          world: index of the world.
          slot: index of the slot.
          instance: the object, or None for an empty slot; set its free joint to `layout.parked(slot)` then.
          mass: instead of the object's own [kg]; the inertia follows.
          friction: sliding friction instead of the object's own.
          scale: uniform scale of all sizes; the mass stays. The picture is the nearest of the picture scales.
        """
        if instance not in self._rows:
            raise UnknownName("object of the pool", str(instance), self.layout.names)
        row = self._rows[instance]
        if row.rigid and scale != 1.0:
            raise DataError(f"object {instance!r} has hulls, which cannot be scaled here: add its mesh in that size")
        first = self._first[slot]
        geoms = slice(first, first + self.layout.pieces + self._shown)
        body = self.bodies[slot]
        for field, value in row.values.items():
            if field in BODY_FIELDS:
                fields[field][world, body] = value
            elif field != BOUND or BOUND in fields:
                fields[field][world, geoms] = value
        if instance is None:
            return
        if scale != 1.0:
            for field, power in _LENGTHS.items():
                fields[field][world, geoms if field.startswith("geom") else body] *= scale**power
            for field, values in row.pictures.items() if self._shown else ():
                fields[field][world, geoms.stop - 1] = values[self._nearest_picture(scale)]
        if mass is not None:
            fields["body_inertia"][world, body] *= mass / float(row.values["body_mass"])
            fields["body_mass"][world, body] = mass
        if friction is not None:
            fields["geom_friction"][world, geoms, 0] = friction

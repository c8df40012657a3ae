"""A private model and state that show one world of a batch at a time, in the light of its trial."""

import copy
from dataclasses import dataclass

import mujoco
import mujoco.batch
import numpy as np

from dexbench.core.appearance import DEFAULT, Appearance
from dexbench.core.schema import Array

_SEEN = ("geom_", "body_", "cam_", "light_", "mat_")
"""Model fields that a picture or the places of things can depend on begin so."""
_WORN = ("light_pos", "light_dir", "light_diffuse", "mat_rgba", "mat_texid", "geom_rgba")
"""Model fields that an appearance changes."""
LAMP, WINDOW, SKY = "lamp", "window", "sky"
SURFACES = ("table", "edge", "floor")
"""Names in the model that an appearance speaks of; what a model lacks is not changed."""


@dataclass(frozen=True)
class Nudge:
    """How a camera stands beside its place, in its own frame: x to the right, y up, z backwards."""

    shift: Array
    """(3,) [m]"""
    turn: Array
    """(3,) rotation vector [rad]."""


class Mirror:
    """Follows the worlds of a batch: model fields that differ between worlds, and where everything is.

    Only what a picture needs is brought up to date. `Batch.get_model` into a model that it filled before is refused
    once bodies weigh nothing in one world and something in another, so the fields are copied by name. Appearances are
    put on this private model alone: physics never sees them.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        self.model: mujoco.MjModel = copy.copy(model)
        """The world's model, as far as it is seen."""
        self.data = mujoco.MjData(self.model)
        """The world's state, with the places of bodies, geoms, cameras and lights."""
        self._names = tuple(n for n in mujoco.batch.MODEL_FIELDS if n.startswith(_SEEN))
        self._worn = DEFAULT
        self._bare = {name: getattr(model, name).copy() for name in _WORN}
        head = model.vis.headlight
        self._head = head.ambient.copy(), head.diffuse.copy()
        free = model.jnt_bodyid[model.jnt_type == int(mujoco.mjtJoint.mjJNT_FREE)]
        self._objects = np.isin(model.geom_bodyid, free)

    def show(self, batch: mujoco.batch.Batch, world: int, look: Appearance = DEFAULT) -> tuple[str, ...]:
        """Become `world` of `batch`; return which model fields differ from what was shown before, or may."""
        varied: list[str] = []
        changed = look != self._worn
        self._worn = look
        if changed:
            varied += _WORN
            self._wear(look)
        elif look.shade is not None:
            self.model.geom_rgba[...] = self._bare["geom_rgba"]
        for name in self._names:
            values = batch.expanded(name)
            if values is not None:
                getattr(self.model, name)[...] = values[world]
                varied.append(name)
        if look.shade is not None:
            varied.append("geom_rgba")
            self.model.geom_rgba[self._objects, :3] *= np.asarray(look.shade, np.float32)
        batch.get_data(world, self.data)
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_comPos(self.model, self.data)
        mujoco.mj_camlight(self.model, self.data)
        return tuple(dict.fromkeys(varied))

    def nudge(self, camera: int, nudge: Nudge | None) -> None:
        """Displace a camera until the next show(); None leaves it where it is."""
        if nudge is None:
            return
        turn, angle = np.empty(4), float(np.linalg.norm(nudge.turn))
        mujoco.mju_axisAngle2Quat(turn, nudge.turn / max(angle, 1e-12), angle)
        turned = np.empty(9)
        mujoco.mju_quat2Mat(turned, turn)
        frame = self.data.cam_xmat[camera].reshape(3, 3)
        self.data.cam_xpos[camera] += frame @ nudge.shift
        self.data.cam_xmat[camera] = (frame @ turned.reshape(3, 3)).ravel()

    def _wear(self, look: Appearance) -> None:
        """Put lights and surfaces on the private model; the sky is the renderers' matter, see Sky."""
        model = self.model
        for name, bare in self._bare.items():
            getattr(model, name)[...] = bare
        ambient, diffuse = self._head
        model.vis.headlight.ambient = ambient if look.ambient is None else look.ambient
        model.vis.headlight.diffuse = diffuse if look.head is None else look.head
        for name, colour in ((LAMP, look.lamp), (WINDOW, look.window)):
            light = mujoco.mj_name2id(model, int(mujoco.mjtObj.mjOBJ_LIGHT), name)
            if light >= 0 and colour is not None:
                model.light_diffuse[light] = colour
            if light >= 0 and name == LAMP and look.lamp_direction is not None:
                turned = np.divide(look.lamp_direction, np.linalg.norm(look.lamp_direction))
                # it keeps its distance from the point on the table that it lights
                way = -model.light_pos[light][2] / model.light_dir[light][2]
                lit = model.light_pos[light] + way * model.light_dir[light]
                model.light_pos[light] = lit - way * turned
                model.light_dir[light] = turned
        for name in SURFACES:
            colour = getattr(look, name)
            material = mujoco.mj_name2id(model, int(mujoco.mjtObj.mjOBJ_MATERIAL), name)
            if material >= 0 and colour is not None:
                model.mat_rgba[material, :3] = colour
                model.mat_texid[material] = -1


class Sky:
    """The sky's texture in a model: which one it is, and the two colours between which it was drawn."""

    def __init__(self, model: mujoco.MjModel) -> None:
        kinds = model.tex_type == int(mujoco.mjtTexture.mjTEXTURE_SKYBOX)
        self.texture = int(np.flatnonzero(kinds)[0]) if kinds.any() else -1
        """Its id; -1 if there is none."""
        self.texels = np.zeros((1, 3), np.uint8)
        """(texels, 3) as the cell was built."""
        if self.texture >= 0:
            first = int(model.tex_adr[self.texture])
            count = int(model.tex_width[self.texture] * model.tex_height[self.texture] * 3)
            self.place = slice(first, first + count)
            self.texels = model.tex_data[self.place].reshape(-1, 3).copy()
        upwards, downwards = (
            (self.texels.reshape(6, -1, 3)[k] for k in (2, 3)) if self.texture >= 0 else [self.texels] * 2
        )
        middle = len(upwards) // 2
        self._zenith, self._nadir = upwards[middle], downwards[middle]

    def painted(self, colours: Array, look: Appearance) -> Array:
        """Return colours of this sky (..., 3) uint8 in those of `look`, which has zenith and nadir or neither."""
        if look.zenith is None or look.nadir is None:
            return colours
        span = self._zenith.astype(float) - self._nadir
        share = np.clip((colours - self._nadir.astype(float)) @ span / max(span @ span, 1e-9), 0.0, 1.0)[..., None]
        mixed = share * np.asarray(look.zenith) + (1.0 - share) * np.asarray(look.nadir)
        return np.asarray(255.0 * mixed + 0.5, np.uint8)

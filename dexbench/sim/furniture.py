"""What stands in every cell besides robots and objects: table, floor, sky, lamps and cameras."""

import mujoco

from dexbench.sensors.aim import aim

TABLE_FRICTION = (0.8, 0.02, 0.0001)
VISUAL_GROUP, COLLISION_GROUP = 2, 3
CAMERAS = {
    "front": ((1.50, 0.66, 0.62), (0.57, -0.01, 0.20), 34.0),
    "side": ((0.80, -1.30, 0.50), (0.58, 0.0, 0.17), 38.0),
    "top": ((0.60, -0.001, 1.45), (0.60, 0.0, 0.0), 40.0),
}
"""Position and the point looked at in the cell frame [m], vertical field of view [deg]. The front camera stands to the
left: there it sees the palm and the thumb of the right hand, and the lamp lights them."""


def furnish(spec: mujoco.MjSpec) -> None:
    """Add table, floor, sky, lamps and cameras. The table collides as a plane: cheap, and nothing falls off unseen."""
    _set_visuals(spec)
    _add_surfaces(spec)
    world = spec.worldbody
    # parallel light: the shadow of a cone of light leaves dark specks on round arms
    world.add_light(
        name="lamp", type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, pos=[1.35, 0.85, 2.2], dir=[-0.90, -0.85, -2.2],
        diffuse=[0.52, 0.50, 0.47], specular=[0.25, 0.25, 0.25], castshadow=True,
    )  # fmt: skip
    world.add_light(
        name="window", type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, dir=[0.4, 0.8, -0.9], diffuse=[0.16, 0.18, 0.22],
        specular=[0, 0, 0], castshadow=False,
    )  # fmt: skip
    # off: whoever cannot change MuJoCo's own light beside the camera puts this one in its place
    world.add_light(name="head", type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, active=False, castshadow=False)
    for name, (position, target, fovy) in CAMERAS.items():
        world.add_camera(name=name, pos=position, quat=aim(position, target), fovy=fovy)


def _set_visuals(spec: mujoco.MjSpec) -> None:
    # fixed, so that depth and shadows do not depend on which objects a pool has or where empty slots are parked
    spec.stat.extent = 2.0
    spec.stat.center = [0.45, 0.0, 0.2]
    spec.visual.map.znear = 0.01
    spec.visual.map.zfar = 20.0
    spec.visual.map.shadowclip = 0.75
    spec.visual.headlight.ambient = [0.34, 0.34, 0.36]
    spec.visual.headlight.diffuse = [0.20, 0.20, 0.20]
    spec.visual.headlight.specular = [0.05, 0.05, 0.05]
    spec.add_texture(
        name="sky", type=mujoco.mjtTexture.mjTEXTURE_SKYBOX, builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.80, 0.86, 0.92], rgb2=[0.42, 0.47, 0.54], width=64, height=64 * 6,
    )  # fmt: skip


def _add_surfaces(spec: mujoco.MjSpec) -> None:
    spec.add_texture(
        name="tiles", type=mujoco.mjtTexture.mjTEXTURE_2D, builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
        rgb1=[0.46, 0.49, 0.53], rgb2=[0.43, 0.46, 0.50], width=128, height=128,
    )  # fmt: skip
    floor = spec.add_material(name="floor", texrepeat=[4, 4], specular=0.0, shininess=0.0)
    floor.textures[int(mujoco.mjtTextureRole.mjTEXROLE_RGB)] = "tiles"
    spec.add_material(name="table", rgba=[0.78, 0.73, 0.66, 1], specular=0.08, shininess=0.2)
    spec.add_material(name="edge", rgba=[0.46, 0.40, 0.33, 1], specular=0.05, shininess=0.1)
    world = spec.worldbody
    world.add_geom(
        name="table", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[1.2, 1.2, 0.05], rgba=[0, 0, 0, 0],
        group=COLLISION_GROUP, friction=TABLE_FRICTION, condim=4,
    )  # fmt: skip
    for name, size, pos, material in (
        ("table_top", [0.73, 0.85, 0.004], [0.43, 0, -0.005], "table"),
        ("table_edge", [0.725, 0.845, 0.02], [0.43, 0, -0.029], "edge"),
        ("floor", [3, 3, 0.01], [0.35, 0, -0.76], "floor"),
    ):
        world.add_geom(
            name=name, type=mujoco.mjtGeom.mjGEOM_BOX, size=size, pos=pos, material=material,
            contype=0, conaffinity=0, group=VISUAL_GROUP,
        )  # fmt: skip

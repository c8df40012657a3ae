"""The bodies and joints of a stranger's model as links and joint rows: fixed bodies melt into what carries them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import mujoco
import numpy as np
from numpy.typing import NDArray

from dexbench.core.mechanism import JointRow, LinkRow, Vector
from dexbench.robots.model_source import Source
from dexbench.robots.problems import Problems
from dexbench.robots.rotation import ROTATIONS

Floats = NDArray[np.float64]
HINGE, SLIDE = int(mujoco.mjtJoint.mjJNT_HINGE), int(mujoco.mjtJoint.mjJNT_SLIDE)

TURN = 2 * np.pi
"""A hand's joint whose range goes past one turn either way is in degrees."""
SLIGHT = 0.02
"""Share of a body's mass on each link that stands between its joints, where it has several."""
LEAST_MASS = 0.001
"""Of a moving link whose model gives it none [kg]."""
NOTHING = 1e-8
"""A mass below this is MuJoCo's stand-in for none [kg]."""


@dataclass(frozen=True)
class Place:
    """Where a body of the model sits: its pose in the frame of one of our links."""

    link: str
    xyz: Floats
    matrix: Floats

    def then(self, xyz: Floats, matrix: Floats) -> "Place":
        """Return the pose of what sits in this one's frame."""
        return Place(self.link, self.xyz + self.matrix @ xyz, self.matrix @ matrix)


@dataclass
class Tree:
    """The kinematic tree in our words."""

    root: str
    body: int
    """The model's body that is the root."""
    joints: list[JointRow] = field(default_factory=list)
    links: dict[str, LinkRow] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    """By the model's body."""
    names: dict[int, str] = field(default_factory=dict)
    """Our name of a joint by the model's."""
    fixed: Mapping[int, float] = field(default_factory=dict)
    """Angles of the model's joints that are held still [rad]."""
    assumed: float = 0.0
    """Mass that the model does not have [kg]."""
    notes: list[str] = field(default_factory=list)

    def joint_at(self, link: str) -> JointRow | None:
        """Return the joint that moves a link; None for the root."""
        return next((j for j in self.joints if j.child == link), None)

    def chain(self, link: str) -> list[JointRow]:
        """Return the joints from the root to a link."""
        found: list[JointRow] = []
        while (row := self.joint_at(link)) is not None:
            found.insert(0, row)
            link = row.parent
        return found


def matrix_of(quaternion: Floats) -> Floats:
    """Return the rotation matrix of a quaternion wxyz."""
    flat = np.empty(9)
    mujoco.mju_quat2Mat(flat, np.asarray(quaternion, float))
    return flat.reshape(3, 3)


def about(axis: Floats, angle: float) -> Floats:
    """Return the rotation matrix of a turn [rad]."""
    quaternion = np.empty(4)
    mujoco.mju_axisAngle2Quat(quaternion, np.asarray(axis, float), float(angle))
    return matrix_of(quaternion)


def rpy_of(matrix: Floats) -> Vector:
    """Return fixed-axis roll, pitch, yaw [rad]."""
    return vector(ROTATIONS["rpy"].write(matrix))


def vector(values: Floats) -> Vector:
    """Return numbers as data: to a nanometre or a nanoradian."""
    return tuple(round(float(v), 9) + 0.0 for v in values)


def read_tree(
    source: Source,
    root: int,
    palm: int,
    fixed: Mapping[int, float],
    ranges: Mapping[int, tuple[float, float]],
    rename: Callable[[str, str], str],
    problems: Problems,
) -> Tree:
    """Return the tree below body `root`.

    Args:
      source: the model.
      root: its own joints are left out.
      palm: the body that becomes (part of) the link "palm".
      fixed: joints held still, with their angles [rad].
      ranges: of joints, where the model's do not hold [rad].
      rename: (kind, the model's name) to a name that nothing else has.
      problems: what cannot be imported is noted here.
    """
    model = source.model
    carrier = _carrier(model, root, palm, fixed)

    def link_name(body: int) -> str:
        return "palm" if body == carrier else rename("link", model.body(body).name or f"body_{body}")

    tree = Tree(link_name(root), root, fixed=fixed)
    tree.places[root] = Place(tree.root, np.zeros(3), np.eye(3))
    if dropped := [model.joint(j).name or "a free joint" for j in _joints(model, root)]:
        tree.notes.append(f"the root's own joints are left out: {', '.join(dropped)}")
    shares: dict[str, list[int]] = {tree.root: [root]}
    for body in range(root + 1, model.nbody):
        parent = int(model.body_parentid[body])
        if parent not in tree.places:
            continue
        place = tree.places[parent].then(model.body_pos[body], matrix_of(model.body_quat[body]))
        moving = [j for j in _joints(model, body) if j not in fixed]
        for joint in _joints(model, body):
            kind = int(model.jnt_type[joint])
            if kind not in (HINGE, SLIDE) or (kind == SLIDE and joint not in fixed):
                problems.add(_refusal(source, joint))
                continue
            axis, anchor = model.jnt_axis[joint], model.jnt_pos[joint]
            if joint in fixed:
                turned = fixed[joint] - float(model.qpos0[model.jnt_qposadr[joint]])
                if kind == SLIDE:
                    place = place.then(axis * turned, np.eye(3))
                else:
                    turn = about(axis, turned)
                    place = place.then(anchor - turn @ anchor, turn)
                continue
            last = joint == moving[-1]
            child = link_name(body) if last else rename("link", f"{model.body(body).name}_{moving.index(joint) + 1}")
            tree.joints.append(_row(source, joint, place, child, ranges, rename, tree, problems))
            shares[child] = [body] if last else []
            place = Place(child, -anchor, np.eye(3))
        tree.places[body] = place
        if not moving:
            shares[place.link].append(body)
    _weigh(model, tree, shares)
    return tree


def _joints(model: mujoco.MjModel, body: int) -> range:
    first = int(model.body_jntadr[body])
    return range(first, first + int(model.body_jntnum[body]))


def _carrier(model: mujoco.MjModel, root: int, palm: int, fixed: Mapping[int, float]) -> int:
    """Return the body whose link `palm` melts into."""
    while palm != root and all(j in fixed for j in _joints(model, palm)):
        palm = int(model.body_parentid[palm])
    return palm


def _refusal(source: Source, joint: int) -> str:
    model = source.model
    name = model.joint(joint).name or f"number {joint}"
    kind = mujoco.mjtJoint(int(model.jnt_type[joint])).name.removeprefix("mjJNT_").lower()
    return (
        f"{source.where('joint', name)}: joint {name!r} is a {kind} joint; hands here turn about hinges. Hold a slide "
        "still in `fixed`, or begin the hand below it with `root`"
    )


def _row(
    source: Source,
    joint: int,
    place: Place,
    child: str,
    ranges: Mapping[int, tuple[float, float]],
    rename: Callable[[str, str], str],
    tree: Tree,
    problems: Problems,
) -> JointRow:
    model = source.model
    said = model.joint(joint).name or f"joint_{joint}"
    axis = model.jnt_axis[joint]
    where = source.where("joint", said)
    lower, upper = ranges.get(joint, tuple(float(v) for v in model.jnt_range[joint]))
    if joint not in ranges and not model.jnt_limited[joint]:
        problems.add(f"{where}: joint {said!r} has no range: give it one, `ranges: {{{said}: [lower, upper]}}` [rad]")
        lower, upper = -1.0, 1.0
    elif max(abs(lower), abs(upper)) > TURN:
        problems.add(
            f"{where}: joint {said!r}: {lower:g} .. {upper:g} rad is more than a turn either way; is this in degrees?"
        )
    tree.names[joint] = rename("joint", said)
    dof = int(model.jnt_dofadr[joint])
    origin = place.then(model.jnt_pos[joint], about(axis, -float(model.qpos0[model.jnt_qposadr[joint]])))
    return JointRow(
        tree.names[joint],
        place.link,
        child,
        vector(origin.xyz),
        rpy_of(origin.matrix),
        vector(axis),
        round(lower, 9),
        round(upper, 9),
        velocity=source.speeds.get(said, 0.0),
        effort=source.efforts.get(said, 0.0),
        armature=float(model.dof_armature[dof]),
        damping=float(np.ravel(model.dof_damping[dof])[0]),
        friction=float(model.dof_frictionloss[dof]),
    )


def _weigh(model: mujoco.MjModel, tree: Tree, shares: Mapping[str, list[int]]) -> None:
    """Give every link the mass, centre and box of the bodies that melted into it."""
    between = {name for name, bodies in shares.items() if not bodies}
    for name in (tree.root, *(j.child for j in tree.joints)):
        if name in between:
            continue
        masses = np.array([float(model.body_mass[b]) for b in shares[name]])
        masses[masses < NOTHING] = 0.0
        places = [tree.places[b].then(model.body_ipos[b], matrix_of(model.body_iquat[b])) for b in shares[name]]
        mass, moving = float(masses.sum()), name != tree.root
        if moving and mass == 0:
            tree.notes.append(f"link {name} moves and has no mass in the model: {LEAST_MASS} kg is assumed")
            tree.assumed += LEAST_MASS
            tree.links[name] = LinkRow(name, LEAST_MASS, (0.0, 0.0, 0.0), (0.01, 0.01, 0.01))
            continue
        if mass == 0:
            tree.links[name] = LinkRow(name, 0.0, (0.0, 0.0, 0.0), (0.01, 0.01, 0.01))
            continue
        centre = masses @ np.array([p.xyz for p in places]) / mass
        inertia = np.zeros(3)
        for body, m, place in zip(shares[name], masses, places, strict=True):
            offset = place.xyz - centre
            own = place.matrix @ np.diag(model.body_inertia[body]) @ place.matrix.T
            inertia += np.diag(own) * (m > 0) + m * (offset @ offset - offset**2)
        box = np.sqrt(np.maximum(6 / mass * (inertia.sum() - 2 * inertia), 1e-6))
        tree.links[name] = LinkRow(name, mass, vector(centre), tuple(round(float(b), 6) for b in box))
        above = tree.joint_at(name)
        while above is not None and above.parent in between:
            slight = SLIGHT * mass
            tree.links[above.parent] = LinkRow(above.parent, slight, (0.0, 0.0, 0.0), (0.005, 0.005, 0.005))
            tree.links[name] = LinkRow(name, tree.links[name].mass - slight, *_shape(tree.links[name]))
            tree.notes.append(
                f"link {above.parent} stands between two joints of one body; it has {SLIGHT:.0%} of the body's mass"
            )
            above = tree.joint_at(above.parent)
    tree.links = {n: tree.links[n] for n in (tree.root, *(j.child for j in tree.joints))}


def _shape(row: LinkRow) -> tuple[Vector, Vector]:
    return row.com, row.box

"""Grasps of a library judged: every metric that needs the hand's and the object's shape and no simulation."""

from collections.abc import Mapping

import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.schema import Array
from dexbench.grasp.ball import q1, q1_bench, valid_q1
from dexbench.grasp.closed_mesh import ClosedMesh
from dexbench.grasp.closure import closure_metric, weighted_closure
from dexbench.grasp.contacts import Contacts, averaged_by_link, contacts
from dexbench.grasp.depth import (
    MARGIN,
    TOUCH,
    clipped_consistency,
    contact_consistency,
    contact_distance,
    deepest,
    finger_distances,
)
from dexbench.grasp.diversity import explained_variance, joint_spread, rotation_vectors
from dexbench.grasp.library import Grasps
from dexbench.grasp.rates import part_touched
from dexbench.grasp.resistance import direction_metric, qp_closure, qp_metric
from dexbench.grasp.stance import Pairs, Stance
from dexbench.objects.catalogue import load_object
from dexbench.objects.model import ObjectModel


def judge(grasps: Grasps, embodiment: Embodiment, side: str = "right") -> Mapping[str, Array]:
    """Return the values (G,) of each metric at the grasp pose, by its name in `measures`.

    Args:
      grasps: of a right hand.
      embodiment: has the hand.
      side: of the hand that is compiled.
    """
    stance, thing = Stance(embodiment, side, grasps.instance), load_object(grasps.instance)
    mesh = ClosedMesh(thing.vertices, thing.faces)
    rows = [_one(stance, thing, mesh, grasps, g) for g in range(len(grasps))]
    return {name: np.array([row[name] for row in rows], np.float64) for name in (rows[0] if rows else ())}


def _one(stance: Stance, thing: ObjectModel, mesh: ClosedMesh, grasps: Grasps, g: int) -> dict[str, float | bool]:
    place = grasps.position[g], grasps.quaternion[g]
    before = stance.pairs(*place, grasps.pregrasp[g])
    near = stance.pairs(*place, stance.grasp(*place, grasps.pregrasp[g], grasps.squeeze[g]))
    fingers = finger_distances(near.distance, stance.finger[near.body], len(stance.fingers))
    touching = np.abs(near.distance) < TOUCH
    _, face = mesh.nearest(near.point[touching])
    tips = np.isin(near.body, list(stance.tips))
    bench = averaged_by_link(near.point[tips], near.normal[tips], near.body[tips], near.distance[tips])
    wide, part = _nearest(near, thing.center_of_mass), thing.part(grasps.part[g])
    ball, depth = q1(wide), deepest(near.distance)
    return {
        "pregrasp_pene": float(deepest(before.distance)),
        "ho_pene": float(depth),
        "self_pene": float(deepest(near.inner)),
        "contact_num": float(len(set(near.body[touching].tolist()))),
        "contact_dist": float(contact_distance(fingers)),
        "contact_consis": float(contact_consistency(fingers)),
        "cdc": float(clipped_consistency(fingers)),
        "part_touched": bool(part_touched(np.array([(thing.face_part[face] == part).sum()]), np.array([len(face)]))[0]),
        "lp_dfc": float(weighted_closure(wide)),
        "q1": float(ball),
        "q1_valid": float(valid_q1(ball, depth, np.zeros(()))),
        "q1_metric": float(q1_bench(bench)),
        "qp_metric": float(qp_metric(bench)),
        "qp_dfc_metric": float(qp_closure(bench)),
        "dfc_metric": float(closure_metric(bench)),
        "tdg_metric": float(direction_metric(bench)),
    }


def _nearest(near: Pairs, origin: Array) -> Contacts:
    """Return one contact a body, its nearest within the margin, about `origin` (3,), the object's centre of mass.

    DexGraspNet's objects have their origin near there; that of ours is in the base.
    """
    rows = []
    for body in np.unique(near.body):
        own = np.flatnonzero((near.body == body) & (near.distance < MARGIN))
        rows += [int(own[near.distance[own].argmin()])] if len(own) else []
    return contacts(near.point[rows].reshape(-1, 3) - origin, near.normal[rows].reshape(-1, 3))


def spread(position: Array, quaternion: Array, joints: Array) -> Mapping[str, float]:
    """Return the diversity of a set: places (G, 3), orientations (G, 4) in the object's frame, joints (G, J)."""
    if len(position) < 2:
        return {}
    shares = explained_variance(np.concatenate([position, rotation_vectors(quaternion), joints], axis=1))
    found = {f"explained_{k + 1}": float(share) for k, share in enumerate(shares)}
    return {**found, "joint_spread": joint_spread(joints)}

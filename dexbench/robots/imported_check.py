"""The written hand against the model it came from: forward kinematics in random poses."""

from collections.abc import Sequence
from typing import Any

import mujoco
import numpy as np

from dexbench.core.mechanism import Mechanism
from dexbench.robots.imported_fingers import Finger, Probe
from dexbench.robots.imported_tree import Floats, Place, Tree, vector
from dexbench.robots.model_source import Source

POSES = 20


def _poses(mechanism: Mechanism) -> Floats:
    """Return angles (POSES, moving joints) [rad], uniform over the ranges."""
    rows = mechanism.moving
    return np.random.default_rng(7).uniform([j.lower for j in rows], [j.upper for j in rows], (POSES, len(rows)))


class _Original:
    """The model, posed by our names of its joints."""

    def __init__(self, source: Source, tree: Tree, mechanism: Mechanism) -> None:
        self.model, self.tree = source.model, tree
        self.data = mujoco.MjData(source.model)
        by_name = {name: joint for joint, name in tree.names.items()}
        self.address = source.model.jnt_qposadr[[by_name[j.name] for j in mechanism.moving]]

    def pose(self, q: Floats, fixed: Floats) -> None:
        self.data.qpos[:] = fixed
        self.data.qpos[self.address] = q
        mujoco.mj_kinematics(self.model, self.data)

    def body(self, body: int) -> tuple[Floats, Floats]:
        """Return a body's pose in the root's frame."""
        turn = self.data.xmat[self.tree.body].reshape(3, 3).T
        return turn @ (self.data.xpos[body] - self.data.xpos[self.tree.body]), turn @ self.data.xmat[body].reshape(3, 3)

    def place(self, place: Place) -> Floats:
        """Return where a point of one of our links is in the root's frame, by the model alone."""
        body, carrier = next((b, p) for b, p in self.tree.places.items() if p.link == place.link)
        position, turn = self.body(body)
        return np.asarray(position + turn @ carrier.matrix.T @ (place.xyz - carrier.xyz))


def fk_cases(source: Source, tree: Tree, fingers: Sequence[Finger], mechanism: Mechanism) -> dict[str, Any]:
    """Return the block `checks.fk`: tips in the palm's frame as the original model has them."""
    original = _Original(source, tree, mechanism)
    cases = []
    palm = Place("palm", np.zeros(3), np.eye(3))
    body, carrier = next((b, p) for b, p in tree.places.items() if p.link == "palm")
    for i, angles in enumerate(_poses(mechanism)):
        q = np.round(angles, 4)
        original.pose(q, held(source, tree))
        origin = original.place(palm)
        turn = original.body(body)[1] @ carrier.matrix.T
        tips = {f.digit.finger: list(vector(turn.T @ (original.place(f.tip) - origin))) for f in fingers}
        cases.append({"name": f"random_{i}", "q": [float(v) for v in q], "palm": tips})
    return {
        "engine": f"MuJoCo's mj_kinematics on {source.path.name}; fingertips in the palm link's frame",
        "tolerance": 1e-6,
        "joint_order": [j.name for j in mechanism.moving],
        "tips": {f.digit.finger: f"{f.digit.finger}_tip" for f in fingers},
        "cases": cases,
    }


def held(source: Source, tree: Tree) -> Floats:
    """Return the model's positions with joints that are held still at their angles."""
    q = np.array(source.model.qpos0)
    for joint, angle in tree.fixed.items():
        q[source.model.jnt_qposadr[joint]] = angle
    return q


def largest_error(source: Source, tree: Tree, probe: Probe) -> float:
    """Return how far any link of the written hand, or any body that melted into one, is from the model's [m].

    Orientation counts as the distance that it moves a point at 0.1 m.
    """
    original = _Original(source, tree, probe.mechanism)
    worst = 0.0
    for q in _poses(probe.mechanism):
        original.pose(q, held(source, tree))
        probe.pose(dict(zip((j.name for j in probe.mechanism.moving), q, strict=True)))
        for body, place in tree.places.items():
            position, turn = original.body(body)
            ours, frame = probe.link(place.link)
            worst = max(worst, float(np.linalg.norm(ours + frame @ place.xyz - position)))
            worst = max(worst, 0.1 * float(np.abs(frame @ place.matrix - turn).max()))
    return worst

"""Search for grasps: opposed shapes, laid around parts, squeezed, tested in simulation, ranked by errors they bear."""

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from scipy.optimize import nnls

from dexbench.core.embodiment import Embodiment
from dexbench.core.schema import Array
from dexbench.grasp.candidates import Candidates, sample_candidates
from dexbench.grasp.library import Grasps
from dexbench.grasp.opposition import FINGERS, Shapes, opposed_shapes
from dexbench.grasp.trial import GraspTest, hand_actuators
from dexbench.objects.catalogue import load_object

FORCE = (12.0, 30.0)
"""Of the thumb against the fingers together [N]; thin parts want the upper end."""
DAMPING = 3e-3
"""Of the least squares that turns pad movements into joint movements [m]."""
ERRORS = (0.005, 0.005, 0.003)
"""Standard deviation of the palm's position in the ranking's trials [m]."""
TURN_ERROR = np.deg2rad(4)
"""Standard deviation of the object's heading there [rad]."""


@dataclass(frozen=True)
class Settings:
    """How long and how wide to search."""

    samples: int = 20_000
    """Hand shapes drawn."""
    candidates: int = 96
    """Candidates laid around an object in one round."""
    rounds: int = 2
    """Rounds at most."""
    wanted: int = 16
    """Grasps kept of an object."""
    repeats: int = 3
    """Disturbed trials of each grasp that held."""


def hand_shapes(embodiment: Embodiment, side: str, test: GraspTest, rng: np.random.Generator, count: int) -> Shapes:
    """Return opposed shapes of one hand."""
    actuators = hand_actuators(embodiment, side)
    index = embodiment.actuator_index(side, "hand")
    ranges = (embodiment.limits.lower[index], embodiment.limits.upper[index])
    names = tuple(a.name.partition("/")[2] for a in actuators)
    return opposed_shapes(test.model, f"{side}/", test.shares, ranges, names, rng, count)


def squeeze_targets(
    test: GraspTest, shapes: Shapes, found: Candidates, ranges: tuple[Array, Array], rng: np.random.Generator
) -> Array:
    """Return (C, H) targets that press with balanced forces.

    The pads move along the opposition line until they touch; there, target = q + J^T F / kp. The thumb presses with F,
    the fingers share F so that no moment is left as far as they can.
    """
    model, data, prefix = test.model, mujoco.MjData(test.model), f"{test.side}/"
    pads = [model.site(prefix + f).id for f in FINGERS]
    palm = model.site(prefix + "palm_site").id
    hinges = np.flatnonzero(model.jnt_type == int(mujoco.mjtJoint.mjJNT_HINGE))
    joints, places = model.jnt_dofadr[hinges], model.jnt_qposadr[hinges]
    share = test.shares[:, places]  # (H, J)
    stiffness = model.actuator_gainprm[test.actuators, 0]
    targets = np.zeros((len(found.shape), share.shape[0]))
    for i, s in enumerate(found.shape):
        touch = shapes.command[s].copy()
        gap = (shapes.opening[s] - found.width[i]) / 2
        rows = _jacobians(model, data, test, touch, pads, joints)
        line = data.site_xmat[palm].reshape(3, 3) @ shapes.line[s]
        stacked = np.concatenate([r @ share.T for r in rows])
        goal = np.concatenate([line * gap] + [-line * gap] * 4)
        touch += stacked.T @ np.linalg.solve(stacked @ stacked.T + DAMPING**2 * np.eye(15), goal)
        rows = _jacobians(model, data, test, touch, pads, joints)
        line = data.site_xmat[palm].reshape(3, 3) @ shapes.line[s]
        weights = _shares(data.site_xpos[pads], line)
        force = rng.uniform(*FORCE)
        torque = rows[0].T @ line * force
        for k, weight in enumerate(weights):
            torque -= rows[k + 1].T @ line * force * weight
        # one motor over two joints carries the same torque in both: the mean of what each would need
        targets[i] = np.clip(touch + share @ torque / stiffness, *ranges)
    return targets


def _jacobians(
    model: mujoco.MjModel, data: mujoco.MjData, test: GraspTest, command: Array, pads: Sequence[int], joints: Array
) -> list[Array]:
    """Return a (3, J) Jacobian of each pad at `command`."""
    data.qpos[:] = model.qpos0 + command @ test.shares
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    found = []
    for pad in pads:
        jacobian = np.zeros((3, model.nv))
        mujoco.mj_jacSite(model, data, jacobian, None, pad)
        found.append(jacobian[:, joints])
    return found


def _shares(pads: Array, line: Array) -> Array:
    """Return (4,) shares of the four fingers, summing to one, whose resultant meets the thumb's pad if it can."""
    offset = pads[1:] - pads[0]
    offset = offset - np.outer(offset @ line, line)
    scale = 0.02  # [m] of moment arm that weighs as much as the sum being off by one
    shares, _ = nnls(
        np.vstack([offset.T / scale, np.full(4, 3.0), 0.2 * np.eye(4)]), np.array([0, 0, 0, 3.0, 0, 0, 0, 0])
    )
    return np.asarray(shares / shares.sum())


def search(
    embodiment: Embodiment, hand: str, instance: str, seed: int, settings: Settings, part: str = "", side: str = "right"
) -> Grasps:
    """Return the best grasps of a hand on an object; perhaps none.

    Args:
      embodiment: has the hand.
      hand: its name, for the library.
      instance: name in the object catalogue.
      seed: of all random numbers.
      settings: how long to search.
      part: which part to hold; empty: any.
      side: which hand is simulated; right, unless the hand exists only as left.
    """
    rng = np.random.default_rng([seed, *instance.encode()])
    model = load_object(instance)
    two_handed = {"handle_right", "handle_left"} <= {p.name for p in model.parts}
    part = part or ("handle_right" if two_handed else "")
    test = GraspTest(embodiment, side, instance, settings.candidates, carried=part if two_handed else "")
    shapes = hand_shapes(embodiment, side, test, rng, settings.samples)
    index = embodiment.actuator_index(side, "hand")
    ranges = (embodiment.limits.lower[index], embodiment.limits.upper[index])
    kept: list[tuple[Array, Array, Array, Array, str, float]] = []
    for _ in range(settings.rounds):
        found = sample_candidates(model, shapes, rng, settings.candidates * (8 if two_handed else 4), part)
        if not len(found.shape):
            break
        if two_handed:  # forearms come from outside: the middle is full when both are there
            outward = model.points[model.point_part == model.part(part)].mean(axis=0) * [1, 1, 0]
            found = found.chosen(np.flatnonzero(found.turn[:, :, 1] @ outward < 0))
        pregrasp = shapes.command[found.shape]
        free = np.flatnonzero(~test.penetrates(found.position, found.turn, pregrasp))[: settings.candidates]
        if not len(free):
            continue
        found, pregrasp = found.chosen(free), pregrasp[free]
        squeeze = squeeze_targets(test, shapes, found, ranges, rng)
        verdict = test.run(found.position, found.turn, pregrasp, squeeze)
        good = np.flatnonzero(verdict.held)
        good = good[np.argsort(verdict.slip[good])][: settings.wanted * 3 // 2]
        scores = _robustness(test, found, pregrasp, squeeze, good, settings.repeats, rng)
        for i, score in zip(good, scores, strict=True):
            kept.append((found.position[i], found.turn[i], pregrasp[i], squeeze[i], found.part[i], float(score)))
        if sum(k[5] > 0.7 for k in kept) >= settings.wanted:
            break
    kept.sort(key=lambda k: -k[5])
    return _pack(hand, instance, kept[: settings.wanted], len(index))


def _robustness(
    test: GraspTest,
    found: Candidates,
    pregrasp: Array,
    squeeze: Array,
    good: Array,
    repeats: int,
    rng: np.random.Generator,
) -> Array:
    """Return (len(good),) scores: share of disturbed trials that held, less the mean slip over 0.02 m."""
    if not len(good):
        return np.zeros(0)
    rows = np.repeat(good, repeats)
    held, slip = np.zeros(len(rows)), np.zeros(len(rows))
    for start in range(0, len(rows), test.n):
        part = rows[start : start + test.n]
        shift = rng.normal(size=(len(part), 3)) * ERRORS
        yaw = rng.normal(size=len(part)) * TURN_ERROR
        verdict = test.run(found.position[part] + shift, found.turn[part], pregrasp[part], squeeze[part], yaw)
        held[start : start + len(part)] = verdict.held
        slip[start : start + len(part)] = np.minimum(verdict.slip, 0.02)
    return np.asarray((held - slip / 0.02 * held * 0.5).reshape(len(good), repeats).mean(axis=1))


def _pack(hand: str, instance: str, kept: Sequence[tuple[Array, Array, Array, Array, str, float]], size: int) -> Grasps:
    quaternions = np.zeros((len(kept), 4))
    for quaternion, row in zip(quaternions, kept, strict=True):
        mujoco.mju_mat2Quat(quaternion, np.ascontiguousarray(row[1]).ravel())
    return Grasps(
        hand=hand,
        instance=instance,
        position=np.array([k[0] for k in kept]).reshape(-1, 3),
        quaternion=quaternions,
        pregrasp=np.array([k[2] for k in kept]).reshape(-1, size),
        squeeze=np.array([k[3] for k in kept]).reshape(-1, size),
        part=tuple(k[4] for k in kept),
        score=np.array([k[5] for k in kept]),
    )

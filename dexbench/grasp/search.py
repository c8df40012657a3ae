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
from dexbench.grasp.opposition import Shapes, opposed_shapes
from dexbench.grasp.trial import LOOSE, GraspTest
from dexbench.objects.catalogue import load_object

FORCE = (12.0, 30.0)
"""Of the thumb against the fingers together [N]; thin parts want the upper end."""
FEW = 8
"""Grasps below which those follow in which the object hangs, with scores from -1 to 0."""
BEARABLE = 0.95
"""Largest torque of a motor while it squeezes, as a share of its limit."""
PRESSED = 1.5
"""How much further a weak hand's thumb is sent."""
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
    candidates: int = 64
    """Candidates laid around an object in one round."""
    rounds: int = 3
    """Rounds at most."""
    wanted: int = 16
    """Grasps kept of an object."""
    repeats: int = 3
    """Disturbed trials of each grasp that held."""


def squeeze_targets(test: GraspTest, shapes: Shapes, found: Candidates, rng: np.random.Generator) -> Array:
    """Return (C, H) targets that press with balanced forces.

    The pads move along the opposition line until they touch; there, target = q + J^T F / kp. The thumb presses with F,
    the fingers share F so that no moment is left as far as they can. F is what the weakest motor can bear at most: one
    that gives way would let the others push the object aside.
    """
    posture, data = test.posture, mujoco.MjData(test.model)
    stiffness, limit = test.model.actuator_gainprm[test.actuators, 0], test.model.actuator_forcerange[test.actuators, 1]
    fingers = len(posture.pads) - 1
    thumb = np.array([a.role.startswith("thumb/") for a in posture.actuators])
    targets = np.zeros((len(found.shape), len(posture.actuators)))
    for i, s in enumerate(found.shape):
        touch, line = shapes.command[s].copy(), shapes.line[s]
        gap = (shapes.opening[s] - found.width[i]) / 2
        goal = posture.pose(data, touch)[0] + np.concatenate([[line * gap], np.tile(-line * gap, (fingers, 1))])
        for _ in range(3):
            stacked = posture.jacobians(data, touch).reshape(3 * fingers + 3, -1)
            away = (goal - posture.pose(data, touch)[0]).ravel()
            touch += stacked.T @ np.linalg.solve(stacked @ stacked.T + DAMPING**2 * np.eye(len(away)), away)
        touch = np.clip(touch, posture.lower, posture.upper)
        weights = np.concatenate([[1.0], -_shares(posture.pose(data, touch)[0], line)])
        force = rng.uniform(*FORCE)
        torque = np.einsum("f,fxh,x->h", weights, posture.jacobians(data, touch), line)
        bearable = BEARABLE * float((limit / np.maximum(np.abs(torque), 1e-9)).min())
        push = torque * min(force, bearable) / stiffness
        if force > bearable:  # a weak hand: its thumb pushes with all it has wherever it is, the fingers stay springs
            push[thumb] *= PRESSED
        targets[i] = np.clip(touch + push, posture.lower, posture.upper)
    return targets


def _shares(pads: Array, line: Array) -> Array:
    """Return (F - 1,) shares of the fingers, summing to one, whose resultant meets the thumb's pad if it can."""
    offset = pads[1:] - pads[0]
    offset = offset - np.outer(offset @ line, line)
    n = len(offset)
    scale = 0.02  # [m] of moment arm that weighs as much as the sum being off by one
    shares, _ = nnls(
        np.vstack([offset.T / scale, np.full(n, 3.0), 0.2 * np.eye(n)]), np.array([0, 0, 0, 3.0, *np.zeros(n)])
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
    shapes = opposed_shapes(test.posture, rng, settings.samples)
    kept: list[tuple[Array, Array, Array, Array, str, float]] = []
    hung: list[tuple[Array, Array, Array, Array, str, float]] = []
    for _ in range(settings.rounds):
        found = sample_candidates(model, shapes, rng, settings.candidates * (60 if two_handed else 12), part)
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
        squeeze = squeeze_targets(test, shapes, found, rng)
        verdict = test.run(found.position, found.turn, pregrasp, squeeze)
        for i in np.flatnonzero(verdict.hung):
            rows = (found.position[i], found.turn[i], pregrasp[i], squeeze[i], found.part[i])
            hung.append((*rows, -float(verdict.slip[i]) / LOOSE))
        good = np.flatnonzero(verdict.held)
        good = good[np.argsort(verdict.slip[good])][: settings.wanted * 3 // 2]
        scores = _robustness(test, found, pregrasp, squeeze, good, settings.repeats, rng)
        for i, score in zip(good, scores, strict=True):
            kept.append((found.position[i], found.turn[i], pregrasp[i], squeeze[i], found.part[i], float(score)))
        if sum(k[5] > 0.7 for k in kept) >= settings.wanted:
            break
    if len(kept) < FEW:
        kept += sorted(hung, key=lambda k: -k[5])[: FEW - len(kept)]
    kept.sort(key=lambda k: -k[5])
    return _pack(hand, instance, kept[: settings.wanted], len(test.actuators))


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

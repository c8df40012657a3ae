"""Where a hand's frame is, and which arm and wrist angles bring it to a pose."""

from dataclasses import dataclass
from math import sqrt

import mujoco
import numpy as np
from numpy.typing import NDArray

from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.robots.build import robot_spec

Vector = NDArray[np.float64]

LEVER = 0.2
"""How much a radian of orientation error counts against a metre of position error [m]: about a hand's length."""

SIX = np.eye(6)

WRIST_WEIGHT = 0.15
"""Share of the wrist joints in a step: the arm does the reaching, the wrist stays near its middle."""


@dataclass(frozen=True)
class Solution:
    """Where the solver ended."""

    q: Vector
    """Angles of the chain's joints [rad], within limits."""
    position_error: float
    """[m]"""
    rotation_error: float
    """[rad]"""
    steps: int
    """Iterations made."""

    @property
    def found(self) -> bool:
        """Whether the pose is reached to 0.1 mm and 1 mrad."""
        return self.position_error < 1e-4 and self.rotation_error < 1e-3


class Reach:
    """Forward and inverse kinematics of the arm and wrist of one side; frames are the cell's.

    Damped least squares. Eight joints keep their limits by clipping, so no quadratic program (mink) is needed: near the
    seed a solve takes about five steps, 1 ms. One instance serves one thread.
    """

    def __init__(self, embodiment: Embodiment, side: str, site: str = "palm_site", wrist: float = WRIST_WEIGHT) -> None:
        """Prepare the chain from the arm's base to a frame of the hand.

        Args:
          embodiment: the robot.
          side: "right" or "left".
          site: name of a frame without its side.
          wrist: share of the wrist joints in a step; 0 leaves them where the seed has them.

        Raises:
          DataError: there is no such side or frame.
        """
        if side not in embodiment.sides:
            raise DataError(f"embodiment {embodiment.name!r} has no side {side!r}; it has {list(embodiment.sides)}")
        self._model = robot_spec(embodiment, shapes=False).compile()
        self._data = mujoco.MjData(self._model)
        self._site = int(mujoco.mj_name2id(self._model, int(mujoco.mjtObj.mjOBJ_SITE), f"{side}/{site}"))
        if self._site < 0:
            raise DataError(f"embodiment {embodiment.name!r} has no frame {side}/{site}")
        body = int(self._model.site_bodyid[self._site])
        chain: list[int] = []
        while body:
            first, count = int(self._model.body_jntadr[body]), int(self._model.body_jntnum[body])
            chain[:0] = range(first, first + count)
            body = int(self._model.body_parentid[body])
        self._dofs = self._model.jnt_dofadr[chain].copy()
        self.joints: tuple[str, ...] = tuple(self._model.joint(j).name for j in chain)
        """Names of the chain's joints, base to hand: six of the arm, two of the wrist, then any of a finger."""
        limits = zip(embodiment.actuators, embodiment.limits.lower, embodiment.limits.upper, strict=True)
        allowed = {a.joints[0]: (low, high) for a, low, high in limits if len(a.joints) == 1}
        ranges = [allowed.get(name, self._model.jnt_range[j]) for name, j in zip(self.joints, chain, strict=True)]
        self.lower, self.upper = (np.array(bound) for bound in zip(*ranges, strict=True))
        arm = {j.name for j in embodiment.joints if j.part == "arm"}
        self.weight = np.array([1.0 if name in arm else wrist for name in self.joints])
        """(C,) share of each joint in a step."""
        angles = dict(zip((j.name for j in embodiment.joints), embodiment.joint_angles(embodiment.home), strict=True))
        self.home = np.array([angles[name] for name in self.joints])
        """The chain's angles at the embodiment's home [rad]."""

    def pose(self, q: Array) -> tuple[Vector, Vector]:
        """Return position (3,) [m] and orientation (4,) wxyz of the frame at chain angles `q`."""
        self._forward(q)
        quaternion = np.empty(4)
        mujoco.mju_mat2Quat(quaternion, self._data.site_xmat[self._site])
        return self._data.site_xpos[self._site].copy(), quaternion

    def screws(self) -> tuple[Vector, Vector, Vector, Vector]:
        """Return anchors (C, 3) [m] and axes (C, 3) of the joints, and the frame's place (3,) and rotation (3, 3).

        All in the cell frame at angles zero: what products of screws need.
        """
        self._forward(np.zeros(len(self.home)))
        data, joints = self._data, self._model.dof_jntid[self._dofs]
        turn = data.site_xmat[self._site].reshape(3, 3).copy()
        return data.xanchor[joints].copy(), data.xaxis[joints].copy(), data.site_xpos[self._site].copy(), turn

    def solve(self, position: Array, quaternion: Array, seed: Array | None = None, steps: int = 100) -> Solution:
        """Return chain angles that bring the frame to a pose, near `seed`.

        Each step solves min |J dq - error|^2 + damping |dq / weight|^2; the damping falls with the error.

        Args:
          position: (3,) in the cell frame [m].
          quaternion: (4,) wxyz.
          seed: chain angles to start from [rad]; the home pose by default.
          steps: most iterations.
        """
        q = np.clip(self.home if seed is None else seed, self.lower, self.upper)
        jacobian = np.empty((6, self._model.nv))
        best = Solution(q, np.inf, np.inf, 0)
        for step in range(steps + 1):
            self._forward(q)
            error = self._error(position, quaternion)
            away, twist = sqrt(error[:3] @ error[:3]), sqrt(error[3:] @ error[3:])
            if away + LEVER * twist < _cost(best):
                best = Solution(q, away, twist, step)
            if away < 1e-6 and twist < 1e-5:
                break
            mujoco.mj_jacSite(self._model, self._data, jacobian[:3], jacobian[3:], self._site)
            scaled = jacobian[:, self._dofs] * self.weight
            scaled[3:] *= LEVER
            error[3:] *= LEVER
            # A joint at its limit that is pushed outwards takes no part.
            push = scaled.T @ error
            scaled[:, ((q <= self.lower) & (push < 0)) | ((q >= self.upper) & (push > 0))] = 0
            damping = 1e-6 + 0.01 * float(error @ error)
            dq = self.weight * (scaled.T @ np.linalg.solve(scaled @ scaled.T + damping * SIX, error))
            dq *= min(1.0, 0.4 / max(float(np.abs(dq).max()), 1e-9))
            q = np.clip(q + dq, self.lower, self.upper)
        return best

    def _forward(self, q: Array) -> None:
        self._data.qpos[self._dofs] = q  # hinges only, so addresses of positions and of speeds agree
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_comPos(self._model, self._data)

    def _error(self, position: Array, quaternion: Array) -> Vector:
        """Return (6,) what is missing to the target, as a shift [m] and a rotation vector [rad] in the cell frame."""
        here, difference = np.empty(4), np.empty(4)
        error = np.empty(6)
        error[:3] = position - self._data.site_xpos[self._site]
        mujoco.mju_mat2Quat(here, self._data.site_xmat[self._site])
        mujoco.mju_negQuat(here, here)
        mujoco.mju_mulQuat(difference, np.asarray(quaternion, float), here)
        mujoco.mju_quat2Vel(error[3:], difference, 1.0)
        return error


def _cost(solution: Solution) -> float:
    return solution.position_error + LEVER * solution.rotation_error

"""Ways of one hand straight to palm poses, solved for in lots: which of very many places it can get to at all."""

from collections.abc import Iterator, Sequence

import numpy as np

from dexbench.core.rotations import quaternion_matrices
from dexbench.core.schema import Array
from dexbench.robots.many_reach import ManyReach

from ._planner import ELBOW, JUMP, STANDOFF, TURN
from ._skills import Skills

STEPS = 4
"""Points of the straight way to a grasp."""
LOT, MORE = 16, 3
"""How many poses are solved for together at first, and how many times as many there are in each further lot."""
LOW, OFF = 16.0, 8.0
"""What an elbow near the table costs a grasp, and fingers that point back to the arm rather than away, in places of the
library's order."""


class Ways:
    """Ways of one hand to palm poses, those first that are easy for its arm; found when asked for, and kept."""

    def __init__(
        self, skills: Skills, side: str, wanted: Sequence[tuple[int, Array]], inward: float = 0.0, tries: int = 60
    ) -> None:
        """Put the poses in order.

        Args:
          skills: what knows the arms.
          side: which hand.
          wanted: (row, palm pose (7,)) of grasps, in the order of their quality.
          inward: how much the fingers should point to the other arm's side rather than away from their own base:
            forearms that face each other do not meet.
          tries: palm poses tried at most.
        """
        self.side = side
        self._planner = skills.planner
        self._found: list[tuple[int, Array, Array, tuple[Array, ...]]] = []
        self._left: list[tuple[int, Array]] = []
        self._next = LOT
        if not wanted:
            return
        poses = np.array([palm for _, palm in wanted])
        rows = np.array([row for row, _ in wanted])
        turns = quaternion_matrices(poses[:, 3:])
        base = np.array(skills.robot.parts[side].base_position)[:2]
        ahead = poses[:, :2] - base
        ahead /= np.linalg.norm(ahead, axis=1).clip(1e-6)[:, None]
        ahead = ahead + inward * np.array([0.0, -1.0 if side == "left" else 1.0])
        along = (turns[:, :2, 1] * ahead).sum(axis=1) / np.linalg.norm(ahead, axis=1).clip(1e-6)
        low = poses[:, 2] - 0.2 * turns[:, 2, 1] < ELBOW
        order = np.argsort(rows + LOW * low - OFF * along, kind="stable")
        near = (k for k in order if not self._planner.beyond(side, poses[k, :3], turns[k]))
        self._left = [wanted[k] for k, _ in zip(near, range(tries), strict=False)]

    def __iter__(self) -> Iterator[tuple[int, Array, Array, tuple[Array, ...]]]:
        """Yield (row, palm pose (7,), chain angles (C,) from which the hand comes, chain angles on the way)."""
        k = 0
        while k < len(self._found) or self._left:
            if k == len(self._found):
                lot, self._left = self._left[: self._next], self._left[self._next :]
                self._next *= MORE
                self._found += self._solved(lot)
                continue
            yield self._found[k]
            k += 1

    def _solved(self, lot: Sequence[tuple[int, Array]]) -> list[tuple[int, Array, Array, tuple[Array, ...]]]:
        """Return those of a lot that can be got to, by the first posture from which the hand comes straight."""
        planner, side = self._planner, self.side
        reach = planner.reach[side]
        goals = np.array([palm for _, palm in lot])
        back = goals.copy()
        back[:, :3] -= STANDOFF * quaternion_matrices(goals[:, 3:])[:, :, 2]
        seeds, owner = [], []
        for k, pose in enumerate(back):
            for seed in planner.seeds(side, pose[:3], pose[3:]):
                seeds.append(seed)
                owner.append(k)
        first, good = planner.many[side].solve(
            back[owner, :3], quaternion_matrices(back[owner, 3:]), np.array(seeds), steps=40
        )
        good &= np.abs(first - reach.home).max(axis=1) <= TURN
        first, owners = first[good], np.array(owner)[good]
        shares = np.linspace(0, 1, STEPS + 1)[1:]
        points = np.repeat(goals[owners][:, None], STEPS, axis=1)
        points[:, :, :3] -= (1 - shares)[None, :, None] * (goals[owners] - back[owners])[:, None, :3]
        way, good = arcs(planner.many[side], points, first)
        found = []
        for k, (row, palm) in enumerate(lot):
            own = np.flatnonzero(good & (owners == k))
            if len(own):
                found.append((row, palm, first[own[0]], tuple(way[own[0]])))
        return found


def arcs(many: ManyReach, poses: Array, seeds: Array, jump: float = JUMP) -> tuple[Array, Array]:
    """Return chain angles (N, T, C) [rad] through palm poses one after the other, and which got through (N,).

    Args:
      many: the arm.
      poses: (N, T, 7) in the cell frame.
      seeds: (N, C) chain angles before the first of them [rad].
      jump: largest step of a joint between two of them [rad]: more is another branch.
    """
    n, t = len(seeds), poses.shape[1]
    found = np.zeros((n, t, seeds.shape[1]))
    rows, last = np.arange(n), np.asarray(seeds, float)
    for k in range(t):
        if not len(rows):
            break
        q, good = many.solve(poses[rows, k, :3], quaternion_matrices(poses[rows, k, 3:]), last, steps=40)
        good &= np.abs(q - last).max(axis=1) <= jump
        rows, last = rows[good], q[good]
        found[rows, k] = last
    through = np.zeros(n, bool)
    through[rows] = True
    return found, through

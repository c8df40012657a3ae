"""Ways round what stands between two postures of an arm: by way of places higher up, or of where the arm is at home."""

from collections.abc import Collection, Iterator

import numpy as np

from dexbench.core.schema import Array

from ._planner import OVER, Planner

UPS = (0.0, *OVER)
"""How much higher a way goes over its start and over its end [m]."""
BRANCH = 1.0
"""Largest step of a joint on the way up [rad]: more is another branch."""


def detour(planner: Planner, side: str, start: Array, end: Array, ignore: Collection[int]) -> list[Array] | None:
    """Return the commands (A,) between which a way from `start` to `end` is free; None if none of those tried is.

    Args:
      planner: its surroundings show the moment.
      side: the arm that goes; `start` and `end` differ in nothing else.
      start: (A,) command.
      end: (A,) command.
      ignore: objects that the arm may touch, as indices into the surroundings' names.
    """
    known: dict[tuple[bytes, bytes], bool] = {}

    def free(a: Array, b: Array) -> bool:
        key = (a.tobytes(), b.tobytes())
        if key not in known:
            known[key] = not planner.around.sweep(a, b, ignore)
        return known[key]

    firsts = [p for p in _raised(planner, side, start) if p is start or free(start, p)]
    lasts = [p for p in _raised(planner, side, end) if p is end or free(p, end)]
    middle = planner.command(start, side, planner.robot.home[planner.chain[side]])
    for between in ((), (middle,)):
        for first in firsts:
            for last in lasts:
                points = [first, *between, last]
                if all(free(a, b) for a, b in zip(points, points[1:], strict=False)):
                    return [p for p in points if p is not start and p is not end]
    return None


def _raised(planner: Planner, side: str, command: Array) -> Iterator[Array]:
    """Yield `command` (A,), then those with the palm straight above it."""
    reach, seed = planner.reach[side], command[planner.chain[side]]
    position, turn = reach.pose(seed)
    for up in UPS:
        if not up:
            yield command
            continue
        high = reach.solve(position + np.array([0.0, 0.0, up]), turn, seed, steps=40)
        if high.found and np.abs(high.q - seed).max() <= BRANCH:
            yield planner.command(command, side, high.q)

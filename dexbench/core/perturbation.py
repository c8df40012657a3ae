"""Perturbations of a trial, as separable, graded factors: what changes, by how much, and whether the right action does.

A factor has five levels; level 0 is the trial as it was drawn. `Trial.perturbation` holds amounts, not levels: what
was measured stays known if levels are ever graded anew. Every draw of a factor comes from a stream of its own, seeded
by the trial: one factor never changes what another draws, and its levels are steps in one direction.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dexbench.core.errors import DataError, UnknownName

LEVELS = 5
"""Levels of every factor, beside 0."""
TRIAL, WORLD = "trial", "world"
"""Where a factor acts: it is written into the trial when a suite is frozen, or it is something that the world does."""
STREAM = 0xD157
"""Second word of the seed of every draw. No other draw uses it."""


NOISE: Mapping[str, float] = {
    "joint_position": 1e-3,
    "joint_velocity": 0.02,
    "object_position": 2e-3,
    "object_rotation": float(np.radians(1.0)),
}
"""Standard deviations of one unit of `sensor_noise` [rad, rad/s, m, rad]; of each axis, where there are three."""
TURN_PER_METRE = float(np.radians(1.0)) / 0.01
"""Turn of a displaced camera [rad/m]."""


@dataclass(frozen=True)
class Factor:
    """One thing that can be changed without the others."""

    name: str
    changes: str
    """What is changed, and how the amount is meant."""
    invariant: bool
    """Whether the action that was right stays right: an agent should then do the same as before."""
    acts: str
    """TRIAL or WORLD."""
    unit: str
    levels: tuple[float, ...]
    """Amounts of the levels 1, 2, ... LEVELS."""
    bounds: tuple[float, float]
    """Least and largest amount that is accepted."""
    source: str
    """Where the amounts are from."""
    none: float = 0.0
    """The amount that changes nothing: level 0."""
    confidence: str = "estimated"


_FACTORS = (
    Factor(
        "layout",
        "every object is moved by so much in a direction of its own, and turned by up to as much as half a turn at "
        "level 5; outlines keep their distance",
        False, TRIAL, "m", (0.02, 0.04, 0.06, 0.09, 0.12), (0.0, 0.3),
        "ours: the table's region is 0.26 m by 0.48 m, so level 5 is another place for most objects",
    ),
    Factor(
        "object",
        "the named object is replaced by another of its family: of the others, in order of how much their size and "
        "mass differ, the one at this share of the way; the instruction names the new one",
        False, TRIAL, "share", (0.2, 0.4, 0.6, 0.8, 1.0), (0.0, 1.0),
        "ours: shares of the family's instances of both splits",
    ),
    Factor(
        "instruction",
        "the same request in other words: 1 polite, 2 another verb, 3 a question, 4 amid other talk, 5 another verb in "
        "a question amid other talk",
        True, TRIAL, "step", (1.0, 2.0, 3.0, 4.0, 5.0), (0.0, 5.0),
        "ours: wording alone; the object's name stays as it is",
    ),
    Factor(
        "background",
        "table, its edge, floor and sky take on other colours: so far from the cell's own to drawn ones",
        True, TRIAL, "share", (0.2, 0.4, 0.6, 0.8, 1.0), (0.0, 1.0),
        "ours: core.appearance.RANGES; after DexGraspVLA's unseen backgrounds (arXiv 2502.20900), of cloth and wood",
    ),
    Factor(
        "light",
        "lamp, its direction, window, ambient light and the light beside the camera: so far from the cell's own to "
        "drawn ones",
        True, TRIAL, "share", (0.2, 0.4, 0.6, 0.8, 1.0), (0.0, 1.0),
        "ours: core.appearance.RANGES; after DexGraspVLA's unseen lighting (arXiv 2502.20900): disco, lamp, dark",
    ),
    Factor(
        "camera",
        "every camera is displaced by so much in a direction of its own and turned by one degree a centimetre, and "
        "nobody tells the calibration",
        True, WORLD, "m", (0.005, 0.01, 0.02, 0.03, 0.045), (0.0, 0.3),
        "ours: from a knocked tripod to one set up anew by eye; at level 5 the front camera still sees the middle of "
        "the table",
    ),
    Factor(
        "mass",
        "every object weighs so many times as much, its inertia with it",
        False, TRIAL, "factor", (1.5, 2.0, 3.0, 4.5, 7.0), (0.1, 10.0),
        "ours: a full bottle instead of an empty one, up to one of lead", none=1.0,
    ),
    Factor(
        "friction",
        "every object's sliding friction is so many times as high",
        False, TRIAL, "factor", (0.75, 0.5, 0.35, 0.2, 0.1), (0.02, 5.0),
        "ours: from dust to oil", none=1.0,
    ),
    Factor(
        "actuator_gain",
        "every servo's stiffness is so many times as high; its damping and largest force stay",
        False, WORLD, "factor", (0.8, 0.6, 0.4, 0.25, 0.15), (0.05, 3.0),
        "ours: from a servo that was tuned softer to one that hardly holds the hand", none=1.0,
    ),
    Factor(
        "actuator_delay",
        "what is sent reaches the motors so much later, to the nearest step of the physics",
        False, WORLD, "s", (0.02, 0.04, 0.08, 0.16, 0.32), (0.0, 1.0),
        "ours: half a control period to eight of them",
    ),
    Factor(
        "sensor_noise",
        "white noise on every sample: so many times 1 mrad on joint angles, 20 mrad/s on joint speeds, 2 mm and 1 "
        "degree on poses of objects; palm and fingertips follow from the joints, surface points from the pose",
        True, WORLD, "times", (1.0, 2.0, 4.0, 8.0, 16.0), (0.0, 50.0),
        "ours: level 1 is a good encoder and a good pose estimate, level 5 a poor one",
    ),
    Factor(
        "dead_taxels",
        "this share of all taxels reads zero throughout the episode",
        True, WORLD, "share", (0.1, 0.2, 0.4, 0.6, 0.9), (0.0, 1.0),
        "ours: from wear to a torn cable",
    ),
    Factor(
        "calibration",
        "the zero of every joint is off by up to so much: it reads wrong by that, and goes wrong by that",
        False, WORLD, "rad", (0.003, 0.006, 0.012, 0.025, 0.05), (0.0, 0.3),
        "ours: 3 mrad is a careful calibration, 50 mrad one by eye (5 cm at an arm's length)",
    ),
    Factor(
        "latency",
        "what is sensed is seen so much later, to the nearest control period; what was sent is known at once",
        True, WORLD, "s", (0.04, 0.08, 0.16, 0.32, 0.64), (0.0, 2.0),
        "ours: whole control periods, from a camera's exposure to a pose estimate by a large network",
    ),
)  # fmt: skip

FACTORS: Mapping[str, Factor] = {f.name: f for f in _FACTORS}
"""All factors by name. A perturbed trial gets them in this order."""


def factor(name: str) -> Factor:
    """Return the factor called `name`; raise UnknownName where there is none."""
    if name not in FACTORS:
        raise UnknownName("perturbation", name, FACTORS)
    return FACTORS[name]


def amount(name: str, level: int) -> float:
    """Return the amount of a factor at a level from 0 to LEVELS.

    Raises:
      UnknownName: no such factor.
      DataError: no such level.
    """
    found = factor(name)
    if isinstance(level, bool) or not isinstance(level, int) or not 0 <= level <= LEVELS:
        raise DataError(f"perturbation {name!r}: a level from 0 to {LEVELS} is expected, not {level!r}")
    return found.levels[level - 1] if level else found.none


def checked(amounts: Mapping[str, float]) -> dict[str, float]:
    """Return amounts by name, in the order of FACTORS and without those that change nothing.

    Raises:
      UnknownName: no such factor.
      DataError: an amount outside of its factor's bounds.
    """
    for name, value in amounts.items():
        lower, upper = factor(name).bounds
        if isinstance(value, bool) or not isinstance(value, int | float) or not lower <= value <= upper:
            unit = FACTORS[name].unit
            raise DataError(
                f"perturbation {name!r}: an amount from {lower:g} to {upper:g} [{unit}] is expected, not {value!r}"
            )
    return {name: float(amounts[name]) for name, f in FACTORS.items() if name in amounts and amounts[name] != f.none}


def asked_of_worlds(amounts: Mapping[str, float]) -> tuple[str, ...]:
    """Return the factors among `amounts` that are not in the trial itself: a world must do them."""
    return tuple(name for name in amounts if factor(name).acts == WORLD)


def generator(seed: int, name: str, more: int = 0) -> np.random.Generator:
    """Return the random numbers of a factor in the trial with this seed; `more` tells several draws of it apart."""
    return np.random.Generator(np.random.PCG64([abs(seed), STREAM, zlib.crc32(name.encode()), more]))


def zeros(seed: int, joints: int, value: float) -> np.ndarray:
    """Return (joints,) by how much each joint reads too high under `calibration` [rad]."""
    return np.asarray(value * generator(seed, "calibration").uniform(-1.0, 1.0, joints))

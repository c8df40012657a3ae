"""Grasp the object that the instruction names, lift it by 10 cm and hold it, with other objects around."""

import numpy as np

from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.task import versioned
from dexbench.core.trial import Outcome, Placement, Trial
from dexbench.objects.catalogue import families, instances, load_object

HANDS = 1
VERSION = 1
SPLITS = ("seen", "unseen")

LIFT = 0.10
"""Rise of the centre of mass over its start [m]: DexGraspVLA's criterion (arXiv 2502.20900)."""
HOLD = 1.0
"""Seconds without interruption that the goal must hold."""
LINGER = 1.0
"""Seconds watched after that: an object that is dropped in them does not count."""
REACH = 0.15
"""Palm to object centre [m]."""
LOST = 0.5
"""Seconds without any contact that end an attempt."""
ATTEMPTS = 3
"""As in DexGraspVLA's Ours@1/2/3: attempts on the same, possibly disturbed, scene."""

REGION = ((0.50, 0.76), (-0.24, 0.24))
"""Where object origins stand, x and y in the cell frame [m]."""
GAP = 0.10
"""Free space between the outlines of two objects [m]: fingers must fit."""

TEMPLATES = (
    "pick up the {0}",
    "grasp the {0} and lift it",
    "lift the {0} off the table",
    "take the {0}",
)
EXCLUDED = ("tray",)
"""Families that are too large for one hand."""

FAILURES = (
    "none",
    "never_reached",
    "never_touched",
    "never_lifted",
    "wrong_object",
    "dropped",
    "not_held",
)
NONE, NEVER_REACHED, NEVER_TOUCHED, NEVER_LIFTED, WRONG_OBJECT, DROPPED, NOT_HELD = range(len(FAILURES))
UNLIFTED = np.array([NEVER_REACHED, NEVER_TOUCHED, NEVER_LIFTED])
"""The failure by the stage that was reached."""


class GraspObject:
    """Language names one of several objects on a table.

    The named object's centre of mass must be at least 10 cm above where it started for one second without
    interruption, and still be there one second later, while a hand touches it and nothing else does: not the table, not
    another object, not an arm. An object in flight, wedged or leaning does not count. Three attempts, 24 seconds.
    """

    name = "grasp_object"
    version = VERSION
    hands = HANDS
    slots = 3
    horizon = 24.0
    stages: tuple[str, ...] = ("reach", "touch", "lift", "hold")
    failures: tuple[str, ...] = FAILURES
    official = "success_at_end"
    splits: tuple[str, ...] = SPLITS

    def pool(self) -> tuple[str, ...]:
        """Return every instance of every family that one hand can hold."""
        return tuple(i for f in families() if f not in EXCLUDED for i in instances(f))

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw a target family, then an instance of it, two others with other names, and where they stand."""
        kinds = [f for f in families() if f not in EXCLUDED]
        first = str(rng.choice(kinds))
        chosen = [str(rng.choice(instances(first, split)))]
        others = [i for f in kinds for i in instances(f, split)]
        while len(chosen) < self.slots:
            name = str(rng.choice(others))
            if load_object(name).phrase not in {load_object(c).phrase for c in chosen}:
                chosen.append(name)
        order = rng.permutation(self.slots)
        placed = stand(rng, [chosen[i] for i in order])
        target = int(np.flatnonzero(order == 0)[0])
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=str(rng.choice(TEMPLATES)).format(load_object(chosen[0]).phrase),
            target=target,
            objects=placed,
        )

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""
        return {
            "start": np.zeros((n, self.slots)),  # heights of the centres at the start [m]
            "held": np.zeros(n),  # seconds that the goal has held without interruption
            "since": np.full(n, 1e3),  # seconds since the hand last touched the target
            "stage": np.zeros(n, np.int64),
            "attempts": np.zeros(n, np.int64),
            "wrong": np.zeros(n, bool),  # another object has been lifted
            "once": np.zeros(n, bool),
            "after": np.zeros(n),  # seconds since `once`
        }

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Note the heights at which the objects of `worlds` start."""
        memory = scene.memory
        for name, fresh in self.remember(1).items():
            memory[name][worlds] = fresh
        memory["start"][worlds] = scene.object_centre[worlds, :, 2]

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now, in every world. Few calls on whole arrays: this runs in every control period."""
        m, period, rows, target = scene.memory, scene.period, scene.rows, scene.target
        rise = scene.object_centre[:, :, 2] - m["start"]
        touched = np.logical_or.reduce(scene.hand_contacts, axis=1)  # (n, K)
        touching = touched[rows, target]
        goal = touching & (rise[rows, target] >= LIFT) & (scene.other_contacts[rows, target] == 0)

        since, before = m["since"], m["once"]
        fresh = touching & (since >= LOST)
        if np.count_nonzero(fresh):
            m["attempts"] = m["attempts"] + fresh
        m["held"] = held = (m["held"] + period) * goal
        m["since"] = since = (since + period) * ~touching
        m["once"] = once = before | (held >= HOLD - 1e-9)
        if np.count_nonzero(before):
            m["after"] = m["after"] + period * before
        up = touched & (rise >= LIFT / 2)
        if np.count_nonzero(up):
            up[rows, target] = False
            m["wrong"] = m["wrong"] | up.any(axis=1)

        stage, attempts, wrong, at_end = m["stage"], m["attempts"], m["wrong"], once & goal
        if np.count_nonzero(stage) < len(stage):
            away = scene.palm_position - scene.object_centre[rows, target][:, None]
            stage = np.maximum(stage, ((away * away).sum(axis=2) < REACH * REACH).any(axis=1))
        m["stage"] = stage = np.maximum(stage, 2 * touching + goal + at_end)  # each implies the one before
        done = m["after"] >= LINGER - 1e-9
        spent = attempts >= ATTEMPTS
        if np.count_nonzero(spent):
            done |= spent & (since >= LOST) & ~once

        def failure() -> Array:
            return np.select(
                [at_end, once | ((stage >= 3) & ~goal), goal, wrong],
                [NONE, DROPPED, NOT_HELD, WRONG_OBJECT],
                UNLIFTED[np.minimum(stage, 2)],
            )

        reward = (stage + np.minimum(held, HOLD)) / (len(self.stages) + 1)
        return Outcome(once, at_end, stage, attempts, reward, failure, done)


def stand(rng: np.random.Generator, names: list[str]) -> tuple[Placement, ...]:
    """Draw where `names` stand upright in REGION at least GAP apart, any way round."""
    radii = [load_object(n).footprint_radius for n in names]
    while True:  # a draw of three succeeds in about every other try
        spots = np.column_stack([rng.uniform(*bounds, len(names)) for bounds in REGION])
        apart = np.linalg.norm(spots[:, None] - spots[None], axis=2)
        free = apart - np.add.outer(radii, radii) >= GAP
        if free[~np.eye(len(names), dtype=bool)].all():
            break
    return tuple(
        upright(n, float(x), float(y), float(rng.uniform(-np.pi, np.pi)))
        for n, (x, y) in zip(names, spots, strict=True)
    )


def upright(name: str, x: float, y: float, yaw: float) -> Placement:
    """Return `name` standing at (x, y) [m], turned by `yaw` [rad], with its nominal mass and friction."""
    model = load_object(name)
    return Placement(
        instance=name,
        position=(round(x, 6), round(y, 6), 0.0),
        quaternion=(float(np.cos(yaw / 2)), 0.0, 0.0, float(np.sin(yaw / 2))),
        mass=model.mass,
        friction=float(model.friction[0]),
    )


def make() -> GraspObject:
    """Return the task."""
    return GraspObject()

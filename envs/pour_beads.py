"""Pour beads from one cup into another that is held up, so that none are spilt."""

import numpy as np
from dm_control.utils.rewards import tolerance

from dexbench.core.holding import Holding, renew
from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.task import TaskBase, versioned
from dexbench.core.trial import Outcome, Placement, Trial
from dexbench.objects.catalogue import instances, load_object
from dexbench.objects.layout import upright

HANDS = 2
VERSION = 1
SPLITS: tuple[str, ...] = ("seen", "unseen")

FULL, EMPTY = 0, 1
"""Slots: the cup with the beads, and the other one; beads come after them."""
BEADS = 8
WANTED = 6
"""Beads that must end up in the other cup: three of four."""
UP = 0.05
"""Height of the middle of the other cup's base above the table while it is filled [m]: more than its radius, so that
no leaning cup is so high."""
HOLDING = Holding(hold=1.0, linger=1.0)
REACH = 0.15
"""Palm to a cup's centre [m]."""
WALL = 0.002
"""How far beyond the outline a bead's centre still counts as inside [m]: nothing, but for numbers."""

PLACE = {"seen": ((0.55, 0.64), (0.19, 0.25)), "unseen": ((0.52, 0.66), (0.17, 0.27))}
"""Where the cups stand, x and distance from the middle, one on either side [m], by split."""
RINGS = (0.0165, 0.0165)
"""Radii on which four beads each lie in a layer [m]."""

TEMPLATES = {
    "seen": (
        "pour the beads from the {0} into the {1}; hold both up",
        "lift both cups and pour the beads of the {0} into the {1}",
    ),
    "unseen": (
        "fill the {1} with the beads from the {0}, in the air",
        "take a cup in either hand and empty the {0} into the {1}",
    ),
}
FAILURES = ("none", "never_reached", "never_touched", "one_cup_up", "not_poured", "spilt", "not_held")
NONE, NEVER_REACHED, NEVER_TOUCHED, ONE_CUP_UP, NOT_POURED, SPILT, NOT_HELD = range(len(FAILURES))
SHORT_OF = np.array([NEVER_REACHED, NEVER_TOUCHED, ONE_CUP_UP, NOT_POURED])
"""The failure by the stage that was reached."""


class PourBeads(TaskBase):
    """Two cups stand on the table, one with eight beads in it.

    At least six beads must lie in the other cup for one second without interruption and one second longer. A bead
    counts if it came in while the other cup's base was 5 cm or more above the table, and only while it still is so; one
    that came in below that never counts again, and a bead that is in both cups, one inside the other, is in the first.
    The rule does not count hands: one cup pours from above while the other one is in the air, and there is nothing to
    put either on.
    """

    name = "pour_beads"
    version = VERSION
    hands = HANDS
    needs = "two hands: beads count only if they fall into a cup that is off the table, out of one that is above it"
    slots = 2 + BEADS
    horizon = 32.0
    stages: tuple[str, ...] = ("reach", "touch", "up", "pour", "filled", "hold")
    failures: tuple[str, ...] = FAILURES
    splits = SPLITS

    def pool(self) -> tuple[str, ...]:
        """Return cups and beads."""
        return (*instances("tumbler"), *instances("bead"))

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw two cups of different colours, on which side the full one stands, and what beads are in it."""
        full, empty = (str(n) for n in rng.choice(instances("tumbler", split), 2, replace=False))
        bead = str(rng.choice(instances("bead", split)))
        side = float(rng.choice([-1.0, 1.0]))
        spots = [(float(rng.uniform(*PLACE[split][0])), float(rng.uniform(*PLACE[split][1]))) for _ in range(2)]
        cups = (
            upright(full, spots[0][0], side * spots[0][1], 0.0),
            upright(empty, spots[1][0], -side * spots[1][1], 0.0),
        )
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=str(rng.choice(TEMPLATES[split])).format(load_object(full).phrase, load_object(empty).phrase),
            target=FULL,
            objects=(*cups, *_filling(bead, cups[0], float(rng.uniform(0, np.pi / 2)))),
        )

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""
        return HOLDING.remember(n) | {
            "radius": np.zeros((n, 2)),  # of the cups, outside at the top [m]
            "height": np.zeros((n, 2)),  # of the cups [m]
            "good": np.zeros((n, BEADS), bool),  # in the other cup, and came in while it was up
            "spoilt": np.zeros((n, BEADS), bool),  # came in while it was not
        }

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Note the shapes of the cups in `worlds`."""
        renew(scene, worlds, self.remember(1))
        for world in worlds:
            models = [load_object(scene.trials[world].objects[slot].instance) for slot in (FULL, EMPTY)]
            scene.memory["radius"][world] = [m.footprint_radius for m in models]
            scene.memory["height"][world] = [m.height for m in models]

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now, in every world."""
        m = scene.memory
        hands = scene.hand_contacts[:, :, :2] > 0  # (n, S, 2)
        touched = np.logical_or.reduce(hands, axis=1)  # (n, 2)
        touching = np.logical_or.reduce(touched, axis=1)
        up = scene.object_position[:, :2, 2] >= UP
        first, second = (self._inside(scene, cup) for cup in (FULL, EMPTY))
        there = second & ~first
        raised = up[:, EMPTY, None]
        m["spoilt"] = spoilt = (m["spoilt"] | (there & ~raised & ~m["good"])) & ~first
        m["good"] = good = there & ~spoilt & (raised | m["good"])
        count = good.sum(axis=1)
        both = np.logical_and.reduce(up & touched, axis=1)
        filled = (count >= WANTED) & up[:, EMPTY] & touched[:, EMPTY]
        held = HOLDING.judge(scene, filled, touching)

        away = scene.palm_position[:, :, None] - scene.object_centre[:, None, :2]
        near = ((away * away).sum(axis=3) < REACH * REACH).any(axis=2).any(axis=1)
        late = np.maximum(3 * both, np.maximum(4 * (both & (count > 0)), np.where(filled, 5 + held.at_end, 0)))
        stage = HOLDING.reach(scene, np.maximum(near, np.maximum(2 * touching, late)))
        spilt = (~first & ~good).sum(axis=1) > BEADS - WANTED

        def failure() -> Array:
            return np.select(
                [held.at_end, spilt, filled | (stage >= 5), stage >= 4],
                [NONE, SPILT, NOT_HELD, NOT_POURED],
                SHORT_OF[np.minimum(stage, 3)],
            )

        def reward() -> Array:
            gaps = np.sqrt((away * away).sum(axis=3)).min(axis=1)  # (n, 2)
            close = tolerance(gaps, (0.0, 0.08), margin=0.40).mean(axis=1)
            high = tolerance(scene.object_position[:, :2, 2], (UP, np.inf), margin=UP)
            risen = (high * touched).mean(axis=1)
            poured = np.minimum(count / WANTED, 1.0) * up[:, EMPTY]
            return np.asarray((close + 2 * risen + 3 * poured + 2 * np.minimum(held.seconds, HOLDING.hold)) / 8)

        return Outcome(held.once, held.at_end, stage, held.attempts, reward, failure, held.done)

    def _inside(self, scene: Scene, cup: int) -> Array:
        """Return (n, BEADS) bool: which beads are inside a cup, whichever way it is turned."""
        m = scene.memory
        away = scene.object_centre[:, 2:] - scene.object_position[:, cup, None]
        axis = _up(scene.object_quaternion[:, cup])[:, None]
        along = (away * axis).sum(axis=2)
        across = (away * away).sum(axis=2) - along**2
        radius, height = m["radius"][:, cup, None], m["height"][:, cup, None]
        return np.asarray((along > 0) & (along < height) & (across < (radius - WALL) ** 2))


def _up(quaternion: Array) -> Array:
    """Return (..., 3) where the z axis of frames (..., 4) wxyz points."""
    w, x, y, z = np.moveaxis(quaternion, -1, 0)
    return np.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)], axis=-1)


def _filling(bead: str, cup: Placement, turn: float) -> tuple[Placement, ...]:
    """Return the beads in their cup: two layers of four, the upper one between those of the lower one."""
    size = 2 * load_object(bead).footprint_radius
    placed = []
    for layer, ring in enumerate(RINGS):
        for k in range(BEADS // len(RINGS)):
            angle = turn + 2 * np.pi * (k + 0.5 * layer) / (BEADS // len(RINGS))
            x, y = cup.position[0] + ring * np.cos(angle), cup.position[1] + ring * np.sin(angle)
            there = upright(bead, float(x), float(y), 0.0)
            height = round(0.008 + layer * 1.1 * size, 6)
            placed.append(Placement(bead, (*there.position[:2], height), there.quaternion, there.mass, there.friction))
    return tuple(placed)


def make() -> PourBeads:
    """Return the task."""
    return PourBeads()

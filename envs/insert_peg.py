"""Push a peg into the hole of a light block that gives way: one hand holds the block, the other one pushes."""

import numpy as np
from dm_control.utils.rewards import tolerance

from dexbench.core.holding import Holding, renew
from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.task import TaskBase, versioned
from dexbench.core.trial import Outcome, Setting, Trial
from dexbench.objects.articulated import load_articulated
from dexbench.objects.catalogue import instances, load_object
from dexbench.objects.layout import upright

HANDS = 2
VERSION = 1
SPLITS: tuple[str, ...] = ("seen", "unseen")

BLOCK, PLUG = "peg_block", "peg_block/plug"
PUSHED = 0.012
"""How far the plug in the hole must be pushed [m]."""
LIFT = 0.03
"""Rise of the peg's centre of mass at which it counts as picked up [m]."""
STILL = 0.05
"""Largest speed of peg and block while it counts as done [m/s]."""
UPRIGHT = np.deg2rad(30.0)
"""Largest tilt of the block, ever [rad]: one that lies on its back is held by the table."""
TURN = (1 - np.cos(UPRIGHT)) / 2
"""The same as a bound of qx^2 + qy^2: the cosine of the tilt is 1 - 2 (qx^2 + qy^2)."""
HOLDING = Holding(hold=1.0, linger=1.0)
REACH = 0.15
"""Palm to the peg's centre [m]."""

PEG = {"seen": ((0.50, 0.58), (0.30, 0.36)), "unseen": ((0.48, 0.60), (0.28, 0.38))}
"""Where the peg stands, x and distance from the middle to its side, by split [m]."""
PLACE = {"seen": ((0.58, 0.64), (0.02, 0.06)), "unseen": ((0.56, 0.66), (0.0, 0.08))}
"""Where the block stands, x and distance from the middle to the other side, by split [m]."""
YAW = {"seen": np.deg2rad(10.0), "unseen": np.deg2rad(20.0)}
"""Largest turn of the hole away from the peg's side, by split [rad]."""

TEMPLATES = {
    "seen": (
        "push the {0} into the hole of the block; hold the block by its post",
        "put the {0} into the block, against the cork",
        "hold the block and insert the {0}",
    ),
    "unseen": ("the {0} belongs into the block: push the cork back with it", "plug the {0} into the hole"),
}
FAILURES = (
    "none",
    "never_reached",
    "never_touched",
    "never_lifted",
    "missed",
    "block_slid",
    "tipped",
    "not_held",
)
NONE, NEVER_REACHED, NEVER_TOUCHED, NEVER_LIFTED, MISSED, BLOCK_SLID, TIPPED, NOT_HELD = range(len(FAILURES))
SHORT_OF = np.array([NEVER_REACHED, NEVER_TOUCHED, NEVER_LIFTED, MISSED, BLOCK_SLID])
"""The failure by the stage that was reached."""


class InsertPeg(TaskBase):
    """A peg stands beside a light block with a level hole, in which a stiff cork sits.

    The peg's tip must be in the hole with the cork pushed back by 12 mm or more, peg and block at rest, for one second
    without interruption, and still be so one second later. The block must not be tilted by more than 30 degrees, ever.
    It may stand or be held, the peg may be let go. The rule does not count hands: the cork yields to 3 N and more, the
    block's foot slides at half a newton, so that a peg pushed by one hand takes the block along.
    """

    name = "insert_peg"
    version = VERSION
    hands = HANDS
    needs = "two hands: the block slides away from the peg at a sixth of the force that the cork in it needs"
    slots = 1
    articulated: tuple[str, ...] = (BLOCK,)
    horizon = 40.0
    stages: tuple[str, ...] = ("reach", "touch", "lift", "enter", "push", "hold")
    failures: tuple[str, ...] = FAILURES
    splits = SPLITS

    def __init__(self) -> None:
        self._hole = load_articulated(BLOCK).region("hole")

    def pool(self) -> tuple[str, ...]:
        """Return the pegs."""
        return tuple(instances("peg"))

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw a peg, on which side it stands, and the block, whose hole faces that side."""
        name = str(rng.choice(instances("peg", split)))
        side = float(rng.choice([-1.0, 1.0]))
        (x, away), (bx, beyond) = ([float(rng.uniform(*b)) for b in place[split]] for place in (PEG, PLACE))
        peg = upright(name, x, side * away, float(rng.uniform(-np.pi, np.pi)))
        yaw = -side * np.pi / 2 + float(rng.uniform(-YAW[split], YAW[split]))
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=str(rng.choice(TEMPLATES[split])).format(load_object(name).phrase),
            target=0,
            objects=(peg,),
            articulated=(
                Setting(
                    BLOCK,
                    (round(bx, 6), round(-side * beyond, 6), 0.0),
                    (float(np.cos(yaw / 2)), 0.0, 0.0, float(np.sin(yaw / 2))),
                    tuple(j.rest for j in load_articulated(BLOCK).joints),
                ),
            ),
        )

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""
        return HOLDING.remember(n) | {
            "start": np.zeros(n),  # height of the peg's centre at the start [m]
            "cork": np.zeros(n),  # where the cork started [m]
            "tipped": np.zeros(n, bool),
        }

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Note where pegs and corks of `worlds` start."""
        renew(scene, worlds, self.remember(1))
        scene.memory["start"][worlds] = scene.object_centre[worlds, 0, 2]
        scene.memory["cork"][worlds] = scene.joint_position[worlds, scene.joint(PLUG)]

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now, in every world."""
        m, block = scene.memory, scene.index(BLOCK)
        tilt = scene.object_quaternion[:, block, 1:3]
        m["tipped"] = m["tipped"] | ((tilt * tilt).sum(axis=1) > TURN)
        place, turn = scene.object_position[:, block], scene.object_quaternion[:, block]
        tip = scene.object_position[:, 0]
        pushed = scene.joint_position[:, scene.joint(PLUG)] - m["cork"]
        inside = self._hole.contains(tip, place, turn) & ~m["tipped"]
        speed = np.linalg.norm(scene.object_velocity[:, [0, block], :3], axis=2).max(axis=1)
        done = inside & (pushed >= PUSHED)
        goal = done & (speed <= STILL)
        touching = np.logical_or.reduce(scene.hand_contacts[:, :, 0], axis=1)
        held = HOLDING.judge(scene, goal, touching)
        m["once"] = once = held.once & ~m["tipped"]
        at_end = once & goal

        away = scene.palm_position - scene.object_centre[:, :1]
        near = ((away * away).sum(axis=2) < REACH * REACH).any(axis=1)
        lifted = touching & (scene.object_centre[:, 0, 2] - m["start"] >= LIFT)
        late = np.maximum(3 * lifted, np.where(inside, 4 + (pushed >= PUSHED) + at_end, 0))
        stage = HOLDING.reach(scene, np.maximum(near, np.maximum(2 * touching, late)))

        def failure() -> Array:
            return np.select(
                [at_end, m["tipped"], done | (stage >= 5)], [NONE, TIPPED, NOT_HELD], SHORT_OF[np.minimum(stage, 4)]
            )

        def reward() -> Array:
            gaps = np.sqrt((away * away).sum(axis=2)).min(axis=1)
            close = tolerance(gaps, (0.0, 0.08), margin=0.40)
            to_block = np.linalg.norm(scene.palm_position - scene.object_centre[:, block, None], axis=2).max(axis=1)
            beside = tolerance(to_block, (0.0, 0.15), margin=0.40)
            mouth = np.linalg.norm(tip - scene.object_position[:, scene.index(PLUG)], axis=1)
            come = lifted * tolerance(mouth, (0.0, 0.01), margin=0.30)
            depth = inside * np.clip(pushed / PUSHED, 0.0, 1.0)
            found = close + beside + touching + lifted + 2 * come + 2 * depth + 2 * np.minimum(held.seconds, 1.0)
            return np.asarray(np.where(m["tipped"], 0.0, found / 10))

        return Outcome(once, at_end, stage, held.attempts, reward, failure, held.done & once | m["tipped"])


def make() -> InsertPeg:
    """Return the task."""
    return InsertPeg()

"""Grasp the named part of an object, wrapped or pinched, lift it by 10 cm and hold it: DexVLG's task."""

import numpy as np
from dm_control.utils.rewards import tolerance

from dexbench.core.holding import Holding, renew
from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.task import Region, TaskBase, versioned
from dexbench.core.trial import Outcome, Trial
from dexbench.objects.catalogue import instances, load_object
from dexbench.objects.layout import REGION, stand

HANDS = 1
VERSION = 1
SPLITS: tuple[str, ...] = ("seen", "unseen", "other")
"""Objects of the training families, others of these families, and objects of families that are not in training: as
DexVLG's LVIS-seen, LVIS-unseen and SamPart3D (arXiv 2507.02747)."""

PARTS = {
    "bottle": ("body", "neck", "cap"),
    "bowl": ("rim",),
    "canister": ("body", "lid"),
    "jar": ("body", "lid"),
    "lotion": ("body", "pump"),
    "mug": ("body", "handle"),
}
"""Parts that are asked for, by family."""
OTHER_PARTS = {
    "flashlight": ("handle", "head"),
    "teapot": ("body", "handle", "lid"),
    "tin": ("body", "lid"),
    "watering_can": ("handle",),
}
"""The same of families that are not in training."""
MODES = ("wrap", "pinch")
TEMPLATES = {
    "wrap": ("grasp the {0} by its {1}", "wrap your hand around the {1} of the {0} and lift it"),
    "pinch": ("pinch the {0} by its {1}", "lift the {0}, pinching its {1} with thumb and two fingers"),
}
"""What is said, by mode. Which fingers touch is not judged: the task knows no hand."""

LIFT = 0.10
"""Rise of the centre of mass over its start [m]."""
HOLDING = Holding(hold=1.0, linger=1.0)
REACH = 0.15
"""Palm to object centre [m]."""
ATTEMPTS = 3
SHARE = 0.5
"""Least share of the hand's contacts that are on the named part while it is held (PTA; a definition of our own)."""

FAILURES = (
    "none",
    "never_reached",
    "never_touched",
    "never_lifted",
    "wrong_object",
    "wrong_part",
    "dropped",
    "not_held",
)
NONE, NEVER_REACHED, NEVER_TOUCHED, NEVER_LIFTED, WRONG_OBJECT, WRONG_PART, DROPPED, NOT_HELD = range(len(FAILURES))
UNLIFTED = np.array([NEVER_REACHED, NEVER_TOUCHED, NEVER_LIFTED])
"""The failure by the stage that was reached."""


class GraspPart(TaskBase):
    """Language names one of two objects, one of its parts, and a manner.

    The object's centre of mass must be at least 10 cm above where it started for one second without interruption, and
    still be there one second later, while a hand touches the named part and nothing but the hand touches the object.
    Of all contacts between hand and object since it was up, at least half must be on the named part: who lifts a mug
    by its body has not grasped its handle. Three attempts, 24 seconds.
    """

    name = "grasp_part"
    version = VERSION
    hands = HANDS
    slots = 2
    senses_parts = True
    region: Region | None = (*REGION, (-np.pi, np.pi))
    horizon = 24.0
    stages: tuple[str, ...] = ("reach", "touch", "lift", "hold")
    failures: tuple[str, ...] = FAILURES
    splits = SPLITS

    def pool(self) -> tuple[str, ...]:
        """Return every instance of the families."""
        return tuple(i for f in (*PARTS, *OTHER_PARTS) for i in instances(f))

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw a family, one of its parts and a mode, then an instance, another object, and where they stand."""
        parts, of = (OTHER_PARTS, None) if split == "other" else (PARTS, split)
        family = str(rng.choice(list(parts)))
        chosen = str(rng.choice(instances(family, of)))
        part, mode = str(rng.choice(parts[family])), str(rng.choice(MODES))
        others = [i for f in parts if f != family for i in instances(f, of)]
        names = [chosen, str(rng.choice(others))]
        order = rng.permutation(self.slots)
        model = load_object(chosen)
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=str(rng.choice(TEMPLATES[mode])).format(model.phrase, part),
            target=int(np.flatnonzero(order == 0)[0]),
            objects=stand(rng, [names[i] for i in order]),
            extra={"part": float(model.part(part)), "pinch": float(mode == "pinch")},
        )

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""
        return HOLDING.remember(n) | {
            "start": np.zeros((n, self.slots)),  # heights of the centres at the start [m]
            "pieces": np.zeros((n, 0)),  # 1 for each collision piece of the target that is of the named part
            "on": np.zeros(n),  # contacts on that part since the object is up
            "all": np.zeros(n),  # contacts in all since then
            "elsewhere": np.zeros(n, bool),  # it has been held up, but not by the part
            "wrong": np.zeros(n, bool),  # another object has been lifted
        }

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Note the heights at which the objects of `worlds` start, and which pieces are of the named part."""
        memory, count = scene.memory, scene.piece_contacts.shape[2]
        if memory["pieces"].shape[1] != count:
            memory["pieces"] = np.zeros((len(scene.trials), count))
        fresh = self.remember(1)
        del fresh["pieces"]
        renew(scene, worlds, fresh)
        memory["start"][worlds] = scene.object_centre[worlds, :, 2]
        for world in np.asarray(worlds):
            trial = scene.trials[world]
            pieces = load_object(trial.objects[trial.target].instance).pieces
            named = [float(piece.part == int(trial.extra["part"])) for piece in pieces]
            memory["pieces"][world] = np.pad(named, (0, count - len(named)))

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now, in every world."""
        m, rows, target = scene.memory, scene.rows, scene.target
        rise = scene.object_centre[:, :, 2] - m["start"]
        touched = np.logical_or.reduce(scene.hand_contacts, axis=1)  # (n, K)
        touching = touched[rows, target]
        contacts = scene.piece_contacts[rows, target]
        on = (contacts * m["pieces"]).sum(axis=1)
        up = touching & (rise[rows, target] >= LIFT) & (scene.other_contacts[rows, target] == 0)
        m["on"], m["all"] = (m["on"] + on) * up, (m["all"] + contacts.sum(axis=1)) * up
        named = (m["on"] > 0) & (m["on"] >= SHARE * m["all"])
        goal = up & named
        m["elsewhere"] = m["elsewhere"] | (up & ~named)

        held = HOLDING.judge(scene, goal, touching)
        lifted = touched & (rise >= LIFT / 2)
        if np.count_nonzero(lifted):
            lifted[rows, target] = False
            m["wrong"] = m["wrong"] | lifted.any(axis=1)

        stage, wrong, once, at_end = m["stage"], m["wrong"], held.once, held.at_end
        away = scene.palm_position - scene.object_centre[rows, target][:, None]
        near = ((away * away).sum(axis=2) < REACH * REACH).any(axis=1) | (stage > 0)
        # each implies the one before: the named part is touched, the object is up by it, it was held and still is
        now = np.where(at_end, 4, np.where(goal, 3, np.where(on > 0, 2, near)))
        m["stage"] = stage = np.maximum(stage, now)
        done, spent = held.done, held.attempts >= ATTEMPTS
        if np.count_nonzero(spent):
            done |= spent & (held.idle >= HOLDING.lost) & ~once

        def failure() -> Array:
            dropped = once | ((stage >= 3) & ~goal)
            return np.select(
                [at_end, m["elsewhere"] & ~once, dropped, goal, wrong],
                [NONE, WRONG_PART, DROPPED, NOT_HELD, WRONG_OBJECT],
                UNLIFTED[np.minimum(stage, 2)],
            )

        def reward() -> Array:
            closeness = tolerance(np.sqrt((away * away).sum(axis=2).min(axis=1)), bounds=(0, 0.1), margin=0.5)
            height = tolerance(
                rise[rows, target], bounds=(LIFT, np.inf), margin=LIFT, sigmoid="linear", value_at_margin=0
            )
            share = m["on"] / np.maximum(m["all"], 1)
            return np.asarray((closeness + (on > 0) + height * touching + share * up + at_end) / 5)

        return Outcome(once, at_end, stage, held.attempts, reward, failure, done)


def make() -> GraspPart:
    """Return the task."""
    return GraspPart()

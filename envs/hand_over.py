"""Hand a bar from one hand to the other, in the air; the instruction names who gives and who receives."""

from dataclasses import replace

import numpy as np
from dm_control.utils.rewards import tolerance

from dexbench.core.holding import Holding, renew
from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.task import TaskBase, versioned
from dexbench.core.trial import Outcome, Setting, Trial
from dexbench.objects.catalogue import instances, load_object
from dexbench.objects.layout import upright

HANDS = 2
VERSION = 2
"""2: stands are farther apart and lean, since one recorded handing over played again passed some layouts before."""
SPLITS: tuple[str, ...] = ("seen", "unseen")

LIFT = 0.08
"""Rise of the bar's centre of mass over its start [m]: twice the depth of the stand that it stands in."""
GRIP = 2
"""Contacts of the receiving hand at least: one contact can be a bar that leans."""
HOLDING = Holding(hold=1.0, linger=1.0)
REACH = 0.20
"""Palm to the bar's centre [m]: half the bar and a little."""

PLACE = {"seen": ((0.47, 0.61), (0.27, 0.37)), "unseen": ((0.46, 0.62), (0.26, 0.38))}
"""Where the stand is, x and distance from the middle to the giver's side, by split: clear of hands at home [m]."""
LEAN = {"seen": 0.35, "unseen": 0.40}
"""Largest slant of the stand, in any direction [rad]: the middle of the bar is up to 6 cm beside its foot."""

TEMPLATES = {
    "seen": (
        "hand the {0} from your {1} hand to your {2} hand",
        "pass the {0} over: your {1} hand gives, your {2} hand takes",
        "pick up the {0} with the {1} hand and give it to the {2} one",
    ),
    "unseen": (
        "take the {0} with your {1} hand, then let your {2} hand have it",
        "the {1} hand gives the {0} to the {2} hand",
    ),
}
FAILURES = (
    "none",
    "never_reached",
    "never_touched",
    "never_lifted",
    "not_met",
    "not_let_go",
    "dropped",
    "not_held",
)
NONE, NEVER_REACHED, NEVER_TOUCHED, NEVER_LIFTED, NOT_MET, NOT_LET_GO, DROPPED, NOT_HELD = range(len(FAILURES))
SHORT_OF = np.array([NEVER_REACHED, NEVER_TOUCHED, NEVER_LIFTED, NOT_MET, NOT_LET_GO])
"""The failure by the stage that was reached, while the bar is still on its way."""


class HandOver(TaskBase):
    """A bar stands in a stand that leans, on the giver's side.

    The giving hand alone must lift it by 8 cm. From then on the bar must stay in the air and in a hand, whichever, and
    touch nothing else: a bar that is put down, thrown or dropped must be lifted by the giver again. In the end the
    receiving hand must hold it with two contacts or more, and the giving hand not at all, for one second without
    interruption, and still do so one second later. It goes by contacts, never by height: a bar that leans is high too.
    """

    name = "hand_over"
    version = VERSION
    hands = HANDS
    needs = "two hands: one lifts the bar and the other one ends up with it, and it must not leave the air between"
    slots = 1
    articulated: tuple[str, ...] = ("bar_stand",)
    horizon = 32.0
    stages: tuple[str, ...] = ("reach", "touch", "lift", "meet", "pass", "hold")
    failures: tuple[str, ...] = FAILURES
    splits = SPLITS

    def pool(self) -> tuple[str, ...]:
        """Return the bars."""
        return tuple(instances("bar"))

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw a bar, who gives, and where it stands on that side."""
        name = str(rng.choice(instances("bar", split)))
        giver, receiver = ("right", "left") if rng.random() < 0.5 else ("left", "right")
        x, away = (float(rng.uniform(*bounds)) for bounds in PLACE[split])
        y = away if giver == "left" else -away
        x, y = round(x, 6), round(y, 6)
        bar = upright(name, x, y, float(rng.uniform(-np.pi, np.pi)))
        slant, towards = LEAN[split] * float(np.sqrt(rng.random())), float(rng.uniform(-np.pi, np.pi))
        w, sine = float(np.cos(slant / 2)), float(np.sin(slant / 2))
        u, v = sine * float(np.cos(towards)), sine * float(np.sin(towards))
        foot = (x, y, round(load_object(name).footprint_radius * float(np.sin(slant)), 6))  # on its edge
        c, _, _, z = bar.quaternion  # turned about its own axis first, then leaned
        bar = replace(bar, position=foot, quaternion=(w * c, u * c + v * z, v * c - u * z, w * z))
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=str(rng.choice(TEMPLATES[split])).format(load_object(name).phrase, giver, receiver),
            target=0,
            objects=(bar,),
            extra={"giver_left": float(giver == "left")},
            articulated=(Setting("bar_stand", foot, (w, u, v, 0.0)),),
        )

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""
        return HOLDING.remember(n) | {
            "start": np.zeros(n),  # height of the centre at the start [m]
            "giver": np.zeros(n, np.int64),  # which of the scene's sides gives
            "air": np.zeros(n, bool),  # lifted by the giver, and in a hand and free of all else since then
            "fell": np.zeros(n, bool),  # it was in the air, and then not
        }

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Note who gives, and the height at which the bars of `worlds` start."""
        renew(scene, worlds, self.remember(1))
        m = scene.memory
        m["start"][worlds] = scene.object_centre[worlds, 0, 2]
        for world in worlds:
            side = "left" if scene.trials[world].extra.get("giver_left") else "right"
            m["giver"][world] = scene.sides.index(side)

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now, in every world."""
        m, rows = scene.memory, scene.rows
        rise = scene.object_centre[:, 0, 2] - m["start"]
        hands = scene.hand_contacts[:, :, 0]
        giver = hands[rows, m["giver"]]
        taker = hands[rows, 1 - m["giver"]]
        carried = (giver + taker > 0) & (scene.other_contacts[:, 0] == 0)
        lifted = (giver > 0) & (taker == 0) & (rise >= LIFT)
        m["fell"] = m["fell"] | (m["air"] & ~carried)
        m["air"] = air = carried & (m["air"] | lifted)
        met = air & (taker > 0)
        goal = met & (taker >= GRIP) & (giver == 0)
        held = HOLDING.judge(scene, goal, giver + taker > 0)

        away = scene.palm_position[rows, m["giver"]] - scene.object_centre[:, 0]
        near = (away * away).sum(axis=1) < REACH * REACH
        stage = np.maximum(1 * near, np.maximum(2 * (giver > 0), 3 * air + met + goal + held.at_end))
        stage = HOLDING.reach(scene, stage)

        def failure() -> Array:
            return np.select(
                [held.at_end, goal & ~held.once, m["fell"] & ~air, stage >= 5],
                [NONE, NOT_HELD, DROPPED, NOT_HELD],
                SHORT_OF[np.minimum(stage, 4)],
            )

        def reward() -> Array:
            gap = np.linalg.norm(scene.palm_position - scene.object_centre[:, :1], axis=2)
            close = tolerance(gap[rows, m["giver"]], (0.0, 0.10), margin=0.40)
            high = tolerance(rise, (LIFT, np.inf), margin=LIFT)
            meet = tolerance(gap[rows, 1 - m["giver"]], (0.0, 0.15), margin=0.40)
            after = air * (1 + meet + met + 2 * goal + held.seconds.clip(max=HOLDING.hold))
            return np.asarray((close + (giver > 0) * (1 + high) + after) / 9)

        return Outcome(held.once, held.at_end, stage, held.attempts, reward, failure, held.done)


def make() -> HandOver:
    """Return the task."""
    return HandOver()

"""Lift an object that bears a firm grip for moments only, and hold it against a pull that comes without warning."""

import numpy as np
from dm_control.utils.rewards import tolerance

from dexbench.core.holding import Holding, renew
from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.task import TaskBase, versioned
from dexbench.core.trial import Outcome, Placement, Trial
from dexbench.objects.catalogue import instances, load_object
from dexbench.objects.layout import REGION, upright

HANDS = 1
VERSION = 2
SPLITS: tuple[str, ...] = ("seen", "unseen")

FIRM = 4.5
"""Force of one contact, normal to the object, above which its wall gives way [N]; chosen (confidence: estimated)."""
BEARS = 3.8
"""Seconds of that, all together, before it is dented."""
PULL = {"seen": (5.0, 6.5), "unseen": (6.5, 7.0)}
"""Size of the pull [N]."""
LASTS = 1.4
"""How long it lasts, the rise of RISE seconds included [s]."""
RISE = 0.6
WHEN = (9.0, 16.0)
"""When it begins [s]; nobody is told."""
DOWNWARDS = 0.9
"""Least share of the pull that points down; the rest goes anywhere across."""
FRICTION = 0.8
"""Of the object, as in the catalogue."""
MASS = 0.15
"""Of the object [kg]: it is all but empty."""

LIFT = 0.10
"""Rise of the centre of mass over its start [m]."""
HOLDING = Holding(hold=2.0, linger=0.5)
"""After the pull."""
REACH = 0.15
"""Palm to the object's centre [m]."""

TEMPLATES = {
    "seen": ("lift the {0} and do not let it be pulled away", "hold up the {0}, whoever pulls at it"),
    "unseen": ("keep the {0} up in the air against a tug",),
}
FAILURES = ("none", "never_reached", "never_touched", "never_lifted", "late", "dented", "pulled_away", "not_held")
NONE, NEVER_REACHED, NEVER_TOUCHED, NEVER_LIFTED, LATE, DENTED, PULLED_AWAY, NOT_HELD = range(len(FAILURES))
UNLIFTED = np.array([NEVER_REACHED, NEVER_TOUCHED, NEVER_LIFTED])
"""The failure by the stage that was reached."""


class HoldAgainstPull(TaskBase):
    """A light box with a thin wall stands on the table. Between 9 and 16 seconds somebody pulls at it.

    When the pull begins it must be in the air, its centre of mass at least 10 cm above where it started, touched by a
    hand and nothing else; so it must stay through the pull, which lasts 1.4 seconds, for two seconds after it, and half
    a second more. It may be pressed with more than 4.5 N at one contact for 3.8 seconds in all and no longer: then it
    is dented, and the episode over. So a grip that would bear the pull cannot be kept up until it comes. One attempt,
    20 seconds.
    """

    name = "hold_against_pull"
    version = VERSION
    hands = HANDS
    needs = (
        "touch: the grip that bears the pull dents the box unless it is for a moment, and the pull's beginning is felt "
        "in the fingertips before the box slips; its pose and lagging joints tell the same later, and by less"
    )
    slots = 1
    senses_force = True
    horizon = 20.0
    stages: tuple[str, ...] = ("reach", "touch", "lift", "bear", "hold")
    failures: tuple[str, ...] = FAILURES
    splits = SPLITS

    def pool(self) -> tuple[str, ...]:
        """Return the boxes."""
        return instances("box")

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw a box, where it stands, and when and how it is pulled at."""
        name = str(rng.choice(instances("box", split)))
        x, y = (float(rng.uniform(*bounds)) for bounds in REGION)
        box = upright(name, x, y, float(rng.uniform(-np.pi, np.pi)))
        down, way = float(rng.uniform(DOWNWARDS, 1.0)), float(rng.uniform(-np.pi, np.pi))
        across, size = float(np.sqrt(1 - down * down)), float(rng.uniform(*PULL[split]))
        extra = {
            "pull_at": round(float(rng.uniform(*WHEN)), 3),
            "pull_x": round(size * across * float(np.cos(way)), 4),
            "pull_y": round(size * across * float(np.sin(way)), 4),
            "pull_z": round(-size * down, 4),
        }
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=str(rng.choice(TEMPLATES[split])).format(load_object(name).phrase),
            target=0,
            objects=(Placement(name, box.position, box.quaternion, MASS, FRICTION),),
            extra=extra,
        )

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""
        return HOLDING.remember(n) | {
            "start": np.zeros(n),  # height of the centre at the start [m]
            "pull_at": np.full(n, 1e3),  # [s]
            "firm": np.zeros(n),  # seconds of a firm grip
            "lost": np.zeros(n, bool),  # not in the air at some time from the pull on
            "lifted": np.zeros(n, bool),
            "pulled": np.zeros(n, bool),  # it was held in the air when the pull began
        }

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Note the heights at which the boxes of `worlds` start, and when they will be pulled at."""
        renew(scene, worlds, self.remember(1))
        scene.memory["start"][worlds] = scene.object_centre[worlds, 0, 2]
        scene.memory["pull_at"][worlds] = [scene.trials[world].extra.get("pull_at", 1e3) for world in worlds]

    def disturb(self, scene: Scene) -> Array | None:
        """Pull, where it is time: rising evenly, then steady, then gone."""
        since = scene.time - np.array([trial.extra.get("pull_at", 1e3) for trial in scene.trials])
        share = np.where((since >= 0) & (since < LASTS), np.clip((since + scene.period) / RISE, 0.0, 1.0), 0.0)
        if not share.any():
            return None
        push = np.zeros((len(scene.rows), scene.object_position.shape[1], 6))
        push[:, 0, :3] = [[trial.extra.get(f"pull_{axis}", 0.0) for axis in "xyz"] for trial in scene.trials]
        push *= share[:, None, None]
        return push

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now, in every world."""
        m = scene.memory
        m["firm"] = firm = m["firm"] + scene.period * (scene.peak_force[:, 0] > FIRM)
        dented = (firm > BEARS) & ~m["once"]
        rise = scene.object_centre[:, 0, 2] - m["start"]
        touching = np.logical_or.reduce(scene.hand_contacts[:, :, 0] > 0, axis=1)
        up = touching & (rise >= LIFT) & (scene.other_contacts[:, 0] == 0)
        begun = scene.time >= m["pull_at"]
        m["lifted"] = lifted = m["lifted"] | up
        m["pulled"] = pulled = m["pulled"] | (up & (scene.time - m["pull_at"] < RISE / 2) & begun)
        m["lost"] = lost = m["lost"] | (begun & ~up)
        borne = pulled & ~lost & (scene.time >= m["pull_at"] + LASTS)
        goal = borne & up & ~dented
        held = HOLDING.judge(scene, goal, touching)

        away = np.linalg.norm(scene.palm_position - scene.object_centre[:, :1], axis=2).min(axis=1)
        now = np.maximum(away < REACH, np.maximum(2 * touching, 3 * up) + goal + held.at_end)
        stage = HOLDING.reach(scene, np.where(dented, m["stage"], now))
        over = dented | (lost & ~held.once)

        def failure() -> Array:
            return np.select(
                [held.at_end, dented, pulled & lost, lost & lifted, lost, lifted],
                [NONE, DENTED, PULLED_AWAY, LATE, UNLIFTED[np.minimum(stage, 2)], NOT_HELD],
                UNLIFTED[np.minimum(stage, 2)],
            )

        def reward() -> Array:
            near = tolerance(away, (0.0, 0.10), margin=0.40)
            high = touching * tolerance(rise, (LIFT, np.inf), margin=LIFT, sigmoid="linear", value_at_margin=0.0)
            soft = up * tolerance(scene.peak_force[:, 0], (0.0, FIRM), margin=FIRM, sigmoid="linear")
            found = near + high + soft + 2 * borne + np.minimum(held.seconds / HOLDING.hold, 1.0)
            return np.asarray(np.where(over, 0.0, found / 6))

        return Outcome(held.once, held.at_end, stage, held.attempts, reward, failure, held.done | over)


def make() -> HoldAgainstPull:
    """Return the task."""
    return HoldAgainstPull()

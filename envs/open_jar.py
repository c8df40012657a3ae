"""Unscrew the lid of a jar that slips on the table: one hand holds the jar, the other turns the lid."""

import numpy as np
from dm_control.utils.rewards import tolerance

from dexbench.core.holding import Holding, renew
from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.task import TaskBase, versioned
from dexbench.core.trial import Outcome, Setting, Trial
from dexbench.objects.articulated import load_articulated
from dexbench.objects.catalogue import instances
from dexbench.objects.layout import upright

HANDS = 2
VERSION = 3
SPLITS: tuple[str, ...] = ("seen", "unseen")

JAR = "screw_jar"
HOLDING = Holding(hold=1.0, linger=1.0)
REACH = 0.20
"""Palm to the jar's middle [m]."""
BEGUN = np.deg2rad(15.0)
"""Turn of the lid against the jar at which it counts as begun [rad]."""
STILL = 1.0
"""Largest speed of the lid against the jar while it counts as done [rad/s]."""
UPRIGHT = np.deg2rad(30.0)
"""Largest tilt of the jar, ever [rad]: it is full."""
TURN = (1 - np.cos(UPRIGHT)) / 2
"""The same as a bound of qx^2 + qy^2: the cosine of the tilt is 1 - 2 (qx^2 + qy^2)."""
LOW = -0.02
"""Height of the jar's foot below which it has left the table [m]."""

PLACE = {"seen": ((0.45, 0.71), (-0.23, 0.23)), "unseen": ((0.43, 0.71), (-0.27, 0.27))}
"""Where the jar stands, x and y in the cell frame [m], by split: a recorded episode that is played again must miss."""
ANGLES = {"seen": {"a tenth": np.pi / 5, "an eighth": np.pi / 4}, "unseen": {"a sixth": np.pi / 3}}
"""How far the lid is to be turned, in words and [rad], by split."""
ASIDE = ((0.80, 0.86), (-0.25, 0.25))
"""Where something stands that has nothing to do with it, behind the jar [m]."""
START = (0.0, 0.6)
"""Turn of the lid at the start [rad]: how far it is open already."""

TEMPLATES = {
    "seen": (
        "open the jar: turn its lid by {0} of a turn",
        "hold the jar and unscrew its lid by {0} of a turn",
        "loosen the lid of the jar by {0} of a turn",
    ),
    "unseen": ("the jar should be opened: {0} of a turn is enough", "twist the lid off the jar, {0} of a turn"),
}
FAILURES = (
    "none",
    "never_reached",
    "never_touched",
    "one_handed",
    "jar_turned_along",
    "not_far_enough",
    "tipped",
    "not_held",
)
NONE, NEVER_REACHED, NEVER_TOUCHED, ONE_HANDED, TURNED_ALONG, NOT_FAR_ENOUGH, TIPPED, NOT_HELD = range(len(FAILURES))
SHORT_OF = np.array([NEVER_REACHED, NEVER_TOUCHED, ONE_HANDED, TURNED_ALONG, NOT_FAR_ENOUGH])
"""The failure by the stage that was reached."""


class OpenJar(TaskBase):
    """A full jar with a lid that screws stands on a foot that slips.

    The lid must be turned against the jar by the angle that the instruction states, measured at its thread from where
    it started, and stay there for one second without interruption and one second longer, without being turned on. The
    jar must not be tilted by more than 30 degrees, ever. It may stand or be held. The rule does not count hands: the
    thread needs 0.25 N m and the foot resists with a twentieth of that, so that a lid turned by one hand takes the jar
    along.
    """

    name = "open_jar"
    version = VERSION
    hands = HANDS
    needs = "two hands: the jar's foot slips long before its thread does, so that one hand turns the jar with its lid"
    slots = 1
    articulated: tuple[str, ...] = (JAR,)
    horizon = 40.0
    stages: tuple[str, ...] = ("reach", "touch", "both", "begun", "turn", "hold")
    failures: tuple[str, ...] = FAILURES
    splits = SPLITS

    def pool(self) -> tuple[str, ...]:
        """Return what may stand behind the jar."""
        return tuple(instances("can"))

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw where the jar stands, how far it is open, and how far it is to be opened."""
        x, y = (round(float(rng.uniform(*bounds)), 6) for bounds in PLACE[split])
        yaw, opened = float(rng.uniform(-np.pi, np.pi)), float(rng.uniform(*START))
        ax, ay = (float(rng.uniform(*bounds)) for bounds in ASIDE)
        words = str(rng.choice(list(ANGLES[split])))
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=str(rng.choice(TEMPLATES[split])).format(words),
            target=self.slots,  # the jar: it comes after the slots
            objects=(upright(str(rng.choice(instances("can", split))), ax, ay, 0.0),),
            extra={"angle": float(ANGLES[split][words])},
            articulated=(stand(JAR, x, y, yaw, opened),),
        )

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""
        return HOLDING.remember(n) | {
            "start": np.zeros(n),  # turn of the lid at the start [rad]
            "angle": np.zeros(n),  # how far it is to be turned [rad]
            "tipped": np.zeros(n, bool),
        }

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Note where the lids of `worlds` are, and where they are to be."""
        renew(scene, worlds, self.remember(1))
        m = scene.memory
        m["start"][worlds] = scene.joint_position[worlds, scene.joint(f"{JAR}/lid_turn")]
        m["angle"][worlds] = [scene.trials[world].extra.get("angle", np.pi / 2) for world in worlds]

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now, in every world."""
        m = scene.memory
        body, lid = scene.index(JAR), scene.index(f"{JAR}/lid")
        joint = scene.joint(f"{JAR}/lid_turn")
        turned = scene.joint_position[:, joint] - m["start"]
        tilt = scene.object_quaternion[:, body, 1:3]
        position = scene.object_position[:, body]
        m["tipped"] = m["tipped"] | ((tilt * tilt).sum(axis=1) > TURN) | (position[:, 2] < LOW)
        hands = (scene.hand_contacts[:, :, body] + scene.hand_contacts[:, :, lid]) > 0
        touching, both = np.logical_or.reduce(hands, axis=1), np.logical_and.reduce(hands, axis=1)
        far = turned >= m["angle"]
        goal = far & (np.abs(scene.joint_velocity[:, joint]) <= STILL) & ~m["tipped"]
        held = HOLDING.judge(scene, goal, touching)
        m["once"] = once = held.once & ~m["tipped"]
        at_end = once & goal

        away = scene.palm_position - scene.object_centre[:, body, None]
        near = ((away * away).sum(axis=2) < REACH * REACH).any(axis=1)
        late = np.maximum(np.where(turned >= BEGUN, 4, 0), np.where(goal, 5 + at_end, 0))
        stage = HOLDING.reach(scene, np.maximum(near, np.maximum(touching * (2 + both), late)))

        def failure() -> Array:
            return np.select([at_end, m["tipped"], far], [NONE, TIPPED, NOT_HELD], SHORT_OF[np.minimum(stage, 4)])

        def reward() -> Array:
            gaps = np.sqrt((away * away).sum(axis=2))
            close = tolerance(gaps, (0.0, 0.10), margin=0.40).mean(axis=1)
            share = np.clip(turned / np.maximum(m["angle"], 1e-6), 0.0, 1.0)
            found = close + hands.mean(axis=1) + 4 * share + 2 * np.minimum(held.seconds, HOLDING.hold)
            return np.asarray(np.where(m["tipped"], 0.0, found / 8))

        return Outcome(once, at_end, stage, held.attempts, reward, failure, held.done & once | m["tipped"])


def stand(name: str, x: float, y: float, yaw: float, opened: float) -> Setting:
    """Return the jar standing at (x, y) [m], turned by `yaw`, its lid turned by `opened` [rad]."""
    model = load_articulated(name)
    thread = model.couplings[0]
    lid = {thread.follower: opened, thread.master: (opened - thread.offset) / thread.multiplier}
    joints = tuple(lid[j.name] for j in model.joints)
    return Setting(name, (x, y, 0.0), (float(np.cos(yaw / 2)), 0.0, 0.0, float(np.sin(yaw / 2))), joints)


def make() -> OpenJar:
    """Return the task."""
    return OpenJar()

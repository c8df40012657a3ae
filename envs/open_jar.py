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
VERSION = 5
SPLITS: tuple[str, ...] = ("seen", "unseen")

JAR = "screw_jar"
HOLDING = Holding(hold=1.0, linger=1.0)
REACH = 0.20
"""Palm to the jar's middle [m]."""
BEGUN = np.deg2rad(15.0)
"""Turn of the lid against the jar at which it counts as begun [rad]."""
TOGETHER = 3
"""Stage from which on both hands have been at it at the same time."""
STILL = 1.0
"""Largest speed of the lid against the jar while it counts as done [rad/s]."""
UPRIGHT = np.deg2rad(30.0)
"""Largest tilt of the jar, ever [rad]: it is full."""
TURN = (1 - np.cos(UPRIGHT)) / 2
"""The same as a bound of qx^2 + qy^2: the cosine of the tilt is 1 - 2 (qx^2 + qy^2)."""
ASTRAY = 0.05
"""How far the jar may come from where it stood, ever, along the table [m]: hands come to the jar, not it to them."""
LOW = -0.02
"""Height of the jar's foot below which it has left the table [m]."""

PLACE = {"seen": ((0.44, 0.61), (-0.20, 0.20)), "unseen": ((0.43, 0.63), (-0.22, 0.22))}
"""Where the jar stands, x and y in the cell frame [m], by split: within reach of either hand of every robot."""
ANGLES = {"seen": {"a tenth": np.pi / 5, "an eighth": np.pi / 4}, "unseen": {"a sixth": np.pi / 3}}
"""How far the lid is to be turned, in words and [rad], by split."""
ASIDE = ((0.80, 0.86), (-0.25, 0.25))
"""Where something stands that has nothing to do with it, behind the jar [m]."""
START = (0.0, 0.6)
"""Turn of the lid at the start [rad]: how far it is open already."""

TEMPLATES = {
    "seen": (
        "hold the jar with your {1} hand and turn its lid by {0} of a turn",
        "open the jar by {0} of a turn: the {1} hand keeps it in place, the {2} one unscrews",
        "with the {1} hand around the jar, loosen its lid by {0} of a turn",
    ),
    "unseen": (
        "the jar should be opened, {0} of a turn is enough; let your {1} hand hold it",
        "grip the jar in your {1} hand and twist the lid by {0} of a turn with your {2} hand",
    ),
}
FAILURES = (
    "none",
    "never_reached",
    "never_touched",
    "one_handed",
    "jar_turned_along",
    "not_far_enough",
    "tipped",
    "pushed_away",
    "wrong_hand",
    "not_held",
)
NONE, NEVER_REACHED, NEVER_TOUCHED, ONE_HANDED, TURNED_ALONG, NOT_FAR_ENOUGH, TIPPED, PUSHED, WRONG, NOT_HELD = range(
    len(FAILURES)
)
SHORT_OF = np.array([NEVER_REACHED, NEVER_TOUCHED, ONE_HANDED, TURNED_ALONG, NOT_FAR_ENOUGH])
"""The failure by the stage that was reached."""


class OpenJar(TaskBase):
    """A full jar with a lid that screws stands on a foot that slips.

    The lid must be turned against the jar by the angle that the instruction states, measured at its thread from where
    it started, and stay there for one second without interruption and one second longer, without being turned on. The
    hand that is to hold the jar must do so meanwhile, and the other one must not touch it below its lid; before that
    both must have been at it at the same time. The jar must not be tilted by more than 30 degrees and not come further
    than 5 cm from where it stood, ever. That the lid takes two hands is a matter of physics: the thread needs 0.25 N m
    and the foot resists with a twentieth of that, so that a lid turned by one hand takes the jar along.
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
        holder, turner = ("right", "left") if rng.random() < 0.5 else ("left", "right")
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=str(rng.choice(TEMPLATES[split])).format(words, holder, turner),
            target=self.slots,  # the jar: it comes after the slots
            objects=(upright(str(rng.choice(instances("can", split))), ax, ay, 0.0),),
            extra={"angle": float(ANGLES[split][words]), "holder_left": float(holder == "left")},
            articulated=(stand(JAR, x, y, yaw, opened),),
        )

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""
        return HOLDING.remember(n) | {
            "start": np.zeros(n),  # turn of the lid at the start [rad]
            "angle": np.zeros(n),  # how far it is to be turned [rad]
            "holder": np.zeros(n, np.int64),  # which of the scene's sides is to hold the jar
            "stood": np.zeros((n, 2)),  # where the jar was at the start [m]
            "tipped": np.zeros(n, bool),
            "astray": np.zeros(n, bool),
        }

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Note where jars and lids of `worlds` are, where lids are to be, and who holds."""
        renew(scene, worlds, self.remember(1))
        m = scene.memory
        m["start"][worlds] = scene.joint_position[worlds, scene.joint(f"{JAR}/lid_turn")]
        m["stood"][worlds] = scene.object_position[worlds, scene.index(JAR), :2]
        asked = [scene.trials[world].extra for world in worlds]
        m["angle"][worlds] = [extra.get("angle", np.pi / 2) for extra in asked]
        m["holder"][worlds] = [scene.sides.index("left" if extra.get("holder_left") else "right") for extra in asked]

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now, in every world."""
        m, rows = scene.memory, scene.rows
        body, lid = scene.index(JAR), scene.index(f"{JAR}/lid")
        joint = scene.joint(f"{JAR}/lid_turn")
        turned = scene.joint_position[:, joint] - m["start"]
        tilt = scene.object_quaternion[:, body, 1:3]
        position = scene.object_position[:, body]
        m["tipped"] = m["tipped"] | ((tilt * tilt).sum(axis=1) > TURN) | (position[:, 2] < LOW)
        shift = position[:, :2] - m["stood"]
        m["astray"] = m["astray"] | ((shift * shift).sum(axis=1) > ASTRAY * ASTRAY)
        lost = m["tipped"] | m["astray"]
        at_jar, at_lid = scene.hand_contacts[:, :, body] > 0, scene.hand_contacts[:, :, lid] > 0
        hands = at_jar | at_lid
        touching, both = np.logical_or.reduce(hands, axis=1), np.logical_and.reduce(hands, axis=1)
        keeps = at_jar[rows, m["holder"]] & ~at_jar[rows, 1 - m["holder"]]
        far = turned >= m["angle"]
        together = m["stage"] >= TOGETHER  # what an arm has turned in passing was not begun by two hands
        opened = together & far & (np.abs(scene.joint_velocity[:, joint]) <= STILL) & ~lost
        goal = opened & keeps
        held = HOLDING.judge(scene, goal, touching)
        m["once"] = once = held.once & ~lost
        at_end = once & goal

        away = scene.palm_position - scene.object_centre[:, body, None]
        near = ((away * away).sum(axis=2) < REACH * REACH).any(axis=1)
        late = np.maximum(np.where(together & (turned >= BEGUN), 4, 0), np.where(opened, 5 + at_end, 0))
        stage = HOLDING.reach(scene, np.maximum(near, np.maximum(touching * (2 + both), late)))

        def failure() -> Array:
            return np.select(
                [at_end, m["tipped"], m["astray"], far & ~keeps, far],
                [NONE, TIPPED, PUSHED, WRONG, NOT_HELD],
                SHORT_OF[np.minimum(stage, 4)],
            )

        def reward() -> Array:
            gaps = np.sqrt((away * away).sum(axis=2))
            close = tolerance(gaps, (0.0, 0.10), margin=0.40).mean(axis=1)
            share = np.clip(turned / np.maximum(m["angle"], 1e-6), 0.0, 1.0)
            found = close + keeps + hands.mean(axis=1) + 4 * share + 2 * np.minimum(held.seconds, HOLDING.hold)
            return np.asarray(np.where(lost, 0.0, found / 9))

        return Outcome(once, at_end, stage, held.attempts, reward, failure, held.done & once | lost)


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

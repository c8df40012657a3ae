"""Tidy a make-up table, one item an instruction: GR-Dexter's long-horizon task, each sub-task from the home posture."""

from dataclasses import replace

import numpy as np
from dm_control.utils.rewards import tolerance

from dexbench.core.holding import Holding, renew
from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.task import TaskBase, versioned
from dexbench.core.trial import Outcome, Placement, Setting, Trial
from dexbench.objects.articulated import load_articulated
from dexbench.objects.catalogue import load_object
from dexbench.objects.layout import scatter

HANDS = 1
VERSION = 1
SPLITS: tuple[str, ...] = ("basic", "unseen_layouts")
"""As published: layouts that are trained on, and five others, with the same order of instructions."""
LAYOUTS = {"basic": range(20), "unseen_layouts": range(1000, 1005)}
"""Seeds of the layouts; a trial is one of them and one of the six sub-tasks."""

DRAWER, TOP = "into the top drawer", "on top of the cabinet"
ITEMS = (
    ("lipstick_01", DRAWER),
    ("compact_01", DRAWER),
    ("brush_01", DRAWER),
    ("cream_tube_01", TOP),
    ("perfume_bottle_01", TOP),
    ("lotion_01", TOP),
)
"""In the order of the instructions, with where each belongs: what stands higher than a drawer goes on top."""
SPOTS = ((0.06, -0.07), (0.06, 0.06), (0.15, 0.0), (0.0, -0.10), (0.0, 0.10), (-0.06, 0.0))
"""Where each item lies once it has been put away: x and y in the frame of the drawer or the cabinet [m]."""

CABINET = ((0.79, 0.82), (-0.20, -0.16))
"""Where the cabinet stands, x and y in the cell frame [m]."""
YAW = 0.08
"""Largest turn of it [rad]."""
REGION = ((0.40, 0.68), (0.0, 0.36))
"""Where items stand, x and y [m]: beside the drawer when it is out."""
FAR = 0.70
"""And no farther from (0.05, 0) than this [m]."""
GAP = 0.06
"""Free space between the outlines of two items [m]."""

LIFT = 0.03
"""Rise of the centre of mass over its start, touched by hands alone, that counts as lifted [m]."""
OPEN, SHUT = 0.08, 0.02
"""Opening of the drawer that counts as open, and as shut [m]."""
STILL = 0.05
"""Largest speed of an item that has been put away [m/s]."""
HOLDING = Holding(hold=0.5, linger=0.5)

TEMPLATES = ("put the {0} {1}", "the {0} belongs {1}, put it away", "tidy the {0} away, {1}")
FAILURES = ("none", "never_touched", "never_opened", "never_lifted", "missed", "left_open", "not_released", "disturbed")
NONE, UNTOUCHED, UNOPENED, UNLIFTED, MISSED, LEFT_OPEN, NOT_RELEASED, DISTURBED = range(len(FAILURES))
BY_STAGE = np.array([UNTOUCHED, UNOPENED, UNLIFTED, MISSED, NOT_RELEASED, NOT_RELEASED])
"""The failure by the stage that was reached."""


class MakeupTable(TaskBase):
    """Six items and a cabinet with drawers; the instruction names one item and where it belongs.

    Sub-tasks come in a fixed order: at the start of each, the items before it lie where they belong and the drawer is
    shut. The named item must have been lifted by hands alone, 3 cm over where its centre of mass started, and then lie
    in its place with the drawer shut to 2 cm, slower than 5 cm/s, while no hand touches it or the cabinet, for half a
    second without interruption and still half a second later. What had been put away before must still be there.
    """

    name = "makeup_table"
    version = VERSION
    hands = HANDS
    slots = len(ITEMS)
    articulated: tuple[str, ...] = ("cabinet",)
    horizon = 48.0
    stages: tuple[str, ...] = ("touch", "open", "lift", "placed", "shut", "released")
    failures: tuple[str, ...] = FAILURES
    splits = SPLITS

    def pool(self) -> tuple[str, ...]:
        """Return the six items."""
        return tuple(name for name, _ in ITEMS)

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        """Draw one of the split's layouts, a sub-task and how it is said."""
        return self._subtask(rng, split, int(rng.integers(len(LAYOUTS[split]))), int(rng.integers(len(ITEMS))))

    def number(self, rng: np.random.Generator, split: str, number: int) -> Trial:
        """Draw trial `number`: all sub-tasks of a layout in their order, then those of the next."""
        return self._subtask(rng, split, number // len(ITEMS) % len(LAYOUTS[split]), number % len(ITEMS))

    def _subtask(self, rng: np.random.Generator, split: str, number: int, step: int) -> Trial:
        layout = np.random.default_rng([17, LAYOUTS[split][number]])
        names = [name for name, _ in ITEMS]
        items = list(scatter(layout, names, REGION, GAP, lambda x, y, r: float(np.hypot(x - 0.05, y)) <= FAR))
        cabinet = _cabinet(layout)
        for k in range(step):
            items[k] = _put_away(items[k], k, cabinet)
        name, where = ITEMS[step]
        return Trial(
            task=versioned(self),
            split=split,
            seed=int(rng.integers(2**31)),
            instruction=str(rng.choice(TEMPLATES)).format(load_object(name).phrase, where),
            target=step,
            objects=tuple(items),
            extra={"step": float(step)},
            articulated=(cabinet,),
        )

    def remember(self, n: int) -> dict[str, Array]:
        """Return fresh memory for n worlds."""
        return HOLDING.remember(n) | {
            "start": np.zeros(n),  # height of the item's centre at the start [m]
            "step": np.zeros(n, np.int64),
            "opened": np.zeros(n, bool),
            "lifted": np.zeros(n, bool),
        }

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        """Note where the items of `worlds` start, and which sub-task it is."""
        renew(scene, worlds, self.remember(1))
        m = scene.memory
        m["step"][worlds] = [int(scene.trials[int(w)].extra["step"]) for w in worlds]
        m["start"][worlds] = scene.object_centre[worlds, m["step"][worlds], 2]

    def judge(self, scene: Scene) -> Outcome:
        """Say what holds now, in every world."""
        m, rows, item = scene.memory, scene.rows, scene.target
        cabinet = [scene.index(b) for b in load_articulated("cabinet").bodies]
        out = scene.joint_position[:, scene.joint("cabinet/drawer_top")]
        touched = np.logical_or.reduce(scene.hand_contacts, axis=1)  # (n, K)
        touching, free = touched[rows, item], ~touched[rows, item] & ~touched[:, cabinet].any(axis=1)
        in_drawer = np.array([where == DRAWER for _, where in ITEMS])
        here = np.where(in_drawer, _within(scene, "inside_top"), _within(scene, "on_top"))  # (n, items)
        up = touching & (scene.object_centre[rows, item, 2] - m["start"] >= LIFT)
        m["lifted"] = lifted = m["lifted"] | (up & (scene.other_contacts[rows, item] == 0))
        m["opened"] = opened = m["opened"] | (out >= OPEN)
        need = in_drawer[item]
        placed, shut = here[rows, item] & lifted, out <= SHUT
        kept = (here | (np.arange(len(ITEMS)) >= m["step"][:, None])).all(axis=1)
        still = np.linalg.norm(scene.object_velocity[rows, item, :3], axis=1) <= STILL
        goal = placed & shut & free & still & kept
        held = HOLDING.judge(scene, goal, touching)
        ready = opened | ~need
        ranks = [
            held.at_end,
            placed & shut,
            placed,
            lifted & ready,
            ready & (opened | touching),
            touching | (out > SHUT),
        ]
        stage = HOLDING.reach(scene, np.select(ranks, [6, 5, 4, 3, 2, 1], 0))

        def failure() -> Array:
            open_still = (stage >= 4) & here[rows, item] & ~shut
            tests = [held.at_end, ~kept | held.once, open_still, (stage >= 4) & ~here[rows, item]]
            return np.select(tests, [NONE, DISTURBED, LEFT_OPEN, MISSED], BY_STAGE[np.minimum(stage, 5)])

        def reward() -> Array:
            palm = np.linalg.norm(scene.palm_position - scene.object_centre[rows, item][:, None], axis=2).min(axis=1)
            near = tolerance(palm, bounds=(0.0, 0.12), margin=0.4, sigmoid="long_tail")
            wide = tolerance(out, bounds=(OPEN, np.inf), margin=OPEN, sigmoid="linear")
            return np.asarray((np.where(need & ~placed, wide, 1.0) + near + 2 * lifted + 2 * placed + 2 * goal) / 8)

        return Outcome(held.once, held.at_end, stage, held.attempts, reward, failure, held.done)


def _within(scene: Scene, name: str) -> Array:
    """Return (n, items) whether the centre of each item is in a region of the cabinet."""
    model = load_articulated("cabinet")
    region = model.region(name)
    link = scene.index(model.body(region.link))
    centre = scene.object_centre[:, : len(ITEMS)]
    at, turn = scene.object_position[:, link, None], scene.object_quaternion[:, link, None]
    return region.contains(centre, at, turn)


def _cabinet(rng: np.random.Generator) -> Setting:
    x, y = (round(float(rng.uniform(*bounds)), 6) for bounds in CABINET)
    yaw = float(rng.uniform(-YAW, YAW))
    turn = (float(np.cos(yaw / 2)), 0.0, 0.0, float(np.sin(yaw / 2)))
    return Setting("cabinet", (x, y, 0.0), turn, tuple(j.rest for j in load_articulated("cabinet").joints))


def _put_away(item: Placement, k: int, cabinet: Setting) -> Placement:
    """Return item k where it belongs, the drawer being shut."""
    model = load_articulated("cabinet")
    region = model.region("inside_top" if ITEMS[k][1] == DRAWER else "on_top")
    frame = np.zeros(3)
    for link in model.links:
        if link.name == region.link:
            frame = link.position
    floor = frame[2] + region.position[2] - region.half[2] + 0.002
    c, s = 1 - 2 * cabinet.quaternion[3] ** 2, 2 * cabinet.quaternion[0] * cabinet.quaternion[3]
    x, y = frame[0] + SPOTS[k][0], frame[1] + SPOTS[k][1]
    spot = (cabinet.position[0] + c * x - s * y, cabinet.position[1] + s * x + c * y, float(floor))
    along_y = (float(np.sqrt(0.5)), 0.0, 0.0, float(np.sqrt(0.5)))  # long items fit across
    return replace(item, position=spot, quaternion=along_y)


def make() -> MakeupTable:
    """Return the task."""
    return MakeupTable()

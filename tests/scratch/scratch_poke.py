"""Touch a ball on the table, with anything that counts as a hand."""

import numpy as np

from dexbench.core.scene import Scene, WorldIds
from dexbench.core.schema import Array
from dexbench.core.task import TaskBase
from dexbench.core.trial import Outcome, Placement, Trial
from dexbench.objects.catalogue import instances, load_object

HANDS = 1
VERSION = 2


class Poke(TaskBase):
    """The goal holds while the ball is touched."""

    name = "poke"
    version = VERSION
    hands = HANDS
    slots = 1
    horizon = 0.4
    stages: tuple[str, ...] = ("touch",)
    failures: tuple[str, ...] = ("none", "untouched")
    official = "success_once"
    splits: tuple[str, ...] = ("seen",)

    def pool(self) -> tuple[str, ...]:
        return tuple(instances("ball"))

    def place(self, rng: np.random.Generator, split: str) -> Trial:
        ball = load_object(str(rng.choice(self.pool())))
        x, y = rng.uniform((0.5, -0.2), (0.7, 0.2)).round(6).tolist()
        placed = Placement(ball.name, (x, y, 0.0), (1.0, 0.0, 0.0, 0.0), ball.mass, float(ball.friction[0]))
        return Trial("poke-v2", split, int(rng.integers(2**31)), f"touch the {ball.phrase}", 0, (placed,))

    def remember(self, n: int) -> dict[str, Array]:
        return {"once": np.zeros(n, bool)}

    def begin(self, scene: Scene, worlds: WorldIds) -> None:
        scene.memory["once"][worlds] = False

    def judge(self, scene: Scene) -> Outcome:
        now = scene.hand_contacts.max(axis=1)[:, 0] > 0
        once = scene.memory["once"] = scene.memory["once"] | now
        stage = once.astype(np.int64)
        return Outcome(once, once & now, stage, stage, once.astype(float), 1 - stage, once)


def make() -> Poke:
    return Poke()

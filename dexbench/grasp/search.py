"""Search for grasps of a named part: shapes laid around it, pulled at, lifted, and ranked by the errors they bear."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.schema import Array
from dexbench.grasp.candidates import Candidates, draw
from dexbench.grasp.library import Grasps
from dexbench.grasp.opposition import MODES, Shapes, opposed_shapes
from dexbench.grasp.press import Press
from dexbench.grasp.pull import BENCH, ForceTest
from dexbench.grasp.rig import turns
from dexbench.grasp.search_record import SearchRecord
from dexbench.grasp.trial import LOOSE, GraspTest
from dexbench.objects.catalogue import load_object
from dexbench.objects.model import ObjectModel

DRAWS = 80
"""Draws at once; those whose open hand would touch something are left out."""
PATIENCE, BOW_PATIENCE = 12, 40
"""Times that are drawn at most, and for the bow of a handle."""
HOPELESS = 3
"""The same where none was free so far: what lies flat on the table, or is deep inside, is not reached."""
BOW = "L-shaped"
SPARE = {"body": 1.3, BOW: 10.0}
"""How many candidates are worked out for each that is simulated, by part class: most hands that fit through a handle
press it askew."""
SPARE_THIN = 3.0
"""The same for all other classes. The ones whose contacts balance best are simulated."""
ERRORS = (0.005, 0.005, 0.003)
"""Standard deviation of the palm's position in the ranking's trials [m]."""
TURN_ERROR = np.deg2rad(4)
"""Standard deviation of the object's heading there [rad]."""


@dataclass(frozen=True)
class Settings:
    """How long and how wide to search."""

    samples: int = 20_000
    """Hand shapes drawn, once for a hand and mode."""
    candidates: int = 32
    """Simulated for one part and mode."""
    wanted: int = 8
    """Grasps kept of them."""
    repeats: int = 2
    """Disturbed lifts of each grasp that held."""
    pull: bool = True
    """Whether candidates are pulled at before the best are lifted, and a record is kept. Without, all are lifted once,
    disturbed: three times as fast, for those who only want grasps."""
    bench: int = 0
    """Candidates that are also tested as DexGraspBench does, which takes three times as long."""


class Searcher:
    """Searches with one hand; its shapes are found once."""

    def __init__(
        self, embodiment: Embodiment, hand: str, seed: int, settings: Settings | None = None, side: str = "right"
    ) -> None:
        """Prepare.

        Args:
          embodiment: has the hand.
          hand: its name, for the library.
          seed: of all random numbers.
          settings: how long to search.
          side: which hand is simulated; right, unless the hand exists only as left.
        """
        self.embodiment, self.hand, self.seed, self.side = embodiment, hand, seed, side
        self.settings = settings or Settings()
        self._shapes: dict[str, Shapes] = {}

    def part(self, instance: str, part: str, mode: str) -> tuple[Grasps, SearchRecord | None]:
        """Return the best grasps of one part in one mode, perhaps none, and what was tried to find them."""
        start = time.process_time()
        settings, model = self.settings, load_object(instance)
        rng = np.random.default_rng([self.seed, *f"{instance}/{part}/{mode}".encode()])
        carried = part if two_handed(model) and part.startswith("handle") else ""
        lift = GraspTest(self.embodiment, self.side, instance, settings.candidates, carried=carried)
        drawn, found = self._candidates(lift, model, part, mode, rng, carried)
        found = self._balanced(lift, found, mode, settings.candidates)
        if not settings.pull:
            return self._lifted(lift, instance, part, mode, found, rng), None
        loose, strict, bench = np.zeros((3, len(found)), bool)
        rows: list[tuple[int, float]] = []
        held = 0
        if len(found):
            test = ForceTest(self.embodiment, self.side, instance, len(found), carried=carried)
            pulled = test.run(found.position, found.quaternion, (found.pregrasp, found.squeeze))
            loose, strict = pulled.loose, pulled.strict
            order = np.lexsort((pulled.slips.max(axis=1), ~strict))
            rows, held = self._rank(lift, found, order[loose[order]], rng)
        seconds = time.process_time() - start
        tried = min(settings.bench, len(found))
        if tried:
            some = found.chosen(np.arange(tried))
            test = ForceTest(self.embodiment, self.side, instance, tried, BENCH)
            bench = test.run(some.position, some.quaternion, (some.pregrasp, some.touch, some.squeeze)).turned
        record = SearchRecord(
            hand=self.hand,
            instance=instance,
            part=part,
            part_class=next(p.part_class for p in model.parts if p.name == part),
            mode=mode,
            seed=self.seed,
            drawn=drawn,
            tested=len(found),
            loose=int(loose.sum()),
            strict=int(strict.sum()),
            bench_tested=tried,
            bench=int(bench.sum()),
            held=held,
            kept=len(rows),
            seconds=round(seconds, 2),
        )
        return _pack(self.hand, instance, part, mode, found, rows), record

    def shapes(self, test: GraspTest, mode: str) -> Shapes:
        """Return the hand's shapes in `mode`; the same for every object."""
        if mode not in self._shapes:
            rng = np.random.default_rng([self.seed, *mode.encode()])
            self._shapes[mode] = opposed_shapes(test.posture, rng, self.settings.samples, mode)
        return self._shapes[mode]

    def _candidates(
        self, test: GraspTest, model: ObjectModel, part: str, mode: str, rng: np.random.Generator, carried: str
    ) -> tuple[int, Candidates]:
        """Return how many were drawn, and those whose open hand is free on its way."""
        kind = next(p.part_class for p in model.parts if p.name == part)
        shapes, wanted = self.shapes(test, mode), round(self.settings.candidates * SPARE.get(kind, SPARE_THIN))
        sets, drawn, count = [], 0, 0
        for _ in range(BOW_PATIENCE if kind == BOW else PATIENCE):
            some = draw(model, part, mode, test.posture, shapes, rng, DRAWS)
            drawn += DRAWS
            turn = turns(some.quaternion)
            if carried:  # forearms come from outside: the middle is full when both are there
                outward = model.points[model.point_part == model.part(part)].mean(axis=0) * [1, 1, 0]
                rows = np.flatnonzero(turn[:, :, 1] @ outward < 0)
                some, turn = some.chosen(rows), turn[rows]
            free = ~test.penetrates(some.position, turn, some.pregrasp, wanted - count)
            sets.append(some.chosen(np.flatnonzero(free)))
            count += int(free.sum())
            if count >= wanted or (not count and drawn >= HOPELESS * DRAWS):
                break
        return drawn, Candidates.joined(sets)

    def _balanced(self, test: GraspTest, found: Candidates, mode: str, count: int) -> Candidates:
        """Return the `count` candidates whose contacts, where each finger touches first, balance best."""
        press, turn = Press(test.rig), turns(found.quaternion)
        used = 1 + self.shapes(test, mode).fingers
        left = np.array(
            [
                press.work_out(found.position[i], turn[i], found.pregrasp[i], found.touch[i], used).residual
                for i in range(len(found))
            ]
        )
        return found.chosen(np.argsort(np.round(left, 6), kind="stable")[:count])

    def _lifted(
        self, test: GraspTest, instance: str, part: str, mode: str, found: Candidates, rng: np.random.Generator
    ) -> Grasps:
        """Return those candidates that a disturbed lift holds, and after them those that hang."""
        if not len(found):
            return _pack(self.hand, instance, part, mode, found, [])
        shift, yaw = rng.normal(size=(len(found), 3)) * ERRORS, rng.normal(size=len(found)) * TURN_ERROR
        verdict = test.run(found.position + shift, turns(found.quaternion), found.pregrasp, found.squeeze, yaw)
        rows = [(int(i), 1 - min(float(verdict.slip[i]), 0.02) / 0.04) for i in np.flatnonzero(verdict.held)]
        rows += [(int(i), -float(verdict.slip[i]) / LOOSE) for i in np.flatnonzero(verdict.hung)]
        ranked = sorted(rows, key=lambda row: -row[1])[: self.settings.wanted]
        return _pack(self.hand, instance, part, mode, found, ranked)

    def _rank(
        self, test: GraspTest, found: Candidates, order: Array, rng: np.random.Generator
    ) -> tuple[list[tuple[int, float]], int]:
        """Lift the candidates of `order`; return (row, score), best first, and how many held.

        Those in which the object hangs come last, with scores from -1 to 0.
        """
        settings = self.settings
        order = order[: 2 * settings.wanted]
        if not len(order):
            return [], 0
        turn = turns(found.quaternion)
        verdict = test.run(found.position[order], turn[order], found.pregrasp[order], found.squeeze[order])
        good = order[verdict.held]
        scores = _robustness(test, found, turn, good, settings.repeats, rng)
        ranked = sorted(zip(good.tolist(), scores.tolist(), strict=True), key=lambda row: -row[1])
        hung = [(int(order[i]), -float(verdict.slip[i]) / LOOSE) for i in np.flatnonzero(verdict.hung)]
        ranked += sorted(hung, key=lambda row: -row[1])
        return ranked[: settings.wanted], int(verdict.held.sum())


def two_handed(model: ObjectModel) -> bool:
    """Return whether an object has a handle for each hand."""
    return {"handle_right", "handle_left"} <= {p.name for p in model.parts}


def cells(instance: str, part: str = "", mode: str = "") -> list[tuple[str, str]]:
    """Return the pairs (part, mode) to search on an object: all, or those of one part or mode."""
    model = load_object(instance)
    parts = [p.name for p in model.parts if p.name == part or not part]
    return [(p, m) for p in parts for m in MODES if m == mode or not mode]


def merged(found: Sequence[Grasps], wanted: int) -> Grasps:
    """Return the best of several sets of grasps of one hand on one object."""
    score = np.concatenate([g.score for g in found])
    position, quaternion, pregrasp, squeeze = (
        np.concatenate([getattr(g, name) for g in found]) for name in ("position", "quaternion", "pregrasp", "squeeze")
    )
    parts, modes = tuple(p for g in found for p in g.part), tuple(m for g in found for m in g.mode)
    first = found[0]
    whole = Grasps(first.hand, first.instance, position, quaternion, pregrasp, squeeze, parts, score, modes)
    return whole.chosen(np.argsort(-score, kind="stable")[:wanted])


def _robustness(
    test: GraspTest, found: Candidates, turn: Array, good: Array, repeats: int, rng: np.random.Generator
) -> Array:
    """Return (len(good),) scores: share of disturbed trials that held, less the mean slip over 0.02 m."""
    rows = np.repeat(good, repeats)
    held, slip = np.zeros(len(rows)), np.zeros(len(rows))
    for start in range(0, len(rows), test.n):
        part = rows[start : start + test.n]
        shift = rng.normal(size=(len(part), 3)) * ERRORS
        yaw = rng.normal(size=len(part)) * TURN_ERROR
        verdict = test.run(found.position[part] + shift, turn[part], found.pregrasp[part], found.squeeze[part], yaw)
        held[start : start + len(part)] = verdict.held
        slip[start : start + len(part)] = np.minimum(verdict.slip, 0.02)
    return np.asarray((held - slip / 0.02 * held * 0.5).reshape(len(good), repeats).mean(axis=1))


def _pack(
    hand: str, instance: str, part: str, mode: str, found: Candidates, rows: Sequence[tuple[int, float]]
) -> Grasps:
    chosen = found.chosen(np.array([r for r, _ in rows], np.int64))
    score = np.array([s for _, s in rows])
    return Grasps(
        hand,
        instance,
        chosen.position,
        chosen.quaternion,
        chosen.pregrasp,
        chosen.squeeze,
        (part,) * len(rows),
        score,
        (mode,) * len(rows),
    )

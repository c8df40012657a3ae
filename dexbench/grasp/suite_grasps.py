"""Grasps of a suite's objects and parts in one file, and what they are worth: Suc, PTA, PGA, penetration and Q1.

DexVLG reports these (arXiv 2507.02747) and does not publish its definitions: these are our own. Suc is the force test
in DexGraspBench's setting, PTA that at least half of the contacts at the grasp pose are on the part, PGA both.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.core.shelf import load_embodiment
from dexbench.grasp.assessment import Assessment
from dexbench.grasp.candidates import unit
from dexbench.grasp.grasp_file import numbers
from dexbench.grasp.judgement import judge, spread
from dexbench.grasp.library import Grasps, embodiment_with, load_part_grasps
from dexbench.grasp.opposition import MODES
from dexbench.grasp.pull import BENCH, ForceTest
from dexbench.grasp.rates import grasp_rate
from dexbench.grasp.stance import Stance
from dexbench.objects.catalogue import load_object

ROWS = ("instance", "part", "mode", "split")
"""(G,) words: what each grasp is of, how it should hold, and which part of the suite asked for it."""
PLACES = ("position", "quaternion", "pregrasp", "squeeze")
"""(G, ...) as in a library."""
LARGEST = 4096
"""Grasps in a file at most."""


@dataclass(frozen=True)
class Asked:
    """What one trial of a suite asks for."""

    instance: str
    part: str
    mode: str
    split: str


def best(hand: str, asked: Iterable[Asked]) -> tuple[dict[str, Array], list[str]]:
    """Return the library's best grasp for everything that is asked, as arrays of a file, and what it has none of."""
    rows: list[tuple[Asked, Grasps]] = []
    lacking = []
    for one in asked:
        try:
            rows.append((one, load_part_grasps(hand, one.instance, one.part, one.mode).chosen([0])))
        except DataError:
            lacking.append(f"{one.instance} {one.part} {one.mode}")
    if not rows:
        raise DataError(f"hand {hand!r} has no grasps of what the suite asks for: dexbench grasp search --hand {hand}")
    words = {name: np.array([getattr(one, name) for one, _ in rows]) for name in ROWS}
    return {
        "hand": np.array(hand),
        **words,
        **{name: np.concatenate([getattr(grasp, name) for _, grasp in rows]).astype(np.float32) for name in PLACES},
    }, lacking


def assess_suite(arrays: Mapping[str, Array], path: Path) -> list[Assessment]:
    """Return one assessment of each split and mode in a file, and one of all. Simulates, half a second a grasp.

    Raises:
      DataError: a file that does not fit.
      UnknownName: a hand or an object that there is not.
    """
    hand = str(arrays["hand"]) if "hand" in arrays else path.resolve().parent.name
    robot = load_embodiment(embodiment_with(hand))
    words, places = _checked(arrays, path, len(robot.actuator_index("right", "hand")))
    values: dict[str, Array] = {}
    for instance in sorted(set(words["instance"].tolist())):
        rows = np.flatnonzero(words["instance"] == instance)
        position, quaternion, pregrasp, squeeze = (places[name][rows] for name in PLACES)
        part, mode = (tuple(words[name][rows].tolist()) for name in ("part", "mode"))
        grasps = Grasps(hand, instance, position, quaternion, pregrasp, squeeze, part, np.zeros(len(rows)), mode)
        for name, found in {**judge(grasps, robot), "suc": _passed(grasps, robot)}.items():
            values.setdefault(name, np.zeros(len(words["part"])))[rows] = found
    values["pga"] = values["suc"] * values["part_touched"]
    groups = [
        (f"{split}, {mode}", np.flatnonzero((words["split"] == split) & (words["mode"] == mode)))
        for split in dict.fromkeys(words["split"].tolist())
        for mode in MODES
    ]
    groups.append(("all", np.arange(len(words["part"]))))
    return [
        _assessment(f"{hand}, {path.name}: {title}", {n: v[rows] for n, v in values.items()}, places, rows)
        for title, rows in groups
        if len(rows)
    ]


def _assessment(title: str, values: Mapping[str, Array], places: Mapping[str, Array], rows: Array) -> Assessment:
    whole = {
        "suc_rate": grasp_rate(values["suc"]).value,
        "pta_rate": grasp_rate(values["part_touched"]).value,
        "pga_rate": grasp_rate(values["pga"]).value,
        **spread(*(places[name][rows] for name in ("position", "quaternion", "pregrasp"))),
    }
    return Assessment(f"{title}: {len(rows)} grasps", values, whole, {})


def _passed(grasps: Grasps, robot: Embodiment) -> Array:
    """Return (G,) bool: which grasps pass the force test in DexGraspBench's setting."""
    stance = Stance(robot, "right", grasps.instance)
    touch = np.array(
        [
            stance.grasp(grasps.position[g], grasps.quaternion[g], grasps.pregrasp[g], grasps.squeeze[g])
            for g in range(len(grasps))
        ]
    )
    test = ForceTest(robot, "right", grasps.instance, len(grasps), BENCH)
    return test.run(grasps.position, grasps.quaternion, (grasps.pregrasp, touch, grasps.squeeze)).turned


def _checked(arrays: Mapping[str, Array], path: Path, size: int) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return words and places of a file."""
    needed = (*ROWS, *PLACES)
    lacking = [name for name in needed if name not in arrays]
    if lacking:
        raise DataError(f"{path}: a file of a suite's grasps lacks {', '.join(lacking)}")
    words = {name: np.array([str(word) for word in np.ravel(arrays[name])]) for name in ROWS}
    places = {
        name: numbers(arrays, name, path, columns)
        for name, columns in (("position", 3), ("quaternion", 4), ("pregrasp", size), ("squeeze", size))
    }
    counts = {name: len(found) for name, found in {**words, **places}.items()}
    if len(set(counts.values())) > 1 or not 0 < counts["part"] <= LARGEST:
        raise DataError(f"{path}: every array must have a row a grasp, 1 to {LARGEST} of them: {counts}")
    for g in range(counts["part"]):
        instance, part, mode = (str(words[name][g]) for name in ROWS[:3])
        if part not in {p.name for p in load_object(instance).parts}:
            there = ", ".join(p.name for p in load_object(instance).parts)
            raise DataError(f"{path}: grasp {g}: {instance} has no part {part!r}; it has {there}")
        if mode not in MODES:
            raise DataError(f"{path}: grasp {g}: mode {mode!r} is none of {', '.join(MODES)}")
    lengths = np.linalg.norm(places["quaternion"], axis=1)
    if (np.abs(lengths - 1) > 1e-2).any():
        raise DataError(f"{path}: quaternion must have length one; grasp {int(np.abs(lengths - 1).argmax())} has not")
    return words, places | {"quaternion": unit(places["quaternion"])}

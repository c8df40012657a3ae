"""Sets of grasps from files, assessed: our libraries, a suite's grasps, and DexGraspBench's layout."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.core.shelf import load_embodiment
from dexbench.grasp.assessment import Assessment
from dexbench.grasp.grasp_file import BenchGrasps, bench_grasps, layout, numbers, read_arrays
from dexbench.grasp.judgement import judge, spread
from dexbench.grasp.library import Grasps, embodiment_with
from dexbench.grasp.measures import MEASURES
from dexbench.grasp.rates import foretelling, object_rate
from dexbench.grasp.suite_grasps import assess_suite
from dexbench.objects.catalogue import load_object


def assess(paths: Sequence[Path], hand: str | None = None, instance: str | None = None) -> list[Assessment]:
    """Return one assessment for each library, and one for all files in DexGraspBench's layout together.

    Args:
      paths: files.
      hand: of the libraries; None: the name of a file's folder.
      instance: object of the libraries; None: a file's name.

    Raises:
      DataError: a file that does not fit.
      UnknownName: a hand or an object that there is not.
    """
    found, bench = [], []
    for path in paths:
        arrays = read_arrays(path)
        kind = layout(arrays, path)
        if kind == "suite":
            found += assess_suite(arrays, path)
        elif kind == "library":
            found.append(_library(arrays, path, hand or path.resolve().parent.name, instance or path.stem))
        else:
            bench.append((path, bench_grasps(arrays, path)))
    return found + ([_bench(bench)] if bench else [])


def _library(arrays: Mapping[str, Array], path: Path, hand: str, instance: str) -> Assessment:
    """Assess one library."""
    robot = load_embodiment(embodiment_with(hand))  # an unknown hand, and an unknown object, say which there are
    thing = load_object(instance)
    index = robot.actuator_index("right", "hand")
    rows = {
        name: numbers(arrays, name, path, columns)
        for name, columns in (
            ("position", 3),
            ("quaternion", 4),
            ("pregrasp", len(index)),
            ("squeeze", len(index)),
            ("score", None),
        )
    }
    parts = tuple(str(part) for part in np.ravel(arrays["part"]))
    counts = {"part": len(parts), **{name: len(values) for name, values in rows.items()}}
    if len(set(counts.values())) > 1 or not len(parts):
        raise DataError(f"{path}: every array must have a row a grasp, at least one: {counts}")
    lengths = np.linalg.norm(rows["quaternion"], axis=1)
    if (np.abs(lengths - 1) > 1e-2).any():
        raise DataError(f"{path}: quaternion must have length one; grasp {int(np.abs(lengths - 1).argmax())} has not")
    wrong = sorted(set(parts) - {part.name for part in thing.parts})
    if wrong:
        there = ", ".join(part.name for part in thing.parts)
        raise DataError(f"{path}: {instance} has no part {wrong[0]!r}; it has {there}")
    limits = robot.limits.lower[index] - 1e-3, robot.limits.upper[index] + 1e-3
    for name in ("pregrasp", "squeeze"):
        beyond = (rows[name] < limits[0]) | (rows[name] > limits[1])
        if beyond.any():
            row, column = (int(k) for k in np.argwhere(beyond)[0])
            motor = robot.actuators[index[column]].name
            raise DataError(f"{path}: {name} of grasp {row} is beyond the limits of {motor}; is it another hand's?")
    quaternion = rows["quaternion"] / lengths[:, None]
    grasps = Grasps(
        hand, instance, rows["position"], quaternion, rows["pregrasp"], rows["squeeze"], parts, rows["score"]
    )
    values = {**judge(grasps, robot), "score": rows["score"]}
    title = f"{hand} on {instance}: {len(grasps)} grasps"
    return Assessment(title, values, spread(grasps.position, quaternion, grasps.pregrasp), {})


def _bench(found: Sequence[tuple[Path, BenchGrasps]]) -> Assessment:
    """Assess files in DexGraspBench's layout as one set."""
    first, sets = found[0][0], [one for _, one in found]
    for path, one in found:
        if one.joints.shape[1] != sets[0].joints.shape[1]:
            raise DataError(
                f"{path} has {one.joints.shape[1]} joints, {first} {sets[0].joints.shape[1]}: assess hands separately"
            )
        for name, has in (("succ_flag", one.success is not None), *((n, n in one.results) for n in sets[0].results)):
            if has != (name != "succ_flag" or sets[0].success is not None):
                raise DataError(f"{path} and {first} do not both have {name}: assess them separately")
    poses, joints = np.concatenate([one.pose for one in sets]), np.concatenate([one.joints for one in sets])
    values = {name: np.concatenate([one.results[name] for one in sets]) for name in sets[0].results}
    things = [name for one in sets for name in one.thing]
    whole = dict(spread(poses[:, :3], poses[:, 3:], joints))
    foretold = {}
    if sets[0].success is not None:
        success = np.concatenate([one.success for one in sets if one.success is not None])
        whole["object_success"] = object_rate(success, things).value
        lower = [name for name in values if MEASURES[name].better == "lower" and not name.startswith("delta")]
        scores = {name: foretelling(values[name], success) for name in lower}
        foretold = {name: score for name, score in scores.items() if np.isfinite(score)}
        values = {"succ_flag": success.astype(np.float64), **values}
        if success.any():
            whole["joint_spread"] = spread(poses[success, :3], poses[success, 3:], joints[success]).get(
                "joint_spread", float("nan")
            )
    count = len(set(things))
    return Assessment(
        f"DexGraspBench's layout: {len(poses)} grasps of {count} object{'s' * (count > 1)}, {joints.shape[1]} joints",
        values,
        whole,
        foretold,
    )

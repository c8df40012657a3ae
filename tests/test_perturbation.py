"""Perturbations: each factor changes exactly its own part, level 0 changes nothing, what is asked for is checked."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dexbench.core.appearance import BUILT, RANGES, appearance
from dexbench.core.errors import DataError, UnknownName
from dexbench.core.perturbation import FACTORS, LEVELS, TRIAL, amount, checked, generator
from dexbench.core.shelf import load_task
from dexbench.core.task import Task
from dexbench.core.trial import Trial
from dexbench.evaluation._rewording import VERBS, reworded
from dexbench.evaluation.freezing import freeze
from dexbench.evaluation.perturbing import APART, LIGHTS, SURFACES, perturbed
from dexbench.evaluation.robustness import factors, falls, table
from dexbench.evaluation.rows import Run
from dexbench.evaluation.suite import load_suite
from dexbench.objects.catalogue import load_object

PARTS = {
    "layout": {"objects"},
    "object": {"objects", "instruction"},
    "instruction": {"instruction"},
    "background": {"appearance"},
    "light": {"appearance"},
    "mass": {"objects"},
    "friction": {"objects"},
}
"""Fields of a trial that a factor changes, beside `perturbation`."""
WRITTEN = sorted(PARTS)


@pytest.fixture(scope="module")
def task() -> Task:
    return load_task("grasp_object")


def draw(task: Task, seed: int) -> Trial:
    return task.place(np.random.default_rng(seed), "seen")


def test_the_table_is_sound() -> None:
    assert {n for n, f in FACTORS.items() if f.acts == TRIAL} == set(PARTS)
    assert {n for n, f in FACTORS.items() if f.invariant} == {
        "instruction", "background", "light", "camera", "sensor_noise", "dead_taxels", "latency",
    }  # fmt: skip
    for name, factor in FACTORS.items():
        steps = np.abs(np.array(factor.levels) - factor.none)
        assert len(steps) == LEVELS
        assert (np.diff([0.0, *steps]) > 0).all(), f"{name} is not graded"
        assert checked({name: factor.none}) == {}
        for level in range(1, LEVELS + 1):
            assert checked({name: amount(name, level)}) == {name: amount(name, level)}
        assert factor.confidence in ("exact", "derived", "estimated", "secondary")
        assert factor.source


def test_the_page_is_what_the_code_says() -> None:
    page = (Path(__file__).parents[1] / "docs" / "perturbations.md").read_text(encoding="utf-8")
    assert factors() in page, "docs/perturbations.md: put in what `dexbench robustness` prints"


@pytest.mark.parametrize("name", FACTORS)
def test_a_factor_changes_its_own_part(task: Task, name: str) -> None:
    for seed in range(8):
        plain = draw(task, seed)
        assert perturbed(plain, task, {name: 0}) is plain
        for level in (1, 3, 5):
            trial = perturbed(plain, task, {name: level})
            before, after = plain.row(), trial.row()
            changed = {k for k in after if after[k] != before.get(k)}
            assert changed == PARTS.get(name, set()) | {"perturbation"}
            assert trial.perturbation == {name: FACTORS[name].levels[level - 1]}
            assert trial.digest() != plain.digest()
            assert Trial.from_row(json.loads(json.dumps(after))) == trial


@pytest.mark.parametrize("name", WRITTEN)
def test_factors_are_separable(task: Task, name: str) -> None:
    """What a factor does is the same whether others are there or not."""
    plain, field = draw(task, 4), min(PARTS[name])
    if name == "instruction":
        return  # it speaks of the object that `object` puts there
    others = {n: 4 for n in FACTORS if n != name and not PARTS.get(n, set()) & PARTS[name]}
    assert len(others) > 8
    alone, together = perturbed(plain, task, {name: 3}), perturbed(plain, task, {name: 3, **others})
    assert getattr(alone, field) == getattr(together, field)
    both = perturbed(plain, task, {"background": 3, "light": 3})
    for one, keys in (("background", SURFACES), ("light", LIGHTS)):
        single = appearance(perturbed(plain, task, {one: 3}).appearance)
        assert all(getattr(appearance(both.appearance), k) == getattr(single, k) for k in keys)


def test_layout_moves_by_its_amount_and_keeps_room(task: Task) -> None:
    assert task.region is not None
    for seed in range(10):
        plain = draw(task, seed)
        for level in range(1, LEVELS + 1):
            moved = perturbed(plain, task, {"layout": level}).objects
            spots = np.array([p.position for p in moved])
            steps = spots - [p.position for p in plain.objects]
            assert np.allclose(np.linalg.norm(steps, axis=1), FACTORS["layout"].levels[level - 1], atol=1e-5)
            assert all(
                (lo <= spots[:, i]).all() and (spots[:, i] <= hi).all() for i, (lo, hi) in enumerate(task.region[:2])
            )
            radii = [load_object(p.instance).footprint_radius for p in moved]
            gaps = np.linalg.norm(spots[:, None] - spots[None], axis=2) - np.add.outer(radii, radii)
            assert (gaps[~np.eye(3, dtype=bool)] >= APART - 1e-5).all()
            assert [
                replace(p, position=q.position, quaternion=q.quaternion)
                for p, q in zip(moved, plain.objects, strict=True)
            ] == list(plain.objects)


def test_empty_slots_stay_empty(task: Task) -> None:
    plain = draw(task, 2)
    empty = replace(plain.objects[0], instance="", position=(0.0, 0.0, 0.0))
    moved = perturbed(replace(plain, objects=(empty, *plain.objects[1:]), target=1), task, {"layout": 4}).objects
    assert moved[0] == empty
    assert all(p.position != q.position for p, q in zip(moved[1:], plain.objects[1:], strict=True))


def test_another_object_is_ever_less_like_the_first(task: Task) -> None:
    for seed in range(6):
        plain = draw(task, seed)
        old = load_object(plain.objects[plain.target].instance)
        chosen = []
        for level in range(1, LEVELS + 1):
            trial = perturbed(plain, task, {"object": level})
            new = load_object(trial.objects[trial.target].instance)
            assert new.family == old.family
            assert new.name != old.name
            assert trial.instruction == plain.instruction.replace(old.phrase, new.phrase)
            assert trial.objects[trial.target].mass == new.mass
            assert trial.objects[trial.target].position == plain.objects[plain.target].position
            assert all(
                a == b for i, (a, b) in enumerate(zip(trial.objects, plain.objects, strict=True)) if i != trial.target
            )
            size = np.log(np.ptp(new.vertices, axis=0) / np.ptp(old.vertices, axis=0))
            chosen.append(float(np.abs(size).sum() + abs(np.log(new.mass / old.mass))))
        assert chosen == sorted(chosen)
        assert chosen[-1] > chosen[0]


def test_an_instruction_keeps_its_object() -> None:
    said = {reworded("pick up the red mug", step, np.random.default_rng(s)) for step in range(1, 6) for s in range(9)}
    assert len(said) >= 12
    assert all("the red mug" in s for s in said)
    assert "pick up the red mug" not in said
    for step in (2, 5):
        assert "pick up" not in reworded("pick up the red mug", step, np.random.default_rng(0))
    assert reworded("juggle it", 2, np.random.default_rng(0)) == "go ahead and juggle it"
    assert all(verb not in ways for verb, ways in VERBS.items())


def test_looks_go_from_built_to_drawn(task: Task) -> None:
    plain = draw(task, 1)
    for name, keys in (("background", SURFACES), ("light", LIGHTS)):
        far = []
        for level in range(1, LEVELS + 1):
            look = appearance(perturbed(plain, task, {name: level}).appearance)
            assert {k for k in look.row() if k != "name"} == set(keys)
            far.append([np.abs(np.subtract(getattr(look, k), getattr(BUILT, k))).sum() for k in keys])
        assert (np.diff(far, axis=0) > 0).all()
        assert RANGES  # level 5 is a draw from them


def test_unknown_names_and_amounts_are_refused(task: Task) -> None:
    with pytest.raises(UnknownName, match="perturbation 'nois'; did you mean"):
        amount("nois", 1)
    for level in (6, -1, 2.0, True):
        with pytest.raises(DataError, match="a level from 0 to 5"):
            amount("mass", level)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"'mass': an amount from 0.1 to 10 \[factor\] is expected, not 0"):
        checked({"mass": 0})
    row = draw(task, 0).row()
    for given in ({"nois": 1.0}, {"mass": 99.0}, {"mass": "much"}, {"mass": float("nan")}, ["mass"], 3):
        with pytest.raises(DataError, match=r"trial row does not fit|an amount from"):
            Trial.from_row({**row, "perturbation": given})
    assert "perturbation" not in row
    tray = load_task("lift_tray")
    other = replace(tray.place(np.random.default_rng(0), "seen"), instruction="lift it")
    with pytest.raises(DataError, match=r"'lift it' does not say '\w+ tray'"):
        perturbed(other, tray, {"object": 1})


def test_streams_do_not_meet() -> None:
    drawn = {generator(seed, name, more).random() for seed in (0, 1) for name in FACTORS for more in (0, 1)}
    assert len(drawn) == 4 * len(FACTORS)


SUITE = """\
name: shaken
protocol: 1
description: two
entries:
  - {name: plain, task: grasp_object-v1, embodiment: shadow_ur10e, splits: {seen: 3}, seed: 5, attempts: 1, layouts: g}
  - {name: heavy, task: grasp_object-v1, embodiment: shadow_ur10e, splits: {seen: 3}, seed: 5, attempts: 1, layouts: g,
     perturbations: {mass: 2, latency: 2}}
"""


def test_a_suite_asks_for_levels(tmp_path: Path) -> None:
    path = tmp_path / "shaken.yaml"
    path.write_text(SUITE)
    suite = freeze(path)
    assert [e.get("perturbations") for e in suite.plan()] == [None, {"mass": 2, "latency": 2}]
    for plain, heavy in zip(suite.episodes[:3], suite.episodes[3:], strict=True):
        assert heavy.trial.perturbation == {"mass": 2.0, "latency": 0.08}
        back = replace(
            heavy.trial, perturbation={}, objects=tuple(replace(p, mass=p.mass / 2) for p in heavy.trial.objects)
        )
        assert back == plain.trial
    path.write_text(SUITE.replace("{mass: 2, latency: 2}", "{mass: 0}"))
    calm = freeze(path, replace=True)
    assert [e.trial for e in calm.episodes[:3]] == [e.trial for e in calm.episodes[3:]]


def test_the_suite_robustness_is_drawn_again_alike(tmp_path: Path) -> None:
    shipped = load_suite("robustness")
    path = tmp_path / "robustness.yaml"
    path.write_text(shipped.path.read_text(encoding="utf-8"), encoding="utf-8")
    assert freeze(path).table == shipped.table
    assert {n: sum(n in e.perturbations for e in shipped.entries) for n in FACTORS} == dict.fromkeys(FACTORS, 3)


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        (
            "{mas: 3}",
            r"shaken\.yaml:7: entries\[heavy\]\.perturbations: unknown perturbation 'mas'; did you mean 'mass'",
        ),
        ("{mass: 6}", r"perturbations\.mass: a whole number from 0 to 5"),
        ("{mass: 2.5}", r"perturbations\.mass: a whole number from 0 to 5"),
        ("[mass]", r"perturbations: a mapping is expected"),
    ],
)
def test_a_suite_with_other_levels_is_refused(tmp_path: Path, levels: str, message: str) -> None:
    path = tmp_path / "shaken.yaml"
    path.write_text(SUITE.replace("{mass: 2, latency: 2}", levels))
    with pytest.raises(DataError, match=message):
        freeze(path)


def shaken(entries: list[dict[str, object]], successes: dict[str, str]) -> Run:
    """Return a run; `successes` are a letter an episode of each entry: + or -."""
    amounts = {e["name"]: {"mass": 3.0} if e.get("perturbations") else {} for e in entries}
    rows = [
        {"entry": name, "success": letter == "+", "trial": {"split": "seen", "seed": i, "perturbation": amounts[name]}}
        for name, letters in successes.items()
        for i, letter in enumerate(letters)
    ]
    return Run(Path("run"), {"entries": entries, "suite": "s", "agent": "a"}, rows, len(rows))


def test_falls_are_counted_in_pairs() -> None:
    plain = {"name": "plain", "task": "t-v1", "embodiment": "e"}
    heavy = {**plain, "name": "heavy", "perturbations": {"mass": 3, "light": 0}}
    (fall,) = falls(shaken([plain, heavy], {"plain": "+++++--", "heavy": "+----+"}))
    assert (fall.perturbed.successes, fall.perturbed.trials) == (2, 6)
    assert (fall.plain.successes, fall.plain.trials) == (5, 6), "the seventh has no twin yet"
    assert (fall.lost, fall.gained) == (4, 1)
    assert not fall.invariant
    assert "| mass 3 (3 factor) | 6 | 33 % [10, 70] | 83 % [44, 97] | 4 | 1 | 0.38 |" in table([fall])
    with pytest.raises(DataError, match="'heavy' has no plain twins"):
        falls(shaken([{**plain, "task": "u-v1"}, heavy], {"plain": "++", "heavy": "++"}))
    with pytest.raises(DataError, match="no entry of suite 's' is perturbed"):
        falls(shaken([plain], {"plain": "++"}))

"""Perturbs a trial when a suite is frozen: what the trial itself can say is written into it, the rest is noted.

Seed, split and whatever a factor does not speak of stay as they were drawn: a perturbed trial and its plain one can be
compared as a pair.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from dexbench.core.appearance import BUILT, Appearance, appearance, draw
from dexbench.core.errors import DataError
from dexbench.core.perturbation import amount, checked, factor, generator
from dexbench.core.schema import Array
from dexbench.core.task import Task
from dexbench.core.trial import Placement, Trial
from dexbench.objects.catalogue import instances, load_object

from ._rewording import reworded

SURFACES = ("zenith", "nadir", "table", "edge", "floor")
LIGHTS = ("lamp", "lamp_direction", "window", "ambient", "head")
APART = 0.10
"""Objects that are moved keep so much free space between their outlines, or what they had if that is less [m]."""
_TRIES = 10_000


def perturbed(trial: Trial, task: Task, levels: Mapping[str, int]) -> Trial:
    """Return the trial with each factor at its level; the trial itself where all levels are 0.

    Raises:
      UnknownName: no such factor.
      DataError: no such level, or this task's trials cannot be perturbed so; says why.
    """
    amounts = checked({name: amount(name, level) for name, level in levels.items()})
    for name, value in amounts.items():
        if name in _CHANGE:
            trial = _CHANGE[name](trial, task, value)
    return replace(trial, perturbation={**trial.perturbation, **amounts}) if amounts else trial


def _layout(trial: Trial, task: Task, distance: float) -> Trial:
    """Move every object by `distance` [m] within the task's region, and turn it."""
    region = task.region
    if region is None:
        raise DataError(f"task {task.name!r} says no region in which its objects may be moved: leave out 'layout'")
    rng, objects = generator(trial.seed, "layout"), [p for p in trial.objects if p.instance]
    least = np.minimum(_gaps(objects), APART)
    full = factor("layout").levels[-1]
    x, y, turn = region
    before = np.array([p.position for p in objects])
    lower, upper = np.array([x[0], y[0]]), np.array([x[1], y[1]])
    for _ in range(_TRIES):
        ways = rng.uniform(-np.pi, np.pi, len(objects))
        turns = np.clip(rng.uniform(-np.pi, np.pi, len(objects)) * min(1.0, distance / full), *turn)
        spots = before[:, :2] + distance * np.column_stack([np.cos(ways), np.sin(ways)])
        if (spots < lower).any() or (spots > upper).any():
            continue
        moved = tuple(
            replace(
                p, position=(round(float(u), 6), round(float(v), 6), p.position[2]), quaternion=_turned(p, float(a))
            )
            for p, (u, v), a in zip(objects, spots, turns, strict=True)
        )
        if (_gaps(moved) >= least).all():
            stood = iter(moved)
            return replace(trial, objects=tuple(next(stood) if p.instance else p for p in trial.objects))
    raise DataError(f"no room was found to move {len(objects)} objects of {task.name!r} by {distance:g} m")


def _object(trial: Trial, task: Task, share: float) -> Trial:
    """Put another instance of its family in the place of the named object, and name it."""
    old = trial.named
    if old is None:
        raise DataError(f"a trial of {task.name!r} names no object that could be replaced: leave out 'object'")
    model, pool = load_object(old.instance), set(task.pool())
    if model.phrase not in trial.instruction:
        raise DataError(f"{trial.instruction!r} does not say {model.phrase!r}, which 'object' would replace")
    others = [p for i, p in enumerate(trial.objects) if i != trial.target and p.instance]
    taken = {load_object(p.instance).phrase for p in others}
    kin = [load_object(i) for i in instances(model.family) if i in pool and i != old.instance]
    kin = [k for k in kin if k.phrase not in taken]
    if not kin:
        raise DataError(f"{task.name!r} has no other object of family {model.family!r} in its pool")
    own = _size(model.vertices, model.mass)
    kin.sort(key=lambda k: (float(np.abs(_size(k.vertices, k.mass) - own).sum()), k.name))
    new = kin[max(0, int(np.ceil(share * len(kin) - 1e-9)) - 1)]
    height = old.position[2]
    for rest in model.rest:
        if height and abs(rest.height - height) < 1e-6:
            height = next(r.height for r in new.rest if r.name == rest.name)
    placed = replace(
        old,
        instance=new.name,
        position=(*old.position[:2], height),
        mass=new.mass,
        friction=float(new.friction[0]),
    )
    objects = tuple(placed if i == trial.target else p for i, p in enumerate(trial.objects))
    return replace(trial, objects=objects, instruction=trial.instruction.replace(model.phrase, new.phrase))


def _instruction(trial: Trial, task: Task, step: float) -> Trial:
    rng = generator(trial.seed, "instruction")
    return replace(trial, instruction=reworded(trial.instruction, int(step), rng))


def _background(trial: Trial, task: Task, share: float) -> Trial:
    return _blended(trial, "background", SURFACES, share)


def _light(trial: Trial, task: Task, share: float) -> Trial:
    return _blended(trial, "light", LIGHTS, share)


def _mass(trial: Trial, task: Task, times: float) -> Trial:
    return replace(trial, objects=tuple(replace(p, mass=p.mass * times) for p in trial.objects))


def _friction(trial: Trial, task: Task, times: float) -> Trial:
    return replace(trial, objects=tuple(replace(p, friction=p.friction * times) for p in trial.objects))


_CHANGE: Mapping[str, Callable[[Trial, Task, float], Trial]] = {
    "layout": _layout,
    "object": _object,
    "instruction": _instruction,
    "background": _background,
    "light": _light,
    "mass": _mass,
    "friction": _friction,
}


def _blended(trial: Trial, name: str, given: tuple[str, ...], share: float) -> Trial:
    """Bring some fields of the trial's look nearer to drawn ones."""
    look: Appearance = appearance(trial.appearance)
    drawn = draw(generator(trial.seed, name))
    values = {**look.row(), "name": "perturbed"}
    for key in given:
        own = getattr(look, key) or getattr(BUILT, key)
        mixed = (1.0 - share) * np.asarray(own) + share * np.asarray(getattr(drawn, key))
        values[key] = [round(float(v), 4) for v in mixed]
    return replace(trial, appearance=values)


def _gaps(objects: Sequence[Placement]) -> Array:
    """Return (pairs,) free space between the outlines of objects [m]."""
    radii = np.array([load_object(p.instance).footprint_radius for p in objects])
    spots = np.array([p.position[:2] for p in objects])
    first, second = np.triu_indices(len(objects), 1)
    return np.asarray(np.linalg.norm(spots[first] - spots[second], axis=1) - radii[first] - radii[second])


def _turned(placed: Placement, angle: float) -> tuple[float, float, float, float]:
    """Return the orientation of `placed` turned about the vertical by `angle` [rad]."""
    c, s = float(np.cos(angle / 2)), float(np.sin(angle / 2))
    w, x, y, z = placed.quaternion
    return c * w - s * z, c * x - s * y, c * y + s * x, c * z + s * w


def _size(vertices: Array, mass: float) -> Array:
    """Return (4,) logarithms of an object's extents and mass: how much two differ is then a matter of ratios."""
    return np.asarray(np.log(np.append(np.ptp(vertices, axis=0), mass)))

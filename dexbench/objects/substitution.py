"""A task with an object of one's own in the place of its target: `grasp_object+my_cup`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from dexbench.core.errors import DataError
from dexbench.core.task import Task
from dexbench.core.trial import Trial

from .catalogue import load_object
from .layout import GAP

AnyTask = TypeVar("AnyTask", bound=Task)

TRIES = 200
"""Draws until one has room for the object."""


def substituted(task: AnyTask, names: Sequence[str]) -> AnyTask:
    """Return `task`, changed: one of `names`, drawn anew each time, stands where its target stood and is called so.

    Args:
      task: a fresh one, whose target stands upright and is named in the instruction.
      names: objects, of one's own or of the catalogue.

    Raises:
      UnknownName: there is no such object.
    """
    if not names:
        return task
    models = [load_object(name) for name in names]
    pool, place = task.pool(), task.place

    def drawn(rng: np.random.Generator, split: str) -> Trial:
        for _ in range(TRIES):
            trial = place(rng, split)
            model = models[int(rng.integers(len(models)))]
            if (named := trial.named) is None:
                raise DataError(f"task {task.name!r} names no object that another could stand in for")
            old = load_object(named.instance)
            if old.phrase not in trial.instruction:
                raise DataError(f"task {task.name!r} does not call its target by its name; it takes no other object")
            if model.footprint_radius > old.footprint_radius and not _room(trial, model.footprint_radius):
                continue
            objects = list(trial.objects)
            x, y, _ = named.position
            objects[trial.target] = replace(
                named,
                instance=model.name,
                position=(x, y, round(model.rest[0].height, 6)),
                mass=model.mass,
                friction=float(model.friction[0]),
            )
            instruction = trial.instruction.replace(old.phrase, model.phrase)
            return replace(trial, instruction=instruction, objects=tuple(objects))
        raise DataError(f"task {task.name!r} has no room for {', '.join(names)} among its other objects")

    known = (*pool, *(name for name in dict.fromkeys(names) if name not in pool))
    # on this one instance alone: its class stays the task's own, whose text is the rule
    for what, instead in (("name", "+".join([task.name, *names])), ("pool", lambda: known), ("place", drawn)):
        setattr(task, what, instead)
    return task


def _room(trial: Trial, radius: float) -> bool:
    """Return whether something of this radius [m] has the usual gap to all others where the target stands."""
    here = np.array(trial.objects[trial.target].position[:2])
    return all(
        np.linalg.norm(here - other.position[:2]) - radius - load_object(other.instance).footprint_radius >= GAP
        for slot, other in enumerate(trial.objects)
        if slot != trial.target and other.instance
    )

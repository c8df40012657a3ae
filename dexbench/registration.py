"""Tells Gymnasium which environments there are, without importing any of them."""

from functools import cache

from dexbench.core import shelf
from dexbench.core.errors import DexBenchError


def env_id(task: str, embodiment: str, version: int) -> str:
    """Return the Gymnasium id, for example "dexbench/GraspObject-shadow_ur10e-v1"."""
    return f"dexbench/{''.join(w.capitalize() for w in task.split('_'))}-{embodiment}-v{version}"


@cache
def register() -> tuple[str, ...]:
    """Register every task on every embodiment with enough hands; return the ids."""
    # imported here: importing Gymnasium may call this function (see _late_registration), so it must exist by then
    from gymnasium.envs import registration

    ids = []
    for task in shelf.names(shelf.TASKS):
        told = shelf.constants(shelf.TASKS, task)
        for embodiment in shelf.names(shelf.EMBODIMENTS):
            if shelf.hands_of(embodiment) < int(told.get("HANDS", 1)):
                continue
            name = env_id(task, embodiment, int(told.get("VERSION", 1)))
            if name not in registration.registry:
                registration.register(
                    id=name,
                    entry_point="dexbench.sim.gym:DexEnv",
                    vector_entry_point="dexbench.sim.vector:DexVectorEnv",
                    kwargs={"task": task, "embodiment": embodiment},
                )
            ids.append(name)
    if not ids:
        raise DexBenchError("no task and embodiment fit together: the installation lacks its data")
    return tuple(ids)

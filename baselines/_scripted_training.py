"""What the scripted agent learns: grasps of each object, found by search and kept as a library."""

from collections.abc import Sequence

from rich.progress import track

from dexbench.grasp.campaign import Order, campaign
from dexbench.objects.catalogue import instances, load_object


def train(
    embodiment: str = "shadow_ur10e",
    objects: Sequence[str] = (),
    seed: int = 0,
    jobs: int = 1,
    out: str = "",
    again: bool = False,
) -> str:
    """Search for grasps of a right hand on objects; about 10 seconds an object and core, half a second a sibling's.

    Objects that have grasps already are left alone, so that a search that was stopped goes on.
    `dexbench grasp search` does the same by part and mode.

    Args:
      embodiment: whose right hand.
      objects: names in the catalogue; by default all.
      seed: of all random numbers.
      jobs: processes.
      out: folder for the files; by default the hand's library in the installed data.
      again: search even where there are grasps already.

    Returns:
      A sentence that says what was found.
    """
    names = tuple(objects) or instances()
    for name in names:
        load_object(name)  # a misspelt one is said before the search
    order = Order(embodiment, names, seed=seed, again=again, out=out)
    found = {f.instance: len(f.grasps) for f in track(campaign(order, jobs), "searching", total=len(names))}
    few = [n for n, count in found.items() if count < 4]
    return f"grasps of {len(found)} objects found, {len(names) - len(found)} had some already" + (
        f"; fewer than four for {', '.join(few)}" if few else ""
    )

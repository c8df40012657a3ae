"""Grasps of an articulated object's grips: handles of drawers, lids of jars, tongs. Geometry only; nothing is tested.

Whoever uses them plans among the shapes that stand there, and tries the next one where one does not hold.
"""

from collections.abc import Iterator

import numpy as np

from dexbench.core.embodiment import Embodiment
from dexbench.core.errors import DataError
from dexbench.core.schema import Array
from dexbench.grasp.alignment import Alignment
from dexbench.grasp.candidates import lay
from dexbench.grasp.library import Grasps
from dexbench.grasp.opposition import opposed_shapes
from dexbench.grasp.posture import Posture
from dexbench.grasp.rig import turns
from dexbench.objects.articulated import load_articulated
from dexbench.objects.articulated_model import Grip
from dexbench.robots.floating import hand_spec

SAMPLES = 6000
"""Hand shapes drawn."""
TILT = np.deg2rad(15)
"""Standard deviation of the palm's way about a bar, and of its way onto a knob [rad]."""
ASIDE = 0.15
"""Standard deviation of the place along a grip, as a share of its length."""


def grip_grasps(
    embodiment: Embodiment,
    name: str,
    grip: str,
    side: str = "right",
    mode: str = "wrap",
    count: int = 24,
    seed: int = 0,
) -> Grasps:
    """Return up to `count` grasps of a grip, in the frame of its link, those nearest to its middle first.

    Takes about a second of one core: keep what it returns.

    Args:
      embodiment: has the hand.
      name: of the articulated object.
      grip: name of one of its grips.
      side: which hand.
      mode: "wrap" or "pinch".
      count: grasps at most.
      seed: of all random numbers.

    Raises:
      DataError: the grip is one to press or to pull, or wider than the hand opens.
      UnknownName: no such object or grip.
    """
    model = load_articulated(name)
    place = model.grip(grip)
    if place.kind not in ("bar", "knob"):
        raise DataError(f"{grip!r} of {name!r} is a {place.kind}: press it with a finger; bars and knobs are grasped")
    compiled = hand_spec(embodiment, side).compile()
    posture, rng = Posture(compiled, embodiment, side), np.random.default_rng([seed, *f"{name}/{grip}/{mode}".encode()])
    shapes = opposed_shapes(posture, rng, SAMPLES, mode)
    places = list(_alignments(place, rng, 2 * count))
    found = lay(places, mode, posture, shapes, rng)
    if not len(found):
        raise DataError(f"no shape of this hand fits around {grip!r} of {name!r}, {2000 * place.radius:.0f} mm across")
    middle = found.position + turns(found.quaternion)[:, :, 2] * 0.08
    rows = np.argsort(np.linalg.norm(middle - place.position, axis=1), kind="stable")[:count]
    best = found.chosen(rows)
    parts, modes = (grip,) * len(rows), (mode,) * len(rows)
    hand = embodiment.parts[side].hand.name
    return Grasps(
        hand, name, best.position, best.quaternion, best.pregrasp, best.squeeze, parts, np.zeros(len(rows)), modes
    )


def _alignments(grip: Grip, rng: np.random.Generator, count: int) -> Iterator[Alignment]:
    """Draw alignments: across a bar with the fingers side by side along it, or across a knob from above."""
    turn = turns(np.asarray(grip.quaternion)[None])[0]
    for _ in range(count):
        lean, along = rng.normal(0, TILT), float(np.clip(rng.normal(0, ASIDE), -0.3, 0.3)) * grip.length
        if grip.kind == "bar":
            line, coming = _plane(lean)
            centre, depth = np.array([along, 0.0, 0.0]), grip.radius
        else:
            angle = rng.uniform(0, 2 * np.pi)
            spin = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
            line, coming = spin @ [0.0, 1.0, 0.0], spin @ [np.sin(lean), 0.0, -np.cos(lean)]
            centre, depth = np.array([0.0, 0.0, along]), grip.length / 2
        line = line * rng.choice([-1.0, 1.0])
        yield Alignment(turn @ line, grip.position + turn @ centre, 2 * grip.radius, turn @ coming, depth)


def _plane(lean: float) -> tuple[Array, Array]:
    """Return line and palm's way across a bar along x, leaning by an angle from straight on [rad]."""
    return np.array([0.0, np.cos(lean), np.sin(lean)]), np.array([0.0, np.sin(lean), -np.cos(lean)])

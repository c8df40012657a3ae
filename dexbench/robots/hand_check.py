"""What is missing or wrong in a hand's file, all of it: a short YAML or a whole hand.yaml."""

from pathlib import Path

from dexbench.core.composition import compose
from dexbench.core.document import Node, read_document
from dexbench.core.embodiment import load_embodiment
from dexbench.core.errors import DataError, DexBenchError
from dexbench.core.mechanism import Mechanism
from dexbench.core.mechanism_file import load_mechanism, read_mechanism
from dexbench.core.shelf import ARMS, EMBODIMENTS, HANDS, locate
from dexbench.robots.check import check_robot
from dexbench.robots.importing import import_hand
from dexbench.robots.mending import mended
from dexbench.robots.mirror_plane import check_plane
from dexbench.robots.problems import Problems
from dexbench.robots.short_file import is_short

RIG = "shadow_ur10e_bimanual"
"""The built-in rig on which a hand is tried: one of each side."""

_MOST = 100
"""Problems after which it is better to begin anew."""


def check_hand(path: Path) -> tuple[Problems, list[str]]:
    """Return what is wrong with the hand in a file, and what was found well.

    Args:
      path: a short YAML (`dexbench hand add` reads it) or a hand.yaml.
    """
    problems, well = Problems(), list[str]()
    document = None
    with problems.noting():
        document = read_document(path)
    if document is None:
        return problems, well
    if is_short(document):
        try:
            found = import_hand(path)
        except DataError as error:
            _, *lines = str(error).split("\n") if "\n" in str(error) else ("", str(error))
            problems += lines
            return problems, well
        well += [f"the model imports; links are within {1000 * found.error:.1g} mm of the model's", *found.notes]
        return problems, well + _summary(found.mechanism)
    read = _read(path, problems)
    if read is None:
        return problems, well
    document, mechanism = read
    _check_roles(document, mechanism, problems)
    if not problems:
        with problems.noting():
            well += _try(path, mechanism.name, problems)
    return problems, well + _summary(mechanism)


def _summary(mechanism: Mechanism) -> list[str]:
    fingers = ", ".join(f.finger for f in mechanism.fingers)
    sides = "left is the mirror image" if mechanism.handed else "both sides alike"
    return [
        f"{len(mechanism.moving)} joints, {len(mechanism.motors)} motors, {len(mechanism.followers)} followers, "
        f"{sum(link.mass for link in mechanism.links.values()):.3f} kg",
        f"fingers: {fingers or 'none'}; pads: {', '.join(p.finger for p in mechanism.pads) or 'none'}; "
        f"touch: {mechanism.fitted or 'none'}; {sides}",
    ]


def _read(path: Path, problems: Problems) -> tuple[Node, Mechanism] | None:
    """Return the hand; each field that does not fit is noted and mended or left out, to see what else does not."""
    document, text = read_document(path), path.read_bytes()
    for _ in range(_MOST):
        try:
            return document, read_mechanism(document, path.parent)
        except DataError as error:
            problems.add(error)
            if (found := mended(text, error.trail, document.file)) is None:
                return None
            document, text = found
    return None


def _check_roles(document: Node, hand: Mechanism, problems: Problems) -> None:
    """Note what a whole hand.yaml lacks to be used like every other."""
    if "palm" not in hand.links:
        problems.add(document["links"].error("the palm is missing: one link must be called 'palm'"))
    if "palm_site" not in {f.name for f in hand.frames}:
        text = "the palm is missing: one frame must be called 'palm_site', z out of the palm, y along the fingers"
        problems.add(document["frames"].error(text))
    fingers = [f.finger for f in hand.fingers]
    where = document["fingers"] if document.has("fingers") else document
    if "thumb" not in fingers:
        problems.add(where.error("the thumb is missing"))
    if not [f for f in fingers if f != "thumb"]:
        problems.add(where.error("no finger stands against the thumb"))
    pads = {p.finger for p in hand.pads}
    where = document["pads"] if document.has("pads") else document
    for finger in fingers:
        if finger not in pads:
            problems.add(where.error(f"the pad of the {finger} is missing"))
    for motor in hand.motors:
        if not motor.role:
            problems.add(document["actuators"].error(f"actuator {motor.name!r} has no role, such as index/flexion"))
    driven = {j for m in hand.motors for j in m.joints} | {f.joint for f in hand.followers}
    if free := [j.name for j in hand.moving if j.name not in driven]:
        problems.add(document["actuators"].error(f"{', '.join(free)}: neither an actuator nor a linkage moves these"))
    if document.has("mirror") and "palm_site" in {f.name for f in hand.frames}:
        with problems.noting():
            check_plane(hand, document["mirror"])


def _try(path: Path, name: str, problems: Problems) -> list[str]:
    """Put the hand on both arms of a rig, compile it and compare it with its data; return what is well."""
    rig = read_document(locate(EMBODIMENTS, RIG))
    arms = {row.text("arm") for row in rig["sides"].mapping().values()}
    motors = {arm: frozenset(m.name for m in load_mechanism(locate(ARMS, arm)).motors) for arm in arms}
    robot = load_embodiment(
        compose(rig, f"{name}_on_trial", name, motors),
        hand=lambda asked: path if asked == name else locate(HANDS, asked),
        arm=lambda asked: locate(ARMS, asked),
    )
    found = check_robot(robot)
    for finding in found:
        if not finding.ok:
            problems.add(f"{path.parent.name}/{path.name}: {finding}")
    return [f"{sum(f.ok for f in found)} of {len(found)} comparisons of the compiled robot with the data hold"]


def find_hand(said: str) -> Path:
    """Return the file of a hand: a path, or the name of one on the shelf.

    Raises:
      UnknownName: it is neither.
    """
    path = Path(said).expanduser()
    if path.is_dir() and (path / "hand.yaml").is_file():
        return path / "hand.yaml"
    if path.is_file():
        return path
    try:
        return locate(HANDS, said)
    except DexBenchError as error:
        if path.suffix in (".yaml", ".yml"):
            raise DataError(f"there is no file {said!r}") from error
        raise

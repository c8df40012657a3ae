"""The grasp taxonomy as data: types, the object that stands for each, and which links must touch it."""

from collections.abc import Mapping
from dataclasses import dataclass

from dexbench.core.assets import asset_path
from dexbench.core.document import Node, read_document
from dexbench.core.roles import FINGERS, PHALANGES, ROLES

GROUPS = ("power", "intermediate", "precision")
FACES = ("palmar", "radial", "ulnar", "tip")
KINDS = {"sphere": 1, "cylinder": 2, "box": 3}
"""Numbers that a size has."""
_FOUR = FINGERS[1:]


@dataclass(frozen=True)
class Touching:
    """One place of a hand that must touch the object."""

    finger: str
    """One of FINGERS; "palm": the palm or a metacarpal in it; "base": that or any first phalanx."""
    phalanges: tuple[str, ...] = ()
    """Any of them will do."""
    face: str = "palmar"

    def __str__(self) -> str:
        face = "" if self.face == "palmar" else f" ({self.face})"
        return f"{self.finger} {' or '.join(self.phalanges)}{face}".strip()


@dataclass(frozen=True)
class GraspType:
    """One type of grasp."""

    number: int
    name: str
    group: str
    """One of GROUPS."""
    opposition: str
    """"pad", "palm" or "side"."""
    thumb: str
    """"abducted" or "adducted"."""
    virtual: tuple[str, ...]
    """Virtual fingers: what acts as one."""
    kind: str
    """Of the object: one of KINDS."""
    size: tuple[float, ...]
    """As MuJoCo has it [m]."""
    axis: tuple[float, ...] | None
    """Where the object's z points in the hand's frame; None: out of the skin that touches."""
    at: tuple[float, ...] | None
    """Where its centre is looked for, in finger lengths from the middle of the knuckles; None: before that skin."""
    contacts: tuple[Touching, ...]
    posture: Mapping[str, float]
    """Fraction of its range by role."""
    along: bool
    """Whether the thumb's last phalanx lies along the object's axis."""


def load_types(name: str = "feix") -> list[GraspType]:
    """Return the types of a taxonomy in the order of their numbers.

    Raises:
      DataError: naming the file and the field that do not fit.
    """
    document = read_document(asset_path(f"taxonomies/{name}.yaml"))
    found = [_type(row) for row in document["types"].items()]
    if [t.number for t in found] != list(range(1, len(found) + 1)):
        raise document["types"].error("numbers must run from 1 without gaps")
    return found


def _type(row: Node) -> GraspType:
    thing = row["object"]
    kind = thing.one_of("kind", tuple(KINDS))
    pinch = thing["axis"].value == "pinch"
    return GraspType(
        number=row.count("number"),
        name=row.text("name"),
        group=row.one_of("group", GROUPS),
        opposition=row.one_of("opposition", ("pad", "palm", "side")),
        thumb=row.one_of("thumb", ("abducted", "adducted")),
        virtual=row.names("fingers"),
        kind=kind,
        size=thing.vector("size", KINDS[kind]),
        axis=None if pinch else thing.vector("axis", 3),
        at=thing.vector("at", 3) if thing.has("at") else None,
        contacts=tuple(t for entry in row.names("contacts") for t in _contacts(entry, row["contacts"])),
        posture=_posture(row["posture"]),
        along=row.has("along") and bool(row["along"].value),
    )


def _contacts(entry: str, row: Node) -> list[Touching]:
    """Return the contacts that an entry such as "fingers proximal|middle radial" stands for."""
    finger, *rest = entry.split()
    if finger in ("palm", "base") and not rest:
        return [Touching(finger)]
    phalanges = tuple(rest[0].split("|")) if rest else ()
    face = rest[1] if len(rest) > 1 else "palmar"
    known = finger in ("fingers", *FINGERS) and phalanges and set(phalanges) <= set(PHALANGES) and face in FACES
    if not known or len(rest) > 2:
        raise row.error(f'"FINGER PHALANX|PHALANX FACE" is expected, not {entry!r}')
    return [Touching(f, phalanges, face) for f in (_FOUR if finger == "fingers" else (finger,))]


def _posture(row: Node) -> dict[str, float]:
    """Return fractions by role; a motion without a finger means all four, and a role named in full wins."""
    found: dict[str, float] = {}
    for key in sorted(row.mapping(), key=lambda k: "/" in k):
        roles = [key] if "/" in key else [f"{finger}/{key}" for finger in _FOUR]
        if set(roles) - set(ROLES):
            raise row[key].error(f"there is no role {key!r}")
        value = row.number(key)
        if not 0 <= value <= 1:
            raise row[key].error(f"a fraction of the range, 0 to 1, is expected, not {value}")
        found |= dict.fromkeys(roles, value)
    return found

"""What is fitted on the pads of a hand: a lattice of taxels, and what the sensor does to a force."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from dexbench.core.document import Node
from dexbench.core.errors import UnknownName

NONE = "none"
"""How a hand's file, or a user, says that nothing is fitted."""

AXES = ("three", "normal")
"""What a taxel measures: pressing and two shears, or pressing alone."""

IDEAL, IMPERFECT = "_ideal", "_imperfect"
"""Endings of an option's name that leave its flaws out or put them in, whatever the option says of itself."""

MARK = "+"
"""Between an embodiment's name and the sensor fitted on it: "shadow_ur10e+stf"."""

CONFIDENCE = ("exact", "derived", "estimated")


@dataclass(frozen=True)
class TouchModel:
    """A declared touch sensor: the same on every pad of a hand.

    The lattice, `range`, `rate` and `axes` are what the sensor is and always hold. From `noise` on, the numbers are its
    flaws: they are simulated unless the sensor is `ideal`. docs/touch.md has the formulas and their order.
    """

    name: str
    """Of the option: "lattice"."""
    rows: int
    """Taxels along the pad's y (distal)."""
    columns: int
    """Taxels along its x (across)."""
    pitch: float
    """Distance of neighbouring taxels [m]."""
    range: float
    """Saturation of a taxel [N]."""
    rate: float
    """Samples a second [Hz]."""
    noise: float
    """Standard deviation of a component of a taxel [N]."""
    confidence: str
    """"exact", "derived" or "estimated"."""
    why: str = ""
    """Where the numbers are from."""
    axes: str = "three"
    """One of AXES."""
    margin: float = 0.005
    """How far outside the outermost taxel centres the skin still feels [m]."""
    spread: float = 0.8
    """Standard deviation of the patch that a point force leaves [taxel pitches]; see sensors.lattice."""
    absent: tuple[tuple[int, int], ...] = ()
    """(row, column) of the places of the lattice where there is no taxel; they read 0, the others share the force."""
    ideal: bool = False
    """Whether readings come without the flaws below."""
    threshold: float = 0.0
    """A component smaller than this reads 0 [N]."""
    hysteresis: float = 0.0
    """Half the width of the play between force and reading [N]."""
    drift: float = 0.0
    """Growth of a taxel's random offset [N / sqrt(s)]."""
    dead: float = 0.0
    """Share of taxels that read 0 for an episode; each is drawn by itself."""
    broken: tuple[tuple[int, int], ...] = ()
    """(row, column) of taxels that read 0 always, on every pad."""
    delay: float = 0.0
    """Time from a sample to when it can be had [s]."""
    bits: int = 0
    """Steps of a reading: range / 2^bits, or of twice the range where shear is measured; 0: as fine as numbers are."""

    @property
    def flawed(self) -> bool:
        """Whether anything but the lattice, the range, the axes and the rate shows in the readings."""
        return not self.ideal and any(
            (self.noise, self.threshold, self.hysteresis, self.drift, self.dead, self.broken, self.delay, self.bits)
        )


_KNOWN = frozenset(f.name for f in fields(TouchModel)) - {"name"}


def read_touch(node: Node) -> tuple[dict[str, TouchModel], str]:
    """Return the options of a hand's `touch:` block by name, and the one that is fitted ("" for none).

    Raises:
      DataError: naming the field that does not fit.
    """
    options = (
        {name: _option(name, row) for name, row in node["options"].mapping().items()} if node.has("options") else {}
    )
    fitted = node.text("default")
    if fitted != NONE and fitted not in options:
        raise node["default"].error(f"there is no option {fitted!r}; options: {', '.join((*options, NONE))}")
    return options, "" if fitted == NONE else fitted


def split_name(name: str) -> tuple[str, str]:
    """Return the plain name of an embodiment, and the sensor that is asked for (empty: its own)."""
    plain, mark, option = name.partition(MARK)
    if mark and not option:
        raise UnknownName("embodiment", name, [plain])
    return plain, option


def fit(options: Mapping[str, TouchModel], name: str) -> TouchModel | None:
    """Return the option called `name` of a hand, None for "none"; the endings IDEAL and IMPERFECT are understood.

    Raises:
      UnknownName: the hand has no such option.
    """
    if name == NONE:
        return None
    if name in options:
        return options[name]
    for ending in (IDEAL, IMPERFECT):
        plain = name.removesuffix(ending)
        if plain != name and plain in options:
            return replace(options[plain], name=name, ideal=ending == IDEAL)
    raise UnknownName("touch option", name, (*options, NONE))


def _option(name: str, row: Node) -> TouchModel:
    given = row.mapping()
    if foreign := sorted(set(given) - _KNOWN):
        raise row[foreign[0]].error(f"no field of a touch sensor; known: {', '.join(sorted(_KNOWN))}")
    if not name.isidentifier() or name == NONE or name.endswith((IDEAL, IMPERFECT)):
        raise row.error(
            f"an option cannot be called {name!r}: a plain name that does not end in {IDEAL} or {IMPERFECT}"
        )
    shape = row.count("rows"), row.count("columns")
    axes, confidence = row.text("axes", "three"), row.text("confidence")
    for key, value, known in (("axes", axes, AXES), ("confidence", confidence, CONFIDENCE)):
        if value not in known:
            raise row[key].error(f"{value!r} is not known; known: {', '.join(known)}")
    ideal = given["ideal"].value if "ideal" in given else False
    if not isinstance(ideal, bool):
        raise row["ideal"].error(f"true or false is expected, not {ideal!r}")
    listed = "dead" in given and isinstance(given["dead"].value, list)
    model = TouchModel(
        name=name,
        rows=shape[0],
        columns=shape[1],
        pitch=_positive(row, "pitch"),
        range=_positive(row, "range"),
        rate=_positive(row, "rate"),
        noise=_amount(row, "noise"),
        confidence=confidence,
        why=row.text("why", ""),
        axes=axes,
        margin=_amount(row, "margin", 0.005),
        spread=_positive(row, "spread", 0.8),
        absent=_places(row, "absent", shape),
        ideal=ideal,
        threshold=_amount(row, "threshold"),
        hysteresis=_amount(row, "hysteresis"),
        drift=_amount(row, "drift"),
        dead=0.0 if listed else _amount(row, "dead"),
        broken=_places(row, "dead" if listed else "broken", shape),
        delay=_amount(row, "delay"),
        bits=row.count("bits") if "bits" in given else 0,
    )
    if model.dead > 1:
        raise row["dead"].error(f"a share from 0 to 1, or a list of [row, column], is expected, not {model.dead:g}")
    if max(model.threshold, 2 * model.hysteresis) >= model.range:
        raise row.error("threshold and twice the hysteresis must be below the range, or nothing is ever felt")
    if model.bits > 24:
        raise row["bits"].error(f"at most 24 bits fit into a reading in single precision, not {model.bits}")
    if len(model.absent) >= shape[0] * shape[1]:
        raise row["absent"].error("at least one taxel must be left")
    return model


def _positive(row: Node, key: str, default: float | None = None) -> float:
    value = row.number(key) if default is None else row.number(key, default)
    if value <= 0:
        raise row[key].error(f"a number above 0 is expected, not {value:g}")
    return value


def _amount(row: Node, key: str, default: float = 0.0) -> float:
    value = row.number(key, default)
    if value < 0:
        raise row[key].error(f"a number of at least 0 is expected, not {value:g}")
    return value


def _places(row: Node, key: str, shape: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """Return a list of [row, column], each on the lattice and there once."""
    if not row.has(key):
        return ()
    found: list[tuple[int, int]] = []
    for entry in row[key].items():
        at = tuple(entry.numbers(2))
        place = int(at[0]), int(at[1])
        if place != at or not (0 <= place[0] < shape[0] and 0 <= place[1] < shape[1]):
            raise entry.error(f"[row, column] on the lattice of {shape[0]} x {shape[1]} is expected, not {list(at)}")
        if place in found:
            raise entry.error(f"{list(place)} is there twice")
        found.append(place)
    return tuple(found)

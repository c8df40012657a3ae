"""What the touch of a hand reads when it is pressed with known forces: a report to check a sensor by.

Every press compares three things: the force that was applied, the engine's own list of contacts, and the taxels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np

from dexbench.core.embodiment import Embodiment, Pad
from dexbench.core.fitting import fitted_with
from dexbench.core.schema import Array
from dexbench.core.touch_model import TouchModel
from dexbench.sensors.flaws import Flaws
from dexbench.sensors.indenter import KINDS, Bench, Press, as_read, bench_spec

ANGLES = (0, 20, 40)
"""Between an indenter's way and the pad's normal [degrees]; towards +y and towards +x."""
FORCES = (0.1, 1.0, 5.0)
"""[N]; and the largest that a taxel reads."""
GRID = (5, 3)
"""Places along and across the pad at angle 0; three by three at others. The outermost are the outermost taxels."""
WEIGHT = 0.25
"""Of the plate that rests on all pads [kg]."""

_PERIOD, _PERIODS, _SEED = 0.04, 25, 0
"""Control period [s]; how many the flaws are watched for; and the seed of their draws."""


@dataclass(frozen=True)
class Row:
    """One press of one pad. Forces as touch reads them: (pressing, shear along y, shear along x) [N]."""

    finger: str
    indenter: str
    angle: float
    """[degrees]"""
    towards: str
    """Pad axis towards which it was tilted; empty at angle 0."""
    force: float
    """Applied [N]."""
    aimed: tuple[float, float]
    """Place aimed at, along and across, from the middle of the pad [m]."""
    held: bool
    """Whether the indenter found hold; if not, the contact carries less than what was applied."""
    on_pad: bool
    """Whether all of the contact lay on the pad, rather than beside it."""
    on_lattice: bool
    """Whether the centre of pressure lay between taxels that all exist, not outside the outermost ones."""
    saturated: bool
    """Whether a taxel is at the end of its range."""
    sum_error: float
    """Sum of the taxels and of what touched beside the pad, less the engine's contacts, largest component [N]."""
    applied_error: float
    """The same against what was applied, as a share of it; nan where it did not hold or a taxel is saturated."""
    centre_error: float
    """Centre of pressure of the taxels' pressing against the contact's, larger of along and across [pitches]."""
    shear_error: float
    """Angle between the direction of the shear read and that of the contact's [degrees]; nan where there is little."""
    declared_bias: float
    """Mean error of the sum of the pressing that the declared sensor reads over a second [N]."""
    declared_spread: float
    """Its standard deviation [N]."""


@dataclass(frozen=True)
class Calibration:
    """Everything that was measured on one hand with one sensor."""

    embodiment: str
    side: str
    model: TouchModel
    rows: tuple[Row, ...]
    silent: bool
    """Whether pads that nothing touches read exactly 0, declared flaws apart."""
    resting: float
    """Weight of a plate resting on all pads, as read, over its true weight."""

    def summary(self) -> dict[str, Any]:
        """Return the claims as plain values."""
        fair = [r for r in self.rows if r.on_pad and r.held]
        whole = [r for r in fair if not r.saturated]
        centred = [r for r in whole if r.on_lattice]
        channels = self.model.rows * self.model.columns - len(self.model.absent)
        return {
            "sensor": self.model.name,
            "taxels": channels,
            "presses": len(self.rows),
            "held on the pad": len(fair),
            "sum against contact, worst [N]": _worst(r.sum_error for r in self.rows if not r.saturated),
            "sum against applied, worst [%]": 100 * _worst(r.applied_error for r in whole),
            "centre on the lattice, worst [pitches]": _worst(r.centre_error for r in centred) if channels > 1 else None,
            "shear direction, worst [degrees]": _worst(r.shear_error for r in whole)
            if self.model.axes == "three"
            else None,
            "saturated": sum(r.saturated for r in fair),
            "silent without contact": self.silent,
            "silent under contact": sum(r.sum_error > 1e-9 and not r.saturated for r in self.rows),
            "resting weight read [%]": 100 * self.resting,
        }

    def table(self) -> list[dict[str, Any]]:
        """Return one row of plain values for each indenter, angle and force, over all pads and places."""
        found = []
        for key in dict.fromkeys((r.indenter, r.angle, r.force) for r in self.rows):
            rows = [r for r in self.rows if (r.indenter, r.angle, r.force) == key]
            held = [r for r in rows if r.held and r.on_pad]
            whole = [r for r in held if not r.saturated]
            found.append({
                "indenter": key[0],
                "angle [deg]": key[1],
                "force [N]": key[2],
                "presses": len(rows),
                "slid": sum(not r.held for r in rows),
                "beside": sum(not r.on_pad for r in rows),
                "saturated": sum(r.saturated for r in held),
                "sum error [N]": _worst(r.sum_error for r in rows if not r.saturated),
                "applied error [%]": 100 * _worst(r.applied_error for r in whole),
                "centre error [pitches]": _worst(r.centre_error for r in whole if r.on_lattice),
                "centre off lattice [pitches]": _worst(r.centre_error for r in whole if not r.on_lattice),
                "declared bias [N]": float(np.mean([r.declared_bias for r in held])) if held else float("nan"),
                "declared spread [N]": float(np.mean([r.declared_spread for r in held])) if held else float("nan"),
            })  # fmt: skip
        return found

    def text(self) -> str:
        """Return the table as Markdown."""
        rows = self.table()
        lines = [list(rows[0]), ["---"] * len(rows[0]), *([_shown(v) for v in row.values()] for row in rows)]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def calibrate(embodiment: Embodiment, side: str, option: str = "") -> Calibration:
    """Press every pad of the hand of `side` at places, angles and forces, and let an object rest on all of them.

    Args:
      embodiment: has the hand.
      side: "right" or "left".
      option: touch sensor to fit; empty for the one that is.

    Raises:
      ContractError: the hand carries no touch.
      UnknownName: it has no such option.
    """
    robot = fitted_with(embodiment, option) if option else embodiment
    benches = {kind: Bench(robot, side, kind) for kind in KINDS}
    pads = benches[KINDS[0]].pads
    model = pads[0].model
    forces = (*(f for f in FORCES if f < model.range), model.range)
    rows = tuple(
        row
        for kind, bench in benches.items()
        for angle, towards, direction in _directions()
        for place in _places(model, angle)
        for force, press in zip(forces, bench.press(place, direction, forces), strict=True)
        for row in _compare(pads, kind, angle, towards, force, place, press)
    )
    silent = not any(bench.untouched().any() for bench in benches.values())
    return Calibration(robot.name, side, model, rows, silent, _resting(robot, side))


def _directions() -> Iterator[tuple[float, str, Array]]:
    for angle in ANGLES:
        s, c = np.sin(np.radians(angle)), np.cos(np.radians(angle))
        for towards, axis in (("y", (0, s, -c)), ("x", (s, 0, -c))) if angle else (("", (0, 0, -1)),):
            yield angle, towards, np.array(axis, float)


def _places(model: TouchModel, angle: float) -> Iterator[tuple[float, float]]:
    """Yield (x, y) in the pad's frame."""
    half = np.array([model.rows - 1, model.columns - 1]) / 2 * model.pitch
    along, across = GRID if angle == 0 else (3, 3)
    for y in np.linspace(-half[0], half[0], along if half[0] else 1):
        for x in np.linspace(-half[1], half[1], across if half[1] else 1):
            yield float(x), float(y)


def _compare(
    pads: Sequence[Pad], kind: str, angle: float, towards: str, force: float, place: tuple[float, float], press: Press
) -> Iterator[Row]:
    model = pads[0].model
    felt = [0] if model.axes == "normal" else [0, 1, 2]
    bias, spread = _declared(model, press.taxels)
    for i, pad in enumerate(pads):
        taxels, centre = press.taxels[i], press.centre[i]
        net = taxels.sum(axis=(0, 1))
        contact = press.contact[i] - press.beside[i]
        if model.axes == "normal":
            contact = np.array([max(contact[0], 0), 0, 0])
        held, saturated = not press.slid[i], bool(np.abs(taxels).max() >= model.range)
        full = held and not saturated
        yield Row(
            finger=pad.finger,
            indenter=kind,
            angle=angle,
            towards=towards,
            force=force,
            aimed=(place[1], place[0]),
            held=held,
            on_pad=not press.beside[i].any() and bool(press.contact[i].any()),
            on_lattice=_on_lattice(model, centre),
            saturated=saturated,
            sum_error=float(np.abs(net - contact)[felt].max()),
            applied_error=float(np.abs(net - press.applied[i])[felt].max() / force) if full else float("nan"),
            centre_error=_centre_error(model, taxels[..., 0], centre),
            shear_error=_angle(net[1:], contact[1:]) if len(felt) > 1 else float("nan"),
            declared_bias=float(bias[i]),
            declared_spread=float(spread[i]),
        )


def _on_lattice(model: TouchModel, centre: Array) -> bool:
    """Return whether `centre` (x, y) [m] is between taxels that all exist."""
    last = np.array([model.columns - 1, model.rows - 1])
    place = centre / model.pitch + last / 2
    if not ((place >= -1e-6) & (place <= last + 1e-6)).all():
        return False  # also where there is no contact: nan
    low, high = np.floor(place + 1e-6).astype(int), np.ceil(place - 1e-6).astype(int)
    return not any((y, x) in model.absent for x in (low[0], high[0]) for y in (low[1], high[1]))


def _centre_error(model: TouchModel, pressing: Array, centre: Array) -> float:
    """Return how far the taxels' centre of pressure is from `centre` (x, y) [pitches]; nan without pressing."""
    total = pressing.sum()
    if total <= 0:
        return float("nan")
    y, x = (np.arange(count) - (count - 1) / 2 for count in (model.rows, model.columns))
    read = np.array([pressing.sum(axis=0) @ x, pressing.sum(axis=1) @ y]) / total
    return float(np.abs(read - centre / model.pitch).max())


def _angle(read: Array, true: Array) -> float:
    """Return the angle between two shears [degrees]; nan where one is below a millinewton."""
    lengths = np.linalg.norm(read), np.linalg.norm(true)
    if min(lengths) < 1e-3:
        return float("nan")
    cross, dot = read[0] * true[1] - read[1] * true[0], read @ true
    return float(np.degrees(abs(np.arctan2(cross, dot))))


def _declared(model: TouchModel, taxels: Array) -> tuple[Array, Array]:
    """Return mean error and deviation (P,) of the summed pressing of the declared sensor under a steady force."""
    if not model.flawed:
        return np.zeros(len(taxels)), np.zeros(len(taxels))
    flaws = Flaws(model, taxels.shape, 1, _PERIOD, taxels.dtype)
    flaws.begin([0], [_SEED])
    read = []
    for _ in range(_PERIODS):
        sample = taxels[None, None].copy()
        flaws(sample, np.array([0]))
        read.append(sample[0, 0, ..., 0].sum(axis=(1, 2)))
    return np.mean(read, axis=0) - taxels[..., 0].sum(axis=(1, 2)), np.std(read, axis=0)


def _resting(embodiment: Embodiment, side: str) -> float:
    """Return the weight of a plate that rests on all pads, as their pressing says, over what it weighs."""
    spec, pads, sensor = bench_spec(embodiment, side)
    spec.option.gravity = [0, 0, -9.81]
    middle = 0.03 * (len(pads) - 1)
    plate = spec.worldbody.add_body(pos=[middle, 0, 0.006])
    plate.add_freejoint()
    plate.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX, size=[middle + 0.02, 0.03, 0.005], mass=WEIGHT, condim=4,
        friction=[1, 0.02, 0.0001],
    )  # fmt: skip
    model = spec.compile()
    data = mujoco.MjData(model)
    reader = sensor.bind(model, np.float64)
    mujoco.mj_step(model, data, 500)
    mujoco.mj_forward(model, data)
    read = reader.read(data.sensordata[None, None].copy()).net[0] + reader.beside(data.sensordata[None, None])[0, 0]
    weight = as_read(np.array([0.0, 0.0, -9.81 * WEIGHT]))
    return float(read[:, 0].sum() / weight[0])


def _worst(values: Iterator[float]) -> float:
    """Return the largest of `values` that are numbers; nan of none."""
    found = [v for v in values if np.isfinite(v)]
    return max(found) if found else float("nan")


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return "-" if np.isnan(value) else f"{value:.2g}"
    return str(value)

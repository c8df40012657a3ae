"""What can be fitted on a hand: reading, choosing by name, and what is refused."""

from dataclasses import replace
from typing import Any

import pytest

from dexbench.core.document import Node
from dexbench.core.errors import ContractError, DataError, UnknownName
from dexbench.core.fitting import check_touch, fitted_with
from dexbench.core.shelf import EMBODIMENTS, load_embodiment, locate
from dexbench.core.touch_model import TouchModel, fit, read_touch
from dexbench.sensors.touch import TouchSensor

PLAIN = {
    "confidence": "estimated", "rows": 6, "columns": 4, "pitch": 0.003, "range": 20, "rate": 250, "noise": 0.02,
}  # fmt: skip


def read(default: str = "plain", **changes: Any) -> tuple[dict[str, TouchModel], str]:
    row = {k: v for k, v in {**PLAIN, **changes}.items() if v is not None}
    return read_touch(Node({"default": default, "options": {"plain": row}}, "touch", "hand.yaml"))


def test_an_option_is_read_with_its_flaws() -> None:
    options, fitted = read(dead=[[0, 1], [5, 3]], delay=0.01, bits=12, axes="normal", absent=[[0, 0]])
    model = options[fitted]
    assert (model.rows, model.columns, model.pitch, model.rate, model.axes) == (6, 4, 0.003, 250, "normal")
    assert (model.dead, model.broken, model.absent) == (0, ((0, 1), (5, 3)), ((0, 0),))
    assert model.flawed
    assert not replace(model, ideal=True).flawed
    assert not read(noise=0)[0]["plain"].flawed
    assert read("none")[1] == ""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"threshold": -0.1}, r"plain\.threshold: a number of at least 0 .* not -0\.1"),
        ({"rate": 0}, r"plain\.rate: a number above 0"),
        ({"pitch": None}, r"'pitch' is missing"),
        ({"axes": "two"}, r"plain\.axes: 'two' is not known; known: three, normal"),
        ({"confidence": "certain"}, r"plain\.confidence"),
        ({"treshold": 0.1}, r"plain\.treshold: no field of a touch sensor; known: .*threshold"),
        ({"dead": 1.5}, r"plain\.dead: a share from 0 to 1"),
        ({"dead": [[6, 0]]}, r"plain\.dead\[0\]: .* lattice of 6 x 4 .* not \[6"),
        ({"absent": [[0, 0], [0, 0]]}, r"there twice"),
        ({"rows": 1, "columns": 1, "absent": [[0, 0]]}, r"at least one taxel"),
        ({"hysteresis": 10}, r"below the range"),
        ({"bits": 32}, r"plain\.bits: at most 24"),
        ({"bits": 1.5}, r"plain\.bits: a whole number"),
        ({"ideal": "yes"}, r"plain\.ideal: true or false"),
        ({"noise": float("nan")}, r"plain\.noise: a finite number"),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(**changes)


def test_options_that_are_not_there_are_named() -> None:
    with pytest.raises(DataError, match=r"touch\.default: there is no option 'stf'; options: plain, none"):
        read("stf")
    options = read()[0]
    assert fit(options, "none") is None
    assert fit(options, "plain_ideal") == replace(options["plain"], name="plain_ideal", ideal=True)
    assert fit({"plain": replace(options["plain"], ideal=True)}, "plain_imperfect").flawed  # type: ignore[union-attr]
    for wrong in ("stf", "plan_ideal", "plain_ideal_ideal", ""):
        with pytest.raises(UnknownName, match=r"Known: none, plain"):
            fit(options, wrong)
    row = {"default": "none", "options": {"odd_ideal": PLAIN}}
    with pytest.raises(DataError, match="does not end in"):
        read_touch(Node(row, "touch", "hand.yaml"))


@pytest.mark.parametrize(("option", "shape"), [("pst", (1, 1)), ("biotac_sp", (6, 4)), ("stf", (7, 3))])
def test_sensors_of_the_shadow_hand(option: str, shape: tuple[int, int]) -> None:
    own, other = load_embodiment("shadow_ur10e"), load_embodiment(f"shadow_ur10e+{option}")
    assert {(p.rows, p.columns) for p in other.pads} == {shape}
    assert other.name == f"shadow_ur10e+{option}"
    assert other.digest != own.digest
    assert other == load_embodiment("shadow_ur10e", touch=option)
    assert [p.position for p in other.pads] == [p.position for p in own.pads]
    model = other.pads[0].model
    channels = model.rows * model.columns - len(model.absent)
    assert channels == {"pst": 1, "biotac_sp": 24, "stf": 17}[option]
    assert model.flawed


def test_the_own_sensor_by_name_is_the_same_embodiment() -> None:
    own = load_embodiment("shadow_ur10e")
    same = load_embodiment("shadow_ur10e+lattice")
    assert (same.name, same.digest) == (own.name, own.digest)
    assert own.pads[0].model.ideal
    assert not load_embodiment("shadow_ur10e+lattice_imperfect").pads[0].model.ideal
    assert locate(EMBODIMENTS, "shadow_ur10e+stf") == locate(EMBODIMENTS, "shadow_ur10e")


def test_a_wrong_name_says_what_there_is() -> None:
    with pytest.raises(
        UnknownName, match=r"unknown touch option 'biotac'; did you mean 'biotac_sp'.*lattice, none, pst"
    ):
        load_embodiment("shadow_ur10e+biotac")
    with pytest.raises(UnknownName, match="unknown embodiment 'nobody'"):
        load_embodiment("nobody+stf")
    with pytest.raises(UnknownName, match=r"'shadow_ur10e\+'"):
        load_embodiment("shadow_ur10e+")
    with pytest.raises(DataError, match="names its touch sensor, and 'pst' is asked for as well"):
        load_embodiment("shadow_ur10e+stf", touch="pst")


def test_without_touch_it_says_what_could_be_fitted() -> None:
    bare = load_embodiment("shadow_ur10e+none")
    assert bare.pads == ()
    with pytest.raises(ContractError, match=r"hand shadow .* carries no touch sensor; fit one: .*shadow_ur10e\+stf"):
        check_touch(bare)
    check_touch(load_embodiment("shadow_ur10e"))
    assert fitted_with(bare, "lattice").pads == load_embodiment("shadow_ur10e").pads


def test_two_sensors_in_one_embodiment_are_refused() -> None:
    pads = load_embodiment("shadow_ur10e").pads + load_embodiment("shadow_ur10e+stf").pads
    with pytest.raises(ContractError, match=r"same sensor.*right/thumb lattice 6x4.*right/thumb stf 7x3"):
        TouchSensor(pads)

"""Articulated objects and things of the catalogue: a peg in its block, a croissant in the tongs."""

import mujoco
import numpy as np
import pytest

from dexbench.objects.articulated import load_articulated
from dexbench.objects.catalogue import load_object
from tests.workbench import STEP, Bench


@pytest.mark.parametrize("fixed", [True, False])
def test_a_peg_goes_in_and_pushes_the_plug(fixed: bool) -> None:
    """A peg that is 1 mm off the middle goes 40 mm into a held block; one that stands alone moves away."""
    bench = Bench(load_articulated("peg_block"), fixed=fixed, other="peg_01", led="peg_01")
    model, data = bench.model, bench.data
    hand, at = model.body("hand").mocapid[0], int(model.joint("peg_01").qposadr[0])
    half = np.sqrt(0.5)
    data.mocap_quat[hand] = [half, 0, -half, 0]  # the shaft's end towards +x
    hole = np.array([-0.03, 0.001, 0.114 + (0.2 if fixed else 0.0)])
    for k in range(500):
        data.mocap_pos[hand] = hole + np.array([-0.03 + 0.07 * min(1.0, k / 400), 0, 0])
        if k == 0:
            data.qpos[at : at + 7] = [*data.mocap_pos[hand], *data.mocap_quat[hand]]
        mujoco.mj_step(model, data)
    if fixed:
        assert data.qpos[at] == pytest.approx(0.010, abs=0.002)
        assert data.qpos[bench.at("plug")] == pytest.approx(0.028, abs=0.002)
    else:
        assert data.qpos[0] > 0.02
        assert data.qpos[bench.at("plug")] < 0.01


@pytest.mark.parametrize("food", ["croissant_01", "croissant_04"])
def test_tongs_hold_a_croissant(food: str) -> None:
    """Two hundred grams-force at the jaws: lifted by 15 cm and held, it hangs less than 3 cm lower than it was."""
    bench = Bench(load_articulated("tongs"), other=food, led="tongs")
    model, data = bench.model, bench.data
    at, rest = int(model.joint(food).qposadr[0]), load_object(food).rest[0]
    data.qpos[at : at + 7] = [0.10, 0, rest.height, *rest.quaternion]
    data.qpos[2] = 0.003
    for k in range(1250):
        time = k * STEP
        data.qfrc_applied[bench.dof("close")] = 0.4 * min(1.0, time)
        data.mocap_pos[0, 2] = 0.003 + 0.15 * np.clip((time - 1.5) / 1.5, 0, 1)
        mujoco.mj_step(model, data)
    assert data.qpos[at + 2] - rest.height > 0.12
    assert np.hypot(data.qpos[at] - 0.10, data.qpos[at + 1]) < 0.04

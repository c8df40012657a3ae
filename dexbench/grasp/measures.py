"""The metrics of grasps by name: unit, direction, meaning and source."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Measure:
    """One metric."""

    unit: str
    """SI unit, "1" for a pure number."""
    better: str
    """ "higher" or "lower"."""
    meaning: str
    source: str


BENCH, GRASPNET, OURS = "DexGraspBench", "UniDexGrasp", "DexBench"

MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "pregrasp_pene": Measure("m", "lower", "depth of hand and object before closing", BENCH),
        "ho_pene": Measure("m", "lower", "depth of hand and object", BENCH),
        "self_pene": Measure("m", "lower", "depth of the hand in itself", BENCH),
        "contact_num": Measure("1", "higher", "bodies within 2 mm", BENCH),
        "contact_dist": Measure("m", "lower", "mean distance of fingers", BENCH),
        "contact_consis": Measure("m", "lower", "range of signed distances of fingers", BENCH),
        "cdc": Measure("m", "lower", "range of clipped distances of fingers", "Dexonomy"),
        "part_touched": Measure("1", "higher", "half of the contacts on the part (PTA)", OURS),
        "lp_dfc": Measure("1", "lower", "imbalance of weighted normals, metres", "DexVLG"),
        "q1": Measure("1", "higher", "ball of wrenches, friction 1, torque x 10/m", GRASPNET),
        "q1_valid": Measure("1", "higher", "the same where depth < 5 mm (no table)", GRASPNET),
        "q1_metric": Measure("1", "lower", "2 - q, friction 0.3, rescaled", BENCH),
        "qp_metric": Measure("1", "lower", "residual under six forces of 0.1", BENCH),
        "qp_dfc_metric": Measure("1", "lower", "residual without a load", BENCH),
        "dfc_metric": Measure("1", "lower", "imbalance of normals, rescaled", BENCH),
        "tdg_metric": Measure("1", "lower", "1 - cos over force directions", BENCH),
        "score": Measure("1", "higher", "as recorded: held in the search's trials, less slip", OURS),
        "succ_flag": Measure("1", "higher", "as recorded: passed the simulated test (GSR)", BENCH),
        "suc": Measure("1", "higher", "passed the force test (simulated; Suc)", BENCH),
        "pga": Measure("1", "higher", "part touched and force test passed (PGA)", OURS),
        "suc_rate": Measure("1", "higher", "Suc of the set", OURS),
        "pta_rate": Measure("1", "higher", "PTA of the set", OURS),
        "pga_rate": Measure("1", "higher", "PGA of the set", OURS),
        "object_success": Measure("1", "higher", "objects with a success (OSR)", BENCH),
        "delta_pos": Measure("m", "lower", "as recorded: displacement", BENCH),
        "delta_angle": Measure("deg", "lower", "as recorded: rotation", BENCH),
        **{
            f"explained_{k}": Measure("1", "lower", f"variance in {k} principal components", BENCH) for k in range(1, 6)
        },
        "joint_spread": Measure("rad", "higher", "deviation of joints over grasps, population", "DexH2R"),
    }
)

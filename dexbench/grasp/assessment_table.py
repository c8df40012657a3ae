"""The table that shows an assessed set of grasps."""

import numpy as np

from dexbench.grasp.assessment import Assessment
from dexbench.grasp.measures import MEASURES


def table(found: Assessment) -> str:
    """Return the table of one set."""
    lines = [found.title, f"  {'metric':<16}{'mean':>10}{'least':>10}{'most':>10}  {'unit':<5}{'better':<8}"]
    for name, values in found.values.items():
        measure = MEASURES[name]
        shown = "".join(f"{x:>10.4f}" for x in (values.mean(), values.min(), values.max()))
        lines.append(f"  {name:<16}{shown}  {measure.unit:<5}{measure.better:<8}{measure.meaning} ({measure.source})")
    for name, value in found.whole.items():
        measure = MEASURES[name]
        shown = f"{value:>10.4f}" if np.isfinite(value) else f"{'-':>10}"
        lines.append(
            f"  {name:<16}{shown}{'':>20}  {measure.unit:<5}{measure.better:<8}{measure.meaning} ({measure.source})"
        )
    if found.foretold:
        scores = ", ".join(f"{name} {score:.3f}" for name, score in found.foretold.items())
        lines.append(f"  a low value foretells success (area under the ROC curve; 0.5 is chance): {scores}")
    return "\n".join(lines)

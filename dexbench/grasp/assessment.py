"""What is known of one set of grasps: values of every metric, and of the whole set."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dexbench.core.schema import Array
from dexbench.grasp.measures import MEASURES


@dataclass(frozen=True)
class Assessment:
    """What is known of one set of grasps."""

    title: str
    values: Mapping[str, Array]
    """(G,) of each metric of single grasps."""
    whole: Mapping[str, float]
    """Of each metric of the whole set."""
    foretold: Mapping[str, float]
    """How well a metric foretells the recorded success (area under the ROC curve), by name."""

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it; null for what is not defined."""
        rows = {
            name: {
                "unit": MEASURES[name].unit,
                "better": MEASURES[name].better,
                "source": MEASURES[name].source,
                "mean": _number(values.mean()),
                "values": [_number(value) for value in values],
            }
            for name, values in self.values.items()
        }
        one = {
            name: {"unit": MEASURES[name].unit, "better": MEASURES[name].better, "value": _number(value)}
            for name, value in self.whole.items()
        }
        return {"title": self.title, "grasps": rows, "set": one, "foretells": self.foretold}


def _number(value: Any) -> float | None:
    """Return a number that JSON has."""
    return float(value) if np.isfinite(value) else None

"""A report as plain values: put together from its parts, and what of it goes into report.json."""

from typing import Any

import numpy as np

FORMAT = 1
Value = dict[str, Any]


def plain(value: Any) -> Any:
    """Return numbers as JSON has them: what is no number is null."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def assemble(parts: dict[str, Value]) -> Value:
    """Return the whole document from its parts."""
    grasps = [part for name, part in parts.items() if name.startswith("feix_")]
    groups: dict[str, list[int]] = {}
    for row in grasps:
        counts = groups.setdefault(row["group"], [0, 0])
        counts[0] += row["passed"]
        counts[1] += 1
    rest = {name: part for name, part in parts.items() if not name.startswith("feix_")}
    feix = {"score": sum(r["passed"] for r in grasps), "of": len(grasps), "groups": groups, "types": grasps}
    return {"format": FORMAT, **rest, "feix": feix}


def without_pictures(document: Value) -> Value:
    """Return the document for report.json: pictures stand on the page."""

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: bare(v) for k, v in value.items() if k != "picture"}
        return [bare(v) for v in value] if isinstance(value, list) else value

    found: Value = bare(document)
    return found

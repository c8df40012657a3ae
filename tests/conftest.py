"""Fixtures that several test files share."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dexbench.evaluation.journal import origin
from dexbench.evaluation.record import seal

os.environ["DEXBENCH_HOME"] = str(Path(__file__).parent / "nobody")  # tests see no robots of whoever runs them

FAMILIES = ("ball", "bottle", "bowl", "box", "can", "mug")
STAGES = {"grasp": ("reach", "touch", "lift", "hold"), "tray": ("reach", "touch", "both", "lift", "hold")}
CODES = {
    "grasp": ("never_reached", "never_touched", "never_lifted", "dropped", "not_held"),
    "tray": ("never_reached", "never_touched", "one_handed", "never_lifted", "tilted", "dropped"),
}


def _info(agent: str, entries: dict[str, int], changes: dict[str, Any]) -> dict[str, Any]:
    cells, listed = {}, []
    for name, per_split in entries.items():
        task, embodiment = (
            ("lift_tray-v3", "shadow_ur10e_bimanual") if name == "tray" else (f"{name}_object-v1", "shadow_ur10e")
        )
        cells[f"{task}/{embodiment}"] = {
            "task": task, "embodiment": embodiment, "rate_hz": 25.0, "horizon": 24.0, "stages": list(STAGES[name]),
            "failures": ["none", *CODES[name]], "official": "success_at_end", "actuators": [], "groups": ["state"],
            "agent": {"name": agent, "version": "1"},
        }  # fmt: skip
        listed.append(
            {"name": name, "task": task, "embodiment": embodiment, "splits": {"seen": per_split, "unseen": per_split},
             "seed": 1, "attempts": 3}
        )  # fmt: skip
    return {
        "format": 1, "suite": "quick", "protocol": 1, "table": "9f3ab41c77d05e62" * 4,
        "episodes": 2 * sum(entries.values()), "entries": listed, "agent": agent, "settings": {}, "cells": cells,
        "versions": {"dexbench": "0.1.0", "mujoco": "4.0.0", "numpy": "2.4.6", "python": "3.11"}, "machine": "x86_64",
        "command": f"dexbench eval --agent {agent} --suite quick",
    } | changes  # fmt: skip


def _row(info: dict[str, Any], index: int, entry: dict[str, Any], split: str, skill: float) -> dict[str, Any]:
    name, agent = entry["name"], info["agent"]
    # The trial belongs to the table; what came of it to the agent.
    trial_rng, rng = np.random.default_rng(index), np.random.default_rng([index, *agent.encode()])
    instance = "tray_01" if name == "tray" else f"{trial_rng.choice(FAMILIES)}_0{trial_rng.integers(1, 7)}"
    stages, difficulty = STAGES[name], trial_rng.uniform()
    success = bool(skill > 0.75 * difficulty + 0.25 * rng.uniform())
    reached = len(stages) if success else int(rng.binomial(len(stages) - 1, max(0.02, min(0.95, skill))))
    times = np.sort(rng.integers(40, 400, size=len(stages))).tolist()
    code = "none" if success else CODES[name][min(reached, len(CODES[name]) - 1)]
    attempts = int(rng.choice([1, 2, 3], p=[0.8, 0.15, 0.05]))
    return {
        "index": index, "previous": "", "entry": name, "embodiment": entry["embodiment"],
        "trial": {"task": entry["task"], "split": split, "seed": index, "instruction": f"pick up the {instance}",
                  "target": 0, "objects": [{"instance": instance}], "extra": {}},
        "trial_digest": f"{index:016x}", "agent": agent, "steps": 600, "rate_hz": 25.0, "truncated": not success,
        "success": success, "success_once": success, "success_at_end": success, "stage": reached,
        "stages": list(stages), "stage_steps": [t if i < reached else None for i, t in enumerate(times)],
        "attempts": attempts, "success_attempt": attempts if success else None, "failure": code, "error": "",
        "rejected": 0, "clamped": 0,
        "touch_peaks": {"right/thumb": float(rng.gamma(4, 1.5)), "right/index": float(rng.gamma(4, 1.2))},
        "hand_force_peak": float(rng.gamma(5, 2)), "hash_every": 10, "hashes": [], "initial": None,
        "actions": {"shape": [0, 0], "dtype": "<f8", "data": ""},
    }  # fmt: skip


@pytest.fixture
def write_run(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a run folder as the recorder would, without a simulator.

    write_run(agent, skill, entries={"grasp": 30}, keep=None, edit=None, **changes of run.json): `skill` in [0, 1] says
    how many episodes succeed, `keep` leaves out later rows, `edit(row)` changes a row before it is sealed.
    """

    def write(
        agent: str,
        skill: float = 0.5,
        entries: dict[str, int] | None = None,
        keep: int | None = None,
        edit: Callable[[dict[str, Any]], None] | None = None,
        folder: str = "",
        **changes: Any,
    ) -> Path:
        info = _info(agent, entries or {"grasp": 30}, changes)
        place = tmp_path / "runs" / info["suite"] / (folder or "".join(c for c in agent if c.isalnum() or c in "_-"))
        place.mkdir(parents=True)
        (place / "run.json").write_text(json.dumps(info), encoding="utf-8")
        where = [(e, split) for e in info["entries"] for split, n in e["splits"].items() for _ in range(n)]
        previous = origin(info)
        with (place / "episodes.jsonl").open("wb") as file:
            for index, (entry, split) in enumerate(where[:keep]):
                row = _row(info, index, entry, split, skill)
                if edit:
                    edit(row)
                line, previous = seal(row, previous)
                file.write(line)
        return place

    return write

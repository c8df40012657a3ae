"""DexBench: compare policies for two-handed robots with multi-fingered hands and touch.

This is the DexBench of bimanual dexterous hands. Importing it loads neither MuJoCo, torch nor OpenGL: names below are
looked up when they are first used.
"""

import importlib
import sys
from pathlib import Path
from typing import Any

__version__ = "0.1.0"

# A bare checkout runs too: the shelves (envs, baselines, ...) lie beside this folder. Does nothing in a wheel.
_checkout = Path(__file__).resolve().parents[1]
if (_checkout / "pyproject.toml").is_file():
    __path__.append(str(_checkout))

# Where each public name lives; loaded on first use so that `import dexbench` stays light.
_PUBLIC = {
    "DexBenchError": "dexbench.core.errors",
    "Agent": "dexbench.core.agent",
    "AgentSpec": "dexbench.core.agent",
    "ActionSpec": "dexbench.core.agent",
    "World": "dexbench.core.world",
    "WorldSpec": "dexbench.core.world",
    "Task": "dexbench.core.task",
    "Driver": "dexbench.core.driver",
    "Trial": "dexbench.core.trial",
    "Outcome": "dexbench.core.trial",
    "Scene": "dexbench.core.scene",
    "load_embodiment": "dexbench.core.shelf",
    "load_task": "dexbench.core.shelf",
    "SimWorld": "dexbench.sim.world",
    "make": "dexbench.sim.gym",
    "make_vec": "dexbench.sim.gym",
    "register": "dexbench.registration",
}
__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    """Return public `name`, importing the module that holds it."""
    try:
        module = _PUBLIC[name]
    except KeyError:
        raise AttributeError(f"module 'dexbench' has no attribute {name!r}") from None
    return getattr(importlib.import_module(module), name)


def __dir__() -> list[str]:
    return sorted(__all__)


# `gymnasium.make("dexbench:...")` imports this module: gymnasium is loaded then, and costs nothing more.
# Where gymnasium comes later, its import is waited for.
if "gymnasium" in sys.modules:
    importlib.import_module("dexbench.registration").register()
else:
    importlib.import_module("dexbench._late_registration").watch()

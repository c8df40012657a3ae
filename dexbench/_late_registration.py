"""Registers the environments when Gymnasium is imported after DexBench.

Gymnasium 1.4 no longer asks installed packages for their environments, and `gymnasium.make("dexbench:...")` does not
run a module that is imported already. So the import of Gymnasium is watched for, once; it is not caused.
"""

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

WATCHED = "gymnasium"
"""The package whose import is to be followed by ours: its own environments are registered by then."""


class Watch:
    """A finder of modules that finds nothing itself: it adds our registration to the import of WATCHED."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return WATCHED's own specification with registration after it, and None for all other modules."""
        if fullname != WATCHED or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_register(module: ModuleType) -> None:
            execute(module)
            try:
                importlib.import_module("dexbench.registration").register()
            except Exception as error:  # the import of another package must not fail because of ours
                warnings.warn(f"dexbench could not register its environments: {error}", stacklevel=2)

        spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec


def watch() -> None:
    """Begin to watch for Gymnasium."""
    if not any(isinstance(f, Watch) for f in sys.meta_path):
        sys.meta_path.insert(0, Watch())

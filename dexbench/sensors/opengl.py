"""Which OpenGL there is, found out when a picture is first asked for and not before.

MuJoCo chooses its OpenGL when it is imported, and `MUJOCO_GL=egl` without a library makes `import mujoco` itself fail.
So nothing is set here: the context's class is imported late and used directly, whatever `import mujoco` chose.
"""

import ctypes
import importlib
import os
import platform
from typing import Any

from dexbench.core.errors import MissingExtra

INSTALL = "apt-get install -y libegl1 libgl1-mesa-dri"
_SONAMES = {"egl": ("libEGL.so.1", "libEGL.so"), "osmesa": ("libOSMesa.so.8", "libOSMesa.so.6", "libOSMesa.so")}
_SWITCHED_OFF = ("disable", "disabled", "off", "false", "0")


def backends() -> tuple[str, ...]:
    """Return the ways to OpenGL worth trying on this machine, best first; empty if there is none.

    MUJOCO_GL decides where it names one. Without it, off-screen libraries come first, also where there is a display.
    """
    wish = os.environ.get("MUJOCO_GL", "").lower().strip()
    if wish in _SWITCHED_OFF:
        return ()
    if platform.system() != "Linux":
        return ("native",)
    asked = (wish,) if wish in _SONAMES else ("glfw",) if wish in ("glfw", "glx") else (*_SONAMES, "glfw")
    return tuple(b for b in asked if (_found(b) if b in _SONAMES else os.environ.get("DISPLAY")))


def make_context(width: int, height: int) -> Any:
    """Return an OpenGL context for off-screen pictures.

    Raises:
      MissingExtra: no OpenGL library, or none that starts; says what to install.
    """
    reason = "no library was found"
    for backend in backends():
        try:
            return _context_class(backend)(width, height)
        except Exception as error:  # PyOpenGL and the drivers raise errors of many kinds
            reason = f"{backend}: {type(error).__name__}: {error}"
    if os.environ.get("MUJOCO_GL", "").lower().strip() in _SWITCHED_OFF:
        reason = "MUJOCO_GL switches it off: unset it"
    raise MissingExtra(
        f"an OpenGL library ({reason})", "pictures", f"{INSTALL}  (or, without OpenGL: pip install 'dexbench[rays]')"
    )


def _found(backend: str) -> bool:
    for name in _SONAMES[backend]:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False


def _context_class(backend: str) -> Any:
    if backend == "native":
        return importlib.import_module("mujoco.gl_context").GLContext
    return importlib.import_module(f"mujoco.{backend}").GLContext

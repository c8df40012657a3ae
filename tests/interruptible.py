"""Processes that tests stop by Ctrl-C."""

import signal


def hear_ctrl_c() -> None:
    """Do this in a new process: tests in the background of a shell inherit that Ctrl-C is ignored, and so would it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)

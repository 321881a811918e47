"""Keeping every process that we start within reach, so that all of them end when we do.

On Linux we adopt the children of a child that was killed (PR_SET_CHILD_SUBREAPER), and ask the
kernel to end supervisord when we are killed ourselves (PR_SET_PDEATHSIG). Elsewhere supervisord's
own orderly stop is all there is.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

from launch import processes

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
GRACE = 5.0  # seconds between asking and killing


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of whatever our descendants leave behind."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent() -> None:
    """Called in a new child: end in good order when the parent is gone, however it went."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def children() -> list[int]:
    """Return the process numbers of our own children, adopted ones included."""
    try:
        text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split()]


def collect() -> set[int]:
    """Take note of the children that have ended, and return their process numbers."""
    ended: set[int] = set()
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended.add(pid)


def end_children() -> None:
    """End every child that is left: ask, then insist. Their own orphans come to us in turn."""
    for by, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, GRACE)):
        for pid in children():
            _send(pid, by)
        if processes.wait_until(_no_children, patience=patience):
            return


def _send(pid: int, by: signal.Signals) -> None:
    # The children are ours and not yet collected, so the number cannot be a stranger's.
    os.kill(pid, by)


def _no_children() -> bool:
    collect()
    return not children()

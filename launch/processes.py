"""Processes by their number: whether one is alive and ours, waiting for it, ending it."""

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from launch.refusal import LaunchError

PATIENCE = 60.0  # seconds; a loaded machine takes a while to recover a database
PAUSE = 0.05


def is_alive(pid: int) -> bool:
    """Whether the process runs. One of our own children that has ended is collected here."""
    try:
        ended, _ = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        ended = 0
    if ended == pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] == "Z"


def works_in(pid: int, folder: Path) -> bool:
    """Whether the process has that working folder; True where the machine cannot tell.

    A number from a file of an earlier run may by now belong to a stranger.
    """
    if not Path("/proc/self/cwd").exists():
        return True
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == folder.resolve()
    except OSError:
        return False


def spawn(argv: Sequence[str], environ: Mapping[str, str], log: Path) -> int:
    """Start a program that outlives us, in a session of its own, writing to `log`.

    It is a grandchild: were it our child, and killed, it would stay a zombie for as long as we
    live, and PostgreSQL would take that for a running server. Returns its process number.
    Raises LaunchError when the program cannot be run.
    """
    reading, writing = os.pipe()
    between = os.fork()
    if between == 0:
        try:
            os.write(writing, str(_spawn_child(argv, environ, log)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        text = told.read()
    os.waitpid(between, 0)
    if not text:
        raise LaunchError(f"Cannot run {argv[0]}.")
    return int(text)


def _spawn_child(argv: Sequence[str], environ: Mapping[str, str], log: Path) -> int:
    to_log = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return os.posix_spawn(
        argv[0],
        list(argv),
        dict(environ),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), to_log, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


def wait_until(condition: Callable[[], bool], *, patience: float = PATIENCE) -> bool:
    """Ask again and again until the answer is yes; False when `patience` seconds went by."""
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(PAUSE)
    return True


def end(pid: int, by: signal.Signals, *, patience: float = PATIENCE) -> None:
    """Ask a process to end and wait for it.

    Raises LaunchError when it is still there after `patience` seconds.
    """
    try:
        os.kill(pid, by)
    except ProcessLookupError:
        return
    if not wait_until(lambda: not is_alive(pid), patience=patience):
        raise LaunchError(f"Process {pid} did not end within {patience:.0f} seconds.")

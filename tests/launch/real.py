"""Real processes of a real checkout, and what is known of them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 180.0  # seconds; the machine may be doing much else
# What the developer, or the run of the tests, has set is not this checkout's affair.
FOREIGN = {
    "CELERY_BROKER_URL",
    "DATABASE_URL",
    "DJANGO_SETTINGS_MODULE",
    "PORT",
    "REDIS_URL",
    "SECRET_KEY",
}


@dataclass
class Checkout:
    """A folder with the launcher in it."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    answer: str = ""  # what a person types
    started: "list[subprocess.Popen[str]]" = field(default_factory=list)

    @property
    def running(self) -> set[int]:
        """The processes that work in the checkout or name it."""
        return {pid for pid in _all() if pid != os.getpid() and self._belongs(pid)}

    def _belongs(self, pid: int) -> bool:
        try:
            inside = Path(f"/proc/{pid}/cwd").readlink().is_relative_to(self.folder)
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
        return bool(words) and (inside or os.fsencode(self.folder) in words)

    def pid_of(self, label: str, name: str = "test") -> int:
        """The process number that an embedded server wrote down."""
        file = {"postgres": "postmaster.pid", "redis": "redis.pid"}[label]
        return int((self.folder / "var" / name / label / file).read_text().split()[0])

    def start(self, *words: str, before: Sequence[str] = ()) -> "subprocess.Popen[str]":
        """Start a command of the launcher; its words go to a pipe."""
        own = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        process = subprocess.Popen(
            [*before, sys.executable, "-m", "launch", *words],
            cwd=self.folder,
            env={**own, **self.environ},
            stdin=subprocess.PIPE if self.answer else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def do(self, *words: str, before: Sequence[str] = ()) -> tuple[int, str]:
        """Run a command of the launcher to its end; return exit code and words."""
        process = self.start(*words, before=before)
        said, _ = process.communicate(self.answer or None, timeout=PATIENCE)
        return process.returncode, said

    def services(self, *command: str) -> tuple[int, str]:
        """Run a command with the services up."""
        return self.do("services", "--", *command)

    def kill_all(self) -> None:
        """Kill whatever is left, and close the pipes."""
        while found := self.running:
            for pid in found:
                kill(pid)
            time.sleep(0.05)
        for process in self.started:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _all() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def kill(pid: int) -> None:
    """kill -9."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def eventually(condition: Callable[[], object]) -> bool:
    """Whether it becomes true while we are willing to wait."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""What an embedded PostgreSQL and an embedded Redis have in common."""

import os
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from launch import processes
from launch.account import Account
from launch.places import Places
from launch.refusal import LaunchError

RETRIES = 20
RETRY_PAUSE = 0.25  # seconds


class Service(ABC):
    """A server of our own on a unix socket, with its files under `var/<name>/<label>/`."""

    label: str
    stop_signal: signal.Signals

    def __init__(self, places: Places, account: Account | None) -> None:
        self.places = places
        self.account = account

    @property
    def folder(self) -> Path:
        """The folder of its data, which is also its working folder."""
        return self.places.home / self.label

    @property
    def log(self) -> Path:
        """The file of its messages."""
        return self.places.logs / f"{self.label}.log"

    @property
    @abstractmethod
    def pid_file(self) -> Path:
        """The file whose first line is the server's process number."""

    @abstractmethod
    def address(self) -> str:
        """Return the address for the application's settings."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the data folder when there is none.

        Raises LaunchError when the one that is there cannot be used.
        """

    @abstractmethod
    def argv(self) -> list[str]:
        """Return the server's own command, in the foreground."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it answers."""

    def command(self) -> list[str]:
        """Return the command that starts it, under the account it belongs to."""
        return self.as_account(self.argv())

    def as_account(self, argv: Sequence[str]) -> list[str]:
        """Return a command that runs under the services' account."""
        if self.account is None:
            return list(argv)
        reaching = (Path(argv[0]), self.folder, self.places.sockets / "any")
        return self.account.command(argv, reaching=reaching)

    def environ(self) -> dict[str, str]:
        """Return a plain environment: nothing of the caller's PG* or locale leaks in."""
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

    def pid(self) -> int | None:
        """Return the process number of our running server, None when it does not run."""
        try:
            found = int(self.pid_file.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        if processes.is_alive(found) and processes.works_in(found, self.folder):
            return found
        return None

    def start(self) -> None:
        """Start it and wait until it answers.

        A killed server's helpers take a moment to notice, and bar the way until they have: with
        signs of one we try again. Raises LaunchError, with the last words of the log.
        """
        self.prepare()
        tries = RETRIES if self.pid_file.exists() else 1
        for _ in range(tries):
            started = processes.spawn(self.command(), self.environ(), self.log)
            self._await(started)
            if self.is_ready():
                return
            if processes.is_alive(started):
                processes.end(started, self.stop_signal)
                break
            time.sleep(RETRY_PAUSE)
        raise LaunchError(f"{self.label} did not start: {self.last_words()}")

    def _await(self, started: int) -> None:
        processes.wait_until(lambda: self.is_ready() or not processes.is_alive(started))

    def stop(self) -> None:
        """End it when it runs, and wait until it has."""
        pid = self.pid()
        if pid is not None:
            processes.end(pid, self.stop_signal)

    def last_words(self) -> str:
        """Return the last line of the log, and where the rest of it is."""
        try:
            lines = self.log.read_text(errors="replace").strip().splitlines()
        except FileNotFoundError:
            lines = []
        last = lines[-1] if lines else "it said nothing"
        return f"{last} (all of it in {self.log})"

    def make_folder(self, folder: Path) -> None:
        """Create a folder that belongs to the services' account alone."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.account is not None:
            os.chown(folder, self.account.uid, self.account.gid)

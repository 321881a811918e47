"""Where a set of embedded services keeps its files: all under `var/<name>/` of the checkout."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from launch.account import Account

ROOT = Path(__file__).resolve().parents[1]
# The kernel takes 107 bytes for a socket's path; PostgreSQL's file name is the longest we use.
LONGEST_SOCKET = 100
SOCKET_NAME = ".s.PGSQL.5432"


@dataclass(frozen=True)
class Places:
    """The folders and files of one set of services (`run` for use, `test` for the tests)."""

    name: str
    root: Path = ROOT

    @property
    def home(self) -> Path:
        """The folder that holds everything of this set."""
        return self.root / "var" / self.name

    @property
    def logs(self) -> Path:
        """The folder of the log files."""
        return self.home / "logs"

    @property
    def users_lock(self) -> Path:
        """Held in common by everyone who uses the services, for as long as they do."""
        return self.home / "users.lock"

    @property
    def change_lock(self) -> Path:
        """Held by one alone while services are being started or stopped."""
        return self.home / "change.lock"

    @property
    def run_lock(self) -> Path:
        """Held by one alone while `make run` looks after the services."""
        return self.home / "run.lock"

    @property
    def socket_note(self) -> Path:
        """Says where the sockets are when they cannot be under `home`."""
        return self.home / "sockets.path"

    @property
    def sockets(self) -> Path:
        """The folder of the unix sockets."""
        here = self.home / "sockets"
        if _fits(here):
            return here
        try:
            return Path(self.socket_note.read_text().strip())
        except FileNotFoundError:
            return here

    def make(self, account: Account | None) -> None:
        """Create the folders that are not there; the sockets' one for the services' account only.

        A folder noted by an earlier start is used again only while it is still ours alone:
        temporary folders are swept by others.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        here = self.home / "sockets"
        if _fits(here):
            here.mkdir(mode=0o700, exist_ok=True)
        elif not _is_private(self.sockets, account):
            self.socket_note.write_text(tempfile.mkdtemp(prefix="clinic-"))
        if account is not None:
            os.chown(self.sockets, account.uid, account.gid)

    def forget_sockets(self) -> None:
        """Remove a sockets' folder outside the checkout; nothing may be running."""
        if self.socket_note.exists():
            shutil.rmtree(self.sockets, ignore_errors=True)
            self.socket_note.unlink()


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / SOCKET_NAME)) <= LONGEST_SOCKET


def _is_private(folder: Path, account: Account | None) -> bool:
    owner = os.geteuid() if account is None else account.uid
    try:
        found = folder.stat()
    except OSError:
        return False
    return found.st_uid == owner and found.st_mode & 0o077 == 0

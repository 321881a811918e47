"""Which account the embedded services run under.

PostgreSQL refuses to run as root. A root user (a container, a CI machine) therefore starts the
services as `postgres` where that account exists, otherwise as `nobody`. When the checkout lies
where that account may not look (`/root/...`, a private temporary folder) the services keep one
capability of root's, the one that passes file permissions; without it they could not reach their
own program files.
"""

import os
import pwd
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from launch.refusal import LaunchError

CANDIDATES = ("postgres", "nobody")
DROP = Path(__file__).with_name("drop.py")


@dataclass(frozen=True)
class Account:
    """An account of this machine that is not root."""

    name: str
    uid: int
    gid: int

    def command(self, argv: Sequence[str], *, reaching: Iterable[Path]) -> list[str]:
        """Return the command that runs `argv` as this account, able to reach those paths."""
        passing = not all(self.reaches(path) for path in reaching)
        mode = "--pass-permissions" if passing else "--plain"
        drop = [sys.executable, "-I", str(DROP), str(self.uid), str(self.gid), mode]
        return [*drop, *argv]

    def reaches(self, path: Path) -> bool:
        """Whether every folder above `path` lets this account through."""
        return all(self._may_enter(folder) for folder in path.resolve().parents)

    def _may_enter(self, folder: Path) -> bool:
        found = folder.stat()
        if found.st_uid == self.uid:
            return bool(found.st_mode & 0o100)
        if found.st_gid == self.gid:
            return bool(found.st_mode & 0o010)
        return bool(found.st_mode & 0o001)


def services_account() -> Account | None:
    """Return the account to run services under, or None when they run as ourselves.

    Raises LaunchError when we are root and the machine has no other account to use.
    """
    if os.geteuid() != 0:
        return None
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise LaunchError(
        "PostgreSQL does not run as root, and this machine has no account named "
        f"{' or '.join(CANDIDATES)}: add one, or run as an ordinary user."
    )

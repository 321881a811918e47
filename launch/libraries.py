"""Installs the browser's libraries from their lock file, on machines that have npm.

They are one page's grid. A machine with Python alone does without: the page then shows its list.
"""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from launch.places import Places

LOCK = "package-lock.json"
PATIENCE = 120  # seconds for npm, which may wait for a network that is not there


def ensure(places: Places, environ: Mapping[str, str]) -> bool:
    """Have `node_modules` as the lock file says; return whether it is.

    Never a reason not to start: without npm, or when npm fails, one line says what is missing.
    """
    lock = places.root / LOCK
    if not lock.exists():
        return False
    if _stamp(places).exists() and _stamp(places).read_bytes() == lock.read_bytes():
        return True
    npm = shutil.which("npm", path=environ.get("PATH"))
    if npm is None:
        _say("There is no npm here: the day is shown as a list, without its grid.")
        return False
    if not _installed(npm, places.root, environ):
        _say("npm could not install the grid: the day is shown as a list.")
        return False
    _stamp(places).write_bytes(lock.read_bytes())
    return True


def _installed(npm: str, root: Path, environ: Mapping[str, str]) -> bool:
    try:
        done = subprocess.run(
            [npm, "ci", "--loglevel=error"],
            cwd=root,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError):
        return False
    return done.returncode == 0


def _stamp(places: Places) -> Path:
    return places.root / "node_modules" / ".installed"


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)

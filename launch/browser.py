"""Finds a Chromium for the browser tests, or installs one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping

from launch.refusal import LaunchError

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
DEBIAN = ("chromium", "fonts-dejavu-core")
ASK_PLAYWRIGHT = (
    "from playwright.sync_api import sync_playwright\n"
    "with sync_playwright() as p: print(p.chromium.executable_path)"
)


def find(environ: Mapping[str, str]) -> str | None:
    """Return the path of a Chromium: CHROMIUM_PATH, one on the PATH, or Playwright's own."""
    given = environ.get("CHROMIUM_PATH")
    if given:
        return given if os.access(given, os.X_OK) else None
    for name in NAMES:
        found = shutil.which(name, path=environ.get("PATH"))
        if found is not None:
            return found
    return _playwrights()


def _playwrights() -> str | None:
    asked = [sys.executable, "-c", ASK_PLAYWRIGHT]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    path = done.stdout.strip()
    return path if done.returncode == 0 and os.access(path, os.X_OK) else None


def ensure(environ: Mapping[str, str]) -> str:
    """Return the path of a Chromium, installing one when there is none.

    Debian's where this user may install packages, otherwise Playwright's. What the installers say
    goes to standard error. Raises LaunchError when neither works.
    """
    found = find(environ)
    if found is not None:
        return found
    if environ.get("CHROMIUM_PATH"):
        raise LaunchError("CHROMIUM_PATH does not name a program.")
    for command in _installers():
        if subprocess.run(command, stdout=sys.stderr, check=False).returncode != 0:
            break
    found = find(environ)
    if found is None:
        raise LaunchError("No Chromium, and it could not be installed: set CHROMIUM_PATH.")
    return found


def _installers() -> list[list[str]]:
    apt = shutil.which("apt-get")
    if apt is not None and os.geteuid() == 0:
        quiet = [apt, "-qq", "-o=Dpkg::Use-Pty=0"]
        return [[*quiet, "update"], [*quiet, "install", "-y", "--no-install-recommends", *DEBIAN]]
    return [[sys.executable, "-m", "playwright", "install", "chromium"]]

"""Finds the libraries that lay out PDFs, or installs Debian's."""

import ctypes.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable

LIBRARIES = ("pango-1.0", "pangoft2-1.0", "harfbuzz-subset")
DEBIAN = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-dejavu-core")
Find = Callable[[str], str | None]


def missing(find: Find = ctypes.util.find_library) -> list[str]:
    """Return the libraries that are not on this machine."""
    return [name for name in LIBRARIES if find(name) is None]


def ensure(find: Find = ctypes.util.find_library) -> bool:
    """Return whether PDFs can be made, installing the libraries where this user may.

    Without them everything else works: pages say so and print. What apt says goes to standard
    error.
    """
    if not missing(find):
        return True
    apt = shutil.which("apt-get")
    if apt is not None and os.geteuid() == 0:
        quiet = [apt, "-qq", "-o=Dpkg::Use-Pty=0"]
        for command in (
            [*quiet, "update"],
            [*quiet, "install", "-y", "--no-install-recommends", *DEBIAN],
        ):
            if subprocess.run(command, stdout=sys.stderr, check=False).returncode != 0:
                break
    lacking = missing(find)
    if lacking:
        words = f"No PDFs on this machine: {', '.join(lacking)} missing ({' '.join(DEBIAN)})."
        print(words, file=sys.stderr)
    return not lacking

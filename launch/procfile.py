"""Reads the Procfile: the application's processes and the command of each."""

import re
from pathlib import Path

from launch.refusal import LaunchError

LINE = re.compile(r"(?P<name>[A-Za-z0-9_-]+):\s*(?P<command>\S.*)")


def read(path: Path) -> dict[str, str]:
    """Return the commands by process name, in the file's order.

    Raises LaunchError for a line that is neither `name: command` nor a comment.
    """
    commands: dict[str, str] = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        found = LINE.fullmatch(text)
        if found is None or found["name"] in commands:
            raise LaunchError(f"{path.name}, line {number}: expected a new `name: command`.")
        commands[found["name"]] = found["command"]
    return commands

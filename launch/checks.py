"""What must hold before and while the clinic starts: settings, port, servers, readiness."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from launch.places import Places
from launch.refusal import LaunchError
from launch.secret import secret_key

# Each module stops at its own bad settings; a person wants to hear of all of them.
READ = """
import importlib, sys
bad = 0
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except SystemExit as stopped:
        bad = stopped.code
sys.exit(bad)
"""
Question = Callable[[], bool]
DEFAULT_PORTS = {"postgres": 5432, "postgresql": 5432, "redis": 6379, "rediss": 6379}


def environment(places: Places, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the clinic's processes on a person's own machine."""
    programs = Path(sys.executable).parent
    defaults = {
        "PORT": "8000",
        "SECRET_KEY": secret_key(places),
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
    }
    given = {name: value for name, value in environ.items() if value}
    path = f"{programs}{os.pathsep}{environ.get('PATH', os.defpath)}"
    return {**defaults, **given, "PATH": path, "PYTHONUNBUFFERED": "1"}


def settings_are_good(places: Places, environ: Mapping[str, str]) -> bool:
    """Read the settings as the clinic will; they print a line for each that is bad."""
    modules = (environ["DJANGO_SETTINGS_MODULE"], "config.gunicorn")
    read = [sys.executable, "-c", READ, *modules]
    done = subprocess.run(read, cwd=places.root, env=dict(environ), check=False)
    return done.returncode == 0


def port_is_free(port: int) -> None:
    """Raise LaunchError when another program listens there."""
    with socket.socket(socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as problem:
            raise LaunchError(
                f"Port {port} cannot be used ({problem.strerror}): "
                "choose another, as in PORT=8001 make run."
            ) from None


def reachable(address: str) -> bool:
    """Whether something listens at a PostgreSQL or Redis address."""
    family, where = _endpoint(address)
    try:
        with socket.socket(family) as line:
            line.settimeout(2)
            line.connect(where)
    except OSError:
        return False
    return True


def _endpoint(address: str) -> tuple[socket.AddressFamily, str | tuple[str, int]]:
    parts = urlsplit(address)
    if parts.scheme == "unix":
        return socket.AF_UNIX, unquote(parts.path)
    asked = parse_qs(parts.query).get("host", [""])[0]
    host = asked or unquote(parts.hostname or "localhost")
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    if host.startswith("/"):
        return socket.AF_UNIX, f"{host}/.s.PGSQL.{port}"
    return socket.AF_INET, (host, port)

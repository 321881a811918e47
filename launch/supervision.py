"""supervisord: the file that tells it what to run, and the words to speak to it."""

import os
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from launch.places import Places
from launch.refusal import LaunchError
from launch.service import Service

# supervisord waits one second longer after each failed start; it never gives a process up.
ENDLESS = 1_000_000
GROUP = "clinic"  # the application's own processes


@dataclass(frozen=True)
class Program:
    """One supervised process."""

    name: str
    command: str
    first: bool  # a service, up before the application's own processes and down after them
    stop_signal: str = "TERM"


def programs(services: Iterable[Service], commands: Mapping[str, str]) -> list[Program]:
    """Return what is to run: the embedded services, then the Procfile's processes."""
    servers = [
        Program(
            name=service.label,
            command=shlex.join(service.command()),
            first=True,
            stop_signal=service.stop_signal.name.removeprefix("SIG"),
        )
        for service in services
    ]
    own = [Program(name=name, command=text, first=False) for name, text in commands.items()]
    return [*servers, *own]


def socket_path(places: Places) -> Path:
    """Return the path of supervisord's own socket; it adds a process number while binding."""
    return places.sockets / "super.sock"


def configuration(places: Places, wanted: Iterable[Program]) -> str:
    """Return the text of supervisord.conf."""
    lines = [
        "[supervisord]",
        "nodaemon=true",
        f"directory={_plain(places.root)}",
        f"logfile={_plain(places.logs / 'supervisord.log')}",
        f"pidfile={_plain(places.home / 'supervisord.pid')}",
        f"childlogdir={_plain(places.logs)}",
        *(["user=root"] if os.geteuid() == 0 else []),
        "[unix_http_server]",
        f"file={_plain(socket_path(places))}",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
        "[supervisorctl]",
        f"serverurl=unix://{_plain(socket_path(places))}",
    ]
    processes = list(wanted)
    for program in processes:
        lines += _section(places, program)
    # Groups are stopped one after the other; the processes of one group all at once.
    own = ",".join(program.name for program in processes if not program.first)
    lines += [f"[group:{GROUP}]", f"programs={own}", "priority=2"]
    return "\n".join(lines) + "\n"


def _section(places: Places, program: Program) -> list[str]:
    return [
        f"[program:{program.name}]",
        f"command={_plain(program.command)}",
        f"autostart={'true' if program.first else 'false'}",
        "autorestart=true",
        "startsecs=1",
        f"startretries={ENDLESS}",
        "priority=1",
        f"stopsignal={program.stop_signal}",
        "stopwaitsecs=20",
        "killasgroup=true",
        "redirect_stderr=true",
        f"stdout_logfile={_plain(places.logs / program.name)}.log",
        "stdout_logfile_maxbytes=5MB",
        "stdout_logfile_backups=2",
    ]


def _plain(value: object) -> str:
    """Return a value as supervisord reads it back: a percent sign would be an expression."""
    return str(value).replace("%", "%%")


class Supervisor:
    """Speaks to a running supervisord over its socket."""

    def __init__(self, places: Places) -> None:
        self._address = f"unix://{socket_path(places)}"

    def _supervisor(self) -> Any:
        # A new line for each call: supervisor's transport never recovers from a failed one.
        # The host in the address is not used; the transport goes to the socket.
        transport = SupervisorTransport(None, None, self._address)
        server: Any = ServerProxy("http://localhost", transport=transport)
        return server.supervisor

    def answers(self) -> bool:
        """Whether it is up."""
        try:
            return bool(self._supervisor().getState()["statename"] == "RUNNING")
        except (OSError, Fault, HTTPException):
            return False

    def start(self, name: str) -> None:
        """Start one of the application's programs.

        One that fails at once is tried again by supervisord itself. Raises LaunchError when there
        is no such command to run.
        """
        try:
            # False: do not wait until it has proved itself.
            self._supervisor().startProcess(f"{GROUP}:{name}", False)  # noqa: FBT003
        except Fault as refusal:
            raise LaunchError(f"Cannot start {name}: {refusal.faultString}.") from None

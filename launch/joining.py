"""Using the embedded services together: the first one in starts them, the last one out stops them.

Every user holds a shared lock on one file for as long as it lives; the kernel gives it back even
when the user is killed. Starting and stopping are serialised by a second lock. Services that a
killed user left behind are simply found running and joined by the next one.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from launch import processes
from launch.account import services_account
from launch.places import Places
from launch.postgres import Postgres
from launch.redis import Redis, broker_address
from launch.refusal import LaunchError
from launch.secret import secret_key
from launch.service import Service

FORWARDED = (signal.SIGTERM, signal.SIGHUP)
# A terminal sends these to the whole group, our command included; once is enough.
SHARED = (signal.SIGINT, signal.SIGQUIT)


@dataclass
class Embedded:
    """The services of one set that this process wants, and its place among their users."""

    places: Places
    services: list[Service]
    users: int | None = None  # the descriptor that holds our shared lock

    def join(self) -> None:
        """Become a user; start what does not run.

        Raises LaunchError when a service cannot be started.
        """
        self.places.home.mkdir(parents=True, exist_ok=True)
        self.users = _open(self.places.users_lock)
        with locked(self.places.change_lock):
            fcntl.flock(self.users, fcntl.LOCK_SH)
            if not is_held(self.places.run_lock):
                self._start_missing()
        # `make run` restarts what fails, and would trip over a server that we started.
        for service in self.services:
            if not processes.wait_until(service.is_ready):
                raise LaunchError(f"{service.label} does not answer: {service.last_words()}")

    def _start_missing(self) -> None:
        self.places.make(services_account())
        for service in self.services:
            if service.pid() is None:
                service.start()

    def take_over(self) -> None:
        """Become the user that supervises the services; nothing of them runs afterwards.

        Raises LaunchError when others use them, or their data cannot be used.
        """
        self.users = _open(self.places.users_lock)
        with locked(self.places.change_lock):
            in_use = is_held(self.places.users_lock)
            fcntl.flock(self.users, fcntl.LOCK_SH)
            self.places.make(services_account())
            for service in self.services:
                if in_use and service.pid() is not None:
                    raise LaunchError(
                        f"Another command of this checkout uses its {service.label}: "
                        "wait until it has ended."
                    )
                service.stop()
                service.prepare()

    def leave(self) -> None:
        """Stop being a user; stop the services when no user is left."""
        if self.users is None:
            return
        with locked(self.places.change_lock):
            os.close(self.users)
            self.users = None
            if is_held(self.places.users_lock):
                return
            for service in reversed(self.services):
                service.stop()
            self.places.forget_sockets()


def embedded(places: Places, environ: Mapping[str, str]) -> Embedded:
    """Return the services that the environment gives no address for."""
    account = services_account()
    services: list[Service] = []
    if not environ.get("DATABASE_URL"):
        services.append(Postgres(places, account))
    if not environ.get("REDIS_URL"):
        services.append(Redis(places, account))
    return Embedded(places, services)


def addresses(found: Embedded, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with the services' addresses in it, and the checkout's own key."""
    names = {"postgres": "DATABASE_URL", "redis": "REDIS_URL"}
    given = {names[service.label]: service.address() for service in found.services}
    full = {**environ, **given}
    if not full.get("CELERY_BROKER_URL"):
        full["CELERY_BROKER_URL"] = broker_address(full["REDIS_URL"])
    if found.places.name == "run" and not full.get("SECRET_KEY"):
        full["SECRET_KEY"] = secret_key(found.places)
    return full


def run_joined(places: Places, command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a command with the services up, and return its exit code (128 + n for a signal n).

    The command holds our place among the users too: when we are killed and it goes on, nobody
    takes the database away from it. Raises LaunchError when the services or it cannot start.
    """
    found = embedded(places, environ)
    try:
        found.join()
        return _run(command, addresses(found, environ), found.users)
    finally:
        found.leave()


def _run(command: Sequence[str], environ: Mapping[str, str], users: int | None) -> int:
    kept = () if users is None else (users,)
    try:
        child = subprocess.Popen(list(command), env=dict(environ), pass_fds=kept)
    except OSError as problem:
        raise LaunchError(f"Cannot run {command[0]}: {problem.strerror}.") from None
    with _forwarding(child):
        code = child.wait()
    return 128 - code if code < 0 else code


@contextlib.contextmanager
def _forwarding(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """Hand signals on, so that the child decides and we still tidy up after it."""

    def hand_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    before = {number: signal.signal(number, hand_on) for number in FORWARDED}
    before |= {number: signal.signal(number, signal.SIG_IGN) for number in SHARED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError:
        raise LaunchError(f"{path} belongs to another account of this machine.") from None


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file alone, waiting for it."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether anyone at all holds a lock file."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False

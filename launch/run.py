"""`make run`: everything up on one machine, whatever fails started again, Ctrl-C ends it all."""

import contextlib
import fcntl
import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType

from launch import checks, family, health, libraries, procfile, static_files
from launch.joining import Embedded, addresses, embedded
from launch.places import Places
from launch.refusal import LaunchError
from launch.supervision import Program, Supervisor, configuration, programs

PATIENCE = 120.0  # seconds until the clinic must answer
PAUSE = 0.25


class Interrupted(Exception):
    """Somebody pressed Ctrl-C, or asked us to end."""


def run(places: Places, environ: Mapping[str, str]) -> int:
    """Run the clinic until told to stop; return the exit code.

    Raises LaunchError when it cannot be started.
    """
    full = checks.environment(places, environ)
    if not checks.settings_are_good(places, full):
        return 2
    with _alone(places, full["PORT"]), _stoppable():
        checks.port_is_free(int(full["PORT"]))
        services = embedded(places, environ)
        clinic = Clinic(places, services, full)
        try:
            clinic.start()
            clinic.watch()
        except Interrupted:
            print("\nStopping.", flush=True)
        finally:
            clinic.stop()
    return 0


class Clinic:
    """The processes of one checkout, from the first start to the last stop."""

    def __init__(self, places: Places, services: Embedded, environ: Mapping[str, str]) -> None:
        self.places = places
        self.services = services
        self.environ = dict(environ)
        self.programs: list[Program] = []
        self.supervisor: int | None = None  # process number of supervisord

    def start(self) -> None:
        """Bring everything up and say where it is.

        Raises LaunchError when a step fails or the clinic does not answer in time.
        """
        began = time.monotonic()
        family.adopt_orphans()
        self.services.take_over()
        self.environ = addresses(self.services, self.environ)
        commands = procfile.read(self.places.root / "Procfile")
        self.programs = programs(self.services.services, commands)
        self._write_configuration()
        self._start_supervisor()
        self._wait_for_servers()
        self._manage("migrate", "--noinput")
        libraries.ensure(self.places, self.environ)
        if static_files.changed(self.places):
            self._manage("collectstatic", "--noinput")
            static_files.note(self.places)
        self._manage("fill_demo", "--once")
        self._start_programs()
        self._wait_until_ready()
        self._greet(time.monotonic() - began)

    def watch(self) -> None:
        """Stay until interrupted; start supervisord again when it was killed."""
        while True:
            time.sleep(PAUSE)
            if self.supervisor in family.collect():
                self.supervisor = None
                print("supervisord ended; starting it and its processes again.", flush=True)
                self._clear_away()
                self._start_supervisor()
                self._wait_for_servers()
                self._start_programs()

    def stop(self) -> None:
        """End every process that we started, and no other."""
        if self.supervisor is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.supervisor, signal.SIGTERM)
            end = time.monotonic() + PATIENCE
            while self.supervisor not in family.collect() and time.monotonic() < end:
                time.sleep(PAUSE)
            self.supervisor = None
        self._clear_away()
        self.services.leave()

    def _clear_away(self) -> None:
        for service in self.services.services:
            service.stop()
        family.end_children()

    def _write_configuration(self) -> None:
        self._configuration.write_text(configuration(self.places, self.programs))

    @property
    def _configuration(self) -> Path:
        return self.places.home / "supervisord.conf"

    def _start_supervisor(self) -> None:
        argv = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c"]
        with (self.places.logs / "supervisord.out").open("ab") as out:
            started = subprocess.Popen(
                [*argv, str(self._configuration)],
                cwd=self.places.root,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                # The terminal's Ctrl-C is for us; we end it in good order.
                start_new_session=True,
                preexec_fn=family.end_with_parent,  # noqa: PLW1509 - no threads here
            )
        self.supervisor = started.pid
        started.returncode = 0  # collected by number in `watch`; Popen need not warn about it
        self._wait(Supervisor(self.places).answers, "supervisord does not answer")

    def _start_programs(self) -> None:
        supervisor = Supervisor(self.places)
        for program in self.programs:
            if not program.first:
                supervisor.start(program.name)

    def _wait_for_servers(self) -> None:
        for service in self.services.services:
            self._wait(service.is_ready, f"{service.label} does not answer")
        for name in ("DATABASE_URL", "REDIS_URL"):
            answers = functools.partial(checks.reachable, self.environ[name])
            self._wait(answers, f"{name}: nothing answers there")

    def _wait_until_ready(self) -> None:
        port = int(self.environ["PORT"])
        self._wait(lambda: health.is_ready(port), "the clinic does not become ready")

    def _wait(self, condition: checks.Question, otherwise: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise LaunchError(f"{otherwise} (see the files in {self.places.logs}).")
            time.sleep(PAUSE)

    def _manage(self, *words: str) -> None:
        log = self.places.logs / "start.log"
        with log.open("a") as out:
            done = subprocess.run(
                [sys.executable, "manage.py", *words],
                cwd=self.places.root,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode != 0:
            last = log.read_text(errors="replace").strip().splitlines()[-1:]
            raise LaunchError(f"manage.py {words[0]} failed: {' '.join(last)} (see {log}).")

    def _greet(self, seconds: float) -> None:
        address = f"http://localhost:{self.environ['PORT']}"
        lines = ["", f"The clinic is at {address} (up in {seconds:.0f} s).", ""]
        sign_ins = self.places.home / "sign-ins.txt"
        if sign_ins.exists():
            lines += [sign_ins.read_text().rstrip(), ""]
        lines += [f"Logs are in {self.places.logs}. Ctrl-C stops everything."]
        print("\n".join(lines), flush=True)


@contextlib.contextmanager
def _alone(places: Places, port: str) -> Iterator[None]:
    """Be the only `make run` of this checkout.

    Raises LaunchError when there is another one.
    """
    places.home.mkdir(parents=True, exist_ok=True)
    with places.run_lock.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise LaunchError(f"This checkout runs already: {lock.read().strip()}.") from None
        lock.truncate(0)
        lock.write(f"http://localhost:{port} (process {os.getpid()})\n")
        lock.flush()
        yield


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Turn the first request to end into Interrupted; further ones change nothing."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise Interrupted

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

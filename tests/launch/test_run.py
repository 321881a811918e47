"""`make run` with real processes: up, restarted when killed, and all gone on Ctrl-C."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch.account import Account
from tests.launch.conftest import copy_checkout
from tests.launch.real import PATIENCE, Checkout, eventually, free_port, kill

pytestmark = pytest.mark.race

STATE = re.compile(r"(?:clinic:)?(?P<name>\S+)\s+RUNNING\s+pid (?P<pid>\d+),")
NOBODY = Account("nobody", 65534, 65534)
PROGRAMS = frozenset({"postgres", "redis", "web", "worker"})


class Clinic:
    """A running clinic."""

    def __init__(self, checkout: Checkout, *before: str) -> None:
        self.checkout = checkout
        self.port = int(checkout.environ.setdefault("PORT", str(free_port())))
        self.process = checkout.start("run", before=before)
        self.said = ""

    def wait(self, *, programs: frozenset[str] = PROGRAMS) -> "Clinic":
        """Wait for the last line of the greeting, and until supervisord trusts every program."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if "Ctrl-C" in line:
                assert eventually(lambda: set(self.pids()) == programs)
                return self
        raise AssertionError(self.said)

    def answers(self) -> bool:
        """Whether the page is there."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz") as page:
                return bool(page.status == 200)
        except OSError:
            return False

    def pids(self) -> dict[str, int]:
        """Process numbers of the running programs, as supervisord itself tells them."""
        ctl = [sys.executable, "-m", "supervisor.supervisorctl", "-c", "var/run/supervisord.conf"]
        done = subprocess.run(
            [*ctl, "status"],
            cwd=self.checkout.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        return {found["name"]: int(found["pid"]) for found in STATE.finditer(done.stdout)}

    def supervisord(self) -> int:
        """Process number of supervisord."""
        return int((self.checkout.folder / "var/run/supervisord.pid").read_text())

    def stop(self, by: signal.Signals = signal.SIGINT) -> str:
        """End it, and return what it said."""
        self.process.send_signal(by)
        said, _ = self.process.communicate(timeout=PATIENCE)
        return self.said + said


@pytest.fixture
def clinic(checkout: Checkout) -> Clinic:
    """Return a clinic that is up; the checkout ends it."""
    return Clinic(checkout).wait()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """Yield a clinic for the tests that leave it running."""
    checkout = copy_checkout(tmp_path_factory.mktemp("lasting") / "checkout")
    yield Clinic(checkout).wait()
    checkout.kill_all()


def commands(checkout: Checkout) -> list[str]:
    """Return what manage.py was asked for."""
    return (checkout.folder / "var/run/commands.txt").read_text().splitlines()


def test_it_says_where_it_is_and_who_may_sign_in(lasting: Clinic) -> None:
    assert f"http://localhost:{lasting.port}" in lasting.said
    assert "nurse@clinic.example  a-password" in lasting.said
    assert lasting.answers()
    assert commands(lasting.checkout) == [
        "migrate --noinput",
        "collectstatic --noinput",
        "fill_demo --once",
    ]


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_what_it_started_and_nothing_else(clinic: Clinic, by: signal.Signals) -> None:
    with subprocess.Popen(["sleep", "3600"], cwd=clinic.checkout.folder) as bystander:
        clinic.stop(by)
        left = clinic.checkout.running
        bystander.kill()
    assert clinic.process.returncode == 0
    assert left == {bystander.pid}


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_killed_process_comes_back_and_the_others_go_on(lasting: Clinic, name: str) -> None:
    before = lasting.pids()
    kill(before[name])
    assert eventually(lambda: lasting.pids().get(name) not in {None, before[name]})
    after = lasting.pids()
    assert {other: after[other] for other in PROGRAMS - {name}} == {
        other: before[other] for other in PROGRAMS - {name}
    }
    assert eventually(lasting.answers)


def test_a_killed_supervisord_comes_back_with_everything(clinic: Clinic) -> None:
    before = clinic.supervisord()
    kill(before)
    assert eventually(lambda: set(clinic.pids()) == PROGRAMS and clinic.supervisord() != before)
    assert eventually(clinic.answers)
    clinic.stop()
    assert clinic.checkout.running == set()


def test_a_killed_launcher_takes_everything_with_it(clinic: Clinic) -> None:
    kill(clinic.process.pid)
    assert eventually(lambda: clinic.checkout.running == set())


def test_a_second_start_keeps_the_data_and_skips_what_is_done(checkout: Checkout) -> None:
    Clinic(checkout).wait().stop()
    key = (checkout.folder / "var/run/secret-key").read_text()
    version = (checkout.folder / "var/run/postgres/PG_VERSION").stat().st_ino
    Clinic(checkout).wait().stop()
    assert (checkout.folder / "var/run/secret-key").read_text() == key
    assert (checkout.folder / "var/run/postgres/PG_VERSION").stat().st_ino == version
    assert commands(checkout)[3:] == ["migrate --noinput", "fill_demo --once"]


def test_the_signing_key_is_for_its_owner_alone(lasting: Clinic) -> None:
    kept = lasting.checkout.folder / "var/run/secret-key"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert len(kept.read_text()) >= 50


def test_a_second_run_of_the_same_checkout_is_one_line(lasting: Clinic) -> None:
    code, said = lasting.checkout.do("run")
    assert code == 1
    assert said == (
        f"launch: This checkout runs already: http://localhost:{lasting.port} "
        f"(process {lasting.process.pid}).\n"
    )
    assert lasting.answers()


def test_another_command_joins_the_running_clinic_and_leaves_it_running(lasting: Clinic) -> None:
    before = lasting.pids()
    code, said = lasting.checkout.do("services", "--name", "run", "--", "printenv", "SECRET_KEY")
    assert (code, said) == (0, (lasting.checkout.folder / "var/run/secret-key").read_text() + "\n")
    assert lasting.pids() == before


def test_a_command_that_has_the_servers_is_not_robbed_of_them(checkout: Checkout) -> None:
    user = checkout.start("services", "--name", "run", "--", "sh", "-c", "echo up; exec sleep 3600")
    assert user.stdout is not None
    assert user.stdout.readline() == "up\n"
    code, said = checkout.do("run")
    assert code == 1
    assert said.startswith("launch: Another command of this checkout uses its postgres")
    user.terminate()
    user.communicate()


def test_servers_left_by_a_killed_command_are_taken_over(checkout: Checkout) -> None:
    user = checkout.start("services", "--name", "run", "--", "sh", "-c", "echo up; exec sleep 3600")
    assert user.stdout is not None
    assert user.stdout.readline() == "up\n"
    servers = {checkout.pid_of("postgres", "run"), checkout.pid_of("redis", "run")}
    for pid in checkout.running - servers - _helpers(checkout.pid_of("postgres", "run")):
        kill(pid)
    user.communicate()
    assert servers <= checkout.running
    clinic = Clinic(checkout).wait()
    clinic.stop()
    assert checkout.running == set()


def _helpers(postgres: int) -> set[int]:
    text = Path(f"/proc/{postgres}/task/{postgres}/children").read_text()
    return {int(word) for word in text.split()}


def test_every_bad_setting_gets_a_line_and_nothing_is_started(checkout: Checkout) -> None:
    checkout.environ = {
        "PORT": "http",
        "SESSION_IDLE_MINUTES": "0",
        "DATABASE_URL": "mysql://root:hunter2@db/clinic",
    }
    expected = "a PostgreSQL address such as postgresql://user:password@host:5432/clinic"
    code, said = checkout.do("run")
    assert code == 2
    assert said.splitlines() == [
        "settings: SESSION_IDLE_MINUTES must be a whole number of at least 1, not '0'.",
        f"settings: DATABASE_URL must be {expected}.",
        "settings: PORT must be a whole number from 1 to 65535, not 'http'.",
    ]
    assert not (checkout.folder / "var/run/postgres").exists()


def test_a_busy_port_is_one_line_and_nothing_is_started(checkout: Checkout) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        checkout.environ = {"PORT": str(port)}
        code, said = checkout.do("run")
    assert code == 1
    (line,) = said.splitlines()
    assert line.startswith(f"launch: Port {port} cannot be used (Address already in use)")
    assert not (checkout.folder / "var/run/postgres").exists()


def test_a_failing_step_is_one_line_and_leaves_nothing_running(checkout: Checkout) -> None:
    checkout.environ = {"FAILING": "migrate", "PORT": str(free_port())}
    code, said = checkout.do("run")
    assert code == 1
    (line,) = said.splitlines()
    assert line.startswith("launch: manage.py migrate failed: nothing to be done (see ")
    assert checkout.running == set()


def test_given_servers_are_used_instead_of_our_own(checkout: Checkout) -> None:
    tell = "echo $DATABASE_URL; echo $REDIS_URL; exec sleep 3600"
    lender = checkout.start("services", "--", "sh", "-c", tell)
    assert lender.stdout is not None
    checkout.environ = {
        "DATABASE_URL": lender.stdout.readline().strip(),
        "REDIS_URL": lender.stdout.readline().strip(),
    }
    clinic = Clinic(checkout).wait(programs=PROGRAMS - {"postgres", "redis"})
    clinic.stop()
    assert not (checkout.folder / "var/run/postgres").exists()
    assert checkout.pid_of("postgres") in checkout.running
    lender.terminate()
    lender.communicate()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.skipif(
    not NOBODY.reaches(Path(sys.executable).resolve()), reason="Python is in a private folder"
)
def test_an_ordinary_user_can_run_it(checkout: Checkout) -> None:
    for found in [checkout.folder, *checkout.folder.rglob("*")]:
        os.chown(found, NOBODY.uid, NOBODY.gid)
    # Only for the way to the test's own folder, which is root's.
    drop = ["launch/drop.py", str(NOBODY.uid), str(NOBODY.gid), "--pass-permissions"]
    clinic = Clinic(checkout, sys.executable, *drop).wait()
    assert Path(f"/proc/{clinic.pids()['web']}").stat().st_uid == NOBODY.uid
    clinic.stop()
    assert checkout.running == set()


def test_a_deep_and_private_folder_with_spaces_is_no_obstacle(hidden_checkout: Checkout) -> None:
    clinic = Clinic(hidden_checkout).wait()
    clinic.stop()
    assert hidden_checkout.running == set()

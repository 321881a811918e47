"""A whole demo clinic in its own database behind its own gunicorn: what `make run` shows."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError

import psycopg
from psycopg import sql

from infusion.demo import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds for gunicorn's first answer on a busy machine


@dataclass(frozen=True, slots=True)
class DemoClinic:
    """The address of a running demo, and its database for looking things up."""

    address: str
    dsn: str

    def one(self, query: str) -> Any:
        """Return the first column of the first row; a test asks for ids this way."""
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute(sql.SQL(query)).fetchone()
        assert row is not None, f"the demo has none of these: {query}"
        return row[0]

    def email(self, role: str, clinic: str = "northside") -> str:
        return f"{role}@{clinic}.example"

    @property
    def password(self) -> str:
        return PASSWORD


@contextmanager
def demo_clinic(database_url: str) -> Iterator[DemoClinic]:
    """Make a scratch database beside the given one, fill it, serve it, and drop it again."""
    name = f"browser_{uuid.uuid4().hex[:10]}"
    before, _, query = database_url.partition("?")
    dsn = f"{before.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        environ = os.environ | {
            "DATABASE_URL": dsn, "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "LOG_LEVEL": "ERROR",
        }  # fmt: skip
        _manage(environ, "migrate", "--verbosity=0")
        _manage(environ, "fill_demo")
        with _worker(environ), _gunicorn(environ) as address:
            yield DemoClinic(address, dsn)
    finally:
        with psycopg.connect(database_url, autocommit=True) as connection:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(name)))


def _manage(environ: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@contextmanager
def _worker(environ: dict[str, str]) -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--pool", "solo",
               "--loglevel", "ERROR"]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, env=environ)
    try:
        yield
    finally:
        process.kill()
        process.wait(20)


@contextmanager
def _gunicorn(environ: dict[str, str]) -> Iterator[str]:
    port = _free_port()
    command = [
        sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}",
        "--workers", "1", "--threads", "4", "--log-level", "error",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, env=environ)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2):  # noqa: S310
                return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError("the demo did not answer")

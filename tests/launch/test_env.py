"""Settings are read with their types, and every bad one is named in a line of its own."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from config.env import BadSettings, Env


def test_values_are_read_with_their_types() -> None:
    env = Env(
        {
            "NAME": " clinic ",
            "ON": "Yes",
            "OFF": "0",
            "PORT": "8001",
            "HOSTS": "a.example, b.example,,",
            "LEVEL": "warning",
            "BASE": "https://clinic.example/",
            "ORIGINS": "https://a.example,http://b.example:8000/",
            "CACHE": "rediss://:secret@cache.example:6380/1",
        }
    )
    assert env.text("NAME") == "clinic"
    assert env.flag("ON") is True
    assert env.flag("OFF", default=True) is False
    assert env.integer("PORT", minimum=1, maximum=65535) == 8001
    assert env.listing("HOSTS") == ["a.example", "b.example"]
    assert env.choice("LEVEL", ["info", "warning"]) == "warning"
    assert env.url("BASE") == "https://clinic.example"
    assert env.url_list("ORIGINS") == ["https://a.example", "http://b.example:8000"]
    assert env.redis("CACHE") == "rediss://:secret@cache.example:6380/1"
    assert env.rate("ABSENT", default="600/min") == "600/min"
    assert env.problems == []
    env.stop_if_bad()


def test_defaults_stand_in_for_what_is_not_set_or_blank() -> None:
    env = Env({"BLANK": "   "})
    assert env.text("BLANK", default="x") == "x"
    assert env.text("ABSENT", default="") == ""
    assert env.flag("BLANK", default=True) is True
    assert env.integer("ABSENT", default=0) == 0
    assert env.listing("ABSENT", default=["localhost"]) == ["localhost"]
    assert env.url_list("ABSENT", default=[]) == []
    assert env.choice("BLANK", ["a", "b"], default="b") == "b"
    assert env.url("ABSENT", default="http://localhost") == "http://localhost"
    assert env.redis("ABSENT", default="unix:///run/redis.sock") == "unix:///run/redis.sock"
    assert env.database("ABSENT") == {"ENGINE": "django.db.backends.postgresql"}
    assert env.problems == []


@pytest.mark.parametrize(
    "reader", ["text", "flag", "integer", "listing", "url", "url_list", "redis"]
)
def test_a_variable_without_a_default_must_be_there(reader: str) -> None:
    env = Env({"THING": " "})
    getattr(env, reader)("THING")
    assert env.problems == ["THING is not set, and there is no default for it."]


def test_a_database_is_wanted_only_where_it_is_required() -> None:
    env = Env({})
    env.database("THING", required=True)
    assert env.problems == ["THING is not set, and there is no default for it."]


def test_a_variable_read_twice_is_named_once() -> None:
    env = Env({"THING": "x"})
    env.integer("THING", default=1)
    env.integer("THING")
    assert len(env.problems) == 1


def test_a_choice_without_a_default_must_be_there() -> None:
    env = Env({})
    env.choice("THING", ["a", "b"])
    assert env.problems == ["THING is not set, and there is no default for it."]


@pytest.mark.parametrize(
    ("reader", "value", "arguments", "problem"),
    [
        ("flag", "maybe", {}, "THING must be yes or no"),
        ("integer", "eight", {}, "THING must be a whole number, not 'eight'."),
        ("integer", "0", {"minimum": 1}, "THING must be a whole number of at least 1, not '0'."),
        ("integer", "9", {"maximum": 8}, "THING must be a whole number of at most 8, not '9'."),
        (
            "integer",
            "65536",
            {"minimum": 1, "maximum": 65535},
            "THING must be a whole number from 1 to 65535, not '65536'.",
        ),
        ("rate", "often", {"default": "9/min"}, "THING must be a number and a span"),
        ("rate", "0/min", {"default": "9/min"}, "THING must be a number and a span"),
        ("choice", "B", {"options": ["a", "b"]}, "THING must be one of a, b, not 'B'."),
        ("url", "clinic.example", {}, "THING must be an http:// or https:// address"),
        ("url", "https://:80", {}, "THING must be an http:// or https:// address"),
        ("url", "http://h:99999", {}, "THING must be an http:// or https:// address"),
        ("url_list", "https://a.example,ftp://b.example", {}, "not 'ftp://b.example'."),
        ("redis", "http://cache:6379", {}, "THING must be a Redis address"),
        ("redis", "redis://cache:port", {}, "THING must be a Redis address"),
        ("redis", "unix://redis.sock", {}, "THING must be a Redis address"),
    ],
)
def test_a_bad_value_is_named_with_what_is_expected(
    reader: str, value: str, arguments: dict[str, object], problem: str
) -> None:
    env = Env({"THING": value})
    getattr(env, reader)("THING", **arguments)
    (found,) = env.problems
    assert problem in found
    assert "\n" not in found


@pytest.mark.parametrize(
    "address",
    [
        "mysql://root:hunter2@db/clinic",
        "sqlite:///clinic.db",
        "hunter2",
        "postgresql://clinic:hunter2@db:port/clinic",
        "postgresql://clinic:hunter2@db/",
    ],
)
def test_a_bad_database_address_is_refused_without_repeating_it(address: str) -> None:
    env = Env({"DATABASE_URL": address})
    env.database("DATABASE_URL")
    (found,) = env.problems
    assert found.startswith("DATABASE_URL must be a PostgreSQL address")
    assert "hunter2" not in found


def test_a_secret_that_is_too_short_is_refused_without_repeating_it() -> None:
    env = Env({"SECRET_KEY": "hunter2"})
    env.text("SECRET_KEY", minimum_length=50)
    assert env.problems == ["SECRET_KEY must be at least 50 characters long."]


def test_a_network_database_address_becomes_what_django_wants() -> None:
    database = Env(
        {"DATABASE_URL": "postgresql://nurse:p%40ss@db.example:5433/clinic?sslmode=require"}
    ).database("DATABASE_URL")
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert database["USER"] == "nurse"
    assert database["PASSWORD"] == "p@ss"
    assert database["HOST"] == "db.example"
    assert database["PORT"] == 5433
    assert database["OPTIONS"] == {"sslmode": "require"}


def test_a_socket_folder_keeps_its_capitals_and_spaces() -> None:
    folder = "/Home/A Nurse/var/run/sockets"
    database = Env({"DATABASE_URL": f"postgresql://clinic@/clinic?host={quote(folder)}"}).database(
        "DATABASE_URL"
    )
    assert database["HOST"] == folder
    assert database["NAME"] == "clinic"
    assert "OPTIONS" not in database


def test_every_problem_gets_a_line_and_the_process_ends_with_two(
    capsys: pytest.CaptureFixture[str],
) -> None:
    env = Env({"PORT": "x"})
    env.text("SECRET_KEY")
    env.integer("PORT", default=8000)
    with pytest.raises(BadSettings) as stopped:
        env.stop_if_bad()
    assert stopped.value.code == 2
    assert stopped.value.problems == tuple(env.problems)
    assert capsys.readouterr().err.splitlines() == [
        "settings: SECRET_KEY is not set, and there is no default for it.",
        "settings: PORT must be a whole number, not 'x'.",
    ]


def test_a_database_address_keeps_its_own_options_beside_ours() -> None:
    given = {**os.environ, "DATABASE_URL": "postgresql://c@db.example/clinic?sslmode=require"}
    shown = (
        "from config.settings.base import DATABASES as d; print(sorted(d['default']['OPTIONS']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", shown],
        cwd=Path(__file__).resolve().parents[2],
        env=given,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "['options', 'pool', 'prepare_threshold', 'sslmode']\n"

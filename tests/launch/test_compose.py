"""The container files, read against the code: no engine is at hand to try them."""

import importlib.metadata
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from celery.bin.beat import beat
from celery.bin.control import inspect
from celery.bin.worker import worker
from django.conf import settings
from django.core.management import get_commands, load_command_class
from gunicorn.config import Config

from launch import postgres, procfile
from launch.places import Places
from launch.redis import Redis

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
APPLICATION = {name for name, service in SERVICES.items() if "build" in service}
PROCFILE = procfile.read(ROOT / "Procfile")
DOCKERFILE = (ROOT / "Dockerfile").read_text()
IMAGE = re.compile(r"(?P<name>postgres|redis|python|node):(?P<version>\d+(?:\.\d+)?)(?:-slim)?")
VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?P<how>:[?-])?(?P<word>[^}]*)\}")
READ = re.compile(r"env\.\w+\(\s*[\"'](?P<name>[A-Z_]+)[\"']")
CELERY = {"worker": worker, "beat": beat}
FILLED = {
    "SECRET_KEY": "k" * 60,
    "ALLOWED_HOSTS": "clinic.example",
    "PUBLIC_URL": "https://clinic.example",
    "POSTGRES_PASSWORD": "letters0and1digits",
    "EMAIL_HOST": "mail.example",
    "EMAIL_FROM": "clinic@clinic.example",
}


def instructions(word: str) -> list[str]:
    """Return what follows an instruction of the Dockerfile, continued lines joined."""
    text = DOCKERFILE.replace("\\\n", " ")
    return [line.split(maxsplit=1)[1] for line in text.splitlines() if line.startswith(f"{word} ")]


def filled(value: object) -> str:
    """Return a value with its variables filled in, as compose does."""

    def one(found: re.Match[str]) -> str:
        default = found["word"] if found["how"] == ":-" else ""
        return FILLED.get(found["name"], default)

    return VARIABLE.sub(one, str(value))


def variables(how: str) -> set[str]:
    """Return the variables that are required (`:?`) or have a default (`:-`)."""
    text = (ROOT / "docker-compose.yml").read_text()
    return {found["name"] for found in VARIABLE.finditer(text) if found["how"] == how}


def settings_read() -> set[str]:
    """Return the variables that the settings and gunicorn's configuration read."""
    files = [*(ROOT / "config").rglob("*.py")]
    return {found["name"] for file in files for found in READ.finditer(file.read_text())}


def check_is_real(words: list[str]) -> None:
    """Fail unless the command exists and takes these arguments."""
    program, *rest = words
    if program == "python":
        check_python(rest)
        return
    scripts = {entry.name for entry in importlib.metadata.entry_points(group="console_scripts")}
    assert program in scripts
    if program == "gunicorn":
        given = Config().parser().parse_args(rest)
        assert (ROOT / given.config).is_file()
        assert (ROOT / f"{given.args[0].replace('.', '/')}.py").is_file()
    else:
        assert program == "celery"
        assert rest[:2] == ["-A", "config"]
        check_celery(rest[2:])


def check_python(rest: list[str]) -> None:
    """Fail unless it is one of our own commands with arguments it knows."""
    if rest[0] == "-m":
        done = subprocess.run(
            [sys.executable, *rest, "--help"], cwd=ROOT, capture_output=True, check=False
        )
        assert done.returncode == 0
        return
    assert rest[0] == "manage.py"
    name = rest[1]
    command = load_command_class(get_commands()[name], name)
    command.create_parser("manage.py", name).parse_args(rest[2:])


def check_celery(rest: list[str]) -> None:
    """Fail unless Celery's own parser takes it."""
    name, *arguments = rest
    if name == "inspect":
        assert arguments.pop(0) == "ping"
        known = {option for parameter in inspect.params for option in parameter.opts}
        assert {word for word in arguments if word.startswith("--")} <= known
        return
    known = {option for parameter in CELERY[name].params for option in parameter.opts}
    given = {word.split("=")[0] for word in arguments if word.startswith("-")}
    assert given <= known


def test_the_processes_are_those_of_the_procfile_with_the_same_commands() -> None:
    commands = {name: SERVICES[name]["command"] for name in APPLICATION - {"migrate"}}
    assert commands == PROCFILE
    assert json.loads(instructions("CMD")[0]) == shlex.split(PROCFILE["web"])


@pytest.mark.parametrize("name", sorted(APPLICATION))
def test_every_command_exists_and_takes_its_arguments(name: str) -> None:
    check_is_real(shlex.split(SERVICES[name]["command"]))


def test_two_workers_and_one_of_everything_else() -> None:
    replicas = {name: SERVICES[name].get("deploy", {}).get("replicas", 1) for name in SERVICES}
    assert replicas.pop("worker") == 2
    assert set(replicas.values()) == {1}


def test_the_database_is_migrated_before_anything_uses_it() -> None:
    for name in APPLICATION - {"migrate"}:
        waits = SERVICES[name]["depends_on"]
        assert waits["migrate"] == {"condition": "service_completed_successfully"}
        assert waits["postgres"] == waits["redis"] == {"condition": "service_healthy"}
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_images_are_official_ones_with_their_major_version() -> None:
    named = [SERVICES["postgres"]["image"], SERVICES["redis"]["image"]]
    bases = [line.split()[0] for line in instructions("FROM")]
    assert all(IMAGE.fullmatch(image) for image in [*named, *bases])
    assert len({base for base in bases if not base.startswith("node:")}) == 1
    assert bases[-1].startswith("python:"), "Node fetches, and stays outside"


def test_versions_are_those_that_the_tests_run_on() -> None:
    assert SERVICES["postgres"]["image"] == f"postgres:{postgres.major_version()}"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert instructions("FROM")[0].split()[0] == f"python:{project['requires-python'][2:]}-slim"


def test_the_data_outlives_its_container() -> None:
    # Since 18 the image keeps a folder for each major version below this one.
    assert SERVICES["postgres"]["volumes"] == ["database:/var/lib/postgresql"]
    assert "database" in COMPOSE["volumes"]


def test_the_database_sorts_as_the_embedded_one_does() -> None:
    given = shlex.split(SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"])
    source = (ROOT / "launch" / "postgres.py").read_text()
    assert all(f'"{option}"' in source for option in given)


def test_redis_is_told_what_the_embedded_one_is_told() -> None:
    words = shlex.split(SERVICES["redis"]["command"])
    embedded = Redis(Places("test"), None).argv()
    assert words[0] == "redis-server"
    for option, value in zip(words[1::2], words[2::2], strict=True):
        assert embedded[embedded.index(option) + 1] == value


@pytest.mark.parametrize("name", sorted(APPLICATION))
def test_every_variable_is_one_that_the_application_reads(name: str) -> None:
    known = settings_read() | {"DJANGO_SETTINGS_MODULE"}
    assert set(SERVICES[name]["environment"]) <= known


def test_everything_the_settings_read_can_be_told_to_a_container() -> None:
    elsewhere = {"CELERY_BROKER_URL", "TEST_DATABASE_NAME"}  # REDIS_URL says it; tests only
    assert settings_read() - elsewhere == set(SERVICES["web"]["environment"]) - {
        "DJANGO_SETTINGS_MODULE"
    }


def test_the_readme_lists_every_setting_and_no_other() -> None:
    table = re.findall(r"^\| (`[A-Z_`, ]+`) \|", (ROOT / "README.md").read_text(), re.M)
    listed = {name for cell in table for name in re.findall(r"[A-Z_]+", cell)}
    assert listed == settings_read() - {"TEST_DATABASE_NAME"}


def test_production_settings_accept_what_compose_gives() -> None:
    given = {name: filled(value) for name, value in SERVICES["web"]["environment"].items()}
    assert read_settings(given) == (0, [])


@pytest.mark.parametrize("name", sorted(FILLED.keys() - {"POSTGRES_PASSWORD"}))
def test_what_compose_requires_the_settings_require_too(name: str) -> None:
    given = {key: filled(value) for key, value in SERVICES["web"]["environment"].items()}
    given[name] = ""
    code, lines = read_settings(given)
    assert (code, lines) == (2, [f"settings: {name} is not set, and there is no default for it."])


def read_settings(given: dict[str, str]) -> tuple[int, list[str]]:
    """Read the settings as a container would; return exit code and complaints."""
    done = subprocess.run(
        [sys.executable, "-c", f"import {given['DJANGO_SETTINGS_MODULE']}, config.gunicorn"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **given},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr.splitlines()


def test_the_example_names_what_is_required_and_what_has_a_default() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    required = {line for line in lines if re.fullmatch(r"[A-Z_]+=", line)}
    optional = {line[2:].split("=")[0] for line in lines if re.match(r"# [A-Z_]+=", line)}
    assert required == {f"{name}=" for name in variables(":?")} == {f"{name}=" for name in FILLED}
    assert optional == variables(":-")


def test_no_secret_is_written_down() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|KEY|TOKEN", name):
                assert str(value).startswith("${")
    assert not re.search(r"(PASSWORD|SECRET|TOKEN)\S*=\S", DOCKERFILE)


def test_ports_agree() -> None:
    inside = str(SERVICES["web"]["environment"]["PORT"])
    (published,) = SERVICES["web"]["ports"]
    # Only this machine: the proxy that speaks TLS is the way in.
    assert filled(published) == f"127.0.0.1:8000:{inside}"
    assert instructions("EXPOSE") == [inside]
    assert f"PORT={inside}" in instructions("ENV")[0]
    assert SERVICES["web"]["environment"]["WEB_HOST"] == "0.0.0.0"  # noqa: S104 - in a container
    others = {name for name in SERVICES if "ports" in SERVICES[name]}
    assert others == {"web"}


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"migrate"}))
def test_every_container_that_stays_has_a_real_health_check(name: str) -> None:
    kind, *words = SERVICES[name]["healthcheck"]["test"]
    if kind == "CMD" and name in {"postgres", "redis"}:
        folder = (
            postgres.program("") if name == "postgres" else Redis(Places("test"), None).argv()[0]
        )
        assert (Path(folder).parent / words[0]).exists() or (Path(folder) / words[0]).exists()
    elif kind == "CMD":
        check_is_real(words)
    elif name == "worker":
        check_is_real(shlex.split(words[0]))


def test_the_schedulers_health_check_tells_fresh_from_stale(tmp_path: Path) -> None:
    kind, line = SERVICES["beat"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    schedule = re.search(r"--schedule (\S+)", PROCFILE["beat"])
    assert schedule is not None
    file = tmp_path / f"{schedule[1]}.db"
    file.parent.mkdir(parents=True)

    def healthy() -> bool:
        return subprocess.run(["sh", "-c", line], cwd=tmp_path, check=False).returncode == 0

    assert not healthy()
    file.touch()
    assert healthy()
    os.utime(file, (0, 0))
    assert not healthy()


def test_the_image_is_built_from_the_lock_and_runs_as_an_ordinary_user() -> None:
    assert any("--require-hashes -r /tmp/base.txt" in line for line in instructions("RUN"))
    (user,) = instructions("USER")
    assert any(
        "useradd --system --uid 10001" in line and user in line for line in instructions("RUN")
    )
    assert DOCKERFILE.index("USER") < DOCKERFILE.index("CMD")


def test_the_image_holds_every_room_and_nothing_private() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    kept = {line[1:].strip("/") for line in ignored if line.startswith("!")}
    assert "*" in ignored
    rooms = {app.split(".")[0] for app in settings.INSTALLED_APPS if (ROOT / app).is_dir()}
    assert rooms | {"config", "clinical", "launch", "templates", "static", "manage.py"} <= kept
    assert not kept & {"var", ".env", ".git", "tests", ".venv"}
    for line in instructions("COPY"):
        *sources, _target = [word for word in line.split() if not word.startswith("--")]
        assert all(source.startswith(("/", ".")) or source in kept for source in sources)

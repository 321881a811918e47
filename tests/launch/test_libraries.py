"""The browser's libraries: from their lock file where npm is, never a reason not to start."""

import json
from pathlib import Path

import pytest

from launch import libraries, static_files
from launch.places import Places

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "package-lock.json"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "package-lock.json").write_text('{"packages": {}}')
    return Places("run", tmp_path)


def machine(tmp_path: Path, script: str = "") -> dict[str, str]:
    """Return the environment of a machine whose only program is this npm, or none at all."""
    programs = tmp_path / "programs"
    programs.mkdir(exist_ok=True)
    if script:
        npm = programs / "npm"
        npm.write_text(f'#!/bin/sh\necho "$@" >> calls\n{script}\n')
        npm.chmod(0o755)
    return {"PATH": str(programs)}


INSTALLS = "/bin/mkdir -p node_modules"


def test_a_machine_without_npm_says_what_is_missing_and_goes_on(
    places: Places, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert libraries.ensure(places, machine(tmp_path)) is False
    assert "no npm here: the day is shown as a list" in capsys.readouterr().err


@pytest.mark.parametrize("script", ["exit 1", "exec /no/such/program"])
def test_an_npm_that_fails_is_said_and_asked_again_next_time(
    places: Places, tmp_path: Path, script: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert libraries.ensure(places, machine(tmp_path, script)) is False
    assert "could not install" in capsys.readouterr().err
    assert libraries.ensure(places, machine(tmp_path, INSTALLS)) is True


def test_npm_is_asked_once_and_again_when_the_lock_file_changes(
    places: Places, tmp_path: Path
) -> None:
    environ = machine(tmp_path, INSTALLS)
    assert libraries.ensure(places, environ)
    assert libraries.ensure(places, environ)
    assert (tmp_path / "calls").read_text() == "ci --loglevel=error\n"
    (tmp_path / "package-lock.json").write_text('{"packages": {"": {}}}')
    assert libraries.ensure(places, environ)
    assert len((tmp_path / "calls").read_text().splitlines()) == 2


def test_an_npm_that_hangs_does_not_keep_the_clinic_closed(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "PATIENCE", 0.2)
    assert libraries.ensure(places, machine(tmp_path, "exec /bin/sleep 30")) is False


def test_a_checkout_without_a_lock_file_needs_no_libraries(tmp_path: Path) -> None:
    assert libraries.ensure(Places("run", tmp_path), machine(tmp_path, "exit 1")) is False
    assert not (tmp_path / "calls").exists()


def test_new_libraries_are_collected(places: Places, tmp_path: Path) -> None:
    static_files.note(places)
    assert not static_files.changed(places)
    libraries.ensure(places, machine(tmp_path, INSTALLS))
    assert static_files.changed(places)


def test_the_lock_file_pins_by_hash_and_names_no_registry() -> None:
    text = LOCK.read_text()
    assert "://" not in text
    packages = {name: each for name, each in json.loads(text)["packages"].items() if name}
    assert packages
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert package["license"] == "MIT", name
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    for name, version in wanted.items():
        assert packages[f"node_modules/{name}"]["version"] == version

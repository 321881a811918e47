"""The Makefile as a newcomer meets it, in a folder of its own."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASKED = {"run", "test", "fast", "reset", "bench"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the Makefile and an empty lock file."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements").mkdir()
    for name in ("base.txt", "dev.txt"):
        (tmp_path / "requirements" / name).touch()
    return tmp_path


def make(folder: Path, *words: str, path: str | None = None) -> "subprocess.CompletedProcess[str]":
    """Run make, free of what an outer make has put into the environment."""
    outer = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    program = shutil.which("make")
    assert program is not None
    return subprocess.run(
        [program, *words],
        cwd=folder,
        env={**outer, "PATH": path or os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )


def tools(folder: Path, *names: str) -> str:
    """Return a PATH with these programs only."""
    found = folder / "tools"
    found.mkdir()
    for name in names:
        place = shutil.which(name)
        assert place is not None
        (found / name).symlink_to(place)
    return str(found)


def test_make_alone_lists_what_it_can_do_and_does_nothing(folder: Path) -> None:
    done = make(folder)
    listed = {line.split()[1] for line in done.stdout.splitlines()}
    assert listed >= ASKED
    assert all(len(line.split()) > 3 for line in done.stdout.splitlines())
    assert not (folder / ".venv").exists()


def test_every_target_without_a_file_is_declared_so() -> None:
    text = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    targets = set(re.findall(r"^([a-z][a-z-]*):", text, flags=re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", text, flags=re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == targets


def test_a_python_that_is_too_old_is_one_line(folder: Path) -> None:
    done = make(folder, "venv", path=tools(folder, "sh", "false", "touch"))
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stdout
    assert not (folder / ".venv").exists()


def test_a_python_that_cannot_make_environments_is_one_line(folder: Path) -> None:
    (folder / "bare").write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexit 0\n')
    (folder / "bare").chmod(0o755)
    done = make(folder, "venv", "PYTHON=./bare")
    assert done.returncode != 0
    assert "./bare cannot make virtual environments" in done.stdout


def test_packages_are_installed_with_hashes_and_only_when_the_lock_changed(folder: Path) -> None:
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/pip").touch()
    noted = folder / "noted"
    (folder / ".venv/bin/python").write_text(f'#!/bin/sh\necho "$@" >> "{noted}"\n')
    (folder / ".venv/bin/python").chmod(0o755)
    for _ in range(2):
        assert make(folder, "venv").returncode == 0
    (line,) = noted.read_text().splitlines()
    assert "--require-hashes -r requirements/dev.txt" in line
    later = (folder / ".venv/.dev").stat().st_mtime + 10
    os.utime(folder / "requirements/dev.txt", (later, later))
    make(folder, "venv")
    assert len(noted.read_text().splitlines()) == 2


def test_a_failing_stage_fails_the_whole_and_the_others_still_run(folder: Path) -> None:
    (folder / ".venv/bin").mkdir(parents=True)
    for name in ("pip", "ruff", "lint-imports", "djlint", "mypy"):
        (folder / ".venv/bin" / name).write_text("#!/bin/sh\n")
        (folder / ".venv/bin" / name).chmod(0o755)
    for name in (".base", ".dev"):
        (folder / ".venv" / name).touch()
    python = folder / ".venv/bin/python"
    script = '#!/bin/sh\necho "ran $@"\ncase "$*" in *" race") exit 1;; esac\n'
    python.write_text(script)
    python.chmod(0o755)
    done = make(folder, "test")
    assert done.returncode != 0
    assert "Failed: race" in done.stdout
    assert "demo-pages other-pages" in done.stdout
    for pages in ("demo-pages", "other-pages"):
        assert "-m browser" in make(folder, pages).stdout
    python.write_text("#!/bin/sh\n")
    assert make(folder, "test").returncode == 0


def test_ci_runs_make_test_and_nothing_else() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[-1] == "exec make test"


def test_lock_files_hold_hashes_and_no_address() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()
        assert "://" not in text
        pinned = re.findall(r"^[a-z0-9].*$", text, flags=re.MULTILINE | re.IGNORECASE)
        assert pinned
        assert all("==" in line and line.endswith("\\") for line in pinned)

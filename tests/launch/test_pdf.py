"""What PDFs need: found, installed where one may, and never a reason to stop."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from launch import pdf
from tests.architecture.tree import ROOT


def none(_name: str) -> None:
    return None


def everything(name: str) -> str:
    return f"lib{name}.so.0"


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_what_is_there_is_not_installed_again(ran: list[list[str]]) -> None:
    assert pdf.ensure(everything)
    assert ran == []


def test_root_installs_debians(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert not pdf.ensure(none)
    assert "update" in ran[0]
    assert set(pdf.DEBIAN) <= set(ran[1])
    assert "pango-1.0" in capsys.readouterr().err


def test_anybody_else_is_told_and_goes_on(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not pdf.ensure(none)
    assert ran == []
    assert "libharfbuzz-subset0" in capsys.readouterr().err


def test_the_image_has_what_the_launcher_installs() -> None:
    image = Path(ROOT / "Dockerfile").read_text()
    assert [name for name in pdf.DEBIAN if name not in image] == []

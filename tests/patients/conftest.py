"""Shared by this room's tests: where uploads go, and a clinic with its people."""

from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def import_dir(settings: Settings, tmp_path: Path) -> Path:
    """Keep uploads of one test away from every other and from the real folder."""
    settings.IMPORT_DIR = tmp_path / "imports"
    return tmp_path / "imports"

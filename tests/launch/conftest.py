"""A small checkout of its own for each test: the real launcher around a tiny clinic."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launch.real import Checkout

ROOT = Path(__file__).resolve().parents[2]
CLINIC = ROOT / "tests" / "launch" / "clinic"


def copy_checkout(folder: Path) -> Checkout:
    """Put the launcher and the tiny clinic into a folder."""
    bare = shutil.ignore_patterns("__pycache__")
    shutil.copytree(CLINIC, folder, ignore=bare)
    shutil.copytree(ROOT / "launch", folder / "launch", ignore=bare)
    for name in ("env.py", "gunicorn.py"):
        shutil.copy(ROOT / "config" / name, folder / "config" / name)
    return Checkout(folder)


@pytest.fixture
def checkout() -> Iterator[Checkout]:
    """Yield a checkout that anyone may look into; whatever it still runs at the end is killed.

    Its path is short enough for sockets, which pytest's own folders are not always.
    """
    with tempfile.TemporaryDirectory(prefix="c-") as folder:
        Path(folder).chmod(0o755)
        found = copy_checkout(Path(folder) / "checkout")
        yield found
        found.kill_all()


@pytest.fixture
def short_path() -> Iterator[Path]:
    """Yield an empty folder whose path leaves room for a socket's; pytest's own may not."""
    with tempfile.TemporaryDirectory(prefix="s-") as folder:
        yield Path(folder)


@pytest.fixture
def hidden_checkout(tmp_path: Path) -> Iterator[Checkout]:
    """Yield a checkout under a folder that only its owner may enter, far from the root."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    found = copy_checkout(private / ("far" * 25) / "my check out")
    yield found
    found.kill_all()

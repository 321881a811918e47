"""Files on their way to the import: kept out of everybody's sight, and not a moment too long."""

import re
import shutil
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings

KEPT_FOR = timedelta(days=1)  # what a crash left behind is removed after that
UNSAFE = re.compile(r"[^\w.-]+", re.ASCII)


def keep(run_id: UUID, file_name: str, chunks: Iterable[bytes]) -> Path:
    """Write an upload chunk by chunk, readable by this process's user alone."""
    folder = _folder(run_id)
    folder.mkdir(mode=0o700, parents=True)
    path = folder / plain_name(file_name)
    path.touch(mode=0o600)
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
    return path


def plain_name(file_name: str) -> str:
    """Return a name that is safe as the name of a file, with its ending kept."""
    name = UNSAFE.sub("_", Path(file_name).name).lstrip(".")
    return name[-100:] or "upload"


def find(run_id: UUID) -> Path | None:
    """Return the upload of a run, or None when it is not on this machine."""
    folder = _folder(run_id)
    return next(iter(folder.iterdir()), None) if folder.is_dir() else None


def remove(run_id: UUID) -> None:
    """Remove the upload of a run; it may be gone already."""
    shutil.rmtree(_folder(run_id), ignore_errors=True)


def remove_forgotten(now: datetime) -> None:
    """Remove uploads that a crash left behind."""
    root = Path(settings.IMPORT_DIR)
    for folder in root.iterdir() if root.is_dir() else ():
        if folder.stat().st_mtime < (now - KEPT_FOR).timestamp():
            shutil.rmtree(folder, ignore_errors=True)


def _folder(run_id: UUID) -> Path:
    return Path(settings.IMPORT_DIR) / str(run_id)

"""Whether the collected static files are still those of this code: collecting takes seconds."""

import hashlib
from pathlib import Path

from launch.places import Places

SOURCES = (
    "static", "*/static", "requirements/base.txt", "config/settings/*.py",
    "node_modules/.installed",
)  # fmt: skip


def changed(places: Places) -> bool:
    """Whether a source has changed since `note`, or the collected files are gone."""
    try:
        known = _stamp(places).read_text()
    except FileNotFoundError:
        return True
    return known != _fingerprint(places.root)


def note(places: Places) -> None:
    """Remember the sources as they are now."""
    _stamp(places).parent.mkdir(parents=True, exist_ok=True)
    _stamp(places).write_text(_fingerprint(places.root))


def _stamp(places: Places) -> Path:
    return places.root / "var" / "static" / ".sources"


def _fingerprint(root: Path) -> str:
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for source in sorted(set(root.glob(pattern)) - {root / "var" / "static"}):
            for file in [source, *sorted(source.rglob("*"))]:
                found = file.stat()
                digest.update(f"{file} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()

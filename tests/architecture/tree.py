"""The project's own files, for the tests that hold its shape."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "clinical", "core", "clinics", "patients", "reminders", "scheduling", "infusion",
    "reference", "interop",
)  # fmt: skip
CODE = (*ROOMS, "config", "launch")


def modules(*folders: str) -> list[Path]:
    """Return every Python file under `folders`, migrations left out."""
    return sorted(
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts
    )


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))

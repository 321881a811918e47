"""The page of hazards at the chair names only tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "clinical" / "hazards-at-the-chair.md"
ROW = re.compile(r"^\| (H\d+) [^|]+\|[^|]+\|([^|]+)\|$", re.M)


def existing_tests() -> set[str]:
    sources = (path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    return {name for text in sources for name in re.findall(r"def (test_\w+)\(", text)}


def test_every_hazard_names_existing_tests() -> None:
    rows = dict(ROW.findall(PAGE.read_text()))
    assert {"H1", "H2", "H6", "H7", "H10"} <= set(rows)
    exist = existing_tests()
    for hazard, held in rows.items():
        named = set(re.findall(r"`(test_\w+)`", held))
        assert named, hazard
        assert named <= exist, (hazard, named - exist)

"""What lies at a path: which files, in which format, and their items one after another."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from patients.fhir.bundle import read_bundle
from patients.fhir.lines import BYTE_ORDER_MARK
from patients.fhir.ndjson import read_ndjson
from patients.fhir.records import Items, Unusable
from patients.fhir.table import read_table

SUFFIXES = (".ndjson", ".json", ".csv")
HEAD = 64 * 1024
BUNDLE = re.compile(rb'"resourceType"\s*:\s*"Bundle"')

Reader = Callable[[Path], Items]


@dataclass(frozen=True, slots=True)
class Source:
    """Files that can be read again from the start, each with its reader, in order of name."""

    files: tuple[tuple[Path, Reader], ...]

    def items(self) -> Items:
        """Yield what every line or entry of every file ends as. Raises Unusable."""
        for path, read in self.files:
            yield from read(path)


def open_source(path: Path) -> Source:
    """Return the source at `path`: one file, or a folder's *.ndjson, *.json and *.csv.

    Raises Unusable when there is nothing there that can be read.
    """
    if path.is_dir():
        found = sorted(one for one in path.iterdir() if one.suffix.lower() in SUFFIXES)
        if not found:
            raise Unusable(f"{path}: no {', '.join('*' + one for one in SUFFIXES)} in this folder")
    elif path.is_file():
        found = [path]
    else:
        raise Unusable(f"{path}: there is no such file or folder")
    return Source(tuple((one, reader_for(one)) for one in found))


def reader_for(path: Path) -> Reader:
    """Return the reader that fits a file, by its suffix and its first bytes. Raises Unusable."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as exc:
        raise Unusable(f"{path.name}: cannot be opened ({exc.strerror})") from None
    start = head.removeprefix(BYTE_ORDER_MARK).lstrip()
    if not start:
        raise Unusable(f"{path.name}: the file is empty")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unusable(f"{path.name}: not UTF-8 but UTF-16")
    if path.suffix.lower() == ".ndjson":
        return read_ndjson
    if start.startswith(b"{"):
        return _json_reader(path, start)
    if path.suffix.lower() == ".json":
        raise Unusable(f"{path.name}: not a FHIR Bundle")
    return read_table


def _json_reader(path: Path, start: bytes) -> Reader:
    first = _first_line(start)
    if isinstance(first, dict):
        return read_bundle if first.get("resourceType") == "Bundle" else read_ndjson
    if BUNDLE.search(start):
        return read_bundle
    if path.suffix.lower() != ".json" and b"\n" in start:
        return read_ndjson
    raise Unusable(f"{path.name}: not a FHIR Bundle, and not one resource on each line")


def _first_line(start: bytes) -> Any:
    try:
        return orjson.loads(start.partition(b"\n")[0])
    except orjson.JSONDecodeError:
        return None

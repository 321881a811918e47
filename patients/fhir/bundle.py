"""A FHIR Bundle of any size, entry by entry."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import ijson

from patients.fhir.lines import BYTE_ORDER_MARK
from patients.fhir.reading import NOT_A_RESOURCE, UNREADABLE, read_resource
from patients.fhir.records import Items, Place, Refused


def read_bundle(path: Path) -> Items:
    """Yield what each entry ends as. Where the JSON breaks off, one refusal says so."""
    number = 0
    with path.open("rb") as file:
        _skip_byte_order_mark(file)
        try:
            for entry in ijson.items(file, "entry.item"):
                number += 1
                place = Place(path.name, number, "entry")
                if not isinstance(entry, dict) or "resource" not in entry:
                    yield Refused(place, UNREADABLE, NOT_A_RESOURCE)
                else:
                    yield read_resource(_with_id(entry), place, aliases=_alias(entry))
        except (ijson.JSONError, UnicodeDecodeError):
            place = Place(path.name, number + 1, "entry")
            yield Refused(
                place, UNREADABLE, "the Bundle breaks off here: nothing after it could be read"
            )


def _skip_byte_order_mark(file: BinaryIO) -> None:
    if file.read(3) != BYTE_ORDER_MARK:
        file.seek(0)


def _alias(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The id inside a `urn:uuid:` fullUrl: other entries refer to this one by it."""
    full_url = entry.get("fullUrl")
    if isinstance(full_url, str) and full_url.startswith("urn:") and len(full_url) <= 100:
        return (full_url.rpartition(":")[2][:64],)
    return ()


def _with_id(entry: Mapping[str, Any]) -> Any:
    resource = entry["resource"]
    if isinstance(resource, dict) and resource.get("id") is None and _alias(entry):
        return {**resource, "id": _alias(entry)[0]}
    return resource

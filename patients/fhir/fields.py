"""Reading single FHIR elements from JSON that may hold anything at all.

Every function raises NotTaken with the path of the element when its shape or its contents will
not do. The contents themselves are never part of the message: it is shown, logged and kept.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from patients.fhir.records import NotTaken, PatientLink

Json = Mapping[str, Any]

WHOLE_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
REFERENCE = re.compile(r"(?:^|/)Patient/([A-Za-z0-9.\-]{1,64})(?:/_history/.+)?$")
BY_IDENTIFIER = re.compile(r"^Patient\?identifier=[^|]*\|(.+)$")


def text(source: Json, name: str, *, limit: int, path: str = "") -> str | None:
    """Return a string element exactly as it came, or None when it is absent or blank."""
    value = source.get(name)
    where = path or name
    if value is None:
        return None
    if not isinstance(value, str):
        raise NotTaken(f"{where}: not text")
    if not value.strip():
        return None
    return checked(value, where, limit)


def checked(value: str, where: str, limit: int) -> str:
    """Return `value` if it may be kept: not too long, nothing unprintable in it."""
    if len(value) > limit:
        raise NotTaken(f"{where}: longer than {limit} characters")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in value):
        raise NotTaken(f"{where}: holds a control character or a broken one")
    return value


def objects(source: Json, name: str) -> list[Json]:
    """Return a list of objects, empty when absent. A single object stands for a list of one."""
    value = source.get(name)
    if value is None:
        return []
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, dict) for item in items):
        raise NotTaken(f"{name}: not a list of objects")
    return items


def child(source: Json, name: str) -> Json:
    """Return an object element, or an empty one when it is absent."""
    value = source.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise NotTaken(f"{name}: not an object")
    return value


def codings(concept: Json) -> Iterator[tuple[str, str]]:
    """Yield (system, code) of a CodeableConcept, in its own order."""
    for coding in objects(concept, "coding"):
        code = coding.get("code")
        if isinstance(code, str) and code:
            yield str(coding.get("system") or ""), code


def code_of(concept: Json) -> str:
    """Return the first code of a CodeableConcept, or an empty string."""
    return next((code for _system, code in codings(concept)), "")


def display_of(concept: Json, where: str, limit: int) -> str | None:
    """Return a concept's words: its text, else the first display beside a code."""
    words = text(concept, "text", limit=limit, path=where)
    if words is not None:
        return words
    for coding in objects(concept, "coding"):
        words = text(coding, "display", limit=limit, path=where)
        if words is not None:
            return words
    return None


def day(source: Json, name: str) -> date | None:
    """Return the calendar day of a FHIR date or dateTime, as written in its own offset.

    None when absent. A year or a month alone is refused: it is not a day.
    """
    value = source.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not WHOLE_DAY.match(value):
        raise NotTaken(f"{name}: a whole date is needed, as 1988-03-04")
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        raise NotTaken(f"{name}: there is no such day") from None


def day_or_none(source: Json, name: str) -> date | None:
    """Return the calendar day of a date, or None when it is absent or not whole."""
    try:
        return day(source, name)
    except NotTaken:
        return None


def moment(source: Json, name: str) -> datetime | date | None:
    """Return an instant in UTC, or a day when no time of day was given; None when absent."""
    value = source.get(name)
    if value is None:
        return None
    found = day(source, name)
    assert found is not None
    if len(value) == 10:
        return found
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise NotTaken(f"{name}: not a date and time") from None
    if instant.tzinfo is None:
        raise NotTaken(f"{name}: a time needs its offset from UTC")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise NotTaken(f"{name}: there is no such day") from None


def decimal(source: Json, name: str, *, path: str = "") -> Decimal | None:
    """Return an exact number, or None when absent. 14 digits, of which 4 after the point."""
    value = source.get(name)
    where = path or name
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise NotTaken(f"{where}: not a number")
    number = Decimal(str(value))
    if not number.is_finite() or abs(number) >= Decimal(10) ** 10:
        raise NotTaken(f"{where}: not a number that can be kept")
    kept = number.quantize(Decimal("0.0001"))
    if kept != number:
        raise NotTaken(f"{where}: more than four digits after the point")
    return kept


def source_id(resource: Json) -> str:
    """Return the resource's logical id, which makes a second import recognise it."""
    found = text(resource, "id", limit=64)
    if found is None:
        raise NotTaken("id: missing, so it could not be recognised a second time")
    return found


def patient_link(resource: Json, name: str) -> PatientLink:
    """Return how `name` (patient or subject) points at a person."""
    reference = child(resource, name)
    literal = text(reference, "reference", limit=500, path=f"{name}.reference")
    if literal is not None:
        return _literal_link(literal, name)
    value = text(child(reference, "identifier"), "value", limit=64, path=f"{name}.identifier")
    if value is None:
        raise NotTaken(f"{name}: does not say which patient")
    return PatientLink("mrn", value)


def _literal_link(literal: str, name: str) -> PatientLink:
    if literal.startswith("urn:"):
        return PatientLink("id", checked(literal.rpartition(":")[2], f"{name}.reference", 64))
    if found := REFERENCE.search(literal):
        return PatientLink("id", found.group(1))
    if found := BY_IDENTIFIER.match(literal):
        return PatientLink("mrn", checked(found.group(1), f"{name}.reference", 64))
    raise NotTaken(f"{name}.reference: not a reference to a patient")

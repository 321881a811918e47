"""One parsed resource, of any type, to what the import makes of it."""

from collections.abc import Callable
from typing import Any

from patients.fhir.facts import read_allergy, read_condition, read_vaccination
from patients.fhir.fields import Json
from patients.fhir.patient import read_patient
from patients.fhir.records import Item, NotOurs, NotTaken, Place, Record, Refused, Skipped
from patients.fhir.result import read_result

UNREADABLE = "(unreadable)"
NOT_A_RESOURCE = "not a FHIR resource"
NOT_TAKEN_HERE = "not a resource this import takes"

READERS: dict[str, Callable[[Json, Place], Record]] = {
    "Patient": read_patient,
    "AllergyIntolerance": read_allergy,
    "Immunization": read_vaccination,
    "Observation": read_result,
    "Condition": read_condition,
}


def read_resource(value: Any, place: Place, *, aliases: tuple[str, ...] = ()) -> Item:
    """Return the record, or the refusal or skip that `value` ends as. Never raises for bad input.

    `aliases` are other ids under which facts may point at this resource (a Bundle's fullUrl).
    """
    kind = value.get("resourceType") if isinstance(value, dict) else None
    if not isinstance(kind, str) or not kind.isalpha() or len(kind) > 40:
        return Refused(place, UNREADABLE, NOT_A_RESOURCE)
    reader = READERS.get(kind)
    if reader is None:
        return Skipped(place, kind, NOT_TAKEN_HERE)
    try:
        if kind == "Patient":
            return read_patient(value, place, aliases)
        return reader(value, place)
    except NotTaken as exc:
        return Refused(place, kind, str(exc))
    except NotOurs as exc:
        return Skipped(place, kind, str(exc))

"""FHIR R4 Patient to a patient record.

The record number is, in this order: an identifier of type MR (HL7 v2 table 0203); an identifier
whose use is `usual`; the only identifier there is. Identifiers that are marked `old`, and social
security, driver's licence and passport numbers, never count.
"""

from datetime import date

from patients.fhir.fields import (
    Json,
    checked,
    child,
    code_of,
    codings,
    day,
    day_or_none,
    objects,
    source_id,
    text,
)
from patients.fhir.records import NotTaken, PatientRecord, Place

MRN_LIMIT = 64
NAME_LIMIT = 120
NEVER_A_RECORD_NUMBER = frozenset({"SS", "DL", "PPN"})
NAME_USES = ("official", "usual", None, "temp", "nickname", "anonymous")
SEXES = frozenset({"female", "male", "other", "unknown"})


def read_patient(resource: Json, place: Place, aliases: tuple[str, ...] = ()) -> PatientRecord:
    """Return the person in `resource`. Raises NotTaken. `aliases` are further ids it goes by."""
    if resource.get("active") is False and child(resource, "link"):
        raise NotTaken("active: the record was replaced by another one")
    born = day(resource, "birthDate")
    if born is None:
        raise NotTaken("birthDate: missing")
    family, given, title = _name(resource)
    died, died_on = _death(resource, born)
    return PatientRecord(
        place=place,
        mrn=_record_number(resource),
        source_ids=tuple(dict.fromkeys((source_id(resource), *aliases))),
        family_name=family,
        given_names=given,
        title=title,
        birth_date=born,
        sex=_sex(resource),
        died=died,
        died_on=died_on,
        language=_language(resource),
        telephone=_telecom(resource, "phone", 40),
        email=_email(resource),
    )


def _record_number(resource: Json) -> str:
    current = [one for one in objects(resource, "identifier") if one.get("use") != "old"]
    typed = [(_types(one), one) for one in current]
    candidates = (
        [one for types, one in typed if "MR" in types]
        or [one for types, one in typed if one.get("use") == "usual"]
        or (current if len(current) == 1 else [])
    )
    for one in candidates:
        if _types(one) & NEVER_A_RECORD_NUMBER:
            continue
        value = text(one, "value", limit=MRN_LIMIT, path="identifier.value")
        if value is not None:
            return value
    raise NotTaken("identifier: no medical record number")


def _types(identifier: Json) -> set[str]:
    return {code for _system, code in codings(child(identifier, "type"))}


def _name(resource: Json) -> tuple[str, str, str | None]:
    names = objects(resource, "name")
    for use in NAME_USES:
        for name in names:
            if name.get("use") == use:
                found = _parts(name)
                if found[0] or found[1]:
                    return found
    raise NotTaken("name: missing")


def _parts(name: Json) -> tuple[str, str, str | None]:
    family = text(name, "family", limit=NAME_LIMIT, path="name.family") or ""
    given = _joined(name, "given", NAME_LIMIT) or ""
    if not family and not given:
        family = text(name, "text", limit=NAME_LIMIT, path="name.text") or ""
    return family, given, _joined(name, "prefix", 20)


def _joined(name: Json, part: str, limit: int) -> str | None:
    value = name.get(part)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise NotTaken(f"name.{part}: not a list of texts")
    words = " ".join(one for one in value if one.strip())
    return checked(words, f"name.{part}", limit) if words else None


def _sex(resource: Json) -> str | None:
    value = resource.get("gender")
    if value is None:
        return None
    if not isinstance(value, str) or value not in SEXES:
        raise NotTaken("gender: not one of female, male, other, unknown")
    return value


def _death(resource: Json, born: date) -> tuple[bool | None, date | None]:
    if "deceasedDateTime" in resource:
        died_on = day_or_none(resource, "deceasedDateTime")
        if died_on is not None and died_on < born:
            raise NotTaken("deceasedDateTime: before birthDate")
        return True, died_on
    value = resource.get("deceasedBoolean")
    if value is not None and not isinstance(value, bool):
        raise NotTaken("deceasedBoolean: not true or false")
    return value, None


def _language(resource: Json) -> str | None:
    spoken = objects(resource, "communication")
    spoken = [one for one in spoken if one.get("preferred") is True] or spoken
    for one in spoken:
        code = code_of(child(one, "language"))
        if code:
            return checked(code, "communication.language", 10)
    return None


def _telecom(resource: Json, system: str, limit: int) -> str | None:
    points = [
        one
        for one in objects(resource, "telecom")
        if one.get("system") == system and one.get("use") != "old"
    ]
    points.sort(key=lambda one: (one.get("use") != "mobile", _rank(one)))
    for one in points:
        value = text(one, "value", limit=limit, path=f"telecom.{system}")
        if value is not None:
            return value
    return None


def _rank(point: Json) -> int:
    rank = point.get("rank")
    return rank if isinstance(rank, int) else 1_000


def _email(resource: Json) -> str | None:
    value = _telecom(resource, "email", 254)
    if value is not None and ("@" not in value or " " in value):
        raise NotTaken("telecom.email: not an e-mail address")
    return value

"""Patients as CSV: the header below, one person a line, no line breaks inside a field."""

import csv
from datetime import date
from pathlib import Path

from patients.fhir.fields import checked, day
from patients.fhir.lines import lines
from patients.fhir.patient import MRN_LIMIT, NAME_LIMIT, SEXES
from patients.fhir.records import Items, NotTaken, PatientRecord, Place, Refused, Unusable

REQUIRED = ("mrn", "family_name", "given_names", "birth_date")
OPTIONAL = ("title", "sex", "deceased", "language", "telephone", "email")
HEADER = REQUIRED + OPTIONAL
LIMITS = {
    "mrn": MRN_LIMIT, "family_name": NAME_LIMIT, "given_names": NAME_LIMIT, "birth_date": 10,
    "title": 20, "sex": 8, "deceased": 10, "language": 10, "telephone": 40, "email": 254,
}  # fmt: skip
TRUTH = {"yes": True, "no": False}


def read_table(path: Path) -> Items:
    """Yield what each line ends as. Raises Unusable when the header is not the documented one."""
    numbered = lines(path)
    columns, delimiter = _header(path, next(numbered, (0, b""))[1])
    for number, line in numbered:
        place = Place(path.name, number)
        if line is None:
            yield Refused(place, "Patient", "the line is too long")
            continue
        try:
            yield _person(_row(line, columns, delimiter), place)
        except NotTaken as exc:
            yield Refused(place, "Patient", str(exc))


def _header(path: Path, line: bytes | None) -> tuple[list[str], str]:
    text = (line or b"").decode("utf-8", "replace")
    delimiter = ";" if text.count(";") > text.count(",") else ","
    columns = [name.strip().strip('"').strip().lower() for name in text.split(delimiter)]
    missing = [name for name in REQUIRED if name not in columns]
    # A file without a header would put a person's data here: name positions, not contents.
    unknown = [str(n) for n, name in enumerate(columns, 1) if name not in HEADER]
    if missing:
        raise Unusable(f"{path.name}: the header lacks {', '.join(missing)}")
    if unknown:
        raise Unusable(f"{path.name}: column {', '.join(unknown)} of the header is not a known one")
    if len(set(columns)) != len(columns):
        raise Unusable(f"{path.name}: the header names a column twice")
    return columns, delimiter


def _row(line: bytes, columns: list[str], delimiter: str) -> dict[str, str | None]:
    try:
        cells = next(csv.reader([line.decode()], delimiter=delimiter, strict=True))
    except UnicodeDecodeError:
        raise NotTaken("not UTF-8") from None
    except csv.Error:
        raise NotTaken("a quote is open, or stands where none may") from None
    if len(cells) != len(columns):
        raise NotTaken(f"{len(cells)} fields where the header has {len(columns)}")
    return {
        name: checked(cell.strip(), name, LIMITS[name]) or None
        for name, cell in zip(columns, cells, strict=True)
    }


def _person(row: dict[str, str | None], place: Place) -> PatientRecord:
    mrn, born = row["mrn"], day(row, "birth_date")
    if mrn is None:
        raise NotTaken("mrn: missing")
    if born is None:
        raise NotTaken("birth_date: missing")
    if not row["family_name"] and not row["given_names"]:
        raise NotTaken("family_name: missing, and no given_names either")
    died, died_on = _death(row, born)
    return PatientRecord(
        place=place,
        mrn=mrn,
        source_ids=(),
        family_name=row["family_name"] or "",
        given_names=row["given_names"] or "",
        title=row.get("title"),
        birth_date=born,
        sex=_sex(row),
        died=died,
        died_on=died_on,
        language=row.get("language"),
        telephone=row.get("telephone"),
        email=_email(row),
    )


def _death(row: dict[str, str | None], born: date) -> tuple[bool | None, date | None]:
    value = row.get("deceased")
    if value is None or value.lower() in TRUTH:
        return TRUTH.get((value or "").lower()), None
    died_on = day(row, "deceased")
    if died_on is not None and died_on < born:
        raise NotTaken("deceased: before birth_date")
    return True, died_on


def _sex(row: dict[str, str | None]) -> str | None:
    sex = (row.get("sex") or "").lower() or None
    if sex is not None and sex not in SEXES:
        raise NotTaken(f"sex: not one of {', '.join(sorted(SEXES))}")
    return sex


def _email(row: dict[str, str | None]) -> str | None:
    email = row.get("email")
    if email is not None and ("@" not in email or " " in email):
        raise NotTaken("email: not an e-mail address")
    return email

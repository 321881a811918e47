"""What an import line becomes: a typed record, a named refusal, or a named skip."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stood: a file's name and its line, or the entry of a Bundle."""

    file: str
    number: int
    unit: Literal["line", "entry"] = "line"

    def __str__(self) -> str:
        return f"{self.file}:{'' if self.unit == 'line' else 'entry '}{self.number}"


@dataclass(frozen=True, slots=True)
class PatientLink:
    """How a fact names its patient: by the source's logical id, or by record number."""

    kind: Literal["id", "mrn"]
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRecord:
    """One person. A field that is None was not mentioned, and changes nothing here.

    `died` False takes back a death; `died_on` None beside `died` True means the day is not told.
    """

    place: Place
    mrn: str
    source_ids: tuple[str, ...]
    family_name: str
    given_names: str
    title: str | None
    birth_date: date
    sex: str | None
    died: bool | None
    died_on: date | None
    language: str | None
    telephone: str | None
    email: str | None
    resource: str = "Patient"


@dataclass(frozen=True, slots=True, kw_only=True)
class AllergyRecord:
    """One allergy, or the statement that there is none or that nobody can say."""

    place: Place
    patient: PatientLink
    source_id: str
    substance: str
    code_system: str
    code: str
    criticality: str
    clinical_status: str
    recorded_on: date | None
    resource: str = "AllergyIntolerance"


@dataclass(frozen=True, slots=True, kw_only=True)
class VaccinationRecord:
    """One vaccine. `is_live` is None when its CVX code is not in the table."""

    place: Place
    patient: PatientLink
    source_id: str
    cvx: str
    name: str
    is_live: bool | None
    status: str
    occurred_on: date
    resource: str = "Immunization"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRecord:
    """One laboratory result. A collection day without a time belongs to the clinic's zone."""

    place: Place
    patient: PatientLink
    source_id: str
    loinc: str
    label: str
    value: Decimal | None
    finding: str
    unit: str
    reference_low: Decimal | None
    reference_high: Decimal | None
    collected: datetime | date
    resource: str = "Observation"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionRecord:
    """One state that a rule asks about, from a day until a day."""

    place: Place
    patient: PatientLink
    source_id: str
    kind: str
    from_date: date
    until_date: date | None
    resource: str = "Condition"


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that could not be taken. The reason names fields, never what stood in them."""

    place: Place
    resource: str
    reason: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A line that was understood and is not ours to keep."""

    place: Place
    resource: str
    reason: str


Fact: TypeAlias = AllergyRecord | VaccinationRecord | ResultRecord | ConditionRecord
Record: TypeAlias = PatientRecord | Fact
Item: TypeAlias = Record | Refused | Skipped
Items: TypeAlias = Iterator[Item]


class NotTaken(Exception):
    """Raised while reading a line whose contents cannot be taken. Carries the reason."""


class NotOurs(Exception):
    """Raised while reading a line that this import leaves out on purpose. Carries the reason."""


class Unusable(Exception):
    """The input as a whole cannot be read. The message is one line for the person who asked."""

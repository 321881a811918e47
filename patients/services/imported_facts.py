"""Imported allergies, vaccinations, results and conditions of people who are already here."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from clinics.models import Clinic
from core import audit
from core.actor import Actor
from core.db import joins
from core.locks import lock_rows
from core.zones import day_span
from patients.fhir.records import (
    AllergyRecord,
    ConditionRecord,
    Fact,
    ResultRecord,
    VaccinationRecord,
)
from patients.models import Allergy, Condition, Patient, SourceLink, TestResult, Vaccination
from patients.services.allergies import settle_allergy_status
from patients.services.tally import BatchResult, Outcome

Values: TypeAlias = dict[str, Any]
Owned: TypeAlias = list[tuple[UUID, Fact]]


@dataclass(frozen=True, slots=True)
class _Table:
    """Where one type of fact is kept, which fields come from the source, which are set once."""

    model: type[Any]
    columns: tuple[str, ...]
    on_creation: Callable[[Actor, datetime], Values] = lambda actor, now: {}


def _recorded(actor: Actor, now: datetime) -> Values:
    return {"recorded_at": now, "recorded_by_id": actor.user_id}


TABLES: dict[type[Any], _Table] = {
    AllergyRecord: _Table(
        Allergy,
        ("substance", "code_system", "code", "criticality", "clinical_status", "recorded_on"),
    ),
    VaccinationRecord: _Table(Vaccination, ("cvx", "name", "is_live", "status", "occurred_on")),
    ResultRecord: _Table(
        TestResult,
        (
            "loinc",
            "label",
            "value",
            "finding",
            "unit",
            "reference_low",
            "reference_high",
            "collected_at",
        ),
    ),
    ConditionRecord: _Table(Condition, ("kind", "from_date", "until_date"), _recorded),
}


@dataclass(frozen=True, slots=True)
class _Job:
    """One batch: where, by whom, when, and how its records ended."""

    clinic: Clinic
    actor: Actor
    now: datetime
    result: BatchResult = field(default_factory=BatchResult)


@joins
def import_facts(
    records: Sequence[Fact], *, clinic: Clinic, actor: Actor, now: datetime
) -> BatchResult:
    """Create or update the facts in `records`; the number of statements does not grow with them.

    Must be given each source id once per patient. Facts of people unknown here are refused.
    """
    job = _Job(clinic, actor, now)
    owned = _owned(records, job)
    lock_rows(Patient.objects.filter(pk__in={patient_id for patient_id, _record in owned}))
    written: dict[UUID, dict[str, list[str]]] = defaultdict(dict)
    for kind, table in TABLES.items():
        mine = [(patient_id, record) for patient_id, record in owned if isinstance(record, kind)]
        if mine:
            for patient_id, ids in _upsert(table, mine, job).items():
                written[patient_id][table.model.__name__] = ids
    if written:
        audit.record_many(
            "patient.facts_imported", written, subject_type=Patient, actor=actor, now=now
        )
    touched = [patient_id for patient_id, kinds in written.items() if Allergy.__name__ in kinds]
    settle_allergy_status(touched, actor=actor, now=now)
    return job.result


def _owned(records: Sequence[Fact], job: _Job) -> Owned:
    """Pair each record with its patient's id; refuse those whose patient is not here."""
    links = SourceLink.objects.filter(clinic=job.clinic, source_id__in=_linked(records, "id"))
    by_id = dict(links.values_list("source_id", "patient_id"))
    people = Patient.objects.filter(clinic=job.clinic, mrn__in=_linked(records, "mrn"))
    by_mrn = dict(people.values_list("mrn", "pk"))
    owned: Owned = []
    for record in records:
        link = record.patient
        patient_id = (by_id if link.kind == "id" else by_mrn).get(link.value)
        if patient_id is None:
            job.result.refuse(record, "patient: not known here, and not taken from this import")
        else:
            owned.append((patient_id, record))
    return owned


def _linked(records: Iterable[Fact], kind: str) -> set[str]:
    return {record.patient.value for record in records if record.patient.kind == kind}


def _upsert(table: _Table, owned: Owned, job: _Job) -> dict[UUID, list[str]]:
    """Write one table's facts and return the ids written, by patient."""
    rows = table.model.objects
    known = {
        (row.patient_id, row.source_id): row
        for row in rows.filter(
            patient_id__in={patient_id for patient_id, _record in owned},
            source_id__in={record.source_id for _patient_id, record in owned},
        )
    }
    created, updated = [], []
    for patient_id, record in owned:
        told = _told(table, record, job.clinic)
        row = known.get((patient_id, record.source_id))
        if row is None:
            fields = told | table.on_creation(job.actor, job.now)
            created.append(table.model(patient_id=patient_id, source_id=record.source_id, **fields))
            job.result.count(record, Outcome.CREATED)
        elif _differs(row, told):
            updated.append(row)
            job.result.count(record, Outcome.UPDATED)
        else:
            job.result.count(record, Outcome.UNCHANGED)
    if created:
        rows.bulk_create(created)
    if updated:
        rows.bulk_update(updated, table.columns)
    written: dict[UUID, list[str]] = defaultdict(list)
    for row in [*created, *updated]:
        written[row.patient_id].append(str(row.pk))
    return written


def _told(table: _Table, record: Fact, clinic: Clinic) -> Values:
    told = {name: getattr(record, name) for name in table.columns if name != "collected_at"}
    if isinstance(record, ResultRecord):
        collected = record.collected
        # A day without a time of day begins at midnight on the clinic's wall.
        told["collected_at"] = (
            collected
            if isinstance(collected, datetime)
            else day_span(collected, clinic.time_zone)[0]
        )
    return told


def _differs(row: Any, told: Values) -> bool:
    changed = [name for name, value in told.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, told[name])
    return bool(changed)

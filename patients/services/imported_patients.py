"""Imported people: recognised by record number, written only where something differs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from clinics.models import Clinic
from core import audit
from core.actor import Actor
from core.db import joins
from core.locks import lock_rows
from core.zones import local_date
from patients.fhir.records import PatientRecord
from patients.models import Patient, SourceLink
from patients.services.tally import BatchResult, Outcome

EARLIEST_BIRTH = date(1850, 1, 1)
COPIED = (
    "family_name", "given_names", "title", "birth_date", "sex", "language", "telephone", "email",
)  # fmt: skip


@dataclass(slots=True)
class _Work:
    created: list[Patient] = field(default_factory=list)
    changed: dict[UUID, tuple[Patient, list[str]]] = field(default_factory=dict)
    links: list[SourceLink] = field(default_factory=list)


@joins
def import_patients(
    records: Sequence[PatientRecord], *, clinic: Clinic, actor: Actor, now: datetime
) -> BatchResult:
    """Create or update the people in `records`; the number of statements does not grow with them.

    Must be given each record number once. A field the source does not mention stays as it is here.
    """
    result, work = BatchResult(), _Work()
    known = {
        patient.mrn: patient
        for patient in lock_rows(
            Patient.objects.filter(clinic=clinic, mrn__in=[one.mrn for one in records])
        )
    }
    links = _links(clinic, records)
    today = local_date(now, clinic.time_zone)
    for record in records:
        patient = known.get(record.mrn)
        reason = _why_not(record, patient, links, today)
        if reason is not None:
            result.refuse(record, reason)
            continue
        patient, outcome = _taken(record, patient, clinic, now, work)
        result.count(record, outcome)
        work.links += [
            SourceLink(clinic=clinic, source_id=source_id, patient=patient)
            for source_id in record.source_ids
            if source_id not in links
        ]
    _write(work, actor, now)
    return result


def _links(clinic: Clinic, records: Iterable[PatientRecord]) -> dict[str, UUID]:
    source_ids = [source_id for record in records for source_id in record.source_ids]
    return dict(
        SourceLink.objects.filter(clinic=clinic, source_id__in=source_ids).values_list(
            "source_id", "patient_id"
        )
    )


def _why_not(
    record: PatientRecord, patient: Patient | None, links: dict[str, UUID], today: date
) -> str | None:
    if record.birth_date > today:
        return "birthDate: in the future"
    if record.birth_date < EARLIEST_BIRTH:
        return f"birthDate: before {EARLIEST_BIRTH.year}"
    if record.died_on is not None and record.died_on > today:
        return "deceasedDateTime: in the future"
    owners = {links[source_id] for source_id in record.source_ids if source_id in links}
    if owners - ({patient.pk} if patient else set()):
        return "id: known here under another medical record number"
    return None


def _taken(
    record: PatientRecord, patient: Patient | None, clinic: Clinic, now: datetime, work: _Work
) -> tuple[Patient, Outcome]:
    if patient is None:
        patient = Patient(clinic=clinic, mrn=record.mrn, updated_at=now)
        _apply(record, patient)
        work.created.append(patient)
        return patient, Outcome.CREATED
    changed = _apply(record, patient)
    if not changed:
        return patient, Outcome.UNCHANGED
    patient.version += 1
    patient.updated_at = now
    work.changed[patient.pk] = patient, changed
    return patient, Outcome.UPDATED


def _apply(record: PatientRecord, patient: Patient) -> list[str]:
    """Set what the record mentions and return the names of the fields that differed."""
    told: dict[str, Any] = {name: getattr(record, name) for name in COPIED}
    told = {name: value for name, value in told.items() if value is not None}
    if record.died is not None:
        told["deceased_on"] = _day_of_death(record, patient)
        told["deceased_undated"] = record.died and told["deceased_on"] is None
    changed = [name for name, value in told.items() if getattr(patient, name) != value]
    for name in changed:
        setattr(patient, name, told[name])
    return changed


def _day_of_death(record: PatientRecord, patient: Patient) -> date | None:
    # A source that only says "deceased" does not take away a day that is known here.
    if record.died and record.died_on is None:
        return patient.deceased_on
    return record.died_on


def _write(work: _Work, actor: Actor, now: datetime) -> None:
    if work.created:
        Patient.objects.bulk_create(work.created)
        details = {patient.pk: {"how": "import"} for patient in work.created}
        audit.record_many("patient.created", details, subject_type=Patient, actor=actor, now=now)
    if work.changed:
        names = {name for _patient, fields in work.changed.values() for name in fields}
        Patient.objects.bulk_update(
            [patient for patient, _fields in work.changed.values()],
            [*sorted(names), "version", "updated_at"],
        )
        changes = {
            key: {"how": "import", "fields": fields}
            for key, (_patient, fields) in work.changed.items()
        }
        audit.record_many("patient.updated", changes, subject_type=Patient, actor=actor, now=now)
    if work.links:
        SourceLink.objects.bulk_create(work.links)

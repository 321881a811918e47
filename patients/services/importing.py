"""Importing records: each batch is one command, and no record can take another one with it."""

from collections.abc import Sequence
from datetime import datetime

from django.db import DataError, Error, IntegrityError, transaction

from clinics.models import Clinic
from clinics.permissions import PATIENTS_IMPORT
from core.actor import Actor
from core.db import command, joins, sqlstate
from patients.fhir.records import Fact, PatientRecord, Record
from patients.services.imported_facts import import_facts
from patients.services.imported_patients import import_patients
from patients.services.tally import BatchResult


@command
def import_batch(*, records: Sequence[Record], actor: Actor, now: datetime) -> BatchResult:
    """Import one batch, people or facts, each identifier at most once in it.

    A record the database refuses is refused by itself. Raises Forbidden without the permission.
    """
    return write_batch(records=records, actor=actor, now=now)


@joins
def write_batch(*, records: Sequence[Record], actor: Actor, now: datetime) -> BatchResult:
    """Do what import_batch does, inside the caller's command."""
    actor.require(PATIENTS_IMPORT)
    clinic = Clinic.objects.get(pk=actor.clinic_id)
    return _halving(list(records), clinic, actor, now)


def _halving(records: list[Record], clinic: Clinic, actor: Actor, now: datetime) -> BatchResult:
    """Write `records`; when the database refuses them, each half by itself, down to the culprit."""
    try:
        with transaction.atomic():
            return _write(records, clinic, actor, now)
    except (IntegrityError, DataError) as exc:
        result = BatchResult()
        if len(records) == 1:
            result.refuse(records[0], _database_reason(exc))
            return result
    middle = len(records) // 2
    for half in (records[:middle], records[middle:]):
        result.add(_halving(half, clinic, actor, now))
    return result


def _write(records: Sequence[Record], clinic: Clinic, actor: Actor, now: datetime) -> BatchResult:
    people = [one for one in records if isinstance(one, PatientRecord)]
    facts: list[Fact] = [one for one in records if not isinstance(one, PatientRecord)]
    result = BatchResult()
    if people:
        result.add(import_patients(people, clinic=clinic, actor=actor, now=now))
    if facts:
        result.add(import_facts(facts, clinic=clinic, actor=actor, now=now))
    return result


def _database_reason(exc: Error) -> str:
    diag = getattr(exc.__cause__, "diag", None)
    name = getattr(diag, "constraint_name", None)
    return f"refused by the database ({name or sqlstate(exc) or 'value cannot be kept'})"

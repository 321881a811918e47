"""What an API client reads of patients: rows as values, one statement a page, recorded."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet, Subquery

from core import audit
from core.actor import Actor
from core.errors import NotFound
from patients.models import Patient


class PatientRow(NamedTuple):
    """One patient as a list shows them."""

    id: UUID
    mrn: str
    family_name: str
    given_names: str
    birth_date: date
    version: int
    title: str
    sex: str
    deceased_on: date | None
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientsAsked:
    """Which patients; None asks for any. Names match from their beginning, whatever the case."""

    mrn: str | None = None
    family_name: str | None = None
    given_names: str | None = None
    birth_date: date | None = None
    updated_since: datetime | None = None

    def conditions(self) -> Q:
        """Return what the rows must satisfy, besides being the clinic's."""
        wanted = {
            "mrn": self.mrn,
            "family_name__istartswith": self.family_name,
            "given_names__istartswith": self.given_names,
            "birth_date": self.birth_date,
            "updated_at__gte": self.updated_since,
        }
        return Q(**{lookup: value for lookup, value in wanted.items() if value is not None})


def page_of_patients(
    asked: PatientsAsked, *, after: UUID | None, limit: int, actor: Actor, now: datetime
) -> tuple[list[PatientRow], bool]:
    """Return up to `limit` patients by name, and whether more follow; one statement, recorded.

    `after` is the last patient of the page before. The position is looked up by that id inside
    the statement, so that no name has to travel in an address.
    """
    rows = Patient.objects.filter(asked.conditions(), clinic_id=actor.clinic_id)
    rows = rows.order_by("family_name", "given_names", "id")
    if after is not None:
        rows = rows.filter(_behind(after, actor))
    found = audit.audited_rows(
        rows.values_list(*PatientRow._fields)[: limit + 1],
        patient_column=0,
        actor=actor,
        now=now,
        page="api patients",
        shown=limit,
    )
    return [PatientRow._make(row) for row in found[:limit]], len(found) > limit


def patient_record(patient_id: UUID, *, actor: Actor, now: datetime) -> Patient:
    """Return one patient. Raises NotFound for one who is not the clinic's; a read is recorded."""
    patient = Patient.objects.filter(clinic_id=actor.clinic_id, pk=patient_id).first()
    if patient is None:
        raise NotFound
    audit.record_read(
        subject=patient, patient_id=patient.pk, actor=actor, now=now, page="api patient"
    )
    return patient


def _behind(last: UUID, actor: Actor) -> Q:
    """Later than `last` by (family name, given names, id); the first term is for the index."""
    shown: QuerySet[Patient] = Patient.objects.filter(pk=last, clinic_id=actor.clinic_id)
    family = Subquery(shown.values("family_name"))
    given = Subquery(shown.values("given_names"))
    return Q(family_name__gte=family) & (
        Q(family_name__gt=family) | Q(given_names__gt=given) | Q(given_names=given, id__gt=last)
    )

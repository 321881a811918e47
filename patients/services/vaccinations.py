"""Vaccines: recorded when given or planned, and what became of the planned ones."""

from datetime import date, datetime
from uuid import UUID, uuid4

from clinics.permissions import FACTS_RECORD
from core import audit
from core.actor import Actor
from core.db import command
from core.errors import Conflict, Invalid, NotFound
from patients.facts_checked import today_of, words
from patients.models import Vaccination
from patients.services.records import take_patient


@command
def record_vaccination(
    *,
    patient_id: UUID,
    name: str,
    is_live: bool | None,
    status: str,
    occurred_on: date,
    actor: Actor,
    now: datetime,
) -> Vaccination:
    """Record a vaccine given on a day gone by, or planned for one to come."""
    patient = take_patient(patient_id, FACTS_RECORD, actor=actor)
    _check_day_of(status, occurred_on, today_of(actor, now))
    vaccination = Vaccination.objects.create(
        patient=patient,
        source_id=str(uuid4()),
        name=words(name, "name", 200),
        is_live=is_live,
        status=status,
        occurred_on=occurred_on,
    )
    audit.record("vaccination.recorded", vaccination, actor=actor, now=now, patient_id=patient.pk)
    return vaccination


@command
def settle_vaccination(
    *, vaccination_id: UUID, status: str, occurred_on: date, actor: Actor, now: datetime
) -> Vaccination:
    """Say of a planned vaccine that it was given, on which day, or not done."""
    vaccination = Vaccination.objects.filter(
        pk=vaccination_id, patient__clinic_id=actor.clinic_id
    ).first()
    if vaccination is None:
        raise NotFound
    take_patient(vaccination.patient_id, FACTS_RECORD, actor=actor)
    vaccination.refresh_from_db()
    if vaccination.status != Vaccination.Status.PLANNED:
        raise Conflict("This vaccination is not planned any more.")
    if status == Vaccination.Status.PLANNED:
        raise Invalid("Say what became of it.", {"status": ["Given or not done."]})
    _check_day_of(status, occurred_on, today_of(actor, now))
    vaccination.status, vaccination.occurred_on = status, occurred_on
    vaccination.save(update_fields=["status", "occurred_on"])
    audit.record(
        "vaccination.settled", vaccination, actor=actor, now=now,
        patient_id=vaccination.patient_id, status=status,
    )  # fmt: skip
    return vaccination


def _check_day_of(status: str, occurred_on: date, today: date) -> None:
    if status not in Vaccination.Status.values:
        raise Invalid("No such state.", {"status": ["Choose one of the list."]})
    if status == Vaccination.Status.PLANNED and occurred_on < today:
        raise Invalid("Gone by.", {"occurred_on": ["A plan is for today or later."]})
    if status == Vaccination.Status.GIVEN and occurred_on > today:
        raise Invalid("Not yet.", {"occurred_on": ["This day is still to come."]})

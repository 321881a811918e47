"""States that rules ask about: begun on a day, ended on another, never rewritten."""

from datetime import date, datetime
from uuid import UUID, uuid4

from clinics.permissions import FACTS_RECORD
from core import audit
from core.actor import Actor
from core.db import command
from core.errors import Conflict, Invalid, NotFound
from patients.facts_checked import today_of
from patients.models import Condition
from patients.services.records import take_patient


@command
def begin_condition(
    *, patient_id: UUID, kind: str, from_date: date, actor: Actor, now: datetime
) -> Condition:
    """Record a state that lasts from a day on. Raises Conflict when the same one is open."""
    patient = take_patient(patient_id, FACTS_RECORD, actor=actor)
    if kind not in Condition.Kind.values:
        raise Invalid("No such condition.", {"kind": ["Choose one of the list."]})
    if from_date > today_of(actor, now):
        raise Invalid("Not yet.", {"from_date": ["This day is still to come."]})
    if patient.conditions.filter(kind=kind, until_date__isnull=True).exists():
        raise Conflict("The same condition is already recorded and has not ended.")
    condition = Condition.objects.create(
        patient=patient,
        source_id=str(uuid4()),
        kind=kind,
        from_date=from_date,
        recorded_at=now,
        recorded_by_id=actor.user_id,
    )
    audit.record("condition.begun", condition, actor=actor, now=now, patient_id=patient.pk)
    return condition


@command
def end_condition(
    *, condition_id: UUID, until_date: date, actor: Actor, now: datetime
) -> Condition:
    """Record the last day of a condition. Raises Conflict when it has one already."""
    condition = Condition.objects.filter(
        pk=condition_id, patient__clinic_id=actor.clinic_id
    ).first()
    if condition is None:
        raise NotFound
    take_patient(condition.patient_id, FACTS_RECORD, actor=actor)
    condition.refresh_from_db()
    if condition.until_date is not None:
        raise Conflict("This condition was ended before.")
    if not condition.from_date <= until_date <= today_of(actor, now):
        problem = {"until_date": ["Not between its first day and today."]}
        raise Invalid("Not a day it can have ended on.", problem)
    condition.until_date = until_date
    condition.save(update_fields=["until_date"])
    audit.record(
        "condition.ended", condition, actor=actor, now=now, patient_id=condition.patient_id
    )
    return condition

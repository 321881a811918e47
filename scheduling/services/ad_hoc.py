"""Ad-hoc visits: asked for, over, or not needed any more. Booked, moved and freed as any visit."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from clinics.permissions import BOOKINGS_ARRIVE, BOOKINGS_CHANGE
from clinics.selectors import clinic_by_id
from core import audit
from core.actor import Actor, system_actor
from core.db import command, joins
from core.errors import Conflict, Invalid, RuleBroken
from core.locks import lock_row
from core.zones import local_date
from patients.models import Patient
from reminders.selectors import last_told
from scheduling.ad_hoc import LONGEST, SHORTEST, TO_COME
from scheduling.change_plans import tell_cancelled, told_time
from scheduling.in_hand import InHand
from scheduling.models import Booking, Visit
from scheduling.reasons import checked_reason
from scheduling.services.desk import take_booking, take_visit
from scheduling.services.rows import cancel_visit, release
from scheduling.services.stamps import save
from scheduling.slots import LONGEST_SPAN
from scheduling.treatment import refuse_deceased

NOTE = 200  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFor:
    """What an ad-hoc visit is for, its minutes of care, and the days it is wanted on."""

    purpose: str
    minutes: int
    first: date
    last: date
    note: str = ""
    needs_isolation: bool = False


@command
def ask_for_visit(*, patient_id: UUID, asked: AskedFor, actor: Actor, now: datetime) -> Visit:
    """Note that a patient is to come for something that is no dose; it is then to be booked.

    Raises Invalid for what makes no sense, RuleBroken for a patient who has died, NotFound for
    another clinic's.
    """
    actor.require(BOOKINGS_CHANGE)
    clinic = clinic_by_id(actor.clinic_id)
    _refuse_nonsense(asked, local_date(now, clinic.time_zone))
    patient = lock_row(Patient.objects.filter(pk=patient_id, clinic_id=actor.clinic_id))
    refuse_deceased(patient)
    visit = Visit.objects.create(
        clinic=clinic, patient=patient, purpose=asked.purpose, minutes=asked.minutes,
        note=asked.note.strip(), needs_isolation=asked.needs_isolation, due_on=asked.first,
        earliest_on=asked.first, latest_on=asked.last, created_at=now, updated_at=now,
    )  # fmt: skip
    audit.record("visit.asked_for", visit, actor=actor, now=now, patient_id=patient.pk)
    return visit


def _refuse_nonsense(asked: AskedFor, today: date) -> None:
    wrong: dict[str, list[str]] = {}
    if asked.purpose not in Visit.Purpose.values:
        wrong["purpose"] = ["Choose what it is for."]
    if not SHORTEST <= asked.minutes <= LONGEST:
        wrong["minutes"] = [f"{SHORTEST} to {LONGEST} minutes."]
    if asked.first < today:
        wrong["first"] = ["This day has passed."]
    if not asked.first <= asked.last <= asked.first + timedelta(days=LONGEST_SPAN):
        wrong["last"] = [f"On the first day or later, at most {LONGEST_SPAN} days."]
    if asked.purpose == Visit.Purpose.OTHER and not asked.note.strip():
        wrong["note"] = ["Say what it is for."]
    if len(asked.note) > NOTE:
        wrong["note"] = [f"At most {NOTE} characters."]
    if wrong:
        raise Invalid("This visit cannot be asked for.", wrong)


@command
def end_visit(*, booking_id: UUID, actor: Actor, now: datetime) -> Booking:
    """Note that an ad-hoc visit is over: the chair is free. The very same again is done already.

    Raises Conflict unless the patient is here, RuleBroken for a dose, which ends with its chart.
    """
    actor.require(BOOKINGS_ARRIVE)
    done = Booking.objects.filter(
        pk=booking_id, clinic_id=actor.clinic_id, status=Booking.Status.COMPLETED
    ).first()
    if done is not None:
        return done
    held, booking = take_booking(booking_id, actor=actor, now=now)
    visit = _ad_hoc(held, booking.visit_id)
    if booking.status != Booking.Status.ARRIVED:
        raise Conflict("The patient is not here.")
    visit.status = Visit.Status.COMPLETED
    save(visit, "status", now=now)
    release(held, booking, status=Booking.Status.COMPLETED, reason="", now=now)
    audit.record("visit.completed", visit, actor=actor, now=now, patient_id=visit.patient_id)
    return booking


@command
def drop_visit(*, visit_id: UUID, reason: str, actor: Actor, now: datetime) -> Visit:
    """Note that an ad-hoc visit is not needed any more; its booking, if any, is freed.

    Raises Invalid without a reason, Conflict when the patient is here or it is over, RuleBroken
    for a dose.
    """
    actor.require(BOOKINGS_CHANGE)
    held, _ = take_visit(visit_id, actor=actor, now=now)
    return _drop(held, visit_id, checked_reason(reason), actor, now)


@command
def drop_after_death(*, visit_id: UUID, clinic_id: UUID, now: datetime) -> None:
    """Drop an ad-hoc visit of a patient who has died."""
    actor = system_actor(clinic_id)
    held, visit = take_visit(visit_id, actor=actor, now=now)
    if held.patient.is_deceased and visit in held.pending:
        _drop(held, visit_id, "The patient has died.", actor, now)


@joins
def _drop(held: InHand, visit_id: UUID, reason: str, actor: Actor, now: datetime) -> Visit:
    visit = _ad_hoc(held, visit_id)
    if visit.status not in TO_COME:
        raise Conflict("This visit is over, or the patient is here.")
    booking = held.bookings.get(visit_id)
    was = booking.status if booking is not None else ""
    cancel_visit(held, visit, reason=reason, now=now)
    visit.dropped_because = reason
    save(visit, "dropped_because", now=now)
    if booking is not None and told_time(last_told(booking.pk)):  # they have a time in writing
        tell_cancelled(booking, held.patient, was=was, now=now)
    audit.record("visit.dropped", visit, actor=actor, now=now, patient_id=visit.patient_id)
    return visit


def _ad_hoc(held: InHand, visit_id: UUID) -> Visit:
    visit = held.visit(visit_id)
    if not visit.is_ad_hoc:
        raise RuleBroken("This visit is for a dose: its course says what becomes of it.")
    return visit

"""Holding a day, giving it a time, moving and freeing it. The only writers of a booking's place.

Every command locks first (`desk`), decides on what it locked, writes, rewrites the day's
summary, audits, and plans or withdraws reminders. Whoever is second is told, never overwritten.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinical.findings import Finding
from clinics.permissions import BOOKINGS_CHANGE
from clinics.selectors import clinic_by_id
from core import audit
from core.actor import Actor
from core.db import command, refusing
from core.errors import Conflict, Invalid, RuleBroken, Stale
from scheduling.models import Booking, ClinicDay, Course, Visit
from scheduling.placement import (
    local_day,
    period_end,
    refuse_day,
    refuse_findings,
    refuse_past,
    refuse_place,
)
from scheduling.reasons import checked_reason
from scheduling.reminder_plans import plan_booking, plan_visit
from scheduling.services.anchoring import flag_bookings
from scheduling.services.attendance import mark_arrived, mark_no_show, undo_arrived
from scheduling.services.days import rewrite_summary
from scheduling.services.desk import CourseInHand, take_booking, take_visit
from scheduling.services.rows import release
from scheduling.services.stamps import save
from scheduling.stay import stay_of
from scheduling.treatment import refuse_unfit

__all__ = [
    "book", "cancel", "confirm", "hold_day", "mark_arrived", "mark_no_show", "move",
    "undo_arrived",
]  # fmt: skip

TIMED = (Booking.Status.PROPOSED, Booking.Status.CONFIRMED)
_PLACE = ("clinic_day", "chair", "period", "status", "hold_expires_at")
_PHASES = (
    "rate_option", "premedication_minutes", "infusion_minutes", "observation_minutes",
    "turnaround_minutes", "watched_closely", "isolation",
)  # fmt: skip


@command
def hold_day(
    *,
    visit_id: UUID,
    day: date,
    needs_isolation: bool | None = None,
    actor: Actor,
    now: datetime,
) -> Booking:
    """Promise a day for a visit; the time comes later.

    Raises RuleBroken when the protocol or the day's room says no, Conflict when the visit has a
    booking already.
    """
    actor.require(BOOKINGS_CHANGE)
    held, visit = take_visit(visit_id, dates=[day], actor=actor, now=now)
    if day < held.today:
        raise RuleBroken("That day has passed.")
    _note_isolation(visit, needed=needs_isolation, now=now)
    findings = _refuse_booking(held, visit, day)
    booking = _new_booking(held, visit, held.days[day], None, now)
    refuse_day(held.clinic, held.days[day], booking)
    booking.status = Booking.Status.DAY_HELD
    _insert(held, visit, booking, now)
    _told("booking.day_held", held, booking, actor, now, findings)
    return booking


@command
def book(
    *,
    visit_id: UUID,
    chair_id: UUID,
    start: datetime,
    rate_option: str | None = None,
    status: str = Booking.Status.CONFIRMED,
    actor: Actor,
    now: datetime,
    hold_minutes: int | None = None,
    needs_isolation: bool | None = None,
) -> Booking:
    """Book a chair from `start`, for as long as the protocol and the patient's history say.

    `status` is proposed or confirmed; a proposal may expire after `hold_minutes`. What
    `needs_isolation` says is kept with the visit; None leaves it as it is. Raises Conflict when
    somebody was first, RuleBroken when protocol, hours or nurses say no.
    """
    actor.require(BOOKINGS_CHANGE)
    if status not in TIMED:
        raise Invalid("A booking is proposed or confirmed.", {"status": ["Choose one."]})
    day = local_day(start, clinic_by_id(actor.clinic_id))
    held, visit = take_visit(visit_id, dates=[day], actor=actor, now=now)
    refuse_past(start, now)
    _note_isolation(visit, needed=needs_isolation, now=now)
    findings = _refuse_booking(held, visit, day)
    booking = _new_booking(held, visit, held.days[day], rate_option, now)
    booking.status = status
    if hold_minutes is not None and status == Booking.Status.PROPOSED:
        booking.hold_expires_at = now + timedelta(minutes=hold_minutes)
    refuse_place(held.clinic, held.days[day], booking, chair_id=chair_id, start=start)
    _place(booking, held.days[day], chair_id, start)
    _insert(held, visit, booking, now)
    _told("booking.made", held, booking, actor, now, findings)
    return booking


@command
def move(
    *,
    booking_id: UUID,
    chair_id: UUID,
    start: datetime,
    version: int,
    rate_option: str | None = None,
    actor: Actor,
    now: datetime,
) -> Booking:
    """Give a booking another time or chair, or a held day its first time (then proposed).

    An arrived patient may change chairs, not times. Raises Conflict when the booking is no longer
    at `version`, otherwise as `book`.
    """
    actor.require(BOOKINGS_CHANGE)
    day = local_day(start, clinic_by_id(actor.clinic_id))
    held, booking = take_booking(booking_id, dates=[day], actor=actor, now=now)
    _check_version(booking, version)
    visit = held.visit(booking.visit_id)
    old = booking.clinic_day.date
    if booking.status == Booking.Status.ARRIVED:
        if start != booking.period.lower:
            raise RuleBroken("The patient has arrived: only the chair can change.")
        findings: list[Finding] = []
    else:
        refuse_past(start, now)
        findings = _refuse_date(held, visit, day)
        _set_phases(held, visit, booking, rate_option or booking.rate_option, day)
    refuse_place(held.clinic, held.days[day], booking, chair_id=chair_id, start=start)
    _place(booking, held.days[day], chair_id, start)
    if booking.status == Booking.Status.DAY_HELD:
        booking.status = Booking.Status.PROPOSED
    with _others_first():
        save(booking, *_PLACE, *_PHASES, now=now)
    for touched in sorted({old, day}):
        rewrite_summary(held.days[touched], held.clinic, now=now)
    _told("booking.moved", held, booking, actor, now, findings)
    return booking


@command
def confirm(
    *, booking_id: UUID, version: int | None = None, actor: Actor, now: datetime
) -> Booking:
    """Turn a proposed time into a promise. Raises Conflict when it is no longer held."""
    actor.require(BOOKINGS_CHANGE)
    held, booking = take_booking(booking_id, dates=None, actor=actor, now=now)
    _check_version(booking, version)
    if booking.status != Booking.Status.PROPOSED:
        raise Conflict("Only a proposed time can be confirmed.")
    if booking.hold_expires_at is not None and booking.hold_expires_at <= now:
        raise Conflict("This hold has expired. Please book again.")
    findings = _refuse_date(held, held.visit(booking.visit_id), booking.clinic_day.date)
    booking.status, booking.hold_expires_at = Booking.Status.CONFIRMED, None
    save(booking, "status", "hold_expires_at", now=now)
    _told("booking.confirmed", held, booking, actor, now, findings)
    return booking


@command
def cancel(
    *, booking_id: UUID, reason: str, version: int | None = None, actor: Actor, now: datetime
) -> Booking:
    """Free a booking; its visit is to be booked again.

    Raises Invalid without a reason, Conflict when the patient has arrived or it has ended.
    """
    actor.require(BOOKINGS_CHANGE)
    reason = checked_reason(reason)
    held, booking = take_booking(booking_id, actor=actor, now=now)
    _check_version(booking, version)
    if booking.status == Booking.Status.ARRIVED:
        raise Conflict("The patient has arrived. Undo the arrival first.")
    release(held, booking, status=Booking.Status.CANCELLED, reason=reason, now=now)
    plan_visit(held.visit(booking.visit_id), now=now)
    audit.record("booking.cancelled", booking, actor=actor, now=now, patient_id=booking.patient_id)
    return booking


def _check_version(booking: Booking, version: int | None) -> None:
    if version is not None and booking.version != version:
        raise Stale("Somebody changed this booking in the meantime. Look again, then decide.")


def _refuse_booking(held: CourseInHand, visit: Visit, day: date) -> list[Finding]:
    """Raise unless the visit may be booked for `day`; return what to be cautious about."""
    if visit.pk in held.bookings:
        raise Conflict("This dose already has a booking. Move it instead.")
    if visit.status != Visit.Status.PLANNED:
        raise Conflict("This dose is not waiting to be booked.")
    return _refuse_date(held, visit, day)


def _refuse_date(held: CourseInHand, visit: Visit, day: date) -> list[Finding]:
    if held.course.status != Course.Status.ACTIVE:
        raise RuleBroken("This course has ended. Nothing can be booked for it.")
    refuse_unfit(held.protocol, held.patient, held.course.indication, on=day)
    return refuse_findings(held.findings(visit, day))


def _note_isolation(visit: Visit, *, needed: bool | None, now: datetime) -> None:
    if needed is not None and visit.needs_isolation != needed:
        visit.needs_isolation = needed
        save(visit, "needs_isolation", now=now)


def _new_booking(
    held: CourseInHand, visit: Visit, day: ClinicDay, rate_option: str | None, now: datetime
) -> Booking:
    booking = Booking(
        clinic=held.clinic,
        visit=visit,
        patient=held.patient,
        clinic_day=day,
        created_at=now,
        updated_at=now,
    )
    _set_phases(held, visit, booking, rate_option, day.date)
    return booking


def _set_phases(
    held: CourseInHand, visit: Visit, booking: Booking, rate_option: str | None, day: date
) -> None:
    """Write how long the visit takes: from the protocol, the dose and earlier reactions."""
    stay = stay_of(held.protocol, visit, held.patient, on=day, wanted=rate_option)
    booking.rate_option = stay.rate_option
    booking.watched_closely, booking.isolation = stay.watched_closely, stay.isolation
    booking.turnaround_minutes = held.clinic.turnaround_minutes
    for column, minutes in stay.minutes.items():
        setattr(booking, column, minutes)


def _place(booking: Booking, day: ClinicDay, chair_id: UUID, start: datetime) -> None:
    booking.clinic_day, booking.chair_id = day, chair_id
    booking.period = DateTimeTZRange(start, period_end(booking, start))


def _insert(held: CourseInHand, visit: Visit, booking: Booking, now: datetime) -> None:
    with _others_first():
        booking.save(force_insert=True)
    visit.status = Visit.Status.BOOKED
    save(visit, "status", now=now)
    rewrite_summary(booking.clinic_day, held.clinic, now=now)


def _others_first() -> AbstractContextManager[None]:
    """The constraints that stand behind the locks, in words."""
    return refusing(
        booking_chair_free=Conflict("That chair has just been taken."),
        booking_patient_free=Conflict("This patient is in another chair at that time."),
        booking_one_active=Conflict("This dose already has a booking. Move it instead."),
    )


def _told(  # noqa: PLR0917 - private, and every caller stands above
    action: str,
    held: CourseInHand,
    booking: Booking,
    actor: Actor,
    now: datetime,
    findings: Iterable[Finding],
) -> None:
    """Plan the booking's reminders, write the change and what it does to later doses."""
    plan_booking(booking, now=now)
    audit.record(
        action, booking, actor=actor, now=now, patient_id=booking.patient_id,
        status=booking.status, day=booking.clinic_day.date,
        start=booking.period.lower if booking.period is not None else None,
        findings=[finding.id for finding in findings],
    )  # fmt: skip
    held.bookings[booking.visit_id] = booking
    flag_bookings(held, held.visit(booking.visit_id), actor=actor, now=now)

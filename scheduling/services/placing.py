"""A visit in hand is put on a day, into a chair, or elsewhere: the writes of one booking.

Joined by the commands that book one visit (`bookings`) and those that book a whole series
(`series`): the days are locked, and everything is decided on the locked rows.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinical.findings import Finding
from core import audit
from core.actor import Actor
from core.db import joins, refusing
from core.errors import Conflict, RuleBroken
from core.rows import insert_row
from core.together import together
from scheduling.models import Booking, ClinicDay, FreedPlace, Visit
from scheduling.placement import (
    local_day,
    period_end,
    refuse_day,
    refuse_findings,
    refuse_past,
    refuse_place,
)
from scheduling.reminder_plans import plan_booking
from scheduling.services.anchoring import flag_bookings
from scheduling.services.days import rewrite_summary
from scheduling.services.desk import CourseInHand, InHand
from scheduling.services.freeing import note_freed
from scheduling.services.overriding import go_past
from scheduling.services.stamps import save
from scheduling.standing import Standing, standing_of

_PLACE = ("clinic_day", "chair", "period", "status", "hold_expires_at")
_PHASES = (
    "rate_option", "premedication_minutes", "infusion_minutes", "observation_minutes",
    "turnaround_minutes", "watched_closely", "isolation",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How a visit is to be booked, besides when and where."""

    status: str = Booking.Status.CONFIRMED
    rate_option: str | None = None
    hold_expires_at: datetime | None = None
    needs_isolation: bool | None = None  # None leaves what is known of the visit
    override_reason: str = ""


USUAL = Wanted()


@joins
def put_on_day(
    held: InHand,
    visit: Visit,
    day: date,
    *,
    wanted: Wanted = USUAL,
    actor: Actor,
    now: datetime,
) -> Booking:
    """Promise a locked day for an unbooked visit in hand. Raises as `bookings.hold_day`."""
    if day < held.today:
        raise RuleBroken("That day has passed.")
    _note_isolation(visit, wanted, now)
    findings = _refuse_booking(held, visit, day, wanted, actor, now)
    booking = _new_booking(held, visit, held.days[day], wanted, now)
    others = refuse_day(held.clinic, held.days[day], booking)
    booking.status = Booking.Status.DAY_HELD
    return _made("booking.day_held", held, booking, others, actor, now, findings)


@joins
def put_in_chair(
    held: InHand,
    visit: Visit,
    *,
    chair_id: UUID,
    start: datetime,
    wanted: Wanted = USUAL,
    actor: Actor,
    now: datetime,
) -> Booking:
    """Book an unbooked visit in hand from `start`; its day is locked. Raises as `bookings.book`."""
    day = local_day(start, held.clinic)
    refuse_past(start, now)
    _note_isolation(visit, wanted, now)
    findings = _refuse_booking(held, visit, day, wanted, actor, now)
    booking = _new_booking(held, visit, held.days[day], wanted, now)
    booking.status, booking.hold_expires_at = wanted.status, wanted.hold_expires_at
    others = refuse_place(held.clinic, held.days[day], booking, chair_id=chair_id, start=start)
    _place(booking, held.days[day], chair_id, start)
    return _made("booking.made", held, booking, others, actor, now, findings)


@joins
def put_on_offer(
    held: InHand,
    visit: Visit,
    *,
    chair_id: UUID,
    start: datetime,
    expires_at: datetime,
    now: datetime,
) -> Booking:
    """Hold a place for a visit in hand, whether or not it is booked elsewhere; its day is locked.

    The hold counts like any booking and is none: the visit stays as it is, nobody is told.
    Raises as `bookings.book`.
    """
    day = local_day(start, held.clinic)
    refuse_past(start, now)
    checked_date(held, visit, day)
    hold = _new_booking(held, visit, held.days[day], USUAL, now)
    hold.status, hold.hold_expires_at = Booking.Status.OFFERED, expires_at
    others = refuse_place(held.clinic, held.days[day], hold, chair_id=chair_id, start=start)
    _place(hold, held.days[day], chair_id, start)
    with _others_first():
        hold.save(force_insert=True)
    rewrite_summary(held.days[day], held.clinic, now=now, bookings=[*others, standing_of(hold)])
    return hold


@joins
def put_elsewhere(
    held: InHand,
    booking: Booking,
    *,
    chair_id: UUID,
    start: datetime,
    rate_option: str | None = None,
    actor: Actor,
    now: datetime,
) -> Booking:
    """Give a booking in hand another time or chair; both days are locked. Raises as `move`."""
    day = local_day(start, held.clinic)
    visit, old = held.visit(booking.visit_id), booking.clinic_day.date
    findings: list[Finding] = []
    if booking.status == Booking.Status.ARRIVED:
        if start != booking.period.lower:
            raise RuleBroken("The patient has arrived: only the chair can change.")
    else:
        refuse_past(start, now)
        findings = checked_date(held, visit, day)
        _set_phases(held, visit, booking, rate_option or booking.rate_option or None, day)
    refuse_place(held.clinic, held.days[day], booking, chair_id=chair_id, start=start)
    note_freed(booking, cause=FreedPlace.Cause.MOVED, now=now)
    _place(booking, held.days[day], chair_id, start)
    if booking.status == Booking.Status.DAY_HELD:
        booking.status = Booking.Status.PROPOSED
    with _others_first():
        save(booking, *_PLACE, *_PHASES, now=now)
    for touched in sorted({old, day}):
        rewrite_summary(held.days[touched], held.clinic, now=now)
    _told("booking.moved", held, booking, actor, now, findings)
    return booking


@joins
def checked_date(held: InHand, visit: Visit, day: date) -> list[Finding]:
    """Return what to be cautious about on `day`; raises RuleBroken for what stands in the way."""
    return refuse_findings(_date_findings(held, visit, day))


def _date_findings(held: InHand, visit: Visit, day: date) -> list[Finding]:
    held.refuse_unfit(day)
    return held.findings(visit, day)


def _refuse_booking(  # noqa: PLR0917 - private, and every caller stands above
    held: InHand, visit: Visit, day: date, wanted: Wanted, actor: Actor, now: datetime
) -> list[Finding]:
    """Raise unless the visit may be booked for `day`; return what to be cautious about."""
    if visit.pk in held.bookings:
        raise Conflict("This visit already has a booking. Move it instead.")
    if visit.status != Visit.Status.PLANNED:
        raise Conflict("This visit is not waiting to be booked.")
    findings = _date_findings(held, visit, day)
    if not wanted.override_reason:
        return refuse_findings(findings)
    go_past(held, visit, findings, reason=wanted.override_reason, actor=actor, now=now)
    return findings


def _note_isolation(visit: Visit, wanted: Wanted, now: datetime) -> None:
    needed = wanted.needs_isolation
    if needed is not None and visit.needs_isolation != needed:
        visit.needs_isolation = needed
        save(visit, "needs_isolation", now=now)


def _new_booking(
    held: InHand, visit: Visit, day: ClinicDay, wanted: Wanted, now: datetime
) -> Booking:
    if isinstance(held, CourseInHand):
        visit.course = held.course  # at hand already: the reminders need not read it again
    booking = Booking(
        clinic=held.clinic,
        visit=visit,
        patient=held.patient,
        clinic_day=day,
        created_at=now,
        updated_at=now,
    )
    _set_phases(held, visit, booking, wanted.rate_option, day.date)
    return booking


def _set_phases(
    held: InHand, visit: Visit, booking: Booking, rate_option: str | None, day: date
) -> None:
    """Write how long the visit takes: as asked, or by protocol, dose and earlier reactions."""
    stay = held.stay(visit, on=day, wanted=rate_option)
    booking.rate_option = stay.rate_option
    booking.watched_closely, booking.isolation = stay.watched_closely, stay.isolation
    booking.turnaround_minutes = held.clinic.turnaround_minutes
    for column, minutes in stay.minutes.items():
        setattr(booking, column, minutes)


def _place(booking: Booking, day: ClinicDay, chair_id: UUID, start: datetime) -> None:
    booking.clinic_day, booking.chair_id = day, chair_id
    booking.period = DateTimeTZRange(start, period_end(booking, start))


def _made(  # noqa: PLR0917 - private, and every caller stands above
    action: str,
    held: InHand,
    booking: Booking,
    others: list[Standing],
    actor: Actor,
    now: datetime,
    findings: Iterable[Finding],
) -> Booking:
    """Write a new booking beside the `others` of its locked day, with all it causes."""
    day, visit = booking.clinic_day, booking.visit
    with _others_first(), together():
        insert_row(booking)
        visit.status = Visit.Status.BOOKED
        save(visit, "status", now=now)
        rewrite_summary(day, held.clinic, now=now, bookings=[*others, standing_of(booking)])
        _told(action, held, booking, actor, now, findings)
    return booking


def _others_first() -> AbstractContextManager[None]:
    """The constraints that stand behind the locks, in words."""
    return refusing(
        booking_chair_free=Conflict("That chair has just been taken."),
        booking_patient_free=Conflict("This patient is in another chair at that time."),
        booking_one_active=Conflict("This visit already has a booking. Move it instead."),
    )


def _told(  # noqa: PLR0917 - private, and every caller stands above
    action: str,
    held: InHand,
    booking: Booking,
    actor: Actor,
    now: datetime,
    findings: Iterable[Finding],
) -> None:
    """Plan the booking's reminders, write the change and what it does to later doses."""
    plan_booking(booking, now=now, is_new=booking.version == 1)
    audit.record(
        action, booking, actor=actor, now=now, patient_id=booking.patient_id,
        status=booking.status, day=booking.clinic_day.date,
        start=booking.period.lower if booking.period is not None else None,
        findings=[finding.id for finding in findings],
    )  # fmt: skip
    held.bookings[booking.visit_id] = booking
    flag_bookings(held, held.visit(booking.visit_id), actor=actor, now=now)

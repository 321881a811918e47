"""Holding a day, giving it a time, moving and freeing it. The only writers of a booking's place.

Every command locks first (`desk`), decides on what it locked, writes, rewrites the day's
summary, audits, and plans or withdraws reminders. Whoever is second is told, never overwritten.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

from clinics.permissions import BOOKINGS_CHANGE
from core import audit
from core.actor import Actor
from core.db import command
from core.errors import Conflict, Invalid, Stale
from reminders.selectors import last_told
from scheduling.change_plans import tell_cancelled, told_time
from scheduling.models import Booking
from scheduling.reasons import checked_reason
from scheduling.reminder_plans import plan_booking, plan_visit
from scheduling.services.attendance import mark_arrived, mark_no_show, undo_arrived
from scheduling.services.desk import take_booking, take_visit
from scheduling.services.placing import (
    Wanted,
    checked_date,
    put_elsewhere,
    put_in_chair,
    put_on_day,
)
from scheduling.services.rows import release
from scheduling.services.stamps import save

__all__ = [
    "book", "cancel", "confirm", "hold_day", "mark_arrived", "mark_no_show", "move",
    "undo_arrived",
]  # fmt: skip

TIMED = (Booking.Status.PROPOSED, Booking.Status.CONFIRMED)


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
    wanted = Wanted(needs_isolation=needs_isolation)
    return put_on_day(held, visit, day, wanted=wanted, actor=actor, now=now)


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
    override_reason: str = "",
) -> Booking:
    """Book a chair from `start`, for as long as the protocol and the patient's history say.

    `status` is proposed or confirmed; a proposal may expire after `hold_minutes`. What
    `needs_isolation` says is kept with the visit; None leaves it as it is. Raises Conflict when
    somebody was first, RuleBroken when protocol, hours or nurses say no; with `override_reason`
    somebody who may override goes past the protocol, where it lets anybody, and is written down.
    """
    actor.require(BOOKINGS_CHANGE)
    if status not in TIMED:
        raise Invalid("A booking is proposed or confirmed.", {"status": ["Choose one."]})
    held, visit = take_visit(visit_id, at=start, actor=actor, now=now)
    wanted = Wanted(
        status=status, rate_option=rate_option, needs_isolation=needs_isolation,
        hold_expires_at=_expiry(status, hold_minutes, now), override_reason=override_reason,
    )  # fmt: skip
    return put_in_chair(
        held, visit, chair_id=chair_id, start=start, wanted=wanted, actor=actor, now=now
    )


def _expiry(status: str, hold_minutes: int | None, now: datetime) -> datetime | None:
    if hold_minutes is None or status != Booking.Status.PROPOSED:
        return None
    return now + timedelta(minutes=hold_minutes)


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
    held, booking = take_booking(booking_id, at=start, actor=actor, now=now)
    _check_version(booking, version)
    return put_elsewhere(
        held, booking, chair_id=chair_id, start=start, rate_option=rate_option, actor=actor,
        now=now,
    )  # fmt: skip


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
    findings = checked_date(held, held.visit(booking.visit_id), booking.clinic_day.date)
    booking.status, booking.hold_expires_at = Booking.Status.CONFIRMED, None
    save(booking, "status", "hold_expires_at", now=now)
    plan_booking(booking, now=now)
    audit.record(
        "booking.confirmed", booking, actor=actor, now=now, patient_id=booking.patient_id,
        status=booking.status, day=booking.clinic_day.date, start=booking.period.lower,
        findings=[finding.id for finding in findings],
    )  # fmt: skip
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
    was = booking.status
    release(held, booking, status=Booking.Status.CANCELLED, reason=reason, now=now)
    plan_visit(held.visit(booking.visit_id), now=now)
    if told_time(last_told(booking.pk)):  # the patient has a time in writing
        tell_cancelled(booking, held.patient, was=was, now=now)
    audit.record("booking.cancelled", booking, actor=actor, now=now, patient_id=booking.patient_id)
    return booking


def _check_version(booking: Booking, version: int | None) -> None:
    if version is not None and booking.version != version:
        raise Stale("Somebody changed this booking in the meantime. Look again, then decide.")

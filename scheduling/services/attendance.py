"""Who came, who did not, and when a visit is over."""

from datetime import datetime
from uuid import UUID

from clinics.permissions import BOOKINGS_ARRIVE
from core import audit
from core.actor import Actor
from core.db import command, joins
from core.errors import Conflict, Invalid, RuleBroken
from core.zones import local_date
from scheduling.models import Booking, Visit
from scheduling.reminder_plans import plan_booking, plan_visit
from scheduling.services.desk import InHand, take_booking
from scheduling.services.rows import release
from scheduling.services.stamps import save

EXPECTED = (Booking.Status.PROPOSED, Booking.Status.CONFIRMED)


@command
def mark_arrived(
    *, booking_id: UUID, actor: Actor, now: datetime, arrived_at: datetime | None = None
) -> Booking:
    """Note that the patient is here since `arrived_at`, else since now; the very same again is
    done already.

    Raises RuleBroken on another day than the booked one, Invalid for a time to come, Conflict when
    the booking is not one that is expected.
    """
    actor.require(BOOKINGS_ARRIVE)
    at = arrived_at or now
    if at > now:
        words = "This time has not come yet. Check the clock of the tablet."
        raise Invalid(words, {"arrived_at": [words]})
    held, booking = take_booking(booking_id, dates=None, actor=actor, now=now)
    if booking.status == Booking.Status.ARRIVED and booking.arrived_at == arrived_at:
        return booking
    _check_expected(booking)
    day, zone = local_date(booking.period.lower, held.clinic.time_zone), held.clinic.time_zone
    if day != held.today or day != local_date(at, zone):
        raise RuleBroken(f"This visit is booked for {day:%d-%b-%Y}. Move it to today first.")
    booking.status, booking.arrived_at, booking.hold_expires_at = (
        Booking.Status.ARRIVED, at, None,
    )  # fmt: skip
    save(booking, "status", "arrived_at", "hold_expires_at", now=now)
    _set_visit(held, booking, Visit.Status.ARRIVED, now)
    _record("booking.arrived", booking, actor, now)
    return booking


@command
def undo_arrived(*, booking_id: UUID, actor: Actor, now: datetime) -> Booking:
    """Take back an arrival noted by mistake. Raises Conflict once the infusion has begun."""
    actor.require(BOOKINGS_ARRIVE)
    held, booking = take_booking(booking_id, dates=None, actor=actor, now=now)
    if booking.status != Booking.Status.ARRIVED:
        raise Conflict("This patient is not marked as arrived.")
    if held.visit(booking.visit_id).status != Visit.Status.ARRIVED:
        raise Conflict("The infusion has begun: the arrival stands.")
    booking.status, booking.arrived_at = Booking.Status.CONFIRMED, None
    save(booking, "status", "arrived_at", now=now)
    _set_visit(held, booking, Visit.Status.BOOKED, now)
    plan_booking(booking, now=now)
    _record("booking.arrival_undone", booking, actor, now)
    return booking


@command
def mark_no_show(*, booking_id: UUID, actor: Actor, now: datetime) -> Booking:
    """Note that nobody came: the visit is to be booked again, and remembers it.

    Raises RuleBroken before the booked time, Conflict when the patient has arrived.
    """
    actor.require(BOOKINGS_ARRIVE)
    held, booking = take_booking(booking_id, actor=actor, now=now)
    _check_expected(booking)
    if now < booking.period.lower:
        raise RuleBroken("The booked time has not come yet. Cancel the booking instead.")
    visit = held.visit(booking.visit_id)
    visit.no_shows += 1
    save(visit, "no_shows", now=now)
    release(held, booking, status=Booking.Status.NO_SHOW, reason="", now=now)
    plan_visit(visit, now=now)
    _record("booking.no_show", booking, actor, now)
    return booking


@joins
def observe_visit(visit: Visit, *, now: datetime) -> None:
    """Note that the infusion has ended and the patient is observed. The visit is locked."""
    visit.status = Visit.Status.OBSERVING
    save(visit, "status", now=now)


@joins
def complete_visit(held: InHand, visit: Visit, *, actor: Actor, now: datetime) -> None:
    """End the attendance of a given dose: visit and booking are completed, the chair is free.

    `held` was taken with its days. Raises Conflict when the dose was never given.
    """
    if visit.given_on is None:
        raise Conflict("This dose has not been given.")
    visit.status = Visit.Status.COMPLETED
    save(visit, "status", now=now)
    if visit.pk in held.bookings:
        booking = held.bookings[visit.pk]
        release(held, booking, status=Booking.Status.COMPLETED, reason="", now=now)
    audit.record("visit.completed", visit, actor=actor, now=now, patient_id=visit.patient_id)


def _check_expected(booking: Booking) -> None:
    if booking.status == Booking.Status.DAY_HELD:
        raise RuleBroken("Give this visit a time first.")
    if booking.status not in EXPECTED:
        raise Conflict("The patient has already arrived.")


def _set_visit(held: InHand, booking: Booking, status: str, now: datetime) -> None:
    visit = held.visit(booking.visit_id)
    visit.status = status
    save(visit, "status", now=now)


def _record(action: str, booking: Booking, actor: Actor, now: datetime) -> None:
    audit.record(action, booking, actor=actor, now=now, patient_id=booking.patient_id)

"""A time held while the patient was asked, given back: they would rather have another."""

from datetime import datetime
from uuid import UUID

from clinics.permissions import BOOKINGS_CHANGE
from core import audit
from core.actor import Actor
from core.db import command
from core.errors import Conflict
from scheduling.models import Booking
from scheduling.reminder_plans import plan_visits
from scheduling.services.desk import take_booking
from scheduling.services.rows import release


@command
def release_hold(*, booking_id: UUID, actor: Actor, now: datetime) -> Booking:
    """Give a held time back before its hold expires. Raises Conflict when it is held no more."""
    actor.require(BOOKINGS_CHANGE)
    held, booking = take_booking(booking_id, actor=actor, now=now)
    if booking.status != Booking.Status.PROPOSED or booking.hold_expires_at is None:
        raise Conflict("This time is not held any more.")
    release(held, booking, status=Booking.Status.CANCELLED, reason="Released.", now=now)
    plan_visits([held.visit(booking.visit_id)], now=now)
    audit.record("booking.released", booking, actor=actor, now=now, patient_id=booking.patient_id)
    return booking

"""Taking back what was done to a booking a moment ago."""

from datetime import datetime, timedelta
from uuid import UUID

from clinics.permissions import BOOKINGS_CHANGE
from core import audit
from core.actor import Actor
from core.db import command
from core.errors import Conflict, Invalid, NotFound, Stale
from core.locks import lock_row
from scheduling.models import Booking, Visit
from scheduling.placement import refuse_day, refuse_place
from scheduling.reminder_plans import plan_booking
from scheduling.services.anchoring import flag_bookings
from scheduling.services.days import rewrite_summary
from scheduling.services.desk import InHand, take_visit
from scheduling.services.stamps import save

ENDED = (Booking.Status.CANCELLED, Booking.Status.NO_SHOW)
MOMENT = timedelta(seconds=30)  # the page offers ten seconds; a slow network takes its share


@command
def restore(*, booking_id: UUID, version: int, was: str, actor: Actor, now: datetime) -> Booking:
    """Take back a cancellation or a no-show: the booking stands again as it `was`.

    Raises Conflict when it is too late or somebody has the place by now, Stale when the booking
    is no longer at `version`, NotFound for another clinic's.
    """
    actor.require(BOOKINGS_CHANGE)
    if was not in Booking.ACTIVE:
        raise Invalid("A booking that stands is held, proposed or confirmed.")
    seen = Booking.objects.filter(pk=booking_id, clinic_id=actor.clinic_id)
    found = seen.values_list("visit_id", "clinic_day__date").first()
    if found is None:
        raise NotFound
    held, visit = take_visit(found[0], dates=[found[1]], actor=actor, now=now)
    booking = lock_row(Booking.objects.filter(pk=booking_id).select_related("clinic_day"))
    _check(held, visit, booking, version, now)
    if booking.status == Booking.Status.NO_SHOW:
        visit.no_shows -= 1
    booking.status, booking.ended_at, booking.end_reason = was, None, ""
    save(booking, "status", "ended_at", "end_reason", now=now)
    visit.status = Visit.Status.BOOKED
    save(visit, "status", "no_shows", now=now)
    held.bookings[visit.pk] = booking
    rewrite_summary(held.days[booking.clinic_day.date], held.clinic, now=now)
    plan_booking(booking, now=now)
    audit.record("booking.restored", booking, actor=actor, now=now, patient_id=booking.patient_id)
    flag_bookings(held, visit, actor=actor, now=now)
    return booking


def _check(held: InHand, visit: Visit, booking: Booking, version: int, now: datetime) -> None:
    if booking.version != version:
        raise Stale("Somebody changed this booking in the meantime. Look again, then decide.")
    if booking.status not in ENDED or booking.ended_at is None:
        raise Conflict("This booking stands: there is nothing to take back.")
    if now - booking.ended_at > MOMENT:
        raise Conflict("It is too late to take this back. Book it again.")
    if visit.pk in held.bookings or visit.status != Visit.Status.PLANNED:
        raise Conflict("This visit has been booked again in the meantime.")
    row = held.days[booking.clinic_day.date]
    if booking.chair_id is None:
        refuse_day(held.clinic, row, booking)
    else:
        refuse_place(
            held.clinic, row, booking, chair_id=booking.chair_id, start=booking.period.lower
        )

"""Writing the rows of a course: its visits made, cancelled, freed."""

from collections.abc import Sequence
from datetime import datetime

from clinical.calendar import PlannedDose
from core.db import joins
from scheduling.models import Booking, ClinicDay, Course, Visit
from scheduling.reminder_plans import void_booking, void_visit
from scheduling.services.days import rewrite_summary
from scheduling.services.desk import InHand
from scheduling.services.freeing import note_freed
from scheduling.services.offer_rows import close_waiting
from scheduling.services.stamps import save


@joins
def new_visits(course: Course, doses: Sequence[PlannedDose], now: datetime) -> list[Visit]:
    """Write the visits for `doses` of a course that is locked or new."""
    return Visit.objects.bulk_create(
        Visit(
            clinic_id=course.clinic_id,
            course=course,
            patient_id=course.patient_id,
            dose_number=dose.number,
            dose_mg=dose.dose_mg,
            due_on=dose.due,
            earliest_on=dose.earliest,
            latest_on=dose.latest,
            created_at=now,
            updated_at=now,
        )
        for dose in doses
    )


@joins
def release(held: InHand, booking: Booking, *, status: str, reason: str, now: datetime) -> None:
    """End an active booking: its time is free, and its visit unbooked unless the dose was given.

    `held` has the booking's day locked. The visit's own reminders are the caller's to plan.
    """
    visit = held.visit(booking.visit_id)
    if status != Booking.Status.COMPLETED:
        note_freed(booking, cause=status, now=now)
    booking.status, booking.ended_at, booking.end_reason = status, now, reason
    save(booking, "status", "ended_at", "end_reason", now=now)
    del held.bookings[visit.pk]
    if status != Booking.Status.COMPLETED and visit.given_on is None:
        visit.status = Visit.Status.PLANNED
        save(visit, "status", now=now)
    rewrite_summary(_day_of(held, booking), held.clinic, now=now)
    void_booking(booking, now=now)


@joins
def cancel_visit(held: InHand, visit: Visit, *, reason: str, now: datetime) -> None:
    """Cancel a visit that will not be, and free its booking."""
    if visit.pk in held.bookings:
        release(
            held,
            held.bookings[visit.pk],
            status=Booking.Status.CANCELLED,
            reason=reason,
            now=now,
        )
    visit.status = Visit.Status.CANCELLED
    save(visit, "status", now=now)
    void_visit(visit, now=now)
    close_waiting(visit, now=now)


def _day_of(held: InHand, booking: Booking) -> ClinicDay:
    return next(day for day in held.days.values() if day.pk == booking.clinic_day_id)

"""Proposed times that nobody confirmed in time, and offers nobody answered, are free again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from clinics.models import Clinic
from core import audit
from core.actor import system_actor
from core.db import command, joins
from core.locks import lock_rows
from scheduling.days import HOLDS
from scheduling.models import Booking, ClinicDay, Visit
from scheduling.reminder_plans import plan_visits, void_booking
from scheduling.services.days import lock_days, rewrite_summary
from scheduling.services.offer_rows import lapse
from scheduling.services.stamps import save


@joins
def release_expired(
    clinic: Clinic,
    days: Mapping[UUID, ClinicDay],
    visits: Mapping[UUID, Visit],
    expired: Sequence[Booking],
    *,
    now: datetime,
) -> None:
    """Cancel expired holds. Their days (by id), visits and bookings are locked by the caller."""
    proposals = [booking for booking in expired if booking.status == Booking.Status.PROPOSED]
    for booking in expired:
        if booking not in proposals:
            lapse(booking, now=now)
    for booking in proposals:
        booking.status, booking.ended_at = Booking.Status.CANCELLED, now
        booking.end_reason = "The hold expired."
        save(booking, "status", "ended_at", "end_reason", now=now)
        visit = visits[booking.visit_id]
        visit.status = Visit.Status.PLANNED
        save(visit, "status", now=now)
        void_booking(booking, now=now)
        audit.record(
            "booking.expired", booking, actor=system_actor(clinic.pk), now=now,
            patient_id=booking.patient_id,
        )  # fmt: skip
    for pk in {booking.clinic_day_id for booking in expired}:
        rewrite_summary(days[pk], clinic, now=now)
    if proposals:
        plan_visits([visits[booking.visit_id] for booking in proposals], now=now)


@command
def expire_holds(*, clinic_id: UUID, now: datetime) -> int:
    """Free every hold of the clinic that has expired; return how many there were."""
    clinic = Clinic.objects.get(pk=clinic_id)
    dates = Booking.objects.filter(
        clinic=clinic, status__in=HOLDS, hold_expires_at__lte=now
    ).values_list("clinic_day__date", flat=True)
    days = {day.pk: day for day in lock_days(clinic, list(dates), now=now).values()}
    holds = [each for day in days.values() for each in day.standing if each.is_over(now)]
    visits = lock_rows(Visit.objects.filter(pk__in=[each.visit_id for each in holds]))
    expired = lock_rows(
        Booking.objects.filter(pk__in=[each.pk for each in holds], status__in=HOLDS)
    )
    release_expired(clinic, days, {visit.pk: visit for visit in visits}, expired, now=now)
    return len(expired)

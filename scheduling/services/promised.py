"""A promised day gets its time: when the clinic's days before it have come, all at once."""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinics.selectors import clinic_by_id
from core import audit
from core.actor import system_actor
from core.db import command, refusing
from core.errors import Conflict
from core.locks import lock_rows
from scheduling.capacity import Day, Load, free_starts, load_of, mask, with_load
from scheduling.models import Booking
from scheduling.placement import day_as_locked, period_end, seated
from scheduling.reminder_plans import plan_booking
from scheduling.services.days import lock_days, rewrite_summary
from scheduling.services.stamps import save
from scheduling.summary import phases_of


@command
def propose_times(*, clinic_id: UUID, day: date, now: datetime) -> int:
    """Give every visit that holds `day` a time and a chair, as proposed; return how many got one.

    Longest first, each at its earliest start: the very plan that proved the day's room when it
    was promised, beside what else a patient has that day. Nothing that has a time is touched,
    confirmed least of all; a visit that finds no room keeps its day and waits for a person.
    """
    clinic = clinic_by_id(clinic_id)
    row = lock_days(clinic, [day], now=now)[day]
    waiting = lock_rows(
        Booking.objects.filter(clinic_day=row, status=Booking.Status.DAY_HELD).select_related(
            "clinic_day"
        )
    )
    free, placed = day_as_locked(clinic, row).day, 0
    chairs = seated(free.grid, row.standing)
    loads = {booking.pk: load_of(phases_of(booking, clinic)) for booking in waiting}
    for booking in sorted(waiting, key=lambda each: (-loads[each.pk].chair, each.created_at)):
        load, met = loads[booking.pk], chairs.get(booking.patient_id, 0)
        found = _earliest(replace(free, elsewhere=met), load, now)
        if found is not None:
            slot, chair_id = found
            free = with_load(free, load, slot, chair_id)
            chairs[booking.patient_id] = met | mask(range(slot, slot + load.chair))
            _give_time(booking, chair_id, free.grid.instant(slot), now)
            placed += 1
    if placed:
        rewrite_summary(row, clinic, now=now)
    return placed


def _earliest(day: Day, load: Load, now: datetime) -> tuple[int, UUID] | None:
    """Return the first start still to come and its first chair, an isolation room last."""
    for slot, chairs in free_starts(day, load).items():
        if day.grid.instant(slot) > now:
            ordinary = [chair for chair in chairs if chair not in day.isolation]
            return slot, (ordinary or chairs)[0]
    return None


def _give_time(booking: Booking, chair_id: UUID, start: datetime, now: datetime) -> None:
    booking.chair_id = chair_id
    booking.period = DateTimeTZRange(start, period_end(booking, start))
    booking.status = Booking.Status.PROPOSED
    with refusing(
        booking_patient_free=Conflict("This patient is in another chair at that time."),
    ):
        save(booking, "chair", "period", "status", now=now)
    plan_booking(booking, now=now)
    audit.record(
        "booking.proposed", booking, actor=system_actor(booking.clinic_id), now=now,
        patient_id=booking.patient_id, day=booking.clinic_day.date, start=start,
    )  # fmt: skip

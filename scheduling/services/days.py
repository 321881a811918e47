"""The day lock. Every command that books, moves or frees a time takes it before anything else."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from clinics.models import Clinic
from core.db import joins
from core.locks import lock_rows
from scheduling.days import bookings_of, openings
from scheduling.grid import grid_of
from scheduling.models import Booking, ClinicDay
from scheduling.summary import summarise


@joins
def lock_days(clinic: Clinic, dates: Iterable[date], *, now: datetime) -> dict[date, ClinicDay]:
    """Lock the rows of `dates`, making those that are missing, and bring their hours up to date.

    Rows are made and locked in date order, before any other row but the patient's, so that two
    commands that touch the same days wait for each other in turn and never in a ring.
    """
    wanted = sorted(set(dates))
    ClinicDay.objects.bulk_create(
        [ClinicDay(clinic=clinic, date=day, updated_at=now) for day in wanted],
        ignore_conflicts=True,
    )
    rows = lock_rows(ClinicDay.objects.filter(clinic=clinic, date__in=wanted), by="date")
    found = {row.date: row for row in rows}
    read_hours(clinic, found)
    return found


@joins
def read_hours(clinic: Clinic, days: Mapping[date, ClinicDay]) -> None:
    """Bring the hours and nurses of locked days up to date; they are not saved here."""
    for day, opening in openings(clinic, list(days)).items():
        row = days[day]
        row.opens_at, row.closes_at = opening.opens_at, opening.closes_at
        row.nurses = list(opening.nurses)


@joins
def rewrite_summary(
    day: ClinicDay, clinic: Clinic, *, now: datetime, bookings: Sequence[Booking] | None = None
) -> None:
    """Write the locked `day` anew from its active bookings, read here unless they are given."""
    grid = grid_of(day.date, clinic.time_zone)
    if bookings is None:
        bookings = bookings_of(clinic.pk, [day.date])[day.date]
    total = summarise(grid, clinic, bookings)
    day.starts, day.points, day.held_minutes = total.starts, total.points, total.held_minutes
    day.chair_masks = {str(chair): f"{taken:x}" for chair, taken in total.chairs.items()}
    day.version += 1
    day.updated_at = now
    day.save(
        update_fields=[
            "opens_at", "closes_at", "nurses", "starts", "points", "chair_masks", "held_minutes",
            "version", "updated_at",
        ]
    )  # fmt: skip

"""The day lock. Every command that books, moves or frees a time takes it before anything else."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

import orjson

from clinics.models import Clinic
from core.db import joins
from core.locks import lock_by
from core.prepared import prepared
from scheduling.days import openings
from scheduling.grid import grid_of
from scheduling.models import ClinicDay
from scheduling.standing import Standing, standing_on
from scheduling.summary import summarise


@joins
def lock_days(clinic: Clinic, dates: Iterable[date], *, now: datetime) -> dict[date, ClinicDay]:
    """Lock the rows of `dates`, making those that are missing, and bring their hours up to date.

    Rows are made and locked in date order, before any other row but the patient's, so that two
    commands that touch the same days wait for each other in turn and never in a ring.
    """
    wanted = sorted(set(dates))
    rows = _lock(clinic, wanted, now)
    found = {row.date: row for row in rows}
    read_hours(clinic, found)
    standing = standing_on([row.pk for row in rows])
    for row in rows:
        row.standing = standing[row.pk]
    return found


@joins
def read_hours(clinic: Clinic, days: Mapping[date, ClinicDay]) -> None:
    """Bring the hours and nurses of locked days up to date; they are not saved here."""
    for day, opening in openings(clinic, list(days)).items():
        row = days[day]
        row.opens_at, row.closes_at = opening.opens_at, opening.closes_at
        row.nurses = list(opening.nurses)


def _lock(clinic: Clinic, wanted: list[date], now: datetime) -> list[ClinicDay]:
    """Lock the days' rows in date order; make the missing ones, also in date order, before any is
    locked. One day alone cannot be out of order: it is made only when the lock finds nothing."""
    asked: dict[str, Collection[object]] = {"clinic_id": [clinic.pk], "date": wanted}
    if len(wanted) == 1 and (rows := lock_by(ClinicDay, order="date", **asked)):
        return rows
    there = set(
        ClinicDay.objects.filter(clinic=clinic, date__in=wanted).values_list("date", flat=True)
    )
    ClinicDay.objects.bulk_create(
        [ClinicDay(clinic=clinic, date=day, updated_at=now) for day in wanted if day not in there],
        ignore_conflicts=True,
    )
    return lock_by(ClinicDay, order="date", **asked)


@joins
def rewrite_summary(
    day: ClinicDay, clinic: Clinic, *, now: datetime, bookings: Sequence[Standing] | None = None
) -> None:
    """Write the locked `day` anew from its active bookings, read here unless they are given."""
    grid = grid_of(day.date, clinic.time_zone)
    if bookings is None:
        bookings = standing_on([day.pk])[day.pk]
    day.standing = list(bookings)
    total = summarise(grid, clinic, bookings)
    day.starts, day.points, day.held_minutes = total.starts, total.points, total.held_minutes
    day.chair_masks = {str(chair): f"{taken:x}" for chair, taken in total.chairs.items()}
    day.version += 1
    day.updated_at = now
    with prepared() as cursor:
        cursor.execute(_REWRITE, {
            "id": day.pk, "opens": day.opens_at, "closes": day.closes_at,
            "nurses": _array(day.nurses), "starts": _array(day.starts),
            "points": _array(day.points), "chairs": orjson.dumps(day.chair_masks).decode(),
            "held": day.held_minutes, "version": day.version, "now": now,
        })  # fmt: skip


# Written so because every booking does it, and the ORM looks at each of three hundred numbers.
_REWRITE = """
    UPDATE scheduling_clinicday SET opens_at = %(opens)s, closes_at = %(closes)s,
        nurses = %(nurses)s, starts = %(starts)s, points = %(points)s,
        chair_masks = %(chairs)s, held_minutes = %(held)s, version = %(version)s,
        updated_at = %(now)s
    WHERE id = %(id)s
"""


def _array(values: Sequence[int]) -> str:
    return f"{{{','.join(map(str, values))}}}"

"""The day lock. Every command that books, moves or frees a time takes it before anything else."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime

import orjson

from clinics.models import Clinic
from core.db import joins
from core.locks import ask_lock, ask_turns
from core.prepared import array, ask, prepared
from core.together import together
from scheduling.days import ask_rooms
from scheduling.duty import ask_openings
from scheduling.grid import grid_of
from scheduling.models import ClinicDay
from scheduling.standing import Standing, ask_standing, standing_on
from scheduling.summary import summarise


@joins
def lock_days(clinic: Clinic, dates: Iterable[date], *, now: datetime) -> dict[date, ClinicDay]:
    """Lock the rows of `dates`, making those that are missing, and bring their hours up to date.

    Turns are taken, rows made and locked in date order, before any other row but the patient's, so
    that two commands that touch the same days wait for each other in turn and never in a ring.
    """
    wanted = sorted(set(dates))
    if not wanted:
        return {}
    # One day alone cannot be out of order: it is made only when the lock finds nothing.
    if len(wanted) == 1 and (found := _lock(clinic, wanted)):
        return found
    with together():
        # Before a day is made, or who makes it and who has its turn would wait for each other.
        _ask_turns(clinic, wanted)
        asked = ask(_THERE, [clinic.pk, array(wanted)])
    there = {day for (day,) in asked()}
    ClinicDay.objects.bulk_create(
        [ClinicDay(clinic=clinic, date=day, updated_at=now) for day in wanted if day not in there],
        ignore_conflicts=True,
    )
    return _lock(clinic, wanted)


_THERE = "SELECT date FROM scheduling_clinicday WHERE clinic_id = %s AND date = ANY(%s)"


def _ask_turns(clinic: Clinic, wanted: Sequence[date]) -> None:
    ask_turns(ClinicDay, [f"{clinic.pk}:{day}" for day in wanted])


def _lock(clinic: Clinic, wanted: Sequence[date]) -> dict[date, ClinicDay]:
    """Lock those of the days that have their rows, and read what stands on them."""
    with together():
        _ask_turns(clinic, wanted)
        rows = ask_lock(ClinicDay, order="date", clinic_id=[clinic.pk], date=wanted)
        bring, standing = _ask_hours(clinic, wanted), ask_standing(clinic.pk, wanted)
    days = {row.date: row for row in rows()}
    bring(days)
    bookings = standing()
    for row in days.values():
        row.standing = bookings.get(row.pk, [])
    return days


@joins
def read_hours(clinic: Clinic, days: Mapping[date, ClinicDay]) -> None:
    """Bring hours, nurses and chairs of locked days up to date; they are not saved here."""
    if days:
        _ask_hours(clinic, list(days))(days)


def _ask_hours(
    clinic: Clinic, wanted: Sequence[date]
) -> Callable[[Mapping[date, ClinicDay]], None]:
    """Ask for hours, nurses and chairs; return what writes the answers into the days' rows."""
    opened = ask_openings(clinic, wanted)
    rooms = ask_rooms(clinic.pk, [grid_of(day, clinic.time_zone) for day in sorted(wanted)])

    def bring(days: Mapping[date, ClinicDay]) -> None:
        opening, here = opened(), rooms()
        for day, row in days.items():
            row.opens_at, row.closes_at = opening[day].opens_at, opening[day].closes_at
            row.nurses, row.rooms = list(opening[day].nurses), here[day]

    return bring


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
    day.starts, day.points, day.bagless = total.starts, total.points, total.bagless
    day.held_minutes = total.held_minutes
    day.chair_masks = {str(chair): f"{taken:x}" for chair, taken in total.chairs.items()}
    day.version += 1
    day.updated_at = now
    with prepared() as cursor:
        cursor.execute(_REWRITE, {
            "id": day.pk, "opens": day.opens_at, "closes": day.closes_at,
            "nurses": array(day.nurses), "starts": array(day.starts),
            "points": array(day.points), "bagless": array(day.bagless),
            "chairs": orjson.dumps(day.chair_masks).decode(),
            "held": day.held_minutes, "version": day.version, "now": now,
        })  # fmt: skip


# Written so because every booking does it, and the ORM looks at each of three hundred numbers.
_REWRITE = """
    UPDATE scheduling_clinicday SET opens_at = %(opens)s, closes_at = %(closes)s,
        nurses = %(nurses)s, starts = %(starts)s, points = %(points)s, bagless = %(bagless)s,
        chair_masks = %(chairs)s, held_minutes = %(held)s, version = %(version)s,
        updated_at = %(now)s
    WHERE id = %(id)s
"""

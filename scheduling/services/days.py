"""The day lock. Every command that books, moves or frees a time takes it before anything else."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

import orjson

from clinics.models import Clinic
from core.db import joins
from core.locks import ask_lock
from core.prepared import ask, prepared
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

    Rows are made and locked in date order, before any other row but the patient's, so that two
    commands that touch the same days wait for each other in turn and never in a ring.
    """
    wanted = sorted(set(dates))
    make_days(clinic, wanted, there=ask_days_there(clinic, wanted)(), now=now)
    return lock_existing(clinic, wanted)


@joins
def ask_days_there(clinic: Clinic, wanted: Sequence[date]) -> Callable[[], set[date]]:
    """Ask which of the days have a row; return what reads the answer."""
    answer = ask(
        "SELECT date FROM scheduling_clinicday WHERE clinic_id = %s AND date = ANY(%s)",
        [clinic.pk, list(wanted)],
    )
    return lambda: {day for (day,) in answer()}


@joins
def make_days(
    clinic: Clinic, wanted: Iterable[date], *, there: Collection[date], now: datetime
) -> None:
    """Make the rows of days that are not `there`, in date order, before any day is locked."""
    missing = sorted(set(wanted) - set(there))
    if missing:
        ClinicDay.objects.bulk_create(
            [ClinicDay(clinic=clinic, date=day, updated_at=now) for day in missing],
            ignore_conflicts=True,
        )


@joins
def lock_existing(clinic: Clinic, dates: Iterable[date]) -> dict[date, ClinicDay]:
    """Lock days that have their rows, in date order, and read what stands on them."""
    wanted = sorted(set(dates))
    if not wanted:
        return {}
    with together():
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
        for day, opening in opened().items():
            row = days[day]
            row.opens_at, row.closes_at = opening.opens_at, opening.closes_at
            row.nurses = list(opening.nurses)
        for day, here in rooms().items():
            days[day].rooms = here

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

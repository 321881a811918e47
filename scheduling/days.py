"""Reading a clinic's days: when it is open, who is on duty, what is taken. Nothing here writes."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from clinics.models import Chair, Clinic
from core.prepared import array, ask
from scheduling.capacity import Day, mask
from scheduling.duty import Opening, openings
from scheduling.grid import MINUTES, Grid, grid_of
from scheduling.models import Booking, ClinicDay, Visit
from scheduling.standing import Standing, standing_on
from scheduling.summary import summarise

__all__ = [
    "HOLDS", "Difference", "Opening", "bookings_of", "capacity", "clinics_with_expired_holds",
    "openings", "outages", "recompute_summaries",
]  # fmt: skip

HOLDS = (Booking.Status.PROPOSED, Booking.Status.OFFERED)


def bookings_of(clinic_id: UUID, dates: Collection[date]) -> dict[date, list[Booking]]:
    """Return what counts against the room of each date, by period, offers included: one query."""
    found: dict[date, list[Booking]] = {day: [] for day in dates}
    rows = (
        Booking.objects.filter(
            clinic_day__clinic_id=clinic_id, clinic_day__date__in=dates, status__in=Booking.COUNTED
        )
        .select_related("clinic_day")
        .order_by("period", "created_at", "pk")
    )
    for booking in rows:
        found[booking.clinic_day.date].append(booking)
    return found


def clinics_with_expired_holds(now: datetime) -> list[UUID]:
    """Return the clinics where a hold is over by `now`: one query."""
    over = Booking.objects.filter(status__in=HOLDS, hold_expires_at__lte=now)
    return list(over.values_list("clinic_id", flat=True).distinct())


def capacity(
    clinic: Clinic,
    opening: Opening,
    bookings: Iterable[Booking | Standing],
    *,
    without: UUID | None = None,
    rooms: "Mapping[UUID, Room] | None" = None,
) -> Day:
    """Return one day as a new visit meets it: one query, for chairs and their outages, unless
    these `rooms` are given.

    `without` leaves out one booking: the one about to move.
    """
    grid = opening.grid
    left = [booking for booking in bookings if booking.pk != without]
    taken = summarise(grid, clinic, left)
    rooms = outages(clinic.pk, grid) if rooms is None else rooms
    chairs = {chair: room.taken | taken.chairs.get(chair, 0) for chair, room in rooms.items()}
    return Day(
        grid=grid,
        open=opening.slots,
        closed_because=opening.closed_because,
        nurses=opening.nurses,
        starts=taken.starts,
        points=taken.points,
        bagless=taken.bagless,
        chairs=chairs,
        starts_per_nurse=clinic.starts_per_nurse,
        points_per_nurse=clinic.points_per_nurse,
        isolation=frozenset(chair for chair, room in rooms.items() if room.isolation),
        pharmacy_limit=clinic.pharmacy_limit,
        broken={chair: room.taken for chair, room in rooms.items() if room.taken},
    )


class Room(NamedTuple):
    """A chair in use: the slots in which it is out of order, and whether it stands apart."""

    taken: int
    isolation: bool


def outages(clinic_id: UUID, grid: Grid) -> dict[UUID, Room]:
    """Return every chair in use, in the order of the room, with the mask of its outages."""
    return outages_between(clinic_id, [grid])[grid.day]


# The chairs in use in the order of the room, each with its outages in a span.
_ROOMS = """
    SELECT chair.id, chair.kind, outage.period FROM clinics_chair chair
    LEFT JOIN clinics_chairoutage outage ON outage.chair_id = chair.id
        AND outage.period && tstzrange(%(first)s, %(last)s)
    WHERE chair.clinic_id = %(clinic)s AND chair.is_active ORDER BY chair.position, outage.period
"""


def outages_between(clinic_id: UUID, grids: Sequence[Grid]) -> dict[date, dict[UUID, Room]]:
    """Return the chairs in use on each of some days in a row: one query for any number."""
    return ask_rooms(clinic_id, grids)()


def ask_rooms(clinic_id: UUID, grids: Sequence[Grid]) -> Callable[[], dict[date, dict[UUID, Room]]]:
    """Ask as `outages_between` does and return what reads the answer: for use within
    `core.together`."""
    last = grids[-1]
    span = {"clinic": clinic_id, "first": grids[0].midnight, "last": last.instant(last.count)}
    answer = ask(_ROOMS, span)
    return lambda: _rooms(answer(), grids)


def _rooms(rows: Sequence[tuple[Any, ...]], grids: Sequence[Grid]) -> dict[date, dict[UUID, Room]]:
    usual = {chair: Room(0, kind == Chair.Kind.ISOLATION) for chair, kind, _ in rows}
    found = {grid.day: usual for grid in grids}
    for chair, _, period in rows:
        for grid in grids if period is not None else ():
            out = mask_of(grid, period.lower, period.upper)
            if out:
                here = found[grid.day]
                room = here[chair]
                found[grid.day] = here | {chair: room._replace(taken=room.taken | out)}
    return found


def mask_of(grid: Grid, starts: datetime | None, ends: datetime | None) -> int:
    """Return the mask of the slots a span touches; None is without an end on that side."""
    first, last = 0, grid.count
    if starts is not None:
        first = max(grid.minute(starts) // MINUTES, 0)
    if ends is not None:
        last = min(-(-grid.minute(ends) // MINUTES), grid.count)
    return mask(range(first, last))


# The times one patient sits in a chair for other visits than some, on some days in a row.
_ELSEWHERE = """
    SELECT day.date, booking.period FROM scheduling_booking booking
    JOIN scheduling_clinicday day ON day.id = booking.clinic_day_id
    WHERE booking.patient_id = %(patient)s AND booking.visit_id <> ALL(%(visits)s)
      AND booking.period IS NOT NULL AND booking.status = ANY(%(statuses)s)
      AND day.date BETWEEN %(first)s AND %(last)s
"""


def elsewhere(visits: Sequence[Visit], grids: Sequence[Grid]) -> dict[date, int]:
    """Return, for each of some days in a row on which the patient of `visits` has a time for
    another visit than these, the mask of its slots: one query. Nobody is elsewhere for none."""
    if not visits:
        return {}
    asked = {
        "patient": visits[0].patient_id, "visits": array(each.pk for each in visits),
        "statuses": array(Booking.COUNTED),
        "first": grids[0].day, "last": grids[-1].day,
    }  # fmt: skip
    by_day = {grid.day: grid for grid in grids}
    found: dict[date, int] = {}
    for day, period in ask(_ELSEWHERE, asked)():
        met = mask_of(by_day[day], period.lower, period.upper)
        found[day] = found.get(day, 0) | met
    return found


@dataclass(frozen=True, slots=True)
class Difference:
    """A day whose stored summary is not what its bookings add up to."""

    clinic_id: UUID
    day: date
    columns: tuple[str, ...]


def recompute_summaries(clinic: Clinic, first: date, last: date) -> list[Difference]:
    """Compare the stored summary of each day with its bookings; return the days that differ."""
    rows = ClinicDay.objects.filter(clinic=clinic, date__range=(first, last)).order_by("date")
    days = {row.date: row for row in rows}
    bookings = standing_on([row.pk for row in days.values()])
    found = []
    for day, row in days.items():
        total = summarise(grid_of(day, clinic.time_zone), clinic, bookings[row.pk])
        should = {
            "starts": total.starts,
            "points": total.points,
            "bagless": total.bagless,
            "held_minutes": total.held_minutes,
            "chair_masks": {str(chair): f"{taken:x}" for chair, taken in total.chairs.items()},
        }
        wrong = tuple(column for column, value in should.items() if _stored(row, column) != value)
        if wrong:
            found.append(Difference(clinic.pk, day, wrong))
    return found


def _stored(row: ClinicDay, column: str) -> object:
    value: object = getattr(row, column)
    never_booked = column in {"starts", "points"} and not value
    return [0] * grid_of(row.date, row.clinic.time_zone).count if never_booked else value

"""Many days at once, from the summaries their bookings left behind: what a search reads.

Hours, holidays and shifts are read as they stand now; what is booked comes from the days' rows.
A day nobody has booked yet has no row and is empty. A constant number of queries for any span.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence, ValuesView
from dataclasses import dataclass, field, replace
from datetime import date, time
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

import orjson

from clinics.models import Clinic, Shift
from core.prepared import prepared
from scheduling.capacity import Day, Load, load_of, mask_where
from scheduling.days import Room, elsewhere, outages_between
from scheduling.duty import Away, Duty, Roster, absences, on_duty, roster
from scheduling.grid import grid_of
from scheduling.models import Booking, Visit
from scheduling.summary import MINUTES_COLUMNS, phases_for


class Stored(NamedTuple):
    """What one day's row says is taken: arrays by slot as PostgreSQL writes them, JSON of masks by
    chair, minutes held. Most days of a search are never looked at: nothing is decoded yet."""

    starts: str
    points: str
    bagless: str
    chairs: str
    held_minutes: int


NOTHING = Stored("{}", "{}", "{}", "{}", 0)


class StoredChairs(Mapping[UUID, int]):
    """The chairs in use on one day with the masks of what is taken, outages among it."""

    def __init__(self, rooms: Mapping[UUID, Room], names: Sequence[str], taken: str) -> None:
        self._rooms, self._names, self._taken = rooms, names, taken

    @cached_property
    def _masks(self) -> list[int]:
        stored: Mapping[str, str] = orjson.loads(self._taken)
        return [
            room.taken | int(stored.get(name, "0"), 16)
            for name, room in zip(self._names, self._rooms.values(), strict=True)
        ]

    @cached_property
    def _by_chair(self) -> dict[UUID, int]:
        return dict(zip(self._rooms, self._masks, strict=True))

    def __getitem__(self, chair: UUID) -> int:
        return self._by_chair[chair]

    def __iter__(self) -> Iterator[UUID]:
        return iter(self._rooms)

    def __len__(self) -> int:
        return len(self._rooms)

    def values(self) -> ValuesView[int]:
        """Return the masks in the order of the room, without looking up each chair by its id."""
        return dict(enumerate(self._masks)).values()


@dataclass(frozen=True, slots=True, kw_only=True)
class Span(Mapping[date, Day]):
    """Some days in a row as a new visit meets them, each put together when it is first asked for;
    and the visits that wait there for a time."""

    clinic: Clinic
    roster: Roster
    rows: Mapping[date, Stored]
    rooms: Mapping[date, Mapping[UUID, Room]]
    promised: Mapping[date, Sequence[Load]]
    names: Sequence[str]  # the chairs in use, in the order of the room
    isolation: frozenset[UUID]  # those that stand apart
    made: dict[date, Day] = field(default_factory=dict)

    def __getitem__(self, day: date) -> Day:
        if day not in self.made:
            self.made[day] = self._make(day)
        return self.made[day]

    def __iter__(self) -> Iterator[date]:
        return iter(self.rooms)

    def __len__(self) -> int:
        return len(self.rooms)

    def _make(self, day: date) -> Day:
        return self._day(day, self.rows.get(day, NOTHING))

    def bare(self, day: date) -> Day:
        """Return a day as it is before anything is booked."""
        return self._day(day, NOTHING)

    def _day(self, day: date, row: Stored) -> Day:
        opening = self.roster.opening(day)
        count = opening.grid.count
        return Day(
            grid=opening.grid,
            open=opening.slots,
            closed_because=opening.closed_because,
            nurses=opening.nurses,
            starts=_numbers(row.starts, count),
            points=_numbers(row.points, count),
            chairs=StoredChairs(self.rooms[day], self.names, row.chairs),
            starts_per_nurse=self.clinic.starts_per_nurse,
            points_per_nurse=self.clinic.points_per_nurse,
            isolation=self.isolation,
            pharmacy_limit=self.clinic.pharmacy_limit,
            bagless=_numbers(row.bagless, count) if row.bagless != "{}" else (),
        )


def _numbers(array: str, count: int) -> tuple[int, ...]:
    return (0,) * count if array == "{}" else tuple(map(int, array[1:-1].split(",")))


def read_span(clinic: Clinic, dates: Sequence[date], *, also: Collection[Away] = ()) -> Span:
    """Return the days of `dates` (in order), with the absences `also` nobody has written down:
    at most five queries for any number of days."""
    rows = stored_rows(clinic.pk, dates)
    held = [day for day, row in rows.items() if row.held_minutes]
    rooms = outages_between(clinic.pk, [grid_of(day, clinic.time_zone) for day in dates])
    chairs = rooms[dates[0]]
    return Span(
        clinic=clinic,
        roster=roster(clinic, dates, also=also),
        rows=rows,
        rooms=rooms,
        promised=waiting_on(clinic, held) if held else {},
        names=[str(chair) for chair in chairs],
        isolation=frozenset(chair for chair, room in chairs.items() if room.isolation),
    )


def close_for(span: Span, visits: Sequence[Visit]) -> None:
    """Close the days of `span` where the patient of these visits sits for another: one query."""
    grids = [grid_of(day, span.clinic.time_zone) for day in span]
    for day, met in elsewhere(visits, grids).items():
        span.made[day] = replace(span[day], elsewhere=met)


_STORED = """
    SELECT date, starts::text, points::text, bagless::text, chair_masks::text, held_minutes
    FROM scheduling_clinicday WHERE clinic_id = %s AND date BETWEEN %s AND %s
"""


def stored_rows(clinic_id: UUID, dates: Sequence[date]) -> dict[date, Stored]:
    """Return what the rows of the clinic's days say is taken: one query on an index."""
    with prepared() as cursor:
        cursor.execute(_STORED, [clinic_id, dates[0], dates[-1]])
        return {day: Stored(*rest) for day, *rest in cursor.fetchall()}


def waiting_on(clinic: Clinic, dates: Collection[date]) -> dict[date, list[Load]]:
    """Return the loads that hold each day without a time: one query."""
    found: dict[date, list[Load]] = defaultdict(list)
    rows = Booking.objects.filter(
        clinic_day__clinic=clinic, clinic_day__date__in=dates, status=Booking.Status.DAY_HELD
    ).values_list(
        "clinic_day__date", "rate_option", "watched_closely", "isolation", *MINUTES_COLUMNS
    )
    for day, rate_option, watched_closely, isolation, *minutes in rows:
        phases = phases_for(
            dict(zip(MINUTES_COLUMNS, minutes, strict=True)), rate_option, clinic,
            watched_closely=watched_closely, isolation=isolation,
        )  # fmt: skip
        found[day].append(load_of(phases))
    return found


def nurse_on_duty(clinic: Clinic, nurse_id: UUID, dates: Sequence[date]) -> dict[date, int]:
    """Return the mask of the slots of each day on which one named nurse is there: two queries."""
    shifts = Shift.objects.filter(
        clinic=clinic, nurse=nurse_id, date__gte=dates[0], date__lte=dates[-1]
    ).values_list("date", "starts", "ends", "break_starts", "break_ends")
    gone: dict[date, list[tuple[time, time]]] = defaultdict(list)
    for away in absences(clinic, dates):
        if away.nurse_id == nurse_id:
            gone[away.day].append((away.starts, away.ends))
    duties: dict[date, list[Duty]] = defaultdict(list)
    for day, starts, ends, break_starts, break_ends in shifts:
        duties[day].append(
            Duty(starts, ends, break_starts, break_ends, 1, tuple(gone.get(day, ())))
        )
    return {
        day: mask_where(count > 0 for count in on_duty(grid_of(day, clinic.time_zone), here))
        for day, here in duties.items()
    }

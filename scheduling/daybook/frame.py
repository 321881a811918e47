"""A day without names: what it offers, what is taken, what really happened. Reading only."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, NamedTuple
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q

from clinics.models import Chair, ChairOutage, Clinic
from scheduling import actuals, overruns
from scheduling.actuals import Actual
from scheduling.capacity import Day, mask, positions
from scheduling.days import bookings_of, capacity, openings
from scheduling.duty import Opening
from scheduling.grid import MINUTES, Grid
from scheduling.models import Booking

HOUR = 60 // MINUTES
USUAL_HOURS = (time(8), time(18))  # drawn of a day on which nothing happens


class ChairRow(NamedTuple):
    """One chair of the grid; a chair out of use stays while somebody is booked in it."""

    chair_id: UUID
    label: str
    kind: str
    is_active: bool


class Outage(NamedTuple):
    """A chair that cannot be used between two instants of the day."""

    chair_id: UUID
    starts: datetime
    ends: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One day of one clinic. `versions` changes whenever a booking or its patient does."""

    clinic: Clinic
    day: date
    now: datetime
    opening: Opening
    capacity: Day
    chairs: tuple[ChairRow, ...]
    outages: tuple[Outage, ...]
    actuals: dict[UUID, Actual]  # by visit
    leaving: dict[UUID, datetime]  # by visit: expected, of whoever is still here
    versions: tuple[tuple[Any, ...], ...]

    def stamp(self) -> str:
        """Return a fingerprint: two frames with the same stamp look the same."""
        facts = (
            self.opening, self.past.stop, self.chairs, self.outages, sorted(self.actuals.items()),
            sorted(self.leaving.items()), self.versions,
        )  # fmt: skip
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:20]

    @property
    def past(self) -> range:
        """The slots of the day that are over."""
        grid = self.opening.grid
        return range(min(max(grid.minute(self.now) // MINUTES, 0), grid.count))

    def shown(self) -> range:
        """Return the slots worth drawing: the opening hours, and whatever lies outside them."""
        grid, taken = self.opening.grid, 0
        for chair in self.capacity.chairs.values():
            taken |= chair
        for outage in self.outages:
            taken &= ~mask(_slots(grid, outage.starts, outage.ends))
        slots = {*self.opening.slots, *positions(taken)} or set(grid.inside(*USUAL_HOURS))
        return range(
            min(slots) // HOUR * HOUR, min(-(-(max(slots) + 1) // HOUR) * HOUR, grid.count)
        )


def _slots(grid: Grid, starts: datetime, ends: datetime) -> range:
    first = max(grid.minute(starts) // MINUTES, 0)
    return range(first, max(min(-(-grid.minute(ends) // MINUTES), grid.count), first))


def read_frame(clinic: Clinic, day: date, *, now: datetime) -> Frame:
    """Return one day; a constant number of queries, and no patient's record is read."""
    opening = openings(clinic, [day])[day]
    bookings = bookings_of(clinic.pk, [day])[day]
    versions = _versions(clinic, day)
    visits = [row[1] for row in versions]
    return Frame(
        clinic=clinic,
        day=day,
        now=now,
        opening=opening,
        capacity=capacity(clinic, opening, bookings),
        chairs=_chairs(clinic, bookings),
        outages=_outages(clinic, opening.grid),
        actuals=dict(actuals.of(visits)),
        leaving=dict(overruns.leaving(visits, now=now)),
        versions=versions,
    )


def _versions(clinic: Clinic, day: date) -> tuple[tuple[Any, ...], ...]:
    rows = Booking.objects.filter(clinic=clinic, clinic_day__date=day)
    columns = ("pk", "visit_id", "version", "visit__version", "patient__updated_at")
    return tuple(rows.exclude(status=Booking.Status.CANCELLED).order_by("pk").values_list(*columns))


def _chairs(clinic: Clinic, bookings: Iterable[Booking]) -> tuple[ChairRow, ...]:
    booked = {booking.chair_id for booking in bookings if booking.chair_id}
    rows = Chair.objects.filter(Q(is_active=True) | Q(pk__in=booked), clinic=clinic)
    columns = rows.order_by("position").values_list("pk", "label", "kind", "is_active")
    return tuple(ChairRow(*row) for row in columns)


def _outages(clinic: Clinic, grid: Grid) -> tuple[Outage, ...]:
    first, last = grid.midnight, grid.instant(grid.count)
    rows = ChairOutage.objects.filter(
        chair__clinic=clinic, period__overlap=DateTimeTZRange(first, last)
    ).order_by("period", "pk")
    return tuple(
        Outage(
            chair_id=row.chair_id,
            starts=max(row.period.lower or first, first),
            ends=min(row.period.upper or last, last),
            reason=row.reason,
        )
        for row in rows
    )

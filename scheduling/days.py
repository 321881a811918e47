"""Reading a clinic's days: when it is open, who is on duty, what is taken. Nothing here writes."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import QuerySet

from clinics.models import Chair, ChairOutage, Clinic, Closure, OpeningHours, Shift
from scheduling.capacity import Day, mask
from scheduling.grid import MINUTES, Grid, grid_of
from scheduling.models import Booking, ClinicDay
from scheduling.summary import summarise


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One day of a clinic before anything is booked: its hours and its nurses by slot."""

    grid: Grid
    opens_at: datetime | None
    closes_at: datetime | None
    closed_because: str
    nurses: tuple[int, ...]

    @property
    def slots(self) -> range:
        """The slots between opening and closing; none while the clinic is closed."""
        if self.opens_at is None or self.closes_at is None:
            return range(0)
        first = -(-self.grid.minute(self.opens_at) // MINUTES)
        return range(first, self.grid.minute(self.closes_at) // MINUTES)


def openings(clinic: Clinic, dates: Collection[date]) -> dict[date, Opening]:
    """Return what each of `dates` offers, from hours, closures and shifts: three queries."""
    hours = {row.weekday: row for row in OpeningHours.objects.filter(clinic=clinic)}
    closures = {row.date: row for row in Closure.objects.filter(clinic=clinic, date__in=dates)}
    shifts: dict[date, list[Shift]] = defaultdict(list)
    for shift in Shift.objects.filter(clinic=clinic, date__in=dates):
        shifts[shift.date].append(shift)
    return {
        day: _opening(
            grid_of(day, clinic.time_zone), hours.get(day.weekday()), closures.get(day), shifts[day]
        )
        for day in dates
    }


def _opening(
    grid: Grid, hours: OpeningHours | None, closure: Closure | None, shifts: Iterable[Shift]
) -> Opening:
    nurses = on_duty(grid, shifts)
    if closure is not None:
        why = f"The clinic is closed on {grid.day:%d-%b-%Y}: {closure.reason}."
    elif hours is None:
        why = f"The clinic is closed on {grid.day:%A}s."
    else:
        return Opening(
            grid=grid,
            opens_at=grid.wall(hours.opens),
            closes_at=grid.wall(hours.closes),
            closed_because="",
            nurses=nurses,
        )
    return Opening(grid=grid, opens_at=None, closes_at=None, closed_because=why, nurses=nurses)


def on_duty(grid: Grid, shifts: Iterable[Shift]) -> tuple[int, ...]:
    """Return how many nurses are on duty in each slot: whole slots of a shift, less any slot
    that a break touches."""
    count = [0] * grid.count
    for shift in shifts:
        slots = set(grid.inside(shift.starts, shift.ends))
        if shift.break_starts is not None and shift.break_ends is not None:
            slots -= set(grid.touching(shift.break_starts, shift.break_ends))
        for slot in slots:
            count[slot] += shift.nurses
    return tuple(count)


def bookings_of(clinic_id: UUID, dates: Collection[date]) -> dict[date, list[Booking]]:
    """Return the active bookings of each date, by period: one query."""
    found: dict[date, list[Booking]] = {day: [] for day in dates}
    rows = (
        Booking.objects.filter(
            clinic_day__clinic_id=clinic_id, clinic_day__date__in=dates, status__in=Booking.ACTIVE
        )
        .select_related("clinic_day")
        .order_by("period", "created_at", "pk")
    )
    for booking in rows:
        found[booking.clinic_day.date].append(booking)
    return found


def expired_holds(days: Collection[UUID], *, now: datetime) -> QuerySet[Booking]:
    """Return the proposals on `days` (ids) whose hold is over by `now`."""
    return Booking.objects.filter(
        clinic_day__in=days, status=Booking.Status.PROPOSED, hold_expires_at__lte=now
    )


def capacity(
    clinic: Clinic, opening: Opening, bookings: Sequence[Booking], *, without: UUID | None = None
) -> Day:
    """Return one day as a new visit meets it: two queries, for chairs and their outages.

    `without` leaves out one booking: the one about to move.
    """
    grid = opening.grid
    left = [booking for booking in bookings if booking.pk != without]
    taken = summarise(grid, clinic, left)
    chairs = {
        chair: blocked | taken.chairs.get(chair, 0)
        for chair, blocked in outages(clinic.pk, grid).items()
    }
    return Day(
        grid=grid,
        open=opening.slots,
        closed_because=opening.closed_because,
        nurses=opening.nurses,
        starts=taken.starts,
        points=taken.points,
        chairs=chairs,
        starts_per_nurse=clinic.starts_per_nurse,
        points_per_nurse=clinic.points_per_nurse,
    )


def outages(clinic_id: UUID, grid: Grid) -> Mapping[UUID, int]:
    """Return every chair in use, in the order of the room, with the mask of its outages."""
    chairs = dict.fromkeys(
        Chair.objects.filter(clinic_id=clinic_id, is_active=True)
        .order_by("position")
        .values_list("pk", flat=True),
        0,
    )
    whole_day = DateTimeTZRange(grid.midnight, grid.instant(grid.count))
    for outage in ChairOutage.objects.filter(chair__in=chairs, period__overlap=whole_day):
        chairs[outage.chair_id] |= _mask_of(grid, outage.period)
    return chairs


def _mask_of(grid: Grid, period: DateTimeTZRange) -> int:
    first, last = 0, grid.count
    if period.lower is not None:
        first = max(grid.minute(period.lower) // MINUTES, 0)
    if period.upper is not None:
        last = min(-(-grid.minute(period.upper) // MINUTES), grid.count)
    return mask(range(first, last))


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
    bookings = bookings_of(clinic.pk, list(days))
    found = []
    for day, row in days.items():
        total = summarise(grid_of(day, clinic.time_zone), clinic, bookings[day])
        should = {
            "starts": total.starts,
            "points": total.points,
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

"""What the planner is given, read from a clinic's rows. Reading only, and no person's name.

Promised times stand still; a proposed time may move and would rather not; a held day gets its
time; who has arrived is part of what is taken. Doses that are due may be planned along. Where
times are only sought for chosen doses, everybody else stays as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import orjson

from clinics.models import Chair, Clinic
from scheduling.capacity import add, mask, positions
from scheduling.days import Opening, Room, bookings_of, openings, outages_between
from scheduling.grid import MINUTES, Grid
from scheduling.models import Booking
from scheduling.plan_due import Refused, chosen_doses, due_doses
from scheduling.planner.values import ORDINARY, PlanChair, PlanDay, PlanVisit
from scheduling.planner.weeks_program import WeekVisit
from scheduling.summary import FIRST_DOSES, phases_of, placed

# Who is here already, and what is held for somebody who is being asked: neither is planned anew.
FIXED = (Booking.Status.ARRIVED, Booking.Status.OFFERED)
PROMISED_WEIGHT = 12  # nobody whose day is promised makes way for somebody who has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What whoever asks allows the planner."""

    overtime_minutes: int = 0  # how long after closing patients may still be there
    move_confirmed: bool = False
    include_due: bool = False
    isolation_for_all: bool = False  # isolation rooms may take anybody
    doses: Sequence[str] = ()  # visits to find a time for; nobody else is touched

    @property
    def only_doses(self) -> bool:
        """Whether times are sought for chosen doses and for nobody else."""
        return bool(self.doses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Where a visit stands now: with a booking, or waiting for one."""

    visit: UUID
    booking: UUID | None = None
    version: int = 0
    status: str = ""
    day: date | None = None
    start: datetime | None = None
    chair: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """Everything a run works on. A day's digest is the same as long as no row of it changes."""

    dates: tuple[date, ...]
    grids: tuple[Grid, ...]
    days: tuple[PlanDay, ...]
    visits: tuple[WeekVisit, ...]
    rows: Mapping[str, Row]
    digests: Mapping[date, str]
    options: Options
    refused: tuple[Refused, ...] = ()  # doses that may have none of the days
    unopened: tuple[str, ...] = field(default=())  # why days of the span take no part


def collect(
    clinic: Clinic, first: date, last: date, options: Options, *, now: datetime
) -> Collected:
    """Return the days from `first` to `last` on which the clinic opens, and who wants them."""
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    found = collect_days(clinic, span, options, now=now)
    closes = min((day.closes for day in found.days), default=0)
    if options.only_doses:
        due, refused = chosen_doses(clinic, found.dates, options.doses, closes=closes, now=now)
    elif options.include_due:
        due, refused = list(due_doses(clinic, found.dates, closes=closes, now=now)), []
    else:
        return found
    rows = {str(dose.pk): Row(visit=dose.pk, version=dose.version) for dose, _ in due}
    return replace(
        found, visits=(*found.visits, *(wanted for _, wanted in due)),
        rows={**found.rows, **rows}, refused=tuple(refused),
    )  # fmt: skip


def collect_days(
    clinic: Clinic, span: Sequence[date], options: Options, *, now: datetime
) -> Collected:
    """Return the days of `span` on which the clinic opens, and who is booked on them."""
    opened = openings(clinic, span)
    dates = tuple(day for day in span if opened[day].slots)
    booked = bookings_of(clinic.pk, dates)
    days, visits, digests = [], [], {}
    rows: dict[str, Row] = {}
    rooms = _rooms(clinic, [opened[day].grid for day in dates])
    for position, day in enumerate(dates):
        here = _Day(clinic, opened[day], options, booked[day])
        days.append(here.plan_day(rooms[day]))
        mine = {str(booking.pk): _row(booking) for booking in here.waiting()}
        for booking in here.waiting():
            visit = here.visit(booking, not_before=_minute_now(opened[day].grid, now))
            visits.append(WeekVisit(visit, ((position, 0),)))
        rows |= mine
        digests[day] = _digest(days[-1], mine, booked[day], options)
    return Collected(
        dates=dates, grids=tuple(opened[day].grid for day in dates), days=tuple(days),
        visits=tuple(visits), rows=rows, digests=digests, options=options,
        unopened=tuple(opened[day].closed_because for day in span if day not in dates),
    )  # fmt: skip


Rooms = Mapping[UUID, tuple[str, Room]]


def _rooms(clinic: Clinic, grids: Sequence[Grid]) -> dict[date, Rooms]:
    if not grids:
        return {}
    kinds = dict(Chair.objects.filter(clinic=clinic).values_list("pk", "kind"))
    return {
        day: {chair: (kinds[chair], room) for chair, room in rooms.items()}
        for day, rooms in outages_between(clinic.pk, grids).items()
    }


@dataclass(frozen=True, slots=True)
class _Day:
    clinic: Clinic
    opening: Opening
    options: Options
    bookings: Sequence[Booking]

    def waiting(self) -> list[Booking]:
        """Return the bookings that take part: all but those that are fixed."""
        return [one for one in self.bookings if one.status not in FIXED]

    def plan_day(self, rooms: Rooms) -> PlanDay:
        """Return what the day offers, less what is fixed."""
        grid, slots = self.opening.grid, self.opening.slots
        starts, points, bagless = [0] * grid.count, [0] * grid.count, [0] * grid.count
        taken = {chair: room.taken for chair, (_, room) in rooms.items()}
        for booking in self.bookings:
            if booking.status in FIXED and booking.chair_id is not None:
                slot, load = placed(booking, self.clinic, grid)
                add(starts, load.starts, slot)
                add(points, load.points, slot)
                add(bagless, () if load.bag else load.starts, slot)
                used = mask(range(slot, slot + load.chair))
                taken[booking.chair_id] = taken.get(booking.chair_id, 0) | used
        hard_close = self._hard_close()
        return PlanDay(
            opens=slots.start * MINUTES, closes=slots.stop * MINUTES, hard_close=hard_close,
            chairs=tuple(
                PlanChair(id=str(chair), kind=kind, taken=_spans(taken[chair]))
                for chair, (kind, _) in rooms.items()
            ),
            nurses=staying_on(self.opening.nurses, slots.stop, hard_close // MINUTES),
            starts_per_nurse=self.clinic.starts_per_nurse,
            points_per_nurse=self.clinic.points_per_nurse,
            taken_starts=tuple(starts), taken_points=tuple(points), bagless=tuple(bagless),
            pharmacy_limit=self.clinic.pharmacy_limit,
            clock_ahead=24 * 60 - grid.count * MINUTES,
        )  # fmt: skip

    def _hard_close(self) -> int:
        """Return the end of the overtime allowed, or of what is promised already past it."""
        grid = self.opening.grid
        allowed = self.opening.slots.stop * MINUTES + self.options.overtime_minutes
        promised = [
            grid.minute(one.period.lower) + phases_of(one, self.clinic).care
            for one in self.bookings
            if one.period is not None
        ]
        latest = -(-max([allowed, *promised]) // MINUTES) * MINUTES
        return min(latest, grid.count * MINUTES)

    def visit(self, booking: Booking, *, not_before: int) -> PlanVisit:
        """Return a booking as the planner sees it."""
        now_at = None
        if booking.period is not None:
            now_at = self.opening.grid.minute(booking.period.lower)
        stays = now_at is not None and not self._may_move(booking)
        return PlanVisit(
            id=str(booking.pk),
            phases=phases_of(booking, self.clinic),
            earliest=None if stays else not_before,
            preferred=now_at,
            priority=PROMISED_WEIGHT,
            first=booking.rate_option == FIRST_DOSES,
            kinds=self._kinds(booking),
            confirmed=now_at if stays else None,
            chair=str(booking.chair_id) if booking.chair_id else None,
        )

    def _may_move(self, booking: Booking) -> bool:
        if self.options.only_doses:
            return False
        if booking.status == Booking.Status.CONFIRMED:
            return self.options.move_confirmed
        # A hold with an expiry is somebody on the telephone right now.
        return booking.hold_expires_at is None

    def _kinds(self, booking: Booking) -> frozenset[str]:
        if booking.isolation:
            return frozenset({Chair.Kind.ISOLATION.value})
        sits_apart = booking.chair is not None and booking.chair.kind == Chair.Kind.ISOLATION
        if self.options.isolation_for_all or sits_apart:
            return ORDINARY | {Chair.Kind.ISOLATION.value}
        return ORDINARY


def staying_on(nurses: Sequence[int], closes: int, hard_close: int) -> tuple[int, ...]:
    """Return nurses by slot when those of the last slot stay until `hard_close`."""
    last = nurses[closes - 1] if closes else 0
    after = range(closes, hard_close)
    return tuple(max(have, last) if n in after else have for n, have in enumerate(nurses))


def _spans(taken: int) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    for slot in positions(taken):
        begins = slot * MINUTES
        if spans and spans[-1][1] == begins:
            spans[-1] = spans[-1][0], begins + MINUTES
        else:
            spans.append((begins, begins + MINUTES))
    return tuple(spans)


def _minute_now(grid: Grid, now: datetime) -> int:
    return max(0, grid.minute(now))


def _row(booking: Booking) -> Row:
    start = booking.period.lower if booking.period is not None else None
    return Row(
        visit=booking.visit_id, booking=booking.pk, version=booking.version,
        status=booking.status, day=booking.clinic_day.date, start=start, chair=booking.chair_id,
    )  # fmt: skip


def _digest(
    day: PlanDay, rows: Mapping[str, Row], booked: Iterable[Booking], options: Options
) -> str:
    """Return a fingerprint of all that a day's plan rests on: hours, nurses, chairs, bookings."""
    facts = {
        "day": asdict(day),
        "rows": {name: asdict(row) for name, row in sorted(rows.items())},
        "booked": sorted(f"{one.pk} {one.version}" for one in booked),
        "options": asdict(options),
    }
    return sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()

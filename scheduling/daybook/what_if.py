"""What changes if a visit takes another time, chair or length: read, never saved.

The checks are the ones the services make, in their order, on rows that are not locked: what is
shown here as possible may still be refused when somebody else is faster.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinical.findings import Finding
from clinics.models import Chair, Clinic
from core.actor import Actor
from core.errors import NotFound, Refusal, RuleBroken, Stale
from core.zones import local_date
from scheduling.capacity import Day, load_of, with_load
from scheduling.days import bookings_of, capacity, openings
from scheduling.grid import Grid, grid_of
from scheduling.in_hand import InHand
from scheduling.models import Booking, ClinicDay, Visit
from scheduling.placement import local_day, period_end, refuse_findings, refuse_past, refuse_place
from scheduling.standing import standing_of
from scheduling.stay import Stay
from scheduling.summary import phases_of
from scheduling.taken_up import read_visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Where somebody would put a visit. `until` asks for another length, by another rate."""

    chair_id: UUID
    start: datetime
    version: int | None = None  # of the booking as it was seen
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The busiest quarter-hour of the visit, and the one in which its infusion starts."""

    at: str
    points: int
    points_before: int
    point_limit: int
    begins: str
    starts: int
    start_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a wish would do. `refused` says why it cannot be; empty when it can."""

    held: InHand
    visit: Visit
    booking: Booking | None  # as it stands now
    planned: Booking  # as it would stand; not saved
    chair: Chair
    day: date
    refused: tuple[Refusal, ...]
    cautions: tuple[Finding, ...]
    load: Load | None  # None where the clinic is closed
    free_from: datetime | None  # when the visit before it in that chair is over
    free_until: datetime | None  # when the next visit in that chair comes

    @property
    def leaves_at(self) -> datetime:
        """When the patient leaves."""
        leaves: datetime = self.planned.period.upper
        return leaves - timedelta(minutes=self.planned.turnaround_minutes)

    @property
    def days_from_due(self) -> int:
        """Days after the due date; below zero before it."""
        return (self.day - self.visit.due_on).days

    @property
    def days_from_due_before(self) -> int | None:
        """The same of the booking as it stands; None when there is none."""
        if self.booking is None:
            return None
        return (self.booking.clinic_day.date - self.visit.due_on).days

    @property
    def shifted(self) -> timedelta | None:
        """By how much the arrival moves; None for another day or a first time."""
        before = self.booking.period if self.booking is not None else None
        if before is None or self.booking is None or self.booking.clinic_day.date != self.day:
            return None
        shifted: timedelta = self.planned.period.lower - before.lower
        return shifted


def what_if(actor: Actor, visit_id: UUID, wish: Wish, *, now: datetime) -> Effect:
    """Return what `wish` would do to a visit; a constant number of queries.

    Raises NotFound for a visit or a chair of another clinic, Invalid off the quarter-hour.
    """
    held = read_visit(actor, visit_id, now=now)
    visit = held.visit(visit_id)
    chair = Chair.objects.filter(pk=wish.chair_id, clinic_id=actor.clinic_id).first()
    if chair is None:
        raise NotFound
    day = local_day(wish.start, held.clinic)
    booking = held.bookings.get(visit_id)
    refused: list[Refusal] = []
    planned = _planned(held, visit, booking, wish, refused)
    found: list[Finding] = []
    refused += _refusals(held, visit, booking, planned, wish, found, now)
    neighbours = bookings_of(held.clinic.pk, [day])[day]
    free_from, free_until = _neighbours(neighbours, planned)
    return Effect(
        held=held, visit=visit, booking=booking, planned=planned, chair=chair, day=day,
        refused=tuple(refused), cautions=tuple(found),
        load=_load(held.clinic, day, neighbours, planned),
        free_from=free_from, free_until=free_until,
    )  # fmt: skip


def _planned(
    held: InHand,
    visit: Visit,
    booking: Booking | None,
    wish: Wish,
    refused: list[Refusal],
) -> Booking:
    """Return the booking as it would stand: the protocol's length, or the wished one's rate."""
    day = local_day(wish.start, held.clinic)
    planned = Booking(
        pk=booking.pk if booking is not None else None,
        clinic=held.clinic, visit=visit, patient=held.patient, chair_id=wish.chair_id,
        turnaround_minutes=held.clinic.turnaround_minutes,
    )  # fmt: skip
    if booking is not None and booking.status == Booking.Status.ARRIVED:
        for column in _KEPT:
            setattr(planned, column, getattr(booking, column))
    else:
        try:
            stay = _stay(held, visit, booking, wish, day)
        except Refusal as refusal:
            refused.append(refusal)
            kept = booking if wish.until is not None else None
            stay = _stay(held, visit, kept, replace(wish, until=None), day)
        planned.rate_option = stay.rate_option
        planned.watched_closely, planned.isolation = stay.watched_closely, stay.isolation
        for column, minutes in stay.minutes.items():
            setattr(planned, column, minutes)
    planned.period = DateTimeTZRange(wish.start, period_end(planned, wish.start))
    return planned


_KEPT = (
    "rate_option", "premedication_minutes", "infusion_minutes", "observation_minutes",
    "turnaround_minutes", "watched_closely", "isolation",
)  # fmt: skip


def _stay(held: InHand, visit: Visit, booking: Booking | None, wish: Wish, day: date) -> Stay:
    def stay(option: str | None) -> Stay:
        return held.stay(visit, on=day, wanted=option)

    now_runs = stay(booking.rate_option or None if booking is not None else None)
    if wish.until is None:
        return now_runs
    if not now_runs.rates:
        raise RuleBroken("How long this visit takes was said when it was asked for.")
    ends = {_ends(held, stay(option), wish.start): stay(option) for option in now_runs.rates}
    if wish.until in ends:
        return ends[wish.until]
    zone = grid_of(day, held.clinic.time_zone)
    allowed = " or ".join(f"{_label(zone, end)} ({ends[end].rate_option} rate)" for end in ends)
    raise RuleBroken(
        f"How long this visit takes follows from its rate table: it can end at {allowed}."
    )


def _ends(held: InHand, stay: Stay, start: datetime) -> datetime:
    """Return the quarter-hour by which the chair is free again, as the grid draws it."""
    grid = grid_of(local_date(start, held.clinic.time_zone), held.clinic.time_zone)
    slot = grid.slot_of(start) or 0
    return grid.instant(slot + load_of(stay.phases(held.clinic)).chair)


def _label(grid: Grid, instant: datetime) -> str:
    return grid.label((instant - grid.midnight) // timedelta(minutes=15))


def _refusals(  # noqa: PLR0917 - private, and its caller stands above
    held: InHand,
    visit: Visit,
    booking: Booking | None,
    planned: Booking,
    wish: Wish,
    found: list[Finding],
    now: datetime,
) -> Iterator[Refusal]:
    """Yield what the service would say; `found` gets the cautions that do not stop it."""
    day = local_day(wish.start, held.clinic)

    def date_allows() -> None:
        held.refuse_unfit(day)
        found.extend(refuse_findings(held.findings(visit, day)))

    def place_allows() -> None:
        row = ClinicDay(clinic=held.clinic, date=day)
        row.standing = [standing_of(each) for each in bookings_of(held.clinic.pk, [day])[day]]
        refuse_place(held.clinic, row, planned, chair_id=wish.chair_id, start=wish.start)

    checks: list[Callable[[], None]] = [lambda: _refuse_stale(booking, visit, wish)]
    if booking is not None and booking.status == Booking.Status.ARRIVED:
        checks.append(lambda: _refuse_other_time(booking, wish))
    else:
        checks += [lambda: refuse_past(wish.start, now), date_allows]
    for check in [*checks, place_allows]:
        try:
            check()
        except Refusal as refusal:
            yield refusal


def _refuse_stale(booking: Booking | None, visit: Visit, wish: Wish) -> None:
    if wish.version is not None and (booking is None or booking.version != wish.version):
        raise Stale("Somebody changed this booking in the meantime. Look again, then decide.")
    if wish.version is None and (booking is not None or visit.status != Visit.Status.PLANNED):
        raise Stale("Somebody has booked this visit in the meantime. Look again, then decide.")


def _refuse_other_time(booking: Booking, wish: Wish) -> None:
    if wish.start != booking.period.lower:
        raise RuleBroken("The patient has arrived: only the chair can change.")


def _neighbours(
    bookings: list[Booking], planned: Booking
) -> tuple[datetime | None, datetime | None]:
    others = [
        other.period
        for other in bookings
        if other.period and other.chair_id == planned.chair_id and other.pk != planned.pk
    ]
    before = [period.upper for period in others if period.upper <= planned.period.lower]
    after = [period.lower for period in others if period.lower >= planned.period.upper]
    return max(before, default=None), min(after, default=None)


def _load(clinic: Clinic, day: date, bookings: list[Booking], planned: Booking) -> Load | None:
    offered = openings(clinic, [day])[day]
    before = capacity(clinic, offered, bookings)
    without = capacity(clinic, offered, bookings, without=planned.pk)
    slot = without.grid.slot_of(planned.period.lower)
    load = load_of(phases_of(planned, clinic))
    chair_id = planned.chair_id
    if slot is None or not without.open or chair_id is None or chair_id not in without.chairs:
        return None
    after = with_load(without, load, slot, chair_id)
    slots = range(slot, min(slot + load.care, after.grid.count))
    busiest = max(slots, key=lambda n: (after.points[n] - after.point_limit(n), after.points[n]))
    begins = next((slot + n for n, start in enumerate(load.starts) if start), slot)
    return _load_at(before, after, busiest, min(begins, after.grid.count - 1))


def _load_at(before: Day, after: Day, busiest: int, begins: int) -> Load:
    return Load(
        at=after.grid.label(busiest),
        points=after.points[busiest],
        points_before=before.points[busiest],
        point_limit=after.point_limit(busiest),
        begins=after.grid.label(begins),
        starts=after.starts[begins],
        start_limit=after.start_limit(begins),
    )


def wall_instant(clinic: Clinic, day: date, shown: time) -> datetime:
    """Return the instant the clinic's clock shows `shown` on `day`."""
    return grid_of(day, clinic.time_zone).wall(shown)

"""A month of a clinic, day by day: how full, how many, what is closed. No patient is read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q

from clinics.models import Clinic
from scheduling.capacity import mask
from scheduling.days import openings, outages_between
from scheduling.duty import Opening
from scheduling.models import Booking, ClinicDay, Course, Visit

WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthDay:
    """One day: shares are percent of what the day offers, None where it offers nothing."""

    date: date
    inside: bool  # whether it belongs to the month; the others fill its first and last week
    closed_because: str
    visits: int
    held: int
    missed: int
    unbooked: int  # doses due that day that nobody has booked
    nurse_share: int | None
    chair_share: int | None

    @property
    def number(self) -> int:
        """The day of the month."""
        return self.date.day

    @property
    def closed_for(self) -> str:
        """The reason alone, where there is one: the day itself stands beside it."""
        return self.closed_because.partition(": ")[2]

    @property
    def is_full(self) -> bool:
        """Whether nurses or chairs are all but used up."""
        return max(self.nurse_share or 0, self.chair_share or 0) >= FULL


FULL = 90


@dataclass(frozen=True, slots=True)
class Month:
    """Whole weeks from Monday to Sunday, and the doses that are overdue and not booked."""

    first: date
    weeks: tuple[tuple[MonthDay, ...], ...]
    overdue: int

    @property
    def before(self) -> date:
        """The first day of the month before."""
        return (self.first - timedelta(days=1)).replace(day=1)

    @property
    def after(self) -> date:
        """The first day of the month after."""
        return (self.first + timedelta(days=31)).replace(day=1)


def read_month(clinic: Clinic, day: date, *, today: date) -> Month:
    """Return the month of `day`; a constant number of queries."""
    first = day.replace(day=1)
    days = list(_whole_weeks(first))
    offered = openings(clinic, days)
    rooms = outages_between(clinic.pk, [offered[each].grid for each in days])
    rows = {row.date: row for row in ClinicDay.objects.filter(clinic=clinic, date__in=days)}
    counts, unbooked = _bookings(clinic, days), _unbooked(clinic, days)
    cells = [
        _cell(
            clinic, offered[each], rows.get(each), list(rooms[each].values()),
            inside=each.month == first.month, unbooked=unbooked.get(each, 0),
            counts=counts.get(each, {}),
        )
        for each in days
    ]  # fmt: skip
    weeks = tuple(tuple(cells[n : n + WEEK]) for n in range(0, len(cells), WEEK))
    return Month(first, weeks, _waiting(clinic).filter(latest_on__lt=today).count())


def _whole_weeks(first: date) -> Iterator[date]:
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    day = first - timedelta(days=first.weekday())
    while day <= last + timedelta(days=WEEK - 1 - last.weekday()):
        yield day
        day += timedelta(days=1)


def _bookings(clinic: Clinic, days: list[date]) -> dict[date, Mapping[str, Any]]:
    rows = (
        Booking.objects.filter(clinic=clinic, clinic_day__date__in=days)
        .values("clinic_day__date")
        .annotate(
            visits=Count("pk", filter=~Q(status__in=["cancelled", "no_show", "offered"])),
            held=Count("pk", filter=Q(status=Booking.Status.DAY_HELD)),
            missed=Count("pk", filter=Q(status=Booking.Status.NO_SHOW)),
        )
    )
    return {row["clinic_day__date"]: row for row in rows}


def _waiting(clinic: Clinic) -> Any:
    return Visit.objects.filter(
        clinic=clinic, status=Visit.Status.PLANNED, course__status=Course.Status.ACTIVE,
        patient__deceased_on__isnull=True, patient__deceased_undated=False,
    )  # fmt: skip


def _unbooked(clinic: Clinic, days: list[date]) -> dict[date, int]:
    rows = _waiting(clinic).filter(due_on__in=days).values("due_on").annotate(n=Count("pk"))
    return {row["due_on"]: row["n"] for row in rows}


def _cell(
    clinic: Clinic,
    opening: Opening,
    row: ClinicDay | None,
    rooms: list[Any],
    *,
    inside: bool,
    unbooked: int,
    counts: Mapping[str, Any],
) -> MonthDay:
    open_slots = opening.slots
    points = row.points if row is not None and row.points else [0] * opening.grid.count
    nurses = sum(opening.nurses[n] for n in open_slots) * clinic.points_per_nurse
    usable = mask(open_slots)
    chairs = sum((usable & ~room.taken).bit_count() for room in rooms)
    taken = [int(value, 16) for value in (row.chair_masks if row is not None else {}).values()]
    return MonthDay(
        date=opening.grid.day,
        inside=inside,
        closed_because=opening.closed_because,
        visits=counts.get("visits", 0),
        held=counts.get("held", 0),
        missed=counts.get("missed", 0),
        unbooked=unbooked,
        nurse_share=_share(sum(points[n] for n in open_slots), nurses),
        chair_share=_share(sum((usable & each).bit_count() for each in taken), chairs),
    )


def _share(part: int, whole: int) -> int | None:
    return round(100 * part / whole) if whole else None

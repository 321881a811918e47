"""Days to come against what is booked on them: which are in doubt, and who cannot stay. Reading
only; a constant number of queries for any number of days."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import orjson

from clinics.models import Clinic
from scheduling.capacity import Day, load_of, mask, room_for
from scheduling.disruption.affected import Sitting, Sorted, sort_out
from scheduling.disruption.what import Disruption, also_away, changed
from scheduling.grid import MINUTES, Grid
from scheduling.models import Booking
from scheduling.stored_days import Span, Stored, read_span
from scheduling.summary import phases_of, placed


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """Some days in a row as they would be, and those of them on which somebody cannot stay."""

    clinic: Clinic
    span: Span
    days: Mapping[date, Sorted]
    bookings: Mapping[UUID, Booking]  # every active booking of `days`, with its day and visit

    @property
    def affected(self) -> list[UUID]:
        """The bookings that cannot stay, day by day, the strongest claim first."""
        return [
            each.sitting.booking_id for day in sorted(self.days) for each in self.days[day].affected
        ]


def look_ahead(
    clinic: Clinic,
    dates: Sequence[date],
    *,
    what: Disruption | None = None,
    among: Iterable[date] | None = None,
) -> Ahead:
    """Return the days of `dates` as they stand, or as they would be once `what` has happened.

    Who cannot stay is sorted out `among` some of them; None means wherever the stored summaries
    leave a doubt.
    """
    span = changed(read_span(clinic, dates, also=also_away(what)), what)
    doubtful = sorted(set(among) & set(dates)) if among is not None else list(in_doubt(span))
    bookings = _bookings(clinic, doubtful) if doubtful else []
    days = {}
    for day in doubtful:
        grid = span.roster.opening(day).grid
        here = [each for each in bookings if each.clinic_day.date == day]
        days[day] = sort_out(span.bare(day), sittings_of(here, clinic, grid))
    return Ahead(clinic=clinic, span=span, days=days, bookings={each.pk: each for each in bookings})


def _bookings(clinic: Clinic, dates: Sequence[date]) -> list[Booking]:
    return list(
        Booking.objects.filter(
            clinic_day__clinic=clinic, clinic_day__date__in=dates, status__in=Booking.ACTIVE
        )
        .select_related("clinic_day", "visit", "chair")
        .order_by("pk")
    )


def sittings_of(bookings: Iterable[Booking], clinic: Clinic, grid: Grid) -> list[Sitting]:
    """Return bookings of one day as the rule that sorts them out sees them."""
    return [_sitting(booking, clinic, grid) for booking in bookings]


def _sitting(booking: Booking, clinic: Clinic, grid: Grid) -> Sitting:
    slot, load = None, load_of(phases_of(booking, clinic))
    if booking.period is not None:
        slot, load = placed(booking, clinic, grid)
    return Sitting(
        booking_id=booking.pk, status=booking.status, load=load, slot=slot,
        chair=booking.chair_id, latest=booking.visit.latest_on, promised_at=booking.created_at,
    )  # fmt: skip


def in_doubt(span: Span) -> Iterator[date]:
    """Yield the days whose stored summary does not fit what the day offers now. Yields too many
    rather than too few: the bookings themselves decide."""
    for day, row in sorted(span.rows.items()):
        bare, chairs = span.bare(day), _taken(row)
        if (row.held_minutes and not _holds(span, day)) or (
            any(chairs.values()) and _exceeds(bare, span[day], chairs, span.clinic)
        ):
            yield day


def _taken(row: Stored) -> dict[UUID, int]:
    return {UUID(chair): int(taken, 16) for chair, taken in orjson.loads(row.chairs).items()}


def _holds(span: Span, day: date) -> bool:
    """Whether the visits that hold a day without a time still find room on it."""
    here = span[day]
    return bool(here.open) and any(here.nurses) and room_for(here, span.promised.get(day, ()))


def _exceeds(bare: Day, here: Day, chairs: Mapping[UUID, int], clinic: Clinic) -> bool:
    turned = bare.open.stop + -(-clinic.turnaround_minutes // MINUTES)
    open_for = mask(range(bare.open.start, turned)) if bare.open else 0
    for chair, taken in chairs.items():
        if taken and (chair not in bare.chairs or taken & bare.chairs[chair] or taken & ~open_for):
            return True
    return any(
        points > bare.point_limit(n)
        or starts > bare.start_limit(n)
        or 0 < bare.pharmacy_limit < bags
        for n, (points, starts, bags) in enumerate(
            zip(here.points, here.starts, here.bags, strict=True)
        )
    ) or _alone(bare, chairs)


def _alone(bare: Day, chairs: Mapping[UUID, int]) -> bool:
    """Whether somebody sits while no nurse is in the house."""
    seated = 0
    for taken in chairs.values():
        seated |= taken
    return any(seated >> n & 1 and not bare.nurses[n] for n in bare.open)

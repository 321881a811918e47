"""Who will sit longer than booked, and who waits for the chair. The infusion room, above, says
when a patient whose infusion has begun is expected to leave; this room knows who comes next."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from scheduling.models import Booking
from scheduling.selectors import DayRow

# Less than this is made up by nobody noticing; every late tap would raise an alarm.
SLACK = timedelta(minutes=5)
COMING = (Booking.Status.PROPOSED, Booking.Status.CONFIRMED)
Provider = Callable[[Collection[UUID], datetime], Mapping[UUID, datetime]]


def _nobody_known(visits: Collection[UUID], now: datetime) -> Mapping[UUID, datetime]:
    del visits, now
    return {}


_provider: Provider = _nobody_known


def register(provider: Provider) -> None:
    """Make `provider` the source of expected leaving times. Called once, in an app's ready()."""
    global _provider  # noqa: PLW0603 - one registration at start-up, as with Django's apps
    _provider = provider


def leaving(visits: Collection[UUID], *, now: datetime) -> Mapping[UUID, datetime]:
    """Return when each of `visits` whose infusion has begun, and who is still here, is expected to
    leave; a constant number of queries."""
    return _provider(visits, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrun:
    """A patient who is expected to leave after the booked end, and whom that keeps waiting.

    `chair_free_at` counts the turnaround; `next` is the next visit in that chair, None when it
    begins later than that.
    """

    row: DayRow
    leaves_at: datetime
    chair_free_at: datetime
    next: DayRow | None


def overruns(rows: Sequence[DayRow], leaving_at: Mapping[UUID, datetime]) -> list[Overrun]:
    """Return the overruns of more than SLACK among a day's bookings, in the order of `rows`."""
    found = []
    for row in rows:
        leaves_at = leaving_at.get(row.visit_id)
        if row.status != Booking.Status.ARRIVED or row.period is None or leaves_at is None:
            continue
        chair_free_at = leaves_at + timedelta(minutes=row.turnaround_minutes)
        if chair_free_at - row.period.upper > SLACK:
            found.append(
                Overrun(
                    row=row, leaves_at=leaves_at, chair_free_at=chair_free_at,
                    next=_kept_waiting(rows, row, chair_free_at),
                )
            )  # fmt: skip
    return found


def _kept_waiting(rows: Sequence[DayRow], row: DayRow, free_at: datetime) -> DayRow | None:
    after = [
        other
        for other in rows
        if other.status in COMING
        and other.period is not None
        and other.chair_id == row.chair_id
        and row.period.lower < other.period.lower < free_at
    ]
    return min(after, key=lambda other: other.period.lower, default=None)

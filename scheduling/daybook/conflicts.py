"""What is wrong with a day, in words: pure, over rows that are already read."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

from core import display
from scheduling.capacity import Day
from scheduling.daybook.frame import Frame, Outage
from scheduling.models import Booking
from scheduling.overruns import Overrun, overruns
from scheduling.selectors import DayRow

EXPECTED = (Booking.Status.PROPOSED, Booking.Status.CONFIRMED)
GRAVE = "danger"
HERE = (*EXPECTED, Booking.Status.ARRIVED)
LATE = timedelta(minutes=15)  # as long as a quarter-hour of the grid


@dataclass(frozen=True, slots=True)
class Conflict:
    """One sentence, how grave it is (`danger` or `warning`), and the booking to look at."""

    words: str
    tone: str = "danger"
    booking_id: UUID | None = None


def conflicts(frame: Frame, rows: Sequence[DayRow]) -> list[Conflict]:
    """Return everything about the day that somebody should look at, the graver first."""
    timed = [row for row in rows if row.period is not None and row.status in HERE]
    found = [
        *_closed(frame, timed),
        *_out_of_use(frame, timed),
        *_too_much(frame.capacity),
        *over_time(timed, frame.leaving, ZoneInfo(frame.clinic.time_zone)),
        *_not_here(frame, timed),
        *_off_window(rows),
    ]
    return sorted(found, key=lambda conflict: conflict.tone != "danger")


def _closed(frame: Frame, rows: Sequence[DayRow]) -> Iterator[Conflict]:
    opening = frame.opening
    if opening.opens_at is None or opening.closes_at is None:
        if rows:
            yield Conflict(f"{opening.closed_because} {_count(len(rows))} booked.")
        return
    for row in rows:
        leaves = row.period.upper - timedelta(minutes=row.turnaround_minutes)
        if row.period.lower < opening.opens_at or leaves > opening.closes_at:
            words = (
                f"{_who(row)} is booked {_span(frame, row.period.lower, leaves)}, outside the "
                f"opening hours {_span(frame, opening.opens_at, opening.closes_at)}."
            )
            yield Conflict(words, booking_id=row.booking_id)


def _out_of_use(frame: Frame, rows: Sequence[DayRow]) -> Iterator[Conflict]:
    unused = {chair.chair_id for chair in frame.chairs if not chair.is_active}
    for row in rows:
        if row.chair_id in unused:
            words = f"{_who(row)} is booked in {row.chair_label}, which is not in use any more."
            yield Conflict(words, booking_id=row.booking_id)
        for outage in frame.outages:
            if _meets(outage, row):
                span = _span(frame, outage.starts, outage.ends)
                yield Conflict(
                    f"{row.chair_label} is out of service {span} ({outage.reason}), and "
                    f"{_who(row)} is booked in it.",
                    booking_id=row.booking_id,
                )


def _meets(outage: Outage, row: DayRow) -> bool:
    return (
        outage.chair_id == row.chair_id
        and outage.starts < row.period.upper
        and row.period.lower < outage.ends
    )


def _too_much(day: Day) -> Iterator[Conflict]:
    slots = range(day.grid.count)
    alone = [n for n in slots if day.points[n] and not day.nurses[n]]
    for first, last in _runs(alone):
        yield Conflict(f"No nurse is on duty {_until(day, first, last)}, and patients are booked.")
    busy = [n for n in slots if day.nurses[n]]
    for first, last in _runs(n for n in busy if day.points[n] > day.point_limit(n)):
        most, least = _extremes(day.points, day.point_limit, range(first, last + 1))
        words = (
            f"The nurses have more to watch than they can {_until(day, first, last)}: "
            f"{most} points, {least} possible."
        )
        yield Conflict(words)
    for n in busy:
        if day.starts[n] > day.start_limit(n):
            words = (
                f"{day.starts[n]} infusions start at {day.grid.label(n)}, and the nurses can "
                f"start {day.start_limit(n)}."
            )
            yield Conflict(words)


def _extremes(values: Sequence[int], limit: Callable[[int], int], slots: range) -> tuple[int, int]:
    return max(values[n] for n in slots), min(limit(n) for n in slots)


def _runs(slots: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last of each run of neighbouring slots."""
    for _, run in groupby(enumerate(slots), key=lambda pair: pair[1] - pair[0]):
        members = [slot for _, slot in run]
        yield members[0], members[-1]


def _until(day: Day, first: int, last: int) -> str:
    return f"from {day.grid.label(first)} to {day.grid.label(last + 1)}"


def over_time(
    rows: Sequence[DayRow], leaving: Mapping[UUID, datetime], zone: ZoneInfo
) -> Iterator[Conflict]:
    """Yield who is expected to sit longer than booked: grave when somebody waits for the chair."""
    for overrun in overruns(rows, leaving):
        tone = "danger" if overrun.next else "warning"
        yield Conflict(_overrun(overrun, zone), tone, overrun.row.booking_id)


def _overrun(overrun: Overrun, zone: ZoneInfo) -> str:
    row, leaves = overrun.row, display.clinical_time(overrun.leaves_at, zone)
    late = display.duration(overrun.chair_free_at - row.period.upper)
    words = f"{_who(row)} in {row.chair_label} is expected to leave at {leaves}, {late} late."
    if overrun.next is None:
        return words
    begins = display.clinical_time(overrun.next.period.lower, zone)
    free = display.clinical_time(overrun.chair_free_at, zone)
    return f"{words} {_who(overrun.next)} is booked there at {begins}; it is free at {free}."


def _not_here(frame: Frame, rows: Sequence[DayRow]) -> Iterator[Conflict]:
    for row in rows:
        late = frame.now - row.period.lower
        if row.status in EXPECTED and late > LATE:
            words = f"{_who(row)} was expected at {_at(frame, row.period.lower)} and is not here."
            yield Conflict(words, "warning", row.booking_id)


def _off_window(rows: Iterable[DayRow]) -> Iterator[Conflict]:
    for row in rows:
        if row.off_window and row.status in (*HERE, Booking.Status.DAY_HELD):
            first, last = map(_day, (row.earliest_on, row.latest_on))
            words = f"{_who(row)} is booked outside its window, {first} to {last}."
            yield Conflict(words, "warning", row.booking_id)


def _who(row: DayRow) -> str:
    return display.person_name(row.family_name, row.given_names)


def _at(frame: Frame, instant: datetime) -> str:
    return display.clinical_time(instant, ZoneInfo(frame.clinic.time_zone))


def _span(frame: Frame, first: datetime, last: datetime) -> str:
    return f"{_at(frame, first)} to {_at(frame, last)}"


def _day(day: date) -> str:
    return display.clinical_date(day, ZoneInfo("UTC"))


def _count(visits: int) -> str:
    return "One visit is" if visits == 1 else f"{visits} visits are"

"""What can happen to a day: the clinic closes, a chair breaks, nurses are away. Plain values, and
what each does to days that are already read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from core.zones import local_date
from scheduling.days import Room, mask_of
from scheduling.duty import Away
from scheduling.grid import grid_of
from scheduling.stored_days import Span

ALL_DAY = (time.min, time.max)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """The clinic does not open on one day."""

    day: date
    reason: str

    def days(self, zone: str) -> list[date]:
        """Return the days it touches."""
        del zone
        return [self.day]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChairOut:
    """A chair cannot be used between two instants."""

    chair_id: UUID
    starts: datetime
    ends: datetime
    reason: str

    def days(self, zone: str) -> list[date]:
        """Return the clinic's days it touches."""
        first, last = days_between(self.starts, self.ends, zone)
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NursesAway:
    """A nurse by name, or so many of those on duty, are away between two wall times of a day."""

    day: date
    reason: str
    nurse_id: UUID | None = None
    nurses: int = 1
    starts: time = ALL_DAY[0]
    ends: time = ALL_DAY[1]

    def days(self, zone: str) -> list[date]:
        """Return the days it touches."""
        del zone
        return [self.day]

    @property
    def away(self) -> Away:
        """The absence as those read from the database look."""
        return Away(self.day, self.nurse_id, self.starts, self.ends, self.nurses)


Disruption = Closing | ChairOut | NursesAway


def days_between(starts: datetime, ends: datetime, zone: str) -> tuple[date, date]:
    """Return the first and the last day of `zone` that a span touches; its end is outside it."""
    last = ends - timedelta(microseconds=1)
    return local_date(starts, zone), local_date(max(last, starts), zone)


def also_away(what: Disruption | None) -> tuple[Away, ...]:
    """Return the absences to read the days with."""
    return (what.away,) if isinstance(what, NursesAway) else ()


def changed(span: Span, what: Disruption | None) -> Span:
    """Return days already read (with `also_away`) as they are once `what` has happened."""
    if isinstance(what, Closing):
        shut = {**span.roster.shut, what.day: what.reason}
        return replace(span, roster=replace(span.roster, shut=shut), made={})
    if isinstance(what, ChairOut):
        return replace(span, rooms=_without_chair(span, what), made={})
    return span


def _without_chair(span: Span, what: ChairOut) -> Mapping[date, Mapping[UUID, Room]]:
    rooms = dict(span.rooms)
    for day in what.days(span.roster.zone):
        room = rooms.get(day, {}).get(what.chair_id)
        if room is not None:
            out = mask_of(grid_of(day, span.roster.zone), what.starts, what.ends)
            rooms[day] = {**rooms[day], what.chair_id: room._replace(taken=room.taken | out)}
    return rooms

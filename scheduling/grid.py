"""A clinic's day as quarter-hours of elapsed time from local midnight: 92, 96 or 100 of them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.zones import day_span

MINUTES = 15
SLOT = timedelta(minutes=MINUTES)


@dataclass(frozen=True, slots=True)
class Grid:
    """The slots of one local day. Slot n begins n quarter-hours after local midnight."""

    day: date
    zone: str
    midnight: datetime
    count: int

    def instant(self, slot: int) -> datetime:
        """Return when `slot` begins, in UTC."""
        return self.midnight + slot * SLOT

    def minute(self, instant: datetime) -> int:
        """Return the whole minutes from local midnight to `instant`, rounded down."""
        return (instant - self.midnight) // timedelta(minutes=1)

    def slot_of(self, instant: datetime) -> int | None:
        """Return the slot that begins at `instant`; None off the quarter-hour or the day."""
        slot, rest = divmod(instant - self.midnight, SLOT)
        return slot if not rest and 0 <= slot < self.count else None

    def label(self, slot: int) -> str:
        """Return what the clinic's wall clock shows when `slot` begins: "10:15"."""
        return f"{self.instant(slot).astimezone(ZoneInfo(self.zone)):%H:%M}"

    def wall(self, shown: time) -> datetime:
        """Return the instant the clock shows `shown`. A skipped time is the moment the same
        time after midnight, so a span over a clock change never turns round."""
        return datetime.combine(self.day, shown, ZoneInfo(self.zone)).astimezone(UTC)

    def inside(self, starts: time, ends: time) -> range:
        """Return the slots that lie wholly between two wall times."""
        first = -((self.midnight - self.wall(starts)) // SLOT)
        return range(max(first, 0), min((self.wall(ends) - self.midnight) // SLOT, self.count))

    def touching(self, starts: time, ends: time) -> range:
        """Return the slots any part of which lies between two wall times."""
        first = (self.wall(starts) - self.midnight) // SLOT
        last = -((self.midnight - self.wall(ends)) // SLOT)
        return range(max(first, 0), min(last, self.count))


@lru_cache(maxsize=4096)  # six months of a few dozen clinics; a zone's past does not change
def grid_of(day: date, zone: str) -> Grid:
    """Return the slots of `day` in `zone`."""
    begins, ends = day_span(day, zone)
    return Grid(day, zone, begins, (ends - begins) // SLOT)

"""A clinic's days and times. Plans are local date, wall time and zone; instants are UTC."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from django.utils import timezone

from core.errors import Invalid


def check_zone(name: str) -> str:
    """Return `name` if it is an IANA zone; raise Invalid otherwise."""
    if name not in available_timezones():
        raise Invalid(f"There is no time zone called {name}.", {"time_zone": ["Unknown zone."]})
    return name


def current_zone() -> ZoneInfo:
    """Return the zone this page is shown in: the clinic's, or the one a form asked for.

    The zone itself, never by its name: one without summer time is called by its offset.
    """
    zone = timezone.get_current_timezone()
    assert isinstance(zone, ZoneInfo)
    return zone


def local_date(instant: datetime, zone: str) -> date:
    """Return the calendar day of `instant` on the wall of `zone`."""
    return instant.astimezone(ZoneInfo(zone)).date()


def local_instant(day: date, wall: time, zone: str) -> datetime:
    """Return the instant, in UTC, at which a clock in `zone` shows `wall` on `day`.

    A time that happens twice means its first happening. A time that never happens (clocks
    going forward) raises Invalid, naming the first time that does exist after it.
    """
    local = datetime.combine(day, wall, ZoneInfo(zone))
    instant = local.astimezone(UTC)
    if instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local.replace(tzinfo=None):
        exists = instant.astimezone(ZoneInfo(zone)).strftime("%H:%M")
        raise Invalid(
            f"{wall:%H:%M} does not exist on {day:%d-%b-%Y}: the clocks go forward. "
            f"The next time is {exists}."
        )
    return instant


def latest_instant(wall: time, zone: str, *, not_after: datetime, since: datetime) -> datetime:
    """Return the last instant, in UTC, up to `not_after` at which a clock in `zone` showed `wall`.

    That day's, or one of a day before if it lies not before `since`. A time that happened twice is
    its second happening once that is past. When there is none, the coming one of the day of
    `not_after`. A time that this day's clock skips raises Invalid, as `local_instant` does.
    """
    day = today = local_date(not_after, zone)
    coming = local_instant(today, wall, zone)
    while day == today or day >= local_date(since, zone):
        for found in _showings(day, wall, zone):
            if found <= not_after and (day == today or found >= since):
                return found
        day -= timedelta(days=1)
    return coming


def _showings(day: date, wall: time, zone: str) -> Iterator[datetime]:
    """Yield the instants at which a clock in `zone` shows `wall` on `day`, the later one first."""
    local = datetime.combine(day, wall)
    for fold in (1, 0):
        instant = local.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)
        if instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) == local:
            yield instant


def day_span(day: date, zone: str) -> tuple[datetime, datetime]:
    """Return the half-open span of `day` in `zone` as UTC instants: 23, 24 or 25 hours."""
    return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)


def _midnight(day: date, zone: str) -> datetime:
    # Some zones start a summer day at 01:00; astimezone lands on that first moment by itself.
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)

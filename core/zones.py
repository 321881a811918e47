"""A clinic's days and times. Plans are local date, wall time and zone; instants are UTC."""

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


def day_span(day: date, zone: str) -> tuple[datetime, datetime]:
    """Return the half-open span of `day` in `zone` as UTC instants: 23, 24 or 25 hours."""
    return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)


def _midnight(day: date, zone: str) -> datetime:
    # Some zones start a summer day at 01:00; astimezone lands on that first moment by itself.
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)

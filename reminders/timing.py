"""From a day and an hour on the clinic's wall to the instant at which to tell somebody."""

from datetime import date, datetime, time, timedelta

from core.errors import Invalid
from core.zones import day_span, local_date, local_instant


def wall_instant(day: date, wall: time, zone: str) -> datetime:
    """Return the instant at which a clock in `zone` shows `wall` on `day`, in UTC.

    A reminder is never refused because of a clock change: a time that does not exist counts
    from the day's first moment, so it is told up to an hour later on the wall, the same day.
    """
    try:
        return local_instant(day, wall, zone)
    except Invalid:
        since_midnight = timedelta(hours=wall.hour, minutes=wall.minute)
        return day_span(day, zone)[0] + since_midnight


def next_wall_instant(after: datetime, wall: time, zone: str) -> datetime:
    """Return the first instant, not before `after`, at which the clock in `zone` shows `wall`."""
    today = local_date(after, zone)
    here = wall_instant(today, wall, zone)
    return here if here >= after else wall_instant(today + timedelta(days=1), wall, zone)


def start_of(day: date, zone: str) -> datetime:
    """Return the first instant of `day` in `zone`, in UTC."""
    return day_span(day, zone)[0]

"""Instants around clock changes, in the zones whose rules are the oddest."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

NAMES = (
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/Santiago",
    "Asia/Kathmandu",
)
ZONES = tuple(ZoneInfo(name) for name in NAMES)


def changes(zone: ZoneInfo, year: int) -> list[datetime]:
    """Return the instants in `year` at which the clocks of `zone` change, to the hour or better."""
    hour, found = datetime(year, 1, 1, tzinfo=UTC), []
    while hour.year == year:
        following = hour + timedelta(minutes=30)
        if hour.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            found.append(following)
        hour = following
    return found


CHANGES = tuple(at for zone in ZONES for year in (2026, 2028) for at in changes(zone, year))
NEAR_A_CHANGE = st.builds(
    lambda at, minutes: at + timedelta(minutes=minutes),
    st.sampled_from(CHANGES),
    st.integers(-2000, 2000),
)
MOMENTS = NEAR_A_CHANGE | st.builds(
    lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes),
    st.integers(0, 15 * 366 * 24 * 60),
)

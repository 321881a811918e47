"""Hours on the clinic's wall, across every clock change we could think of."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reminders.timing import next_wall_instant, start_of, wall_instant

ZONES = st.sampled_from(
    [
        "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo",
        "America/Santiago", "Asia/Kathmandu", "Pacific/Apia", "Asia/Beirut", "UTC",
    ]
)  # fmt: skip
DAYS = st.dates(date(2020, 1, 1), date(2060, 12, 31))
WALLS = st.times().map(lambda wall: wall.replace(second=0, microsecond=0, tzinfo=None))


def on_the_wall(instant: datetime, zone: str) -> datetime:
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@given(day=DAYS, zone=ZONES)
@example(day=date(2026, 3, 29), zone="Europe/Berlin")
@example(day=date(2026, 10, 25), zone="Europe/Berlin")
@example(day=date(2026, 4, 5), zone="Australia/Lord_Howe")
def test_ten_in_the_morning_is_ten_in_the_morning_all_year(day: date, zone: str) -> None:
    assert on_the_wall(wall_instant(day, time(10), zone), zone) == datetime.combine(day, time(10))


@given(day=DAYS, wall=WALLS, zone=ZONES)
@example(day=date(2026, 3, 29), wall=time(2, 30), zone="Europe/Berlin")
@example(day=date(2026, 10, 4), wall=time(2, 15), zone="Australia/Lord_Howe")
@example(day=date(2026, 9, 6), wall=time(0, 30), zone="America/Santiago")
def test_a_time_that_does_not_exist_comes_later_the_same_day(
    day: date, wall: time, zone: str
) -> None:
    shown = on_the_wall(wall_instant(day, wall, zone), zone)
    assert shown.date() == day
    late = shown - datetime.combine(day, wall)
    assert timedelta(0) <= late <= timedelta(hours=1)


@given(
    after=st.datetimes(datetime(2020, 1, 1), datetime(2060, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    zone=ZONES,
)
def test_the_next_morning_is_never_past_and_at_most_a_day_and_an_hour_away(
    after: datetime, zone: str
) -> None:
    found = next_wall_instant(after, time(10), zone)
    assert timedelta(0) <= found - after <= timedelta(hours=25)
    assert on_the_wall(found, zone).time() == time(10)


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)]
)
def test_days_are_as_long_as_they_are(day: date, hours: int) -> None:
    begin, end = start_of(day, "Europe/Berlin"), start_of(day + timedelta(days=1), "Europe/Berlin")
    assert end - begin == timedelta(hours=hours)

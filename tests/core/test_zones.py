"""A clinic's wall clock against elapsed time, in the zones that trip people."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.zones import check_zone, day_span, latest_instant, local_date, local_instant

ZONES = [
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/Santiago",
    "Asia/Kathmandu",
]
zones = st.sampled_from(ZONES)
days = st.dates(date(2020, 1, 1), date(2037, 12, 31))


@given(days, zones)
def test_days_follow_each_other_without_gap_or_overlap(day: date, zone: str) -> None:
    start, end = day_span(day, zone)
    assert day_span(day + timedelta(days=1), zone)[0] == end
    assert timedelta(hours=23) <= end - start <= timedelta(hours=25)
    assert local_date(start, zone) == day
    assert local_date(end - timedelta(microseconds=1), zone) == day


@given(days, st.times().map(lambda t: t.replace(second=0, microsecond=0)), zones)
def test_a_wall_time_comes_back_or_is_refused(day: date, wall: time, zone: str) -> None:
    try:
        instant = local_instant(day, wall, zone)
    except Invalid:
        midnight, noon = day_span(day, zone)[0], local_instant(day, time(12), zone)
        assert midnight.astimezone(ZoneInfo(zone)).utcoffset() != noon.astimezone(
            ZoneInfo(zone)
        ).utcoffset() or (midnight.astimezone(ZoneInfo(zone)).time() != time(0))
        return
    shown = instant.astimezone(ZoneInfo(zone))
    assert (shown.date(), shown.time().replace(fold=0)) == (day, wall)
    assert instant.tzinfo is UTC


def test_the_hour_that_never_was_names_the_next_that_is() -> None:
    with pytest.raises(Invalid, match=r"02:30 does not exist on 29-Mar-2026.*03:30"):
        local_instant(date(2026, 3, 29), time(2, 30), "Europe/Berlin")


def test_the_hour_that_comes_twice_means_the_first() -> None:
    assert local_instant(date(2026, 10, 25), time(2, 30), "Europe/Berlin") == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 1), 24)]
)
def test_clock_change_days_have_their_real_length(day: date, hours: int) -> None:
    start, end = day_span(day, "Europe/Berlin")
    assert end - start == timedelta(hours=hours)


def test_an_unknown_zone_is_refused() -> None:
    assert check_zone("Asia/Kathmandu") == "Asia/Kathmandu"
    with pytest.raises(Invalid):
        check_zone("Mars/Olympus")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


@pytest.mark.parametrize(
    ("wall", "now", "since", "expected"),
    [
        # Berlin in winter: an hour ahead of UTC. After midnight, the time before it is yesterday's.
        ("23:50", "2026-03-02T23:10", "2026-03-02T16:00", "2026-03-02T22:50"),
        ("00:05", "2026-03-02T23:10", "2026-03-02T16:00", "2026-03-02T23:05"),
        ("00:10", "2026-03-02T23:10", "2026-03-02T16:00", "2026-03-02T23:10"),
        # A minute ahead is a slip, not a day ago: nothing had begun then.
        ("00:11", "2026-03-02T23:10", "2026-03-02T16:00", "2026-03-02T23:11"),
        ("16:59", "2026-03-02T23:10", "2026-03-02T16:00", "2026-03-03T15:59"),
        ("17:00", "2026-03-02T23:10", "2026-03-02T16:00", "2026-03-02T16:00"),
        # Within the day nothing has changed; before the arrival is today too.
        ("08:00", "2026-03-02T09:00", "2026-03-02T08:00", "2026-03-02T07:00"),
        ("11:00", "2026-03-02T09:00", "2026-03-02T08:00", "2026-03-02T10:00"),
        # Clocks back on 25 October at 03:00: 02:50 was ten minutes ago, or an hour and ten.
        ("02:50", "2026-10-25T02:00", "2026-10-24T20:00", "2026-10-25T01:50"),
        ("02:50", "2026-10-25T01:40", "2026-10-24T20:00", "2026-10-25T00:50"),
        ("23:50", "2026-10-25T01:40", "2026-10-24T20:00", "2026-10-24T21:50"),
        # Clocks forward on 29 March at 02:00.
        ("01:50", "2026-03-29T01:10", "2026-03-28T20:00", "2026-03-29T00:50"),
        ("23:50", "2026-03-29T01:10", "2026-03-28T20:00", "2026-03-28T22:50"),
    ],
)
def test_a_wall_time_means_the_last_time_the_clock_showed_it(
    wall: str, now: str, since: str, expected: str
) -> None:
    found = latest_instant(
        time.fromisoformat(wall), "Europe/Berlin", not_after=utc(now), since=utc(since)
    )
    assert found == utc(expected)


def test_a_wall_time_that_the_day_skipped_is_refused_not_taken_for_yesterdays() -> None:
    with pytest.raises(Invalid, match="02:30 does not exist"):
        latest_instant(
            time(2, 30), "Europe/Berlin", not_after=utc("2026-03-29T01:10"),
            since=utc("2026-03-28T00:00"),
        )  # fmt: skip

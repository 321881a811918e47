"""Public holidays: the library's days, by country and part of it."""

from datetime import date

import pytest

from clinics.public_holidays import holiday, holidays_of, is_known


@pytest.mark.parametrize(
    ("country", "part", "day", "name"),
    [
        ("DE", "", date(2026, 4, 6), "Easter Monday"),
        ("DE", "", date(2026, 6, 4), ""),  # Corpus Christi: in some parts of the country only
        ("DE", "BY", date(2026, 6, 4), "Corpus Christi"),
        ("GB", "ENG", date(2026, 8, 31), "Late Summer Bank Holiday"),
        ("GB", "SCT", date(2026, 8, 31), ""),
        ("US", "", date(2026, 7, 3), "Independence Day (observed)"),
        ("DE", "", date(2028, 2, 29), ""),
    ],
)
def test_a_day_is_a_holiday_where_it_is_one(country: str, part: str, day: date, name: str) -> None:
    assert holiday(country, part, day) == name


def test_what_the_library_does_not_know_closes_nothing() -> None:
    assert not is_known("XX")
    assert holidays_of("XX", "", 2026) == {}


def test_an_unknown_part_is_read_as_the_whole_country() -> None:
    assert not is_known("DE", "ZZ")
    assert holidays_of("DE", "ZZ", 2026) == holidays_of("DE", "", 2026)

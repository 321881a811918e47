"""The public holidays of a clinic's country, from the `holidays` library. No database, no clock."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import holidays


def is_known(country: str, subdivision: str = "") -> bool:
    """Whether the library knows the country, and the subdivision of it when one is named."""
    known = holidays.list_supported_countries()
    return country in known and (not subdivision or subdivision in known[country])


@lru_cache(maxsize=512)
def holidays_of(country: str, subdivision: str, year: int) -> Mapping[date, str]:
    """Return the public holidays of one year with their names; none for an unknown country.

    An unknown subdivision is read as the whole country: better a holiday too few, which a closure
    can add, than no day at all that can be booked.
    """
    if not is_known(country):
        return {}
    part = subdivision if is_known(country, subdivision) and subdivision else None
    return dict(holidays.country_holidays(country, subdiv=part, years=year, language="en_US"))


def holiday(country: str, subdivision: str, day: date) -> str:
    """Return the name of the public holiday on `day`, empty when it is none."""
    return holidays_of(country, subdivision, day.year).get(day, "")

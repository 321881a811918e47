"""How far the calculator reckons. Wider than any real treatment, narrow enough to always answer."""

from datetime import date
from fractions import Fraction
from functools import cache
from zoneinfo import available_timezones

EARLIEST_DAY = date(1950, 1, 1)
LATEST_DAY = date(2150, 12, 31)
MOST_GIVEN = 40
"""Doses on record, and so the highest dose number: twenty years at two a year."""
MOST_YEARS = 20
MOST_PAYER_DAYS = 400
MOST_DOSE_MG = 2000
LEAST_VOLUME_ML = Fraction(1)
MOST_VOLUME_ML = Fraction(2000)
MOST_MINUTES = Fraction(100_000)
MOST_MOVES = 12
MOST_VACCINES = 12
MOST_MEDICINES = 12
MOST_AGE_YEARS = 130
MOST_WEIGHT_KG = Fraction(400)
MOST_TIMES_ULN = Fraction(1000)
MOST_G_PER_L = Fraction(100)
PLACES = 3
"""Decimal places of an amount somebody types."""


def day_in_reach(day: date) -> date:
    """Return `day`; ValueError, in words, when the calculator does not reckon that far."""
    if not EARLIEST_DAY <= day <= LATEST_DAY:
        raise ValueError(f"Must be from {EARLIEST_DAY} to {LATEST_DAY}.")
    return day


@cache
def known_zones() -> frozenset[str]:
    """Return every IANA zone; looked up once, because looking walks the file system."""
    return frozenset(available_timezones())

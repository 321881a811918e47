"""Exact fractions, written down. Nothing clinical is decided on a rounded number."""

from decimal import Decimal
from fractions import Fraction
from math import floor

from core import display

HALF = Fraction(1, 2)
SCREEN_PLACES = 2
WIRE_PLACES = 6


def rounded(value: Fraction | int, places: int = SCREEN_PLACES) -> Decimal:
    """Return `value` as a decimal, itself when it has no more than `places`, else rounded."""
    scaled = floor(Fraction(value) * 10**places + HALF)  # half up, as a pump's display does
    return Decimal(scaled).scaleb(-places)


def text(value: Fraction | int) -> str:
    """Return `value` for a program: a decimal string, exact, or to six places when endless."""
    try:
        return display.number(Fraction(value))
    except ValueError:
        return display.number(rounded(value, WIRE_PLACES))


def text_or_none(value: Fraction | int | None) -> str | None:
    """Return `text(value)`, None for None."""
    return None if value is None else text(value)

"""What somebody typed into the patient search, read as a name, a record number or a birth date."""

import re
from datetime import date

LONGEST = 100  # characters of a query that are looked at
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

ISO = re.compile(r"(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})")
NUMBERS = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})")
IN_LETTERS = re.compile(r"(\d{1,2})[-/. ]*([a-z]{3})[a-z]*[-/., ]*(\d{4})")
LETTERS_FIRST = re.compile(r"([a-z]{3})[a-z]*[-/. ]*(\d{1,2})[-/., ]+(\d{4})")
TOGETHER = re.compile(r"(\d{4})(\d{2})(\d{2})")
TOGETHER_DAY_FIRST = re.compile(r"(\d{2})(\d{2})(\d{4})")


def cleaned(typed: str) -> str:
    """Return the query without its edges, control characters and overlong rest."""
    kept = "".join(one if one.isprintable() else " " for one in typed[:LONGEST])
    return " ".join(kept.split())


def birth_dates(typed: str) -> frozenset[date]:
    """Return every day that `typed` may mean, none when it is not a date.

    04/03/1988 is 4 March to most people and 3 April to some: both are looked for.
    """
    text = typed.strip().lower()
    found: set[date | None] = set()
    if match := ISO.fullmatch(text) or TOGETHER.fullmatch(text):
        found.add(_day(*match.groups()))
    if match := NUMBERS.fullmatch(text) or TOGETHER_DAY_FIRST.fullmatch(text):
        first, second, year = match.groups()
        found |= {_day(year, second, first), _day(year, first, second)}
    if match := IN_LETTERS.fullmatch(text):
        found.add(_in_letters(match.group(3), match.group(2), match.group(1)))
    if match := LETTERS_FIRST.fullmatch(text):
        found.add(_in_letters(match.group(3), match.group(1), match.group(2)))
    return frozenset(day for day in found if day is not None)


def _in_letters(year: str, month: str, day: str) -> date | None:
    return _day(year, str(MONTHS.index(month) + 1), day) if month in MONTHS else None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None

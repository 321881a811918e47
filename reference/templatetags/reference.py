"""Filters of the protocol page and the calculator: times to the second, sentences of the core."""

import math
import re
from datetime import date, datetime, timedelta

from django import template

from core import display
from core.templatetags.clinical import clinical_date, clinical_datetime, clinical_seconds
from reference.wording import plain

register = template.Library()
# What the clinical core writes into its sentences: a day, or an instant in UTC.
_WRITTEN = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?P<time>T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?"
)


def _seconds(value: timedelta) -> int:
    """Whole seconds, rounded up: an end is never shown before it is reached."""
    return math.ceil(value.total_seconds())


@register.filter
def elapsed(value: timedelta | None) -> str:
    """`{{ row.ends|elapsed }}` gives 2:38:20, or 0:30 at a whole minute: time since the start."""
    if value is None:
        return display.NOTHING
    minutes, seconds = divmod(_seconds(value), 60)
    clock = f"{minutes // 60}:{minutes % 60:02}"
    return f"{clock}:{seconds:02}" if seconds else clock


@register.filter
def minutes_long(value: timedelta | None) -> str:
    """`{{ row.lasts|minutes_long }}` gives 30, or 8:20 where there are seconds: for a column."""
    if value is None:
        return display.NOTHING
    minutes, seconds = divmod(_seconds(value), 60)
    return f"{minutes}:{seconds:02}" if seconds else str(minutes)


@register.filter
def exact_time(value: datetime | None) -> str:
    """`{{ row.ends_at|exact_time }}` gives 11:38:20, or 09:30 at a whole minute."""
    if value is None:
        return display.NOTHING
    whole = value + timedelta(microseconds=-value.microsecond % 1_000_000)
    shown = clinical_seconds(whole)
    return shown.removesuffix(":00") if shown.count(":") > 1 else shown


@register.filter
def sentence(words: str) -> str:
    """`{{ finding.words|sentence }}`: the core's sentence with its dates in the display form."""

    def shown(found: re.Match[str]) -> str:
        try:
            if found["time"]:
                return clinical_datetime(datetime.fromisoformat(found[0]))
            return clinical_date(date.fromisoformat(found["day"]))
        except (ValueError, OverflowError):
            return found[0]  # a vaccine may be called 0000-01-01

    return _WRITTEN.sub(shown, words)


@register.filter
def in_words(code: str) -> str:
    """`{{ item|in_words }}`: a code of the protocol without its underscores."""
    return plain(str(code))

"""The days a report is about."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

from core.errors import Invalid

USUAL = timedelta(days=181)  # half a year: every patient on time has had one dose in it
LONGEST = timedelta(days=731)


@dataclass(frozen=True, slots=True)
class Span:
    """From the first day to the last, both included."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """Every day of it."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


def span_of(first: str, last: str, *, today: date) -> Span:
    """Return the span in a form's two fields; an empty one means half a year up to today.

    Raises Invalid for days that are none, that run backwards, or are more than two years apart.
    """
    try:
        until = date.fromisoformat(last) if last else today
        since = date.fromisoformat(first) if first else until - USUAL
    except ValueError as problem:
        raise Invalid(_("Give both days, as in 2026-03-09.")) from problem
    if since > until:
        raise Invalid(_("The first day comes after the last."))
    if until - since > LONGEST:
        raise Invalid(_("A report covers two years at most."))
    return Span(since, until)

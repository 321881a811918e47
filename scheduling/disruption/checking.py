"""Whether what somebody says has happened makes sense in this clinic. Raises; writes nothing."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from clinics.models import Chair, Clinic, Shift
from core.errors import Invalid, NotFound
from core.zones import local_date
from scheduling.days import openings
from scheduling.disruption.what import ChairOut, Disruption, NursesAway

LONGEST_REASON = 120
LONGEST = timedelta(days=62)  # of a chair out of use, at once
FURTHEST = timedelta(days=731)  # ahead: as far as calendars are written


def checked(clinic: Clinic, what: Disruption, now: datetime) -> Disruption:
    """Return `what` with its reason trimmed.

    Raises Invalid for a day that is over or too far, a span that runs backwards, a nurse who is
    not on duty then; NotFound for another clinic's chair.
    """
    reason = what.reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON or not reason.isprintable():
        raise Invalid("Give a reason.", {"reason": [f"1 to {LONGEST_REASON} characters."]})
    today = local_date(now, clinic.time_zone)
    if isinstance(what, ChairOut):
        _check_chair(clinic, what, now)
    else:
        _check_day(what.day, today)
    if isinstance(what, NursesAway):
        _check_nurses(clinic, what)
    return replace(what, reason=reason)


def _check_day(day: date, today: date) -> None:
    if day < today:
        words = f"That day is over. Choose {today:%d-%b-%Y} or later."
        raise Invalid(words, {"day": [words]})
    if day > today + FURTHEST:
        raise Invalid("That day is too far away.", {"day": ["At most two years ahead."]})


def _check_chair(clinic: Clinic, what: ChairOut, now: datetime) -> None:
    if not Chair.objects.filter(pk=what.chair_id, clinic=clinic, is_active=True).exists():
        raise NotFound
    if what.ends <= what.starts:
        raise Invalid("It ends before it begins.", {"ends": ["Choose a later time."]})
    if what.ends <= now:
        raise Invalid("That time is over.", {"ends": ["Choose a time still to come."]})
    if what.ends - what.starts > LONGEST:
        words = f"At most {LONGEST.days} days at once."
        raise Invalid(words, {"ends": [words]})
    _check_day(max(local_date(what.starts, clinic.time_zone), local_date(now, clinic.time_zone)),
               local_date(now, clinic.time_zone))  # fmt: skip


def _check_nurses(clinic: Clinic, what: NursesAway) -> None:
    if what.ends <= what.starts:
        raise Invalid("It ends before it begins.", {"ends": ["Choose a later time."]})
    opening = openings(clinic, [what.day])[what.day]
    touched = opening.grid.touching(what.starts, what.ends)
    if what.nurse_id is not None:
        shifts = Shift.objects.filter(
            clinic=clinic, nurse=what.nurse_id, date=what.day, starts__lt=what.ends,
            ends__gt=what.starts,
        )  # fmt: skip
        if not shifts.exists():
            raise Invalid("Nobody misses them.", {"nurse": ["Not on duty at that time."]})
        return
    most = max((opening.nurses[n] for n in touched), default=0)
    if not 0 < what.nurses <= most:
        words = f"1 to {most} are on duty then." if most else "Nobody is on duty then."
        raise Invalid(words, {"nurses": [words]})

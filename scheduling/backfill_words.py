"""Why a free place suits somebody, and why it does not, in the words of the desk. Pure."""

from datetime import date, datetime, timedelta

from core.display import duration
from scheduling.backfill import Fit, Gap, Misfit, Waiting
from scheduling.grid import SLOT
from scheduling.urgency import Urgency

TWO_DAYS = timedelta(days=2)  # hours below it, days from it on
_URGENT = {
    Urgency.PRESCRIBER: "A prescriber decides first.",
    Urgency.HALF_DOSE: "The second half of a first dose is overdue.",
    Urgency.OVERDUE: "The dose is overdue.",
    Urgency.DID_NOT_COME: "Did not attend before, and has no dose since.",
    Urgency.DUE: "The dose is due.",
}


def reasons(fit: Fit, gap: Gap) -> tuple[str, ...]:
    """Say what speaks for offering the gap to somebody it fits, the weightiest first."""
    one, day = fit.one, gap.day.grid.day
    words = [_URGENT[one.urgency]] if one.urgency in _URGENT else []
    if fit.gain is None:
        words.append("Has no day yet.")
    else:
        words.append(f"{_days(fit.gain)} sooner than booked.")
    words.append(_window(one, day))
    length = duration(one.load.care * SLOT)
    words.append(f"Takes {length} of {duration(len(gap.run) * SLOT)}.")
    if one.wishes != type(one.wishes)():
        words.append("As wished.")
    return tuple(words)


def why_not(misfit: Misfit, gap: Gap, now: datetime) -> tuple[str, ...]:
    """Say what stops somebody the gap does not fit."""
    return explain(misfit.broken, misfit.one, gap, now)


def explain(broken: tuple[str, ...], one: Waiting, gap: Gap, now: datetime) -> tuple[str, ...]:
    """Put the rules and wishes that are broken into words, in their order."""
    day = gap.day.grid.day
    said = {
        "WINDOW-BEFORE": f"Not before {one.earliest.isoformat()}.",
        "WINDOW-AFTER": f"After its latest day, {one.latest.isoformat()}.",
        "WANTED-LATER": f"Wants no day before {one.wanted_from and one.wanted_from.isoformat()}.",
        "NO-GAIN": f"Booked on {one.booked_on and one.booked_on.isoformat()}: no sooner.",
        "PROTOCOL": one.stops(day) if "PROTOCOL" in broken else "",
        "GAP-SHORT": (
            f"Takes {duration(one.load.care * SLOT)}; the gap has {duration(len(gap.run) * SLOT)}."
        ),
        "NOTICE": _notice(one, gap, now),
    }
    return tuple(said.get(code) or _WORDS[code] for code in broken)


def _notice(one: Waiting, gap: Gap, now: datetime) -> str:
    begins = _length(gap.day.grid.instant(gap.run.start) - now)
    if not one.notice:
        return f"The gap begins in {begins}: too soon to ask anybody."
    return f"Needs {_length(one.notice)} to come; the gap begins in {begins}."


def _length(span: timedelta) -> str:
    return duration(span) if span < TWO_DAYS else _days(span // timedelta(days=1))


def _window(one: Waiting, day: date) -> str:
    if day > one.latest:
        return f"Past its window since {one.latest.isoformat()}: as soon as can be."
    apart = (day - one.due).days
    if apart == 0:
        return "On the due date."
    return f"{_days(abs(apart))} {'after' if apart > 0 else 'before'} the due date, in the window."


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"


def notice_words(notice: timedelta) -> str:
    """Say how long before a visit somebody must know."""
    hours = notice // timedelta(hours=1)
    if not hours:
        return "can come at once"
    if hours % 24 == 0:
        return f"needs {_days(hours // 24)}' notice" if hours > 24 else "needs a day's notice"
    return "needs an hour's notice" if hours == 1 else f"needs {hours} hours' notice"


_WORDS = {
    "OFFERED": "Another place is on offer to them.",
    "DECLINED": "Said no to a place on that day.",
    "GAP-ISOLATION": "Needs an isolation room.",
    "PATIENT-ELSEWHERE": "Has another visit then.",
    "NURSES-NONE": "Too few hours with a nurse on duty.",
    "NURSES-STARTS": "No nurse is free to start it.",
    "NURSES-POINTS": "The nurses watch as many patients as they can.",
    "PHARMACY-FULL": "The pharmacy makes no more bags ready then.",
    "WISH-WEEKDAY": "Not one of their weekdays.",
    "WISH-TIME": "Not at their times of day.",
    "DAY-PROMISED": "The room is promised to visits whose day is held.",
}

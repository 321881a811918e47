"""The doses that are due and unbooked, as the planner may place them. Reading only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from clinical.findings import Severity
from clinics.models import Chair, Clinic
from core.errors import RuleBroken
from scheduling.course_in_hand import CourseInHand, read_courses
from scheduling.grid import MINUTES
from scheduling.models import Course, Visit
from scheduling.planner.values import ORDINARY, PlanVisit
from scheduling.planner.weeks_program import WeekVisit
from scheduling.slot_search import Wishes
from scheduling.stay import stay_of
from scheduling.summary import FIRST_DOSES
from scheduling.treatment import refuse_unfit
from scheduling.wishes import as_sought, wishes_by_patient

# Who is past the window comes before whose window ends in these days, before the others.
OVERDUE_WEIGHT, LAST_DAYS_WEIGHT, DUE_WEIGHT = 3, 2, 1
_HOLD = Severity.HOLD.rank
MOST = 400  # doses planned along in one run: the longest past due
NOON = 12 * 60
WRONG_WEEKDAYS = "The clinic opens on none of the weekdays on which the patient can come."
LATER = timedelta(days=28)  # past its window, how far ahead a dose that is late is looked at


@dataclass(frozen=True, slots=True)
class Refused:
    """A chosen dose that may have none of the days, and why."""

    visit: UUID
    words: str


def due_doses(
    clinic: Clinic, dates: Sequence[date], *, closes: int, now: datetime
) -> Iterator[tuple[Visit, WeekVisit]]:
    """Yield the next unbooked dose of each course due by the last of `dates`, with the days from
    its window on that the protocol lets it have. Doses it lets have none are left out. Nobody new
    is planned into overtime: they leave by minute `closes`."""
    due = _next_doses(clinic).filter(due_on__lte=dates[-1]) if dates else Visit.objects.none()
    courses = _courses(due.order_by("due_on", "pk")[:MOST], now)
    wishes = wishes_by_patient([held.patient.pk for held in courses])
    for held in courses:
        dose, wish = _next(held), as_sought(wishes.get(held.patient.pk))
        days = _wished(_days(held, dose, _from(held.opens_on(dose), dates)), dates, wish)
        if days:
            yield dose, _in_time(_wanted(held, dose, days, dates, closes), wish)


def chosen_doses(
    clinic: Clinic, dates: Sequence[date], chosen: Sequence[str], *, closes: int, now: datetime
) -> tuple[list[tuple[Visit, WeekVisit]], list[Refused]]:
    """Return the chosen doses with the days of their windows, and those that may have none.

    Doses of another clinic, or that are not their course's next, are left out.
    """
    found, refused = [], []
    courses = _courses(_next_doses(clinic).filter(pk__in=list(chosen)), now)
    wishes = wishes_by_patient([held.patient.pk for held in courses])
    for held in courses:
        dose, wish = _next(held), as_sought(wishes.get(held.patient.pk))
        until = last_day(dose, held.today)
        near = [(n, day) for n, day in _from(held.opens_on(dose), dates) if day <= until]
        allowed = _days(held, dose, near)
        days = _wished(allowed, dates, wish)
        if days:
            found.append((dose, _in_time(_wanted(held, dose, days, dates, closes), wish)))
        elif allowed:
            refused.append(Refused(dose.pk, WRONG_WEEKDAYS))
        else:
            refused.append(Refused(dose.pk, _why_none(held, dose, [day for _, day in near])))
    return found, refused


def last_day(dose: Visit, today: date) -> date:
    """Return the last day to look at for a dose: its window's, or some weeks when that is near."""
    return max(dose.latest_on, today + LATER)


def _next_doses(clinic: Clinic) -> QuerySet[Visit]:
    earlier = Visit.objects.filter(
        course=OuterRef("course"), status=Visit.Status.PLANNED,
        dose_number__lt=OuterRef("dose_number"),
    )  # fmt: skip
    return Visit.objects.filter(
        ~Exists(earlier), clinic=clinic, status=Visit.Status.PLANNED,
        course__status=Course.Status.ACTIVE, patient__deceased_on__isnull=True,
        patient__deceased_undated=False,
    )  # fmt: skip


def _courses(doses: QuerySet[Visit], now: datetime) -> list[CourseInHand]:
    chosen = list(doses.values_list("course", flat=True))
    courses = Course.objects.filter(pk__in=chosen).select_related("clinic", "patient")
    return read_courses(list(courses.order_by("pk")), now=now)


def _next(held: CourseInHand) -> Visit:
    return next(one for one in held.visits if one.status == Visit.Status.PLANNED)


def _from(first: date, dates: Sequence[date]) -> list[tuple[int, date]]:
    """Return the days from `first` on with their positions: what comes before a dose's window is
    for a person to decide, if at all."""
    return [(position, day) for position, day in enumerate(dates) if day >= first]


def _days(
    held: CourseInHand, dose: Visit, near: Sequence[tuple[int, date]]
) -> tuple[tuple[int, int], ...]:
    """Return the days the protocol lets a dose have, as (position, days from its due date)."""
    return tuple(
        (position, abs((day - dose.due_on).days))
        for position, day in near
        if day >= held.today and _allowed(held, dose, day)
    )


def _wanted(
    held: CourseInHand,
    dose: Visit,
    days: tuple[tuple[int, int], ...],
    dates: Sequence[date],
    closes: int,
) -> WeekVisit:
    on = dates[min(days, key=lambda pair: pair[1])[0]]
    return WeekVisit(_plan_visit(held, dose, on, dates[-1], closes), days)


def _wished(
    days: tuple[tuple[int, int], ...], dates: Sequence[date], wish: Wishes
) -> tuple[tuple[int, int], ...]:
    """Return the days that are weekdays on which the patient can come."""
    return tuple(
        pair for pair in days if not wish.weekdays or dates[pair[0]].weekday() in wish.weekdays
    )


def _in_time(wanted: WeekVisit, wish: Wishes) -> WeekVisit:
    """Return the visit between the times of day at which the patient can come and must leave."""
    visit = wanted.visit
    earliest = [_minutes(wish.arrives_from)] if wish.arrives_from else []
    latest = [visit.latest] if visit.latest is not None else []
    if wish.leaves_by:
        latest.append(_minutes(wish.leaves_by) - visit.phases.care)
    if wish.half == "morning":
        latest.append(NOON - MINUTES)
    elif wish.half == "afternoon":
        earliest.append(NOON)
    timed = replace(visit, earliest=max(earliest, default=None), latest=min(latest, default=None))
    return replace(wanted, visit=timed)


def _minutes(shown: time) -> int:
    return shown.hour * 60 + shown.minute


def _why_none(held: CourseInHand, dose: Visit, days: Sequence[date]) -> str:
    """Say why a dose may have none of `days`."""
    if not days:
        opens_on = held.opens_on(dose)
        if opens_on > dose.earliest_on:
            return f"After the dose before it, it may come from {opens_on:%d-%b-%Y} on."
        return "The clinic opens on no day of its window."
    never = held.why_never(dose, days[0])
    if never:
        return never
    stops = [one for one in held.findings(dose, days[-1]) if one.severity.rank >= _HOLD]
    return stops[0].words if stops else "The protocol allows none of the days of its window."


def _allowed(held: CourseInHand, dose: Visit, day: date) -> bool:
    """Whether nothing in the protocol holds or blocks the dose on `day`."""
    try:
        refuse_unfit(held.protocol, held.patient, held.course.indication, on=day)
    except RuleBroken:
        return False
    return all(one.severity.rank < _HOLD for one in held.findings(dose, day))


def _plan_visit(held: CourseInHand, dose: Visit, on: date, last: date, closes: int) -> PlanVisit:
    stay = stay_of(held.protocol, dose, held.patient, on=on)
    phases = stay.phases(held.clinic)
    return PlanVisit(
        id=str(dose.pk),
        phases=phases,
        latest=closes - phases.care,
        priority=_weight(held, dose, last),
        first=stay.rate_option == FIRST_DOSES,
        kinds=frozenset({Chair.Kind.ISOLATION.value}) if stay.isolation else ORDINARY,
    )


def _weight(held: CourseInHand, dose: Visit, last: date) -> int:
    if dose.latest_on < held.today:
        return OVERDUE_WEIGHT
    return LAST_DAYS_WEIGHT if dose.latest_on <= last else DUE_WEIGHT

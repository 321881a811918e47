"""The doses that are due and unbooked, as the planner may place them. Reading only."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from django.db.models import Exists, OuterRef

from clinical.findings import Severity
from clinics.models import Chair, Clinic
from core.errors import RuleBroken
from scheduling.course_in_hand import CourseInHand, read_courses
from scheduling.models import Course, Visit
from scheduling.planner.values import ORDINARY, PlanVisit
from scheduling.planner.weeks import WeekVisit
from scheduling.stay import stay_of
from scheduling.summary import FIRST_DOSES
from scheduling.treatment import refuse_unfit

# Who is past the window comes before whose window ends in these days, before the others.
OVERDUE_WEIGHT, LAST_DAYS_WEIGHT, DUE_WEIGHT = 3, 2, 1
MOST = 400  # doses planned along in one run: the longest past due


def due_doses(
    clinic: Clinic, dates: Sequence[date], *, closes: int, now: datetime
) -> Iterator[tuple[Visit, WeekVisit]]:
    """Yield the next unbooked dose of each course due by the last of `dates`, with the days the
    protocol lets it have. Doses it lets have none of them are left out. Nobody new is planned
    into overtime: they leave by minute `closes`."""
    for held in _courses(clinic, dates, now) if dates else ():
        dose = next(one for one in held.visits if one.status == Visit.Status.PLANNED)
        days = tuple(
            (position, abs((day - dose.due_on).days))
            for position, day in enumerate(dates)
            if day >= held.today and _allowed(held, dose, day)
        )
        if days:
            on = dates[min(days, key=lambda pair: pair[1])[0]]
            yield dose, WeekVisit(_plan_visit(held, dose, on, dates[-1], closes), days)


def _courses(clinic: Clinic, dates: Sequence[date], now: datetime) -> list[CourseInHand]:
    earlier = Visit.objects.filter(
        course=OuterRef("course"), status=Visit.Status.PLANNED,
        dose_number__lt=OuterRef("dose_number"),
    )  # fmt: skip
    waiting = Visit.objects.filter(
        ~Exists(earlier), clinic=clinic, status=Visit.Status.PLANNED, due_on__lte=dates[-1],
        course__status=Course.Status.ACTIVE, patient__deceased_on__isnull=True,
        patient__deceased_undated=False,
    ).order_by("due_on", "pk")  # fmt: skip
    chosen = list(waiting.values_list("course", flat=True)[:MOST])
    courses = Course.objects.filter(pk__in=chosen).select_related("clinic", "patient")
    return read_courses(list(courses.order_by("pk")), now=now)


def _allowed(held: CourseInHand, dose: Visit, day: date) -> bool:
    """Whether nothing in the protocol holds or blocks the dose on `day`."""
    try:
        refuse_unfit(held.protocol, held.patient, held.course.indication, on=day)
    except RuleBroken:
        return False
    return all(one.severity.rank < Severity.HOLD.rank for one in held.findings(dose, day))


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

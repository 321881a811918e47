"""Which courses the hourly round has to look at. Reading only."""

from datetime import date, timedelta
from uuid import UUID

from django.db.models import Max, Q

from clinical.calendar import add_months
from clinics.models import Clinic
from scheduling.ad_hoc import TO_COME
from scheduling.calendars import horizon
from scheduling.models import Booking, Course, Visit

BATCH = 100  # courses per transaction, so that nobody waits long for one of them
SLACK = timedelta(days=7)  # months are of different lengths


def courses_to_roll(clinic_id: UUID, today: date, *, after: UUID | None = None) -> list[UUID]:
    """Return up to BATCH active courses whose last dose is due so early that another may have
    come within the horizon, by id from `after` on."""
    reach = add_months(horizon(today), -6) + SLACK
    rows = (
        Course.objects.filter(
            clinic_id=clinic_id,
            status=Course.Status.ACTIVE,
            patient__deceased_on__isnull=True,
            patient__deceased_undated=False,
        )
        .annotate(last_due=Max("visits__due_on"))
        .filter(last_due__lte=reach)
        .order_by("pk")
    )
    if after is not None:
        rows = rows.filter(pk__gt=after)
    return list(rows.values_list("pk", flat=True)[:BATCH])


def courses_of_the_dead(clinic_id: UUID) -> list[UUID]:
    """Return the active courses of patients who have died."""
    return list(
        Course.objects.filter(
            Q(patient__deceased_on__isnull=False) | Q(patient__deceased_undated=True),
            clinic_id=clinic_id,
            status=Course.Status.ACTIVE,
        ).values_list("pk", flat=True)
    )


def ad_hoc_of_the_dead(clinic_id: UUID) -> list[UUID]:
    """Return the ad-hoc visits still to come of patients who have died."""
    return list(
        Visit.objects.filter(
            Q(patient__deceased_on__isnull=False) | Q(patient__deceased_undated=True),
            clinic_id=clinic_id,
            course=None,
            status__in=TO_COME,
        ).values_list("pk", flat=True)
    )


def days_to_plan(clinic: Clinic, today: date) -> list[date]:
    """Return the days whose times are to be told by now and that somebody holds without one."""
    until = today + timedelta(days=clinic.confirm_days_before)
    held = Booking.objects.filter(
        clinic=clinic, status=Booking.Status.DAY_HELD, clinic_day__date__range=(today, until)
    )
    dates = held.values_list("clinic_day__date", flat=True)
    return sorted(set(dates))

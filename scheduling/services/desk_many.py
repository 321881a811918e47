"""Taking many visits of many patients in hand at once, in the documented order of locks."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from clinics.selectors import clinic_by_id
from core.actor import Actor
from core.db import joins
from core.errors import Conflict
from core.locks import lock_rows
from patients.models import Patient
from scheduling.course_in_hand import CourseInHand, read_courses
from scheduling.models import Booking, ClinicDay, Course, Visit
from scheduling.services.days import lock_days


@joins
def take_many(
    visit_ids: Collection[UUID], *, dates: Collection[date], actor: Actor, now: datetime
) -> tuple[dict[date, ClinicDay], dict[UUID, CourseInHand]]:
    """Lock the patients, the days, and the courses of visits with all their visits and active
    bookings; return the days and, by each visit, its course in hand.

    The days are `dates` and those of the courses' bookings. Visits of another clinic are left
    out. Raises Conflict when a booking changed its day while this waited. Expired holds of others
    are not freed here: the caller lets them expire first.
    """
    seen = Course.objects.filter(visits__in=visit_ids, clinic_id=actor.clinic_id)
    courses = dict(seen.values_list("pk", "patient").distinct())
    lock_rows(Patient.objects.filter(pk__in=courses.values()))
    active = Booking.objects.filter(visit__course__in=courses, status__in=Booking.ACTIVE)
    booked = active.values_list("clinic_day__date", flat=True)
    days = lock_days(clinic_by_id(actor.clinic_id), [*dates, *booked], now=now)
    lock_rows(Course.objects.filter(pk__in=courses))
    lock_rows(Visit.objects.filter(course__in=courses))
    locked = {day.pk for day in days.values()}
    if any(each.clinic_day_id not in locked for each in lock_rows(active)):
        raise Conflict("A booking of these patients has just changed. Please look again.")
    rows = Course.objects.filter(pk__in=courses).select_related("clinic", "patient")
    return days, {
        visit.pk: replace(held, days=days)
        for held in read_courses(list(rows), now=now)
        for visit in held.visits
    }

"""Taking many visits of many patients in hand at once, in the documented order of locks."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q

from clinics.selectors import clinic_by_id
from core.actor import Actor
from core.db import joins
from core.errors import Conflict
from core.locks import lock_rows
from patients.models import Patient
from scheduling.in_hand import InHand
from scheduling.models import Booking, ClinicDay, Course, Visit
from scheduling.services.days import lock_days
from scheduling.taken_up import read_all


@joins
def take_many(
    visit_ids: Collection[UUID], *, dates: Collection[date], actor: Actor, now: datetime
) -> tuple[dict[date, ClinicDay], dict[UUID, InHand]]:
    """Lock the patients, the days, and the courses of visits with all their visits and active
    bookings; return the days and, by each visit, what it is decided on.

    The days are `dates` and those of the courses' bookings. Visits of another clinic are left
    out. Raises Conflict when a booking changed its day while this waited. Expired holds of others
    are not freed here: the caller lets them expire first.
    """
    seen = Visit.objects.filter(pk__in=visit_ids, clinic_id=actor.clinic_id)
    whose = list(seen.values_list("pk", "course", "patient"))
    courses = {course for _, course, _ in whose if course is not None}
    mine = Q(course__in=courses) | Q(pk__in=[pk for pk, course, _ in whose if course is None])
    lock_rows(Patient.objects.filter(pk__in={patient for *_, patient in whose}))
    theirs = Visit.objects.filter(mine)
    active = Booking.objects.filter(visit__in=theirs, status__in=Booking.ACTIVE)
    booked = active.values_list("clinic_day__date", flat=True)
    days = lock_days(clinic_by_id(actor.clinic_id), [*dates, *booked], now=now)
    lock_rows(Course.objects.filter(pk__in=courses))
    lock_rows(theirs)
    locked = {day.pk for day in days.values()}
    if any(each.clinic_day_id not in locked for each in lock_rows(active)):
        raise Conflict("A booking of these patients has just changed. Please look again.")
    in_hand = read_all([pk for pk, *_ in whose], now=now)
    return days, {pk: replace(held, days=days) for pk, held in in_hand.items()}

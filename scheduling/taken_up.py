"""A visit read as a decision needs it, whatever it is for. Reading only, without locks."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from clinics.selectors import clinic_by_id
from core.actor import Actor
from core.errors import NotFound
from core.rows import rows_by
from core.zones import local_date
from patients.models import Patient
from scheduling.ad_hoc import AdHocInHand
from scheduling.course_in_hand import read_courses
from scheduling.in_hand import InHand
from scheduling.models import Booking, Course, Visit


def read_visit(actor: Actor, visit_id: UUID, *, now: datetime) -> InHand:
    """Return what one visit is decided on; a constant number of queries.

    Raises NotFound for another clinic's visit.
    """
    seen = Visit.objects.filter(pk=visit_id, clinic_id=actor.clinic_id)
    ids = seen.values_list("course_id", "patient_id")[:1]
    if not ids:
        raise NotFound
    [(course_id, patient_id)] = ids
    clinic = clinic_by_id(actor.clinic_id)
    [patient] = rows_by(Patient, id=[patient_id])
    if course_id is None:
        [visit] = rows_by(Visit, id=[visit_id])
        visit.clinic, visit.patient = clinic, patient
        return _read_ad_hoc([visit], now)[visit_id]
    [course] = rows_by(Course, id=[course_id])
    course.clinic, course.patient = clinic, patient
    [held] = read_courses([course], now=now)
    return held


def read_all(visit_ids: Collection[UUID], *, now: datetime) -> dict[UUID, InHand]:
    """Return what each visit is decided on, by visit: a constant number of queries for any
    number. The other doses of their courses are among them."""
    courses = Course.objects.filter(visits__in=visit_ids).select_related("clinic", "patient")
    found: dict[UUID, InHand] = {
        visit.pk: held
        for held in read_courses(list(courses.distinct().order_by("pk")), now=now)
        for visit in held.visits
    }
    others = Visit.objects.filter(pk__in=set(visit_ids) - found.keys(), course=None)
    return found | _read_ad_hoc(list(others.select_related("clinic", "patient")), now)


def _read_ad_hoc(visits: list[Visit], now: datetime) -> dict[UUID, InHand]:
    """Return ad-hoc visits, which come with clinic and patient, each in hand by itself."""
    active = Booking.objects.filter(visit__in=visits, status__in=Booking.ACTIVE)
    bookings = {each.visit_id: each for each in active.select_related("clinic_day", "chair")}
    return {
        visit.pk: AdHocInHand(
            clinic=visit.clinic, patient=visit.patient, days={}, visits=[visit],
            bookings={visit.pk: bookings[visit.pk]} if visit.pk in bookings else {},
            today=local_date(now, visit.clinic.time_zone),
        )
        for visit in visits
    }  # fmt: skip

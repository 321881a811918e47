"""Keeping calendars two years ahead, and closing those of patients who have died."""

from datetime import datetime
from uuid import UUID

from clinical.calendar import is_prolonged_gap
from clinics.selectors import clinic_by_id
from core import audit
from core.actor import system_actor
from core.db import command
from core.locks import lock_rows
from core.zones import local_date
from scheduling import calendars
from scheduling.models import Course, Restart, Visit
from scheduling.reminder_plans import plan_visits
from scheduling.rolling import courses_to_roll
from scheduling.services.desk import take_course
from scheduling.services.ending import end_course
from scheduling.services.rows import new_visits
from scheduling.treatment import protocol_of, regimen_for


@command
def roll_calendars(*, clinic_id: UUID, now: datetime, after: UUID | None = None) -> UUID | None:
    """Write the doses that have come within two years, for one batch of courses.

    Dates that stand are never touched, and nothing is written after a prolonged gap: that waits
    for a prescriber. Returns the `after` of the next batch, None when all courses are done.
    """
    today = local_date(now, clinic_by_id(clinic_id).time_zone)
    batch = courses_to_roll(clinic_id, today, after=after)
    rows = Course.objects.filter(pk__in=batch, status=Course.Status.ACTIVE)
    for course in lock_rows(rows.select_related("patient", "clinic")):
        _roll(course, now)
    return batch[-1] if batch else None


def _roll(course: Course, now: datetime) -> None:
    today = local_date(now, course.clinic.time_zone)
    visits = list(Visit.objects.filter(course=course))
    restart = Restart.objects.filter(course=course).order_by("-decided_at").first()
    protocol = protocol_of(course)
    stretch = calendars.stretch_of(course, restart, protocol)
    given = calendars.given_doses(visits, stretch)
    last_given = max((dose.given_on for dose in given), default=None)
    if last_given and is_prolonged_gap(protocol, last_given=last_given, today=today):
        return
    doses = calendars.plan(
        protocol, stretch, given, until=calendars.horizon(today),
        regimen=regimen_for(protocol, course.patient, on=today),
    )  # fmt: skip
    last = max((visit.nth_dose for visit in visits), default=0)
    written = new_visits(course, [dose for dose in doses if dose.number > last], now)
    plan_visits(written, now=now)
    for visit in written:
        audit.record(
            "visit.planned", visit, actor=system_actor(course.clinic_id), now=now,
            patient_id=course.patient_id,
        )  # fmt: skip


@command
def close_after_death(*, course_id: UUID, clinic_id: UUID, now: datetime) -> None:
    """End the course of a patient who has died, and free what was booked for them."""
    actor = system_actor(clinic_id)
    held = take_course(course_id, actor=actor, now=now)
    if not held.patient.is_deceased or held.course.status != Course.Status.ACTIVE:
        return
    end_course(held, reason="The patient has died.", permanently=False, actor=actor, now=now)

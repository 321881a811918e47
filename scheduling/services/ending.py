"""Ending a course: what was promised is freed, what was planned is cancelled."""

from datetime import datetime

from core import audit
from core.actor import Actor
from core.db import joins
from core.errors import Conflict
from scheduling.models import Course, Visit
from scheduling.reminder_plans import plan_visits
from scheduling.services.anchoring import reanchor
from scheduling.services.desk import CourseInHand
from scheduling.services.rows import cancel_visit
from scheduling.services.stamps import save


@joins
def end_course(
    held: CourseInHand, *, reason: str, permanently: bool, actor: Actor, now: datetime
) -> None:
    """End the course in hand, as `stop_course` does, inside the caller's command.

    The infusion room calls it after a life-threatening reaction. A dose that has begun stays.
    """
    course = held.course
    if course.status != Course.Status.ACTIVE:
        raise Conflict("This course has already ended.")
    for visit in held.pending:
        cancel_visit(held, visit, reason=reason, now=now)
    status = Course.Status.PERMANENTLY_DISCONTINUED if permanently else Course.Status.STOPPED
    course.status, course.ended_on, course.end_reason = status, held.today, reason
    save(course, "status", "ended_on", "end_reason", now=now)
    audit.record(f"course.{status}", course, actor=actor, now=now, patient_id=course.patient_id)


@joins
def reopen_course(held: CourseInHand, *, actor: Actor, now: datetime) -> None:
    """Open a course again that was ended by an error of charting, inside the caller's command.

    The doses cancelled with it are to be booked anew; their bookings were freed and stay so.
    Raises Conflict when another course runs meanwhile.
    """
    course = held.course
    if course.status == Course.Status.ACTIVE:
        return
    running = Course.objects.filter(patient=held.patient, status=Course.Status.ACTIVE)
    if running.exists():
        raise Conflict("Another course runs for this patient. Stop it first.")
    course.status, course.ended_on, course.end_reason = Course.Status.ACTIVE, None, ""
    save(course, "status", "ended_on", "end_reason", now=now)
    back = [
        visit
        for visit in held.visits
        if visit.status == Visit.Status.CANCELLED and visit.given_on is None
    ]
    for visit in back:
        visit.status = Visit.Status.PLANNED
        save(visit, "status", now=now)
    plan_visits(back, now=now)
    reanchor(held, now=now)
    audit.record("course.reopened", course, actor=actor, now=now, patient_id=course.patient_id)

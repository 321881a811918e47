"""Going on after a prolonged gap. The machine never chooses how: a prescriber does."""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from clinical.calendar import add_months, is_prolonged_gap
from clinics.permissions import RULES_OVERRIDE
from core import audit
from core.actor import Actor
from core.db import command
from core.errors import Conflict, Forbidden, Invalid, RuleBroken
from scheduling.models import Booking, Course, Override, Restart
from scheduling.reasons import checked_reason
from scheduling.services.anchoring import reanchor
from scheduling.services.desk import CourseInHand, take_course
from scheduling.services.rows import release

RULE = "GAP-PROLONGED"


@command
def restart_after_gap(
    *, course_id: UUID, regimen: str, first_on: date, reason: str, actor: Actor, now: datetime
) -> Restart:
    """Write a prescriber's decision how a course goes on, and the calendar that follows from it.

    `regimen` is single_600 or two_300. Bookings of doses still to come are freed: their day and
    length belonged to the old calendar. Raises RuleBroken while the gap is not prolonged.
    """
    actor.require(RULES_OVERRIDE)
    if actor.user_id is None:
        raise Forbidden("Only a prescriber decides how to restart.")
    reason = checked_reason(reason)
    held = take_course(course_id, actor=actor, now=now)
    _refuse(held, regimen, first_on)
    for visit in held.pending:
        if visit.pk in held.bookings:
            booking = held.bookings[visit.pk]
            words = "The course restarts after a gap."
            release(held, booking, status=Booking.Status.CANCELLED, reason=words, now=now)
    dose = held.pending[0].nth_dose
    restart = Restart.objects.create(
        course=held.course, dose_number=dose, regimen=regimen, first_on=first_on, reason=reason,
        decided_at=now, decided_by_id=actor.user_id,
    )  # fmt: skip
    Override.objects.create(
        clinic=held.clinic, patient=held.patient, visit=held.pending[0], rule_id=RULE,
        reason=reason, overridden_at=now, overridden_by_id=actor.user_id,
    )  # fmt: skip
    reanchor(replace(held, restart=restart), now=now)
    audit.record(
        "course.restarted", held.course, actor=actor, now=now, patient_id=held.patient.pk,
        regimen=regimen, first_on=first_on, dose_number=dose,
    )  # fmt: skip
    return restart


def _refuse(held: CourseInHand, regimen: str, first_on: date) -> None:
    problems: dict[str, list[str]] = {}
    if regimen not in Restart.Regimen.values:
        problems["regimen"] = ["Choose how to restart."]
    if not held.today <= first_on <= add_months(held.today, 12):
        problems["first_on"] = ["Choose a day within the next twelve months."]
    if problems:
        raise Invalid("Please correct the marked fields.", problems)
    if held.course.status != Course.Status.ACTIVE:
        raise Conflict("This course has ended.")
    if any(booking.status == Booking.Status.ARRIVED for booking in held.bookings.values()):
        raise Conflict("The patient has arrived: decide before or after the visit.")
    given = [visit.given_on for visit in held.visits if visit.given_on is not None]
    if not given or not is_prolonged_gap(held.protocol, last_given=max(given), today=first_on):
        months = held.protocol.calendar.prolonged_gap_months
        raise RuleBroken(
            f"There is no gap of {months} months on that day: the calendar goes on as it is."
        )

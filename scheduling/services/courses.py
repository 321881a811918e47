"""Starting, stopping and prolonging a course of treatment."""

from datetime import date, datetime
from uuid import UUID

from clinical.calendar import add_months
from clinical.protocol import Protocol
from clinics.models import Clinic, Membership
from clinics.permissions import COURSES_START, COURSES_STOP
from core import audit
from core.actor import Actor
from core.db import command, refusing
from core.errors import Conflict, Invalid, RuleBroken
from core.locks import lock_row
from core.zones import local_date
from patients.models import Patient
from scheduling import calendars
from scheduling.models import Course, Visit
from scheduling.reasons import checked_reason
from scheduling.reminder_plans import plan_visits
from scheduling.services.desk import take_course
from scheduling.services.ending import end_course
from scheduling.services.restarts import restart_after_gap
from scheduling.services.rolling import roll_calendars
from scheduling.services.rows import new_visits
from scheduling.treatment import PROTOCOL, edition_named, refuse_unfit, regimen_for

__all__ = ["end_course", "restart_after_gap", "roll_calendars", "start_course", "stop_course"]

EARLIEST_START_YEARS = 20  # a course brought along from elsewhere


@command
def start_course(
    *,
    patient_id: UUID,
    indication: str,
    first_infusion_on: date,
    edition: str | None = None,
    prescriber_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> Course:
    """Start a course and write its calendar two years ahead.

    `edition` None takes the clinic's. Raises NotFound for another clinic's patient, Invalid for
    input that makes no sense, RuleBroken for a patient who has died, is too young for the
    edition or may never be treated again, Conflict when a course is already running.
    """
    actor.require(COURSES_START)
    patient = lock_row(
        Patient.objects.filter(pk=patient_id, clinic_id=actor.clinic_id).select_related("clinic")
    )
    clinic = patient.clinic
    today = local_date(now, clinic.time_zone)
    protocol = edition_named(edition or clinic.edition)
    _refuse_for_ever(patient)
    _check_start(indication, first_infusion_on, prescriber_id, clinic=clinic, today=today)
    refuse_unfit(protocol, patient, indication, on=first_infusion_on)
    course = _new_course(patient, protocol, indication, first_infusion_on, prescriber_id, now)
    visits = _first_visits(course, patient, protocol, today, now)
    plan_visits(visits, now=now)
    audit.record(
        "course.started", course, actor=actor, now=now, patient_id=patient.pk,
        edition=protocol.edition, first_infusion_on=first_infusion_on,
    )  # fmt: skip
    return course


def _new_course(  # noqa: PLR0917 - private, and the one caller stands above
    patient: Patient,
    protocol: Protocol,
    indication: str,
    first_infusion_on: date,
    prescriber_id: UUID | None,
    now: datetime,
) -> Course:
    course = Course(
        clinic=patient.clinic,
        patient=patient,
        protocol=PROTOCOL,
        edition=protocol.edition,
        protocol_version=protocol.version,
        indication=indication,
        prescriber_id=prescriber_id,
        first_infusion_on=first_infusion_on,
        created_at=now,
        updated_at=now,
    )
    with refusing(course_one_active=Conflict("A course is already running for this patient.")):
        course.save(force_insert=True)
    return course


def _refuse_for_ever(patient: Patient) -> None:
    final = Course.Status.PERMANENTLY_DISCONTINUED
    if Course.objects.filter(patient=patient, status=final).exists():
        raise RuleBroken("Treatment was permanently discontinued for this patient.")


def _check_start(
    indication: str, first: date, prescriber_id: UUID | None, *, clinic: Clinic, today: date
) -> None:
    problems: dict[str, list[str]] = {}
    if indication not in Course.Indication.values:
        problems["indication"] = ["Choose an indication."]
    latest = calendars.horizon(today)
    if not add_months(today, -12 * EARLIEST_START_YEARS) <= first <= latest:
        problems["first_infusion_on"] = [f"Choose a date up to {latest:%d-%b-%Y}."]
    if prescriber_id is not None and not (
        Membership.objects.filter(clinic=clinic, user_id=prescriber_id).exists()
    ):
        problems["prescriber_id"] = ["Nobody of this clinic."]
    if problems:
        raise Invalid("Please correct the marked fields.", problems)


def _first_visits(
    course: Course, patient: Patient, protocol: Protocol, today: date, now: datetime
) -> list[Visit]:
    doses = calendars.plan(
        protocol,
        calendars.stretch_of(course, None, protocol),
        [],
        until=max(calendars.horizon(today), calendars.horizon(course.first_infusion_on)),
        regimen=regimen_for(protocol, patient, on=course.first_infusion_on),
    )
    return new_visits(course, doses, now)


@command
def stop_course(
    *, course_id: UUID, reason: str, permanently: bool, actor: Actor, now: datetime
) -> Course:
    """End a course: free its bookings, withdraw its reminders, cancel every dose still to come.

    `permanently` is final. Raises Invalid without a reason, Conflict when it has already ended.
    """
    actor.require(COURSES_STOP)
    reason = checked_reason(reason)
    held = take_course(course_id, actor=actor, now=now)
    end_course(held, reason=reason, permanently=permanently, actor=actor, now=now)
    return held.course

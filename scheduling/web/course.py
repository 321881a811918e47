"""Starting a course, stopping it, restarting it after a gap, recording a dose given elsewhere."""

from datetime import datetime
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinics.models import Role
from clinics.permissions import COURSES_START, COURSES_STOP, DOSES_RECORD, RULES_OVERRIDE
from clinics.selectors import staff_with_role
from clinics.web.access import ClinicRequest, allow
from core import clock
from core.audit import record_read
from patients.models import Patient
from patients.selectors import open_record
from scheduling.selectors import course_of, dose_for_booking
from scheduling.services.courses import start_course, stop_course
from scheduling.services.dosing import record_given
from scheduling.services.restarts import restart_after_gap
from scheduling.web.forms import GivenForm, RestartForm, StartCourseForm, StopCourseForm, posted
from scheduling.web.patient_form import answer_form


@allow(COURSES_START)
@require_http_methods(["GET", "POST"])
def start(request: ClinicRequest, patient_id: UUID) -> HttpResponse:
    """Start a course; its calendar appears at once."""
    now = clock.now()
    patient = open_record(patient_id=patient_id, actor=request.actor, now=now, page="start course")
    prescribers = [
        (str(user.pk), str(user)) for user in staff_with_role(request.actor, Role.PRESCRIBER)
    ]
    form = StartCourseForm(posted(request), prescribers=prescribers)

    def save() -> None:
        start_course(
            patient_id=patient.pk,
            indication=form.cleaned_data["indication"],
            first_infusion_on=form.cleaned_data["first_infusion_on"],
            edition=form.cleaned_data["edition"] or None,
            prescriber_id=UUID(form.cleaned_data["prescriber"])
            if form.cleaned_data["prescriber"]
            else None,
            actor=request.actor,
            now=now,
        )

    words = (_("Start a course"), _("Start the course"), _("The course has begun."))
    return answer_form(request, patient, form, save, words)


@allow(COURSES_STOP)
@require_http_methods(["GET", "POST"])
def stop(request: ClinicRequest, course_id: UUID) -> HttpResponse:
    """Stop a course, for now or for good; its bookings are freed."""
    now = clock.now()
    course = course_of(request.actor, course_id)
    _seen(request, course.patient, now)
    form = StopCourseForm(posted(request))

    def save() -> None:
        stop_course(
            course_id=course.pk, reason=form.cleaned_data["reason"],
            permanently=form.cleaned_data["permanently"], actor=request.actor, now=now,
        )  # fmt: skip

    words = (_("Stop the course"), _("Stop the course"), _("The course has ended."))
    return answer_form(request, course.patient, form, save, words, danger=True)


@allow(RULES_OVERRIDE)
@require_http_methods(["GET", "POST"])
def restart(request: ClinicRequest, course_id: UUID) -> HttpResponse:
    """Write a prescriber's decision how to go on after a prolonged gap."""
    now = clock.now()
    course = course_of(request.actor, course_id)
    _seen(request, course.patient, now)
    form = RestartForm(posted(request))

    def save() -> None:
        restart_after_gap(
            course_id=course.pk, regimen=form.cleaned_data["regimen"],
            first_on=form.cleaned_data["first_on"], reason=form.cleaned_data["reason"],
            actor=request.actor, now=now,
        )  # fmt: skip

    words = (_("Restart after a gap"), _("Restart"), _("The calendar follows your decision."))
    return answer_form(request, course.patient, form, save, words)


@allow(DOSES_RECORD)
@require_http_methods(["GET", "POST"])
def visit_given(request: ClinicRequest, visit_id: UUID) -> HttpResponse:
    """Record a dose that was given elsewhere or before; what follows is counted from it."""
    now = clock.now()
    visit = dose_for_booking(request.actor, visit_id)
    _seen(request, visit.patient, now)
    form = GivenForm(posted(request))

    def save() -> None:
        record_given(
            visit_id=visit.pk, given_on=form.cleaned_data["given_on"],
            override_reason=form.cleaned_data["override_reason"], actor=request.actor, now=now,
        )  # fmt: skip

    title = _("Record dose %s as given") % visit.dose_number
    words = (title, _("Record as given"), _("Recorded. The doses that follow are counted from it."))
    return answer_form(request, visit.patient, form, save, words)


def _seen(request: ClinicRequest, patient: Patient, now: datetime) -> None:
    if request.method == "GET":
        record_read(
            subject=patient, patient_id=patient.pk, actor=request.actor, now=now, page="course"
        )

"""One patient: who, which course, every dose of it, what comes next."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from clinical.protocol import load
from clinics import permissions
from clinics.web.access import ClinicRequest, allow
from core import clock
from core.display import Medicine
from core.web.timeline import Picture, draw
from core.zones import local_date
from patients.eligibility import why_not_bookable
from patients.selectors import open_record
from scheduling import dose_records
from scheduling.models import Course
from scheduling.selectors import CourseLine, DoseLine, course_timeline
from scheduling.selectors_ad_hoc import ad_hoc_visits
from scheduling.selectors_overrides import overrides_of


@dataclass(frozen=True, slots=True)
class Dose:
    """One row of the dose table, and one mark of the picture."""

    line: DoseLine
    number: int
    dose_mg: int
    state: str
    due_on: date
    earliest_on: date | None
    latest_on: date | None
    given_on: date | None


@dataclass(frozen=True, slots=True)
class CourseView:
    """One course as the page shows it."""

    line: CourseLine
    doses: list[Dose]
    picture: Picture
    medicine: Medicine
    gap: bool

    @property
    def moved(self) -> bool:
        """Whether a booking no longer suits the dates before it."""
        return any(dose.line.booking is not None and dose.line.findings for dose in self.doses)

    @property
    def course(self) -> Course:
        """The course itself."""
        return self.line.course


@allow(permissions.PATIENTS_VIEW)
@require_safe
def patient(request: ClinicRequest, patient_id: UUID) -> HttpResponse:
    """Show a patient's summary and dose timeline; the read is recorded."""
    now = clock.now()
    person = open_record(patient_id=patient_id, actor=request.actor, now=now, page="summary")
    today = local_date(now, request.clinic.time_zone)
    may_see = request.actor.may(permissions.COURSES_VIEW)
    lines = course_timeline(request.actor, patient_id, now=now) if may_see else []
    courses = [_course(line, today) for line in lines]
    running = any(view.course.status == Course.Status.ACTIVE for view in courses)
    ended_for_good = any(
        view.course.status == Course.Status.PERMANENTLY_DISCONTINUED for view in courses
    )
    refused = why_not_bookable(person, today)
    may = request.actor.may
    context = {
        "patient": person,
        "courses": courses,
        "overrides": overrides_of(request.actor, patient_id) if may_see else [],
        "ad_hoc": ad_hoc_visits(request.actor, patient_id) if may(permissions.VISITS_VIEW) else [],
        "may_ask": may(permissions.BOOKINGS_CHANGE) and refused != "deceased",
        "records": dose_records.of(patient_id, request.actor, request.clinic.slug),
        "today": today,
        "refused": refused,
        "ended_for_good": ended_for_good,
        "may_start": may(permissions.COURSES_START) and not (running or refused or ended_for_good),
        "may_stop": may(permissions.COURSES_STOP),
        "may_book": may(permissions.BOOKINGS_CHANGE),
        "may_record": may(permissions.DOSES_RECORD),
        "may_restart": may(permissions.RULES_OVERRIDE),
        "may_override": may(permissions.RULES_OVERRIDE),
        "may_edit": may(permissions.PATIENTS_CHANGE),
    }
    return render(request, "scheduling/patient.html", context)


def _course(line: CourseLine, today: date) -> CourseView:
    doses = [
        Dose(
            dose, dose.visit.nth_dose, dose.visit.milligrams, dose.state, dose.visit.due_on,
            dose.visit.earliest_on, dose.visit.latest_on, dose.visit.given_on,
        )
        for dose in line.doses
    ]  # fmt: skip
    protocol = load(line.course.protocol, line.course.edition)
    coming = next((dose.dose_mg for dose in doses if dose.given_on is None), 0)
    return CourseView(
        line=line,
        doses=doses,
        picture=draw([dose for dose in doses if dose.state != "cancelled"], today),
        medicine=Medicine(
            generic=protocol.drug, brand=protocol.brand,
            dose_mg=coming or (doses[-1].dose_mg if doses else 0),
        ),
        gap=any(dose.state == "prolonged_gap" for dose in doses),
    )  # fmt: skip

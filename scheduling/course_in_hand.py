"""One course as a decision needs it: patient, doses, bookings, and what the protocol says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from clinical.calendar import GivenDose, gap_findings
from clinical.findings import Finding
from clinical.protocol import Protocol
from clinics.models import Clinic
from core.rows import rows_by
from core.zones import local_date
from patients.models import Patient
from scheduling.calendars import Stretch, assumed_doses, date_findings, given_doses, stretch_of
from scheduling.models import Booking, ClinicDay, Course, Restart, Visit
from scheduling.treatment import protocol_of

R = TypeVar("R", Visit, Restart)


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseInHand:
    """A course with its patient, its visits by dose number and their active bookings.

    Taken by a command everything in it is locked, and `days` has the locked days; read by a
    selector it is only what stood there at that moment.
    """

    clinic: Clinic
    patient: Patient
    days: dict[date, ClinicDay]
    course: Course
    visits: list[Visit]
    bookings: dict[UUID, Booking]  # by visit
    restart: Restart | None
    today: date

    @property
    def protocol(self) -> Protocol:
        """The protocol the course follows."""
        return protocol_of(self.course)

    @property
    def stretch(self) -> Stretch:
        """The stretch of the calendar the course is in."""
        return stretch_of(self.course, self.restart, self.protocol)

    @property
    def given(self) -> list[GivenDose]:
        """The doses given in this stretch."""
        return given_doses(self.visits, self.stretch)

    @property
    def pending(self) -> list[Visit]:
        """The doses still to be given, in order."""
        return [
            visit
            for visit in self.visits
            if visit.given_on is None and visit.status != Visit.Status.CANCELLED
        ]

    @property
    def gap_findings(self) -> list[Finding]:
        """What the protocol says about the time since the last dose of this stretch."""
        last = max((dose.given_on for dose in self.given), default=None)
        return gap_findings(self.protocol, last_given=last, today=self.today)

    def visit(self, visit_id: UUID) -> Visit:
        """Return one of the course's visits."""
        return next(visit for visit in self.visits if visit.pk == visit_id)

    def findings(self, visit: Visit, on: date) -> list[Finding]:
        """Return what the protocol says about `visit` on `on`, given all doses before it as they
        stand or are booked."""
        booked = {
            other.dose_number: self.bookings[other.pk].clinic_day.date
            for other in self.visits
            if other.pk in self.bookings
        }
        before = assumed_doses(
            self.protocol,
            self.visits,
            self.stretch,
            before=visit.dose_number,
            booked=booked,
            today=self.today,
        )
        return date_findings(self.protocol, self.stretch, visit, on, before)


def read_courses(courses: list[Course], *, now: datetime) -> list[CourseInHand]:
    """Return courses as they stand, without locks: three queries for any number.

    `courses` come with their clinic and patient.
    """
    ids = [course.pk for course in courses]
    visits = _by_course(rows_by(Visit, course_id=ids), courses)
    restarts = _by_course(rows_by(Restart, course_id=ids), courses)
    active = Booking.objects.filter(visit__course__in=courses, status__in=Booking.ACTIVE)
    bookings = {
        booking.visit_id: booking for booking in active.select_related("clinic_day", "chair")
    }
    return [
        CourseInHand(
            clinic=course.clinic,
            patient=course.patient,
            days={},
            course=course,
            visits=sorted(visits[course.pk], key=lambda visit: visit.dose_number),
            bookings={
                visit.pk: bookings[visit.pk] for visit in visits[course.pk] if visit.pk in bookings
            },
            restart=max(restarts[course.pk], key=lambda each: each.decided_at, default=None),
            today=local_date(now, course.clinic.time_zone),
        )
        for course in courses
    ]


def _by_course(rows: Iterable[R], courses: list[Course]) -> dict[UUID, list[R]]:
    found: dict[UUID, list[R]] = {course.pk: [] for course in courses}
    for row in rows:
        found[row.course_id].append(row)
    return found

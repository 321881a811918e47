"""One course as a decision needs it: patient, doses, bookings, and what the protocol says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from clinical.calendar import GivenDose, gap_findings
from clinical.findings import Finding
from clinical.protocol import Protocol
from core.errors import RuleBroken
from core.rows import rows_by
from core.zones import local_date
from scheduling.calendars import (
    Stretch,
    assumed_doses,
    date_findings,
    dose_after,
    given_doses,
    stretch_of,
)
from scheduling.history import ReactionHistory
from scheduling.in_hand import InHand
from scheduling.models import Booking, Course, Restart, Visit
from scheduling.stay import Stay, stay_of
from scheduling.treatment import protocol_of, refuse_unfit, regimen_for

R = TypeVar("R", Visit, Restart)


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseInHand(InHand):
    """A course with its patient, its visits by dose number and their active bookings."""

    course: Course
    restart: Restart | None
    known: ReactionHistory | None = None  # None: asked for when it is needed

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
    def gap_findings(self) -> list[Finding]:
        """What the protocol says about the time since the last dose of this stretch."""
        last = max((dose.given_on for dose in self.given), default=None)
        return gap_findings(self.protocol, last_given=last, today=self.today)

    def after(self, visit: Visit) -> list[Visit]:
        """Return the later doses still to be given."""
        return [other for other in self.pending if other.nth_dose > visit.nth_dose]

    def stay(self, visit: Visit, *, on: date, wanted: str | None = None) -> Stay:
        """Return what the protocol and earlier reactions make of `visit` on `on`."""
        return stay_of(self.protocol, visit, self.patient, on=on, wanted=wanted, known=self.known)

    def refuse_unfit(self, on: date) -> None:
        """Raise RuleBroken when the course has ended or the edition does not treat the patient."""
        if self.course.status != Course.Status.ACTIVE:
            raise RuleBroken("This course has ended. Nothing can be booked for it.")
        refuse_unfit(self.protocol, self.patient, self.course.indication, on=on)

    def findings(self, visit: Visit, on: date) -> list[Finding]:
        """Return what the protocol says about `visit` on `on`, given all doses before it as they
        stand or are booked."""
        return date_findings(self.protocol, self.stretch, visit, on, self.doses_before(visit))

    def opens_on(self, visit: Visit) -> date:
        """Return the first day of the visit's window, counted from the doses before it as they
        stand or are booked: never before the one written down."""
        dose = dose_after(
            self.protocol, self.stretch, visit.nth_dose, self.doses_before(visit), today=self.today,
            regimen=regimen_for(self.protocol, self.patient, on=self.today),
        )  # fmt: skip
        return visit.earliest_on if dose is None else max(visit.earliest_on, dose.earliest)

    @property
    def booked_days(self) -> dict[int, date]:
        """The days that are booked, by the number of the dose."""
        return {
            visit.nth_dose: self.bookings[visit.pk].clinic_day.date
            for visit in self.visits
            if visit.pk in self.bookings
        }

    def doses_before(
        self, visit: Visit, booked: Mapping[int, date] | None = None
    ) -> list[GivenDose]:
        """Return the doses before `visit` as they were given or will have been; `booked` stands for
        other days than those that are booked now."""
        return assumed_doses(
            self.protocol, self.visits, self.stretch, before=visit.nth_dose,
            booked=self.booked_days if booked is None else booked, today=self.today,
        )  # fmt: skip


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
            visits=sorted(visits[course.pk], key=lambda visit: visit.nth_dose),
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
        if row.course_id is not None:
            found[row.course_id].append(row)
    return found

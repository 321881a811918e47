"""Taking a visit in hand: every lock a command about one visit needs, in the documented order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from clinical.calendar import GivenDose
from clinical.findings import Finding
from clinical.protocol import Protocol
from clinics.models import Clinic
from core.actor import Actor
from core.db import joins
from core.errors import Conflict, NotFound
from core.locks import lock_row, lock_rows
from core.zones import local_date
from patients.models import Patient
from scheduling.calendars import (
    Stretch,
    assumed_doses,
    date_findings,
    given_doses,
    stretch_of,
)
from scheduling.days import expired_holds
from scheduling.models import Booking, ClinicDay, Course, Restart, Visit
from scheduling.services.days import lock_days
from scheduling.services.holds import release_expired
from scheduling.treatment import protocol_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseInHand:
    """A locked course: its patient, its visits by dose number, their active bookings."""

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
            self.visits, self.stretch, before=visit.dose_number, booked=booked, today=self.today
        )
        return date_findings(self.protocol, self.stretch, visit, on, before)


@joins
def take_course(
    course_id: UUID, *, dates: Iterable[date] | None = (), actor: Actor, now: datetime
) -> CourseInHand:
    """Lock the patient, the days, the course, its visits and their active bookings.

    The days are `dates` and those of the course's active bookings; None locks no day at all, for
    commands that leave every time where it is. Raises NotFound for a course of another clinic,
    Conflict when a booking changed its day while this waited.
    """
    seen = (
        Course.objects.filter(pk=course_id, clinic_id=actor.clinic_id)
        .select_related("clinic")
        .first()
    )
    if seen is None:
        raise NotFound
    patient = lock_row(Patient.objects.filter(pk=seen.patient_id))
    days: dict[date, ClinicDay] = {}
    if dates is not None:
        days = lock_days(seen.clinic, [*dates, *_booked_days(course_id)], now=now)
    course = lock_row(Course.objects.filter(pk=course_id))
    visits, bookings = _lock_visits(seen.clinic, course, days, now)
    locked = {day.pk for day in days.values()}
    if dates is not None and any(booking.clinic_day_id not in locked for booking in bookings):
        raise Conflict("A booking of this patient has just changed. Please look again.")
    return _in_hand(seen.clinic, patient, days, course, visits, bookings, now)


def _lock_visits(
    clinic: Clinic, course: Course, days: Mapping[date, ClinicDay], now: datetime
) -> tuple[list[Visit], list[Booking]]:
    """Lock the course's visits and active bookings, and with them whatever expired holds of
    other patients stand on the locked days, which are freed here and now."""
    by_id = {day.pk: day for day in days.values()}
    holds = list(expired_holds(by_id, now=now).values_list("pk", "visit")) if by_id else []
    visits = lock_rows(
        Visit.objects.filter(Q(course=course) | Q(pk__in=[visit for _, visit in holds]))
    )
    active = Q(visit__course=course, status__in=Booking.ACTIVE)
    over = Q(pk__in=[pk for pk, _ in holds], status=Booking.Status.PROPOSED)
    bookings = lock_rows(Booking.objects.filter(active | over).select_related("clinic_day"))
    expired = [booking for booking in bookings if _is_over(booking, now)]
    if by_id:
        release_expired(clinic, by_id, {visit.pk: visit for visit in visits}, expired, now=now)
    return (
        [visit for visit in visits if visit.course_id == course.pk],
        [booking for booking in bookings if booking.status in Booking.ACTIVE],
    )


def _is_over(booking: Booking, now: datetime) -> bool:
    return (
        booking.status == Booking.Status.PROPOSED
        and booking.hold_expires_at is not None
        and booking.hold_expires_at <= now
    )


@joins
def read_course(course: Course, *, now: datetime) -> CourseInHand:
    """Return a course the caller has locked already, with no further lock and no day."""
    seen = Course.objects.select_related("clinic", "patient").get(pk=course.pk)
    visits = list(Visit.objects.filter(course=seen))
    return _in_hand(seen.clinic, seen.patient, {}, seen, visits, list(_active_bookings(seen)), now)


def _active_bookings(course: Course) -> QuerySet[Booking]:
    active = Booking.objects.filter(visit__course=course, status__in=Booking.ACTIVE)
    return active.select_related("clinic_day")


def _in_hand(  # noqa: PLR0917 - private, and both callers stand above
    clinic: Clinic,
    patient: Patient,
    days: dict[date, ClinicDay],
    course: Course,
    visits: list[Visit],
    bookings: list[Booking],
    now: datetime,
) -> CourseInHand:
    return CourseInHand(
        clinic=clinic,
        patient=patient,
        days=days,
        course=course,
        visits=sorted(visits, key=lambda visit: visit.dose_number),
        bookings={booking.visit_id: booking for booking in bookings},
        restart=Restart.objects.filter(course=course).order_by("-decided_at").first(),
        today=local_date(now, clinic.time_zone),
    )


@joins
def take_visit(
    visit_id: UUID, *, dates: Iterable[date] | None = (), actor: Actor, now: datetime
) -> tuple[CourseInHand, Visit]:
    """Lock everything a change of one visit may touch; see `take_course`.

    The infusion room calls this first, then changes the visit through `dosing` and `attendance`.
    Raises NotFound for a visit of another clinic.
    """
    course_id = (
        Visit.objects.filter(pk=visit_id, clinic_id=actor.clinic_id)
        .values_list("course_id", flat=True)
        .first()
    )
    if course_id is None:
        raise NotFound
    held = take_course(course_id, dates=dates, actor=actor, now=now)
    return held, held.visit(visit_id)


@joins
def take_booking(
    booking_id: UUID, *, dates: Iterable[date] | None = (), actor: Actor, now: datetime
) -> tuple[CourseInHand, Booking]:
    """Lock the course of a booking; see `take_course`.

    Raises NotFound for a booking of another clinic, Conflict when it is no longer active.
    """
    seen = Booking.objects.filter(pk=booking_id, clinic_id=actor.clinic_id)
    visit_id = seen.values_list("visit_id", flat=True).first()
    if visit_id is None:
        raise NotFound
    held, visit = take_visit(visit_id, dates=dates, actor=actor, now=now)
    booking = held.bookings.get(visit.pk)
    if booking is None or booking.pk != booking_id:
        raise Conflict("This booking has already ended.")
    return held, booking


def _booked_days(course_id: UUID) -> list[date]:
    return list(
        Booking.objects.filter(visit__course_id=course_id, status__in=Booking.ACTIVE).values_list(
            "clinic_day__date", flat=True
        )
    )

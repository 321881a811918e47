"""Taking a visit in hand: every lock a command about one visit needs, in the documented order."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q

from clinics.models import Clinic
from clinics.selectors import ask_clinic
from core.actor import Actor
from core.db import joins
from core.errors import Conflict, NotFound, RuleBroken
from core.locks import ask_lock, lock_rows
from core.prepared import array, ask
from core.rows import Found, ask_rows, rows_by
from core.together import together
from core.zones import local_date
from patients.models import Patient
from scheduling import history
from scheduling.ad_hoc import AdHocInHand
from scheduling.course_in_hand import CourseInHand
from scheduling.days import HOLDS
from scheduling.history import ReactionHistory
from scheduling.in_hand import InHand
from scheduling.models import Booking, ClinicDay, Course, Restart, Visit
from scheduling.placement import local_day
from scheduling.services.days import lock_days
from scheduling.services.holds import release_expired

__all__ = ["CourseInHand", "InHand", "take_booking", "take_course", "take_dose", "take_visit"]


class _By(NamedTuple):
    """One way to say which visits are meant: SQL for whose they are, within a clinic, and for the
    condition on `visit` that finds them."""

    patient: str
    visits: str


_BY_COURSE = _By(
    "SELECT patient_id FROM scheduling_course WHERE id = %s AND clinic_id = %s",
    "visit.course_id = %(key)s",
)
_BY_VISIT = _By(
    "SELECT patient_id FROM scheduling_visit WHERE id = %s AND clinic_id = %s",
    """visit.id = %(key)s
        OR visit.course_id = (SELECT course_id FROM scheduling_visit WHERE id = %(key)s)""",
)
_BY_BOOKING = _By(
    "SELECT patient_id FROM scheduling_booking WHERE id = %s AND clinic_id = %s",
    """visit.id = (SELECT visit_id FROM scheduling_booking WHERE id = %(key)s)
        OR visit.course_id = (SELECT booked.course_id FROM scheduling_visit booked
            JOIN scheduling_booking its ON its.visit_id = booked.id WHERE its.id = %(key)s)""",
)


class _Theirs(NamedTuple):
    """The visits meant, a course's or one ad-hoc visit, and the days they are booked on: read once
    their patient is locked."""

    course_id: UUID | None
    visits: list[UUID]
    days: set[date]

    @property
    def mine(self) -> tuple[str, list[UUID]]:
        """The column of visits, and its values, that finds them."""
        if self.course_id is not None:
            return "course_id", [self.course_id]
        return "id", self.visits

    def owns(self, visit: Visit) -> bool:
        """Whether a visit is one of those meant."""
        column, keys = self.mine
        return getattr(visit, column) in keys


@joins
def take_course(
    course_id: UUID, *, dates: Iterable[date] | None = (), actor: Actor, now: datetime
) -> CourseInHand:
    """Lock the patient, the days, the course, its visits and their active bookings.

    The days are `dates` and those of the course's active bookings; None locks no day at all, for
    commands that leave every time where it is. Raises NotFound for a course of another clinic,
    Conflict when a booking changed its day while this waited.
    """
    held = _take(_BY_COURSE, course_id, dates=dates, actor=actor, now=now)
    assert isinstance(held, CourseInHand)
    return held


def _take(
    which: _By,
    key: UUID,
    *,
    dates: Iterable[date] | None,
    at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> InHand:
    """Lock as `take_course` does the visits that `which` finds by `key`; `at` adds the clinic's
    day of that instant to the days."""
    clinic, patient, theirs = _lock_patient(which, key, actor)
    days: dict[date, ClinicDay] = {}
    if dates is not None:
        more = [local_day(at, clinic)] if at is not None else []
        days = lock_days(clinic, {*dates, *more, *theirs.days}, now=now)
    course, visits, bookings, known = _lock_visits(clinic, patient, theirs, days, now)
    locked = {day.pk for day in days.values()}
    if dates is not None and any(booking.clinic_day_id not in locked for booking in bookings):
        raise Conflict("A booking of this patient has just changed. Please look again.")
    by_visit = {booking.visit_id: booking for booking in bookings}
    today = local_date(now, clinic.time_zone)
    if course is None:
        return AdHocInHand(
            clinic=clinic, patient=patient, days=days, visits=visits, bookings=by_visit,
            today=today,
        )  # fmt: skip
    return CourseInHand(
        clinic=clinic, patient=patient, days=days, course=course, bookings=by_visit, today=today,
        visits=sorted(visits, key=lambda visit: visit.nth_dose), restart=known.restart,
        known=known.reactions,
    )  # fmt: skip


# Every visit meant, with the day of its active booking.
_THEIRS = """
    SELECT visit.id, visit.course_id, day.date FROM scheduling_visit visit
    LEFT JOIN scheduling_booking booking
        ON booking.visit_id = visit.id AND booking.status = ANY(%(active)s)
    LEFT JOIN scheduling_clinicday day ON day.id = booking.clinic_day_id
    WHERE {visits}
"""


def _lock_patient(which: _By, key: UUID, actor: Actor) -> tuple[Clinic, Patient, _Theirs]:
    """Lock the patient whose visits are meant; return with it the clinic and what is booked."""
    with together():
        clinic = ask_clinic(actor.clinic_id)
        patients = ask_lock(Patient, id=Found(which.patient, [key, actor.clinic_id]))
        asked = ask(
            _THEIRS.format(visits=which.visits), {"key": key, "active": array(Booking.ACTIVE)}
        )
    found = patients()
    if not found:
        raise NotFound
    theirs = asked()
    course_id = key if which is _BY_COURSE else next((course for _, course, _ in theirs), None)
    booked = {day for _, _, day in theirs if day is not None}
    return clinic(), found[0], _Theirs(course_id, [visit for visit, _, _ in theirs], booked)


class _Known(NamedTuple):
    """What else is known of a course: its last restart, and the patient's earlier reactions."""

    restart: Restart | None
    reactions: ReactionHistory | None  # None where nothing is decided about a time


def _lock_visits(
    clinic: Clinic,
    patient: Patient,
    theirs: _Theirs,
    days: Mapping[date, ClinicDay],
    now: datetime,
) -> tuple[Course | None, list[Visit], list[Booking], _Known]:
    """Lock the course, the visits meant and their active bookings, and with them whatever expired
    holds of other patients stand on the locked days, which are freed here and now.

    Nobody books a visit without its patient: whatever is not among `theirs` has no booking.
    """
    by_id = {day.pk: day for day in days.values()}
    holds = [each.visit_id for day in days.values() for each in day.standing if each.is_over(now)]
    of_course = [] if theirs.course_id is None else [theirs.course_id]
    with together():
        courses = ask_lock(Course, id=of_course)
        visits = _visits_locked(theirs, holds)
        asked = ask_lock(Booking, visit_id=[*theirs.visits, *holds], status=Booking.COUNTED)
        restarts = ask_rows(Restart, course_id=of_course)
        reactions = history.ask([patient.pk]) if of_course and days else None
    course, locked, bookings = next(iter(courses()), None), visits(), asked()
    _know_their_days(bookings, by_id)
    # An offer of this very visit may stand on a day that nobody locked: the round frees it.
    here = [booking for booking in bookings if booking.clinic_day_id in by_id]
    expired = [booking for booking in here if _is_over(booking, now)]
    if by_id:
        release_expired(clinic, by_id, {visit.pk: visit for visit in locked}, expired, now=now)
    own = {visit.pk: visit for visit in locked if theirs.owns(visit)}
    active = [each for each in bookings if each.visit_id in own and each.status in Booking.ACTIVE]
    last = max(restarts(), key=lambda restart: restart.decided_at, default=None)
    known = _Known(last, reactions()[patient.pk] if reactions is not None else None)
    return course, list(own.values()), active, known


def _visits_locked(theirs: _Theirs, holds: list[UUID]) -> Callable[[], list[Visit]]:
    """Ask for the lock of the visits meant and of the `holds`, all in one order."""
    column, keys = theirs.mine
    if not holds:
        wanted: dict[str, Any] = {column: keys}
        return ask_lock(Visit, **wanted)
    both = lock_rows(Visit.objects.filter(Q((f"{column}__in", keys)) | Q(pk__in=holds)))
    return lambda: both


def _know_their_days(bookings: Iterable[Booking], locked: Mapping[UUID, ClinicDay]) -> None:
    """Give each booking its day: the locked row, or one only read when that day is not locked."""
    missing = {each.clinic_day_id for each in bookings} - set(locked)
    days = {day.pk: day for day in rows_by(ClinicDay, id=missing)} if missing else {}
    for booking in bookings:
        booking.clinic_day = locked.get(booking.clinic_day_id) or days[booking.clinic_day_id]


def _is_over(booking: Booking, now: datetime) -> bool:
    return (
        booking.status in HOLDS
        and booking.hold_expires_at is not None
        and booking.hold_expires_at <= now
    )


@joins
def take_visit(
    visit_id: UUID,
    *,
    dates: Iterable[date] | None = (),
    at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> tuple[InHand, Visit]:
    """Lock everything a change of one visit may touch; see `take_course`. `at` adds the clinic's
    day of an instant to the days. Raises NotFound for a visit of another clinic."""
    held = _take(_BY_VISIT, visit_id, dates=dates, at=at, actor=actor, now=now)
    return held, held.visit(visit_id)


@joins
def take_dose(
    visit_id: UUID,
    *,
    dates: Iterable[date] | None = (),
    at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> tuple[CourseInHand, Visit]:
    """Lock as `take_visit` does, for what only a dose can have.

    The infusion room calls this first, then changes the visit through `dosing` and `attendance`.
    Raises RuleBroken for an ad-hoc visit.
    """
    held, visit = take_visit(visit_id, dates=dates, at=at, actor=actor, now=now)
    if not isinstance(held, CourseInHand):
        raise RuleBroken("This visit is for something else than a dose.")
    return held, visit


@joins
def take_booking(
    booking_id: UUID,
    *,
    dates: Iterable[date] | None = (),
    at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> tuple[InHand, Booking]:
    """Lock what the visit of a booking needs; see `take_visit`.

    Raises NotFound for a booking of another clinic, Conflict when it is no longer active.
    """
    held = _take(_BY_BOOKING, booking_id, dates=dates, at=at, actor=actor, now=now)
    booking = next((each for each in held.bookings.values() if each.pk == booking_id), None)
    if booking is None:
        raise Conflict("This booking has already ended.")
    return held, booking

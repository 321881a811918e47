"""Booking a whole series in one transaction: every row, or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from clinics.permissions import BOOKINGS_CHANGE
from clinics.selectors import clinic_by_id
from core import audit
from core.actor import Actor
from core.db import command, joins
from core.errors import Conflict, Invalid, Refusal, RuleBroken
from scheduling.capacity import free_starts, load_of
from scheduling.models import Booking, Visit
from scheduling.placement import day_as_locked, local_day
from scheduling.services.desk import CourseInHand, take_course
from scheduling.services.placing import put_elsewhere, put_in_chair, put_on_day
from scheduling.stay import stay_of

LONGEST = 24  # rows of one series


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRow:
    """One dose to book: a day, and a time too when it is near. No chair named means any free."""

    visit_id: UUID
    day: date
    start: datetime | None = None
    chair_id: UUID | None = None


@command
def book_series(
    *, course_id: UUID, rows: Sequence[SeriesRow], actor: Actor, now: datetime
) -> list[Booking]:
    """Book or move every row, or nothing at all.

    The days are locked in date order before the course; the doses are then booked in theirs.
    Raises what refuses the first row that cannot be booked, its words naming the dose and the
    day; Invalid for no rows or a dose that is not the course's.
    """
    actor.require(BOOKINGS_CHANGE)
    if not 0 < len(rows) <= LONGEST or len({row.visit_id for row in rows}) < len(rows):
        raise Invalid("Choose at least one dose, each once.", {"rows": ["Choose a dose."]})
    clinic = clinic_by_id(actor.clinic_id)
    for row in rows:
        if row.start is not None and local_day(row.start, clinic) != row.day:
            raise Invalid("A time lies on its day.", {"rows": ["The time is on another day."]})
    held = take_course(course_id, dates=[row.day for row in rows], actor=actor, now=now)
    visits = {visit.pk: visit for visit in held.pending}
    if any(row.visit_id not in visits for row in rows):
        raise Conflict("A dose of this series was given or cancelled meanwhile. Look again.")
    ordered = sorted(rows, key=lambda row: visits[row.visit_id].nth_dose)
    made = [_book_row(held, visits[row.visit_id], row, actor=actor, now=now) for row in ordered]
    audit.record(
        "series.booked", held.course, actor=actor, now=now, patient_id=held.patient.pk,
        days=[row.day for row in ordered],
    )  # fmt: skip
    return made


@joins
def _book_row(
    held: CourseInHand, visit: Visit, row: SeriesRow, *, actor: Actor, now: datetime
) -> Booking:
    try:
        return _place_row(held, visit, row, actor=actor, now=now)
    except Refusal as refusal:
        raise _named(refusal, visit, row) from refusal


def _place_row(
    held: CourseInHand, visit: Visit, row: SeriesRow, *, actor: Actor, now: datetime
) -> Booking:
    booking = held.bookings.get(visit.pk)
    if row.start is None:
        if booking is not None:
            raise Conflict("It has a booking already: choose a time to move it to.")
        return put_on_day(held, visit, row.day, actor=actor, now=now)
    chair_id = row.chair_id or _free_chair(held, visit, row, booking)
    if booking is not None:
        return put_elsewhere(
            held, booking, chair_id=chair_id, start=row.start, actor=actor, now=now
        )
    return put_in_chair(held, visit, chair_id=chair_id, start=row.start, actor=actor, now=now)


def _free_chair(held: CourseInHand, visit: Visit, row: SeriesRow, booking: Booking | None) -> UUID:
    """Return the first chair free for all of the visit; some chair when none is, whose refusal
    then says why."""
    own = booking.pk if booking is not None else None
    day = day_as_locked(held.clinic, held.days[row.day], without=own).day
    phases = stay_of(held.protocol, visit, held.patient, on=row.day).phases(held.clinic)
    slot = day.grid.slot_of(row.start) if row.start is not None else None
    free = free_starts(day, load_of(phases)).get(slot, []) if slot is not None else []
    ordinary = [chair for chair in free if chair not in day.isolation]
    chairs = [*ordinary, *free, *day.chairs]
    if not chairs:
        raise RuleBroken("The clinic has no chair in use.")
    return chairs[0]


def _named(refusal: Refusal, visit: Visit, row: SeriesRow) -> Refusal:
    """Return the refusal with the dose, its day and its window in front of its words."""
    words = (
        f"Dose {visit.dose_number} on {row.day:%d-%b-%Y} (window {visit.earliest_on:%d-%b-%Y} to "
        f"{visit.latest_on:%d-%b-%Y}): {refusal.message}"
    )
    if isinstance(refusal, RuleBroken):
        return RuleBroken(words, refusal.findings)
    return type(refusal)(words)

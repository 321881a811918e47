"""What an API client reads of the schedule: rows as values, one statement a page, recorded."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import FilteredRelation, Q, QuerySet

from core import audit
from core.actor import Actor
from core.errors import NotFound
from scheduling.models import Booking, Course, Visit

IN_FORCE = (*Booking.ACTIVE, Booking.Status.COMPLETED)
"""Bookings that say where a visit is or was: not those cancelled or missed."""


class VisitRow(NamedTuple):
    """One visit with its patient and, where it has one, its booking."""

    id: UUID
    version: int
    day: date
    status: str
    dose_number: int | None  # None, as milligrams and course, for an ad-hoc visit
    dose_mg: int | None
    purpose: str
    due_on: date
    earliest_on: date
    latest_on: date
    given_on: date | None
    updated_at: datetime
    course_id: UUID | None
    patient_id: UUID
    mrn: str
    family_name: str
    given_names: str
    birth_date: date
    booking_id: UUID | None
    booking_version: int  # this and the next two are null when booking_id is
    booking_status: str
    booking_day: date
    period: Any  # a range of instants, or None
    chair_id: UUID | None
    chair_label: str
    booking_updated_at: datetime | None


VISIT_COLUMNS = (
    "id", "version", "day", "status", "dose_number", "dose_mg", "purpose", "due_on",
    "earliest_on", "latest_on", "given_on", "updated_at", "course_id", "patient_id", "patient__mrn",
    "patient__family_name", "patient__given_names", "patient__birth_date", "held__id",
    "held__version", "held__status", "held__clinic_day__date", "held__period", "held__chair_id",
    "held__chair__label", "held__updated_at",
)  # fmt: skip


class BookingRow(NamedTuple):
    """One booking and where it is."""

    id: UUID
    version: int
    status: str
    visit_id: UUID
    day: date
    period: Any  # a range of instants, or None
    chair_id: UUID | None
    chair_label: str  # null when chair_id is
    hold_expires_at: datetime | None


BOOKING_COLUMNS = (
    "id", "version", "status", "visit_id", "clinic_day__date", "period", "chair_id",
    "chair__label", "hold_expires_at",
)  # fmt: skip


class CourseRow(NamedTuple):
    """One course with its patient."""

    id: UUID
    version: int
    status: str
    protocol: str
    edition: str
    protocol_version: str
    indication: str
    first_infusion_on: date
    ended_on: date | None
    updated_at: datetime
    patient_id: UUID
    mrn: str
    family_name: str
    given_names: str
    birth_date: date


COURSE_COLUMNS = (
    "id", "version", "status", "protocol", "edition", "protocol_version", "indication",
    "first_infusion_on", "ended_on", "updated_at", "patient_id", "patient__mrn",
    "patient__family_name", "patient__given_names", "patient__birth_date",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitsAsked:
    """Which visits: days of the clinic's calendar, both ends included; None asks for any."""

    from_day: date
    to_day: date | None = None
    statuses: tuple[str, ...] | None = None
    patient_id: UUID | None = None
    chair_id: UUID | None = None
    updated_since: datetime | None = None

    def conditions(self) -> Q:
        """Return what the rows must satisfy, besides being the clinic's."""
        wanted = Q(day__gte=self.from_day)
        if self.to_day is not None:
            wanted &= Q(day__lte=self.to_day)
        if self.statuses is not None:
            wanted &= Q(status__in=self.statuses)
        if self.patient_id is not None:
            wanted &= Q(patient_id=self.patient_id)
        if self.chair_id is not None:
            wanted &= Q(held__chair_id=self.chair_id)
        if self.updated_since is not None:
            since = self.updated_since
            wanted &= Q(updated_at__gte=since) | Q(held__updated_at__gte=since)
        return wanted


def page_of_visits(
    asked: VisitsAsked, *, after: tuple[date, UUID] | None, limit: int, actor: Actor, now: datetime
) -> tuple[list[VisitRow], bool]:
    """Return up to `limit` visits by (day, id), and whether more follow; one statement, recorded.

    `after` is the day and id of the last row of the page before.
    """
    rows = _visits(actor).filter(asked.conditions()).order_by("day", "id")
    if after is not None:
        day, visit_id = after
        # The first condition repeats what the second implies, in the form an index can use.
        rows = rows.filter(day__gte=day).filter(Q(day__gt=day) | Q(id__gt=visit_id))
    found = _read(rows, VISIT_COLUMNS, limit=limit, actor=actor, now=now, page="api visits")
    return [VisitRow._make(row) for row in found[:limit]], len(found) > limit


def visit_row(visit_id: UUID, *, actor: Actor, now: datetime) -> VisitRow:
    """Return one visit. Raises NotFound for one that is not the clinic's; a read is recorded."""
    row = _visits(actor).filter(pk=visit_id).values_list(*VISIT_COLUMNS).first()
    if row is None:
        raise NotFound
    found = VisitRow._make(row)
    audit.record_read(
        subject=Visit(pk=found.id), patient_id=found.patient_id, actor=actor, now=now,
        page="api visit",
    )  # fmt: skip
    return found


def booking_row(booking_id: UUID, actor: Actor) -> BookingRow:
    """Return one booking; it names a visit, not a person, so no read of a record is written.

    Raises NotFound for one that is not the clinic's.
    """
    rows = Booking.objects.filter(clinic_id=actor.clinic_id, pk=booking_id)
    row = rows.values_list(*BOOKING_COLUMNS).first()
    if row is None:
        raise NotFound
    return BookingRow._make(row)


def page_of_courses(
    *,
    statuses: tuple[str, ...] | None,
    patient_id: UUID | None,
    after: UUID | None,
    limit: int,
    actor: Actor,
    now: datetime,
) -> tuple[list[CourseRow], bool]:
    """Return up to `limit` courses by id, and whether more follow; one statement, recorded."""
    rows = _courses(actor).order_by("id")
    if statuses is not None:
        rows = rows.filter(status__in=statuses)
    if patient_id is not None:
        rows = rows.filter(patient_id=patient_id)
    if after is not None:
        rows = rows.filter(id__gt=after)
    found = _read(rows, COURSE_COLUMNS, limit=limit, actor=actor, now=now, page="api courses")
    return [CourseRow._make(row) for row in found[:limit]], len(found) > limit


def course_row(course_id: UUID, *, actor: Actor, now: datetime) -> tuple[CourseRow, list[VisitRow]]:
    """Return one course and all its visits by dose number; a read is recorded.

    Raises NotFound for a course that is not the clinic's.
    """
    row = _courses(actor).filter(pk=course_id).values_list(*COURSE_COLUMNS).first()
    if row is None:
        raise NotFound
    found = CourseRow._make(row)
    visits = _visits(actor).filter(course_id=course_id).order_by("dose_number")
    audit.record_read(
        subject=Course(pk=found.id), patient_id=found.patient_id, actor=actor, now=now,
        page="api course",
    )  # fmt: skip
    return found, [VisitRow._make(visit) for visit in visits.values_list(*VISIT_COLUMNS)]


def _visits(actor: Actor) -> QuerySet[Visit]:
    held = FilteredRelation("bookings", condition=Q(bookings__status__in=IN_FORCE))
    return Visit.objects.filter(clinic_id=actor.clinic_id).annotate(held=held)


def _courses(actor: Actor) -> QuerySet[Course]:
    return Course.objects.filter(clinic_id=actor.clinic_id)


def _read(
    rows: QuerySet[Any],
    columns: tuple[str, ...],
    *,
    limit: int,
    actor: Actor,
    now: datetime,
    page: str,
) -> list[tuple[Any, ...]]:
    """Read one row more than the page holds, and record only those it holds."""
    return audit.audited_rows(
        rows.values_list(*columns)[: limit + 1],
        patient_column=columns.index("patient_id"),
        actor=actor,
        now=now,
        page=page,
        shown=limit,
    )

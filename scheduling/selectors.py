"""What the scheduling pages show. Lists of patients are read and recorded in one statement."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Exists, F, Max, OuterRef, QuerySet, Subquery

from clinical.calendar import is_prolonged_gap
from clinical.findings import Finding
from clinical.protocol import load
from core.actor import Actor
from core.audit import audited_rows
from core.errors import NotFound
from patients.models import Patient
from scheduling.course_in_hand import CourseInHand, read_courses
from scheduling.models import Booking, Course, DelayReason, Restart, Visit, WaitlistEntry
from scheduling.openings import OpenDay, OpenStart, open_starts
from scheduling.purposes import what_for
from scheduling.urgency import Urgency, urgency

__all__ = [
    "CourseLine", "DayRow", "DoseLine", "DueRow", "OpenDay", "OpenStart", "booking_of",
    "bookings_listed",
    "course_of", "course_timeline",
    "day_bookings", "dose_for_booking", "open_starts", "unbooked_due", "visit_for_booking",
]  # fmt: skip

AHEAD = timedelta(weeks=6)
SHOWN = 200


class DayRow(NamedTuple):
    """One booking of a day, with whom it is for and what it is part of."""

    booking_id: UUID
    version: int
    status: str
    chair_id: UUID | None
    chair_label: str | None
    period: Any  # a range of instants, None while only the day is held
    rate_option: str
    premedication_minutes: int
    infusion_minutes: int
    observation_minutes: int
    turnaround_minutes: int
    hold_expires_at: datetime | None
    arrived_at: datetime | None
    visit_id: UUID
    visit_status: str
    dose_number: int | None  # None, as the milligrams, for an ad-hoc visit, which has a purpose
    dose_mg: int | None
    purpose: str
    note: str
    due_on: date
    earliest_on: date
    latest_on: date
    no_shows: int
    patient_id: UUID
    family_name: str
    given_names: str
    birth_date: date
    mrn: str
    day: date

    @property
    def what_for(self) -> str:
        """What the visit is for: the milligrams of a dose, else the purpose."""
        return what_for(self.dose_mg, self.purpose)

    @property
    def care_minutes(self) -> int:
        """Minutes from arrival to the end of observation."""
        return self.premedication_minutes + self.infusion_minutes + self.observation_minutes

    @property
    def off_window(self) -> bool:
        """Whether the day is outside the dose's window: re-check before it is kept."""
        return not self.earliest_on <= self.day <= self.latest_on


def day_bookings(actor: Actor, day: date, *, now: datetime) -> list[DayRow]:
    """Return the day's bookings by time and chair, those without a time last; one query.

    Cancelled bookings are left out; nobody-came and completed ones stay on the list.
    """
    rows = (
        Booking.objects.filter(clinic_id=actor.clinic_id, clinic_day__date=day)
        .exclude(status=Booking.Status.CANCELLED)
        .order_by(F("period").asc(nulls_last=True), "chair__position", "pk")
    )
    return _day_rows(rows, actor, now, "day")


def bookings_listed(
    actor: Actor, ids: Collection[UUID], *, now: datetime, page: str
) -> dict[UUID, DayRow]:
    """Return bookings of the actor's clinic by their ids, read on `page`; one query."""
    if not ids:
        return {}
    rows = Booking.objects.filter(clinic_id=actor.clinic_id, pk__in=ids).order_by("pk")
    return {row.booking_id: row for row in _day_rows(rows, actor, now, page)}


def _day_rows(rows: QuerySet[Booking], actor: Actor, now: datetime, page: str) -> list[DayRow]:
    columns = rows.values_list(
        "id", "version", "status", "chair_id", "chair__label", "period", "rate_option",
        "premedication_minutes", "infusion_minutes", "observation_minutes",
        "turnaround_minutes", "hold_expires_at", "arrived_at", "visit_id", "visit__status",
        "visit__dose_number", "visit__dose_mg", "visit__purpose", "visit__note", "visit__due_on",
        "visit__earliest_on",
        "visit__latest_on", "visit__no_shows", "patient_id", "patient__family_name",
        "patient__given_names", "patient__birth_date", "patient__mrn", "clinic_day__date",
    )  # fmt: skip
    column = DayRow._fields.index("patient_id")
    found = audited_rows(columns, patient_column=column, actor=actor, now=now, page=page)
    return [DayRow(*row) for row in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRow:
    """One dose that should be booked now, and how late it is."""

    visit_id: UUID
    version: int
    dose_number: int
    dose_mg: int
    due_on: date
    earliest_on: date
    latest_on: date
    no_shows: int
    last_given_on: date | None
    course_id: UUID
    patient_id: UUID
    family_name: str
    given_names: str
    birth_date: date
    mrn: str
    days_past_due: int  # below zero: days to go
    state: str  # prolonged_gap, overdue, due or due_soon: codes of core.states
    urgency: Urgency
    delay: str  # a code of DelayReason, empty while nobody has given one
    waits: bool  # on the waitlist for a place that comes free

    @property
    def days_to_go(self) -> int:
        """Days until it is due; zero or below once it is."""
        return -self.days_past_due

    @property
    def nobody_came(self) -> bool:
        """Whether it is unbooked because the patient did not come before."""
        return self.no_shows > 0

    @property
    def delay_words(self) -> str:
        """Why it is late, in words; empty while nobody has said."""
        return str(DelayReason.Code(self.delay).label) if self.delay else ""


DUE_COLUMNS = (
    "id", "version", "dose_number", "dose_mg", "due_on", "earliest_on", "latest_on", "no_shows",
    "course_id", "patient_id", "patient__family_name", "patient__given_names",
    "patient__birth_date", "patient__mrn",
)  # fmt: skip


def unbooked_due(
    actor: Actor, today: date, *, now: datetime, ahead: timedelta = AHEAD, limit: int = SHOWN
) -> list[DueRow]:
    """Return the next unbooked dose of each active course that falls due within `ahead`, by
    urgency and then the longest past due first; one query.

    A dose behind another unbooked one is not listed: it has no date of its own yet.
    """
    earlier = Visit.objects.filter(
        course=OuterRef("course"), status=Visit.Status.PLANNED,
        dose_number__lt=OuterRef("dose_number"),
    )  # fmt: skip
    waiting = WaitlistEntry.objects.filter(visit=OuterRef("pk"), state=WaitlistEntry.State.WAITING)
    newest = DelayReason.objects.filter(visit=OuterRef("pk")).order_by("-recorded_at")
    rows = (
        Visit.objects.filter(
            ~Exists(earlier),
            clinic_id=actor.clinic_id,
            status=Visit.Status.PLANNED,
            course__status=Course.Status.ACTIVE,
            patient__deceased_on__isnull=True,
            patient__deceased_undated=False,
            due_on__lte=today + ahead,
        )
        .annotate(
            last_given_on=Max("course__visits__given_on"),
            restarted_on=Max("course__restarts__first_on"),
            delay=Subquery(newest.values("code")[:1]),
            waits=Exists(waiting),
        )
        .order_by("due_on", "pk")
        .values_list(
            *DUE_COLUMNS, "course__protocol", "course__edition", "last_given_on",
            "restarted_on", "delay", "waits",
        )[:limit]
    )  # fmt: skip
    column = DUE_COLUMNS.index("patient_id")
    found = audited_rows(rows, patient_column=column, actor=actor, now=now, page="due")
    listed = [_due_row(row, today) for row in found]
    return sorted(listed, key=lambda row: (row.urgency, -row.days_past_due, row.visit_id))


def _due_row(row: tuple[Any, ...], today: date) -> DueRow:
    *columns, protocol_name, edition, last_given_on, restarted_on, delay, waits = row
    protocol = load(protocol_name, edition)
    names = [name.removeprefix("patient__") for name in DUE_COLUMNS]
    values = dict(zip(names, columns, strict=True))
    visit_id, due_on = values.pop("id"), values["due_on"]
    decided = restarted_on is not None and (last_given_on is None or restarted_on > last_given_on)
    gap = (
        last_given_on is not None
        and not decided
        and is_prolonged_gap(protocol, last_given=last_given_on, today=today)
    )
    state = "prolonged_gap" if gap else _due_state(values, today)
    late = (today - due_on).days
    second_half = 1 < values["dose_number"] <= protocol.dosing.initial_infusions
    rank = urgency(
        state=state, second_half=second_half, days_past_due=late, no_shows=values["no_shows"]
    )
    return DueRow(
        visit_id=visit_id, last_given_on=last_given_on, state=state, days_past_due=late,
        urgency=rank, delay=delay or "", waits=waits, **values,
    )  # fmt: skip


def _due_state(values: dict[str, Any], today: date) -> str:
    if today > values["latest_on"]:
        return "overdue"
    return "due" if today >= values["earliest_on"] else "due_soon"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseLine:
    """One dose on the timeline: its window, what became of it, and what stands in the way."""

    visit: Visit
    booking: Booking | None  # with clinic_day and chair
    state: str  # a code of core.states
    findings: tuple[Finding, ...]  # about the booked day, after all doses before it


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseLine:
    """One course and its doses in order."""

    course: Course
    restart: Restart | None
    doses: tuple[DoseLine, ...]


def course_timeline(actor: Actor, patient_id: UUID, *, now: datetime) -> list[CourseLine]:
    """Return every course of a patient, the newest first, with all doses; five queries.

    The caller records the read (core.audit.record_read). Raises NotFound for another clinic's.
    """
    if not Patient.objects.filter(pk=patient_id, clinic_id=actor.clinic_id).exists():
        raise NotFound
    courses = list(
        Course.objects.filter(patient_id=patient_id, clinic_id=actor.clinic_id)
        .select_related("clinic", "patient", "prescriber")
        .order_by("-created_at")
    )
    return [
        CourseLine(
            course=held.course,
            restart=held.restart,
            doses=tuple(_dose_line(held, visit) for visit in held.visits),
        )
        for held in read_courses(courses, now=now)
    ]


def _dose_line(held: CourseInHand, visit: Visit) -> DoseLine:
    booking = held.bookings.get(visit.pk)
    findings: list[Finding] = []
    if booking is not None and visit.given_on is None:
        findings = held.findings(visit, booking.clinic_day.date)
    return DoseLine(
        visit=visit, booking=booking, findings=tuple(findings),
        state=_dose_state(held, visit, booking),
    )  # fmt: skip


_BY_STATUS = {
    Visit.Status.COMPLETED: "given",
    Visit.Status.INFUSING: "running",
    Visit.Status.OBSERVING: "observation",
    Visit.Status.CANCELLED: "cancelled",
}


def _dose_state(held: CourseInHand, visit: Visit, booking: Booking | None) -> str:
    if visit.status in _BY_STATUS:
        return _BY_STATUS[Visit.Status(visit.status)]
    if booking is not None:
        return booking.status
    if held.gap_findings:
        return "prolonged_gap"
    if held.today > visit.latest_on:
        return "overdue"
    return "due" if held.today >= visit.earliest_on else "planned"


def visit_for_booking(actor: Actor, visit_id: UUID) -> Visit:
    """Return one visit with its course, patient and clinic; NotFound for another clinic's."""
    visit = (
        Visit.objects.filter(pk=visit_id, clinic_id=actor.clinic_id)
        .select_related("course", "patient", "clinic")
        .first()
    )
    if visit is None:
        raise NotFound
    return visit


def dose_for_booking(actor: Actor, visit_id: UUID) -> Visit:
    """Return one visit as `visit_for_booking` does; NotFound for an ad-hoc visit too."""
    visit = visit_for_booking(actor, visit_id)
    if visit.is_ad_hoc:
        raise NotFound
    return visit


def booking_of(actor: Actor, booking_id: UUID) -> Booking:
    """Return one booking with its day, chair, visit and patient; NotFound for another clinic's."""
    booking = (
        Booking.objects.filter(pk=booking_id, clinic_id=actor.clinic_id)
        .select_related("clinic_day", "chair", "visit", "patient")
        .first()
    )
    if booking is None:
        raise NotFound
    return booking


def course_of(actor: Actor, course_id: UUID) -> Course:
    """Return one course with its patient; NotFound for another clinic's."""
    courses = Course.objects.filter(pk=course_id, clinic_id=actor.clinic_id)
    course = courses.select_related("patient").first()
    if course is None:
        raise NotFound
    return course

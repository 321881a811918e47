"""Visits and courses as an API client sees them: plain dicts, written by orjson as they stand."""

from datetime import date, datetime
from typing import Annotated, TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

from clinics.api.items import ChairShort
from patients.api.items import PatientShort
from scheduling.models import Booking, Course, Visit
from scheduling.selectors_api import BookingRow, CourseRow, VisitRow
from scheduling.slots import Slot, Slots


class Place(TypedDict):
    """When and where, once it is planned."""

    start: Annotated[datetime | None, "Arrival, with the clinic's offset; null for a held day."]
    end: Annotated[datetime | None, "When the chair is free again."]
    chair: ChairShort | None


class BookingItem(Place):
    """The day, and once planned the chair and the time, held for a visit."""

    id: UUID
    version: Annotated[int, "Send it as If-Match to change the booking."]
    status: Annotated[str, Booking.Status]
    day: Annotated[date, "In the clinic's calendar."]


class BookingWithVisit(BookingItem):
    """A booking by itself: it names its visit, whatever its status."""

    visit_id: UUID
    hold_expires_at: Annotated[datetime | None, "A held time is free again then; null otherwise."]


class SlotItem(TypedDict):
    """One proposed time, and why it is proposed."""

    start: Annotated[datetime, "Arrival, with the clinic's offset."]
    day: Annotated[date, "In the clinic's calendar."]
    chair: ChairShort
    in_window: Annotated[bool, "Whether the day is inside the dose's window."]
    reasons: list[str]
    cautions: Annotated[list[str], "What the protocol asks to be careful about."]


class MissItem(TypedDict):
    """A time that nearly fits: what stops it, and what would free it."""

    day: date
    start: datetime | None
    why: list[str]
    remedy: str


class Availability(TypedDict):
    """The best times for a visit, or the nearest misses when there is none."""

    visit_id: UUID | None
    minutes: Annotated[int, "From arrival to the end of observation."]
    first: Annotated[date, "First day searched."]
    last: Annotated[date, "Last day searched."]
    slots: Annotated[list[SlotItem], "Up to five, the best first."]
    later: Annotated[list[SlotItem], "After the window, when the window has none."]
    missed: list[MissItem]
    why: Annotated[str, "Why nothing can be proposed at all; empty otherwise."]


class VisitItem(TypedDict):
    """One attendance: for a dose of a course, or for something else, which then has a purpose."""

    id: UUID
    version: int
    status: Annotated[str, Visit.Status]
    day: Annotated[date, "The day given, else booked, else due: what `from` and `to` ask for."]
    dose_number: Annotated[int | None, "Counted from 1 within the course; null for no dose."]
    dose_mg: int | None
    purpose: Annotated[str | None, "What an ad-hoc visit is for; null for a dose."]
    due: date
    earliest: Annotated[date, "Not before this day."]
    latest: Annotated[date, "Late after this day."]
    given_on: date | None
    course_id: UUID | None
    patient: PatientShort
    booking: BookingItem | None
    time_zone: Annotated[str, "IANA zone of the clinic; every date here is a day in it."]
    updated_at: Annotated[datetime, "Last change of the visit or its booking."]


class VisitPage(TypedDict):
    """Visits in the order of their day, then id."""

    items: list[VisitItem]
    next: Annotated[str | None, "Absolute address of the next page; null on the last."]


class CourseItem(TypedDict):
    """One patient's treatment under one edition of one protocol."""

    id: UUID
    version: int
    status: Annotated[str, Course.Status]
    protocol: str
    edition: str
    protocol_version: Annotated[str, "What the edition said when this course began."]
    indication: Annotated[str, Course.Indication]
    first_infusion_on: Annotated[date, "As planned; what was given stands on the visits."]
    ended_on: date | None
    patient: PatientShort
    updated_at: datetime


class CoursePage(TypedDict):
    """Courses in the order of their id."""

    items: list[CourseItem]
    next: Annotated[str | None, "Absolute address of the next page; null on the last."]


class CourseWithVisits(CourseItem):
    """A course and all its visits, by dose number."""

    visits: list[VisitItem]


def visit_item(row: VisitRow, zone: ZoneInfo) -> VisitItem:
    """Build a visit's item; `zone` is the clinic's."""
    changed = row.booking_updated_at
    return {
        "id": row.id,
        "version": row.version,
        "status": row.status,
        "day": row.day,
        "dose_number": row.dose_number,
        "dose_mg": row.dose_mg,
        "purpose": row.purpose or None,
        "due": row.due_on,
        "earliest": row.earliest_on,
        "latest": row.latest_on,
        "given_on": row.given_on,
        "course_id": row.course_id,
        "patient": patient_short(row),
        "booking": _booking(row, zone),
        "time_zone": zone.key,
        "updated_at": row.updated_at if changed is None else max(row.updated_at, changed),
    }


def course_item(row: CourseRow) -> CourseItem:
    """Build a course's item."""
    return {
        "id": row.id,
        "version": row.version,
        "status": row.status,
        "protocol": row.protocol,
        "edition": row.edition,
        "protocol_version": row.protocol_version,
        "indication": row.indication,
        "first_infusion_on": row.first_infusion_on,
        "ended_on": row.ended_on,
        "patient": patient_short(row),
        "updated_at": row.updated_at,
    }


def patient_short(row: VisitRow | CourseRow) -> PatientShort:
    """Build the short form of a row's patient."""
    return {
        "id": row.patient_id,
        "mrn": row.mrn,
        "family_name": row.family_name,
        "given_names": row.given_names,
        "birth_date": row.birth_date,
    }


def booking_of_visit(row: BookingRow, zone: ZoneInfo) -> BookingWithVisit:
    """Build a booking's item; `zone` is the clinic's."""
    return {
        "id": row.id,
        "version": row.version,
        "status": row.status,
        "day": row.day,
        **_place(row, zone),
        "visit_id": row.visit_id,
        "hold_expires_at": row.hold_expires_at and row.hold_expires_at.astimezone(zone),
    }


def availability(found: Slots, zone: ZoneInfo) -> Availability:
    """Build the answer to a search for times; `zone` is the clinic's."""
    return {
        "visit_id": None if found.visit is None else found.visit.pk,
        "minutes": found.minutes,
        "first": found.first,
        "last": found.last,
        "slots": [_slot(slot, zone) for slot in found.slots],
        "later": [_slot(slot, zone) for slot in found.later],
        "missed": [
            {
                "day": miss.day,
                "start": None if miss.start is None else miss.start.astimezone(zone),
                "why": list(miss.why),
                "remedy": miss.remedy,
            }
            for miss in found.missed
        ],
        "why": found.why,
    }


def _slot(slot: Slot, zone: ZoneInfo) -> SlotItem:
    return {
        "start": slot.start.astimezone(zone),
        "day": slot.day,
        "chair": {"id": slot.chair.pk, "label": slot.chair.label},
        "in_window": slot.in_window,
        "reasons": list(slot.reasons),
        "cautions": [finding.words for finding in slot.findings],
    }


def _booking(row: VisitRow, zone: ZoneInfo) -> BookingItem | None:
    if row.booking_id is None:
        return None
    return {
        "id": row.booking_id,
        "version": row.booking_version,
        "status": row.booking_status,
        "day": row.booking_day,
        **_place(row, zone),
    }


def _place(row: VisitRow | BookingRow, zone: ZoneInfo) -> Place:
    chair: ChairShort | None = None
    if row.chair_id is not None:
        chair = {"id": row.chair_id, "label": row.chair_label}
    return {
        "start": None if row.period is None else row.period.lower.astimezone(zone),
        "end": None if row.period is None else row.period.upper.astimezone(zone),
        "chair": chair,
    }

"""A clinic at work: nurses on duty, courses running, visits waiting to be booked."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from clinics.models import Chair, Clinic, Role, Shift
from core.actor import Actor, system_actor
from patients.models import Patient
from scheduling.models import Booking, Course, Visit
from scheduling.services import bookings, courses
from tests.people import MONDAY_NINE, make_actor, make_clinic, make_patient

MONDAY = date(2026, 3, 9)  # a week after "now": the first day most tests book
NOW = MONDAY_NINE


def system(clinic: Clinic) -> Actor:
    """Return an actor that may do everything this room asks for, without a person behind it."""
    return system_actor(
        clinic.pk, "courses.start", "courses.stop", "bookings.change", "bookings.arrive",
        "doses.record",
    )  # fmt: skip


def staff(clinic: Clinic, *days: date, nurses: int = 4, **changes: Any) -> None:
    """Put a head-count of nurses on duty from opening to closing."""
    fields = {"starts": time(8), "ends": time(18), **changes}
    Shift.objects.bulk_create(
        Shift(clinic=clinic, date=day, nurses=nurses, **fields) for day in days
    )


def weeks(first: date, count: int) -> list[date]:
    """Return `count` weeks of days from `first`."""
    return [first + timedelta(days=n) for n in range(7 * count)]


def at(day: date, shown: str = "08:00", zone: str = "Europe/Berlin") -> datetime:
    """Return the instant a clock in `zone` shows "HH:MM" on `day`."""
    return datetime.combine(day, time.fromisoformat(shown), ZoneInfo(zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Desk:
    """One clinic with a scheduler, nurses all spring, and its chairs."""

    clinic: Clinic
    actor: Actor
    chairs: list[UUID]

    def patient(self, mrn: str = "MRN-1", **changes: Any) -> Patient:
        return make_patient(self.clinic, mrn, **changes)

    def course(
        self, patient: Patient | None = None, first: date = MONDAY, **changes: Any
    ) -> Course:
        return courses.start_course(
            patient_id=(patient or self.patient()).pk,
            indication="rms",
            first_infusion_on=first,
            actor=self.actor,
            **{"now": NOW, **changes},
        )

    def visit(self, mrn: str = "MRN-1", first: date = MONDAY, number: int = 1) -> Visit:
        """Start a course for a new patient and return one of its visits."""
        course = self.course(self.patient(mrn), first)
        return Visit.objects.get(course=course, dose_number=number)

    def book(
        self, visit: Visit, day: date = MONDAY, shown: str = "08:00", chair: int = 0, **changes: Any
    ) -> Booking:
        return bookings.book(
            visit_id=visit.pk,
            chair_id=self.chairs[chair],
            start=at(day, shown, self.clinic.time_zone),
            **{"actor": self.actor, "now": NOW, **changes},
        )


def make_desk(slug: str = "north", *, chairs: int = 3, nurses: int = 4, **changes: Any) -> Desk:
    """Create a clinic, put nurses on duty for twelve weeks from MONDAY, seat a scheduler."""
    clinic = make_clinic(slug, chairs=chairs, **changes)
    staff(clinic, *weeks(MONDAY, 12), nurses=nurses)
    ids = list(
        Chair.objects.filter(clinic=clinic).order_by("position").values_list("pk", flat=True)
    )
    return Desk(clinic, make_actor(clinic, Role.SCHEDULER), ids)

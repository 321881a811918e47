"""Patients in chairs, put there row by row: what the scheduling room would have written."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinics.models import Chair, Clinic
from core.actor import Actor
from infusion.models import Infusion
from infusion.services.ending import complete_infusion
from infusion.services.premedication import give_premedication
from infusion.services.starting import start_infusion
from patients.models import Patient
from scheduling.models import Booking, ClinicDay, Course, Visit
from tests.people import MONDAY_NINE, make_patient

TODAY = MONDAY_NINE.date()


def at(minutes: float, *, start: datetime = MONDAY_NINE) -> datetime:
    """An instant so many minutes after nine o'clock."""
    return start + timedelta(minutes=minutes)


def make_course(patient: Patient, **changes: Any) -> Course:
    """A course two doses old."""
    fields: dict[str, Any] = {
        "clinic": patient.clinic, "patient": patient, "protocol": "ocrelizumab",
        "edition": "default", "protocol_version": "2026.1", "indication": Course.Indication.RMS,
        "first_infusion_on": date(2025, 9, 1), "created_at": MONDAY_NINE,
        "updated_at": MONDAY_NINE,
    }  # fmt: skip
    return Course.objects.create(**(fields | changes))


def given(course: Course, number: int, dose_mg: int, on: date) -> Visit:
    """A dose that was given."""
    return Visit.objects.create(
        clinic_id=course.clinic_id, course=course, patient_id=course.patient_id,
        dose_number=number, dose_mg=dose_mg, due_on=on, earliest_on=on, latest_on=on,
        status=Visit.Status.COMPLETED, given_on=on, created_at=MONDAY_NINE,
        updated_at=MONDAY_NINE,
    )  # fmt: skip


def make_visit(course: Course, number: int = 3, dose_mg: int = 600, **changes: Any) -> Visit:
    """A dose due today; those before it have been given."""
    if number > 1:
        given(course, 1, 300, date(2025, 9, 1))
    if number > 2:
        given(course, 2, 300, date(2025, 9, 15))
    fields: dict[str, Any] = {
        "clinic_id": course.clinic_id, "course": course, "patient_id": course.patient_id,
        "dose_number": number, "dose_mg": dose_mg, "due_on": TODAY,
        "earliest_on": TODAY - timedelta(days=14), "latest_on": TODAY + timedelta(days=28),
        "status": Visit.Status.ARRIVED, "created_at": MONDAY_NINE, "updated_at": MONDAY_NINE,
    }  # fmt: skip
    return Visit.objects.create(**(fields | changes))


def make_booking(
    visit: Visit, chair: Chair, *, from_minute: float = 0, minutes: int = 345, **changes: Any
) -> Booking:
    """A booking in `chair` whose patient has arrived on time, unless `changes` say otherwise."""
    begins = at(from_minute)
    day, _ = ClinicDay.objects.get_or_create(
        clinic_id=visit.clinic_id, date=begins.date(), defaults={"updated_at": MONDAY_NINE}
    )
    fields: dict[str, Any] = {
        "clinic_id": visit.clinic_id, "visit": visit, "patient_id": visit.patient_id,
        "clinic_day": day, "chair": chair, "status": Booking.Status.ARRIVED,
        "period": DateTimeTZRange(begins, begins + timedelta(minutes=minutes)),
        "rate_option": "initial" if visit.dose_mg == 300 else "standard",
        "premedication_minutes": 60, "infusion_minutes": 210, "observation_minutes": 60,
        "turnaround_minutes": 15, "arrived_at": begins, "created_at": MONDAY_NINE,
        "updated_at": MONDAY_NINE,
    }  # fmt: skip
    return Booking.objects.create(**(fields | changes))


def seat(
    clinic: Clinic,
    *,
    mrn: str = "MRN-1",
    position: int = 1,
    number: int = 3,
    dose_mg: int = 600,
    patient: dict[str, Any] | None = None,
    **booking: Any,
) -> Visit:
    """Seat a patient in the chair at `position`, arrived at nine."""
    person = make_patient(clinic, mrn, **(patient or {}))
    visit = make_visit(make_course(person), number, dose_mg)
    make_booking(visit, clinic.chairs.get(position=position), **booking)
    return visit


def expect(clinic: Clinic, *, mrn: str = "MRN-2", position: int = 1, **booking: Any) -> Visit:
    """Book a patient into the chair at `position` who has not come yet."""
    person = make_patient(clinic, mrn, family_name="Patel", given_names="Raj")
    visit = make_visit(make_course(person), status=Visit.Status.BOOKED)
    fields = {"status": Booking.Status.CONFIRMED, "arrived_at": None, **booking}
    make_booking(visit, clinic.chairs.get(position=position), **fields)
    return visit


def premedicate(visit: Visit, nurse: Actor, *, minute: float = 0) -> None:
    """Give both mandatory medicines."""
    drugs = (("methylprednisolone", 100, "IV"), ("cetirizine", 10, "oral"))
    for drug, dose, route in drugs:
        give_premedication(
            visit_id=visit.pk, event_id=uuid4(), drug=drug, dose_mg=Decimal(dose), route=route,
            occurred_at=at(minute), actor=nurse, now=at(minute),
        )  # fmt: skip


def start(visit: Visit, nurse: Actor, *, minute: float = 30, **changes: Any) -> Infusion:
    """Start the infusion with everything in order."""
    fields: dict[str, Any] = {
        "visit_id": visit.pk, "event_id": uuid4(), "occurred_at": at(minute),
        "two_identifiers_checked": True, "actor": nurse, "now": at(minute),
        "rate_option": "initial" if visit.dose_mg == 300 else "standard",
    }  # fmt: skip
    start_infusion(**(fields | changes))
    return Infusion.objects.get(visit=visit)


def running(visit: Visit, nurse: Actor) -> Infusion:
    """Premedicate at nine, start at half past."""
    premedicate(visit, nurse)
    return start(visit, nurse)


def complete(infusion: Infusion, nurse: Actor, *, minute: float, **changes: Any) -> None:
    """End the infusion with the bag empty."""
    fields: dict[str, Any] = {
        "infusion_id": infusion.pk, "event_id": uuid4(), "occurred_at": at(minute),
        "volume_ml": infusion.volume_ml, "actor": nurse, "now": at(minute),
    }  # fmt: skip
    complete_infusion(**(fields | changes))
    infusion.refresh_from_db()

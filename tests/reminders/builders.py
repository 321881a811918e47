"""A clinic with one course, its visits and a booking; and reminder rows on their own."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinics.models import Clinic, Role
from infusion.models import Infusion
from patients.models import Patient
from reminders.models import Reminder
from reminders.services.planning import put
from scheduling.models import Booking, ClinicDay, Course, Offer, Visit, WaitlistEntry
from tests.people import MONDAY_NINE, make_clinic, make_patient

NOW = MONDAY_NINE
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def make_reachable(clinic: Clinic, mrn: str = "MRN-1", **changes: Any) -> Patient:
    """Create a patient who agreed to e-mail."""
    fields = {"email": f"{mrn.lower()}@post.example", "channel": "email", "consented_at": NOW}
    return make_patient(clinic, mrn, **(fields | changes))


def make_visit(patient: Patient, *, due_on: date, dose_number: int = 3, **changes: Any) -> Visit:
    """Create a visit, and the patient's active course when there is none yet."""
    course, _ = Course.objects.get_or_create(
        clinic=patient.clinic, patient=patient, status=Course.Status.ACTIVE,
        defaults={
            "protocol": "ocrelizumab", "edition": "default", "protocol_version": "2026.1",
            "indication": Course.Indication.RMS, "first_infusion_on": due_on,
            "created_at": NOW, "updated_at": NOW,
        },
    )  # fmt: skip
    fields = {
        "dose_mg": 600, "earliest_on": due_on - timedelta(days=14),
        "latest_on": due_on + timedelta(days=28), "created_at": NOW, "updated_at": NOW,
    } | changes  # fmt: skip
    return Visit.objects.create(
        clinic=patient.clinic, patient=patient, course=course, dose_number=dose_number,
        due_on=due_on, **fields,
    )  # fmt: skip


def make_booking(visit: Visit, arrival: datetime, **changes: Any) -> Booking:
    """Create a confirmed booking of five and a half hours, and mark its visit booked."""
    Visit.objects.filter(pk=visit.pk).update(status=Visit.Status.BOOKED)
    day, _ = ClinicDay.objects.get_or_create(
        clinic=visit.clinic, date=arrival.date(), defaults={"updated_at": NOW}
    )
    fields = {
        "status": Booking.Status.CONFIRMED,
        "period": DateTimeTZRange(arrival, arrival + timedelta(hours=5, minutes=30)),
        "chair": visit.clinic.chairs.first(),
        "rate_option": "standard",
        "premedication_minutes": 60, "infusion_minutes": 210, "observation_minutes": 60,
        "turnaround_minutes": 15, "created_at": NOW, "updated_at": NOW,
    } | changes  # fmt: skip
    return Booking.objects.create(
        clinic=visit.clinic, visit=visit, patient=visit.patient, clinic_day=day, **fields
    )


def make_offer(visit: Visit, *, expires_at: datetime = NOW + DAY) -> Offer:
    """Create an offer of a place two days from now, to somebody on the waitlist."""
    entry = WaitlistEntry.objects.create(
        clinic=visit.clinic, visit=visit, patient=visit.patient, joined_at=NOW
    )
    hold = make_booking(
        visit, NOW + 2 * DAY, status=Booking.Status.OFFERED, hold_expires_at=expires_at
    )
    return Offer.objects.create(
        clinic=visit.clinic, entry=entry, hold=hold, expires_at=expires_at, offered_at=NOW
    )


def make_infusion(visit: Visit, *, ended_at: datetime, **changes: Any) -> Infusion:
    """Create an infusion whose hour of observation has begun."""
    fields = {
        "status": Infusion.Status.OBSERVING, "started_at": ended_at - timedelta(hours=3),
        "ended_at": ended_at, "observe_until": ended_at + HOUR, "updated_at": ended_at,
    } | changes  # fmt: skip
    return Infusion.objects.create(
        clinic=visit.clinic, visit=visit, patient=visit.patient, rate_option="standard",
        dose_mg=600, volume_ml=520, **fields,
    )  # fmt: skip


def plan(
    clinic: Clinic,
    *,
    patient: Patient | None = None,
    kind: str = "test.plain",
    subject_id: UUID | None = None,
    occurrence: str = "once",
    due_at: datetime = NOW,
    void_after: datetime = NOW + DAY,
    role: str = Role.NURSE,
) -> Reminder:
    """Plan one reminder: to the patient by e-mail when one is given, else on the board."""
    subject = subject_id or uuid4()
    with transaction.atomic():
        put(
            kind=kind, subject_id=subject, occurrence=occurrence, clinic_id=clinic.pk,
            patient_id=patient.pk if patient else None,
            recipient_patient_id=patient.pk if patient else None,
            recipient_role="" if patient else role,
            channel="email" if patient else "board",
            due_at=due_at, void_after=void_after, now=NOW,
        )  # fmt: skip
    return Reminder.objects.get(subject_id=subject, kind=kind, dedupe_key__contains=occurrence)


def make_reachable_clinic() -> tuple[Clinic, Patient]:
    """Create the north clinic and one patient in it who agreed to e-mail."""
    clinic = make_clinic(telephone="+49 30 1234567")
    return clinic, make_reachable(clinic)

"""Rows an API client reads, written straight into the tables, and a client to read them with."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test import Client

from clinics.models import ApiClient, Chair, Clinic
from clinics.permissions import SCOPE_PERMISSIONS
from core import clock
from patients.models import Patient
from scheduling.models import Booking, ClinicDay, Course, Visit
from tests.people import MONDAY_NINE, make_patient

ALL_SCOPES = tuple(SCOPE_PERMISSIONS)


@dataclass(frozen=True)
class Caller:
    """An API client with its token in hand."""

    http: Client
    row: ApiClient
    token: str

    def get(self, path: str, **headers: str) -> Any:
        return self.http.get(path, headers=self._headers(headers))

    def post(self, path: str, body: Any, **headers: str) -> Any:
        return self.http.post(
            path, body, content_type="application/json", headers=self._headers(headers)
        )

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {"Authorization": f"Bearer {self.token}", **named}


def make_caller(clinic: Clinic, *scopes: str, **changes: Any) -> Caller:
    """Create an API client with `scopes` (all of them when none is named)."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    row = ApiClient.objects.create(
        **{
            "clinic": clinic,
            "name": f"client {token[:6]}",
            "secret_sha256": sha256(token.encode()).hexdigest(),
            "scopes": list(scopes or ALL_SCOPES),
            "created_at": now - timedelta(days=1),
            "expires_at": now + timedelta(days=30),
            **changes,
        }
    )
    return Caller(Client(), row, token)


def make_course(patient: Patient, **changes: Any) -> Course:
    """Create a course under the default edition, begun on its first infusion's day."""
    fields: dict[str, Any] = {
        "protocol": "ocrelizumab", "edition": "default", "protocol_version": "test",
        "indication": Course.Indication.RMS, "first_infusion_on": date(2026, 3, 2),
        "created_at": MONDAY_NINE, "updated_at": MONDAY_NINE,
    }  # fmt: skip
    return Course.objects.create(clinic_id=patient.clinic_id, patient=patient, **(fields | changes))


def make_visit(course: Course, due: date, number: int = 1, **changes: Any) -> Visit:
    """Create a visit due on `due`, allowed from a week before to three weeks after."""
    fields: dict[str, Any] = {
        "dose_mg": 600, "due_on": due, "earliest_on": due - timedelta(days=7),
        "latest_on": due + timedelta(days=21), "created_at": MONDAY_NINE,
        "updated_at": MONDAY_NINE,
    }  # fmt: skip
    return Visit.objects.create(
        clinic_id=course.clinic_id, course=course, patient_id=course.patient_id,
        dose_number=number, **(fields | changes),
    )  # fmt: skip


def make_day(clinic: Clinic, day: date) -> ClinicDay:
    """Return the clinic's day, creating it open from 07:00 to 17:00 UTC."""
    found, _ = ClinicDay.objects.get_or_create(
        clinic=clinic,
        date=day,
        defaults={
            "opens_at": datetime.combine(day, time(7), UTC),
            "closes_at": datetime.combine(day, time(17), UTC),
            "updated_at": MONDAY_NINE,
        },
    )
    return found


def make_booking(
    visit: Visit, start: datetime, *, chair: Chair | None = None, hours: int = 5, **changes: Any
) -> Booking:
    """Create a confirmed booking from `start`; without a chair only the day is held."""
    placed = {"chair": chair, "period": DateTimeTZRange(start, start + timedelta(hours=hours))}
    fields: dict[str, Any] = {
        "status": Booking.Status.CONFIRMED if chair else Booking.Status.DAY_HELD,
        "rate_option": "standard", "premedication_minutes": 60, "infusion_minutes": 150,
        "observation_minutes": 60, "turnaround_minutes": 15, "created_at": MONDAY_NINE,
        "updated_at": MONDAY_NINE, **(placed if chair else {}),
    }  # fmt: skip
    booking = Booking.objects.create(
        clinic_id=visit.clinic_id, visit=visit, patient_id=visit.patient_id,
        clinic_day=make_day(visit.clinic, start.date()), **(fields | changes),
    )  # fmt: skip
    Visit.objects.filter(pk=visit.pk).update(status=Visit.Status.BOOKED)
    return booking


def make_many_visits(
    clinic: Clinic, count: int, first_day: date, *, per_day: int = 20, each: int = 1
) -> None:
    """Write `count` visits, `per_day` on each day from `first_day`, `each` to every patient."""
    patients = Patient.objects.bulk_create(
        _unsaved_patient(clinic, number) for number in range(count // each)
    )
    courses = Course.objects.bulk_create(_unsaved_course(patient) for patient in patients)
    Visit.objects.bulk_create(_unsaved_visits(courses, count, first_day, per_day))


def _unsaved_patient(clinic: Clinic, number: int) -> Patient:
    return Patient(
        clinic=clinic, mrn=f"B{number:06}", family_name=f"Family{number % 97:03}",
        given_names=f"Given{number}", birth_date=date(1980, 1, 1), updated_at=MONDAY_NINE,
    )  # fmt: skip


def _unsaved_course(patient: Patient) -> Course:
    return Course(
        clinic_id=patient.clinic_id, patient=patient, protocol="ocrelizumab", edition="default",
        protocol_version="test", indication=Course.Indication.RMS,
        first_infusion_on=date(2026, 3, 2), created_at=MONDAY_NINE, updated_at=MONDAY_NINE,
    )  # fmt: skip


def _unsaved_visits(
    courses: list[Course], count: int, first_day: date, per_day: int
) -> Iterable[Visit]:
    for number in range(count):
        course = courses[number % len(courses)]
        due = first_day + timedelta(days=number // per_day)
        yield Visit(
            clinic_id=course.clinic_id, course=course, patient_id=course.patient_id,
            dose_number=number // len(courses) + 1, dose_mg=600, due_on=due, earliest_on=due,
            latest_on=due, created_at=MONDAY_NINE, updated_at=MONDAY_NINE,
        )  # fmt: skip


def a_visit(clinic: Clinic, due: date, *, mrn: str = "MRN-1", **changes: Any) -> Visit:
    """Create a patient with a course and one visit due on `due`."""
    return make_visit(make_course(make_patient(clinic, mrn)), due, **changes)

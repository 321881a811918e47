"""A clinic of any size for the benchmarks, made with few statements."""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from clinics.models import Chair, Clinic, OpeningHours, Shift
from core.actor import Actor, system_actor
from patients.models import Patient
from scheduling.models import Course, Visit

FIRST_DAY = date(2027, 1, 4)  # a Monday
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scene:
    """One clinic, its chairs, and an actor that may book there."""

    clinic: Clinic
    chairs: list[Chair]
    actor: Actor


def make_scene(slug: str, *, chairs: int, days: int = 30, nurses: int = 20) -> Scene:
    """Create a clinic open every day from 06:00 to 20:00 with nurses to spare."""
    clinic = Clinic.objects.create(
        slug=slug, name="Bench", time_zone="UTC", country="GB", points_per_nurse=20
    )
    OpeningHours.objects.bulk_create(
        OpeningHours(clinic=clinic, weekday=day, opens=time(6), closes=time(20)) for day in range(7)
    )
    rows = Chair.objects.bulk_create(
        Chair(clinic=clinic, label=f"{n}", position=n) for n in range(chairs)
    )
    Shift.objects.bulk_create(
        Shift(
            clinic=clinic, date=FIRST_DAY + timedelta(days=n), starts=time(6), ends=time(20),
            nurses=nurses,
        )
        for n in range(days)
    )  # fmt: skip
    actor = system_actor(clinic.pk, "bookings.change", "visits.view")
    return Scene(clinic, rows, actor)


def make_visits(
    clinic: Clinic, count: int, *, due: date = FIRST_DAY, prefix: str = ""
) -> list[uuid.UUID]:
    """Create `count` patients with one course and one due first dose each; return the visits."""
    people = Patient.objects.bulk_create(
        Patient(
            clinic=clinic, mrn=f"B{prefix}{n}", family_name="Bench", given_names=f"Person {n}",
            birth_date=date(1980, 1, 1), updated_at=NOW,
        )
        for n in range(count)
    )  # fmt: skip
    courses = Course.objects.bulk_create(
        Course(
            clinic=clinic, patient=patient, protocol="ocrelizumab", edition="default",
            protocol_version="bench", indication=Course.Indication.RMS, first_infusion_on=due,
            created_at=NOW, updated_at=NOW,
        )
        for patient in people
    )  # fmt: skip
    visits = Visit.objects.bulk_create(
        Visit(
            clinic=clinic, course=course, patient_id=course.patient_id, dose_number=1, dose_mg=300,
            due_on=due, earliest_on=due, latest_on=due, day=due, created_at=NOW, updated_at=NOW,
        )
        for course in courses
    )  # fmt: skip
    return [visit.pk for visit in visits]

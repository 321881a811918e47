"""The cast of every test: two clinics, one person per role, and a stranger next door."""

from datetime import UTC, datetime, time
from typing import Any

from clinics.access import standing_of
from clinics.models import Chair, Clinic, Membership, OpeningHours, Role, User
from core.actor import Actor
from patients.models import Patient

# A Monday morning in the demo clinics' winter.
MONDAY_NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def make_clinic(slug: str = "north", *, chairs: int = 3, **changes: Any) -> Clinic:
    """Create a clinic open Monday to Friday, 08:00 to 18:00, with numbered chairs."""
    fields = {"name": slug.title(), "time_zone": "Europe/Berlin", "country": "DE", **changes}
    clinic = Clinic.objects.create(slug=slug, **fields)
    OpeningHours.objects.bulk_create(
        OpeningHours(clinic=clinic, weekday=day, opens=time(8), closes=time(18)) for day in range(5)
    )
    Chair.objects.bulk_create(
        Chair(clinic=clinic, label=f"Chair {n}", position=n) for n in range(1, chairs + 1)
    )
    return clinic


def make_user(clinic: Clinic, role: str = Role.SCHEDULER, *, email: str = "") -> User:
    """Create a person with one role in `clinic`."""
    user = User.objects.create_user(
        email or f"{role}@{clinic.slug}.example", "a long test password", full_name=role.title()
    )
    Membership.objects.create(user=user, clinic=clinic, role=role)
    return user


def make_actor(clinic: Clinic, role: str = Role.SCHEDULER) -> Actor:
    """Create a person and return them as an actor in `clinic`."""
    return standing_of(make_user(clinic, role), clinic.slug).actor


def make_patient(clinic: Clinic, mrn: str = "MRN-1", **changes: Any) -> Patient:
    """Create an adult patient without consent to messages."""
    fields: dict[str, Any] = {
        "family_name": "Doe",
        "given_names": "Jane",
        "birth_date": datetime(1988, 3, 4, tzinfo=UTC).date(),
        "sex": Patient.Sex.FEMALE,
        "updated_at": MONDAY_NINE,
    }
    return Patient.objects.create(clinic=clinic, mrn=mrn, **(fields | changes))

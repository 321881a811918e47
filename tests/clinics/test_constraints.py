"""What the database itself refuses about clinics."""

from datetime import date, time

import pytest
from django.db import IntegrityError, transaction

from clinics.models import Clinic, Shift, User
from tests.people import make_clinic

pytestmark = pytest.mark.django_db


def shift(clinic: Clinic, **changes: object) -> Shift:
    fields: dict[str, object] = {
        "date": date(2026, 3, 2), "starts": time(8), "ends": time(16), "nurses": 2,
    }  # fmt: skip
    return Shift.objects.create(clinic=clinic, **(fields | changes))


@pytest.mark.parametrize(
    ("constraint", "changes"),
    [
        ("shift_forward", {"ends": time(8)}),
        ("shift_break_whole", {"break_starts": time(12)}),
        ("shift_break_whole", {"break_ends": time(12)}),
        ("shift_break_whole", {"break_starts": time(12), "break_ends": time(12)}),
        ("shift_break_whole", {"break_starts": time(15), "break_ends": time(17)}),
    ],
    ids=[
        "no length",
        "break without end",
        "break without start",
        "empty break",
        "break after work",
    ],
)
def test_a_shift_that_cannot_be_is_refused(constraint: str, changes: dict[str, object]) -> None:
    clinic = make_clinic()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        shift(clinic, **changes)
    shift(clinic, break_starts=time(12), break_ends=time(12, 30))


def test_two_people_cannot_share_an_address_in_other_letters() -> None:
    User.objects.create_user("Ann@Clinic.example", "a long test password", full_name="Ann")
    with pytest.raises(IntegrityError, match="user_email_once"), transaction.atomic():
        User.objects.create_user("ann@clinic.example", "a long test password", full_name="Ann")
    with pytest.raises(IntegrityError, match="user_email_lower"), transaction.atomic():
        User.objects.create(email="Bo@Clinic.example", full_name="Bo")

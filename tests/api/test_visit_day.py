"""A visit's own day follows its booking and its dose, whoever writes them."""

from datetime import UTC, date, datetime

import pytest

from clinics.models import Chair, Clinic
from scheduling.models import Booking, Visit
from tests.api.builders import a_visit, make_booking, make_day, make_many_visits
from tests.people import MONDAY_NINE, make_clinic

pytestmark = pytest.mark.django_db
DUE = date(2026, 3, 10)
BOOKED = datetime(2026, 3, 12, 8, tzinfo=UTC)


@pytest.fixture
def clinic() -> Clinic:
    return make_clinic()


def day_of(visit: Visit) -> date:
    return Visit.objects.values_list("day", flat=True).get(pk=visit.pk)


def test_an_unbooked_visit_stands_on_its_due_day_and_moves_with_it(clinic: Clinic) -> None:
    visit = a_visit(clinic, DUE)
    assert day_of(visit) == DUE
    Visit.objects.filter(pk=visit.pk).update(due_on=date(2026, 3, 11))
    assert day_of(visit) == date(2026, 3, 11)


def test_a_booking_takes_the_visit_to_its_day_and_gives_it_back_when_cancelled(
    clinic: Clinic,
) -> None:
    visit = a_visit(clinic, DUE)
    booking = make_booking(visit, BOOKED, chair=Chair.objects.all()[0])
    assert day_of(visit) == date(2026, 3, 12)
    booking.clinic_day = make_day(clinic, date(2026, 3, 13))
    booking.save(update_fields=["clinic_day"])
    assert day_of(visit) == date(2026, 3, 13)
    booking.status, booking.ended_at = Booking.Status.CANCELLED, MONDAY_NINE
    booking.save()
    assert day_of(visit) == DUE


def test_a_held_day_counts_as_booked(clinic: Clinic) -> None:
    visit = a_visit(clinic, DUE)
    make_booking(visit, BOOKED)
    assert day_of(visit) == date(2026, 3, 12)


def test_the_day_given_wins(clinic: Clinic) -> None:
    visit = a_visit(clinic, DUE)
    make_booking(visit, BOOKED)
    visit.status, visit.given_on = Visit.Status.COMPLETED, date(2026, 3, 14)
    visit.save()
    assert day_of(visit) == date(2026, 3, 14)


def test_bulk_inserts_have_their_days_too_and_an_assigned_day_is_ignored(clinic: Clinic) -> None:
    make_many_visits(clinic, 3, DUE, per_day=1)
    assert list(Visit.objects.order_by("day").values_list("day", flat=True)) == [
        date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 12),
    ]  # fmt: skip
    Visit.objects.update(day=date(2020, 1, 1))
    assert Visit.objects.filter(day=date(2020, 1, 1)).count() == 0

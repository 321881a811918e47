"""Holds on record, a week ahead: how many, and none that today's questions decide."""

from datetime import date, timedelta
from typing import Any

import pytest

from infusion.holds_ahead import holds_ahead
from patients.models import Condition
from scheduling.disruption import troubles
from scheduling.models import Booking
from tests.scheduling.builders import NOW, Desk, make_desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return make_desk()


@pytest.fixture
def booking(desk: Desk) -> Booking:
    return desk.book(desk.visit())


def holds(booking: Booking) -> int:
    return holds_ahead([booking.visit_id], NOW).get(booking.visit_id, 0)


def test_an_infection_on_record_is_one_more(booking: Booking) -> None:
    before = holds(booking)
    Condition.objects.create(
        patient=booking.patient, source_id="c", kind="infection", from_date=date(2026, 3, 1),
        recorded_at=NOW,
    )  # fmt: skip
    assert holds(booking) == before + 1
    found = [each for each in troubles.find(booking.clinic, now=NOW) if each.kind == "hold"]
    assert [each.booking_id for each in found] == [booking.pk]
    assert "infection" not in found[0].words, "what it is stands on the patient's own page"


def test_who_is_not_booked_soon_is_not_asked_about(desk: Desk, booking: Booking) -> None:
    later = desk.book(desk.visit("B"), booking.clinic_day.date + timedelta(days=1), chair=1)
    found = [each for each in troubles.find(desk.clinic, now=NOW) if each.kind == "hold"]
    assert later.pk not in {each.booking_id for each in found}


def test_a_constant_number_of_queries(
    desk: Desk, booking: Booking, django_assert_num_queries: Any
) -> None:
    visits = [booking.visit_id, desk.book(desk.visit("B"), chair=1).visit_id]
    for asked in (visits[:1], visits):
        with django_assert_num_queries(9):
            holds_ahead(asked, NOW)

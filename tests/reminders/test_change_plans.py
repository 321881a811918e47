"""What a patient hears when the clinic moves or cancels a visit: once, while it is true."""

from datetime import timedelta
from typing import Any

import pytest

from reminders.models import Reminder
from reminders.sweep import sweep
from scheduling.change_plans import Way, tell_cancelled, tell_moved, way_to_tell
from scheduling.models import Booking, Visit
from scheduling.reminder_plans import plan_booking
from tests.people import make_clinic, make_patient
from tests.reminders.builders import DAY, NOW, make_booking, make_reachable, make_visit
from tests.reminders.post_offices import PostOffice

pytestmark = pytest.mark.django_db


@pytest.fixture
def booking() -> Booking:
    patient = make_reachable(make_clinic(telephone="+49 30 1"))
    return make_booking(make_visit(patient, due_on=(NOW + 5 * DAY).date()), NOW + 5 * DAY)


def sent(office: PostOffice) -> list[str]:
    sweep(driver="test", clock=lambda: NOW + timedelta(minutes=1))
    return [mail.get_content() for mail in office.mails]


def cancel(booking: Booking) -> None:
    Booking.objects.filter(pk=booking.pk).update(status="cancelled", ended_at=NOW)
    Visit.objects.filter(pk=booking.visit_id).update(status="planned")


def test_a_moved_visit_is_told_with_its_new_time(office: PostOffice, booking: Booking) -> None:
    assert tell_moved(booking, booking.patient, was="confirmed", now=NOW) is Way.EMAIL
    [words] = sent(office)
    assert "your visit has been moved. It is now on 07 March 2026 at 10:00." in words
    assert "+49 30 1" in words


def test_a_cancelled_visit_is_told_with_its_old_time(office: PostOffice, booking: Booking) -> None:
    cancel(booking)
    tell_cancelled(booking, booking.patient, was="confirmed", now=NOW)
    [words] = sent(office)
    assert "your visit on 07 March 2026 at 10:00 cannot take place." in words
    assert "call us to arrange a new time" in words


def test_a_held_day_that_is_cancelled_has_no_time_to_name(office: PostOffice) -> None:
    patient = make_reachable(make_clinic())
    held = make_booking(make_visit(patient, due_on=(NOW + 5 * DAY).date()), NOW + 5 * DAY,
                        status="day_held", period=None, chair=None)  # fmt: skip
    cancel(held)
    tell_cancelled(held, patient, was="day_held", now=NOW)
    [words] = sent(office)
    assert "your visit on 07 March 2026 cannot take place." in words


def test_nothing_is_told_that_is_no_longer_true(office: PostOffice, booking: Booking) -> None:
    tell_moved(booking, booking.patient, was="confirmed", now=NOW)
    cancel(booking)
    assert sent(office) == []
    tell_cancelled(booking, booking.patient, was="confirmed", now=NOW)
    make_booking(booking.visit, NOW + 6 * DAY)
    assert sent(office) == []


def test_moved_twice_is_told_once(office: PostOffice, booking: Booking) -> None:
    tell_moved(booking, booking.patient, was="confirmed", now=NOW)
    booking.version += 1
    tell_moved(booking, booking.patient, was="confirmed", now=NOW)
    assert len(sent(office)) == 1


def test_without_consent_somebody_telephones_and_no_mail_goes(office: PostOffice) -> None:
    patient = make_patient(make_clinic(), telephone="030 1")
    booking = make_booking(make_visit(patient, due_on=(NOW + 5 * DAY).date()), NOW + 5 * DAY)
    assert tell_moved(booking, patient, was="confirmed", now=NOW) is Way.CALL
    assert sent(office) == []
    row = Reminder.objects.get(kind="moved.call")
    assert (row.state, row.channel, row.recipient_role) == ("sent", "board", "scheduler")


@pytest.mark.parametrize(
    ("changes", "status", "way"),
    [
        ({}, "confirmed", Way.EMAIL),
        ({}, "day_held", Way.EMAIL),
        ({}, "proposed", Way.NOT),
        ({}, "arrived", Way.NOT),
        ({"consent_withdrawn_at": NOW}, "confirmed", Way.CALL),
        ({"consented_at": None}, "confirmed", Way.CALL),
        ({"channel": "none"}, "confirmed", Way.CALL),
    ],
)
def test_how_somebody_is_told(changes: dict[str, Any], status: str, way: Way) -> None:
    patient = make_reachable(make_clinic())
    for name, value in changes.items():
        setattr(patient, name, value)
    assert way_to_tell(patient, status) is way


def told_the_day_before(booking: Booking, office: PostOffice) -> None:
    """The day before has come, and the patient has the time in writing."""
    plan_booking(booking, now=NOW)
    sweep(driver="test", clock=lambda: NOW + 4 * DAY + timedelta(hours=2))
    assert [mail.get_content() for mail in office.mails] != []
    office.mails.clear()


def later(office: PostOffice) -> list[str]:
    sweep(driver="test", clock=lambda: NOW + 4 * DAY + timedelta(hours=3))
    return [mail.get_content() for mail in office.mails]


def test_who_has_a_time_in_writing_hears_of_any_other(office: PostOffice, booking: Booking) -> None:
    told_the_day_before(booking, office)
    after = NOW + 12 * DAY
    Booking.objects.filter(pk=booking.pk).update(
        period=(after, after + timedelta(hours=5)), version=2
    )
    booking.refresh_from_db()
    plan_booking(booking, now=NOW + 4 * DAY + timedelta(hours=2))
    plan_booking(booking, now=NOW + 4 * DAY + timedelta(hours=2))
    [words] = later(office)
    assert "It is now on 14 March 2026" in words


def test_who_was_never_told_a_time_hears_of_none(office: PostOffice, booking: Booking) -> None:
    plan_booking(booking, now=NOW)
    booking.period = (NOW + 12 * DAY, NOW + 12 * DAY + timedelta(hours=5))
    booking.version = 2
    booking.save()
    booking.refresh_from_db()
    plan_booking(booking, now=NOW)
    assert later(office) == []

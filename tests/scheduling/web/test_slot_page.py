"""Find a slot: proposals with reasons, a hold while the patient is asked, confirm or release."""

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinics.models import Role, Shift
from core.models import AuditEntry
from scheduling.models import Booking, Visit
from scheduling.services.holds import expire_holds
from tests.people import make_user
from tests.scheduling.builders import MONDAY, NOW, Desk, make_desk
from tests.scheduling.web.desk import signed_in, url

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("the_monday_before")]


@pytest.fixture
def second(desk: Desk) -> Visit:
    """Dose 2, due a fortnight after the booked dose 1."""
    first = desk.visit()
    desk.book(first)
    return Visit.objects.get(course=first.course_id, dose_number=2)


def buttons(page: str) -> list[dict[str, str]]:
    """Return what each proposal's form would send."""
    forms = re.findall(r'<form method="post" action="[^"]*/slots/[^"]*">.*?</form>', page, re.S)
    fields = r'name="(start|day|chair|booking|version)" value="([^"]*)"'
    return [dict(re.findall(fields, form)) for form in forms]


def test_three_to_five_times_are_proposed_with_their_reasons(
    desk: Desk, scheduler: Client, second: Visit
) -> None:
    page = scheduler.get(url("visit_slots", desk, second.pk)).content.decode()
    assert 3 <= len(buttons(page)) <= 5
    assert "Keeps the 14-day gap." in page
    assert "a nurse is free to start at 09:00." in page
    assert "Monday 23-Mar-2026" in re.sub(r"<[^>]+>", "", page)
    assert AuditEntry.objects.filter(action="record.read", details__page="slots").count() == 1


def test_a_time_is_held_counted_down_and_confirmed(
    desk: Desk, scheduler: Client, second: Visit
) -> None:
    address = url("visit_slots", desk, second.pk)
    best = buttons(scheduler.get(address).content.decode())[0]
    answer = scheduler.post(address, best | {"act": "hold"})
    assert (answer.status_code, answer["Location"]) == (302, address)
    held = Booking.objects.get(visit=second)
    assert (held.status, held.hold_expires_at) == ("proposed", NOW + timedelta(minutes=10))
    page = scheduler.get(address).content.decode()
    assert "Held for another %s" in page
    expires = NOW + timedelta(minutes=10)
    assert f'due="{expires.isoformat("T", "milliseconds")}"' in page
    assert url("booking_confirm", desk, held.pk) in page
    scheduler.post(url("booking_confirm", desk, held.pk))
    held.refresh_from_db()
    assert (held.status, held.hold_expires_at) == ("confirmed", None)


def test_a_held_time_is_released_and_offered_again(
    desk: Desk, scheduler: Client, second: Visit
) -> None:
    address = url("visit_slots", desk, second.pk)
    before = buttons(scheduler.get(address).content.decode())
    scheduler.post(address, before[0] | {"act": "hold"})
    held = Booking.objects.get(visit=second)
    answer = scheduler.post(url("booking_release", desk, held.pk))
    assert answer["Location"] == address
    assert Visit.objects.get(pk=second.pk).status == "planned"
    assert buttons(scheduler.get(address).content.decode()) == before
    assert AuditEntry.objects.filter(action="booking.released").count() == 1
    again = scheduler.post(url("booking_release", desk, held.pk), follow=True)
    assert "already ended" in again.content.decode()


def test_a_confirmed_time_is_never_released_by_that_button(desk: Desk, scheduler: Client) -> None:
    booking = desk.book(desk.visit())
    page = scheduler.post(url("booking_release", desk, booking.pk), follow=True).content.decode()
    assert "not held any more" in page
    assert Booking.objects.get().status == "confirmed"


def test_a_hold_nobody_confirms_is_free_after_ten_minutes(
    desk: Desk, scheduler: Client, second: Visit
) -> None:
    address = url("visit_slots", desk, second.pk)
    best = buttons(scheduler.get(address).content.decode())[0]
    scheduler.post(address, best | {"act": "hold"})
    later = NOW + timedelta(minutes=10)
    with time_machine.travel(later, tick=False):
        assert expire_holds(clinic_id=desk.clinic.pk, now=later) == 1
        page = scheduler.get(address).content.decode()
    assert buttons(page)[0] == best
    assert "Held:" not in page


def test_a_time_that_was_taken_meanwhile_is_refused_and_new_ones_are_shown(
    desk: Desk, scheduler: Client, second: Visit
) -> None:
    address = url("visit_slots", desk, second.pk)
    best = buttons(scheduler.get(address).content.decode())[0]
    rival = desk.visit(mrn="RIVAL", first=MONDAY + timedelta(days=14))
    desk.book(rival, MONDAY + timedelta(days=14), "08:00", desk.chairs.index(UUID(best["chair"])))
    answer = scheduler.post(address, best | {"act": "hold"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "That chair is taken" in page
    assert buttons(page)
    assert best not in buttons(page)


def test_filters_are_kept_through_the_answer(desk: Desk, scheduler: Client, second: Visit) -> None:
    nurse = make_user(desk.clinic, Role.NURSE)
    query = f"?half=afternoon&weekdays=1&weekdays=2&nurse=&first={MONDAY}"
    page = scheduler.get(url("visit_slots", desk, second.pk) + query).content.decode()
    assert "As wished." in page
    assert all("T1" in each["start"] for each in buttons(page))
    assert f'value="{nurse.pk}"' in page
    assert 'name="weekdays" value="1"' in page.replace(' id="id_weekdays_1" checked', "")
    answer = scheduler.post(url("visit_slots", desk, second.pk) + query, {"act": "hold"})
    assert answer.status_code == 422
    assert "Choose one of the times." in answer.content.decode()
    assert "As wished." in answer.content.decode()


WEDNESDAY = MONDAY + timedelta(days=16)
WISHES: dict[str, tuple[str, Callable[[datetime, Desk, str], bool]]] = {
    "weekday": ("weekdays=2", lambda arrives, _desk, _chair: arrives.weekday() == 2),
    "morning": ("half=morning", lambda arrives, _desk, _chair: arrives.hour < 12),
    "afternoon": ("half=afternoon", lambda arrives, _desk, _chair: arrives.hour >= 12),
    "companion from": ("arrives_from=10:30", lambda at, _desk, _chair: at.time() >= time(10, 30)),
    "companion until": (
        "leaves_by=14:00", lambda at, _desk, _chair: at + timedelta(minutes=279) <= _two(at)
    ),
    "nurse": ("nurse={nurse}", lambda arrives, _desk, _chair: arrives.date() == WEDNESDAY),
    "isolation": ("isolation=on", lambda _at, desk, chair: chair == str(desk.chairs[2])),
}  # fmt: skip


def _two(arrives: datetime) -> datetime:
    return arrives.replace(hour=14, minute=0)


@pytest.mark.parametrize("wish", WISHES)
def test_every_time_proposed_is_as_wished(
    desk: Desk, scheduler: Client, second: Visit, wish: str
) -> None:
    nurse = make_user(desk.clinic, Role.NURSE)
    Shift.objects.create(
        clinic=desk.clinic, date=WEDNESDAY, nurse=nurse, starts=time(8), ends=time(16)
    )
    desk.clinic.chairs.filter(pk=desk.chairs[2]).update(kind="isolation")
    asked, suits = WISHES[wish]
    query = f"?first={MONDAY}&last={WEDNESDAY}&{asked.format(nurse=nurse.pk)}"
    page = scheduler.get(url("visit_slots", desk, second.pk) + query).content.decode()
    offered = [each for each in buttons(page) if each]
    zone = ZoneInfo(desk.clinic.time_zone)
    times = [datetime.fromisoformat(each["start"]).astimezone(zone) for each in offered]
    assert times
    for arrives, each in zip(times, offered, strict=True):
        assert suits(arrives, desk, each["chair"]), (arrives, each)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?first=2026-04-01&last=2026-03-01", "Not before the first day."),
        ("?first=soon", "Enter a valid date."),
        ("?first=2026-04-01&last=2029-03-01", "at most 400 days"),
    ],
)
def test_a_filter_that_makes_no_sense_says_so(
    desk: Desk, scheduler: Client, second: Visit, query: str, words: str
) -> None:
    answer = scheduler.get(url("visit_slots", desk, second.pk) + query)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_a_full_window_shows_the_misses_and_what_comes_after(
    desk: Desk, scheduler: Client, second: Visit
) -> None:
    Shift.objects.filter(date__range=(second.earliest_on, second.latest_on)).delete()
    page = scheduler.get(url("visit_slots", desk, second.pk)).content.decode()
    assert "No nurses are on duty that day." in page
    assert "A nurse on duty for the whole visit would free it." in page
    assert "After the window" in page


def test_a_far_day_can_be_promised_without_a_time(
    desk: Desk, scheduler: Client, second: Visit
) -> None:
    address = url("visit_slots", desk, second.pk)
    page = scheduler.get(address).content.decode()
    assert "The clinic tells times 14 days before." in page
    best = buttons(page)[0]
    scheduler.post(address, {"act": "hold_day", "day": best["day"]})
    held = Booking.objects.get(visit=second)
    assert (held.status, held.period) == ("day_held", None)
    desk.clinic.confirm_days_before = 60
    desk.clinic.save()
    third = desk.visit(mrn="THIRD")
    assert (
        "Promise the day" not in scheduler.get(url("visit_slots", desk, third.pk)).content.decode()
    )


def test_a_booked_visit_is_moved_to_a_proposed_time(desk: Desk, scheduler: Client) -> None:
    visit = desk.visit()
    booking = desk.book(visit)
    address = url("visit_slots", desk, visit.pk) + f"?first={MONDAY + timedelta(days=1)}"
    address += f"&last={MONDAY + timedelta(days=4)}"
    target = buttons(scheduler.get(address).content.decode())[0]
    assert target["booking"] == str(booking.pk)
    scheduler.post(address, target | {"act": "move"})
    booking.refresh_from_db()
    assert booking.period.lower > NOW + timedelta(days=7)
    assert booking.status == "confirmed"


def test_isolation_asked_for_is_kept_with_the_visit(
    desk: Desk, scheduler: Client, second: Visit
) -> None:
    desk.clinic.chairs.filter(pk=desk.chairs[2]).update(kind="isolation")
    address = url("visit_slots", desk, second.pk) + "?isolation=on"
    best = buttons(scheduler.get(address).content.decode())[0]
    assert best["chair"] == str(desk.chairs[2])
    scheduler.post(address, best | {"act": "hold"})
    assert Visit.objects.get(pk=second.pk).needs_isolation
    assert Booking.objects.get(visit=second).isolation


def test_the_page_costs_the_same_with_few_and_many_bookings(
    desk: Desk, scheduler: Client, second: Visit, django_assert_max_num_queries: object
) -> None:
    for n in range(3):
        scheduler.get(url("visit_slots", desk, second.pk))
        with django_assert_max_num_queries(23):  # type: ignore[operator]
            scheduler.get(url("visit_slots", desk, second.pk))
        desk.book(desk.visit(mrn=f"M{n}", first=second.due_on), second.due_on, chair=n)


def test_nobody_else_finds_or_holds(desk: Desk, second: Visit) -> None:
    assert (
        signed_in(desk, Role.PHARMACIST).get(url("visit_slots", desk, second.pk)).status_code == 403
    )
    stranger = signed_in(make_desk("south"), Role.SCHEDULER)
    assert stranger.get(reverse("visit_slots", args=["south", second.pk])).status_code == 404

"""A visit that is no dose, by the pages: asked for, found a time, shown everywhere, ended."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinics.models import Role
from scheduling.disruption.what import ChairOut
from scheduling.models import Booking, Visit
from scheduling.services.ad_hoc import AskedFor, ask_for_visit
from scheduling.services.disruptions import record_disruption
from tests.scheduling.builders import MONDAY, NOW, Desk, at
from tests.scheduling.web.desk import signed_in, url
from tests.scheduling.web.test_slot_page import buttons

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("the_monday_before")]
TEN = at(MONDAY, "10:00")
WANTED = {
    "purpose": "blood_test", "minutes": "30", "first": "2026-03-09", "last": "2026-03-13",
    "note": "Fasting",
}  # fmt: skip


def asked(desk: Desk, mrn: str = "AH-1", purpose: str = "blood_test") -> Visit:
    wanted = AskedFor(
        purpose=purpose, minutes=30, first=MONDAY, last=MONDAY + timedelta(days=4), note="Fasting"
    )
    patient = desk.patient(mrn)
    return ask_for_visit(patient_id=patient.pk, asked=wanted, actor=desk.actor, now=NOW)


def words_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_from_the_patients_page_to_a_confirmed_time(desk: Desk, scheduler: Client) -> None:
    patient = desk.patient()
    page = scheduler.get(url("patient", desk, patient.pk)).content.decode()
    assert url("visit_ask", desk, patient.pk) in page
    answer = scheduler.post(url("visit_ask", desk, patient.pk), WANTED)
    visit = Visit.objects.get()
    assert answer["Location"] == url("visit_slots", desk, visit.pk)
    page = scheduler.get(answer["Location"]).content.decode()
    assert "Blood test, wanted 09-Mar-2026 to 13-Mar-2026" in page
    assert url("visit_waitlist", desk, visit.pk) not in page
    [best, *_] = buttons(page)
    scheduler.post(answer["Location"], {"act": "hold", **best})
    booking = Booking.objects.get()
    assert booking.status == Booking.Status.PROPOSED
    scheduler.post(url("booking_confirm", desk, booking.pk))
    booking.refresh_from_db()
    assert booking.status == Booking.Status.CONFIRMED
    assert "Blood test Fasting" in words_of(scheduler, url("patient", desk, patient.pk))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"purpose": ""}, "This field is required"),
        ({"minutes": "5"}, "greater than or equal to 15"),
        ({"first": "2026-02-01"}, "This day has passed."),
        ({"last": "2026-03-01"}, "On the first day or later"),
        ({"purpose": "other", "note": ""}, "Say what it is for."),
    ],
)
def test_what_makes_no_sense_comes_back_as_it_was_typed(
    desk: Desk, scheduler: Client, change: dict[str, str], words: str
) -> None:
    patient = desk.patient()
    answer = scheduler.post(url("visit_ask", desk, patient.pk), WANTED | change)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    assert f'value="{(WANTED | change)["last"]}"' in page
    assert not Visit.objects.exists()


def test_every_page_of_the_desk_says_what_it_is_for(desk: Desk, scheduler: Client) -> None:
    visit = asked(desk)
    booking = desk.book(visit, MONDAY, "10:00")
    for address in (
        url("day_on", desk, MONDAY) + "?view=list",
        url("booking_card", desk, booking.pk),
        url("booking_move", desk, booking.pk),
        url("visit_slots", desk, visit.pk),
        url("visit_drop", desk, visit.pk),
        url("patient", desk, visit.patient_id),
    ):
        page = words_of(scheduler, address)
        assert "Blood test" in page, address
        assert "None" not in page, address
    csv = scheduler.get(url("day_csv", desk, MONDAY)).content.decode()
    assert "confirmed,,,blood_test,AH-1" in csv
    changes = scheduler.get(url("day_changes", desk, MONDAY))
    assert "Blood test" in changes.content.decode()
    for name, key in (("booking_cancel", booking.pk), ("booking_no_show", booking.pk)):
        assert scheduler.get(url(name, desk, key)).status_code == 200


def test_it_stands_on_the_due_list_until_it_is_booked(desk: Desk, scheduler: Client) -> None:
    visit = asked(desk)
    page = words_of(scheduler, url("due", desk))
    assert "Other visits to book" in page
    assert "Blood test 30 min · Fasting" in page
    desk.book(visit, MONDAY, "10:00")
    assert "Other visits to book" not in words_of(scheduler, url("due", desk))


def test_the_due_list_asks_as_much_for_many_as_for_one(desk: Desk, scheduler: Client) -> None:
    counts = []
    for n in range(3):
        asked(desk, f"AH-{n}")
        scheduler.get(url("due", desk))
        with CaptureQueriesContext(connection) as seen:
            scheduler.get(url("due", desk))
        counts.append(len(seen))
    assert len(set(counts)) == 1


def test_a_move_shows_what_changes_and_a_resize_says_why_not(desk: Desk, scheduler: Client) -> None:
    booking = desk.book(asked(desk), MONDAY, "10:00")
    wish = {"day": "2026-03-09", "start": "11:00", "chair": str(desk.chairs[1]),
            "version": str(booking.version)}  # fmt: skip
    address = url("booking_what_if", desk, booking.pk)
    page = scheduler.get(address, wish).content.decode()
    assert "Nothing is saved yet" in page
    refused = scheduler.get(address, wish | {"until": "12:30"}).content.decode()
    assert "was said when it was asked for" in refused
    assert scheduler.post(address, wish).status_code == 200
    booking.refresh_from_db()
    assert booking.period.lower == at(MONDAY, "11:00")


def test_who_came_is_seen_out_from_the_list_and_from_the_card(desk: Desk) -> None:
    bookings = [desk.book(asked(desk, f"AH-{n}"), MONDAY, "10:00", n) for n in range(2)]
    with time_machine.travel(TEN, tick=False):
        nurse = signed_in(desk, Role.NURSE)
        for booking in bookings:
            nurse.post(url("booking_arrived", desk, booking.pk))
        page = words_of(nurse, url("day_on", desk, MONDAY) + "?view=list")
        assert page.count("Visit over") == 2
        nurse.post(url("booking_over", desk, bookings[0].pk))
        assert "is over" in nurse.get(url("booking_card", desk, bookings[1].pk)).content.decode()
        nurse.post(reverse("booking_act", args=["north", bookings[1].pk, "over"]))
    assert set(Booking.objects.values_list("status", flat=True)) == {"completed"}
    assert set(Visit.objects.values_list("status", flat=True)) == {"completed"}


def test_who_is_not_here_is_not_seen_out(desk: Desk, scheduler: Client) -> None:
    booking = desk.book(asked(desk), MONDAY, "10:00")
    answer = scheduler.post(url("booking_over", desk, booking.pk), follow=True)
    assert "The patient is not here." in answer.content.decode()


def test_what_is_not_needed_any_more_is_dropped_with_a_reason(
    desk: Desk, scheduler: Client
) -> None:
    visit = asked(desk)
    address = url("visit_drop", desk, visit.pk)
    assert scheduler.post(address, {"reason": ""}).status_code == 422
    answer = scheduler.post(address, {"reason": "Done at the doctor's"}, follow=True)
    assert "cancelled for good" in answer.content.decode()
    visit.refresh_from_db()
    assert visit.status == Visit.Status.CANCELLED
    refused = scheduler.post(address, {"reason": "Again"})
    assert refused.status_code == 422
    assert "This visit is over" in refused.content.decode()


def test_a_dose_cannot_be_dropped_here(desk: Desk, scheduler: Client) -> None:
    dose = desk.visit()
    answer = scheduler.post(url("visit_drop", desk, dose.pk), {"reason": "x"})
    assert answer.status_code == 422
    dose.refresh_from_db()
    assert dose.status == Visit.Status.PLANNED


def test_pages_about_doses_know_no_ad_hoc_visit(desk: Desk) -> None:
    visit = asked(desk)
    prescriber = signed_in(desk, Role.PRESCRIBER)
    for name in ("visit_past_rule", "visit_given", "visit_waitlist", "visit_delay"):
        assert prescriber.get(url(name, desk, visit.pk)).status_code in {403, 404}, name
    scheduler = signed_in(desk, Role.SCHEDULER)
    for name in ("visit_waitlist", "visit_delay"):
        assert scheduler.get(url(name, desk, visit.pk)).status_code == 404, name


def test_a_broken_chair_gives_it_another_place(desk: Desk) -> None:
    desk.book(asked(desk), MONDAY, "10:00")
    what = ChairOut(
        chair_id=desk.chairs[0],
        starts=at(MONDAY, "09:00"),
        ends=at(MONDAY, "12:00"),
        reason="Broken",
    )
    scheduler = signed_in(desk, Role.SCHEDULER)
    record_disruption(what=what, actor=desk.actor, now=NOW)
    page = words_of(scheduler, url("rebook_day", desk, MONDAY))
    assert "Blood test, wanted 09-Mar-2026 \N{EN DASH} 13-Mar-2026" in page
    assert "None" not in page


def test_an_empty_place_of_the_grid_is_offered_to_it(desk: Desk, scheduler: Client) -> None:
    visit = asked(desk)
    place = {"chair": str(desk.chairs[0]), "start": "10:00"}
    page = scheduler.get(url("day_create", desk, MONDAY), place).content.decode()
    assert url("visit_what_if", desk, visit.pk) in page
    wish = {"day": "2026-03-09", **place}
    address = url("visit_what_if", desk, visit.pk)
    assert "Nothing is saved yet" in scheduler.get(address, wish).content.decode()
    assert scheduler.post(address, wish).status_code == 200
    assert Booking.objects.get().visit_id == visit.pk

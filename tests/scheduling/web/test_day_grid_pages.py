"""The grid's page, its poll and its dialogs, as a browser asks for them."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinics.models import ChairOutage, Role
from core.models import AuditEntry
from scheduling.models import Booking, Visit
from scheduling.services import bookings
from tests.people import make_clinic, make_user
from tests.scheduling.builders import MONDAY, NOW, Desk, at

pytestmark = pytest.mark.django_db
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(autouse=True)
def _the_monday_before(settings: Any) -> Iterator[None]:
    settings.HAS_DAY_GRID = True
    with time_machine.travel(NOW, tick=False):
        yield


def signed_in(desk: Desk, role: str = Role.SCHEDULER) -> Client:
    client = Client()
    client.force_login(make_user(desk.clinic, role, email=f"other-{role}@north.example"))
    return client


@pytest.fixture
def scheduler(desk: Desk) -> Client:
    return signed_in(desk)


def url(name: str, desk: Desk, *args: object) -> str:
    return reverse(name, args=[desk.clinic.slug, *args])


def grid(desk: Desk, client: Client) -> str:
    return client.get(url("day_on", desk, MONDAY), {"view": "grid"}).content.decode()


def feed(desk: Desk, client: Client) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(url("day_changes", desk, MONDAY)).json()
    return answer


def wish(desk: Desk, booking: Booking | None = None, **changes: str | int) -> dict[str, str | int]:
    version = {"version": booking.version} if booking is not None else {}
    return {
        "day": MONDAY.isoformat(), "start": "13:00", "chair": str(desk.chairs[1]),
        **version, **changes,
    }  # fmt: skip


def token_in(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_the_day_opens_as_a_grid_and_remembers_the_list(desk: Desk, scheduler: Client) -> None:
    desk.book(desk.visit())
    today = scheduler.get(url("day", desk), {"on": MONDAY.isoformat()}, follow=True)
    assert "<day-grid" in today.content.decode()
    assert "?view=list" in today.content.decode()
    page = scheduler.get(url("day_on", desk, MONDAY), {"view": "list"}).content.decode()
    assert "<day-grid" not in page
    assert "<day-grid" not in scheduler.get(url("day_on", desk, MONDAY)).content.decode()
    assert "<day-grid" in grid(desk, scheduler)
    assert "<day-grid" in scheduler.get(url("day_on", desk, MONDAY)).content.decode()


def test_without_the_library_there_is_the_list_and_no_tab(
    desk: Desk, scheduler: Client, settings: Any
) -> None:
    settings.HAS_DAY_GRID = False
    desk.book(desk.visit())
    page = grid(desk, scheduler)
    assert "<day-grid" not in page
    assert "?view=grid" not in page
    assert "DOE, Jane" in page
    assert "<day-grid" not in scheduler.get(url("day", desk), follow=True).content.decode()


def test_the_page_carries_the_feed_and_no_name_in_its_title_or_addresses(
    desk: Desk, scheduler: Client
) -> None:
    desk.book(desk.visit())
    page = grid(desk, scheduler)
    assert '"name": "DOE, Jane"' in page
    assert "Doe" not in page.split("</title>")[0]
    assert not re.search(r'(href|hx-get|action|src)="[^"]*doe', page, re.IGNORECASE)
    assert NOBODY in page
    assert "Nurse load" in page
    assert "style=" not in page


def test_the_grid_costs_the_same_for_one_visit_and_for_many(
    desk: Desk, scheduler: Client, django_assert_num_queries: Any
) -> None:
    grid(desk, scheduler)
    counts = set()
    for n in range(3):
        desk.book(desk.visit(f"M{n}"), chair=n)
        with django_assert_num_queries(15, exact=False) as page:
            grid(desk, scheduler)
        with django_assert_num_queries(15, exact=False) as poll:
            feed(desk, scheduler)
        counts.add((len(page), len(poll)))
    assert len(counts) == 1


def test_a_poll_is_answered_only_when_the_day_has_changed(desk: Desk, scheduler: Client) -> None:
    booking = desk.book(desk.visit())
    seen = feed(desk, scheduler)["stamp"]
    listed = AuditEntry.objects.filter(action="records.listed")
    before = listed.count()
    answer = scheduler.get(url("day_changes", desk, MONDAY), {"seen": seen})
    assert (answer.status_code, answer.content) == (204, b"")
    assert listed.count() == before, "nobody's record was read"
    bookings.move(
        booking_id=booking.pk, chair_id=desk.chairs[2], start=at(MONDAY, "12:00"),
        version=booking.version, actor=desk.actor, now=NOW,
    )  # fmt: skip
    answer = scheduler.get(url("day_changes", desk, MONDAY), {"seen": seen})
    assert answer.json()["bookings"][0]["chair"] == str(desk.chairs[2])
    assert set(answer.json()["pieces"]) == {
        "day-stats", "day-conflicts", "day-load", "day-held",
    }  # fmt: skip
    last = listed.order_by("-id")[0]
    assert last.details == {"page": "day", "patients": [str(booking.patient_id)]}


def test_a_poll_keeps_no_session_alive(desk: Desk, scheduler: Client) -> None:
    feed(desk, scheduler)
    with time_machine.travel(NOW + timedelta(minutes=14), tick=False):
        feed(desk, scheduler)
    with time_machine.travel(NOW + timedelta(hours=3), tick=False):
        assert scheduler.get(url("day_changes", desk, MONDAY)).status_code != 200


def test_a_drop_is_shown_before_it_is_saved(desk: Desk, scheduler: Client) -> None:
    booking = desk.book(desk.visit())
    address = url("booking_what_if", desk, booking.pk)
    page = scheduler.get(address, wish(desk, booking)).content.decode()
    assert "Nothing is saved yet" in page
    assert "Move DOE to Chair 2" in page
    assert "Put back" in page
    booking.refresh_from_db()
    assert booking.version == 1
    entry = AuditEntry.objects.filter(action="record.read").latest("id")
    assert (entry.patient_id, entry.details) == (booking.patient_id, {"page": "what-if"})


def test_confirming_saves_and_can_be_taken_back(desk: Desk, scheduler: Client) -> None:
    booking = desk.book(desk.visit())
    answer = scheduler.post(url("booking_what_if", desk, booking.pk), wish(desk, booking))
    assert answer["HX-Reswap"] == "none"
    assert list(json.loads(answer["HX-Trigger-After-Settle"])) == ["day:changed", "dialog:close"]
    booking.refresh_from_db()
    assert (booking.chair_id, booking.period.lower) == (desk.chairs[1], at(MONDAY, "13:00"))
    token = token_in(answer.content.decode())
    undone = scheduler.post(url("day_undo", desk), {"token": token})
    assert "Taken back." in undone.content.decode()
    booking.refresh_from_db()
    assert (booking.chair_id, booking.period.lower) == (desk.chairs[0], at(MONDAY))
    again = scheduler.post(url("day_undo", desk), {"token": token})
    assert "Somebody changed this booking" in again.content.decode()


def test_a_way_back_that_is_shut_is_said_in_words(desk: Desk, scheduler: Client) -> None:
    booking = desk.book(desk.visit())
    answer = scheduler.post(url("booking_what_if", desk, booking.pk), wish(desk, booking))
    ChairOutage.objects.create(
        chair_id=desk.chairs[0], period=(at(MONDAY, "10:00"), at(MONDAY, "11:00")), reason="Motor"
    )
    token = token_in(answer.content.decode())
    said = scheduler.post(url("day_undo", desk), {"token": token}).content.decode()
    assert "Not taken back. " in said
    assert "That chair is out of service from 10:00" in said
    booking.refresh_from_db()
    assert booking.chair_id == desk.chairs[1]


def test_a_drop_that_will_not_do_offers_only_the_way_back(desk: Desk, scheduler: Client) -> None:
    booking = desk.book(desk.visit())
    address = url("booking_what_if", desk, booking.pk)
    page = scheduler.get(address, wish(desk, booking, start="17:00")).content.decode()
    assert "This cannot be saved" in page
    assert "Open 08:00 to 18:00" in page
    assert "Put back" in page
    assert "Move DOE" not in page
    answer = scheduler.post(address, wish(desk, booking, start="17:00"))
    assert answer.status_code == 422
    assert "Open 08:00 to 18:00" in answer.content.decode()
    booking.refresh_from_db()
    assert booking.version == 1


def test_two_schedulers_never_overwrite_each_other(desk: Desk, scheduler: Client) -> None:
    booking = desk.book(desk.visit())
    other = Client()
    other.force_login(make_user(desk.clinic, email="second@north.example"))
    address = url("booking_what_if", desk, booking.pk)
    both = wish(desk, booking)
    assert other.get(address, both).status_code == 200
    assert scheduler.post(address, {**both, "start": "12:30"}).status_code == 200
    answer = other.post(address, both)
    assert answer.status_code == 409
    assert "Somebody changed this booking in the meantime" in answer.content.decode()
    booking.refresh_from_db()
    assert booking.period.lower == at(MONDAY, "12:30")


@pytest.mark.parametrize(
    "wrong",
    [{"day": "2026-02-30"}, {"start": "25:00"}, {"start": ""}, {"chair": "x"}, {"version": "x"},
     {"until": "late"}],
)  # fmt: skip
def test_a_wish_that_makes_no_sense_is_refused_in_words(
    desk: Desk, scheduler: Client, wrong: dict[str, str]
) -> None:
    booking = desk.book(desk.visit())
    address = url("booking_what_if", desk, booking.pk)
    assert scheduler.get(address, wish(desk, booking, **wrong)).status_code in {400, 422}


def test_an_empty_place_offers_who_could_take_it(desk: Desk, scheduler: Client) -> None:
    visit = desk.visit("DUE")
    desk.book(desk.visit("BOOKED"), chair=2)
    place = {"start": "09:00", "chair": str(desk.chairs[0])}
    page = scheduler.get(url("day_create", desk, MONDAY), place).content.decode()
    assert "Book Chair 1 from 09:00" in page
    assert page.count("choice-list__row") == 1
    address = url("visit_what_if", desk, visit.pk)
    preview = scheduler.get(address, wish(desk)).content.decode()
    assert "Book DOE, Chair 2" in preview
    assert not Booking.objects.filter(visit=visit).exists()
    answer = scheduler.post(address, wish(desk))
    booking = Booking.objects.get(visit=visit)
    assert (booking.status, booking.period.lower) == ("confirmed", at(MONDAY, "13:00"))
    scheduler.post(url("day_undo", desk), {"token": token_in(answer.content.decode())})
    assert Visit.objects.get(pk=visit.pk).status == "planned"
    assert scheduler.get(url("day_create", desk, MONDAY), {"start": "09:00"}).status_code == 404


def test_the_card_shows_what_can_be_done_and_by_whom(desk: Desk, scheduler: Client) -> None:
    booking = desk.book(desk.visit())
    address = url("booking_card", desk, booking.pk)
    page = scheduler.get(address).content.decode()
    assert "DOE, Jane, Chair 1" in page
    assert "See what changes" in page
    assert "did not attend" not in page, "the time has not come"
    assert "has arrived" not in page, "it is not today"
    seen = signed_in(desk, Role.PHARMACIST).get(address).content.decode()
    assert "See what changes" not in seen
    assert "Cancel" not in seen


def test_the_cards_acts_and_their_way_back(desk: Desk) -> None:
    client = Client()
    booking = desk.book(desk.visit(), shown="08:00")

    def act(what: str, **posted: str | int) -> tuple[int, str]:
        answer = client.post(url("booking_act", desk, booking.pk, what), posted)
        booking.refresh_from_db()
        return answer.status_code, answer.content.decode()

    with time_machine.travel(at(MONDAY, "09:00"), tick=False):
        client.force_login(make_user(desk.clinic, email="morning@north.example"))
        assert (
            "did not attend" in client.get(url("booking_card", desk, booking.pk)).content.decode()
        )
        status, page = act("arrived")
        assert (status, booking.status) == (200, "arrived")
        client.post(url("day_undo", desk), {"token": token_in(page)})
        status, page = act("cancel", reason=" ", version=booking.version)
        assert (status, booking.status) == (422, "confirmed")
        status, page = act("cancel", reason="a cold", version=1)
        assert (status, booking.status) == (409, "confirmed")
        assert "Somebody changed this booking" in page
        status, page = act("cancel", reason="a cold", version=booking.version)
        assert (status, booking.status, booking.end_reason) == (200, "cancelled", "a cold")
        client.post(url("day_undo", desk), {"token": token_in(page)})
        status, page = act("no-show")
        assert (status, booking.status) == (200, "no_show")
        client.post(url("day_undo", desk), {"token": token_in(page)})
        booking.refresh_from_db()
        assert booking.status == "confirmed"
        assert act("dance")[0] == 422
        status, page = act("confirm", version=booking.version)
        assert status == 409
        assert "Only a proposed time can be confirmed" in page


def test_a_proposed_time_is_confirmed_from_its_card(desk: Desk, scheduler: Client) -> None:
    booking = desk.book(desk.visit(), status="proposed")
    assert (
        "Confirm the time" in scheduler.get(url("booking_card", desk, booking.pk)).content.decode()
    )
    answer = scheduler.post(url("booking_act", desk, booking.pk, "confirm"), {"version": 1})
    assert "is confirmed" in answer.content.decode()
    booking.refresh_from_db()
    assert booking.status == "confirmed"


def test_nothing_of_another_clinic_is_reached(desk: Desk, scheduler: Client) -> None:
    booking = desk.book(desk.visit())
    stranger = Client()
    stranger.force_login(make_user(make_clinic("south"), email="stranger@south.example"))
    for name in ("booking_card", "booking_what_if"):
        address = reverse(name, args=["south", booking.pk])
        assert stranger.get(address, wish(desk, booking)).status_code == 404
        assert stranger.get(url(name, desk, booking.pk)).status_code == 404
    assert (
        stranger.post(reverse("booking_act", args=["south", booking.pk, "cancel"])).status_code
        == 404
    )
    assert stranger.get(url("day_changes", desk, MONDAY)).status_code == 404


@pytest.mark.parametrize("role", [Role.NURSE, Role.PHARMACIST])
def test_who_only_looks_is_offered_no_change(desk: Desk, role: str) -> None:
    booking = desk.book(desk.visit())
    client = signed_in(desk, role)
    assert not feed(desk, client)["may_change"]
    address = url("booking_what_if", desk, booking.pk)
    assert client.get(address, wish(desk, booking)).status_code == 403
    assert client.post(address, wish(desk, booking)).status_code == 403

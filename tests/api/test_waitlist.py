"""The waitlist over the API: join, read what came free, offer, answer, leave; once per key."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinics.models import Clinic
from core.models import AuditEntry
from scheduling.models import Booking, Offer, PatientWishes, Visit, WaitlistEntry
from scheduling.services.bookings import cancel
from tests.api.builders import Caller, make_caller
from tests.scheduling.builders import NOW, Desk, make_desk

pytestmark = pytest.mark.usefixtures("monday_nine")
PATH = "/api/v1/waitlist"


@pytest.fixture
def clinic(desk: Desk) -> Clinic:
    return desk.clinic


def post(api: Caller, path: str, body: dict[str, str] | None = None, key: str = "") -> Any:
    return api.post(path, body or {}, Idempotency_Key=key or uuid4().hex)


def joined(api: Caller, visit: Visit, **more: str) -> Any:
    return post(api, PATH, {"visit": f"{visit.pk}", "notice_hours": "4", **more})


def freed(desk: Desk) -> Booking:
    booking = desk.book(desk.visit("GONE"), shown="09:00")
    return cancel(booking_id=booking.pk, reason="Ill.", actor=desk.actor, now=NOW)


def offered(api: Caller, key: str = "") -> Any:
    [place] = api.get(PATH).json()["free"]
    [one] = place["suited"]
    body = {"chair": place["chair"]["id"], "start": one["start"]}
    return post(api, f"{PATH}/{one['entry_id']}/offer", body, key)


def test_a_place_goes_from_a_cancellation_to_somebody_who_waits(desk: Desk, api: Caller) -> None:
    freed(desk)
    visit = desk.visit("WAITS")
    entry = joined(api, visit)
    assert (entry.status_code, entry.json()["state"]) == (201, "waiting")
    page = api.get(PATH).json()
    assert [row["visit_id"] for row in page["waiting"]] == [str(visit.pk)]
    assert page["waiting"][0]["wishes"] == ["needs 4 hours' notice"]
    made = offered(api)
    assert made.status_code == 201
    assert made.json()["start"] == "2026-03-09T08:00:00+01:00"
    assert made.json()["expires_at"] == "2026-03-02T14:00:00+01:00"
    assert [row["state"] for row in api.get(PATH).json()["offers"]] == ["offered"]
    answer = post(api, f"/api/v1/offers/{made.json()['id']}/answer", {"answer": "accept"})
    assert (answer.status_code, answer.json()["state"]) == (200, "accepted")
    assert Booking.objects.filter(visit=visit, status="confirmed").exists()
    late = post(api, f"/api/v1/offers/{made.json()['id']}/answer", {"answer": "decline"})
    assert (late.status_code, late.json()["code"]) == (409, "conflict")


def test_a_repeat_with_the_same_key_offers_and_answers_once(desk: Desk, api: Caller) -> None:
    freed(desk)
    joined(api, desk.visit("WAITS"))
    [place] = api.get(PATH).json()["free"]
    [one] = place["suited"]
    body = {"chair": place["chair"]["id"], "start": one["start"], "minutes": "30"}
    first, again = (post(api, f"{PATH}/{one['entry_id']}/offer", body, "k") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.json() == again.json()
    assert Offer.objects.count() == 1


def test_wishes_are_written_only_when_one_is_named(desk: Desk, api: Caller) -> None:
    visit = desk.visit()
    joined(api, visit, weekday="mon,fri", half="morning", leave_by="15:00")
    row = PatientWishes.objects.get()
    assert (row.weekdays, row.half, f"{row.leaves_before:%H:%M}") == ([0, 4], "morning", "15:00")
    entry = WaitlistEntry.objects.get()
    left = post(api, f"{PATH}/{entry.pk}/leave")
    assert (left.status_code, left.json()["state"]) == (200, "left")
    assert post(api, PATH, {"visit": f"{visit.pk}"}).status_code == 201
    assert PatientWishes.objects.get().weekdays == [0, 4]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "visit"), ({"notice_hours": "400"}, "notice_hours"), ({"half": "noon"}, "half"),
        ({"colour": "red"}, "colour"), ({"wanted_from": "soon"}, "wanted_from"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(
    desk: Desk, api: Caller, body: dict[str, str], field: str
) -> None:
    given = {"visit": f"{desk.visit().pk}", **body} if body else {}
    refused = post(api, PATH, given)
    assert refused.status_code == 400
    assert list(refused.json()["fields"]) == [field]


def test_a_rule_that_forbids_an_offer_is_named(desk: Desk, api: Caller) -> None:
    freed(desk)
    joined(api, desk.visit("WAITS"), weekday="wed")
    [place] = api.get(PATH).json()["free"]
    [one] = place["unsuited"]
    assert one["why"] == ["Not one of their weekdays."]
    body = {"chair": place["chair"]["id"], "start": place["start"]}
    refused = post(api, f"{PATH}/{one['entry_id']}/offer", body)
    assert refused.status_code == 422
    assert [finding["id"] for finding in refused.json()["findings"]] == ["WISH-WEEKDAY"]
    odd = post(api, f"{PATH}/{one['entry_id']}/offer", {**body, "minutes": "7"})
    assert (odd.status_code, list(odd.json()["fields"])) == (400, ["minutes"])


def test_another_clinics_list_is_not_there(desk: Desk, api: Caller) -> None:
    freed(desk)
    joined(api, desk.visit("WAITS"))
    made = offered(api).json()
    stranger = make_caller(make_desk("south").clinic)
    assert stranger.get(PATH).json()["waiting"] == []
    entry, visit = made["entry_id"], made["visit_id"]
    for path, body in (
        (PATH, {"visit": visit}),
        (f"{PATH}/{entry}/leave", {}),
        (f"{PATH}/{entry}/offer", {"chair": made["chair"]["id"], "start": made["start"]}),
        (f"/api/v1/offers/{made['id']}/answer", {"answer": "accept"}),
    ):
        assert post(stranger, path, body).status_code == 404, path
    assert make_caller(desk.clinic, "visits:read").get(PATH).status_code == 403


def test_a_reading_is_recorded_and_asks_the_same_few_questions(desk: Desk, api: Caller) -> None:
    counts = []
    for n in range(3):
        joined(api, desk.visit(f"WAITS-{n}"))
        freed_one = desk.book(desk.visit(f"GONE-{n}"), shown="12:00", chair=n)
        cancel(booking_id=freed_one.pk, reason="Ill.", actor=desk.actor, now=NOW)
        with CaptureQueriesContext(connection) as captured:
            page = api.get(PATH)
        counts.append(len(captured))
        assert len(page.json()["free"]) == n + 1
    assert len(set(counts)) == 1
    listed = AuditEntry.objects.filter(action="records.listed", details__page="waitlist")
    assert listed.last().api_client_id == api.row.pk  # type: ignore[union-attr]

"""Times over the API: found with reasons, held, confirmed, released, moved."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine

from clinics.models import Clinic, Shift
from scheduling import tasks
from scheduling.models import Booking, Visit
from tests.api.builders import Caller, make_caller
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk

pytestmark = pytest.mark.usefixtures("monday_nine")
AVAILABILITY, HOLDS, BOOKINGS = "/api/v1/availability", "/api/v1/holds", "/api/v1/bookings"


@pytest.fixture
def clinic(desk: Desk) -> Clinic:
    return desk.clinic


@pytest.fixture
def second(desk: Desk) -> Visit:
    first = desk.visit()
    desk.book(first)
    return Visit.objects.get(course=first.course_id, dose_number=2)


def proposals(api: Caller, visit: Visit, query: str = "") -> list[dict[str, Any]]:
    answer = api.get(f"{AVAILABILITY}?visit={visit.pk}{query}")
    assert answer.status_code == 200, answer.content
    slots: list[dict[str, Any]] = answer.json()["slots"]
    return slots


def hold(api: Caller, visit: Visit, slot: dict[str, Any]) -> Any:
    body = {"visit": str(visit.pk), "chair": slot["chair"]["id"], "start": slot["start"]}
    return api.post(HOLDS, body, Idempotency_Key=f"hold {uuid4()}")


def test_times_are_found_with_their_reasons(api: Caller, second: Visit) -> None:
    answer = api.get(f"{AVAILABILITY}?visit={second.pk}").json()
    best = answer["slots"][0]
    assert best["start"] == "2026-03-23T08:00:00+01:00"
    assert best["chair"]["label"] == "Chair 1"
    assert best["reasons"][0] == "Keeps the 14-day gap."
    assert best["in_window"] is True
    assert (answer["visit_id"], answer["why"], answer["missed"]) == (str(second.pk), "", [])


def test_wishes_are_parameters(api: Caller, second: Visit) -> None:
    found = proposals(api, second, "&half=afternoon&weekday=tue,wed&from=2026-03-09&to=2026-04-20")
    assert found
    assert {each["start"][11:13] >= "12" for each in found} == {True}
    assert proposals(api, second, "&arrive_from=09:30&leave_by=16:00")[0]["start"][11:16] >= "09:30"
    assert proposals(api, second, "&needs=isolation") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "visit"),
        ("?minutes=60&visit=0b0f6c3a-1c5e-4d2f-9a57-3f6f2f1d7c11", "visit"),
        ("?minutes=60&arrive_from=24:00", "arrive_from"),
        ("?minutes=60&weekday=someday", "weekday"),
        ("?minutes=60&colour=red", "colour"),
        ("?minutes=60&from=2026-05-01&to=2026-03-01", "to"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(api: Caller, query: str, field: str) -> None:
    answer = api.get(AVAILABILITY + query)
    assert answer.status_code == 400
    assert field in answer.json()["fields"]


def test_any_length_can_be_looked_for(desk: Desk, api: Caller) -> None:
    answer = api.get(f"{AVAILABILITY}?minutes=45&from={MONDAY}").json()
    assert (answer["visit_id"], answer["minutes"]) == (None, 45)
    assert answer["slots"][0]["day"] == str(MONDAY)
    Shift.objects.filter(clinic=desk.clinic).update(nurses=0)
    answer = api.get(f"{AVAILABILITY}?minutes=45&from={MONDAY}&to={MONDAY}").json()
    assert answer["missed"][0]["remedy"] == "A nurse on duty for the whole visit would free it."


def test_a_time_is_held_confirmed_and_moved(desk: Desk, api: Caller, second: Visit) -> None:
    best, other, *_ = proposals(api, second)
    answer = hold(api, second, best)
    body = answer.json()
    assert (answer.status_code, body["status"]) == (201, "proposed")
    assert body["hold_expires_at"] == "2026-03-02T10:10:00+01:00"
    address = f"{BOOKINGS}/{body['id']}"
    assert answer["Location"].endswith(address)
    answer = api.post(f"{address}/confirm", {}, Idempotency_Key="c", If_Match='"1"')
    assert (answer.status_code, answer.json()["status"]) == (200, "confirmed")
    assert answer.json()["hold_expires_at"] is None
    place = {"chair": other["chair"]["id"], "start": other["start"]}
    stale = api.post(f"{address}/move", place, Idempotency_Key="m1", If_Match='"1"')
    assert stale.status_code == 412
    moved = api.post(f"{address}/move", place, Idempotency_Key="m2", If_Match='"2"')
    assert (moved.status_code, moved.json()["start"]) == (200, other["start"])
    assert desk.clinic.bookings.count() == 2


def test_a_held_time_is_released_once(api: Caller, second: Visit) -> None:
    best = proposals(api, second)[0]
    held = hold(api, second, best).json()
    address = f"{BOOKINGS}/{held['id']}/release"
    assert api.post(address, {}, Idempotency_Key="r").json()["status"] == "cancelled"
    assert api.post(address, {}, Idempotency_Key="r")["Idempotency-Replayed"] == "true"
    assert api.post(address, {}, Idempotency_Key="again").status_code == 409
    assert proposals(api, second)[0] == best


def test_a_hold_that_is_taken_meanwhile_is_a_conflict(
    desk: Desk, api: Caller, second: Visit
) -> None:
    best = proposals(api, second)[0]
    assert hold(api, second, best).status_code == 201
    rival = desk.visit(mrn="RIVAL", first=MONDAY + timedelta(days=14))
    answer = hold(api, rival, best)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_the_minutes_round_frees_what_expired(api: Caller, second: Visit) -> None:
    held = hold(api, second, proposals(api, second)[0]).json()
    tasks.free_expired_holds()
    assert Booking.objects.get(pk=held["id"]).status == "proposed"
    with time_machine.travel(NOW + timedelta(minutes=10), tick=False):
        tasks.free_expired_holds()
    assert Booking.objects.get(pk=held["id"]).status == "cancelled"


def test_another_clinics_visit_is_nothing(db: None, desk: Desk) -> None:
    api = make_caller(make_desk("south").clinic)
    visit = desk.visit()
    assert api.get(f"{AVAILABILITY}?visit={visit.pk}").status_code == 404
    slot = {"chair": {"id": str(desk.chairs[0])}, "start": at(MONDAY).isoformat()}
    assert hold(api, visit, slot).status_code == 404


def test_reading_times_needs_the_scope(desk: Desk) -> None:
    api = make_caller(desk.clinic, "visits:read")
    assert api.get(f"{AVAILABILITY}?minutes=45").status_code == 403

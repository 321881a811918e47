"""Booking over the API: once per key, from the version that was seen, by the pages' services."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from clinics.models import Clinic
from core.models import AuditEntry, IdempotencyKey
from scheduling.models import Booking, Visit
from tests.api.builders import Caller, make_caller
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk

pytestmark = pytest.mark.usefixtures("monday_nine")
PATH = "/api/v1/bookings"


@pytest.fixture
def clinic(desk: Desk) -> Clinic:
    return desk.clinic


def wish(desk: Desk, visit: Visit, chair: int = 0) -> dict[str, str]:
    return {
        "visit": str(visit.pk),
        "chair": str(desk.chairs[chair]),
        "start": at(MONDAY, "09:00").isoformat(),
    }


def booked(api: Caller, desk: Desk) -> dict[str, Any]:
    answer = api.post(PATH, wish(desk, desk.visit()), Idempotency_Key="first")
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def test_a_visit_is_booked_by_the_services_of_the_pages(desk: Desk, api: Caller) -> None:
    visit = desk.visit()
    answer = api.post(PATH, wish(desk, visit), Idempotency_Key="a")
    body = answer.json()
    booking = Booking.objects.get()
    assert (answer.status_code, answer["ETag"]) == (201, '"1"')
    assert answer["Location"] == f"http://testserver{PATH}/{booking.pk}"
    assert body["start"] == "2026-03-09T09:00:00+01:00"
    assert (body["visit_id"], body["status"]) == (str(visit.pk), "confirmed")
    assert body["chair"] == {"id": str(desk.chairs[0]), "label": "Chair 1"}
    read = api.get(answer["Location"])
    assert (read.json(), read["ETag"]) == (body, '"1"')
    assert api.get(answer["Location"], If_None_Match='"1"').status_code == 304
    entry = AuditEntry.objects.get(action="booking.made")
    assert (entry.api_client_id, entry.subject_id) == (api.row.pk, booking.pk)


def test_a_repeated_request_gets_the_first_answer(desk: Desk, api: Caller) -> None:
    asked = wish(desk, desk.visit())
    first = api.post(PATH, asked, Idempotency_Key="a")
    again = api.post(PATH, asked, Idempotency_Key="a")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert (again["ETag"], again["Location"]) == (first["ETag"], first["Location"])
    assert again["Idempotency-Replayed"] == "true"
    assert not first.has_header("Idempotency-Replayed")
    assert Booking.objects.count() == 1


def test_the_remembered_answer_names_nobody(desk: Desk, api: Caller) -> None:
    booked(api, desk)
    kept = str(IdempotencyKey.objects.get().body)
    assert "Doe" not in kept
    assert "MRN" not in kept


def test_a_key_is_for_one_body_and_one_client(desk: Desk, api: Caller) -> None:
    visit = desk.visit()
    api.post(PATH, wish(desk, visit), Idempotency_Key="a")
    other = api.post(PATH, wish(desk, visit, chair=1), Idempotency_Key="a")
    assert other.status_code == 400
    assert list(other.json()["fields"]) == ["Idempotency-Key"]
    stranger = make_caller(desk.clinic)
    answer = stranger.post(PATH, wish(desk, visit), Idempotency_Key="a")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_a_refused_request_may_be_tried_again_with_its_key(desk: Desk, api: Caller) -> None:
    first, second = desk.visit("A"), desk.visit("B")
    taken = desk.book(first, shown="09:00")
    refused = api.post(PATH, wish(desk, second), Idempotency_Key="b")
    assert refused.status_code in {409, 422}
    Booking.objects.filter(pk=taken.pk).update(status="cancelled", ended_at=NOW)
    assert IdempotencyKey.objects.count() == 0


@pytest.mark.parametrize("key", [None, "", "x" * 256, "a\x00b"])
def test_a_key_is_needed(desk: Desk, api: Caller, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency_Key": key}
    answer = api.post(PATH, wish(desk, desk.visit()), **headers)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["Idempotency-Key"])
    assert Booking.objects.count() == 0


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, ["chair", "start", "visit"]),
        ([], ["body"]),
        ({"visit": "x", "chair": None, "start": 3}, ["chair", "start", "visit"]),
        ({"patient": "x"}, ["chair", "patient", "start", "visit"]),
    ],
)
def test_a_body_that_is_not_understood_is_refused_by_name(
    api: Caller, body: Any, named: list[str]
) -> None:
    answer = api.post(PATH, body, Idempotency_Key="a")
    assert (answer.status_code, sorted(answer.json()["fields"])) == (400, named)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b'{"visit": "\\ud800"}', b"\xff", b"[" * 50_000, b'{"start": NaN}', b"1" * 5000],
)
def test_what_is_not_json_is_refused(api: Caller, raw: bytes) -> None:
    answer = api.http.post(
        PATH, raw, content_type="application/json",
        headers={"Authorization": f"Bearer {api.token}", "Idempotency-Key": "a"},
    )  # fmt: skip
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"


def test_a_body_too_large_or_not_json_at_all(api: Caller) -> None:
    headers = {"Authorization": f"Bearer {api.token}", "Idempotency-Key": "a"}
    large = api.http.post(PATH, b" " * 3_000_000, content_type="application/json", headers=headers)
    form = api.http.post(PATH, {"visit": "x"}, headers=headers)
    assert (large.status_code, large.json()["code"]) == (413, "too_large")
    assert (form.status_code, form.json()["code"]) == (415, "unsupported_media_type")


def test_another_clinics_visit_and_chair_are_not_there(desk: Desk, api: Caller) -> None:
    south = make_desk("south")
    foreign = wish(desk, south.visit()), {**wish(desk, desk.visit("A")), "visit": str(uuid4())}
    theirs, nobodys = (api.post(PATH, body, Idempotency_Key=str(uuid4())) for body in foreign)
    assert (theirs.status_code, theirs.content) == (404, nobodys.content)
    chair = {**wish(desk, desk.visit("B")), "chair": str(south.chairs[0])}
    assert api.post(PATH, chair, Idempotency_Key="c").status_code in {404, 422}
    booking = south.book(south.visit("S"))
    theirs = api.get(f"{PATH}/{booking.pk}")
    assert (theirs.status_code, theirs.content) == (404, api.get(f"{PATH}/{uuid4()}").content)
    assert Booking.objects.filter(clinic=desk.clinic).count() == 0


def test_reading_does_not_allow_booking(desk: Desk) -> None:
    reader = make_caller(desk.clinic, "visits:read", "patients:read")
    answer = reader.post(PATH, wish(desk, desk.visit()), Idempotency_Key="a")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def cancel(api: Caller, booking: str, **headers: str) -> Any:
    return api.post(f"{PATH}/{booking}/cancel", {"reason": "Asked for another week"}, **headers)


def test_cancelling_needs_the_version_that_was_seen(desk: Desk, api: Caller) -> None:
    booking = booked(api, desk)["id"]
    without = cancel(api, booking, Idempotency_Key="c")
    assert (without.status_code, without.json()["code"]) == (428, "version_required")
    stale = cancel(api, booking, Idempotency_Key="c", If_Match='"7"')
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    for tag in ("1", "*", 'W/"1"', '"1", "2"', '"x"'):
        answer = cancel(api, booking, Idempotency_Key="c", If_Match=tag)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["If-Match"])
    assert Booking.objects.get().status == "confirmed"
    done = cancel(api, booking, Idempotency_Key="c", If_Match='"1"')
    assert (done.status_code, done.json()["status"], done["ETag"]) == (200, "cancelled", '"2"')
    again = cancel(api, booking, Idempotency_Key="c", If_Match='"1"')
    assert (again.content, again["Idempotency-Replayed"]) == (done.content, "true")
    late = cancel(api, booking, Idempotency_Key="d", If_Match='"1"')
    assert late.status_code in {409, 412}


def test_whoever_saw_an_older_version_does_not_cancel(desk: Desk, api: Caller) -> None:
    booking = booked(api, desk)["id"]
    Booking.objects.update(version=2)
    stale = cancel(api, booking, Idempotency_Key="c", If_Match='"1"')
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert cancel(api, booking, Idempotency_Key="c", If_Match='"2"').status_code == 200


def test_a_cancelled_visit_can_be_booked_again(desk: Desk, api: Caller) -> None:
    first = booked(api, desk)
    cancel(api, first["id"], Idempotency_Key="c", If_Match='"1"')
    visit = Visit.objects.get(pk=first["visit_id"])
    second = api.post(PATH, wish(desk, visit, chair=1), Idempotency_Key="again")
    assert second.status_code == 201
    assert second.json()["id"] != first["id"]


TWINS = 50


def at_once(call: Callable[[int], Any]) -> list[Any]:
    """Run `call` in TWINS threads that begin together, each on its own connection."""
    gate = Barrier(TWINS)

    def one(number: int) -> Any:
        try:
            gate.wait(timeout=60)
            return call(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(TWINS) as pool:
        return list(pool.map(one, range(TWINS)))


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_fifty_twins_of_one_request_make_one_booking(desk: Desk, api: Caller) -> None:
    body = wish(desk, desk.visit())
    found = at_once(lambda _: make_twin(api).post(PATH, body, Idempotency_Key="one"))
    assert {answer.status_code for answer in found} == {201}
    assert len({answer.content for answer in found}) == 1
    assert sum(answer.has_header("Idempotency-Replayed") for answer in found) == TWINS - 1
    assert Booking.objects.count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_without_a_common_key_the_twins_are_rivals(desk: Desk, api: Caller) -> None:
    """The control: it is the key that makes fifty requests one."""
    body = wish(desk, desk.visit())
    found = at_once(lambda n: make_twin(api).post(PATH, body, Idempotency_Key=f"own-{n}"))
    assert sorted({answer.status_code for answer in found}) in ([201, 409], [201, 409, 503])
    assert sum(answer.status_code == 201 for answer in found) == 1


def make_twin(api: Caller) -> Caller:
    """The same API client in another thread: Django's test client is not for sharing."""
    return Caller(type(api.http)(), api.row, api.token)

"""GET /api/v1/visits: what other systems pull, in what order, and what they may ask."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import pytest
import time_machine

from clinics.models import Chair, Clinic
from core.models import AuditEntry
from scheduling.models import Booking, Visit
from tests.api.builders import (
    Caller,
    a_visit,
    make_booking,
    make_caller,
    make_course,
    make_many_visits,
    make_visit,
)
from tests.people import MONDAY_NINE, make_clinic, make_patient

pytestmark = pytest.mark.django_db
TODAY = MONDAY_NINE.date()
LATER = date(2026, 3, 10)


@pytest.fixture(autouse=True)
def _monday_nine() -> Iterator[None]:
    with time_machine.travel(MONDAY_NINE, tick=False):
        yield


def days(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [item["day"] for item in answer.json()["items"]]


def fields(answer: Any) -> list[str]:
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    return sorted(answer.json()["fields"])


def walk(api: Caller, path: str) -> list[str]:
    """Follow `next` to the end and return the ids seen."""
    seen: list[str] = []
    address: str | None = path
    while address:
        answer = api.get(address)
        assert answer.status_code == 200, answer.content
        body = answer.json()
        seen += [item["id"] for item in body["items"]]
        address = body["next"] and _local(body["next"])
    return seen


def _local(address: str) -> str:
    parts = urlsplit(address)
    assert parts.scheme == "http"
    assert parts.netloc == "testserver"
    return f"{parts.path}?{parts.query}"


def test_an_item_says_all_that_a_client_needs(clinic: Clinic, api: Caller) -> None:
    visit = a_visit(clinic, LATER, dose_mg=300)
    chair = clinic.chairs.get(position=2)
    start = datetime(2026, 3, 12, 8, tzinfo=UTC)
    booking = make_booking(visit, start, chair=chair)
    [item] = api.get("/api/v1/visits").json()["items"]
    assert item == {
        "id": str(visit.pk),
        "version": 1,
        "status": "booked",
        "day": "2026-03-12",
        "dose_number": 1,
        "purpose": None,
        "dose_mg": 300,
        "due": "2026-03-10",
        "earliest": "2026-03-03",
        "latest": "2026-03-31",
        "given_on": None,
        "course_id": str(visit.course_id),
        "patient": {
            "id": str(visit.patient_id),
            "mrn": "MRN-1",
            "family_name": "Doe",
            "given_names": "Jane",
            "birth_date": "1988-03-04",
        },
        "booking": {
            "id": str(booking.pk),
            "version": 1,
            "status": "confirmed",
            "day": "2026-03-12",
            "start": "2026-03-12T09:00:00+01:00",
            "end": "2026-03-12T14:00:00+01:00",
            "chair": {"id": str(chair.pk), "label": "Chair 2"},
        },
        "time_zone": "Europe/Berlin",
        "updated_at": "2026-03-02T09:00:00+00:00",
    }


def test_a_held_day_has_no_time_and_no_chair(clinic: Clinic, api: Caller) -> None:
    make_booking(a_visit(clinic, LATER), datetime(2026, 3, 12, 8, tzinfo=UTC))
    [item] = api.get("/api/v1/visits").json()["items"]
    booking = item["booking"]
    assert (booking["status"], booking["day"]) == ("day_held", "2026-03-12")
    assert (booking["start"], booking["end"], booking["chair"]) == (None, None, None)


def test_a_cancelled_booking_is_not_shown_and_a_completed_one_is(
    clinic: Clinic, api: Caller
) -> None:
    visit = a_visit(clinic, LATER)
    start = datetime(2026, 3, 12, 8, tzinfo=UTC)
    ended: dict[str, Any] = {"ended_at": MONDAY_NINE, "chair": clinic.chairs.all()[0]}
    make_booking(visit, start, status=Booking.Status.CANCELLED, **ended)
    make_booking(visit, start, status=Booking.Status.NO_SHOW, **ended)
    [item] = api.get("/api/v1/visits").json()["items"]
    assert item["booking"] is None
    make_booking(visit, start, status=Booking.Status.COMPLETED, **ended)
    [item] = api.get("/api/v1/visits").json()["items"]
    assert item["booking"]["status"] == "completed"


def test_without_a_day_the_list_begins_today_on_the_wall_of_the_clinic(db: None) -> None:
    far = make_clinic("far", time_zone="Pacific/Auckland")
    caller = make_caller(far)
    course = make_course(make_patient(far))
    make_visit(course, TODAY, 1)
    make_visit(course, TODAY + timedelta(days=1), 2)
    assert days(caller.get("/api/v1/visits")) == ["2026-03-02", "2026-03-03"]
    with time_machine.travel(datetime(2026, 3, 2, 12, tzinfo=UTC), tick=False):
        # Noon in Greenwich is an hour past midnight in Auckland.
        assert days(caller.get("/api/v1/visits")) == ["2026-03-03"]


def test_from_and_to_name_days_and_include_both(clinic: Clinic, api: Caller) -> None:
    course = make_course(make_patient(clinic))
    for number in range(1, 6):
        make_visit(course, date(2026, 3, number), number)
    asked = "/api/v1/visits?from=2026-03-02&to=2026-03-04"
    assert days(api.get(asked)) == ["2026-03-02", "2026-03-03", "2026-03-04"]
    assert days(api.get("/api/v1/visits?from=2026-03-05&to=2026-03-01")) == []


def test_from_and_to_follow_the_booking_not_the_due_day(clinic: Clinic, api: Caller) -> None:
    visit = a_visit(clinic, LATER)
    make_booking(visit, datetime(2026, 3, 20, 8, tzinfo=UTC), chair=clinic.chairs.all()[0])
    assert days(api.get("/api/v1/visits?from=2026-03-10&to=2026-03-10")) == []
    assert days(api.get("/api/v1/visits?from=2026-03-20&to=2026-03-20")) == ["2026-03-20"]


def test_status_is_a_list(clinic: Clinic, api: Caller) -> None:
    course = make_course(make_patient(clinic))
    make_visit(course, date(2026, 3, 3), 1, status=Visit.Status.PLANNED)
    make_visit(course, date(2026, 3, 4), 2, status=Visit.Status.ARRIVED)
    make_visit(course, date(2026, 3, 5), 3, status=Visit.Status.CANCELLED)
    assert days(api.get("/api/v1/visits")) == ["2026-03-03", "2026-03-04", "2026-03-05"]
    assert days(api.get("/api/v1/visits?status=arrived")) == ["2026-03-04"]
    both = "/api/v1/visits?status=cancelled,planned"
    assert days(api.get(both)) == ["2026-03-03", "2026-03-05"]


def test_patient_and_chair(clinic: Clinic, api: Caller) -> None:
    first, second = clinic.chairs.order_by("position")[:2]
    mine = a_visit(clinic, LATER, mrn="A")
    make_booking(mine, datetime(2026, 3, 10, 8, tzinfo=UTC), chair=first)
    other = a_visit(clinic, LATER, mrn="B")
    make_booking(other, datetime(2026, 3, 10, 8, tzinfo=UTC), chair=second)
    assert walk(api, f"/api/v1/visits?patient={mine.patient_id}") == [str(mine.pk)]
    assert walk(api, f"/api/v1/visits?chair={second.pk}") == [str(other.pk)]
    assert walk(api, f"/api/v1/visits?chair={uuid4()}") == []


def test_updated_since_sees_changes_of_the_visit_and_of_its_booking(
    clinic: Clinic, api: Caller
) -> None:
    since = MONDAY_NINE + timedelta(hours=1)
    a_visit(clinic, LATER, mrn="OLD")
    changed = a_visit(clinic, LATER, mrn="A", updated_at=since)
    moved = a_visit(clinic, LATER, mrn="B")
    chair = clinic.chairs.all()[0]
    start = datetime(2026, 3, 11, 8, tzinfo=UTC)
    make_booking(moved, start, chair=chair, updated_at=since)
    expected = [str(changed.pk), str(moved.pk)]
    for written in ("2026-03-02T10:00:00Z", "2026-03-02T11:00:00+01:00"):
        assert walk(api, f"/api/v1/visits?updated_since={quote(written)}") == expected
        assert walk(api, f"/api/v1/visits?updated_since={written}") == expected, "+ as a space"
    [_, item] = api.get("/api/v1/visits?updated_since=2026-03-02T10:00:00Z").json()["items"]
    assert item["updated_at"] == "2026-03-02T10:00:00+00:00"


@pytest.mark.parametrize("limit", [1, 7, 40, 200])
def test_pages_show_every_visit_once_in_order(clinic: Clinic, api: Caller, limit: int) -> None:
    make_many_visits(clinic, 40, TODAY, per_day=9)
    expected = [str(pk) for pk in Visit.objects.order_by("day", "id").values_list("id", flat=True)]
    assert walk(api, f"/api/v1/visits?limit={limit}") == expected


def test_a_visit_written_behind_the_cursor_shifts_nothing(clinic: Clinic, api: Caller) -> None:
    make_many_visits(clinic, 6, TODAY + timedelta(days=1), per_day=1)
    expected = list(Visit.objects.order_by("day").values_list("id", flat=True))
    first = api.get("/api/v1/visits?limit=3").json()
    a_visit(clinic, TODAY)
    rest = walk(api, _local(first["next"]))
    assert [item["id"] for item in first["items"]] + rest == [str(pk) for pk in expected]


def test_next_is_null_exactly_at_the_end(clinic: Clinic, api: Caller) -> None:
    make_many_visits(clinic, 4, TODAY)
    assert api.get("/api/v1/visits?limit=4").json()["next"] is None
    assert api.get("/api/v1/visits?limit=3").json()["next"] is not None


def test_an_address_holds_no_name_and_no_record_number(clinic: Clinic, api: Caller) -> None:
    make_many_visits(clinic, 3, TODAY)
    for path in ("/api/v1/visits?limit=1", "/api/v1/patients?limit=1"):
        address = api.get(path).json()["next"]
        assert "Family" not in address
        assert "B00000" not in address


def test_a_cursor_belongs_to_its_question(clinic: Clinic, api: Caller) -> None:
    make_many_visits(clinic, 4, TODAY)
    address = _local(api.get("/api/v1/visits?limit=2").json()["next"])
    assert api.get(f"{address.replace('limit=2', 'limit=1')}").status_code == 200
    assert fields(api.get(f"{address}&status=planned")) == ["cursor"]
    assert fields(api.get(address.replace("/visits", "/courses"))) == ["cursor"]
    assert fields(api.get(address[:-1])) == ["cursor"]
    assert fields(api.get("/api/v1/visits?cursor=WyIyMDI2LTAxLTAxIl0")) == ["cursor"]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("colour=red", ["colour"]),
        ("from=2026-03-02&From=2026-03-02", ["From"]),
        ("from=2026-03-02&from=2026-03-02", ["from"]),
        ("from=02.03.2026", ["from"]),
        ("from=2026-02-30", ["from"]),
        ("from=0000-01-01", ["from"]),
        ("from=10000-01-01", ["from"]),
        ("from=20260302", ["from"]),
        ("from=2026-W10-1", ["from"]),
        ("to=%D9%A2026-03-02", ["to"]),
        ("to=", ["to"]),
        ("status=", ["status"]),
        ("status=booked,", ["status"]),
        ("status=asleep", ["status"]),
        ("patient=1", ["patient"]),
        ("patient=%00", ["patient"]),
        ("patient={0b0f6c3a-1c5e-4d2f-9a57-3f6f2f1d7c11}", ["patient"]),
        ("chair=%ED%A0%80", ["chair"]),
        ("updated_since=2026-03-02", ["updated_since"]),
        ("updated_since=2026-03-02T09:00:00", ["updated_since"]),
        ("updated_since=0001-01-01T00:00:00%2B23:59", ["updated_since"]),
        ("updated_since=9999-12-31T23:59:59-23:59", ["updated_since"]),
        ("updated_since=2026-03-02T09:00:00%2B99:00", ["updated_since"]),
        ("limit=0", ["limit"]),
        ("limit=201", ["limit"]),
        ("limit=-1", ["limit"]),
        ("limit=1e2", ["limit"]),
        (f"limit=1{'0' * 400}", ["limit"]),
        ("limit=%D9%A5", ["limit"]),
        ("cursor=", ["cursor"]),
        ("cursor=%00", ["cursor"]),
        ("cursor=%ED%A0%80:x", ["cursor"]),
        ("format=json", ["format"]),
        ("limit=0&to=x&nurse=1", ["limit", "nurse", "to"]),
    ],
)
def test_a_question_that_is_not_understood_is_refused_by_name(
    api: Caller, asked: str, named: list[str]
) -> None:
    assert fields(api.get(f"/api/v1/visits?{asked}")) == named


def test_a_detail_takes_no_parameters(clinic: Clinic, api: Caller) -> None:
    visit = a_visit(clinic, LATER)
    assert api.get(f"/api/v1/visits/{visit.pk}").json()["id"] == str(visit.pk)
    assert fields(api.get(f"/api/v1/visits/{visit.pk}?expand=course")) == ["expand"]


def test_another_clinics_visit_answers_like_one_that_is_not_there(
    clinic: Clinic, api: Caller
) -> None:
    foreign = a_visit(make_clinic("south"), LATER)
    theirs = api.get(f"/api/v1/visits/{foreign.pk}")
    nobodys = api.get(f"/api/v1/visits/{uuid4()}")
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.content == nobodys.content
    assert walk(api, "/api/v1/visits") == []
    assert walk(api, f"/api/v1/visits?patient={foreign.patient_id}") == []


def test_a_detail_is_not_sent_twice_while_nothing_changed(clinic: Clinic, api: Caller) -> None:
    visit = a_visit(clinic, LATER)
    path = f"/api/v1/visits/{visit.pk}"
    tag = api.get(path)["ETag"]
    for held in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = api.get(path, If_None_Match=held)
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    make_booking(visit, datetime(2026, 3, 12, 8, tzinfo=UTC), chair=Chair.objects.all()[0])
    changed = api.get(path, If_None_Match=tag)
    assert changed.status_code == 200
    assert changed["ETag"] != tag


@pytest.mark.parametrize("count", [1, 200])
def test_the_list_costs_two_queries_at_any_size(
    clinic: Clinic, api: Caller, count: int, django_assert_num_queries: Any
) -> None:
    make_many_visits(clinic, count + 1, TODAY)
    with django_assert_num_queries(2):
        answer = api.get(f"/api/v1/visits?limit={count}")
    assert len(answer.json()["items"]) == count


def test_who_was_listed_is_recorded_and_nobody_else(clinic: Clinic, api: Caller) -> None:
    make_many_visits(clinic, 5, TODAY, per_day=1)
    body = api.get("/api/v1/visits?limit=3").json()
    [entry] = AuditEntry.objects.all()
    shown = sorted(item["patient"]["id"] for item in body["items"])
    assert sorted(entry.details["patients"]) == shown
    assert (entry.action, entry.api_client_id) == ("records.listed", api.row.pk)
    assert entry.request_id


def test_reading_one_visit_is_recorded_with_its_patient(clinic: Clinic, api: Caller) -> None:
    visit = a_visit(clinic, LATER)
    api.get(f"/api/v1/visits/{visit.pk}")
    api.get(f"/api/v1/visits/{uuid4()}")
    [entry] = AuditEntry.objects.all()
    assert (entry.action, entry.patient_id) == ("record.read", visit.patient_id)

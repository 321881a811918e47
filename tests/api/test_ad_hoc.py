"""Ad-hoc visits over the API: asked for, booked by the visit's id, listed, dropped."""

from typing import Any

import pytest

from clinics.models import Clinic
from scheduling.models import Booking, Visit
from tests.api.builders import Caller
from tests.scheduling.builders import MONDAY, Desk, make_desk

pytestmark = pytest.mark.usefixtures("monday_nine")
PATH = "/api/v1/ad-hoc-visits"


@pytest.fixture
def clinic(desk: Desk) -> Clinic:
    return desk.clinic


def wanted(desk: Desk, **changes: Any) -> dict[str, Any]:
    patient = desk.clinic.patients.first() or desk.patient()
    return {
        "patient": str(patient.pk), "purpose": "blood_test", "minutes": 30,
        "first": "2026-03-09", "last": "2026-03-13", **changes,
    }  # fmt: skip


def test_it_is_asked_for_found_a_time_booked_and_listed(desk: Desk, api: Caller) -> None:
    answer = api.post(PATH, wanted(desk), Idempotency_Key="a")
    assert answer.status_code == 201, answer.content
    visit = Visit.objects.get()
    assert answer.json() == {
        "id": str(visit.pk), "version": 1, "status": "planned", "purpose": "blood_test",
        "minutes": 30, "earliest": "2026-03-09", "latest": "2026-03-13",
    }  # fmt: skip
    assert answer["Location"] == f"http://testserver/api/v1/visits/{visit.pk}"
    [best, *_] = api.get(f"/api/v1/availability?visit={visit.pk}").json()["slots"]
    place = {"visit": str(visit.pk), "chair": best["chair"]["id"], "start": best["start"]}
    assert api.post("/api/v1/bookings", place, Idempotency_Key="b").status_code == 201
    [item] = api.get("/api/v1/visits").json()["items"]
    assert (item["purpose"], item["dose_number"], item["dose_mg"]) == ("blood_test", None, None)
    assert (item["course_id"], item["status"], item["day"]) == (None, "booked", best["day"])
    assert api.get(f"/api/v1/visits/{visit.pk}").json() == item


def test_the_same_key_asks_once(desk: Desk, api: Caller) -> None:
    body = wanted(desk)
    first = api.post(PATH, body, Idempotency_Key="a")
    again = api.post(PATH, body, Idempotency_Key="a")
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    assert Visit.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"purpose": "infusion"}, "purpose"),
        ({"minutes": "30"}, "minutes"),
        ({"minutes": True}, "minutes"),
        ({"minutes": 14}, "minutes"),
        ({"last": "2026-03-08"}, "last"),
        ({"purpose": "other"}, "note"),
        ({"dose_mg": "300"}, "dose_mg"),
    ],
)
def test_nonsense_is_refused_by_name(
    desk: Desk, api: Caller, change: dict[str, Any], field: str
) -> None:
    answer = api.post(PATH, wanted(desk, **change), Idempotency_Key="a")
    assert answer.status_code == 400
    assert field in str(answer.json())
    assert not Visit.objects.exists()


def test_another_clinics_patient_is_nobody(desk: Desk, api: Caller) -> None:
    stranger = make_desk("south").patient()
    answer = api.post(PATH, wanted(desk, patient=str(stranger.pk)), Idempotency_Key="a")
    assert answer.status_code == 404


def test_what_is_not_needed_is_dropped_with_its_booking(desk: Desk, api: Caller) -> None:
    made = api.post(PATH, wanted(desk), Idempotency_Key="a").json()
    visit = Visit.objects.get()
    desk.book(visit, MONDAY, "10:00")
    path = f"{PATH}/{made['id']}/drop"
    answer = api.post(path, {"reason": "Done elsewhere"}, Idempotency_Key="b")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert Booking.objects.get().status == Booking.Status.CANCELLED
    again = api.post(path, {"reason": "Done elsewhere"}, Idempotency_Key="c")
    assert again.status_code == 409


def test_a_dose_is_not_dropped(desk: Desk, api: Caller) -> None:
    dose = desk.visit("MRN-2")
    answer = api.post(f"{PATH}/{dose.pk}/drop", {"reason": "x"}, Idempotency_Key="a")
    assert answer.status_code in {409, 422}
    dose.refresh_from_db()
    assert dose.status == Visit.Status.PLANNED


def test_what_only_a_dose_can_have_is_refused_in_words(desk: Desk, api: Caller) -> None:
    made = api.post(PATH, wanted(desk), Idempotency_Key="a").json()
    answer = api.post("/api/v1/waitlist", {"visit": made["id"]}, Idempotency_Key="b")
    assert answer.status_code in {409, 422}
    assert "something else than a dose" in str(answer.json())

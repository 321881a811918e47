"""Disruptions over the API: written down once per key, listed, and the conflicts they make."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from clinics.models import Absence, ChairOutage, Closure
from core.models import AuditEntry
from tests.api.builders import Caller, make_caller
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def api(desk: Desk) -> Caller:
    return make_caller(desk.clinic, "disruptions:write")


def bodies(desk: Desk) -> dict[str, dict[str, str]]:
    return {
        "closures": {"day": MONDAY.isoformat(), "reason": "Flood"},
        "chair-outages": {
            "chair": str(desk.chairs[0]), "starts": at(MONDAY, "10:00").isoformat(),
            "ends": at(MONDAY, "11:00").isoformat(), "reason": "Motor",
        },
        "absences": {"day": (MONDAY + timedelta(days=1)).isoformat(), "reason": "Ill"},
    }  # fmt: skip


def post(api: Caller, path: str, body: dict[str, str], key: str = "k") -> Any:
    return api.post(f"/api/v1/{path}", body, Idempotency_Key=key)


def test_each_is_written_down_once_per_key_and_listed(desk: Desk, api: Caller) -> None:
    for path, body in bodies(desk).items():
        first, again = post(api, path, body, path), post(api, path, body, path)
        assert (first.status_code, again.status_code) == (201, 201), first.content
        assert first.json() == again.json()
    assert (Closure.objects.count(), ChairOutage.objects.count(), Absence.objects.count()) == (
        1, 1, 1,
    )  # fmt: skip
    items = api.get("/api/v1/disruptions").json()["items"]
    assert [item["kind"] for item in items] == ["closing", "chair", "nurses"]
    assert [item["reason"] for item in items] == ["Flood", "Motor", "Ill"]


def test_conflicts_are_ids_and_words_and_no_record_is_read(desk: Desk, api: Caller) -> None:
    booking = desk.book(desk.visit())
    post(api, "closures", bodies(desk)["closures"])
    answer = api.get("/api/v1/conflicts")
    [item] = [item for item in answer.json()["items"] if item["grave"]]
    assert (item["booking_id"], item["kind"]) == (str(booking.pk), "closed")
    assert "Doe" not in answer.content.decode()
    assert not AuditEntry.objects.filter(action="records.listed").exists()


@pytest.mark.parametrize(
    ("path", "changes", "status"),
    [
        ("closures", {"day": "2026-02-27"}, 400),
        ("closures", {"reason": ""}, 400),
        ("chair-outages", {"ends": "2026-03-09T09:00:00Z", "starts": "2026-03-09T09:00:00Z"}, 400),
        ("chair-outages", {"chair": "00000000-0000-0000-0000-000000000001"}, 404),
        ("absences", {"nurse": "00000000-0000-0000-0000-000000000001"}, 400),
        ("absences", {"starts": "12:00", "ends": "11:00"}, 400),
    ],
)
def test_what_makes_no_sense_is_refused(
    desk: Desk, api: Caller, path: str, changes: dict[str, str], status: int
) -> None:
    assert post(api, path, bodies(desk)[path] | changes).status_code == status
    assert not Closure.objects.exists()


def test_without_a_day_nothing_closes(desk: Desk, api: Caller) -> None:
    assert post(api, "closures", {"reason": "Flood"}).status_code == 400


def test_another_clinics_chair_is_not_there(desk: Desk, api: Caller) -> None:
    south = make_desk("south")
    body = bodies(desk)["chair-outages"] | {"chair": str(south.chairs[0])}
    assert post(api, "chair-outages", body).status_code == 404

"""Planning over the API: once per key, accepted from the version that was seen."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from celery import current_app

from clinics.models import Clinic
from scheduling import plan_jobs
from scheduling.models import Booking
from scheduling.plan_jobs import work_on
from scheduling.planner_model import PlannerRun
from scheduling.services.bookings import hold_day
from tests.api.builders import Caller, make_caller
from tests.scheduling.builders import MONDAY, NOW, Desk, make_desk

PATH = "/api/v1/planner-runs"


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    handed: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **more: handed.extend(args))
    monkeypatch.setattr(plan_jobs, "solve_apart", lambda *args, **more: None)
    with time_machine.travel(NOW, tick=False):
        yield handed


@pytest.fixture
def clinic(desk: Desk) -> Clinic:
    return desk.clinic


def ask(api: Caller, key: str = "k", **more: str) -> Any:
    given = {"first": f"{MONDAY}", "last": f"{MONDAY}", **more}
    return api.post(PATH, given, Idempotency_Key=key)


def planned(api: Caller, desk: Desk) -> dict[str, Any]:
    for name in ("A", "B"):
        hold_day(visit_id=desk.visit(name).pk, day=MONDAY, actor=desk.actor, now=NOW)
    run_id = ask(api).json()["id"]
    work_on(run_id, now=lambda: NOW)
    body: dict[str, Any] = api.get(f"{PATH}/{run_id}").json()
    return body


def test_a_plan_is_asked_for_once_per_key(desk: Desk, api: Caller, sent: list[str]) -> None:
    first, again = ask(api, overtime="30", allow="due,confirmed"), ask(
        api, overtime="30", allow="due,confirmed"
    )  # fmt: skip
    run = PlannerRun.objects.get()
    assert (first.status_code, again.status_code) == (201, 201)
    assert again["Idempotency-Replayed"] == "true"
    assert first["Location"] == f"http://testserver{PATH}/{run.pk}"
    assert sent == [str(run.pk)]
    assert run.options == {
        "overtime_minutes": 30, "include_due": True, "move_confirmed": True,
        "isolation_for_all": False, "doses": [],
    }  # fmt: skip
    body = first.json()
    assert (body["status"], body["progress"], body["changes"]) == ("queued", 0, [])


def test_a_finished_run_says_what_it_would_change(desk: Desk, api: Caller) -> None:
    body = planned(api, desk)
    assert body["status"] == "done"
    assert [change["what"] for change in body["changes"]] == ["time", "time"]
    [day] = body["days"]
    assert (day["placed"], day["asked"]) == (2, 2)
    assert [tier["name"] for tier in day["tiers"]] == ["unplaced", "overtime", "comfort"]
    assert "DOE" not in str(body)


def test_some_of_a_plan_is_accepted_from_the_version_seen(desk: Desk, api: Caller) -> None:
    body = planned(api, desk)
    row, path = body["changes"][0]["id"], f"{PATH}/{body['id']}/accept"
    seen = f'"{body["version"]}"'
    assert api.post(path, {}, Idempotency_Key="a").status_code == 428
    stale = api.post(path, {}, Idempotency_Key="b", If_Match='"99"')
    assert stale.status_code == 412
    unread = api.post(path, {"rows": "x"}, Idempotency_Key="c", If_Match=seen)
    assert unread.status_code == 400
    done = api.post(path, {"rows": row}, Idempotency_Key="d", If_Match=seen)
    assert (done.status_code, done.json()["status"]) == (200, "accepted")
    assert sorted(one.status for one in Booking.objects.all()) == ["day_held", "proposed"]


def test_a_run_is_cancelled(desk: Desk, api: Caller) -> None:
    run_id = ask(api).json()["id"]
    path = f"{PATH}/{run_id}/cancel"
    assert api.post(path, {}, Idempotency_Key="a").json()["status"] == "cancelled"
    assert api.post(path, {}, Idempotency_Key="b").status_code == 409


@pytest.mark.parametrize(
    "bad",
    [
        {"first": "2020-01-01"}, {"last": "2020-01-01"}, {"overtime": "1000"}, {"overtime": "-1"},
        {"allow": "everything"}, {"seconds": "9"}, {"first": "soon"},
    ],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_refused(
    desk: Desk, api: Caller, bad: dict[str, str]
) -> None:
    assert ask(api, **bad).status_code in {400, 422}
    assert PlannerRun.objects.count() == 0


def test_a_plan_needs_the_scope_and_the_clinic(desk: Desk, api: Caller) -> None:
    run_id = ask(api).json()["id"]
    reader = make_caller(desk.clinic, "visits:read")
    stranger = make_caller(make_desk("south").clinic)
    for caller, status in ((reader, 403), (stranger, 404)):
        assert caller.get(f"{PATH}/{run_id}").status_code == status
        for act in ("cancel", "accept"):
            answer = caller.post(f"{PATH}/{run_id}/{act}", {}, Idempotency_Key="x", If_Match='"1"')
            assert answer.status_code == status
    assert api.get(f"{PATH}/{uuid4()}").status_code == 404

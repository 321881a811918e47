"""Plan the day: ask, watch, read, accept; for schedulers, and without a script too."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from celery import current_app
from django.test import Client
from django.urls import reverse
from kombu.exceptions import OperationalError

from clinics.models import Role
from core.models import AuditEntry
from scheduling import plan_jobs
from scheduling.models import Booking
from scheduling.plan_jobs import work_on
from scheduling.planner_model import PlannerRun
from scheduling.services.bookings import cancel, hold_day
from scheduling.services.planner_runs import LOST_AFTER
from tests.people import make_user
from tests.scheduling.builders import MONDAY, NOW, Desk, make_desk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("the_monday_before")]


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Catch what goes to the workers, and leave out the solver."""
    handed: list[str] = []

    def send(name: str, args: list[str], **more: Any) -> None:
        assert (name, more) == (plan_jobs.TASK, {"retry": False, "expires": None})
        handed.extend(args)

    monkeypatch.setattr(current_app, "send_task", send)
    monkeypatch.setattr(plan_jobs, "solve_apart", lambda *args, **more: None)
    return handed


def signed_in(desk: Desk, role: str) -> Client:
    client = Client()
    client.force_login(make_user(desk.clinic, role, email=f"other-{role}@north.example"))
    return client


def url(name: str, desk: Desk, *args: object) -> str:
    return reverse(name, args=[desk.clinic.slug, *args])


def ask(client: Client, desk: Desk, **more: str) -> PlannerRun:
    given = {"first_on": f"{MONDAY}", "days": "1", "overtime": "0", **more}
    answer = client.post(url("plan", desk), given)
    assert answer.status_code == 302, answer.content.decode()
    return PlannerRun.objects.get(pk=answer["Location"].rstrip("/").rpartition("/")[2])


def hold(desk: Desk, *names: str) -> list[Booking]:
    return [
        hold_day(visit_id=desk.visit(name).pk, day=MONDAY, actor=desk.actor, now=NOW)
        for name in names
    ]


def planned(client: Client, desk: Desk, **more: str) -> PlannerRun:
    run = ask(client, desk, **more)
    work_on(run.pk, now=lambda: NOW)
    run.refresh_from_db()
    return run


def words(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


def test_a_day_is_asked_for_and_handed_to_a_worker(
    desk: Desk, scheduler: Client, sent: list[str]
) -> None:
    page = words(scheduler, url("plan", desk) + f"?on={MONDAY}")
    assert f'value="{MONDAY}"' in page
    assert "No plan has been made yet" in page
    run = ask(scheduler, desk, days="14", overtime="30", include_due="on", move_confirmed="on")
    assert sent == [str(run.pk)]
    assert run.last_on == MONDAY + timedelta(days=13)
    assert run.options == {
        "overtime_minutes": 30, "include_due": True, "move_confirmed": True,
        "isolation_for_all": False, "doses": [],
    }  # fmt: skip
    page = words(scheduler, url("plan", desk))
    assert "09-Mar-2026" in page
    assert "22-Mar-2026" in page


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"first_on": "2020-01-01"}, "That day has passed"),
        ({"first_on": ""}, "This field is required"),
        ({"overtime": "999"}, "Select a valid choice"),
        ({"days": "400"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_planned_is_said_beside_the_form(
    desk: Desk, scheduler: Client, given: dict[str, str], said: str
) -> None:
    whole = {"first_on": f"{MONDAY}", "days": "1", "overtime": "60", **given}
    answer = scheduler.post(url("plan", desk), whole)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert said in page
    assert PlannerRun.objects.count() == 0


def test_a_run_asks_for_itself_until_it_is_over(desk: Desk, scheduler: Client) -> None:
    hold(desk, "A")
    run = ask(scheduler, desk)
    moving = words(scheduler, url("plan_run", desk, run.pk))
    address = url("plan_progress", desk, run.pk)
    assert f'hx-get="{address}"' in moving
    assert "Show how far it is" in moving
    assert "hx-get" in words(scheduler, address)
    work_on(run.pk, now=lambda: NOW)
    over = words(scheduler, address)
    assert "hx-get" not in over
    assert "<html" not in over


def test_a_plan_shows_who_gets_what_and_records_that_it_was_read(
    desk: Desk, scheduler: Client
) -> None:
    hold(desk, "A", "B")
    desk.book(desk.visit("C"), shown="12:00")
    run = planned(scheduler, desk)
    run.result["days"][0]["expected_p90"] = 75
    run.result["days"][0]["what_if"] = ["With one more chair: nobody left out."]
    run.save()
    page = words(scheduler, url("plan_run", desk, run.pk))
    assert "3 of 3" in page
    assert "All possible" in page
    assert "Last patient leaves" in page
    assert "With reactions, 9 days in 10" in page
    assert "1hr 15min" in page
    assert "What would help" in page
    assert "With one more chair: nobody left out." in page
    assert page.count("Gets its time") == 2
    assert "1 visit stays as it is" in page
    assert "DOE, Jane" in page
    assert "MRN A" in page
    assert "DOE" not in page.partition("<body")[0]
    read = AuditEntry.objects.get(action="records.listed", details__page="plan")
    assert len(read.details["patients"]) == 2


def test_all_of_a_plan_is_accepted(desk: Desk, scheduler: Client) -> None:
    hold(desk, "A", "B")
    run = planned(scheduler, desk)
    assert "Accept all 2 changes" in words(scheduler, url("plan_run", desk, run.pk))
    answer = scheduler.post(url("plan_accept", desk, run.pk), {"act": "all"})
    assert answer["Location"] == url("day_on", desk, MONDAY)
    assert {one.status for one in Booking.objects.all()} == {"proposed"}
    after = words(scheduler, url("plan_run", desk, run.pk))
    assert "This plan is accepted" in after
    assert "Accept all" not in after


def test_only_the_ticked_rows_are_accepted(desk: Desk, scheduler: Client) -> None:
    [one, other] = hold(desk, "A", "B")
    run = planned(scheduler, desk)
    scheduler.post(url("plan_accept", desk, run.pk), {"act": "chosen", "row": [str(one.pk)]})
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.status, other.status) == ("proposed", "day_held")


def test_a_refusal_keeps_what_was_ticked(desk: Desk, scheduler: Client) -> None:
    [one, other] = hold(desk, "A", "B")
    run = planned(scheduler, desk)
    cancel(booking_id=other.pk, reason="Ill", actor=desk.actor, now=NOW)
    accept = url("plan_accept", desk, run.pk)
    answer = scheduler.post(accept, {"act": "chosen", "row": [str(one.pk)]})
    page = " ".join(answer.content.decode().split())
    assert answer.status_code == 422
    assert "Nothing was changed" in page
    assert "has changed since the plan was made" in page
    assert f'value="{one.pk}" checked' in page
    assert f'value="{other.pk}" checked' not in page
    assert scheduler.post(accept, {"act": "chosen"}).status_code == 422
    one.refresh_from_db()
    assert one.status == "day_held"


def test_who_found_no_time_is_listed_with_the_reason(desk: Desk, scheduler: Client) -> None:
    hold(desk, "A")
    booking = Booking.objects.get()
    Booking.objects.filter(pk=booking.pk).update(infusion_minutes=700)
    run = planned(scheduler, desk)
    page = words(scheduler, url("plan_run", desk, run.pk))
    assert "No time found" in page
    assert "No start lies inside the hours" in page
    assert "Everything stays as it is" in page


def test_a_run_is_stopped_once(desk: Desk, scheduler: Client) -> None:
    run = ask(scheduler, desk)
    stop = url("plan_cancel", desk, run.pk)
    assert scheduler.post(stop).status_code == 302
    assert "This plan was stopped" in words(scheduler, url("plan_run", desk, run.pk))
    answer = scheduler.post(stop)
    assert answer.status_code == 422
    assert "finished already" in answer.content.decode()


def test_without_a_worker_a_day_is_planned_on_the_page(
    desk: Desk, scheduler: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*args: object, **more: object) -> None:
        raise OperationalError

    monkeypatch.setattr(current_app, "send_task", nobody)
    hold(desk, "A")
    run = ask(scheduler, desk)
    assert "Plan it now" not in words(scheduler, url("plan_run", desk, run.pk))
    PlannerRun.objects.update(requested_at=NOW - timedelta(seconds=11))
    page = words(scheduler, url("plan_run", desk, run.pk))
    assert "No worker has taken this up" in page
    assert "Plan it now, on this page" in page
    for _ in range(2):  # the second finds nothing left to do
        assert scheduler.post(url("plan_work", desk, run.pk)).status_code == 302
    run.refresh_from_db()
    assert run.status == "done"


def test_a_run_that_stands_still_says_so(desk: Desk, scheduler: Client) -> None:
    run = ask(scheduler, desk)
    long_ago = NOW - LOST_AFTER - timedelta(seconds=1)
    PlannerRun.objects.update(status="running", alive_at=long_ago)
    assert "Nothing has moved for some minutes" in words(scheduler, url("plan_run", desk, run.pk))


def test_a_failed_run_says_why(desk: Desk, scheduler: Client) -> None:
    run = ask(scheduler, desk)
    PlannerRun.objects.update(status="failed", finished_at=NOW, problem="At 09:00 it clashes.")
    assert "At 09:00 it clashes." in words(scheduler, url("plan_run", desk, run.pk))


@pytest.mark.parametrize("role", [Role.NURSE, Role.MANAGER, Role.AUDITOR])
def test_planning_is_for_schedulers(desk: Desk, scheduler: Client, role: str) -> None:
    run = ask(scheduler, desk)
    other = signed_in(desk, role)
    for name in ("plan_run", "plan_progress"):
        assert other.get(url(name, desk, run.pk)).status_code == 403
    for name in ("plan_cancel", "plan_accept", "plan_work"):
        assert other.post(url(name, desk, run.pk)).status_code == 403
    assert other.get(url("plan", desk)).status_code == 403


def test_another_clinics_run_is_not_there(desk: Desk, scheduler: Client) -> None:
    theirs = PlannerRun.objects.create(
        clinic=make_desk("south").clinic, kind="day", first_on=MONDAY, last_on=MONDAY, seconds=1,
        requested_at=NOW, alive_at=NOW,
    )  # fmt: skip
    for pk in (theirs.pk, uuid4()):
        assert scheduler.get(url("plan_run", desk, pk)).status_code == 404
        for name in ("plan_cancel", "plan_accept", "plan_work"):
            assert scheduler.post(url(name, desk, pk)).status_code == 404


def test_a_plan_of_many_costs_no_more_queries_than_one_of_few(
    desk: Desk, scheduler: Client, django_assert_max_num_queries: Any
) -> None:
    hold(desk, "A")
    few = planned(scheduler, desk)
    hold(desk, "B", "C", "D")
    many = planned(scheduler, desk)
    counted = []
    for run in (few, many):
        with django_assert_max_num_queries(20) as queries:
            scheduler.get(url("plan_run", desk, run.pk))
        counted.append(len(queries))
    assert counted[0] == counted[1]

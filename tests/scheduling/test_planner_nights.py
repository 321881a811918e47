"""The night's plans: opened once for each clinic and day, handed over until somebody takes them up,
and accepted by nobody but a person."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from celery import current_app
from django.test import Client
from django.urls import reverse
from kombu.exceptions import OperationalError

from clinics.models import Closure, Role
from core.errors import Forbidden
from core.models import AuditEntry
from scheduling import plan_jobs
from scheduling.models import Booking
from scheduling.plan_jobs import begin_nights, work_on
from scheduling.plan_nights import days_of_night, is_night
from scheduling.planner_model import PlannerRun
from scheduling.services.bookings import hold_day
from scheduling.services.planner_nights import MOST_ATTEMPTS, open_night, take_back_lost
from scheduling.services.planner_runs import LOST_AFTER, take_plan
from tests.people import make_actor
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk
from tests.scheduling.racing import race
from tests.scheduling.test_planner_runs import solve_here
from tests.scheduling.web.desk import signed_in

pytestmark = pytest.mark.django_db
SUNDAY = MONDAY - timedelta(days=1)
NIGHT = at(SUNDAY, "03:00")


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    handed: list[str] = []

    def send(name: str, args: list[str], **more: Any) -> None:
        assert (name, more) == (plan_jobs.TASK, {"retry": False, "expires": 280})
        handed.extend(args)

    monkeypatch.setattr(current_app, "send_task", send)
    monkeypatch.setattr(plan_jobs, "solve_apart", solve_here)
    return handed


@pytest.fixture
def desk() -> Desk:
    return make_desk(nurses=2)


def test_every_clinic_has_its_next_days_planned_once_a_night(desk: Desk, sent: list[str]) -> None:
    other = make_desk("south")
    for each in (desk, other):
        hold_day(visit_id=each.visit("A").pk, day=MONDAY, actor=each.actor, now=NOW)
    for _ in range(2):
        begin_nights(NIGHT)
    runs = list(PlannerRun.objects.order_by("clinic__slug"))
    assert [(run.clinic.slug, run.first_on, run.night_of) for run in runs] == [
        ("north", MONDAY, SUNDAY), ("south", MONDAY, SUNDAY),
    ]  # fmt: skip
    assert sorted(sent) == sorted(2 * [str(run.pk) for run in runs])
    assert AuditEntry.objects.filter(action="plan.requested").count() == 2
    before = list(Booking.objects.values_list("status", "period"))
    for run in runs:
        work_on(run.pk, now=lambda: NIGHT)
    assert set(PlannerRun.objects.values_list("status", flat=True)) == {"done"}
    assert list(Booking.objects.values_list("status", "period")) == before
    sent.clear()
    begin_nights(NIGHT + timedelta(minutes=5))
    assert sent == []


def test_by_day_no_night_is_opened_and_what_waits_is_handed_over(
    desk: Desk, sent: list[str]
) -> None:
    hold_day(visit_id=desk.visit("A").pk, day=MONDAY, actor=desk.actor, now=NOW)
    begin_nights(at(SUNDAY, "13:00"))
    begin_nights(at(SUNDAY, "01:00"))
    assert not PlannerRun.objects.exists()
    begin_nights(NIGHT)
    begin_nights(at(SUNDAY, "14:00"))  # the workers slept all morning
    assert len(sent) == 2


def test_night_is_by_the_clinics_own_clock(desk: Desk) -> None:
    far = make_desk("west", time_zone="America/New_York")
    assert is_night(desk.clinic, NIGHT)
    assert not is_night(far.clinic, NIGHT)
    assert is_night(far.clinic, at(SUNDAY, "03:00", "America/New_York"))


def test_the_next_open_day_is_planned_and_those_whose_times_are_told_next(desk: Desk) -> None:
    friday = MONDAY - timedelta(days=3)
    assert days_of_night(desk.clinic, friday) == []  # nobody is booked
    desk.book(desk.visit("A"))
    assert days_of_night(desk.clinic, friday) == [MONDAY]
    thursday = MONDAY + timedelta(days=3)
    hold_day(visit_id=desk.visit("B", thursday).pk, day=thursday, actor=desk.actor, now=NOW)
    assert days_of_night(desk.clinic, friday) == [MONDAY, thursday]
    desk.clinic.confirm_days_before = 3
    assert days_of_night(desk.clinic, friday) == [MONDAY]
    Closure.objects.create(clinic=desk.clinic, date=MONDAY, reason="Move")
    assert MONDAY not in days_of_night(desk.clinic, friday)
    desk.clinic.opening_hours.all().delete()
    assert days_of_night(desk.clinic, friday) == []


def test_without_a_broker_the_rows_wait(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def nobody(*args: object, **more: object) -> None:
        tried.append(args)
        raise OperationalError

    monkeypatch.setattr(current_app, "send_task", nobody)
    for name in "AB":
        hold_day(visit_id=desk.visit(name).pk, day=MONDAY, actor=desk.actor, now=NOW)
    assert begin_nights(NIGHT) == 0
    assert len(tried) == 1  # one is enough to know
    assert PlannerRun.objects.get().status == "queued"


def test_a_run_whose_worker_is_gone_is_done_by_another_and_then_given_up(
    desk: Desk, sent: list[str]
) -> None:
    hold_day(visit_id=desk.visit("A").pk, day=MONDAY, actor=desk.actor, now=NOW)
    begin_nights(NIGHT)
    run, now = PlannerRun.objects.get(), NIGHT
    for _ in range(MOST_ATTEMPTS):
        take_plan(run_id=run.pk, now=now)
        sent.clear()
        begin_nights(now + LOST_AFTER)
        assert sent == []
        now += LOST_AFTER + timedelta(seconds=1)
        begin_nights(now)
        run.refresh_from_db()
    assert (run.status, run.attempts) == ("failed", MOST_ATTEMPTS)
    assert sent == []


def test_what_people_asked_for_is_not_taken_back(desk: Desk) -> None:
    hold_day(visit_id=desk.visit("A").pk, day=MONDAY, actor=desk.actor, now=NOW)
    begin_nights(NIGHT)
    PlannerRun.objects.update(night_of=None, status="running", alive_at=NIGHT - LOST_AFTER * 2)
    assert take_back_lost(now=NIGHT) == 0


def test_only_who_may_change_bookings_opens_a_night(desk: Desk) -> None:
    nurse = make_actor(desk.clinic, Role.NURSE)
    with pytest.raises(Forbidden):
        open_night(clinic_id=desk.clinic.pk, days=[MONDAY], night_of=SUNDAY, actor=nurse, now=NIGHT)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_ticks_at_once_open_a_night_once() -> None:
    desk = make_desk()
    opening: Callable[[], object] = partial(
        open_night, clinic_id=desk.clinic.pk, days=[MONDAY], night_of=SUNDAY, actor=desk.actor,
        now=NIGHT,
    )  # fmt: skip
    assert sorted(map(str, race(opening, opening))) == ["0", "1"]
    assert PlannerRun.objects.count() == 1


def test_the_morning_page_says_how_the_night_came_out(desk: Desk) -> None:
    hold_day(visit_id=desk.visit("A").pk, day=MONDAY, actor=desk.actor, now=NOW)
    begin_nights(NIGHT)
    run = PlannerRun.objects.get()
    client: Client = signed_in(desk, Role.SCHEDULER)
    address = reverse("plan", args=[desk.clinic.slug])
    with time_machine.travel(at(SUNDAY, "07:30"), tick=False):
        assert "waiting" in client.get(address).content.decode()
        work_on(run.pk, now=lambda: NIGHT)
        page = " ".join(client.get(address).content.decode().split())
        assert "Planned last night" in page
        assert "1 of 1 placed (all possible)" in page
        assert "1 change to accept" in page
        assert reverse("plan_run", args=[desk.clinic.slug, run.pk]) in page
        assert "DOE" not in page.partition("<main")[2]
    with time_machine.travel(at(MONDAY, "07:30"), tick=False):
        assert "Planned last night" not in client.get(address).content.decode()

"""Times for many patients of the due list at once: a planner run that touches nobody else."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from celery import current_app
from django.test import Client
from django.urls import reverse

from clinics.models import Chair, Role, Shift
from core.errors import Forbidden, Invalid, Stale
from core.models import AuditEntry
from scheduling import plan_jobs
from scheduling.days import recompute_summaries
from scheduling.models import Booking, PatientWishes, Visit
from scheduling.plan_input import Options, collect
from scheduling.plan_jobs import work_on
from scheduling.planner_model import PlannerRun
from scheduling.services.bookings import hold_day
from scheduling.services.planner_accept import accept_plan
from scheduling.services.planner_runs import FARTHEST, MOST_DOSES, request_times
from tests.people import make_actor
from tests.scheduling.builders import MONDAY, Desk, at, make_desk
from tests.scheduling.racing import overlaps
from tests.scheduling.test_planner_runs import assign_here, solve_here

pytestmark = pytest.mark.django_db

NOW = at(MONDAY + timedelta(days=3), "09:00")  # a Thursday
FRIDAY = MONDAY + timedelta(days=4)


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    handed: list[str] = []

    def send(name: str, args: list[str], **more: Any) -> None:
        del more
        assert name == plan_jobs.TASK
        handed.extend(args)

    monkeypatch.setattr(current_app, "send_task", send)
    monkeypatch.setattr(plan_jobs, "solve_apart", solve_here)
    monkeypatch.setattr(plan_jobs, "assign_apart", assign_here)
    with time_machine.travel(NOW, tick=False):
        yield handed


@pytest.fixture
def desk() -> Desk:
    return make_desk(chairs=2, nurses=2)


def url(name: str, desk: Desk, *args: object) -> str:
    return reverse(name, args=[desk.clinic.slug, *args])


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def sought(desk: Desk, *visits: Visit) -> PlannerRun:
    run = request_times(visit_ids=[visit.pk for visit in visits], actor=desk.actor, now=NOW)
    work_on(run.pk, now=lambda: NOW)
    run.refresh_from_db()
    return run


def accept(desk: Desk, run: PlannerRun, **given: Any) -> PlannerRun:
    return accept_plan(run_id=run.pk, actor=desk.actor, now=NOW, **given)


def test_the_ticked_are_handed_to_the_planner_and_accepted_in_one_step(
    desk: Desk, scheduler: Client, sent: list[str]
) -> None:
    visits = [desk.visit(mrn=f"M{n}") for n in range(5)]
    ticked = [str(visit.pk) for visit in visits]
    answer = scheduler.post(url("due_proposals", desk), {"visit": [*ticked, "nonsense"]})
    run = PlannerRun.objects.get()
    assert answer["Location"] == url("plan_run", desk, run.pk)
    assert sent == [str(run.pk)]
    waiting = text(scheduler.get(answer["Location"]))
    assert "Stop planning" in waiting
    assert "hx-get" in waiting
    work_on(run.pk, now=lambda: NOW)
    assert not Booking.objects.exists()
    page = text(scheduler.get(answer["Location"]))
    assert "Propose all 5 times" in page
    assert "With reactions, 9 days in 10" in page
    assert "DOE, Jane" in page
    assert AuditEntry.objects.filter(action="records.listed", details__page="plan").count() == 1
    done = scheduler.post(url("plan_accept", desk, run.pk), {"act": "all"}, follow=True)
    assert "5 times are proposed." in text(done)
    assert done.redirect_chain == [(url("due", desk), 302)]
    assert set(Booking.objects.values_list("status", "hold_expires_at")) == {("proposed", None)}
    assert overlaps() == 0
    assert recompute_summaries(desk.clinic, MONDAY, MONDAY + timedelta(days=60)) == []


def test_only_the_ticked_of_the_proposals_are_booked(desk: Desk, scheduler: Client) -> None:
    visits = [desk.visit(mrn=f"M{n}") for n in range(3)]
    run = sought(desk, *visits)
    ticked = {"act": "chosen", "row": [str(visits[0].pk)]}
    answer = scheduler.post(url("plan_accept", desk, run.pk), ticked, follow=True)
    assert "1 time is proposed." in text(answer)
    assert [one.visit_id for one in Booking.objects.all()] == [visits[0].pk]


def test_nobody_who_has_a_booking_is_moved(desk: Desk) -> None:
    confirmed = desk.book(desk.visit("C"), FRIDAY, "10:00", now=NOW)
    proposed = desk.book(desk.visit("P"), FRIDAY, "08:00", 1, status="proposed", now=NOW)
    held = hold_day(visit_id=desk.visit("H").pk, day=FRIDAY, actor=desk.actor, now=NOW)
    before = {one.pk: (one.status, one.period) for one in (confirmed, proposed, held)}
    visits = [desk.visit(mrn=f"M{n}") for n in range(4)]
    run = sought(desk, *visits)
    changes = [row for row in run.result["rows"] if row["what"] != "stays"]
    assert {row["visit"] for row in changes} == {str(visit.pk) for visit in visits}
    assert {day["date"] for day in run.result["days"]} == {row["day"] for row in changes}
    accept(desk, run)
    after = {one.pk: (one.status, one.period) for one in Booking.objects.filter(pk__in=before)}
    assert after == before
    assert overlaps() == 0


def test_the_latest_come_first_when_there_is_not_room_for_all(desk: Desk) -> None:
    """One chair and one day a week: whoever is past the window goes before who is not."""
    Chair.objects.exclude(pk=desk.chairs[0]).update(is_active=False)
    Shift.objects.exclude(date=FRIDAY).delete()
    Shift.objects.update(ends="14:00")
    fresh, late = desk.visit("FRESH", FRIDAY), desk.visit("LATE")
    run = sought(desk, fresh, late)
    [row] = [row for row in run.result["rows"] if row["what"] == "new"]
    assert row["visit"] == str(late.pk)
    [out] = run.result["unplaced"]
    assert out["visit"] == str(fresh.pk)
    assert "13-Mar-2026: No day of its window has room left." in out["words"]
    assert "stand in the way: chairs" in out["words"]


def test_who_can_have_no_time_is_listed_with_the_reason_and_a_way_on(
    desk: Desk, scheduler: Client
) -> None:
    visit = desk.visit()
    Shift.objects.all().delete()
    run = sought(desk, visit)
    page = text(scheduler.get(url("plan_run", desk, run.pk)))
    assert "No time found" in page
    assert "No start lies inside the hours" in page
    assert url("visit_slots", desk, visit.pk) in page
    assert "No time was found" in page
    assert "Propose all" not in page


def test_a_dose_the_protocol_holds_back_says_so(desk: Desk) -> None:
    visit = desk.visit("YOUNG")
    visit.patient.birth_date = NOW.date() - timedelta(days=4000)
    visit.patient.save(update_fields=["birth_date"])
    run = sought(desk, visit)
    [out] = run.result["unplaced"]
    assert out["visit"] == str(visit.pk)
    assert "18 years" in out["words"]


def test_another_day_may_change_and_the_days_of_the_proposals_may_not(desk: Desk) -> None:
    run = sought(desk, desk.visit("A"))
    elsewhere = MONDAY + timedelta(days=14)
    desk.book(desk.visit("Z", elsewhere), elsewhere, now=NOW)
    assert accept(desk, run).status == "accepted"
    run = sought(desk, desk.visit("B"))
    desk.book(desk.visit("Y"), FRIDAY, "13:00", now=NOW)
    with pytest.raises(Stale, match="changed since the plan was made"):
        accept(desk, run)


def test_a_dose_that_changed_meanwhile_is_not_booked(desk: Desk) -> None:
    visit = desk.visit("A")
    run = sought(desk, visit)
    Visit.objects.filter(pk=visit.pk).update(version=visit.version + 1)
    with pytest.raises(Stale, match="One of these doses has changed"):
        accept(desk, run)
    assert not Booking.objects.exists()


def test_a_day_whose_promises_clash_is_left_as_it_is(desk: Desk) -> None:
    """The other days are planned all the same."""
    desk.book(desk.visit("A"), FRIDAY, "08:00", now=NOW)
    desk.book(desk.visit("B"), FRIDAY, "08:00", 1, now=NOW)
    Shift.objects.filter(date=FRIDAY).update(nurses=1)
    run = sought(desk, desk.visit("C"))
    [row] = [row for row in run.result["rows"] if row["what"] == "new"]
    assert row["day"] != f"{FRIDAY}"
    [said] = run.result["unopened"]
    assert said.startswith("13-Mar-2026: this day was left as it is. At 09:00 2 infusions would")


def test_what_is_booked_or_somebody_elses_is_not_sought(desk: Desk, scheduler: Client) -> None:
    booked = desk.visit("BOOKED", FRIDAY)
    desk.book(booked, FRIDAY, now=NOW)
    other = make_desk("south").visit()
    for asked in ([booked.pk], [other.pk], [uuid4()], []):
        with pytest.raises(Invalid, match="Nobody was chosen"):
            request_times(visit_ids=asked, actor=desk.actor, now=NOW)
    answer = scheduler.post(url("due_proposals", desk), {"visit": ["x"]}, follow=True)
    assert "Nobody was chosen who waits for a time." in text(answer)
    mine = desk.visit("MINE")
    run = request_times(visit_ids=[mine.pk, booked.pk, other.pk], actor=desk.actor, now=NOW)
    assert run.options["doses"] == [str(mine.pk)]
    assert run.last_on <= NOW.date() + FARTHEST


def test_there_is_a_limit_and_only_schedulers_ask(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_DOSES == 200
    monkeypatch.setattr("scheduling.services.planner_runs.MOST_DOSES", 1)
    visits = [desk.visit(mrn=f"M{n}").pk for n in range(2)]
    with pytest.raises(Invalid, match="too many"):
        request_times(visit_ids=visits, actor=desk.actor, now=NOW)
    with pytest.raises(Forbidden):
        request_times(visit_ids=visits, actor=make_actor(desk.clinic, Role.NURSE), now=NOW)


def test_the_page_costs_the_same_for_one_and_for_many(
    desk: Desk, scheduler: Client, django_assert_max_num_queries: Any
) -> None:
    counted = []
    scheduler.get(url("due", desk))
    for count in (1, 4):
        run = sought(desk, *(desk.visit(mrn=f"M{count}{n}") for n in range(count)))
        with django_assert_max_num_queries(20) as queries:
            scheduler.get(url("plan_run", desk, run.pk))
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_what_the_patient_wishes_is_kept(desk: Desk) -> None:
    """Tuesdays and in the afternoon, home by six; and for whom no such day comes, the reason."""
    visit, never = desk.visit("A"), desk.visit("B")
    PatientWishes.objects.create(
        clinic=desk.clinic, patient_id=visit.patient_id, weekdays=[1], half="afternoon",
        leaves_before="17:00", notice_hours=24, recorded_at=NOW,
    )  # fmt: skip
    PatientWishes.objects.create(
        clinic=desk.clinic,
        patient_id=never.patient_id,
        weekdays=[6],
        notice_hours=24,
        recorded_at=NOW,
    )
    run = sought(desk, visit, never)
    [row] = [row for row in run.result["rows"] if row["what"] == "new"]
    start = datetime.fromisoformat(row["start"]).astimezone(ZoneInfo("Europe/Berlin"))
    assert (row["visit"], start.weekday()) == (str(visit.pk), 1)
    assert "12:00" <= f"{start:%H:%M}" <= "12:15"
    [out] = run.result["unplaced"]
    assert "none of the weekdays on which the patient can come" in out["words"]


def test_a_proposed_time_is_as_fixed_as_a_confirmed_one_while_others_are_sought(desk: Desk) -> None:
    desk.book(desk.visit("P"), FRIDAY, "13:00", status="proposed", now=NOW)
    [free] = collect(desk.clinic, FRIDAY, FRIDAY, Options(), now=NOW).visits
    chosen = Options(doses=[str(desk.visit("A").pk)])
    fixed = collect(desk.clinic, FRIDAY, FRIDAY, chosen, now=NOW).visits[0]
    assert (free.visit.confirmed, fixed.visit.confirmed) == (None, 13 * 60)

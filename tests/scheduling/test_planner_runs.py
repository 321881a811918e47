"""A planner run from the question to the accepted plan, on a real clinic's rows."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import call_command

from clinics.models import Chair, ChairOutage, Closure, OpeningHours, Role, Shift
from core.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken, Stale
from core.models import AuditEntry
from scheduling import plan_jobs
from scheduling.days import recompute_summaries
from scheduling.models import Booking, Visit
from scheduling.plan_input import Options, collect
from scheduling.plan_jobs import work_on
from scheduling.planner import day as planner_day
from scheduling.planner.room import Places
from scheduling.planner.shape import Shape
from scheduling.planner.solver import solve
from scheduling.planner.values import Solved
from scheduling.planner.weeks_solver import solve_weeks
from scheduling.planner_model import PlannerRun
from scheduling.services.bookings import cancel, hold_day
from scheduling.services.planner_accept import accept_plan
from scheduling.services.planner_runs import (
    LOST_AFTER,
    cancel_plan,
    fail_plan,
    finish_plan,
    move_plan_on,
    request_plan,
    take_plan,
)
from tests.people import make_actor
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk, staff
from tests.scheduling.racing import overlaps, peaks

pytestmark = pytest.mark.django_db
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def _the_solver_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare these tests a process for every day; those about the process ask for it."""
    if "own_process" in request.fixturenames:
        return

    monkeypatch.setattr(plan_jobs, "solve_apart", solve_here)
    monkeypatch.setattr(plan_jobs, "assign_apart", assign_here)


def solve_here(shape: Shape, begin: Places, *, seconds: float, seed: int, stop: object) -> Solved:
    """The solver without its process."""
    del stop
    return list(solve(shape, begin, seconds=60 * seconds, seed=seed))[-1]


def assign_here(problem: dict[str, Any], *, seconds: float, seed: int, stop: object) -> Any:
    """The solver of a fortnight without its process."""
    del stop
    return solve_weeks(problem, seconds=60 * seconds, seed=seed)["given"]


@pytest.fixture
def own_process() -> None:
    """Let the solver run in a process of its own, as it does in the clinic."""


@pytest.fixture
def desk() -> Desk:
    return make_desk(nurses=2)


def hold(desk: Desk, *names: str, day: date = MONDAY) -> list[Booking]:
    """Promise a day to new patients who are due on it."""
    return [
        hold_day(visit_id=desk.visit(name, day).pk, day=day, actor=desk.actor, now=NOW)
        for name in names
    ]


def plan(desk: Desk, first: date = MONDAY, last: date | None = None, **options: Any) -> PlannerRun:
    run = request_plan(
        first_on=first, last_on=last or first, options=Options(**options), actor=desk.actor, now=NOW
    )
    work_on(run.pk, now=lambda: NOW)
    run.refresh_from_db()
    return run


def accept(desk: Desk, run: PlannerRun, **given: Any) -> PlannerRun:
    return accept_plan(run_id=run.pk, actor=desk.actor, now=NOW, **given)


def places() -> dict[UUID, tuple[str, Any, Any]]:
    return {one.pk: (one.status, one.period, one.chair_id) for one in Booking.objects.all()}


def test_held_days_get_their_times(desk: Desk) -> None:
    hold(desk, "A", "B", "C", "D")
    run = plan(desk)
    assert (run.status, run.kind, run.progress) == ("done", "day", 100)
    assert {row["what"] for row in run.result["rows"]} == {"time"}
    words = run.result["days"][0]["words"]
    assert words[0] == "4 of 4 placed (all possible)"
    assert words[1].startswith("the last patient leaves at ")
    before = places()
    assert {status for status, *_ in before.values()} == {"day_held"}
    accepted = accept(desk, run)
    assert accepted.status == "accepted"
    assert {one.status for one in Booking.objects.all()} == {"proposed"}
    assert overlaps() == 0
    starting, points, seated = peaks(desk.clinic, MONDAY)
    assert starting <= 2
    assert points <= 8
    assert seated <= 3
    assert recompute_summaries(desk.clinic, MONDAY, MONDAY) == []
    told = AuditEntry.objects.filter(action="booking.moved").values_list("details", flat=True)
    assert {each["plan"] for each in told} == {str(run.pk)}
    assert AuditEntry.objects.filter(action="plan.accepted").count() == 1


def test_promised_times_stand_still_and_proposed_ones_would_rather(desk: Desk) -> None:
    confirmed = desk.book(desk.visit("A"), shown="10:00")
    proposed = desk.book(desk.visit("B"), shown="09:30", chair=1, status="proposed")
    [held] = hold(desk, "C")
    before = places()
    run = plan(desk)
    accept(desk, run)
    after = places()
    for booking in (confirmed, proposed):
        assert after[booking.pk][:2] == before[booking.pk][:2]
    assert after[held.pk][0] == "proposed"


def test_confirmed_times_move_only_when_that_is_allowed(desk: Desk) -> None:
    """One chair: the confirmed visit at eleven leaves no room for a second one, unless it moves."""
    Chair.objects.exclude(pk=desk.chairs[0]).update(is_active=False)
    confirmed = desk.book(desk.visit("A"), shown="11:00")
    visit = desk.visit("B")
    booking = hold_for(desk, visit)
    kept = plan(desk)
    [out] = kept.result["unplaced"]
    assert out["booking"] == str(booking.pk)
    assert "stand in the way: chairs" in out["words"]
    assert "1 of 2 placed" in kept.result["days"][0]["words"][0]
    run = plan(desk, move_confirmed=True)
    assert run.result["unplaced"] == []
    accept(desk, run)
    confirmed.refresh_from_db()
    assert confirmed.status == "confirmed"
    assert confirmed.period.lower != at(MONDAY, "11:00")


def hold_for(desk: Desk, visit: Visit) -> Booking:
    """Hold a day that today's quick plan would refuse: written before the chairs broke."""
    other = desk.book(visit, day=MONDAY + timedelta(days=7))
    row = Booking.objects.get(clinic_day__date=MONDAY).clinic_day
    Booking.objects.filter(pk=other.pk).update(
        status="day_held", clinic_day=row, chair=None, period=None
    )
    other.refresh_from_db()
    return other


def test_two_visits_may_swap_chairs(desk: Desk) -> None:
    first = desk.book(desk.visit("A"), shown="08:00", chair=0, status="proposed")
    second = desk.book(desk.visit("B"), shown="08:15", chair=1, status="proposed")
    run = plan(desk)
    rows = {row["booking"]: row for row in run.result["rows"]}
    one, other = rows[str(first.pk)], rows[str(second.pk)]
    one["chair"], other["chair"] = str(desk.chairs[1]), str(desk.chairs[0])
    one["what"] = other["what"] = "chair"
    PlannerRun.objects.filter(pk=run.pk).update(result=run.result)
    accept(desk, run)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.chair_id, second.chair_id) == (desk.chairs[1], desk.chairs[0])


def test_a_row_that_needs_another_is_refused_whole(desk: Desk) -> None:
    first = desk.book(desk.visit("A"), shown="08:00", chair=0, status="proposed")
    desk.book(desk.visit("B"), shown="08:15", chair=1, status="proposed")
    run = plan(desk)
    row = next(row for row in run.result["rows"] if row["booking"] == str(first.pk))
    row.update(chair=str(desk.chairs[1]), what="chair")
    PlannerRun.objects.filter(pk=run.pk).update(result=run.result)
    before = places()
    with pytest.raises(RuleBroken, match=r"That chair is taken.*plan as a whole, or plan again"):
        accept(desk, run, chosen={row["id"]})
    assert places() == before
    run.refresh_from_db()
    assert run.status == "done"


def test_some_rows_may_be_accepted_and_the_others_stay(desk: Desk) -> None:
    [one, other] = hold(desk, "A", "B")
    run = plan(desk)
    accept(desk, run, chosen=[str(one.pk)])
    assert places()[one.pk][0] == "proposed"
    assert places()[other.pk][0] == "day_held"
    with pytest.raises(Conflict, match="not waiting"):
        accept(desk, run)


@pytest.mark.parametrize("chosen", [["nobody"], [], None])
def test_there_must_be_something_to_accept(desk: Desk, chosen: list[str] | None) -> None:
    desk.book(desk.visit("A"))
    with pytest.raises(Invalid):
        accept(desk, plan(desk), chosen=chosen)


def changes(desk: Desk, booking: Booking) -> dict[str, Any]:
    return {
        "cancelled": lambda: cancel(booking_id=booking.pk, reason="Ill", actor=desk.actor, now=NOW),
        "booked": lambda: desk.book(desk.visit("Z"), shown="12:00"),
        "fewer nurses": lambda: Shift.objects.filter(date=MONDAY).update(nurses=1),
        "a chair broke": lambda: ChairOutage.objects.create(
            chair_id=desk.chairs[0], period=(at(MONDAY, "08:00"), at(MONDAY, "12:00")), reason="x"
        ),
        "closed": lambda: Closure.objects.create(clinic=desk.clinic, date=MONDAY, reason="x"),
    }


@pytest.mark.parametrize("what", ["cancelled", "booked", "fewer nurses", "a chair broke", "closed"])
def test_a_plan_of_what_has_changed_is_not_accepted(desk: Desk, what: str) -> None:
    [first, _] = hold(desk, "A", "B")
    run = plan(desk)
    changes(desk, first)[what]()
    before = places()
    with pytest.raises(Stale, match="changed since the plan was made"):
        accept(desk, run)
    assert places() == before
    run.refresh_from_db()
    assert run.status == "done"


def test_another_day_may_change_meanwhile(desk: Desk) -> None:
    hold(desk, "A")
    run = plan(desk)
    desk.book(desk.visit("Z", TUESDAY), TUESDAY)
    assert accept(desk, run).status == "accepted"


def test_a_time_that_has_passed_is_not_accepted(desk: Desk) -> None:
    hold(desk, "A")
    run = plan(desk)
    with pytest.raises(RuleBroken, match="has passed"):
        accept_plan(run_id=run.pk, actor=desk.actor, now=at(MONDAY, "19:00"))


def test_overtime_is_planned_and_accepted_only_when_asked_for(desk: Desk) -> None:
    """Six first doses of nearly five hours, three chairs, half an hour less than ten hours."""
    Shift.objects.filter(date=MONDAY).update(nurses=4)
    hold(desk, "A", "B", "C")
    for name in ("D", "E", "F"):
        hold_for_monday(desk, name)
    ChairOutage.objects.bulk_create(
        ChairOutage(chair_id=one, period=(at(MONDAY, "08:00"), at(MONDAY, "08:30")), reason="x")
        for one in desk.chairs
    )
    strict = plan(desk)
    late = plan(desk, overtime_minutes=60)
    assert strict.result["unplaced"] != []
    assert late.result["unplaced"] == []
    assert late.result["days"][0]["words"][1] == (
        "the last patient leaves at 18:15, 15min after closing: unavoidable with these visits "
        "and staff"
    )
    assert accept(desk, late).status == "accepted"
    assert overlaps() == 0
    assert recompute_summaries(desk.clinic, MONDAY, MONDAY) == []


def hold_for_monday(desk: Desk, name: str) -> Booking:
    other = desk.book(desk.visit(name), day=MONDAY + timedelta(days=7 + ord(name) - ord("D")))
    row = Booking.objects.filter(clinic_day__date=MONDAY).first()
    assert row is not None
    Booking.objects.filter(pk=other.pk).update(
        status="day_held", clinic_day=row.clinic_day, chair=None, period=None
    )
    other.refresh_from_db()
    return other


def test_whoever_has_arrived_is_part_of_the_day_and_not_of_the_plan(desk: Desk) -> None:
    booking = desk.book(desk.visit("A"), shown="08:00")
    Booking.objects.filter(pk=booking.pk).update(status="arrived", arrived_at=NOW)
    found = collect(desk.clinic, MONDAY, MONDAY, Options(), now=NOW)
    [day] = found.days
    assert found.visits == ()
    assert sum(day.taken_starts) == 1
    assert day.chairs[0].taken == ((8 * 60, 8 * 60 + 300),)
    hold(desk, "B")
    assert {row["chair"] for row in plan(desk).result["rows"]}


def test_a_hold_somebody_is_talking_about_stands_still(desk: Desk) -> None:
    desk.book(desk.visit("A"), shown="13:00", status="proposed", hold_minutes=10)
    [one] = collect(desk.clinic, MONDAY, MONDAY, Options(), now=NOW).visits
    assert one.visit.confirmed == 13 * 60


def test_isolation_rooms_go_to_those_who_need_them(desk: Desk) -> None:
    Chair.objects.filter(pk=desk.chairs[2]).update(kind=Chair.Kind.ISOLATION)
    ill, well = desk.visit("A"), desk.visit("B")
    hold_day(visit_id=ill.pk, day=MONDAY, needs_isolation=True, actor=desk.actor, now=NOW)
    hold_day(visit_id=well.pk, day=MONDAY, actor=desk.actor, now=NOW)
    chairs = {row["visit"]: row["chair"] for row in plan(desk).result["rows"]}
    assert chairs[str(ill.pk)] == str(desk.chairs[2])
    assert chairs[str(well.pk)] != str(desk.chairs[2])


def test_two_shifts_of_one_nurse_are_one_shift_of_two(desk: Desk) -> None:
    hold(desk, "A", "B")
    together = collect(desk.clinic, MONDAY, MONDAY, Options(), now=NOW)
    [shift] = Shift.objects.filter(date=MONDAY)
    shift.nurses = 1
    shift.save()
    shift.pk = None
    shift.save(force_insert=True)
    apart = collect(desk.clinic, MONDAY, MONDAY, Options(), now=NOW)
    assert apart == together
    assert apart.digests[MONDAY]


@pytest.mark.parametrize(("sunday", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_the_day_the_clocks_change_is_planned_by_the_wall_clock(
    desk: Desk, sunday: date, hours: int
) -> None:
    OpeningHours.objects.create(clinic=desk.clinic, weekday=6, opens=time(8), closes=time(18))
    Shift.objects.filter(date=sunday).delete()
    staff(desk.clinic, sunday, nurses=2)
    visits = [desk.visit(name, sunday) for name in "ABC"]
    for visit in visits[:2]:
        hold_day(visit_id=visit.pk, day=sunday, actor=desk.actor, now=NOW)
    desk.book(visits[2], sunday, "08:00")
    [day] = collect(desk.clinic, sunday, sunday, Options(), now=NOW).days
    assert day.slots == 4 * hours
    run = plan(desk, sunday)
    starts = sorted(datetime.fromisoformat(row["start"]) for row in run.result["rows"])
    assert starts[0] == at(sunday, "08:00")
    assert starts[-1] < at(sunday, "18:00")
    assert run.result["days"][0]["closes"] == max(
        f"{(start + timedelta(minutes=285)).astimezone(ZoneInfo('Europe/Berlin')):%H:%M}"
        for start in starts
    )
    accept(desk, run)
    assert overlaps() == 0
    assert recompute_summaries(desk.clinic, sunday, sunday) == []


def test_a_day_that_is_too_full_says_what_would_help(desk: Desk) -> None:
    Chair.objects.exclude(pk=desk.chairs[0]).update(is_active=False)
    desk.book(desk.visit("A"), shown="11:00")
    hold_for(desk, desk.visit("B"))
    day = plan(desk).result["days"][0]
    assert day["what_if"] == [
        "With one more chair: nobody left out.",
        "With one more nurse: no change.",
        "With half an hour more at the end of the day: no change.",
    ]
    assert plan(desk, move_confirmed=True).result["days"][0]["what_if"] == []


def test_clashing_promises_are_said_in_words(desk: Desk) -> None:
    desk.book(desk.visit("A"), shown="08:00")
    desk.book(desk.visit("B"), shown="08:00", chair=1)
    Shift.objects.filter(date=MONDAY).update(nurses=1)
    run = plan(desk)
    assert run.status == "failed"
    assert run.problem == (
        "What is promised already cannot be kept: At 09:00 2 infusions would start; the nurses "
        "can do 1."
    )


@pytest.mark.usefixtures("own_process")
def test_due_doses_are_planned_along_and_booked_as_proposals(desk: Desk) -> None:
    visits = [desk.visit(name) for name in ("A", "B")]
    run = plan(desk, MONDAY, MONDAY + timedelta(days=2), include_due=True)
    assert run.kind == "weeks"
    assert {row["visit"] for row in run.result["rows"]} == {str(visit.pk) for visit in visits}
    assert {row["what"] for row in run.result["rows"]} == {"new"}
    assert all(row["start"].startswith(f"{MONDAY}") for row in run.result["rows"])
    accept(desk, run)
    assert {one.status for one in Booking.objects.all()} == {"proposed"}
    assert set(Visit.objects.filter(status="booked")) == set(visits)
    assert recompute_summaries(desk.clinic, MONDAY, MONDAY) == []


def test_no_dose_is_planned_before_its_minimum_interval(desk: Desk) -> None:
    """The second half dose is due a fortnight after the first."""
    visit = desk.visit("A")
    desk.book(visit)
    second = Visit.objects.get(course=visit.course, dose_number=2)
    run = plan(desk, MONDAY, second.due_on, include_due=True)
    [row] = [row for row in run.result["rows"] if row["visit"] == str(second.pk)]
    assert second.earliest_on <= date.fromisoformat(row["day"]) <= second.due_on
    early = plan(desk, MONDAY, second.earliest_on - timedelta(days=1), include_due=True)
    assert [r for r in early.result["rows"] if r["visit"] == str(second.pk)] == []


def test_closed_days_take_no_part(desk: Desk) -> None:
    Closure.objects.create(clinic=desk.clinic, date=TUESDAY, reason="Move")
    run = plan(desk, MONDAY, TUESDAY)
    assert [day["date"] for day in run.result["days"]] == [f"{MONDAY}"]
    assert "Move" in run.result["unopened"][0]


@pytest.mark.parametrize(
    ("first", "last", "overtime"),
    [
        (NOW.date() - timedelta(days=1), MONDAY, 0),
        (TUESDAY, MONDAY, 0),
        (MONDAY, MONDAY + timedelta(days=28), 0),
        (MONDAY, MONDAY, 181),
        (MONDAY, MONDAY, -15),
    ],
)
def test_a_span_that_makes_no_sense_is_refused(
    desk: Desk, first: date, last: date, overtime: int
) -> None:
    with pytest.raises(Invalid):
        plan(desk, first, last, overtime_minutes=overtime)
    assert PlannerRun.objects.count() == 0


def test_only_schedulers_plan_and_only_in_their_clinic(desk: Desk) -> None:
    hold(desk, "A")
    run = plan(desk)
    nurse, stranger = make_actor(desk.clinic, Role.NURSE), make_desk("south").actor
    for actor, refusal in ((nurse, Forbidden), (stranger, NotFound)):
        with pytest.raises(refusal):
            accept_plan(run_id=run.pk, actor=actor, now=NOW)
        with pytest.raises(refusal):
            cancel_plan(run_id=run.pk, actor=actor, now=NOW)
    with pytest.raises(Forbidden):
        request_plan(first_on=MONDAY, last_on=MONDAY, options=Options(), actor=nurse, now=NOW)


def requested(desk: Desk, now: datetime = NOW) -> PlannerRun:
    return request_plan(
        first_on=MONDAY, last_on=MONDAY, options=Options(), actor=desk.actor, now=now
    )


def test_a_cancelled_run_keeps_nothing(desk: Desk) -> None:
    run = requested(desk)
    take_plan(run_id=run.pk, now=NOW)
    assert move_plan_on(run_id=run.pk, progress=40, now=NOW)
    assert cancel_plan(run_id=run.pk, actor=desk.actor, now=NOW).status == "cancelled"
    assert not move_plan_on(run_id=run.pk, progress=50, now=NOW)
    assert not finish_plan(run_id=run.pk, result={"rows": []}, now=NOW)
    fail_plan(run_id=run.pk, problem="late", now=NOW)
    run.refresh_from_db()
    assert (run.status, run.result, run.problem) == ("cancelled", {}, "")
    with pytest.raises(Conflict, match="finished already"):
        cancel_plan(run_id=run.pk, actor=desk.actor, now=NOW)
    with pytest.raises(Conflict):
        accept(desk, run)
    with pytest.raises(NotFound):
        work_on(run.pk, now=lambda: NOW)


def test_cancelling_ends_the_solver(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    hold(desk, "A")
    seen: list[bool] = []

    def slow(shape: Any, begin: Any, *, seed: int, seconds: float, stop: Any) -> None:
        del shape, begin, seed, seconds
        while not stop():
            pass
        seen.append(True)

    monkeypatch.setattr(plan_jobs, "solve_apart", slow)
    monkeypatch.setattr(plan_jobs, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(plan_jobs, "move_plan_on", cancelling(desk))
    run = requested(desk)
    work_on(run.pk, now=lambda: NOW)
    run.refresh_from_db()
    assert seen == [True]
    assert run.status == "cancelled"


def cancelling(desk: Desk) -> Any:
    """Somebody cancels at the first look."""

    def look(*, run_id: UUID, progress: int, now: datetime) -> bool:
        if PlannerRun.objects.filter(pk=run_id, status="running").exists():
            cancel_plan(run_id=run_id, actor=desk.actor, now=now)
        return move_plan_on(run_id=run_id, progress=progress, now=now)

    return look


@pytest.mark.usefixtures("own_process")
def test_a_dead_solver_leaves_the_heuristic_plan(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduling.planner.parent.COMMAND", ("false",))
    hold(desk, "A", "B")
    run = plan(desk)
    assert run.status == "done"
    [day] = run.result["days"]
    assert day["solver"] == "heuristic"
    assert day["words"][0] == "2 of 2 placed (all possible)"
    assert accept(desk, run).status == "accepted"


def test_a_planner_that_breaks_says_so_and_changes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **more: object) -> None:
        raise ZeroDivisionError

    hold(desk, "A")
    monkeypatch.setattr(planner_day, "first_plan", broken)
    run = requested(desk)
    with pytest.raises(ZeroDivisionError):
        work_on(run.pk, now=lambda: NOW)
    run.refresh_from_db()
    assert (run.status, run.problem) == ("failed", plan_jobs.BROKEN)


def test_a_run_whose_worker_died_is_closed_by_the_next_request(desk: Desk) -> None:
    lost = requested(desk)
    take_plan(run_id=lost.pk, now=NOW)
    requested(desk, NOW + LOST_AFTER)
    lost.refresh_from_db()
    assert lost.status == "running"
    requested(desk, NOW + LOST_AFTER + timedelta(seconds=1))
    lost.refresh_from_db()
    assert lost.status == "failed"
    assert "plan again" in lost.problem


def test_two_workers_do_not_plan_one_run(desk: Desk) -> None:
    run = requested(desk)
    take_plan(run_id=run.pk, now=NOW)
    with pytest.raises(NotFound):
        take_plan(run_id=run.pk, now=NOW)
    with pytest.raises(NotFound):
        accept_plan(run_id=uuid4(), actor=desk.actor, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_the_command_plans_without_a_broker(capsys: pytest.CaptureFixture[str]) -> None:
    desk = make_desk()
    hold(desk, "A")
    first = requested(desk)
    with time_machine.travel(NOW, tick=False):
        call_command("plan_day", "--waiting")
        call_command("plan_day", "--clinic", "north", "--on", f"{MONDAY}")
    first.refresh_from_db()
    assert first.status == "done"
    assert PlannerRun.objects.filter(status="done").count() == 2
    said = capsys.readouterr().out
    assert f"north {MONDAY} done" in said
    assert "1 of 1 placed (all possible)" in said

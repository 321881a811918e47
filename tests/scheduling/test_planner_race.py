"""Two people accept at once, or one accepts while another books: one of them is told, and no
nurse or chair is counted on twice. Each race has a control without the guard."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import date
from functools import partial
from typing import Any

import pytest

from core.errors import Refusal
from scheduling import plan_jobs
from scheduling.days import recompute_summaries
from scheduling.models import Booking
from scheduling.placement import refuse_place
from scheduling.plan_input import Options
from scheduling.plan_jobs import work_on
from scheduling.planner_model import PlannerRun
from scheduling.services import planner_accept
from scheduling.services.bookings import hold_day
from scheduling.services.planner_accept import accept_plan
from scheduling.services.planner_runs import request_plan
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk
from tests.scheduling.racing import deadlocks, meeting, overlaps, race

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _no_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_jobs, "solve_apart", lambda *args, **more: None)


def planned(desk: Desk, day: date = MONDAY) -> PlannerRun:
    run = request_plan(first_on=day, last_on=day, options=Options(), actor=desk.actor, now=NOW)
    work_on(run.pk, now=lambda: NOW)
    run.refresh_from_db()
    return run


def accepting(desk: Desk, run: PlannerRun) -> Callable[[], object]:
    return partial(accept_plan, run_id=run.pk, actor=desk.actor, now=NOW)


def refusals(found: list[object]) -> list[Refusal]:
    return [one for one in found if isinstance(one, Refusal)]


def held(desk: Desk, *names: str) -> None:
    for name in names:
        hold_day(visit_id=desk.visit(name).pk, day=MONDAY, actor=desk.actor, now=NOW)


def test_one_plan_is_accepted_by_one_of_two() -> None:
    desk, before = make_desk(), deadlocks()
    held(desk, "A", "B")
    run = planned(desk)
    [refused] = refusals(race(accepting(desk, run), accepting(desk, run)))
    assert refused.code == "conflict"
    assert {one.version for one in Booking.objects.all()} == {2}
    assert deadlocks() == before


def test_of_two_plans_of_one_day_the_second_is_stale() -> None:
    desk = make_desk()
    held(desk, "A", "B")
    runs = [planned(desk), planned(desk)]
    [refused] = refusals(race(*(accepting(desk, run) for run in runs)))
    assert refused.code == "stale"
    assert {one.version for one in Booking.objects.all()} == {2}


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
def test_a_booking_made_meanwhile_is_never_planned_over(
    monkeypatch: pytest.MonkeyPatch,
    guarded: bool,  # noqa: FBT001 - pytest passes by name
) -> None:
    """Both have looked before either writes. The lock keeps the second away until the first is
    through; the control takes the lock and the fingerprint away and counts a nurse twice."""
    desk = make_desk(nurses=1, chairs=3)
    held(desk, "A")
    other = desk.visit("Z")
    run = planned(desk)
    [row] = run.result["rows"]
    elsewhere = next(n for n, chair in enumerate(desk.chairs) if str(chair) != row["chair"])
    book = partial(desk.book, other, shown=local(row["start"]), chair=elsewhere)
    with nullcontext() if guarded else unguarded(monkeypatch):
        found = race(accepting(desk, run), book)
    starts = [one.period.lower for one in Booking.objects.exclude(period=None)]
    clash = len(starts) != len(set(starts))
    assert clash is not guarded
    assert len(refusals(found)) == (1 if guarded else 0)
    assert overlaps() == 0
    assert not guarded or recompute_summaries(desk.clinic, MONDAY, MONDAY) == []


def local(start: str) -> str:
    return next(
        f"{hour:02}:{minute:02}"
        for hour in range(8, 18)
        for minute in (0, 15, 30, 45)
        if at(MONDAY, f"{hour:02}:{minute:02}").isoformat() == start
    )


def unguarded(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Nobody waits for a day, and both come to the point of writing together."""
    from scheduling.services import desk as desk_module  # noqa: PLC0415

    def days_unlocked(clinic: Any, dates: Any, *, now: Any) -> Any:
        from scheduling.models import ClinicDay  # noqa: PLC0415
        from scheduling.standing import standing_on  # noqa: PLC0415

        rows = ClinicDay.objects.filter(clinic=clinic, date__in=set(dates))
        standing = standing_on([row.pk for row in rows])
        for row in rows:
            row.standing = standing[row.pk]
        return {row.date: row for row in rows}

    together = meeting(lambda: None)

    def met(check: Callable[..., Any]) -> Callable[..., Any]:
        def look(*args: Any, **more: Any) -> Any:
            answer = check(*args, **more)
            together()
            return answer

        return look

    monkeypatch.setattr(planner_accept, "lock_days", days_unlocked)
    monkeypatch.setattr(desk_module, "lock_days", days_unlocked)
    monkeypatch.setattr(planner_accept, "_refuse_misfits", met(planner_accept._refuse_misfits))
    monkeypatch.setattr("scheduling.services.placing.refuse_place", met(refuse_place))
    return nullcontext()

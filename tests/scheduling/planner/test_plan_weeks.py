"""Planning days in a row: whole days filled, promised days kept, tight days given less."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.planner.check import check
from scheduling.planner.values import Plan, PlanDay
from scheduling.planner.weeks import WeekPlan, nearest_day, plan_weeks
from scheduling.planner.weeks_program import WeekVisit, groups_of, problem_of
from scheduling.planner.weeks_solver import solve_weeks
from tests.scheduling.planner.builders import OPENS, a_day, days, visit, visits_of


def by_solver(problem: dict[str, Any], *, seed: int) -> list[list[list[int]]] | None:
    found: list[list[list[int]]] = solve_weeks(problem, seconds=600, seed=seed)["given"]
    return found


def anywhere(*names: str, across: int = 2) -> list[WeekVisit]:
    return [WeekVisit(visit(name), tuple((day, day) for day in range(across))) for name in names]


def on_day(plan: WeekPlan, day: int) -> set[str]:
    return {name for name, given in plan.days.items() if given == day}


@settings(max_examples=15, deadline=None)
@given(
    visits_of(most=6), st.lists(days(), min_size=1, max_size=3),
    st.sampled_from([None, by_solver]), st.lists(st.integers(1, 7), min_size=6, max_size=6),
)  # fmt: skip
def test_every_day_of_a_plan_keeps_its_rules_and_everybodys_days(
    visits: list[Any], across: list[PlanDay], assigner: Any, windows: list[int]
) -> None:
    positions = range(len(across))
    own = {
        each.id: [day for day in positions if mine >> day & 1] or [0]
        for each, mine in zip(visits, windows, strict=False)
    }
    wanted = [WeekVisit(each, tuple((day, day) for day in own[each.id])) for each in visits]
    plan = plan_weeks(wanted, across, assigner=assigner)
    assert all(day in own[name] for name, day in plan.days.items())
    assert {*plan.days, *(out.visit for out in plan.unplaced)} == {each.id for each in visits}
    assert len(plan.days) + len(plan.unplaced) == len(visits)
    for position, day in enumerate(across):
        here = plan.plans[position]
        there = [each for each in visits if plan.days.get(each.id) == position]
        assert check(here.starts, here.chairs, there, day) == []
        assert set(here.starts) == on_day(plan, position)


def test_nobody_is_left_out_while_another_day_of_the_window_has_room() -> None:
    days_ = [a_day(1, 2, overtime=0), a_day(1, 2, overtime=0)]
    for assigner in (None, by_solver):
        plan = plan_weeks(anywhere("a", "b"), days_, assigner=assigner)
        assert plan.unplaced == ()
        assert sorted(plan.days.values()) == [0, 1]


def test_a_promised_day_stays_and_the_others_make_way() -> None:
    kept = WeekVisit(visit("kept"), ((1, 0),))
    plan = plan_weeks([kept, *anywhere("a")], [a_day(1, 2, overtime=0)] * 2, assigner=by_solver)
    assert plan.days == {"kept": 1, "a": 0}


def test_the_nearest_day_comes_first_and_a_full_window_is_said() -> None:
    days_ = [a_day(4, 2, overtime=0)] * 2
    late = [WeekVisit(visit("a"), ((0, 6), (1, 1)))]
    assert plan_weeks(late, days_, assigner=by_solver).days == {"a": 1}
    shut = replace(a_day(), nurses=(0,) * 96)
    full = plan_weeks(anywhere("a", "b"), [shut, shut])
    assert all(out.words.startswith("No day of its window has room left.") for out in full.unplaced)
    assert {out.day for out in full.unplaced} == {0}


def test_a_day_that_cannot_hold_what_its_sums_allow_is_offered_less() -> None:
    """Three long visits fit the first day by their sum and not by the clock: one has to go."""
    across = [a_day(3, 3, overtime=0, hours=4, pharmacy_limit=1), a_day(3, 3, overtime=0, hours=4)]
    wanted = [
        WeekVisit(visit(name, 195, latest=OPENS), ((0, 0), (1, 1))) for name in ("a", "b", "c")
    ]
    plan = plan_weeks(wanted, across, assigner=by_solver)
    assert plan.unplaced == ()
    assert len(on_day(plan, 0)) == 1


def test_days_may_be_planned_side_by_side() -> None:
    asked = []

    def together(jobs: Iterable[Callable[[], Plan]]) -> list[Plan]:
        jobs = list(jobs)
        asked.append(len(jobs))
        return [job() for job in reversed(jobs)][::-1]

    plan = plan_weeks(anywhere("a", "b"), [a_day(1, 2, overtime=0)] * 2, together=together)
    assert asked[0] == 2
    assert len(plan.days) == 2


def test_without_a_solver_the_heavier_goes_first() -> None:
    problem = {
        "visits": [
            {"weight": 1, "needs": [4], "days": [(0, 0)]},
            {"weight": 2, "needs": [4], "days": [(0, 0), (1, 1)]},
        ],
        "rooms": [[4], [3]],
    }
    assert nearest_day(problem) == [None, 0]


def test_the_solver_lets_the_heavier_have_the_only_room() -> None:
    light = WeekVisit(visit("a", priority=1), ((0, 0),))
    heavy = WeekVisit(visit("b", priority=2), ((0, 0), (1, 1)))
    across = [a_day(1, 2, overtime=0), replace(a_day(), nurses=(0,) * 96)]
    groups = groups_of([light, heavy])
    problem = problem_of([light, heavy], across, [1.0, 1.0], groups)
    assert by_solver(problem, seed=0) == [[], [[0, 1]]]


def test_visits_that_are_alike_are_counted_together() -> None:
    """Wishes and names make no difference to a day; phases and windows do."""
    same = [WeekVisit(visit(n, preferred=OPENS), ((0, 0), (1, 1))) for n in "abc"]
    other = WeekVisit(visit("d", earliest=OPENS + 15), ((0, 0), (1, 1)))
    promised = WeekVisit(visit("e", confirmed=OPENS), ((0, 0),))
    groups = groups_of([*same, other, promised])
    assert [len(members) for members in groups.members] == [3, 1]
    assert len(groups.kinds) == 2


def test_two_long_visits_do_not_share_a_chair_whatever_the_sum_says() -> None:
    """Each is 75 minutes long with its turnaround; the day has 120, and 90 of one more chair."""
    long = [visit(name, 60) for name in ("a", "b")]
    wanted = [WeekVisit(one, ((0, 0), (1, 5))) for one in long]
    across = [a_day(1, 2, overtime=0, hours=2), a_day(1, 2, overtime=0, hours=2)]
    plan = plan_weeks(wanted, across, assigner=by_solver)
    assert sorted(plan.days.values()) == [0, 1]


def test_no_further_round_begins_when_time_is_up() -> None:
    asked = []

    def counting(problem: dict[str, Any], *, seed: int) -> Any:
        asked.append(1)
        return by_solver(problem, seed=seed)

    full = [a_day(1, 2, overtime=0)] * 2
    wanted = anywhere("a", "b", "c")
    plan_weeks(wanted, full, assigner=counting, going=lambda: False)
    assert len(asked) == 1

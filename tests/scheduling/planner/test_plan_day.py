"""What every plan of a day keeps to, whatever the day and whoever made it."""

from dataclasses import replace
from functools import partial
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scheduling.planner.check import check
from scheduling.planner.day import Solver, bounds_for, first_plan
from scheduling.planner.day import plan_day as plan_in_full
from scheduling.planner.heuristics import best_fit, first_fit, packed, ruin_and_recreate
from scheduling.planner.room import Places
from scheduling.planner.score import score
from scheduling.planner.shape import Shape, shape_of
from scheduling.planner.solver import Model, Outcome, solve
from scheduling.planner.values import (
    FINISH_ON_TIME,
    Bounds,
    InfeasibleInput,
    Plan,
    PlanDay,
    PlanVisit,
    Solved,
)
from tests.scheduling.planner.builders import (
    OPENS,
    a_day,
    best_of_all,
    days,
    examples,
    phases,
    visit,
    visits_of,
)

quick = examples(25)


def in_process(shape: Shape, begin: Places, *, seed: int) -> Solved | None:
    """The solver without its process, and with all the time it wants: no clock decides a test."""
    return list(solve(shape, begin, seconds=600, seed=seed))[-1]


plan_day = partial(plan_in_full, rounds=20)  # a search as long as in the clinic takes minutes here
exact = partial(plan_day, solver=in_process)


def reached(plan: Plan) -> tuple[int, ...]:
    return tuple(tier.value for tier in plan.tiers)


@quick
@given(visits_of(), days(), st.sampled_from([None, in_process]))
def test_a_plan_keeps_every_rule_and_never_beats_its_bound(
    visits: list[PlanVisit], day: PlanDay, solver: Solver | None
) -> None:
    plan = plan_day(visits, day, solver=solver)
    assert check(plan.starts, plan.chairs, visits, day) == []
    assert {*plan.starts, *(out.visit for out in plan.unplaced)} == {each.id for each in visits}
    assert set(plan.chairs) == set(plan.starts)
    for tier in plan.tiers:
        assert tier.bound is None or tier.bound <= tier.value
        assert tier.proven == (tier.bound == tier.value)


@examples(15)
@given(visits_of(most=3, aligned=True), days(chairs=2))
def test_a_plan_is_the_best_of_all_plans(visits: list[PlanVisit], day: PlanDay) -> None:
    plan = exact(visits, day)
    best = best_of_all(visits, day)
    assert reached(plan)[:2] == best[:2]
    assert best[2] <= reached(plan)[2] <= best[2] * 1.006
    assert [tier.bound for tier in plan.tiers[:2]] == list(best[:2])


@quick
@given(visits_of(), days(), st.randoms(use_true_random=False))
def test_the_order_of_visits_and_chairs_is_irrelevant(
    visits: list[PlanVisit], day: PlanDay, random: object
) -> None:
    shuffled = list(visits)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert plan_day(visits, day) == plan_day(shuffled, day)


MORE = {
    "chair": lambda day: replace(
        day, chairs=(*day.chairs, replace(day.chairs[-1], id="more", taken=()))
    ),
    "hood": lambda day: replace(day, pharmacy_limit=day.pharmacy_limit and day.pharmacy_limit + 1),
    "nurse": lambda day: replace(day, nurses=tuple(n and n + 1 for n in day.nurses)),
}


@examples(20)
@given(visits_of(), days(), st.sampled_from(sorted(MORE)))
def test_one_more_chair_hood_or_nurse_never_makes_it_worse(
    visits: list[PlanVisit], day: PlanDay, what: str
) -> None:
    assert reached(exact(visits, MORE[what](day)))[:2] <= reached(exact(visits, day))[:2]


@examples(20)
@given(visits_of(), days())
def test_one_visit_less_never_makes_it_worse(visits: list[PlanVisit], day: PlanDay) -> None:
    assert reached(exact(visits[1:], day))[:2] <= reached(exact(visits, day))[:2]


@quick
@given(visits_of(), days(), st.integers(1, 20))
def test_a_day_that_begins_later_is_the_same_plan_later(
    visits: list[PlanVisit], day: PlanDay, slots: int
) -> None:
    by = slots * 15

    def later(minute: int | None) -> int | None:
        return None if minute is None else minute + by

    moved = [
        replace(
            each,
            preferred=later(each.preferred),
            earliest=later(each.earliest),
            latest=later(each.latest),
        )
        for each in visits
    ]
    shifted = replace(
        day, opens=day.opens + by, closes=day.closes + by, hard_close=day.hard_close + by,
        nurses=(0,) * slots + day.nurses[:-slots],
        chairs=tuple(
            replace(one, taken=tuple((a + by, b + by) for a, b in one.taken)) for one in day.chairs
        ),
    )  # fmt: skip
    before, after = plan_day(visits, day), plan_day(moved, shifted)
    assert {name: start + by for name, start in before.starts.items()} == dict(after.starts)
    assert reached(before) == reached(after)


@quick
@given(visits_of(), days())
def test_promised_times_stand_still(visits: list[PlanVisit], day: PlanDay) -> None:
    plan = plan_day(visits, day)
    promised = [
        replace(each, confirmed=plan.starts.get(each.id), chair=plan.chairs.get(each.id))
        for each in visits
    ]
    newcomer = visit("new", 15, preferred=OPENS, priority=9)
    again = exact([*promised, newcomer], day)
    assert {name: again.starts[name] for name in plan.starts} == dict(plan.starts)


@quick
@given(visits_of(), days())
def test_a_day_all_promised_is_planned_as_it_is(visits: list[PlanVisit], day: PlanDay) -> None:
    plan = plan_day(visits, day)
    kept = [
        replace(each, confirmed=plan.starts[each.id], chair=plan.chairs[each.id])
        for each in visits
        if each.id in plan.starts
    ]
    again = plan_day(kept, day, solver=broken)
    assert again.starts == plan.starts
    assert again.unplaced == ()
    assert all(tier.proven for tier in again.tiers)
    assert again == exact(kept, day)


def test_promises_that_clash_are_said_not_mended() -> None:
    both = [visit(name, confirmed=OPENS, chair="c0") for name in "ab"]
    with pytest.raises(InfeasibleInput, match="At 08:00 2 infusions would start"):
        plan_day(both, a_day(chairs=2, nurses=1))
    with pytest.raises(InfeasibleInput, match=r"chair is needed twice at 08:00"):
        plan_day(both, a_day(chairs=1, nurses=2))
    with pytest.raises(InfeasibleInput, match="visit at 07:00 is not inside the hours"):
        plan_day([visit("a", confirmed=OPENS - 60)], a_day())


def silent(shape: Shape, begin: Places, *, seed: int) -> None:
    del shape, begin, seed


def double(shape: Shape, begin: Places, *, seed: int) -> Solved:
    """Everybody at once, with the best of bounds."""
    del begin, seed
    everyone = dict.fromkeys(range(len(shape.items)), (OPENS // 15, 0))
    return Solved(everyone, Bounds(0, 0, 0))


def stranger(shape: Shape, begin: Places, *, seed: int) -> Solved:
    del shape, seed
    return Solved({**begin, 99: (32, 0)}, Bounds(0, 0, 0))


def worse(shape: Shape, begin: Places, *, seed: int) -> Solved:
    del shape, begin, seed
    return Solved({}, Bounds())


def broken(shape: Shape, begin: Places, *, seed: int) -> Solved:
    raise AssertionError("there is one plan: nobody has to be asked")


@pytest.mark.parametrize("bad", [silent, double, stranger, worse])
def test_a_solver_in_trouble_costs_nothing(bad: object) -> None:
    visits = [visit(name, preferred=OPENS) for name in "abcd"]
    plan = plan_day(visits, a_day(), solver=bad)  # type: ignore[arg-type]
    assert plan == plan_day(visits, a_day())
    assert plan.solver == "heuristic"
    assert [tier.bound for tier in plan.tiers] == [0, None, None]  # nobody is fewer than nobody


@quick
@given(visits_of(), days(), st.integers(0, 3))
def test_a_plan_is_never_worse_than_any_heuristic(
    visits: list[PlanVisit], day: PlanDay, seed: int
) -> None:
    shape = shape_of(visits, day, FINISH_ON_TIME)
    plan = reached(plan_day(visits, day, seed=seed))
    begun = first_plan(shape, seed=seed)
    better = ruin_and_recreate(shape, begun, seed=seed, rounds=50)
    assert score(shape, better) <= score(shape, begun)
    for simple in (first_fit, best_fit, packed):
        assert plan <= score(shape, simple(shape))


def test_progress_only_rises() -> None:
    heard: list[int] = []
    plan_day([visit()], a_day(), solver=in_process, told=heard.append)
    assert heard
    assert all(one < other for one, other in pairwise(heard))


def test_the_same_seed_gives_the_same_plan() -> None:
    visits = [visit(f"v{n}", 30 + 15 * (n % 3), preferred=OPENS + 15 * (n % 5)) for n in range(7)]
    assert exact(visits, a_day(), seed=3) == exact(visits, a_day(), seed=3)


@examples(15)
@given(visits_of(), days(), st.sampled_from([23, 24, 25]))
def test_a_day_of_23_or_25_hours_is_planned_like_any_other(
    visits: list[PlanVisit], day: PlanDay, hours: int
) -> None:
    """The clocks change at night: the hours of the clinic are as long as ever."""
    nurses = (*day.nurses, *[0] * 4)[: hours * 4]
    changed = replace(day, nurses=nurses, hard_close=min(day.hard_close, hours * 60))
    plan = plan_day(visits, changed)
    assert check(plan.starts, plan.chairs, visits, changed) == []
    assert plan == plan_day(visits, day)


@examples(15)
@given(st.lists(st.integers(1, 90), min_size=1, max_size=5), days())
@example([1, 1, 1, 1], a_day(2, 1, overtime=0, points_per_nurse=2, pharmacy_limit=1))
def test_lengths_off_the_quarter_hour_are_rounded_up_never_down(
    minutes: list[int], day: PlanDay
) -> None:
    visits = [
        replace(visit(f"v{n}", length), phases=phases(length, before=n * 7, after=length % 11))
        for n, length in enumerate(minutes)
    ]
    plan = exact(visits, day)
    assert check(plan.starts, plan.chairs, visits, day) == []
    whole = [replace(one, phases=phases(-(-one.phases.infusion // 15) * 15)) for one in visits]
    assert check(exact(whole, day).starts, exact(whole, day).chairs, whole, day) == []


def test_a_solver_is_never_given_more_time_than_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, not measured: each run of the solver uses up all the seconds it is given."""
    clock, given = [0.0], []

    def run(self: Model, seconds: float) -> Outcome:
        given.append(seconds)
        clock[0] += max(0.05, seconds)
        return honest(self, 10)

    honest = Model.run
    fake = SimpleNamespace(monotonic=lambda: clock[0])
    monkeypatch.setattr("scheduling.planner.solver.time", fake)
    monkeypatch.setattr(Model, "run", run)
    visits = [visit(f"v{n}", 45, preferred=OPENS) for n in range(9)]
    for limit in (0.0, 1.0, 10.0):
        clock[0] = 0.0
        shape = shape_of(visits, a_day(2, 2), FINISH_ON_TIME)
        last = list(solve(shape, first_plan(shape, seed=0), seconds=limit, seed=0))[-1]
        assert score(shape, last.places) <= score(shape, first_plan(shape, seed=0))
        assert clock[0] <= limit * 1.2 + 0.05 * len(given)


def test_reactions_make_the_day_longer_than_planned() -> None:
    visits = [visit(f"v{n}", 90, first=True) for n in range(4)]
    plan = plan_day(visits, a_day(4, 2))
    assert plan.expected_overtime_p90 is not None
    assert plan.expected_overtime_p90 > plan.tier("overtime").value


def test_a_bound_is_kept_only_where_it_holds() -> None:
    """What was proven of overtime with somebody left out says nothing once nobody is."""
    visits = [visit(name, 30) for name in "abc"]
    shape = shape_of(visits, a_day(), FINISH_ON_TIME)
    everybody = first_plan(shape, seed=0)
    fewer = {n: place for n, place in everybody.items() if n}
    solved = Solved(fewer, Bounds(0, 0, 7))
    assert bounds_for(shape, fewer, solved) == Bounds(0, 0, 7)
    assert bounds_for(shape, everybody, solved) == Bounds(0, None, None)


def test_a_solver_that_ran_out_of_time_is_searched_on_from() -> None:
    visits = [visit(f"v{n}", 30 + 15 * (n % 3), preferred=OPENS + 15 * (n % 4)) for n in range(9)]
    day = a_day(2, 2)

    def tired(shape: Shape, begin: Places, *, seed: int) -> Solved:
        del seed
        return Solved({n: place for n, place in begin.items() if n % 2}, Bounds(0))

    assert reached(plan_day(visits, day, solver=tired)) <= reached(plan_day(visits, day))

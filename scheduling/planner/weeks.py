"""Planning days in a row: first which day, then the hours of each day, then mending.

Days are given out by the clock (`weeks_program`), and each is then planned in full. Where the full
plan leaves somebody out or runs late all the same, the day is offered a little less and all is
asked again, a few rounds long; the best round counts.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

from scheduling.capacity import load_of
from scheduling.grid import MINUTES
from scheduling.planner.day import Solver, plan_day, refuse_clashes
from scheduling.planner.explain import starts_beside, why_not
from scheduling.planner.values import (
    FINISH_ON_TIME,
    InfeasibleInput,
    Plan,
    PlanDay,
    PlanVisit,
    Policy,
    Reason,
)
from scheduling.planner.weeks_program import Groups, WeekVisit, days_of, groups_of, problem_of

FILL, LESS, ROUNDS = 0.97, 0.97, 3
SEARCHED, NEAR = 40, 10  # of those without a day: how many are looked at, and how many days of each
NO_DAY = "No day of its window has room left."
Job = Callable[[], Plan]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekPlan:
    """The plan of each day by position, who has which day, and who has none.

    A day in `clashes` took no part: what is promised on it cannot be kept, for those reasons.
    """

    plans: Mapping[int, Plan]
    days: Mapping[str, int]
    unplaced: tuple[Reason, ...] = ()
    clashes: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


class Assigner(Protocol):
    """Says how many of each group go to which day as [[day, count], ...]; or nothing (None)."""

    def __call__(self, problem: dict[str, Any], *, seed: int) -> list[list[list[int]]] | None: ...


def _one_by_one(jobs: Iterable[Job]) -> list[Plan]:
    return [job() for job in jobs]


def plan_weeks(
    visits: Sequence[WeekVisit],
    days: Sequence[PlanDay],
    *,
    policy: Policy = FINISH_ON_TIME,
    assigner: Assigner | None = None,
    solver: Solver | None = None,
    seed: int = 0,
    together: Callable[[Iterable[Job]], list[Plan]] = _one_by_one,
    told: Callable[[int], None] = lambda _: None,
    going: Callable[[], bool] = lambda: True,
) -> WeekPlan:
    """Return a day and a time for as many as fit. `together` may run the days side by side;
    another round begins while `going` says that there is time.

    A day whose promised visits cannot be kept takes no part; raises InfeasibleInput when it is the
    only one.
    """
    clashes = _clashes(visits, days)
    if clashes and len(days) == 1:
        raise InfeasibleInput(clashes[0])
    visits = _without(sorted(visits, key=lambda one: one.visit.id), clashes)
    plan_all = partial(
        _plan_days, visits, days, known={}, together=together, policy=policy, solver=solver,
        seed=seed,
    )  # fmt: skip
    given, plans = _best_round(
        visits, days, plan_all, assigner=assigner, seed=seed, told=told, going=going
    )
    more = {**given, **_room_found(visits, days, given, plans, policy)}
    if more != given:
        changed = plan_all(more)
        if _reached(visits, more, changed) < _reached(visits, given, plans):
            given, plans = more, changed
    return _gather(visits, days, given, plans, clashes=clashes, policy=policy)


def _best_round(
    visits: Sequence[WeekVisit],
    days: Sequence[PlanDay],
    plan_all: Callable[[Mapping[str, int]], dict[int, Plan]],
    *,
    assigner: Assigner | None,
    seed: int,
    told: Callable[[int], None],
    going: Callable[[], bool],
) -> tuple[dict[str, int], dict[int, Plan]]:
    """Give out the days and plan them; offer less of those that came out tight, and again."""
    groups, fill = groups_of(visits), [1.0] * len(days)
    found = []
    for round_ in range(ROUNDS):
        given = _assign(visits, days, fill, groups=groups, assigner=assigner, seed=seed)
        plans = plan_all(given)
        found.append((given, plans))
        told(100 * (round_ + 1) // (ROUNDS + 1))
        tight = _tight(visits, given, plans)
        if not tight or not going():
            break
        for day in tight:
            fill[day] *= min(LESS, _share_placed(visits, given, plans[day], day) + 0.01)
    return min(found, key=lambda each: _reached(visits, *each))


def _clashes(visits: Sequence[WeekVisit], days: Sequence[PlanDay]) -> dict[int, tuple[str, ...]]:
    """Return the days whose promised visits cannot be kept, and why."""
    promised: dict[int, list[PlanVisit]] = {}
    for one in visits:
        if one.visit.confirmed is not None:
            promised.setdefault(one.days[0][0], []).append(one.visit)
    found = {}
    for day, kept in promised.items():
        try:
            refuse_clashes(kept, days[day])
        except InfeasibleInput as clash:
            found[day] = clash.words
    return found


def _without(visits: Sequence[WeekVisit], closed: Collection[int]) -> list[WeekVisit]:
    """Take days away from those who may have others; who has no other stays as it is."""
    open_days = ((one, tuple(pair for pair in one.days if pair[0] not in closed)) for one in visits)
    return [replace(one, days=left) for one, left in open_days if left]


def _room_found(
    visits: Sequence[WeekVisit],
    days: Sequence[PlanDay],
    given: Mapping[str, int],
    plans: Mapping[int, Plan],
    policy: Policy,
) -> dict[str, int]:
    """Return a day for those without one beside whose plan they could begin all the same."""
    found: dict[str, int] = {}
    for one in _homeless(visits, given)[:SEARCHED]:
        for day, _ in sorted(one.days, key=lambda pair: (pair[1], pair[0]))[:NEAR]:
            others = _on(visits, given, day)
            if day not in found.values() and starts_beside(
                one.visit, others, days[day], policy, plans[day]
            ):
                found[one.visit.id] = day
                break
    return found


def _homeless(visits: Sequence[WeekVisit], given: Mapping[str, int]) -> list[WeekVisit]:
    return [one for one in visits if one.visit.id not in given]


def _on(visits: Sequence[WeekVisit], given: Mapping[str, int], day: int) -> list[PlanVisit]:
    return [one.visit for one in visits if given.get(one.visit.id) == day]


def _needs(visit: PlanVisit) -> list[int]:
    load = load_of(visit.phases)
    return [load.chair, sum(load.points), sum(load.starts)]


def _rooms(day: PlanDay) -> list[int]:
    open_slots = range(day.opens // MINUTES, day.closes // MINUTES)
    nurses = sum(day.nurses[slot] for slot in open_slots)
    return [
        len(day.chairs) * len(open_slots),
        nurses * day.points_per_nurse,
        nurses * day.starts_per_nurse,
    ]


def _assign(
    visits: Sequence[WeekVisit],
    days: Sequence[PlanDay],
    fill: Sequence[float],
    *,
    groups: Groups,
    assigner: Assigner | None,
    seed: int,
) -> dict[str, int]:
    """Return the day of each visit that gets one; those with one day always keep it."""
    kept = {one.visit.id: one.days[0][0] for one in visits if len(one.days) == 1}
    if assigner is not None and groups.members:
        counts = assigner(problem_of(visits, days, fill, groups), seed=seed)
        if counts is not None:
            return days_of(groups, counts) | kept
    return kept | _by_sums(visits, days, fill, kept)


def _by_sums(
    visits: Sequence[WeekVisit],
    days: Sequence[PlanDay],
    fill: Sequence[float],
    given: Mapping[str, int],
) -> dict[str, int]:
    """Give out the days by sums of chair time, watching and starts: without a solver."""
    rooms = [
        [room * share * FILL for room in _rooms(day)] for day, share in zip(days, fill, strict=True)
    ]
    free = [one for one in visits if one.visit.id not in given]
    for one in visits:
        if one.visit.id in given:
            room = rooms[given[one.visit.id]]
            for n, amount in enumerate(_needs(one.visit)):
                room[n] = max(0.0, room[n] - amount)
    problem = {
        "visits": [
            {"weight": one.visit.priority, "needs": _needs(one.visit), "days": list(one.days)}
            for one in free
        ],
        "rooms": rooms,
    }
    return {
        one.visit.id: day
        for one, day in zip(free, nearest_day(problem), strict=True)
        if day is not None
    }


def nearest_day(problem: dict[str, Any]) -> list[int | None]:
    """Give each visit, the weightiest and least flexible first, the nearest day with room."""
    left = [list(room) for room in problem["rooms"]]
    visits = problem["visits"]
    order = sorted(
        range(len(visits)), key=lambda n: (-visits[n]["weight"], len(visits[n]["days"]), n)
    )
    chosen: list[int | None] = [None] * len(visits)
    for n in order:
        needs = visits[n]["needs"]
        for day, _ in sorted(visits[n]["days"], key=lambda pair: (pair[1], pair[0])):
            if all(have >= need for have, need in zip(left[day], needs, strict=True)):
                left[day] = [have - need for have, need in zip(left[day], needs, strict=True)]
                chosen[n] = day
                break
    return chosen


def _plan_days(
    visits: Sequence[WeekVisit],
    days: Sequence[PlanDay],
    given: Mapping[str, int],
    *,
    known: dict[tuple[int, frozenset[str]], Plan],
    together: Callable[[Iterable[Job]], list[Plan]],
    policy: Policy,
    solver: Solver | None,
    seed: int,
) -> dict[int, Plan]:
    """Plan each day anew whose visits changed since an earlier round."""
    wanted = {day: _on(visits, given, day) for day in range(len(days))}
    keys = {day: (day, frozenset(v.id for v in on_day)) for day, on_day in wanted.items()}
    missing = [day for day in wanted if keys[day] not in known]
    plan = partial(plan_day, policy=policy, solver=solver, seed=seed)
    jobs = [partial(plan, wanted[day], days[day]) for day in missing]
    for day, found in zip(missing, together(jobs), strict=True):
        known[keys[day]] = found
    return {day: known[keys[day]] for day in wanted}


def _tight(
    visits: Sequence[WeekVisit], given: Mapping[str, int], plans: Mapping[int, Plan]
) -> list[int]:
    """Return the days that left somebody out or run late, and on which something could change."""
    free = {given.get(one.visit.id) for one in visits if one.visit.confirmed is None}
    return [
        day for day, plan in plans.items()
        if day in free and (plan.unplaced or plan.tier("overtime").value)
    ]  # fmt: skip


def _share_placed(
    visits: Sequence[WeekVisit], given: Mapping[str, int], plan: Plan, day: int
) -> float:
    """Return how much of the chair time given to a day its plan could use, 0 to 1."""
    needs = {one.visit.id: _needs(one.visit)[0] for one in visits if given.get(one.visit.id) == day}
    used = sum(need for name, need in needs.items() if name in plan.starts)
    return used / max(1, sum(needs.values()))


def _gather(
    visits: Sequence[WeekVisit],
    days: Sequence[PlanDay],
    given: Mapping[str, int],
    plans: Mapping[int, Plan],
    *,
    clashes: Mapping[int, tuple[str, ...]],
    policy: Policy,
) -> WeekPlan:
    out = [replace(why, day=day) for day, plan in plans.items() for why in plan.unplaced]
    for n, one in enumerate(_homeless(visits, given)):
        day = min(one.days, key=lambda pair: (pair[1], pair[0]))[0]
        words = NO_DAY
        if n < SEARCHED:
            others = _on(visits, given, day)
            words = f"{NO_DAY} {why_not(one.visit, others, days[day], policy, plans[day])}"
        out.append(Reason(one.visit.id, words, day))
    placed = {name: day for name, day in given.items() if name in plans[day].starts}
    kept = {day: plan for day, plan in plans.items() if day not in clashes}
    return WeekPlan(plans=kept, days=placed, unplaced=tuple(out), clashes=clashes)


def _reached(
    visits: Sequence[WeekVisit], given: Mapping[str, int], plans: Mapping[int, Plan]
) -> tuple[int, int, int]:
    """Return what rounds are compared by: weight left out, overtime, days off the due dates."""
    placed = {name: day for name, day in given.items() if name in plans[day].starts}
    out = sum(one.visit.priority for one in visits if one.visit.id not in placed)
    late = sum(plan.tier("overtime").value for plan in plans.values())
    away = sum(dict(one.days)[placed[one.visit.id]] for one in visits if one.visit.id in placed)
    return out, late, away

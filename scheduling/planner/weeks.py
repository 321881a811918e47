"""Planning days in a row: first which day, then the hours of each day, then mending.

Days are given out by the clock (`weeks_program`), and each is then planned in full. Where the full
plan leaves somebody out or runs late all the same, the day is offered a little less and all is
asked again, a few rounds long; the best round counts.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from scheduling.capacity import load_of
from scheduling.grid import MINUTES
from scheduling.planner.day import Solver, plan_day
from scheduling.planner.values import FINISH_ON_TIME, Plan, PlanDay, PlanVisit, Policy, Reason
from scheduling.planner.weeks_program import Groups, WeekVisit, days_of, groups_of, problem_of

FILL, LESS, ROUNDS = 0.97, 0.97, 3
Job = Callable[[], Plan]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekPlan:
    """The plan of each day by position, who has which day, and who has none."""

    plans: Mapping[int, Plan]
    days: Mapping[str, int]
    unplaced: tuple[Reason, ...] = field(default=())


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

    Raises InfeasibleInput when a day's promised visits cannot be kept.
    """
    visits = sorted(visits, key=lambda one: one.visit.id)
    groups = groups_of(visits)
    fill = [1.0] * len(days)
    known: dict[tuple[int, frozenset[str]], Plan] = {}
    best: tuple[tuple[int, int, int], WeekPlan] | None = None
    for round_ in range(ROUNDS):
        given = _assign(visits, days, fill, groups=groups, assigner=assigner, seed=seed)
        plans = _plan_days(
            visits, days, given, known, together, policy=policy, solver=solver, seed=seed
        )
        found = _gather(visits, given, plans)
        reached = _reached(visits, found)
        if best is None or reached < best[0]:
            best = reached, found
        told(100 * (round_ + 1) // ROUNDS)
        free = {given.get(one.visit.id) for one in visits if one.visit.confirmed is None}
        tight = [day for day in plans if day in free and _is_tight(plans[day])]
        if not tight or not going():
            break
        for day in tight:
            fill[day] *= min(LESS, _share_placed(visits, given, plans[day], day) + 0.01)
    assert best is not None
    return best[1]


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
    known: dict[tuple[int, frozenset[str]], Plan],
    together: Callable[[Iterable[Job]], list[Plan]],
    *,
    policy: Policy,
    solver: Solver | None,
    seed: int,
) -> dict[int, Plan]:
    """Plan each day anew whose visits changed since an earlier round."""
    wanted = {
        day: [one.visit for one in visits if given.get(one.visit.id) == day]
        for day in range(len(days))
    }
    keys = {day: (day, frozenset(v.id for v in on_day)) for day, on_day in wanted.items()}
    missing = [day for day in wanted if keys[day] not in known]

    def job(day: int) -> Job:
        return lambda: plan_day(
            wanted[day], days[day], policy=policy, solver=solver, seed=seed
        )  # fmt: skip

    for day, plan in zip(missing, together([job(day) for day in missing]), strict=True):
        known[keys[day]] = plan
    return {day: known[keys[day]] for day in wanted}


def _share_placed(
    visits: Sequence[WeekVisit], given: Mapping[str, int], plan: Plan, day: int
) -> float:
    """Return how much of the chair time given to a day its plan could use, 0 to 1."""
    needs = {one.visit.id: _needs(one.visit)[0] for one in visits if given.get(one.visit.id) == day}
    used = sum(need for name, need in needs.items() if name in plan.starts)
    return used / max(1, sum(needs.values()))


def _is_tight(plan: Plan) -> bool:
    return bool(plan.unplaced) or plan.tier("overtime").value > 0


def _gather(
    visits: Sequence[WeekVisit], given: Mapping[str, int], plans: Mapping[int, Plan]
) -> WeekPlan:
    out = [reason for plan in plans.values() for reason in plan.unplaced]
    out += [
        Reason(one.visit.id, "No day of its window has room left.")
        for one in visits
        if one.visit.id not in given
    ]
    placed = {name: day for name, day in given.items() if name in plans[day].starts}
    return WeekPlan(plans=plans, days=placed, unplaced=tuple(out))


def _reached(visits: Sequence[WeekVisit], found: WeekPlan) -> tuple[int, int, int]:
    """Return what rounds are compared by: weight left out, overtime, days off the due dates."""
    out = sum(one.visit.priority for one in visits if one.visit.id not in found.days)
    late = sum(plan.tier("overtime").value for plan in found.plans.values())
    away = sum(
        dict(one.days)[found.days[one.visit.id]] for one in visits if one.visit.id in found.days
    )
    return out, late, away

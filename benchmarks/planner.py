"""The planner on made-up days: how often it proves its plan the best, how near, how soon.

Goals: up to 90 % load within 10 s unplaced and overtime at the proven bound on 95 days of 100,
comfort within 1.01 of its bound (median); no heuristic better; a first plan in half a second; a
fortnight of 500 visits in 90 s on two workers with nobody unplaced; 50 clinics in 120 s.
"""

import statistics
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import product
from random import Random

from benchmarks.clinic_days import ClinicDay, generate
from benchmarks.measure import Measured, row
from scheduling.planner.day import first_plan, plan_day
from scheduling.planner.heuristics import best_fit, first_fit, packed, ruin_and_recreate
from scheduling.planner.parent import assign_apart, solve_apart
from scheduling.planner.score import score
from scheduling.planner.shape import shape_of
from scheduling.planner.values import FINISH_ON_TIME, Plan, Tier
from scheduling.planner.weeks import Job, WeekVisit, plan_weeks

SECONDS, CLINIC_SECONDS, WORKERS = 10.0, 10.0, 2
MIXES, SEEDS = ("one drug", "day unit"), (0, 1)
FORTNIGHT_DAYS, FORTNIGHT_LOAD = 10, 85


def run() -> list[Measured]:
    """Measure days by load, then a fortnight, then a night of clinics."""
    usual = [generate(*each) for each in product("SML", (75, 90), MIXES, SEEDS)]
    full = [generate(*each) for each in product("SML", (100, 115), MIXES, (0,))]
    return [
        *_first(usual),
        *_days("24 days to 90 %", usual),
        *_days("12 days from 100 %", full),
        _fortnight(),
        _night(),
    ]


def _first(days: Iterable[ClinicDay]) -> list[Measured]:
    times = []
    for one in days:
        begun = time.perf_counter()
        first_plan(shape_of(one.visits, one.day, FINISH_ON_TIME), seed=0)
        times.append((time.perf_counter() - begun) * 1000)
    return [row("planner", "first plan", len(times), times, note="goal 500 ms")]


def _days(name: str, days: list[ClinicDay]) -> list[Measured]:
    times, plans = [], []
    for one in days:
        begun = time.perf_counter()
        solver = partial(solve_apart, seconds=SECONDS)
        plans.append(plan_day(one.visits, one.day, solver=solver))
        times.append((time.perf_counter() - begun) * 1000)
    proven = sum(all(tier.proven for tier in plan.tiers[:2]) for plan in plans)
    ratios = sorted(ratio for plan in plans if (ratio := _ratio(plan.tier("comfort"))))
    worse = sum(_beaten(one, plan) for one, plan in zip(days, plans, strict=True))
    note = (
        f"unplaced and overtime proven {proven}/{len(plans)}; comfort x bound median "
        f"{statistics.median(ratios or [0]):.3f} worst {max(ratios or [0]):.3f}; "
        f"worse than a heuristic {worse}"
    )
    return [row("planner", name, len(days), times, note=note)]


def _ratio(tier: Tier) -> float | None:
    if tier.bound is None:
        return None
    return tier.value / tier.bound if tier.bound else 1.0 + (tier.value > 0)


def _beaten(one: ClinicDay, plan: Plan) -> bool:
    """Whether any heuristic leaves fewer out or finishes earlier."""
    shape = shape_of(one.visits, one.day, FINISH_ON_TIME)
    begun = first_plan(shape, seed=1)
    others = [
        first_fit(shape), best_fit(shape), packed(shape), begun,
        ruin_and_recreate(shape, begun, seed=1, rounds=2000),
    ]  # fmt: skip
    reached = (plan.tier("unplaced").value, plan.tier("overtime").value)
    return any(score(shape, other)[:2] < reached for other in others)


def _fortnight() -> Measured:
    """A clinic of 20 chairs whose visits may have their due day or two working days around it."""
    random = Random(0)
    days = [generate("M", FORTNIGHT_LOAD, MIXES[n % 2], 100 + n) for n in range(FORTNIGHT_DAYS)]
    visits = [
        WeekVisit(
            replace(visit, id=f"{due:02}-{visit.id}"),
            tuple((day, abs(day - due)) for day in range(FORTNIGHT_DAYS) if abs(day - due) <= 2),
        )
        for one in days
        for visit in one.visits
        for due in [random.randrange(FORTNIGHT_DAYS)]
    ]
    visits = [replace(one, visit=replace(one.visit, id=f"{n:04}")) for n, one in enumerate(visits)]
    begun = time.perf_counter()
    plan = plan_weeks(
        visits, [one.day for one in days], together=_together,
        assigner=partial(assign_apart, seconds=SECONDS),
        solver=partial(solve_apart, seconds=SECONDS),
    )  # fmt: skip
    took = (time.perf_counter() - begun) * 1000
    late = sum(each.tier("overtime").value for each in plan.plans.values())
    note = f"unplaced {len(plan.unplaced)}, overtime {late} min in sum; goal 90 s on two workers"
    return row("planner", f"fortnight at {FORTNIGHT_LOAD} %", len(visits), [took], note=note)


def _together(jobs: Iterable[Job]) -> list[Plan]:
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(lambda job: job(), jobs))


def _night() -> Measured:
    """Fifty clinics' next day, two at a time."""
    days = [
        generate(size, load, MIXES[n % 2], 200 + n)
        for n, (size, load) in enumerate(product("SSSMML", (75, 85, 90, 95, 100)))
    ]
    days += [generate("S", 85, MIXES[n % 2], 300 + n) for n in range(50 - len(days))]
    begun = time.perf_counter()
    solver = partial(solve_apart, seconds=CLINIC_SECONDS)
    plans = _together([partial(plan_day, one.visits, one.day, solver=solver) for one in days])
    took = (time.perf_counter() - begun) * 1000
    proven = sum(all(tier.proven for tier in plan.tiers[:2]) for plan in plans)
    note = f"50 clinics, proven {proven}/50; goal 120 s on two workers"
    return row("planner", "a night of clinics", len(days), [took], note=note)

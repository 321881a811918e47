"""Six made-up days with what is known to be their best: a worse plan or a looser bound is a step
back. `make bench` runs dozens of them against the clock."""

import pytest

from benchmarks.clinic_days import generate
from scheduling.planner.day import plan_day
from scheduling.planner.heuristics import best_fit, first_fit, multi_start, packed
from scheduling.planner.score import score
from scheduling.planner.shape import shape_of
from scheduling.planner.values import FINISH_ON_TIME
from tests.scheduling.planner.test_plan_day import in_process

# size, load in percent, mix, seed -> visits, weight left out, overtime in minutes, cost
BEST = {
    ("S", 75, "one drug", 0): (18, 0, 0, 825),
    ("S", 75, "day unit", 0): (27, 0, 0, 900),
    ("S", 90, "one drug", 0): (22, 0, 15, 1980),
    ("S", 90, "day unit", 0): (29, 0, 0, 1905),
    ("S", 100, "one drug", 0): (24, 0, 30, 2505),
    ("S", 115, "one drug", 0): (26, 2, 45, 3165),
}


@pytest.mark.parametrize("known", BEST)
def test_a_known_day_is_planned_at_its_proven_best(known: tuple[str, int, str, int]) -> None:
    count, unplaced, overtime, cost = BEST[known]
    day = generate(*known)
    assert len(day.visits) == count
    plan = plan_day(day.visits, day.day, solver=in_process)
    assert [tier.value for tier in plan.tiers[:2]] == [unplaced, overtime]
    assert all(tier.proven for tier in plan.tiers[:2])
    comfort = plan.tier("comfort")
    assert comfort.bound is not None
    assert cost * 0.99 <= comfort.bound <= comfort.value <= cost * 1.01
    assert len(plan.unplaced) == unplaced
    shape = shape_of(day.visits, day.day, FINISH_ON_TIME)
    for places in (
        first_fit(shape), best_fit(shape), packed(shape), multi_start(shape, seed=5, rounds=20)
    ):  # fmt: skip
        assert tuple(tier.value for tier in plan.tiers) <= score(shape, places)

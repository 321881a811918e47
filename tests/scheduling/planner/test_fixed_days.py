"""Two dozen made-up days with what is known to be their best: a worse plan or a looser bound is a
step back. `make bench` runs six dozen against the clock, `make battery` larger ones against this.
"""

import pytest

from benchmarks.clinic_days import generate
from scheduling.planner.day import plan_day
from scheduling.planner.heuristics import best_fit, first_fit, multi_start, packed
from scheduling.planner.score import score
from scheduling.planner.shape import shape_of
from scheduling.planner.values import FINISH_ON_TIME
from tests.scheduling.planner.builders import FULL
from tests.scheduling.planner.test_plan_day import in_process

# load in percent, mix, seed -> visits, weight left out, overtime in minutes, cost
SMALL = {
    (75, "one drug", 0): (18, 0, 0, 825), (75, "one drug", 1): (18, 0, 0, 1095),
    (75, "one drug", 2): (17, 0, 15, 810), (75, "day unit", 0): (27, 0, 0, 900),
    (75, "day unit", 1): (22, 0, 0, 1230), (75, "day unit", 2): (25, 0, 0, 1260),
    (90, "one drug", 0): (22, 0, 15, 1980), (90, "one drug", 1): (21, 0, 30, 2910),
    (90, "one drug", 2): (21, 0, 15, 1875), (90, "day unit", 0): (29, 0, 0, 1905),
    (90, "day unit", 1): (28, 0, 0, 1995), (90, "day unit", 2): (26, 0, 15, 2145),
    (100, "one drug", 0): (24, 0, 30, 2505), (100, "one drug", 1): (23, 0, 45, 3435),
    (100, "one drug", 2): (23, 0, 45, 5295), (100, "day unit", 0): (29, 0, 15, 4515),
    (100, "day unit", 1): (32, 0, 60, 3570), (100, "day unit", 2): (32, 0, 15, 4110),
    (115, "one drug", 0): (26, 2, 45, 3165), (115, "one drug", 1): (27, 3, 30, 3555),
    (115, "one drug", 2): (26, 2, 60, 5445), (115, "day unit", 0): (38, 0, 90, 9255),
    (115, "day unit", 1): (33, 0, 105, 7455), (115, "day unit", 2): (34, 0, 105, 5400),
}  # fmt: skip
LARGER = {
    ("M", 75, "day unit", 0): (34, 0, 0, 1005), ("M", 90, "one drug", 0): (35, 0, 30, 4365),
    ("M", 90, "day unit", 1): (47, 0, 0, 3195), ("M", 100, "one drug", 1): (39, 0, 45, 4290),
    ("M", 115, "one drug", 1): (44, 4, 45, 7110), ("L", 75, "one drug", 1): (62, 0, 0, 4770),
    ("L", 90, "day unit", 0): (95, 0, 15, 4110), ("L", 100, "one drug", 0): (78, 0, 45, 12930),
}  # fmt: skip
BEST = {("S", *each): known for each, known in SMALL.items()} | (LARGER if FULL else {})


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

"""How long the day will really run: the plan lived through many times, with reactions and delays.

The shares are planning assumptions from published reaction rates (34 to 40 % in trials with the
first dose, fewer later), not measurements of this clinic; they decide nothing at a chair.
"""

from collections.abc import Mapping, Sequence
from random import Random

from scheduling.planner.values import PlanDay, PlanVisit

RUNS = 200
REACTS_FIRST, REACTS_LATER = 0.30, 0.12
SHORTEST_DELAY, LONGEST_DELAY = 30, 90
ARRIVAL_SPREAD = 8.0


def overtime_p90(
    starts: Mapping[str, int],
    chairs: Mapping[str, str],
    visits: Sequence[PlanVisit],
    day: PlanDay,
    *,
    seed: int,
) -> int:
    """Return the minutes after closing that nine days in ten stay within."""
    random = Random(seed)  # noqa: S311 - reproducible on purpose
    order = sorted((v for v in visits if v.id in starts), key=lambda v: (starts[v.id], v.id))
    late = sorted(_one_day(starts, chairs, order, day, random) for _ in range(RUNS))
    return late[RUNS * 9 // 10 - 1]


def _one_day(
    starts: Mapping[str, int],
    chairs: Mapping[str, str],
    order: Sequence[PlanVisit],
    day: PlanDay,
    random: Random,
) -> int:
    free_at: dict[str, float] = {}
    last = float(day.closes)
    for visit in order:
        chair = chairs[visit.id]
        arrives = starts[visit.id] + max(-15.0, random.gauss(0, ARRIVAL_SPREAD))
        begins = max(starts[visit.id], arrives, free_at.get(chair, 0.0))
        reacts = random.random() < (REACTS_FIRST if visit.first else REACTS_LATER)
        longer = random.uniform(SHORTEST_DELAY, LONGEST_DELAY) if reacts else 0.0
        leaves = begins + visit.phases.care + longer
        free_at[chair] = leaves + visit.phases.turnaround
        last = max(last, leaves)
    return round(last - day.closes)

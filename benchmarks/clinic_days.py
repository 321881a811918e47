"""Days of made-up clinics, the same for the same seed: for `make bench` and for the tests.

Twelve, twenty or forty chairs, open ten hours; `load` is chair-minutes asked of chair-minutes
open. Seven patients in ten wish for a time before noon.
"""

from dataclasses import dataclass
from random import Random

from scheduling.capacity import Phases
from scheduling.planner.values import PlanChair, PlanDay, PlanVisit

OPENS, CLOSES, OVERTIME = 8 * 60, 18 * 60, 120
SIZES = {"S": (12, 4), "M": (20, 6), "F": (26, 8), "L": (40, 12)}
# (premedication, infusion, observation, points, first dose, share): one drug alone, or a day unit
MIXES = {
    "one drug": [
        (60, 159, 60, 2, True, 25), (60, 215, 60, 1, False, 40), (60, 122, 60, 1, False, 35),
    ],
    "day unit": [
        (60, 159, 60, 2, True, 15), (60, 215, 60, 1, False, 20), (60, 122, 60, 1, False, 20),
        (0, 60, 60, 1, False, 25), (15, 120, 0, 1, False, 20),
    ],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClinicDay:
    """One made-up day."""

    name: str
    visits: tuple[PlanVisit, ...]
    day: PlanDay


def generate(size: str, load: int, mix: str, seed: int) -> ClinicDay:
    """Return a day of a clinic of `size` asked for `load` percent of its chair time."""
    random = Random(f"{size} {load} {mix} {seed}")
    chairs, nurses = SIZES[size]
    asked = chairs * (CLOSES - OPENS) * load // 100
    visits: list[PlanVisit] = []
    while (visit := _visit(random, mix, len(visits))).phases.total <= asked:
        visits.append(visit)
        asked -= visit.phases.total
    day = PlanDay(
        opens=OPENS, closes=CLOSES, hard_close=CLOSES + OVERTIME,
        chairs=tuple(PlanChair(id=f"c{n:02}") for n in range(chairs)),
        nurses=tuple(nurses if OPENS <= 15 * n < CLOSES + OVERTIME else 0 for n in range(96)),
    )  # fmt: skip
    return ClinicDay(f"{size} {load}% {mix} {seed}", tuple(visits), day)


def _visit(random: Random, mix: str, number: int) -> PlanVisit:
    kinds = MIXES[mix]
    [kind] = random.choices(kinds, weights=[kind[-1] for kind in kinds])
    premedication, infusion, observation, points, first, _ = kind
    morning = random.random() < 0.7
    wish = random.randrange(OPENS, 12 * 60, 15) if morning else random.randrange(720, 900, 15)
    return PlanVisit(
        id=f"v{number:03}", preferred=wish, first=first,
        phases=Phases(
            premedication=premedication, infusion=infusion, observation=observation,
            turnaround=15, points_infusion=points, points_observation=1,
        ),
    )  # fmt: skip

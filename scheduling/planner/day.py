"""Planning one day: a heuristic first, the solver if there is one, and a check before anything."""

from collections.abc import Callable, Sequence
from typing import Protocol

from scheduling.grid import MINUTES
from scheduling.planner.check import check
from scheduling.planner.expected import overtime_p90
from scheduling.planner.explain import explain
from scheduling.planner.heuristics import multi_start, promised, ruin_and_recreate
from scheduling.planner.room import Places
from scheduling.planner.score import score
from scheduling.planner.seats import seat, starts_of
from scheduling.planner.shape import Shape, shape_of
from scheduling.planner.values import (
    FINISH_ON_TIME,
    Bounds,
    InfeasibleInput,
    Plan,
    PlanDay,
    PlanVisit,
    Policy,
    Solved,
    Tier,
)

FIRST_ROUNDS = 12  # a first plan in well under half a second, for a hundred visits too
BETTER_ROUNDS = 250
STARTS, POLISH = (
    30,
    2000,
)  # starts and rounds more where the solver ran out of time before it had proven its plan
_NO_DIGITS = str.maketrans("", "", "0123456789")  # the same clash at another time says no more
TIERS = ("unplaced", "overtime", "comfort")


class Solver(Protocol):
    """Improves on a plan, or has nothing to say (None)."""

    def __call__(self, shape: Shape, begin: Places, *, seed: int) -> Solved | None: ...


def first_plan(shape: Shape, *, seed: int) -> Places:
    """Return a plan at once."""
    return multi_start(shape, seed=seed, rounds=FIRST_ROUNDS)


def plan_day(
    visits: Sequence[PlanVisit],
    day: PlanDay,
    *,
    policy: Policy = FINISH_ON_TIME,
    solver: Solver | None = None,
    seed: int = 0,
    rounds: int = BETTER_ROUNDS,
    told: Callable[[int], None] = lambda _: None,
) -> Plan:
    """Return the best plan found, checked, with what is proven about it.

    Whatever the solver does - crash, run out of time, answer nonsense - the plan is never worse
    than the heuristics'. `told` hears of progress in percent. Raises InfeasibleInput when the
    promised visits alone cannot be kept.
    """
    refuse_clashes(visits, day)
    shape = shape_of(visits, day, policy)
    if all(item.fixed for item in shape.items):  # there is one plan, and so it is the best
        begin = promised(shape).places
        bounds = Bounds(*score(shape, begin))
        return _plan(shape, begin, bounds, visits, day, policy=policy, seed=seed, name="promised")
    begin = first_plan(shape, seed=seed)
    told(10)
    begin = ruin_and_recreate(shape, begin, seed=seed, rounds=rounds)
    told(25)
    found = [(Solved(begin), "heuristic")]
    solved = solver(shape, begin, seed=seed) if solver is not None else None
    if solved is not None and _holds(shape, solved.places, visits, day):
        found.append((solved, "HiGHS"))
    best, name = _polished(shape, found, seed=seed, rounds=POLISH if solver is not None else 0)
    told(95)
    return _plan(shape, best.places, best.bounds, visits, day, policy=policy, seed=seed, name=name)


def _polished(
    shape: Shape, found: Sequence[tuple[Solved, str]], *, seed: int, rounds: int
) -> tuple[Solved, str]:
    """Search on from the best answer, and afresh, while it is not proven; a bound stays only where
    it holds."""
    best, name = min(found, key=lambda pair: (score(shape, pair[0].places), pair[1]))
    known = found[-1][0].bounds
    reached = score(shape, best.places)
    if (known.unplaced, known.overtime) != reached[:2] and rounds:
        afresh = multi_start(shape, seed=seed + 1, rounds=STARTS)
        places = min(
            (
                ruin_and_recreate(shape, begin, seed=seed + 1, rounds=rounds)
                for begin in (best.places, afresh)
            ),
            key=lambda places: score(shape, places),
        )
        if score(shape, places) < reached:
            best, name = Solved(places), "heuristic"
    return Solved(best.places, bounds_for(shape, best.places, found[-1][0])), name


def bounds_for(shape: Shape, places: Places, solved: Solved) -> Bounds:
    """Return what a solver's bounds say of another plan: each holds while the tiers before it
    stand where the solver's own answer has them."""
    mine, theirs = score(shape, places), score(shape, solved.places)
    return Bounds(
        unplaced=solved.bounds.unplaced,
        overtime=solved.bounds.overtime if mine[0] == theirs[0] else None,
        comfort=solved.bounds.comfort if mine[:2] == theirs[:2] else None,
    )


def refuse_clashes(visits: Sequence[PlanVisit], day: PlanDay) -> None:
    """Raise InfeasibleInput when the promised times clash with each other or with the day."""
    kept = [visit for visit in visits if visit.confirmed is not None]
    shape = shape_of(kept, day, FINISH_ON_TIME)
    places = promised(shape).places
    starts = {visit.id: visit.confirmed for visit in kept if visit.confirmed is not None}
    chairs = seat(shape, places, kept) if len(places) == len(kept) else None
    if chairs is None:  # somebody has no place: look at the chairs they are promised now
        chairs = {visit.id: visit.chair for visit in kept if visit.chair is not None}
    clashes = check(starts, chairs, kept, day)
    if clashes:
        first: dict[str, str] = {}
        for clash in sorted(clashes, key=lambda clash: clash.minute):
            first.setdefault(clash.words.translate(_NO_DIGITS), clash.words)
        raise InfeasibleInput(list(first.values()))


def _holds(shape: Shape, places: Places, visits: Sequence[PlanVisit], day: PlanDay) -> bool:
    """Whether a solver's answer is a plan at all: known visits, whole seats, a clean check."""
    known, pools = range(len(shape.items)), range(len(shape.pools))
    if any(n not in known or pool not in pools for n, (_, pool) in places.items()):
        return False
    chairs = seat(shape, places, visits)
    return chairs is not None and not check(starts_of(shape, places), chairs, visits, day)


def _plan(
    shape: Shape,
    places: Places,
    bounds: Bounds,
    visits: Sequence[PlanVisit],
    day: PlanDay,
    *,
    policy: Policy,
    seed: int,
    name: str,
) -> Plan:
    starts, chairs = dict(starts_of(shape, places)), seat(shape, places, visits)
    faults = check(starts, chairs or {}, visits, day)
    if chairs is None or faults:
        raise AssertionError(f"a plan that breaks the day: {faults[:3]}")
    return Plan(
        starts=starts,
        chairs=chairs,
        unplaced=explain(visits, day, policy, places),
        tiers=tiers(shape, places, bounds),
        expected_overtime_p90=overtime_p90(starts, chairs, visits, day, seed=seed),
        solver=name,
    )


def tiers(shape: Shape, places: Places, bounds: Bounds) -> tuple[Tier, ...]:
    """Return what the plan reaches beside what is proven. A later tier's bound holds only when
    the earlier ones stand where the solver had them, which they do for the plan it answered. That
    nothing is less than nothing needs no solver."""
    reached = score(shape, places)
    proven = [
        bound if value else 0
        for value, bound in zip(
            reached, (bounds.unplaced, bounds.overtime, bounds.comfort), strict=True
        )
    ]
    return tuple(
        Tier(name, value, bound, proven=bound is not None and value <= bound)
        for name, value, bound in zip(TIERS, reached, proven, strict=True)
    )


def closing_words(plan: Plan, visits: Sequence[PlanVisit], day: PlanDay) -> str:
    """Return when the last patient leaves: "18:15"."""
    leaves = [plan.starts[v.id] + v.phases.care for v in visits if v.id in plan.starts]
    last = max([*leaves, day.opens])
    return day.shows(-(-last // MINUTES) * MINUTES)

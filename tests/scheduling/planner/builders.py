"""Small clinic days, and a brute force that knows only the checker."""

import os
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from scheduling.capacity import Phases
from scheduling.planner.check import check
from scheduling.planner.score import Score, score
from scheduling.planner.shape import shape_of
from scheduling.planner.values import FINISH_ON_TIME, PlanChair, PlanDay, PlanVisit

OPENS, CLOSES = 8 * 60, 10 * 60
FULL = os.environ.get("BATTERY") == "full"  # `make battery`: twenty times as many examples


def examples(count: int) -> settings:
    """Return how many examples a property is tried on."""
    return settings(max_examples=count * 20 if FULL else count, deadline=None)


def phases(
    infusion: int = 60, *, before: int = 0, after: int = 15, points: int = 1, turnaround: int = 15,
    bag: bool = True,
) -> Phases:  # fmt: skip
    return Phases(
        premedication=before, infusion=infusion, observation=after, turnaround=turnaround,
        points_infusion=points, points_observation=1, bag=bag,
    )  # fmt: skip


def visit(name: str = "a", infusion: int = 60, **changes: Any) -> PlanVisit:
    return replace(PlanVisit(id=name, phases=phases(infusion)), **changes)


def a_day(
    chairs: int = 2, nurses: int = 1, *, overtime: int = 60, hours: int = 2, **changes: Any
) -> PlanDay:
    """A short day with a nurse or more from opening to the hard close."""
    closes = OPENS + 60 * hours
    staffed = range(OPENS // 15, (closes + overtime) // 15)
    return replace(
        PlanDay(
            opens=OPENS, closes=closes, hard_close=closes + overtime,
            chairs=tuple(PlanChair(id=f"c{n}") for n in range(chairs)),
            nurses=tuple(nurses if slot in staffed else 0 for slot in range(96)),
        ),
        **changes,
    )  # fmt: skip


def faults(starts: dict[str, int], chairs: dict[str, str], *rest: Any) -> list[str]:
    return [one.words for one in check(starts, chairs, *rest)]


@st.composite
def visits_of(draw: st.DrawFn, most: int = 6, *, aligned: bool = False) -> list[PlanVisit]:
    """Up to `most` visits of all lengths, some with wishes, windows and weights.

    The planner counts a quarter-hour used in part as used; `aligned` visits use only whole ones.
    """
    quarter = st.integers(0, 8).map(lambda n: OPENS + 15 * n)
    lengths = [15, 30, 45, 60] if aligned else [15, 22, 30, 45, 64]
    found = []
    for n in range(draw(st.integers(1, most))):
        shape = phases(
            draw(st.sampled_from(lengths)),
            before=draw(st.sampled_from([0, 15] if aligned else [0, 15, 20])),
            after=draw(st.sampled_from([0, 15])), points=draw(st.integers(1, 3)),
            turnaround=draw(st.sampled_from([0, 15] if aligned else [0, 10, 15])),
            bag=draw(st.sampled_from([True, True, False])),
        )  # fmt: skip
        found.append(
            PlanVisit(
                id=f"v{n}", phases=shape, priority=draw(st.sampled_from([1, 1, 2])),
                preferred=draw(st.none() | quarter), earliest=draw(st.none() | quarter),
                latest=draw(st.none() | quarter),
            )
        )  # fmt: skip
    return found


@st.composite
def days(draw: st.DrawFn, chairs: int = 3) -> PlanDay:
    """Short days with few chairs, an outage now and then, few nurses."""
    day = a_day(
        draw(st.integers(1, chairs)), draw(st.integers(1, 2)),
        overtime=draw(st.sampled_from([0, 30])), points_per_nurse=draw(st.integers(2, 4)),
        starts_per_nurse=1, pharmacy_limit=draw(st.sampled_from([0, 0, 1])),
    )  # fmt: skip
    if draw(st.booleans()):
        out = replace(day.chairs[0], taken=((OPENS, OPENS + 15 * draw(st.integers(1, 4))),))
        day = replace(day, chairs=(out, *day.chairs[1:]))
    return day


def best_of_all(visits: Sequence[PlanVisit], day: PlanDay) -> Score:
    """Return the best score of every plan there is: each start in each chair, or none."""
    shape = shape_of(visits, day, FINISH_ON_TIME)
    names = [item.id for item in shape.items]
    places = [
        (start, chair.id) for start in range(day.opens, day.hard_close, 15) for chair in day.chairs
    ]
    pool = {one: n for n, each in enumerate(shape.pools) for one in each.chairs}
    alone = {
        each.id: [
            (start, chair)
            for start, chair in places
            if not check({each.id: start}, {each.id: chair}, [each], day)
        ]
        for each in visits
    }  # fmt: skip
    best: Score | None = None
    for chosen in product(*([None, *alone[name]] for name in names)):
        seats = {name: place for name, place in zip(names, chosen, strict=True) if place}
        reached = score(
            shape, {names.index(n): (start // 15, pool[c]) for n, (start, c) in seats.items()}
        )
        if best is not None and reached >= best:
            continue
        starts = {name: start for name, (start, _) in seats.items()}
        chairs = {name: chair for name, (_, chair) in seats.items()}
        if not check(starts, chairs, visits, day):
            best = reached
    assert best is not None
    return best

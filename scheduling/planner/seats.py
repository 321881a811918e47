"""Which chair of its pool each visit gets, once the starts are known."""

from collections.abc import Mapping, Sequence

from scheduling.grid import MINUTES
from scheduling.planner.room import Places
from scheduling.planner.shape import Shape
from scheduling.planner.values import PlanVisit


def seat(shape: Shape, places: Places, visits: Sequence[PlanVisit]) -> dict[str, str] | None:
    """Return a chair for each placed visit, left to right through the day; None when one is short.

    Within a pool all chairs are alike, so whoever is next takes any free one and it always comes
    out (intervals). Of the free ones a visit prefers its present chair, then one that nobody
    after it is waiting for.
    """
    now = {visit.id: visit.chair for visit in visits}
    free_at: dict[str, int] = {}
    found: dict[str, str] = {}
    order = sorted(places, key=lambda n: (places[n][0], not shape.items[n].fixed, n))
    wanted = {now[shape.items[n].id] for n in places}
    for position in order:
        item, (start, pool) = shape.items[position], places[position]
        free = [one for one in shape.pools[pool].chairs if free_at.get(one, 0) <= start]
        if not free:
            return None
        mine = now[item.id]
        chair = min(free, key=lambda one: (one != mine, one in wanted, -free_at.get(one, 0), one))
        found[item.id] = chair
        free_at[chair] = start + item.chair
    return found


def starts_of(shape: Shape, places: Places) -> Mapping[str, int]:
    """Return each placed visit's start in minutes from midnight."""
    return {shape.items[n].id: start * MINUTES for n, (start, _) in places.items()}

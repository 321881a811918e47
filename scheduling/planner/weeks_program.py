"""Which day each visit gets, as numbers: visits that are alike are counted, and each day is there
with all its quarter-hours, so that what is given to a day can also be planned on it.

Sums of chair time promise a day more than its clock holds: where two long visits do not fit one
after the other, and while all chairs fill one nurse's hands at a time. So every day has the rows
of its own plan, for shares of visits; only how many go to which day is whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from scheduling.planner.heuristics import promised
from scheduling.planner.shape import Item, bits, shape_of
from scheduling.planner.values import FINISH_ON_TIME, PlanDay, PlanVisit

DAY_OFF = 10  # what a day off the due date costs
LATE = 100  # and a minute past closing: a share of a visit is late sooner than a whole one


@dataclass(frozen=True, slots=True)
class WeekVisit:
    """A visit and the days it may have, as (position of the day, days from the due date).

    A visit with one day keeps it: that day is promised or confirmed.
    """

    visit: PlanVisit
    days: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Groups:
    """Visits that are alike to a day (`kinds`), and of those who may have the same days."""

    kinds: tuple[PlanVisit, ...]  # one that stands for all of its kind
    members: tuple[tuple[WeekVisit, ...], ...]
    kind_of: tuple[int, ...]  # by group


def groups_of(visits: Sequence[WeekVisit]) -> Groups:
    """Sort the visits that have no promised time into groups, by id within each."""
    found: dict[tuple[PlanVisit, tuple[tuple[int, int], ...], int], list[WeekVisit]] = {}
    for one in sorted(visits, key=lambda one: one.visit.id):
        if one.visit.confirmed is None:
            found.setdefault((_kind(one.visit), one.days, one.visit.priority), []).append(one)
    kinds = tuple(dict.fromkeys(kind for kind, _, _ in found))
    return Groups(
        kinds=kinds, members=tuple(tuple(members) for members in found.values()),
        kind_of=tuple(kinds.index(kind) for kind, _, _ in found),
    )  # fmt: skip


def _kind(visit: PlanVisit) -> PlanVisit:
    """Return what of a visit matters to a day: its phases, its chairs and its own times."""
    return replace(visit, id="", preferred=None, priority=1, first=False, chair=None)


def problem_of(
    visits: Sequence[WeekVisit], days: Sequence[PlanDay], fill: Sequence[float], groups: Groups
) -> dict[str, Any]:
    """Return the program's numbers; of day n only the share `fill[n]` is given away."""
    staying = {
        n: [one.visit for one in visits if one.visit.confirmed is not None and one.days[0][0] == n]
        for n in range(len(days))
    }
    return {
        "groups": [
            {
                "kind": kind, "count": len(members), "weight": members[0].visit.priority,
                "days": [(day, DAY_OFF * away) for day, away in members[0].days],
            }
            for kind, members in zip(groups.kind_of, groups.members, strict=True)
        ],
        "days": [
            _day(staying[n], day, share, groups.kinds)
            for n, (day, share) in enumerate(zip(days, fill, strict=True))
        ],
    }  # fmt: skip


def _day(
    staying: Sequence[PlanVisit], day: PlanDay, fill: float, kinds: Sequence[PlanVisit]
) -> dict[str, Any]:
    """Return a day's limits, less what is promised, and what each kind of visit takes of them.

    Limits are hands, watching and bags by slot, then the chairs of each set that a kind may use.
    """
    named = [replace(kind, id=f"~{n:04}") for n, kind in enumerate(kinds)]
    shape = shape_of([*staying, *named], day, FINISH_ON_TIME)
    room = promised(shape)
    items = {item.id: item for item in shape.items}
    mine = [items[one.id] for one in named]
    sets = list(dict.fromkeys(frozenset(item.pools) for item in mine))
    limits = [[fill * have for have in row] for row in room.left]
    limits += [[fill * sum(room.empty(pool, slot) for pool in pools)
                for slot in range(shape.horizon)] for pools in sets]  # fmt: skip
    first = len(shape.limits)
    return {
        "limits": limits,
        "kinds": [
            {
                "starts": [(start, LATE * 15 * shape.overtime(item, start))
                           for start in bits(item.allowed)],
                "uses": _uses(item, [first + n for n, pools in enumerate(sets)
                                     if set(item.pools) <= pools]),
            }
            for item in mine
        ],
    }  # fmt: skip


def _uses(item: Item, chairs: Sequence[int]) -> list[tuple[int, int, int, int]]:
    """Return (limit, offset, length, amount) for all that one visit takes."""
    taken = [(use.resource, use.offset, use.length, use.amount) for use in item.uses]
    return [*taken, *((row, 0, item.chair, 1) for row in chairs)]


def days_of(groups: Groups, given: Sequence[Sequence[Sequence[int]]]) -> dict[str, int]:
    """Return each visit's day, when of each group so many go to each day: [[day, count], ...]."""
    found: dict[str, int] = {}
    for members, counts in zip(groups.members, given, strict=True):
        days = [day for day, count in counts for _ in range(count)]
        found |= {one.visit.id: day for one, day in zip(members, days, strict=False)}
    return found

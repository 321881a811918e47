"""The best few times for one visit over many days, and what stops it where there is none.

Works on days already added up (bit masks of chairs, arrays of nurses, starts and points), so that
six months of forty chairs cost milliseconds. Plain values in and out: no Django, no clock.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from uuid import UUID

from scheduling.capacity import (
    Day,
    Load,
    free_anywhere,
    mask,
    nurses_allow,
    open_for,
    positions,
    room_for,
    stretches_of,
    with_load,
)

PROPOSALS = 5
ENOUGH = 14  # days with a time, nearest first, before the search stops looking further
MISSES_AMONG = 60  # days nearest the due date whose misses are compared
TRIES = 6  # starts of one day tried against the days already promised to others
LONG = 16  # slots: a visit this long goes to the edges of the day and leaves its middle whole
SHORTEST = 8  # slots: a gap in a chair shorter than this is of no use to anybody
EARLY, LATE, OUTSIDE = 10, 12, 200  # what a day before, after, and out of the window costs
SAME_DAY, SAME_WEEKDAY, SAME_HALF = 40, 6, 9  # what being like a better proposal costs
NOON = time(12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the patient and whoever comes along would like; by default nothing in particular."""

    weekdays: frozenset[int] = frozenset()  # Monday is 0
    half: str = ""  # "morning": arrives before noon; "afternoon": arrives at noon or later
    arrives_from: time | None = None
    leaves_by: time | None = None
    nurse: Mapping[date, int] | None = None  # the slots of each day a named nurse is on duty


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """One visit to be placed. Days before `not_before` are never looked at."""

    load: Load
    due: date
    earliest: date
    latest: date
    not_before: date
    now: datetime
    wishes: Wishes = field(default_factory=Wishes)
    is_asked_for: bool = False  # ad hoc: its days are what somebody asked for, no dose's window


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One time and chair, and what speaks for it; a lower cost is better."""

    day: date
    slot: int
    chair: UUID
    cost: int
    chairs_free: int
    busy: int  # percent of the nurses' watching in use at the fullest moment, this visit included
    wasted: int  # slots of the chair left over that are too few for any visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """The start of one day that breaks the fewest rules, and which; no slot on a closed day."""

    day: date
    slot: int | None
    broken: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Up to five different times, the best first; or, when there is none, the nearest misses."""

    proposals: tuple[Proposal, ...] = ()
    misses: tuple[Miss, ...] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    """A start on a day, before it is compared with the others."""

    day: Day
    slot: int
    chair: UUID
    cost: int
    chairs_free: int
    busy: int
    wasted: int
    afternoon: bool


def search(
    days: Mapping[date, Day],
    sought: Sought,
    *,
    stops: Callable[[date], bool] = lambda _day: False,
    promised: Mapping[date, Sequence[Load]] | None = None,
) -> Found:
    """Return the best times among `days`, or why there is none.

    Days are looked at from the due date outwards, and no further than needed. `stops` says
    whether the protocol forbids a date outright; `promised` has the visits that hold a day
    without a time, whose room is not given away.
    """
    near = sorted((_distance(day, sought), day) for day in days if day >= sought.not_before)
    places: list[_Place] = []
    ruled: list[tuple[Day, dict[str, int]]] = []
    found_on = 0
    for _, date_ in near:
        if found_on >= ENOUGH:
            break
        if stops(date_):
            continue
        day = days[date_]
        rules = rules_of(day, sought)
        here = _best_of(day, _all_of(rules), sought, (promised or {}).get(date_, ()))
        places += here
        found_on += bool(here)
        if not places:
            ruled.append((day, rules))
    if places:
        return Found(proposals=_different(places))
    return Found(misses=_nearest(ruled[:MISSES_AMONG], sought))


def _distance(day: date, sought: Sought) -> int:
    late = (day - sought.due).days
    cost = late * LATE if late > 0 else -late * EARLY
    return cost if sought.earliest <= day <= sought.latest else cost + OUTSIDE


def rules_of(day: Day, sought: Sought) -> dict[str, int]:
    """Return, for each rule and wish, the mask of the starts of `day` it allows."""
    load, wishes, grid = sought.load, sought.wishes, day.grid
    whole = mask(range(grid.count))
    rules = {"CLINIC-CLOSED" if not day.open else "CLINIC-HOURS": open_for(day, load)}
    if not day.open:
        return rules
    rules |= nurses_allow(day, load)
    rules["CHAIR-TAKEN"] = free_anywhere(day, load)
    rules["TIME-PAST"] = whole & ~mask(range(_passed(day, sought.now)))
    if wishes.weekdays:
        rules["WISH-WEEKDAY"] = whole if grid.day.weekday() in wishes.weekdays else 0
    if wishes.half or wishes.arrives_from or wishes.leaves_by:
        rules["WISH-TIME"] = _wished_times(day, load, wishes)
    if wishes.nurse is not None:
        rules["WISH-NURSE"] = _with_nurse(load, wishes.nurse.get(grid.day, 0))
    return rules


def _passed(day: Day, now: datetime) -> int:
    """Return how many slots of the day are over."""
    return min(max(day.grid.minute(now) // 15, 0), day.grid.count)


def _wished_times(day: Day, load: Load, wishes: Wishes) -> int:
    grid = day.grid
    noon = grid.inside(time(0), NOON).stop
    first, last = 0, grid.count
    if wishes.half == "morning":
        last = noon
    elif wishes.half == "afternoon":
        first = noon
    if wishes.arrives_from is not None:
        first = max(first, grid.inside(wishes.arrives_from, time.max).start)
    if wishes.leaves_by is not None:
        last = min(last, grid.inside(time(0), wishes.leaves_by).stop - load.care + 1)
    return mask(range(first, max(last, first)))


def _with_nurse(load: Load, on_duty: int) -> int:
    """Return the starts at which the named nurse is there for the hands-on quarter-hour."""
    starts = -1
    for after, start in enumerate(load.starts):
        if start:
            starts &= on_duty >> after
    return starts if starts != -1 else on_duty


def _all_of(rules: Mapping[str, int]) -> int:
    starts = -1
    for allowed in rules.values():
        starts &= allowed
    return starts


def _best_of(day: Day, starts: int, sought: Sought, promised: Sequence[Load]) -> list[_Place]:
    """Return the best start of the morning and of the afternoon, where there is one."""
    if not starts:
        return []
    noon = day.grid.inside(time(0), NOON).stop
    morning = mask(range(noon))
    halves = ((starts & morning, False), (starts & ~morning, True))
    found = (_best(day, half, sought, promised, afternoon=late) for half, late in halves if half)
    return [place for place in found if place is not None]


def _best(
    day: Day, starts: int, sought: Sought, promised: Sequence[Load], *, afternoon: bool
) -> _Place | None:
    load = sought.load
    busy = _busy(day, load, starts)
    ranked = sorted((_edge(day, load, slot) + busy[slot] // 10, slot) for slot in busy)
    for cost, slot in ranked[:TRIES]:
        chairs = _free_at(day, load, slot)
        wasted, chair = _snuggest(day, load, slot, chairs)
        if promised and not _keeps_promises(day, load, slot, chair, promised):
            continue
        return _Place(
            day, slot, chair, _distance(day.grid.day, sought) + cost + wasted, len(chairs),
            busy[slot], wasted, afternoon,
        )  # fmt: skip
    return None


def _edge(day: Day, load: Load, slot: int) -> int:
    """Return how far a long visit's start is from the edges of the day; nothing for others."""
    if load.care < LONG:
        return 0
    return min(slot - day.open.start, day.open.stop - load.care - slot)


def _busy(day: Day, load: Load, starts: int) -> dict[int, int]:
    """Return, for each start, how full the nurses' watching gets, in percent."""
    limits = [max(count * day.points_per_nurse, 1) for count in day.nurses]
    stretches = [
        (
            [100 * (n + points) // most for n, most in zip(day.points, limits, strict=True)],
            first,
            first + length,
        )
        for points in set(load.points) - {0}
        for first, length in stretches_of(load.points, points)
    ]
    return {
        slot: min(
            max([max(shares[slot + a : slot + b]) for shares, a, b in stretches], default=0), 100
        )
        for slot in positions(starts)
    }


def _free_at(day: Day, load: Load, slot: int) -> list[tuple[UUID, int]]:
    """Return the chairs that are free for the visit, each with all that is taken of it."""
    wanted = mask(range(slot, slot + load.chair))
    return [
        (chair, taken)
        for chair, taken in zip(day.chairs, day.chairs.values(), strict=True)
        if not taken & wanted and (not load.isolation or chair in day.isolation)
    ]


def _snuggest(
    day: Day, load: Load, slot: int, chairs: Sequence[tuple[UUID, int]]
) -> tuple[int, UUID]:
    """Return the chair that loses the least time to gaps nobody can use, and that loss.

    A room kept for isolation is taken by others only when no other chair is free.
    """
    if day.isolation and not load.isolation:
        chairs = [pair for pair in chairs if pair[0] not in day.isolation] or chairs
    losses = [(_wasted(day, taken, load, slot), n) for n, (_, taken) in enumerate(chairs)]
    wasted, n = min(losses)
    return wasted, chairs[n][0]


def _wasted(day: Day, taken: int, load: Load, slot: int) -> int:
    before = taken & mask(range(slot))
    gap_before = slot - max(before.bit_length(), day.open.start)
    after = taken >> (slot + load.chair)
    ends = slot + load.chair
    next_taken = ends + (after & -after).bit_length() - 1 if after else day.open.stop
    gap_after = min(next_taken, day.open.stop) - ends
    return sum(gap for gap in (gap_before, gap_after) if 0 < gap < SHORTEST)


def _keeps_promises(day: Day, load: Load, slot: int, chair: UUID, promised: Sequence[Load]) -> bool:
    day = replace(day, elsewhere=0)  # the promises are other patients'
    return room_for(with_load(day, load, slot, chair), promised) or not room_for(day, promised)


def _different(places: Sequence[_Place]) -> tuple[Proposal, ...]:
    """Return up to PROPOSALS of the places: the cheapest, each dearer the more it is like those
    already chosen."""
    chosen: list[_Place] = []
    left = list(places)
    while left and len(chosen) < PROPOSALS:
        ranks = [
            (place.cost + _likeness(place, chosen), place.day.grid.day, place.slot, n)
            for n, place in enumerate(left)
        ]
        best = left[min(ranks)[-1]]
        chosen.append(best)
        left.remove(best)
    return tuple(
        Proposal(
            day=place.day.grid.day, slot=place.slot, chair=place.chair, cost=place.cost,
            chairs_free=place.chairs_free, busy=place.busy, wasted=place.wasted,
        )
        for place in chosen
    )  # fmt: skip


def _likeness(place: _Place, chosen: Sequence[_Place]) -> int:
    day = place.day.grid.day
    return sum(
        SAME_DAY * (other.day.grid.day == day)
        + SAME_WEEKDAY * (other.day.grid.day.weekday() == day.weekday())
        + SAME_HALF * (other.afternoon == place.afternoon)
        for other in chosen
    )


def _nearest(ruled: Sequence[tuple[Day, dict[str, int]]], sought: Sought) -> tuple[Miss, ...]:
    """Return the nearest misses, those with one obstacle first, no two with the same obstacles."""
    misses = [miss for day, rules in ruled for miss in _misses_of(day, rules, sought)]
    misses.sort(key=lambda miss: _nearness(miss, sought))
    kept: dict[tuple[str, ...], Miss] = {}
    for miss in misses:
        kept.setdefault(miss.broken, miss)
    return tuple(kept.values())[:PROPOSALS]


def _nearness(miss: Miss, sought: Sought) -> tuple[int, int, int, int]:
    """Return the order of misses: few obstacles first, closed days last, then by the due date."""
    closed = int(miss.slot is None)
    return closed, len(miss.broken), _distance(miss.day, sought), miss.slot or 0


def _misses_of(day: Day, rules: Mapping[str, int], sought: Sought) -> list[Miss]:
    """Return each way in which a start of `day` fails by the fewest rules."""
    last = day.open.stop - sought.load.care
    if not day.open or last < day.open.start:
        return [Miss(day=day.grid.day, slot=None, broken=tuple(rules)[:1])]
    # A row of bits per rule, read column by column: each way to fail, with its first start.
    slots = range(day.open.start, last + 1)
    rows = [
        f"{starts & mask(slots):0{slots.stop}b}"[::-1][slots.start :] for starts in rules.values()
    ]
    ways: dict[tuple[str, ...], int] = {}
    for slot, way in zip(slots, zip(*rows, strict=True), strict=True):
        ways.setdefault(way, slot)
    found: dict[tuple[str, ...], Miss] = {}
    for way, slot in ways.items():
        broken = tuple(code for code, bit in zip(rules, way, strict=True) if bit == "0")
        if "TIME-PAST" not in broken:
            found[broken] = Miss(day=day.grid.day, slot=slot, broken=broken)
    fewest = min(map(len, found), default=0)
    nearest = [miss for broken, miss in found.items() if len(broken) == fewest]
    # Free by every rule, and still not proposed: the room is promised to others.
    return [replace(miss, broken=miss.broken or ("DAY-PROMISED",)) for miss in nearest]

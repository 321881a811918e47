"""A day and its visits as whole numbers on the grid: what heuristics and solver both work on.

Chairs are a count per pool; who sits where is settled afterwards (`seats`). A pool is a set of
chairs that are alike for every visit, so that nobody's plan depends on which of them is taken.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from scheduling.capacity import Load, load_of, mask, mask_where
from scheduling.grid import MINUTES
from scheduling.planner.values import PlanChair, PlanDay, PlanVisit, Policy, quarter

HANDS, WATCH, BAGS = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Use:
    """What a visit takes of a resource: `amount` for `length` slots, `offset` after its start."""

    resource: int
    offset: int
    length: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A visit on the grid. Bit t of `allowed` is set when it may begin in slot t."""

    id: str
    chair: int
    care: int
    uses: tuple[Use, ...]
    allowed: int
    pools: tuple[int, ...]
    weight: int
    fixed: bool
    costs: tuple[int, ...]  # by start slot


@dataclass(frozen=True, slots=True)
class Pool:
    """Chairs that are alike, and the mask of slots in which they can be used."""

    chairs: tuple[str, ...]
    usable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The whole day. `limits` has a row per resource: what may be used in each slot."""

    items: tuple[Item, ...]
    pools: tuple[Pool, ...]
    limits: tuple[tuple[int, ...], ...]
    horizon: int  # slots that matter: the last turnaround may run past midnight
    closes: int  # the slot in which overtime begins
    base_peak: int
    peak_cost: int

    def overtime(self, item: Item, start: int) -> int:
        """Return by how many slots a visit that begins at `start` outlasts closing time."""
        return max(0, start + item.care - self.closes)


def shape_of(visits: Sequence[PlanVisit], day: PlanDay, policy: Policy) -> Shape:
    """Lay visits and day on the grid. Visits are taken by id: their order never matters."""
    ordered = sorted(visits, key=lambda visit: visit.id)
    loads = [load_of(visit.phases) for visit in ordered]
    horizon = day.slots + max((load.chair for load in loads), default=0)
    pools, members = _pools(ordered, day, horizon)
    duty = mask_where(nurses > 0 for nurses in day.nurses)
    items = tuple(
        _item(visit, load, day, policy, duty=duty, pools=_pools_for(visit, pools, members))
        for visit, load in zip(ordered, loads, strict=True)
    )
    open_slots = max(1, (day.closes - day.opens) // MINUTES)
    mean = -(-sum(item.chair for item in items) // open_slots)
    return Shape(
        items=items, pools=pools, limits=_limits(day, horizon), horizon=horizon,
        closes=day.closes // MINUTES, base_peak=min(mean, len(day.chairs)), peak_cost=policy.peak,
    )  # fmt: skip


def _pools(
    visits: Sequence[PlanVisit], day: PlanDay, horizon: int
) -> tuple[tuple[Pool, ...], list[tuple[PlanChair, ...]]]:
    wanted = sorted({tuple(sorted(visit.kinds)) for visit in visits})
    alike: dict[tuple[int, tuple[bool, ...]], list[PlanChair]] = {}
    for chair in day.chairs:
        usable = mask(range(horizon)) & ~_taken(chair)
        alike.setdefault((usable, tuple(chair.kind in kinds for kinds in wanted)), []).append(chair)
    pools = tuple(
        Pool(tuple(chair.id for chair in chairs), usable) for (usable, _), chairs in alike.items()
    )
    return pools, [tuple(chairs) for chairs in alike.values()]


def _taken(chair: PlanChair) -> int:
    taken = 0
    for begins, ends in chair.taken:
        taken |= mask(range(max(0, begins // MINUTES), quarter(ends)))
    return taken


def _pools_for(
    visit: PlanVisit, pools: Sequence[Pool], members: Sequence[Sequence[PlanChair]]
) -> tuple[int, ...]:
    """Return the pools a visit may use, the one it is in now first, then the largest."""
    fit = [n for n, chairs in enumerate(members) if chairs[0].kind in visit.kinds]
    return tuple(
        sorted(fit, key=lambda n: (visit.chair not in pools[n].chairs, -len(pools[n].chairs), n))
    )


def _item(
    visit: PlanVisit, load: Load, day: PlanDay, policy: Policy, *, duty: int, pools: tuple[int, ...]
) -> Item:
    window = _window(visit, load, day) & runs(duty, load.care)
    if visit.confirmed is not None:
        on_grid = visit.confirmed % MINUTES == 0
        window &= 1 << (visit.confirmed // MINUTES) if on_grid else 0
    return Item(
        id=visit.id, chair=load.chair, care=load.care, uses=tuple(_uses(load, day)),
        allowed=window, pools=pools, weight=visit.priority, fixed=visit.confirmed is not None,
        costs=tuple(_cost(visit, load, day, policy, slot) for slot in range(day.slots)),
    )  # fmt: skip


def _window(visit: PlanVisit, load: Load, day: PlanDay) -> int:
    first = quarter(max(day.opens, visit.earliest or 0))
    last = day.hard_close // MINUTES - load.care
    if visit.latest is not None:
        last = min(last, visit.latest // MINUTES)
    return mask(range(first, last + 1)) if last >= first else 0


def runs(free: int, length: int) -> int:
    """Return the mask of slots from which `length` slots in a row are set in `free`."""
    covered = 1
    while covered < length:
        step = min(covered, length - covered)
        free &= free >> step
        covered += step
    return free


def _uses(load: Load, day: PlanDay) -> Iterator[Use]:
    amounts = {HANDS: load.starts, WATCH: load.points}
    if day.pharmacy_limit and load.bag:
        amounts[BAGS] = load.starts  # a bag is made ready for the quarter-hour of its start
    for resource, by_slot in amounts.items():
        at = 0
        for amount, same in groupby(by_slot):
            length = len(list(same))
            if amount:
                yield Use(resource, at, length, amount)
            at += length


def _cost(visit: PlanVisit, load: Load, day: PlanDay, policy: Policy, slot: int) -> int:
    late = max(0, slot + load.chair - day.closes // MINUTES) * MINUTES
    if visit.preferred is None:
        return policy.early * max(0, slot - day.opens // MINUTES) + policy.late * late
    away = abs(slot * MINUTES - visit.preferred)
    near = min(away, policy.far)
    return policy.deviation * near + policy.far_deviation * (away - near) + policy.late * late


def _limits(day: PlanDay, horizon: int) -> tuple[tuple[int, ...], ...]:
    def left(per_nurse: int, taken: Sequence[int]) -> tuple[int, ...]:
        have = [nurses * per_nurse for nurses in day.nurses]
        for slot, amount in enumerate(taken):
            have[slot] -= amount
        return tuple(max(0, one) for one in have) + (0,) * (horizon - day.slots)

    rows = [
        left(day.starts_per_nurse, day.taken_starts),
        left(day.points_per_nurse, day.taken_points),
    ]
    if day.pharmacy_limit:
        made = [max(0, day.pharmacy_limit - used) for used in day.taken_bags]
        rows.append((*made, *(0,) * (horizon - day.slots)))
    return tuple(rows)


def bits(flags: int) -> Iterator[int]:
    """Yield the positions of the set bits, lowest first."""
    while flags:
        yield (flags & -flags).bit_length() - 1
        flags &= flags - 1


def wider(
    day: PlanDay, *, chairs: int = 0, nurses: int = 0, minutes: int = 0, kind: str = "chair"
) -> PlanDay:
    """Return the day with more chairs, more nurses all day, or a later close, to ask what if."""
    more = tuple(PlanChair(id=f"+{n}", kind=kind) for n in range(chairs))
    staffed = [have + nurses if have else have for have in day.nurses]
    hard_close = min(day.hard_close + minutes, day.slots * MINUTES)
    last = staffed[day.hard_close // MINUTES - 1] if day.hard_close else 0
    for slot in range(day.hard_close // MINUTES, hard_close // MINUTES):
        staffed[slot] = max(staffed[slot], last)
    return replace(day, chairs=day.chairs + more, nurses=tuple(staffed), hard_close=hard_close)

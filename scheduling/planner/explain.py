"""Why a visit found no time, and what would have made room: counted, then said in words."""

from collections.abc import Sequence

from scheduling.grid import MINUTES
from scheduling.planner.room import Places, Room
from scheduling.planner.shape import BAGS, HANDS, WATCH, Item, Shape, shape_of, wider
from scheduling.planner.values import Plan, PlanDay, PlanVisit, Policy, Reason

_WHAT_IF = (
    ("one more chair", {"chairs": 1}),
    ("one more nurse", {"nurses": 1}),
    ("closing 30 min later", {"minutes": 30}),
    ("one more chair and one more nurse", {"chairs": 1, "nurses": 1}),
)
_NAMES = {HANDS: "starting infusions", WATCH: "watching", BAGS: "the pharmacy"}


def explain(
    visits: Sequence[PlanVisit], day: PlanDay, policy: Policy, places: Places
) -> tuple[Reason, ...]:
    """Return a reason for every visit that `places` (positions by id order) leaves out."""
    shape = shape_of(visits, day, policy)
    room = seated(shape, places)
    by_id = {visit.id: visit for visit in visits}
    return tuple(
        Reason(item.id, " ".join([_counts(room, item), _openings(by_id, day, policy, room, item)]))
        for position, item in enumerate(shape.items)
        if position not in places
    )


def starts_beside(
    visit: PlanVisit, others: Sequence[PlanVisit], day: PlanDay, policy: Policy, plan: Plan
) -> bool:
    """Whether `visit` could begin at all beside the plan of the `others` of a day."""
    room, item = _beside(visit, others, day, policy, plan)
    return any(True for _ in room.starts(item))


def why_not(
    visit: PlanVisit, others: Sequence[PlanVisit], day: PlanDay, policy: Policy, plan: Plan
) -> str:
    """Say why `visit` has no place on a day beside the plan of the `others` there."""
    room, item = _beside(visit, others, day, policy, plan)
    by_id = {one.id: one for one in [*others, visit]}
    return f"{_counts(room, item)} {_openings(by_id, day, policy, room, item)}"


def _beside(
    visit: PlanVisit, others: Sequence[PlanVisit], day: PlanDay, policy: Policy, plan: Plan
) -> tuple[Room, Item]:
    """Return the day with its plan, and the visit that has no place in it."""
    shape = shape_of([*others, visit], day, policy)
    pool = {chair: n for n, each in enumerate(shape.pools) for chair in each.chairs}
    places = {
        n: (plan.starts[item.id] // MINUTES, pool[plan.chairs[item.id]])
        for n, item in enumerate(shape.items)
        if item.id in plan.starts
    }
    return seated(shape, places), next(item for item in shape.items if item.id == visit.id)


def seated(shape: Shape, places: Places) -> Room:
    """Return the day with `places` taken."""
    room = Room(shape)
    for position, (start, pool) in places.items():
        room.put(position, start, pool)
    return room


def _counts(room: Room, item: Item) -> str:
    possible = item.allowed.bit_count()
    if not possible:
        return "No start lies inside the hours, the nurses' duty and the patient's own times."
    chairs = 0
    for pool in item.pools:
        chairs |= room.chair_allows(item, pool)
    blocked = [("chairs", (item.allowed & ~chairs).bit_count())]
    masks: dict[int, int] = {}
    for use in item.uses:
        masks[use.resource] = masks.get(use.resource, -1) & room.use_allows(use)
    blocked += [(_NAMES[n], (item.allowed & ~free).bit_count()) for n, free in masks.items()]
    said = ", ".join(f"{name} {count}" for name, count in blocked if count)
    return f"Of {possible} possible starts these stand in the way: {said}."


def _openings(
    by_id: dict[str, PlanVisit], day: PlanDay, policy: Policy, room: Room, item: Item
) -> str:
    """Say which single change would open a start while everybody else stays put."""
    visit = by_id[item.id]
    starts = {room.shape.items[n].id: place for n, place in room.places.items()}
    for words, more in _WHAT_IF:
        kind = min(visit.kinds, key=lambda kind: (kind != "chair", kind))
        bigger = wider(day, kind=kind, **more)
        shape = shape_of(list(by_id.values()), bigger, policy)
        again = Room(shape)
        for position, other in enumerate(shape.items):
            if other.id in starts:
                slot, pool = starts[other.id]
                again.put(position, slot, _pool_now(shape, room.shape, pool))
        mine = next(other for other in shape.items if other.id == item.id)
        found = [here for here, _ in again.starts(mine)]
        if found:
            at = min((here & -here).bit_length() - 1 for here in found) * MINUTES
            return f"With {words} it could begin at {day.shows(at)}."
    return "No single chair, nurse or half-hour makes room while the others stay where they are."


def _pool_now(shape: Shape, before: Shape, pool: int) -> int:
    """Return where the chairs of an earlier shape's pool are in this one."""
    one = before.pools[pool].chairs[0]
    return next(n for n, known in enumerate(shape.pools) if one in known.chairs)

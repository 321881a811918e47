"""Plans without a solver: first fit, best fit, many starts, and ruin and recreate.

All of them seat the promised visits first, in the chairs they have. They answer in milliseconds,
so there is always a plan; the solver can only improve on it.
"""

from collections.abc import Callable, Iterable, Sequence
from random import Random

from scheduling.grid import MINUTES
from scheduling.planner.room import Places, Room
from scheduling.planner.score import OVERTIME, Score, score, weighed
from scheduling.planner.shape import Item, Shape, bits

Choose = Callable[[Room, Item], tuple[int, int] | None]
FEWEST_OUT, MOST_OUT = 2, 8


def promised(shape: Shape) -> Room:
    """Return the day with its promised visits seated; those that cannot be stay out."""
    room = Room(shape)
    for position, item in enumerate(shape.items):
        if item.fixed:
            _insert(room, position, earliest)
    return room


def earliest(room: Room, item: Item) -> tuple[int, int] | None:
    """Choose the first start there is."""
    found = [((here & -here).bit_length() - 1, pool) for here, pool in room.starts(item)]
    return min(found, key=lambda place: place[0], default=None)


def cheapest(room: Room, item: Item) -> tuple[int, int] | None:
    """Choose the start that costs least: overtime first, then wishes, then the earliest."""
    shape = room.shape
    best: tuple[tuple[int, int], int] | None = None
    for here, pool in room.starts(item):
        for start in bits(here):
            cost = item.costs[start] + OVERTIME * MINUTES * shape.overtime(item, start)
            if best is None or (cost, start) < best[0]:
                best = (cost, start), pool
    return None if best is None else (best[0][1], best[1])


def _insert(room: Room, position: int, choose: Choose) -> bool:
    place = choose(room, room.shape.items[position])
    if place is not None:
        room.put(position, *place)
    return place is not None


def fill(shape: Shape, order: Iterable[int], choose: Choose) -> Places:
    """Seat the promised visits, then the others in `order`, each where `choose` says."""
    room = promised(shape)
    for position in order:
        if not shape.items[position].fixed:
            _insert(room, position, choose)
    return room.places


def first_fit(shape: Shape) -> Places:
    """Seat visits as they come, each at the first start there is."""
    return fill(shape, range(len(shape.items)), earliest)


def hardest_first(shape: Shape) -> list[int]:
    """Return positions: the weightiest first, then the longest, then those with fewest starts."""
    items = shape.items
    return sorted(
        range(len(items)),
        key=lambda n: (-items[n].weight, -items[n].chair, items[n].allowed.bit_count(), n),
    )


def best_fit(shape: Shape) -> Places:
    """Seat the hardest first, each at the start that costs least."""
    return fill(shape, hardest_first(shape), cheapest)


def packed(shape: Shape) -> Places:
    """Seat the hardest first, each as early as it can be: many visits, whatever they wish."""
    return fill(shape, hardest_first(shape), earliest)


def multi_start(shape: Shape, *, seed: int, rounds: int) -> Places:
    """Return the best of several plans made in orders shuffled around the hardest-first one."""
    random = Random(seed)  # noqa: S311 - reproducible on purpose
    order = hardest_first(shape)
    found = [first_fit(shape), best_fit(shape), packed(shape)]
    for n in range(rounds):
        jitter = {position: at + random.uniform(0, 8) for at, position in enumerate(order)}
        shuffled = sorted(order, key=jitter.__getitem__)
        found.append(fill(shape, shuffled, earliest if n % 3 == 0 else cheapest))
    return min(found, key=lambda places: score(shape, places))


def ruin_and_recreate(
    shape: Shape,
    places: Places,
    *,
    seed: int,
    rounds: int,
    going: Callable[[], bool] = lambda: True,
) -> Places:
    """Take a few neighbours out and seat them again, `rounds` times or while `going` says so.

    Returns the best plan met, which is never worse than `places`.
    """
    random = Random(seed)  # noqa: S311 - reproducible on purpose
    room = _seated(shape, places)
    best, best_score = dict(room.places), score(shape, room.places)
    here: Score = best_score
    movable = [n for n, item in enumerate(shape.items) if not item.fixed]
    for _ in range(rounds if movable else 0):
        if not going():
            break
        before = dict(room.places)
        _ruin(room, movable, random)
        _recreate(room, movable, random)
        reached = score(shape, room.places)
        if weighed(reached) > weighed(here):
            _restore(room, before)
            continue
        here = reached
        if reached < best_score:
            best, best_score = dict(room.places), reached
    return best


def _seated(shape: Shape, places: Places) -> Room:
    room = Room(shape)
    for position, (start, pool) in places.items():
        room.put(position, start, pool)
    return room


def _ruin(room: Room, movable: Sequence[int], random: Random) -> None:
    """Take out somebody and those whose starts are nearest."""
    placed = [n for n in movable if n in room.places]
    if not placed:
        return
    centre = room.places[random.choice(placed)][0]
    near = sorted(placed, key=lambda n: abs(room.places[n][0] - centre) + random.uniform(0, 12))
    for position in near[: random.randint(FEWEST_OUT, MOST_OUT)]:
        room.take(position)


def _recreate(room: Room, movable: Sequence[int], random: Random) -> None:
    out = [n for n in movable if n not in room.places]
    items = room.shape.items
    if random.random() < 0.5:
        random.shuffle(out)
    else:
        out.sort(key=lambda n: (-items[n].weight, -items[n].chair, random.random()))
    choose = cheapest if random.random() < 0.8 else earliest
    for position in out:
        _insert(room, position, choose)


def _restore(room: Room, before: Places) -> None:
    for position, place in list(room.places.items()):
        if before.get(position) != place:
            room.take(position)
    for position, (start, pool) in before.items():
        if position not in room.places:
            room.put(position, start, pool)

"""A whole series of doses placed at once, each counted from the date really chosen before it.

Dynamic programming over the days that have a time: the doses are taken in order, every date a
dose could have is kept with the cheapest way to it, and the window of the next dose follows from
that date. Plain values in and out: no Django, no clock.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from heapq import heapify, heappop, heappush

LATE, EARLY = 12, 10  # what a day after and a day before the due date costs
OVERDUE_REACH = timedelta(days=42)  # how far from today a dose past its window is looked for
BEAM = 24  # dates of one dose that are followed further


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When a dose is due, given the dates chosen before it."""

    due: date
    earliest: date
    latest: date


@dataclass(frozen=True, slots=True)
class Step:
    """One dose on one date, or without any: `day` is then only what the next dose counts from."""

    number: int
    window: Window
    day: date
    open: bool = False


Path = tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the search asks about a date: its window after a path, its price, whether it may be."""

    window: Callable[[int, Path], Window]
    price: Callable[[int, date], int | None]  # never below 0; None: no time on that day
    allowed: Callable[[int, date, Path], bool]
    today: date


def plan_series(
    numbers: Sequence[int], rules: Rules, *, pinned: dict[int, date] | None = None
) -> list[Step]:
    """Return a date for each dose of `numbers`, in order, with the least total distance from due.

    A `pinned` dose keeps its date. A dose that has no time within its window stays open, and the
    doses after it are counted from the day it is due.
    """
    paths: list[tuple[int, Path]] = [(0, ())]
    for number in numbers:
        paths = _extended(paths, number, rules, (pinned or {}).get(number))
    return list(min(paths, key=lambda path: (path[0], _dates(path[1])))[1])


def _extended(
    paths: Sequence[tuple[int, Path]], number: int, rules: Rules, pin: date | None
) -> list[tuple[int, Path]]:
    """Return the cheapest ways to `number`, one for each of what the doses to come depend on.

    The nearest dates are asked about first: a price only adds to the distance, so most dates need
    neither a search nor a question to the protocol.
    """
    steps = [
        (cost + _apart(day, window.due), (*path, Step(number, window, day)))
        for cost, path in paths
        for window in (rules.window(number, path),)
        for day in ([pin] if pin is not None else days_of(window, rules.today))
    ]
    waiting = [(total, _dates(path), False, n) for n, (total, path) in enumerate(steps)]
    heapify(waiting)
    found: dict[tuple[date, ...], tuple[int, Path]] = {}
    while waiting and len(found) < BEAM:
        total, dates, is_priced, n = heappop(waiting)
        path = steps[n][1]
        if pin is None and not is_priced:
            price = rules.price(number, path[-1].day)
            if price is not None:
                heappush(waiting, (total + price, dates, True, n))
        elif _key(path) not in found and (
            pin is not None or rules.allowed(number, path[-1].day, path[:-1])
        ):
            found[_key(path)] = (total, path)
    if not found:
        return [_left_open(path, cost, number, rules) for cost, path in paths[:1]]
    return list(found.values())


def days_of(window: Window, today: date) -> list[date]:
    """Return the days a dose may be looked for: its window, from today on when that is over."""
    first = max(window.earliest, today)
    last = window.latest if window.latest >= today else today + OVERDUE_REACH
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _left_open(path: Path, cost: int, number: int, rules: Rules) -> tuple[int, Path]:
    window = rules.window(number, path)
    day = max(window.due, rules.today, *(step.day + timedelta(days=1) for step in path[-1:]))
    return cost, (*path, Step(number, window, day, open=True))


def _apart(day: date, due: date) -> int:
    late = (day - due).days
    return late * LATE if late > 0 else -late * EARLY


def _dates(path: Path) -> tuple[date, ...]:
    return tuple(step.day for step in path)


def _key(path: Path) -> tuple[date, ...]:
    """Return what the doses to come depend on: the first two dates of the series, and the last."""
    return (path[0].day, *(step.day for step in path[1:2]), path[-1].day)

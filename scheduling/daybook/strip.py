"""Nurse load and starts per quarter-hour against capacity, as pictures. The template only draws."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scheduling.capacity import Day

HEIGHT = 48  # pixels of the picture that the highest value takes


@dataclass(frozen=True, slots=True)
class Bar:
    """One quarter-hour: what is asked for, and how much of it is more than there is."""

    x: int
    y: int
    height: int
    over_y: int
    over_height: int


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table under the picture."""

    at: str
    asked: int
    limit: int

    @property
    def over(self) -> bool:
        """Whether more is asked than there is."""
        return self.asked > self.limit


@dataclass(frozen=True, slots=True)
class Strip:
    """One picture: bars along the day, a stepped line of capacity, and the same as a table."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    limit_path: str
    lines: tuple[Line, ...]

    @property
    def busiest(self) -> Line | None:
        """The quarter-hour with least to spare; None of a day on which nothing is asked."""
        asked = [line for line in self.lines if line.asked]
        return max(asked, key=lambda line: (line.asked - line.limit, line.asked), default=None)

    @property
    def over(self) -> int:
        """How many quarter-hours ask for more than there is."""
        return sum(line.over for line in self.lines)


def nurse_load(day: Day, slots: range) -> Strip:
    """Return points of watching by slot against what the nurses on duty can watch."""
    return _strip(day, slots, day.points, day.point_limit)


def starts(day: Day, slots: range) -> Strip:
    """Return infusions begun by slot against how many the nurses on duty can begin."""
    return _strip(day, slots, day.starts, day.start_limit)


def _strip(day: Day, slots: range, asked: Sequence[int], limit_at: Callable[[int], int]) -> Strip:
    lines = tuple(Line(day.grid.label(n), asked[n], limit_at(n)) for n in slots)
    top = max([1, *(max(line.asked, line.limit) for line in lines)])
    bars = tuple(_bar(x, line, top) for x, line in enumerate(lines) if line.asked)
    return Strip(len(lines), HEIGHT, bars, _path(lines, top), lines)


def _bar(x: int, line: Line, top: int) -> Bar:
    within, asked = _pixels(min(line.asked, line.limit), top), _pixels(line.asked, top)
    return Bar(x, HEIGHT - within, within, HEIGHT - asked, asked - within)


def _path(lines: Sequence[Line], top: int) -> str:
    steps = [f"{HEIGHT - _pixels(line.limit, top)}H{x + 1}" for x, line in enumerate(lines)]
    return "M0 " + "V".join(steps) if steps else ""


def _pixels(value: int, top: int) -> int:
    return round(value * HEIGHT / top)

"""Geometry of the dose timeline: dates in, whole pixels out. The template only draws."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from core.display import MONTHS
from core.states import state

WIDTH = 800
MARGIN = 28
CLEARANCE = 19
"""Pixels between two neighbours: doses 14 days apart stay two marks, the later one pushed aside."""
PADDING = timedelta(days=24)


class TimelineDose(Protocol):
    """What the picture needs to know of a dose. `given_on` and the window may be missing."""

    @property
    def number(self) -> int: ...
    @property
    def state(self) -> str: ...
    @property
    def due_on(self) -> date: ...
    @property
    def earliest_on(self) -> date | None: ...
    @property
    def latest_on(self) -> date | None: ...
    @property
    def given_on(self) -> date | None: ...


@dataclass(frozen=True, slots=True)
class Mark:
    """One dose on the axis; `window_x` and `window_width` are its earliest to latest."""

    x: int
    number: int
    tone: str
    icon: str
    solid: bool
    window_x: int
    window_width: int


@dataclass(frozen=True, slots=True)
class Tick:
    """A month named under the axis."""

    x: int
    label: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything the template draws. `today_x` is None when today is outside."""

    width: int
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    today_x: int | None


@dataclass(frozen=True, slots=True)
class Scale:
    """Days to pixels between two dates."""

    first: date
    last: date

    def x(self, day: date) -> int:
        """The pixel of a day, inside the margins."""
        share = (day - self.first) / (self.last - self.first)
        return MARGIN + round(share * (WIDTH - 2 * MARGIN))


def draw(doses: Sequence[TimelineDose], today: date) -> Picture:
    """Lay out a course's doses around today. A course without doses gives an empty picture."""
    if not doses:
        return Picture(WIDTH, (), (), None)
    days = [day for dose in doses for day in _days(dose)] + [today]
    scale = Scale(min(days) - PADDING, max(days) + PADDING)
    return Picture(WIDTH, _marks(doses, scale), tuple(_ticks(scale)), scale.x(today))


def _days(dose: TimelineDose) -> Iterable[date]:
    candidates = (dose.due_on, dose.earliest_on, dose.latest_on, dose.given_on)
    return (day for day in candidates if day is not None)


def _marks(doses: Sequence[TimelineDose], scale: Scale) -> tuple[Mark, ...]:
    marks: list[Mark] = []
    last_x = 0
    for dose in sorted(doses, key=lambda dose: dose.given_on or dose.due_on):
        x = last_x = max(scale.x(dose.given_on or dose.due_on), last_x + CLEARANCE)
        left = scale.x(dose.earliest_on or dose.due_on)
        right = scale.x(dose.latest_on or dose.due_on)
        shown = state(dose.state)
        marks.append(
            Mark(
                x,
                dose.number,
                shown.tone,
                shown.icon,
                dose.given_on is not None,
                left,
                max(right - left, 2),
            )
        )
    return tuple(marks)


def _ticks(scale: Scale) -> Iterable[Tick]:
    months = (scale.last - scale.first).days // 30
    step = 1 if months <= 8 else 3 if months <= 30 else 6 if months <= 72 else 12
    day = scale.first.replace(day=1)
    while day <= scale.last:
        if day >= scale.first and (day.month - 1) % step == 0:
            yield Tick(scale.x(day), f"{MONTHS[day.month - 1]} {day.year}")
        day = (day + timedelta(days=32)).replace(day=1)

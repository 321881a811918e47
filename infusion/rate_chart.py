"""Geometry of the rate chart: the plan, what ran and what is expected, in whole pixels. Pure.

The same picture goes to the page, to paper and into the PDF; the template only draws.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from clinical.run import RunState
from clinical.titration import RatePlan
from core import display
from infusion import segments
from infusion.segments import Stretch

WIDTH, HEIGHT = 800, 250
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 30, 28
LABEL_WIDTH = 62
RATE_STEPS = (10, 20, 50, 100, 200)
TIME_STEPS = tuple(timedelta(minutes=minutes) for minutes in (15, 30, 60, 120, 240, 480))
MOST_RATE_LINES = 5
Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Tick:
    """A named line of the grid: `at` is its pixel across, or up."""

    at: int
    label: str


@dataclass(frozen=True, slots=True)
class Band:
    """A pause: from which pixel, and how wide."""

    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A reaction: its pixel and its number in the order they happened."""

    x: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything the template draws. Lines are lists of points as SVG writes them."""

    times: tuple[Tick, ...]
    rates: tuple[Tick, ...]
    plan: str
    ran: str
    area: str
    ahead: str
    now_x: int | None
    pauses: tuple[Band, ...]
    reactions: tuple[Mark, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


@dataclass(frozen=True, slots=True, kw_only=True)
class RateChart:
    """The picture, and the same facts as rows for the table under it."""

    picture: Picture
    planned: tuple[Stretch, ...]
    ran: tuple[Stretch, ...]
    expected: tuple[Stretch, ...]
    reactions: tuple[tuple[int, datetime], ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """Time since the start and mL/h to pixels."""

    length: timedelta
    top_rate: int

    def x(self, after: timedelta) -> int:
        """The pixel of a time since the start, inside the frame."""
        share = min(max(after / self.length, 0), 1)
        return LEFT + round(share * (WIDTH - LEFT - RIGHT))

    def y(self, rate_ml_h: Fraction | int) -> int:
        """The pixel of a rate; more is higher up."""
        share = Fraction(rate_ml_h) / self.top_rate
        return HEIGHT - BOTTOM - round(share * (HEIGHT - BOTTOM - TOP))


def draw(plan: RatePlan, run: RunState | None, zone: ZoneInfo) -> RateChart:
    """Draw the plan of a bag beside its run; `run` None is an infusion that has not started."""
    started = run.started_at if run else None
    shown = segments.planned(plan, started)
    been, coming = segments.ran(run), segments.expected(run)
    scale = _scale([*shown, *been, *coming])
    now_x = None
    if run is not None and started is not None and run.ended_at is None:
        now_x = scale.x(run.now - started)
    picture = Picture(
        times=tuple(_times(scale, started, zone)),
        rates=tuple(_rates(scale)),
        plan=_text(_line(shown, scale)),
        ran=_text(_line(been, scale)),
        area=_text(_area(been, scale)),
        ahead=_text(_line(coming, scale)),
        now_x=now_x,
        pauses=tuple(_pauses(been, scale)),
        reactions=tuple(_reactions(run, scale)),
    )
    return RateChart(
        picture=picture, planned=shown, ran=been, expected=coming, reactions=_listed(run)
    )


def _scale(stretches: Sequence[Stretch]) -> Scale:
    fastest = max(stretch.rate_ml_h for stretch in stretches)
    step = _rate_step(fastest)
    lines = -(-fastest // step)
    return Scale(max(stretch.until for stretch in stretches), step * max(lines, 1))


def _rate_step(fastest: Fraction) -> int:
    return next((step for step in RATE_STEPS if fastest <= step * MOST_RATE_LINES), RATE_STEPS[-1])


def _rates(scale: Scale) -> Iterable[Tick]:
    step = next(each for each in RATE_STEPS if scale.top_rate <= each * MOST_RATE_LINES)
    for rate in range(0, scale.top_rate + 1, step):
        yield Tick(scale.y(rate), display.number(rate))


def _times(scale: Scale, started: datetime | None, zone: ZoneInfo) -> Iterable[Tick]:
    """Full hours of the wall clock and parts of them; before the start, time since it."""
    room = (WIDTH - LEFT - RIGHT) // LABEL_WIDTH
    step = next((each for each in TIME_STEPS if scale.length / each <= room), TIME_STEPS[-1])
    after = timedelta(0)
    if started is not None:
        wall = started.astimezone(zone)
        past = timedelta(hours=wall.hour, minutes=wall.minute, seconds=wall.second,
                         microseconds=wall.microsecond)  # fmt: skip
        after = -past % step
    while after <= scale.length:
        label = display.duration(after)
        if started is not None:
            label = display.clinical_time(started + after, zone)
        yield Tick(scale.x(after), label)
        after += step


def _line(stretches: Sequence[Stretch], scale: Scale) -> list[Point]:
    """A staircase: two points for each stretch."""
    points: list[Point] = []
    for stretch in stretches:
        y = scale.y(stretch.rate_ml_h)
        points += [(scale.x(stretch.after), y), (scale.x(stretch.until), y)]
    return points


def _area(stretches: Sequence[Stretch], scale: Scale) -> list[Point]:
    """What lies under the staircase: the volume that went in."""
    line = _line(stretches, scale)
    if not line:
        return []
    floor = scale.y(0)
    return [(line[0][0], floor), *line, (line[-1][0], floor)]


def _text(points: Sequence[Point]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def _pauses(stretches: Sequence[Stretch], scale: Scale) -> Iterable[Band]:
    for stretch in stretches:
        if stretch.paused:
            left, right = scale.x(stretch.after), scale.x(stretch.until)
            yield Band(left, max(right - left, 2))


def _reactions(run: RunState | None, scale: Scale) -> Iterable[Mark]:
    if run is None or run.started_at is None:
        return
    for number, seen in enumerate(run.reactions, start=1):
        yield Mark(scale.x(seen.at - run.started_at), number)


def _listed(run: RunState | None) -> tuple[tuple[int, datetime], ...]:
    seen = run.reactions if run else ()
    return tuple((number, each.at) for number, each in enumerate(seen, start=1))

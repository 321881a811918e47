"""Geometry of a rate chart: stretches in, whole pixels out. The template only draws."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from clinical.climb import Segment
from clinical.titration import RatePlan

WIDTH, HEIGHT = 720, 208
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 28
MOST_TICKS = 9
MINUTES_BETWEEN_TICKS = (5, 10, 15, 30, 60, 120, 240, 480, 1440, 2880)
RATES_BETWEEN_TICKS = (10, 20, 50, 100)

Stretch = tuple[Fraction, Fraction, Fraction]
"""(starts, ends, mL/h), both in seconds from the start."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of the chart; `kind` is plan, behind, chosen or worst."""

    kind: str
    path: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis and what is written there."""

    at: int
    label: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything the template draws. `onset_x` is None without a reaction."""

    curves: tuple[Curve, ...]
    hours: tuple[Tick, ...]
    rates: tuple[Tick, ...]
    onset_x: int | None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    floor: int = HEIGHT - BOTTOM
    top: int = TOP


@dataclass(frozen=True, slots=True)
class _Scale:
    """Seconds and rates to pixels."""

    seconds: Fraction
    rate: Fraction

    def x(self, at: Fraction) -> int:
        return LEFT + round((WIDTH - LEFT - RIGHT) * at / self.seconds)

    def y(self, rate: Fraction) -> int:
        return HEIGHT - BOTTOM - round((HEIGHT - TOP - BOTTOM) * rate / self.rate)


def of_plan(plan: RatePlan) -> list[Stretch]:
    """Return the stretches of a plan."""
    return [(step.starts_s, step.ends_s, step.rate_ml_h) for step in plan.steps]


def of_path(path: Iterable[Segment]) -> list[Stretch]:
    """Return the stretches that follow a reaction."""
    return [(part.starts_s, part.ends_s, part.rate_ml_h) for part in path]


def draw(curves: Sequence[tuple[str, list[Stretch]]], onset: Fraction | None = None) -> Picture:
    """Lay out the curves, named by kind, the first of them at the back. Each has a stretch."""
    scale = _Scale(
        max(stretches[-1][1] for _kind, stretches in curves),
        max(rate for _kind, stretches in curves for _start, _end, rate in stretches),
    )
    return Picture(
        curves=tuple(Curve(kind, _path(stretches, scale)) for kind, stretches in curves),
        hours=_hours(scale),
        rates=_rates(scale),
        onset_x=None if onset is None else scale.x(onset),
    )


def _path(stretches: list[Stretch], scale: _Scale) -> str:
    start, _end, rate = stretches[0]
    drawn = [f"M{scale.x(start)} {scale.y(rate)}"]
    for _start, end, rate in stretches:
        drawn += [f"V{scale.y(rate)}", f"H{scale.x(end)}"]
    return " ".join([*drawn, f"V{scale.y(Fraction(0))}"])


def _between(length: Fraction, steps: tuple[int, ...], most: int) -> int:
    """Return the smallest of `steps` that gives no more than `most` ticks, else the largest."""
    return next((step for step in steps if length / step <= most), steps[-1])


def _hours(scale: _Scale) -> tuple[Tick, ...]:
    minutes = scale.seconds / 60
    step = _between(minutes, MINUTES_BETWEEN_TICKS, MOST_TICKS)
    return tuple(
        Tick(scale.x(Fraction(at * 60)), f"{at // 60}:{at % 60:02}")
        for at in range(0, int(minutes) + 1, step)
    )


def _rates(scale: _Scale) -> tuple[Tick, ...]:
    step = _between(scale.rate, RATES_BETWEEN_TICKS, MOST_TICKS // 2)
    return tuple(
        Tick(scale.y(Fraction(rate)), str(rate)) for rate in range(0, int(scale.rate) + 1, step)
    )

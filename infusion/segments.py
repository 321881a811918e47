"""One row per constant rate: what ran, what is expected, what was planned. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from clinical.run import RunState, Segment
from clinical.titration import RatePlan, duration_of

TENTH = Decimal("0.1")


def tenth_of_ml(volume_ml: Fraction) -> Decimal:
    """Return a volume in mL rounded half up to a tenth, as a pump's display does."""
    exact = Decimal(volume_ml.numerator) / volume_ml.denominator
    return exact.quantize(TENTH, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stretch at one rate: mL/h, and the exact mL that went in. A pause runs at 0.

    `after` and `until` count from the start of the infusion; the instants are None before it.
    """

    rate_ml_h: Fraction
    after: timedelta
    until: timedelta
    begins_at: datetime | None
    ends_at: datetime | None
    volume_ml: Fraction

    @property
    def paused(self) -> bool:
        """Whether the pump stood still."""
        return self.rate_ml_h == 0

    @property
    def shown_ml(self) -> Decimal:
        """The volume to a tenth of a millilitre."""
        return tenth_of_ml(self.volume_ml)

    @property
    def length(self) -> timedelta:
        """How long it lasted."""
        return self.until - self.after


def ran(run: RunState | None) -> tuple[Stretch, ...]:
    """Return what ran, from the start to the end or to the state's own instant."""
    if run is None:
        return ()
    return tuple(_stretches(run.ran, run.started_at, Fraction(0)))


def expected(run: RunState | None) -> tuple[Stretch, ...]:
    """Return what follows if the rate rises as soon as it may; nothing after the end."""
    if run is None:
        return ()
    return tuple(_stretches(run.ahead, run.started_at, run.volume_in_ml))


def planned(plan: RatePlan, started_at: datetime | None) -> tuple[Stretch, ...]:
    """Return the plan as it would have run from the real start, or from no time yet."""
    steps = (
        Segment(
            rate_ml_h=step.rate_ml_h, starts_s=step.starts_s, ends_s=step.ends_s,
            cumulative_ml=step.cumulative_ml,
        )
        for step in plan.steps
    )  # fmt: skip
    return tuple(_stretches(steps, started_at, Fraction(0)))


def _stretches(
    segments: Iterable[Segment], started_at: datetime | None, before_ml: Fraction
) -> Iterable[Stretch]:
    for segment in segments:
        after, until = duration_of(segment.starts_s), duration_of(segment.ends_s)
        yield Stretch(
            rate_ml_h=segment.rate_ml_h,
            after=after,
            until=until,
            begins_at=None if started_at is None else started_at + after,
            ends_at=None if started_at is None else started_at + until,
            volume_ml=segment.cumulative_ml - before_ml,
        )
        before_ml = segment.cumulative_ml

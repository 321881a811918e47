"""How the rate rises from where it is until the bag is empty, under a named policy.

After a reaction the label halves the rate and lets it rise again, but not in one voice:
`increment` adds the table's increment every half hour (AB), `ladder` takes the table's next higher
rate with the table's own times, `return` goes back to the rate at onset for one step and then
follows the table (EU-PL), `held` stays: the worst case.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from clinical.model import ClimbPolicy, RateTable, ReactionRules
from clinical.titration import seconds, seconds_for, volume_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One stretch at one rate. Seconds count from an origin the caller names."""

    rate_ml_h: Fraction
    starts_s: Fraction
    ends_s: Fraction
    cumulative_ml: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A rate the policy allows next, and how long it is kept; None means until the bag is empty."""

    rate_ml_h: Fraction
    hold: timedelta | None


def policies_for(table: RateTable) -> tuple[ClimbPolicy, ...]:
    """Return the policies `table` can follow: without an increment, not `increment`."""
    return tuple(
        policy
        for policy in ClimbPolicy
        if policy is not ClimbPolicy.INCREMENT or table.increment_ml_h is not None
    )


def table_hold(table: RateTable, rate_ml_h: Fraction) -> timedelta | None:
    """Return how long the table keeps `rate_ml_h`; between two rows, as the lower of them."""
    reached = [row for row in table.steps if row.rate_ml_h <= rate_ml_h]
    return (reached or table.steps)[-1 if reached else 0].duration


def _ladder(table: RateTable, above_ml_h: Fraction) -> Iterator[Rung]:
    for row in table.steps:
        if row.rate_ml_h > above_ml_h:
            yield Rung(rate_ml_h=row.rate_ml_h, hold=row.duration)


def _increments(table: RateTable, rules: ReactionRules, rate_ml_h: Fraction) -> Iterator[Rung]:
    if table.increment_ml_h is None:
        raise ValueError("this rate table has no increment to climb by")
    while rate_ml_h < table.maximum_ml_h:
        rate_ml_h = min(rate_ml_h + table.increment_ml_h, table.maximum_ml_h)
        top = rate_ml_h == table.maximum_ml_h
        yield Rung(rate_ml_h=rate_ml_h, hold=None if top else rules.increase_every)


def rungs(
    table: RateTable,
    rules: ReactionRules,
    policy: ClimbPolicy,
    *,
    rate_ml_h: Fraction,
    onset_ml_h: Fraction,
) -> Iterator[Rung]:
    """Yield the rates above `rate_ml_h` in the order `policy` takes them, never above the maximum.

    `onset_ml_h` is the rate at which the last reaction began; only `return` looks at it.
    Raises ValueError for `increment` on a table without an increment.
    """
    if policy is ClimbPolicy.HELD:
        return
    if policy is ClimbPolicy.INCREMENT:
        yield from _increments(table, rules, rate_ml_h)
        return
    back = min(onset_ml_h, table.maximum_ml_h)
    if policy is ClimbPolicy.RETURN and back > rate_ml_h:
        top = back == table.maximum_ml_h
        yield Rung(rate_ml_h=back, hold=None if top else rules.return_step)
        rate_ml_h = back
    yield from _ladder(table, rate_ml_h)


def climb(
    first: Rung, then: Iterator[Rung], *, volume_ml: Fraction, left_ml: Fraction
) -> tuple[Segment, ...]:
    """Return the stretches from now (0 s) until the last `left_ml` of a `volume_ml` bag are in.

    `first.hold` is what is left of the time at the present rate. When nothing comes after a rate
    it runs until the bag is empty, whatever its hold.
    """
    segments: list[Segment] = []
    start = Fraction(0)
    rung: Rung | None = first
    while rung is not None and left_ml > 0:
        following = next(then, None)
        lasts = seconds_for(left_ml, rung.rate_ml_h)
        if rung.hold is not None and following is not None:
            lasts = min(lasts, seconds(rung.hold))
        left_ml -= volume_in(rung.rate_ml_h, lasts)
        if lasts > 0:
            segments.append(
                Segment(
                    rate_ml_h=rung.rate_ml_h,
                    starts_s=start,
                    ends_s=start + lasts,
                    cumulative_ml=volume_ml - left_ml,
                )
            )
        start += lasts
        rung = following
    return tuple(segments)

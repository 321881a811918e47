"""Rate tables as they are read: one row a step, volumes rounded to what a screen shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from clinical.climb import Segment
from clinical.protocol import Protocol, RateOption, RateTable
from clinical.titration import RatePlan, duration_of, plan, rate_table
from reference.amounts import rounded


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One step. `begins` and `ends` count from the start; the two instants need one."""

    number: int
    rate_ml_h: Decimal
    begins: timedelta
    ends: timedelta
    lasts: timedelta
    step_ml: Decimal
    cumulative_ml: Decimal
    begins_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One rate table of the protocol on the label's own bag."""

    option: RateOption
    rules: RateTable
    dose_mg: int
    volume_ml: Decimal
    rows: tuple[Row, ...]
    total: timedelta


def of_plan(made: RatePlan, start: datetime | None = None) -> tuple[Row, ...]:
    """Return the rows of a plan, with instants when `start` is known."""
    return tuple(
        Row(
            number=step.number,
            rate_ml_h=rounded(step.rate_ml_h),
            begins=step.starts_after,
            ends=step.ends_after,
            lasts=step.duration,
            step_ml=rounded(step.volume_ml),
            cumulative_ml=rounded(step.cumulative_ml),
            begins_at=None if start is None else start + step.starts_after,
            ends_at=None if start is None else start + step.ends_after,
        )
        for step in made.steps
    )


def of_path(path: Sequence[Segment], given: Decimal, start: datetime | None) -> tuple[Row, ...]:
    """Return the rows of what follows a reaction; `given` mL are in when it begins."""
    rows, before = [], given
    for number, part in enumerate(path, start=1):
        after = rounded(part.cumulative_ml)
        begins, ends = duration_of(part.starts_s), duration_of(part.ends_s)
        rows.append(
            Row(
                number=number,
                rate_ml_h=rounded(part.rate_ml_h),
                begins=begins,
                ends=ends,
                lasts=ends - begins,
                step_ml=after - before,
                cumulative_ml=after,
                begins_at=None if start is None else start + begins,
                ends_at=None if start is None else start + ends,
            )
        )
        before = after
    return tuple(rows)


def tables(protocol: Protocol) -> tuple[Table, ...]:
    """Return the three rate tables, each for its largest dose."""
    found = []
    for option in RateOption:
        rules = rate_table(protocol, option)
        made = plan(protocol, dose_mg=max(rules.doses_mg), option=option)
        found.append(
            Table(
                option=option,
                rules=rules,
                dose_mg=made.dose_mg,
                volume_ml=rounded(made.volume_ml),
                rows=of_plan(made),
                total=made.total_duration,
            )
        )
    return tuple(found)

"""Billing times, from what was recorded and never from the plan. Pure.

A stop that nobody charted is not made up: there are no hours without one.
"""

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from clinical.run import RunState
from infusion import segments

RULES = Path(__file__).with_name("billing_rules.toml")
HOUR = 60
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class HourRules:
    """From how many minutes an hour counts; `to_sign` names what nobody has signed off yet."""

    first_from: int
    further_from: int
    to_sign: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingTimes:
    """What was recorded. Minutes are whole, cut off; None where the record does not say.

    `infusion_minutes` leaves pauses out, `pause_minutes` is their sum, `elapsed` both together.
    """

    started_at: datetime | None
    stopped_at: datetime | None
    elapsed: timedelta | None
    infusion_minutes: int | None
    pause_minutes: int | None
    first_hours: int | None
    further_hours: int | None

    @property
    def minutes(self) -> int | None:
        """Whole minutes of infusion, for a column that names its unit."""
        return self.infusion_minutes

    @property
    def paused(self) -> int | None:
        """Whole minutes of pauses."""
        return self.pause_minutes

    @property
    def complete(self) -> bool:
        """Whether both ends are charted, so that hours can be counted."""
        return self.stopped_at is not None


@cache
def hour_rules() -> HourRules:
    """Return the rules of billing_rules.toml."""
    read = tomllib.loads(RULES.read_text())
    unsigned = tuple(name for name, rule in read.items() if rule["sign_off"] == "needs sign-off")
    return HourRules(
        read["first_hour"]["from_minutes"], read["further_hour"]["from_minutes"], unsigned
    )


def billing_times(run: RunState | None, rules: HourRules) -> BillingTimes:
    """Return the times of one infusion; `run` None is one whose line never ran."""
    if run is None or run.started_at is None or run.ended_at is None:
        return BillingTimes(
            started_at=run.started_at if run else None, stopped_at=None, elapsed=None,
            infusion_minutes=None, pause_minutes=None, first_hours=None, further_hours=None,
        )  # fmt: skip
    rows = segments.ran(run)
    flowed = sum((row.length for row in rows if not row.paused), timedelta(0))
    elapsed = run.ended_at - run.started_at
    minutes = flowed // MINUTE
    first, further = hours(minutes, rules)
    return BillingTimes(
        started_at=run.started_at,
        stopped_at=run.ended_at,
        elapsed=elapsed,
        infusion_minutes=minutes,
        pause_minutes=(elapsed - flowed) // MINUTE,
        first_hours=first,
        further_hours=further,
    )


def hours(minutes: int, rules: HourRules) -> tuple[int, int]:
    """Return (first, further) hours for so many minutes of infusion."""
    if minutes < rules.first_from:
        return 0, 0
    full, left = divmod(max(minutes - HOUR, 0), HOUR)
    return 1, full + (left >= rules.further_from)

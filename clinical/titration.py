"""The rate plan: which rate when, how much is in by then, and when the bag is empty. Exact."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from functools import lru_cache

from clinical.calendar import dose_mg as calendar_dose_mg
from clinical.findings import Finding
from clinical.model import Protocol, RateOption, RateTable, StepRow

SECONDS_IN_HOUR = 3600
_MICROSECOND = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)


def seconds(duration: timedelta) -> Fraction:
    """Return `duration` as exact seconds."""
    return Fraction(duration // _MICROSECOND, _SECOND // _MICROSECOND)


def duration_of(exact_seconds: Fraction) -> timedelta:
    """Return exact seconds as a timedelta, rounded up to the next microsecond so that an end is
    never shown before it is reached."""
    return timedelta(microseconds=math.ceil(exact_seconds * (_SECOND // _MICROSECOND)))


def volume_in(rate_ml_h: Fraction, for_seconds: Fraction) -> Fraction:
    """Return the millilitres that `rate_ml_h` delivers in `for_seconds`."""
    return rate_ml_h * for_seconds / SECONDS_IN_HOUR


def seconds_for(volume_ml: Fraction, rate_ml_h: Fraction) -> Fraction:
    """Return how many seconds `rate_ml_h` needs for `volume_ml`; ZeroDivisionError at rate 0."""
    return volume_ml * SECONDS_IN_HOUR / rate_ml_h


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a plan. Seconds count from the start; `until_empty` marks the table's last."""

    number: int
    rate_ml_h: Fraction
    starts_s: Fraction
    ends_s: Fraction
    volume_ml: Fraction
    cumulative_ml: Fraction
    until_empty: bool

    @property
    def duration(self) -> timedelta:
        """How long the step runs in this plan."""
        return duration_of(self.ends_s - self.starts_s)

    @property
    def starts_after(self) -> timedelta:
        """Time from the start of the infusion to the start of the step."""
        return duration_of(self.starts_s)

    @property
    def ends_after(self) -> timedelta:
        """Time from the start of the infusion to the end of the step."""
        return duration_of(self.ends_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class RatePlan:
    """One rate table applied to one bag."""

    option: RateOption
    dose_mg: int
    volume_ml: Fraction
    table: RateTable
    steps: tuple[Step, ...]

    @property
    def total_seconds(self) -> Fraction:
        """Exact seconds from start to empty bag."""
        return self.steps[-1].ends_s

    @property
    def total_duration(self) -> timedelta:
        """Time from start to empty bag, rounded up to the microsecond."""
        return duration_of(self.total_seconds)

    def step_at(self, elapsed: timedelta) -> Step | None:
        """Return the step running at `elapsed`: the new one at a boundary, None before or after."""
        at = seconds(elapsed)
        return next((step for step in self.steps if step.starts_s <= at < step.ends_s), None)

    def rate_at(self, elapsed: timedelta) -> Fraction:
        """Return the rate in mL/h at `elapsed`, 0 before the start and once the bag is empty."""
        step = self.step_at(elapsed)
        return step.rate_ml_h if step else Fraction(0)

    def volume_at(self, elapsed: timedelta) -> Fraction:
        """Return the millilitres given by `elapsed`, between 0 and the whole bag."""
        at = seconds(elapsed)
        return sum(
            (
                volume_in(step.rate_ml_h, min(at, step.ends_s) - step.starts_s)
                for step in self.steps
                if step.starts_s < at
            ),
            Fraction(0),
        )


def rate_table(protocol: Protocol, option: RateOption) -> RateTable:
    """Return the rate table of `option`."""
    tables = {
        RateOption.INITIAL: protocol.titration.initial,
        RateOption.STANDARD: protocol.titration.standard,
        RateOption.SHORT: protocol.titration.short,
    }
    return tables[option]


def _steps(rows: Iterable[StepRow], volume_ml: Fraction) -> Iterable[Step]:
    start = given = Fraction(0)
    for number, row in enumerate(rows, start=1):
        left = volume_ml - given
        lasts = seconds_for(left, row.rate_ml_h)
        if row.duration is not None:
            lasts = min(lasts, seconds(row.duration))
        amount = volume_in(row.rate_ml_h, lasts)
        given += amount
        yield Step(
            number=number,
            rate_ml_h=row.rate_ml_h,
            starts_s=start,
            ends_s=start + lasts,
            volume_ml=amount,
            cumulative_ml=given,
            until_empty=row.duration is None,
        )
        start += lasts
        if given == volume_ml:
            return


def plan(
    protocol: Protocol,
    *,
    dose_mg: int,
    option: RateOption,
    volume_ml: Fraction | int | None = None,
) -> RatePlan:
    """Return the rate plan for a bag of `volume_ml` (the label's bag when None).

    A smaller bag ends in an earlier step, a larger one stays longer in the last.
    Source: EU-PL, DC, GRPH (initial, standard); EU-PL, CH, L26 (short).
    Raises ValueError for a dose the table is not for, or a volume that is not above zero.
    """
    table = rate_table(protocol, option)
    if dose_mg not in table.doses_mg:
        raise ValueError(f"the {option} table is not for {dose_mg} mg")
    volume = table.volume_ml if volume_ml is None else Fraction(volume_ml)
    if volume <= 0:
        raise ValueError(f"a bag volume is above 0 mL, got {volume}")
    return RatePlan(
        option=option,
        dose_mg=dose_mg,
        volume_ml=volume,
        table=table,
        steps=tuple(_steps(table.steps, volume)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Which rate tables a visit may run, and why the short one is not among them."""

    options: tuple[RateOption, ...]
    findings: tuple[Finding, ...]


def _short_findings(
    protocol: Protocol, *, prior_severe: bool, prior_serious: bool, age_years: int | None
) -> list[Finding]:
    findings: list[Finding] = []
    if prior_severe or prior_serious:
        kind = "severe" if prior_severe else "serious"
        words = f"An earlier infusion reaction was {kind}; the standard rate applies."
        findings.append(protocol.finding("SHORT-PRIOR-REACTION", words))
    limit = protocol.titration.short_minimum_age_years
    if age_years is None or age_years < limit:
        words = f"The short infusion is for patients of {limit} years and older."
        findings.append(protocol.finding("SHORT-AGE", words))
    return findings


def offered_options(
    protocol: Protocol,
    *,
    dose_number: int,
    prior_severe: bool,
    prior_serious: bool,
    age_years: int | None,
    dose_mg: int | None = None,
) -> Offer:
    """Return the rate tables dose `dose_number` may run, slowest first.

    The findings block the short table, not the visit. `dose_mg` None means the adult dose; an
    unknown age counts as not adult. Source: article S4 (no severe), label (no serious): either.
    """
    amount = calendar_dose_mg(protocol, dose_number) if dose_mg is None else dose_mg
    options = [option for option in RateOption if amount in rate_table(protocol, option).doses_mg]
    if dose_number <= protocol.dosing.initial_infusions or RateOption.SHORT not in options:
        words = f"Dose {dose_number} of {amount} mg runs the {options[0]} table."
        refused = [protocol.finding("SHORT-FIRST-COURSE", words)]
    else:
        refused = _short_findings(
            protocol, prior_severe=prior_severe, prior_serious=prior_serious, age_years=age_years
        )
    if refused:
        options = [option for option in options if option is not RateOption.SHORT]
    return Offer(options=tuple(options), findings=tuple(refused))


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitPhases:
    """How long a visit needs its chair for, phase by phase, if nothing happens."""

    premedication: timedelta
    infusion: timedelta
    observation: timedelta

    @property
    def total(self) -> timedelta:
        """Chair time from premedication to the end of observation."""
        return self.premedication + self.infusion + self.observation


def visit_phases(
    protocol: Protocol,
    *,
    dose_number: int,
    option: RateOption,
    dose_mg: int | None = None,
    volume_ml: Fraction | int | None = None,
) -> VisitPhases:
    """Return the phases of the visit for dose `dose_number`, the adult dose by default.

    Raises ValueError when the table of `option` is not for that dose.
    """
    amount = calendar_dose_mg(protocol, dose_number) if dose_mg is None else dose_mg
    return _phases(protocol, amount, option, volume_ml)


@lru_cache  # the same few doses, asked for all day
def _phases(
    protocol: Protocol, dose_mg: int, option: RateOption, volume_ml: Fraction | int | None
) -> VisitPhases:
    rate_plan = plan(protocol, dose_mg=dose_mg, option=option, volume_ml=volume_ml)
    return VisitPhases(
        premedication=protocol.premedication.lead,
        infusion=rate_plan.total_duration,
        observation=protocol.observation.after_end,
    )

"""The rate table of one bag, and what surrounds it when its start is known."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from clinical.findings import Finding
from clinical.observation import observe_until
from clinical.premedication import (
    PremedicationDue,
    PremedicationGiven,
    antihypertensive_findings,
    check_premedication,
    premedication_due,
)
from clinical.protocol import Protocol, RateOption, load
from clinical.titration import RatePlan, VisitPhases, plan, visit_phases
from core.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Bag:
    """One dose in one bag on one rate table; the label's own volume when none is given."""

    edition: str
    dose_mg: int
    option: RateOption
    volume_ml: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TitrationQuestion:
    """`minute` asks for the rate and the volume in at that minute of the infusion.

    Age and weight decide on a child's glucocorticoid. `given` is what was given before the start;
    None asks nothing about it, empty says nothing was.
    """

    bag: Bag
    start: datetime | None = None
    minute: Fraction | None = None
    age_years: int | None = None
    weight_kg: Fraction | None = None
    given: tuple[PremedicationGiven, ...] | None = None
    antihypertensive_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtMinute:
    """What runs, and what is in, at one minute."""

    minute: Fraction
    rate_ml_h: Fraction
    volume_in_ml: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class TitrationAnswer:
    """Instants are UTC, and None (or empty) without a start.

    `premedication_findings` speak about what was given; None when that was not asked.
    """

    protocol: Protocol
    plan: RatePlan
    phases: VisitPhases
    start: datetime | None
    ends_at: datetime | None
    observe_until: datetime | None
    premedication: tuple[PremedicationDue, ...]
    premedication_findings: tuple[Finding, ...] | None
    at: AtMinute | None


def plan_of(protocol: Protocol, bag: Bag) -> RatePlan:
    """Return the rate plan of a bag; Invalid, naming the dose, when the table is not for it."""
    try:
        return plan(protocol, dose_mg=bag.dose_mg, option=bag.option, volume_ml=bag.volume_ml)
    except ValueError as problem:
        words = f"{problem}."
        raise Invalid(
            "The request is not valid.", {"dose_mg": [words[0].upper() + words[1:]]}
        ) from None


def minutes(amount: Fraction) -> timedelta:
    """Return typed minutes as a duration, to the microsecond."""
    return timedelta(microseconds=round(amount * 60_000_000))


def _premedication(
    protocol: Protocol, asked: TitrationQuestion
) -> tuple[tuple[PremedicationDue, ...], tuple[Finding, ...] | None]:
    """Return what is due before the start, and what is wrong with what was given."""
    start = asked.start
    if start is None:
        if asked.given is None and asked.antihypertensive_at is None:
            return (), None
        words = "Needed to judge what was given before it."
        raise Invalid("The request is not valid.", {"start": [words]})
    due = premedication_due(
        protocol, infusion_start=start, age_years=asked.age_years, weight_kg=asked.weight_kg
    )
    found: list[Finding] = []
    if asked.given is not None:
        found += check_premedication(
            protocol,
            infusion_start=start,
            given=asked.given,
            age_years=asked.age_years,
            weight_kg=asked.weight_kg,
        )
    found += antihypertensive_findings(
        protocol, last_taken=asked.antihypertensive_at, infusion_start=start
    )
    judged = asked.given is not None or asked.antihypertensive_at is not None
    return due, tuple(found) if judged else None


def answer(asked: TitrationQuestion) -> TitrationAnswer:
    """Return the rate table with its exact end.

    Raises Invalid for a dose the table is not for, and for premedication without a start.
    """
    bag = asked.bag
    protocol = load("ocrelizumab", bag.edition)
    made, at, ends_at = plan_of(protocol, bag), None, None
    phases = visit_phases(
        protocol, dose_number=1, option=bag.option, dose_mg=bag.dose_mg, volume_ml=bag.volume_ml
    )
    if asked.minute is not None:
        elapsed = minutes(asked.minute)
        at = AtMinute(
            minute=asked.minute,
            rate_ml_h=made.rate_at(elapsed),
            volume_in_ml=made.volume_at(elapsed),
        )
    premedication, findings = _premedication(protocol, asked)
    if asked.start is not None:
        ends_at = asked.start + made.total_duration
    return TitrationAnswer(
        protocol=protocol,
        plan=made,
        phases=phases,
        start=asked.start,
        ends_at=ends_at,
        observe_until=observe_until(protocol, ends_at) if ends_at else None,
        premedication=premedication,
        premedication_findings=findings,
        at=at,
    )

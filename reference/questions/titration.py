"""The rate table of one bag, and what surrounds it when its start is known."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from clinical.observation import observe_until
from clinical.premedication import PremedicationDue, premedication_due
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
    """`minute` asks for the rate and the volume in at that minute of the infusion."""

    bag: Bag
    start: datetime | None = None
    minute: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtMinute:
    """What runs, and what is in, at one minute."""

    minute: Fraction
    rate_ml_h: Fraction
    volume_in_ml: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class TitrationAnswer:
    """Instants are UTC, and None (or empty) without a start."""

    protocol: Protocol
    plan: RatePlan
    phases: VisitPhases
    start: datetime | None
    ends_at: datetime | None
    observe_until: datetime | None
    premedication: tuple[PremedicationDue, ...]
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


def answer(asked: TitrationQuestion) -> TitrationAnswer:
    """Return the rate table with its exact end. Raises Invalid for a dose the table is not for."""
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
    if asked.start is not None:
        ends_at = asked.start + made.total_duration
    return TitrationAnswer(
        protocol=protocol,
        plan=made,
        phases=phases,
        start=asked.start,
        ends_at=ends_at,
        observe_until=observe_until(protocol, ends_at) if ends_at else None,
        premedication=premedication_due(protocol, infusion_start=asked.start)
        if asked.start
        else (),
        at=at,
    )

"""What the rules would say about a set of facts that belongs to nobody."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from clinical.calendar import Regimen, dose_mg
from clinical.eligibility import (
    Eligibility,
    contraception_until,
    for_course,
    for_visit,
    regimen_for,
)
from clinical.facts import Facts
from clinical.protocol import Protocol, load
from clinical.titration import Offer, offered_options


class Occasion(StrEnum):
    """What the facts are asked for."""

    COURSE = "course"
    VISIT = "visit"


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityQuestion:
    """`dose_number` counts for a visit only: a course starts with dose 1."""

    edition: str
    occasion: Occasion
    on: date
    facts: Facts
    dose_number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityAnswer:
    """`regimen` and `offer` are None when the edition has no regimen for such a patient.

    `contraception_until` supposes that the dose given on the day is the last one.
    """

    protocol: Protocol
    eligibility: Eligibility
    dose_number: int
    regimen: Regimen | None
    offer: Offer | None
    contraception_until: date


def _offer(protocol: Protocol, facts: Facts, number: int, regimen: Regimen) -> Offer:
    return offered_options(
        protocol,
        dose_number=number,
        prior_severe=bool(facts.prior_severe_reaction or facts.prior_life_threatening_reaction),
        prior_serious=bool(facts.prior_serious_reaction),
        age_years=facts.age_years,
        dose_mg=dose_mg(protocol, number, regimen),
    )


def answer(asked: EligibilityQuestion) -> EligibilityAnswer:
    """Return what the rules say. A fact that is not given is not known, and counts as such."""
    protocol = load("ocrelizumab", asked.edition)
    if asked.occasion is Occasion.COURSE:
        number = 1
        said = for_course(protocol, asked.facts, first_infusion=asked.on)
    else:
        number = asked.dose_number
        said = for_visit(protocol, asked.facts, dose_number=number, on=asked.on)
    regimen = regimen_for(protocol, asked.facts)
    return EligibilityAnswer(
        protocol=protocol,
        eligibility=said,
        dose_number=number,
        regimen=regimen,
        offer=None if regimen is None else _offer(protocol, asked.facts, number, regimen),
        contraception_until=contraception_until(protocol, asked.on),
    )

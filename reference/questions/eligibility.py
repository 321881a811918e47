"""What the rules would say about a set of facts that belongs to nobody."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from clinical.calendar import Regimen, dose_mg
from clinical.eligibility import (
    Eligibility,
    contraception_until,
    for_course,
    for_visit,
    regimen_for,
)
from clinical.facts import Facts, Vaccine
from clinical.findings import Finding
from clinical.premedication import steroid_dose_mg
from clinical.protocol import Protocol, load
from clinical.titration import Offer, offered_options
from clinical.vaccination import for_vaccination
from core.errors import Invalid


class Occasion(StrEnum):
    """What the facts are asked for."""

    COURSE = "course"
    VISIT = "visit"


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityQuestion:
    """`dose_number` counts for a visit only: a course starts with dose 1.

    `planned` vaccinations are held against the first infusion: the day asked about for dose 1,
    `first_infusion` for a later one.
    """

    edition: str
    occasion: Occasion
    on: date
    facts: Facts
    dose_number: int = 1
    planned: tuple[Vaccine, ...] = ()
    first_infusion: date | None = None
    b_cells_recovered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Vaccination:
    """One planned vaccination and what stands in its way."""

    vaccine: Vaccine
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityAnswer:
    """`regimen`, `offer` and `steroid_mg` are None when the edition has no regimen for the patient.

    `contraception_until` supposes that the dose given on the day is the last one.
    """

    protocol: Protocol
    eligibility: Eligibility
    dose_number: int
    regimen: Regimen | None
    offer: Offer | None
    steroid_mg: Fraction | None
    contraception_until: date
    vaccinations: tuple[Vaccination, ...]


def _vaccinations(
    protocol: Protocol, asked: EligibilityQuestion, number: int
) -> tuple[Vaccination, ...]:
    first = asked.on if number == 1 else asked.first_infusion
    if asked.planned and first is None:
        words = "Needed to judge a planned vaccination after dose 1."
        raise Invalid("The request is not valid.", {"first_infusion": [words]})
    return tuple(
        Vaccination(
            vaccine=vaccine,
            findings=tuple(
                for_vaccination(
                    protocol,
                    vaccine,
                    first_infusion=first,
                    b_cells_recovered=asked.b_cells_recovered,
                )
            ),
        )
        for vaccine in asked.planned
    )


def _steroid(protocol: Protocol, facts: Facts) -> Fraction:
    weight = None if facts.weight_kg is None else Fraction(facts.weight_kg)
    return steroid_dose_mg(protocol, age_years=facts.age_years, weight_kg=weight)


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
    """Return what the rules say. A fact that is not given is not known, and counts as such.

    Raises Invalid for a vaccination planned after dose 1 without the day of infusion 1.
    """
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
        steroid_mg=None if regimen is None else _steroid(protocol, asked.facts),
        contraception_until=contraception_until(protocol, asked.on),
        vaccinations=_vaccinations(protocol, asked, number),
    )

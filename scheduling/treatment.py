"""Between a course's rows and the protocol it follows: which edition, regimen and rate tables."""

import math
from datetime import date, timedelta
from fractions import Fraction

from clinical.calendar import Regimen, adult_regimen
from clinical.findings import Finding
from clinical.protocol import Protocol, ProtocolError, RateOption, load
from clinical.titration import Offer, offered_options, visit_phases
from core.errors import Invalid, RuleBroken
from patients.models import Patient
from scheduling import history
from scheduling.models import Course, Visit

PROTOCOL = "ocrelizumab"


def protocol_of(course: Course) -> Protocol:
    """Return the protocol a course follows."""
    return load(course.protocol, course.edition)


def edition_named(edition: str) -> Protocol:
    """Return an edition by its name; raises Invalid when there is none."""
    try:
        return load(PROTOCOL, edition)
    except ProtocolError as problem:
        raise Invalid("There is no such edition.", {"edition": ["Unknown edition."]}) from problem


def age_on(birth_date: date, day: date) -> int:
    """Return completed years of age on `day`."""
    birthday_to_come = (day.month, day.day) < (birth_date.month, birth_date.day)
    return day.year - birth_date.year - birthday_to_come


def refuse_deceased(patient: Patient) -> None:
    """Raise RuleBroken when the patient has died."""
    if patient.is_deceased:
        raise RuleBroken("This patient has died. Nothing can be booked.")


def refuse_unfit(protocol: Protocol, patient: Patient, indication: str, *, on: date) -> None:
    """Raise RuleBroken when the patient has died, or is younger than the edition treats."""
    refuse_deceased(patient)
    finding = age_finding(protocol, patient, indication, on=on)
    if finding is not None:
        raise RuleBroken(finding.words, [finding])


def age_finding(
    protocol: Protocol, patient: Patient, indication: str, *, on: date
) -> Finding | None:
    """Return why the edition does not treat somebody of this age and weight, or None."""
    adult = protocol.dosing.adult_age_years
    if age_on(patient.birth_date, on) >= adult:
        return None
    child = protocol.dosing.paediatric
    if not child.allowed or indication == Course.Indication.PPMS:
        words = f"This edition treats patients of {adult} years and older."
        return protocol.finding("AGE-CHILD", words)
    if patient.weight_kg is None:
        return protocol.finding("AGE-UNKNOWN", "Record the child's weight first.")
    too_young = age_on(patient.birth_date, on) < child.minimum_age_years
    if too_young or Fraction(patient.weight_kg) < child.minimum_weight_kg:
        words = (
            f"This edition treats children of {child.minimum_age_years} years and older who weigh "
            f"at least {child.minimum_weight_kg} kg."
        )
        return protocol.finding("AGE-CHILD", words)
    return None


def regimen_for(protocol: Protocol, patient: Patient, *, on: date) -> Regimen:
    """Return the milligrams per infusion for this patient: a light child's, or an adult's."""
    child = protocol.dosing.paediatric
    if (
        child.allowed
        and age_on(patient.birth_date, on) < protocol.dosing.adult_age_years
        and patient.weight_kg is not None
        and Fraction(patient.weight_kg) < child.adult_dose_weight_kg
    ):
        return Regimen(initial_mg=child.initial_mg, maintenance_mg=child.maintenance_mg)
    return adult_regimen(protocol)


def rates_offered(
    protocol: Protocol,
    visit: Visit,
    patient: Patient,
    *,
    on: date,
    known: history.ReactionHistory | None = None,
) -> Offer:
    """Return the rate tables this visit may run, slowest first, given earlier reactions (asked
    for when they are not `known`)."""
    known = known if known is not None else history.of(patient.pk)
    return offered_options(
        protocol,
        dose_number=visit.nth_dose,
        prior_severe=known.prior_severe,
        prior_serious=known.prior_serious,
        age_years=age_on(patient.birth_date, on),
        dose_mg=visit.milligrams,
    )


def choose_rate(offer: Offer, wanted: str | None) -> RateOption:
    """Return the wanted rate table, the slowest when none is named.

    Raises Invalid for a table that does not exist, RuleBroken for one this visit may not run.
    """
    if wanted is None:
        return offer.options[0]
    if wanted not in set(RateOption):
        raise Invalid("There is no such rate.", {"rate_option": ["Unknown rate."]})
    option = RateOption(wanted)
    if option not in offer.options:
        words = offer.findings[0].words if offer.findings else "This dose does not run that table."
        raise RuleBroken(words, offer.findings)
    return option


def phase_minutes(protocol: Protocol, visit: Visit, option: RateOption) -> dict[str, int]:
    """Return a booking's phase columns: the computed times, each rounded up to the minute."""
    phases = visit_phases(
        protocol, dose_number=visit.nth_dose, option=option, dose_mg=visit.milligrams
    )
    return {
        "premedication_minutes": _minutes(phases.premedication),
        "infusion_minutes": _minutes(phases.infusion),
        "observation_minutes": _minutes(phases.observation),
    }


def _minutes(duration: timedelta) -> int:
    return math.ceil(duration / timedelta(minutes=1))

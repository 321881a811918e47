"""Facts in, findings out: may this patient start, have this visit, have this vaccination.

A finding that is not there means the rule has nothing to say. What a person must decide is a hold
or a block with the roles that may go past it; nothing here decides for them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from clinical.calendar import Regimen, add_months, adult_regimen, gap_findings
from clinical.facts import Facts, Pml, RenalImpairment
from clinical.findings import Finding, Severity, by_severity, worst
from clinical.model import Protocol
from clinical.screening import baseline_findings, hepatitis_b_findings, liver_findings
from clinical.vaccination import recent_vaccine_findings

Check = Callable[[Protocol, Facts], list[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """The findings, most severe first."""

    findings: tuple[Finding, ...]

    @property
    def decision(self) -> Severity:
        """The most severe finding, clear when there are none."""
        return worst(self.findings)

    @property
    def ids(self) -> tuple[str, ...]:
        """The rule ids, in the order of the findings."""
        return tuple(item.id for item in self.findings)


def _flag(rule_id: str, is_set: bool | None, words: str) -> tuple[str, bool, str]:  # noqa: FBT001
    return rule_id, bool(is_set), words


def _said(protocol: Protocol, *flags: tuple[str, bool, str]) -> list[Finding]:
    return [protocol.finding(rule_id, words) for rule_id, is_set, words in flags if is_set]


def is_child(protocol: Protocol, age_years: int) -> bool:
    """Return whether the adult regimen is not for this age."""
    return age_years < protocol.dosing.adult_age_years


def _weight_decides(protocol: Protocol, facts: Facts, age_years: int) -> bool:
    """Whether the edition allows a child of this age and indication, if heavy enough (L26)."""
    rules = protocol.dosing.paediatric
    return (
        rules.allowed
        and age_years >= rules.minimum_age_years
        and facts.indication in rules.indications
    )


def may_have_paediatric(protocol: Protocol, facts: Facts) -> bool:
    """Return whether the edition allows a child of this age, weight and indication (L26)."""
    if facts.age_years is None or facts.weight_kg is None:
        return False
    heavy_enough = Fraction(facts.weight_kg) >= protocol.dosing.paediatric.minimum_weight_kg
    return heavy_enough and _weight_decides(protocol, facts, facts.age_years)


def regimen_for(protocol: Protocol, facts: Facts) -> Regimen | None:
    """Return the milligrams for this patient, None when the edition has no regimen for them.

    A child of the adult-dose weight or more has the adult doses; an unknown age has none.
    """
    if facts.age_years is None:
        return None
    if not is_child(protocol, facts.age_years):
        return adult_regimen(protocol)
    rules = protocol.dosing.paediatric
    if not may_have_paediatric(protocol, facts) or facts.weight_kg is None:
        return None
    if Fraction(facts.weight_kg) >= rules.adult_dose_weight_kg:
        return adult_regimen(protocol)
    return Regimen(initial_mg=rules.initial_mg, maintenance_mg=rules.maintenance_mg)


def _child_findings(protocol: Protocol, facts: Facts, age_years: int) -> list[Finding]:
    if facts.weight_kg is None and _weight_decides(protocol, facts, age_years):
        words = "A child's weight decides the regimen and is not recorded."
        return [protocol.finding("AGE-UNKNOWN", words)]
    regimen = regimen_for(protocol, facts)
    if regimen is None:
        words = f"{age_years} years: this edition has no regimen for the patient."
        return [protocol.finding("AGE-CHILD", words)]
    words = (
        f"{regimen.initial_mg} mg twice, then {regimen.maintenance_mg} mg: a pharmacist confirms "
        "the numbers."
    )
    return [protocol.finding("AGE-PAEDIATRIC", words)]


def age_findings(protocol: Protocol, facts: Facts) -> list[Finding]:
    """Return what age and weight say: not known, a child, an older patient (S14, S15)."""
    if facts.age_years is None:
        return [protocol.finding("AGE-UNKNOWN", "The age is not recorded.")]
    if is_child(protocol, facts.age_years):
        return _child_findings(protocol, facts, facts.age_years)
    if facts.age_years >= protocol.eligibility.older_age_years:
        words = f"{facts.age_years} years: the dose stays, watch for infection more closely."
        return [protocol.finding("AGE-OLDER", words)]
    return []


def indication_findings(protocol: Protocol, facts: Facts) -> list[Finding]:
    """Return INDICATION-UNSUPPORTED for anything but the protocol's indications (S1)."""
    if facts.indication in protocol.dosing.indications:
        return []
    known = ", ".join(protocol.dosing.indications)
    words = f"Indication {facts.indication or 'not recorded'}; this protocol is for {known}."
    return [protocol.finding("INDICATION-UNSUPPORTED", words)]


def reproduction_findings(protocol: Protocol, facts: Facts) -> list[Finding]:
    """Return what pregnancy, contraception and breastfeeding say (S12, S13)."""
    months = protocol.eligibility.contraception_months
    fertile = bool(facts.can_become_pregnant) and not facts.pregnant
    return _said(
        protocol,
        _flag("PREGNANT", facts.pregnant, "The patient is pregnant."),
        _flag(
            "PREGNANCY-UNCHECKED",
            fertile and facts.pregnant is None,
            "Pregnancy is possible and has not been excluded.",
        ),
        _flag(
            "CONTRACEPTION",
            fertile and not facts.contraception,
            f"Effective contraception during treatment and {months} months after the last dose.",
        ),
        _flag(
            "LACTATION",
            bool(facts.breastfeeding) and not facts.lactation_decision,
            "The patient is breastfeeding; weigh the drug against breastfeeding.",
        ),
    )


def condition_findings(protocol: Protocol, facts: Facts) -> list[Finding]:
    """Return what other conditions say: kidney (S17), PML, malignancy, immune state, diarrhoea."""
    renal = facts.renal or RenalImpairment.NONE
    return _said(
        protocol,
        _flag(
            "RENAL-IMPAIRED",
            renal in protocol.eligibility.renal_caution,
            f"Kidney impairment is {renal}; data are insufficient.",
        ),
        _flag("PML-SUSPECTED", facts.pml is Pml.SUSPECTED, "PML is suspected: withhold."),
        _flag("PML-CONFIRMED", facts.pml is Pml.CONFIRMED, "PML is confirmed: discontinue."),
        _flag("MALIGNANCY-ACTIVE", facts.active_malignancy, "A malignancy is active."),
        _flag(
            "IMMUNOCOMPROMISED",
            facts.severely_immunocompromised,
            "The patient is severely immunocompromised.",
        ),
        _flag(
            "HYPERSENSITIVITY",
            facts.hypersensitivity,
            f"Hypersensitivity to {protocol.drug} is on record.",
        ),
        _flag("DIARRHOEA", facts.persistent_diarrhoea, "Diarrhoea is new or persists."),
    )


def infection_findings(protocol: Protocol, facts: Facts) -> list[Finding]:
    """Return what infection says before every infusion (S18)."""
    return _said(
        protocol,
        _flag("INFECTION-ACTIVE", facts.active_infection, "An infection is active: delay."),
        _flag(
            "INFECTION-UNCHECKED",
            facts.active_infection is None,
            "Infection has not been asked about.",
        ),
    )


def reaction_history_findings(protocol: Protocol, facts: Facts) -> list[Finding]:
    """Return what earlier infusion reactions say (S11; HCP, EU-PL)."""
    return _said(
        protocol,
        _flag(
            "REACTION-LIFE-THREATENING",
            facts.prior_life_threatening_reaction,
            "An earlier infusion reaction was life-threatening: never again.",
        ),
        _flag(
            "REACTION-PRIOR-SEVERE",
            facts.prior_severe_reaction or facts.prior_serious_reaction,
            "An earlier infusion reaction was severe or serious: the short infusion is out.",
        ),
    )


_EVERY_TIME: tuple[Check, ...] = (
    age_findings,
    indication_findings,
    hepatitis_b_findings,
    liver_findings,
    reproduction_findings,
    condition_findings,
    reaction_history_findings,
)


def _eligibility(findings: list[Finding]) -> Eligibility:
    return Eligibility(findings=tuple(by_severity(findings)))


def for_course(protocol: Protocol, facts: Facts, *, first_infusion: date) -> Eligibility:
    """Return what stands in the way of starting a course with infusion 1 on `first_infusion`.

    An infection is named when it is active; not having asked yet matters at the visit.
    """
    findings = [item for check in _EVERY_TIME for item in check(protocol, facts)]
    findings += baseline_findings(protocol, facts)
    findings += [
        item for item in infection_findings(protocol, facts) if item.id != "INFECTION-UNCHECKED"
    ]
    findings += recent_vaccine_findings(protocol, facts, on=first_infusion, starting=True)
    findings += gap_findings(protocol, last_given=facts.last_dose_on, today=first_infusion)
    return _eligibility(findings)


def for_visit(protocol: Protocol, facts: Facts, *, dose_number: int, on: date) -> Eligibility:
    """Return what stands in the way of giving dose `dose_number` on `on`.

    Before dose 1 the baseline tests count too; from dose 2 on, a low IgG is monitored.
    """
    starting = dose_number == 1
    findings = [item for check in _EVERY_TIME for item in check(protocol, facts)]
    findings += infection_findings(protocol, facts)
    findings += recent_vaccine_findings(protocol, facts, on=on, starting=starting)
    findings += gap_findings(protocol, last_given=facts.last_dose_on, today=on)
    if starting:
        findings += baseline_findings(protocol, facts)
    elif facts.immunoglobulins.is_low():
        words = "IgG is below its lower limit: keep monitoring."
        findings.append(protocol.finding("IG-MONITOR", words))
    return _eligibility(findings)


def contraception_until(protocol: Protocol, last_dose: date) -> date:
    """Return until when contraception is needed after the last dose (S12; UK-R in the EU)."""
    return add_months(last_dose, protocol.eligibility.contraception_months)

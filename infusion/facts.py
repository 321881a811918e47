"""What the rules ask about a patient, from the patient's record and today's answers. Pure.

What is not on record stays unknown: nothing here takes a missing fact for a good one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from clinical import facts
from clinical.facts import Facts, HepatitisB, Immunoglobulins, Liver, Pml, RenalImpairment
from clinical.model import Protocol
from infusion.checklist import Answers, Question
from patients.allergy_state import ACTIVE
from patients.fhir.codes import analyte_of
from patients.models import Allergy, Condition, Patient, TestResult, Vaccination
from scheduling.history import ReactionHistory
from scheduling.treatment import age_on

Kind = Condition.Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One patient's record as it stands. `results` come newest first."""

    patient: Patient
    indication: str
    results: Sequence[TestResult]
    vaccinations: Sequence[Vaccination]
    conditions: Sequence[Condition]
    allergies: Sequence[Allergy]
    history: ReactionHistory
    life_threatening_before: bool
    last_dose_on: date | None


def facts_of(protocol: Protocol, known: Known, answers: Answers | None, *, on: date) -> Facts:
    """Return what is known of the patient on the day `on`; `answers` None: not asked yet."""
    latest = latest_results(known.results)
    there = {row.kind for row in known.conditions if holds_on(row, on)}
    weight = known.patient.weight_kg
    return Facts(
        age_years=age_on(known.patient.birth_date, on),
        weight_kg=None if weight is None else Fraction(weight),
        indication=known.indication.upper(),
        hepatitis_b=_hepatitis_b(latest, there),
        immunoglobulins=Immunoglobulins(low=_igg_low(latest)),
        liver=_liver(latest, symptoms=Kind.LIVER_INJURY in there or _yes(answers, Question.LIVER)),
        renal=_renal(there),
        active_infection=_either(Kind.INFECTION in there, _said(answers, Question.INFECTION)),
        pregnant=_either(Kind.PREGNANCY in there, _said(answers, Question.PREGNANCY)),
        can_become_pregnant=_can_become_pregnant(known.patient, answers),
        contraception=_said(answers, Question.CONTRACEPTION),
        breastfeeding=Kind.LACTATION in there,
        vaccines=tuple(_vaccines(known.vaccinations)),
        pml=_pml(there, answers),
        active_malignancy=Kind.MALIGNANCY in there,
        severely_immunocompromised=Kind.IMMUNOCOMPROMISE in there,
        hypersensitivity=is_allergic(protocol, known.allergies),
        persistent_diarrhoea=Kind.COLITIS in there or _yes(answers, Question.DIARRHOEA),
        prior_life_threatening_reaction=known.life_threatening_before,
        prior_severe_reaction=known.history.prior_severe,
        prior_serious_reaction=known.history.prior_serious,
        last_dose_on=known.last_dose_on,
    )


def holds_on(condition: Condition, on: date) -> bool:
    """Return whether a state lasts on the day `on`; on the day it ended it is over."""
    until = condition.until_date
    return condition.from_date <= on and (until is None or until > on)


def latest_results(newest_first: Iterable[TestResult]) -> dict[str, TestResult]:
    """Return the newest result by the key of its analyte, whatever the method."""
    found: dict[str, TestResult] = {}
    for row in newest_first:
        analyte = analyte_of(row.loinc)
        if analyte is not None:
            found.setdefault(analyte.key, row)
    return found


def is_allergic(protocol: Protocol, allergies: Iterable[Allergy]) -> bool:
    """Return whether an active allergy names the drug."""
    names = (protocol.drug.lower(), protocol.brand.lower())
    return any(
        allergy.clinical_status == ACTIVE
        and any(name in allergy.substance.lower() for name in names)
        for allergy in allergies
    )


def _said(answers: Answers | None, question: Question) -> bool | None:
    return None if answers is None else answers.says(question)


def _yes(answers: Answers | None, question: Question) -> bool:
    return bool(_said(answers, question))


def _either(on_record: bool, said: bool | None) -> bool | None:  # noqa: FBT001 - two facts, one word
    """What stands on record holds whatever is said today."""
    return True if on_record else said


def _can_become_pregnant(patient: Patient, answers: Answers | None) -> bool:
    if patient.sex == Patient.Sex.MALE:
        return False
    return answers is None or answers.says(Question.PREGNANCY) is not None


def _pml(there: set[str], answers: Answers | None) -> Pml:
    if Kind.CONFIRMED_PML in there:
        return Pml.CONFIRMED
    suspected = Kind.SUSPECTED_PML in there or _yes(answers, Question.NEUROLOGICAL)
    return Pml.SUSPECTED if suspected else Pml.NONE


def _renal(there: set[str]) -> RenalImpairment:
    """Moderate and severe are one state of the record; the rules treat them as one too."""
    if Kind.RENAL_MODERATE in there:
        return RenalImpairment.MODERATE
    return RenalImpairment.MILD if Kind.RENAL_MILD in there else RenalImpairment.NONE


def _hepatitis_b(latest: Mapping[str, TestResult], there: set[str]) -> HepatitisB:
    dna = latest.get("hbv_dna")
    return HepatitisB(
        hbsag=_found(latest.get("hbsag")),
        anti_hbc=_found(latest.get("anti_hbc")),
        active=True if Kind.HEPATITIS_B in there else None,
        dna_detected=None if dna is None else bool(dna.value) or dna.finding == "positive",
    )


def _found(result: TestResult | None) -> facts.TestResult | None:
    """An indeterminate result, or a number nobody read, is no result."""
    if result is None or result.finding not in set(facts.TestResult):
        return None
    return facts.TestResult(result.finding)


def _igg_low(latest: Mapping[str, TestResult]) -> bool | None:
    igg = latest.get("igg")
    if igg is None or igg.value is None or igg.reference_low is None:
        return None
    return igg.value < igg.reference_low


def _liver(latest: Mapping[str, TestResult], *, symptoms: bool) -> Liver:
    return Liver(
        alt_x_uln=_times_upper(latest.get("alt")),
        ast_x_uln=_times_upper(latest.get("ast")),
        alp_x_uln=_times_upper(latest.get("alp")),
        bilirubin_x_uln=_times_upper(latest.get("bilirubin")),
        tests_recorded={"alt", "ast", "alp", "bilirubin"} <= set(latest),
        symptoms=symptoms,
    )


def _times_upper(result: TestResult | None) -> Fraction | None:
    if result is None or result.value is None or not result.reference_high:
        return None
    return Fraction(result.value) / Fraction(result.reference_high)


def _vaccines(rows: Iterable[Vaccination]) -> Iterable[facts.Vaccine]:
    """A vaccine nobody knows to be without live germs counts as one with."""
    for row in rows:
        if row.status == Vaccination.Status.GIVEN:
            name = row.name if row.is_live is not None else f"{row.name} (live or not: unknown)"
            yield facts.Vaccine(name=name, live=row.is_live is not False, on=row.occurred_on)

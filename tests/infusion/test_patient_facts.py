"""From the record and today's answers to what the rules ask: nothing missing is taken for good."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from clinical.facts import Facts, Pml, RenalImpairment
from clinical.facts import TestResult as Screen
from clinical.protocol import load
from infusion.checklist import Answer, Answers, Question
from infusion.facts import Known, facts_of, holds_on
from patients.models import Allergy, Condition, Patient, Vaccination
from patients.models import TestResult as Result
from scheduling.history import ReactionHistory
from tests.infusion.builders import TODAY, WELL, at

PROTOCOL = load()
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
Kind = Condition.Kind


def person(**changes: Any) -> Patient:
    fields: dict[str, Any] = {"birth_date": date(1988, 3, 4), "sex": Patient.Sex.FEMALE}
    return Patient(**(fields | changes))


def known(**changes: Any) -> Known:
    """A patient of whom nothing is on record but who they are."""
    nothing = Known(
        patient=person(), indication="rms", results=[], vaccinations=[], conditions=[],
        allergies=[], history=ReactionHistory(), life_threatening_before=False, last_dose_on=None,
    )  # fmt: skip
    return replace(nothing, **changes)


def facts(*, answers: dict[str, str] | None = None, **changes: Any) -> Facts:
    said = None
    if answers is not None:
        every = WELL | answers
        said = Answers(answers={Question(k): Answer(v) for k, v in every.items()}, notes={})
    return facts_of(PROTOCOL, known(**changes), said, on=TODAY)


def result(loinc: str, **changes: Any) -> Result:
    return Result(loinc=loinc, collected_at=at(-60), **changes)


def condition(kind: str, since: date = YESTERDAY, until: date | None = None) -> Condition:
    return Condition(kind=kind, from_date=since, until_date=until)


def test_nothing_on_record_is_unknown_and_not_good() -> None:
    empty = facts()
    assert (empty.active_infection, empty.pregnant, empty.contraception) == (None, None, None)
    assert (empty.hepatitis_b.hbsag, empty.hepatitis_b.anti_hbc) == (None, None)
    assert empty.immunoglobulins.is_low() is None
    assert not empty.liver.tests_recorded
    assert empty.last_dose_on is None


def test_who_they_are_and_what_for() -> None:
    it = facts(patient=person(weight_kg=Decimal("61.5")), last_dose_on=date(2025, 9, 15))
    assert (it.age_years, it.weight_kg, it.indication) == (37, Fraction("61.5"), "RMS")
    assert it.last_dose_on == date(2025, 9, 15)


@pytest.mark.parametrize(
    ("since", "until", "there"),
    [
        (TOMORROW, None, False),
        (TODAY, None, True),
        (YESTERDAY, None, True),
        (YESTERDAY, TOMORROW, True),
        (YESTERDAY, TODAY, False),
        (YESTERDAY, YESTERDAY, False),
    ],
)
def test_a_state_lasts_from_its_first_day_to_the_day_it_ended(
    since: date, until: date | None, *, there: bool
) -> None:
    assert holds_on(condition(Kind.INFECTION, since, until), TODAY) is there
    assert (
        facts(conditions=[condition(Kind.INFECTION, since, until)]).active_infection is True
    ) is there


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (Kind.PREGNANCY, "pregnant", True),
        (Kind.LACTATION, "breastfeeding", True),
        (Kind.MALIGNANCY, "active_malignancy", True),
        (Kind.SUSPECTED_PML, "pml", Pml.SUSPECTED),
        (Kind.CONFIRMED_PML, "pml", Pml.CONFIRMED),
        (Kind.RENAL_MODERATE, "renal", RenalImpairment.MODERATE),
        (Kind.RENAL_MILD, "renal", RenalImpairment.MILD),
        (Kind.IMMUNOCOMPROMISE, "severely_immunocompromised", True),
        (Kind.COLITIS, "persistent_diarrhoea", True),
    ],
)
def test_a_state_on_record_holds_whatever_is_answered_today(
    kind: str, field: str, value: object
) -> None:
    assert getattr(facts(), field) != value
    there = [condition(kind)]
    assert getattr(facts(conditions=there), field) == value, "nobody asked"
    assert getattr(facts(answers={}, conditions=there), field) == value, "no to every question"


def test_hepatitis_and_the_liver_are_read_from_their_states() -> None:
    assert facts(conditions=[condition(Kind.HEPATITIS_B)]).hepatitis_b.active is True
    assert facts().hepatitis_b.active is None, "not: not active"
    assert facts(conditions=[condition(Kind.LIVER_INJURY)]).liver.symptoms


@pytest.mark.parametrize(
    ("question", "read"),
    [
        ("infection", lambda it: it.active_infection is True),
        ("pregnancy", lambda it: it.pregnant is True),
        ("neurological", lambda it: it.pml is Pml.SUSPECTED),
        ("diarrhoea", lambda it: it.persistent_diarrhoea),
        ("liver", lambda it: it.liver.symptoms),
    ],
)
def test_a_yes_today_is_a_fact_today(question: str, read: Any) -> None:
    assert read(facts(answers={question: "yes"}))
    assert not read(facts(answers={}))


def test_a_no_today_is_known() -> None:
    it = facts(answers={})
    assert (it.active_infection, it.pregnant, it.contraception) == (False, False, True)


def test_who_cannot_become_pregnant_is_not_asked_about_contraception() -> None:
    does_not_apply = {"pregnancy": "not_applicable", "contraception": "not_applicable"}
    assert facts(answers=does_not_apply).can_become_pregnant is False
    assert facts(answers={}).can_become_pregnant is True
    assert facts(patient=person(sex=Patient.Sex.MALE), answers={}).can_become_pregnant is False
    assert facts().can_become_pregnant is True, "not asked yet, so it may be"


def test_the_newest_result_of_an_analyte_counts_whatever_its_method() -> None:
    newest_first = [
        result("5195-3", finding="negative"),
        result("5196-1", finding="positive"),
        result("13952-7", finding="positive"),
    ]
    it = facts(results=newest_first).hepatitis_b
    assert (it.hbsag, it.anti_hbc) == (Screen.NEGATIVE, Screen.POSITIVE)


@pytest.mark.parametrize("finding", ["indeterminate", ""])
def test_a_result_that_says_nothing_is_none(finding: str) -> None:
    row = result("5196-1", finding=finding, value=Decimal(1) if not finding else None)
    assert facts(results=[row]).hepatitis_b.hbsag is None


@pytest.mark.parametrize(
    ("row", "detected"),
    [
        (None, None),
        (result("11258-1", finding="positive"), True),
        (result("11258-1", finding="negative"), False),
        (result("11258-1", value=Decimal(0)), False),
        (result("11258-1", value=Decimal(20)), True),
    ],
)
def test_hepatitis_b_dna(row: Result | None, detected: bool | None) -> None:  # noqa: FBT001
    assert facts(results=[row] if row else []).hepatitis_b.dna_detected is detected


@pytest.mark.parametrize(
    ("value", "lower", "low"),
    [("6.99", "7", True), ("7", "7", False), ("10", None, None)],
)
def test_igg_is_low_below_its_own_laboratorys_limit(
    value: str,
    lower: str | None,
    low: bool | None,  # noqa: FBT001
) -> None:
    row = result(
        "2465-3", value=Decimal(value), unit="g/L",
        reference_low=Decimal(lower) if lower else None,
    )  # fmt: skip
    assert facts(results=[row]).immunoglobulins.is_low() is low


def liver_row(loinc: str, value: int, upper: int | None = 40) -> Result:
    high = Decimal(upper) if upper is not None else None
    return result(loinc, value=Decimal(value), unit="U/L", reference_high=high)


def test_liver_tests_are_multiples_of_their_upper_limit() -> None:
    rows = [liver_row("1742-6", 120), liver_row("1920-8", 41), liver_row("6768-6", 40)]
    it = facts(results=rows).liver
    assert it.results() == {
        "ALT": 3, "AST": Fraction(41, 40), "ALP": 1, "bilirubin": None,
    }  # fmt: skip
    assert not it.tests_recorded, "one of the four is missing"
    assert facts(results=[*rows, liver_row("1975-2", 9, None)]).liver.tests_recorded


@pytest.mark.parametrize("upper", [None, 0])
def test_without_an_upper_limit_there_is_no_multiple(upper: int | None) -> None:
    assert facts(results=[liver_row("1742-6", 120, upper)]).liver.alt_x_uln is None


def vaccine(status: str = "given", **changes: Any) -> Vaccination:
    fields: dict[str, Any] = {"name": "MMR", "is_live": True, "occurred_on": YESTERDAY}
    return Vaccination(status=status, **(fields | changes))


@pytest.mark.parametrize(("is_live", "counts"), [(True, True), (False, False), (None, True)])
def test_a_vaccine_nobody_knows_to_be_dead_counts_as_live(
    *, is_live: bool | None, counts: bool
) -> None:
    [read] = facts(vaccinations=[vaccine(is_live=is_live)]).vaccines
    assert read.live is counts
    assert read.on == YESTERDAY


def test_only_vaccines_given_count() -> None:
    assert facts(vaccinations=[vaccine("planned"), vaccine("not_done")]).vaccines == ()


def allergies(*substances: str, status: str = "active") -> Iterable[Allergy]:
    return [Allergy(substance=name, clinical_status=status) for name in substances]


def test_an_allergy_to_the_drug_is_seen_by_either_name() -> None:
    for name in ("Ocrelizumab", "OCREVUS 300 mg", "ocrelizumab (substance)"):
        assert facts(allergies=allergies(name)).hypersensitivity
    assert not facts(allergies=allergies("Peanut", "Latex")).hypersensitivity
    assert not facts(allergies=allergies("Ocrelizumab", status="resolved")).hypersensitivity


def test_earlier_reactions_come_from_the_chart() -> None:
    it = facts(history=ReactionHistory(prior_severe=True), life_threatening_before=True)
    assert it.prior_severe_reaction
    assert not it.prior_serious_reaction
    assert it.prior_life_threatening_reaction

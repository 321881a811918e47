"""Facts about a patient in, findings out: every rule just below, at and above its limit."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from clinical.calendar import Regimen
from clinical.eligibility import (
    contraception_until,
    for_course,
    for_visit,
    regimen_for,
)
from clinical.facts import (
    Facts,
    HepatitisB,
    Immunoglobulins,
    Liver,
    Pml,
    RenalImpairment,
    TestResult,
)
from clinical.findings import Severity
from clinical.protocol import load
from tests.clinical.patients import START, said, well
from tests.clinical.test_protocol import swapped

NEG, POS = TestResult


def ids(edition: str = "default", **changes: Any) -> list[str]:
    return list(said(well(**changes), edition).ids)


def test_nothing_known_is_not_a_yes() -> None:
    found = for_visit(load(), Facts(), dose_number=1, on=START)
    assert set(found.ids) == {
        "AGE-UNKNOWN",
        "INDICATION-UNSUPPORTED",
        "HBV-SCREEN-MISSING",
        "INFECTION-UNCHECKED",
        "IG-MISSING",
        "LIVER-TESTS-MISSING",
    }
    assert found.decision is Severity.HOLD


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (None, ["AGE-UNKNOWN"]),
        (0, ["AGE-CHILD"]),
        (17, ["AGE-CHILD"]),
        (18, []),
        (64, []),
        (65, ["AGE-OLDER"]),
        (90, ["AGE-OLDER"]),
    ],
)
@pytest.mark.parametrize("edition", ["default", "eu"])
def test_age(edition: str, age: int | None, expected: list[str]) -> None:
    assert ids(edition, age_years=age) == expected


@pytest.mark.parametrize(
    ("age", "weight", "indication", "expected", "milligrams"),
    [
        (12, 30, "RRMS", ["AGE-PAEDIATRIC"], (150, 300)),
        (10, 25, "RRMS", ["AGE-PAEDIATRIC"], (150, 300)),
        (9, 30, "RRMS", ["AGE-CHILD"], None),
        (10, Fraction("24.9"), "RRMS", ["AGE-CHILD"], None),
        (12, Decimal("34.9"), "RRMS", ["AGE-PAEDIATRIC"], (150, 300)),
        (12, 35, "RRMS", ["AGE-PAEDIATRIC"], (300, 600)),
        (17, 70, "RRMS", ["AGE-PAEDIATRIC"], (300, 600)),
        (12, None, "RRMS", ["AGE-UNKNOWN"], None),
        (10, None, "RRMS", ["AGE-UNKNOWN"], None),
        (9, None, "RRMS", ["AGE-CHILD"], None),
        (12, 30, "RMS", ["AGE-CHILD"], None),
        (12, 50, "PPMS", ["AGE-CHILD"], None),
        (18, 30, "PPMS", [], (300, 600)),
    ],
)
def test_the_us_paediatric_bands(
    age: int, weight: Any, indication: str, expected: list[str], milligrams: tuple[int, int] | None
) -> None:
    changes = {"age_years": age, "weight_kg": weight, "indication": indication}
    assert ids("us", **changes) == expected
    regimen = regimen_for(load("ocrelizumab", "us"), well(**changes))
    assert regimen == (
        Regimen(initial_mg=milligrams[0], maintenance_mg=milligrams[1]) if milligrams else None
    )


def test_no_regimen_without_an_age_or_for_a_child_outside_the_us() -> None:
    assert regimen_for(load(), well(age_years=None)) is None
    assert regimen_for(load(), well(age_years=12, weight_kg=40, indication="RRMS")) is None


@pytest.mark.parametrize(
    ("indication", "expected"),
    [
        ("RMS", []),
        ("RRMS", []),
        ("PPMS", []),
        ("CIS", ["INDICATION-UNSUPPORTED"]),
        (None, ["INDICATION-UNSUPPORTED"]),
    ],
)
def test_indication(indication: str | None, expected: list[str]) -> None:
    assert ids(indication=indication) == expected


SIGNED = {"hepatology_opinion": True, "dna_monitoring_plan": True}


@pytest.mark.parametrize(
    ("screen", "expected"),
    [
        ({"hbsag": NEG, "anti_hbc": NEG}, []),
        ({"hbsag": NEG}, ["HBV-SCREEN-MISSING"]),
        ({"anti_hbc": NEG}, ["HBV-SCREEN-MISSING"]),
        ({"hbsag": POS, "anti_hbc": POS}, ["HBV-ACTIVE"]),
        ({"hbsag": POS, "anti_hbc": POS, "active": False}, ["HBV-POSITIVE"]),
        ({"hbsag": POS, "anti_hbc": POS, "active": False, **SIGNED}, ["HBV-MONITOR"]),
        ({"hbsag": NEG, "anti_hbc": NEG, "active": True}, ["HBV-ACTIVE"]),
        ({"hbsag": POS, "anti_hbc": NEG}, ["HBV-POSITIVE"]),
        ({"hbsag": NEG, "anti_hbc": POS}, ["HBV-POSITIVE"]),
        ({"hbsag": POS}, ["HBV-POSITIVE", "HBV-SCREEN-MISSING"]),
        ({"hbsag": NEG, "anti_hbc": POS, "hepatology_opinion": True}, ["HBV-POSITIVE"]),
        ({"hbsag": NEG, "anti_hbc": POS, "dna_monitoring_plan": True}, ["HBV-POSITIVE"]),
        ({"hbsag": NEG, "anti_hbc": POS, **SIGNED}, ["HBV-MONITOR"]),
        (
            {"hbsag": NEG, "anti_hbc": POS, "dna_detected": True, **SIGNED},
            ["HBV-DNA-DETECTED", "HBV-MONITOR"],
        ),
        ({"hbsag": POS, "anti_hbc": POS, **SIGNED}, ["HBV-ACTIVE"]),
    ],
)
def test_hepatitis_b(screen: dict[str, Any], expected: list[str]) -> None:
    assert ids(hepatitis_b=HepatitisB(**screen)) == expected
    later = for_visit(load(), well(hepatitis_b=HepatitisB(**screen)), dose_number=4, on=START)
    assert list(later.ids) == expected


def test_words_about_hepatitis_b() -> None:
    (none,) = said(well(hepatitis_b=HepatitisB())).findings
    assert none.words == "No result on record for HBsAg and anti-HBc."
    one = HepatitisB(hbsag=NEG, anti_hbc=POS, hepatology_opinion=True)
    (left,) = said(well(hepatitis_b=one)).findings
    assert left.words == ("A hepatitis B marker is positive; needed: an HBV DNA monitoring plan.")


@pytest.mark.parametrize(
    ("edition", "values", "expected"),
    [
        ("default", {"igg_g_l": 7, "lower_limit_g_l": 7}, []),
        ("default", {"igg_g_l": Decimal("6.99"), "lower_limit_g_l": 7}, ["IG-LOW"]),
        ("default", {"igg_g_l": 8, "lower_limit_g_l": 7, "low": True}, []),
        ("default", {"igg_g_l": 8}, ["IG-MISSING"]),
        ("default", {"lower_limit_g_l": 7}, ["IG-MISSING"]),
        ("default", {"igg_g_l": 8, "low": False}, []),
        ("default", {"low": True}, ["IG-LOW"]),
        ("default", {"low": True, "risk_assessment": True}, ["IG-MONITOR"]),
        ("default", {"low": True, "immunology_consultation": True}, ["IG-MONITOR"]),
        ("us", {"low": True, "risk_assessment": True}, ["IG-LOW"]),
        ("us", {"low": True, "immunology_consultation": True}, ["IG-MONITOR"]),
        ("eu", {"low": True, "risk_assessment": True}, ["IG-MONITOR"]),
    ],
)
def test_immunoglobulins_before_the_start(
    edition: str, values: dict[str, Any], expected: list[str]
) -> None:
    assert ids(edition, immunoglobulins=Immunoglobulins(**values)) == expected


@pytest.mark.parametrize(("low", "expected"), [(True, ["IG-MONITOR"]), (False, []), (None, [])])
def test_immunoglobulins_later(low: bool | None, expected: list[str]) -> None:  # noqa: FBT001
    facts = well(immunoglobulins=Immunoglobulins(low=low), liver=Liver())
    assert list(for_visit(load(), facts, dose_number=2, on=START).ids) == expected


def test_a_missing_immunoglobulin_is_milder_in_the_eu() -> None:
    facts = well(immunoglobulins=Immunoglobulins())
    assert said(facts).decision is Severity.HOLD
    assert said(facts, "eu").decision is Severity.CAUTION


def test_what_us_immunology_asks_for() -> None:
    facts = well(immunoglobulins=Immunoglobulins(low=True))
    assert said(facts, "us").findings[0].words.endswith("needed: an immunology consultation.")
    assert said(facts).findings[0].words.endswith("needed: an infection risk assessment.")


NORMAL: dict[str, Any] = {"alt_x_uln": 1, "ast_x_uln": 1, "alp_x_uln": 1, "bilirubin_x_uln": 1}


@pytest.mark.parametrize(
    ("liver", "expected"),
    [
        ({"tests_recorded": True}, []),
        (NORMAL, []),
        ({}, ["LIVER-TESTS-MISSING"]),
        ({**NORMAL, "alp_x_uln": None}, ["LIVER-TESTS-MISSING"]),
        ({**NORMAL, "alt_x_uln": Fraction("1.01")}, ["LIVER-RAISED"]),
        ({**NORMAL, "alp_x_uln": 5}, ["LIVER-RAISED"]),
        ({**NORMAL, "alt_x_uln": 3, "bilirubin_x_uln": 3}, ["LIVER-RAISED"]),
        ({**NORMAL, "alt_x_uln": Fraction("3.01"), "bilirubin_x_uln": 2}, ["LIVER-RAISED"]),
        (
            {**NORMAL, "alt_x_uln": Fraction("3.01"), "bilirubin_x_uln": Fraction("2.01")},
            ["LIVER-HYS-LAW"],
        ),
        (
            {**NORMAL, "ast_x_uln": Decimal("3.1"), "bilirubin_x_uln": Decimal("2.1")},
            ["LIVER-HYS-LAW"],
        ),
        ({**NORMAL, "alp_x_uln": 4, "bilirubin_x_uln": 3}, ["LIVER-RAISED"]),
        ({"alt_x_uln": 4, "tests_recorded": True}, ["LIVER-RAISED"]),
        ({"bilirubin_x_uln": 4, "tests_recorded": True}, ["LIVER-RAISED"]),
        ({**NORMAL, "symptoms": True}, ["LIVER-SYMPTOMS"]),
        ({**NORMAL, "injury_unexplained": True}, ["LIVER-INJURY"]),
        (
            {**NORMAL, "symptoms": True, "injury_unexplained": True},
            ["LIVER-INJURY", "LIVER-SYMPTOMS"],
        ),
    ],
)
def test_liver(liver: dict[str, Any], expected: list[str]) -> None:
    assert ids(liver=Liver(**liver)) == expected


def test_liver_at_later_visits_needs_no_baseline_but_minds_symptoms() -> None:
    facts = well(liver=Liver(symptoms=True))
    found = for_visit(load(), facts, dose_number=3, on=START)
    assert found.ids == ("LIVER-SYMPTOMS",)
    assert found.findings[0].override_by == ("prescriber",)


def test_words_about_the_liver() -> None:
    (missing,) = said(well(liver=Liver(alt_x_uln=1))).findings
    assert missing.words == "No baseline on record for AST, ALP, bilirubin."
    (raised,) = said(well(liver=Liver(**{**NORMAL, "alt_x_uln": Fraction(5, 2)}))).findings
    assert raised.words == "ALT 2.5, AST 1, ALP 1, bilirubin 1 times the upper limit of normal."


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"active_infection": True}, ["INFECTION-ACTIVE"]),
        ({"active_infection": None}, ["INFECTION-UNCHECKED"]),
        ({"renal": RenalImpairment.NONE}, []),
        ({"renal": RenalImpairment.MILD}, []),
        ({"renal": RenalImpairment.MODERATE}, ["RENAL-IMPAIRED"]),
        ({"renal": RenalImpairment.SEVERE}, ["RENAL-IMPAIRED"]),
        ({"pml": Pml.SUSPECTED}, ["PML-SUSPECTED"]),
        ({"pml": Pml.CONFIRMED}, ["PML-CONFIRMED"]),
        ({"active_malignancy": True}, ["MALIGNANCY-ACTIVE"]),
        ({"severely_immunocompromised": True}, ["IMMUNOCOMPROMISED"]),
        ({"hypersensitivity": True}, ["HYPERSENSITIVITY"]),
        ({"persistent_diarrhoea": True}, ["DIARRHOEA"]),
        ({"prior_life_threatening_reaction": True}, ["REACTION-LIFE-THREATENING"]),
        ({"prior_severe_reaction": True}, ["REACTION-PRIOR-SEVERE"]),
        ({"prior_serious_reaction": True}, ["REACTION-PRIOR-SEVERE"]),
        ({"pregnant": True}, ["PREGNANT"]),
        ({"pregnant": True, "can_become_pregnant": True}, ["PREGNANT"]),
        ({"pregnant": None}, []),
        (
            {"pregnant": None, "can_become_pregnant": True},
            ["PREGNANCY-UNCHECKED", "CONTRACEPTION"],
        ),
        ({"can_become_pregnant": True, "contraception": True}, []),
        ({"can_become_pregnant": True, "contraception": False}, ["CONTRACEPTION"]),
        ({"can_become_pregnant": True}, ["CONTRACEPTION"]),
        ({"can_become_pregnant": False, "contraception": False}, []),
        ({"breastfeeding": True}, ["LACTATION"]),
        ({"breastfeeding": True, "lactation_decision": True}, []),
        ({"breastfeeding": False}, []),
    ],
)
def test_one_fact_one_finding(changes: dict[str, Any], expected: list[str]) -> None:
    assert ids(**changes) == expected
    later = for_visit(load(), well(**changes), dose_number=5, on=START)
    assert list(later.ids) == expected


@pytest.mark.parametrize(
    ("changes", "default", "us", "eu"),
    [
        ({"pregnant": True}, "block", "hold", "hold"),
        ({"breastfeeding": True}, "hold", "hold", "caution"),
        ({"active_malignancy": True}, "hold", "hold", "block"),
        ({"severely_immunocompromised": True}, "hold", "hold", "block"),
        ({"hypersensitivity": True}, "block", "hold", "block"),
        ({"active_infection": True}, "hold", "hold", "hold"),
        ({"prior_life_threatening_reaction": True}, "block", "block", "block"),
        ({"age_years": 12, "weight_kg": 30, "indication": "RRMS"}, "block", "caution", "block"),
    ],
)
def test_what_the_editions_decide(changes: dict[str, Any], default: str, us: str, eu: str) -> None:
    decisions = [said(well(**changes), name).decision for name in ("default", "us", "eu")]
    assert decisions == [default, us, eu]


def test_nobody_goes_past_what_nobody_may() -> None:
    for changes in (
        {"prior_life_threatening_reaction": True},
        {"hepatitis_b": HepatitisB(active=True)},
        {"pml": Pml.CONFIRMED},
        {"pregnant": True},
    ):
        assert said(well(**changes)).findings[0].override_by == ()


def test_the_course_is_asked_without_the_question_of_the_day() -> None:
    unknown = for_course(load(), well(active_infection=None), first_infusion=START)
    assert unknown.ids == ()
    active = for_course(load(), well(active_infection=True), first_infusion=START)
    assert active.ids == ("INFECTION-ACTIVE",)
    baseline = for_course(load(), well(liver=Liver()), first_infusion=START)
    assert baseline.ids == ("LIVER-TESTS-MISSING",)
    again = for_course(load(), well(last_dose_on=date(2025, 1, 1)), first_infusion=START)
    assert again.ids == ("GAP-PROLONGED",)


@pytest.mark.parametrize(("gap", "expected"), [(364, []), (365, ["GAP-PROLONGED"])])
def test_a_gap_before_a_visit(gap: int, expected: list[str]) -> None:
    facts = well(last_dose_on=START - timedelta(days=gap))
    assert list(for_visit(load(), facts, dose_number=4, on=START).ids) == expected


def test_contraception_ends_by_edition() -> None:
    last = date(2026, 8, 31)
    assert contraception_until(load(), last) == date(2027, 2, 28)
    assert contraception_until(load("ocrelizumab", "eu"), last) == date(2026, 12, 31)


def test_limits_come_from_the_file() -> None:
    older = swapped("older_age_years = { value = 65", "older_age_years = { value = 30")
    found = for_visit(older, well(), dose_number=1, on=START)
    assert found.ids == ("AGE-OLDER",)
    hys = swapped(
        "hys_law_transaminase_x_uln = { value = 3", "hys_law_transaminase_x_uln = { value = 5"
    )
    liver = Liver(**{**NORMAL, "alt_x_uln": 4, "bilirubin_x_uln": 3})
    assert for_visit(hys, well(liver=liver), dose_number=1, on=START).ids == ("LIVER-RAISED",)

"""The worked cases about patients (E), their premedication among them."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest

from clinical import eligibility, premedication
from clinical.calendar import (
    gap_findings,
)
from clinical.facts import Facts, HepatitisB, Immunoglobulins, Liver, TestResult
from clinical.findings import Severity
from clinical.protocol import RateOption, load
from clinical.titration import offered_options
from tests.clinical.cases import (
    CASES,
    Case,
    Cases,
    instant,
)
from tests.clinical.patients import said, well

case = Cases()
D = date.fromisoformat
RESULTS = {"neg": TestResult.NEGATIVE, "pos": TestResult.POSITIVE, None: None}


@case("E01")
def _all_clear(given: Case, expected: Case) -> None:
    facts = well(
        age_years=given["age"],
        indication=given["dx"],
        hepatitis_b=HepatitisB(hbsag=RESULTS[given["HBsAg"]], anti_hbc=RESULTS[given["anti_HBc"]]),
    )
    assert said(facts).findings == ()
    assert expected["decision"] == "ELIGIBLE"


@case("E02")
def _active_hepatitis(given: Case, expected: Case) -> None:
    screen = HepatitisB(
        hbsag=RESULTS[given["HBsAg"]],
        anti_hbc=RESULTS[given["anti_HBV_tests"]],
        active=given["active_HBV"],
    )
    answer = said(well(hepatitis_b=screen))
    assert answer.decision.upper() == expected["decision"]
    assert answer.ids == ("HBV-ACTIVE",)
    assert answer.findings[0].override_by == ()


@case("E03")
def _core_antibody(given: Case, expected: Case) -> None:
    screen = HepatitisB(hbsag=RESULTS[given["HBsAg"]], anti_hbc=RESULTS[given["anti_HBc"]])
    answer = said(well(hepatitis_b=screen))
    assert answer.decision.upper() == expected["decision"]
    assert "hepatology opinion and an HBV DNA monitoring plan" in answer.findings[0].words
    signed = replace(screen, hepatology_opinion=True, dna_monitoring_plan=True)
    assert said(well(hepatitis_b=signed)).ids == ("HBV-MONITOR",)


@case("E05")
def _infection(given: Case, expected: Case) -> None:
    answer = said(well(active_infection=given["active_infection"]))
    assert answer.decision.upper() == expected["decision"]
    assert answer.findings[0].clears_when == "the infection is resolved"


@case("E06")
def _low_igg(given: Case, expected: Case) -> None:
    def low(**done: bool) -> Facts:
        values = Immunoglobulins(
            igg_g_l=Fraction(str(given["IgG_g_l"])),
            lower_limit_g_l=Fraction(str(given["LLN_g_l"])),
            **done,
        )
        return well(immunoglobulins=values)

    assert expected["default"] == "HOLD_UNTIL_RISK_ASSESSMENT_DOCUMENTED"
    assert said(low()).decision is Severity.HOLD
    assert said(low(risk_assessment=True)).ids == ("IG-MONITOR",)
    assert expected["us_label"] == "HOLD_UNTIL_IMMUNOLOGY_CONSULT"
    assert said(low(risk_assessment=True), "us").ids == ("IG-LOW",)
    assert said(low(immunology_consultation=True), "us").ids == ("IG-MONITOR",)


@case("E08")
def _hys_law(given: Case, expected: Case) -> None:
    liver = Liver(
        alt_x_uln=Fraction(str(given["ALT_xULN"])),
        ast_x_uln=Fraction(str(given["AST_xULN"])),
        bilirubin_x_uln=Fraction(str(given["bilirubin_xULN"])),
        tests_recorded=True,
    )
    answer = said(well(liver=liver))
    assert answer.decision.upper() == expected["decision"]
    assert answer.ids == ("LIVER-HYS-LAW",)


@case("E11")
def _pregnancy(given: Case, expected: Case) -> None:
    facts = well(pregnant=given["pregnant"])
    assert said(facts).decision.upper() == expected["default"] == expected["article"]
    for edition in ("us", "eu"):
        answer = said(facts, edition)
        assert answer.decision is Severity.HOLD
        assert answer.findings[0].override_by == ("prescriber",)


@case("E13")
def _child(given: Case, expected: Case) -> None:
    facts = well(age_years=given["age"], weight_kg=given["weight_kg"], indication=given["dx"])
    assert said(facts).decision.upper() == expected["default"]
    us, answer = load("ocrelizumab", "us"), expected["us_may_2026"]
    assert (said(facts, "us").decision is Severity.CAUTION) is answer["eligible"]
    regimen = eligibility.regimen_for(us, facts)
    assert regimen is not None
    assert [regimen.initial_mg] * 2 == answer["initial_mg"]
    assert regimen.maintenance_mg == answer["maintenance_mg"]
    steroid = premedication.steroid_dose_mg(
        us, age_years=given["age"], weight_kg=Fraction(given["weight_kg"])
    )
    assert steroid == answer["methylprednisolone_mg"]
    offer = offered_options(
        us,
        dose_number=3,
        prior_severe=False,
        prior_serious=False,
        age_years=given["age"],
        dose_mg=regimen.maintenance_mg,
    )
    assert (RateOption.SHORT in offer.options) is answer["two_hour_option"]


@case("E16")
def _older(given: Case, expected: Case) -> None:
    answer = said(well(age_years=given["age"]))
    assert answer.ids == ("AGE-OLDER",)
    assert "infection" in answer.findings[0].words
    assert answer.decision is Severity.CAUTION
    regimen = eligibility.regimen_for(load(), well(age_years=given["age"]))
    assert (regimen != eligibility.regimen_for(load(), well())) is expected["dose_change"]


@case("E21")
def _premedication(given: Case, expected: Case) -> None:
    start = instant("2026-07-06T09:00:00")
    kinds = {
        "methylpred_min_before": (premedication.PremedicationKind.STEROID, "methylprednisolone"),
        "antihistamine_min_before": (
            premedication.PremedicationKind.ANTIHISTAMINE,
            "diphenhydramine",
        ),
    }
    words = {"PREMED-LATE": "WARN_TOO_LATE", "PREMED-EARLY": "WARN_TOO_EARLY"}
    for row, result in zip(given["rows"], expected["result"], strict=True):
        items = [
            premedication.PremedicationGiven(
                kind=kinds[key][0],
                drug=kinds[key][1],
                given_at=start - timedelta(minutes=before),
                dose_mg=Fraction(100),
            )
            for key, before in row.items()
            if before is not None
        ]
        found = premedication.check_premedication(load(), infusion_start=start, given=items)
        answers = [words.get(item.id, item.severity.upper()) for item in found]
        assert (answers or ["OK"]) == [result], row


@case("E22")
def _prolonged(given: Case, expected: Case) -> None:
    last, today = D(given["last_dose"]), D(given["today"])
    (found,) = gap_findings(load(), last_given=last, today=today)
    assert (found.severity, found.override_by) == (Severity.HOLD, ("prescriber",))
    assert "Nothing is booked by itself" in found.words
    assert list(load().calendar.restart_options) == expected["options"]
    visit = eligibility.for_visit(load(), well(last_dose_on=last), dose_number=5, on=today)
    assert visit.ids == ("GAP-PROLONGED",)


@pytest.mark.parametrize("case_id", sorted(case.runners))
def test_worked_case(case_id: str) -> None:
    case.runners[case_id](CASES[case_id]["input"], CASES[case_id]["expected"])

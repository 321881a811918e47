"""What the rules say about a patient, worked out by hand from the sources' text (E, D18, D19)."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from clinical.eligibility import for_course, for_visit, regimen_for
from clinical.facts import (
    HepatitisB,
    Immunoglobulins,
    Liver,
    Pml,
    RenalImpairment,
    TestResult,
    Vaccine,
)
from clinical.findings import Severity
from clinical.protocol import RateOption, load
from clinical.titration import offered_options
from clinical.vaccination import for_vaccination
from tests.clinical.cases import derived
from tests.clinical.patients import START, well

NEG, POS = TestResult
CLEAR, CAUTION, HOLD, BLOCK = Severity
Facts = dict[str, Any]


def liver(**x_uln: str | bool) -> Liver:
    values = {k: Fraction(v) if isinstance(v, str) else v for k, v in x_uln.items()}
    return Liver(**{"tests_recorded": True, **values})  # type: ignore[arg-type]


def igg(value: str, limit: str, **done: bool) -> Immunoglobulins:
    return Immunoglobulins(igg_g_l=Fraction(value), lower_limit_g_l=Fraction(limit), **done)


@pytest.mark.parametrize(
    ("facts", "default", "us", "eu"),
    [
        # Hepatitis B: screen all, active is a ban, any other marker waits for a liver expert.
        derived(
            "surface-antigen-carrier-not-active", "rule", "article S19, PP",
            {"hepatitis_b": HepatitisB(hbsag=POS, anti_hbc=NEG, active=False)},
            HOLD, HOLD, HOLD,
        ),
        derived(
            "both-markers-and-no-clinicians-word", "rule", "PP, HCP",
            {"hepatitis_b": HepatitisB(hbsag=POS, anti_hbc=POS)}, BLOCK, BLOCK, BLOCK,
        ),
        derived(
            "both-markers-called-inactive", "rule", "article S19, PP",
            {"hepatitis_b": HepatitisB(hbsag=POS, anti_hbc=POS, active=False)}, HOLD, HOLD, HOLD,
        ),
        derived(
            "carrier-signed-off", "rule", "article S19, PP",
            {"hepatitis_b": HepatitisB(
                hbsag=POS, anti_hbc=NEG, active=False, hepatology_opinion=True,
                dna_monitoring_plan=True)},
            CAUTION, CAUTION, CAUTION,
        ),
        derived(
            "signed-off-without-a-dna-plan", "rule", "article S19",
            {"hepatitis_b": HepatitisB(hbsag=NEG, anti_hbc=POS, hepatology_opinion=True)},
            HOLD, HOLD, HOLD,
        ),
        derived(
            "dna-found-after-sign-off", "policy", "article S19",
            {"hepatitis_b": HepatitisB(
                hbsag=NEG, anti_hbc=POS, hepatology_opinion=True, dna_monitoring_plan=True,
                dna_detected=True)},
            HOLD, HOLD, HOLD,
        ),
        derived(
            "half-a-screen", "rule", "PP: screen all",
            {"hepatitis_b": HepatitisB(hbsag=NEG)}, HOLD, HOLD, HOLD,
        ),
        derived("no-screen", "rule", "PP", {"hepatitis_b": HepatitisB()}, HOLD, HOLD, HOLD),
        # Immunoglobulins before the first infusion.
        derived(
            "igg-at-its-limit", "rule", "article S20: below",
            {"immunoglobulins": igg("7.0", "7.0")}, CLEAR, CLEAR, CLEAR,
        ),
        derived(
            "igg-just-below", "rule", "article S20, PP",
            {"immunoglobulins": igg("6.99", "7.0")}, HOLD, HOLD, HOLD,
        ),
        derived(
            "igg-assessed-only", "rule", "article S20, PP",
            {"immunoglobulins": igg("5.5", "7.0", risk_assessment=True)}, CAUTION, HOLD, CAUTION,
        ),
        derived(
            "igg-with-immunology", "rule", "article S20, PP",
            {"immunoglobulins": igg("5.5", "7.0", immunology_consultation=True)},
            CAUTION, CAUTION, CAUTION,
        ),
        derived(
            "igg-not-known", "rule", "PP; EU-PL: may be tested",
            {"immunoglobulins": Immunoglobulins()}, HOLD, HOLD, CAUTION,
        ),
        # Liver: the pattern is above both limits.
        derived(
            "three-and-two-exactly", "rule", "CH: above",
            {"liver": liver(alt_x_uln="3", bilirubin_x_uln="2")}, CAUTION, CAUTION, CAUTION,
        ),
        derived(
            "by-ast-alone", "rule", "CH",
            {"liver": liver(ast_x_uln="3.1", alt_x_uln="1", bilirubin_x_uln="2.1")},
            HOLD, HOLD, HOLD,
        ),
        derived(
            "alt-high-and-bilirubin-normal", "rule", "CH",
            {"liver": liver(alt_x_uln="8", bilirubin_x_uln="1")}, CAUTION, CAUTION, CAUTION,
        ),
        derived(
            "alkaline-phosphatase-is-no-transaminase", "rule", "CH",
            {"liver": liver(alp_x_uln="5", bilirubin_x_uln="3")}, CAUTION, CAUTION, CAUTION,
        ),
        derived(
            "jaundice", "rule", "article S16; PP: test",
            {"liver": liver(symptoms=True)}, HOLD, HOLD, HOLD,
        ),
        derived(
            "injury-without-another-cause", "rule", "PP, L26: discontinue",
            {"liver": liver(injury_unexplained=True)}, BLOCK, BLOCK, BLOCK,
        ),
        derived(
            "no-baseline", "rule", "article S16, PP, TS", {"liver": Liver()}, HOLD, HOLD, HOLD
        ),
        derived(
            "three-of-four-tests", "rule", "article S16",
            {"liver": Liver(alt_x_uln=1, ast_x_uln=1, alp_x_uln=1)}, HOLD, HOLD, HOLD,
        ),
        # Infection.
        derived("not-asked", "rule", "TM", {"active_infection": None}, HOLD, HOLD, HOLD),
        # Pregnancy, contraception, breastfeeding.
        derived("pregnant", "rule", "article S12; HCP; UK-R", {"pregnant": True},
                BLOCK, HOLD, HOLD),
        derived(
            "could-be-pregnant", "policy", "article S12",
            {"can_become_pregnant": True, "pregnant": None, "contraception": True},
            HOLD, HOLD, HOLD,
        ),
        derived(
            "no-contraception", "rule", "article S12",
            {"can_become_pregnant": True, "contraception": False}, CAUTION, CAUTION, CAUTION,
        ),
        derived(
            "breastfeeding", "rule", "article S13; L26; UK-R: may be used",
            {"breastfeeding": True}, HOLD, HOLD, CAUTION,
        ),
        derived(
            "breastfeeding-and-decided", "rule", "article S13",
            {"breastfeeding": True, "lactation_decision": True}, CLEAR, CLEAR, CLEAR,
        ),
        # Age, kidney.
        derived("65", "policy", "article S15", {"age_years": 65}, CAUTION, CAUTION, CAUTION),
        derived("mild-kidney", "rule", "article S17", {"renal": RenalImpairment.MILD},
                CLEAR, CLEAR, CLEAR),
        derived("moderate-kidney", "rule", "article S17", {"renal": RenalImpairment.MODERATE},
                CAUTION, CAUTION, CAUTION),
        derived("severe-kidney", "rule", "article S17", {"renal": RenalImpairment.SEVERE},
                CAUTION, CAUTION, CAUTION),
        # Other conditions.
        derived("pml-suspected", "rule", "L26: withhold", {"pml": Pml.SUSPECTED}, HOLD, HOLD, HOLD),
        derived("pml", "rule", "L26: discontinue", {"pml": Pml.CONFIRMED}, BLOCK, BLOCK, BLOCK),
        derived("malignancy", "rule", "EU-CI", {"active_malignancy": True}, HOLD, HOLD, BLOCK),
        derived(
            "immunocompromised", "rule", "EU-CI", {"severely_immunocompromised": True},
            HOLD, HOLD, BLOCK,
        ),
        derived("hypersensitive", "rule", "EU-CI", {"hypersensitivity": True}, BLOCK, HOLD, BLOCK),
        derived("colitis", "rule", "L26", {"persistent_diarrhoea": True},
                CAUTION, CAUTION, CAUTION),
        # Reactions before.
        derived(
            "life-threatening-before", "rule", "article S11, HCP",
            {"prior_life_threatening_reaction": True}, BLOCK, BLOCK, BLOCK,
        ),
        derived("severe-before", "rule", "article S4", {"prior_severe_reaction": True},
                CAUTION, CAUTION, CAUTION),
        # Indication.
        derived("ppms", "rule", "article S1", {"indication": "PPMS"}, CLEAR, CLEAR, CLEAR),
        derived("another-disease", "rule", "article S1", {"indication": "lupus"},
                HOLD, HOLD, HOLD),
        # Children: never by default; in the US by age, weight and form.
        derived(
            "10-years-25-kg", "rule", "L26",
            {"age_years": 10, "weight_kg": 25, "indication": "RRMS"}, BLOCK, CAUTION, BLOCK,
        ),
        derived(
            "10-years-24.9-kg", "rule", "L26",
            {"age_years": 10, "weight_kg": Fraction("24.9"), "indication": "RRMS"},
            BLOCK, BLOCK, BLOCK,
        ),
        derived(
            "9-years-40-kg", "rule", "L26",
            {"age_years": 9, "weight_kg": 40, "indication": "RRMS"}, BLOCK, BLOCK, BLOCK,
        ),
        derived(
            "16-years-with-ppms", "rule", "L26: RRMS only",
            {"age_years": 16, "weight_kg": 60, "indication": "PPMS"}, BLOCK, BLOCK, BLOCK,
        ),
        derived(
            "16-years-with-ppms-not-weighed", "rule", "L26: RRMS only, whatever the weight",
            {"age_years": 16, "indication": "PPMS"}, BLOCK, BLOCK, BLOCK,
        ),
        derived(
            "16-years-not-weighed", "rule", "L26",
            {"age_years": 16, "indication": "RRMS"}, BLOCK, HOLD, BLOCK,
        ),
        derived(
            "another-form-of-rms-at-17", "rule", "L26: other RMS forms are adult only",
            {"age_years": 17, "weight_kg": 70, "indication": "RMS"}, BLOCK, BLOCK, BLOCK,
        ),
    ],
)  # fmt: skip
def test_before_the_first_infusion(
    facts: Facts, default: Severity, us: Severity, eu: Severity
) -> None:
    found = [
        for_visit(load("ocrelizumab", edition), well(**facts), dose_number=1, on=START).decision
        for edition in ("default", "us", "eu")
    ]
    assert found == [default, us, eu]


@pytest.mark.parametrize(
    ("weight", "milligrams", "maintenance", "options"),
    [
        derived("25-kg", "rule", "L26", "25", 150, 300, [RateOption.INITIAL]),
        derived("34.9-kg", "rule", "L26", "34.9", 150, 300, [RateOption.INITIAL]),
        derived("35-kg", "rule", "L26: adult doses", "35", 300, 600, [RateOption.STANDARD]),
    ],
)
def test_weight_bands(
    weight: str, milligrams: int, maintenance: int, options: list[RateOption]
) -> None:
    us = load("ocrelizumab", "us")
    facts = well(age_years=14, weight_kg=Fraction(weight), indication="RRMS")
    regimen = regimen_for(us, facts)
    assert regimen is not None
    assert (regimen.initial_mg, regimen.maintenance_mg) == (milligrams, maintenance)
    offer = offered_options(
        us, dose_number=3, prior_severe=False, prior_serious=False, age_years=14,
        dose_mg=regimen.maintenance_mg,
    )  # fmt: skip
    assert list(offer.options) == options
    assert regimen_for(load(), facts) is None


@pytest.mark.parametrize(
    ("live", "days", "default", "eu"),
    [
        derived("live-27-days", "rule", "article S21, PP; EU-PL", True, 27, HOLD, HOLD),
        derived("live-28-days", "rule", "article S21, PP; EU-PL", True, 28, CLEAR, HOLD),
        derived("live-42-days", "rule", "EU-PL: six weeks", True, 42, CLEAR, CLEAR),
        derived("non-live-13-days", "rule", "article S22, PP", False, 13, CAUTION, CAUTION),
        derived("non-live-14-days", "rule", "article S22; EU-PL", False, 14, CLEAR, CAUTION),
        derived("non-live-42-days", "rule", "EU-PL: six weeks", False, 42, CLEAR, CLEAR),
    ],
)
def test_a_vaccine_before_the_start(
    *, live: bool, days: int, default: Severity, eu: Severity
) -> None:
    given = Vaccine(name="a vaccine", live=live, on=START - timedelta(days=days))
    facts = well(vaccines=(given,))
    found = [
        for_course(load("ocrelizumab", edition), facts, first_infusion=START).decision
        for edition in ("default", "us", "eu")
    ]
    assert found == [default, default, eu]


@pytest.mark.parametrize(
    ("live", "day", "recovered", "said"),
    [
        derived("live-in-time", "rule", "article S21", True, "2026-06-08", False, []),
        derived(
            "live-a-day-late", "rule", "article S21", True, "2026-06-09", False,
            [("VACCINE-LIVE-LATE", HOLD)],
        ),
        derived(
            "live-on-the-day", "rule", "article S21", True, "2026-07-06", False,
            [("VACCINE-LIVE-DURING", BLOCK)],
        ),
        derived(
            "live-a-year-on", "rule", "article S21: until B-cell recovery",
            True, "2027-07-06", False, [("VACCINE-LIVE-DURING", BLOCK)],
        ),
        derived("live-recovered", "rule", "article S21", True, "2029-07-06", True, []),
        derived("flu-in-time", "rule", "article S22", False, "2026-06-22", False, []),
        derived(
            "flu-late", "rule", "article S22", False, "2026-06-23", False,
            [("VACCINE-NONLIVE-LATE", CAUTION)],
        ),
        derived(
            "flu-during", "rule", "article S22: may work less", False, "2026-12-01", False,
            [("VACCINE-NONLIVE-DURING", CAUTION)],
        ),
    ],
)  # fmt: skip
def test_a_vaccination_around_a_course(
    *, live: bool, day: str, recovered: bool, said: list[tuple[str, Severity]]
) -> None:
    vaccine = Vaccine(name="a vaccine", live=live, on=date.fromisoformat(day))
    found = for_vaccination(load(), vaccine, first_infusion=START, b_cells_recovered=recovered)
    assert [(item.id, item.severity) for item in found] == said


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        derived(
            "low-igg-later-is-monitored", "rule", "article S20",
            {"immunoglobulins": igg("5.5", "7.0")}, ["IG-MONITOR"],
        ),
        derived("the-baseline-is-not-asked-again", "rule", "PP: before the start",
                {"liver": Liver(), "immunoglobulins": Immunoglobulins()}, []),
        derived("infection-is", "rule", "TM: before every infusion",
                {"active_infection": None}, ["INFECTION-UNCHECKED"]),
        derived("363-days-ago", "policy", "ROCHE-MI", {"last_dose_on": START - timedelta(363)},
                []),
        derived("a-year-ago", "policy", "ROCHE-MI", {"last_dose_on": START - timedelta(365)},
                ["GAP-PROLONGED"]),
    ],
)  # fmt: skip
def test_at_a_later_dose(facts: Facts, said: list[str]) -> None:
    found = for_visit(load(), well(**facts), dose_number=4, on=START)
    assert list(found.ids) == said

"""The calculator's page beside the plain question: clinic days, a payer, a child, premedication,
signs, and vaccinations to come."""

from typing import Any

import pytest
from django.test import Client

from tests.reference.test_calculator_page import (
    CALENDAR,
    ELIGIBILITY,
    REACTION,
    TITRATION,
    ask,
    nurse,
)

__all__ = ["nurse"]
pytestmark = pytest.mark.django_db


def test_a_due_date_on_a_closed_day(nurse: Client) -> None:
    given: dict[str, Any] = {
        "given_1": "",
        "given_2": "",
        "first_infusion": "2026-01-05",
        "propose": "",
    }
    assert "clinic day" not in ask(nurse, CALENDAR, **given)
    rolled = ask(nurse, CALENDAR, **given, open_on="mon-fri")
    assert "on a clinic day: Mon 06-Jul-2026" in rolled
    assert "the clinic is open that day" in rolled
    back = ask(nurse, CALENDAR, **given, open_on="mon-sat", roll="backward")
    assert "on a clinic day: Sat 04-Jul-2026" in back


def test_a_payer_and_a_child(nurse: Client) -> None:
    question: dict[str, Any] = {
        "given_3": "2026-01-20",
        "given_1": "",
        "given_2": "",
        "propose": "2026-07-20",
    }
    assert "PAYER-INTERVAL" not in ask(nurse, CALENDAR, **question)
    assert "PAYER-INTERVAL" in ask(nurse, CALENDAR, **question, payer_minimum_days="182")
    child = ask(nurse, CALENDAR, edition="us", regimen="paediatric")
    assert "300 mg" in child
    assert "600 mg" not in child.split("what-if__answer", 1)[1]
    refused = ask(nurse, CALENDAR, status=422, regimen="paediatric")
    assert "This edition has no regimen for children." in refused
    assert '<a href="#id_regimen">' in refused


GIVEN: dict[str, Any] = {
    "drug_1": "methylprednisolone", "drug_mg_1": "100", "drug_at_1": "2026-07-06T08:30",
    "drug_2": "diphenhydramine", "drug_at_2": "2026-07-06T08:40",
}  # fmt: skip


def test_what_was_given_before_the_start(nurse: Client) -> None:
    assert "What was given before the start" not in ask(nurse, TITRATION)
    late = ask(nurse, TITRATION, **GIVEN)
    assert "PREMED-LATE" in late
    assert 'name="drug_3"' in late
    well = ask(nurse, TITRATION, **GIVEN | {"drug_at_2": "2026-07-06T08:15"})
    assert "No rule speaks against it." in well
    half = ask(nurse, TITRATION, **GIVEN | {"drug_2": "", "drug_at_2": ""})
    assert "PREMED-ANTIHISTAMINE-MISSING" in half
    child = ask(nurse, TITRATION, age_years="12", weight_kg="30")
    assert "60 mg" in child
    pressure = ask(nurse, TITRATION, antihypertensive_at="2026-07-06T07:00")
    assert "PREMED-ANTIHYPERTENSIVE" in pressure


@pytest.mark.parametrize(
    ("query", "changes", "field", "words"),
    [
        (TITRATION, {"drug_1": "rash powder"}, "drug_1", "valid choice"),
        (TITRATION, {"drug_1": "cetirizine"}, "drug_at_1", "when it was given"),
        (TITRATION, {"drug_mg_1": "10"}, "drug_1", "which medicine"),
        (TITRATION, {**GIVEN, "start": ""}, "start", "Needed to judge"),
        (CALENDAR, {"payer_minimum_days": "401"}, "payer_minimum_days", "less than or equal"),
        (CALENDAR, {"open_on": "sundays"}, "open_on", "valid choice"),
        (REACTION, {"signs": "sneezing"}, "signs", "not one of the available choices"),
        (ELIGIBILITY, {"planned_1": "MMR"}, "planned_on_1", "for which day"),
        (
            ELIGIBILITY,
            {"planned_1": "MMR", "planned_on_1": "2026-09-01"},
            "first_infusion",
            "Needed to judge",
        ),
    ],
)
def test_what_cannot_be_answered_names_the_field(
    nurse: Client, query: dict[str, str], changes: dict[str, str], field: str, words: str
) -> None:
    html = ask(nurse, query, status=422, **changes)
    assert words in html
    assert f'id="id_{field}_error"' in html


def test_signs_suggest_beside_the_severity_that_was_chosen(nurse: Client) -> None:
    assert "Signs and grade suggest" not in ask(nurse, REACTION)

    complete = ask(nurse, REACTION, signs=["flushing", "fever", "throat_pain"])
    assert "Signs and grade suggest: severe" in complete
    assert "tone-warning" in complete.split("what-if__answer")[1].split("Signs and grade")[0]
    assert "REACTION-SUGGESTED" in complete
    assert "60 mL/h" in complete, "the answer keeps the severity chosen"
    assert "The leaflet says: stop for good." in ask(nurse, REACTION, signs=["bronchospasm"])
    assert "suggest: mild to moderate" in ask(nurse, REACTION, grade="2")
    assert "Itching" in ask(nurse, REACTION)


def test_a_vaccination_to_come(nurse: Client) -> None:
    planned: dict[str, Any] = {
        "planned_1": "MMR", "planned_on_1": "2026-09-01", "planned_live_1": "on",
        "first_infusion": "2025-01-06",
    }  # fmt: skip
    html = ask(nurse, ELIGIBILITY, **planned)
    assert "MMR, planned for 01-Sep-2026" in html
    assert "VACCINE-LIVE-DURING" in html
    assert 'name="planned_2"' in html
    recovered = ask(nurse, ELIGIBILITY, **planned, b_cells_recovered="on")
    assert "VACCINE-LIVE-DURING" not in recovered
    child: dict[str, Any] = {
        "edition": "us",
        "age_years": "12",
        "weight_kg": "30",
        "indication": "RRMS",
    }
    assert "methylprednisolone 60 mg before each" in ask(nurse, ELIGIBILITY, **child)


@pytest.mark.parametrize(
    "name", ["0000-01-01", "2026-99-99", "0001-01-01T00:00:00+23:59", "x\u202e"]
)
def test_a_vaccine_may_be_called_anything(nurse: Client, name: str) -> None:
    """The core puts its name into a sentence, and a sentence's dates are written out."""
    asked = ask(nurse, ELIGIBILITY, vaccine_1=name)
    assert "VACCINE-LIVE-RECENT" in asked
    assert name in asked


def test_paper_says_what_was_asked(nurse: Client) -> None:
    """The form is not printed; an answer without its question would be."""

    def asked(query: dict[str, str], **changes: Any) -> str:
        html = ask(nurse, query, **changes)
        return html.split('class="what-if__asked"', 1)[1].split("</dl></div>", 1)[0]

    assert "<dt>Dose 1</dt><dd>06-Jan-2026</dd>" in asked(CALENDAR)
    assert "Years ahead</dt><dd>1</dd>" in asked(CALENDAR)
    reaction = asked(REACTION, signs=["rash", "fever"])
    assert "Signs</dt><dd>Rash, Fever</dd>" in reaction
    assert "Severity</dt><dd>Mild to moderate</dd>" in reaction
    assert "Start</dt><dd>06-Jul-2026 09:00</dd>" in reaction
    facts = asked(ELIGIBILITY, pregnant="no", breastfeeding="yes", liver_symptoms="on")
    for said in ("Pregnant</dt><dd>No<", "Breastfeeding</dt><dd>Yes<", "injury</dt><dd>yes<"):
        assert said in facts
    assert "IgG low" not in facts, "what is not known is left out"
    before = asked(ELIGIBILITY, prior_severe_reaction="yes")
    assert "Earlier infusion reactions</p><dl><div><dt>Severe</dt><dd>Yes<" in before
    given = asked(TITRATION, **GIVEN)
    assert "methylprednisolone" in given
    assert "Edition</dt><dd>EU</dd>" in given

"""Every rule gone past is in one ledger, and the report and every record show all of it."""

import json

import pytest

from clinics.models import Clinic, Role
from core import pdf
from core.actor import Actor
from infusion.leaving import Leaving
from patients.models import Condition
from scheduling.models import Override, Visit
from tests.infusion.builders import complete, leave, premedicate, prepare, seat, start
from tests.infusion.pages import Tablet
from tests.infusion.test_record import pages_of
from tests.infusion.test_start_gate import decide, ill
from tests.people import make_actor, make_user

RULES = ("MALIGNANCY-ACTIVE", "PREMED-LATE", "OBSERVATION-SHORT")
REASONS = ("Weighed with the patient", "Premedicated on the ward", "The last train")


@pytest.fixture
def prescriber(clinic: Clinic) -> Actor:
    return make_actor(clinic, Role.PRESCRIBER)


@pytest.fixture
def visit(clinic: Clinic, nurse: Actor, prescriber: Actor) -> Visit:
    """A visit that went past a hold, a caution and the hour at the door."""
    visit = seat(clinic)
    prepare(visit, nurse)
    premedicate(visit, nurse, minute=25)
    ill(visit, Condition.Kind.MALIGNANCY)
    decide(visit, prescriber, "MALIGNANCY-ACTIVE")
    infusion = start(visit, nurse, minute=30, reason="Premedicated on the ward")
    complete(infusion, nurse, minute=240)
    door = Leaving(line_removed=True, advice_given=True, agreed_by=prescriber.user_id)
    leave(infusion, nurse, minute=250, reason="The last train", leaving=door)
    return visit


def test_the_ledger_names_the_person_of_each_decision(
    visit: Visit, nurse: Actor, prescriber: Actor
) -> None:
    rows = Override.objects.filter(visit=visit).order_by("overridden_at", "rule_id")
    assert [(row.rule_id, row.reason, row.overridden_by_id) for row in rows] == [
        ("MALIGNANCY-ACTIVE", "Weighed with the patient", prescriber.user_id),
        ("PREMED-LATE", "Premedicated on the ward", nurse.user_id),
        ("OBSERVATION-SHORT", "The last train", nurse.user_id),
    ]


def test_report_patient_page_record_and_json_show_them_all(
    clinic: Clinic, visit: Visit, nurse: Actor
) -> None:
    tablet = Tablet.of(clinic, nurse)
    manager = Tablet(clinic, make_user(clinic, Role.MANAGER))
    shown = {
        "report": manager.get(260, "reports_overrides"),
        "csv": manager.get(260, "reports_overrides_csv"),
        "patient": tablet.get(260, "patient", visit.patient_id),
        "record": tablet.get(260, "infusion_record", visit.pk),
    }
    for name, answer in shown.items():
        for words in (*RULES, *REASONS):
            assert words in answer.content.decode(), (name, words)
    said = json.loads(tablet.get(260, "infusion_record_json", visit.pk).content)["overrides"]
    assert {row["rule"] for row in said} == set(RULES)
    assert {row["reason"] for row in said} == set(REASONS)


@pytest.mark.skipif(not pdf.available(), reason="WeasyPrint's libraries are not installed")
def test_the_paper_shows_them_too(clinic: Clinic, visit: Visit, nurse: Actor) -> None:
    text = " ".join(pages_of(Tablet.of(clinic, nurse).get(260, "infusion_record_pdf", visit.pk)))
    for words in RULES:
        assert words in text, words


def test_the_patients_page_shows_that_patients_alone(clinic: Clinic, visit: Visit) -> None:
    scheduler = Tablet(clinic, make_user(clinic, Role.SCHEDULER))
    assert "Rules gone past" in scheduler.get(260, "patient", visit.patient_id).content.decode()
    nobody = seat(clinic, mrn="MRN-9", position=2)
    other = scheduler.get(260, "patient", nobody.patient_id).content.decode()
    assert "Rules gone past" not in other

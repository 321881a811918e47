"""Writing a patient's record by hand: who may, what is refused, what the ledger keeps."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError

from clinics.models import Clinic
from core.actor import Actor
from core.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from core.models import AuditEntry
from patients.models import Patient, SignOff
from patients.services.allergies_told import add_allergy, end_allergy, state_allergies
from patients.services.conditions import begin_condition, end_condition
from patients.services.records import (
    Details,
    change_patient,
    create_patient,
    give_consent,
    withdraw_consent,
)
from patients.services.results import Measured, enter_result
from patients.services.sign_offs import sign_off
from patients.services.vaccinations import record_vaccination, settle_vaccination
from tests.people import MONDAY_NINE, make_actor, make_clinic, make_patient

TODAY = MONDAY_NINE.date()
LATER = MONDAY_NINE + timedelta(hours=1)
DETAILS = Details(
    mrn="M1", family_name="Doe", given_names="Jane", title="Ms", birth_date=date(1988, 3, 4),
    sex="female", deceased_on=None, language="en", telephone="", email="", channel="none",
    weight_kg=Decimal("62.5"),
)  # fmt: skip


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make_clinic()


@pytest.fixture
def scheduler(clinic: Clinic) -> Actor:
    return make_actor(clinic, "scheduler")


@pytest.fixture
def nurse(clinic: Clinic) -> Actor:
    return make_actor(clinic, "nurse")


@pytest.fixture
def prescriber(clinic: Clinic) -> Actor:
    return make_actor(clinic, "prescriber")


def last_entry() -> AuditEntry:
    entry = AuditEntry.objects.order_by("-id").first()
    assert entry is not None
    return entry


def test_a_new_patient_is_in_the_ledger(scheduler: Actor) -> None:
    patient = create_patient(details=DETAILS, actor=scheduler, now=MONDAY_NINE)

    stored = Patient.objects.get()
    assert (stored.pk, stored.family_name, stored.version) == (patient.pk, "Doe", 1)
    assert (last_entry().action, last_entry().patient_id) == ("patient.created", patient.pk)
    assert last_entry().user_id == scheduler.user_id


def test_a_record_number_belongs_to_one_patient_of_a_clinic(scheduler: Actor) -> None:
    create_patient(details=DETAILS, actor=scheduler, now=MONDAY_NINE)
    other = create_patient(details=replace(DETAILS, mrn="M2"), actor=scheduler, now=MONDAY_NINE)

    with pytest.raises(Conflict, match="record number"):
        create_patient(details=DETAILS, actor=scheduler, now=MONDAY_NINE)
    with pytest.raises(Conflict, match="record number"):
        change_patient(
            patient_id=other.pk, version=1, details=DETAILS, actor=scheduler, now=MONDAY_NINE
        )
    elsewhere = make_actor(make_clinic("south"), "scheduler")
    create_patient(details=DETAILS, actor=elsewhere, now=MONDAY_NINE)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no number": ({"mrn": " "}, "mrn"),
    "no name": ({"family_name": "", "given_names": " "}, "family_name"),
    "born tomorrow": ({"birth_date": TODAY + timedelta(days=1)}, "birth_date"),
    "died before birth": ({"deceased_on": date(1988, 3, 3)}, "deceased_on"),
    "dies tomorrow": ({"deceased_on": TODAY + timedelta(days=1)}, "deceased_on"),
    "mail without an address": ({"channel": "email"}, "email"),
    "weightless": ({"weight_kg": Decimal(0)}, "weight_kg"),
    "an elephant": ({"weight_kg": Decimal(500)}, "weight_kg"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_details_that_cannot_be_name_their_field(case: str, scheduler: Actor) -> None:
    changes, field = REFUSED[case]

    with pytest.raises(Invalid) as refusal:
        create_patient(details=replace(DETAILS, **changes), actor=scheduler, now=MONDAY_NINE)

    assert list(refusal.value.fields) == [field]
    assert not Patient.objects.exists()


def test_a_change_records_which_fields_and_nothing_of_what_they_hold(scheduler: Actor) -> None:
    patient = create_patient(details=DETAILS, actor=scheduler, now=MONDAY_NINE)

    changed = replace(DETAILS, family_name="Smith", title="")
    change_patient(patient_id=patient.pk, version=1, details=changed, actor=scheduler, now=LATER)

    stored = Patient.objects.get()
    assert (stored.family_name, stored.version, stored.updated_at) == ("Smith", 2, LATER)
    assert last_entry().details == {"fields": ["family_name", "title"]}


def test_saving_without_a_change_writes_nothing(scheduler: Actor) -> None:
    patient = create_patient(details=DETAILS, actor=scheduler, now=MONDAY_NINE)
    entries = AuditEntry.objects.count()

    change_patient(patient_id=patient.pk, version=1, details=DETAILS, actor=scheduler, now=LATER)

    assert Patient.objects.get().version == 1
    assert AuditEntry.objects.count() == entries


def test_a_stale_version_is_refused(scheduler: Actor) -> None:
    patient = create_patient(details=DETAILS, actor=scheduler, now=MONDAY_NINE)
    first = replace(DETAILS, telephone="030 1")
    change_patient(patient_id=patient.pk, version=1, details=first, actor=scheduler, now=LATER)

    with pytest.raises(Conflict, match="meanwhile"):
        change_patient(
            patient_id=patient.pk, version=1, details=DETAILS, actor=scheduler, now=LATER
        )
    assert Patient.objects.get().telephone == "030 1"


def test_a_dated_death_takes_the_place_of_an_undated_one(clinic: Clinic, scheduler: Actor) -> None:
    patient = make_patient(clinic, "M1", deceased_undated=True)

    died = replace(DETAILS, deceased_on=date(2026, 2, 1))
    change_patient(patient_id=patient.pk, version=1, details=died, actor=scheduler, now=LATER)

    stored = Patient.objects.get()
    assert (stored.deceased_on, stored.deceased_undated) == (date(2026, 2, 1), False)


def test_consent_is_given_withdrawn_and_given_again(clinic: Clinic, scheduler: Actor) -> None:
    patient = make_patient(clinic)

    give_consent(patient_id=patient.pk, version=1, actor=scheduler, now=MONDAY_NINE)
    with pytest.raises(Conflict, match="already"):
        give_consent(patient_id=patient.pk, version=2, actor=scheduler, now=LATER)
    withdraw_consent(patient_id=patient.pk, version=2, actor=scheduler, now=LATER)
    stored = Patient.objects.get()
    assert (stored.consented_at, stored.consent_withdrawn_at) == (MONDAY_NINE, LATER)
    assert stored.consented_by_id == scheduler.user_id
    with pytest.raises(Conflict, match="no consent"):
        withdraw_consent(patient_id=patient.pk, version=3, actor=scheduler, now=LATER)
    again = give_consent(patient_id=patient.pk, version=3, actor=scheduler, now=LATER)

    assert (again.consented_at, again.consent_withdrawn_at) == (LATER, None)
    actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == ["consent.given", "consent.withdrawn", "consent.given"]


def test_allergies_added_and_ended_move_the_four_state_answer(clinic: Clinic, nurse: Actor) -> None:
    patient = make_patient(clinic)
    state_allergies(
        patient_id=patient.pk, version=1, status="none_known", actor=nurse, now=MONDAY_NINE
    )
    assert Patient.objects.get().allergy_status == "none_known"

    allergy = add_allergy(
        patient_id=patient.pk, substance=" Latex ", criticality="high", actor=nurse, now=LATER
    )
    assert (allergy.substance, Patient.objects.get().allergy_status) == ("Latex", "known")
    with pytest.raises(RuleBroken, match="active allergy"):
        state_allergies(
            patient_id=patient.pk, version=3, status="none_known", actor=nurse, now=LATER
        )

    end_allergy(allergy_id=allergy.pk, actor=nurse, now=LATER)
    assert Patient.objects.get().allergy_status == "not_recorded"
    with pytest.raises(Conflict, match="before"):
        end_allergy(allergy_id=allergy.pk, actor=nurse, now=LATER)


def test_known_is_never_a_statement(clinic: Clinic, nurse: Actor) -> None:
    patient = make_patient(clinic)

    with pytest.raises(Invalid):
        state_allergies(patient_id=patient.pk, version=1, status="known", actor=nurse, now=LATER)


def test_a_planned_vaccination_is_settled_once(clinic: Clinic, nurse: Actor) -> None:
    patient = make_patient(clinic)
    planned = record_vaccination(
        patient_id=patient.pk, name="MMR", is_live=True, status="planned",
        occurred_on=TODAY, actor=nurse, now=MONDAY_NINE,
    )  # fmt: skip

    with pytest.raises(Invalid):
        settle_vaccination(
            vaccination_id=planned.pk, status="planned", occurred_on=TODAY, actor=nurse, now=LATER
        )
    settled = settle_vaccination(
        vaccination_id=planned.pk, status="given", occurred_on=TODAY, actor=nurse, now=LATER
    )
    assert settled.status == "given"
    with pytest.raises(Conflict, match="not planned"):
        settle_vaccination(
            vaccination_id=planned.pk, status="not_done", occurred_on=TODAY, actor=nurse, now=LATER
        )


@pytest.mark.parametrize(
    ("status", "day"),
    [("given", TODAY + timedelta(days=1)), ("planned", TODAY - timedelta(days=1)), ("x", TODAY)],
)
def test_a_vaccination_stands_on_a_day_it_can_have(
    status: str, day: date, clinic: Clinic, nurse: Actor
) -> None:
    patient = make_patient(clinic)

    with pytest.raises(Invalid):
        record_vaccination(
            patient_id=patient.pk, name="MMR", is_live=None, status=status, occurred_on=day,
            actor=nurse, now=MONDAY_NINE,
        )  # fmt: skip


def test_a_condition_begins_once_and_ends_once(clinic: Clinic, nurse: Actor) -> None:
    patient = make_patient(clinic)
    began = TODAY - timedelta(days=10)
    begun = begin_condition(
        patient_id=patient.pk, kind="infection", from_date=began, actor=nurse, now=MONDAY_NINE
    )

    with pytest.raises(Conflict, match="already"):
        begin_condition(
            patient_id=patient.pk, kind="infection", from_date=TODAY, actor=nurse, now=LATER
        )
    for impossible in (began - timedelta(days=1), TODAY + timedelta(days=1)):
        with pytest.raises(Invalid):
            end_condition(condition_id=begun.pk, until_date=impossible, actor=nurse, now=LATER)
    end_condition(condition_id=begun.pk, until_date=TODAY, actor=nurse, now=LATER)
    with pytest.raises(Conflict, match="ended before"):
        end_condition(condition_id=begun.pk, until_date=TODAY, actor=nurse, now=LATER)
    begin_condition(
        patient_id=patient.pk, kind="infection", from_date=TODAY, actor=nurse, now=LATER
    )


def test_a_result_is_a_number_with_a_unit_or_a_word(clinic: Clinic, nurse: Actor) -> None:
    patient = make_patient(clinic)
    igg = Measured(analyte="igg", collected_at=MONDAY_NINE, value=Decimal("7.5"), unit="g/L")

    stored = enter_result(patient_id=patient.pk, measured=igg, actor=nurse, now=LATER)

    assert (stored.loinc, stored.label, stored.value) == ("2465-3", "IgG", Decimal("7.5"))
    enter_result(
        patient_id=patient.pk, actor=nurse, now=LATER,
        measured=Measured(analyte="hbsag", collected_at=MONDAY_NINE, finding="negative"),
    )  # fmt: skip
    wrong = {
        "value": replace(igg, finding="positive"),
        "unit": replace(igg, unit=""),
        "collected_at": replace(igg, collected_at=LATER + timedelta(seconds=1)),
        "analyte": replace(igg, analyte="potassium"),
        "reference_low": replace(igg, reference_low=Decimal(9), reference_high=Decimal(8)),
    }
    for field, measured in wrong.items():
        with pytest.raises(Invalid) as refusal:
            enter_result(patient_id=patient.pk, measured=measured, actor=nurse, now=LATER)
        assert list(refusal.value.fields) == [field]


def test_a_sign_off_stays_as_it_was_written(clinic: Clinic, prescriber: Actor) -> None:
    patient = make_patient(clinic)

    signed = sign_off(
        patient_id=patient.pk, rule_id="HBV-CARRIER", decision="may_proceed",
        reason="Hepatology agreed", until_date=None, actor=prescriber, now=MONDAY_NINE,
    )  # fmt: skip

    assert signed.signed_by_id == prescriber.user_id
    assert last_entry().details == {"rule_id": "HBV-CARRIER"}
    with pytest.raises(DatabaseError, match="append-only"):
        SignOff.objects.update(reason="other")


Act = Callable[[Patient, Actor], object]
FACTS: dict[str, Act] = {
    "allergy": lambda patient, actor: add_allergy(
        patient_id=patient.pk, substance="Latex", criticality="", actor=actor, now=LATER
    ),
    "statement": lambda patient, actor: state_allergies(
        patient_id=patient.pk, version=1, status="none_known", actor=actor, now=LATER
    ),
    "vaccination": lambda patient, actor: record_vaccination(
        patient_id=patient.pk, name="MMR", is_live=True, status="given", occurred_on=TODAY,
        actor=actor, now=LATER,
    ),
    "condition": lambda patient, actor: begin_condition(
        patient_id=patient.pk, kind="infection", from_date=TODAY, actor=actor, now=LATER
    ),
    "result": lambda patient, actor: enter_result(
        patient_id=patient.pk, actor=actor, now=LATER,
        measured=Measured(analyte="hbsag", collected_at=MONDAY_NINE, finding="negative"),
    ),
}  # fmt: skip
IDENTITY: dict[str, Act] = {
    "details": lambda patient, actor: change_patient(
        patient_id=patient.pk,
        version=1,
        actor=actor,
        now=LATER,
        details=replace(DETAILS, mrn=patient.mrn),
    ),
    "consent": lambda patient, actor: give_consent(
        patient_id=patient.pk, version=1, actor=actor, now=LATER
    ),
}
SIGNING: dict[str, Act] = {
    "sign-off": lambda patient, actor: sign_off(
        patient_id=patient.pk, rule_id="HBV-CARRIER", decision="may_proceed", reason="Agreed",
        until_date=None, actor=actor, now=LATER,
    )
}  # fmt: skip
ALLOWED = {
    **dict.fromkeys(FACTS, frozenset({"nurse", "prescriber"})),
    **dict.fromkeys(IDENTITY, frozenset({"scheduler", "prescriber"})),
    **dict.fromkeys(SIGNING, frozenset({"prescriber"})),
}
ACTS = FACTS | IDENTITY | SIGNING


@pytest.mark.parametrize("act", ACTS)
def test_each_act_belongs_to_its_roles(act: str, clinic: Clinic) -> None:
    for role in ("nurse", "scheduler", "prescriber", "pharmacist", "manager", "auditor"):
        patient = make_patient(clinic, f"MRN-{role}")
        actor = make_actor(clinic, role)
        if role in ALLOWED[act]:
            ACTS[act](patient, actor)
        else:
            with pytest.raises(Forbidden):
                ACTS[act](patient, actor)


@pytest.mark.parametrize("act", ACTS)
def test_another_clinics_patient_is_not_there(act: str, clinic: Clinic) -> None:
    theirs = make_patient(clinic)
    stranger = make_actor(make_clinic("south"), "prescriber")

    with pytest.raises(NotFound):
        ACTS[act](theirs, stranger)
    assert not AuditEntry.objects.exists()


def test_another_clinics_facts_are_not_there_either(clinic: Clinic, nurse: Actor) -> None:
    patient = make_patient(clinic)
    stranger = make_actor(make_clinic("south"), "nurse")
    allergy = add_allergy(
        patient_id=patient.pk, substance="Latex", criticality="", actor=nurse, now=LATER
    )
    begun = begin_condition(
        patient_id=patient.pk, kind="infection", from_date=TODAY, actor=nurse, now=LATER
    )
    planned = record_vaccination(
        patient_id=patient.pk, name="MMR", is_live=True, status="planned", occurred_on=TODAY,
        actor=nurse, now=LATER,
    )  # fmt: skip

    for key in (allergy.pk, uuid4()):
        with pytest.raises(NotFound):
            end_allergy(allergy_id=key, actor=stranger, now=LATER)
    with pytest.raises(NotFound):
        end_condition(condition_id=begun.pk, until_date=TODAY, actor=stranger, now=LATER)
    with pytest.raises(NotFound):
        settle_vaccination(
            vaccination_id=planned.pk, status="given", occurred_on=TODAY, actor=stranger, now=LATER
        )

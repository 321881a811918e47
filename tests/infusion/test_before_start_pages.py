"""The page before the start: what is done, what was found, what still blocks, in words."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from clinics.models import Clinic, Role
from core.actor import Actor
from core.models import AuditEntry
from infusion.models import Infusion, InfusionEvent
from infusion.readying import before_start
from patients import models as records
from patients.models import Condition, SignOff
from scheduling.models import Override, Visit
from tests.infusion.builders import at, colleague, expect, premedicate, prepare, running, seat
from tests.infusion.pages import Tablet
from tests.infusion.test_preparing_forms import ACCESS, ANSWERS, BAG, other_tablet, words_of
from tests.people import make_clinic, make_user

ACTS = ("checklist", "access", "bag", "bag_check", "vitals", "premedicate", "start")


@pytest.fixture
def tablet(clinic: Clinic, nurse: Actor) -> Tablet:
    return Tablet.of(clinic, nurse)


@pytest.fixture
def visit(clinic: Clinic) -> Visit:
    return seat(clinic)


@pytest.fixture
def prescriber(clinic: Clinic) -> Tablet:
    return Tablet(clinic, make_user(clinic, Role.PRESCRIBER))


def shown(tablet: Tablet, visit: Visit, minute: float = 40) -> str:
    page = tablet.get(minute, "before_start", visit.pk)
    assert page.status_code == 200
    return words_of(page)


def offered(text: str) -> list[str]:
    return re.findall(r'id="act-([a-z_]+)"', text)


def condition(visit: Visit, nurse: Actor, kind: str) -> Condition:
    return Condition.objects.create(
        patient_id=visit.patient_id, source_id=str(uuid4()), kind=kind, from_date=at(0).date(),
        recorded_at=at(0), recorded_by_id=nurse.user_id,
    )  # fmt: skip


def test_at_first_everything_is_to_do(tablet: Tablet, visit: Visit) -> None:
    text = shown(tablet, visit, 1)
    assert "0 of 6 done" in text
    assert offered(text) == ["checklist", "access", "bag", "vitals", "premedicate"]
    for words in ("The safety questions of today are not answered.", "IV access is not charted.",
                  "No bag is charted.", "Baseline vital signs are not charted.",
                  "No steroid is charted before the start.",
                  "Infection has not been asked about."):  # fmt: skip
        assert words in text, words
    assert "disabled" in re.findall(r"<button[^>]*>[^<]*<svg.*?Start infusion", text)[-1]
    assert len(re.findall(r'button--primary" id="act-', text)) == 1


def test_with_everything_done_the_start_is_offered(
    tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    prepare(visit, nurse)
    premedicate(visit, nurse)
    text = shown(tablet, visit)
    assert "6 of 6 done" in text
    assert "Nothing stands in the way." in text
    assert "start" in offered(text)
    assert 'The start opens at <b class="num">10:30</b> and closes at' in text
    assert 'Must be empty by <b class="num">02-Mar-2026 17:45</b>' in text
    assert "Started now, it is empty 3hr 35min before that." in text


def test_a_caution_is_named_as_asking_for_a_reason(
    tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    prepare(visit, nurse)
    premedicate(visit, nurse)
    text = shown(tablet, visit, 10)
    assert "Needs a reason, which is kept with your name:" in text
    assert "start" in offered(text)


def test_what_blocks_is_said_on_the_clinics_clock(
    tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    """H15: a bag that would run past its time."""
    prepare(visit, nurse)
    premedicate(visit, nurse, minute=240)
    text = shown(tablet, visit, 280)
    assert "It would end at 18:10, after the beyond-use time 17:45." in text
    assert "Started now, it is not." in text
    assert "start" not in offered(text)


def test_each_part_shows_what_was_charted_and_by_whom(
    tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    prepare(visit, nurse, minute=7)
    text = shown(tablet, visit)
    for words in ("No to every question.", "Cannula 22 G, left forearm",
                  "ocrelizumab 600 mg in 500 mL", "Systolic pressure 120 mmHg",
                  'Nurse, <span class="num">10:07</span>'):  # fmt: skip
        assert words in text, words
    assert text.count("Chart again") == 4, "the check is somebody else's"


def test_a_hold_is_signed_off_by_a_prescriber_with_reason(
    tablet: Tablet, prescriber: Tablet, visit: Visit, nurse: Actor
) -> None:
    condition(visit, nurse, Condition.Kind.MALIGNANCY)
    prepare(visit, nurse)
    premedicate(visit, nurse)
    text = shown(tablet, visit)
    assert "MALIGNANCY-ACTIVE" in text
    assert "Clears when the malignancy is no longer active." in text
    assert "A prescriber may sign off for today." in text
    assert "before/sign-off" not in text, "a nurse is not offered the decision"
    assert "start" not in offered(text)
    assert "before/sign-off" in shown(prescriber, visit)
    decision = {"rule_id": "MALIGNANCY-ACTIVE", "decision": "may_proceed"}
    refused = prescriber.post(41, "before_sign_off", visit.pk, reason=" ", **decision)
    assert refused.status_code == 422
    assert "Some words are missing." in words_of(refused)
    answer = prescriber.post(41, "before_sign_off", visit.pk, reason="In remission", **decision)
    assert answer["Location"] == prescriber.address("before_start", visit.pk)
    signed = SignOff.objects.get()
    assert (signed.reason, signed.until_date) == ("In remission", at(41).date())
    entry = AuditEntry.objects.get(action="rule.signed_off")
    assert (entry.user_id, entry.details["rule_id"]) == (signed.signed_by_id, "MALIGNANCY-ACTIVE")
    text = shown(tablet, visit)
    assert "In remission" in text
    assert "start" in offered(text)
    tablet.act(42, visit.pk, "start", two_identifiers_checked="on", rate_option="standard")
    started = InfusionEvent.objects.get(kind="started")
    assert started.values["findings"] == ["MALIGNANCY-ACTIVE"]
    assert started.values["signed_off"] == {"MALIGNANCY-ACTIVE": str(signed.pk)}
    gone_past = Override.objects.get()
    assert (gone_past.rule_id, gone_past.reason) == ("MALIGNANCY-ACTIVE", "In remission")
    assert gone_past.overridden_by_id == signed.signed_by_id


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("INFECTION-ACTIVE", "Nobody may go past this. It clears when the infection is resolved."),
        ("PREGNANT", "Nobody may go past this."),
        ("HBV-ACTIVE", "does not stand in the way now"),
        ("DIARRHOEA", "Nobody may go past this."),
    ],
)
def test_nobody_signs_off_a_block_or_what_is_not_there(
    prescriber: Tablet, visit: Visit, nurse: Actor, rule: str, words: str
) -> None:
    for kind in (Condition.Kind.INFECTION, Condition.Kind.PREGNANCY, Condition.Kind.COLITIS):
        condition(visit, nurse, kind)
    refused = prescriber.post(
        5, "before_sign_off", visit.pk, rule_id=rule, decision="may_proceed", reason="Please"
    )
    assert refused.status_code == 422
    assert words in words_of(refused)
    assert not SignOff.objects.exists()


def test_only_prescribers_decide_and_only_of_their_own_clinic(
    tablet: Tablet, prescriber: Tablet, visit: Visit, nurse: Actor
) -> None:
    condition(visit, nurse, Condition.Kind.MALIGNANCY)
    data = {"rule_id": "MALIGNANCY-ACTIVE", "decision": "may_proceed", "reason": "Fine"}
    assert tablet.post(5, "before_sign_off", visit.pk, **data).status_code == 403
    stranger = seat(make_clinic("south"), mrn="MRN-7")
    assert prescriber.post(5, "before_sign_off", stranger.pk, **data).status_code == 404
    assert not SignOff.objects.exists()


def test_a_decision_that_makes_no_sense_is_refused(
    prescriber: Tablet, visit: Visit, nurse: Actor
) -> None:
    condition(visit, nurse, Condition.Kind.MALIGNANCY)
    for data in ({"decision": "perhaps", "reason": "x"}, {"reason": "x"}, {}):
        refused = prescriber.post(
            5, "before_sign_off", visit.pk, rule_id="MALIGNANCY-ACTIVE", **data
        )
        assert refused.status_code == 422
    assert not SignOff.objects.exists()


def test_readers_see_the_page_without_acts(clinic: Clinic, visit: Visit, nurse: Actor) -> None:
    prepare(visit, nurse)
    pharmacist = Tablet(clinic, make_user(clinic, Role.PHARMACIST))
    assert offered(shown(pharmacist, visit)) == ["bag_check"]  # the second person, nothing else
    reader = Tablet(clinic, make_user(clinic, Role.SCHEDULER))
    assert offered(shown(reader, visit)) == []
    outsider = Tablet(clinic, make_user(clinic, Role.AUDITOR))
    assert outsider.get(5, "before_start", visit.pk).status_code == 403


def test_reading_the_page_is_recorded(tablet: Tablet, visit: Visit) -> None:
    shown(tablet, visit)
    entry = AuditEntry.objects.get(action="record.read")
    assert (entry.patient_id, entry.details) == (visit.patient_id, {"page": "before"})


def test_another_clinics_visit_is_not_there(tablet: Tablet) -> None:
    stranger = seat(make_clinic("south"), mrn="MRN-7")
    assert tablet.get(5, "before_start", stranger.pk).status_code == 404
    assert tablet.get(5, "before_start", uuid4()).status_code == 404


def test_once_it_runs_nothing_is_offered(tablet: Tablet, visit: Visit, nurse: Actor) -> None:
    running(visit, nurse)
    text = shown(tablet, visit, 45)
    assert offered(text) == []
    assert "the infusion has started" in text
    assert "No to every question." in text, "what was prepared can still be read"


def test_somebody_who_has_not_come_is_offered_nothing(clinic: Clinic, tablet: Tablet) -> None:
    assert offered(shown(tablet, expect(clinic))) == []


@pytest.mark.parametrize("htmx", [False, True])
def test_an_act_leads_back_to_the_page(tablet: Tablet, visit: Visit, *, htmx: bool) -> None:
    there = tablet.address("before_start", visit.pk)
    form = words_of(tablet.get(1, "chair_act", visit.pk, "access", back="before"))
    assert 'name="back" value="before"' in form
    assert f'href="{there}"' in form
    answer = tablet.act(2, visit.pk, "access", htmx=htmx, **{**ACCESS, "back": "before"})
    assert answer["HX-Redirect" if htmx else "Location"] == there


def test_a_whole_preparation_by_forms_alone(clinic: Clinic, tablet: Tablet, visit: Visit) -> None:
    """Without scripts: every part from its form, the check from a colleague's tablet."""
    back = {"back": "before"}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("checklist", ANSWERS), ("access", ACCESS), ("vitals", {"systolic": "120"}),
        ("bag", {**BAG, "prepared_time": "10:01"}),
        ("premedicate", {"drug": "methylprednisolone", "dose_mg": "100", "route": "IV"}),
        ("premedicate", {"drug": "cetirizine", "dose_mg": "10", "route": "oral"}),
    ]  # fmt: skip
    for minute, (act, data) in enumerate(steps, start=2):
        assert tablet.act(minute, visit.pk, act, **data, **back).status_code == 302, act
    bag = InfusionEvent.objects.get(kind="bag").pk
    other = other_tablet(clinic)
    other.act(12, visit.pk, "bag_check", bag_id=bag, all_match="on", **back)
    assert "start" in offered(shown(tablet, visit))
    unchecked = tablet.act(40, visit.pk, "start", rate_option="standard", **back)
    assert unchecked.status_code == 422, "H3: two identifiers first"
    tablet.act(40, visit.pk, "start", rate_option="standard", two_identifiers_checked="on", **back)
    assert Infusion.objects.get().status == Infusion.Status.RUNNING


def test_the_page_costs_the_same_for_a_long_record(
    django_assert_num_queries: Any, clinic: Clinic, nurse: Actor, tablet: Tablet, visit: Visit
) -> None:
    prepare(visit, nurse)
    with django_assert_num_queries(15):
        before_start(visit.pk, nurse, at(40))
    fields: dict[str, Any] = {
        "patient_id": visit.patient_id, "loinc": "1742-6", "label": "ALT", "value": 20,
        "unit": "U/L", "reference_high": 40,
    }  # fmt: skip
    records.TestResult.objects.bulk_create(
        records.TestResult(source_id=f"r{n}", collected_at=at(-n), **fields) for n in range(30)
    )
    for kind in Condition.Kind:
        condition(visit, nurse, kind)
    for n in range(5):
        SignOff.objects.create(
            patient_id=visit.patient_id, rule_id="IG-LOW", decision="may_proceed", reason="x",
            signed_by_id=str(colleague(clinic).user_id), signed_at=at(0) + timedelta(seconds=n),
        )  # fmt: skip
        prepare(visit, nurse, minute=20 + n)
    with django_assert_num_queries(15):
        before_start(visit.pk, nurse, at(40))


def test_the_board_leads_to_the_page_and_counts_what_is_done(
    clinic: Clinic, tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    there = tablet.address("before_start", visit.pk)
    expect(clinic, position=2)
    text = words_of(tablet.get(1, "board"))
    assert text.count('Before the start: <b class="num">0 of 6</b> done') == 2
    primary = re.findall(r'class="button button--chairside button--primary"[^>]*', text)
    assert [there in link for link in primary] == [True]
    assert "hx-get" not in primary[0], "a page of its own, not a dialog"
    prepare(visit, nurse, without=["vitals"])
    premedicate(visit, nurse)
    text = words_of(tablet.get(40, "board"))
    assert 'Before the start: <b class="num">5 of 6</b> done' in text
    assert there in text
    assert "Ready to start" not in text
    prepare(visit, nurse, minute=35, without=["checklist", "access", "bag", "bag_check"])
    text = words_of(tablet.get(40, "board"))
    assert "Ready to start" in text
    assert there not in text
    assert there in words_of(tablet.get(40, "chair_side", visit.pk))

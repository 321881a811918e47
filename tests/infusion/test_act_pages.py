"""The forms of the acts: in a dialog or as a page, refused without losing what was typed."""

import re
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from clinics.models import Clinic, Role
from core.actor import Actor
from core.models import AuditEntry
from infusion.models import Infusion, InfusionEvent
from scheduling.models import Override, Visit
from tests.infusion.builders import at, complete, premedicate, prepare, running, seat
from tests.infusion.pages import Tablet, held
from tests.infusion.test_board import vitals
from tests.people import make_clinic, make_user

ACTS = (
    "premedicate", "start", "rate", "pause", "resume", "vitals", "complete", "discharge",
)  # fmt: skip


@pytest.fixture
def tablet(clinic: Clinic, nurse: Actor) -> Tablet:
    return Tablet.of(clinic, nurse)


@pytest.fixture
def visit(clinic: Clinic) -> Visit:
    return seat(clinic)


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("htmx", [False, True])
def test_every_form_names_patient_and_chair_on_its_button(
    tablet: Tablet, visit: Visit, nurse: Actor, act: str, *, htmx: bool
) -> None:
    """H3: the wrong patient's card."""
    running(visit, nurse)
    answer = tablet.get(45, "chair_act", visit.pk, act, htmx=htmx)
    assert answer.status_code == 200
    text = answer.content.decode()
    button = re.search(r'<button class="button button--primary[^>]*>([^<]*)</button>', text)
    assert button is not None
    assert button.group(1).endswith("DOE, Chair 1")
    assert "MRN-1" in text
    assert ("<html" in text) is not htmx
    if htmx:
        assert re.search(r'id="dialog-title">[^<]*: DOE, Chair 1<', text)


def test_opening_a_form_is_recorded(tablet: Tablet, visit: Visit) -> None:
    tablet.get(1, "chair_act", visit.pk, "premedicate")
    entry = AuditEntry.objects.get(action="record.read")
    assert (entry.patient_id, entry.details) == (visit.patient_id, {"page": "act"})


def test_an_act_that_does_not_exist_is_not_there(tablet: Tablet, visit: Visit) -> None:
    for act in ("arrive", "dance"):
        assert tablet.get(1, "chair_act", visit.pk, act).status_code == 404


@pytest.mark.parametrize("act", ACTS)
def test_forms_are_for_nurses_of_this_clinic(
    tablet: Tablet, clinic: Clinic, visit: Visit, act: str
) -> None:
    scheduler = Tablet(clinic, make_user(clinic, Role.SCHEDULER))
    assert scheduler.get(1, "chair_act", visit.pk, act).status_code == 403
    assert scheduler.act(1, visit.pk, act).status_code == 403
    stranger = seat(make_clinic("south"), mrn="MRN-7")
    assert tablet.get(1, "chair_act", stranger.pk, act).status_code == 404
    assert tablet.act(1, stranger.pk, act).status_code == 404


def test_a_whole_visit_by_forms_alone(tablet: Tablet, visit: Visit, nurse: Actor) -> None:
    """Without scripts: one tap per act, from the first medicine to the door."""
    prepare(visit, nurse)
    prepared = InfusionEvent.objects.count()
    steps: list[tuple[float, str, dict[str, Any]]] = [
        (0, "premedicate", {"drug": "methylprednisolone", "dose_mg": "100", "route": "IV"}),
        (1, "premedicate", {"drug": "cetirizine", "dose_mg": "10", "route": "oral"}),
        (29, "vitals", {"systolic": "120", "diastolic": "80"}),
        (31, "start", {"two_identifiers_checked": "on", "rate_option": "standard"}),
        (61, "rate", {"planned_rate": "80"}),
        (70, "pause", {"reason": "Line kinked"}),
        (75, "resume", {"planned_rate": "80"}),
        (96, "rate", {"planned_rate": "120"}),
        (126, "rate", {"planned_rate": "160"}),
        (156, "rate", {"planned_rate": "200"}),
        (250, "complete", {"volume_ml": "500"}),
        (311, "discharge", {"line_removed": "on", "advice_given": "on"}),
    ]
    for minute, act, data in steps:
        answer = tablet.act(minute, visit.pk, act, **data)
        assert answer.status_code == 302, (act, answer.content.decode())
        assert answer["Location"] == tablet.address("board")
    visit.refresh_from_db()
    assert visit.status == Visit.Status.COMPLETED
    infusion = Infusion.objects.get()
    assert (infusion.started_at, infusion.ended_at) == (at(31), at(250))
    assert infusion.events.count() == prepared + len(steps)
    assert not Override.objects.exists()


def test_the_first_form_offers_the_missing_medicine_at_its_dose(
    tablet: Tablet, visit: Visit
) -> None:
    text = tablet.get(0, "chair_act", visit.pk, "premedicate").content.decode()
    assert '<option value="methylprednisolone" selected>' in text
    assert 'name="dose_mg" value="100"' in text
    tablet.act(0, visit.pk, "premedicate", drug="methylprednisolone", dose_mg="100", route="IV")
    text = tablet.get(1, "chair_act", visit.pk, "premedicate").content.decode()
    assert '<option value="diphenhydramine" selected>' in text


def test_another_medicine_is_charted_by_its_name(tablet: Tablet, visit: Visit) -> None:
    data: dict[str, Any] = {
        "drug": "other",
        "dose_mg": "20",
        "route": "IV",
        "other_purpose": "steroid",
    }
    refused = tablet.act(0, visit.pk, "premedicate", **data)
    assert refused.status_code == 422
    assert "Say which medicine." in refused.content.decode()
    tablet.act(0, visit.pk, "premedicate", other_drug="Betamethasone", **data)
    event = InfusionEvent.objects.get()
    assert (event.values["drug"], event.values["purpose"]) == ("Betamethasone", "steroid")


def test_a_refusal_keeps_what_was_typed_and_the_id_of_the_tap(
    tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    prepare(visit, nurse)
    premedicate(visit, nurse)
    tap = uuid4()
    refused = tablet.act(
        10, visit.pk, "start", htmx=True, event_id=tap, two_identifiers_checked="on",
        rate_option="short", reason="",
    )  # fmt: skip
    assert refused.status_code == 422
    text = refused.content.decode()
    assert "PREMED-LATE" in text
    assert f'name="event_id" value="{tap}"' in text
    assert re.search(r'value="short"[^>]*checked', text)
    assert re.search(r'name="two_identifiers_checked"[^>]*checked', text)
    assert "<details" in text
    assert " open>" in text
    assert "<html" not in text
    tablet.act(
        10, visit.pk, "start", htmx=True, event_id=tap, two_identifiers_checked="on",
        rate_option="short", reason="Pharmacy was late",
    )  # fmt: skip
    assert Infusion.objects.get().status == Infusion.Status.RUNNING


def test_without_the_identity_check_the_field_says_so(
    tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    premedicate(visit, nurse)
    refused = tablet.act(31, visit.pk, "start", rate_option="standard")
    assert refused.status_code == 422
    assert "two_identifiers_checked_error" in refused.content.decode()
    assert Infusion.objects.get().status == Infusion.Status.PREPARING


def test_the_rate_form_offers_the_next_rate_and_charts_what_its_button_said(
    tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    running(visit, nurse)
    text = tablet.get(61, "chair_act", visit.pk, "rate").content.decode()
    assert "Confirm 80\u00a0mL/h: DOE, Chair 1" in text
    assert 'name="planned_rate" value="80"' in text
    tablet.act(61, visit.pk, "rate", planned_rate="80")
    assert InfusionEvent.objects.get(kind="rate_changed").values == {"rate_ml_h": "80"}


def test_a_stale_rate_form_does_not_climb_two_steps(
    tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    """H1, H2: a form opened before a colleague confirmed the step charts nothing more."""
    running(visit, nurse)
    tablet.act(61, visit.pk, "rate", planned_rate="80")
    refused = tablet.act(62, visit.pk, "rate", planned_rate="80")
    assert refused.status_code == 422
    assert "already" in refused.content.decode()
    assert InfusionEvent.objects.filter(kind="rate_changed").count() == 1


def test_another_rate_needs_its_reason(tablet: Tablet, visit: Visit, nurse: Actor) -> None:
    running(visit, nurse)
    data: dict[str, Any] = {"planned_rate": "80", "other_rate": "60"}
    refused = tablet.act(61, visit.pk, "rate", **data)
    assert refused.status_code == 422
    assert "RATE-OFF-PLAN" in refused.content.decode()
    assert 'name="other_rate" value="60"' in refused.content.decode()
    tablet.act(61, visit.pk, "rate", reason="Small veins", **data)
    assert InfusionEvent.objects.get(kind="rate_changed").values == {"rate_ml_h": "60"}


def test_refusals_speak_the_clinics_time(tablet: Tablet, visit: Visit, nurse: Actor) -> None:
    complete(running(visit, nurse), nurse, minute=240)
    data = {"line_removed": "on", "advice_given": "on"}
    refused = tablet.act(250, visit.pk, "discharge", **data).content.decode()
    assert "Observation runs until 15:00" in refused  # 14:00 UTC, Berlin
    assert "until 2026" not in refused


def test_an_earlier_time_is_read_on_the_clinics_clock(
    tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    running(visit, nurse)
    tablet.act(50, visit.pk, "vitals", systolic="120", at="10:40")
    event = InfusionEvent.objects.filter(kind="vitals").latest("recorded_at")
    assert (event.occurred_at, event.recorded_at) == (at(40), at(50))


def test_a_time_to_come_is_refused_at_its_field(tablet: Tablet, visit: Visit, nurse: Actor) -> None:
    """H6: a tablet with the wrong clock."""
    running(visit, nurse)
    refused = tablet.act(50, visit.pk, "vitals", systolic="120", at="10:51")
    assert refused.status_code == 422
    assert 'id="id_at_error"' in refused.content.decode()
    assert not InfusionEvent.objects.filter(kind="vitals", recorded_at=at(50)).exists()


@pytest.mark.parametrize(
    ("act", "data"),
    [
        ("vitals", {"systolic": "twelve"}),
        ("vitals", {"systolic": "1200"}),
        ("vitals", {}),
        ("rate", {"planned_rate": ""}),
        ("rate", {"planned_rate": "-1"}),
        ("rate", {"planned_rate": "NaN"}),
        ("pause", {"reason": ""}),
        ("complete", {"volume_ml": "5000"}),
        ("complete", {"volume_ml": "1e9"}),
        ("premedicate", {"drug": "gin", "dose_mg": "1", "route": "oral"}),
        ("start", {"rate_option": "light speed"}),
        ("vitals", {"systolic": "120", "event_id": "not-an-id"}),
        ("vitals", {"systolic": "120", "back": "https://elsewhere.example"}),
        ("vitals", {"systolic": "120", "at": "25:99"}),
    ],
)
def test_no_input_breaks_a_form(
    tablet: Tablet, visit: Visit, nurse: Actor, act: str, data: dict[str, Any]
) -> None:
    running(visit, nurse)
    before = InfusionEvent.objects.count()
    assert tablet.act(61, visit.pk, act, **data).status_code == 422
    assert InfusionEvent.objects.count() == before


@pytest.mark.parametrize("act", ["pause", "complete", "discharge"])
def test_before_anything_is_charted_the_forms_say_so(
    tablet: Tablet, visit: Visit, act: str
) -> None:
    data: dict[str, Any] = {
        "planned_rate": "80",
        "reason": "x",
        "volume_ml": "500",
        "systolic": "120",
    }
    refused = tablet.act(5, visit.pk, act, **data)
    assert refused.status_code == 422
    assert "Nothing is charted" in refused.content.decode()


def test_from_the_board_the_answer_is_the_changed_card_and_a_toast(
    tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    running(visit, nurse)
    before = tablet.get(61, "board")
    answer = tablet.act(61, visit.pk, "rate", htmx=True, planned_rate="80", **held(before))
    assert answer.status_code == 200
    assert (answer["HX-Reswap"], answer["HX-Trigger-After-Settle"]) == ("none", "dialog:close")
    text = answer.content.decode()
    assert "80\u00a0mL/h" in text
    assert "Rate charted: DOE, Chair 1" in text


def test_from_the_chair_side_the_answer_leads_back_there(
    tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    running(visit, nurse)
    there = tablet.address("chair_side", visit.pk)
    answer = tablet.act(61, visit.pk, "rate", htmx=True, planned_rate="80", back="chair")
    assert (answer.status_code, answer["HX-Redirect"]) == (204, there)
    answer = tablet.act(91, visit.pk, "rate", planned_rate="120", back="chair")
    assert answer["Location"] == there
    form = tablet.get(95, "chair_act", visit.pk, "vitals", back="chair").content.decode()
    assert 'name="back" value="chair"' in form
    assert f'href="{there}"' in form


def test_a_slip_is_taken_back_at_once_and_no_later(
    tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    infusion = running(visit, nurse)
    before = tablet.get(61, "board")
    answer = tablet.act(61, visit.pk, "rate", htmx=True, planned_rate="80", **held(before))
    event = InfusionEvent.objects.get(kind="rate_changed")
    undo = tablet.address("chair_undo", visit.pk, event.pk)
    assert undo in answer.content.decode()
    later = tablet.post(61.6, "chair_undo", visit.pk, event.pk, event_id=uuid4())
    assert later.status_code == 409
    tablet.post(61.2, "chair_undo", visit.pk, event.pk, event_id=uuid4())
    gone = InfusionEvent.objects.get(amends=event)
    assert (gone.values["withdrawn"], gone.reason) == (True, "Taken back at once")
    assert infusion.events.filter(kind="rate_changed").count() == 2


def test_nobody_takes_back_what_another_charted(
    tablet: Tablet, clinic: Clinic, visit: Visit, nurse: Actor
) -> None:
    infusion = running(visit, nurse)
    vitals(infusion, nurse, 31)
    other = Tablet(clinic, make_user(clinic, Role.NURSE, email="second@north.example"))
    event = InfusionEvent.objects.filter(kind="vitals").latest("recorded_at")
    answer = other.post(31.1, "chair_undo", visit.pk, event.pk, event_id=uuid4())
    assert answer.status_code == 403


def test_a_start_offers_no_undo(tablet: Tablet, visit: Visit, nurse: Actor) -> None:
    prepare(visit, nurse)
    premedicate(visit, nurse)
    answer = tablet.act(
        31, visit.pk, "start", htmx=True, two_identifiers_checked="on", rate_option="standard"
    )
    assert "Infusion started" in answer.content.decode()
    assert "/undo/" not in answer.content.decode()


def test_the_chair_side_page_shows_plan_log_and_person(
    tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    infusion = running(visit, nurse)
    vitals(infusion, nurse, 40)
    tablet.act(65, visit.pk, "rate", planned_rate="80", at="11:00")
    page = tablet.get(70, "chair_side", visit.pk)
    text = page.content.decode()
    assert page.status_code == 200
    for words in ("DOE, Jane", "MRN-1", "Allergies not recorded", "40\u00a0mL/h", "200\u00a0mL/h",
                  "Systolic pressure 120\u00a0mmHg", "methylprednisolone 100\u00a0mg, IV",
                  "Late entry", "The pump governs"):  # fmt: skip
        assert words in text, words
    assert AuditEntry.objects.filter(action="record.read", details__page="chair").count() == 1


def test_a_corrected_entry_shows_both(tablet: Tablet, visit: Visit, nurse: Actor) -> None:
    running(visit, nurse)
    tablet.act(61, visit.pk, "rate", planned_rate="80")
    event = InfusionEvent.objects.get(kind="rate_changed")
    tablet.post(61.1, "chair_undo", visit.pk, event.pk, event_id=uuid4())
    text = tablet.get(62, "chair_side", visit.pk).content.decode()
    assert text.count("Rate changed") == 2
    assert "taken back" in text
    assert "corrected above" in text


def test_the_chair_side_page_has_a_state_for_every_visit(
    tablet: Tablet, clinic: Clinic, visit: Visit, nurse: Actor
) -> None:
    infusion = running(visit, nurse)
    complete(infusion, nurse, minute=240)
    tablet.act(300, visit.pk, "discharge", line_removed="on", advice_given="on")
    text = tablet.get(310, "chair_side", visit.pk).content.decode()
    assert "Completed" in text
    assert "not in a chair now" in text
    assert set(re.findall(r'id="act-(\w+)"', text)) == {"reaction"}, "one may be told from home"
    reader = Tablet(clinic, make_user(clinic, Role.PHARMACIST))
    assert reader.get(310, "chair_side", visit.pk).status_code == 200
    stranger = seat(make_clinic("south"), mrn="MRN-7")
    assert tablet.get(5, "chair_side", stranger.pk).status_code == 404


def test_readers_see_no_acts_at_the_chair_side(clinic: Clinic, visit: Visit, nurse: Actor) -> None:
    running(visit, nurse)
    reader = Tablet(clinic, make_user(clinic, Role.PRESCRIBER))
    text = reader.get(45, "chair_side", visit.pk).content.decode()
    assert "40\u00a0mL/h" in text
    assert "/chair/rate/" not in text


def test_volumes_are_kept_exactly(tablet: Tablet, visit: Visit, nurse: Actor) -> None:
    running(visit, nurse)
    tablet.act(240, visit.pk, "complete", volume_ml="497.5")
    event = InfusionEvent.objects.get(kind="completed")
    assert Decimal(event.values["volume_ml"]) == Decimal("497.5")

"""The forms before the start: what a nurse types or scans becomes the fact it should."""

import re
from datetime import date
from typing import Any

import pytest

from clinics.models import Clinic, User
from core.actor import Actor
from infusion.models import Infusion, InfusionEvent
from scheduling.models import Visit
from tests.infusion.builders import at, bag_at_chair, colleague, prepare, seat
from tests.infusion.pages import Tablet

ANSWERS: dict[str, Any] = {
    "infection": "no", "pregnancy": "no", "contraception": "yes", "neurological": "no",
    "diarrhoea": "no", "vaccination": "no", "liver": "no",
}  # fmt: skip
ACCESS: dict[str, Any] = {
    "device": "cannula", "site": "left forearm", "gauge": "22 G", "attempts": "2",
}  # fmt: skip
BAG: dict[str, Any] = {
    "drug": "ocrelizumab", "route": "IV", "labelled_mg": "300", "dose_mg": "600",
    "volume_ml": "500", "vial_1_lot": "B7001", "vial_1_expires": "2027-06-30",
    "vial_2_lot": "B7002", "vial_2_expires": "2027-07-31", "prepared_on": "2026-03-02",
    "prepared_time": "09:30", "storage": "room", "look": "clear", "filter_micron": "0.2",
    "dedicated_line": "on", "replaces": "",
}  # fmt: skip
GTIN = "04000000001232"
CODE = f"]d201{GTIN}1727063010B7001"


@pytest.fixture
def tablet(clinic: Clinic, nurse: Actor) -> Tablet:
    return Tablet.of(clinic, nurse)


@pytest.fixture
def visit(clinic: Clinic) -> Visit:
    return seat(clinic)


def other_tablet(clinic: Clinic) -> Tablet:
    return Tablet(clinic, User.objects.get(pk=str(colleague(clinic).user_id)))


def said(kind: str) -> Any:
    return InfusionEvent.objects.filter(kind=kind).latest("recorded_at").values


def ticked(text: str) -> int:
    return len(re.findall(r'<input type="radio"[^>]* checked', text))


def words_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_the_answers_are_charted_and_come_back_when_asked_again(
    tablet: Tablet, visit: Visit
) -> None:
    first = words_of(tablet.get(1, "chair_act", visit.pk, "checklist"))
    assert ticked(first) == 0, "nothing is answered for the patient"
    assert tablet.act(2, visit.pk, "checklist", **ANSWERS).status_code == 302
    assert said("checklist") == {"answers": ANSWERS, "notes": {}}
    again = words_of(tablet.get(3, "chair_act", visit.pk, "checklist"))
    assert ticked(again) == len(ANSWERS)


def test_a_worry_without_a_word_is_asked_for_one(tablet: Tablet, visit: Visit) -> None:
    refused = tablet.act(2, visit.pk, "checklist", **{**ANSWERS, "infection": "yes"})
    assert refused.status_code == 422
    assert 'id="id_infection_note_error"' in words_of(refused)
    assert not Infusion.objects.exists(), "a refused first entry leaves no row"
    data = {**ANSWERS, "infection": "yes", "infection_note": "Cough since Friday"}
    tablet.act(2, visit.pk, "checklist", **data)
    assert said("checklist")["notes"] == {"infection": "Cough since Friday"}


def test_what_cannot_apply_is_set_for_a_man(clinic: Clinic, tablet: Tablet) -> None:
    visit = seat(clinic, mrn="MRN-3", position=2, patient={"sex": "male"})
    text = words_of(tablet.get(1, "chair_act", visit.pk, "checklist"))
    assert text.count('value="not_applicable"') == ticked(text) == 2


def test_the_access_is_charted(tablet: Tablet, visit: Visit) -> None:
    tablet.act(2, visit.pk, "access", **ACCESS)
    assert said("access") == {**ACCESS, "attempts": 2}
    refused = tablet.act(3, visit.pk, "access", **{**ACCESS, "gauge": ""})
    assert 'id="id_gauge_error"' in words_of(refused)
    tablet.act(4, visit.pk, "access", **{**ACCESS, "device": "picc", "gauge": ""})
    assert said("access")["device"] == "picc"


def test_baseline_vital_signs_need_nothing_before_them(tablet: Tablet, visit: Visit) -> None:
    assert tablet.act(2, visit.pk, "vitals", systolic="120", diastolic="80").status_code == 302
    assert Infusion.objects.get().status == Infusion.Status.PREPARING


def test_a_bag_typed_by_hand(tablet: Tablet, visit: Visit) -> None:
    assert tablet.act(50, visit.pk, "bag", **BAG).status_code == 302
    values = said("bag")
    assert [vial["lot"] for vial in values["vials"]] == ["B7001", "B7002"]
    assert values["prepared_at"] == "2026-03-02T08:30:00+00:00", "read on the clinic's clock"
    assert values["storage"] == [{"place": "room", "since": "2026-03-02T08:30:00+00:00"}]


def test_a_scanned_vial_needs_no_typing(tablet: Tablet, visit: Visit) -> None:
    data = {**BAG, "vial_1_scan": CODE, "vial_1_lot": "", "vial_1_expires": ""}
    data["codes_checked"] = "on"
    assert tablet.act(50, visit.pk, "bag", **data).status_code == 302
    assert said("bag")["vials"][0] == {"lot": "B7001", "expires_on": "2027-06-30", "gtin": GTIN}


def test_a_scan_that_differs_from_what_was_typed_is_seen(tablet: Tablet, visit: Visit) -> None:
    data = {**BAG, "vial_1_scan": CODE, "vial_1_lot": "B7101", "vial_2_scan": "something else"}
    refused = words_of(tablet.act(50, visit.pk, "bag", **data))
    assert 'id="id_vial_1_lot_error"' in refused
    assert 'id="id_vial_2_scan_error"' in refused
    assert CODE in refused, "what was scanned stays"


def test_a_code_without_lot_asks_for_it(tablet: Tablet, visit: Visit) -> None:
    data = {**BAG, "vial_1_scan": f"01{GTIN}", "vial_1_lot": ""}
    refused = words_of(tablet.act(50, visit.pk, "bag", **data))
    assert 'id="id_vial_1_lot_error"' in refused
    assert 'id="id_vial_1_expires_error"' not in refused


def test_cold_storage_becomes_its_spans(tablet: Tablet, visit: Visit) -> None:
    data = {**BAG, "prepared_on": "2026-03-01", "prepared_time": "18:00", "storage": "fridge"}
    refused = words_of(tablet.act(50, visit.pk, "bag", **data))
    assert 'id="id_storage_error"' in refused
    tablet.act(50, visit.pk, "bag", **{**data, "out_at": "09:15", "back_at": "09:20",
                                       "out_again_at": "09:40"})  # fmt: skip
    assert [span["place"] for span in said("bag")["storage"]] == ["fridge", "room"] * 2
    assert said("bag")["storage"][1]["since"] == "2026-03-02T08:15:00+00:00"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"route": "SC", "labelled_mg": "920"}, "PRODUCT-SUBCUTANEOUS"),
        ({"labelled_mg": "920"}, "PRODUCT-SUBCUTANEOUS"),
        ({"vial_2_expires": "2026-03-01"}, "VIAL-EXPIRED"),
        ({"prepared_time": "00:05"}, "BAG-BEYOND-USE"),
        ({"look": "particles"}, "BAG-APPEARANCE"),
        ({"volume_ml": "100"}, "BAG-CONCENTRATION"),
        ({"dose_mg": "300"}, 'id="id_dose_mg_error"'),
        ({"drug": "other"}, 'id="id_drug_error"'),
        ({"filter_micron": "none"}, 'id="id_filter_micron_error"'),
        ({"dedicated_line": ""}, 'id="id_dedicated_line_error"'),
        ({"prepared_time": "25:00"}, 'id="id_prepared_time_error"'),
        ({"prepared_on": "2026-03-03"}, 'id="id_storage_error"'),
        ({"volume_ml": "0"}, 'id="id_volume_ml_error"'),
        ({"replaces": "not-an-id"}, "422"),
    ],
)
def test_a_bag_that_must_not_run_says_why(
    tablet: Tablet, visit: Visit, changes: dict[str, Any], words: str
) -> None:
    """H15, H17 and what else can be wrong with a bag."""
    refused = tablet.act(60 * 6, visit.pk, "bag", **{**BAG, **changes})
    assert refused.status_code == 422
    assert words in words_of(refused) + "422"
    assert not InfusionEvent.objects.exists()


def test_the_first_doses_ask_for_one_vial(clinic: Clinic, tablet: Tablet) -> None:
    visit = seat(clinic, mrn="MRN-3", position=2, number=1, dose_mg=300)
    text = words_of(tablet.get(1, "chair_act", visit.pk, "bag"))
    assert "vial_1_lot" in text
    assert "vial_2_lot" not in text
    assert 'name="volume_ml" value="250"' in text


def test_a_form_opened_before_a_colleagues_bag_replaces_nothing(
    tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    bag_at_chair(visit, nurse, minute=40)
    refused = tablet.act(50, visit.pk, "bag", **BAG)
    assert refused.status_code == 422
    assert "meanwhile" in words_of(refused)
    assert InfusionEvent.objects.filter(kind="bag").count() == 1


def test_the_second_check_shows_the_bag_and_is_for_somebody_else(
    clinic: Clinic, tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    """H3: the check compares two identifiers of the patient with the bag."""
    bag = bag_at_chair(visit, nurse, minute=40)
    other = other_tablet(clinic)
    shown = words_of(other.get(41, "chair_act", visit.pk, "bag_check"))
    for words in ("DOE, Jane, born 04-Mar-1988, MRN MRN-1", "600 mg in 500 mL",
                  "lot B7001, expires 30-Jun-2027", f'name="bag_id" value="{bag}"'):  # fmt: skip
        assert words in shown, words
    same = tablet.act(42, visit.pk, "bag_check", bag_id=bag, all_match="on")
    assert same.status_code == 422
    assert "BAG-CHECK-SAME-PERSON" in words_of(same)
    unticked = words_of(other.act(42, visit.pk, "bag_check", bag_id=bag))
    assert 'id="id_all_match_error"' in unticked
    assert other.act(42, visit.pk, "bag_check", bag_id=bag, all_match="on").status_code == 302
    assert said("bag_checked") == {"bag": str(bag), "all_match": True}


def test_without_a_bag_there_is_nothing_to_check(tablet: Tablet, visit: Visit) -> None:
    assert "No bag is charted" in words_of(tablet.get(1, "chair_act", visit.pk, "bag_check"))
    refused = tablet.act(2, visit.pk, "bag_check", all_match="on")
    assert refused.status_code == 422
    assert "No bag is charted" in words_of(refused)


def test_the_log_reads_what_was_prepared(tablet: Tablet, visit: Visit, nurse: Actor) -> None:
    prepare(visit, nurse, minute=10)
    text = words_of(tablet.get(11, "chair_side", visit.pk))
    for words in ("No to every question.", "Cannula 22 G, left forearm",
                  "ocrelizumab 600 mg in 500 mL", "lot B7001, expires 30-Jun-2027",
                  "at room temperature from 02-Mar-2026 09:55", "all matches"):  # fmt: skip
        assert words in text, words
    assert at(10).date() == date(2026, 3, 2)

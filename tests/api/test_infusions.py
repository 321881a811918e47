"""The infusion over the API: what the core says, charted by people alone, refused in the open."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from clinics.models import Clinic, Role, User
from core.actor import Actor
from core.models import AuditEntry
from infusion import record
from infusion.api.kinds import KINDS
from infusion.models import Infusion, InfusionEvent
from scheduling.models import Visit
from tests.api.builders import Caller, make_caller
from tests.infusion.builders import (
    at,
    colleague,
    errand,
    good_bag,
    premedicate,
    prepare,
    running,
    seat,
)
from tests.people import make_actor, make_clinic


@pytest.fixture
def nurse(clinic: Clinic) -> Actor:
    return make_actor(clinic, Role.NURSE)


@pytest.fixture
def infusion(clinic: Clinic, nurse: Actor) -> Infusion:
    return running(seat(clinic), nurse)


class Person:
    """Somebody signed in, whose program sends what they do."""

    def __init__(self, actor: Actor, clinic: Clinic) -> None:
        self.user = User.objects.get(pk=str(actor.user_id))
        self.clinic = clinic

    def chart(self, minute: float, infusion: Infusion, kind: str, *, headers: Any = None,
              **said: Any) -> Any:  # fmt: skip
        body = {"id": str(uuid4()), "kind": kind, "values": {}, **said}
        return self.post(minute, infusion.pk, body, headers=headers)

    def post(self, minute: float, infusion_id: UUID, body: Any, *, headers: Any = None) -> Any:
        named = {"X-Clinic": self.clinic.slug} if headers is None else headers
        with time_machine.travel(at(minute), tick=False):
            browser = Client()
            browser.force_login(self.user)
            return browser.post(
                f"/api/v1/infusions/{infusion_id}/events", body, content_type="application/json",
                headers=named,
            )  # fmt: skip


@pytest.fixture
def person(nurse: Actor, clinic: Clinic) -> Person:
    return Person(nurse, clinic)


def read(api: Caller, minute: float, path: str) -> Any:
    with time_machine.travel(at(minute), tick=False):
        caller = make_caller(api.row.clinic)
        return caller.get(f"/api/v1/{path}")


def test_the_state_is_the_one_the_core_replays(api: Caller, infusion: Infusion) -> None:
    found = read(api, 45, f"infusions/{infusion.pk}").json()
    run = record.run_state(infusion, infusion.visit.own_course, infusion.events.all(), now=at(45))
    assert found["run"]["rate_ml_h"] == "40"
    assert found["run"]["volume_in_ml"] == "10"
    assert found["run"]["next"]["action"] == run.next_action.action == "increase"
    assert found["run"]["next"]["opens_at"] == "2026-03-02T11:00:00+01:00"
    assert found["run"]["next"]["rate_ml_h"] == "80"
    assert found["run"]["worst_case_end"] >= found["run"]["projected_end"]
    assert found["run"]["margin_minutes"] > 0
    assert {item["id"] for item in found["run"]["warnings"]} == {w.id for w in run.warnings}
    assert len(found["timeline"]) == infusion.events.count()
    assert found["patient"]["mrn"] == "MRN-1"


def test_before_the_start_there_is_no_run(api: Caller, clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    prepare(visit, nurse)
    found = read(api, 5, f"infusions/{Infusion.objects.get(visit=visit).pk}").json()
    assert (found["run"], found["status"], found["started_at"]) == (None, "preparing", None)


def test_reading_is_in_the_ledger_and_stays_in_the_clinic(
    api: Caller, infusion: Infusion, nurse: Actor
) -> None:
    assert read(api, 45, f"infusions/{infusion.pk}").status_code == 200
    entry = AuditEntry.objects.filter(action="record.read").latest("id")
    assert (entry.patient_id, entry.details["page"]) == (infusion.patient_id, "api infusion")
    south = make_clinic("south")
    elsewhere = running(seat(south, mrn="MRN-9"), make_actor(south, Role.NURSE))
    assert read(api, 45, f"infusions/{elsewhere.pk}").status_code == 404


def test_a_person_charts_by_the_pages_services(person: Person, infusion: Infusion) -> None:
    answer = person.chart(60, infusion, "rate_changed", values={"rate_ml_h": "80"})
    assert answer.status_code == 201
    assert answer.json()["run"]["rate_ml_h"] == "80"
    event = InfusionEvent.objects.get(infusion=infusion, kind="rate_changed")
    assert event.recorded_by == person.user


def test_the_same_id_again_is_the_same_act(person: Person, infusion: Infusion) -> None:
    body = {"id": str(uuid4()), "kind": "vitals", "values": {"heart_rate": "71"}}
    assert person.post(45, infusion.pk, body).status_code == 201
    before = infusion.events.count()
    again = person.post(47, infusion.pk, body)
    assert (again.status_code, again["Idempotency-Replayed"]) == (200, "true")
    assert infusion.events.count() == before


def test_what_does_not_fit_is_refused_with_the_state(person: Person, infusion: Infusion) -> None:
    answer = person.chart(45, infusion, "resumed", values={"rate_ml_h": "40"})
    found = answer.json()
    assert (answer.status_code, found["code"]) == (409, "conflict")
    assert answer["Content-Type"] == "application/problem+json"
    assert found["current"]["run"]["status"] == "running"


def test_what_a_rule_forbids_is_422_with_its_finding(person: Person, infusion: Infusion) -> None:
    answer = person.chart(60, infusion, "rate_changed", values={"rate_ml_h": "500"}, reason="x")
    assert answer.status_code == 422
    assert "RATE-ABOVE-MAXIMUM" in {item["id"] for item in answer.json()["findings"]}


def test_a_token_charts_nothing(api: Caller, infusion: Infusion) -> None:
    """Whatever its scopes: a record says who did it."""
    body = {"id": str(uuid4()), "kind": "paused", "reason": "x"}
    answer = api.post(f"/api/v1/infusions/{infusion.pk}/events", body)
    assert answer.status_code == 403
    assert not InfusionEvent.objects.filter(kind="paused").exists()


def test_a_person_without_the_permission_charts_nothing(clinic: Clinic, infusion: Infusion) -> None:
    scheduler = Person(make_actor(clinic, Role.SCHEDULER), clinic)
    assert scheduler.chart(45, infusion, "paused", reason="x").status_code == 403


def test_a_pharmacist_checks_a_bag_and_charts_nothing_else(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    prepare(visit, nurse, without=["bag_check"])
    bag = InfusionEvent.objects.get(kind="bag")
    pharmacist = Person(make_actor(clinic, Role.PHARMACIST), clinic)
    checked = pharmacist.chart(
        5, bag.infusion, "bag_checked", values={"bag_id": str(bag.pk), "all_match": True}
    )
    assert checked.status_code == 201, checked.content
    for kind, entry in KINDS.items():
        if kind != "bag_checked" and not entry.fields:
            assert pharmacist.chart(6, bag.infusion, kind, reason="x").status_code == 403, kind
    assert pharmacist.chart(6, bag.infusion, "vitals", values={"spo2": "98"}).status_code == 403
    taken_back = pharmacist.chart(
        6, bag.infusion, "bag", amends=str(bag.pk), withdrawn=True, reason="x"
    )
    assert taken_back.status_code == 403
    tapped = pharmacist.chart(6, bag.infusion, "reaction")
    assert tapped.status_code == 403


def test_a_person_names_a_clinic_of_theirs(person: Person, infusion: Infusion) -> None:
    missing = person.chart(45, infusion, "paused", reason="x", headers={})
    assert (missing.status_code, list(missing.json()["fields"])) == (400, ["X-Clinic"])
    make_clinic("south")
    other = person.chart(45, infusion, "paused", reason="x", headers={"X-Clinic": "south"})
    assert other.status_code == 404


def test_a_session_without_the_csrf_token_charts_nothing(
    person: Person, infusion: Infusion
) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(person.user)
    answer = browser.post(
        f"/api/v1/infusions/{infusion.pk}/events",
        {"id": str(uuid4()), "kind": "paused", "reason": "x"},
        content_type="application/json", headers={"X-Clinic": person.clinic.slug},
    )  # fmt: skip
    assert answer.status_code == 403


def test_a_whole_visit_by_the_api_alone(person: Person, clinic: Clinic, nurse: Actor) -> None:
    """From the questions to the door, the second check by a second person."""
    visit = seat(clinic)
    premedicate(visit, nurse)
    infusion = Infusion.objects.get(visit=visit)
    second = Person(colleague(clinic), clinic)
    answers = {
        "infection": "no", "pregnancy": "no", "contraception": "yes", "neurological": "no",
        "diarrhoea": "no", "vaccination": "no", "liver": "no",
    }  # fmt: skip
    bag = good_bag(visit).values() | {"labelled_mg": "300", "dose_mg": "600"}
    bag["vials"] = [{"lot": "B7001", "expires_on": "2027-06-30"}] * 2
    bag_id = str(uuid4())
    steps: list[tuple[Person, float, str, dict[str, Any]]] = [
        (person, 0, "premedication", {"values": {
            "drug": "paracetamol", "dose_mg": "1000", "route": "oral"}}),
        (person, 1, "checklist", {"values": {"answers": answers}}),
        (person, 2, "access", {"values": {
            "device": "cannula", "site": "arm", "gauge": "22 G", "attempts": "1"}}),
        (person, 3, "bag", {"id": bag_id, "values": bag}),
        (second, 4, "bag_checked", {"values": {"bag_id": bag_id, "all_match": True}}),
        (person, 5, "vitals", {"values": {"systolic": "120", "diastolic": "80"}}),
        (person, 30, "started", {"values": {
            "two_identifiers_checked": True, "rate_option": "standard"}}),
        (person, 40, "paused", {"reason": "toilet"}),
        (person, 45, "resumed", {"reason": "back", "values": {"rate_ml_h": "40"}}),
        (person, 50, "reaction", {"values": {}}),
        (person, 52, "rate_changed", {"values": {"rate_ml_h": "20"}}),
        (person, 60, "symptoms_resolved", {}),
        (person, 300, "completed", {"reason": "enough", "values": {"volume_ml": "90"}}),
        (person, 365, "discharged", {"values": {"line_removed": True, "advice_given": True}}),
    ]  # fmt: skip
    for who, minute, kind, said in steps:
        answer = who.chart(minute, infusion, kind, **said)
        assert answer.status_code == 201, (kind, answer.content)
    assert answer.json()["status"] == "discharged"


def test_an_entry_is_corrected_by_another(person: Person, infusion: Infusion) -> None:
    charted = person.chart(60, infusion, "rate_changed", values={"rate_ml_h": "80"}).json()
    wrong = charted["timeline"][-1]["id"]
    answer = person.chart(
        70, infusion, "rate_changed", amends=wrong, reason="wrong pump", withdrawn=True,
        occurred_at=charted["timeline"][-1]["occurred_at"],
    )  # fmt: skip
    assert answer.status_code == 201
    assert answer.json()["run"]["rate_ml_h"] == "40"
    assert [entry["stands"] for entry in answer.json()["timeline"][-2:]] == [False, False]


def test_a_tapped_reaction_is_assessed_by_an_entry_that_amends_it(
    person: Person, infusion: Infusion
) -> None:
    tapped = person.chart(50, infusion, "reaction").json()["timeline"][-1]["id"]
    answer = person.chart(
        52, infusion, "reaction", amends=tapped,
        values={"severity": "mild_moderate", "grade": "1", "signs": ["rash"]},
    )  # fmt: skip
    assert answer.status_code == 201
    kept = InfusionEvent.objects.get(amends=tapped)
    assert kept.values["signs"] == ["rash"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "paused"}, "id"),
        ({"id": "x", "kind": "paused"}, "id"),
        ({"id": str(UUID(int=1)), "kind": "dance"}, "kind"),
        ({"id": str(UUID(int=1)), "kind": "note"}, "kind"),
        ({"id": str(UUID(int=1)), "kind": "paused", "colour": "red"}, "colour"),
        ({"id": str(UUID(int=1)), "kind": "paused", "occurred_at": "09:00"}, "occurred_at"),
        ({"id": str(UUID(int=1)), "kind": "paused", "values": 3}, "body"),
        ({"id": str(UUID(int=1)), "kind": "rate_changed", "values": {}}, "rate_ml_h"),
        ({"id": str(UUID(int=1)), "kind": "rate_changed", "values": {"rate_ml_h": 80}},
         "rate_ml_h"),
        ({"id": str(UUID(int=1)), "kind": "rate_changed", "values": {"rate_ml_h": "1e9"}},
         "rate_ml_h"),
        ({"id": str(UUID(int=1)), "kind": "vitals", "values": {"heart_rate": "NaN"}},
         "heart_rate"),
        ({"id": str(UUID(int=1)), "kind": "bag_checked",
          "values": {"bag_id": str(UUID(int=2)), "all_match": "yes"}}, "all_match"),
        ({"id": str(UUID(int=1)), "kind": "checklist", "values": {"answers": [1]}}, "answers"),
        ({"id": str(UUID(int=1)), "kind": "reaction", "values": {"signs": "rash"}}, "signs"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_400_and_names_the_field(
    person: Person, infusion: Infusion, body: dict[str, Any], field: str
) -> None:
    answer = person.post(45, infusion.pk, body)
    assert answer.status_code == 400
    assert field in answer.json()["fields"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10)
    | st.sampled_from(["2026-03-02T10:00:00+01:00", "0", "80", "\x00", str(UUID(int=5))]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["answers", "notes", "lot", "vials", "storage", "place", "since"]),
        inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=120, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(kind=st.sampled_from(sorted(KINDS)), data=st.data())
def test_no_body_breaks_it(
    person: Person, infusion: Infusion, kind: str, data: st.DataObject
) -> None:
    names = [field.name for field in KINDS[kind].fields]
    values = data.draw(
        st.dictionaries(st.sampled_from([*names, "x"]), anything, max_size=len(names) + 1)
    )
    body = {"id": str(uuid4()), "kind": kind, "values": values}
    answer = person.post(45, infusion.pk, json.dumps(body))
    assert answer.status_code in {201, 400, 403, 409, 422}, answer.content


def test_the_board_is_the_room(api: Caller, clinic: Clinic, infusion: Infusion) -> None:
    found = read(api, 45, "board").json()
    assert [chair["label"] for chair in found["chairs"]] == ["Chair 1", "Chair 2", "Chair 3"]
    first = found["chairs"][0]
    assert (first["place"], first["patient"]["mrn"]) == ("running", "MRN-1")
    assert (first["infusion_id"], first["rate_ml_h"]) == (str(infusion.pk), "40")
    assert [due["act"] for due in first["dues"]] == ["vitals", "rate"]
    assert found["chairs"][1]["patient"] is None
    assert (first["purpose"], first["coming_purpose"]) == (None, None)


def test_who_is_there_for_no_dose_has_a_purpose_and_no_infusion(
    api: Caller, clinic: Clinic, infusion: Infusion
) -> None:
    booking = errand(clinic, position=2)
    errand(clinic, position=3, here=False, from_minute=120)
    _first, here, coming = read(api, 45, "board").json()["chairs"]
    assert (here["place"], here["purpose"], here["urgency"]) == (
        "visiting", "blood_test", "due_soon",
    )  # fmt: skip
    assert (here["visit_id"], here["infusion_id"]) == (str(booking.visit_id), None)
    assert (here["rate_ml_h"], here["steps"], here["ends_at"]) == (None, None, None)
    assert [(due["act"], due["at"]) for due in here["dues"]] == [
        ("visit_over", "2026-03-02T10:30:00+01:00")
    ]
    assert (coming["purpose"], coming["coming_purpose"]) == (None, "blood_test")
    assert read(api, 45, f"infusions/{booking.visit_id}").status_code == 404


def test_an_unchanged_board_is_304(api: Caller, infusion: Infusion) -> None:
    with time_machine.travel(at(45), tick=False):
        caller = make_caller(api.row.clinic)
        tag = caller.get("/api/v1/board")["ETag"]
        assert caller.get("/api/v1/board", If_None_Match=tag).status_code == 304
    with time_machine.travel(at(61), tick=False):
        caller = make_caller(api.row.clinic)
        assert caller.get("/api/v1/board", If_None_Match=tag).status_code == 200


def test_queries_do_not_grow_with_the_room_or_the_record(
    clinic: Clinic, nurse: Actor, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def asked(path: str, queries: int) -> None:
        with time_machine.travel(at(50), tick=False):
            caller = make_caller(clinic)
            with django_assert_num_queries(queries):
                assert caller.get(path).status_code == 200

    first: Visit = seat(clinic)
    infusion = running(first, nurse)
    asked("/api/v1/board", BOARD_QUERIES)
    asked(f"/api/v1/infusions/{infusion.pk}", INFUSION_QUERIES)
    for position in (2, 3):
        running(seat(clinic, mrn=f"MRN-{position}", position=position), nurse)
    person = Person(nurse, clinic)
    for minute in range(31, 45):
        person.chart(minute, infusion, "vitals", values={"heart_rate": "80"})
    asked("/api/v1/board", BOARD_QUERIES)
    asked(f"/api/v1/infusions/{infusion.pk}", INFUSION_QUERIES)


BOARD_QUERIES = 11
INFUSION_QUERIES = 9

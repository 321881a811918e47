"""The pages about patients: what they show, whom they let in, how they refuse."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from clinics.models import Clinic, Role
from core.models import AuditEntry
from patients import selectors
from patients.models import Allergy, Condition, Patient, SignOff, Vaccination
from patients.models import TestResult as Result
from tests.people import MONDAY_NINE, make_clinic, make_patient, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def north() -> Clinic:
    return make_clinic("north")


@pytest.fixture
def as_role(north: Clinic) -> Callable[[str], Client]:
    def sign_in(role: str) -> Client:
        client = Client()
        client.force_login(make_user(north, role))
        return client

    return sign_in


@pytest.fixture
def scheduler(as_role: Callable[[str], Client]) -> Client:
    return as_role(Role.SCHEDULER)


@pytest.fixture
def nurse(as_role: Callable[[str], Client]) -> Client:
    return as_role(Role.NURSE)


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def typed(**changes: Any) -> dict[str, Any]:
    return {
        "mrn": "M1", "title": "Ms", "family_name": "Ångström", "given_names": "Ída",
        "birth_date": "1988-03-04", "sex": "female", "weight_kg": "62.5", "deceased_on": "",
        "telephone": "", "email": "", "channel": "none", "language": "en",
    } | changes  # fmt: skip


def test_the_list_names_each_person_twice_identified(nurse: Client, north: Clinic) -> None:
    make_patient(north, "M1", allergy_status="none_known")
    make_patient(north, "M2", family_name="Young", birth_date=date(2015, 1, 1))
    make_patient(north, "M3", family_name="Late", deceased_on=date(2020, 1, 1))
    make_patient(north, "M4", family_name="Later", deceased_undated=True)

    response = nurse.get("/c/north/patients/")

    text = text_of(response)
    assert "DOE, Jane Born 04-Mar-1988 · MRN M1 Female No known allergies" in text
    assert text.count("Under 18") == 1
    assert text.count("Deceased") == 2
    assert "<title>Patients" in response.content.decode()


def test_searching_answers_with_the_rows_alone(nurse: Client, north: Clinic) -> None:
    make_patient(north, "M1", family_name="Ångström")
    make_patient(north, "M2")

    part = nurse.post("/c/north/patients/", {"q": "angs"}, headers={"HX-Request": "true"})
    whole = nurse.post("/c/north/patients/", {"q": "angs"})

    assert "<html" not in part.content.decode()
    for response in (part, whole):
        assert "ÅNGSTRÖM" in text_of(response)
        assert "DOE" not in text_of(response)
    assert "<title>Patients" in whole.content.decode()
    assert "ngstr" not in re.findall(r"<title>.*?</title>", whole.content.decode(), re.S)[0]


def test_nobody_found_says_what_to_try(nurse: Client) -> None:
    assert "Nobody matches" in text_of(nurse.post("/c/north/patients/", {"q": "zzz"}))
    assert "No patients yet" in text_of(nurse.get("/c/north/patients/"))


def test_a_name_in_the_address_is_not_searched_for(nurse: Client, north: Clinic) -> None:
    make_patient(north, "M1", family_name="Ångström")
    shown = text_of(nurse.get("/c/north/patients/", {"q": "zzz"}))
    assert "ÅNGSTRÖM" in shown
    assert "Nobody matches" not in shown


def test_load_more_goes_on_where_the_page_ended(
    nurse: Client, north: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "PAGE_SIZE", 2)
    for letter in "ABC":
        make_patient(north, letter, family_name=f"Doe{letter}")

    first = nurse.get("/c/north/patients/").content.decode()
    after = re.search(r'name="after" value="([^"]+)"', first)
    assert after is not None
    rows = nurse.post(
        "/c/north/patients/", {"q": "", "after": after[1]}, headers={"HX-Request": "true"}
    ).content.decode()

    assert "DOEC" not in first
    assert rows.strip().startswith("<tr")
    assert "DOEC" in rows
    assert "Load more" not in rows


@pytest.mark.parametrize("many", [1, 40])
def test_the_list_costs_the_same_with_few_and_many(
    many: int, nurse: Client, north: Clinic, django_assert_num_queries: Callable[..., Any]
) -> None:
    for number in range(many):
        make_patient(north, f"M{number}")
    nurse.get("/c/north/patients/")

    with django_assert_num_queries(4):
        nurse.get("/c/north/patients/")


def test_a_patient_is_added_and_shown(scheduler: Client) -> None:
    assert scheduler.get("/c/north/patients/new/").status_code == 200

    response = scheduler.post("/c/north/patients/new/", typed())

    stored = Patient.objects.get()
    assert response.status_code == 302
    assert response["Location"].startswith(f"/c/north/patients/{stored.pk}/")
    assert (stored.family_name, str(stored.weight_kg)) == ("Ångström", "62.50")


REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "no birth date": ({"birth_date": ""}, "Born: This field is required."),
    "no such day": ({"birth_date": "1988-02-31"}, "Born: Enter a valid date."),
    "born tomorrow": ({"birth_date": "2999-01-01"}, "Born: This day is still to come."),
    "mail without an address": (
        {"channel": "email"}, "E-mail: Messages by e-mail need an address."
    ),
    "a number that is taken": ({"mrn": "TAKEN"}, "Another patient of this clinic has this"),
    "a control character": ({"family_name": "D\x00oe"}, "Null characters are not allowed."),
    "a name without end": ({"family_name": "x" * 121}, "at most 120 characters"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refused_form_keeps_what_was_typed(case: str, scheduler: Client, north: Clinic) -> None:
    make_patient(north, "TAKEN")
    changes, words = REFUSALS[case]

    response = scheduler.post("/c/north/patients/new/", typed(**changes))

    assert response.status_code == 422
    assert "This was not saved" in text_of(response)
    assert words in text_of(response)
    assert 'value="Ída"' in response.content.decode()
    assert Patient.objects.count() == 1


def test_an_edit_over_somebody_elses_is_refused(scheduler: Client, north: Clinic) -> None:
    patient = make_patient(north, "M1")
    url = f"/c/north/patients/{patient.pk}/edit/"
    assert 'value="1988-03-04"' in scheduler.get(url).content.decode()

    saved = scheduler.post(url, typed(version=1))
    stale = scheduler.post(url, typed(version=1, family_name="Other"))

    assert saved.status_code == 302
    assert stale.status_code == 422
    assert "Somebody changed this record meanwhile" in text_of(stale)
    assert 'value="Other"' in stale.content.decode()
    assert Patient.objects.get().family_name == "Ångström"


def test_consent_is_given_and_withdrawn_on_the_page(scheduler: Client, north: Clinic) -> None:
    patient = make_patient(north)
    url = f"/c/north/patients/{patient.pk}/consent/"

    scheduler.post(url, {"act": "give", "version": 1})
    given = text_of(scheduler.get(f"/c/north/patients/{patient.pk}/edit/"))
    scheduler.post(url, {"act": "withdraw", "version": 2})
    withdrawn = text_of(scheduler.get(f"/c/north/patients/{patient.pk}/edit/"))
    stale = scheduler.post(url, {"act": "give", "version": 1})

    assert "recorded by Scheduler" in given
    assert "Withdrawn" in withdrawn
    assert stale.status_code == 409
    assert scheduler.post(url, {"act": "sell", "version": "x"}).status_code == 302


FACTS: dict[str, dict[str, Any]] = {
    "allergy": {"substance": "Latex", "criticality": "high"},
    "allergies": {"status": "none_known", "version": "1"},
    "vaccination": {"name": "MMR", "live": "yes", "status": "given", "occurred_on": "2020-01-01"},
    "condition": {"kind": "pregnancy", "from_date": "2026-01-01"},
    "result": {
        "analyte": "igg", "finding": "", "value": "7.50", "unit": "g/L", "reference_low": "7",
        "reference_high": "16", "collected_on": "2026-01-05", "collected_time": "08:30",
    },
    "decision": {"rule_id": "HBV-CARRIER", "decision": "may_proceed", "reason": "Agreed",
                 "until_date": ""},
}  # fmt: skip


def test_every_fact_is_recorded_and_shown(as_role: Callable[[str], Client], north: Clinic) -> None:
    prescriber = as_role(Role.PRESCRIBER)
    patient = make_patient(north)
    page = f"/c/north/patients/{patient.pk}/safety/"
    order = ["allergies", *(kind for kind in FACTS if kind != "allergies")]

    for kind in order:
        assert prescriber.get(f"{page}new/{kind}/").status_code == 200
        assert prescriber.post(f"{page}new/{kind}/", FACTS[kind]).status_code == 302
    text = text_of(prescriber.get(page))

    for words in ("Latex", "Allergies known", "MMR", "Pregnancy", "Lasting", "HBV-CARRIER"):
        assert words in text
    assert "7.5 g/L" in text
    assert "7 g/L to 16 g/L" in text
    assert "05-Jan-2026 08:30" in text
    assert Result.objects.get().collected_at.isoformat() == "2026-01-05T07:30:00+00:00"


@pytest.mark.parametrize("kind", FACTS)
def test_a_refused_fact_keeps_what_was_typed(
    kind: str, as_role: Callable[[str], Client], north: Clinic
) -> None:
    prescriber = as_role(Role.PRESCRIBER)
    patient = make_patient(north)
    Allergy.objects.create(
        patient=patient, source_id="A", substance="Nuts", clinical_status="active"
    )
    wrong = {
        "allergy": {"substance": ""}, "allergies": {}, "vaccination": {"occurred_on": "2999-01-01"},
        "condition": {"from_date": "2999-01-01"}, "result": {"unit": ""},
        "decision": {"rule_id": "no rule"},
    }  # fmt: skip

    response = prescriber.post(
        f"/c/north/patients/{patient.pk}/safety/new/{kind}/", FACTS[kind] | wrong[kind]
    )

    assert response.status_code == 422
    assert "This was not saved" in text_of(response)


def test_facts_are_ended_from_the_page(nurse: Client, north: Clinic) -> None:
    patient = make_patient(north)
    page = f"/c/north/patients/{patient.pk}/safety/"
    allergy = Allergy.objects.create(
        patient=patient, source_id="A", substance="Nuts", clinical_status="active"
    )
    lasting = Condition.objects.create(
        patient=patient, source_id="C", kind="infection", from_date=date(2026, 1, 1),
        recorded_at=MONDAY_NINE,
    )  # fmt: skip
    planned = Vaccination.objects.create(
        patient=patient, source_id="V", name="MMR", is_live=True, status="planned",
        occurred_on=date(2026, 1, 1),
    )  # fmt: skip

    for ending, fact, day in (
        ("allergy", allergy.pk, "2026-02-01"),
        ("condition", lasting.pk, "2026-02-01"),
        ("given", planned.pk, "2026-02-01"),
    ):
        assert nurse.post(f"{page}{ending}/{fact}/", {"day": day}).status_code == 302
    again = nurse.post(f"{page}condition/{lasting.pk}/", {"day": "2026-02-02"}, follow=True)
    dayless = nurse.post(f"{page}condition/{lasting.pk}/", {"day": ""}, follow=True)

    assert "This condition was ended before." in text_of(again)
    assert "This field is required." in text_of(dayless)
    for row in (allergy, lasting, planned):
        row.refresh_from_db()
    assert (allergy.clinical_status, lasting.until_date, planned.status) == (
        "resolved", date(2026, 2, 1), "given",
    )  # fmt: skip
    assert nurse.post(f"{page}explode/{planned.pk}/", {"day": "2026-02-01"}).status_code == 404
    assert nurse.get(f"{page}new/explosion/").status_code == 404


def test_the_panel_alone_can_stand_in_another_page(nurse: Client, north: Clinic) -> None:
    patient = make_patient(north)

    part = nurse.get(
        f"/c/north/patients/{patient.pk}/safety/", headers={"HX-Request": "true"}
    ).content.decode()

    assert "<html" not in part
    assert 'id="safety"' in part


@pytest.mark.parametrize("many", [0, 25])
def test_the_safety_page_costs_the_same_however_long_the_history(
    many: int, nurse: Client, north: Clinic, django_assert_num_queries: Callable[..., Any]
) -> None:
    patient = make_patient(north)
    person = make_user(north, Role.PRESCRIBER)
    for number in range(many):
        same = {"patient": patient, "source_id": str(number)}
        Allergy.objects.create(**same, substance="Nuts", clinical_status="active")
        Vaccination.objects.create(**same, name="Flu", status="given", occurred_on=MONDAY_NINE)
        Result.objects.create(
            **same, loinc="2465-3", label="IgG", value=number, collected_at=MONDAY_NINE
        )
        SignOff.objects.create(
            patient=patient, rule_id=f"R-{number}", decision="must_not", reason="because",
            signed_by=person, signed_at=MONDAY_NINE,
        )  # fmt: skip
    url = f"/c/north/patients/{patient.pk}/safety/"
    nurse.get(url)

    with django_assert_num_queries(12):
        nurse.get(url)


def test_reading_a_record_is_in_the_ledger(nurse: Client, north: Clinic) -> None:
    patient = make_patient(north)

    nurse.get(f"/c/north/patients/{patient.pk}/safety/")

    assert AuditEntry.objects.filter(action="record.read", patient_id=patient.pk).count() == 1


def addresses(patient_id: object) -> dict[str, list[str]]:
    record = f"/c/north/patients/{patient_id}"
    return {
        "patients.view": ["/c/north/patients/", f"{record}/safety/"],
        "patients.change": ["/c/north/patients/new/", f"{record}/edit/"],
        "facts.record": [f"{record}/safety/new/{kind}/" for kind in FACTS if kind != "decision"],
        "rules.override": [f"{record}/safety/new/decision/"],
        "patients.import": ["/c/north/import/"],
    }


ALLOWED = {
    Role.NURSE: {"patients.view", "facts.record"},
    Role.SCHEDULER: {"patients.view", "patients.change", "patients.import"},
    Role.PRESCRIBER: {"patients.view", "patients.change", "facts.record", "rules.override"},
    Role.PHARMACIST: {"patients.view"},
    Role.MANAGER: {"patients.view", "patients.import"},
    Role.AUDITOR: {"patients.view"},
}


@pytest.mark.parametrize("role", ALLOWED)
def test_each_page_opens_for_its_roles_alone(
    role: str, as_role: Callable[[str], Client], north: Clinic
) -> None:
    client = as_role(role)
    patient = make_patient(north)

    for permission, urls in addresses(patient.pk).items():
        for url in urls:
            expected = 200 if permission in ALLOWED[Role(role)] else 403
            assert client.get(url).status_code == expected, url


def test_another_clinics_patient_looks_like_none_at_all(
    as_role: Callable[[str], Client], north: Clinic
) -> None:
    client = as_role(Role.PRESCRIBER)
    theirs = make_patient(make_clinic("south"))

    def pages_of(patient_id: object) -> list[str]:
        return [
            url for urls in addresses(patient_id).values() for url in urls if str(patient_id) in url
        ]

    for there, nowhere in zip(pages_of(theirs.pk), pages_of(uuid4()), strict=True):
        answers = [client.get(url) for url in (there, nowhere)]
        assert [answer.status_code for answer in answers] == [404, 404]
        # Alike but for the id of each request.
        assert len({re.sub("[0-9a-f]{32}", "", text_of(one)) for one in answers}) == 1
    assert client.get(f"/c/south/patients/{theirs.pk}/safety/").status_code == 404
    assert not AuditEntry.objects.filter(patient_id=theirs.pk).exists()


def test_who_is_not_signed_in_goes_to_the_door(north: Clinic) -> None:
    patient = make_patient(north)

    for urls in addresses(patient.pk).values():
        for url in urls:
            response = Client().get(url)
            assert response.status_code == 302
            assert response["Location"].startswith(reverse("account_login"))


def test_no_search_form_puts_a_name_into_an_address(nurse: Client) -> None:
    page = nurse.get("/c/north/patients/").content.decode()

    forms = re.findall(r'<form[^>]*role="search"[^>]*>', page)
    assert len(forms) == 2
    assert all('method="post"' in form and 'action="/c/north/patients/"' in form for form in forms)

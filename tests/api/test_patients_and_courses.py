"""Patients and courses: who is found, by what, and that names never travel in an address."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import F

from clinics.models import Clinic
from core.models import AuditEntry
from patients.models import Patient
from scheduling.models import Course
from tests.api.builders import Caller, make_course, make_visit
from tests.api.test_plans import FIRST
from tests.people import MONDAY_NINE, make_clinic, make_patient

pytestmark = pytest.mark.django_db
SEARCH = "/api/v1/patients/search"


def found(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [item["mrn"] for item in answer.json()["items"]]


@pytest.fixture
def people(clinic: Clinic) -> list[Patient]:
    names = [
        ("Ackermann", "Äne"),
        ("Doe", "Jane"),
        ("Doe", "John"),
        ("Öztürk", "Ada"),
        ("doe", "B"),
    ]
    return [
        make_patient(clinic, f"M{n}", family_name=family, given_names=given)
        for n, (family, given) in enumerate(names)
    ]


def in_order(clinic: Clinic) -> list[str]:
    order = Patient.objects.filter(clinic=clinic).order_by("family_name", "given_names", "id")
    return list(order.values_list("mrn", flat=True))


def test_patients_are_listed_by_name_page_by_page(
    clinic: Clinic, api: Caller, people: list[Patient]
) -> None:
    make_patient(make_clinic("south"), "SOUTH")
    assert found(api.get("/api/v1/patients")) == in_order(clinic)
    seen, address = [], "/api/v1/patients?limit=2"
    while address:
        body = api.get(address).json()
        seen += [item["mrn"] for item in body["items"]]
        address = body["next"]
    assert seen == in_order(clinic)


def test_namesakes_are_not_lost_between_pages(clinic: Clinic, api: Caller) -> None:
    for n in range(7):
        make_patient(clinic, f"T{n}")
    seen, address = [], "/api/v1/patients?limit=1"
    while address:
        body = api.get(address).json()
        seen += [item["mrn"] for item in body["items"]]
        address = body["next"]
    assert seen == in_order(clinic)
    assert len(set(seen)) == 7


@pytest.mark.parametrize(
    ("asked", "mrns"),
    [
        ({"mrn": "M1"}, {"M1"}),
        ({"mrn": "M"}, set()),
        ({"family_name": "DO"}, {"M1", "M2", "M4"}),
        ({"family_name": "öz"}, {"M3"}),
        ({"family_name": "doe", "given_names": "jo"}, {"M2"}),
        ({"family_name": "oe"}, set()),
        ({"family_name": "%"}, set()),
        ({"birth_date": "1988-03-04", "given_names": "ä"}, {"M0"}),
        ({"birth_date": "1988-03-05"}, set()),
        ({}, {"M0", "M1", "M2", "M3", "M4"}),
    ],
)
def test_search(api: Caller, people: list[Patient], asked: dict[str, str], mrns: set[str]) -> None:
    assert set(found(api.post(SEARCH, asked))) == mrns


def test_a_search_reads_on_with_the_same_body(api: Caller, people: list[Patient]) -> None:
    body = api.post(f"{SEARCH}?limit=2", {"family_name": "doe"}).json()
    assert "doe" not in body["next"].lower()
    rest = api.post(body["next"], {"family_name": "doe"}).json()
    both = [item["mrn"] for item in body["items"] + rest["items"]]
    assert (sorted(both), rest["next"]) == (["M1", "M2", "M4"], None)


@pytest.mark.parametrize("name", ["mrn", "name", "family_name", "birth_date"])
def test_a_name_in_the_address_is_refused(api: Caller, name: str) -> None:
    answer = api.get(f"/api/v1/patients?{name}=Doe")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [name])


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"name": "Doe"}, ["name"]),
        ({"mrn": "", "family_name": " ", "given_names": "a\x00"}, None),
        ({"mrn": 7}, ["mrn"]),
        ({"family_name": "x" * 121}, ["family_name"]),
        ({"birth_date": "1988"}, ["birth_date"]),
        ("Doe", ["body"]),
    ],
)
def test_a_search_that_is_not_understood(api: Caller, body: Any, named: list[str] | None) -> None:
    answer = api.post(SEARCH, orjson_text(body))
    assert answer.status_code == 400
    assert sorted(answer.json()["fields"]) == (named or sorted(body))


def orjson_text(body: Any) -> Any:
    """A bare string is a JSON document too; the test client sends it as it stands."""
    return f'"{body}"' if isinstance(body, str) else body


def test_updated_since(clinic: Clinic, api: Caller, people: list[Patient]) -> None:
    later = MONDAY_NINE + timedelta(hours=1)
    Patient.objects.filter(mrn="M2").update(updated_at=later)
    assert found(api.get("/api/v1/patients?updated_since=2026-03-02T10:00:00Z")) == ["M2"]


@pytest.mark.parametrize("path", ["/api/v1/patients", "/api/v1/courses"])
def test_a_page_costs_two_queries(
    clinic: Clinic, api: Caller, path: str, django_assert_num_queries: Any
) -> None:
    for n in range(12):
        make_course(make_patient(clinic, f"Q{n}"))
    for limit in (1, 12):
        with django_assert_num_queries(2):
            assert len(api.get(f"{path}?limit={limit}").json()["items"]) == limit


def test_one_patient_with_what_is_needed_to_reach_them(clinic: Clinic, api: Caller) -> None:
    agreed: dict[str, Any] = {"channel": "email", "email": "jane@home.example"}
    jane = make_patient(clinic, consented_at=MONDAY_NINE, **agreed)
    path = f"/api/v1/patients/{jane.pk}"
    first = api.get(path)
    body = first.json()
    assert (body["email"], body["may_be_messaged"]) == ("jane@home.example", True)
    assert api.get(path, If_None_Match=first["ETag"]).status_code == 304
    Patient.objects.update(consent_withdrawn_at=MONDAY_NINE, version=F("version") + 1)
    again = api.get(path, If_None_Match=first["ETag"])
    assert (again.status_code, again.json()["may_be_messaged"]) == (200, False)
    reads = AuditEntry.objects.filter(action="record.read", patient_id=jane.pk)
    assert reads.count() == 3


def test_a_course_brings_its_visits(clinic: Clinic, api: Caller) -> None:
    course = make_course(make_patient(clinic))
    make_visit(course, FIRST + timedelta(days=14), 2)
    make_visit(course, FIRST, 1)
    body = api.get(f"/api/v1/courses/{course.pk}").json()
    assert [visit["dose_number"] for visit in body["visits"]] == [1, 2]
    assert body["visits"][0]["course_id"] == body["id"] == str(course.pk)


def test_a_course_costs_the_same_whatever_its_length(
    clinic: Clinic, api: Caller, django_assert_max_num_queries: Any
) -> None:
    course = make_course(make_patient(clinic))
    for number in range(1, 25):
        make_visit(course, FIRST + timedelta(days=14 * number), number)
    with django_assert_max_num_queries(7):
        assert len(api.get(f"/api/v1/courses/{course.pk}").json()["visits"]) == 24


def test_courses_by_status_and_patient(clinic: Clinic, api: Caller) -> None:
    one, two = (make_course(make_patient(clinic, mrn)) for mrn in ("A", "B"))
    Course.objects.filter(pk=two.pk).update(status="stopped", ended_on=FIRST)

    def ids(query: str) -> set[str]:
        return {item["id"] for item in api.get(f"/api/v1/courses?{query}").json()["items"]}

    assert ids("") == {str(one.pk), str(two.pk)}
    assert ids("status=stopped") == {str(two.pk)}
    assert ids("status=active,stopped") == {str(one.pk), str(two.pk)}
    assert ids(f"patient={one.patient_id}") == {str(one.pk)}


@pytest.mark.parametrize("kind", ["patients", "courses"])
def test_another_clinics_record_answers_like_one_that_is_not_there(api: Caller, kind: str) -> None:
    course = make_course(make_patient(make_clinic("south")))
    theirs = {"patients": course.patient_id, "courses": course.pk}[kind]
    refused = api.get(f"/api/v1/{kind}/{theirs}")
    nobodys = api.get(f"/api/v1/{kind}/{uuid4()}")
    assert refused.status_code == nobodys.status_code == 404
    assert refused.content == nobodys.content
    assert AuditEntry.objects.count() == 0

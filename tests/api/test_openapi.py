"""The description says what the API does: valid, complete, current, and readable as a page."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import orjson
import pytest
from django.test import Client
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from clinics.models import Clinic, Role
from clinics.permissions import SCOPE_PERMISSIONS
from clinics.web.api_docs import type_in_words
from core.api.openapi import description, operations
from core.api.shapes import schema_of
from tests.api.builders import Caller, a_visit, make_booking
from tests.api.test_plans import FIRST
from tests.people import MONDAY_NINE, make_user

SNAPSHOT = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


@pytest.fixture
def document() -> dict[str, Any]:
    """The document as a program reads it."""
    found: dict[str, Any] = orjson.loads(orjson.dumps(description()))
    return found


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    validate(document)


def test_the_snapshot_is_current(document: dict[str, Any]) -> None:
    assert json.loads(SNAPSHOT.read_text()) == document, "run `make openapi` and read the change"


def test_every_operation_says_how_it_refuses_and_what_opens_it(document: dict[str, Any]) -> None:
    names = []
    for method, path, operation in operations(document):
        names.append(operation["operationId"])
        always = {"400", "401", "403", "404", "405", "406", "429", "503"}
        assert always <= operation["responses"].keys(), path
        assert method == "get" or {"409", "422"} <= operation["responses"].keys()
        opens = {name: scopes for each in operation["security"] for name, scopes in each.items()}
        assert opens.keys() <= {"token", "person"}
        assert "person" in opens or opens["token"], path
        assert set(opens.get("token", ())) <= SCOPE_PERMISSIONS.keys()
        assert operation["summary"]
        assert operation["description"]
    assert len(set(names)) == len(names)


def test_every_parameter_is_explained_and_bounded(document: dict[str, Any]) -> None:
    for _, path, operation in operations(document):
        for parameter in operation.get("parameters", []):
            schema = parameter["schema"]
            assert parameter["in"] == "path" or parameter["description"], path
            bounds = {"format", "enum", "items", "maximum", "maxLength", "pattern"}
            assert bounds & schema.keys(), (path, parameter["name"])


def matches(document: dict[str, Any], name: str, body: Any) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    checker = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert list(checker.iter_errors(body)) == []
    wanted = document["components"]["schemas"][name]["properties"]
    assert body.keys() <= wanted.keys() or name == "Problem"


@pytest.mark.django_db
def test_answers_are_what_the_document_says(
    clinic: Clinic, api: Caller, document: dict[str, Any]
) -> None:
    visit = a_visit(clinic, FIRST)
    chair = clinic.chairs.all()[0]
    booking = make_booking(visit, MONDAY_NINE, chair=chair)
    a_visit(clinic, FIRST, mrn="MRN-2")
    for path, name in {
        "/api/v1/visits?from=2026-01-01": "VisitPage",
        "/api/v1/visits?from=2026-01-01&limit=1": "VisitPage",
        f"/api/v1/visits/{visit.pk}": "VisitItem",
        f"/api/v1/bookings/{booking.pk}": "BookingWithVisit",
        "/api/v1/patients": "PatientPage",
        f"/api/v1/patients/{visit.patient_id}": "PatientDetail",
        "/api/v1/courses": "CoursePage",
        f"/api/v1/courses/{visit.course_id}": "CourseWithVisits",
        "/api/v1/chairs": "ChairList",
        "/api/v1/visits?x=1": "Problem",
        f"/api/v1/visits/{uuid4()}": "Problem",
    }.items():
        matches(document, name, api.get(path).json())


def test_a_type_without_a_schema_is_refused() -> None:
    with pytest.raises(TypeError):
        schema_of(complex)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"$ref": "#/components/schemas/VisitItem"}, "VisitItem"),
        ({"oneOf": [{"$ref": "#/x/A"}, {"type": "null"}]}, "A or null"),
        ({"type": "array", "items": {"type": "string"}}, "list of string"),
        ({"type": ["string", "null"], "format": "date"}, "date or null"),
        ({"type": "string", "enum": ["a", None]}, "a, null"),
        ({"type": "integer", "minimum": 1, "maximum": 9, "default": 5}, "integer 1 to 9, else 5"),
        ({"type": "string", "maxLength": 9}, "string of at most 9 characters"),
    ],
)
def test_types_are_said_in_words(schema: dict[str, Any], words: str) -> None:
    assert type_in_words(schema) == words


@pytest.mark.django_db
class TestPages:
    @pytest.fixture
    def browser(self, clinic: Clinic) -> Client:
        browser = Client()
        browser.force_login(make_user(clinic, Role.AUDITOR))
        return browser

    @pytest.mark.parametrize("path", ["/api/schema/", "/api/docs/"])
    def test_only_staff_may_read_them(self, browser: Client, api: Caller, path: str) -> None:
        assert browser.get(path).status_code == 200
        for answer in (Client().get(path), api.get(path)):
            assert answer.status_code == 302
            assert urlsplit(answer["Location"]).path == "/accounts/login/"

    def test_the_schema_is_the_document(self, browser: Client, document: dict[str, Any]) -> None:
        answer = browser.get("/api/schema/")
        assert answer["Content-Type"] == "application/json"
        assert answer.json() == document

    def test_the_page_shows_every_operation_and_shape(
        self, browser: Client, document: dict[str, Any]
    ) -> None:
        page = browser.get("/api/docs/").content.decode()
        ids = set(re.findall(r'id="(\w+)"', page))
        assert {operation["operationId"] for _, _, operation in operations(document)} <= ids
        assert document["components"]["schemas"].keys() <= ids
        targets = set(re.findall(r'href="#(\w+)"', page)) - {"content"}
        assert targets <= ids, "a link leads nowhere"

    def test_the_page_needs_no_script_or_style_of_its_own(self, browser: Client) -> None:
        answer = browser.get("/api/docs/")
        page = answer.content.decode()
        policy = answer["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert not re.search(r"<style|style=|\son\w+=|javascript:", page)
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))
        sources = re.findall(r'(?:src|href)="(https?:[^"]*)"', page)
        assert sources == [], "everything comes from our own origin"
